// SPDX-License-Identifier: Apache-2.0
//! All keys and certificates of a Kubernetes node, and the kubeconfigs that use them.

use crate::certificate::{self, Wanted};
use crate::error::Error;
use crate::file;
use crate::kubernetes as k8s;
use crate::spec::Questions;
use crate::step::{Context, Gate, Step};
use magnum_blueprint::{KubernetesSpec, NodeSpec};
use magnum_pki::{San, Subject};
use secrecy::ExposeSecret;
use std::net::{IpAddr, Ipv4Addr};
use std::path::Path;
use std::time::Duration;

pub static STEP: Step =
    Step { name: "certificates", applies: |spec| spec.kubernetes().is_some(), needs: &[], limit: Duration::from_secs(300), run };

fn run(context: &Context) -> Result<(), Error> {
    let (spec, kubernetes) = (&*context.spec, context.kubernetes()?);
    file::make_folder(Path::new("/etc/kubernetes/pki"), 0o755)?;
    let mut wanted = of_every_node(spec);
    if spec.is_master() {
        wanted.extend(of_masters(spec, kubernetes)?);
    }
    let what = format!("{} to sign certificates", context.magnum.peer());
    context.wait(&what, &[], || certificate::ensure(&wanted, &context.magnum, context.spec.authorities.as_ref()).map(Gate::Open))?;
    k8s::write_kubeconfig("/etc/kubernetes/kubelet.conf", spec, kubernetes, k8s::KUBELET)?;
    k8s::write_kubeconfig("/etc/kubernetes/kube-proxy.conf", spec, kubernetes, k8s::KUBE_PROXY)?;
    if spec.is_master() {
        k8s::write_kubeconfig("/etc/kubernetes/controller-manager.conf", spec, kubernetes, k8s::CONTROLLER_MANAGER)?;
        k8s::write_kubeconfig("/etc/kubernetes/scheduler.conf", spec, kubernetes, k8s::SCHEDULER)?;
        // For whoever logs in on the master: kubectl works there at once.
        k8s::write_kubeconfig("/root/.kube/config", spec, kubernetes, k8s::AGENT)?;
        let key = context.control_plane()?.service_account_key.expose_secret();
        file::write(Path::new(k8s::SERVICE_ACCOUNT_KEY), key, file::SECRET)?;
        write_etcd_client_cas()?;
    }
    Ok(())
}

/// etcd lets in clients of two CAs: its own (the API server) and the cluster's (nodes, which bring a password too).
fn write_etcd_client_cas() -> Result<(), Error> {
    let both = format!("{}\n{}\n", file::read(Path::new("/etc/etcd/pki/ca.crt"))?.trim(), file::read(Path::new(k8s::CA))?.trim());
    file::write(Path::new("/etc/etcd/pki/client-ca.crt"), &both, file::PUBLIC).map(drop)
}

fn of_the_cluster(stem: &'static str, subject: Subject, sans: Vec<San>) -> Wanted {
    Wanted { ca: "kubernetes", ca_path: k8s::CA, stem, subject, sans }
}

fn node_subject(spec: &NodeSpec) -> Subject {
    Subject::new(format!("system:node:{}", spec.node.name), &["system:nodes"])
}

fn own_names(spec: &NodeSpec) -> Vec<San> {
    vec![San::Dns(spec.node.name.to_string()), ip(spec.node.address)]
}

fn of_every_node(spec: &NodeSpec) -> Vec<Wanted> {
    vec![
        of_the_cluster(k8s::KUBELET, node_subject(spec), own_names(spec)),
        of_the_cluster(k8s::KUBE_PROXY, Subject::new("system:kube-proxy", &["system:node-proxier"]), Vec::new()),
        of_the_cluster(k8s::ETCD_CLIENT, Subject::new("", &["magnum:etcd-clients"]), Vec::new()),
    ]
}

fn of_masters(spec: &NodeSpec, kubernetes: &KubernetesSpec) -> Result<Vec<Wanted>, Error> {
    let of_etcd = |stem, subject, sans| Wanted { ca: "etcd", ca_path: "/etc/etcd/pki/ca.crt", stem, subject, sans };
    let mut peer_names = own_names(spec);
    peer_names.extend([San::Dns("localhost".to_owned()), ip(Ipv4Addr::LOCALHOST)]);
    Ok(vec![
        of_the_cluster(k8s::APISERVER, Subject::new("kube-apiserver", &[]), server_names(spec, kubernetes)?),
        of_the_cluster(k8s::APISERVER_KUBELET, Subject::new("kube-apiserver-kubelet-client", &["system:masters"]), Vec::new()),
        of_the_cluster(k8s::CONTROLLER_MANAGER, Subject::new("system:kube-controller-manager", &[]), Vec::new()),
        of_the_cluster(k8s::SCHEDULER, Subject::new("system:kube-scheduler", &[]), Vec::new()),
        of_the_cluster(k8s::AGENT, Subject::new("magnum-agent", &["system:masters"]), Vec::new()),
        // What etcd shows to clients is signed by the CA every node has.
        of_the_cluster("/etc/etcd/pki/server", node_subject(spec), own_names(spec)),
        of_etcd("/etc/etcd/pki/peer", Subject::new(spec.node.name.as_str(), &[]), peer_names),
        of_etcd("/etc/etcd/pki/root", Subject::new("root", &[]), Vec::new()),
        Wanted {
            ca: "front-proxy",
            ca_path: k8s::FRONT_PROXY_CA,
            stem: k8s::FRONT_PROXY,
            subject: Subject::new("front-proxy", &[]),
            sans: Vec::new(),
        },
    ])
}

/// Everything clients may call the API server.
fn server_names(spec: &NodeSpec, kubernetes: &KubernetesSpec) -> Result<Vec<San>, Error> {
    let service = kubernetes.service_cidr.hosts().next();
    let service = service.ok_or_else(|| Error::Spec(format!("service_cidr: {} has no addresses", kubernetes.service_cidr)))?;
    let mut names = vec![ip(service), ip(Ipv4Addr::LOCALHOST), ip(spec.node.address), ip(kubernetes.api_address)];
    let domain = &kubernetes.dns_domain;
    for name in ["localhost", "kubernetes", "kubernetes.default", "kubernetes.default.svc", spec.node.name.as_str()] {
        names.push(San::Dns(name.to_owned()));
    }
    names.push(San::Dns(format!("kubernetes.default.svc.{domain}")));
    let control_plane = kubernetes.control_plane.iter().flat_map(|plane| &plane.api_sans);
    names.extend(control_plane.map(|name| name.parse::<IpAddr>().map_or_else(|_| San::Dns(name.clone()), San::Ip)));
    names.sort();
    names.dedup();
    Ok(names)
}

fn ip(address: Ipv4Addr) -> San {
    San::Ip(IpAddr::V4(address))
}
