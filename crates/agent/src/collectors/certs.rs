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

/// How long the replacing of a pair may take.
const REPLACED: Duration = Duration::from_millis(300);

const FOLDERS: [&str; 3] = ["/etc/kubernetes/pki", "/etc/etcd/pki", "/etc/docker/pki"];

fn run() -> Result<Value, Error> {
    let entries = FOLDERS.iter().flat_map(|folder| fs::read_dir(folder).into_iter().flatten()).filter_map(Result::ok);
    let mut paths: Vec<PathBuf> = entries.map(|entry| entry.path()).filter(|path| path.extension().is_some_and(|e| e == "crt")).collect();
    paths.sort();
    Ok(json!({"certificates": all(&paths, || std::thread::sleep(REPLACED)), "service_account": service_account()}))
}

/// A certificate and its key are two files, which are replaced one after the other: what does not fit is looked at again.
fn all(paths: &[PathBuf], wait: impl FnOnce()) -> Vec<Value> {
    let mut seen: Vec<Value> = paths.iter().map(|path| describe(path)).collect();
    if seen.iter().any(differs) {
        wait();
        for (one, path) in seen.iter_mut().zip(paths).filter(|(one, _)| differs(one)) {
            *one = describe(path);
        }
    }
    seen
}

fn differs(described: &Value) -> bool {
    described["key"] == "differs"
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

#[cfg(test)]
mod tests {
    use super::*;
    use jiff::Timestamp;
    use magnum_pki::{Authority, KeyKind, Subject, generate_key};
    use secrecy::ExposeSecret;

    #[test]
    fn a_pair_that_is_just_being_replaced_is_seen_when_it_is_whole() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("kubelet.crt");
        let (certificate, key) = Authority::create("ca", Timestamp::now(), 30).unwrap();
        let authority = Authority::load(&certificate, key).unwrap();
        let (old, new) = (generate_key(KeyKind::EcP256).unwrap(), generate_key(KeyKind::EcP256).unwrap());
        let issue = |key: &PrivateKey| authority.issue(&Subject::new("kubelet", &[]), &[], &[], key.public_key(), Timestamp::now());
        let look = |wait: &dyn Fn()| all(std::slice::from_ref(&path), wait)[0]["key"].clone();
        fs::write(&path, issue(&old).unwrap()).unwrap();
        fs::write(path.with_extension("key"), new.to_pkcs8_pem().unwrap().expose_secret()).unwrap();
        assert_eq!(look(&|| ()), "differs");
        assert_eq!(look(&|| fs::write(&path, issue(&new).unwrap()).unwrap()), "matches");
        assert_eq!(look(&|| panic!("nothing differs")), "matches");
    }
}
