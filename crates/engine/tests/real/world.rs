// SPDX-License-Identifier: Apache-2.0
//! An engine with a state directory of its own, a blueprint to play with, and a check at the end that nothing is left.

use crate::leftovers;
use magnum_blueprint::{Blueprint, Flavor, Group, SeatedNode, Secrets, Settings};
use magnum_engine::local::{Config, Local, check};
use magnum_engine::{Engine, Exec, ExecOutput, Observed, ResourceKind, ResourceState};
use magnum_types::{ClusterId, Coe, Labels, NodeName, Role};
use std::collections::BTreeSet;
use std::net::Ipv4Addr;
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

const IMAGE: &str = "debian-12";

pub struct World {
    pub engine: Local,
    pub state_dir: PathBuf,
    pub settings: Settings,
    before: BTreeSet<String>,
    _folder: tempfile::TempDir,
}

impl World {
    pub fn new(masters: u32, workers: u32) -> Self {
        Self::with_egress(masters, workers, false)
    }

    pub fn with_egress(masters: u32, workers: u32, egress: bool) -> Self {
        assert_eq!(check(&image_dir(), IMAGE), [], "this test needs more than this machine has");
        let folder = tempfile::Builder::new().prefix("magnum-test-").tempdir_in("/var/tmp").unwrap();
        let state_dir = folder.path().join("state");
        let engine = open(&state_dir, egress);
        let mut world = Self { engine, state_dir, settings: settings(masters, workers), before: BTreeSet::new(), _folder: folder };
        world.settings.external_address = world.floating(10);
        world.before = world.present();
        world
    }

    /// A server that was killed and started again: a second engine on the same state directory.
    pub fn reopened(&self) -> Local {
        open(&self.state_dir, false)
    }

    pub fn floating(&self, number: u8) -> Ipv4Addr {
        floating(&self.engine, number)
    }

    pub fn instance(&self) -> String {
        let file: serde_json::Value = serde_json::from_slice(&std::fs::read(self.state_dir.join("instance.json")).unwrap()).unwrap();
        file["id"].as_str().unwrap().to_owned()
    }

    pub fn present(&self) -> BTreeSet<String> {
        leftovers::of(&self.state_dir, &self.instance())
    }

    pub fn cluster(&self) -> ClusterId {
        self.settings.cluster
    }

    pub fn blueprint(&self) -> Blueprint {
        self.settings.blueprint().unwrap()
    }

    /// Converges until nothing is left to do; answers what was done.
    pub async fn converge(&self) -> Vec<String> {
        converge(&self.engine, &self.blueprint()).await
    }

    pub async fn observe(&self) -> Observed {
        self.engine.observe(self.cluster()).await
    }

    pub async fn state(&self, kind: ResourceKind, name: &str) -> Option<ResourceState> {
        self.observe().await.get(kind, name).map(|r| r.state)
    }

    pub async fn exec(&self, node: &str, argv: &[&str]) -> ExecOutput {
        let request = Exec::new(argv.iter().copied());
        self.engine.exec(self.cluster(), &NodeName::parse(node).unwrap(), request).await.unwrap()
    }

    /// Whether the program on the node ends well.
    pub async fn succeeds(&self, node: &str, argv: &[&str]) -> bool {
        self.exec(node, argv).await.code == Some(0)
    }

    /// Standard output of a program on the node that has to end well.
    pub async fn output(&self, node: &str, argv: &[&str]) -> String {
        let output = self.exec(node, argv).await;
        assert_eq!(output.code, Some(0), "{argv:?}: {}", String::from_utf8_lossy(&output.stderr));
        String::from_utf8(output.stdout).unwrap().trim().to_owned()
    }

    /// Waits until the program on the node ends well.
    pub async fn wait_for(&self, node: &str, argv: &[&str]) {
        let deadline = Instant::now() + Duration::from_secs(20);
        while !self.succeeds(node, argv).await {
            assert!(Instant::now() < deadline, "{node}: {argv:?} did not succeed in time");
        }
    }

    /// Removes everything and checks that nothing is left.
    pub async fn end(self) {
        self.engine.remove(self.cluster()).await.unwrap();
        self.engine.teardown().await.unwrap();
        assert_eq!(self.present(), self.before);
    }
}

fn image_dir() -> PathBuf {
    magnum_engine::image::Options::from_environment().image_dir()
}

/// An engine on this state directory, with an agent that does nothing.
pub fn open(state_dir: &Path, egress: bool) -> Local {
    let agent_binary = state_dir.parent().unwrap().join("agent");
    std::fs::write(&agent_binary, "#!/bin/sh\nexec sleep infinity\n").unwrap();
    Local::new(Config { state_dir: state_dir.to_owned(), image_dir: image_dir(), agent_binary, external: None, egress }).unwrap()
}

/// The address of this number in the engine's external range.
pub fn floating(engine: &Local, number: u8) -> Ipv4Addr {
    let [a, b, c, _] = engine.external_range().network().octets();
    Ipv4Addr::new(a, b, c, number)
}

pub async fn converge(engine: &Local, blueprint: &Blueprint) -> Vec<String> {
    let mut did = Vec::new();
    for _ in 0..5 {
        let observed = engine.observe(blueprint.cluster).await;
        let progress = engine.converge(blueprint, &observed).await.unwrap();
        let idle = progress.did.is_empty();
        did.extend(progress.did);
        if idle {
            assert!(progress.done);
            return did;
        }
    }
    panic!("does not settle: {did:?}, {:#?}", engine.observe(blueprint.cluster).await);
}

/// Whatever happened, nothing stays on the machine.
impl Drop for World {
    fn drop(&mut self) {
        let engine = self.engine.clone();
        let runtime = tokio::runtime::Builder::new_current_thread().build().unwrap();
        let ended = std::thread::spawn(move || runtime.block_on(engine.teardown())).join().unwrap();
        if let Err(error) = ended {
            eprintln!("could not tidy up: {error}");
        }
    }
}

pub fn settings(masters: u32, workers: u32) -> Settings {
    let group = |name: &str, role, count: u32, first: u8, volume| Group {
        name: name.to_owned(),
        role,
        flavor: Flavor { name: "m1.small".to_owned(), vcpus: 1, ram_mib: 512 },
        image: IMAGE.to_owned(),
        docker_volume_gib: volume,
        node_labels: Default::default(),
        node_taints: Vec::new(),
        nodes: (0..count).map(|index| seat(name, index, Ipv4Addr::new(10, 0, 0, first + index as u8))).collect(),
    };
    Settings {
        cluster: ClusterId::random(),
        cluster_name: "c1".to_owned(),
        coe: Coe::SwarmMode,
        labels: Labels::default(),
        api_port: None,
        dns_servers: Vec::new(),
        master_lb_enabled: false,
        external_address: Ipv4Addr::UNSPECIFIED,
        groups: vec![group("default-master", Role::Master, masters, 5, Some(1)), group("default-worker", Role::Worker, workers, 20, None)],
        secrets: Secrets { service_account_key: String::new().into(), flannel_password: String::new().into() },
        authorities: None,
    }
}

pub fn seat(group: &str, index: u32, address: Ipv4Addr) -> SeatedNode {
    SeatedNode { name: NodeName::of_group(group, index), index, address, token: "token".to_owned().into(), powered_on: true }
}
