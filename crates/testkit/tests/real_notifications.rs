// SPDX-License-Identifier: Apache-2.0
//! Notifications through a real RabbitMQ to a real listener of oslo.messaging: what clusters go through is told in order, also
//! when broker and server are cut off in the middle, and nothing waits for the broker.

#![allow(clippy::print_stdout, reason = "numbers")]

use anyhow::{Context, Result, ensure};
use magnum_testkit::{Listener, Rabbit, Server, dist_dir, wait};
use serde_json::Value;
use std::time::{Duration, Instant};

fn conf(url: &str) -> String {
    format!(
        "[DEFAULT]\ntransport_url = {url}\nhost = here\n[oslo_messaging_notifications]\ndriver = messagingv2\n\
         [oslo_messaging_rabbit]\namqp_durable_queues = true\nrabbit_interval_max = 2\n"
    )
}

/// Waits until so many were heard.
fn heard(listener: &Listener, count: usize) -> Result<Vec<Value>> {
    let all = wait(Duration::from_secs(60), &format!("{count} notifications"), || {
        let heard = listener.heard()?;
        Ok((heard.len() >= count).then_some(heard))
    });
    let all = all.with_context(|| format!("heard: {:?}", listener.heard()))?;
    ensure!(all.len() == count, "more than {count}: {all:?}");
    Ok(all)
}

fn told(notification: &Value) -> String {
    let word = |value: &Value| value.as_str().unwrap_or("?").to_owned();
    let payload = &notification["payload"];
    let content = &payload["target"]["attachments"][0]["content"];
    format!(
        "{} {} {} {} {}",
        word(&notification["priority"]),
        word(&notification["event_type"]),
        word(&payload["action"]),
        word(&payload["outcome"]),
        word(&content["status"])
    )
}

#[test]
fn what_clusters_go_through_is_told_whatever_breaks() -> Result<()> {
    let mut rabbit = Rabbit::start()?;
    let listener = rabbit.listen()?;
    let mut server = Server::new(&dist_dir()?)?;
    server.up_with(&conf(&rabbit.url()), &[])?;
    server.ok(["cluster-template", "create", "k8s", "--coe", "kubernetes"])?;
    server.ok(["cluster", "create", "n", "--cluster-template", "k8s", "--node-count", "1", "--labels", "a=ä", "--watch"])?;
    let uuid = server.json(["cluster", "show", "n"])?["uuid"].clone();
    let all = heard(&listener, 2)?;
    let expected =
        ["info magnum.cluster.create create pending CREATE_IN_PROGRESS", "info magnum.cluster.create create success CREATE_COMPLETE"];
    ensure!(all.iter().map(told).collect::<Vec<_>>() == expected, "{all:?}");
    for one in &all {
        well_formed(one, &uuid)?;
    }
    let content = &all[1]["payload"]["target"]["attachments"][0]["content"];
    let addresses = |key: &str| content[key].as_array().map_or(0, Vec::len);
    ensure!((addresses("master_addresses"), addresses("node_addresses")) == (1, 1) && content["labels"]["a"] == "ä", "{content}");
    ensure!(content["api_address"].as_str().is_some_and(|url| url.starts_with("https://")), "{content}");

    broken_off(&mut rabbit, &mut server, &listener)?;

    // An option that its API server does not know ends a create at once, however fast the node is.
    let broken = ["--labels", "kubeapi_options=--no-such-option=1"];
    server.ok(["cluster", "create", "f", "--cluster-template", "k8s", "--node-count", "1"].into_iter().chain(broken))?;
    let all = heard(&listener, 8)?;
    let expected =
        ["info magnum.cluster.create create pending CREATE_IN_PROGRESS", "error magnum.cluster.create create failure CREATE_FAILED"];
    ensure!(all[6..].iter().map(told).collect::<Vec<_>>() == expected, "{all:?}");
    let reason = all[7]["payload"]["target"]["attachments"][0]["content"]["status_reason"].as_str().unwrap_or_default();
    ensure!(reason.starts_with("node master-0, step kube-apiserver: kube-apiserver.service failed"), "{reason}");
    Ok(())
}

