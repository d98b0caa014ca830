// SPDX-License-Identifier: Apache-2.0
//! Traces through OTLP to a receiver that reads them by the official protobuf classes (it stands in the place of a collector): from a
//! caller's request to what nodes did, also while the receiver is away, and up to the server's last moment.

#![allow(clippy::print_stdout, reason = "numbers")]

use anyhow::{Context, Result, ensure};
use magnum_testkit::{COLLECTOR_KEY, Collector, Installation, Persona, Server, dist_dir, http_agent, wait};
use serde_json::{Value, json};
use std::process::Command;
use std::time::{Duration, Instant};

fn conf(endpoint: &str, headers: &str) -> String {
    format!("[opentelemetry]\nendpoint = {endpoint}\nheaders = {headers}\n")
}

/// A caller's own span.
fn caller(number: u32) -> (String, String) {
    let trace = format!("{number:032x}");
    (format!("00-{trace}-00f067aa0ba902b7-01"), trace)
}

/// Asks the API as a caller with a trace of its own; answers the status.
fn ask(server: &Server, method: &str, path: &str, traceparent: &str) -> Result<u16> {
    let agent = http_agent(Duration::from_secs(60));
    let request = ureq::http::Request::builder().method(method).uri(format!("{}{path}", server.url()));
    let request = request.header("X-Auth-Token", server.token()?).header("traceparent", traceparent);
    Ok(agent.run(request.body(())?).context("asking the API")?.status().as_u16())
}

/// Waits for a span of this name, in this trace if one is given.
fn span(collector: &Collector, name: &str, trace: Option<&str>) -> Result<Value> {
    let fits = |span: &Value| span["name"] == name && trace.is_none_or(|trace| span["trace"] == trace);
    let found = wait(Duration::from_secs(60), &format!("a span {name}"), || Ok(collector.heard()?.into_iter().find(fits)));
    found.with_context(|| {
        let names: Vec<Value> = collector.heard().unwrap_or_default().iter().map(|span| span["name"].clone()).collect();
        format!("heard: {names:?}")
    })
}

/// Spans right below another.
fn below(collector: &Collector, parent: &Value) -> Result<Vec<Value>> {
    let belongs = |span: &Value| span["parent"] == parent["id"] && span["trace"] == parent["trace"];
    Ok(collector.heard()?.into_iter().filter(belongs).collect())
}

fn names(spans: &[Value]) -> Vec<&str> {
    spans.iter().filter_map(|span| span["name"].as_str()).collect()
}

#[test]
fn a_cluster_is_traced_from_its_request_to_its_nodes_whatever_breaks() -> Result<()> {
    let mut collector = Collector::start()?;
    let mut server = Server::new(&dist_dir()?)?;
    server.up_with(&conf(&collector.url(), &collector.headers()), &[])?;
    server.ok(["cluster-template", "create", "swarm", "--coe", "swarm"])?;
    server.ok(["cluster", "create", "t", "--cluster-template", "swarm", "--node-count", "1", "--watch"])?;
    let uuid = server.json(["cluster", "show", "t"])?["uuid"].as_str().context("a uuid")?.to_owned();

    let action = span(&collector, "cluster create", None)?;
    let request = span(&collector, "POST /v1/clusters", None)?;
    ensure!(action["parent"] == request["id"] && action["trace"] == request["trace"], "{action} {request}");
    ensure!(request["kind"] == "server" && request["attributes"]["http.response.status_code"] == 202, "{request}");
    ensure!(request["attributes"]["magnum.request_id"] == action["attributes"]["magnum.request_id"], "{action} {request}");
    ensure!(action["attributes"]["magnum.cluster.id"] == uuid.as_str() && action["error"].is_null(), "{action}");
    ensure!(action["attributes"]["magnum.cluster.status"] == "CREATE_COMPLETE", "{action}");
    let steps = below(&collector, &action)?;
    println!("{} spans below the create, which took {:.1} s", steps.len(), took(&action));
    ensure!(names(&steps).contains(&"converge"), "{:?}", names(&steps));
    for node in ["master-0", "node-0"] {
        let own: Vec<Value> = steps.iter().filter(|step| step["attributes"]["magnum.node"] == node).cloned().collect();
        ensure!(names(&own).contains(&"step docker") && names(&own).contains(&"step ready"), "{node}: {:?}", names(&own));
    }
    ensure!(steps.iter().all(|step| step["ended"].as_f64() <= action["ended"].as_f64()), "a step ends after its operation: {steps:?}");
    ensure!(action["resource"]["service.name"] == "magnum", "{action}");

    broken_off(&mut collector, &mut server, &uuid)?;
    for span in collector.heard()? {
        ensure!(span["faults"].as_array().is_some_and(Vec::is_empty), "{span}");
        ensure!(!span.to_string().contains(&server.token()?), "the token is in a span: {span}");
    }
    ensure!(!server.log().contains(COLLECTOR_KEY), "the header's value is in the log");
    last_moment(&collector, server)
}

