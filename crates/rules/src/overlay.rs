// SPDX-License-Identifier: Apache-2.0
//! How rules read the overlay of one node, and how tests break it.

use crate::ask::{NodeAsk, need};
use crate::verdict::Stop;
use magnum_facts::node::{Link, NodeFacts, OverlayRegistry, SubnetEnv};
use magnum_facts::{Facts, Look};

/// Runs `etcdctl` with the words behind it as etcd's root, on a master.
pub(crate) const ETCDCTL: &str = "export ETCDCTL_API=3 ETCDCTL_ENDPOINTS=https://$(hostname -I | cut -d' ' -f1):2379 \
ETCDCTL_CACERT=/etc/kubernetes/pki/ca.crt ETCDCTL_CERT=/etc/etcd/pki/root.crt ETCDCTL_KEY=/etc/etcd/pki/root.key; exec etcdctl \"$@\"";

/// The overlay's settings as a new cluster has them.
pub(crate) const CONFIG_KEY: &str = "/coreos.com/network/config";
pub(crate) const CONFIG: &str = r#"{"Network":"10.100.0.0/16","SubnetLen":24,"Backend":{"Type":"vxlan","VNI":1,"Port":8472}}"#;

impl<'a> NodeAsk<'a> {
    fn link(&self, fits: impl Fn(&Link) -> bool) -> Result<Look<'a, Link>, Stop> {
        let links = need(&self.node.links, NodeFacts::LINKS)?;
        links.part(|all| all.iter().find(|l| fits(l))).ok_or(Stop::Quiet)
    }

    /// The overlay's device; quiet when there is none.
    pub(crate) fn tunnel(&self) -> Result<Look<'a, Link>, Stop> {
        self.link(|l| l.name.starts_with("flannel"))
    }

    /// The bridge that pods are on; quiet when there is none.
    pub(crate) fn bridge(&self) -> Result<Look<'a, Link>, Stop> {
        self.link(|l| l.name == "cni0").or_else(|_| self.link(|l| l.name == "docker0"))
    }

    /// What flanneld wrote down of this node's share of the pods' network.
    pub(crate) fn share(&self) -> Result<Look<'a, SubnetEnv>, Stop> {
        need(&self.node.subnet_env, NodeFacts::SUBNET_ENV)
    }

    /// Some probe through the overlay between this node and `peer` (or any other) is lost, or nobody could probe.
    pub(crate) fn overlay_lost(&self, peer: Option<&str>) -> bool {
        let other = |name: &str| name != self.name && peer.is_none_or(|p| p == name);
        let between = |a: &str, b: &str| (a == self.name && other(b)) || (b == self.name && other(a));
        self.all.probes.overlay.value().is_none_or(|pairs| pairs.iter().any(|p| between(&p.from, &p.to) && p.is_dead()))
    }
}

/// The overlay's registry, as the first node that could read it saw it.
pub(crate) fn registry(facts: &Facts) -> Result<Look<'_, OverlayRegistry>, Stop> {
    let mut last = Stop::Quiet;
    for node in facts.nodes.values() {
        match need(&node.overlay, NodeFacts::OVERLAY) {
            Ok(look) => return Ok(look),
            Err(stop) => last = stop,
        }
    }
    Err(last)
}
