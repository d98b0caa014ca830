// SPDX-License-Identifier: Apache-2.0
//! Against a receiver that answers by script and reads what it gets as OTLP.

use super::*;
use crate::queue::Queue;
use crate::{Counts, Program, Request, Tracer, reach};
use axum::Router;
use axum::body::{Body, to_bytes};
use axum::http::{HeaderMap, StatusCode, header};
use axum::response::{IntoResponse, Response};
use axum::routing::post;
use magnum_conf::{Config, File, Sources};
use opentelemetry_proto::tonic::collector::trace::v1::{ExportTracePartialSuccess, ExportTraceServiceRequest, ExportTraceServiceResponse};
use opentelemetry_sdk::trace::Sampler;
use prost::Message;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};

/// Names of spans, in batches.
type Heard = Arc<Mutex<Vec<Vec<String>>>>;

const QUICK: Pace = Pace { gather: Duration::from_millis(20), first: Duration::from_millis(20), most: Duration::from_millis(50) };

/// A receiver whose answers `play` gives by their number; a good one is none.
async fn receiver(play: impl Fn(usize, &HeaderMap) -> Option<Response> + Clone + Send + Sync + 'static) -> (String, Heard) {
    let heard = Heard::default();
    let (kept, asked) = (Arc::clone(&heard), Arc::new(AtomicUsize::new(0)));
    let answer = move |headers: HeaderMap, body: Body| {
        let number = asked.fetch_add(1, Ordering::Relaxed);
        let (kept, refusal) = (Arc::clone(&kept), play(number, &headers));
        async move {
            if let Some(response) = refusal {
                return response;
            }
            assert_eq!(headers[header::CONTENT_TYPE], "application/x-protobuf");
            let read = ExportTraceServiceRequest::decode(to_bytes(body, usize::MAX).await.unwrap()).unwrap();
            let spans = read.resource_spans.iter().flat_map(|of| &of.scope_spans).flat_map(|of| &of.spans);
            let names: Vec<String> = spans.map(|span| span.name.clone()).collect();
            if !names.is_empty() {
                kept.lock().unwrap().push(names);
            }
            ExportTraceServiceResponse::default().encode_to_vec().into_response()
        }
    };
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let url = format!("http://{}", listener.local_addr().unwrap());
    tokio::spawn(async move { axum::serve(listener, Router::new().route("/v1/traces", post(answer))).await });
    (url, heard)
}

fn settings(endpoint: &str, more: &str) -> Settings {
    let text = format!("[opentelemetry]\nendpoint = {endpoint}\n{more}\n");
    let config = Config::new(Sources { files: vec![File { name: "magnum.conf".to_owned(), text }], ..Sources::default() });
    Settings::from_config(&config, &Program { name: "magnum", version: "1", host: "here" }).unwrap().unwrap()
}

fn started(settings: &Settings, room: usize) -> (Tracer, Outlet) {
    let counts = Counts::default();
    let (queue, spans) = Queue::new(room, counts.clone());
    let outlet = Sender::start(settings, spans, counts.clone(), QUICK).unwrap();
    (Tracer::over(Sampler::AlwaysOn, Box::new(queue), counts), outlet)
}

fn make(tracer: &Tracer, name: &str) {
    let request =
        Request { method: "GET", route: Some(name), path: "/", base: "http://h", request_id: "req-1", traceparent: None, tracestate: None };
    drop(tracer.request(&request));
}

async fn until(mut holds: impl FnMut() -> bool) {
    let deadline = Instant::now() + Duration::from_secs(20);
    while !holds() {
        assert!(Instant::now() < deadline, "it does not come true");
        sleep(Duration::from_millis(5)).await;
    }
}

fn names(heard: &Heard) -> Vec<String> {
    heard.lock().unwrap().concat()
}

#[tokio::test]
async fn spans_arrive_together_and_the_last_ones_at_the_end() {
    let (url, heard) = receiver(|_, headers| (headers["x-key"] != "k").then(|| StatusCode::IM_A_TEAPOT.into_response())).await;
    let (tracer, outlet) = started(&settings(&url, "headers = x-key=k"), ROOM);
    make(&tracer, "/a");
    make(&tracer, "/b");
    until(|| names(&heard) == ["GET /a", "GET /b"]).await;
    assert_eq!(heard.lock().unwrap().len(), 1, "in one request");
    until(|| tracer.counts().sent.get() == 2).await;
    for n in 0..BATCH + 1 {
        make(&tracer, &format!("/{n}"));
    }
    outlet.end(Duration::from_secs(10)).await;
    assert_eq!((names(&heard).len(), tracer.counts().sent.get()), (BATCH + 3, BATCH as u64 + 3));
    make(&tracer, "/late");
    assert_eq!(tracer.counts().lost.get(), 1, "after the end there is no way out");
}

