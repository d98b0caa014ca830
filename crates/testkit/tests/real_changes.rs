// SPDX-License-Identifier: Apache-2.0
//! Changes to clusters that run: other authorities, other tokens, another template, and workloads that go on meanwhile.

use anyhow::{Context, Result, bail, ensure};
use magnum_testkit::patient::{brief, findings};
use magnum_testkit::{Kubectl, Server, WEB, dist_dir, wait};
use serde_json::Value;
use std::collections::BTreeSet;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU32, Ordering};
use std::time::Duration;

/// How long a change to a whole cluster may take here.
const LIMIT: Duration = Duration::from_secs(400);

/// Waits until the change is complete; its failure ends the wait with its reason.
fn complete(server: &Server, name: &str) -> Result<()> {
    let ended = wait(LIMIT, &format!("the change of {name} is complete"), || {
        let cluster = server.json(["cluster", "show", name])?;
        let status = cluster["status"].as_str().unwrap_or_default();
        ensure!(!status.ends_with("_FAILED"), "{status}: {}", cluster["status_reason"]);
        Ok((status == "UPDATE_COMPLETE").then_some(()))
    });
    ended.with_context(|| history(server, name))
}

/// The end of the cluster's timeline, for the message of a test that fails.
fn history(server: &Server, name: &str) -> String {
    let text = server.ok(["timeline", name]).unwrap_or_default();
    let lines: Vec<&str> = text.lines().collect();
    lines[lines.len().saturating_sub(60)..].join("\n")
}

/// One look of the doctor: which rules accuse anything.
fn accused(server: &Server, name: &str) -> Result<(i32, Vec<String>, String)> {
    let output = server.output(["doctor", name, "-o", "json"])?;
    let report: Value = serde_json::from_slice(&output.stdout).with_context(|| String::from_utf8_lossy(&output.stderr).into_owned())?;
    let ids = ["cause", "warning"]
        .iter()
        .flat_map(|status| findings(&report, status))
        .filter_map(|f| f["id"].as_str().map(str::to_owned))
        .collect();
    Ok((output.status.code().unwrap_or(-1), ids, brief(&report)))
}

/// The doctor finds nothing wrong, if not at once then soon: nodes have just been restarted.
fn healthy(server: &Server, name: &str) -> Result<()> {
    let mut last = String::new();
    wait(Duration::from_secs(60), &format!("{name} is healthy"), || {
        let (exit, _, text) = accused(server, name)?;
        last = text;
        Ok((exit == 0).then_some(()))
    })
    .with_context(|| last)
}

/// Asks a service again and again, until it is stopped.
struct Visitor {
    stop: Arc<AtomicBool>,
    answered: Arc<AtomicU32>,
    thread: Option<std::thread::JoinHandle<Result<()>>>,
}

impl Visitor {
    /// To the web service on a node, from outside the cluster: `exec` reaches the node whatever its network does, so what
    /// is seen missing is the service.
    fn start(server: &Server, cluster: &str, from: &str, address: &str) -> Self {
        let url = format!("http://{address}:30080/");
        let curl = ["curl", "-sS", "-m", "3", "--retry-connrefused", "--retry", "3", &url];
        Self::asking(server.magnum(["node", "exec", cluster, from, "--"].into_iter().chain(curl)))
    }

    /// By a command that succeeds when it was answered.
    fn asking(mut command: Command) -> Self {
        let (stop, answered) = (Arc::new(AtomicBool::new(false)), Arc::new(AtomicU32::new(0)));
        let (stopped, count) = (Arc::clone(&stop), Arc::clone(&answered));
        let thread = std::thread::spawn(move || {
            let (mut misses, mut told) = (0, String::new());
            while !stopped.load(Ordering::Relaxed) {
                let output = command.output().context("asking the service")?;
                let text = String::from_utf8_lossy(&output.stderr).into_owned();
                if output.status.success() {
                    misses = 0;
                    count.fetch_add(1, Ordering::Relaxed);
                    // The server itself is killed in these tests; then nobody can be asked.
                } else if text.contains("no Magnum server answers") && !text.contains("no answer within the time limit") {
                    std::thread::sleep(Duration::from_millis(100));
                } else {
                    misses += 1;
                    told = text;
                }
                // One lost request is what a retry is for.
                ensure!(misses < 2, "two requests in a row were lost: {told}");
            }
            Ok(())
        });
        Self { stop, answered, thread: Some(thread) }
    }

