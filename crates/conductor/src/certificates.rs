// SPDX-License-Identifier: Apache-2.0
//! A cluster's three authorities and the conductor's own client certificate (`reference: magnum-conductor.md 7.1`).

use crate::Error;
use crate::world::World;
use jiff::Timestamp;
use magnum_pki::{Authority, Eku, PrivateKey, Subject};
use magnum_store::{Cluster, KeyPair, Lease, References, Renewal};
use magnum_types::ClusterId;
use secrecy::SecretString;
use uuid::Uuid;

/// Days a certificate is good for, as Magnum's `term_of_validity`.
const VALIDITY_DAYS: u32 = 1825;

/// Makes and stores them, unless the cluster has them.
pub(crate) async fn ensure(world: &World, lease: &Lease, cluster: &Cluster) -> Result<(), Error> {
    if cluster.ca_cert_ref.is_some() {
        return Ok(());
    }
    let Fresh { rows, references } = fresh(world, cluster).await?;
    let renewal = Renewal { insert: rows, cluster: references.fields(), ..Renewal::default() };
    world.certificates.renew(lease, cluster.uuid, renewal).await.map_err(Error::kept)
}

/// A new set, not stored yet.
pub(crate) struct Fresh {
    pub rows: Vec<KeyPair>,
    pub references: References,
}

/// Makes three authorities and a client certificate of the first.
pub(crate) async fn fresh(world: &World, cluster: &Cluster) -> Result<Fresh, Error> {
    let keys = [world.keys.take().await, world.keys.take().await, world.keys.take().await, world.keys.take().await];
    let mut ready = Vec::new();
    for key in keys {
        ready.push(key.map_err(Error::Certificates)?);
    }
    let name = cluster.name.clone();
    let made = tokio::task::spawn_blocking(move || make(&name, ready)).await;
    let pairs = made.map_err(|join| Error::Broken(format!("making certificates broke off: {join}")))?.map_err(Error::Certificates)?;
    let mut rows = Vec::new();
    for (certificate, private_key, passphrase) in pairs {
        rows.push(KeyPair {
            id: 0,
            uuid: Uuid::new_v4(),
            certificate,
            private_key: SecretString::from(private_key),
            private_key_passphrase: Some(passphrase),
            intermediates: None,
            project_id: cluster.project_id.clone(),
            user_id: cluster.user_id.clone(),
            created_at: None,
            updated_at: None,
        });
    }
    let reference = |i: usize| rows.get(i).map(|row| row.uuid.to_string());
    let references = References { cluster: reference(0), etcd: reference(1), front_proxy: reference(2), client: reference(3) };
    Ok(Fresh { rows, references })
}

type Pair = (String, String, SecretString);

/// Certificate, encrypted key and passphrase of each: cluster CA, etcd CA, front-proxy CA, client.
fn make(name: &str, keys: Vec<PrivateKey>) -> Result<Vec<Pair>, magnum_pki::Error> {
    let now = Timestamp::now();
    let mut keys = keys.into_iter();
    let mut pairs = Vec::new();
    let mut issuer = None;
    for key in keys.by_ref().take(3) {
        let certificate = Authority::certify(name, &key, now, VALIDITY_DAYS)?;
        pairs.push(sealed(certificate.clone(), &key)?);
        if issuer.is_none() {
            issuer = Some(Authority::load(&certificate, key)?);
        }
    }
    if let (Some(authority), Some(key)) = (issuer, keys.next()) {
        let subject = Subject::new("admin", &["system:masters"]);
        let certificate = authority.issue(&subject, &[], &[Eku::ClientAuth], key.public_key(), now)?;
        pairs.push(sealed(certificate, &key)?);
    }
    Ok(pairs)
}

fn sealed(certificate: String, key: &PrivateKey) -> Result<Pair, magnum_pki::Error> {
    let passphrase = SecretString::from(Uuid::new_v4().simple().to_string());
    Ok((certificate, key.to_encrypted_pem(&passphrase)?, passphrase))
}

/// The certificate and the decrypted key (PKCS#8 PEM) behind a `*_cert_ref`.
pub(crate) async fn load(world: &World, reference: &str) -> Result<(String, SecretString), Error> {
    let pair = world.certificates.get(reference).await.map_err(Error::kept)?;
    let opened = tokio::task::spawn_blocking(move || pair.open().and_then(|key| Ok((pair.certificate, key.to_pkcs8_pem()?)))).await;
    opened.map_err(|join| Error::Broken(format!("reading a key broke off: {join}")))?.map_err(Error::Certificates)
}

/// The certificates of the cluster's own authority, to check its API with; two while they are being replaced. `reference`
/// is the cluster's `ca_cert_ref`.
pub(crate) async fn trusted(world: &World, id: ClusterId, reference: &str) -> Result<String, Error> {
    match world.store.get_trusted(id).await.map_err(Error::Store)? {
        Some(trusted) => Ok(trusted.kubernetes),
        None => Ok(world.certificates.get(reference).await.map_err(Error::kept)?.certificate),
    }
}
