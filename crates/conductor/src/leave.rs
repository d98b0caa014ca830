// SPDX-License-Identifier: Apache-2.0
//! Takes a node out of its COE before its server is removed: workloads move away first, nothing stays listed after.
//!
//! Every part may be repeated. A part that fails is told and does not stop the removal: a node that is broken must
//! be removable too.

use magnum_engine::{Engine, Exec, ExecOutput};
use magnum_types::{ClusterId, Coe, NodeName};
use std::time::Duration;

/// Drains `node`, cuts its power, and removes it from the COE, asking `master`. Answers what went wrong, in words.
pub async fn leave(engine: &dyn Engine, cluster: ClusterId, coe: Coe, master: &NodeName, node: &NodeName) -> Vec<String> {
    let name = node.as_str();
    let (drain, forget): (Vec<&str>, Vec<&str>) = if coe.is_swarm() {
        (vec!["docker", "node", "update", "--availability", "drain", name], vec!["docker", "node", "rm", "--force", name])
    } else {
        let kubectl = ["kubectl", "--kubeconfig", "/root/.kube/config"];
        let drain = ["drain", name, "--ignore-daemonsets", "--delete-emptydir-data", "--force", "--timeout=20s"];
        let forget = ["delete", "node", name, "--ignore-not-found", "--timeout=10s"];
        (kubectl.iter().chain(&drain).copied().collect(), kubectl.iter().chain(&forget).copied().collect())
    };
    let mut troubles = Vec::new();
    troubles.extend(on_master(engine, cluster, master, &drain, Duration::from_secs(30)).await);
    if coe.is_swarm() {
        troubles.extend(tasks_gone(engine, cluster, master, name).await);
    }
    if let Err(error) = engine.power_off(cluster, node).await {
        troubles.push(format!("switching {node} off: {error}"));
    }
    troubles.extend(on_master(engine, cluster, master, &forget, Duration::from_secs(15)).await);
    troubles
}

/// Waits until no task runs on a drained swarm node: the manager needs a moment to start them elsewhere.
async fn tasks_gone(engine: &dyn Engine, cluster: ClusterId, master: &NodeName, node: &str) -> Option<String> {
    let script = ["docker", "node", "ps", node, "--filter", "desired-state=running", "--quiet"];
    let deadline = tokio::time::Instant::now() + Duration::from_secs(15);
    loop {
        match engine.exec(cluster, master, Exec::new(script)).await {
            Ok(ExecOutput { code: Some(0), stdout, .. }) if stdout.iter().all(u8::is_ascii_whitespace) => return None,
            Ok(ExecOutput { code: Some(0), .. }) if tokio::time::Instant::now() < deadline => {}
            Ok(ExecOutput { code: Some(0), .. }) => return Some(format!("tasks still run on {node} after 15 seconds of draining")),
            Ok(output) => return Some(failure(&script, &output)),
            Err(error) => return Some(format!("{}: {error}", script.join(" "))),
        }
        tokio::time::sleep(Duration::from_millis(200)).await;
    }
}

async fn on_master(engine: &dyn Engine, cluster: ClusterId, master: &NodeName, argv: &[&str], limit: Duration) -> Option<String> {
    let request = Exec { timeout: limit, ..Exec::new(argv.iter().copied()) };
    match engine.exec(cluster, master, request).await {
        Ok(ExecOutput { code: Some(0), .. }) => None,
        Ok(output) => Some(failure(argv, &output)).filter(|text| !text.contains("not found")),
        Err(error) => Some(format!("{}: {error}", argv.join(" "))),
    }
}

fn failure(argv: &[&str], output: &ExecOutput) -> String {
    let stderr = String::from_utf8_lossy(&output.stderr);
    let last = stderr.lines().rev().find(|l| !l.trim().is_empty()).unwrap_or("no message");
    let end = if output.timed_out { "time limit reached".to_owned() } else { format!("exit {:?}", output.code) };
    format!("{}: {end}: {last}", argv.join(" "))
}
