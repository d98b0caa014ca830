// SPDX-License-Identifier: Apache-2.0
//! Cluster DNS on masters: dnsmasq as kube-dns.service, fed from the API by kube-dns-feed.service. No image needed.

use crate::command;
use crate::dns::{HOSTS, PID_FILE, query};
use crate::error::Error;
use crate::kubernetes as k8s;
use crate::spec::Questions;
use crate::step::{Context, Gate, Step};
use crate::unit::Unit;
use magnum_blueprint::{KubernetesSpec, NodeSpec};
use std::time::Duration;

pub static STEP: Step = Step {
    name: "dns",
    applies: |spec| spec.kubernetes().is_some() && spec.is_master(),
    needs: &["kube-apiserver"],
    limit: Duration::from_secs(120),
    run,
};

const SERVER: &str = "kube-dns.service";
const FEED: &str = "kube-dns-feed.service";
const FOLDER: &[&str] = &["RuntimeDirectory=kube-dns", "RuntimeDirectoryPreserve=yes"];

fn run(context: &Context) -> Result<(), Error> {
    let (spec, kubernetes) = (&*context.spec, context.kubernetes()?);
    let program =
        std::env::current_exe().map_err(|error| Error::Command { program: "magnum-agent".to_owned(), what: error.to_string() })?;
    let server = Unit {
        name: SERVER,
        description: "cluster DNS (dnsmasq)",
        command: command_line(spec, kubernetes)?,
        service: FOLDER,
        after: "network.target",
        reads: Vec::new(),
    };
    let feed = Unit {
        name: FEED,
        description: "cluster DNS, fed from the Kubernetes API",
        command: vec![program.display().to_string(), "dns".to_owned()],
        service: FOLDER,
        after: "network.target kube-apiserver.service",
        reads: k8s::reads(&[k8s::CA], &[k8s::AGENT]),
    };
    let changed = [server.install()?, feed.install()?].contains(&true);
    context.systemd.start(&[SERVER, FEED], changed)?;
    let name = format!("kubernetes.default.svc.{}", kubernetes.dns_domain);
    context.wait("cluster DNS to know the service kubernetes", &[SERVER, FEED], || match query(spec.node.address, &name) {
        Ok(true) => Ok(Gate::Open(())),
        Ok(false) => Ok(Gate::Closed(format!("{name} is not known yet"))),
        Err(error) => Ok(Gate::Closed(error.to_string())),
    })
}

fn command_line(spec: &NodeSpec, kubernetes: &KubernetesSpec) -> Result<Vec<String>, Error> {
    let mut words = vec![command::find("dnsmasq")?.display().to_string()];
    words.extend(["--keep-in-foreground", "--conf-file=/dev/null", "--no-resolv", "--no-hosts", "--bind-interfaces"].map(str::to_owned));
    words.extend(["--local-ttl=5", "--cache-size=2000", "--bogus-priv"].map(str::to_owned));
    words.push(format!("--addn-hosts={HOSTS}"));
    words.push(format!("--pid-file={PID_FILE}"));
    words.push(format!("--listen-address={}", spec.node.address));
    words.push(format!("--local=/{}/", kubernetes.dns_domain));
    words.extend(spec.dns_servers.iter().map(|server| format!("--server={server}")));
    Ok(words)
}
