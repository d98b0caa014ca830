// SPDX-License-Identifier: Apache-2.0
//! Whether full packets get through where small ones do: a path that eats large packets looks healthy to `ping`.

use crate::collector::{Collector, Context, Patch, Stage};
use crate::node::exec;
use crate::parse::ping;
use crate::probe::{gather, overlay_targets};
use futures::future::join_all;
use magnum_facts::{Fact, Facts, ProbeFacts, Scope, SizeProbe, Vantage, Why, WhyKind};
use magnum_types::NodeName;
use std::net::Ipv4Addr;
use std::time::Duration;

pub static COLLECTOR: Collector = Collector {
    name: "probe-sizes",
    provides: &[ProbeFacts::SIZES],
    vantage: Vantage::Path,
    scope: Scope::Cluster,
    stage: Stage::Deep(|_, _| true),
    budget: Duration::from_secs(4),
    fits: |_| true,
    announce: Some("2 small echo requests and 2 that fill a packet, from each node to the next one, direct and through the overlay"),
    run: |context| Box::pin(run(context)),
};

/// IP and ICMP headers of an echo request.
const HEADERS: u32 = 28;

// The addresses and sizes are arguments, never part of the script.
const SCRIPT: &str = r#"a=$1; s=$2
ping -n -q -c 2 -i 0.02 -W 0.6 -s 16 "$a" | sed 's/^/small /' &
ping -n -q -c 2 -i 0.02 -W 0.6 -M do -s "$s" "$a" 2>&1 | sed 's/^/large /' &
wait"#;

struct Shot {
    from: NodeName,
    to: NodeName,
    address: Ipv4Addr,
    overlay: bool,
    mtu: u32,
}

async fn run(context: Context) -> Result<Patch, Why> {
    let shots = shots(&context.facts);
    if shots.is_empty() {
        return Err(Why::new(WhyKind::NotHere, "there are no two nodes whose devices could be seen"));
    }
    let answers = join_all(shots.iter().map(|shot| one(&context, shot))).await;
    let all = gather(answers.into_iter().map(|answer| answer.map(|probe| vec![probe])).collect(), "nothing was sent")?;
    let source = context.source("probe/sizes", "small and full echo requests between the nodes", Vantage::Path);
    Ok(Box::new(move |facts| facts.probes.sizes = Fact::seen(all, source)))
}

async fn one(context: &Context, shot: &Shot) -> Result<SizeProbe, Why> {
    let (address, size) = (shot.address.to_string(), (shot.mtu - HEADERS).to_string());
    let done = exec(context, &shot.from, &["bash", "-c", SCRIPT, "probe", &address, &size], Duration::from_millis(2500)).await?;
    let text = String::from_utf8_lossy(&done.stdout);
    let of = |mark: &str| text.lines().filter_map(|l| l.strip_prefix(mark)).collect::<Vec<_>>().join("\n");
    let (small, large) = (of("small "), of("large "));
    let answered = |text: &str| ping::summaries(text).first().map(|e| e.received);
    let Some(small_answered) = answered(&small) else {
        return Err(Why::new(WhyKind::Garbled, format!("ping on {} said nothing", shot.from)));
    };
    let error = large.lines().find(|l| l.contains("too long") || l.contains("Frag needed")).unwrap_or_default().trim().to_owned();
    Ok(SizeProbe {
        from: shot.from.to_string(),
        to: shot.to.to_string(),
        address,
        overlay: shot.overlay,
        bytes: shot.mtu,
        small_answered,
        large_answered: answered(&large).unwrap_or(0),
        error,
    })
}

/// Each node to the next one, direct and through the overlay, with packets as large as the sender's device takes.
fn shots(facts: &Facts) -> Vec<Shot> {
    let overlay = overlay_targets(facts);
    let members = &facts.cluster.members;
    let mut all = Vec::new();
    for (index, from) in members.iter().enumerate() {
        let Some(to) = members.get((index + 1) % members.len()).filter(|to| to.name != from.name) else { continue };
        let (Ok(source), Ok(target)) = (NodeName::parse(&from.name), NodeName::parse(&to.name)) else { continue };
        let mtu = |device: &str| {
            let links = facts.nodes.get(&from.name)?.links.value()?;
            links.iter().find(|l| l.name == device && l.mtu > HEADERS).map(|l| l.mtu)
        };
        if let (Some(address), Some(mtu)) = (to.address, mtu("eth0")) {
            all.push(Shot { from: source.clone(), to: target.clone(), address, overlay: false, mtu });
        }
        let address = overlay.iter().find(|(name, _)| *name == target).map(|(_, address)| *address);
        // Pods send packets as large as their bridge takes.
        if let (Some(address), Some(mtu)) = (address, mtu("cni0").or_else(|| mtu("docker0")).or_else(|| mtu("flannel.1"))) {
            all.push(Shot { from: source, to: target, address, overlay: true, mtu });
        }
    }
    all
}
