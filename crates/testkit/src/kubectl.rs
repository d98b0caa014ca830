// SPDX-License-Identifier: Apache-2.0
//! kubectl against one cluster, with the node image's own program, so that the host needs none.

use crate::{Server, cache_dir};
use anyhow::{Context, Result, bail};
use serde_json::Value;
use std::path::PathBuf;
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

/// Two replicas, on different nodes where there are two, behind a service; each answers its own name.
pub const WEB: &str = r#"
apiVersion: apps/v1
kind: Deployment
metadata: {name: web}
spec:
  replicas: 2
  selector: {matchLabels: {app: web}}
  template:
    metadata: {labels: {app: web}}
    spec:
      terminationGracePeriodSeconds: 1
      topologySpreadConstraints:
      - {maxSkew: 1, topologyKey: kubernetes.io/hostname, whenUnsatisfiable: ScheduleAnyway, labelSelector: {matchLabels: {app: web}}}
      containers:
      - name: web
        image: busybox:1.35
        imagePullPolicy: IfNotPresent
        command: [sh, -c, "mkdir -p /www && hostname > /www/index.html && echo serving && exec httpd -f -p 80 -h /www"]
---
apiVersion: v1
kind: Service
metadata: {name: web}
spec: {type: NodePort, selector: {app: web}, ports: [{port: 80, nodePort: 30080}]}
"#;

/// A pod as the tests need it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Pod {
    pub name: String,
    pub address: String,
    pub node: String,
}

/// kubectl with one cluster's configuration.
pub struct Kubectl {
    program: PathBuf,
    config: PathBuf,
}

impl Kubectl {
    /// Fetches the configuration of `cluster` through `magnum cluster config`.
    pub fn new(server: &Server, cluster: &str) -> Result<Self> {
        let dir = server.state().join(format!("config-{cluster}"));
        std::fs::create_dir_all(&dir).context("making a directory for the configuration")?;
        server.ok(["cluster", "config", cluster, "--dir", &dir.to_string_lossy(), "--force"])?;
        let program = cache_dir().join("images/debian-12/rootfs/usr/local/bin/kubectl");
        let config = dir.join("config");
        anyhow::ensure!(config.is_file(), "cluster config wrote no {}", config.display());
        Ok(Self { program, config })
    }

    /// A kubectl command, not yet run.
    pub fn command(&self, args: &[&str]) -> Command {
        let mut command = Command::new(&self.program);
        command.arg("--kubeconfig").arg(&self.config).arg("--request-timeout=20s").args(args).stdin(Stdio::null());
        command
    }

    /// Runs a command that must succeed; answers what it printed.
    pub fn ok(&self, args: &[&str]) -> Result<String> {
        let output = self.command(args).output().context("running kubectl")?;
        if !output.status.success() {
            bail!("kubectl {} ended with {}: {}", args.join(" "), output.status, String::from_utf8_lossy(&output.stderr));
        }
        Ok(String::from_utf8_lossy(&output.stdout).into_owned())
    }

    /// Whether a command succeeds.
    pub fn succeeds(&self, args: &[&str]) -> bool {
        self.command(args).stdout(Stdio::null()).stderr(Stdio::null()).status().is_ok_and(|s| s.success())
    }

    /// Applies a manifest.
    pub fn apply(&self, manifest: &str) -> Result<()> {
        let file = self.config.with_file_name("manifest.yaml");
        std::fs::write(&file, manifest).context("writing the manifest")?;
        self.ok(&["apply", "-f", &file.to_string_lossy()]).map(|_| ())
    }

    /// The running pods with this label, once there are `count` of them with addresses.
    pub fn pods(&self, label: &str, count: usize) -> Result<Vec<Pod>> {
        wait(Duration::from_secs(60), &format!("{count} pods with {label}"), || {
            let list: Value = serde_json::from_str(&self.ok(&["get", "pods", "-l", label, "-o", "json"])?).context("reading pods")?;
            let text = |v: &Value| v.as_str().unwrap_or_default().to_owned();
            let pods: Vec<Pod> = list["items"]
                .as_array()
                .into_iter()
                .flatten()
                .filter(|p| p["status"]["phase"] == "Running" && p["metadata"]["deletionTimestamp"].is_null())
                .map(|p| Pod {
                    name: text(&p["metadata"]["name"]),
                    address: text(&p["status"]["podIP"]),
                    node: text(&p["spec"]["nodeName"]),
                })
                .collect();
            Ok((pods.len() == count && pods.iter().all(|p| !p.address.is_empty())).then_some(pods))
        })
    }

    /// Names of the nodes that are Ready.
    pub fn ready_nodes(&self) -> Result<Vec<String>> {
        let list: Value = serde_json::from_str(&self.ok(&["get", "nodes", "-o", "json"])?).context("reading nodes")?;
        let ready =
            |n: &Value| n["status"]["conditions"].as_array().into_iter().flatten().any(|c| c["type"] == "Ready" && c["status"] == "True");
        let name = |n: &Value| n["metadata"]["name"].as_str().unwrap_or_default().to_owned();
        Ok(list["items"].as_array().into_iter().flatten().filter(|n| ready(n)).map(name).collect())
    }

    /// Waits until one pod reaches an address by ping, or (with `wanted` false) until it does not.
    pub fn ping(&self, from: &Pod, address: &str, wanted: bool) -> Result<()> {
        let what = format!("{} on {} should{} reach {address}", from.name, from.node, if wanted { "" } else { " not" });
        wait(Duration::from_secs(15), &what, || {
            let reached = self.succeeds(&["exec", &from.name, "--", "ping", "-c", "1", "-W", "1", address]);
            Ok((reached == wanted).then_some(()))
        })
    }
}

/// Asks `probe` again and again until it answers something; its errors and the limit end the wait.
pub fn wait<T>(limit: Duration, what: &str, mut probe: impl FnMut() -> Result<Option<T>>) -> Result<T> {
    let deadline = Instant::now() + limit;
    loop {
        if let Some(found) = probe()? {
            return Ok(found);
        }
        if Instant::now() > deadline {
            bail!("not within {} s: {what}", limit.as_secs());
        }
        std::thread::sleep(Duration::from_millis(50));
    }
}
