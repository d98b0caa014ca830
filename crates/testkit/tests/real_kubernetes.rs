// SPDX-License-Identifier: Apache-2.0
//! Kubernetes on real nodes: workloads, networking, growing and shrinking, isolation, three masters.

use anyhow::{Context, Result, ensure};
use magnum_testkit::{Kubectl, Server, WEB, dist_dir, leftovers, wait};
use std::collections::BTreeSet;
use std::time::Duration;

/// A busybox on every node, masters too.
const EVERYWHERE: &str = r#"
apiVersion: apps/v1
kind: DaemonSet
metadata: {name: every}
spec:
  selector: {matchLabels: {app: every}}
  template:
    metadata: {labels: {app: every}}
    spec:
      terminationGracePeriodSeconds: 1
      tolerations: [{operator: Exists}]
      containers:
      - {name: c, image: "busybox:1.35", imagePullPolicy: IfNotPresent, command: [sh, -c, "echo started; exec sleep 100000"]}
"#;

#[test]
fn a_cluster_runs_workloads_grows_shrinks_and_leaves_nothing() -> Result<()> {
    let before = leftovers()?;
    let server = Server::start(&dist_dir()?)?;
    server.ok(["cluster-template", "create", "k8s", "--coe", "kubernetes"])?;
    server.ok(["cluster", "create", "c1", "--cluster-template", "k8s", "--node-count", "2", "--watch"])?;
    let cluster = server.json(["cluster", "show", "c1"])?;
    ensure!(cluster["status"] == "CREATE_COMPLETE" && cluster["node_count"] == 2, "{cluster}");
    ensure!(cluster["coe_version"].as_str().is_some_and(|v| v.starts_with("v1.")), "{cluster}");

    let kubectl = Kubectl::new(&server, "c1")?;
    let nodes: BTreeSet<String> = kubectl.ready_nodes()?.into_iter().collect();
    ensure!(nodes == ["master-0", "node-0", "node-1"].map(str::to_owned).into(), "{nodes:?}");

    // With line breaks, as curl gets it unasked: an API server whose libraries are too old for its Go dies of that.
    let listed = kubectl.ok(&["get", "--raw", "/api/v1/nodes?pretty=true"])?;
    ensure!(listed.contains("\n  \"items\": [\n"), "{listed}");

    kubectl.apply(EVERYWHERE)?;
    let pods = kubectl.pods("app=every", 3)?;
    ensure!(pods.iter().map(|p| p.node.clone()).collect::<BTreeSet<_>>() == nodes, "a pod on every node: {pods:?}");
    for from in &pods {
        for to in pods.iter().filter(|to| to.name != from.name) {
            kubectl.ping(from, &to.address, true)?;
        }
    }
    ensure!(kubectl.ok(&["logs", &pods[0].name])?.contains("started"), "logs");
    ensure!(kubectl.ok(&["exec", &pods[0].name, "--", "hostname"])?.trim() == pods[0].name, "exec");
    services(&server, &kubectl, &pods[0].name)?;
    guide_holds(&server)?;
    resize(&server, &kubectl)?;

    server.ok(["cluster", "delete", "c1", "--watch"])?;
    ensure!(server.json(["cluster", "list"])?.as_array().is_some_and(Vec::is_empty), "the cluster is gone from the list");
    drop(server);
    let left: Vec<String> = leftovers()?.difference(&before).cloned().collect();
    ensure!(left.is_empty(), "left behind: {left:?}");
    Ok(())
}

/// ClusterIP by name through cluster DNS, and NodePort on every node.
fn services(server: &Server, kubectl: &Kubectl, pod: &str) -> Result<()> {
    kubectl.apply(WEB)?;
    let web = kubectl.pods("app=web", 2)?;
    let names: BTreeSet<&str> = web.iter().map(|p| p.name.as_str()).collect();
    wait(Duration::from_secs(20), "cluster DNS knows the service", || {
        Ok(kubectl.succeeds(&["exec", pod, "--", "nslookup", "web.default.svc.cluster.local"]).then_some(()))
    })?;
    let address = kubectl.ok(&["get", "service", "web", "-o", "jsonpath={.spec.clusterIP}"])?;
    let mut seen = BTreeSet::new();
    wait(Duration::from_secs(30), "both pods answer behind the service", || {
        let request = "printf 'GET / HTTP/1.0\\r\\n\\r\\n' | nc -w 2 $0 80 | tail -1";
        if let Ok(answer) = kubectl.ok(&["exec", pod, "--", "sh", "-c", request, &address]) {
            seen.insert(answer.trim().to_owned());
        }
        Ok(names.iter().all(|n| seen.contains(*n)).then_some(()))
    })?;
    for node in server.json(["node", "list", "c1"])?.as_array().context("nodes")? {
        let url = format!("http://{}:30080/", node["address"].as_str().unwrap_or_default());
        let (code, answer) = server.exec("c1", "node-0", &["curl", "-sS", "-m", "5", &url])?;
        ensure!(code == Some(0) && names.contains(answer.trim()), "NodePort at {url}: {code:?} {answer}");
    }
    Ok(())
}

