// SPDX-License-Identifier: Apache-2.0
//! The judgement: runs the rules, lets look-alikes win, folds consequences under their cause, and writes the report.
//! No clock, no order of its own: the same facts give the same report to the byte.

mod evidence;
mod fold;
mod seen;

use crate::report::{Check, ClusterHead, Mode, NearTrouble, Remedy, Report, RuledOut, Word};
use crate::rule::{Entry, Rule};
use crate::symptom;
use crate::verdict::{Blind, Kind, Subject, Verdict};
use crate::{ALL, ComplaintEntry, complaint, report};
pub(crate) use evidence::Book;
use fold::{Folded, Hit};
use magnum_facts::Facts;
use magnum_types::ClusterStatus;
use std::collections::BTreeMap;

/// Which rules are asked.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Selection {
    /// Only these ids; empty = all. What must be known to judge them (look-alikes, causes above them) runs, too, but
    /// only these are reported.
    pub only: Vec<String>,
    /// Only what can be behind this complaint: `S6`. What is found besides is named in the report's `aside`.
    pub symptom: Option<String>,
}

impl Selection {
    fn takes(&self, rule: &Rule) -> bool {
        let id = self.only.is_empty() || self.only.iter().any(|id| id == rule.id);
        id && self.symptom.as_deref().is_none_or(|s| rule.symptoms.contains(&s))
    }

    /// Whether a fault is told: it is asked for, or something that follows from it is.
    fn tells(&self, root: &Folded<'_>) -> bool {
        let below = || self.symptom.is_some() && root.consequences.iter().any(|hit| self.takes(hit.entry.rule));
        self.takes(root.hit.entry.rule) || below()
    }

    /// Whether everything is asked.
    pub fn is_all(&self) -> bool {
        self.only.is_empty() && self.symptom.is_none()
    }
}

/// Judges a snapshot. `started`, `duration_ms`, `vantages`, `probes` and `collectors` are the caller's to fill in.
pub fn judge(facts: &Facts, selection: &Selection) -> Report {
    let runs: Vec<(&'static Entry, Option<Verdict>)> =
        ALL.iter().map(|entry| (entry, entry.rule.coe.fits(facts.cluster.coe).then(|| (entry.rule.check)(facts)))).collect();
    let hits = runs.iter().flat_map(|(entry, verdict)| verdict.iter().flat_map(|v| &v.findings).map(|finding| Hit { entry, finding }));
    let folded = fold::fold(hits.collect());
    let blind: Vec<(&'static Rule, &Blind)> = runs
        .iter()
        .filter(|(entry, _)| selection.takes(entry.rule))
        .flat_map(|(entry, verdict)| verdict.iter().flat_map(|v| &v.blind).map(|b| (entry.rule, b)))
        .collect();

    let mut book = Book::default();
    let findings: Vec<_> =
        folded.roots.iter().filter(|root| selection.tells(root)).map(|root| finding(root, facts, &runs, &mut book)).collect();
    let not_seen = seen::not_seen(&blind, &folded, &symptom::being_made(facts));
    let mut unexplained = if selection.only.is_empty() { symptom::unexplained(facts, &folded.reach(), &mut book) } else { Vec::new() };
    unexplained.extend(not_covered(facts, selection, &mut book));
    let near = if selection.is_all() { near(facts, &mut book) } else { Vec::new() };
    let aside = aside(&folded, selection);
    let other_cause = findings.is_empty() && aside.iter().any(|hit| hit.finding.kind != Kind::Warning);
    let doubt = not_seen.iter().any(|n| n.leaves_doubt) || !unexplained.is_empty() || other_cause;
    let (verdict, exit) = verdict(&findings, doubt);
    Report {
        schema: Report::SCHEMA.to_owned(),
        cluster: head(facts),
        started: facts.taken_at,
        duration_ms: 0,
        mode: Mode::Bundle,
        complaint: selection.symptom.as_deref().and_then(complaint).map(complaint_head),
        vantages: BTreeMap::new(),
        verdict,
        exit,
        findings,
        aside: aside.iter().map(Hit::as_consequence).collect(),
        unexplained,
        not_seen,
        near,
        evidence: book.into_map(),
        checks: runs.iter().filter(|(e, _)| selection.takes(e.rule)).map(|(e, v)| check(e.rule, v.as_ref(), &folded)).collect(),
        probes: Vec::new(),
        collectors: Vec::new(),
    }
}

/// What was found besides, when one complaint was asked about.
fn aside<'a>(folded: &fold::Outcome<'a>, selection: &Selection) -> Vec<Hit<'a>> {
    let other = |root: &&Folded<'a>| selection.symptom.is_some() && selection.only.is_empty() && !selection.tells(root);
    folded.roots.iter().filter(other).map(|root| root.hit).collect()
}

/// A complaint that no rule for such a cluster can be behind: that nothing was found says nothing then.
fn not_covered(facts: &Facts, selection: &Selection, book: &mut Book) -> Option<report::Unexplained> {
    let asked = complaint(selection.symptom.as_deref()?)?;
    let coe = facts.cluster.coe;
    if ALL.iter().any(|entry| entry.rule.coe.fits(coe) && asked.concerns(entry.rule)) {
        return None;
    }
    let text = format!("no rule of this program covers \"{}\" on a {coe} cluster", asked.title().trim_end_matches('.'));
    Some(report::Unexplained { subject: Subject::Cluster, text, evidence: book.cite(&[facts.cluster.cite("coe", coe.as_str())]) })
}

