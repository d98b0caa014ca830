// SPDX-License-Identifier: Apache-2.0
//! Changed secrets of a cluster: its authorities and its nodes' tokens, each change in one transaction.
//!
//! How far a change has come is one private value, so that whoever goes on with it after a crash knows all of it.

use crate::column::Column;
use crate::error::Error;
use crate::lock;
use crate::private;
use crate::record;
use crate::sql::{Arg, Transaction, transaction};
use crate::{Cause, Cluster, ClusterField, KeyPair, Lease, OperationState, Store, cluster, now_ms, now_seconds};
use magnum_types::{ClusterId, NodeName, OperationId};
use secrecy::{ExposeSecret, SecretString};
use serde::{Deserialize, Serialize};
use uuid::Uuid;

/// The private value that says how far the replacement of a cluster's authorities has come.
pub const ROTATION: &str = "rotation";
/// The private value with the certificates that nodes and clients trust, once authorities were ever replaced.
pub const AUTHORITIES: &str = "authorities";

/// How far the replacement of a cluster's authorities has come. Each phase ends when every node has carried it out.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum RotationPhase {
    /// Everybody learns to trust the new authorities besides the old ones, which still sign.
    Trust,
    /// The new ones sign: every certificate is made anew. The old ones are still trusted.
    Issue,
    /// Only the new ones are trusted: certificates of the old ones stop working.
    Retire,
}

/// The key pairs of one set of authorities, as a cluster's row refers to them.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct References {
    pub cluster: Option<String>,
    pub etcd: Option<String>,
    pub front_proxy: Option<String>,
    /// The conductor's own client certificate.
    pub client: Option<String>,
}

impl References {
    /// Those of the cluster's row.
    pub fn of(cluster: &Cluster) -> Self {
        Self {
            cluster: cluster.ca_cert_ref.clone(),
            etcd: cluster.etcd_ca_cert_ref.clone(),
            front_proxy: cluster.front_proxy_ca_cert_ref.clone(),
            client: cluster.magnum_cert_ref.clone(),
        }
    }

    /// The cluster's columns that make its row refer to them.
    pub fn fields(&self) -> Vec<ClusterField> {
        vec![
            ClusterField::CaCertRef(self.cluster.clone()),
            ClusterField::EtcdCaCertRef(self.etcd.clone()),
            ClusterField::FrontProxyCaCertRef(self.front_proxy.clone()),
            ClusterField::MagnumCertRef(self.client.clone()),
        ]
    }

    /// The key pairs that there are.
    pub fn all(&self) -> Vec<String> {
        [&self.cluster, &self.etcd, &self.front_proxy, &self.client].into_iter().flatten().cloned().collect()
    }
}

/// A replacement of authorities that is not finished.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Rotation {
    pub phase: RotationPhase,
    pub old: References,
    pub new: References,
    /// The root certificate that Docker's own swarm authority had before, once its replacement is due.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub swarm_root: Option<String>,
}

/// What the cluster's nodes and clients trust, PEM; of each the first one signs.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Trusted {
    pub kubernetes: String,
    pub etcd: String,
    pub front_proxy: String,
}

/// Changes that belong together.
#[derive(Debug, Default)]
pub struct Renewal {
    pub insert: Vec<KeyPair>,
    /// Key pairs that go.
    pub delete: Vec<String>,
    pub cluster: Vec<ClusterField>,
    /// Private values that are set, or removed when none.
    pub private: Vec<(String, Option<SecretString>)>,
    /// Nodes whose token is another one from now on, with its SHA-256.
    pub tokens: Vec<(NodeName, String)>,
    /// Operations that are done with it.
    pub done: Vec<OperationId>,
}

/// The private value with the token that a node has.
pub fn token_name(node: Uuid) -> String {
    format!("node-token/{node}")
}

/// The private value with the token that a node is to have, and may use already.
pub fn next_token_name(node: Uuid) -> String {
    format!("node-token-next/{node}")
}

impl Store {
    /// Writes all of it or nothing.
    pub async fn renew(&self, lease: &Lease, id: ClusterId, renewal: Renewal) -> Result<(), Error> {
        transaction!(self.db, |tx| {
            lease.fence(tx).await?;
            lock::cluster(tx, id).await?;
            for pair in &renewal.insert {
                let pair = KeyPair { created_at: Some(now_seconds()), ..pair.clone() };
                record::insert(tx, &pair, true, "key pair", &pair.uuid.to_string()).await?;
            }
            if !renewal.cluster.is_empty() {
                cluster::set(tx, id, &renewal.cluster).await?;
            }
            for (name, value) in &renewal.private {
                match value {
                    Some(value) => private::put(tx, id, name, value).await?,
                    None => private::delete(tx, id, name).await?,
                }
            }
            for (name, hash) in &renewal.tokens {
                let args = vec![Arg::Text(id.to_string()), Arg::Text(name.to_string())];
                let set = vec![("token_hash", Arg::Text(hash.clone()))];
                record::update(tx, "mg_node", set, "\"cluster\" = ? AND \"name\" = ?", args).await?;
            }
            for operation in &renewal.done {
                let set = vec![("state", OperationState::Done.arg()), ("ended_at", Arg::Int(now_ms()))];
                record::update(tx, "mg_operation", set, "\"id\" = ?", vec![Arg::Text(operation.to_string())]).await?;
            }
            delete_pairs(tx, renewal.delete.clone()).await?;
            tx.tell(id, Cause::Recorded);
            Ok(())
        })
    }

    /// The unfinished replacement of the cluster's authorities.
    pub async fn get_rotation(&self, id: ClusterId) -> Result<Option<Rotation>, Error> {
        read(self.list_private(id).await?.get(ROTATION), ROTATION)
    }

    /// What the cluster's nodes and clients trust; none until its authorities are replaced for the first time: then it
    /// is the certificates of the key pairs that its row refers to.
    pub async fn get_trusted(&self, id: ClusterId) -> Result<Option<Trusted>, Error> {
        read(self.list_private(id).await?.get(AUTHORITIES), AUTHORITIES)
    }
}

/// A private value that is JSON.
pub fn read<T: serde::de::DeserializeOwned>(value: Option<&SecretString>, name: &str) -> Result<Option<T>, Error> {
    let unreadable = |_| Error::Unreadable { column: name.to_owned(), value: "not shown".to_owned() };
    value.map(|value| serde_json::from_str(value.expose_secret()).map_err(unreadable)).transpose()
}

/// The unfinished replacement of the cluster's authorities, as this transaction sees it.
pub(crate) async fn rotation(tx: &mut Transaction, id: ClusterId) -> Result<Option<Rotation>, Error> {
    let sql = "SELECT \"value\" FROM \"mg_cluster_private\" WHERE \"cluster\" = ? AND \"name\" = ?";
    let rows = tx.fetch(sql, vec![Arg::Text(id.to_string()), Arg::Text(ROTATION.to_owned())]).await?;
    let value: Option<SecretString> = rows.first().map(|row| row.get("value")).transpose()?;
    read(value.as_ref(), ROTATION)
}

pub(crate) async fn delete_pairs(tx: &mut Transaction, pairs: Vec<String>) -> Result<(), Error> {
    for uuid in pairs {
        tx.execute("DELETE FROM \"x509keypair\" WHERE \"uuid\" = ?", vec![Arg::Text(uuid)]).await?;
    }
    Ok(())
}