#[tokio::test]
async fn what_a_busy_collector_does_not_take_is_kept_and_what_finds_no_room_is_counted() {
    let busy = |number, _: &HeaderMap| match number {
        0 => Some((StatusCode::TOO_MANY_REQUESTS, [(header::RETRY_AFTER, "0")]).into_response()),
        1..20 => Some(StatusCode::SERVICE_UNAVAILABLE.into_response()),
        _ => None,
    };
    let (url, heard) = receiver(busy).await;
    let (tracer, outlet) = started(&settings(&url, ""), 3);
    make(&tracer, "/first");
    // The first is on its way by then; three more have room.
    sleep(QUICK.gather * 4).await;
    for n in 0..8 {
        make(&tracer, &format!("/{n}"));
    }
    assert_eq!(tracer.counts().lost.get(), 5);
    until(|| names(&heard) == ["GET /first", "GET /0", "GET /1", "GET /2"]).await;
    outlet.end(Duration::from_secs(10)).await;
    assert_eq!((tracer.counts().sent.get(), tracer.counts().lost.get()), (4, 5));
}

#[tokio::test]
async fn a_collector_that_is_away_holds_nothing_up() {
    // Nobody listens there any more.
    let gone = std::net::TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap();
    let (tracer, outlet) = started(&settings(&format!("http://{gone}"), ""), ROOM);
    make(&tracer, "/a");
    sleep(QUICK.gather * 4).await;
    let began = Instant::now();
    outlet.end(Duration::from_secs(10)).await;
    assert!(began.elapsed() < Duration::from_secs(5), "{:?}", began.elapsed());
    assert_eq!((tracer.counts().sent.get(), tracer.counts().lost.get()), (0, 1));
    // One that takes the connection and says nothing.
    let silent = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let (tracer, outlet) = started(&settings(&format!("http://{}", silent.local_addr().unwrap()), ""), ROOM);
    make(&tracer, "/a");
    let began = Instant::now();
    outlet.end(Duration::from_millis(300)).await;
    assert!(began.elapsed() < Duration::from_secs(5), "{:?}", began.elapsed());
}

#[tokio::test]
async fn what_is_refused_is_lost_and_the_next_may_be_taken() {
    let some = ExportTraceServiceResponse {
        partial_success: Some(ExportTracePartialSuccess { rejected_spans: 1, error_message: "too old".to_owned() }),
    };
    let play = move |number, _: &HeaderMap| match number {
        0 => Some(StatusCode::BAD_REQUEST.into_response()),
        1 => Some(some.encode_to_vec().into_response()),
        _ => None,
    };
    let (url, heard) = receiver(play).await;
    let (tracer, outlet) = started(&settings(&url, ""), ROOM);
    for (name, sent, lost) in [("/a", 0, 1), ("/b", 0, 2), ("/c", 1, 2)] {
        make(&tracer, name);
        until(|| (tracer.counts().sent.get(), tracer.counts().lost.get()) == (sent, lost)).await;
    }
    assert_eq!(names(&heard), ["GET /c"]);
    outlet.end(Duration::from_secs(10)).await;
}

#[tokio::test]
async fn what_is_wrong_with_a_collector_is_told_in_words() {
    let play = |_, headers: &HeaderMap| {
        let status = headers.get("x-status").and_then(|value| value.to_str().ok()?.parse::<u16>().ok())?;
        let body = if status == 200 { "<html>Hello</html>" } else { "" };
        Some((StatusCode::from_u16(status).unwrap(), body).into_response())
    };
    let (url, _) = receiver(play).await;
    reach(&settings(&url, "")).await.unwrap();
    let place = format!("{url}/v1/traces");
    let with_login = url.replace("http://", "http://u:hunter2@");
    for (status, part) in [
        (401, format!("the collector of traces at {place} refuses us (401); check [opentelemetry] headers")),
        (404, format!("nothing takes traces at {place} (404)")),
        (503, format!("the collector of traces at {place} is busy (503)")),
        (400, format!("the collector of traces at {place} refuses what we send (400)")),
        (302, format!("the collector of traces at {place} refuses what we send (302)")),
        (200, format!("what answers at {place} is no collector of traces")),
    ] {
        let settings = settings(&with_login, &format!("headers = x-status={status},x-key=hunter2"));
        let told = reach(&settings).await.unwrap_err().to_string();
        assert!(told.starts_with(&part) && !told.contains("hunter2"), "{told}");
    }
    let gone = std::net::TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap();
    let told = reach(&settings(&format!("http://{gone}"), "")).await.unwrap_err().to_string();
    assert!(
        told.starts_with(&format!("the collector of traces at http://{gone}/v1/traces cannot be reached: Connection refused")),
        "{told}"
    );
    let told = reach(&settings(&url, "ca_file = /no/such")).await.unwrap_err().to_string();
    assert_eq!(told, "[opentelemetry] ca_file: /no/such cannot be read (No such file or directory (os error 2))");
}
