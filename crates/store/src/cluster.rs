// SPDX-License-Identifier: Apache-2.0
//! Clusters: Magnum's table `cluster`.

use crate::error::Error;
use crate::field::fields;
use crate::record::{self, record};
use crate::sql::{Arg, Transaction, transaction};
use crate::{Cause, Lease, NodeGroup, Notice, Page, References, Scope, Store, Template, lock, notice, now_seconds, renewal};
use jiff::Timestamp;
use magnum_types::{ClusterId, ClusterStatus, HealthStatus, Labels, ProjectId, TemplateId, UserId};
use std::collections::{BTreeMap, BTreeSet};

record! {
    /// One cluster as it is wanted and as it was last seen. Node counts are its groups'.
    #[derive(Debug, Clone)]
    Cluster in "cluster" {
        id: i64,
        uuid: ClusterId,
        name: String,
        cluster_template_id: TemplateId,
        api_address: Option<String>,
        stack_id: Option<String>,
        project_id: ProjectId,
        user_id: UserId,
        status: Option<ClusterStatus>,
        status_reason: Option<String>,
        discovery_url: Option<String>,
        /// The uuids of `x509keypair` rows.
        ca_cert_ref: Option<String>,
        magnum_cert_ref: Option<String>,
        etcd_ca_cert_ref: Option<String>,
        front_proxy_ca_cert_ref: Option<String>,
        /// In minutes.
        create_timeout: Option<i64>,
        coe_version: Option<String>,
        container_version: Option<String>,
        keypair: Option<String>,
        docker_volume_size: Option<i64>,
        labels: Labels,
        master_flavor_id: Option<String>,
        flavor_id: Option<String>,
        health_status: Option<HealthStatus>,
        health_status_reason: serde_json::Map<String, serde_json::Value>,
        fixed_network: Option<String>,
        fixed_subnet: Option<String>,
        floating_ip_enabled: Option<bool>,
        master_lb_enabled: Option<bool>,
        created_at: Option<Timestamp>,
        updated_at: Option<Timestamp>,
    }
}

fields! {
    /// A column of a cluster that changes after creation.
    ClusterField {
        Status(ClusterStatus) = "status",
        StatusReason(Option<String>) = "status_reason",
        ApiAddress(Option<String>) = "api_address",
        StackId(Option<String>) = "stack_id",
        DiscoveryUrl(Option<String>) = "discovery_url",
        CoeVersion(Option<String>) = "coe_version",
        ContainerVersion(Option<String>) = "container_version",
        HealthStatus(Option<HealthStatus>) = "health_status",
        HealthStatusReason(serde_json::Map<String, serde_json::Value>) = "health_status_reason",
        CaCertRef(Option<String>) = "ca_cert_ref",
        MagnumCertRef(Option<String>) = "magnum_cert_ref",
        EtcdCaCertRef(Option<String>) = "etcd_ca_cert_ref",
        FrontProxyCaCertRef(Option<String>) = "front_proxy_ca_cert_ref",
        TemplateId(TemplateId) = "cluster_template_id",
        Labels(Labels) = "labels",
    }
}

/// A cluster with everything that its wanted state is made of.
#[derive(Debug, Clone)]
pub struct Whole {
    pub cluster: Cluster,
    pub template: Template,
    /// Ordered by id: the default groups first.
    pub groups: Vec<NodeGroup>,
}

const SORT_BY_ID: &str = "ORDER BY r.\"id\"";

impl Store {
    /// The visible cluster with this uuid.
    pub async fn get_cluster(&self, scope: &Scope, id: ClusterId) -> Result<Cluster, Error> {
        let (condition, mut args) = scope.condition();
        args.push(Arg::Text(id.to_string()));
        let rows = record::list(&self.db, &format!("WHERE {condition} AND r.\"uuid\" = ?"), args).await?;
        rows.into_iter().next().ok_or_else(|| Error::NotFound { what: "cluster", ident: id.to_string() })
    }

