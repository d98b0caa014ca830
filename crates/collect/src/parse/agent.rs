// SPDX-License-Identifier: Apache-2.0
//! The lines of `magnum-agent collect` (`docs/agent-collect.md`) into a node's facts. Lines are taken as they come: what
//! did not arrive before the time limit stays not looked at.

use super::{ip, list, text, text_at, time};
use jiff::Timestamp;
use magnum_facts::node::{
    Activity, Certificate, Clock, EtcdMember, EtcdView, Filesystem, Memory, NodeFacts, OverlayLease, OverlayRegistry, Ruleset, Runtime,
    Socket, SubnetEnv, Unit,
};
use magnum_facts::{Fact, Source, Vantage, WhyKind};
use serde_json::Value;

/// Reads all lines that are whole. `asked` and `answered` bound the time at which the node looked, by our clock.
pub(crate) fn facts(node: &str, output: &str, asked: Timestamp, answered: Timestamp) -> NodeFacts {
    let lines: Vec<Value> = output.lines().filter_map(|line| serde_json::from_str(line).ok()).collect();
    let find = |name: &str| lines.iter().find(|l| text(l, "name") == name);
    let read = Reader { node, answered };
    let mut facts = NodeFacts {
        units: read.fact(find("units"), "systemctl show", |v| list(v, "/units").filter_map(unit).collect()),
        runtimes: runtimes(&read, find("cri"), find("docker")),
        sockets: read.fact(find("sockets"), "ss -lntup", |v| list(v, "/listeners").filter_map(socket).collect()),
        links: read.fact(find("links"), "ip -d address show", ip::links),
        routes: read.fact(find("routes"), "ip route show", ip::routes),
        neighbours: read.fact(find("neigh"), "ip neigh show", ip::neighbours),
        fdb: read.fact(find("fdb"), "bridge fdb show", ip::fdb),
        firewall: firewall(&read, find("iptables"), find("nft")),
        subnet_env: read.maybe(find("subnet-env"), "cat /run/flannel/subnet.env", subnet_env),
        overlay: read.fact(find("overlay"), "etcdctl get --prefix of flannel's registry", registry),
        etcd: etcd(&read, find("etcd")),
        filesystems: read.fact(find("disk"), "df", |v| list(v, "/mounts").map(filesystem).collect()),
        memory: read.fact(find("mem"), "cat /proc/meminfo", memory),
        certificates: read.fact(find("certs"), "openssl x509", |v| list(v, "/certificates").filter_map(certificate).collect()),
        sysctls: read.fact(find("sysctl"), "sysctl", |v| {
            let pairs = v.as_object().into_iter().flatten();
            pairs.filter_map(|(k, v)| Some((k.clone(), v.as_str()?.to_owned()))).collect()
        }),
        clock: Fact::default(),
    };
    facts.clock = read.maybe(find("time"), "date", |v| clock(time(text(v, "now"))?, asked, answered));
    facts
}

struct Reader<'a> {
    node: &'a str,
    answered: Timestamp,
}

impl Reader<'_> {
    fn source(&self, line: &Value, what: &str) -> Source {
        let id = format!("{}/{}", self.node, text(line, "name"));
        let at = time(text(line, "at")).unwrap_or(self.answered);
        Source { id, what: format!("{what} on {}", self.node), vantage: Vantage::Node, at }
    }

    fn fact<T>(&self, line: Option<&Value>, what: &str, read: impl FnOnce(&Value) -> T) -> Fact<T> {
        self.maybe(line, what, |value| Some(read(value)))
    }

    /// `read` answers None when the value says that the thing is not there.
    fn maybe<T>(&self, line: Option<&Value>, what: &str, read: impl FnOnce(&Value) -> Option<T>) -> Fact<T> {
        let Some(line) = line else { return Fact::default() };
        match line.get("value").filter(|_| is_ok(line)) {
            Some(value) => match read(value) {
                Some(value) => Fact::seen(value, self.source(line, what)),
                None => Fact::Absent { source: self.source(line, what) },
            },
            None => Fact::not_looked(kind(line), format!("{} on {}: {}", text(line, "name"), self.node, text(line, "error"))),
        }
    }
}

fn is_ok(line: &Value) -> bool {
    line.get("ok").and_then(Value::as_bool) == Some(true)
}

fn kind(line: &Value) -> WhyKind {
    let error = text(line, "error").to_lowercase();
    if ["timed out", "time limit", "deadline", "did not end"].iter().any(|w| error.contains(w)) {
        WhyKind::TimedOut
    } else {
        WhyKind::Unreachable
    }
}

