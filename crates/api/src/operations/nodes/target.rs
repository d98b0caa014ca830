// SPDX-License-Identifier: Apache-2.0
//! The node that a request is about.

use crate::app::App;
use crate::caller::Caller;
use crate::failure::Failure;
use crate::input::Input;
use crate::operation::Operation;
use magnum_store::{Cluster, Node};
use magnum_types::NodeName;

/// The cluster and its node from the path, both visible to a caller who may do this.
pub(crate) async fn find(caller: &Caller, input: &Input, app: &App, operation: &Operation) -> Result<(Cluster, Node), Failure> {
    let cluster = app.store.find_cluster(&caller.scope(), input.param("cluster_ident")).await?;
    caller.authorise_on(operation, &cluster)?;
    let name = NodeName::parse(input.param("node"))?;
    let node = app.store.get_node(cluster.uuid, &name).await?;
    Ok((cluster, node))
}
