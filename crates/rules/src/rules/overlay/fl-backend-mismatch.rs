// SPDX-License-Identifier: Apache-2.0
//! One node's overlay speaks another dialect than the others.
//!
//! ## What you see
//! Only some pairs of nodes reach each other's pods; the packets arrive and are thrown away.
//!
//! ## Why it happens
//! The nodes' flannel devices differ in their network number (VNI) or UDP port, or their entries in the registry name different backends:
//! the settings were changed while flanneld ran on some nodes, or a device was made by hand.
//!
//! ## What to do
//! Restart flanneld on the node that differs: it makes the device anew from the settings in etcd.

use crate::fixture::{drop_rule, kubernetes};
use crate::overlay::registry;
use crate::report::{Command, Risk};
use crate::{Act, CoeKind, Finding, Layer, NodeAsk, Rule, Stop, Verdict, blind, each_node, fires, quiet, when};
use magnum_facts::node::NodeFacts;
use magnum_facts::{Citation, Facts};
use serde_json::Value;

pub static RULE: Rule = Rule {
    id: "fl-backend-mismatch",
    layer: Layer::Overlay,
    coe: CoeKind::Kubernetes,
    guide: "L245-284",
    symptoms: &["S7"],
    needs: &[NodeFacts::LINKS, NodeFacts::OVERLAY],
    explains: &["fl-fdb-or-neigh-missing", "fl-mtu"],
    not_if: &["nv-shutoff", "fl-config-mismatch"],
    check,
    cases: &[
        fires("another VNI", || {
            kubernetes(1, 2).overlay_dead("node-1").link("node-1", "flannel.1", |l| l.vxlan.iter_mut().for_each(|v| v.vni = 7))
        }),
        fires("another port", || {
            kubernetes(1, 2).overlay_dead("node-1").link("node-1", "flannel.1", |l| l.vxlan.iter_mut().for_each(|v| v.port = 4789))
        }),
        quiet("its port is blocked", || kubernetes(1, 2).input_rules("node-1", &[drop_rule(8472, 20)]).overlay_dead("node-1")),
        blind("the node cannot be read", || kubernetes(1, 2).node_dark("node-1")),
    ],
    inject: &[Act::On { node: "node-1", argv: &["sh", "-c", ANOTHER_VNI] }],
    undo: &[Act::On { node: "node-1", argv: &["systemctl", "restart", "flanneld"] }],
    ..Rule::BASE
};

/// The same device with the same addresses, routes and entries, but VNI 7.
const ANOTHER_VNI: &str = "set -e; d=flannel.1; mac=$(cat /sys/class/net/$d/address); own=$(ip -4 -br addr show dev eth0 | awk '{sub(\"/.*\",\"\",$3); print $3}'); \
net=$(ip -4 -br addr show dev $d | awk '{print $3}'); routes=$(ip -4 route show dev $d | awk '{print \"route add\", $1, \"via\", $3, \"dev flannel.1 onlink\"}'); \
neigh=$(ip -4 neigh show dev $d | awk '{print \"neigh add\", $1, \"lladdr\", $3, \"dev flannel.1 nud permanent\"}'); \
fdb=$(bridge fdb show dev $d | awk '{print \"fdb append\", $1, \"dev flannel.1 dst\", $3, \"self permanent\"}'); ip link del $d; \
ip link add $d address $mac type vxlan id 7 local $own dev eth0 dstport 8472 nolearning; ip link set $d mtu 1450 up; ip addr add $net dev $d; \
echo \"$routes\" | ip -batch -; echo \"$neigh\" | ip -batch -; echo \"$fdb\" | bridge -batch -";

fn check(facts: &Facts) -> Verdict {
    each_node(facts, |n| {
        let device = n.tunnel()?;
        let own = device.vxlan.as_ref().ok_or(Stop::Quiet)?;
        let (vni, port, evidence) = wanted(facts, &n)?;
        when((own.vni, own.port) != (vni, port))?;
        let (mine, theirs) = (format!("VNI {}, port {}", own.vni, own.port), format!("VNI {vni}, port {port}"));
        Ok(Finding::cause(n.subject(), format!("{} on {} speaks {mine}; the overlay is {theirs}.", device.name, n.name))
            .because(format!("the node's device has {mine}"), [device.cite(device.name.clone(), format!("vxlan {mine}"))])
            .because(format!("the settings in etcd say {theirs}"), evidence)
            .fix("Restart flanneld on this node: it makes the device anew.")
            .run(Command::new(Risk::ReadOnly, n.exec(&format!("ip -d link show {}", device.name))))
            .run(Command::new(Risk::ChangesNode, n.exec("systemctl restart flanneld"))))
    })
}

/// What the settings in etcd ask for; without a view of them, what the cluster was laid out with.
fn wanted(facts: &Facts, n: &NodeAsk<'_>) -> Result<(u32, u16, Vec<Citation>), Stop> {
    let layout = &facts.cluster.layout;
    let registry = registry(facts);
    let config = registry.as_ref().ok().and_then(|r| r.config.as_ref());
    let backend = |key: &str| config.and_then(|c| c.pointer("/Backend")?.get(key)).and_then(Value::as_u64);
    let vni = backend("VNI").and_then(|v| u32::try_from(v).ok()).or(layout.overlay_vni);
    let port = backend("Port").and_then(|v| u16::try_from(v).ok()).or(layout.overlay_port);
    let (Some(vni), Some(port)) = (vni, port) else { return Err(Stop::Quiet) };
    let evidence = match (&registry, config) {
        (Ok(look), Some(config)) => look.cite("config", config.to_string()),
        _ => facts.cluster.cite("layout", format!("VNI {vni}, port {port} for {}", n.name)),
    };
    Ok((vni, port, vec![evidence]))
}
