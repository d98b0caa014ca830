// SPDX-License-Identifier: Apache-2.0
//! The external network of an instance: a namespace with the provider's gateway, in which every cluster's router has
//! its outer port, and one link from this machine into it.
//!
//! Traffic to the range never takes the default route: an unreachable route lies under the real one for as long as
//! the instance has a cluster. Connections are only made from this machine to clusters; from clusters to this machine
//! never. Nothing passes the machine's FORWARD chain, unless egress is on.

use crate::Error;
use crate::local::failed;
use crate::local::instance::Instance;
use magnum_host::{Namespace, Program, link, nft};

/// The bridge that the routers' outer ports are on.
pub(crate) const BRIDGE: &str = "br-ex";
/// This machine's link, in the namespace.
const HOST: &str = "host";
/// Worse than every other route.
const GUARD_METRIC: u32 = 40_000;

/// The namespace.
pub(crate) fn namespace(instance: &Instance) -> Namespace {
    Namespace::named(format!("mg-{}.external", instance.id))
}

/// The machine's end of its link.
pub(crate) fn host_link(instance: &Instance) -> String {
    format!("mg-{}", instance.id)
}

/// Whether it looks usable from here.
pub(crate) fn is_up(instance: &Instance) -> bool {
    link::exists(&host_link(instance)) && namespace(instance).enter(|| link::exists(HOST)).unwrap_or(false)
}

/// Sees to it that nothing for the range leaves this machine, whatever else is up or down.
pub(crate) fn guard(instance: &Instance) -> Result<(), Error> {
    let route = format!("route replace unreachable {} metric {GUARD_METRIC}", instance.external);
    link::batch(&[route]).map_err(failed("external network"))
}

/// Makes what is missing of it.
pub(crate) fn ensure(instance: &Instance, egress: bool) -> Result<(), Error> {
    if !is_up(instance) {
        refuse_foreign_routes(instance)?;
    }
    guard(instance)?;
    let namespace = namespace(instance);
    namespace.create().map_err(failed("external network"))?;
    let (device, range) = (host_link(instance), instance.external);
    let (gateway, own) = (instance.gateway(), instance.own_address());
    if !link::is_pair(&device, &namespace, HOST).map_err(failed("external network"))? {
        link::batch(&[format!("link add {device} type veth peer name {HOST} netns {}", namespace.name())])
            .map_err(failed("external network"))?;
    }
    let inside = namespace.enter(|| inner(instance, egress)).map_err(failed("external network"))?;
    inside.map_err(failed("external network"))?;
    let commands = [
        format!("address replace {own}/32 dev {device}"),
        format!("link set {device} up"),
        format!("route replace {gateway}/32 dev {device} scope link"),
        format!("route replace {range} via {gateway} dev {device} src {own}"),
    ];
    link::batch(&commands).map_err(failed("external network"))?;
    if egress { open_egress(instance) } else { close_egress(instance) }
}

/// Removes all of it, also what is only half there.
pub(crate) fn remove(instance: &Instance) -> Result<(), Error> {
    close_egress(instance)?;
    let device = host_link(instance);
    if link::exists(&device) {
        link::delete(&device).map_err(failed("external network"))?;
    }
    namespace(instance).delete().map_err(failed("external network"))?;
    let routes = link::routes().map_err(failed("external network"))?;
    let range = instance.external.to_string();
    if routes.iter().any(|r| r.dst == range && r.metric == Some(GUARD_METRIC)) {
        let route = format!("route delete unreachable {range} metric {GUARD_METRIC}");
        link::batch(&[route]).map_err(failed("external network"))?;
    }
    Ok(())
}

fn inner(instance: &Instance, egress: bool) -> Result<(), magnum_host::Error> {
    let (range, gateway, own) = (instance.external, instance.gateway(), instance.own_address());
    link::disable_ipv6()?;
    let mut commands = vec!["link set lo up".to_owned()];
    if !link::exists(BRIDGE) {
        commands.push(format!("link add {BRIDGE} type bridge forward_delay 0 mcast_snooping 0"));
    }
    commands.push(format!("link set {BRIDGE} up"));
    commands.push(format!("address replace {gateway}/{} dev {BRIDGE}", range.prefix_len()));
    commands.push(format!("link set {HOST} up"));
    commands.push(format!("route replace {own}/32 dev {HOST} scope link"));
    // Routers look for this machine on their own link.
    commands.push(format!("neighbour replace proxy {own} dev {BRIDGE}"));
    commands.push(match egress {
        true => format!("route replace default via {own} dev {HOST}"),
        false => "route replace unreachable default".to_owned(),
    });
    link::batch(&commands)?;
    link::sysctl("ipv4/ip_forward", "1")?;
    link::sysctl("ipv4/icmp_ratelimit", "0")?;
    nft::load(&nft::replace_table("ip", "external", &rules(egress)))
}

