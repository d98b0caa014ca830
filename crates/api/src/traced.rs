// SPDX-License-Identifier: Apache-2.0
//! The span of a request, where somebody wants traces.

use crate::app::App;
use crate::operation::Route;
use axum::http::HeaderMap;
use axum::http::request::Parts;
use magnum_traces::{Request, Span};

/// Begins the span of a request; none unless traces are wanted.
pub(crate) fn begin(app: &App, parts: &Parts, route: Option<&Route>, request_id: &str) -> Option<Span> {
    let traces = app.traces.as_ref()?;
    let tracestate = joined(&parts.headers, "tracestate");
    let span = traces.request(&Request {
        method: parts.method.as_str(),
        route: route.map(|route| route.operation.path),
        path: parts.uri.path(),
        base: &app.front.base(&parts.headers),
        request_id,
        traceparent: only(&parts.headers, "traceparent"),
        tracestate: tracestate.as_deref(),
    });
    if let Some(route) = route {
        span.set("magnum.operation", route.name);
    }
    Some(span)
}

/// A header that must be there once.
fn only<'a>(headers: &'a HeaderMap, name: &str) -> Option<&'a str> {
    let mut all = headers.get_all(name).iter();
    let first = all.next()?;
    if all.next().is_some() { None } else { first.to_str().ok() }
}

/// A header that may be there in several parts.
fn joined(headers: &HeaderMap, name: &str) -> Option<String> {
    let parts: Vec<&str> = headers.get_all(name).iter().filter_map(|value| value.to_str().ok()).collect();
    (!parts.is_empty()).then(|| parts.join(","))
}
