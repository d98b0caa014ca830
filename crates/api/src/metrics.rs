// SPDX-License-Identifier: Apache-2.0
//! Numbers for Prometheus: what was asked and how long it took, and how many clusters there are in which status.
//!
//! Labels are names of operations and statuses, never what a caller wrote: their number is bounded.

use axum::Router;
use axum::extract::State;
use axum::http::{StatusCode, header};
use axum::response::{IntoResponse, Response};
use axum::routing::get;
use magnum_store::Store;
use magnum_traces::Tracer;
use prometheus_client::encoding::text::encode;
use prometheus_client::encoding::{EncodeLabelSet, EncodeLabelValue, LabelValueEncoder};
use prometheus_client::metrics::counter::Counter;
use prometheus_client::metrics::family::Family;
use prometheus_client::metrics::gauge::Gauge;
use prometheus_client::metrics::histogram::Histogram;
use prometheus_client::registry::{Registry, Unit};
use std::sync::Arc;
use std::time::Duration;

/// Upper bounds in seconds.
const BUCKETS: [f64; 11] = [0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.1, 0.5, 1.0, 5.0, 30.0];

#[derive(Debug, Clone, PartialEq, Eq, Hash, EncodeLabelSet)]
struct Asked {
    operation: Name,
    status: u16,
}

#[derive(Debug, Clone, PartialEq, Eq, Hash, EncodeLabelSet)]
struct Of {
    operation: Name,
}

#[derive(Debug, Clone, PartialEq, Eq, Hash, EncodeLabelSet)]
struct In {
    status: String,
}

/// A name that is known when the program is built.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
struct Name(&'static str);

impl EncodeLabelValue for Name {
    fn encode(&self, encoder: &mut LabelValueEncoder<'_>) -> Result<(), std::fmt::Error> {
        EncodeLabelValue::encode(&self.0, encoder)
    }
}

/// What was counted so far. Cheap to clone.
#[derive(Clone)]
pub struct Metrics {
    registry: Arc<Registry>,
    requests: Family<Asked, Counter>,
    seconds: Family<Of, Histogram, fn() -> Histogram>,
    clusters: Family<In, Gauge>,
    nodes: Gauge,
}

impl Default for Metrics {
    fn default() -> Self {
        Self::new(None)
    }
}

impl Metrics {
    /// Nothing counted yet; with what became of spans, if there are any.
    pub fn new(traces: Option<&Tracer>) -> Self {
        let requests = Family::<Asked, Counter>::default();
        let seconds = Family::<Of, Histogram, fn() -> Histogram>::new_with_constructor(|| Histogram::new(BUCKETS));
        let clusters = Family::<In, Gauge>::default();
        let nodes = Gauge::default();
        let mut registry = Registry::with_prefix("magnum");
        registry.register("api_requests", "Requests by operation and status of the answer", requests.clone());
        registry.register_with_unit("api_request_duration", "Time from a request to its answer", Unit::Seconds, seconds.clone());
        registry.register("clusters", "Clusters by status, of all projects", clusters.clone());
        registry.register("nodes", "Nodes wanted, masters included", nodes.clone());
        if let Some(counts) = traces.map(Tracer::counts) {
            registry.register("trace_spans_sent", "Spans that the collector of traces has", counts.sent.clone());
            registry.register("trace_spans_lost", "Spans that found no room, or were not taken", counts.lost.clone());
        }
        Self { registry: Arc::new(registry), requests, seconds, clusters, nodes }
    }

    /// Counts a request. `operation` is its name, or `none` when there is no such operation.
    pub(crate) fn count(&self, operation: Option<&'static str>, status: u16, took: Duration) {
        let operation = Name(operation.unwrap_or("none"));
        self.requests.get_or_create(&Asked { operation, status }).inc();
        self.seconds.get_or_create(&Of { operation }).observe(took.as_secs_f64());
    }

    /// All of it, in Prometheus' text form; what is in the database is counted now.
    async fn text(&self, store: &Store) -> Result<String, String> {
        self.clusters.clear();
        for (status, count) in store.count_clusters_by_status().await.map_err(|error| error.to_string())? {
            self.clusters.get_or_create(&In { status: status.to_string() }).set(count);
        }
        self.nodes.set(store.get_stats(None).await.map_err(|error| error.to_string())?.nodes);
        let mut text = String::new();
        encode(&mut text, &self.registry).map_err(|error| error.to_string())?;
        Ok(text)
    }
}

/// `GET /metrics`, for an address that only the operator's Prometheus reaches.
pub fn metrics_router(metrics: Metrics, store: Store) -> Router {
    Router::new().route("/metrics", get(metrics_page)).with_state((metrics, store))
}

async fn metrics_page(State((metrics, store)): State<(Metrics, Store)>) -> Response {
    match metrics.text(&store).await {
        Ok(text) => ([(header::CONTENT_TYPE, "application/openmetrics-text; version=1.0.0; charset=utf-8")], text).into_response(),
        Err(cause) => {
            tracing::error!(cause, "metrics could not be gathered");
            (StatusCode::SERVICE_UNAVAILABLE, "The database could not be read.\n").into_response()
        }
    }
}
