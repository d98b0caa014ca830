// SPDX-License-Identifier: Apache-2.0
//! `magnum doctor path` on a real cluster: each of the guide's six hops, there and back, broken in three ways, and what
//! is named must be that hop and that cause; services without a rule, with a rule that is out of date, and a pod that calls
//! itself; paths that are well; who reaches whom.

#![allow(clippy::print_stdout)] // the table of what was named

use anyhow::{Context, Result, bail, ensure};
use magnum_testkit::{Kubectl, Pod, Server, WEB, dist_dir, wait};
use serde_json::Value;
use std::time::{Duration, Instant};

/// One way to break a hop.
struct Break {
    /// The hop of the guide (1 to 6, then 7 to 12 for the way back) and what is done.
    what: &'static str,
    node: &'static str,
    /// Shell words on the node; `{names}` are filled in.
    inject: &'static str,
    undo: &'static str,
    /// The cause's id.
    cause: &'static str,
    /// The device that sees the packets last and the one that should see them next, each `HOP way`: hops are numbered
    /// as the guide does, and `a`, `va`, `vb`, `b` are the pods' devices and their other ends.
    between: (&'static str, &'static str),
}

const NODE_0: &str = "node-0";
const NODE_1: &str = "node-1";
/// Not a node: nft in the network's namespace.
const PORTS: &str = "ports";

macro_rules! way {
    ($what:literal, $node:expr, $cause:literal, $last:literal => $next:literal, $inject:literal, $undo:literal) => {
        Break { what: $what, node: $node, inject: $inject, undo: $undo, cause: $cause, between: ($last, $next) }
    };
}

