// SPDX-License-Identifier: Apache-2.0
//! Every certificate on the node: for whom, by whom, until when, and whether the key beside it fits.

use crate::collect::Collector;
use crate::error::Error;
use crate::kubernetes::SERVICE_ACCOUNT_KEY;
use magnum_pki::{Certificate, Eku, PrivateKey};
use serde_json::{Value, json};
use std::fs;
use std::path::{Path, PathBuf};
use std::time::Duration;

pub static COLLECTOR: Collector = Collector { name: "certs", limit: Duration::from_secs(5), run };

const FOLDERS: [&str; 3] = ["/etc/kubernetes/pki", "/etc/etcd/pki", "/etc/docker/pki"];

fn run() -> Result<Value, Error> {
    let entries = FOLDERS.iter().flat_map(|folder| fs::read_dir(folder).into_iter().flatten()).filter_map(Result::ok);
    let mut paths: Vec<PathBuf> = entries.map(|entry| entry.path()).filter(|path| path.extension().is_some_and(|e| e == "crt")).collect();
    paths.sort();
    Ok(json!({"certificates": paths.iter().map(|path| describe(path)).collect::<Vec<_>>(), "service_account": service_account()}))
}

/// The fingerprint of the public half of the key with which tokens of service accounts are signed.
fn service_account() -> Option<String> {
    let key = PrivateKey::from_pkcs8_pem(&fs::read_to_string(SERVICE_ACCOUNT_KEY).ok()?).ok()?;
    key.public_key().fingerprint().ok()
}

fn describe(path: &Path) -> Value {
    let bytes = fs::metadata(path).map_or(0, |m| m.len());
    let text = fs::read_to_string(path).map_err(|error| error.to_string());
    let hex = |found: &Certificate| found.fingerprint.replace(':', "").to_ascii_lowercase();
    let all = text.and_then(|text| Certificate::parse_all(&text).map_err(|error| error.to_string()));
    let split = all.and_then(|all| {
        let mut all = all.into_iter();
        let first = all.next().ok_or("no certificate")?;
        Ok((first, all.map(|other| hex(&other)).collect::<Vec<_>>()))
    });
    match split {
        Ok((found, others)) => json!({
            "path": path.display().to_string(),
            "subject": found.subject.to_string(),
            "issuer": found.issuer.to_string(),
            "sans": found.sans.iter().map(ToString::to_string).collect::<Vec<_>>(),
            "not_before": found.not_before.to_string(),
            "not_after": found.not_after.to_string(),
            "sha256": hex(&found),
            "others": others,
            "is_ca": found.is_ca,
            "key": if found.is_ca { Value::Null } else { Value::from(key(path, &found)) },
            "usages": found.extended_key_usages.iter().map(usage).collect::<Vec<_>>(),
            "bytes": bytes,
            "error": null,
        }),
        Err(error) => json!({
            "path": path.display().to_string(), "subject": null, "issuer": null, "sans": [], "not_before": null, "not_after": null,
            "sha256": null, "is_ca": null, "key": null, "usages": [], "bytes": bytes, "error": error,
        }),
    }
}

fn usage(usage: &Eku) -> &str {
    match usage {
        Eku::ClientAuth => "client",
        Eku::ServerAuth => "server",
        Eku::Other(oid) => oid,
    }
}

fn key(path: &Path, certificate: &Certificate) -> &'static str {
    match fs::read_to_string(path.with_extension("key")).ok().and_then(|text| PrivateKey::from_pkcs8_pem(&text).ok()) {
        Some(key) if certificate.belongs_to(&key) => "matches",
        Some(_) => "differs",
        None => "missing",
    }
}