    /// Ends it; every request must have been answered.
    fn end(mut self) -> Result<u32> {
        self.stop.store(true, Ordering::Relaxed);
        let Some(thread) = self.thread.take() else { bail!("no visitor") };
        thread.join().map_err(|_| anyhow::anyhow!("the visitor broke off"))??;
        Ok(self.answered.load(Ordering::Relaxed))
    }
}

impl Drop for Visitor {
    fn drop(&mut self) {
        self.stop.store(true, Ordering::Relaxed);
    }
}

/// A copy of the client configuration as it is now.
fn kept(server: &Server, cluster: &str, to: &str) -> Result<PathBuf> {
    let copy = server.state().join(to);
    std::fs::create_dir_all(&copy)?;
    server.ok(["cluster", "config", cluster, "--dir", &copy.to_string_lossy(), "--force"])?;
    Ok(copy)
}

/// kubectl with a kept configuration, whomever the server shows itself as: what is asked is whether it lets this client in.
fn lets_in(kubectl: &Kubectl, config: &Path) -> Result<(bool, String)> {
    let program = kubectl.command(&[]).get_program().to_owned();
    let path = config.join("insecure");
    std::fs::copy(config.join("config"), &path)?;
    let run = |words: &[&str]| Command::new(&program).arg("--kubeconfig").arg(&path).args(words).output();
    let name = run(&["config", "view", "-o", "jsonpath={.clusters[0].name}"])?;
    let name = String::from_utf8_lossy(&name.stdout).into_owned();
    let set = run(&["config", "set-cluster", &name, "--insecure-skip-tls-verify=true"])?;
    ensure!(set.status.success(), "{}", String::from_utf8_lossy(&set.stderr));
    let output = run(&["--request-timeout=10s", "get", "nodes"])?;
    Ok((output.status.success(), String::from_utf8_lossy(&output.stderr).into_owned()))
}

/// How many key pairs the database has.
fn key_pairs(server: &Server) -> Result<usize> {
    let database = server.state().join("magnum.sqlite");
    let script = "import sqlite3,sys; print(sqlite3.connect('file:%s?mode=ro' % sys.argv[1], uri=True).execute('select count(*) from x509keypair').fetchone()[0])";
    let output = Command::new("/usr/bin/python3").args(["-c", script]).arg(&database).output()?;
    ensure!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    Ok(String::from_utf8_lossy(&output.stdout).trim().parse()?)
}

/// Rotates the authorities of a Kubernetes cluster and looks at everything that has to be so after it.
fn rotate_kubernetes(server: &mut Server, cluster: &str, nodes: usize, kill: bool) -> Result<()> {
    let kubectl = Kubectl::new(server, cluster)?;
    kubectl.apply(WEB)?;
    let pods: BTreeSet<String> = kubectl.pods("app=web", 2)?.into_iter().map(|pod| pod.name).collect();
    let (old, old_ca) = (kept(server, cluster, "old-config")?, server.ok(["ca", "show", cluster])?);
    let token = kubectl.ok(&["get", "secret", "-o", "jsonpath={.items[0].data.token}"])?;
    let before = lets_in(&kubectl, &old)?;
    ensure!(before.0, "the old client is not let in before: {}", before.1);

    server.ok(["ca", "rotate", cluster])?;
    let refused = server.output(["ca", "rotate", cluster])?;
    ensure!(!refused.status.success(), "a second rotation was begun during the first");
    // In the middle: nothing is accused, and a client that comes now gets on.
    wait(LIMIT, "the new authorities sign", || Ok(history(server, cluster).contains("the new authorities sign").then_some(())))?;
    if kill {
        server.kill()?;
        server.up()?;
    }
    let (_, ids, told) = accused(server, cluster)?;
    let tls = |id: &&String| id.starts_with("tls-") || ["etcd-peer-tls", "etcd-client-auth"].contains(&id.as_str());
    ensure!(ids.iter().find(tls).is_none(), "certificates are accused during the rotation: {told}");
    Kubectl::new(server, cluster)?;
    complete(server, cluster)?;

    let new_ca = server.ok(["ca", "show", cluster])?;
    ensure!(new_ca != old_ca && new_ca.matches("BEGIN CERTIFICATE").count() == 1, "one new authority: {new_ca}");
    let (let_in, said) = lets_in(&kubectl, &old)?;
    ensure!(!let_in && said.contains("Unauthorized"), "the old client is let in after: {said}");
    let kubectl = Kubectl::new(server, cluster)?;
    wait(Duration::from_secs(30), "all nodes are Ready", || Ok((kubectl.ready_nodes()?.len() == nodes).then_some(())))?;
    let after: BTreeSet<String> = kubectl.pods("app=web", 2)?.into_iter().map(|pod| pod.name).collect();
    ensure!(after == pods, "the same pods run: {after:?}, before {pods:?}");
    for pod in &after {
        // What the kubelet is asked for: logs and a command, through the API server's new certificate.
        ensure!(kubectl.ok(&["logs", pod])?.contains("serving"), "logs of {pod}");
        ensure!(kubectl.ok(&["exec", pod, "--", "hostname"])?.trim() == pod, "exec in {pod}");
    }
    ensure!(kubectl.ok(&["get", "secret", "-o", "jsonpath={.items[0].data.token}"])? == token, "service account tokens stay");
    ensure!(key_pairs(server)? == 4, "the old key pairs are deleted");
    healthy(server, cluster)
}