/// What the Troubleshooting Guide (L197-245) tells the reader to look at is so.
fn guide_holds(server: &Server) -> Result<()> {
    for node in ["node-0", "node-1"] {
        let (code, env) = server.exec("c1", node, &["cat", "/run/flannel/subnet.env"])?;
        ensure!(code == Some(0), "subnet.env on {node}: {env}");
        let subnet = env.lines().find_map(|l| l.strip_prefix("FLANNEL_SUBNET=")).context("FLANNEL_SUBNET")?.to_owned();
        let first = subnet.split('/').next().unwrap_or_default().to_owned();
        let zero = format!("{}.0", first.rsplit_once('.').context("an address")?.0);
        let (_, links) = server.exec("c1", node, &["ip", "-4", "-brief", "address"])?;
        ensure!(links.lines().any(|l| l.starts_with("flannel.1") && l.contains(&zero)), "flannel.1 has the .0 address: {links}");
        ensure!(links.lines().any(|l| l.starts_with("docker0") && l.contains(&subnet)), "docker0 has the .1 address: {links}");
    }
    let (code, status) = server.exec("c1", "master-0", &["systemctl", "is-active", "etcd", "flanneld", "kubelet", "kube-apiserver"])?;
    ensure!(code == Some(0), "units with the usual names are active: {status}");
    Ok(())
}

fn resize(server: &Server, kubectl: &Kubectl) -> Result<()> {
    server.ok(["cluster", "resize", "c1", "3", "--watch"])?;
    ensure!(kubectl.ready_nodes()?.contains(&"node-2".to_owned()), "node-2 joined");
    server.ok(["cluster", "resize", "c1", "1", "--watch"])?;
    let status = server.json(["cluster", "show", "c1"])?;
    ensure!(status["status"] == "UPDATE_COMPLETE" && status["node_count"] == 1, "{status}");
    let all = kubectl.ok(&["get", "nodes", "-o", "name"])?;
    ensure!(all.lines().collect::<Vec<_>>() == ["node/master-0", "node/node-0"], "removed nodes are not listed: {all}");
    let pods = kubectl.pods("app=web", 2)?;
    ensure!(pods.iter().all(|p| p.node == "node-0"), "the workload moved: {pods:?}");
    Ok(())
}

#[test]
fn two_clusters_at_once_have_the_same_addresses_and_never_meet() -> Result<()> {
    let server = Server::start(&dist_dir()?)?;
    server.ok(["cluster-template", "create", "k8s", "--coe", "kubernetes"])?;
    server.ok(["cluster", "create", "a", "--cluster-template", "k8s", "--node-count", "1"])?;
    server.ok(["cluster", "create", "b", "--cluster-template", "k8s", "--node-count", "1", "--watch"])?;
    wait(Duration::from_secs(120), "cluster a is complete", || {
        Ok((server.json(["cluster", "show", "a"])?["status"] == "CREATE_COMPLETE").then_some(()))
    })?;
    let addresses = |name: &str| -> Result<Vec<String>> {
        let nodes = server.json(["node", "list", name])?;
        Ok(nodes.as_array().into_iter().flatten().filter_map(|n| n["address"].as_str().map(str::to_owned)).collect())
    };
    ensure!(addresses("a")? == addresses("b")?, "the same addresses inside");
    for (cluster, other) in [("a", "b"), ("b", "a")] {
        let kubectl = Kubectl::new(&server, cluster)?;
        kubectl.ok(&["create", "configmap", &format!("only-in-{cluster}")])?;
        ensure!(!kubectl.succeeds(&["get", "configmap", &format!("only-in-{other}")]), "{cluster} sees {other}'s objects");
    }
    // A credential of one cluster opens nothing in the other: their authorities differ.
    let (a, b) = (server.ok(["ca", "show", "a"])?, server.ok(["ca", "show", "b"])?);
    ensure!(a.contains("BEGIN CERTIFICATE") && a != b, "each cluster has its own authority");
    let address = server.json(["cluster", "show", "b"])?["api_address"].as_str().unwrap_or_default().replace("https://", "");
    let (host, port) = address.split_once(':').context("an address with a port")?;
    let (code, _) = server.exec("a", "node-0", &["timeout", "3", "bash", "-c", "exec 3<>/dev/tcp/$0/$1", "10.0.0.77", port])?;
    ensure!(code != Some(0), "an address that only b could have does not answer in a");
    let _ = host;
    Ok(())
}

#[test]
fn three_masters_survive_the_loss_of_one() -> Result<()> {
    let server = Server::start(&dist_dir()?)?;
    server.ok(["cluster-template", "create", "ha", "--coe", "kubernetes", "--master-lb-enabled"])?;
    server.ok(["cluster", "create", "c3", "--cluster-template", "ha", "--master-count", "3", "--node-count", "1", "--watch"])?;
    let kubectl = Kubectl::new(&server, "c3")?;
    ensure!(kubectl.ready_nodes()?.len() == 4, "{:?}", kubectl.ready_nodes());
    server.ok(["node", "stop", "c3", "master-1"])?;
    wait(Duration::from_secs(60), "the API accepts a write with two of three masters", || {
        Ok(kubectl.succeeds(&["create", "configmap", "after-the-loss"]).then_some(()))
    })?;
    let mut failures = 0;
    for _ in 0..20 {
        failures += u32::from(!kubectl.succeeds(&["get", "configmap", "after-the-loss"]));
    }
    ensure!(failures == 0, "{failures} of 20 requests failed behind the load balancer");
    kubectl.apply(WEB)?;
    kubectl.pods("app=web", 2)?;
    server.ok(["node", "start", "c3", "master-1"])?;
    wait(Duration::from_secs(90), "the third master is back", || Ok((kubectl.ready_nodes()?.len() == 4).then_some(())))
}
