// SPDX-License-Identifier: Apache-2.0
//! Every rule that says how its fault is brought about, on real clusters: injected, named as the one cause with
//! evidence for every claim, mended, and healthy again. No list here: the rules bring their own injections.

#![allow(clippy::print_stdout)] // the scoreboard lines

use anyhow::{Context, Result, bail, ensure};
use magnum_rules::{ALL, Class, Entry, Ward};
use magnum_testkit::patient::{self, Diagnosis, Patient, Section, brief, findings, grounded, ids};
use magnum_testkit::{Server, dist_dir, wait};
use magnum_types::Coe;
use std::time::{Duration, Instant};

fn one(ward: &Patient<'_>, entry: &Entry) -> Result<Duration> {
    let id = entry.rule.id;
    let injected = entry.rule.inject.iter().try_for_each(|act| ward.act(act)).with_context(|| format!("injecting {id}"));
    let mut last = None;
    // What will fail later is a warning, and the cluster is healthy all the same.
    let risk = entry.rule.class == Class::Risk;
    let expected = if risk { ("warning", 0) } else { ("cause", 1) };
    let named = injected.and_then(|()| named(ward, id, expected, &mut last));
    let named = named.with_context(|| last.as_ref().map_or_else(String::new, |seen| brief(&seen.report)));
    let replayed = last.as_ref().map_or(Ok(()), |seen| ward.replayed(seen));
    for act in entry.rule.undo {
        ward.act(act).with_context(|| format!("undoing {id}"))?;
    }
    let took = named?;
    let report = last.context("no diagnosis")?.report;
    let causes = ids(&report, "cause");
    ensure!(if risk { causes.is_empty() } else { causes == [id] }, "{id} should be the one cause: {}", brief(&report));
    grounded(&report).with_context(|| id.to_owned())?;
    replayed.with_context(|| id.to_owned())?;
    ward.healthy(&format!("after {id} was undone"))?;
    Ok(took)
}

/// Asks until the fault is named; answers how long the diagnosis took that did. Each diagnosis is also a bundle.
fn named(ward: &Patient<'_>, id: &str, (status, exit): (&str, i32), last: &mut Option<Diagnosis>) -> Result<Duration> {
    wait(Duration::from_secs(60), &format!("{id} is named"), || {
        let seen = last.insert(ward.diagnose_into_bundle()?);
        Ok((seen.exit == exit && findings(&seen.report, status).iter().any(|f| f["id"] == id)).then_some(seen.took))
    })
}

fn suite(coe: Coe, ward: Ward) -> Result<()> {
    let rules: Vec<&Entry> = chosen(coe, ward);
    if rules.is_empty() {
        bail!("no rule for {coe} can be injected on {ward:?}");
    }
    let server = Server::start(&dist_dir()?)?;
    let ward = Patient::admit(&server, coe.as_str(), ward)?;
    let mut failures = Vec::new();
    for entry in &rules {
        let started = Instant::now();
        let outcome = one(&ward, entry);
        let whole = started.elapsed().as_secs_f64();
        match &outcome {
            Ok(took) => println!("{:<28} named as the one cause in {:.1} s ({whole:.0} s with mending)", entry.rule.id, took.as_secs_f64()),
            Err(error) => println!("{:<28} FAILED after {whole:.0} s: {error:#}", entry.rule.id),
        }
        record(coe, entry, &outcome)?;
        failures.extend(outcome.err().map(|error| format!("{}: {error:#}", entry.rule.id)));
    }
    ensure!(failures.is_empty(), "{} of {} faults:\n{}", failures.len(), rules.len(), failures.join("\n"));
    Ok(())
}

/// A line for docs/scoreboard.md.
fn record(coe: Coe, entry: &Entry, outcome: &Result<Duration>) -> Result<()> {
    let how = entry.rule.inject.iter().map(ToString::to_string).collect::<Vec<_>>().join("; ");
    let short: String = how.replace(['|', '\n'], " ").chars().take(110).collect();
    let (named, took) = outcome.as_ref().map_or(("**no**", "–".to_owned()), |took| ("yes", format!("{:.1} s", took.as_secs_f64())));
    patient::record(
        Section::Faults,
        &format!("| {coe} | {} | {} | `{short}` | {named} | {took} |", entry.rule.layer.as_str(), entry.rule.id),
    )
}

/// Without `--full`, at most this many rules of each layer: all of them take too long for every change.
const SAMPLE: usize = 2;

/// The rules to inject; `MAGNUM_TEST_RULES=id,id,…` names some of them.
fn chosen(coe: Coe, ward: Ward) -> Vec<&'static Entry> {
    let names = std::env::var("MAGNUM_TEST_RULES").unwrap_or_default();
    let named = |id: &str| names.is_empty() || names.split(',').any(|name| name == id);
    let fits = |e: &&Entry| e.rule.coe.fits(coe) && e.rule.ward == ward && !e.rule.inject.is_empty() && named(e.rule.id);
    let all: Vec<&Entry> = ALL.iter().filter(fits).collect();
    if !names.is_empty() || patient::full() {
        return all;
    }
    let earlier = |at: usize| all.iter().take(at).filter(|e| e.rule.layer == all[at].rule.layer).count();
    (0..all.len()).filter(|at| earlier(*at) < SAMPLE).map(|at| all[at]).collect()
}

#[test]
fn kubernetes_faults_are_named_with_proof_and_nothing_else_is_accused() -> Result<()> {
    suite(Coe::Kubernetes, Ward::Small)
}

#[test]
fn swarm_faults_are_named_with_proof_and_nothing_else_is_accused() -> Result<()> {
    suite(Coe::Swarm, Ward::Small)
}

#[test]
fn kubernetes_faults_among_three_masters_are_named_with_proof() -> Result<()> {
    suite(Coe::Kubernetes, Ward::Masters)
}

#[test]
fn swarm_faults_among_three_managers_are_named_with_proof() -> Result<()> {
    suite(Coe::Swarm, Ward::Masters)
}
