// SPDX-License-Identifier: Apache-2.0
//! A span that is going on, and how what is done meanwhile finds it.

use crate::parent;
use crate::tracer::{New, Tracer};
use opentelemetry::trace::{SpanContext, SpanKind, Status};
use opentelemetry::{KeyValue, Value};
use opentelemetry_sdk::trace::{IdGenerator, SpanData};
use std::future::Future;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::SystemTime;

/// A span that is going on. It ends when this is dropped.
pub struct Span(Arc<Active>);

pub(crate) struct Active {
    pub tracer: Tracer,
    pub context: SpanContext,
    /// None when the span is not made, or is over.
    data: Mutex<Option<SpanData>>,
}

tokio::task_local! {
    static CURRENT: Arc<Active>;
}

/// The span within which this is asked.
pub(crate) fn current() -> Option<Arc<Active>> {
    CURRENT.try_with(Arc::clone).ok()
}

/// Notes something on the span within which this is said, if there is one.
pub fn note(key: &'static str, value: impl Into<Value>) {
    let _ = CURRENT.try_with(|active| active.set(key, value));
}

/// What names the span within which this is asked, for those who go on with its trace.
pub fn traceparent() -> Option<String> {
    CURRENT.try_with(|active| parent::write(&active.context)).ok()
}

impl Active {
    fn change(&self, change: impl FnOnce(&mut SpanData)) {
        if let Some(data) = &mut *self.data.lock().unwrap_or_else(PoisonError::into_inner) {
            change(data);
        }
    }

    fn set(&self, key: &'static str, value: impl Into<Value>) {
        self.change(|data| data.attributes.push(KeyValue::new(key, value)));
    }
}

impl Span {
    /// A span that begins something here, for a parent elsewhere, if there is one.
    pub(crate) fn enter(tracer: &Tracer, parent: Option<&SpanContext>, new: New) -> Self {
        let context = tracer.enter(parent, &new);
        Self::begin(tracer, context, parent, new)
    }

    /// A span within another of this process, which is made if the other is.
    pub(crate) fn inside(active: &Active, new: New) -> Self {
        let (outer, id) = (&active.context, active.tracer.ids().new_span_id());
        let context = SpanContext::new(outer.trace_id(), id, outer.trace_flags(), false, outer.trace_state().clone());
        Self::begin(&active.tracer, context, Some(outer), new)
    }

    fn begin(tracer: &Tracer, context: SpanContext, parent: Option<&SpanContext>, new: New) -> Self {
        let data = context.is_sampled().then(|| tracer.data(context.clone(), parent, new));
        Self(Arc::new(Active { tracer: tracer.clone(), context, data: Mutex::new(data) }))
    }

    /// Does something within the span: what it calls and notes belongs to it.
    pub async fn within<T>(&self, work: impl Future<Output = T>) -> T {
        CURRENT.scope(Arc::clone(&self.0), work).await
    }

    /// Notes something.
    pub fn set(&self, key: &'static str, value: impl Into<Value>) {
        self.0.set(key, value);
    }

    /// Notes the status of the answer. For a server what it could not do is an error; for a client what it did not get is.
    pub fn answered(&self, status: u16) {
        self.0.change(|data| {
            data.attributes.push(KeyValue::new("http.response.status_code", i64::from(status)));
            let least = if data.span_kind == SpanKind::Server { 500 } else { 400 };
            if status >= least {
                fail(data, status.to_string(), "");
            }
        });
    }

    /// Notes that there was no answer, or none that could be used: what kind of error, in a word.
    pub fn failed(&self, kind: &'static str) {
        self.0.change(|data| fail(data, kind.to_owned(), ""));
    }

    /// The headers by which another service goes on with the trace.
    pub fn headers(&self) -> impl Iterator<Item = (&'static str, String)> {
        let context = &self.0.context;
        let state = Some(context.trace_state().header()).filter(|state| !state.is_empty());
        std::iter::once(("traceparent", parent::write(context))).chain(state.map(|state| ("tracestate", state)))
    }
}

/// Marks a span as failed; of several kinds of error the last one counts.
pub(crate) fn fail(data: &mut SpanData, kind: String, reason: &str) {
    data.status = Status::error(reason.to_owned());
    data.attributes.retain(|pair| pair.key.as_str() != "error.type");
    data.attributes.push(KeyValue::new("error.type", kind));
}

impl Drop for Span {
    fn drop(&mut self) {
        let data = self.0.data.lock().unwrap_or_else(PoisonError::into_inner).take();
        if let Some(mut data) = data {
            // The clock may have been set back.
            data.end_time = SystemTime::now().max(data.start_time);
            if std::thread::panicking() {
                fail(&mut data, "panic".to_owned(), "");
            }
            self.0.tracer.take(data);
        }
    }
}
