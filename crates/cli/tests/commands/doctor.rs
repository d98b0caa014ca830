// SPDX-License-Identifier: Apache-2.0
//! The doctor's report as text, as JSON, and as an exit code; and the pages of its faults. The reports are the judge's
//! own, of clusters that a scene breaks.

use crate::fixture::{Fixture, run};
use insta::assert_snapshot;
use magnum_rules::fixture::{Scene, crashed, kubernetes};
use magnum_rules::report::{Report, Word};
use magnum_rules::{ALL, Selection, judge};
use serde_json::{Value, json};

const LINE: &str = "POST /v1/clusters/c1/diagnoses";

fn judged(scene: &Scene) -> Report {
    judge(&scene.0, &Selection::default())
}

fn document(report: &Report) -> Value {
    serde_json::to_value(report).unwrap()
}

/// A kubelet that ended by itself, with last words that want to clear the screen.
fn kubelet_down() -> Report {
    let unit = crashed(255, "failed to run Kubelet\u{1b}[2J\u{202e}: swap is on");
    judged(&kubernetes(1, 2).unit("node-1", "kubelet", unit))
}

/// The kubelet's report as the judge would write it of a finding of another kind.
fn of_kind(kind: Word, verdict: Word, exit: u8) -> Report {
    let mut report = kubelet_down();
    (report.verdict, report.exit) = (verdict, exit);
    report.findings.iter_mut().for_each(|finding| finding.status = kind);
    report
}

#[tokio::test]
async fn a_cause_is_told_with_its_chain_and_remedy() {
    let mut server = Fixture::start().await;
    let report = kubelet_down();
    server.on(LINE, 200, document(&report));
    assert_snapshot!("doctor_cause", server.magnum(&["doctor", "c1"]).await.seen());
    let verbose = server.magnum(&["doctor", "c1", "-v"]).await;
    assert_eq!(verbose.code, 1);
    assert!(verbose.out.contains("\nevidence\n") && verbose.out.contains("\nchecks\n"), "{}", verbose.out);
    assert!(!verbose.out.contains(['\u{1b}', '\u{202e}']), "{}", verbose.out);
    server.utf8 = false;
    let ascii = server.magnum(&["doctor", "c1"]).await;
    assert!(ascii.out.contains("\nx CAUSE  ") && !ascii.out.contains('✗'), "{}", ascii.out);
}

#[tokio::test]
async fn programs_get_the_servers_document() {
    let server = Fixture::start().await;
    let mut sent = document(&kubelet_down());
    sent["of_a_later_server"] = json!({"kept": true});
    server.on(LINE, 200, sent.clone());
    let ended = server.magnum(&["doctor", "c1", "-o", "json"]).await;
    assert_eq!((ended.code, ended.json()), (1, sent));
    let ended = server.magnum(&["doctor", "c1", "-o", "yaml"]).await;
    assert!(ended.code == 1 && ended.out.contains("of_a_later_server:\n"), "{}", ended.out);
}

#[tokio::test]
async fn a_healthy_cluster_is_one_screen() {
    let server = Fixture::start().await;
    let healthy = document(&judged(&kubernetes(1, 2)));
    server.on(LINE, 200, healthy.clone()).on("GET /v1/clusters/c1/diagnoses/latest", 200, healthy);
    assert_snapshot!("doctor_healthy", server.magnum(&["doctor", "c1"]).await.seen());
    assert_eq!(server.magnum(&["doctor", "c1", "--last"]).await.code, 0);
    assert_eq!(server.magnum(&["doctor", "c1", "--fail-on", "warning"]).await.code, 0);
}

#[tokio::test]
async fn the_exit_code_is_the_reports() {
    let reports = [
        (judged(&kubernetes(1, 2)), 0, 0),
        (of_kind(Word::Warning, Word::Healthy, 0), 0, 1),
        (kubelet_down(), 1, 1),
        (of_kind(Word::Suspect, Word::Suspect, 2), 2, 2),
        (judged(&kubernetes(1, 2).node_dark("node-1")), 3, 3),
    ];
    for (report, code, strict) in reports {
        let server = Fixture::start().await;
        server.on(LINE, 200, document(&report));
        assert_eq!(server.magnum(&["doctor", "c1"]).await.code, code, "{:?}", report.verdict);
        assert_eq!(server.magnum(&["doctor", "c1", "--fail-on", "warning"]).await.code, strict, "{:?}", report.verdict);
    }
}

