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

fn about(scene: &Scene, symptom: &str) -> Report {
    judge(&scene.0, &Selection { only: Vec::new(), symptom: Some(symptom.to_owned()) })
}

#[tokio::test]
async fn a_symptom_is_asked_by_name_or_by_its_message() {
    let server = Fixture::start().await;
    let down = kubernetes(1, 2).unit("node-1", "kubelet", crashed(255, "swap is on"));
    server.on(&format!("{LINE}?symptom=node-not-ready"), 200, document(&about(&down, "S16")));
    server.on(&format!("{LINE}?symptom=claim-pending"), 200, document(&about(&down, "S18")));
    let message = "Ready False KubeletNotReady container runtime network not ready: NetworkReady=false";
    assert_snapshot!("doctor_symptom_message", server.magnum(&["doctor", "c1", "--symptom", message]).await.seen());
    assert_snapshot!("doctor_symptom_aside", server.magnum(&["doctor", "c1", "--symptom", "claim-pending"]).await.seen());
    let asked = server.asked().len();
    assert_snapshot!("doctor_symptom_unknown", server.magnum(&["doctor", "c1", "--symptom", "my coffee is cold"]).await.seen());
    assert_eq!(server.asked().len(), asked);
}

/// The list grows with every rule, so only its form and one row are held fast.
#[tokio::test]
async fn every_check_is_listed_without_a_server() {
    let dir = tempfile::tempdir().unwrap();
    let listed = async |args: &[&str]| {
        let all: Vec<&str> =
            ["magnum", "--url", "http://127.0.0.1:1", "doctor", "checks"].into_iter().chain(args.iter().copied()).collect();
        run(&all, "", dir.path(), "").await
    };
    let ended = listed(&["-o", "json"]).await;
    let rows = ended.json().as_array().unwrap().clone();
    assert_eq!((ended.code, ended.err.as_str(), rows.len()), (0, "", ALL.len()));
    let row = rows.iter().find(|row| row["id"] == "kn-kubelet-down").unwrap();
    assert_snapshot!("doctor_checks_row", serde_json::to_string_pretty(row).unwrap());
    assert!(rows.iter().all(|row| row["inject"].as_array().is_some_and(|acts| !acts.is_empty()) || row["not_injected"] != ""));
    let table = listed(&[]).await;
    assert!(table.out.contains("| kn-kubelet-down") && table.out.lines().count() == ALL.len() + 4, "{}", table.out);
    let ids: Vec<String> = listed(&["-o", "value", "-c", "id"]).await.out.lines().map(str::to_owned).collect();
    assert_eq!(ids, ALL.iter().map(|entry| entry.rule.id).collect::<Vec<_>>());
    assert!(listed(&["-o", "yaml"]).await.out.contains("not_injected:"));
    assert_eq!(listed(&["--verify", "kn-kubelet-down"]).await.code, 64);
    assert_eq!(run(&["magnum", "doctor"], "", dir.path(), "").await.code, 64);
}

/// The facts are in the server's answer; the bundle tells the same without a server, to the byte.
#[tokio::test]
async fn a_bundle_is_judged_again_without_a_server() {
    let server = Fixture::start().await;
    let scene = kubernetes(1, 2).unit("node-1", "kubelet", crashed(255, "swap is on, password=hunter2"));
    let report = judged(&scene);
    server.on(&format!("{LINE}?bundle=true"), 200, json!({"report": report, "facts": scene.0}));
    server.on(
        "GET /v1/clusters/c1/timeline",
        200,
        json!({"events": [{"id": 1, "detail": "token=abc"}], "status": "CREATE_COMPLETE", "status_reason": ""}),
    );
    server.on("GET /v1/clusters/c1/nodes/node-1/console", 200, json!({"output": "node-1 login:"}));
    let live = server.magnum(&["doctor", "c1", "--bundle", "b.tar"]).await;
    assert_eq!(live.code, 1, "{}", live.err);
    let note = live.err.lines().next().unwrap_or_default();
    assert!(note.starts_with("wrote b.tar (") && note.ends_with("; 2 secrets removed, with real names and addresses)"), "{note}");
    let bytes = std::fs::read(server.dir.path().join("b.tar")).unwrap();
    assert!(!String::from_utf8_lossy(&bytes).contains("hunter2"));
    let asked = server.asked().len();
    let again = server.magnum(&["doctor", "--from-bundle", "b.tar"]).await;
    assert_eq!((again.code, again.err.as_str()), (1, ""));
    assert_eq!(again.out, live.out.replace("password=hunter2", "password=[removed:secret-1]"));
    let json = server.magnum(&["doctor", "--from-bundle", "b.tar", "-o", "json"]).await.json();
    assert_eq!((&json["mode"], &json["findings"][0]["id"]), (&json!("bundle"), &json!("kn-kubelet-down")));
    assert_eq!(server.magnum(&["doctor", "--from-bundle", "b.tar", "--symptom", "claim-pending"]).await.code, 3);
    assert_eq!(server.asked().len(), asked);

    let hidden = server.magnum(&["doctor", "c1", "--bundle", "p.tar", "--pseudonyms"]).await;
    assert!(hidden.err.contains("names and addresses replaced"), "{}", hidden.err);
    assert_snapshot!("doctor_from_pseudonyms", server.magnum(&["doctor", "--from-bundle", "p.tar"]).await.seen());
}

#[tokio::test]
async fn what_is_no_bundle_is_refused() {
    let server = Fixture::start().await;
    std::fs::write(server.dir.path().join("x"), "no archive").unwrap();
    let ended = server.magnum(&["doctor", "--from-bundle", "x"]).await;
    assert_eq!((ended.code, ended.err.contains("/dir/x is no bundle: ")), (1, true), "{}", ended.err);
    assert_eq!(server.magnum(&["doctor", "--from-bundle", "absent"]).await.code, 1);
    assert_eq!(server.magnum(&["doctor", "c1", "--from-bundle", "x"]).await.code, 64);
    assert_eq!(server.magnum(&["doctor", "c1", "--pseudonyms"]).await.code, 64);
    server.on(&format!("{LINE}?bundle=true"), 200, document(&kubelet_down()));
    let old = server.magnum(&["doctor", "c1", "--bundle", "b"]).await;
    assert_eq!((old.code, old.err.as_str()), (70, "error: the server's answer has no facts\n"));
}

#[tokio::test]
async fn a_report_has_more_forms_than_other_answers() {
    let server = Fixture::start().await;
    server.on(LINE, 200, document(&kubelet_down()));
    for form in ["jsonl", "junit", "markdown"] {
        let ended = server.magnum(&["doctor", "c1", "-o", form]).await;
        assert_eq!((ended.code, ended.err.as_str()), (1, ""));
        // Checks are as many as there are rules.
        let shown: Vec<&str> = ended.out.lines().filter(|line| form != "jsonl" || !line.contains("\"type\":\"check\"")).collect();
        let shown = if form == "junit" { ended.out.lines().filter(|line| line.contains("failure")).skip(1).collect() } else { shown };
        assert_snapshot!(format!("doctor_{form}"), shown.join("\n"));
        let asked = server.asked().len();
        for args in [&["cluster", "list", "-o", form][..], &["doctor", "checks", "-o", form], &["explain", "kn-kubelet-down", "-o", form]] {
            let ended = server.magnum(args).await;
            assert_eq!((ended.code, ended.out.as_str()), (64, ""));
            assert!(ended.err.contains(&format!("only the doctor's report can be printed as {form}")), "{}", ended.err);
        }
        assert_eq!(server.asked().len(), asked);
    }
}
