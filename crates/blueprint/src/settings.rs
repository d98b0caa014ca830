// SPDX-License-Identifier: Apache-2.0
//! What a blueprint is computed from: a cluster's row, its node groups, its seats, and its secrets.

use crate::options::options;
use crate::{Authorities, Flavor, Taint};
use ipnet::Ipv4Net;
use magnum_types::{ClusterId, Coe, FieldError, Labels, NodeName, Role};
use secrecy::SecretString;
use std::collections::BTreeMap;
use std::net::Ipv4Addr;

/// Everything the blueprint depends on, already looked up.
#[derive(Debug, Clone)]
pub struct Settings {
    pub cluster: ClusterId,
    pub cluster_name: String,
    pub coe: Coe,
    pub labels: Labels,
    /// The template's `apiserver_port`, or none for the COE's usual port.
    pub api_port: Option<u16>,
    /// The template's name servers; empty = the private network's own.
    pub dns_servers: Vec<Ipv4Addr>,
    pub master_lb_enabled: bool,
    /// The cluster's address on the external network.
    pub external_address: Ipv4Addr,
    pub groups: Vec<Group>,
    pub secrets: Secrets,
    /// None until the cluster's authorities are replaced for the first time.
    pub authorities: Option<Authorities>,
}

/// One node group with the nodes that it is to have.
#[derive(Debug, Clone)]
pub struct Group {
    pub name: String,
    pub role: Role,
    pub flavor: Flavor,
    pub image: String,
    pub docker_volume_gib: Option<u32>,
    pub node_labels: BTreeMap<String, String>,
    pub node_taints: Vec<Taint>,
    pub nodes: Vec<SeatedNode>,
}

/// A seat with its credential.
#[derive(Debug, Clone)]
pub struct SeatedNode {
    pub name: NodeName,
    pub index: u32,
    pub address: Ipv4Addr,
    pub token: SecretString,
    pub powered_on: bool,
}

/// Secrets of the whole cluster.
#[derive(Debug, Clone)]
pub struct Secrets {
    pub service_account_key: SecretString,
    pub flannel_password: SecretString,
}

/// The address ranges of a cluster, read from its labels.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Ranges {
    /// Label `fixed_subnet_cidr`, default 10.0.0.0/24.
    pub nodes: Ipv4Net,
    /// Label `flannel_network_cidr`, default 10.100.0.0/16.
    pub pods: Ipv4Net,
    /// Label `flannel_network_subnetlen`, default 24.
    pub pod_subnet_len: u8,
    /// Label `service_cluster_ip_range`, default 10.254.0.0/16.
    pub services: Ipv4Net,
}

impl Ranges {
    /// Reads the labels; an error names the label, also when two ranges overlap.
    pub fn from_labels(labels: &Labels) -> Result<Self, FieldError> {
        let ranges =
            Self {
                nodes: cidr(labels, "fixed_subnet_cidr", Ipv4Net::new_assert(Ipv4Addr::new(10, 0, 0, 0), 24), 16..=28)?,
                pods: cidr(labels, "flannel_network_cidr", Ipv4Net::new_assert(Ipv4Addr::new(10, 100, 0, 0), 16), 8..=24)?,
                pod_subnet_len: match labels.get("flannel_network_subnetlen") {
                    None => 24,
                    Some(text) => text.parse().ok().filter(|n| (16..=28).contains(n)).ok_or_else(|| {
                        FieldError::new("labels/flannel_network_subnetlen", text, "should be a prefix length from 16 to 28")
                    })?,
                },
                services: cidr(labels, "service_cluster_ip_range", Ipv4Net::new_assert(Ipv4Addr::new(10, 254, 0, 0), 16), 12..=24)?,
            };
        if ranges.pod_subnet_len <= ranges.pods.prefix_len() {
            return Err(FieldError::new(
                "labels/flannel_network_subnetlen",
                ranges.pod_subnet_len.to_string(),
                format!("should be longer than the prefix of flannel_network_cidr, {}", ranges.pods),
            ));
        }
        let named =
            [("fixed_subnet_cidr", ranges.nodes), ("flannel_network_cidr", ranges.pods), ("service_cluster_ip_range", ranges.services)];
        for (i, (label, range)) in named.iter().enumerate() {
            if let Some((other, taken)) = named.iter().take(i).find(|(_, taken)| overlap(range, taken)) {
                return Err(FieldError::new(format!("labels/{label}"), range.to_string(), format!("overlaps {other} {taken}")));
            }
        }
        Ok(ranges)
    }

    /// The router's address: the first of the nodes' range.
    pub fn gateway(&self) -> Ipv4Addr {
        nth(self.nodes, 1)
    }

    /// The load balancer's address: the second of the nodes' range.
    pub fn vip(&self) -> Ipv4Addr {
        nth(self.nodes, 2)
    }

    /// Cluster DNS: the tenth service address, as Magnum has it.
    pub fn dns(&self) -> Ipv4Addr {
        nth(self.services, 10)
    }

    /// The addresses nodes can have, from the fifth to the last but one.
    pub fn seats(&self) -> impl Iterator<Item = Ipv4Addr> {
        let last = u32::from(self.nodes.broadcast());
        (u32::from(nth(self.nodes, 5))..last).map(Ipv4Addr::from)
    }
}