fn took(span: &Value) -> f64 {
    span["ended"].as_f64().unwrap_or_default() - span["began"].as_f64().unwrap_or_default()
}

/// Reads and a delete while the receiver is away; their spans arrive when it is back.
fn broken_off(collector: &mut Collector, server: &mut Server, uuid: &str) -> Result<()> {
    collector.kill()?;
    let mut longest = Duration::ZERO;
    for number in 1..=50 {
        let began = Instant::now();
        ensure!(ask(server, "GET", &format!("/v1/clusters/{uuid}"), &caller(number).0)? == 200);
        longest = longest.max(began.elapsed());
    }
    println!("without a receiver the longest of 50 reads took {longest:.1?}");
    ensure!(longest < Duration::from_secs(1), "reads wait for the receiver: {longest:?}");
    let (traceparent, trace) = caller(1000);
    ensure!(ask(server, "DELETE", &format!("/v1/clusters/{uuid}"), &traceparent)? == 204);
    wait(Duration::from_secs(60), "the cluster is gone", || {
        Ok((ask(server, "GET", &format!("/v1/clusters/{uuid}"), &caller(2000).0)? == 404).then_some(()))
    })?;
    wait(Duration::from_secs(30), "word in the log that spans are kept", || {
        Ok(server.log().contains("spans are not taken; they are kept").then_some(()))
    })?;
    ensure!(server.log().matches("spans are not taken").count() == 1, "it is told more than once");
    let began = Instant::now();
    collector.up()?;
    let delete = span(collector, "cluster delete", Some(&trace))?;
    println!("the delete's span was heard {:.1?} after the receiver's start", began.elapsed());
    let request = span(collector, "DELETE /v1/clusters/{cluster_ident}", Some(&trace))?;
    ensure!(request["parent"] == "00f067aa0ba902b7" && delete["parent"] == request["id"], "{request} {delete}");
    ensure!(names(&below(collector, &delete)?).contains(&"remove"), "{:?}", below(collector, &delete));
    for number in 1..=50 {
        span(collector, "GET /v1/clusters/{cluster_ident}", Some(&caller(number).1))?;
    }
    wait(Duration::from_secs(30), "word in the log that spans are taken", || {
        Ok(server.log().contains("spans are taken again").then_some(()))
    })
}

/// A request just before the server is told to end is traced as well.
fn last_moment(collector: &Collector, server: Server) -> Result<()> {
    let (traceparent, trace) = caller(3000);
    ensure!(ask(&server, "GET", "/v1/clusters", &traceparent)? == 200);
    let pid = server.pid().context("the server runs")?;
    ensure!(Command::new("kill").arg(pid.to_string()).status().context("running kill")?.success());
    span(collector, "GET /v1/clusters", Some(&trace)).map(drop)
}

