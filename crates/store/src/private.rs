// SPDX-License-Identifier: Apache-2.0
//! What only this program knows of a cluster: keys, passwords, chosen addresses, values nodes leave for each other.

use crate::error::Error;
use crate::sql::{Arg, Transaction, transaction};
use crate::{Cause, Lease, Store, lock};
use magnum_types::ClusterId;
use secrecy::{ExposeSecret, SecretString};
use std::collections::BTreeMap;

/// Names of values that nodes leave for each other begin with this.
const RENDEZVOUS: &str = "rendezvous/";

impl Store {
    /// All private values of the cluster by name.
    pub async fn list_private(&self, cluster: ClusterId) -> Result<BTreeMap<String, SecretString>, Error> {
        let sql = "SELECT \"name\", \"value\" FROM \"mg_cluster_private\" WHERE \"cluster\" = ?";
        let rows = self.db.fetch(sql, vec![Arg::Text(cluster.to_string())]).await?;
        rows.iter().map(|row| Ok((row.get("name")?, row.get("value")?))).collect()
    }

    /// The values that every cluster has under `name`, e.g. all external addresses in use.
    pub async fn list_private_of_all(&self, name: &str) -> Result<Vec<(ClusterId, SecretString)>, Error> {
        let sql = "SELECT \"cluster\", \"value\" FROM \"mg_cluster_private\" WHERE \"name\" = ?";
        let rows = self.db.fetch(sql, vec![Arg::Text(name.to_owned())]).await?;
        rows.iter().map(|row| Ok((row.get("cluster")?, row.get("value")?))).collect()
    }

    /// Stores values that are not there yet; a value once stored is never replaced. Answers all values after that.
    /// [`Error::Exists`] when another cluster has the value named by `alone` already.
    pub async fn insert_private(
        &self,
        lease: &Lease,
        cluster: ClusterId,
        values: &[(&str, SecretString)],
        alone: Option<&'static str>,
    ) -> Result<BTreeMap<String, SecretString>, Error> {
        transaction!(self.db, |tx| {
            if let Some(name) = alone {
                lock::name(tx, name).await?;
            }
            lease.fence(tx).await?;
            for (name, value) in values {
                let sql = "SELECT 1 AS \"one\" FROM \"mg_cluster_private\" WHERE \"cluster\" = ? AND \"name\" = ?";
                if tx.fetch(sql, vec![Arg::Text(cluster.to_string()), Arg::Text((*name).to_owned())]).await?.is_empty() {
                    if let Some(alone) = alone.filter(|alone| alone == name) {
                        refuse_taken(tx, alone, value).await?;
                    }
                    put(tx, cluster, name, value).await?;
                }
            }
            Ok(())
        })?;
        self.list_private(cluster).await
    }

    /// A value a node left for the others.
    pub async fn get_rendezvous(&self, cluster: ClusterId, key: &str) -> Result<Option<SecretString>, Error> {
        let sql = "SELECT \"value\" FROM \"mg_cluster_private\" WHERE \"cluster\" = ? AND \"name\" = ?";
        let rows = self.db.fetch(sql, vec![Arg::Text(cluster.to_string()), Arg::Text(format!("{RENDEZVOUS}{key}"))]).await?;
        rows.first().map(|row| row.get("value")).transpose()
    }

    /// Leaves a value for the other nodes and wakes those that wait for it.
    pub async fn put_rendezvous(&self, cluster: ClusterId, key: &str, value: &SecretString) -> Result<(), Error> {
        transaction!(self.db, |tx| {
            lock::cluster(tx, cluster).await?;
            put(tx, cluster, &format!("{RENDEZVOUS}{key}"), value).await?;
            tx.tell(cluster, Cause::Reported);
            Ok(())
        })
    }
}

async fn refuse_taken(tx: &mut Transaction, name: &'static str, value: &SecretString) -> Result<(), Error> {
    let sql = "SELECT \"value\" FROM \"mg_cluster_private\" WHERE \"name\" = ?";
    for row in tx.fetch(sql, vec![Arg::Text(name.to_owned())]).await? {
        let taken: SecretString = row.get("value")?;
        if taken.expose_secret() == value.expose_secret() {
            return Err(Error::Exists { what: name, ident: String::new() });
        }
    }
    Ok(())
}

pub(crate) async fn put(tx: &mut Transaction, cluster: ClusterId, name: &str, value: &SecretString) -> Result<(), Error> {
    delete(tx, cluster, name).await?;
    let mut args = vec![Arg::Text(cluster.to_string()), Arg::Text(name.to_owned())];
    args.push(Arg::Text(value.expose_secret().to_owned()));
    tx.execute("INSERT INTO \"mg_cluster_private\" (\"cluster\", \"name\", \"value\") VALUES (?, ?, ?)", args).await.map(drop)
}

pub(crate) async fn delete(tx: &mut Transaction, cluster: ClusterId, name: &str) -> Result<(), Error> {
    let key = vec![Arg::Text(cluster.to_string()), Arg::Text(name.to_owned())];
    tx.execute("DELETE FROM \"mg_cluster_private\" WHERE \"cluster\" = ? AND \"name\" = ?", key).await.map(drop)
}
