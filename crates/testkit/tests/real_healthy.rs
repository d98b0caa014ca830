// SPDX-License-Identifier: Apache-2.0
//! No false alarm: a real cluster on which nothing is wrong is called healthy, again and again, also while it is busy,
//! growing, or set up in a way that looks like a fault from afar.

#![allow(clippy::print_stdout)] // how often it was called healthy

use anyhow::{Context, Result, bail, ensure};
use magnum_rules::Ward;
use magnum_testkit::patient::{Patient, brief, findings};
use magnum_testkit::{Server, dist_dir};
use magnum_types::Coe;
use std::sync::atomic::{AtomicBool, Ordering};

/// A claim that nobody has to serve yet, as long as no pod uses it.
const WAITING_CLAIM: &str = r#"
apiVersion: storage.k8s.io/v1
kind: StorageClass
metadata: {name: later}
provisioner: kubernetes.io/no-provisioner
volumeBindingMode: WaitForFirstConsumer
---
apiVersion: v1
kind: PersistentVolumeClaim
metadata: {name: unused}
spec: {storageClassName: later, accessModes: [ReadWriteOnce], resources: {requests: {storage: 1Mi}}}
"#;

/// The first consumer, and a volume for it.
const CONSUMER: &str = r#"
apiVersion: v1
kind: PersistentVolume
metadata: {name: shelf}
spec:
  storageClassName: later
  capacity: {storage: 1Mi}
  accessModes: [ReadWriteOnce]
  local: {path: /srv}
  nodeAffinity: {required: {nodeSelectorTerms: [{matchExpressions: [{key: kubernetes.io/hostname, operator: In, values: [node-1]}]}]}}
---
apiVersion: v1
kind: Pod
metadata: {name: consumer}
spec:
  terminationGracePeriodSeconds: 1
  containers:
  - {name: consumer, image: "busybox:1.35", imagePullPolicy: IfNotPresent, command: [sleep, "3600"], volumeMounts: [{name: shelf, mountPath: /shelf}]}
  volumes: [{name: shelf, persistentVolumeClaim: {claimName: unused}}]
"#;

/// An image of 96 MiB that cannot be made smaller, as `ctr images import` takes it.
const BIG_IMAGE: &str = r#"
import hashlib, io, json, os, tarfile
def tar(path, files):
    with tarfile.open(path, "w") as archive:
        for name, data in files:
            entry = tarfile.TarInfo(name)
            entry.size = len(data)
            archive.addfile(entry, io.BytesIO(data))
tar("/root/layer.tar", [("big", os.urandom(96 << 20))])
layer = open("/root/layer.tar", "rb").read()
config = {"architecture": "amd64", "os": "linux", "config": {}, "rootfs": {"type": "layers", "diff_ids": ["sha256:" + hashlib.sha256(layer).hexdigest()]}}
manifest = [{"Config": "config.json", "RepoTags": ["docker.io/library/big:1"], "Layers": ["layer.tar"]}]
tar("/root/big.tar", [("config.json", json.dumps(config).encode()), ("manifest.json", json.dumps(manifest).encode()), ("layer.tar", layer)])
os.remove("/root/layer.tar")
"#;

/// Loads it again and again, until the mark is gone.
const LOADING: &str = "touch /run/loading; while [ -e /run/loading ]; do \
    ctr -n k8s.io images import /root/big.tar && ctr -n k8s.io images rm --sync docker.io/library/big:1 || exit 1; done";

const ICMP: [&str; 2] = ["INPUT", "FORWARD"];

/// Counts how often a cluster was called healthy.
struct Count<'a> {
    ward: &'a Patient<'a>,
    runs: usize,
}