#[test]
fn the_authorities_of_a_cluster_are_replaced_while_it_works() -> Result<()> {
    let mut server = Server::start(&dist_dir()?)?;
    server.ok(["cluster-template", "create", "k8s", "--coe", "kubernetes"])?;
    server.ok(["cluster", "create", "k", "--cluster-template", "k8s", "--node-count", "2", "--watch"])?;
    rotate_kubernetes(&mut server, "k", 3, true)?;
    // And new nodes join with the new ones.
    server.ok(["cluster", "resize", "k", "3", "--watch"])?;
    server.ok(["cluster", "delete", "k", "--watch"])?;
    ensure!(key_pairs(&server)? == 0, "key pairs are left");
    Ok(())
}

#[test]
fn the_authorities_of_three_masters_are_replaced_while_they_work() -> Result<()> {
    if !magnum_testkit::patient::full() {
        return Ok(()); // three minutes: only with --full
    }
    let mut server = Server::start(&dist_dir()?)?;
    server.ok(["cluster-template", "create", "ha", "--coe", "kubernetes", "--master-lb-enabled"])?;
    server.ok(["cluster", "create", "k", "--cluster-template", "ha", "--master-count", "3", "--node-count", "1", "--watch"])?;
    rotate_kubernetes(&mut server, "k", 4, false)
}

#[test]
fn a_rotation_that_failed_goes_on_when_it_is_asked_for_again() -> Result<()> {
    if !magnum_testkit::patient::full() {
        return Ok(()); // a minute: only with --full
    }
    let server = Server::start(&dist_dir()?)?;
    server.ok(["cluster-template", "create", "k8s", "--coe", "kubernetes"])?;
    server.ok(["cluster", "create", "k", "--cluster-template", "k8s", "--node-count", "1", "--watch"])?;
    let old = kept(&server, "k", "old-config")?;
    let old_ca = server.ok(["ca", "show", "k"])?;
    server.exec_ok("k", "node-0", &["sh", "-c", "p=$(command -v kubelet) && echo $p > /root/kubelet.path && mv $p /root/kubelet"])?;
    server.ok(["ca", "rotate", "k"])?;
    let cluster = wait(LIMIT, "the rotation fails", || {
        let cluster = server.json(["cluster", "show", "k"])?;
        Ok((cluster["status"] != "UPDATE_IN_PROGRESS").then_some(cluster))
    })?;
    let reason = cluster["status_reason"].as_str().unwrap_or_default();
    ensure!(cluster["status"] == "UPDATE_FAILED" && reason.contains("node-0") && reason.contains("kubelet"), "{cluster}");
    ensure!(lets_in(&Kubectl::new(&server, "k")?, &old)?.0, "clients get on with what they have");
    server.exec_ok("k", "node-0", &["sh", "-c", "mv /root/kubelet $(cat /root/kubelet.path)"])?;
    server.ok(["ca", "rotate", "k"])?;
    complete(&server, "k")?;
    let new_ca = server.ok(["ca", "show", "k"])?;
    ensure!(new_ca != old_ca && new_ca.matches("BEGIN CERTIFICATE").count() == 1, "one new authority: {new_ca}");
    ensure!(!lets_in(&Kubectl::new(&server, "k")?, &old)?.0, "the old client is let in after");
    ensure!(key_pairs(&server)? == 4, "{} key pairs", key_pairs(&server)?);
    healthy(&server, "k")
}

