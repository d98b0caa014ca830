// SPDX-License-Identifier: Apache-2.0
//! `POST /v1/clusters/{ident}/actions/upgrade`: another template for a running cluster, and its nodes brought to it.

use super::change::{BUSY, complete};
use crate::app::App;
use crate::caller::Caller;
use crate::failure::Failure;
use crate::input::Input;
use crate::operation::Operation;
use crate::reply::Reply;
use crate::shape::{Gives, Takes};
use crate::typed::{Field, Kind, TEXT};
use crate::validate;
use magnum_blueprint::{Ranges, dns_domain};
use magnum_store::{Cluster, ClusterField, NodeGroup, NodeGroupField, Request, Template};
use magnum_types::{ClusterStatus, Labels, Microversion};
use serde_json::json;

/// Magnum's gate for it is that of the resize.
pub const OPERATION: Operation = Operation::post("/v1/clusters/{cluster_ident}/actions/upgrade")
    .policy("cluster:upgrade")
    .everywhere("cluster:upgrade_all_projects")
    .since(7, "resize")
    .returns(202)
    .takes(Takes::Object(FIELDS))
    .gives(Gives::Uuid);

const FIELDS: &[Field] = &[
    Field::new("max_batch_size", Kind::Int { min: 1, max: 100_000 }),
    Field::new("nodegroup", TEXT),
    Field::new("cluster_template", TEXT).mandatory(),
];

pub(crate) async fn handle(caller: Caller, input: Input, app: App) -> Result<Reply, Failure> {
    if caller.version < Microversion::v1(8) {
        return Err(Failure::bad("Cluster upgrade is not supported in the provided microversion."));
    }
    let record = input.record("cluster_upgrade_req", FIELDS)?;
    let cluster = app.store.find_cluster(&caller.scope(), input.param("cluster_ident")).await?;
    let ident = record.text("cluster_template").unwrap_or_default();
    let template = app.store.find_template(&caller.scope(), &ident).await?;
    caller.authorise_on(&OPERATION, &cluster)?;
    let groups = app.store.list_all_nodegroups(cluster.uuid).await?;
    let group = chosen(&groups, record.text("nodegroup").as_deref())?;
    if !group.is_default && template.uuid != cluster.cluster_template_id {
        let reason =
            format!("Nodegroup {} can be upgraded only to match cluster's template ({}).", group.name, cluster.cluster_template_id);
        return Err(invalid(&reason));
    }
    complete(&cluster, "Upgrading")?;
    let old = app.store.get_template(cluster.cluster_template_id).await?;
    let labels = carried(&cluster.labels, &old.labels, &template.labels);
    compatible(&old, &template, &cluster.labels, &labels)?;
    validate::labels(&labels)?;
    let batch = record.int("max_batch_size").unwrap_or(1);
    let what = json!({"cluster_template": template.uuid, "max_batch_size": batch, "nodegroup": group.uuid});
    let mut request = Request::new(caller.operation(cluster.uuid, "upgrade", what));
    request.not_while = BUSY.to_vec();
    request.cluster = vec![ClusterField::Status(ClusterStatus::UpdateInProgress), ClusterField::StatusReason(None)];
    if group.is_default {
        request.cluster.extend([ClusterField::TemplateId(template.uuid), ClusterField::Labels(labels.clone())]);
    }
    rows(&groups, group, &cluster, (&old, &template), &labels, &mut request);
    app.store.request(request).await?;
    Ok(Reply::accepted(json!({"uuid": cluster.uuid})))
}

/// The named group, by uuid or name, or the default workers.
fn chosen<'a>(groups: &'a [NodeGroup], ident: Option<&str>) -> Result<&'a NodeGroup, Failure> {
    let group = match ident {
        None => groups.iter().find(|group| group.is_default && !group.is_master()),
        Some(ident) => groups.iter().find(|group| group.name == ident || group.uuid.to_string() == ident),
    };
    group.ok_or_else(|| Failure::not_found(format!("Nodegroup {} could not be found.", ident.unwrap_or("default-worker"))))
}

