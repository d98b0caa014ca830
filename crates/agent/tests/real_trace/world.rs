// SPDX-License-Identifier: Apache-2.0
//! A node and three containers: `a` and `b` on its bridge, `c` behind a device of its own with a smaller size of packets.

use magnum_path::wire::{Closed, Opened, Sent};
use nix::mount::{MsFlags, mount};
use nix::sched::{CloneFlags, setns, unshare};
use serde_json::{Value, json};
use std::fs::File;
use std::io::Write;
use std::net::{Ipv4Addr, TcpListener, UdpSocket};
use std::path::Path;
use std::process::{Command, Stdio};
use std::sync::mpsc::channel;
use std::thread;
use std::time::{Duration, Instant};

const CONTAINERS: [&str; 3] = ["a", "b", "c"];
const FOLDER: &str = "/run/magnum/trace";

pub struct World {
    test: &'static str,
    pub nonce: u32,
    /// The third byte of its addresses, so that tests that run at the same time have others.
    net: u8,
}

impl World {
    pub fn new(test: &'static str) -> Self {
        let process = std::process::id();
        let turn = test.bytes().map(u32::from).sum::<u32>();
        let world = Self { test, nonce: process << 8 | turn & 0xff, net: u8::try_from((process * 3 + turn) % 251).unwrap() };
        let (node, gateway, c_gateway) = (world.name("node"), world.gateway(), world.address(19, 1));
        for name in CONTAINERS.into_iter().chain(["node"]) {
            ip(&["netns", "add", &world.name(name)]);
            ip(&["-n", &world.name(name), "link", "set", "lo", "up"]);
        }
        ip(&["-n", &node, "link", "add", "br0", "type", "bridge"]);
        ip(&["-n", &node, "address", "add", &format!("{gateway}/24"), "dev", "br0"]);
        ip(&["-n", &node, "link", "set", "br0", "up"]);
        for (name, address) in [("a", world.a()), ("b", world.b()), ("c", world.c())] {
            let (inside, end) = (world.name(name), format!("v{name}"));
            ip(&["-n", &node, "link", "add", &end, "type", "veth", "peer", "name", "eth0", "netns", &inside]);
            match name {
                "c" => {
                    ip(&["-n", &node, "address", "add", &format!("{c_gateway}/24"), "dev", &end]);
                    ip(&["-n", &node, "link", "set", &end, "mtu", "1280"]);
                }
                _ => ip(&["-n", &node, "link", "set", &end, "master", "br0"]),
            }
            if name == "b" {
                ip(&["-n", &node, "link", "set", &end, "type", "bridge_slave", "hairpin", "on"]);
            }
            ip(&["-n", &node, "link", "set", &end, "up"]);
            ip(&["-n", &inside, "address", "add", &format!("{address}/24"), "dev", "eth0"]);
            ip(&["-n", &inside, "link", "set", "eth0", "up"]);
            let way = if name == "c" { c_gateway } else { gateway };
            ip(&["-n", &inside, "route", "add", "default", "via", &way.to_string()]);
        }
        world.on_node(&["sysctl", "-qw", "net.ipv4.ip_forward=1"]);
        world
    }

    pub fn name(&self, name: &str) -> String {
        format!("mgt-{}-{}-{name}", std::process::id(), self.test)
    }

    fn address(&self, second: u8, last: u8) -> Ipv4Addr {
        Ipv4Addr::new(198, second, self.net, last)
    }

    pub fn gateway(&self) -> Ipv4Addr {
        self.address(18, 1)
    }

    pub fn a(&self) -> Ipv4Addr {
        self.address(18, 2)
    }

    pub fn b(&self) -> Ipv4Addr {
        self.address(18, 3)
    }

    pub fn c(&self) -> Ipv4Addr {
        self.address(19, 2)
    }

    pub fn on_node(&self, words: &[&str]) {
        let node = self.name("node");
        ip(&[&["netns", "exec", &node], words].concat());
    }

