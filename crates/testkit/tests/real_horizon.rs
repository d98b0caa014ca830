// SPDX-License-Identifier: Apache-2.0
//! Horizon with magnum-ui, unchanged, against this server behind a real Keystone: its login, and the calls that its pages for
//! templates, clusters, certificates and quotas make to Magnum.

use anyhow::{Context, Result, ensure};
use magnum_testkit::{Installation, Persona, cache_dir, csr, patient};
use std::path::Path;
use std::process::{Command, Stdio};

#[test]
fn the_pages_of_horizon_work_from_a_template_to_the_end_of_its_cluster() -> Result<()> {
    let world = Installation::new("")?;
    let home = world.server.state().join("horizon");
    std::fs::create_dir_all(&home).context("making a home")?;
    let script = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/clients/dashboard.py");
    // The limit is longer than what the script waits for by itself.
    let mut command = Command::new("timeout");
    command.arg("600").arg(cache_dir().join("horizon/bin/python")).arg(script).arg(world.keystone.url());
    command.args([Persona::Member.user(), Persona::Admin.user(), "debian-12", &csr(&home)?]);
    command.env_clear().env("PATH", "/usr/bin:/bin").env("HOME", &home).env("PASSWORD", world.populated.password());
    if patient::full() {
        command.env("FULL", "1");
    }
    let output = command.current_dir(&home).stdin(Stdio::null()).output().context("running Horizon; cargo xtask test installs it")?;
    let text = format!("{}{}", String::from_utf8_lossy(&output.stdout), String::from_utf8_lossy(&output.stderr));
    ensure!(output.status.success() && text.contains("horizon ok"), "{}: {text}", output.status);
    Ok(())
}