    /// The visible cluster with this uuid or, if it does not look like one, this name.
    pub async fn find_cluster(&self, scope: &Scope, ident: &str) -> Result<Cluster, Error> {
        if let Ok(id) = ident.parse() {
            return self.get_cluster(scope, id).await.map_err(|e| renamed(e, ident));
        }
        let (condition, mut args) = scope.condition();
        args.push(Arg::Text(ident.to_owned()));
        let rows = record::list(&self.db, &format!("WHERE {condition} AND r.\"name\" == ? {SORT_BY_ID}"), args).await?;
        only(rows, "cluster", ident)
    }

    /// A page of the visible clusters.
    pub async fn list_clusters(&self, scope: &Scope, page: &Page) -> Result<Vec<Cluster>, Error> {
        let (condition, args) = scope.condition();
        page.fetch(&self.db, condition, args, "uuid").await
    }

    /// All cluster ids, oldest first.
    pub async fn list_cluster_ids(&self) -> Result<Vec<ClusterId>, Error> {
        let rows = self.db.fetch("SELECT \"uuid\" FROM \"cluster\" ORDER BY \"id\"", vec![]).await?;
        rows.iter().map(|row| row.get("uuid")).collect()
    }

    /// Ids of clusters on which something is still to be done: in progress, with an unfinished operation, or with a
    /// node whose power is not as wanted. Oldest first.
    pub async fn list_unsettled_clusters(&self) -> Result<Vec<ClusterId>, Error> {
        let mut unsettled = BTreeMap::new();
        // Each part by its own index. Without joins: Magnum's tables and ours may have different collations.
        let sql = "SELECT \"id\", \"uuid\" FROM \"cluster\" WHERE \"status\" IN \
                   ('CREATE_IN_PROGRESS', 'UPDATE_IN_PROGRESS', 'DELETE_IN_PROGRESS', 'ROLLBACK_IN_PROGRESS')";
        for row in self.db.fetch(sql, vec![]).await? {
            unsettled.insert(row.int("id")?, row.get("uuid")?);
        }
        let sql = "SELECT DISTINCT \"cluster\" FROM \"mg_operation\" WHERE \"ended_at\" IS NULL UNION SELECT \"cluster\" FROM \"mg_node\" \
                   WHERE (\"powered_on\" = ? AND \"status\" <> 'STOPPED') OR (\"powered_on\" = ? AND \"status\" = 'STOPPED')";
        let rows = self.db.fetch(sql, vec![Arg::Bool(false), Arg::Bool(true)]).await?;
        let others: Vec<Arg> = rows.iter().map(|row| row.text("cluster").map(Arg::Text)).collect::<Result<_, _>>()?;
        for some in others.chunks(500) {
            let marks = vec!["?"; some.len()].join(", ");
            let sql = format!("SELECT \"id\", \"uuid\" FROM \"cluster\" WHERE \"uuid\" IN ({marks})");
            for row in self.db.fetch(&sql, some.to_vec()).await? {
                unsettled.insert(row.int("id")?, row.get("uuid")?);
            }
        }
        Ok(unsettled.into_values().collect())
    }

    /// Ids of clusters that want looking after: unsettled ones, and those with nodes of ours. Of any other there is nothing here:
    /// another engine has made it. Unsettled ones first.
    pub async fn list_kept_clusters(&self) -> Result<Vec<ClusterId>, Error> {
        let mut kept = self.list_unsettled_clusters().await?;
        let known: BTreeSet<ClusterId> = kept.iter().copied().collect();
        for row in self.db.fetch("SELECT DISTINCT \"cluster\" FROM \"mg_node\"", vec![]).await? {
            let id = row.get("cluster")?;
            if !known.contains(&id) {
                kept.push(id);
            }
        }
        Ok(kept)
    }

    /// How many clusters the project has.
    pub async fn count_clusters(&self, project: &ProjectId) -> Result<i64, Error> {
        let sql = "SELECT COUNT(*) AS \"n\" FROM \"cluster\" WHERE \"project_id\" == ?";
        let rows = self.db.fetch(sql, vec![Arg::Text(project.0.clone())]).await?;
        rows.first().map_or(Ok(0), |row| row.get("n"))
    }

