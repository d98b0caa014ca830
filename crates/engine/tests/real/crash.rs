// SPDX-License-Identifier: Apache-2.0
//! Whatever is killed, wherever the work was cut off: the next converge sees it and goes on from there.

use crate::world::{World, converge, floating, open, settings};
use magnum_engine::{Engine, ResourceKind, ResourceState};
use magnum_host::{Namespace, cgroup, process};
use magnum_types::NodeName;
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

const LIMIT: Duration = Duration::from_secs(5);

#[tokio::test(flavor = "multi_thread")]
async fn real_what_dies_is_seen_and_comes_back() {
    let world = World::new(1, 1);
    world.converge().await;
    let engine = world.reopened();
    let blueprint = world.blueprint();
    let instance = world.instance();
    assert_eq!(converge(&engine, &blueprint).await, Vec::<String>::new(), "a restarted server sees what is there");

    let node = NodeName::parse("node-0").unwrap();
    engine.power_off(world.cluster(), &node).await.unwrap();
    assert_eq!(world.state(ResourceKind::Server, "node-0").await, Some(ResourceState::Stopped));
    assert_eq!(converge(&engine, &blueprint).await, ["server node-0 started"]);

    let prefix = format!("mg-{instance}-{}-", world.cluster().short());
    let monitors: Vec<i32> =
        cgroup::members(&prefix).iter().filter(|m| m.monitor && m.container.ends_with("node-0")).map(|m| m.pid).collect();
    process::end(&monitors, LIMIT).unwrap();
    // LXC's containers die with their monitor.
    let deadline = Instant::now() + LIMIT;
    while world.state(ResourceKind::Server, "node-0").await != Some(ResourceState::Stopped) {
        assert!(Instant::now() < deadline, "the container survived its monitor");
    }
    assert_eq!(converge(&engine, &blueprint).await, ["server node-0 started"]);

    let dns: i32 = world.observe().await.get(ResourceKind::Router, "router").unwrap().attributes["dns_pid"].parse().unwrap();
    process::end(&[dns], LIMIT).unwrap();
    assert_eq!(converge(&engine, &blueprint).await, ["router set up"]);

    // Namespaces vanish as in a reboot, while the files stay.
    for name in ["master-0", "node-0"] {
        engine.power_off(world.cluster(), &NodeName::parse(name).unwrap()).await.unwrap();
    }
    for namespace in Namespace::list(&format!("mg-{instance}")) {
        process::end(&process::in_network_namespace(&namespace), LIMIT).unwrap();
        namespace.delete().unwrap();
    }
    let did = converge(&engine, &blueprint).await;
    assert!(did.contains(&"server master-0 started".to_owned()) && did.contains(&"network made".to_owned()), "{did:?}");
    world.wait_for("node-0", &["ping", "-c1", "-W1", "master-0"]).await;
    world.end().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn real_half_made_clusters_are_finished_or_removed() {
    let world = World::new(1, 1);
    let blueprint = world.blueprint();
    // Cut off at many moments: the future is dropped, as when the caller gives up, and a second call comes at once.
    for milliseconds in [1, 5, 20, 60, 120] {
        let observed = world.observe().await;
        let cut = tokio::time::timeout(Duration::from_millis(milliseconds), world.engine.converge(&blueprint, &observed)).await;
        if cut.is_err() && milliseconds == 20 {
            world.engine.remove(world.cluster()).await.unwrap();
        }
    }
    world.converge().await;
    assert!(world.observe().await.resources.iter().all(|r| r.state == ResourceState::Active));
    world.end().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn real_remains_without_a_server_are_removed() {
    let world = World::new(1, 1);
    world.converge().await;
    let prefix = format!("mg-{}-{}-", world.instance(), world.cluster().short());
    // Every monitor dead, the daemons' files gone.
    let monitors: Vec<i32> = cgroup::members(&prefix).iter().filter(|m| m.monitor).map(|m| m.pid).collect();
    process::end(&monitors, LIMIT).unwrap();
    magnum_host::file::remove(&world.state_dir.join("clusters")).unwrap();
    world.end().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn real_names_without_a_namespace_are_removed() {
    let world = World::new(1, 1);
    let stem = format!("mg-{}-{}", world.instance(), world.cluster().short());
    let names = [format!("{stem}.router"), format!("{stem}.net"), format!("{stem}-node-0")];
    // As a server leaves them that is killed between the making or unmounting of a namespace and its name.
    for name in &names {
        std::fs::create_dir_all("/run/netns").unwrap();
        std::fs::write(Namespace::named(name.as_str()).path(), "").unwrap();
    }
    world.engine.remove(world.cluster()).await.unwrap();
    let left: Vec<_> = names.iter().filter(|name| Namespace::named(name.as_str()).path().exists()).collect();
    assert_eq!(left, Vec::<&String>::new());
    world.end().await;
}

/// For the child of the test below: where to converge what, and whether to remove it again.
const CHILD: &str = "MAGNUM_TEST_CHILD";

/// Does nothing on its own; the test below runs it in a process that it kills.
#[tokio::test(flavor = "multi_thread")]
async fn real_child_that_is_killed() {
    let Ok(order) = std::env::var(CHILD) else { return };
    let (state_dir, cluster) = order.split_once(' ').unwrap();
    let engine = open(std::path::Path::new(state_dir), false);
    let mut settings = settings(1, 1);
    settings.cluster = cluster.parse().unwrap();
    settings.external_address = floating(&engine, 10);
    loop {
        converge(&engine, &settings.blueprint().unwrap()).await;
        engine.remove(settings.cluster).await.unwrap();
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn real_kill_nine_at_any_moment_loses_and_leaves_nothing() {
    let world = World::new(1, 1);
    for round in 0..24u64 {
        let mut child = Command::new(std::env::current_exe().unwrap())
            .args(["crash::real_child_that_is_killed", "--exact", "--nocapture"])
            .env(CHILD, format!("{} {}", world.state_dir.display(), world.cluster()))
            .stdout(Stdio::null())
            .spawn()
            .unwrap();
        // Not for a condition: to be at another place of make and remove every time.
        tokio::time::sleep(Duration::from_millis(10 + round * 23)).await;
        child.kill().unwrap();
        child.wait().unwrap();
        let engine = world.reopened();
        if round % 3 == 0 {
            engine.remove(world.cluster()).await.unwrap();
            assert_eq!(engine.observe(world.cluster()).await.resources, [], "round {round}");
        } else {
            converge(&engine, &world.blueprint()).await;
            let observed = engine.observe(world.cluster()).await;
            assert!(observed.resources.iter().all(|r| r.state == ResourceState::Active), "round {round}: {observed:#?}");
        }
    }
    world.wait_for("node-0", &["ping", "-c1", "-W1", "master-0"]).await;
    world.end().await;
}
