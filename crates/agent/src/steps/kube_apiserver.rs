// SPDX-License-Identifier: Apache-2.0
//! The API server. It takes longest of all, so it is started as soon as there are certificates.

use crate::command;
use crate::error::Error;
use crate::kubernetes as k8s;
use crate::spec::Questions;
use crate::step::{Context, Gate, Step};
use crate::unit::Unit;
use magnum_blueprint::{KubernetesSpec, NodeSpec};
use std::time::Duration;
use ureq::http::Method;

pub static STEP: Step = Step {
    name: "kube-apiserver",
    applies: |spec| spec.kubernetes().is_some() && spec.is_master(),
    needs: &["certificates"],
    limit: Duration::from_secs(300),
    run,
};

pub const UNIT: &str = "kube-apiserver.service";

fn run(context: &Context) -> Result<(), Error> {
    let (spec, kubernetes) = (&*context.spec, context.kubernetes()?);
    let unit = Unit {
        name: UNIT,
        description: "Kubernetes API server",
        command: command_line(spec, kubernetes)?,
        service: &["LimitNOFILE=65536", "OOMScoreAdjust=-900"],
        after: "network.target etcd.service",
        reads: k8s::reads(
            &[k8s::CA, k8s::FRONT_PROXY_CA, "/etc/etcd/pki/root.crt"],
            &[k8s::APISERVER, k8s::APISERVER_KUBELET, k8s::FRONT_PROXY],
        ),
    };
    let changed = unit.install()?;
    // Among several masters etcd may take its time, and an API server without etcd ends itself after 20 seconds. One that
    // runs is restarted only when etcd, which may be restarted for the same reason, is back.
    if kubernetes.masters.len() > 1 || changed && context.systemd.state(UNIT)?.is_active() {
        context.wait("etcd", &[], || Ok(if context.board.is_done("etcd") { Gate::Open(()) } else { Gate::Closed(String::new()) }))?;
    }
    context.systemd.start(&[UNIT], changed)?;
    let api = k8s::client(spec, kubernetes, k8s::AGENT, Duration::from_secs(5))?;
    context.wait(&format!("{} to be ready", api.peer()), &[UNIT, "etcd.service"], || {
        let reply = api.send(Method::GET, "/readyz", None)?;
        Ok(if reply.status == 200 { Gate::Open(()) } else { Gate::Closed(not_ok(&reply.text)) })
    })
}

/// The checks that `/readyz` says are not passed.
fn not_ok(text: &str) -> String {
    let failing = text.lines().filter_map(|line| line.strip_prefix("[-]")).filter_map(|line| line.split(' ').next());
    failing.collect::<Vec<_>>().join(", ")
}

fn command_line(spec: &NodeSpec, kubernetes: &KubernetesSpec) -> Result<Vec<String>, Error> {
    let pair = |stem: &str| (format!("{stem}.crt"), format!("{stem}.key"));
    let (server, server_key) = pair(k8s::APISERVER);
    let (kubelet, kubelet_key) = pair(k8s::APISERVER_KUBELET);
    let (front, front_key) = pair(k8s::FRONT_PROXY);
    let key = k8s::SERVICE_ACCOUNT_KEY.to_owned();
    let flags = [
        ("advertise-address", spec.node.address.to_string()),
        ("secure-port", kubernetes.api_port.to_string()),
        ("etcd-servers", format!("https://{}:{}", spec.node.address, crate::etcd::PORT)),
        ("etcd-cafile", k8s::CA.to_owned()),
        ("etcd-certfile", "/etc/etcd/pki/root.crt".to_owned()),
        ("etcd-keyfile", "/etc/etcd/pki/root.key".to_owned()),
        ("tls-cert-file", server),
        ("tls-private-key-file", server_key),
        ("client-ca-file", k8s::CA.to_owned()),
        ("kubelet-client-certificate", kubelet),
        ("kubelet-client-key", kubelet_key),
        ("kubelet-certificate-authority", k8s::CA.to_owned()),
        ("kubelet-preferred-address-types", "InternalIP".to_owned()),
        ("service-account-key-file", key.clone()),
        ("service-account-signing-key-file", key),
        ("service-account-issuer", "https://kubernetes.default.svc".to_owned()),
        ("service-cluster-ip-range", kubernetes.service_cidr.to_string()),
        ("authorization-mode", "Node,RBAC".to_owned()),
        ("enable-admission-plugins", "NodeRestriction".to_owned()),
        ("allow-privileged", "true".to_owned()),
        ("requestheader-client-ca-file", k8s::FRONT_PROXY_CA.to_owned()),
        ("requestheader-allowed-names", "front-proxy".to_owned()),
        ("requestheader-username-headers", "X-Remote-User".to_owned()),
        ("requestheader-group-headers", "X-Remote-Group".to_owned()),
        ("requestheader-extra-headers-prefix", "X-Remote-Extra-".to_owned()),
        ("proxy-client-cert-file", front),
        ("proxy-client-key-file", front_key),
        ("profiling", "false".to_owned()),
    ];
    let mut words = vec![command::find("kube-apiserver")?.display().to_string()];
    words.extend(flags.map(|(flag, value)| format!("--{flag}={value}")));
    words.extend(k8s::options(kubernetes, "kube-apiserver"));
    Ok(words)
}