const WAYS: &[Break] = &[
    way!("1 the pod's own filter", NODE_0, "firewall", "" => "a there", "nsenter --net={a_ns} iptables -A OUTPUT -d {b} -j DROP", "nsenter --net={a_ns} iptables -D OUTPUT -d {b} -j DROP"),
    way!("1 the pod's device is on no bridge", NODE_0, "port-detached", "va there" => "1 there", "ip link set {va} nomaster", "ip link set {va} master {bridge}"),
    way!("1 the pod has no route", NODE_0, "no-route", "" => "a there", "nsenter --net={a_ns} ip route del default", "nsenter --net={a_ns} ip route add default via {a_gate}"),
    way!("2 filter FORWARD", NODE_0, "firewall", "1 there" => "2 there", "iptables -I FORWARD -s {a} -d {b} -j DROP", "iptables -D FORWARD -s {a} -d {b} -j DROP"),
    way!("2 no forwarding", NODE_0, "ip-forward", "1 there" => "2 there", "sysctl -qw net.ipv4.ip_forward=0", "sysctl -qw net.ipv4.ip_forward=1"),
    way!("2 a route that refuses", NODE_0, "no-route", "1 there" => "2 there", "ip route add blackhole {b}/32", "ip route del blackhole {b}/32"),
    way!("3 no forwarding entry", NODE_0, "forwarding-entry", "2 there" => "3 there", "bridge fdb del {b_mac} dev flannel.1", "systemctl restart flanneld"),
    way!("3 no route to the other node", NODE_0, "no-route", "2 there" => "3 there", "ip route add blackhole {n1}/32", "ip route del blackhole {n1}/32"),
    way!("2 no neighbour", NODE_0, "neighbour", "1 there" => "2 there", "ip neigh del {b_vtep} dev flannel.1", "systemctl restart flanneld"),
    way!("3 filter OUTPUT", NODE_0, "firewall", "2 there" => "3 there", "iptables -I OUTPUT -p udp --dport 8472 -d {n1} -j DROP", "iptables -D OUTPUT -p udp --dport 8472 -d {n1} -j DROP"),
    way!("4 the target's security group", PORTS, "port-filter", "3 there" => "4 there", "insert rule bridge port-node-1 to_node udp dport 8472 counter drop", "to_node port-node-1"),
    way!("4 the sender's port", PORTS, "port-filter", "3 there" => "4 there", "insert rule bridge port-node-0 from_node udp dport 8472 counter drop", "from_node port-node-0"),
    way!("4 a forwarding entry astray", NODE_0, "forwarding-entry", "3 there" => "4 there", "bridge fdb replace {b_mac} dev flannel.1 dst {master} self permanent", "systemctl restart flanneld"),
    way!("5 filter INPUT", NODE_1, "firewall", "4 there" => "5 there", "iptables -I INPUT -p udp --dport 8472 -s {n0} -j DROP", "iptables -D INPUT -p udp --dport 8472 -s {n0} -j DROP"),
    way!("5 the overlay's device is down", NODE_1, "device-down", "4 there" => "5 there", "ip link set flannel.1 down", "ip link set flannel.1 up; systemctl restart flanneld"),
    way!("5 another network number", NODE_1, "overlay-mismatch", "4 there" => "5 there", "ip link del flannel.1; ip link add flannel.1 address {b_mac} type vxlan id 7 dev eth0 dstport 8472 nolearning; ip addr add {b_vtep}/32 dev flannel.1; ip link set flannel.1 up", "ip link del flannel.1; systemctl restart flanneld"),
    way!("6 filter FORWARD", NODE_1, "firewall", "5 there" => "6 there", "iptables -I FORWARD -s {a} -d {b} -j DROP", "iptables -D FORWARD -s {a} -d {b} -j DROP"),
    way!("6 no forwarding", NODE_1, "ip-forward", "5 there" => "6 there", "sysctl -qw net.ipv4.ip_forward=0", "sysctl -qw net.ipv4.ip_forward=1"),
    way!("6 the reverse path filter", NODE_1, "reverse-path", "5 there" => "6 there", "ip route add {a}/32 dev eth0; sysctl -qw net.ipv4.conf.all.rp_filter=1", "sysctl -qw net.ipv4.conf.all.rp_filter=0; ip route del {a}/32 dev eth0"),
    way!("7 the target pod's own filter, out", NODE_1, "firewall", "b there" => "b back", "nsenter --net={b_ns} iptables -A OUTPUT -d {a} -j DROP", "nsenter --net={b_ns} iptables -D OUTPUT -d {a} -j DROP"),
    way!("7 the target pod's own filter, in", NODE_1, "firewall", "b there" => "b back", "nsenter --net={b_ns} iptables -A INPUT -s {a} -j DROP", "nsenter --net={b_ns} iptables -D INPUT -s {a} -j DROP"),
    way!("7 the target pod has no route back", NODE_1, "no-route", "b there" => "b back", "nsenter --net={b_ns} ip route del default", "nsenter --net={b_ns} ip route add default via {b_gate}"),
    way!(
        "7 the target node takes another for the pod",
        NODE_1,
        "neighbour",
        "b there" => "b back",
        "ip neigh replace {b} lladdr 02:00:00:00:00:99 dev {bridge} nud permanent",
        "ip neigh del {b} dev {bridge}"
    ),
    way!("8 filter FORWARD", NODE_1, "firewall", "6 back" => "5 back", "iptables -I FORWARD -s {b} -d {a} -j DROP", "iptables -D FORWARD -s {b} -d {a} -j DROP"),
    way!("8 a route that refuses", NODE_1, "no-route", "6 back" => "5 back", "ip route add blackhole {a}/32", "ip route del blackhole {a}/32"),
    way!("8 a table of nftables", NODE_1, "firewall", "6 back" => "5 back", "nft 'add table ip odd; add chain ip odd f { type filter hook forward priority 0; }; add rule ip odd f ip saddr {b} ip daddr {a} counter drop'", "nft delete table ip odd"),
    way!("9 no forwarding entry", NODE_1, "forwarding-entry", "5 back" => "4 back", "bridge fdb del {a_mac} dev flannel.1", "systemctl restart flanneld"),
    way!("9 no route to the other node", NODE_1, "no-route", "5 back" => "4 back", "ip route add blackhole {n0}/32", "ip route del blackhole {n0}/32"),
    way!("8 no neighbour", NODE_1, "neighbour", "6 back" => "5 back", "ip neigh del {a_vtep} dev flannel.1", "systemctl restart flanneld"),
    way!("9 filter OUTPUT", NODE_1, "firewall", "5 back" => "4 back", "iptables -I OUTPUT -p udp --dport 8472 -d {n0} -j DROP", "iptables -D OUTPUT -p udp --dport 8472 -d {n0} -j DROP"),
    way!("10 the sender's security group", PORTS, "port-filter", "4 back" => "3 back", "insert rule bridge port-node-0 to_node udp dport 8472 counter drop", "to_node port-node-0"),
    way!("10 the target's port, out", PORTS, "port-filter", "4 back" => "3 back", "insert rule bridge port-node-1 from_node udp dport 8472 counter drop", "from_node port-node-1"),
    way!("10 a forwarding entry astray", NODE_1, "forwarding-entry", "4 back" => "3 back", "bridge fdb replace {a_mac} dev flannel.1 dst {master} self permanent", "systemctl restart flanneld"),
    way!("11 filter INPUT", NODE_0, "firewall", "3 back" => "2 back", "iptables -I INPUT -p udp --dport 8472 -s {n1} -j DROP", "iptables -D INPUT -p udp --dport 8472 -s {n1} -j DROP"),
    way!("11 filter raw PREROUTING", NODE_0, "firewall", "3 back" => "2 back", "iptables -t raw -I PREROUTING -p udp --dport 8472 -s {n1} -j DROP", "iptables -t raw -D PREROUTING -p udp --dport 8472 -s {n1} -j DROP"),
    way!("11 a table of nftables", NODE_0, "firewall", "3 back" => "2 back", "nft 'add table inet odd; add chain inet odd p { type filter hook input priority -5; }; add rule inet odd p ip saddr {n1} udp dport 8472 counter drop'", "nft delete table inet odd"),
    way!("12 filter FORWARD", NODE_0, "firewall", "2 back" => "1 back", "iptables -I FORWARD -s {b} -d {a} -j DROP", "iptables -D FORWARD -s {b} -d {a} -j DROP"),
    way!("12 a route that refuses", NODE_0, "no-route", "2 back" => "1 back", "ip route add prohibit {a}/32", "ip route del prohibit {a}/32"),
    way!("12 a wrong neighbour", NODE_0, "neighbour", "a back" => "", "ip neigh replace {a} lladdr 02:00:00:00:00:99 dev {bridge} nud permanent", "ip neigh del {a} dev {bridge}"),
];

