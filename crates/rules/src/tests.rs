// SPDX-License-Identifier: Apache-2.0
//! One walk over all rules: what each must have, and what all of them say of every scene.

use crate::case::Expect;
use crate::report::{Report, Word};
use crate::{ALL, Rule, Selection, fixture, judge, render};
use magnum_facts::Facts;
use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Write as _;

fn catalogue() -> BTreeSet<String> {
    let text = include_str!("../faults.json");
    let faults: Vec<BTreeMap<String, String>> = serde_json::from_str(text).unwrap();
    faults.into_iter().map(|mut f| f.remove("id").unwrap()).collect()
}

#[test]
fn every_rule_is_complete() {
    let (catalogue, mut seen) = (catalogue(), BTreeSet::new());
    let topics: BTreeSet<_> = Facts::topics().map(|(t, _)| t).collect();
    for entry in ALL {
        let (rule, id) = (entry.rule, entry.rule.id);
        assert!(seen.insert(id), "{id}: used twice");
        assert!(catalogue.contains(id), "{id}: not in the catalogue of faults");
        assert_eq!(entry.file_stem, id, "the file is named after its fault");
        assert_eq!(entry.folder, rule.layer.as_str(), "{id}: the folder is named after its layer");
        assert_ne!(rule.inject.is_empty(), rule.not_injected.is_empty(), "{id}: is injected, or says why it cannot be");
        assert_eq!(rule.inject.is_empty(), rule.undo.is_empty(), "{id}: what is brought about is mended");
        for heading in ["## What you see", "## Why it happens", "## What to do"] {
            assert!(entry.page.contains(heading), "{id}: its page lacks {heading:?}");
        }
        assert!(entry.title().ends_with('.'), "{id}: its page begins with one sentence");
        assert!(!rule.guide.is_empty() && !rule.symptoms.is_empty(), "{id}: which lines of the guide, which symptoms?");
        assert!(!rule.needs.is_empty(), "{id}: reads nothing?");
        for need in rule.needs {
            assert!(topics.contains(need), "{id}: needs {need}, which nobody collects");
        }
        for pattern in rule.explains.iter().chain(rule.not_if) {
            assert!(catalogue.iter().any(|known| Rule::names(pattern, known)), "{id}: {pattern} names no fault");
        }
        for expect in [Expect::Fires, Expect::Quiet, Expect::Blind] {
            assert!(rule.cases.iter().any(|c| c.expect == expect), "{id}: has no case that is {expect:?}");
        }
    }
}

#[test]
fn no_two_rules_yield_to_each_other() {
    let yields = |a: &Rule, b: &Rule| a.not_if.iter().any(|p| Rule::names(p, b.id));
    for a in ALL {
        for b in ALL.iter().filter(|b| b.rule.id != a.rule.id) {
            assert!(!(yields(a.rule, b.rule) && yields(b.rule, a.rule)), "{} and {} yield to each other", a.rule.id, b.rule.id);
        }
    }
}

#[test]
fn every_case_gets_its_answer() {
    for entry in ALL {
        for case in entry.rule.cases {
            let verdict = (entry.rule.check)(&(case.scene)().0);
            let place = format!("{} on {:?}: {verdict:#?}", entry.rule.id, case.name);
            match case.expect {
                Expect::Fires => assert!(!verdict.findings.is_empty(), "{place}"),
                Expect::Quiet => assert!(verdict.is_quiet(), "{place}"),
                Expect::Blind => assert!(verdict.findings.is_empty() && !verdict.blind.is_empty(), "{place}"),
            }
            for claim in verdict.findings.iter().flat_map(|f| &f.claims) {
                assert!(!claim.evidence.is_empty(), "a claim without evidence: {} in {place}", claim.text);
            }
        }
    }
}

#[test]
fn the_judgement_of_a_firing_case_names_its_fault_first() {
    for entry in ALL {
        for case in entry.rule.cases.iter().filter(|c| c.expect == Expect::Fires) {
            let report = judged(&(case.scene)().0);
            let first = report.findings.first().map(|f| f.id.as_str());
            assert_eq!(first, Some(entry.rule.id), "{:?}:\n{}", case.name, render::text(&report));
            assert_eq!(report.findings.len(), 1, "one fault, one finding, on {:?}:\n{}", case.name, render::text(&report));
        }
    }
}

