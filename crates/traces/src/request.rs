// SPDX-License-Identifier: Apache-2.0
//! The span of a request that is answered here, with the attributes of OpenTelemetry's conventions for HTTP.

use crate::parent;
use crate::span::Span;
use crate::tracer::{New, Tracer};
use opentelemetry::KeyValue;
use opentelemetry::trace::SpanKind;
use std::borrow::Cow;
use std::time::SystemTime;

/// A request, as far as a trace may know it.
#[derive(Debug, Clone, Copy)]
pub struct Request<'a> {
    pub method: &'a str,
    /// The path with the names of its parameters instead of their values, if it is known.
    pub route: Option<&'a str>,
    /// Without the query.
    pub path: &'a str,
    /// How the caller addressed us: scheme, host and port.
    pub base: &'a str,
    pub request_id: &'a str,
    /// The caller's headers of these names.
    pub traceparent: Option<&'a str>,
    pub tracestate: Option<&'a str>,
}

/// Methods that have a name of their own; there may be any number of others.
const METHODS: [&str; 9] = ["GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS", "CONNECT", "TRACE"];

/// A method as it may stand in a span, and whether that is its name.
pub(crate) fn method(text: &str) -> (&'static str, bool) {
    METHODS.iter().find(|known| **known == text).map_or(("_OTHER", false), |known| (*known, true))
}

impl Tracer {
    /// The span of a request; that of the caller is its parent, if a right header names it.
    pub fn request(&self, request: &Request<'_>) -> Span {
        let (method, known) = method(request.method);
        let word = if known { method } else { "HTTP" };
        let name = request.route.map_or(Cow::Borrowed(word), |route| Cow::Owned(format!("{word} {route}")));
        let (scheme, place) = request.base.split_once("://").unwrap_or(("http", request.base));
        let mut attributes = vec![
            KeyValue::new("http.request.method", method),
            KeyValue::new("url.path", request.path.to_owned()),
            KeyValue::new("url.scheme", scheme.to_owned()),
            KeyValue::new("magnum.request_id", request.request_id.to_owned()),
        ];
        attributes.extend(request.route.map(|route| KeyValue::new("http.route", route.to_owned())));
        let place = place.split('/').next().unwrap_or_default();
        let (address, port) = match place.rsplit_once(':') {
            Some((address, port)) if port.parse::<u16>().is_ok() => (address, port.parse::<i64>().ok()),
            _ => (place, None),
        };
        attributes.push(KeyValue::new("server.address", address.trim_matches(['[', ']']).to_owned()));
        attributes.extend(port.map(|port| KeyValue::new("server.port", port)));
        let parent = request.traceparent.and_then(|header| parent::read(header, request.tracestate));
        let new = New { name, kind: SpanKind::Server, began: SystemTime::now(), attributes };
        Span::enter(self, parent.as_ref(), new)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{call::tests::asked, note, traceparent};

    const REQUEST: Request<'_> = Request {
        method: "GET",
        route: Some("/v1/clusters/{cluster_ident}"),
        path: "/v1/clusters/c1",
        base: "https://cloud.example:9511/magnum",
        request_id: "req-1",
        traceparent: None,
        tracestate: None,
    };
    const CALLER: &str = "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01";