    /// The cluster with its template and its groups.
    pub async fn get_whole(&self, id: ClusterId) -> Result<Whole, Error> {
        let cluster = self.get_cluster(&Scope::All, id).await?;
        let template = self.get_template(cluster.cluster_template_id).await?;
        let groups = self.list_all_nodegroups(id).await?;
        Ok(Whole { cluster, template, groups })
    }

    /// Records what a conductor did or saw. Nothing is written when the lease is lost.
    pub async fn update_cluster(&self, lease: &Lease, id: ClusterId, fields: &[ClusterField]) -> Result<(), Error> {
        transaction!(self.db, |tx| {
            lease.fence(tx).await?;
            set(tx, id, fields).await?;
            tx.tell(id, Cause::Recorded);
            Ok(())
        })
    }

    /// Removes the cluster and everything that belongs to it, and has others told.
    pub async fn delete_cluster(&self, lease: &Lease, id: ClusterId, notices: &[Notice]) -> Result<(), Error> {
        transaction!(self.db, |tx| {
            lease.fence(tx).await?;
            notice::insert(tx, notices).await?;
            let id_arg = || vec![Arg::Text(id.to_string())];
            lock::cluster(tx, id).await?;
            let rows: Vec<Cluster> = record::list_in(tx, "WHERE r.\"uuid\" = ?", id_arg()).await?;
            let mut pairs: Vec<String> = rows.iter().flat_map(|cluster| References::of(cluster).all()).collect();
            if let Some(rotation) = renewal::rotation(tx, id).await? {
                pairs.extend([rotation.old.all(), rotation.new.all()].concat());
            }
            renewal::delete_pairs(tx, pairs).await?;
            record::forget_beside(tx, "nodegroup", "\"cluster_id\" = ?", id_arg()).await?;
            for (table, column) in [
                ("nodegroup", "cluster_id"),
                ("mg_operation", "cluster"),
                ("mg_resource", "cluster"),
                ("mg_node", "cluster"),
                ("mg_event", "cluster"),
                ("mg_cluster_private", "cluster"),
                ("mg_diagnosis", "cluster"),
                ("mg_inquiry", "cluster"),
                ("cluster", "uuid"),
            ] {
                tx.execute(&format!("DELETE FROM \"{table}\" WHERE \"{column}\" = ?"), id_arg()).await?;
            }
            lease.forget(tx).await?;
            tx.tell(id, Cause::Recorded);
            Ok(())
        })
    }
}

/// Sets columns of a cluster and its `updated_at`.
pub(crate) async fn set(tx: &mut Transaction, id: ClusterId, fields: &[ClusterField]) -> Result<(), Error> {
    use crate::column::Column;
    let mut columns: Vec<_> = fields.iter().map(ClusterField::column).collect();
    columns.push(("updated_at", now_seconds().arg()));
    let found = record::update(tx, "cluster", columns, "\"uuid\" = ?", vec![Arg::Text(id.to_string())]).await?;
    if found == 0 { Err(Error::NotFound { what: "cluster", ident: id.to_string() }) } else { Ok(()) }
}

/// The one row of a look-up by name.
pub(crate) fn only<T>(rows: Vec<T>, what: &'static str, ident: &str) -> Result<T, Error> {
    let mut rows = rows.into_iter();
    match (rows.next(), rows.next()) {
        (Some(row), None) => Ok(row),
        (None, _) => Err(Error::NotFound { what, ident: ident.to_owned() }),
        (Some(_), Some(_)) => Err(Error::Ambiguous { what, ident: ident.to_owned() }),
    }
}

/// The identifier in the error as the caller wrote it.
pub(crate) fn renamed(error: Error, ident: &str) -> Error {
    match error {
        Error::NotFound { what, .. } => Error::NotFound { what, ident: ident.to_owned() },
        other => other,
    }
}
