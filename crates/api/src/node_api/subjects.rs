// SPDX-License-Identifier: Apache-2.0
//! Which certificates a node may have: the table of `docs/node-api.md`, as a pure function.

use crate::certificate::Ca;
use magnum_pki::{Eku, San, Subject};
use magnum_types::Role;

/// Who asks.
pub(crate) struct Seat<'a> {
    pub name: &'a str,
    pub address: &'a str,
    pub role: Role,
    /// The cluster runs Docker in swarm mode.
    pub swarm: bool,
}

/// Which alternative names may stand in a certificate.
enum Names {
    None,
    /// The node's own name and address.
    Own,
    /// Also 127.0.0.1 and localhost.
    OwnAndLocal,
    /// Any name or address that a certificate can hold.
    Any,
}

/// The usages of the certificate, or why it is refused. Asked usages are given if all are allowed; without any, all
/// allowed ones are.
pub(crate) fn usages(seat: &Seat<'_>, ca: Ca, subject: &Subject, sans: &[San], asked: &[Eku]) -> Result<Vec<Eku>, String> {
    let (names, allowed) = rule(seat, ca, subject)?;
    for san in sans {
        if !fits(seat, &names, san) {
            return Err(format!("the alternative name {san} is not its own"));
        }
    }
    if let Some(other) = asked.iter().find(|usage| !allowed.contains(usage)) {
        return Err(format!("the extended key usage {other:?} is not for {subject}"));
    }
    Ok(if asked.is_empty() { allowed } else { asked.to_vec() })
}

fn rule(seat: &Seat<'_>, ca: Ca, subject: &Subject) -> Result<(Names, Vec<Eku>), String> {
    let is = |common_name: &str, organizations: &[&str]| *subject == Subject::new(common_name, organizations);
    let both = || vec![Eku::ServerAuth, Eku::ClientAuth];
    let (server, client) = (|| vec![Eku::ServerAuth], || vec![Eku::ClientAuth]);
    let master = seat.role == Role::Master;
    let refused = || Err(format!("the subject {subject} is not one for a {} of this authority", seat.role));
    if seat.swarm {
        return if master && ca == Ca::Cluster && is(seat.name, &[]) { Ok((Names::Any, server())) } else { refused() };
    }
    match ca {
        Ca::Cluster if is(&format!("system:node:{}", seat.name), &["system:nodes"]) => Ok((Names::Own, both())),
        Ca::Cluster if is("system:kube-proxy", &["system:node-proxier"]) => Ok((Names::None, client())),
        Ca::Cluster if is("", &["magnum:etcd-clients"]) => Ok((Names::None, client())),
        _ if !master => refused(),
        Ca::Cluster if is("kube-apiserver", &[]) => Ok((Names::Any, both())),
        Ca::Cluster if is("system:kube-controller-manager", &[]) || is("system:kube-scheduler", &[]) => Ok((Names::Own, both())),
        Ca::Cluster if is("kube-apiserver-kubelet-client", &["system:masters"]) || is("magnum-agent", &["system:masters"]) => {
            Ok((Names::None, both()))
        }
        Ca::Etcd if is("root", &[]) => Ok((Names::None, client())),
        Ca::Etcd if is(seat.name, &[]) => Ok((Names::OwnAndLocal, both())),
        Ca::FrontProxy if is("front-proxy", &[]) => Ok((Names::None, client())),
        _ => refused(),
    }
}

