// SPDX-License-Identifier: Apache-2.0
//! Answers each cluster's nodes on a socket inside that cluster's own network (`docs/adr/0002`).

use magnum_api::App;
use magnum_conductor::Gate;
use magnum_engine::Boxed;
use magnum_types::ClusterId;
use std::collections::HashMap;
use std::sync::{Mutex, OnceLock, PoisonError};
use tokio::task::JoinHandle;

/// The open gates, one server task per cluster.
#[derive(Default)]
pub struct Gates {
    app: OnceLock<App>,
    open: Mutex<HashMap<ClusterId, JoinHandle<()>>>,
}

impl Gates {
    /// Gives the gates the application they serve; before this nothing is opened.
    pub fn serve(&self, app: App) {
        // A second application would be a fault of ours; the first stays.
        let _ = self.app.set(app);
    }

    fn is_open(&self, cluster: ClusterId) -> bool {
        self.open.lock().unwrap_or_else(PoisonError::into_inner).get(&cluster).is_some_and(|task| !task.is_finished())
    }
}

impl Gate for Gates {
    fn open<'a>(&'a self, cluster: ClusterId) -> Boxed<'a, ()> {
        Box::pin(async move {
            let Some(app) = self.app.get().filter(|_| !self.is_open(cluster)) else { return };
            let listener = match app.engine.node_listener(cluster).await {
                Ok(Some(listener)) => listener,
                Ok(None) => return,
                Err(error) => {
                    tracing::warn!(%cluster, %error, "nodes cannot be answered yet");
                    return;
                }
            };
            let listener = listener.set_nonblocking(true).and_then(|()| tokio::net::TcpListener::from_std(listener));
            let listener = match listener {
                Ok(listener) => listener,
                Err(error) => {
                    tracing::warn!(%cluster, %error, "the nodes' listener cannot be used");
                    return;
                }
            };
            let router = magnum_api::node_router(app.clone(), cluster);
            let task = tokio::spawn(async move {
                if let Err(error) = axum::serve(listener, router).await {
                    tracing::error!(%cluster, %error, "answering nodes broke off");
                }
            });
            self.open.lock().unwrap_or_else(PoisonError::into_inner).insert(cluster, task);
        })
    }

    fn close(&self, cluster: ClusterId) {
        if let Some(task) = self.open.lock().unwrap_or_else(PoisonError::into_inner).remove(&cluster) {
            task.abort();
        }
    }
}
