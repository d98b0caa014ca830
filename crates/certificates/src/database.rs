// SPDX-License-Identifier: Apache-2.0
//! `x509keypair`: pairs are rows of the database, written in the transaction that refers to them.

use crate::{Error, Manager, Pair};
use futures::future::BoxFuture;
use magnum_store::{Lease, Renewal, Store};
use magnum_types::ClusterId;
use uuid::Uuid;

/// The table `x509keypair`.
#[derive(Clone)]
pub struct Database {
    store: Store,
}

impl Database {
    /// The pairs of this store.
    pub fn new(store: Store) -> Self {
        Self { store }
    }
}

impl Manager for Database {
    fn get<'a>(&'a self, reference: &'a str) -> BoxFuture<'a, Result<Pair, Error>> {
        Box::pin(async move {
            if reference.parse::<Uuid>().is_err() {
                return Err(Error::Foreign { reference: reference.to_owned(), manager: "x509keypair" });
            }
            let row = self.store.get_keypair(reference).await.map_err(Error::Store)?;
            Ok(Pair::from(&row))
        })
    }

    fn renew<'a>(&'a self, lease: &'a Lease, cluster: ClusterId, renewal: Renewal) -> BoxFuture<'a, Result<(), Error>> {
        Box::pin(async move { self.store.renew(lease, cluster, renewal).await.map_err(Error::Store) })
    }

    fn delete_cluster<'a>(&'a self, lease: &'a Lease, cluster: ClusterId) -> BoxFuture<'a, Result<(), Error>> {
        Box::pin(async move { self.store.delete_cluster(lease, cluster).await.map_err(Error::Store) })
    }
}