#[test]
fn a_blind_case_is_never_healthy() {
    for entry in ALL {
        for case in entry.rule.cases.iter().filter(|c| c.expect == Expect::Blind) {
            let report = judged(&(case.scene)().0);
            assert_ne!(report.verdict, Word::Healthy, "{} on {:?}", entry.rule.id, case.name);
        }
    }
}

#[test]
fn healthy_clusters_have_no_finding() {
    for scene in [fixture::kubernetes(1, 2), fixture::kubernetes(3, 2), fixture::swarm(1, 2), fixture::swarm(3, 1)] {
        let report = judged(&scene.0);
        assert_eq!((report.verdict, report.exit), (Word::Healthy, 0), "{}", render::text(&report));
        assert!(report.findings.is_empty() && report.not_seen.is_empty(), "{}", render::text(&report));
    }
}

#[test]
fn facts_and_reports_read_back_as_themselves() {
    for entry in ALL {
        for case in entry.rule.cases {
            let facts = (case.scene)().0;
            let again: Facts = serde_json::from_str(&serde_json::to_string(&facts).unwrap()).unwrap();
            assert_eq!(again, facts, "{} {:?}", entry.rule.id, case.name);
            let report = judged(&facts);
            let text = serde_json::to_string(&report).unwrap();
            assert_eq!(serde_json::to_string(&judged(&again)).unwrap(), text, "the same facts give the same report");
            assert_eq!(serde_json::from_str::<Report>(&text).unwrap(), report);
        }
    }
}

/// Every rule on every scene. A new rule's false alarms show up as changed cells.
#[test]
fn the_matrix_of_all_rules_on_all_scenes() {
    let mut text = String::new();
    for entry in ALL {
        for case in entry.rule.cases {
            let facts = (case.scene)().0;
            let mut cells = Vec::new();
            for other in ALL.iter().filter(|o| o.rule.coe.fits(facts.cluster.coe)) {
                let verdict = (other.rule.check)(&facts);
                let mark = match (verdict.findings.len(), verdict.blind.is_empty()) {
                    (0, true) => continue,
                    (0, false) => format!("{} ?", other.rule.id),
                    (n, true) => format!("{} {n}", other.rule.id),
                    (n, false) => format!("{} {n}?", other.rule.id),
                };
                cells.push(mark);
            }
            let report = judged(&facts);
            let told: Vec<_> = report.findings.iter().map(|f| f.id.as_str()).collect();
            let verdict = format!("{:?}", report.verdict).to_lowercase();
            writeln!(text, "{} / {}\n    {verdict} {}\n    {}", entry.rule.id, case.name, told.join(" "), cells.join(", ")).unwrap();
        }
    }
    insta::assert_snapshot!("matrix", text);
}

fn judged(facts: &Facts) -> Report {
    judge(facts, &Selection::default())
}

/// One look less, of those that its look-alikes and the causes above it need, never makes another accusation.
#[test]
fn a_look_less_is_no_new_accusation() {
    let why = magnum_facts::Why::new(magnum_facts::WhyKind::Unreachable, "withheld");
    let mut wrong = Vec::new();
    for entry in ALL {
        let id = entry.rule.id;
        let near = |other: &&crate::Entry| {
            entry.rule.not_if.iter().any(|p| Rule::names(p, other.rule.id))
                || other.rule.not_if.iter().any(|p| Rule::names(p, id))
                || other.rule.explains.iter().any(|p| Rule::names(p, id))
        };
        let topics: BTreeSet<_> = ALL.iter().filter(near).flat_map(|e| e.rule.needs).collect();
        let facts = (entry.rule.cases[0].scene)().0;
        let causes = |facts: &Facts| judged(facts).findings.into_iter().filter(|f| f.status == Word::Cause);
        // What follows from a cause that can no longer be seen is there all the same.
        let all: Vec<String> = causes(&facts).flat_map(|f| f.consequences.into_iter().map(|c| c.id).chain([f.id])).collect();
        for topic in topics {
            let mut less = facts.clone();
            withhold(&mut less, *topic, &why);
            if less == facts {
                continue;
            }
            wrong.extend(causes(&less).map(|f| f.id).filter(|new| !all.contains(new)).map(|new| format!("{id} without {topic}: {new}")));
        }
    }
    assert!(wrong.is_empty(), "{} wrong accusations:\n{}", wrong.len(), wrong.join("\n"));
}