impl Count<'_> {
    /// One diagnosis, which must have nothing to say.
    fn once(&mut self, when: &str) -> Result<()> {
        self.runs += 1;
        let seen = self.ward.diagnose()?;
        let alarms: usize = ["cause", "suspect", "warning"].iter().map(|status| findings(&seen.report, status).len()).sum();
        ensure!(seen.exit == 0 && alarms == 0, "run {}, {when}: exit {}, {}", self.runs, seen.exit, brief(&seen.report));
        println!("run {:>2} healthy in {:.1} s, {when}", self.runs, seen.took.as_secs_f64());
        Ok(())
    }

    fn times(&mut self, times: usize, when: &str) -> Result<()> {
        (0..times).try_for_each(|_| self.once(when))
    }

    /// As long as the cluster gets a third node, and then until there have been so many runs.
    fn while_it_grows(&mut self, at_least: usize) -> Result<()> {
        let (server, cluster) = (self.ward.server, self.ward.cluster);
        let done = AtomicBool::new(false);
        let first = self.runs;
        std::thread::scope(|scope| {
            let resize = scope.spawn(|| {
                let ended = server.ok(["cluster", "resize", cluster, "3", "--watch"]);
                done.store(true, Ordering::SeqCst);
                ended
            });
            let mut outcome = Ok(());
            while outcome.is_ok() && !done.load(Ordering::SeqCst) {
                outcome = self.once("a node is being added");
            }
            let resized = resize.join();
            outcome?;
            match resized {
                Ok(ended) => ended.map(drop),
                Err(_) => bail!("the resize broke off"),
            }
        })?;
        let nodes = server.json(["node", "list", cluster])?;
        let ready = nodes.as_array().into_iter().flatten().filter(|node| node["status"] == "READY").count();
        ensure!(ready == 4, "not all of 4 nodes are ready: {nodes}");
        let seen = self.runs - first;
        self.times(at_least.saturating_sub(seen), "with the new node")
    }

    /// While every node drops ICMP, and TCP works.
    fn without_icmp(&mut self, nodes: &[&str], times: usize) -> Result<()> {
        let done = nodes.iter().try_for_each(|node| self.icmp(node, "-I"));
        let outcome = done.and_then(|()| self.times(times, "all nodes drop ICMP"));
        let undone: Vec<Result<()>> = nodes.iter().map(|node| self.icmp(node, "-D")).collect();
        outcome?;
        undone.into_iter().collect()
    }

    fn icmp(&self, node: &str, how: &str) -> Result<()> {
        for chain in ICMP {
            self.on(node, &["iptables", "-w", how, chain, "-p", "icmp", "-j", "DROP"])?;
        }
        Ok(())
    }

    /// While a large image is being loaded on a node.
    fn while_an_image_loads(&mut self, node: &str, times: usize) -> Result<()> {
        self.on(node, &["python3", "-c", BIG_IMAGE])?;
        let (server, cluster) = (self.ward.server, self.ward.cluster);
        std::thread::scope(|scope| {
            let loading = scope.spawn(|| server.exec(cluster, node, &["timeout", "300", "sh", "-c", LOADING]));
            let outcome = self.times(times, "an image is being loaded");
            let ended = self.on(node, &["rm", "/run/loading"]);
            let loaded = loading.join();
            outcome?;
            ended?;
            match loaded {
                Ok(ended) => {
                    let (code, text) = ended?;
                    ensure!(code == Some(0), "loading the image: {code:?} {text}");
                    Ok(())
                }
                Err(_) => bail!("the loading broke off"),
            }
        })?;
        self.on(node, &["rm", "/root/big.tar"])
    }

    fn on(&self, node: &str, argv: &[&str]) -> Result<()> {
        let (code, text) = self.ward.server.exec(self.ward.cluster, node, argv)?;
        ensure!(code == Some(0), "{:?} on {node}: {code:?} {text}", argv.first());
        Ok(())
    }
}

#[test]
fn a_healthy_kubernetes_cluster_is_called_healthy_thirty_times() -> Result<()> {
    let server = Server::start(&dist_dir()?)?;
    let ward = Patient::admit(&server, Coe::Kubernetes.as_str(), Ward::Small)?;
    let mut count = Count { ward: &ward, runs: 0 };
    count.times(4, "nothing happens")?;
    count.while_an_image_loads("node-1", 6)?;
    let kubectl = ward.kubectl()?;
    kubectl.apply(WAITING_CLAIM)?;
    count.times(4, "a claim waits for its first consumer")?;
    kubectl.apply(CONSUMER)?;
    kubectl.ok(&["wait", "--for=condition=Ready", "pod/consumer", "--timeout=30s"]).context("the first consumer")?;
    count.times(2, "the claim has its consumer")?;
    count.without_icmp(&["master-0", "node-0", "node-1"], 6)?;
    count.while_it_grows(6)?;
    count.times(30_usize.saturating_sub(count.runs), "with three nodes")?;
    println!("{} of {} runs healthy", count.runs, count.runs);
    Ok(())
}

#[test]
fn a_healthy_swarm_cluster_is_called_healthy_ten_times() -> Result<()> {
    let server = Server::start(&dist_dir()?)?;
    let ward = Patient::admit(&server, Coe::Swarm.as_str(), Ward::Small)?;
    let mut count = Count { ward: &ward, runs: 0 };
    count.times(3, "nothing happens")?;
    count.without_icmp(&["master-0", "node-0", "node-1"], 3)?;
    count.while_it_grows(4)?;
    count.times(10_usize.saturating_sub(count.runs), "with three nodes")?;
    println!("{} of {} runs healthy", count.runs, count.runs);
    Ok(())
}
