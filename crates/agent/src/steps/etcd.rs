// SPDX-License-Identifier: Apache-2.0
//! etcd: one member a master, TLS everywhere, users set up before anything else is stored.
//!
//! The first master does the setting up, while etcd still lets everybody do everything; switching that off is its last
//! act, so a cluster is either not set up or wholly so.

use crate::error::Error;
use crate::etcd::{Etcd, PORT, USER, encode, end_of, is_not_set_up};
use crate::spec::Questions;
use crate::step::{Context, Gate, Step};
use crate::unit::Unit;
use crate::{command, file};
use magnum_blueprint::{KubernetesSpec, NodeSpec};
use secrecy::ExposeSecret;
use serde_json::{Value, json};
use std::path::Path;
use std::time::Duration;

pub static STEP: Step = Step {
    name: "etcd",
    applies: |spec| spec.kubernetes().is_some() && spec.is_master(),
    needs: &["certificates"],
    limit: Duration::from_secs(300),
    run,
};

const UNIT: &str = "etcd.service";

fn run(context: &Context) -> Result<(), Error> {
    let (spec, kubernetes) = (&*context.spec, context.kubernetes()?);
    file::make_folder(Path::new("/var/lib/etcd"), 0o700)?;
    let unit = Unit {
        name: UNIT,
        description: "etcd, the cluster's store",
        command: command_line(spec, kubernetes)?,
        service: &["Type=notify", "TimeoutStartSec=infinity", "LimitNOFILE=65536", "OOMScoreAdjust=-900"],
        after: "network.target",
        reads: ["server.crt", "client-ca.crt", "peer.crt", "ca.crt"].map(|file| format!("/etc/etcd/pki/{file}")).into(),
    };
    let changed = unit.install()?;
    write_shell_environment(spec)?;
    context.systemd.start(&[UNIT], changed)?;
    let address = spec.node.address;
    let own = Etcd::at(&[address], kubernetes.etcd.flannel_password.clone())?;
    let what = match kubernetes.masters.len() {
        1 => format!("etcd at {address}:{PORT} to answer"),
        count => format!("etcd at {address}:{PORT} to answer, with most of its {count} members"),
    };
    let users = "the first master to set up etcd's users";
    context.wait(&what, &[UNIT], || match own.call_plain("/v3/maintenance/status", &json!({}), None) {
        Ok(status) if has_leader(&status) => Ok(Gate::Open(())),
        Ok(_) => Ok(Gate::Closed("no leader yet".to_owned())),
        Err(error) => Err(error),
    })?;
    context.wait(users, &[UNIT], || match own.log_in() {
        Ok(()) => Ok(Gate::Open(())),
        Err(error) if is_not_set_up(&error) && spec.is_first_master() => {
            set_up(&own, kubernetes)?;
            Ok(Gate::Closed(String::new()))
        }
        Err(error) if is_not_set_up(&error) => Ok(Gate::Closed(String::new())),
        Err(error) => Err(error),
    })?;
    if spec.is_first_master() {
        write_overlay_config(&own, kubernetes)?;
    }
    Ok(())
}

/// Ids are unsigned 64-bit numbers as text.
fn has_leader(status: &Value) -> bool {
    status.get("leader").and_then(Value::as_str).is_some_and(|id| !id.is_empty() && id != "0")
}