/// Takes one topic out of the facts, for every node.
fn withhold(facts: &mut Facts, topic: magnum_facts::Topic, why: &magnum_facts::Why) {
    // In an empty snapshot only this topic has the reason; that is what is put over the full one.
    let mut marks = Facts::new(facts.cluster.clone(), facts.taken_at);
    marks.blind(topic, None, why);
    facts.nodes.keys().for_each(|name| marks.blind(topic, Some(name), why));
    let (mut full, marks) = (serde_json::to_value(&*facts).unwrap(), serde_json::to_value(&marks).unwrap());
    put(&mut full, &marks);
    *facts = serde_json::from_value(full).unwrap();
}

fn put(full: &mut serde_json::Value, marks: &serde_json::Value) {
    if marks["reason"] == "withheld" {
        if full["state"] != "not-looked" {
            *full = marks.clone();
        }
    } else if let (Some(full), Some(marks)) = (full.as_object_mut(), marks.as_object()) {
        for (part, mark) in full.iter_mut().filter_map(|(key, part)| Some((part, marks.get(key)?))) {
            put(part, mark);
        }
    }
}

mod folding {
    use super::*;
    use crate::fixture::{crashed, kubernetes, stopped};
    use magnum_types::{ClusterStatus, StepState};

    fn ids(report: &Report) -> Vec<(String, String, Vec<String>)> {
        let below = |f: &crate::report::Finding| f.consequences.iter().map(|c| format!("{}@{}", c.id, c.subject)).collect();
        report.findings.iter().map(|f| (f.id.clone(), f.subject.to_string(), below(f))).collect()
    }

    #[test]
    fn two_faults_on_two_nodes_are_both_told_in_causal_order() {
        let scene = kubernetes(1, 2).unit("node-1", "kubelet", stopped()).unit("node-0", "containerd", crashed(1, "bad config")).unit(
            "node-0",
            "kubelet",
            stopped(),
        );
        let told = ids(&judged(&scene.0));
        assert_eq!(told.len(), 2, "{told:?}");
        assert_eq!((told[0].0.as_str(), told[0].1.as_str()), ("cr-daemon-down", "node-0"));
        assert_eq!(told[0].2, ["kn-kubelet-down@node-0"]);
        assert_eq!((told[1].0.as_str(), told[1].1.as_str()), ("kn-kubelet-down", "node-1"), "another node's fault is no consequence");
    }

    #[test]
    fn a_dead_etcd_takes_the_blame_for_the_api_server_and_the_blindness() {
        let scene = kubernetes(1, 2).unit("master-0", "etcd", stopped()).unit("master-0", "kube-apiserver", crashed(1, "x")).api_dark();
        let report = judged(&scene.0);
        assert_eq!(ids(&report), [("etcd-not-running".into(), "master-0".into(), vec!["kcp-apiserver-down@master-0".into()])]);
        assert!(report.not_seen.iter().all(|n| !n.leaves_doubt), "{:#?}", report.not_seen);
    }

    #[test]
    fn a_dead_worker_explains_itself_only() {
        let scene = kubernetes(1, 2).power_off("node-1").unit("master-0", "kube-scheduler", stopped());
        let told = ids(&judged(&scene.0));
        let names: Vec<_> = told.iter().map(|t| t.0.as_str()).collect();
        assert_eq!(names, ["nv-shutoff", "kcp-scheduler-down"]);
    }

    #[test]
    fn a_crashed_unit_says_more_than_the_step_that_started_it() {
        let scene = kubernetes(1, 2)
            .step("master-0", "etcd", StepState::Failed, "etcd.service exited: exit status 1")
            .unit("master-0", "etcd", crashed(1, "cannot open /etc/etcd/pki/etcd.crt"))
            .api_dark();
        let told = ids(&judged(&scene.0));
        assert_eq!(told, [("etcd-not-running".into(), "master-0".into(), vec!["boot-script-failed@master-0".into()])]);
    }

    #[test]
    fn a_node_that_is_coming_up_is_not_accused_of_being_down() {
        let scene = kubernetes(1, 2).step("node-1", "runtime", StepState::Started, "");
        let scene =
            ["containerd", "kubelet", "kube-proxy", "flanneld"].into_iter().fold(scene, |s, unit| s.unit("node-1", unit, stopped()));
        let report = judged(&scene.not_ready("node-1", "starting").overlay_dead("node-1").0);
        assert!(report.findings.is_empty(), "{}", render::text(&report));
        assert_eq!(report.verdict, Word::Healthy, "{}", render::text(&report));
    }

