// SPDX-License-Identifier: Apache-2.0
//! Tables: what is wanted and there, what is to be done.

use super::*;
use crate::local::testing::{blueprint, settings};
use magnum_blueprint::Settings;

/// What is there when everything of the blueprint is.
fn complete(blueprint: &Blueprint) -> Observed {
    let resource = |kind, name: &str, config: String| Resource {
        kind,
        name: name.to_owned(),
        physical_id: "x".to_owned(),
        state: ResourceState::Active,
        reason: String::new(),
        attributes: [(CONFIG.to_owned(), config)].into(),
    };
    let mut resources = vec![
        resource(ResourceKind::Network, NETWORK, String::new()),
        resource(ResourceKind::Router, ROUTER, router_digest(blueprint, &[])),
    ];
    if let Some(wanted) = &blueprint.load_balancer {
        resources.push(resource(ResourceKind::LoadBalancer, BALANCER, digest::short(&balancer::config(wanted))));
    }
    for server in &blueprint.servers {
        let name = server.name.as_str();
        resources.push(resource(ResourceKind::Port, name, port::rules(blueprint, server).digest));
        let mut found = resource(ResourceKind::Server, name, String::new());
        found.attributes.insert(SPEC.to_owned(), digest::short(&node::spec(server).unwrap()));
        resources.push(found);
        if server.docker_volume_gib.is_some() {
            resources.push(resource(ResourceKind::Volume, name, String::new()));
        }
    }
    Observed { resources }
}

fn planned(blueprint: &Blueprint, observed: &Observed) -> Vec<String> {
    plan(blueprint, observed, &[]).unwrap().iter().map(ToString::to_string).collect()
}

fn change(observed: &mut Observed, kind: ResourceKind, name: &str, state: ResourceState) {
    observed.resources.iter_mut().find(|r| r.kind == kind && r.name == name).unwrap().state = state;
}

#[test]
fn from_nothing_everything_is_made_servers_last() {
    let blueprint = blueprint(&settings(1, 1));
    assert_eq!(
        planned(&blueprint, &Observed::default()),
        [
            "network made",
            "router set up",
            "volume of master-0 made",
            "port of master-0 set up",
            "port of node-0 set up",
            "server master-0 made and started",
            "server node-0 made and started",
        ]
    );
}

#[test]
fn when_all_is_there_nothing_is_done() {
    for masters in [1, 3] {
        let blueprint = blueprint(&settings(masters, 2));
        assert_eq!(planned(&blueprint, &complete(&blueprint)), Vec::<String>::new(), "{masters} masters");
    }
}

#[test]
fn each_lack_has_its_remedy() {
    use ResourceKind::{LoadBalancer, Network, Port, Router, Server, Volume};
    use ResourceState::{Building, Error, Stopped, Unknown};
    let blueprint = blueprint(&settings(3, 1));
    for (kind, name, state, expected) in [
        (Network, NETWORK, Building, vec!["network made"]),
        (Router, ROUTER, Error, vec!["router set up"]),
        (LoadBalancer, BALANCER, Error, vec!["load balancer set up"]),
        (Volume, "master-1", Building, vec!["volume of master-1 made"]),
        (Port, "node-0", Building, vec!["port of node-0 set up"]),
        (Server, "node-0", Building, vec!["server node-0 made and started"]),
        (Server, "node-0", Stopped, vec!["server node-0 started"]),
        (Server, "node-0", Error, vec!["server node-0 started again"]),
        (Server, "node-0", Unknown, vec![]),
    ] {
        let mut observed = complete(&blueprint);
        change(&mut observed, kind, name, state);
        assert_eq!(planned(&blueprint, &observed), expected, "{kind:?} {name} {state:?}");
    }
}

#[test]
fn a_changed_spec_reaches_a_running_server_unless_it_is_to_keep_its_own() {
    let old = blueprint(&settings(1, 1));
    let mut new = settings(1, 1);
    new.secrets.flannel_password = "another".to_owned().into();
    new.groups[1].nodes[0].token = "another".to_owned().into();
    let mut new = blueprint(&new);
    let observed = complete(&old);
    assert_eq!(planned(&new, &observed), ["node spec of node-0 updated"]);
    new.servers[1].keeps_spec = true;
    assert_eq!(planned(&new, &observed), Vec::<String>::new());
}

#[test]
fn power_follows_the_blueprint() {
    let with_power = |on: bool| {
        let mut settings = settings(1, 1);
        settings.groups[1].nodes[0].powered_on = on;
        blueprint(&settings)
    };
    let (on, off) = (with_power(true), with_power(false));
    let mut observed = complete(&on);
    assert_eq!(planned(&off, &observed), ["server node-0 powered off"]);
    change(&mut observed, ResourceKind::Server, "node-0", ResourceState::Stopped);
    assert_eq!(planned(&off, &observed), Vec::<String>::new());
    assert_eq!(planned(&on, &observed), ["server node-0 started"]);
}

#[test]
fn growing_and_shrinking_touch_what_they_must() {
    let (small, large) = (blueprint(&settings(1, 1)), blueprint(&settings(1, 2)));
    assert_eq!(
        planned(&large, &complete(&small)),
        ["router set up", "port of node-1 set up", "server node-1 made and started"],
        "the router's DNS learns the new name"
    );
    assert_eq!(planned(&small, &complete(&large)), ["server node-1 removed", "router set up"]);
}

#[test]
fn remains_of_a_server_are_removed_as_a_server_is() {
    let (small, large) = (blueprint(&settings(1, 1)), blueprint(&settings(1, 2)));
    let mut observed = complete(&small);
    let port = complete(&large).get(ResourceKind::Port, "node-1").cloned();
    observed.resources.extend(port);
    assert_eq!(planned(&small, &observed), ["server node-1 removed"]);
}

#[test]
fn a_balancer_comes_and_goes_with_the_blueprint() {
    let balanced = |on: bool| blueprint(&Settings { master_lb_enabled: on, ..settings(1, 1) });
    let (with, without) = (balanced(true), balanced(false));
    assert!(planned(&with, &complete(&without)).contains(&"load balancer set up".to_owned()));
    assert!(planned(&without, &complete(&with)).contains(&"load balancer removed".to_owned()));
}
