// SPDX-License-Identifier: Apache-2.0
//! What rules about a member of etcd ask in common.

use crate::Act;
use crate::ask::{NodeAsk, need, when};
use crate::journal::fresh_line;
use crate::verdict::{Finding, Stop};
use magnum_facts::node::{NodeFacts, Unit};
use magnum_facts::{Citation, Facts, Look};

/// The etcd of a master that came up and does not serve now: it does not run, has not started yet, or finds no leader.
pub fn ill_etcd<'a>(n: &NodeAsk<'a>) -> Result<Look<'a, Unit>, Stop> {
    let unit = n.unit("etcd")?;
    when(n.member.came_up())?;
    if unit.is_up() {
        when(!need(&n.node.etcd, NodeFacts::ETCD)?.healthy)?;
    }
    Ok(unit)
}

/// The etcd of such a master, and the newest line it wrote just now that passes `test`.
pub fn ill_etcd_says<'a>(n: &NodeAsk<'a>, test: impl Fn(&str) -> bool) -> Result<(Look<'a, Unit>, &'a str), Stop> {
    let unit = ill_etcd(n)?;
    let line = fresh_line(&unit, test).ok_or_else(|| n.unheard())?;
    Ok((unit, line))
}

/// A finding about an etcd that says itself what it suffers from: what this line means, and how etcd is.
pub fn by_its_own_words(n: &NodeAsk<'_>, unit: &Look<'_, Unit>, line: &str, summary: String, meaning: &str) -> Finding {
    Finding::cause(n.subject(), summary)
        .because(meaning, [quoted(unit, "etcd", line)])
        .because(format!("it is {}", unit.state_text()), [unit.cite("etcd", unit.state_text())])
}

/// What mends a controller manager whose watches hang: one that is opened while the API server fills its caches anew,
/// because etcd was restarted, can hang for minutes.
pub const WATCH_AGAIN: Act = Act::On { node: "master-0", argv: &["sh", "-c", "sleep 3; systemctl restart kube-controller-manager"] };

/// A quotation of a long line: its head.
pub fn quoted(unit: &Look<'_, Unit>, name: &str, line: &str) -> Citation {
    unit.cite(format!("{name}.log"), line.chars().take(400).collect::<String>())
}

/// What all findings about one bad member of etcd have in common: whether the others can go on without it.
pub fn with_others(finding: Finding, facts: &Facts) -> Finding {
    let masters = facts.cluster.masters().count();
    // Two members need each other: only from three on one of them can be missing.
    let alone = masters < 3;
    finding.hides_if(alone, None, "kubernetes.").spreads_if(alone)
}
