// SPDX-License-Identifier: Apache-2.0
//! The certificate under which a Swarm manager's Docker answers clients.

use crate::certificate::{self, Wanted};
use crate::error::Error;
use crate::file;
use crate::spec::Questions;
use crate::step::{Context, Gate, Step};
use magnum_pki::{San, Subject};
use std::net::{IpAddr, Ipv4Addr};
use std::path::Path;
use std::time::Duration;

pub static STEP: Step = Step {
    name: "docker-certificates",
    applies: |spec| spec.swarm().is_some() && spec.is_master(),
    needs: &[],
    limit: Duration::from_secs(300),
    run,
};

fn run(context: &Context) -> Result<(), Error> {
    let identity = &context.spec.node;
    file::make_folder(Path::new("/etc/docker/pki"), 0o755)?;
    let ip = |address| San::Ip(IpAddr::V4(address));
    let mut sans =
        vec![San::Dns(identity.name.to_string()), San::Dns("localhost".to_owned()), ip(identity.address), ip(Ipv4Addr::LOCALHOST)];
    sans.extend(context.swarm()?.api_sans.iter().map(|name| name.parse().map_or_else(|_| San::Dns(name.clone()), San::Ip)));
    sans.sort();
    sans.dedup();
    let wanted = [Wanted {
        ca: "kubernetes",
        ca_path: "/etc/docker/pki/ca.crt",
        stem: "/etc/docker/pki/server",
        subject: Subject::new(identity.name.as_str(), &[]),
        sans,
    }];
    let what = format!("{} to sign a certificate", context.magnum.peer());
    context.wait(&what, &[], || certificate::ensure(&wanted, &context.magnum, context.spec.authorities.as_ref()).map(Gate::Open)).map(drop)
}