struct Bench {
    server: Server,
    kubectl: Kubectl,
    names: Vec<(&'static str, String)>,
    a: Pod,
    b: Pod,
}

impl Bench {
    fn boot() -> Result<Self> {
        let server = Server::start(&dist_dir()?)?;
        server.ok(["cluster-template", "create", "t", "--coe", "kubernetes"])?;
        server.ok(["cluster", "create", "k", "--cluster-template", "t", "--node-count", "2", "--watch"])?;
        let kubectl = Kubectl::new(&server, "k")?;
        kubectl.apply(WEB)?;
        let pods = kubectl.pods("app=web", 2)?;
        let on = |node: &str| pods.iter().find(|p| p.node == node).cloned().with_context(|| format!("no pod on {node}: {pods:?}"));
        let (a, b) = (on(NODE_0)?, on(NODE_1)?);
        let mut bench = Self { server, kubectl, names: Vec::new(), a, b };
        bench.learn()?;
        Ok(bench)
    }

    fn shell(&self, node: &str, script: &str) -> Result<String> {
        Ok(self.server.exec_ok("k", node, &["sh", "-c", script])?.trim().to_owned())
    }

    /// Fills in what the ways to break hops are written with.
    fn learn(&mut self) -> Result<()> {
        let healthy = self.healthy()?;
        let devices: Vec<String> =
            healthy["hops"].as_array().into_iter().flatten().map(|h| h["device"].as_str().unwrap_or_default().to_owned()).collect();
        ensure!(devices.len() == 10, "a pod's packet passes ten devices: {devices:?}");
        let namespace = |node: &str, address: &str| {
            self.shell(
                node,
                &format!("for n in /run/netns/*; do nsenter --net=$n ip -4 -o addr | grep -q ' {address}/' && echo $n; done; true"),
            )
        };
        let gate = |node: &str, ns: &str| self.shell(node, &format!("nsenter --net={ns} ip route show default | cut -d' ' -f3"));
        let mac = |node: &str| self.shell(node, "cat /sys/class/net/flannel.1/address");
        let vtep = |node: &str| self.shell(node, "ip -4 -o addr show flannel.1 | tr -s ' ' | cut -d' ' -f4 | cut -d/ -f1");
        let own = |node: &str| self.shell(node, "ip -4 -o addr show eth0 | tr -s ' ' | cut -d' ' -f4 | cut -d/ -f1");
        let (a_ns, b_ns) = (namespace(NODE_0, &self.a.address)?, namespace(NODE_1, &self.b.address)?);
        let names = vec![
            ("a_gate", gate(NODE_0, &a_ns)?),
            ("b_gate", gate(NODE_1, &b_ns)?),
            ("a_ns", a_ns),
            ("b_ns", b_ns),
            ("a_mac", mac(NODE_0)?),
            ("b_mac", mac(NODE_1)?),
            ("a_vtep", vtep(NODE_0)?),
            ("b_vtep", vtep(NODE_1)?),
            ("n0", own(NODE_0)?),
            ("n1", own(NODE_1)?),
            ("master", own("master-0")?),
            ("va", devices[1].clone()),
            ("bridge", devices[2].clone()),
            ("a", self.a.address.clone()),
            ("b", self.b.address.clone()),
        ];
        self.names = names;
        Ok(())
    }