fn rules(egress: bool) -> String {
    let out =
        if egress { format!("    iifname \"{BRIDGE}\" oifname \"{HOST}\" counter accept comment \"egress\"\n") } else { String::new() };
    format!(
        "  chain forward {{
    type filter hook forward priority filter; policy drop
    ct state established,related accept
    iifname \"{HOST}\" oifname \"{BRIDGE}\" counter accept comment \"this machine to clusters\"
{out}    counter reject
  }}
  chain input {{
    type filter hook input priority filter; policy drop
    iifname \"lo\" accept
    ct state established,related accept
    meta l4proto icmp accept
    counter reject
  }}
"
    )
}

/// Another program's routes into the range would make our addresses mean something else.
fn refuse_foreign_routes(instance: &Instance) -> Result<(), Error> {
    let device = host_link(instance);
    let range = instance.external;
    let routes = link::routes().map_err(failed("external network"))?;
    let foreign = routes.iter().filter(|r| r.dev.as_deref() != Some(device.as_str()) && r.metric != Some(GUARD_METRIC));
    let used = foreign.filter_map(|r| r.dst.parse::<ipnet::Ipv4Net>().ok().map(|dst| (dst, r.dev.clone())));
    match used.into_iter().find(|(dst, _)| dst.prefix_len() > 0 && (dst.contains(&range) || range.contains(dst))) {
        None => Ok(()),
        Some((dst, dev)) => Err(Error::Prerequisite {
            what: format!("this machine has a route to {dst} ({}), which overlaps the external range {range}", dev.unwrap_or_default()),
            hint: "give another external range".to_owned(),
        }),
    }
}

fn table(instance: &Instance) -> String {
    format!("magnum-{}", instance.id)
}

/// The comment of our rules in other people's chains.
fn comment(instance: &Instance) -> String {
    format!("magnum-{}", instance.id)
}

/// Lets clusters reach the outside through this machine, but not this machine itself.
fn open_egress(instance: &Instance) -> Result<(), Error> {
    let device = host_link(instance);
    let range = instance.external;
    let body = format!(
        "  chain postrouting {{
    type nat hook postrouting priority srcnat; policy accept
    ip saddr {range} oifname != \"{device}\" masquerade
  }}
  chain input {{
    type filter hook input priority filter - 1; policy accept
    iifname \"{device}\" ct state established,related accept
    iifname \"{device}\" counter reject
  }}
"
    );
    let attempt = || -> Result<(), magnum_host::Error> {
        link::sysctl("ipv4/ip_forward", "1")?;
        nft::load(&nft::replace_table("ip", &table(instance), &body))?;
        for rule in forward_rules(instance) {
            if forward_chain("-C", &rule).run().is_err() {
                forward_chain("-I", &rule).run()?;
            }
        }
        Ok(())
    };
    attempt().map_err(failed("egress"))
}

fn close_egress(instance: &Instance) -> Result<(), Error> {
    nft::load(&nft::delete_table("ip", &table(instance))).map_err(failed("egress"))?;
    if magnum_host::program::find("iptables").is_some() {
        for rule in forward_rules(instance) {
            while forward_chain("-C", &rule).run().is_ok() {
                forward_chain("-D", &rule).run().map_err(failed("egress"))?;
            }
        }
    }
    Ok(())
}

/// Docker sets the policy of FORWARD to DROP; a table of our own cannot overrule that.
fn forward_rules(instance: &Instance) -> [Vec<String>; 2] {
    let device = host_link(instance);
    let rule = |parts: &[&str]| {
        parts
            .iter()
            .map(|p| (*p).to_owned())
            .chain(["-m", "comment", "--comment"].map(str::to_owned))
            .chain([comment(instance), "-j".to_owned(), "ACCEPT".to_owned()])
            .collect()
    };
    [rule(&["-i", &device]), rule(&["-o", &device, "-m", "conntrack", "--ctstate", "ESTABLISHED,RELATED"])]
}

fn forward_chain(verb: &str, rule: &[String]) -> Program {
    Program::new("iptables").args(["-w", "5", verb, "FORWARD"]).args(rule)
}
