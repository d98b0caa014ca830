// SPDX-License-Identifier: Apache-2.0
//! The relay over a real store. The announcer is a stand-in: a real broker has `crates/testkit/tests/real_notifications.rs`.

use super::*;
use magnum_store::{Lease, Priority};
use magnum_types::ClusterId;
use serde_json::Map;
use std::sync::Mutex;

#[derive(Default)]
struct Listener {
    heard: Mutex<Vec<String>>,
    /// So many attempts fail first.
    deaf: Mutex<u32>,
    patience: Option<u32>,
}

impl Announce for Listener {
    fn announce<'a>(&'a self, notice: &'a Notice) -> Boxed<'a, Result<(), String>> {
        Box::pin(async move {
            let mut deaf = self.deaf.lock().unwrap();
            if *deaf > 0 {
                *deaf -= 1;
                return Err("nobody there".to_owned());
            }
            self.heard.lock().unwrap().push(notice.event_type.clone());
            Ok(())
        })
    }
    fn patience(&self, failures: u32) -> Option<Duration> {
        self.patience.is_none_or(|most| failures <= most).then_some(Duration::from_millis(5))
    }
}

struct Scene {
    store: Store,
    lease: Lease,
    listener: Arc<Listener>,
}

impl Scene {
    async fn new(deaf: u32, patience: Option<u32>) -> Self {
        let store = Store::memory().await.unwrap();
        let lease = store.take_lease("test", "test", Duration::from_secs(60)).await.unwrap().unwrap();
        let listener = Arc::new(Listener { deaf: Mutex::new(deaf), patience, ..Listener::default() });
        Self { store, lease, listener }
    }

    async fn tell(&self, names: &[&str]) {
        let notice = |name: &&str| Notice::new(ClusterId::random(), (*name).to_owned(), Priority::Info, Map::new(), Map::new());
        self.store.announce(&self.lease, &[], &names.iter().map(notice).collect::<Vec<_>>()).await.unwrap();
    }

    fn relay(&self, holder: &str) -> Relay {
        Relay::new(self.store.clone(), holder.to_owned(), Arc::clone(&self.listener) as Arc<dyn Announce>, Arc::default())
    }

    fn heard(&self) -> Vec<String> {
        self.listener.heard.lock().unwrap().clone()
    }
}

#[tokio::test]
async fn notices_wait_for_who_takes_them_and_keep_their_order() {
    let scene = Scene::new(2, None).await;
    scene.tell(&["one", "two"]).await;
    let mut relay = scene.relay("a");
    for failures in 1..=2 {
        assert_eq!(relay.pass().await, Duration::from_millis(5));
        assert_eq!((relay.failures, scene.store.list_notices(9).await.unwrap().len()), (failures, 2), "kept");
    }
    scene.tell(&["three"]).await;
    assert_eq!(relay.pass().await, EVERY);
    assert_eq!((scene.heard(), relay.failures), (["one", "two", "three"].map(str::to_owned).to_vec(), 0));
    assert!(scene.store.list_notices(9).await.unwrap().is_empty());
}

#[tokio::test]
async fn a_notice_is_given_up_when_the_operator_says_so() {
    let scene = Scene::new(2, Some(1)).await;
    scene.tell(&["one", "two"]).await;
    let mut relay = scene.relay("a");
    assert_eq!(relay.pass().await, Duration::from_millis(5), "one more attempt");
    assert_eq!(relay.pass().await, EVERY);
    assert_eq!(scene.heard(), ["two"]);
    assert!(scene.store.list_notices(9).await.unwrap().is_empty());
}

#[tokio::test]
async fn one_process_carries_at_a_time() {
    let scene = Scene::new(0, None).await;
    scene.tell(&["one"]).await;
    let held = scene.store.take_lease("notices", "another", LEASE).await.unwrap().unwrap();
    assert_eq!(scene.relay("a").pass().await, BUSY);
    assert!(scene.heard().is_empty());
    scene.store.release_lease(&held).await.unwrap();
    assert_eq!(scene.relay("a").pass().await, EVERY);
    assert_eq!(scene.heard(), ["one"]);
}

#[tokio::test]
async fn what_comes_at_the_last_moment_is_carried_before_the_end() {
    let scene = Scene::new(0, None).await;
    let (stop, stopped) = watch::channel(false);
    let running = tokio::spawn(scene.relay("a").run(stopped));
    scene.tell(&["last"]).await;
    stop.send(true).unwrap();
    running.await.unwrap();
    assert_eq!(scene.heard(), ["last"]);
}
