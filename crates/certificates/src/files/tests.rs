// SPDX-License-Identifier: Apache-2.0
use super::*;
use jiff::Timestamp;
use magnum_pki::{Authority, PrivateKey};
use magnum_store::{ClusterField, KeyPair};
use magnum_types::{ProjectId, UserId};
use secrecy::ExposeSecret;
use std::collections::BTreeSet;
use std::os::unix::fs::MetadataExt;
use std::time::Duration;

#[path = "../../../store/tests/shared/make.rs"]
#[allow(dead_code, reason = "rows that other tests need")]
mod make;

/// A cluster whose certificates are files of a folder.
struct Ward {
    folder: tempfile::TempDir,
    files: Files,
    cluster: ClusterId,
    lease: Lease,
}

impl Ward {
    async fn new() -> Self {
        let folder = tempfile::tempdir().unwrap();
        let store = Store::memory().await.unwrap();
        let (cluster, lease) = make::with_cluster(&store).await;
        let files = Files::open(store, folder.path()).unwrap();
        Self { folder, files, cluster, lease }
    }

    /// A new authority's renewal: its pair, and the cluster's reference to it.
    fn pair(&self) -> (Uuid, Renewal) {
        let (certificate, key) = Authority::create("c1", Timestamp::now(), 30).unwrap();
        let passphrase = SecretString::from("a passphrase\n");
        let uuid = Uuid::new_v4();
        let row = KeyPair {
            id: 0,
            uuid,
            certificate: certificate.trim().to_owned(),
            private_key: SecretString::from(key.to_encrypted_pem(&passphrase).unwrap()),
            private_key_passphrase: Some(passphrase),
            intermediates: None,
            project_id: ProjectId("p".to_owned()),
            user_id: UserId("u".to_owned()),
            created_at: None,
            updated_at: None,
        };
        (uuid, Renewal { insert: vec![row], cluster: vec![ClusterField::CaCertRef(Some(uuid.to_string()))], ..Renewal::default() })
    }

    async fn renew(&self, renewal: Renewal) -> Result<(), Error> {
        self.files.renew(&self.lease, self.cluster, renewal).await
    }

    /// The files there are.
    fn names(&self) -> BTreeSet<String> {
        let entries = std::fs::read_dir(self.folder.path()).unwrap();
        entries.map(|entry| entry.unwrap().file_name().into_string().unwrap()).collect()
    }

    async fn unused(&self) -> Vec<String> {
        self.files.unused(self.cluster).await.unwrap()
    }
}

fn of(uuids: &[Uuid]) -> BTreeSet<String> {
    uuids.iter().flat_map(|uuid| ["crt", "key", "pass"].map(|ending| format!("{uuid}.{ending}"))).collect()
}

#[tokio::test]
async fn pairs_come_and_go_with_the_rows_that_refer_to_them() {
    let ward = Ward::new().await;
    let (first, renewal) = ward.pair();
    let row = renewal.insert[0].clone();
    ward.renew(renewal).await.unwrap();
    assert_eq!(ward.names(), of(&[first]));
    for name in ward.names() {
        assert_eq!(std::fs::metadata(ward.folder.path().join(&name)).unwrap().mode() & 0o777, 0o600, "{name}");
    }
    let pair = ward.files.get(&first.to_string()).await.unwrap();
    assert_eq!((&pair.certificate, pair.intermediates.is_none()), (&row.certificate, true));
    assert_eq!(pair.passphrase.as_ref().unwrap().expose_secret(), "a passphrase\n", "to the byte");
    Authority::load(&pair.certificate, pair.open().unwrap()).unwrap();

    let (second, renewal) = ward.pair();
    ward.renew(Renewal { delete: vec![first.to_string()], ..renewal }).await.unwrap();
    assert_eq!(ward.names(), of(&[second]));
    assert!(matches!(ward.files.get(&first.to_string()).await, Err(Error::Absent { .. })));
    assert!(ward.unused().await.is_empty());
    ward.files.delete_cluster(&ward.lease, ward.cluster).await.unwrap();
    assert!(ward.names().is_empty());
}

