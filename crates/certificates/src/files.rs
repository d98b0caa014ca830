// SPDX-License-Identifier: Apache-2.0
//! `local`: pairs are files `UUID.crt`, `.key`, `.int` and `.pass` in one folder, as the Python service's local manager has
//! them, but readable by their owner only.
//!
//! Files and rows cannot be written at once. So the cluster's private value `certificates-unused` names pairs before their
//! files come, until the transaction that refers to them; and from the transaction after which nothing refers to them, until
//! their files are gone. Whatever it names can be removed at any time.

mod folder;

use crate::{Error, Manager, Pair};
use folder::Folder;
use futures::future::BoxFuture;
use magnum_store::{Lease, References, Renewal, Scope, Store, read_private};
use magnum_types::ClusterId;
use secrecy::SecretString;
use std::path::Path;
use std::sync::Arc;
use uuid::Uuid;

/// The private value with the pairs whose files nothing refers to.
const UNUSED: &str = "certificates-unused";

/// The files of one folder.
#[derive(Clone)]
pub struct Files {
    store: Store,
    folder: Arc<Folder>,
}

impl Files {
    /// The pairs in `[certificates] storage_path`. The folder is made if it is missing, and tried: a file is written and removed.
    pub fn open(store: Store, path: &Path) -> Result<Self, Error> {
        Ok(Self { store, folder: Arc::new(Folder::open(path)?) })
    }

    async fn unused(&self, cluster: ClusterId) -> Result<Vec<String>, Error> {
        let values = self.store.list_private(cluster).await.map_err(Error::Store)?;
        Ok(read_private(values.get(UNUSED), UNUSED).map_err(Error::Store)?.unwrap_or_default())
    }

    async fn set_unused(&self, lease: &Lease, cluster: ClusterId, unused: &[String]) -> Result<(), Error> {
        let renewal = Renewal { private: vec![note(unused)?], ..Renewal::default() };
        self.store.renew(lease, cluster, renewal).await.map_err(Error::Store)
    }

    /// Keeps the files of pairs that are about to be referred to; answers those that earlier, unfinished attempts left behind.
    async fn keep(&self, lease: &Lease, cluster: ClusterId, renewal: &mut Renewal) -> Result<Vec<String>, Error> {
        let left = self.unused(cluster).await?;
        let pairs: Vec<(Uuid, Pair)> = std::mem::take(&mut renewal.insert).iter().map(|row| (row.uuid, Pair::from(row))).collect();
        if !pairs.is_empty() {
            let coming = pairs.iter().map(|(uuid, _)| uuid.to_string());
            self.set_unused(lease, cluster, &left.iter().cloned().chain(coming).collect::<Vec<_>>()).await?;
            self.folder.run(move |folder| pairs.iter().try_for_each(|(uuid, pair)| folder.write(*uuid, pair))).await?;
        }
        Ok(left)
    }

    async fn remove(&self, references: &[String]) -> Result<(), Error> {
        // What is no UUID is no file of ours.
        let uuids: Vec<Uuid> = references.iter().filter_map(|reference| reference.parse().ok()).collect();
        self.folder.run(move |folder| folder.remove(&uuids)).await
    }
}

impl Manager for Files {
    fn get<'a>(&'a self, reference: &'a str) -> BoxFuture<'a, Result<Pair, Error>> {
        Box::pin(async move {
            let foreign = |_| Error::Foreign { reference: reference.to_owned(), manager: "local" };
            let uuid: Uuid = reference.parse().map_err(foreign)?;
            self.folder.run(move |folder| folder.read(uuid)).await
        })
    }

    fn renew<'a>(&'a self, lease: &'a Lease, cluster: ClusterId, mut renewal: Renewal) -> BoxFuture<'a, Result<(), Error>> {
        Box::pin(async move {
            if renewal.insert.is_empty() && renewal.delete.is_empty() {
                return self.store.renew(lease, cluster, renewal).await.map_err(Error::Store);
            }
            let mut unused = self.keep(lease, cluster, &mut renewal).await?;
            unused.append(&mut renewal.delete);
            renewal.private.push(note(&unused)?);
            self.store.renew(lease, cluster, renewal).await.map_err(Error::Store)?;
            if !unused.is_empty() {
                self.remove(&unused).await?;
                self.set_unused(lease, cluster, &[]).await?;
            }
            Ok(())
        })
    }

    fn delete_cluster<'a>(&'a self, lease: &'a Lease, cluster: ClusterId) -> BoxFuture<'a, Result<(), Error>> {
        Box::pin(async move {
            let row = self.store.get_cluster(&Scope::All, cluster).await.map_err(Error::Store)?;
            let mut all = self.unused(cluster).await?;
            all.append(&mut References::of(&row).all());
            if let Some(rotation) = self.store.get_rotation(cluster).await.map_err(Error::Store)? {
                all.extend([rotation.old.all(), rotation.new.all()].concat());
            }
            // Who has lost the lease ends here.
            self.set_unused(lease, cluster, &all).await?;
            self.remove(&all).await?;
            self.store.delete_cluster(lease, cluster).await.map_err(Error::Store)
        })
    }
}

/// The private value for these pairs; none when there are none.
fn note(unused: &[String]) -> Result<(String, Option<SecretString>), Error> {
    let text = serde_json::to_string(unused).map_err(|error| Error::Broken(error.to_string()))?;
    Ok((UNUSED.to_owned(), (!unused.is_empty()).then(|| SecretString::from(text))))
}

#[cfg(test)]
mod tests;