    #[test]
    fn a_node_that_hangs_while_it_comes_up_is_no_health_unless_it_is_explained() {
        let later = |scene: fixture::Scene| scene.with(|f| f.taken_at += jiff::SignedDuration::from_secs(300));
        let coming = || kubernetes(1, 2).step("node-1", "overlay", StepState::Waiting, "the overlay network");
        assert_eq!(judged(&coming().0).verdict, Word::Healthy, "it has only just begun");
        let report = judged(&later(coming()).0);
        assert_eq!((report.verdict, report.unexplained.len()), (Word::Inconclusive, 1), "{}", render::text(&report));
        let text = &report.unexplained[0].text;
        assert!(text.starts_with("node node-1, step overlay: waiting for the overlay network since 5 min"), "{text}");
        let dropped = later(coming()).input_rules("node-1", &[fixture::drop_rule(8472, 20)]).overlay_dead("node-1");
        assert!(judged(&dropped.unit("node-1", "kubelet", crashed(1, "swap is on")).0).unexplained.is_empty(), "it is explained");
    }

    #[test]
    fn a_node_that_is_not_there_yet_raises_no_doubt_until_it_should_have_said_something() {
        let made = |seconds: i64, status: ClusterStatus| {
            let scene = kubernetes(1, 2).node_dark("node-1").host_dark("node-1").with(|f| {
                f.cluster.status = status;
                let now = f.taken_at;
                for member in f.cluster.members.iter_mut().filter(|m| m.name == "node-1") {
                    member.steps.clear();
                    member.started_at = Some(now);
                }
                f.taken_at += jiff::SignedDuration::from_secs(seconds);
            });
            judged(&scene.0)
        };
        let report = made(1, ClusterStatus::UpdateInProgress);
        assert_eq!(report.verdict, Word::Healthy, "{}", render::text(&report));
        assert!(!report.not_seen.is_empty(), "what was not seen is told all the same");
        let late = made(300, ClusterStatus::UpdateInProgress);
        assert_eq!((late.verdict, late.unexplained.len()), (Word::Inconclusive, 1), "{}", render::text(&late));
        assert!(late.not_seen.iter().any(|n| n.leaves_doubt), "{:#?}", late.not_seen);
        let given_up = made(1, ClusterStatus::UpdateFailed);
        assert!(given_up.not_seen.iter().any(|n| n.leaves_doubt), "{:#?}", given_up.not_seen);
    }

    #[test]
    fn a_symptom_without_a_cause_is_no_health() {
        let report = judged(&kubernetes(1, 2).not_ready("node-1", "PLEG is not healthy").0);
        assert_eq!((report.verdict, report.exit), (Word::Inconclusive, 3));
        assert_eq!(report.unexplained.len(), 1, "{:#?}", report.unexplained);
    }

    #[test]
    fn a_service_that_nobody_writes_endpoints_for_is_no_health() {
        let scene = || kubernetes(1, 2).with(|f| f.kubernetes.endpoints.value_mut().into_iter().for_each(Vec::clear));
        let report = judged(&scene().0);
        assert_eq!((report.verdict, report.exit, report.unexplained.len()), (Word::Suspect, 2, 0), "{}", render::text(&report));
        let unseen = judged(&scene().node_dark("master-0").0);
        assert_eq!((unseen.exit, unseen.unexplained.len()), (3, 1), "{}", render::text(&unseen));
        let explained = judged(&scene().unit("master-0", "kube-controller-manager", stopped()).0);
        assert_eq!((explained.exit, explained.unexplained.len()), (1, 0), "{}", render::text(&explained));
        let young = scene().with(|f| {
            let now = f.taken_at;
            f.kubernetes.services.value_mut().into_iter().flatten().for_each(|s| s.created = Some(now));
        });
        assert_eq!(judged(&young.0).verdict, Word::Healthy);
    }

    #[test]
    fn what_somebody_set_is_no_consequence_of_what_only_names_its_family() {
        let doubled = fixture::kubernetes(1, 2).with(|f| {
            let node = f.nodes.get_mut("node-1").unwrap();
            let eth0 = node.links.value_mut().unwrap().iter_mut().find(|l| l.name == "eth0").unwrap();
            eth0.addresses.push("10.0.0.11/32".parse().unwrap());
            node.sysctls.value_mut().unwrap().insert("net.ipv4.ip_forward".to_owned(), "0".to_owned());
        });
        let told = ids(&judged(&doubled.0));
        let names: Vec<_> = told.iter().map(|t| t.0.as_str()).collect();
        assert_eq!(names, ["nt-duplicate-ip", "fl-ip-forward"], "{told:?}");
    }