    #[test]
    fn a_request_is_named_by_its_route() {
        let (tracer, memory) = Tracer::in_memory();
        tracer.request(&REQUEST).answered(200);
        tracer.request(&Request { method: "BREW", route: None, base: "http://[::1]", ..REQUEST }).answered(405);
        let made = memory.take();
        let attributes = |at: usize| made[at].attributes.iter().map(|(key, value)| format!("{key}={value}")).collect::<Vec<_>>();
        assert_eq!((made[0].name.as_str(), made[0].kind.as_str()), ("GET /v1/clusters/{cluster_ident}", "server"));
        assert_eq!(
            attributes(0),
            [
                "http.request.method=GET",
                "http.response.status_code=200",
                "http.route=/v1/clusters/{cluster_ident}",
                "magnum.request_id=req-1",
                "server.address=cloud.example",
                "server.port=9511",
                "url.path=/v1/clusters/c1",
                "url.scheme=https",
            ]
        );
        assert_eq!((made[1].name.as_str(), made[1].error.as_ref()), ("HTTP", None), "a caller's mistake is no error of ours");
        assert!(attributes(1).contains(&"http.request.method=_OTHER".to_owned()), "{:?}", attributes(1));
        assert!(attributes(1).contains(&"server.address=::1".to_owned()), "{:?}", attributes(1));
        assert!(made.iter().all(|span| span.parent.is_none() && span.ended >= span.began) && made[0].trace != made[1].trace);
    }

    #[test]
    fn what_we_could_not_do_is_an_error() {
        let (tracer, memory) = Tracer::in_memory();
        tracer.request(&REQUEST).answered(503);
        let broken = std::panic::catch_unwind(std::panic::AssertUnwindSafe(|| {
            let _span = tracer.request(&REQUEST);
            panic!("as a handler does");
        }));
        let made = memory.take();
        let kinds: Vec<_> = made.iter().map(|span| (span.error.is_some(), span.attributes["error.type"].as_str())).collect();
        assert!(broken.is_err());
        assert_eq!(kinds, [(true, "503"), (true, "panic")]);
    }

    #[test]
    fn the_callers_span_is_the_parent_if_it_is_right() {
        let (tracer, memory) = Tracer::in_memory();
        let with = |header| Request { traceparent: Some(header), ..REQUEST };
        drop(tracer.request(&with(CALLER)));
        drop(tracer.request(&with("00-nonsense-01")));
        let made = memory.take();
        assert_eq!((made[0].trace.as_str(), made[0].parent.as_deref()), (&CALLER[3..35], Some(&CALLER[36..52])));
        assert_eq!((made.len(), made[1].parent.as_ref()), (2, None));
        // A caller may want none.
        drop(tracer.request(&with(&CALLER.replace("-01", "-00"))));
        assert!(memory.take().is_empty());
    }

    #[tokio::test]
    async fn what_is_done_within_belongs_to_it() {
        let (tracer, memory) = Tracer::in_memory();
        let span = tracer.request(&Request { traceparent: Some(CALLER), tracestate: Some("a=1"), ..REQUEST });
        let (named, headers) = span
            .within(async {
                note("magnum.project_id", "p");
                tokio::task::yield_now().await;
                let call = asked().expect("there is a request");
                call.answered(200);
                (traceparent(), call.headers().collect::<Vec<_>>())
            })
            .await;
        drop(span);
        let [call, request] = &memory.take()[..] else { panic!("two spans") };
        assert_eq!(request.attributes["magnum.project_id"], "p");
        assert_eq!((call.parent.as_ref(), &call.trace), (Some(&request.id), &request.trace));
        assert_eq!(named.unwrap(), format!("00-{}-{}-01", request.trace, request.id));
        assert_eq!(headers, [("traceparent", format!("00-{}-{}-01", call.trace, call.id)), ("tracestate", "a=1".to_owned())]);
        assert!(traceparent().is_none() && asked().is_none(), "outside there is nothing");
    }

    #[tokio::test]
    async fn a_trace_that_is_not_made_goes_on_as_such() {
        let (tracer, memory) = Tracer::in_memory();
        let span = tracer.request(&Request { traceparent: Some(&CALLER.replace("-01", "-00")), ..REQUEST });
        let headers = span.within(async { asked().expect("there is a request").headers().collect::<Vec<_>>() }).await;
        drop(span);
        assert!(headers[0].1.starts_with(&CALLER[..36]) && headers[0].1.ends_with("-00"), "{headers:?}");
        assert!(memory.take().is_empty());
    }
}
