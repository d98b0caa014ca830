// SPDX-License-Identifier: Apache-2.0
//! magnum-tempest-plugin, unchanged, against this server behind a real Keystone; key pairs are made in a real Nova. Clusters,
//! images and flavors are the local engine's: the suite goes on with users that it has deleted, whose tokens Magnum's cache
//! still lets in, and a Glance without a cache does not.

use anyhow::{Context, Result, anyhow, ensure};
use magnum_testkit::{Installation, cache_dir, wait};
use std::path::Path;
use std::process::Command;
use std::time::Duration;

/// It waits for ten minutes, whatever the server does: only with `--full`, and then by itself. Among others of its class it goes on
/// with a user that the first of them has deleted.
const SLEEPS: &str = "test_create_list_sign_delete_clusters";
/// Where it is: once with a user of its own, once with personas.
const SLEEPERS: [&str; 2] = ["api.v1.test_cluster.", "api.v1.rbac.test_cluster."];
/// The reader among the personas wants the authority of a cluster that another user has made, which Magnum's own rule
/// (`admin_or_project_reader_user`) refuses; its operator has to want it.
const READERS_SEE_AUTHORITIES: &str = "\"certificate:get\": \"rule:admin_or_project_reader\"\n";
/// Its client names no microversion, and below 1.10 Magnum refuses a cluster without workers, as we do.
const REFUSED: &str = "test_create_cluster_with_zero_nodes";

fn conf(world: &Installation, dir: &Path) -> String {
    let url = world.keystone.url();
    let unversioned = url.trim_end_matches("/v3");
    let dir = dir.display();
    format!(
        "[DEFAULT]\nlog_dir = {dir}\nlog_file = tempest.log\n[oslo_concurrency]\nlock_path = {dir}/lock\n\
         [auth]\nuse_dynamic_credentials = true\nadmin_username = admin\nadmin_password = {}\nadmin_project_name = admin\n\
         admin_domain_name = Default\ntempest_roles = member\ncreate_isolated_networks = false\n\
         [identity]\nuri_v3 = {url}\nuri = {unversioned}\nauth_version = v3\nregion = {}\nadmin_role = admin\n\
         v3_endpoint_type = public\n[identity-feature-enabled]\napi_v2 = false\n[enforce_scope]\nmagnum = true\n\
         [service_available]\nnova = true\nneutron = true\nglance = true\ncinder = false\nswift = false\nheat = false\nmagnum = true\n\
         [magnum]\nimage_id = debian-12\nnic_id = public\nkeypair_name = default\nflavor_id = m1.small\nmaster_flavor_id = m1.small\n\
         network_driver = flannel\ndocker_storage_driver = overlay\ncoe = kubernetes\ncopy_logs = false\ncopy_logs_success = false\n\
         cluster_creation_timeout = 8\ncluster_delete_timeout = 8\nlabels = {{}}\n",
        world.keystone.admin_password(),
        magnum_testkit::REGION,
    )
}

#[test]
fn the_whole_suite_of_magnum_with_scopes_enforced() -> Result<()> {
    let full = std::env::var_os("MAGNUM_TEST_FULL").is_some();
    let world = Installation::beside_services("[oslo_policy]\npolicy_file = rules.yaml\n")?;
    let dir = world.server.state().join("tempest");
    let tempest = cache_dir().join("tempest/bin/tempest");
    std::fs::create_dir_all(dir.join("lock")).context("making tempest's directory")?;
    let run = |folder: &Path, args: &[&str]| -> Result<(bool, String)> {
        let mut command = Command::new(&tempest);
        command.env_clear().env("PATH", "/usr/bin:/bin").env("HOME", &dir).env("TMPDIR", &dir).current_dir(folder).args(args);
        let output = command.output().context("running tempest; cargo xtask test installs it")?;
        let text = format!("{}{}", String::from_utf8_lossy(&output.stdout), String::from_utf8_lossy(&output.stderr));
        Ok((output.status.success(), text))
    };
    let (made, text) = run(&dir, &["init", "ws"])?;
    ensure!(made, "{text}");
    let workspace = dir.join("ws");
    std::fs::write(workspace.join("etc/tempest.conf"), conf(&world, &dir)).context("writing tempest.conf")?;
    let excluded = format!("{REFUSED}|{SLEEPS}");
    let args = ["run", "--regex", "magnum_tempest_plugin", "--exclude-regex", &excluded, "--concurrency", "2"];
    let (passed, text) = run(&workspace, &args)?;
    let count = |word: &str| {
        let line = text.lines().find_map(|line| line.trim().strip_prefix(&format!("- {word}: ")));
        line.and_then(|number| number.trim().parse::<u32>().ok()).unwrap_or(0)
    };
    let (good, failed, skipped) = (count("Passed"), count("Failed"), count("Skipped"));
    ensure!(
        passed && (good, failed, skipped) == (56, 0, 0),
        "{good} passed, {failed} failed, {skipped} skipped:\n{text}\n{}",
        world.server.last_words()
    );
    if !full {
        return Ok(());
    }
    readers_see_authorities(&world)?;
    let sleeper = |place: &str| -> Result<()> {
        let regex = format!("{}{SLEEPS}", place.replace('.', "[.]") + ".*");
        let (passed, text) = run(&workspace, &["run", "--regex", &regex])?;
        ensure!(passed && text.contains("- Passed: 1"), "{place}: {text}\n{}", world.server.last_words());
        Ok(())
    };
    let sleeper = &sleeper;
    let outcome = std::thread::scope(|scope| {
        let both = SLEEPERS.map(|place| scope.spawn(move || sleeper(place)));
        both.into_iter().try_for_each(|one| one.join().map_err(|_| anyhow!("a run of tempest broke off"))?)
    });
    // What they have fetched from the cluster.
    let _ = std::fs::remove_dir_all("/tmp/magnum-nodes");
    outcome
}

/// Writes the rule and waits until it is in force.
fn readers_see_authorities(world: &Installation) -> Result<()> {
    std::fs::write(world.server.state().join("rules.yaml"), READERS_SEE_AUTHORITIES).context("writing rules")?;
    wait(Duration::from_secs(20), "the rules are read", || Ok(world.server.log().contains("their rules are in force").then_some(())))
}