    fn fill(&self, text: &str) -> String {
        // nft's own braces have spaces behind them.
        self.names.iter().fold(text.to_owned(), |text, (name, value)| text.replace(&format!("{{{name}}}"), value))
    }

    fn path(&self, from: &str, to: &str) -> Result<(i32, Value)> {
        let output = self.server.output(["doctor", "path", "--cluster", "k", from, to, "-o", "json"])?;
        let document =
            serde_json::from_slice(&output.stdout).with_context(|| format!("no document: {}", String::from_utf8_lossy(&output.stderr)))?;
        Ok((output.status.code().unwrap_or(-1), document))
    }

    fn healthy(&self) -> Result<Value> {
        let mut last = Value::Null;
        let found = wait(Duration::from_secs(30), "the path works", || {
            let (code, document) = self.path(&self.a.name, &self.b.name)?;
            let works = code == 0 && document["hops"].as_array().into_iter().flatten().all(|h| h["there"] == 3 && h["back"] == 3);
            last = document;
            Ok(works.then(|| last.clone()))
        });
        found.with_context(|| last.to_string())
    }

    fn act(&self, way: &Break, undo: bool) -> Result<()> {
        if way.node != PORTS {
            return self.shell(way.node, &self.fill(if undo { way.undo } else { way.inject })).map(drop);
        }
        if !undo {
            let words: Vec<&str> = way.inject.split(' ').collect();
            return self.server.network_nft("k", &words).map(drop);
        }
        let (chain, table) = way.undo.split_once(' ').context("chain and table")?;
        let rules: Value = serde_json::from_str(&self.server.network_nft("k", &["-j", "list", "chain", "bridge", table, chain])?)?;
        // It was put in front of all others.
        let first = rules["nftables"].as_array().into_iter().flatten().find_map(|i| i["rule"]["handle"].as_u64()).context("no rule")?;
        self.server.network_nft("k", &["delete", "rule", "bridge", table, chain, "handle", &first.to_string()]).map(drop)
    }