#[tokio::test]
async fn what_is_no_report_is_refused_by_its_schema() {
    for (bad, said) in [
        (json!({"schema": "magnum.doctor/v2"}), "\"magnum.doctor/v2\"; this program knows magnum.doctor/v1 only"),
        (json!({}), "\"\"; this program knows magnum.doctor/v1 only"),
        (json!(null), "\"\"; this program knows magnum.doctor/v1 only"),
        (json!({"schema": "magnum.doctor/v1", "exit": 3}), "not of the form magnum.doctor/v1 that it names: missing field"),
        (json!({"schema": "magnum.doctor/v1", "findings": [{}, null, 7], "cluster": []}), "not of the form magnum.doctor/v1"),
    ] {
        let server = Fixture::start().await;
        server.on(LINE, 200, bad);
        for args in [&["doctor", "c1", "-v"][..], &["doctor", "c1", "-o", "json"]] {
            let ended = server.magnum(args).await;
            assert_eq!((ended.code, ended.out.as_str()), (70, ""), "{}", ended.err);
            assert!(ended.err.contains(said), "{}", ended.err);
        }
    }
}

#[tokio::test]
async fn single_faults_are_verified() {
    let server = Fixture::start().await;
    let only = Selection { only: vec!["kn-kubelet-down".to_owned()], symptom: None };
    server.on(LINE, 200, document(&judge(&kubernetes(1, 2).0, &only)));
    let ended = server.magnum(&["doctor", "c1", "--verify", "kn-kubelet-down", "--verify", "fl-not-running"]).await;
    assert_eq!(ended.code, 0, "{}", ended.err);
    let asked = server.asked();
    assert_eq!(asked.iter().map(|a| a.line.as_str()).collect::<Vec<_>>(), [format!("{LINE}?verify=kn-kubelet-down%2Cfl-not-running")]);
}

#[tokio::test]
async fn an_unknown_fault_is_refused_before_anything_is_asked() {
    let server = Fixture::start().await;
    for args in [&["doctor", "c1", "--verify", "kn-kubelet-down", "--verify", "kubelet-dwn"][..], &["explain", "kubelet-dwn"]] {
        let ended = server.magnum(args).await;
        assert_eq!((ended.code, ended.out.as_str()), (64, ""), "{}", ended.err);
        assert!(ended.err.starts_with("error: there is no fault \"kubelet-dwn\"\nhint: did you mean "), "{}", ended.err);
    }
    let ended = server.magnum(&["explain", ""]).await;
    assert_eq!((ended.code, ended.err.contains("hint: magnum doctor CLUSTER -v")), (64, true), "{}", ended.err);
    assert_eq!(server.magnum(&["doctor", "c1", "--last", "--verify", "kn-kubelet-down"]).await.code, 64);
    assert_eq!(server.asked(), []);
}

#[tokio::test]
async fn every_fault_is_explained_without_a_server() {
    let dir = tempfile::tempdir().unwrap();
    for entry in ALL {
        let id = entry.rule.id;
        let ended = run(&["magnum", "--url", "http://127.0.0.1:1", "explain", id], "", dir.path(), "").await;
        assert_eq!((ended.code, ended.err.as_str()), (0, ""), "{id}");
        assert_eq!(Some(ended.out), magnum_rules::explain(id));
    }
    let ended = run(&["magnum", "explain", "kn-kubelet-down", "-o", "json"], "", dir.path(), "").await;
    assert_eq!(ended.json()["id"], "kn-kubelet-down");
    assert!(ended.json()["page"].as_str().unwrap().starts_with("# kn-kubelet-down\n"), "{}", ended.out);
}
