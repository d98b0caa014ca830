// SPDX-License-Identifier: Apache-2.0
//! Bad input to a real server: a 4xx that names the field, and no effect on any node or on the host.

use anyhow::{Context, Result, ensure};
use magnum_testkit::{Server, dist_dir, http_agent};
use serde_json::{Value, json};
use std::time::Duration;

struct Answer {
    status: u16,
    text: String,
}

fn send(server: &Server, method: &str, path: &str, token: Option<&str>, body: &[u8]) -> Result<Answer> {
    let agent = http_agent(Duration::from_secs(20));
    let mut request = ureq::http::Request::builder().method(method).uri(format!("{}{path}", server.url()));
    request = request.header("Accept", "application/json").header("Content-Type", "application/json");
    request = request.header("OpenStack-API-Version", "container-infra latest");
    if let Some(token) = token {
        request = request.header("X-Auth-Token", token);
    }
    let mut response = agent.run(request.body(body).context("building the request")?).with_context(|| format!("{method} {path}"))?;
    let status = response.status().as_u16();
    Ok(Answer { status, text: response.body_mut().read_to_string().unwrap_or_default() })
}

#[test]
fn bad_input_is_refused_by_field_and_reaches_nothing() -> Result<()> {
    let server = Server::start(&dist_dir()?)?;
    let token = server.token()?;
    let post = |path: &str, body: &Value| send(&server, "POST", path, Some(&token), body.to_string().as_bytes());
    let template = |extra: Value| {
        let mut body =
            json!({"name": "t", "coe": "kubernetes", "image_id": "debian-12", "external_network_id": "public", "flavor_id": "m1.small"});
        for (key, value) in extra.as_object().into_iter().flatten() {
            body[key] = value.clone();
        }
        body
    };
    let good = post("/v1/clustertemplates", &template(json!({"name": "good"})))?;
    ensure!(good.status == 201, "{}", good.text);
    let long = "x".repeat(300);
    for (what, path, body, field) in [
        ("a number for a name", "/v1/clustertemplates", template(json!({"name": {"a": 1}})), "name"),
        ("an unknown field", "/v1/clustertemplates", template(json!({"nome": "x"})), "nome"),
        ("an unknown COE", "/v1/clustertemplates", template(json!({"coe": "k8s; reboot"})), "coe"),
        ("an unknown image", "/v1/clustertemplates", template(json!({"image_id": "$(reboot)"})), "$(reboot)"),
        ("a volume of no size", "/v1/clustertemplates", template(json!({"docker_volume_size": 0})), "docker_volume_size"),
        ("labels that are a list", "/v1/clustertemplates", template(json!({"labels": ["a"]})), "labels"),
        (
            "a label range with a command",
            "/v1/clustertemplates",
            template(json!({"labels": {"fixed_subnet_cidr": "10.0.0.0/24; reboot"}})),
            "fixed_subnet_cidr",
        ),
        (
            "a label with a newline",
            "/v1/clustertemplates",
            template(json!({"labels": {"dns_cluster_domain": "a\nb"}})),
            "dns_cluster_domain",
        ),
        ("a name with a command", "/v1/clusters", json!({"name": "a;reboot", "cluster_template_id": "good"}), "name"),
        ("a name too long", "/v1/clusters", json!({"name": long, "cluster_template_id": "good"}), "name"),
        ("a negative count", "/v1/clusters", json!({"name": "a", "cluster_template_id": "good", "node_count": -1}), "node_count"),
        ("text for a count", "/v1/clusters", json!({"name": "a", "cluster_template_id": "good", "node_count": "many"}), "many"),
        (
            "a count beyond the network",
            "/v1/clusters",
            json!({"name": "a", "cluster_template_id": "good", "node_count": 100_000}),
            "node_count",
        ),
        ("no template", "/v1/clusters", json!({"name": "a"}), "cluster_template_id"),
        ("an absent template", "/v1/clusters", json!({"name": "a", "cluster_template_id": "absent"}), "absent"),
        (
            "overlapping ranges",
            "/v1/clusters",
            json!({"name": "a", "cluster_template_id": "good", "labels": {"flannel_network_cidr": "10.0.0.0/16"}}),
            "flannel_network_cidr",
        ),
    ] {
        let answer = post(path, &body)?;
        ensure!((400..500).contains(&answer.status), "{what}: {} {}", answer.status, answer.text);
        ensure!(answer.text.contains(field), "{what}: the answer does not name {field}: {}", answer.text);
        ensure!(serde_json::from_str::<Value>(&answer.text).is_ok_and(|v| v["errors"].is_array()), "{what}: {}", answer.text);
    }
    for (what, body) in [
        ("no JSON", "{\"name\"".as_bytes().to_vec()),
        ("ten megabytes", vec![b'a'; 10 << 20]),
        ("nothing", Vec::new()),
        ("not UTF-8", vec![0xff, 0xfe]),
    ] {
        // A server may answer before it has read ten megabytes and close: that is a refusal too.
        if let Ok(answer) = send(&server, "POST", "/v1/clusters", Some(&token), &body) {
            ensure!((400..500).contains(&answer.status), "{what}: {} {}", answer.status, answer.text);
        }
    }
    for bad in [None, Some(""), Some("wrong"), Some("../../token")] {
        let answer = send(&server, "GET", "/v1/clusters", bad, b"")?;
        ensure!(answer.status == 401, "token {bad:?}: {} {}", answer.status, answer.text);
    }
    let list = send(&server, "GET", "/v1/clusters", Some(&token), b"")?;
    ensure!(list.status == 200 && list.text.contains("\"clusters\":[]"), "nothing was created: {}", list.text);
    Ok(())
}

