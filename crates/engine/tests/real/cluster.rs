// SPDX-License-Identifier: Apache-2.0
//! A cluster's life on this machine.

use crate::world::{World, seat};
use magnum_engine::{Engine, Error, Exec, ResourceKind, ResourceState};
use magnum_types::NodeName;
use std::io::{Read, Write};
use std::net::{Ipv4Addr, TcpStream};
use std::time::{Duration, Instant};

/// What a node listens with.
const LISTEN: [&str; 3] = ["sh", "-c", "setsid socat TCP-LISTEN:2376,fork,reuseaddr EXEC:hostname </dev/null >/dev/null 2>&1 &"];

fn ask(address: Ipv4Addr, port: u16) -> std::io::Result<String> {
    let mut stream = TcpStream::connect_timeout(&(address, port).into(), Duration::from_secs(3))?;
    stream.set_read_timeout(Some(Duration::from_secs(3)))?;
    let mut answer = String::new();
    stream.read_to_string(&mut answer)?;
    Ok(answer.trim().to_owned())
}

#[tokio::test(flavor = "multi_thread")]
async fn real_nodes_boot_and_reach_what_they_may() {
    let world = World::new(1, 2);
    let started = Instant::now();
    let did = world.converge().await;
    println!("made in {:?}: {did:?}", started.elapsed());
    assert!(world.observe().await.resources.iter().all(|r| r.state == ResourceState::Active), "{:#?}", world.observe().await);

    world.wait_for("master-0", &["systemctl", "is-system-running", "--wait"]).await;
    println!("booted after {:?}", started.elapsed());
    assert_eq!(world.output("master-0", &["hostname"]).await, "master-0");
    assert!(world.succeeds("master-0", &["ping", "-c1", "-W2", "node-1"]).await, "by the private network's DNS");
    assert!(world.succeeds("node-0", &["ping", "-c1", "-W2", "10.0.0.1"]).await, "the gateway");

    // A port that no group opens, and one that is open; the floating address leads to the master.
    assert!(world.succeeds("master-0", &LISTEN).await);
    let probe = |port: &'static str| ["socat", "-u", "/dev/null", port];
    world.wait_for("node-0", &probe("TCP:10.0.0.5:2376,connect-timeout=2")).await;
    assert!(world.succeeds("node-1", &["sh", "-c", "setsid socat TCP-LISTEN:9999,fork EXEC:hostname </dev/null >/dev/null 2>&1 &"]).await);
    world.wait_for("node-1", &probe("TCP:127.0.0.1:9999,connect-timeout=2")).await;
    assert!(!world.succeeds("node-0", &probe("TCP:10.0.0.21:9999,connect-timeout=1")).await, "no group allows it");
    assert_eq!(ask(world.settings.external_address, 2376).unwrap(), "master-0");
    assert!(ask(world.settings.external_address, 9999).is_err());

    // The outside is refused at once, and this machine cannot be reached.
    let started = Instant::now();
    assert!(!world.succeeds("node-0", &probe("TCP:192.0.2.1:80,connect-timeout=5")).await);
    assert!(!world.succeeds("node-0", &["getent", "hosts", "example.org"]).await);
    assert!(started.elapsed() < Duration::from_secs(2), "{:?}", started.elapsed());
    let listener = std::net::TcpListener::bind((world.floating(2), 0)).unwrap();
    let target = format!("TCP:{},connect-timeout=2", listener.local_addr().unwrap());
    assert!(!world.succeeds("node-0", &["socat", "-u", "/dev/null", &target]).await, "nodes reached this machine");

    let console = world.engine.console(world.cluster(), &NodeName::parse("node-0").unwrap(), 100_000).await.unwrap();
    assert!(console.contains("Reached target"), "{console}");
    let started = Instant::now();
    world.engine.remove(world.cluster()).await.unwrap();
    println!("removed in {:?}", started.elapsed());
    assert_eq!(world.observe().await.resources, []);
    world.end().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn real_a_node_is_exactly_what_its_server_says() {
    let world = World::new(1, 1);
    world.converge().await;
    world.wait_for("master-0", &["systemctl", "is-active", "magnum-agent"]).await;
    assert_eq!(world.output("master-0", &["stat", "-c", "%a", "/etc/magnum/node.json"]).await, "600");
    assert!(world.output("master-0", &["cat", "/etc/magnum/node.json"]).await.contains("\"name\": \"master-0\""));
    assert!(world.output("master-0", &["findmnt", "-n", "-o", "SOURCE", "/var/lib/docker"]).await.contains("loop"), "a volume of its own");
    assert!(world.output("node-0", &["findmnt", "-n", "-o", "FSTYPE", "/var/lib/docker"]).await.starts_with("ext"), "real storage");
    assert_eq!(world.output("node-0", &["cat", "/proc/sys/vm/overcommit_memory"]).await, "1");
    assert!(!world.succeeds("node-0", &["sh", "-c", "echo 7 > /proc/sys/kernel/panic"]).await, "a node does not change its host");
    let limit = world.output("node-0", &["cat", "/sys/fs/cgroup/memory/memory.limit_in_bytes"]).await;
    assert_eq!(limit, (512u64 << 20).to_string());

    // A server with another server's address is not heard.
    assert!(world.succeeds("node-0", &["ip", "address", "add", "10.0.0.99/32", "dev", "eth0"]).await);
    assert!(!world.succeeds("node-0", &["ping", "-c1", "-W1", "-I", "10.0.0.99", "10.0.0.5"]).await);
    world.end().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn real_exec_is_bounded_and_needs_no_network() {
    let world = World::new(1, 0);
    world.converge().await;
    let node = NodeName::parse("master-0").unwrap();
    assert!(world.succeeds("master-0", &["ip", "link", "set", "eth0", "down"]).await);
    let run = |request: Exec| world.engine.exec(world.cluster(), &node, request);
    let output = run(Exec { stdin: b"hello".to_vec(), ..Exec::new(["cat"]) }).await.unwrap();
    assert_eq!((output.code, output.stdout.as_slice()), (Some(0), b"hello".as_slice()));
    assert_eq!(run(Exec::new(["sh", "-c", "exit 7"])).await.unwrap().code, Some(7));
    let output = run(Exec { max_output: 10, ..Exec::new(["seq", "100"]) }).await.unwrap();
    assert!(output.truncated && output.stdout.len() == 10);

    let output = run(Exec { timeout: Duration::from_millis(500), ..Exec::new(["sh", "-c", "sleep 4242 & sleep 4242"]) }).await.unwrap();
    assert!(output.timed_out && output.code.is_none());
    let sleeping = || {
        magnum_host::process::all()
            .into_iter()
            .filter(|p| magnum_host::process::is_alive(*p))
            .any(|p| magnum_host::process::command_line(p) == ["sleep", "4242"])
    };
    let deadline = Instant::now() + Duration::from_secs(5);
    while sleeping() {
        assert!(Instant::now() < deadline, "the whole process group ends at the time limit");
        tokio::task::yield_now().await;
    }

    let absent = NodeName::parse("node-9").unwrap();
    let error = world.engine.exec(world.cluster(), &absent, Exec::new(["true"])).await.unwrap_err();
    assert!(matches!(error, Error::NodeState { .. }), "{error}");
    world.end().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn real_magnum_answers_nodes_at_their_gateway_only() {
    let world = World::new(1, 0);
    assert!(world.engine.node_listener(world.cluster()).await.unwrap().is_none());
    world.converge().await;
    let listener = world.engine.node_listener(world.cluster()).await.unwrap().unwrap();
    assert_eq!(listener.local_addr().unwrap(), "10.0.0.1:9511".parse().unwrap());
    let answer = std::thread::spawn(move || listener.accept().unwrap().0.write_all(b"hello\n").unwrap());
    assert_eq!(world.output("master-0", &["socat", "-u", "TCP:10.0.0.1:9511,connect-timeout=2", "-"]).await, "hello");
    answer.join().unwrap();
    assert!(ask(world.settings.external_address, 9511).is_err());
    world.end().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn real_clusters_grow_shrink_and_are_apart() {
    let mut world = World::new(1, 1);
    world.converge().await;
    let first = world.settings.clone();

    // A second cluster with the same addresses inside.
    world.settings = crate::world::settings(1, 0);
    world.settings.external_address = world.floating(11);
    world.converge().await;
    assert!(!world.succeeds("master-0", &["ping", "-c1", "-W1", "10.0.0.20"]).await, "another cluster's node");
    assert_eq!(world.output("master-0", &["hostname"]).await, "master-0");
    world.engine.remove(world.cluster()).await.unwrap();

    world.settings = first;
    assert!(world.succeeds("node-0", &["ping", "-c1", "-W2", "10.0.0.5"]).await, "the first cluster lives on");
    world.settings.groups[1].nodes.push(seat("default-worker", 1, Ipv4Addr::new(10, 0, 0, 21)));
    let did = world.converge().await;
    assert!(did.contains(&"server node-1 made and started".to_owned()), "{did:?}");
    world.wait_for("node-1", &["ping", "-c1", "-W1", "master-0"]).await;
    world.wait_for("node-0", &["ping", "-c1", "-W1", "node-1"]).await;
    world.settings.groups[1].nodes.remove(0);
    world.converge().await;
    assert_eq!(world.state(ResourceKind::Server, "node-0").await, None);
    assert_eq!(world.state(ResourceKind::Port, "node-0").await, None);
    world.end().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn real_a_load_balancer_leaves_out_a_dead_member() {
    let world = World::new(3, 0);
    world.converge().await;
    for node in ["master-0", "master-1", "master-2"] {
        assert!(world.succeeds(node, &LISTEN).await);
    }
    let answers = |wanted: &[&str]| {
        let deadline = Instant::now() + Duration::from_secs(10);
        let (address, wanted) = (world.settings.external_address, wanted.join(" "));
        loop {
            let mut seen: Vec<String> = (0..12).filter_map(|_| ask(address, 2376).ok().filter(|a| !a.is_empty())).collect();
            seen.sort();
            seen.dedup();
            if seen.join(" ") == wanted {
                break;
            }
            assert!(Instant::now() < deadline, "{seen:?} instead of {wanted}");
        }
    };
    answers(&["master-0", "master-1", "master-2"]);
    world.engine.power_off(world.cluster(), &NodeName::parse("master-1").unwrap()).await.unwrap();
    answers(&["master-0", "master-2"]);
    world.end().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn real_the_images_container_runtimes_work() {
    let world = World::new(1, 0);
    world.converge().await;
    world.wait_for("master-0", &["systemctl", "start", "docker"]).await;
    for archive in ["busybox", "pause"] {
        world.output("master-0", &["docker", "load", "-i", &format!("/opt/magnum/images/{archive}.tar")]).await;
        world.output("master-0", &["ctr", "-n", "k8s.io", "images", "import", &format!("/opt/magnum/images/{archive}.tar")]).await;
    }
    assert_eq!(world.output("master-0", &["docker", "info", "-f", "{{.Driver}}"]).await, "overlay2");
    assert_eq!(world.output("master-0", &["docker", "run", "--rm", "busybox:1.35", "echo", "hello"]).await, "hello");
    world.output("master-0", &["docker", "run", "-d", "--name", "pod", "magnum/pause:1"]).await;
    let started = Instant::now();
    world.output("master-0", &["docker", "stop", "pod"]).await;
    assert!(started.elapsed() < Duration::from_secs(5), "pause ends when it is told to");
    assert_eq!(world.output("master-0", &["docker", "inspect", "-f", "{{.State.ExitCode}}", "pod"]).await, "0");
    assert_eq!(world.output("master-0", &["kubelet", "--version"]).await, "Kubernetes v1.20.2");
    world.end().await;
}
