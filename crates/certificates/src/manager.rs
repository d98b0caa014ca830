// SPDX-License-Identifier: Apache-2.0
//! What every certificate manager can do.

use crate::{Error, Pair};
use futures::future::BoxFuture;
use magnum_store::{Lease, Renewal};
use magnum_types::ClusterId;

/// Keeps certificates with their keys.
pub trait Manager: Send + Sync {
    /// The pair that a cluster's `*_cert_ref` names.
    fn get<'a>(&'a self, reference: &'a str) -> BoxFuture<'a, Result<Pair, Error>>;

    /// Carries out changes that belong together, all of them or none: keeps the pairs that come, writes the rows, removes the
    /// pairs that go. Nothing changes when the lease is lost.
    fn renew<'a>(&'a self, lease: &'a Lease, cluster: ClusterId, renewal: Renewal) -> BoxFuture<'a, Result<(), Error>>;

    /// Removes the cluster and everything that belongs to it, its pairs included.
    fn delete_cluster<'a>(&'a self, lease: &'a Lease, cluster: ClusterId) -> BoxFuture<'a, Result<(), Error>>;
}