/// What `magnum` prints of a node's own spec, which only root on the node may read.
fn node_token(server: &Server, cluster: &str, node: &str) -> Result<String> {
    let text = server.exec_ok(cluster, node, &["cat", "/etc/magnum/node.json"])?;
    let spec: Value = serde_json::from_str(&text).context("reading the node spec")?;
    Ok(spec["magnum"]["token"].as_str().context("a token")?.to_owned())
}

/// The status with which Magnum answers a node that shows this token.
fn answered_with(server: &Server, cluster: &str, node: &str, token: &str) -> Result<String> {
    let url = "http://10.0.0.1:9511/v1/nodes/self/rendezvous/swarm-worker-token";
    let header = format!("X-Magnum-Node-Token: {token}");
    server.exec_ok(cluster, node, &["curl", "-s", "-m", "10", "-o", "/dev/null", "-w", "%{http_code}", "-H", &header, url])
}

#[test]
fn the_tokens_of_all_nodes_are_replaced_and_the_old_ones_are_refused() -> Result<()> {
    let server = Server::start(&dist_dir()?)?;
    server.ok(["cluster-template", "create", "swarm", "--coe", "swarm"])?;
    server.ok(["cluster", "create", "s", "--cluster-template", "swarm", "--node-count", "1", "--watch"])?;
    let nodes = ["master-0", "node-0"];
    let old: Vec<String> = nodes.iter().map(|node| node_token(&server, "s", node)).collect::<Result<_>>()?;
    for (node, token) in nodes.iter().zip(&old) {
        ensure!(answered_with(&server, "s", node, token)? == "200", "{node} is let in before");
    }
    let containers = server.exec_ok("s", "master-0", &["systemctl", "show", "-p", "MainPID", "docker.service"])?;
    server.ok(["credential", "rotate", "s", "--watch"])?;
    complete(&server, "s")?;
    for (node, token) in nodes.iter().zip(&old) {
        ensure!(answered_with(&server, "s", node, token)? == "401", "the old token of {node} is let in after");
        let new = node_token(&server, "s", node)?;
        ensure!(new != *token && answered_with(&server, "s", node, &new)? == "200", "the new token of {node}");
    }
    ensure!(
        server.exec_ok("s", "master-0", &["systemctl", "show", "-p", "MainPID", "docker.service"])? == containers,
        "Docker was not restarted for a token"
    );
    // The agent itself speaks with the new one: a node that is started again reports.
    server.ok(["node", "stop", "s", "node-0"])?;
    server.ok(["node", "start", "s", "node-0"])?;
    healthy(&server, "s")
}