/// Adds the groups' rows: both default groups go together, another one alone.
fn rows(
    groups: &[NodeGroup],
    chosen: &NodeGroup,
    cluster: &Cluster,
    (old, new): (&Template, &Template),
    labels: &Labels,
    request: &mut Request,
) {
    for group in groups.iter().filter(|group| if chosen.is_default { group.is_default } else { group.uuid == chosen.uuid }) {
        let mut fields = vec![NodeGroupField::Status(ClusterStatus::UpdateInProgress), NodeGroupField::StatusReason(None)];
        // A group keeps what it was given for itself.
        if group.labels == cluster.labels {
            fields.push(NodeGroupField::Labels(labels.clone()));
        } else {
            fields.push(NodeGroupField::Labels(carried(&group.labels, &old.labels, &new.labels)));
        }
        if group.image_id == old.image_id {
            fields.push(NodeGroupField::ImageId(new.image_id.clone()));
        }
        request.groups.push((group.uuid, fields));
    }
}

/// The labels of a cluster that goes from one template to another: what it had from the old one it has from the new one;
/// what was set for the cluster itself stays.
fn carried(own: &Labels, old: &Labels, new: &Labels) -> Labels {
    let mut labels = new.clone();
    for (name, value) in &own.0 {
        if old.0.get(name) != Some(value) {
            labels.0.insert(name.clone(), value.clone());
        }
    }
    labels
}

fn invalid(reason: &str) -> Failure {
    Failure::conflict(format!("Cluster Template is not valid for upgrade: {reason}"))
}

/// Refuses what nodes that run, and clients that know the cluster, cannot be brought to.
fn compatible(old: &Template, new: &Template, before: &Labels, after: &Labels) -> Result<(), Failure> {
    let text = |value: &Option<String>| value.clone().unwrap_or_else(|| "None".to_owned());
    let port = |template: &Template| template.apiserver_port.map_or_else(|| "None".to_owned(), |port| port.to_string());
    let fixed = [
        ("coe", old.coe.to_string(), new.coe.to_string()),
        ("server_type", text(&old.server_type), text(&new.server_type)),
        ("cluster_distro", text(&old.cluster_distro), text(&new.cluster_distro)),
        ("network_driver", text(&old.network_driver), text(&new.network_driver)),
        ("tls_disabled", old.tls_disabled.unwrap_or(false).to_string(), new.tls_disabled.unwrap_or(false).to_string()),
        ("apiserver_port", port(old), port(new)),
    ];
    if let Some((field, has, wants)) = fixed.iter().find(|(_, has, wants)| has != wants) {
        return Err(invalid(&format!("its {field} is {wants}, that of the cluster is {has}, and a running cluster keeps it.")));
    }
    let (has, wants) = (Ranges::from_labels(before)?, Ranges::from_labels(after)?);
    if has != wants {
        return Err(invalid("its labels name other address ranges, and a running cluster keeps its own."));
    }
    if dns_domain(before)? != dns_domain(after)? {
        return Err(invalid("its label dns_cluster_domain is another one, and a running cluster keeps the domain its pods know."));
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn labels_of_the_old_template_go_and_the_clusters_own_stay() {
        let labels = |text: &str| {
            let pair = |word: &str| word.split_once('=').map(|(name, value)| (name.to_owned(), value.to_owned()));
            Labels(text.split_whitespace().filter_map(pair).collect())
        };
        for (own, old, new, expected) in [
            ("a=1", "a=1", "a=2", "a=2"),
            ("a=1 b=1", "a=1 b=1", "a=2", "a=2"),
            ("a=own", "a=1", "a=2", "a=own"),
            ("a=1 mine=1", "a=1", "a=2 more=1", "a=2 mine=1 more=1"),
            ("", "", "a=1", "a=1"),
            ("a=1", "a=1", "a=1", "a=1"),
        ] {
            assert_eq!(carried(&labels(own), &labels(old), &labels(new)), labels(expected), "{own} from {old} to {new}");
        }
    }
}