#[test]
fn label_values_stay_data_on_nodes_and_certificates_are_refused_by_reason() -> Result<()> {
    let server = Server::start(&dist_dir()?)?;
    let token = server.token()?;
    server.ok(["cluster-template", "create", "k8s", "--coe", "kubernetes"])?;
    let nasty = "'\"`touch /nasty`$(touch /nasty);|&{{x}}%s\\";
    let body = json!({"name": "c", "cluster_template_id": "k8s", "node_count": 0, "labels": {"kube_tag": nasty, nasty: "x"}});
    let answer = send(&server, "POST", "/v1/clusters", Some(&token), body.to_string().as_bytes())?;
    if answer.status == 202 {
        magnum_testkit::wait(Duration::from_secs(90), "the cluster is complete", || {
            Ok((server.json(["cluster", "show", "c"])?["status"] == "CREATE_COMPLETE").then_some(()))
        })?;
        ensure!(server.exec("c", "master-0", &["test", "-e", "/nasty"])?.0 == Some(1), "a label became code on a node");
    } else {
        ensure!(answer.status == 400 && answer.text.contains("labels"), "{} {}", answer.status, answer.text);
        server.ok(["cluster", "create", "c", "--cluster-template", "k8s", "--node-count", "0", "--watch"])?;
    }
    ensure!(!std::path::Path::new("/nasty").exists(), "a label became code on the host");
    let request = ["req", "-new", "-newkey", "rsa:1024", "-nodes", "-keyout", "/dev/null", "-subj", "/CN=x"];
    let weak = magnum_testkit::openssl(server.state(), &request)?;
    for (what, csr) in [("garbage", "garbage"), ("an empty request", ""), ("a weak key", weak.as_str())] {
        let body = json!({"cluster_uuid": "c", "csr": csr}).to_string();
        let answer = send(&server, "POST", "/v1/certificates", Some(&token), body.as_bytes())?;
        ensure!(answer.status == 400 && answer.text.contains("csr"), "{what}: {} {}", answer.status, answer.text);
    }
    Ok(())
}