fn unit(item: &Value) -> Option<(String, Unit)> {
    let name = text(item, "name");
    let unit = Unit {
        load: text(item, "load").to_owned(),
        active: Activity::from_systemd(text(item, "active"))?,
        sub: text(item, "sub").to_owned(),
        result: text(item, "result").to_owned(),
        exit_status: item.get("status").and_then(Value::as_i64).and_then(|n| i32::try_from(n).ok()),
        restarts: item.get("restarts").and_then(Value::as_u64).and_then(|n| u32::try_from(n).ok()).unwrap_or(0),
        enabled: String::new(),
        since: time(text(item, "since")),
        log: list(item, "/journal").filter_map(Value::as_str).map(str::to_owned).collect(),
    };
    Some((name.strip_suffix(".service").unwrap_or(name).to_owned(), unit))
}

/// A runtime that refuses is one that does not answer; one that hangs has not been looked at.
fn runtimes(read: &Reader<'_>, cri: Option<&Value>, docker: Option<&Value>) -> Fact<Vec<Runtime>> {
    let known = [("containerd", "/run/containerd/containerd.sock", cri), ("docker", "/run/docker.sock", docker)];
    let mut source = None;
    let mut all = Vec::new();
    for (name, socket, line) in known {
        let Some(line) = line.filter(|l| is_ok(l) || kind(l) != WhyKind::TimedOut) else { continue };
        let version = [text_at(line, "/value/version"), text_at(line, "/value/info/ServerVersion")].concat();
        let latency_ms = line.get("ms").and_then(Value::as_u64);
        let error = text(line, "error").to_owned();
        all.push(Runtime { name: name.into(), socket: socket.into(), answers: is_ok(line), version, error, latency_ms });
        source = source.or_else(|| Some(read.source(line, "asking the container runtime")));
    }
    match source {
        Some(source) => Fact::seen(all, source),
        None => Fact::default(),
    }
}

fn socket(item: &Value) -> Option<Socket> {
    Some(Socket {
        protocol: text(item, "protocol").to_owned(),
        address: text(item, "address").parse().ok()?,
        port: item.get("port").and_then(Value::as_u64).and_then(|n| u16::try_from(n).ok())?,
        process: text(item, "program").to_owned(),
    })
}

fn firewall(read: &Reader<'_>, iptables: Option<&Value>, nft: Option<&Value>) -> Fact<Ruleset> {
    let native = nft.filter(|l| is_ok(l)).and_then(|l| l.get("value")).map(Ruleset::from_nft_json).unwrap_or_default();
    read.fact(iptables, "iptables-save -c", |v| Ruleset::merged(Ruleset::from_iptables_save(text(v, "save")), native))
}

fn subnet_env(value: &Value) -> Option<SubnetEnv> {
    let get = |key: &str| text_at(value, &format!("/values/{key}"));
    Some(SubnetEnv {
        network: get("FLANNEL_NETWORK").parse().ok()?,
        subnet: get("FLANNEL_SUBNET").parse().ok()?,
        mtu: get("FLANNEL_MTU").parse().ok()?,
        ip_masq: get("FLANNEL_IPMASQ") == "true",
    })
}

fn registry(value: &Value) -> OverlayRegistry {
    let lease = |item: &Value| {
        Some(OverlayLease {
            subnet: text(item, "subnet").parse().ok()?,
            public_ip: text(item, "public_ip").parse().ok()?,
            backend: text(item, "backend_type").to_owned(),
            vtep_mac: text(item, "vtep_mac").to_owned(),
            vni: item.get("vni").and_then(Value::as_u64).and_then(|n| u32::try_from(n).ok()),
        })
    };
    let config = value.get("config").filter(|c| !c.is_null()).cloned();
    OverlayRegistry { config, leases: list(value, "/subnets").filter_map(lease).collect() }
}

/// An etcd that refuses is not healthy; one that could not be asked in time has not been looked at.
fn etcd(read: &Reader<'_>, line: Option<&Value>) -> Fact<EtcdView> {
    match line {
        Some(failed) if !is_ok(failed) && kind(failed) != WhyKind::TimedOut && text(failed, "error").contains("refused") => {
            let view = EtcdView { healthy: false, reason: text(failed, "error").to_owned(), ..EtcdView::default() };
            Fact::seen(view, read.source(failed, "etcdctl endpoint health"))
        }
        line => read.fact(line, "etcdctl endpoint health", etcd_view),
    }
}