/// Ends after each step of a change; whoever goes on leaves no file that nothing refers to.
#[tokio::test]
async fn what_a_process_that_ended_has_left_is_removed() {
    let ward = Ward::new().await;
    let (lost, mut renewal) = ward.pair();
    ward.files.keep(&ward.lease, ward.cluster, &mut renewal).await.unwrap();
    assert_eq!((ward.names(), ward.unused().await), (of(&[lost]), vec![lost.to_string()]), "written, and not referred to yet");
    let half = ward.folder.path().join(format!("{lost}.key.new"));
    std::fs::write(&half, "half").unwrap();

    let (kept, renewal) = ward.pair();
    ward.renew(renewal).await.unwrap();
    assert_eq!((ward.names(), ward.unused().await), (of(&[kept]), vec![]));

    // The rows refer to another one, and its files were not removed.
    let (next, mut renewal) = ward.pair();
    ward.files.keep(&ward.lease, ward.cluster, &mut renewal).await.unwrap();
    renewal.private.push(note(&[kept.to_string()]).unwrap());
    ward.files.store.renew(&ward.lease, ward.cluster, renewal).await.unwrap();
    assert_eq!(ward.names(), of(&[kept, next]));
    ward.files.delete_cluster(&ward.lease, ward.cluster).await.unwrap();
    assert!(ward.names().is_empty(), "{:?}", ward.names());
}

#[tokio::test]
async fn a_delete_that_was_cut_off_is_done_again() {
    let ward = Ward::new().await;
    let (uuid, renewal) = ward.pair();
    ward.renew(renewal).await.unwrap();
    ward.files.remove(&[uuid.to_string(), "https://barbican/v1/containers/1".to_owned(), "../x".to_owned()]).await.unwrap();
    assert!(ward.names().is_empty());
    ward.files.delete_cluster(&ward.lease, ward.cluster).await.unwrap();
    assert!(ward.files.store.get_cluster(&Scope::All, ward.cluster).await.is_err());
}

#[tokio::test]
async fn who_has_lost_the_lease_writes_and_removes_nothing() {
    let ward = Ward::new().await;
    let (uuid, renewal) = ward.pair();
    ward.renew(renewal).await.unwrap();
    ward.files.store.release_lease(&ward.lease).await.unwrap();
    let name = format!("cluster/{}", ward.cluster);
    ward.files.store.take_lease(&name, "another", Duration::from_secs(60)).await.unwrap().unwrap();
    let (_, renewal) = ward.pair();
    for outcome in [
        ward.renew(Renewal { delete: vec![uuid.to_string()], ..renewal }).await,
        ward.renew(Renewal { delete: vec![uuid.to_string()], ..Renewal::default() }).await,
        ward.files.delete_cluster(&ward.lease, ward.cluster).await,
    ] {
        assert!(matches!(outcome, Err(Error::Store(magnum_store::Error::Fenced { .. }))), "{outcome:?}");
        assert_eq!(ward.names(), of(&[uuid]));
    }
}

#[tokio::test]
async fn files_of_the_python_service_are_read_as_it_reads_them() {
    let ward = Ward::new().await;
    let (certificate, key) = Authority::create("c1", Timestamp::now(), 30).unwrap();
    let put = |uuid: Uuid, ending: &str, bytes: &[u8]| std::fs::write(ward.folder.path().join(format!("{uuid}.{ending}")), bytes).unwrap();
    let open = key.to_pkcs8_pem().unwrap();
    let uuid = Uuid::new_v4();
    put(uuid, "crt", certificate.trim().as_bytes());
    put(uuid, "key", open.expose_secret().as_bytes());
    put(uuid, "int", b"intermediates");
    let pair = ward.files.get(&uuid.to_string()).await.unwrap();
    assert_eq!((pair.passphrase.is_none(), pair.intermediates.as_deref()), (true, Some("intermediates")));
    assert_eq!(pair.open().map(|key: PrivateKey| key.public_key().clone()).unwrap(), *key.public_key());
    std::fs::remove_file(ward.folder.path().join(format!("{uuid}.key"))).unwrap();
    let error = ward.files.get(&uuid.to_string()).await.unwrap_err();
    assert!(error.to_string().contains(&format!("{uuid}.key is not there; bring it back")), "{error}");
    put(uuid, "key", b"\xff\xfe");
    assert!(matches!(ward.files.get(&uuid.to_string()).await, Err(Error::Unreadable { .. })));
    for foreign in ["https://barbican.example/v1/containers/1", "../../etc/passwd", ""] {
        let error = ward.files.get(foreign).await.unwrap_err();
        assert!(error.to_string().contains("cert_manager_type = local") && !error.is_transient(), "{error}");
    }
}
