// SPDX-License-Identifier: Apache-2.0
//! The API behind a real Keystone: real tokens of everybody, the real client by password and catalogue, and Keystone's absence.

use anyhow::{Context, Result, bail, ensure};
use magnum_testkit::{Installation, Persona, wait};
use serde_json::json;
use std::time::Duration;

#[test]
fn everybody_with_a_real_token_is_answered_as_the_rules_say() -> Result<()> {
    use Persona::{Admin, DomainReader, Member, Nobody, OtherMember, OtherProject, Reader, SystemAdmin, SystemReader};
    let world = Installation::new("")?;
    let template = || Some(json!({"name": "t", "coe": "swarm", "image_id": "debian-12", "flavor_id": "m1.small"}));
    // Scopes are enforced: rules of projects are not for tokens of the system or of a domain.
    for (persona, list, create, services, quotas) in [
        (Reader, 200, 403, 403, 403),
        (Member, 200, 201, 403, 403),
        (OtherMember, 200, 201, 403, 403),
        (OtherProject, 200, 201, 403, 403),
        (Admin, 200, 201, 200, 200),
        (SystemReader, 403, 403, 403, 403),
        (SystemAdmin, 403, 403, 200, 200),
        (DomainReader, 403, 403, 403, 403),
        (Nobody, 403, 403, 403, 403),
    ] {
        world.expect(persona, "GET", "/v1/clusters", None, list)?;
        let made = world.expect(persona, "POST", "/v1/clustertemplates", template(), create)?;
        world.expect(persona, "GET", "/v1/mservices", None, services)?;
        world.expect(persona, "GET", "/v1/quotas", None, quotas)?;
        if create == 201 {
            let path = format!("/v1/clustertemplates/{}", made["uuid"].as_str().unwrap_or_default());
            world.expect(if persona == OtherProject { Member } else { OtherProject }, "GET", &path, None, 404)?;
            world.expect(Admin, "GET", &path, None, 200)?;
            world.expect(persona, "DELETE", &path, None, 204)?;
        }
    }
    // What requests name of Keystone is looked up there.
    let quota = |project: &str| Some(json!({"project_id": project, "hard_limit": 3}));
    world.expect(Admin, "POST", "/v1/quotas", quota(world.populated.demo()), 201)?;
    world.expect(Admin, "POST", "/v1/quotas", quota("nobodys"), 404)?;
    let shown = world.expect(Member, "GET", &format!("/v1/quotas/{}/Cluster", world.populated.demo()), None, 200)?;
    ensure!(shown["hard_limit"] == 3, "{shown}");
    let (status, body) = world.ask("no-such-token", "GET", "/v1/clusters", None)?;
    ensure!(status == 401 && body["error"]["code"] == 401, "{status} {body}");
    Ok(())
}

#[test]
fn who_was_let_in_goes_on_while_keystone_is_away_and_nobody_else_is() -> Result<()> {
    let mut world = Installation::new("")?;
    let (known, fresh) = (world.token(Persona::Member)?, world.token(Persona::Reader)?);
    ensure!(world.ask(&known, "GET", "/v1/clusters", None)?.0 == 200);
    world.keystone.stop();
    ensure!(world.ask(&known, "GET", "/v1/clusters", None)?.0 == 200, "a token that was checked is good for its time");
    let (status, body) = world.ask(&fresh, "GET", "/v1/clusters", None)?;
    ensure!(status == 503 && body["title"] == "Service Unavailable", "{status} {body}");
    world.keystone.up()?;
    wait(Duration::from_secs(30), "the other token is good again", || {
        Ok((world.ask(&fresh, "GET", "/v1/clusters", None)?.0 == 200).then_some(()))
    })
}