fn command_line(spec: &NodeSpec, kubernetes: &KubernetesSpec) -> Result<Vec<String>, Error> {
    let address = spec.node.address;
    let members: Vec<String> = kubernetes.masters.iter().map(|m| format!("{}=https://{}:2380", m.name, m.address)).collect();
    let client = format!("https://{address}:{PORT}");
    let peer = format!("https://{address}:2380");
    let flags = [
        ("name", spec.node.name.to_string()),
        ("data-dir", "/var/lib/etcd".to_owned()),
        ("listen-client-urls", client.clone()),
        ("advertise-client-urls", client),
        ("listen-peer-urls", peer.clone()),
        ("initial-advertise-peer-urls", peer),
        ("initial-cluster", members.join(",")),
        ("initial-cluster-state", "new".to_owned()),
        ("initial-cluster-token", spec.node.cluster.to_string()),
        ("cert-file", "/etc/etcd/pki/server.crt".to_owned()),
        ("key-file", "/etc/etcd/pki/server.key".to_owned()),
        ("client-cert-auth", "true".to_owned()),
        ("trusted-ca-file", "/etc/etcd/pki/client-ca.crt".to_owned()),
        ("peer-cert-file", "/etc/etcd/pki/peer.crt".to_owned()),
        ("peer-key-file", "/etc/etcd/pki/peer.key".to_owned()),
        ("peer-client-cert-auth", "true".to_owned()),
        ("peer-trusted-ca-file", "/etc/etcd/pki/ca.crt".to_owned()),
        ("auth-token", "simple".to_owned()),
        // The only password is long and random: slow hashing would protect nothing.
        ("bcrypt-cost", "4".to_owned()),
        ("logger", "zap".to_owned()),
        ("log-level", "warn".to_owned()),
    ];
    let mut words = vec![command::find("etcd")?.display().to_string()];
    words.extend(flags.map(|(flag, value)| format!("--{flag}={value}")));
    Ok(words)
}

/// For whoever logs in on the master: plain `etcdctl endpoint health` works.
fn write_shell_environment(spec: &NodeSpec) -> Result<(), Error> {
    let text = format!(
        "export ETCDCTL_API=3 ETCDCTL_ENDPOINTS=https://{}:{PORT} ETCDCTL_CACERT=/etc/kubernetes/pki/ca.crt \
         ETCDCTL_CERT=/etc/etcd/pki/root.crt ETCDCTL_KEY=/etc/etcd/pki/root.key\n",
        spec.node.address
    );
    file::write(Path::new("/etc/profile.d/magnum-etcdctl.sh"), &text, file::PUBLIC).map(drop)
}

/// Users and rights; what is there already is left.
fn set_up(own: &Etcd, kubernetes: &KubernetesSpec) -> Result<(), Error> {
    let prefix = format!("{}/", kubernetes.flannel.etcd_prefix);
    let permission = json!({"permType": "READWRITE", "key": encode(&prefix), "range_end": encode(&end_of(&prefix))});
    let password = kubernetes.etcd.flannel_password.expose_secret();
    let calls = [
        ("/v3/auth/user/add", json!({"name": "root", "options": {"no_password": true}})),
        ("/v3/auth/user/grant", json!({"user": "root", "role": "root"})),
        ("/v3/auth/role/add", json!({"name": USER})),
        ("/v3/auth/role/grant", json!({"name": USER, "perm": permission})),
        ("/v3/auth/user/add", json!({"name": USER, "password": password})),
        ("/v3/auth/user/changepw", json!({"name": USER, "password": password})),
        ("/v3/auth/user/grant", json!({"user": USER, "role": USER})),
        ("/v3/auth/enable", json!({})),
    ];
    for (path, body) in &calls {
        match own.call_plain(path, body, None) {
            Ok(_) => {}
            Err(Error::Refused { what, .. }) if what.contains("already exists") => {}
            Err(error) => return Err(error),
        }
    }
    Ok(())
}

/// What every node's overlay daemon reads first.
fn write_overlay_config(own: &Etcd, kubernetes: &KubernetesSpec) -> Result<(), Error> {
    let flannel = &kubernetes.flannel;
    let key = format!("{}/config", flannel.etcd_prefix);
    let config = json!({
        "Network": flannel.network.to_string(),
        "SubnetLen": flannel.subnet_len,
        "Backend": {"Type": "vxlan", "VNI": flannel.vni, "Port": flannel.port},
    });
    let text = config.to_string();
    if own.get(&key)?.is_some_and(|found| found.value == text) {
        return Ok(());
    }
    own.call("/v3/kv/put", &json!({"key": encode(&key), "value": encode(&text)})).map(drop)
}
