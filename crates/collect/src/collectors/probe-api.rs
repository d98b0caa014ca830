// SPDX-License-Identifier: Apache-2.0
//! How a TCP connection from this machine to the COE's API ends: refused means "process down", silence means "path".

use crate::collector::{Collector, Context, Patch, Stage};
use magnum_facts::{Fact, ProbeFacts, Reach, Scope, Vantage, Why, WhyKind};
use std::io::ErrorKind;
use std::time::Duration;
use tokio::net::TcpStream;
use tokio::time::timeout;

pub static COLLECTOR: Collector = Collector {
    name: "probe-api",
    provides: &[ProbeFacts::API],
    vantage: Vantage::Path,
    scope: Scope::Cluster,
    stage: Stage::Shallow,
    budget: Duration::from_millis(2500),
    fits: |_| true,
    announce: Some("one TCP connection from this machine to the API's address"),
    run: |context| Box::pin(run(context)),
};

async fn run(context: Context) -> Result<Patch, Why> {
    let url = context.world.api.as_ref().map(|a| a.url.clone()).or_else(|| context.world.cluster.api_address.clone());
    let url = url.ok_or_else(|| Why::new(WhyKind::NotHere, "the cluster has no API address yet"))?;
    let address = url.split("://").last().unwrap_or_default().trim_end_matches('/').to_owned();
    let reach = match timeout(Duration::from_millis(1500), TcpStream::connect(&address)).await {
        Ok(Ok(_)) => Reach::Connected,
        Ok(Err(e)) if e.kind() == ErrorKind::ConnectionRefused => Reach::Refused,
        Ok(Err(e)) if matches!(e.kind(), ErrorKind::HostUnreachable | ErrorKind::NetworkUnreachable) => Reach::NoRoute,
        Ok(Err(e)) => Reach::Other { detail: e.to_string() },
        Err(_) => Reach::TimedOut,
    };
    let source = context.source("probe/api", format!("a TCP connection to {address}"), Vantage::Path);
    Ok(Box::new(move |all| all.probes.api = Fact::seen(reach, source)))
}