/// A resize and a delete while the broker is away, the server cut off between them and the broker's return.
fn broken_off(rabbit: &mut Rabbit, server: &mut Server, listener: &Listener) -> Result<()> {
    rabbit.kill()?;
    let began = Instant::now();
    server.ok(["cluster", "resize", "n", "2", "--watch"])?;
    server.ok(["cluster", "delete", "n", "--watch"])?;
    println!("resize and delete without a broker took {:.1?}", began.elapsed());
    wait(Duration::from_secs(30), "word in the log that notifications are kept", || {
        Ok(server.log().contains("notifications are not taken; they are kept").then_some(()))
    })?;
    ensure!(!server.log().contains(rabbit.password()), "the password is in the log");
    server.kill()?;
    server.up()?;
    ensure!(listener.heard()?.len() == 2, "{:?}", listener.heard());
    let began = Instant::now();
    rabbit.up()?;
    let all = heard(listener, 6)?;
    println!("four kept notifications were heard {:.1?} after the broker's start", began.elapsed());
    let expected = [
        "info magnum.cluster.update update pending UPDATE_IN_PROGRESS",
        "info magnum.cluster.update update success UPDATE_COMPLETE",
        "info magnum.cluster.delete delete pending DELETE_IN_PROGRESS",
        "info magnum.cluster.delete delete success DELETE_COMPLETE",
    ];
    ensure!(all[2..].iter().map(told).collect::<Vec<_>>() == expected, "{all:?}");
    Ok(())
}

/// Everything that a listener relies on beside action and outcome.
fn well_formed(notification: &Value, cluster: &Value) -> Result<()> {
    let payload = &notification["payload"];
    ensure!(notification["faults"].as_array().is_some_and(Vec::is_empty), "pycadf: {notification}");
    ensure!(notification["publisher_id"] == "container-infra.here", "{notification}");
    ensure!(payload["target"]["id"] == *cluster && payload["target"]["name"] == "n", "{payload}");
    ensure!(payload["initiator"]["user_id"] == "admin" && payload["initiator"]["project_id"] == "default", "{payload}");
    let context = &notification["context"];
    ensure!(context["user_id"] == "admin" && context["request_id"].as_str().is_some_and(|id| id.starts_with("req-")), "{context}");
    ensure!(!context.to_string().contains("auth_token"), "{context}");
    let attachment = &payload["target"]["attachments"][0];
    ensure!(attachment["name"] == "cluster_data" && attachment["content"].get("docker_volume_size:").is_some(), "{attachment}");
    ensure!(notification["metadata"]["message_id"].as_str().is_some_and(|id| id.len() == 36), "{notification}");
    Ok(())
}

#[test]
fn the_check_says_what_is_wrong_with_the_broker() -> Result<()> {
    let mut rabbit = Rabbit::start()?;
    let server = Server::new(&dist_dir()?)?;
    let check = |conf: &str| -> Result<(Option<i32>, String)> {
        let file = server.state().join("check.conf");
        std::fs::write(&file, conf).context("writing check.conf")?;
        let output = server.output(["config", "check", "--config-file", &file.display().to_string()])?;
        let text = format!("{}{}", String::from_utf8_lossy(&output.stdout), String::from_utf8_lossy(&output.stderr));
        ensure!(!text.contains(rabbit.password()) && !text.contains("s3cret"), "a password is shown: {text}");
        Ok((output.status.code(), text))
    };
    let (code, text) = check(&conf(&rabbit.url()))?;
    ensure!(code == Some(0) && !text.contains("broker"), "{code:?} {text}");
    let secure = |ca: &str| format!("{}ssl = true\nssl_ca_file = {ca}\n", conf(&rabbit.secure_url()));
    let (code, text) = check(&secure(&rabbit.authority().file("ca.pem")))?;
    ensure!(code == Some(0), "by TLS: {text}");
    for (conf, part) in [
        (secure(&rabbit.authority().file("client.pem")), "agreement about TLS"),
        (secure("nowhere.pem"), "[oslo_messaging_rabbit] ssl_ca_file: nowhere.pem cannot be read"),
        (conf(&rabbit.url().replace(rabbit.password(), "s3cret")), "refuses the login of magnum"),
        (conf(&rabbit.url().replace("/clusters", "/other")), "has no virtual host other for magnum"),
        (conf("kafka://magnum:s3cret@127.0.0.1"), "the scheme is kafka"),
    ] {
        let (code, text) = check(&conf)?;
        ensure!(code == Some(1) && text.contains(part), "{part}: {code:?} {text}");
    }
    rabbit.kill()?;
    let file = server.state().join("check.conf");
    std::fs::write(&file, conf(&rabbit.url())).context("writing check.conf")?;
    let output = server.output(["config", "check", "--config-file", &file.display().to_string()])?;
    let text = String::from_utf8_lossy(&output.stdout);
    ensure!(
        output.status.code() == Some(1) && text.contains(&format!("the broker at 127.0.0.1:{} cannot be reached", rabbit.port())),
        "{text}"
    );
    Ok(())
}
