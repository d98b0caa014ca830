// SPDX-License-Identifier: Apache-2.0
//! The router: gateway address inside, floating addresses outside, translation and filter, and the DNS server.

use crate::Error;
use crate::local::machine::Machine;
use crate::local::names::{INSIDE, Names, OUTSIDE, mac};
use crate::local::render::{dns, router};
use crate::local::{digest, external, failed, router_digest};
use magnum_blueprint::Blueprint;
use magnum_host::{Program, file, link, nft, process};
use std::net::Ipv4Addr;
use std::path::PathBuf;
use std::time::Duration;

/// How long a DNS server may take to end.
const END_LIMIT: Duration = Duration::from_secs(5);

/// Makes what is missing of it, and what has changed.
pub(crate) fn ensure(machine: &Machine, blueprint: &Blueprint) -> Result<(), Error> {
    let names = machine.names(blueprint.cluster);
    attach_outside(machine, &names, blueprint)?;
    let gateway = machine.instance.gateway();
    let range = machine.instance.external.prefix_len();
    let namespace = names.router();
    namespace.enter(|| configure(blueprint, gateway, range)).map_err(failed("router"))?.map_err(failed("router"))?;
    start_dns(machine, &names, blueprint)?;
    let alias = format!("link set {INSIDE} alias {}", router_digest(blueprint, &machine.resolvers));
    namespace.enter(|| link::batch(&[alias])).map_err(failed("router"))?.map_err(failed("router"))
}

/// The outer link, from the external network's side.
fn attach_outside(machine: &Machine, names: &Names, blueprint: &Blueprint) -> Result<(), Error> {
    let _held = machine.hold_external()?;
    external::ensure(&machine.instance, machine.config.egress)?;
    let (tap, router) = (names.external_tap(), names.router());
    let address = blueprint.floating.first().map_or(blueprint.network.gateway, |f| f.external);
    let inside = external::namespace(&machine.instance).enter(|| -> Result<(), magnum_host::Error> {
        let mut commands = Vec::new();
        if !link::is_pair(&tap, &router, OUTSIDE)? {
            commands.push(format!("link add {tap} type veth peer name {OUTSIDE} netns {} address {}", router.name(), mac(address)));
        }
        commands.push(format!("link set {tap} master {} up", external::BRIDGE));
        link::batch(&commands)
    });
    inside.map_err(failed("router"))?.map_err(failed("router"))
}

/// Addresses, routes, rules. Runs in the router's namespace. The filter is loaded before anything is forwarded.
fn configure(blueprint: &Blueprint, provider: Ipv4Addr, external_prefix: u8) -> Result<(), magnum_host::Error> {
    nft::load(&router::rules(blueprint))?;
    let network = &blueprint.network;
    let mut wanted = vec![(INSIDE, network.gateway, network.cidr.prefix_len())];
    wanted.extend(blueprint.load_balancer.iter().map(|b| (INSIDE, b.vip, 32)));
    wanted.extend(blueprint.floating.iter().map(|f| (OUTSIDE, f.external, external_prefix)));
    let mut commands = Vec::new();
    for link in link::list()?.iter().filter(|l| l.name == INSIDE || l.name == OUTSIDE) {
        let surplus = link.ipv4().filter(|(a, p)| !wanted.contains(&(link.name.as_str(), *a, *p)));
        commands.extend(surplus.map(|(address, prefix)| format!("address delete {address}/{prefix} dev {}", link.name)));
    }
    commands.push("link set lo up".to_owned());
    commands.extend(wanted.iter().map(|(device, address, prefix)| format!("address replace {address}/{prefix} dev {device}")));
    commands.push(format!("link set {INSIDE} up"));
    commands.push(format!("link set {OUTSIDE} up"));
    commands.push(match blueprint.floating.is_empty() {
        true => "route replace unreachable default".to_owned(),
        false => format!("route replace default via {provider} dev {OUTSIDE}"),
    });
    link::batch(&commands)?;
    link::sysctl("ipv4/icmp_ratelimit", "0")?;
    link::sysctl("ipv4/ip_forward", "1")
}

/// The running DNS server of the cluster.
pub(crate) fn dns_pid(machine: &Machine, names: &Names) -> Option<i32> {
    let (pid_file, config) = dns_files(machine, names)?;
    process::daemon(&pid_file, &argument(&config))
}

/// Its pid file and the newest configuration that was written, which is its argument.
fn dns_files(machine: &Machine, names: &Names) -> Option<(PathBuf, PathBuf)> {
    let folder = machine.clusters_dir().join(names.short());
    let config = file::names(&folder).into_iter().find(|n| n.starts_with("dnsmasq-") && n.ends_with(".conf"))?;
    Some((folder.join("dnsmasq.pid"), folder.join(config)))
}

fn argument(config: &std::path::Path) -> String {
    format!("--conf-file={}", config.display())
}

/// The configuration's name holds its digest: a running server's argument says which one it has.
fn start_dns(machine: &Machine, names: &Names, blueprint: &Blueprint) -> Result<(), Error> {
    let folder = machine.clusters_dir().join(names.short());
    let pid_file = folder.join("dnsmasq.pid");
    let text = dns::file(&dns::config(blueprint, &machine.resolvers), &pid_file);
    let config = folder.join(format!("dnsmasq-{}.conf", digest::short(&text)));
    let resource = "DNS server";
    if process::daemon(&pid_file, &argument(&config)).is_some() {
        return Ok(());
    }
    if let Some((pid_file, old)) = dns_files(machine, names) {
        if let Some(pid) = process::daemon(&pid_file, &argument(&old)) {
            process::end(&[pid], END_LIMIT).map_err(failed(resource))?;
        }
        file::remove(&old).map_err(failed(resource))?;
    }
    file::write(&config, text.as_bytes(), 0o600).map_err(failed(resource))?;
    let start = || Program::new("dnsmasq").arg(argument(&config)).run().map(drop);
    names.router().enter(start).map_err(failed(resource))?.map_err(failed(resource))
}
