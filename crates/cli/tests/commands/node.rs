// SPDX-License-Identifier: Apache-2.0
//! Nodes: list, exec, console, power, shell; and the timeline.

use crate::fixture::Fixture;
use insta::assert_snapshot;
use serde_json::{Value, json};

const EXEC: &str = "POST /v1/clusters/c1/nodes/master-0/actions/exec";

fn ended(exit: Value, stdout: &str, stderr: &str) -> Value {
    json!({"exit_code": exit, "stdout": stdout, "stderr": stderr, "timed_out": false, "truncated": false})
}

pub fn nodes() -> Value {
    json!({"nodes": [
        {"name": "master-0", "group": "default-master", "role": "master", "address": "10.0.0.10", "status": "READY", "step": "ready", "step_state": "done", "step_detail": "", "step_seconds": 0.1, "seconds": 9.8, "versions": {"kubelet": "v1.20.2"}},
        {"name": "node-0", "group": "default-worker", "role": "worker", "address": null, "status": "BUILDING", "step": "join", "step_state": "waiting", "step_detail": "the API server", "step_seconds": 1.0, "seconds": 3.25, "versions": {}},
    ]})
}

#[tokio::test]
async fn a_programs_streams_and_exit_code_come_through() {
    for (answer, code, out, err) in [
        (ended(json!(0), "hello\n", ""), 0, "hello\n", ""),
        (ended(json!(3), "a", "oops\n"), 3, "a", "oops\n"),
        (ended(Value::Null, "", ""), 137, "", ""),
        (
            json!({"exit_code": null, "stdout": "x", "stderr": "", "timed_out": true, "truncated": false}),
            124,
            "x",
            "note: the program was ended after 60 seconds (--time-limit)\n",
        ),
        (
            json!({"exit_code": 0, "stdout": "x\n", "stderr": "", "timed_out": false, "truncated": true}),
            0,
            "x\n",
            "note: the output was longer than the server keeps; its rest is missing\n",
        ),
    ] {
        let server = Fixture::start().await;
        server.on(EXEC, 200, answer);
        let ended = server.magnum(&["node", "exec", "c1", "master-0", "--", "sh", "-c", "echo $HOME; exit 3", "-o"]).await;
        assert_eq!((ended.code, ended.out.as_str(), ended.err.as_str()), (code, out, err));
        assert_eq!(server.sent(EXEC), json!({"command": ["sh", "-c", "echo $HOME; exit 3", "-o"], "timeout_seconds": 60}));
    }
    let mut server = Fixture::start().await;
    server.input = "typed\n".into();
    server.on(EXEC, 200, ended(json!(1), "", ""));
    let ended = server.magnum(&["node", "exec", "-i", "--time-limit", "5", "-o", "json", "c1", "master-0", "--", "cat"]).await;
    assert_eq!((ended.code, ended.json()["exit_code"].clone()), (1, json!(1)));
    assert_eq!(server.sent(EXEC), json!({"command": ["cat"], "stdin": "typed\n", "timeout_seconds": 5}));
}

#[tokio::test]
async fn nodes_console_and_power() {
    let server = Fixture::start().await;
    server.on("GET /v1/clusters/c1/nodes", 200, nodes());
    server.on("GET /v1/clusters/c1/nodes/node-0/console", 200, json!({"output": "[    0.1] boot\r\nlogin: \u{1b}[2J"}));
    server.on("POST /v1/clusters/c1/nodes/node-0/actions/stop", 202, Value::Null).on(
        "POST /v1/clusters/c1/nodes/node-0/actions/start",
        202,
        json!({}),
    );
    server.on(
        "GET /v1/clusters/c1/nodes/node-9/console",
        404,
        json!({"errors": [{"status": 404, "title": "Node node-9 could not be found", "detail": "Node node-9 could not be found."}]}),
    );
    for (name, args) in [
        ("node_list", &["node", "list", "c1"][..]),
        ("node_list_json", &["node", "list", "c1", "-o", "json"]),
        ("node_console", &["node", "console", "c1", "node-0", "--bytes", "100"]),
        ("node_stop", &["node", "stop", "c1", "node-0"]),
        ("node_start", &["node", "start", "c1", "node-0", "-o", "json"]),
        ("near_node", &["node", "console", "c1", "node-9"]),
    ] {
        assert_snapshot!(name, server.magnum(args).await.seen());
    }
}

#[tokio::test]
async fn a_shell_keeps_its_directory_and_cannot_be_fooled_by_a_line() {
    let mut server = Fixture::start().await;
    server.input = "cd /etc\n\nls $(x)'\"; echo\nexit\nnever\n".into();
    let place = |place: &'static str, output: &'static str| {
        move |asked: &crate::fixture::Asked| {
            let mark = asked.body["command"][6].as_str().unwrap();
            (200, ended(json!(0), &format!("{output}{mark}{place}"), ""))
        }
    };
    server.answer(EXEC, place("/etc", "")).answer(EXEC, place("/etc", "hosts"));
    let ended = server.magnum(&["node", "shell", "c1", "master-0"]).await;
    assert_eq!((ended.code, ended.out.as_str()), (0, "hosts\n"));
    let sent: Vec<Value> = server.asked().into_iter().map(|asked| asked.body["command"].clone()).collect();
    assert_eq!((&sent[0][4], &sent[0][5]), (&json!("/root"), &json!("cd /etc")));
    assert_eq!((&sent[1][4], &sent[1][5]), (&json!("/etc"), &json!("ls $(x)'\"; echo")));
    assert_eq!(sent[0][2], sent[1][2], "the script is the same whatever the line");
}

#[tokio::test]
async fn the_timeline_is_printed_and_followed() {
    let server = Fixture::start().await;
    let event = |id: u64, node: Value, step: &str, state: &str, ms: Value, detail: &str| json!({"id": id, "at": "2026-07-01T10:00:00.000Z", "node": node, "step": step, "state": state, "duration_ms": ms, "detail": detail});
    let first = json!({"events": [event(1, Value::Null, "network", "done", json!(120), ""), event(2, json!("master-0"), "etcd", "waiting", Value::Null, "its peers")], "status": "CREATE_IN_PROGRESS", "status_reason": null});
    let last = json!({"events": [event(3, json!("master-0"), "etcd", "failed", json!(900), "exit 1\nno disk")], "status": "CREATE_FAILED", "status_reason": "node master-0, step etcd: exit 1"});
    server.c1();
    server.on("GET /v1/clusters/c1/timeline?after=0", 200, first).on(
        &format!("GET /v1/clusters/{}/timeline?after=2&wait=20", crate::fixture::C1),
        200,
        last,
    );
    assert_snapshot!("timeline", server.magnum(&["timeline", "c1"]).await.seen());
    assert_snapshot!("timeline_follow", server.magnum(&["timeline", "c1", "--follow"]).await.seen());
}