    #[test]
    fn an_api_out_of_reach_is_not_explained_by_what_leaves_it_alone() {
        let cut = |scene: fixture::Scene| scene.with(|f| *f.probes.api.value_mut().unwrap() = magnum_facts::Reach::TimedOut);
        let report = judged(&cut(kubernetes(1, 2).unit("master-0", "kube-scheduler", stopped())).0);
        assert_eq!((ids(&report).len(), report.unexplained.len()), (1, 1), "{:#?}", report.unexplained);
        let report = judged(&cut(kubernetes(1, 2).unit("master-0", "kube-apiserver", stopped())).0);
        assert!(report.unexplained.is_empty(), "{:#?}", report.unexplained);
    }

    #[test]
    fn a_report_reads_in_three_blocks() {
        let scene = kubernetes(1, 2).input_rules("node-1", &[fixture::drop_rule(8472, 20)]).overlay_dead("node-1");
        insta::assert_snapshot!("text_fault", render::text(&judged(&scene.0)));
        insta::assert_snapshot!("text_healthy", render::text(&judged(&kubernetes(1, 2).0)));
        insta::assert_snapshot!("text_dark", render::text(&judged(&kubernetes(1, 2).node_dark("node-1").0)));
    }
}

/// Asked about one complaint, the report tells what can be behind it, and names the rest.
#[test]
fn a_complaint_chooses_what_is_told() {
    let about = |scene: &fixture::Scene, symptom: &str| judge(&scene.0, &Selection { only: Vec::new(), symptom: Some(symptom.to_owned()) });
    let scene = fixture::kubernetes(1, 2).unit("node-1", "kubelet", fixture::crashed(255, "swap is on"));
    let report = about(&scene, "S16");
    assert_eq!((report.exit, report.findings[0].id.as_str(), report.aside.len()), (1, "kn-kubelet-down", 0));
    assert_eq!(report.complaint.as_ref().map(|c| c.name.as_str()), Some("node-not-ready"));
    let other = about(&scene, "S18");
    assert_eq!((other.exit, other.verdict, other.findings.len()), (3, Word::Inconclusive, 0), "another fault is there: not healthy");
    assert_eq!(other.aside[0].id, "kn-kubelet-down");
    let text = render::text(&other);
    assert!(
        text.contains("\nasked about: A volume claim stays Pending (claim-pending)\n") && text.contains("  kn-kubelet-down on node-1: "),
        "{text}"
    );
    assert_eq!(about(&fixture::kubernetes(1, 2), "S18").exit, 0);
    let strange = about(&fixture::kubernetes(1, 2), "S9");
    assert_eq!((strange.exit, strange.unexplained.len()), (3, 1), "no rule knows it: not healthy\n{}", render::text(&strange));
}

/// Every form of every firing case: no line is broken by what others wrote, and XML and JSON stay whole.
#[test]
fn every_form_of_a_report_is_whole() {
    let scene = fixture::kubernetes(1, 2).unit("node-1", "kubelet", fixture::crashed(255, "a `b` <c> & \u{1b}[2J *d* ```"));
    let report = judge(&scene.0, &Selection::default());
    insta::assert_snapshot!("markdown", render::markdown(&report));
    for entry in ALL {
        let report = judged(&(entry.rule.cases[0].scene)().0);
        let lines: Vec<serde_json::Value> = render::jsonl(&report).lines().map(|line| serde_json::from_str(line).unwrap()).collect();
        assert_eq!((&lines[0]["type"], &lines[lines.len() - 1]["type"]), (&"report".into(), &"verdict".into()));
        let findings = lines.iter().filter(|line| line["type"] == "finding").count();
        assert_eq!(findings, report.findings.len());
        let xml = render::junit(&report);
        assert_eq!(xml.matches("<testcase ").count(), report.checks.len() + report.unexplained.len());
        assert!(!xml.contains('\u{1b}') && xml.ends_with("</testsuite>\n"), "{xml}");
    }
    let xml = render::junit(&report);
    assert!(xml.contains("<failure type=\"cause\" message=\"node-1: The kubelet is failed (exit-code, status 255) on node-1.\">"), "{xml}");
    assert!(!xml.contains("<c>"), "{xml}");
}