#[test]
fn the_authorities_of_a_swarm_are_replaced_while_a_service_runs() -> Result<()> {
    if !magnum_testkit::patient::full() {
        return Ok(()); // Docker takes from half a minute to several for its own authority: only with --full
    }
    let mut server = Server::start(&dist_dir()?)?;
    server.ok(["cluster-template", "create", "swarm", "--coe", "swarm"])?;
    server.ok(["cluster", "create", "s", "--cluster-template", "swarm", "--node-count", "2", "--watch"])?;
    let docker = |server: &Server, words: &[&str]| {
        let argv: Vec<&str> = ["docker"].into_iter().chain(words.iter().copied()).collect();
        server.exec_ok("s", "master-0", &argv)
    };
    let sleep = ["service", "create", "-d", "--no-resolve-image", "--name", "w", "--replicas", "3", "busybox:1.35", "sleep", "100000"];
    docker(&server, &sleep)?;
    let running = |server: &Server| -> Result<usize> {
        let text = docker(server, &["service", "ps", "w", "--filter", "desired-state=running", "--format", "{{.CurrentState}}"])?;
        Ok(text.lines().filter(|line| line.starts_with("Running")).count())
    };
    wait(Duration::from_secs(60), "three tasks run", || Ok((running(&server)? == 3).then_some(())))?;
    let root = docker(&server, &["swarm", "ca"])?;
    let old = kept(&server, "s", "old-config")?;
    let info = |server: &Server, config: &Path| -> Result<bool> {
        let address = server.json(["cluster", "show", "s"])?["api_address"].as_str().unwrap_or_default().replace("tcp://", "https://");
        // Whomever the server shows itself as: what is asked is whether it lets this client in.
        let mut curl = Command::new("curl");
        curl.args(["-sk", "-m", "10", "--cert"]).arg(config.join("cert.pem")).arg("--key").arg(config.join("key.pem"));
        let output = curl.arg(format!("{address}/info")).output()?;
        Ok(String::from_utf8_lossy(&output.stdout).contains("\"Swarm\""))
    };
    ensure!(info(&server, &old)?, "the old client is let in before");
    server.ok(["ca", "rotate", "s"])?;
    wait(LIMIT, "the new authorities sign", || Ok(history(&server, "s").contains("the new authorities sign").then_some(())))?;
    server.kill()?;
    server.up()?;
    complete(&server, "s")?;
    ensure!(!info(&server, &old)?, "the old client is let in after");
    let new = kept(&server, "s", "new-config")?;
    ensure!(info(&server, &new)?, "the new client is let in");
    let address = server.json(["cluster", "show", "s"])?["api_address"].as_str().unwrap_or_default().replace("tcp://", "https://");
    let mut curl = Command::new("curl");
    curl.args(["-sS", "-m", "10", "--cacert"]).arg(new.join("ca.pem")).arg("--cert").arg(new.join("cert.pem"));
    let checked = curl.arg("--key").arg(new.join("key.pem")).arg(format!("{address}/info")).output()?;
    ensure!(checked.status.success(), "the server shows itself under the new authority: {checked:?}");
    ensure!(docker(&server, &["swarm", "ca"])? != root, "Docker's own authority is another one");
    wait(Duration::from_secs(60), "three tasks run after", || Ok((running(&server)? == 3).then_some(())))?;
    let available = docker(&server, &["node", "ls", "--format", "{{.Availability}} {{.Status}}"])?;
    ensure!(available.lines().filter(|line| *line == "Active Ready").count() == 3, "all nodes take workloads again: {available}");
    ensure!(key_pairs(&server)? == 4, "the old key pairs are deleted");
    // And new nodes join with the tokens of the new authority.
    server.ok(["cluster", "resize", "s", "3", "--watch"])?;
    healthy(&server, "s")
}

/// One of the two pods has to be there at any time; a drain keeps to it.
const BUDGET: &str = r#"
apiVersion: policy/v1beta1
kind: PodDisruptionBudget
metadata: {name: web}
spec: {minAvailable: 1, selector: {matchLabels: {app: web}}}
"#;

#[test]
fn a_cluster_is_brought_to_another_template_while_its_services_answer() -> Result<()> {
    upgraded(1)
}

#[test]
fn three_masters_are_brought_to_another_template_one_by_one_while_their_api_answers() -> Result<()> {
    if magnum_testkit::patient::full() { upgraded(3) } else { Ok(()) }
}