fn etcd_view(value: &Value) -> EtcdView {
    let words = |item: &Value, path: &str| list(item, path).filter_map(Value::as_str).map(str::to_owned).collect();
    let member = |m: &Value| EtcdMember {
        id: text(m, "id").to_owned(),
        name: text(m, "name").to_owned(),
        peer_urls: words(m, "/peer_urls"),
        client_urls: words(m, "/client_urls"),
    };
    EtcdView {
        endpoint: text(value, "endpoint").to_owned(),
        healthy: value.get("healthy").and_then(Value::as_bool).unwrap_or(false),
        reason: text(value, "reason").to_owned(),
        version: text(value, "version").to_owned(),
        db_bytes: value.get("db_bytes").and_then(Value::as_u64),
        member_id: text(value, "member_id").to_owned(),
        leader_id: text(value, "leader_id").to_owned(),
        errors: words(value, "/errors"),
        members: list(value, "/members").map(member).collect(),
        alarms: list(value, "/alarms").map(|a| text(a, "alarm").to_owned()).collect(),
    }
}

fn filesystem(item: &Value) -> Filesystem {
    let number = |key: &str| item.get(key).and_then(Value::as_u64);
    Filesystem {
        mount: text(item, "path").to_owned(),
        device: text(item, "device").to_owned(),
        kind: text(item, "fstype").to_owned(),
        size_bytes: number("bytes").unwrap_or(0),
        free_bytes: number("bytes_available").unwrap_or(0),
        inodes: number("inodes").filter(|n| *n > 0),
        inodes_free: number("inodes_available"),
        read_only: item.get("read_only").and_then(Value::as_bool).unwrap_or(false),
    }
}

/// The flavor's limit is the node's memory, where there is one.
fn memory(value: &Value) -> Memory {
    let number = |key: &str| value.get(key).and_then(Value::as_u64);
    let (total, available) = (number("total_kib").unwrap_or(0) << 10, number("available_kib").unwrap_or(0) << 10);
    let limit = number("cgroup_limit_bytes").filter(|l| *l < total);
    let left = limit.zip(number("cgroup_usage_bytes")).map(|(limit, used)| limit.saturating_sub(used));
    Memory { total_bytes: limit.unwrap_or(total), available_bytes: left.unwrap_or(available), oom_kills: number("oom_kills") }
}

fn certificate(item: &Value) -> Option<Certificate> {
    Some(Certificate {
        path: text(item, "path").to_owned(),
        subject: text(item, "subject").to_owned(),
        issuer: text(item, "issuer").to_owned(),
        not_before: time(text(item, "not_before"))?,
        not_after: time(text(item, "not_after"))?,
        sans: list(item, "/sans").filter_map(Value::as_str).map(str::to_owned).collect(),
        fingerprint: text(item, "sha256").to_owned(),
    })
}

/// The node looked between `asked` and `answered`; within that, its clock is right.
fn clock(node: Timestamp, asked: Timestamp, answered: Timestamp) -> Option<Clock> {
    let bound = node.clamp(asked, answered);
    Some(Clock { node, offset_ms: node.as_millisecond() - bound.as_millisecond() })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn whole_lines_are_read_and_the_rest_stays_open() {
        let output = r#"{"name":"units","at":"2026-01-02T03:04:05.678Z","ok":true,"value":{"units":[{"name":"kubelet.service","load":"loaded","active":"failed","sub":"failed","result":"exit-code","status":255,"restarts":3,"pid":0,"since":"","status_text":"","journal":["boom"]}]},"ms":41}
{"name":"cri","at":"2026-01-02T03:04:05.700Z","ok":false,"error":"containerd: connection refused","ms":3}
{"name":"docker","at":"2026-01-02T03:04:05.700Z","ok":false,"error":"timed out after 5 s","ms":5000}
{"name":"subnet-env","at":"2026-01-02T03:04:05.700Z","ok":true,"value":{"present":false,"values":{},"docker":{},"cni":null},"ms":1}
{"name":"time","at":"2026-01-02T03:04:05.700Z","ok":true,"value":{"now":"2026-01-02T03:05:05.000Z"},"ms":1}
{"name":"links","at":"2026-01-0"#;
        let (asked, answered) = ("2026-01-02T03:04:05Z".parse().unwrap(), "2026-01-02T03:04:06Z".parse().unwrap());
        let facts = facts("node-1", output, asked, answered);
        let unit = facts.units.value().unwrap().get("kubelet").unwrap();
        assert_eq!((unit.is_down(), unit.last_words()), (true, Some("boom")));
        let runtimes = facts.runtimes.value().unwrap();
        assert_eq!((runtimes.len(), runtimes[0].answers), (1, false), "a time-out is no answer at all");
        assert!(matches!(facts.subnet_env, Fact::Absent { .. }));
        assert!(matches!(facts.links, Fact::NotLooked(_)), "half a line is nothing");
        assert_eq!(facts.clock.value().unwrap().offset_ms, 59_000);
    }
}
