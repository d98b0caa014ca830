// SPDX-License-Identifier: Apache-2.0
//! The span of a call to another service.

use crate::request::method;
use crate::span::{Span, current};
use crate::tracer::New;
use opentelemetry::KeyValue;
use opentelemetry::trace::SpanKind;
use reqwest::Url;
use std::time::SystemTime;

/// A call, as far as a trace may know it.
#[derive(Debug, Clone, Copy)]
pub struct Call<'a> {
    /// As people call it: `Nova`.
    pub service: &'static str,
    pub method: &'a str,
    pub url: &'a Url,
    /// How often it was made before.
    pub again: u32,
}

/// The span of a call, if it is made within another span.
pub fn call(call: &Call<'_>) -> Option<Span> {
    let active = current()?;
    let (method, known) = method(call.method);
    let name = format!("{} {}", if known { method } else { "HTTP" }, call.service);
    let mut attributes = vec![
        KeyValue::new("http.request.method", method),
        KeyValue::new("url.full", shown(call.url)),
        KeyValue::new("peer.service", call.service),
    ];
    attributes.extend(call.url.host_str().map(|host| KeyValue::new("server.address", host.trim_matches(['[', ']']).to_owned())));
    attributes.extend(call.url.port_or_known_default().map(|port| KeyValue::new("server.port", i64::from(port))));
    if call.again > 0 {
        attributes.push(KeyValue::new("http.request.resend_count", i64::from(call.again)));
    }
    let new = New { name: name.into(), kind: SpanKind::Client, began: SystemTime::now(), attributes };
    Some(Span::inside(&active, new))
}

/// Without what may be a secret.
pub(crate) fn shown(url: &Url) -> String {
    let mut url = url.clone();
    let _ = url.set_username("");
    let _ = url.set_password(None);
    url.set_query(None);
    url.set_fragment(None);
    url.into()
}

#[cfg(test)]
pub(crate) mod tests {
    use super::*;
    use crate::{Request, Tracer};

    /// A call to Nova.
    pub(crate) fn asked() -> Option<Span> {
        let url = Url::parse("http://u:hunter2@nova:8774/v2.1/flavors?name=hunter2").unwrap();
        call(&Call { service: "Nova", method: "GET", url: &url, again: 0 })
    }

    #[tokio::test]
    async fn a_call_is_named_by_its_service_and_shows_no_secret() {
        let (tracer, memory) = Tracer::in_memory();
        let request = Request {
            method: "GET",
            route: None,
            path: "/",
            base: "http://localhost",
            request_id: "req-1",
            traceparent: None,
            tracestate: None,
        };
        let span = tracer.request(&request);
        span.within(async {
            asked().unwrap().answered(404);
            let broken_off = asked().unwrap();
            broken_off.answered(503);
            broken_off.failed("timeout");
        })
        .await;
        let made = memory.take();
        assert_eq!((made[0].name.as_str(), made[0].kind.as_str()), ("GET Nova", "client"));
        let attributes: Vec<_> = made[0].attributes.iter().map(|(key, value)| format!("{key}={value}")).collect();
        let expected = [
            "error.type=404",
            "http.request.method=GET",
            "http.response.status_code=404",
            "peer.service=Nova",
            "server.address=nova",
            "server.port=8774",
            "url.full=http://nova:8774/v2.1/flavors",
        ];
        assert_eq!((attributes, made[0].error.is_some()), (expected.map(str::to_owned).to_vec(), true));
        assert_eq!((made[1].attributes["error.type"].as_str(), made[1].error.is_some()), ("timeout", true));
    }
}
