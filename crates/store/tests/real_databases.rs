// SPDX-License-Identifier: Apache-2.0
//! The store on a real MariaDB and a real PostgreSQL, each started here on a socket of its own and gone afterwards.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::print_stdout, reason = "tests")]

#[path = "shared/alike.rs"]
mod alike;
#[path = "shared/bodies.rs"]
mod bodies;
#[path = "shared/inquiries.rs"]
mod inquiries;
#[path = "shared/make.rs"]
mod make;
#[path = "real_databases/migrations.rs"]
mod migrations;
#[path = "real_databases/news.rs"]
mod news;
#[path = "shared/notices.rs"]
mod notices;
#[path = "real_databases/retries.rs"]
mod retries;
#[path = "real_databases/secure.rs"]
mod secure;
#[path = "shared/together.rs"]
mod together;
#[path = "shared/usual.rs"]
mod usual;

use magnum_store::{Limits, Store};
use magnum_testkit::{DatabaseKind, DatabaseServer};
use std::time::{Duration, Instant};

/// For tests: nothing is asked twice.
pub const LIMITS: Limits = Limits {
    max_pool_size: 8,
    max_overflow: 8,
    pool_timeout: Duration::from_secs(10),
    max_retries: Some(0),
    retry_interval: Duration::from_millis(100),
};

/// Runs every body on a database of its own and names all that fail.
async fn all_bodies(kind: DatabaseKind) {
    let server = DatabaseServer::start(kind).unwrap();
    let mut failed = Vec::new();
    macro_rules! on_server {
        ($($module:ident::$name:ident)+) => {$({
            let name = stringify!($name);
            let begun = Instant::now();
            // Names of databases have at most 64 characters on MariaDB and 63 on PostgreSQL.
            let url = server.create(&name[..name.len().min(60)]).unwrap();
            let store = Store::connect(&url, &LIMITS).await.unwrap();
            let ended = tokio::spawn($module::$name(store.clone())).await;
            println!("{name}: {} in {} ms", if ended.is_ok() { "good" } else { "FAILED" }, begun.elapsed().as_millis());
            if ended.is_err() {
                failed.push(name);
            }
            store.close().await;
        })+};
    }
    for_each_body!(on_server);
    assert!(failed.is_empty(), "{kind:?}: {failed:?}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn every_body_on_mariadb() {
    all_bodies(DatabaseKind::MariaDb).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn every_body_on_postgresql() {
    all_bodies(DatabaseKind::Postgres).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_cannot_be_reached_is_told_in_words() {
    for kind in [DatabaseKind::MariaDb, DatabaseKind::Postgres] {
        let mut server = DatabaseServer::start(kind).unwrap();
        let told = Store::connect(&server.url("nothing"), &LIMITS).await.err().unwrap().to_string();
        assert!(told.contains("create the database"), "{told}");
        let url = server.create("there").unwrap();
        let store = Store::connect(&url, &LIMITS).await.unwrap();
        server.kill().unwrap();
        let told = Store::connect(&url, &LIMITS).await.err().unwrap().to_string();
        assert!(told.starts_with("[database] connection leads to ") && told.contains("is the server running"), "{told}");
        let begun = Instant::now();
        let error = store.list_cluster_ids().await.unwrap_err();
        assert!(error.is_transient() && begun.elapsed() < Duration::from_secs(30), "{error:?}");
        // A first connection waits as long as it is told to; a store that is there goes on by itself.
        let patient = Limits { max_retries: Some(200), ..LIMITS };
        let waiting = {
            let url = url.clone();
            tokio::spawn(async move { Store::connect(&url, &patient).await.map(drop) })
        };
        server.up().unwrap();
        waiting.await.unwrap().unwrap();
        assert!(store.list_cluster_ids().await.unwrap().is_empty());
        store.report_service("h", "b").await.unwrap();
    }
}