#[test]
fn calls_to_other_services_go_on_with_the_trace() -> Result<()> {
    let collector = Collector::start()?;
    let all = Installation::with_services(&conf(&collector.url(), &collector.headers()))?;
    let template = json!({
        "name": "t", "coe": "swarm", "image_id": "debian-12", "flavor_id": "m1.small", "master_flavor_id": "m1.small",
        "external_network_id": "public",
    });
    all.expect(Persona::Admin, "POST", "/v1/clustertemplates", Some(template), 201)?;
    let request = span(&collector, "POST /v1/clustertemplates", None)?;
    let calls = below(&collector, &request)?;
    for service in ["Keystone", "Glance", "Nova", "Neutron"] {
        let call = calls.iter().find(|call| call["attributes"]["peer.service"] == service);
        let call = call.with_context(|| format!("no call to {service}: {:?}", names(&calls)))?;
        ensure!(call["kind"] == "client" && call["attributes"]["http.response.status_code"].is_number(), "{call}");
    }
    let project = request["attributes"]["magnum.project_id"].as_str().unwrap_or_default();
    ensure!(project.len() == 32, "{request}");
    let token = all.token(Persona::Admin)?;
    for heard in collector.heard()? {
        ensure!(heard["faults"].as_array().is_some_and(Vec::is_empty), "{heard}");
        ensure!(!heard.to_string().contains(&token) && !heard.to_string().contains(all.populated.password()), "a secret: {heard}");
    }
    Ok(())
}

#[test]
fn the_check_says_what_is_wrong_with_the_collector() -> Result<()> {
    let mut collector = Collector::start()?;
    let secure = Collector::secure()?;
    let server = Server::new(&dist_dir()?)?;
    let file = server.state().join("check.conf");
    let check = |conf: &str, environment: &[(&str, &str)]| -> Result<(Option<i32>, String)> {
        std::fs::write(&file, conf).context("writing check.conf")?;
        let mut command = server.magnum(["config", "check", "--config-file", &file.display().to_string()]);
        let output = command.envs(environment.iter().copied()).output().context("running magnum config check")?;
        let text = format!("{}{}", String::from_utf8_lossy(&output.stdout), String::from_utf8_lossy(&output.stderr));
        ensure!(!text.contains(COLLECTOR_KEY) && !text.contains("s3cret"), "a header's value is shown: {text}");
        Ok((output.status.code(), text))
    };
    let headers = collector.headers();
    let with_authority = |file: &str| format!("{}ca_file = {file}\n", conf(&secure.url(), &headers));
    for good in [conf(&collector.url(), &headers), with_authority(&secure.authority()?), "[opentelemetry]\nexporter = none\n".to_owned()] {
        let (code, text) = check(&good, &[])?;
        ensure!(code == Some(0) && !text.contains("collector"), "{code:?} {text}");
    }
    let variables = [("OTEL_EXPORTER_OTLP_ENDPOINT", collector.url()), ("OTEL_EXPORTER_OTLP_HEADERS", headers.clone())];
    let variables: Vec<(&str, &str)> = variables.iter().map(|(name, value)| (*name, value.as_str())).collect();
    let (code, text) = check("", &variables)?;
    ensure!(code == Some(0), "by the environment: {text}");
    for (conf, part) in [
        (conf(&collector.url(), "x-collector-key=s3cret"), "refuses us (401); check [opentelemetry] headers"),
        (conf(&format!("{}/elsewhere", collector.url()), &headers), "nothing takes traces at"),
        (conf(&secure.url(), &headers), "cannot be reached: invalid peer certificate"),
        (with_authority("nowhere.pem"), "[opentelemetry] ca_file: nowhere.pem cannot be read"),
        (conf(&collector.url(), "s3cret"), "[opentelemetry] headers: write name=value"),
        (conf("grpc://127.0.0.1:4317", &headers), "[opentelemetry] endpoint: write the collector's URL"),
    ] {
        let (code, text) = check(&conf, &[])?;
        ensure!(code == Some(1) && text.contains(part), "{part}: {code:?} {text}");
    }
    collector.kill()?;
    let (code, text) = check(&conf(&collector.url(), &headers), &[])?;
    let part = format!("the collector of traces at {}/v1/traces cannot be reached: Connection refused", collector.url());
    ensure!(code == Some(1) && text.contains(&part), "{code:?} {text}");
    Ok(())
}
