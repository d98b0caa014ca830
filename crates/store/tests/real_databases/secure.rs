// SPDX-License-Identifier: Apache-2.0
//! Encrypted connections with a password: the certificate is checked as the URL says, and no error shows the password.

use crate::LIMITS;
use crate::make::*;
use magnum_store::*;
use magnum_testkit::{DatabaseKind, DatabaseServer};

const PASSWORD: &str = "ge/h@im%";

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn certificates_are_checked_and_passwords_never_shown() {
    let other = DatabaseServer::start_encrypted(DatabaseKind::MariaDb).unwrap();
    for kind in [DatabaseKind::MariaDb, DatabaseKind::Postgres] {
        let server = DatabaseServer::start_encrypted(kind).unwrap();
        server.create("magnum").unwrap();
        server.create_user("magnum", "tester", PASSWORD).unwrap();
        let port = server.port().unwrap();
        let (scheme, authority, identity) = match kind {
            DatabaseKind::MariaDb => ("mysql+pymysql", "ssl_ca", "ssl_verify_identity=true"),
            DatabaseKind::Postgres => ("postgresql", "sslrootcert", "sslmode=verify-full"),
        };
        let url = |password: &str, host: &str, rest: &str| format!("{scheme}://tester:{password}@{host}:{port}/magnum?{rest}");
        let ours = format!("{authority}={}", server.authority().display());
        let theirs = format!("{authority}={}", other.authority().display());
        let right = "ge%2Fh%40im%25";
        for (host, rest) in [("127.0.0.1", String::new()), ("127.0.0.1", ours.clone()), ("localhost", format!("{ours}&{identity}"))] {
            let store = Store::connect(&url(right, host, &rest), &LIMITS).await.unwrap_or_else(|e| panic!("{kind:?} {host} {rest}: {e}"));
            let mut news = store.changes();
            let (id, _) = with_cluster(&store).await;
            assert_eq!(news.recv().await.unwrap().cluster, id);
            store.close().await;
        }
        let refused = [
            (url("geheim", "127.0.0.1", &ours), "check user and password"),
            (url(right, "127.0.0.1", &theirs), "ssl arguments"),
            (url(right, "127.0.0.1", &format!("{ours}&{identity}")), "ssl arguments"),
            (url(right, "127.0.0.1", &format!("{authority}=/nowhere.pem")), "cannot be used"),
        ];
        for (url, said) in refused {
            let told = format!("{:?}", Store::connect(&url, &LIMITS).await.err().unwrap());
            assert!(told.contains(said), "{kind:?}: {told}");
            assert!(!told.contains(PASSWORD) && !told.contains("geheim") && !told.contains(right), "{told}");
        }
    }
}