/// With several masters, the API itself answers all the time, too.
fn upgraded(masters: u8) -> Result<()> {
    let mut server = Server::start(&dist_dir()?)?;
    let balanced: &[&str] = if masters > 1 { &["--master-lb-enabled"] } else { &[] };
    let template = |name, more: &[&str]| {
        server.ok(["cluster-template", "create", name, "--coe", "kubernetes"].iter().chain(balanced).chain(more).copied()).map(drop)
    };
    template("old", &[])?;
    template("new", &["--labels", "kubelet_options=--max-pods=57,kubeapi_options=--max-requests-inflight=399"])?;
    let count = masters.to_string();
    server.ok(["cluster", "create", "k", "--cluster-template", "old", "--master-count", &count, "--node-count", "2", "--watch"])?;
    let kubectl = Kubectl::new(&server, "k")?;
    kubectl.apply(WEB)?;
    kubectl.pods("app=web", 2)?;
    kubectl.apply(BUDGET)?;
    let room = |kubectl: &Kubectl| kubectl.ok(&["get", "nodes", "-o", "jsonpath={.items[*].status.capacity.pods}"]);
    let all = |pods: &str| vec![pods; usize::from(masters) + 2].join(" ");
    ensure!(room(&kubectl)? == all("110"), "{}", room(&kubectl)?);
    let nodes = server.json(["node", "list", "k"])?;
    let master = nodes.as_array().into_iter().flatten().find(|node| node["role"] == "master").context("a master")?;
    let visitor = Visitor::start(&server, "k", "master-0", master["address"].as_str().unwrap_or_default());
    wait(Duration::from_secs(30), "the service answers", || Ok((visitor.answered.load(Ordering::Relaxed) > 3).then_some(())))?;

    let client =
        (masters > 1).then(|| Visitor::asking(kubectl.command(&["--request-timeout=5s", "get", "--raw", "/api/v1/nodes?limit=1"])));
    server.ok(["cluster", "upgrade", "k", "new"])?;
    // Killed while a worker is drained, restarted, and killed again.
    wait(LIMIT, "a worker is drained", || Ok(history(&server, "k").contains("workloads have moved").then_some(())))?;
    let (_, ids, told) = accused(&server, "k")?;
    ensure!(
        !ids.iter().any(|id| ["tls-", "kn-", "kcp-", "etcd-", "fl-", "kp-"].iter().any(|area| id.starts_with(area))),
        "accused: {told}"
    );
    for pause in [0, 1500] {
        server.kill()?;
        server.up()?;
        std::thread::sleep(Duration::from_millis(pause));
    }
    complete(&server, "k")?;
    let answered = visitor.end().with_context(|| history(&server, "k"))?;
    ensure!(answered > 20, "only {answered} requests were made");
    if let Some(client) = client {
        let answered = client.end().context("the API").with_context(|| history(&server, "k"))?;
        ensure!(answered > 20, "only {answered} requests were made to the API");
    }
    let cluster = server.json(["cluster", "show", "k"])?;
    ensure!(cluster["labels"]["kubelet_options"] == "--max-pods=57", "{cluster}");
    wait(Duration::from_secs(30), "every kubelet has its new option", || Ok((room(&kubectl)? == all("57")).then_some(())))?;
    for master in 0..masters {
        let running = server.exec_ok("k", &format!("master-{master}"), &["pgrep", "-af", "kube-apiserver"])?;
        ensure!(running.contains("--max-requests-inflight=399"), "API server {master} has its new option: {running}");
    }
    let closed = kubectl.ok(&["get", "nodes", "-o", "jsonpath={.items[*].spec.unschedulable}"])?;
    ensure!(closed.trim().is_empty(), "every node takes workloads again: {closed}");
    kubectl.pods("app=web", 2)?;
    healthy(&server, "k")
}

/// Every phase and every step between them is cut off somewhere here; what is asked for comes about all the same.
#[test]
fn a_server_killed_at_any_moment_of_a_rotation_finishes_it() -> Result<()> {
    if !magnum_testkit::patient::full() {
        return Ok(()); // two minutes or more: only with --full
    }
    let mut server = Server::start(&dist_dir()?)?;
    server.ok(["cluster-template", "create", "swarm", "--coe", "swarm"])?;
    server.ok(["cluster", "create", "s", "--cluster-template", "swarm", "--node-count", "1", "--watch"])?;
    // Docker takes up to two minutes for its own authority.
    for after in [0, 1000, 4000] {
        let (ca, token) = (server.ok(["ca", "show", "s"])?, node_token(&server, "s", "node-0")?);
        server.ok(["ca", "rotate", "s"])?;
        server.ok(["credential", "rotate", "s"])?;
        std::thread::sleep(Duration::from_millis(after));
        server.kill()?;
        server.up()?;
        complete(&server, "s").with_context(|| format!("cut at {after} ms"))?;
        let now = server.ok(["ca", "show", "s"])?;
        ensure!(now != ca && now.matches("BEGIN CERTIFICATE").count() == 1, "the authority after a cut at {after} ms");
        ensure!(key_pairs(&server)? == 4, "{} key pairs after a cut at {after} ms", key_pairs(&server)?);
        ensure!(answered_with(&server, "s", "node-0", &token)? == "401", "the old token after a cut at {after} ms");
    }
    let available = server.exec_ok("s", "master-0", &["docker", "node", "ls", "--format", "{{.Availability}} {{.Status}}"])?;
    ensure!(available.lines().all(|line| line == "Active Ready"), "all nodes take workloads: {available}");
    healthy(&server, "s")
}
