// SPDX-License-Identifier: Apache-2.0
//! Locks that a transaction takes on what it reads before it writes. Always in this order, so that none wait for each
//! other in a ring: a name, the lease, the template, the cluster, its nodes; news come last. Where the order is broken by
//! another program, the database ends one of the two and the transaction is done again.

use crate::error::Error;
use crate::sql::{Arg, Transaction};
use magnum_types::{ClusterId, TemplateId};

/// Rows of `mg_lock`, as the schema made them.
const SLOTS: u64 = 16;

/// Keeps out all transactions that lock the same name, for what has no row of its own to lock: e.g. a project's count.
pub(crate) async fn name(tx: &mut Transaction, name: &str) -> Result<(), Error> {
    // FNV-1a: the same in every version of this program, which a standard hasher is not.
    let hash = name.bytes().fold(0xcbf2_9ce4_8422_2325_u64, |hash, byte| (hash ^ u64::from(byte)).wrapping_mul(0x0100_0000_01b3));
    let slot = i64::try_from(hash % SLOTS).unwrap_or(0);
    tx.fetch("SELECT \"slot\" FROM \"mg_lock\" WHERE \"slot\" = ? {update}", vec![Arg::Int(slot)]).await.map(drop)
}

/// Keeps the cluster as it is until the transaction ends. Not found when it is gone.
pub(crate) async fn cluster(tx: &mut Transaction, id: ClusterId) -> Result<(), Error> {
    let rows = tx.fetch("SELECT \"id\" FROM \"cluster\" WHERE \"uuid\" = ? {update}", vec![Arg::Text(id.to_string())]).await?;
    if rows.is_empty() { Err(Error::NotFound { what: "cluster", ident: id.to_string() }) } else { Ok(()) }
}

/// Keeps the template from being deleted or changed until the transaction ends. Not found when it is gone.
pub(crate) async fn template(tx: &mut Transaction, id: TemplateId, alone: bool) -> Result<(), Error> {
    let how = if alone { "{update}" } else { "{share}" };
    let sql = format!("SELECT \"id\" FROM \"cluster_template\" WHERE \"uuid\" = ? {how}");
    let rows = tx.fetch(&sql, vec![Arg::Text(id.to_string())]).await?;
    if rows.is_empty() { Err(Error::NotFound { what: "cluster template", ident: id.to_string() }) } else { Ok(()) }
}