#[test]
fn rules_in_a_file_take_effect_when_it_changes_and_a_broken_file_does_not() -> Result<()> {
    let world = Installation::new("[oslo_policy]\npolicy_file = rules.yaml\n")?;
    let file = world.server.state().join("rules.yaml");
    let token = world.token(Persona::Reader)?;
    let until = |status: u16, what: &str| {
        wait(Duration::from_secs(20), what, || Ok((world.ask(&token, "GET", "/v1/clusters", None)?.0 == status).then_some(())))
    };
    until(200, "readers may list")?;
    std::fs::write(&file, "\"cluster:get_all\": \"role:admin\"\n").context("writing rules")?;
    until(403, "readers may not list any more")?;
    std::fs::write(&file, "\"cluster:get_all\": \"role:reader and\"\n").context("writing rules")?;
    wait(Duration::from_secs(20), "the broken file is complained of", || {
        Ok(world.server.log().contains("the rules of before stay in force").then_some(()))
    })?;
    until(403, "a broken file changes nothing")?;
    std::fs::write(&file, "{}\n").context("writing rules")?;
    until(200, "readers may list again")
}

#[test]
fn openstack_coe_logs_in_by_password_and_finds_the_server_in_the_catalogue() -> Result<()> {
    let world = Installation::new("")?;
    let ok = |persona, args: &[&str]| -> Result<String> {
        let output = world.openstack(persona, args)?;
        let text = String::from_utf8_lossy(&output.stdout).into_owned();
        if !output.status.success() {
            bail!("openstack {args:?}: {text}{}", String::from_utf8_lossy(&output.stderr));
        }
        Ok(text)
    };
    let create = ["coe", "cluster", "template", "create", "t1", "--coe", "swarm", "--image", "debian-12", "--external-network", "public"];
    ok(Persona::Member, &create)?;
    ensure!(ok(Persona::Reader, &["coe", "cluster", "template", "list", "-f", "value", "-c", "name"])?.trim() == "t1");
    let refused = world.openstack(Persona::Reader, &["coe", "cluster", "template", "delete", "t1"])?;
    let said = format!("{}{}", String::from_utf8_lossy(&refused.stdout), String::from_utf8_lossy(&refused.stderr));
    ensure!(said.contains("clustertemplate:delete"), "{said}");
    ok(Persona::Member, &["coe", "cluster", "create", "c1", "--cluster-template", "t1", "--node-count", "1"])?;
    wait(Duration::from_secs(120), "the cluster is complete", || {
        let status = ok(Persona::Member, &["coe", "cluster", "show", "c1", "-f", "value", "-c", "status"])?;
        ensure!(!status.contains("FAILED"), "{status}");
        Ok(status.contains("CREATE_COMPLETE").then_some(()))
    })?;
    ensure!(ok(Persona::Member, &["coe", "ca", "show", "c1"])?.contains("BEGIN CERTIFICATE"));
    ok(Persona::Member, &["coe", "cluster", "delete", "c1"])?;
    wait(Duration::from_secs(60), "the cluster is gone", || {
        Ok(ok(Persona::Member, &["coe", "cluster", "list", "-f", "value"])?.trim().is_empty().then_some(()))
    })
}

#[test]
fn what_requests_name_is_looked_up_in_glance_nova_and_neutron_in_the_callers_name() -> Result<()> {
    let world = Installation::with_services("")?;
    let template = |change: &[(&str, &str)]| {
        let mut body = json!({"coe": "swarm", "image_id": "debian-12", "flavor_id": "m1.small", "external_network_id": "public"});
        for (key, value) in change {
            body[*key] = (*value).into();
        }
        Some(body)
    };
    for (change, status) in [
        (&[][..], 201),
        (&[("flavor_id", "1")], 201),
        (&[("image_id", "none")], 400),
        (&[("flavor_id", "none")], 400),
        (&[("external_network_id", "none")], 400),
        (&[("fixed_network", "none")], 400),
        (&[("fixed_subnet", "none")], 400),
    ] {
        world.expect(Persona::Member, "POST", "/v1/clustertemplates", template(change), status)?;
    }
    Ok(())
}
