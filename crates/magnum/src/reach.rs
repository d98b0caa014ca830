// SPDX-License-Identifier: Apache-2.0
//! What `magnum config check` finds out by asking: whether Keystone answers and takes the service's credentials.

use crate::keystone::Keystone;
use magnum_conf::Config;

/// What is wrong outside the files, each with how bad it is.
pub async fn reach(config: &Config) -> Vec<(&'static str, String)> {
    let mut findings = Vec::new();
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