fn fits(seat: &Seat<'_>, names: &Names, san: &San) -> bool {
    let own = match san {
        San::Dns(name) => name == seat.name,
        San::Ip(address) => address.to_string() == seat.address,
        San::Other(_) => false,
    };
    let local = match san {
        San::Dns(name) => name == "localhost",
        San::Ip(address) => address.to_string() == "127.0.0.1",
        San::Other(_) => false,
    };
    match names {
        Names::None => false,
        Names::Own => own,
        Names::OwnAndLocal => own || local,
        Names::Any => san.is_writable(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn ask(role: Role, swarm: bool, ca: Ca, common_name: &str, organizations: &[&str], sans: &[San]) -> Result<Vec<Eku>, String> {
        let seat = Seat { name: "n-0", address: "10.0.0.5", role, swarm };
        usages(&seat, ca, &Subject::new(common_name, organizations), sans, &[])
    }

    fn dns(name: &str) -> San {
        San::Dns(name.to_owned())
    }

    fn ip(text: &str) -> San {
        San::Ip(text.parse().unwrap())
    }

    #[test]
    fn each_role_gets_its_own_certificates() {
        use Role::{Master, Worker};
        let any = [dns("kubernetes.default"), ip("198.18.0.9")];
        for (role, swarm, ca, common_name, organizations, sans) in [
            (Worker, false, Ca::Cluster, "system:node:n-0", &["system:nodes"][..], &[dns("n-0"), ip("10.0.0.5")][..]),
            (Worker, false, Ca::Cluster, "system:kube-proxy", &["system:node-proxier"], &[]),
            (Worker, false, Ca::Cluster, "", &["magnum:etcd-clients"], &[]),
            (Master, false, Ca::Cluster, "system:node:n-0", &["system:nodes"], &[]),
            (Master, false, Ca::Cluster, "kube-apiserver", &[], &any),
            (Master, false, Ca::Cluster, "system:kube-controller-manager", &[], &[]),
            (Master, false, Ca::Cluster, "system:kube-scheduler", &[], &[]),
            (Master, false, Ca::Cluster, "kube-apiserver-kubelet-client", &["system:masters"], &[]),
            (Master, false, Ca::Cluster, "magnum-agent", &["system:masters"], &[]),
            (Master, false, Ca::Etcd, "root", &[], &[]),
            (Master, false, Ca::Etcd, "n-0", &[], &[dns("n-0"), ip("10.0.0.5"), ip("127.0.0.1"), dns("localhost")]),
            (Master, false, Ca::FrontProxy, "front-proxy", &[], &[]),
            (Master, true, Ca::Cluster, "n-0", &[], &any),
        ] {
            assert!(ask(role, swarm, ca, common_name, organizations, sans).is_ok(), "{common_name}");
        }
    }

    #[test]
    fn nobody_gets_more() {
        use Role::{Master, Worker};
        for (role, swarm, ca, common_name, organizations, sans) in [
            (Worker, false, Ca::Cluster, "admin", &["system:masters"][..], &[][..]),
            (Worker, false, Ca::Cluster, "system:node:n-0", &["system:nodes", "system:masters"], &[]),
            (Worker, false, Ca::Cluster, "system:node:n-1", &["system:nodes"], &[]),
            (Worker, false, Ca::Cluster, "system:node:n-0", &["system:nodes"], &[dns("n-1")]),
            (Worker, false, Ca::Cluster, "system:node:n-0", &["system:nodes"], &[San::Other("email:x".to_owned())]),
            (Worker, false, Ca::Cluster, "system:node:n-0", &[], &[]),
            (Worker, false, Ca::Cluster, "kube-apiserver", &[], &[]),
            (Worker, false, Ca::Cluster, "magnum-agent", &["system:masters"], &[]),
            (Worker, false, Ca::Etcd, "root", &[], &[]),
            (Worker, false, Ca::Etcd, "system:node:n-0", &["system:nodes"], &[]),
            (Worker, false, Ca::FrontProxy, "front-proxy", &[], &[]),
            (Master, false, Ca::Cluster, "admin", &["system:masters"], &[]),
            (Master, false, Ca::Cluster, "n-0", &[], &[]),
            (Master, false, Ca::Etcd, "n-1", &[], &[]),
            (Master, false, Ca::Etcd, "n-0", &[], &[ip("10.0.0.6")]),
            (Master, false, Ca::FrontProxy, "kube-apiserver", &[], &[]),
            (Master, false, Ca::Cluster, "kube-apiserver", &[], &[dns("a b")]),
            (Worker, true, Ca::Cluster, "n-0", &[], &[]),
            (Master, true, Ca::Cluster, "n-1", &[], &[]),
            (Master, true, Ca::Etcd, "n-0", &[], &[]),
        ] {
            assert!(ask(role, swarm, ca, common_name, organizations, sans).is_err(), "{role} {common_name} {organizations:?} {sans:?}");
        }
        let seat = Seat { name: "n-0", address: "10.0.0.5", role: Worker, swarm: false };
        let proxy = Subject::new("system:kube-proxy", &["system:node-proxier"]);
        assert!(usages(&seat, Ca::Cluster, &proxy, &[], &[Eku::ServerAuth]).is_err());
        let mut hidden = Subject::new("system:kube-proxy", &["system:node-proxier"]);
        hidden.others = vec!["CN=admin".to_owned()];
        assert!(usages(&seat, Ca::Cluster, &hidden, &[], &[]).is_err());
    }
}
