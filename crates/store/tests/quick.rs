// SPDX-License-Identifier: Apache-2.0
//! The store's test bodies on SQLite: in memory, and in a file with its own readers.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::print_stdout, reason = "tests")]

#[path = "shared/alike.rs"]
mod alike;
#[path = "shared/bodies.rs"]
mod bodies;
#[path = "shared/inquiries.rs"]
mod inquiries;
#[path = "shared/make.rs"]
mod make;
#[path = "shared/notices.rs"]
mod notices;
#[path = "shared/together.rs"]
mod together;
#[path = "shared/usual.rs"]
mod usual;

macro_rules! on_sqlite {
    ($($module:ident::$name:ident)+) => {$(
        mod $name {
            #[tokio::test]
            async fn in_memory() {
                super::$module::$name(magnum_store::Store::memory().await.unwrap()).await;
            }

            #[tokio::test(flavor = "multi_thread", worker_threads = 2)]
            async fn in_a_file() {
                let dir = tempfile::tempdir().unwrap();
                super::$module::$name(magnum_store::Store::open(&dir.path().join("m.db")).await.unwrap()).await;
            }
        }
    )+};
}

for_each_body!(on_sqlite);

#[tokio::test]
async fn two_stores_on_one_file_wake_each_other() {
    let dir = tempfile::tempdir().unwrap();
    let url = format!("sqlite:///{}", dir.path().join("m.db").display());
    let [one, two] = [&url, &url].map(|url| async move { magnum_store::Store::connect(url, &Default::default()).await.unwrap() });
    let (one, two) = (one.await, two.await);
    let mut news = two.changes();
    let (id, _) = make::with_cluster(&one).await;
    let change = tokio::time::timeout(std::time::Duration::from_secs(5), news.recv()).await.unwrap().unwrap();
    assert_eq!(change, magnum_store::Change { cluster: id, cause: magnum_store::Cause::Wanted });
}