    /// Answers datagrams with themselves and takes connections, on `c`.
    pub fn serve(&self, address: Ipv4Addr, port: u16) {
        let file = File::open(Path::new("/run/netns").join(self.name("c"))).unwrap();
        let (sender, receiver) = channel();
        thread::spawn(move || {
            setns(file, CloneFlags::CLONE_NEWNET).unwrap();
            let datagrams = UdpSocket::bind((address, port)).unwrap();
            let connections = TcpListener::bind((address, port)).unwrap();
            sender.send(()).unwrap();
            let mut bytes = [0; 2048];
            while let Ok((length, from)) = datagrams.recv_from(&mut bytes) {
                datagrams.send_to(&bytes[..length], from).unwrap();
            }
            drop(connections);
        });
        receiver.recv().unwrap();
    }

    /// Runs the agent on the node; its exit code and what it printed. Ends when nobody holds its output any more.
    pub fn agent(&self, word: &str, input: &str) -> (i32, String) {
        let mut child = Command::new("ip")
            .args(["netns", "exec", &self.name("node"), env!("CARGO_BIN_EXE_magnum-agent"), "trace", word])
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()
            .unwrap();
        child.stdin.take().unwrap().write_all(input.as_bytes()).unwrap();
        let output = child.wait_with_output().unwrap();
        let text = [output.stdout, output.stderr].concat();
        (output.status.code().unwrap(), String::from_utf8(text).unwrap())
    }

    fn answer<T: serde::de::DeserializeOwned>(&self, word: &str, input: &Value) -> T {
        let (code, text) = self.agent(word, &input.to_string());
        assert_eq!(code, 0, "{word}: {text}");
        serde_json::from_str(&text).unwrap()
    }

    pub fn open(&self, drops: bool, linger_ms: u32) -> Opened {
        let containers = [self.a(), self.b(), self.c()];
        let ports = [40001, 40002, 40003];
        let request = json!({"nonce": self.nonce, "containers": containers, "overlay_ports": [8472], "source_ports": ports,
            "drops": drops, "linger_ms": linger_ms});
        self.answer("open", &request)
    }

    pub fn send(&self, from: Option<Ipv4Addr>, probes: Value) -> Sent {
        self.answer("send", &json!({"nonce": self.nonce, "from": from, "probes": probes}))
    }

    pub fn close(&self) -> Closed {
        self.answer("close", &json!({"nonce": self.nonce}))
    }

    /// What of this trace is on the machine: its socket, its instance in the kernel, file systems.
    pub fn leftovers(&self) -> Vec<String> {
        let socket = Path::new(FOLDER).join(format!("{}.sock", self.nonce));
        let mut left: Vec<String> = socket.exists().then(|| socket.display().to_string()).into_iter().collect();
        let prefix = format!("magnum-{}-", self.nonce);
        left.extend(instances().into_iter().filter(|name| name.starts_with(&prefix)));
        let mounts = std::fs::read_to_string("/proc/mounts").unwrap();
        left.extend(mounts.lines().filter(|line| line.contains(FOLDER)).map(str::to_owned));
        left
    }

    pub fn wait_until_nothing_is_left(&self) {
        let deadline = Instant::now() + Duration::from_secs(20);
        while !self.leftovers().is_empty() {
            assert!(Instant::now() < deadline, "{:?} is left", self.leftovers());
            thread::sleep(Duration::from_millis(20));
        }
    }
}

impl Drop for World {
    fn drop(&mut self) {
        for name in CONTAINERS.into_iter().chain(["node"]) {
            let _ = Command::new("ip").args(["netns", "delete", &self.name(name)]).status();
        }
        // As far as no other trace is there.
        let _ = std::fs::remove_dir(FOLDER);
    }
}

/// The kernel's trace instances, looked at through a mount that nobody else sees.
fn instances() -> Vec<String> {
    let look = || {
        let nothing: Option<&str> = None;
        unshare(CloneFlags::CLONE_NEWNS).unwrap();
        mount(nothing, "/", nothing, MsFlags::MS_REC | MsFlags::MS_SLAVE, nothing).unwrap();
        mount(Some("tracefs"), "/sys/kernel/tracing", Some("tracefs"), MsFlags::empty(), nothing).unwrap();
        let entries = std::fs::read_dir("/sys/kernel/tracing/instances").unwrap();
        entries.map(|entry| entry.unwrap().file_name().to_string_lossy().into_owned()).collect()
    };
    thread::spawn(look).join().unwrap()
}

fn ip(words: &[&str]) {
    let output = Command::new("ip").args(words).output().unwrap();
    assert!(output.status.success(), "ip {words:?}: {}", String::from_utf8_lossy(&output.stderr));
}