    /// What is named: the cause's id, and the devices before and after.
    fn named(&self, document: &Value) -> (String, String, String) {
        let names = ["a", "va", "1", "2", "3", "4", "5", "6", "vb", "b"];
        let stop = |field: &str| {
            let all = document["hops"].as_array().into_iter().flatten().zip(names);
            all.filter_map(|(h, name)| Some(format!("{name} {}", h[field].as_str()?))).next().unwrap_or_default()
        };
        let cause = document["cause"]["id"].as_str().unwrap_or("none").to_owned();
        (cause, stop("lost_after"), stop("lost_before"))
    }
}

#[test]
fn every_hop_of_a_path_is_named_there_and_back_with_what_breaks_it() -> Result<()> {
    let bench = Bench::boot()?;
    let chosen = std::env::var("MAGNUM_TEST_PATHS").unwrap_or_default();
    let (mut failures, mut slowest) = (Vec::new(), 0.0_f64);
    for way in WAYS.iter().filter(|w| chosen.is_empty() || chosen.split(',').any(|c| w.what.starts_with(c))) {
        bench.healthy().with_context(|| format!("before {}", way.what))?;
        let injected = bench.act(way, false);
        let begun = Instant::now();
        let answer = injected.and_then(|()| bench.path(&bench.a.name, &bench.b.name));
        let took = begun.elapsed().as_secs_f64();
        bench.act(way, true).with_context(|| format!("undoing {}", way.what))?;
        let (code, document) = answer.with_context(|| way.what.to_owned())?;
        let (cause, last, next) = bench.named(&document);
        slowest = slowest.max(took);
        let right = code == 1 && cause == way.cause && last == way.between.0 && next == way.between.1;
        println!("{:<40} {} {cause} between {last:?} and {next:?} in {took:.1} s", way.what, if right { "named" } else { "NOT NAMED" });
        if !right {
            failures.push(format!("{}: {code}: {}\n  {}", way.what, document["summary"], document));
        } else if document["cause"]["evidence"].as_array().is_none_or(Vec::is_empty) {
            failures.push(format!("{}: no evidence", way.what));
        }
    }
    println!("the slowest took {slowest:.1} s");
    bench.healthy().context("at the end")?;
    ensure!(failures.is_empty(), "{} of {}:\n{}", failures.len(), WAYS.len(), failures.join("\n"));
    Ok(())
}

#[test]
fn services_paths_of_all_kinds_and_the_matrix() -> Result<()> {
    let bench = Bench::boot()?;
    let (a, b) = (&bench.a, &bench.b);
    for (from, to) in [
        (a.name.as_str(), "svc/web".to_owned()),
        (&a.name, "svc/kube-system/kube-dns".to_owned()),
        (&a.name, "svc/kubernetes".to_owned()),
        (&a.name, format!("{}:80", b.name)),
        (&a.name, "node-0".to_owned()),
        (&a.name, "node-1:10250".to_owned()),
        (NODE_0, b.name.clone()),
        (NODE_0, a.name.clone()),
        (NODE_0, "node-1".to_owned()),
        ("master-0", format!("pod/default/{}", a.name)),
    ] {
        let (code, document) = bench.path(from, &to)?;
        ensure!(code == 0 && document["outcome"] == "works", "{from} to {to}: {code} {document}");
    }
    let (code, document) = bench.path(&a.name, &format!("{}:81", b.name))?;
    ensure!(code == 1 && document["outcome"] == "refused", "nobody listens there: {code} {document}");
    let matrix = bench.server.output(["doctor", "path", "--cluster", "k", "--matrix", "-o", "json"])?;
    let document: Value = serde_json::from_slice(&matrix.stdout)?;
    let works = document["cells"].as_array().into_iter().flatten().filter(|c| c["outcome"] == "works").count();
    ensure!(matrix.status.code() == Some(0) && works == 8, "three nodes and two pods: {document}");
    for (from, to, says) in
        [("nobody", "node-1", "is no node, pod or service"), ("node-0", "node-0", "both"), ("svc/web", "node-0", "sends nothing")]
    {
        let output = bench.server.output(["doctor", "path", "--cluster", "k", from, to])?;
        let said = String::from_utf8_lossy(&output.stderr).into_owned();
        ensure!(output.status.code() != Some(0) && said.contains(says), "{from} {to}: {said}");
    }
    no_rule(&bench).context("a service without a rule")?;
    itself(&bench).context("a pod that calls itself")?;
    stale(&bench).context("a rule that is out of date")
}

fn cause(bench: &Bench, wanted: &str) -> Result<()> {
    let mut last = Value::Null;
    let found = wait(Duration::from_secs(20), wanted, || {
        let (code, document) = bench.path(&bench.a.name, "svc/web")?;
        let named = code == 1 && document["cause"]["id"] == wanted;
        last = document;
        Ok(named.then_some(()))
    });
    found.with_context(|| last.to_string())
}

/// Without kube-proxy nothing brings a rule back.
const WITHOUT_PROXY: &str = "systemctl stop kube-proxy";

fn mended(bench: &Bench) -> Result<()> {
    bench.shell(NODE_0, "systemctl start kube-proxy")?;
    wait(Duration::from_secs(40), "the service works again", || Ok((bench.path(&bench.a.name, "svc/web")?.0 == 0).then_some(())))
}

fn no_rule(bench: &Bench) -> Result<()> {
    let address = bench.kubectl.ok(&["get", "svc", "web", "-o", "jsonpath={.spec.clusterIP}"])?;
    bench.shell(NODE_0, WITHOUT_PROXY)?;
    bench.shell(
        NODE_0,
        &format!("iptables-save -t nat | grep -e '-A KUBE-SERVICES' | grep -e '-d {address}/32' | sed 's/^-A/iptables -t nat -D/' | sh"),
    )?;
    let outcome = cause(bench, "no-dnat");
    mended(bench)?;
    outcome
}

fn itself(bench: &Bench) -> Result<()> {
    bench.shell(NODE_0, WITHOUT_PROXY)?;
    bench.shell(
        NODE_0,
        &format!(
            "iptables-save -t nat | grep -e '-A KUBE-SEP' | grep -e '-s {}/32' | sed 's/^-A/iptables -t nat -D/' | sh",
            bench.a.address
        ),
    )?;
    let outcome = cause(bench, "hairpin");
    mended(bench)?;
    outcome
}

fn stale(bench: &Bench) -> Result<()> {
    bench.shell(NODE_0, WITHOUT_PROXY)?;
    bench.kubectl.ok(&["delete", "pod", &bench.b.name])?;
    bench.kubectl.pods("app=web", 2)?;
    let outcome = cause(bench, "stale-endpoint");
    mended(bench)?;
    if bench.kubectl.pods("app=web", 2)?.iter().any(|p| p.address == bench.b.address) {
        bail!("the new pod got the old one's address: nothing was out of date");
    }
    outcome
}

/// A path between two tasks of a swarm: docker keeps the overlay in a namespace of its own.
#[test]
fn paths_between_tasks_of_a_swarm() -> Result<()> {
    let server = Server::start(&dist_dir()?)?;
    server.ok(["cluster-template", "create", "t", "--coe", "swarm"])?;
    server.ok(["cluster", "create", "s", "--cluster-template", "t", "--node-count", "2", "--watch"])?;
    let run = |node: &str, script: &str| server.exec_ok("s", node, &["sh", "-c", script]);
    run("master-0", "docker network create -d overlay ov1")?;
    // One on each node.
    run(
        "master-0",
        "docker service create --quiet --detach --name web --mode global --network ov1 --endpoint-mode dnsrr busybox:1.35 sleep 100000",
    )?;
    let path = |from: &str, to: &str| -> Result<(i32, Value)> {
        let output = server.output(["doctor", "path", from, to, "-o", "json"])?;
        let said = String::from_utf8_lossy(&output.stderr).into_owned();
        Ok((output.status.code().unwrap_or(-1), serde_json::from_slice(&output.stdout).unwrap_or(Value::String(said))))
    };
    // On a machine that is busy a manager may be too slow to say what tasks there are.
    let until = |from: &str, to: &str, what: &str, fits: &dyn Fn(i32, &Value) -> bool| {
        let mut last = Value::Null;
        let found = wait(Duration::from_secs(60), what, || {
            let (code, document) = path(from, to)?;
            let fits = fits(code, &document);
            last = document;
            Ok(fits.then(|| last.clone()))
        });
        found.with_context(|| last.to_string())
    };
    let works = |from: &str, to: &str| until(from, to, "the path works", &|code, _| code == 0);
    let (a, b) = ("web.node-0", "web.node-1");
    let document = works(a, b)?;
    let seen = document["hops"].as_array().into_iter().flatten().filter(|h| h["there"] == 3 && h["back"] == 3).count();
    ensure!(seen == 8, "eight devices: {document}");
    for (node, inject, undo, wanted) in [
        ("node-1", "iptables -I INPUT -p udp --dport 4789 -j DROP", "iptables -D INPUT -p udp --dport 4789 -j DROP", "firewall"),
        ("node-0", "iptables -I OUTPUT -p udp --dport 4789 -j DROP", "iptables -D OUTPUT -p udp --dport 4789 -j DROP", "firewall"),
        (
            "node-1",
            "nsenter --net=$(docker inspect --format '{{.NetworkSettings.SandboxKey}}' $(docker ps -q)) iptables -A INPUT -s 10.0.0.0/8 -j DROP",
            "nsenter --net=$(docker inspect --format '{{.NetworkSettings.SandboxKey}}' $(docker ps -q)) iptables -D INPUT -s 10.0.0.0/8 -j DROP",
            "firewall",
        ),
    ] {
        run(node, inject)?;
        let answer = until(a, b, inject, &|code, document| code == 1 && document["cause"]["id"] == wanted);
        run(node, undo)?;
        answer?;
        works(a, b)?;
    }
    server.drop_port("s", "node-1", "udp", 4789)?;
    until(a, b, "the security group is named", &|code, document| code == 1 && document["cause"]["id"] == "port-filter").map(drop)
}