/// The domain of cluster DNS: label `dns_cluster_domain`, default `cluster.local`.
pub fn dns_domain(labels: &Labels) -> Result<String, FieldError> {
    let text = labels.get("dns_cluster_domain").unwrap_or("cluster.local");
    let label = |l: &str| {
        (1..=63).contains(&l.len())
            && l.bytes().all(|b| b.is_ascii_lowercase() || b.is_ascii_digit() || b == b'-')
            && !l.starts_with('-')
            && !l.ends_with('-')
    };
    if text.len() <= 200 && text.split('.').all(label) {
        Ok(text.to_owned())
    } else {
        Err(FieldError::new("labels/dns_cluster_domain", text, "should be a lower-case DNS domain such as cluster.local"))
    }
}

/// Checks every label that this program acts on; the API calls it before it accepts a template or a cluster.
pub fn check_labels(labels: &Labels) -> Result<(), FieldError> {
    Ranges::from_labels(labels)?;
    dns_domain(labels)?;
    options(labels).map(|_| ())
}

/// The `n`-th address of a range; the ranges here are all larger than any `n` used.
fn nth(range: Ipv4Net, n: u32) -> Ipv4Addr {
    Ipv4Addr::from(u32::from(range.network()).wrapping_add(n))
}

fn overlap(a: &Ipv4Net, b: &Ipv4Net) -> bool {
    a.contains(b) || b.contains(a)
}

fn cidr(labels: &Labels, label: &str, default: Ipv4Net, prefixes: std::ops::RangeInclusive<u8>) -> Result<Ipv4Net, FieldError> {
    let Some(text) = labels.get(label) else { return Ok(default) };
    let field = format!("labels/{label}");
    let wrong = |problem: String| FieldError::new(field.clone(), text, problem);
    let range: Ipv4Net = text.parse().map_err(|_| wrong(format!("should be an IPv4 range such as {default}")))?;
    if range.addr() != range.network() {
        return Err(wrong(format!("has host bits set; write {}", range.trunc())));
    }
    if !prefixes.contains(&range.prefix_len()) {
        return Err(wrong(format!("should have a prefix length from {} to {}", prefixes.start(), prefixes.end())));
    }
    let private = [[10, 0, 0, 0, 8], [172, 16, 0, 0, 12], [192, 168, 0, 0, 16], [100, 64, 0, 0, 10]];
    let inside = private.iter().any(|[a, b, c, d, len]| Ipv4Net::new_assert(Ipv4Addr::new(*a, *b, *c, *d), *len).contains(&range));
    if inside {
        Ok(range)
    } else {
        Err(wrong("should lie in a private range: 10.0.0.0/8, 172.16.0.0/12, 192.168.0.0/16 or 100.64.0.0/10".to_owned()))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(pairs: &[(&str, &str)]) -> Result<Ranges, FieldError> {
        Ranges::from_labels(&Labels(pairs.iter().map(|(k, v)| ((*k).to_owned(), (*v).to_owned())).collect()))
    }

    #[test]
    fn without_labels_the_ranges_are_magnums() {
        let ranges = read(&[]).unwrap();
        assert_eq!(ranges.nodes.to_string(), "10.0.0.0/24");
        assert_eq!(ranges.gateway().to_string(), "10.0.0.1");
        assert_eq!(ranges.vip().to_string(), "10.0.0.2");
        assert_eq!(ranges.dns().to_string(), "10.254.0.10");
        assert_eq!(ranges.seats().count(), 250);
        assert_eq!(ranges.seats().next().unwrap().to_string(), "10.0.0.5");
        assert_eq!(ranges.seats().last().unwrap().to_string(), "10.0.0.254");
    }

    #[test]
    fn a_cluster_domain_is_a_dns_name_and_nothing_else() {
        let domain = |text: &str| dns_domain(&Labels([("dns_cluster_domain".to_owned(), text.to_owned())].into()));
        assert_eq!(domain("k8s.example").unwrap(), "k8s.example");
        for bad in ["a b", "a;b", "-a", "a..b", "A.local", "x\ny", "$(id)", &"a".repeat(64)] {
            assert_eq!(domain(bad).unwrap_err().field, "labels/dns_cluster_domain", "{bad:?}");
        }
    }

    #[test]
    fn a_wrong_range_names_its_label() {
        for (label, value) in [
            ("fixed_subnet_cidr", "10.0.0.1/24"),
            ("fixed_subnet_cidr", "10.0.0.0/30"),
            ("fixed_subnet_cidr", "$(reboot)"),
            ("fixed_subnet_cidr", "8.8.8.0/24"),
            ("fixed_subnet_cidr", "10.0.0.0/24\n"),
            ("flannel_network_cidr", "10.0.0.0/16"),
            ("flannel_network_subnetlen", "12"),
            ("flannel_network_subnetlen", "16"),
            ("service_cluster_ip_range", "10.100.7.0/24"),
        ] {
            assert_eq!(read(&[(label, value)]).unwrap_err().field, format!("labels/{label}"), "{value}");
        }
    }
}
