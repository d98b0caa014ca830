// SPDX-License-Identifier: Apache-2.0
//! The cluster's authorities, read from where they are kept, and signing with them.

use crate::app::App;
use crate::failure::Failure;
use magnum_certificates::Pair;
use magnum_pki::{Authority, Csr, Policy};
use magnum_store::{Cluster, Trusted};
use std::sync::Arc;

/// Which of a cluster's authorities.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Ca {
    Cluster,
    Etcd,
    FrontProxy,
}

impl Ca {
    /// Magnum's reading of `ca_cert_type`: what it does not know is the cluster's own.
    pub fn from_wire(word: Option<&str>) -> Self {
        match word {
            Some("etcd") => Ca::Etcd,
            Some("front_proxy" | "front-proxy") => Ca::FrontProxy,
            _ => Ca::Cluster,
        }
    }

    /// Its certificates among those that the cluster trusts.
    pub fn of(self, trusted: Trusted) -> String {
        match self {
            Ca::Cluster => trusted.kubernetes,
            Ca::Etcd => trusted.etcd,
            Ca::FrontProxy => trusted.front_proxy,
        }
    }

    fn reference(self, cluster: &Cluster) -> Option<&String> {
        match self {
            Ca::Cluster => cluster.ca_cert_ref.as_ref(),
            Ca::Etcd => cluster.etcd_ca_cert_ref.as_ref(),
            Ca::FrontProxy => cluster.front_proxy_ca_cert_ref.as_ref(),
        }
    }
}

/// The authority's certificate and encrypted key.
pub(crate) async fn pair(app: &App, cluster: &Cluster, ca: Ca) -> Result<Pair, Failure> {
    let reference = ca
        .reference(cluster)
        .ok_or_else(|| Failure::conflict(format!("The certificate authority of cluster {} is not made yet.", cluster.name)))?;
    Ok(app.certificates.get(reference).await?)
}

/// The authority itself. Decrypting its key takes a while, so it is done beside the other requests, and remembered for some minutes.
pub(crate) async fn authority(app: &App, cluster: &Cluster, ca: Ca) -> Result<Arc<Authority>, Failure> {
    let pair = pair(app, cluster, ca).await?;
    if let Some(known) = app.authorities.get(&pair) {
        return Ok(known);
    }
    let (pair, authority) = blocking(move || {
        let authority = Authority::load(&pair.certificate, pair.open()?)?;
        Ok((pair, Arc::new(authority)))
    })
    .await?;
    app.authorities.keep(&pair, &authority);
    Ok(authority)
}

/// Signs a request with the usual policy.
pub(crate) async fn sign(authority: Arc<Authority>, csr: Csr) -> Result<String, Failure> {
    blocking(move || authority.sign(&csr, &Policy::default(), jiff::Timestamp::now())).await
}

async fn blocking<T: Send + 'static>(work: impl FnOnce() -> Result<T, magnum_pki::Error> + Send + 'static) -> Result<T, Failure> {
    let done = tokio::task::spawn_blocking(work).await.map_err(|error| Failure::ours("The certificate could not be signed.", error))?;
    Ok(done?)
}
