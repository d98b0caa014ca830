// SPDX-License-Identifier: Apache-2.0
//! `POST /v1/clusters`: ask for a new cluster; answers before any work is done.

use super::cluster::FIELDS;
use super::new::{Counts, cluster, group};
use crate::app::App;
use crate::caller::Caller;
use crate::failure::Failure;
use crate::input::Input;
use crate::operation::Operation;
use crate::reply::Reply;
use crate::shape::{Gives, Takes};
use crate::typed::Record;
use crate::validate::{self, Resources};
use magnum_store::{Cluster, NewCluster, Template};
use magnum_types::{ClusterId, Microversion};
use serde_json::{Value, json};

pub const OPERATION: Operation = Operation::post("/v1/clusters")
    .policy("cluster:create")
    .returns(202)
    .body("cluster", "Cluster")
    .takes(Takes::Object(FIELDS))
    .gives(Gives::Uuid);

pub(crate) async fn handle(caller: Caller, input: Input, app: App) -> Result<Reply, Failure> {
    let record = input.record("cluster", FIELDS)?;
    let cluster = make(&caller, &app, &record, &OPERATION).await?;
    Ok(Reply::accepted(json!({"uuid": cluster})))
}

/// Asks for a cluster as `record` wants it; answers its id.
pub(crate) async fn make(caller: &Caller, app: &App, record: &Record, asked: &Operation) -> Result<ClusterId, Failure> {
    let ident = record.text("cluster_template_id").unwrap_or_default();
    let template = app.store.find_template(&caller.scope(), &ident).await.map_err(|error| unknown_template(caller, error.into()))?;
    let counts = Counts { nodes: record.int("node_count").unwrap_or(1), masters: record.int("master_count").unwrap_or(1) };
    let cluster = cluster(caller, record, &template);
    check(caller, app, &cluster, &template, counts, asked).await?;
    let id = cluster.uuid;
    let groups = vec![
        group(&cluster, &template, "default-master", "master", counts.masters),
        group(&cluster, &template, "default-worker", "worker", counts.nodes),
    ];
    let operation = caller.operation(id, "create", Value::Null);
    let limit = limit(caller, app).await?;
    // Counted once more with the insert: others may ask at the same time, here or in another process.
    match app.store.insert_cluster_within(NewCluster { cluster, groups, operation }, limit).await {
        Err(magnum_store::Error::Limit { limit }) => return Err(exceeded(limit)),
        outcome => outcome?,
    }
    Ok(id)
}

/// Older versions call an unknown template a bad request.
fn unknown_template(caller: &Caller, failure: Failure) -> Failure {
    if caller.version < Microversion::v1(10) { failure.with_status(404, 400) } else { failure }
}

/// Magnum's checks in Magnum's order.
async fn check(
    caller: &Caller,
    app: &App,
    cluster: &Cluster,
    template: &Template,
    counts: Counts,
    asked: &Operation,
) -> Result<(), Failure> {
    if template.hidden == Some(true) && !caller.is_admin {
        return Err(Failure::forbidden("Not authorized."));
    }
    validate::cluster_type(app, template)?;
    validate::storage_size(template.docker_storage_driver.as_deref(), cluster.docker_volume_size)?;
    if counts.masters % 2 == 0 {
        return Err(Failure::bad(format!("master nodegroup size of {} is invalid, size cannot be an even number.", counts.masters)));
    }
    validate::zero_nodes(caller, counts.nodes)?;
    caller.authorise(asked)?;
    quota(caller, app).await?;
    let flavors = [cluster.flavor_id.as_deref(), cluster.master_flavor_id.as_deref()];
    let given: Vec<Option<&str>> = flavors.into_iter().filter(Option::is_some).collect();
    validate::root_volume(app, caller, &cluster.labels, &given).await?;
    let named = Resources {
        flavors: flavors.into_iter().flatten().collect(),
        external_network: template.external_network_id.as_deref(),
        fixed_network: cluster.fixed_network.as_deref(),
        fixed_subnet: cluster.fixed_subnet.as_deref(),
        keypair: cluster.keypair.as_deref(),
    };
    validate::resources(app, caller, &named).await?;
    if counts.masters > 1 && cluster.master_lb_enabled != Some(true) {
        return Err(Failure::bad("master_count must be 1 when master_lb_enabled is False"));
    }
    validate::labels(&cluster.labels)?;
    validate::room(&cluster.labels, counts.nodes + counts.masters)
}

async fn quota(caller: &Caller, app: &App) -> Result<(), Failure> {
    let limit = limit(caller, app).await?;
    if app.store.count_clusters(&caller.identity.project).await? < limit { Ok(()) } else { Err(exceeded(limit)) }
}

/// How many clusters the caller's project may have.
async fn limit(caller: &Caller, app: &App) -> Result<i64, Failure> {
    let quota = app.store.get_quota(&caller.identity.project, "Cluster").await?;
    Ok(quota.map_or(app.max_clusters_per_project, |quota| quota.hard_limit))
}

fn exceeded(limit: i64) -> Failure {
    Failure::forbidden(format!(
        "Resource limit exceeded: You have reached the maximum clusters per project, {limit}. You may delete a cluster to make room for a new one."
    ))
}
