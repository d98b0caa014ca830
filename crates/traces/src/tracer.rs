// SPDX-License-Identifier: Apache-2.0
//! Makes spans, and decides which.

use crate::error::Error;
use crate::memory::Memory;
use crate::queue::{Counts, Queue, ROOM, Sink};
use crate::sender::{Outlet, Pace, Sender};
use crate::settings::Settings;
use opentelemetry::trace::{SpanContext, SpanKind, Status, TraceContextExt, TraceFlags, TraceId, TraceState};
use opentelemetry::{Context, InstrumentationScope, KeyValue};
use opentelemetry_sdk::trace::{IdGenerator, RandomIdGenerator, Sampler, SamplingDecision, ShouldSample, SpanData, SpanEvents, SpanLinks};
use std::borrow::Cow;
use std::fmt;
use std::sync::Arc;
use std::time::SystemTime;

/// Makes spans. Cheap to clone.
#[derive(Clone)]
pub struct Tracer(Arc<Inner>);

struct Inner {
    sampler: Sampler,
    ids: RandomIdGenerator,
    scope: InstrumentationScope,
    sink: Box<dyn Sink>,
    counts: Counts,
}

/// A new span's beginning.
pub(crate) struct New {
    pub name: Cow<'static, str>,
    pub kind: SpanKind,
    pub began: SystemTime,
    pub attributes: Vec<KeyValue>,
}

impl fmt::Debug for Tracer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Tracer").field("sampler", &self.0.sampler).finish_non_exhaustive()
    }
}

impl Tracer {
    /// Begins to make spans, which a task of this runtime sends to the collector. Nothing is connected yet: a collector that is
    /// away must not hold anything up.
    pub fn start(settings: &Settings) -> Result<(Self, Outlet), Error> {
        let counts = Counts::default();
        let (queue, spans) = Queue::new(ROOM, counts.clone());
        let outlet = Sender::start(settings, spans, counts.clone(), Pace::default())?;
        Ok((Self::over(settings.sampler.clone(), Box::new(queue), counts), outlet))
    }

    /// One that makes every span, or those of a caller's trace as the caller wants it, and keeps them: for tests.
    pub fn in_memory() -> (Self, Memory) {
        let memory = Memory::default();
        let sampler = Sampler::ParentBased(Box::new(Sampler::AlwaysOn));
        (Self::over(sampler, Box::new(memory.clone()), Counts::default()), memory)
    }

    pub(crate) fn over(sampler: Sampler, sink: Box<dyn Sink>, counts: Counts) -> Self {
        let scope = InstrumentationScope::builder("magnum").with_version(env!("CARGO_PKG_VERSION")).build();
        Self(Arc::new(Inner { sampler, ids: RandomIdGenerator::default(), scope, sink, counts }))
    }

    /// What became of the spans so far.
    pub fn counts(&self) -> &Counts {
        &self.0.counts
    }

    pub(crate) fn ids(&self) -> &RandomIdGenerator {
        &self.0.ids
    }

    /// Where a span that begins something here stands: in its parent's trace, or in a new one.
    pub(crate) fn enter(&self, parent: Option<&SpanContext>, new: &New) -> SpanContext {
        let trace = parent.map_or_else(|| self.0.ids.new_trace_id(), SpanContext::trace_id);
        let state = parent.map(|parent| parent.trace_state().clone()).unwrap_or_default();
        let sampled = self.samples(parent, trace, new);
        SpanContext::new(trace, self.0.ids.new_span_id(), TraceFlags::default().with_sampled(sampled), false, state)
    }

    /// Whether this span is to be made.
    pub(crate) fn samples(&self, parent: Option<&SpanContext>, trace: TraceId, new: &New) -> bool {
        let context = parent.map(|parent| Context::new().with_remote_span_context(parent.clone()));
        let result = self.0.sampler.should_sample(context.as_ref(), trace, &new.name, &new.kind, &new.attributes, &[]);
        result.decision == SamplingDecision::RecordAndSample
    }

    /// A span that has begun.
    pub(crate) fn data(&self, context: SpanContext, parent: Option<&SpanContext>, new: New) -> SpanData {
        SpanData {
            span_context: context,
            parent_span_id: parent.map_or(opentelemetry::trace::SpanId::INVALID, SpanContext::span_id),
            parent_span_is_remote: parent.is_some_and(SpanContext::is_remote),
            span_kind: new.kind,
            name: new.name,
            start_time: new.began,
            end_time: new.began,
            attributes: new.attributes,
            dropped_attributes_count: 0,
            events: SpanEvents::default(),
            links: SpanLinks::default(),
            status: Status::Unset,
            instrumentation_scope: self.0.scope.clone(),
        }
    }

    /// Takes a span that is over.
    pub(crate) fn take(&self, span: SpanData) {
        self.0.sink.take(span);
    }
}

/// A span's place from its numbers, without a state.
pub(crate) fn place(trace: TraceId, span: opentelemetry::trace::SpanId, sampled: bool, state: TraceState) -> SpanContext {
    SpanContext::new(trace, span, TraceFlags::default().with_sampled(sampled), true, state)
}
