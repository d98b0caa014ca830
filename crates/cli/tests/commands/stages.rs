// SPDX-License-Identifier: Apache-2.0
//! The stage clock of `--watch`, and the doctor's own `--watch`, without a terminal.

use crate::fixture::{C1, Fixture, recorded};
use crate::watch::{event, page, still, timeline};
use insta::assert_snapshot;
use jiff::{SignedDuration, Timestamp};
use magnum_rules::fixture::{crashed, kubernetes};
use magnum_rules::{Selection, judge};
use magnum_stages::{NodeHistory, Report, Scene, Standing, Usual};
use magnum_types::{Coe, Role, StepState};
use serde_json::{Value, json};

fn at(seconds: i64) -> Timestamp {
    Timestamp::UNIX_EPOCH + SignedDuration::from_secs(seconds)
}

/// The server's answer at second `now`: node-0 waits for the overlay since the second second, until it is up.
fn progress(now: i64, up: bool) -> Value {
    let report = |state, detail: &str| Report { step: "overlay".to_owned(), state, detail: detail.to_owned(), at: at(2), took_ms: None };
    let node = |name: &str, role, standing, reports| NodeHistory {
        name: name.to_owned(),
        role,
        standing,
        started_at: Some(at(0)),
        ready_at: Some(at(9)),
        reports,
    };
    let waiting = vec![report(StepState::Started, ""), report(StepState::Waiting, "the overlay\nnetwork\u{1b}[2J")];
    let standing = if up { Standing::Ready } else { Standing::Coming };
    let nodes = [node("master-0", Role::Master, Standing::Ready, vec![]), node("node-0", Role::Worker, standing, waiting)];
    let usual = Usual::built_in(Coe::Kubernetes);
    let scene = Scene { coe: Coe::Kubernetes, nodes: &nodes, began: at(0), deadline: Some(at(3600)), now: at(now), usual: &usual };
    let judgement = magnum_stages::judge(&scene);
    let mut document = serde_json::to_value(&judgement).unwrap();
    document["outlook"] = judgement.outlook().into();
    document["in_progress"] = (!up).into();
    document
}

fn clock() -> String {
    format!("GET /v1/clusters/{C1}/progress")
}

fn diagnosed(hurt: bool) -> Value {
    let healthy = kubernetes(1, 2);
    let scene = if hurt { healthy.unit("node-1", "kubelet", crashed(255, "swap is on")) } else { healthy };
    serde_json::to_value(judge(&scene.0, &Selection::default())).unwrap()
}

#[tokio::test]
async fn what_hangs_is_told_once_and_the_cause_with_the_next_command() {
    let server = Fixture::start().await;
    server.c1().on("POST /v1/clusters", 202, json!({"uuid": C1}));
    for (now, up) in [(3, false), (60, false), (61, false), (62, false), (63, true)] {
        server.on(&clock(), 200, progress(now, up));
    }
    server.on(&timeline(), 200, page(json!([]), "CREATE_IN_PROGRESS", ""));
    let waits = event(1, json!("node-0"), "overlay", "waiting", "the overlay network");
    server.on(&timeline(), 200, page(json!([waits]), "CREATE_IN_PROGRESS", ""));
    let cause = event(2, Value::Null, "doctor", "done", "cause: fl-etcd-unreachable: node-0 cannot reach etcd");
    server.on(&timeline(), 200, page(json!([cause]), "CREATE_IN_PROGRESS", ""));
    server.on(&timeline(), 200, page(json!([event(3, json!("node-0"), "ready", "done", "")]), "CREATE_COMPLETE", ""));
    let ended = server.magnum(&["cluster", "create", "c1", "--cluster-template", "ct1", "--watch"]).await;
    assert_snapshot!("stages_hung", still(&ended.seen()));
}

#[tokio::test]
async fn the_doctor_watches_a_create_and_then_says_what_is_wrong() {
    let server = Fixture::start().await;
    let mut coming = recorded(170).2;
    coming["status"] = json!("CREATE_IN_PROGRESS");
    server.on("GET /v1/clusters/c1", 200, coming.clone()).on(&format!("GET /v1/clusters/{C1}"), 200, coming);
    server.on(&clock(), 200, progress(60, false));
    server.on(&timeline(), 200, page(json!([event(7, json!("node-0"), "overlay", "started", "")]), "CREATE_IN_PROGRESS", ""));
    server.on(&timeline(), 200, page(json!([]), "CREATE_FAILED", "timed out after 60 minutes: node node-0, step overlay"));
    server.on("POST /v1/clusters/c1/diagnoses", 200, diagnosed(true));
    let ended = server.magnum(&["doctor", "c1", "--watch"]).await;
    assert_eq!(ended.code, 1, "{}", ended.err);
    assert!(ended.out.contains("✗ CAUSE  kn-kubelet-down"), "{}", ended.out);
    assert_snapshot!("stages_doctor", still(&ended.err));
}

#[tokio::test]
async fn the_doctor_repeats_itself_only_when_the_verdict_changes() {
    let server = Fixture::start().await;
    let mut there = recorded(170).2;
    there["status"] = json!("CREATE_COMPLETE");
    server.on("GET /v1/clusters/c1", 200, there.clone()).on(&format!("GET /v1/clusters/{C1}"), 200, there);
    for hurt in [false, false, true, true] {
        server.on("POST /v1/clusters/c1/diagnoses", 200, diagnosed(hurt));
    }
    server.on("POST /v1/clusters/c1/diagnoses", 404, recorded(173).2);
    let ended = server.magnum(&["doctor", "c1", "--watch", "--every", "1", "-o", "jsonl"]).await;
    assert_eq!((ended.code, ended.err.as_str()), (1, "c1 is gone\n"), "{}", ended.out);
    let verdicts: Vec<&str> = ended.out.lines().filter(|line| line.starts_with("{\"type\":\"verdict\"")).collect();
    assert_eq!((verdicts.len(), verdicts[0].contains("healthy"), verdicts[1].contains("cause")), (2, true, true), "{verdicts:?}");
    let asked = server.asked().into_iter().filter(|asked| asked.line.starts_with("POST")).count();
    assert_eq!(asked, 5);
    assert_eq!(server.magnum(&["doctor", "c1", "--every", "5"]).await.code, 64, "only with --watch");
    assert_eq!(server.magnum(&["doctor", "c1", "--watch", "--last"]).await.code, 64);
}