fn complaint_head(entry: &ComplaintEntry) -> report::ComplaintHead {
    let text = |text: &str| text.to_owned();
    report::ComplaintHead {
        id: text(entry.complaint.id),
        name: text(entry.name),
        title: text(entry.title()),
        guide: text(entry.complaint.guide),
    }
}

fn verdict(findings: &[report::Finding], doubt: bool) -> (Word, u8) {
    let has = |word: Word| findings.iter().any(|f| f.status == word);
    if has(Word::Cause) {
        (Word::Cause, 1)
    } else if has(Word::Suspect) {
        (Word::Suspect, 2)
    } else if doubt {
        (Word::Inconclusive, 3)
    } else {
        (Word::Healthy, 0)
    }
}

fn head(facts: &Facts) -> ClusterHead {
    let c = &facts.cluster;
    let masters = c.masters().count();
    ClusterHead {
        uuid: c.uuid.clone(),
        name: c.name.clone(),
        coe: c.coe.as_str().to_owned(),
        engine: c.engine.clone(),
        status: c.status.as_str().to_owned(),
        status_reason: c.status_reason.clone(),
        masters,
        nodes: c.members.len() - masters,
    }
}

fn finding(root: &Folded<'_>, facts: &Facts, runs: &[(&'static Entry, Option<Verdict>)], book: &mut Book) -> report::Finding {
    let (rule, finding) = (root.hit.entry.rule, root.hit.finding);
    let chain =
        finding.claims.iter().map(|claim| report::ChainLink { claim: claim.text.clone(), evidence: book.cite(&claim.evidence) }).collect();
    let mut ruled_out: Vec<RuledOut> = finding
        .ruled_out
        .iter()
        .map(|(id, because, by)| RuledOut { id: (*id).to_owned(), because: because.clone(), by: book.cite(by) })
        .collect();
    ruled_out.extend(
        quiet_look_alikes(rule, runs).filter(|id| !finding.ruled_out.iter().any(|(said, ..)| said == id)).map(|id| RuledOut {
            id: id.to_owned(),
            because: "looked for, not there".to_owned(),
            by: Vec::new(),
        }),
    );
    report::Finding {
        id: rule.id.to_owned(),
        title: root.hit.entry.title().to_owned(),
        layer: rule.layer.as_str().to_owned(),
        status: word(finding.kind),
        confidence: finding.confidence,
        symptoms: rule.symptoms.iter().map(|s| (*s).to_owned()).collect(),
        subject: finding.subject.clone(),
        summary: finding.summary.clone(),
        chain,
        ruled_out,
        consequences: root.consequences.iter().map(Hit::as_consequence).collect(),
        remedy: Remedy {
            text: remedy_text(finding, facts),
            commands: finding.remedy.commands.clone(),
            verify: format!("magnum doctor {} --verify {}", facts.cluster.name, rule.id),
        },
        guide: rule.guide.to_owned(),
    }
}

/// A create that has failed is not taken up again, whatever is mended.
fn remedy_text(finding: &crate::Finding, facts: &Facts) -> String {
    let text = &finding.remedy.text;
    match facts.cluster.status {
        ClusterStatus::CreateFailed if finding.kind == Kind::Cause && !text.contains("create it again") => {
            format!("{text} This create does not go on by itself: delete the cluster afterwards and create it again.")
        }
        _ => text.clone(),
    }
}

/// Look-alikes of `rule` that were looked for everywhere and not found.
fn quiet_look_alikes<'a>(rule: &'a Rule, runs: &'a [(&'static Entry, Option<Verdict>)]) -> impl Iterator<Item = &'static str> + 'a {
    let quiet = |v: &Option<Verdict>| v.as_ref().is_some_and(Verdict::is_quiet);
    runs.iter().filter(move |(e, v)| quiet(v) && rule.not_if.iter().any(|p| Rule::names(p, e.rule.id))).map(|(e, _)| e.rule.id)
}

fn word(kind: Kind) -> Word {
    match kind {
        Kind::Cause => Word::Cause,
        Kind::Suspect => Word::Suspect,
        Kind::Warning => Word::Warning,
    }
}

fn check(rule: &Rule, verdict: Option<&Verdict>, folded: &fold::Outcome<'_>) -> Check {
    let status = match verdict {
        None => Word::Skipped,
        Some(v) if v.is_quiet() => Word::Ok,
        Some(v) if v.findings.is_empty() => Word::Unknown,
        Some(_) => folded.status_of(rule.id).unwrap_or(Word::Ok),
    };
    Check { name: rule.id.to_owned(), status, guide: rule.guide.to_owned() }
}

fn near(facts: &Facts, book: &mut Book) -> Vec<NearTrouble> {
    let applying = ALL.iter().filter(|e| e.rule.coe.fits(facts.cluster.coe));
    let mut all: Vec<_> = applying.flat_map(|e| (e.rule.near)(facts)).collect();
    all.sort_by(|a, b| b.percent.cmp(&a.percent).then_with(|| a.text.cmp(&b.text)));
    // Less than this is not near anything.
    all.retain(|n| n.percent >= 40);
    all.truncate(3);
    all.into_iter().map(|n| NearTrouble { text: n.text, percent: n.percent, evidence: book.cite(&n.evidence) }).collect()
}
