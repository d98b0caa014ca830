// SPDX-License-Identifier: Apache-2.0
//! What `magnum config check` finds out by asking: whether the database has what is needed, whether Keystone answers and
//! takes the service's credentials, whether the API's certificate and key can be used, and whether the broker of notifications
//! and the collector of traces answer, if there are to be any.

use crate::certificates;
use crate::database::connection;
use crate::keystone::Keystone;
use crate::notify;
use crate::tls::Tls;
use crate::traces;
use magnum_conf::Config;
use magnum_store::{Inspection, Limits};
use secrecy::ExposeSecret;
use std::time::Duration;

/// What is wrong outside the files, each with how bad it is.
pub async fn reach(config: &Config) -> Vec<(&'static str, String)> {
    let mut findings = database(config).await;
    for error in [Tls::of(config).err(), certificates::choice(config).err()].into_iter().flatten() {
        findings.push(("error", error.message));
    }
    if let Err(error) = notify::reach(config).await {
        findings.push(("error", error));
    }
    if let Err(error) = traces::reach(config).await {
        findings.push(("error", error));
    }
    match Keystone::of(config) {
        Err(error) => findings.push(("error", error.message)),
        Ok(None) => {
            let text = "[keystone_authtoken] auth_url: nobody said where Keystone is; magnum serve lets in who has the private token";
            findings.push(("note", text.to_owned()));
        }
        Ok(Some(keystone)) => {
            if let Err(error) = keystone.reach().await {
                findings.push(("error", error));
            }
        }
    }
    findings
}

/// What is wrong with the database.
async fn database(config: &Config) -> Vec<(&'static str, String)> {
    let (url, limits) = match connection(config) {
        Ok(Some(found)) => found,
        Ok(None) => return vec![("note", "[database] connection: nobody said where the database is; magnum serve has its own".to_owned())],
        Err(error) => return vec![("error", error.message)],
    };
    // Whoever checks waits at the keyboard.
    let limits = Limits { max_retries: Some(0), pool_timeout: Duration::from_secs(10), ..limits };
    match Inspection::open(url.expose_secret(), &limits).await {
        Ok(_) => Vec::new(),
        Err(error) => vec![("error", crate::database::told(error).message)],
    }
}
