// SPDX-License-Identifier: Apache-2.0
//! Files that the Python service's own local manager wrote are read here, and it reads what is written here (Debian's
//! python3-magnum 15.0.1; the manager of 23.0.0 is the same to the byte).

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, dead_code, reason = "tests")]

#[path = "../../store/tests/shared/make.rs"]
mod make;

use jiff::Timestamp;
use magnum_certificates::{Error, Files, Manager};
use magnum_pki::{Authority, Certificate, Csr, Eku, KeyKind, Policy, PrivateKey, Subject, certificate_request, generate_key};
use magnum_store::{ClusterField, KeyPair, Renewal, Store};
use magnum_types::{ProjectId, UserId};
use secrecy::SecretString;
use serde_json::Value;
use std::path::Path;
use std::process::Command;
use uuid::Uuid;

fn run(folder: &Path, words: &[&str]) -> Result<Value, String> {
    let script = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/python/local_manager.py");
    let output = Command::new("/usr/bin/python3").arg(script).arg(folder).args(words).output().unwrap();
    let error = String::from_utf8_lossy(&output.stderr).into_owned();
    if !output.status.success() {
        return Err(error);
    }
    Ok(serde_json::from_slice(&output.stdout).unwrap())
}

fn python(folder: &Path, words: &[&str]) -> Value {
    run(folder, words).unwrap_or_else(|error| panic!("{words:?} (is python3-magnum installed? cargo xtask setup): {error}"))
}

fn request() -> (String, PrivateKey) {
    let key = generate_key(KeyKind::EcP256).unwrap();
    (certificate_request(&key, &Subject::new("somebody", &[]), &[]).unwrap(), key)
}

#[tokio::test]
async fn what_python_wrote_is_read_and_used_and_removed() {
    let folder = tempfile::tempdir().unwrap();
    let store = Store::memory().await.unwrap();
    let (cluster, lease) = make::with_cluster(&store).await;
    let files = Files::open(store.clone(), folder.path()).unwrap();
    let made = python(folder.path(), &["store", "täglich"]);
    let reference = |name: &str| made[name].as_str().unwrap().to_owned();

    let pair = files.get(&reference("authority")).await.unwrap();
    let authority = Authority::load(&pair.certificate, pair.open().unwrap()).unwrap();
    assert_eq!(authority.certificate().subject.common_name, "täglich");
    let signed = authority.sign(&Csr::parse(&request().0).unwrap(), &Policy::default(), Timestamp::now()).unwrap();
    assert!(Certificate::parse(&signed).unwrap().is_signed_by(authority.certificate()));
    let client = files.get(&reference("client")).await.unwrap();
    let certificate = Certificate::parse(&client.certificate).unwrap();
    assert!(certificate.belongs_to(&client.open().unwrap()) && certificate.is_signed_by(authority.certificate()));
    assert_eq!(certificate.extended_key_usages, [Eku::ClientAuth]);

    let fields = vec![ClusterField::CaCertRef(Some(reference("authority"))), ClusterField::MagnumCertRef(Some(reference("client")))];
    files.renew(&lease, cluster, Renewal { cluster: fields, ..Renewal::default() }).await.unwrap();
    files.delete_cluster(&lease, cluster).await.unwrap();
    assert_eq!(std::fs::read_dir(folder.path()).unwrap().count(), 0);
}

#[tokio::test]
async fn python_reads_and_uses_and_removes_what_is_written_here() {
    let folder = tempfile::tempdir().unwrap();
    let store = Store::memory().await.unwrap();
    let (cluster, lease) = make::with_cluster(&store).await;
    let files = Files::open(store, folder.path()).unwrap();
    let (certificate, key) = Authority::create("c1", Timestamp::now(), 30).unwrap();
    let passphrase = SecretString::from(Uuid::new_v4().simple().to_string());
    let row = KeyPair {
        id: 0,
        uuid: Uuid::new_v4(),
        certificate: certificate.clone(),
        private_key: SecretString::from(key.to_encrypted_pem(&passphrase).unwrap()),
        private_key_passphrase: Some(passphrase),
        intermediates: None,
        project_id: ProjectId("p".to_owned()),
        user_id: UserId("u".to_owned()),
        created_at: None,
        updated_at: None,
    };
    let reference = row.uuid.to_string();
    let fields = vec![ClusterField::CaCertRef(Some(reference.clone()))];
    files.renew(&lease, cluster, Renewal { insert: vec![row], cluster: fields, ..Renewal::default() }).await.unwrap();

    let (csr, own) = request();
    let file = folder.path().join("a.csr");
    std::fs::write(&file, csr).unwrap();
    let used = python(folder.path(), &["sign", &reference, file.to_str().unwrap()]);
    assert_eq!(used["certificate"], certificate);
    assert_eq!(PrivateKey::from_pkcs8_pem(used["key"].as_str().unwrap()).unwrap().public_key(), key.public_key());
    let signed = Certificate::parse(used["signed"].as_str().unwrap()).unwrap();
    assert!(signed.is_signed_by(&Certificate::parse(&certificate).unwrap()) && signed.belongs_to(&own));

    python(folder.path(), &["delete", &reference]);
    assert!(matches!(files.get(&reference).await, Err(Error::Absent { .. })));
    assert!(run(folder.path(), &["sign", &reference, file.to_str().unwrap()]).unwrap_err().contains("Certificate could not be read"));
    files.delete_cluster(&lease, cluster).await.unwrap();
}

/// Why there are few such folders: the conductor hands bytes to a manager that writes text. Here a create works.
#[test]
fn pythons_own_conductor_cannot_create_with_it() {
    let folder = tempfile::tempdir().unwrap();
    let answer = python(folder.path(), &["generate"]);
    assert!(answer["error"].as_str().unwrap().contains("Failed to create certificates"), "{answer}");
}
