// SPDX-License-Identifier: Apache-2.0
//! New tokens for all nodes. Until every node has reported with its new one both are good; then the old ones are not.

use crate::prepare::{hash, random};
use crate::traced::Ended;
use crate::world::World;
use crate::{Error, traced};
use magnum_store::{Lease, Operation, Renewal, Whole, next_token_name, token_name};
use secrecy::{ExposeSecret, SecretString};

/// The kind of operation that asks for it.
pub(crate) const KIND: &str = "rotate-credential";
/// The private value with the operation for which new tokens were made.
const MARKER: &str = "credentials";

/// Makes the new tokens, once for an operation.
pub(crate) async fn begin(world: &World, lease: &Lease, whole: &Whole, operations: &[Operation]) -> Result<(), Error> {
    let Some(asked) = operations.iter().rev().find(|operation| operation.kind == KIND) else { return Ok(()) };
    let id = whole.cluster.uuid;
    let private = world.store.list_private(id).await.map_err(Error::Store)?;
    if private.contains_key(MARKER) {
        return Ok(());
    }
    let mut values = vec![(MARKER.to_owned(), Some(SecretString::from(asked.id.to_string())))];
    for node in world.store.list_nodes(id).await.map_err(Error::Store)? {
        if !private.contains_key(&next_token_name(node.id)) {
            values.push((next_token_name(node.id), Some(random()?)));
        }
    }
    world.set_settled(id, false);
    world.store.renew(lease, id, Renewal { private: values, ..Renewal::default() }).await.map_err(Error::Store)
}

/// Every node has what it is to have: the new tokens are the tokens. Answers whether there was anything to do.
pub(crate) async fn advance(world: &World, lease: &Lease, whole: &Whole, operations: &[Operation]) -> Result<bool, Error> {
    let id = whole.cluster.uuid;
    let mut private = world.store.list_private(id).await.map_err(Error::Store)?;
    if !private.contains_key(MARKER) {
        return Ok(false);
    }
    let mut renewal = Renewal { private: vec![(MARKER.to_owned(), None)], ..Renewal::default() };
    for node in world.store.list_nodes(id).await.map_err(Error::Store)? {
        if let Some(token) = private.remove(&next_token_name(node.id)) {
            renewal.tokens.push((node.name.clone(), hash(token.expose_secret())));
            renewal.private.push((token_name(node.id), Some(token)));
            renewal.private.push((next_token_name(node.id), None));
        }
    }
    let done: Vec<Operation> = operations.iter().filter(|operation| operation.kind == KIND).cloned().collect();
    renewal.done = done.iter().map(|operation| operation.id).collect();
    world.store.renew(lease, id, renewal).await.map_err(Error::Store)?;
    traced::ended(world, whole, &done, Ended::default()).await;
    Ok(true)
}
