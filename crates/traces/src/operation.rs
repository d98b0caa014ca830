// SPDX-License-Identifier: Apache-2.0
//! The span of an operation that somebody asked for and others carry out: over many passes, in any number of processes.
//!
//! Nothing of it is kept meanwhile. Its id follows from the operation's, so that every step knows its parent before that is
//! made; it is made when the operation is over, by whoever ends it.

use crate::parent;
use crate::span::fail;
use crate::tracer::{New, Tracer, place};
use opentelemetry::trace::{Event, SpanContext, SpanId, SpanKind, TraceId};
use opentelemetry::{KeyValue, Value};
use opentelemetry_sdk::trace::IdGenerator;
use std::borrow::Cow;
use std::time::SystemTime;
use uuid::Uuid;

/// The most moments of one operation that are told.
const MOMENTS: usize = 128;

/// An operation.
#[derive(Debug, Clone)]
pub struct Operation<'a> {
    pub id: Uuid,
    pub name: String,
    /// What names the span of the request that asked for it, if that was traced.
    pub traceparent: Option<&'a str>,
    pub began: SystemTime,
}

/// An operation that is traced.
pub struct Action {
    tracer: Tracer,
    context: SpanContext,
    parent: Option<SpanContext>,
    name: String,
    began: SystemTime,
}

/// A part of an operation that is over.
#[derive(Debug, Clone)]
pub struct Step {
    pub name: String,
    pub began: SystemTime,
    pub ended: SystemTime,
    pub attributes: Vec<(&'static str, Value)>,
    /// Why it failed, if it did.
    pub failed: Option<String>,
}

/// Something that happened in an operation.
#[derive(Debug, Clone)]
pub struct Moment {
    pub name: String,
    pub at: SystemTime,
    pub attributes: Vec<(&'static str, Value)>,
}

impl Tracer {
    /// The operation's trace; none when no spans of it are made.
    pub fn operation(&self, operation: &Operation<'_>) -> Option<Action> {
        let parent = operation.traceparent.and_then(|header| parent::read(header, None));
        let number = operation.id.as_u128();
        // The bits in which all ids are the same are where nobody draws lots by them.
        let trace = parent.as_ref().map_or_else(|| TraceId::from(number.rotate_left(64)), SpanContext::trace_id);
        let span = SpanId::from(u64::try_from(number >> 64).unwrap_or_default());
        let (name, began) = (operation.name.clone(), operation.began);
        let new = New { name: Cow::Owned(name.clone()), kind: SpanKind::Internal, began, attributes: Vec::new() };
        let context = place(trace, span, self.samples(parent.as_ref(), trace, &new), Default::default());
        (context.is_sampled() && context.is_valid()).then(|| Action { tracer: self.clone(), context, parent, name, began })
    }
}

impl Action {
    /// Tells of a step.
    pub fn step(&self, step: Step) {
        let id = self.tracer.ids().new_span_id();
        let place = place(self.context.trace_id(), id, true, Default::default());
        let new = New { name: step.name.into(), kind: SpanKind::Internal, began: step.began, attributes: pairs(step.attributes) };
        let mut data = self.tracer.data(place, Some(&self.context), new);
        data.end_time = step.ended.max(step.began);
        if let Some(reason) = step.failed {
            fail(&mut data, "step".to_owned(), &reason);
        }
        self.tracer.take(data);
    }

    /// Tells that the operation is over, with what happened in it, and why it failed, if it did.
    pub fn end(self, attributes: Vec<(&'static str, Value)>, moments: Vec<Moment>, failed: Option<&str>) {
        let new = New { name: self.name.into(), kind: SpanKind::Internal, began: self.began, attributes: pairs(attributes) };
        let mut data = self.tracer.data(self.context, self.parent.as_ref(), new);
        data.end_time = SystemTime::now().max(self.began);
        data.events.dropped_count = u32::try_from(moments.len().saturating_sub(MOMENTS)).unwrap_or(u32::MAX);
        let event = |moment: Moment| Event::new(moment.name, moment.at, pairs(moment.attributes), 0);
        data.events.events = moments.into_iter().take(MOMENTS).map(event).collect();
        if let Some(reason) = failed {
            fail(&mut data, "operation".to_owned(), reason);
        }
        self.tracer.take(data);
    }
}

fn pairs(attributes: Vec<(&'static str, Value)>) -> Vec<KeyValue> {
    attributes.into_iter().map(|(key, value)| KeyValue::new(key, value)).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::queue::Counts;
    use crate::{Memory, Tracer};
    use opentelemetry_sdk::trace::Sampler;
    use std::time::Duration;

    const REQUEST: &str = "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01";

    fn operation(traceparent: Option<&str>) -> Operation<'_> {
        Operation { id: Uuid::new_v4(), name: "cluster create".to_owned(), traceparent, began: SystemTime::now() - Duration::from_secs(9) }
    }

    fn step(name: &str, failed: Option<&str>) -> Step {
        let ended = SystemTime::now();
        let attributes = vec![("magnum.node", "node-0".into())];
        Step { name: name.to_owned(), began: ended - Duration::from_secs(1), ended, attributes, failed: failed.map(str::to_owned) }
    }

    #[test]
    fn steps_told_by_several_processes_belong_to_one_operation() {
        let (one, first) = Tracer::in_memory();
        let (two, second) = Tracer::in_memory();
        let asked = operation(Some(REQUEST));
        one.operation(&asked).unwrap().step(step("converge", None));
        let action = two.operation(&asked).unwrap();
        action.step(step("kubelet", Some("exit code 1")));
        let moment = |n: usize| Moment { name: n.to_string(), at: SystemTime::now(), attributes: vec![] };
        action.end(vec![("magnum.cluster.id", "c".into())], (0..MOMENTS + 3).map(moment).collect(), Some("node node-0, step kubelet"));
        let (first, second) = (first.take(), second.take());
        let [kubelet, whole] = &second[..] else { panic!("two spans: {second:?}") };
        assert_eq!((whole.trace.as_str(), whole.parent.as_deref()), (&REQUEST[3..35], Some(&REQUEST[36..52])));
        assert_eq!((whole.error.as_deref(), whole.moments.len()), (Some("node node-0, step kubelet"), MOMENTS));
        assert!(whole.ended.duration_since(whole.began).unwrap() >= Duration::from_secs(9));
        for child in [&first[0], kubelet] {
            assert_eq!((&child.trace, child.parent.as_ref()), (&whole.trace, Some(&whole.id)));
        }
        assert_eq!((kubelet.error.as_deref(), kubelet.attributes["magnum.node"].as_str()), (Some("exit code 1"), "node-0"));
        assert!(first[0].error.is_none() && whole.attributes["magnum.cluster.id"] == "c");
    }

    #[test]
    fn an_operation_of_a_request_that_was_not_traced_has_a_trace_of_its_own_or_none() {
        let (tracer, memory) = Tracer::in_memory();
        assert!(tracer.operation(&operation(Some(&REQUEST.replace("-01", "-00")))).is_none(), "the caller wants none");
        let asked = operation(Some("nonsense"));
        for _ in 0..2 {
            tracer.operation(&asked).unwrap().end(vec![], vec![], None);
        }
        let made = memory.take();
        assert_eq!((made[0].parent.as_ref(), &made[0].trace, &made[0].id), (None, &made[1].trace, &made[1].id));
    }

    #[test]
    fn of_operations_without_a_request_so_many_are_traced_as_wanted() {
        for (ratio, least, most) in [(0.0, 0, 0), (0.25, 180, 320), (0.75, 680, 820), (1.0, 1000, 1000)] {
            let sampler = Sampler::ParentBased(Box::new(Sampler::TraceIdRatioBased(ratio)));
            let tracer = Tracer::over(sampler, Box::new(Memory::default()), Counts::default());
            let traced = (0..1000).filter(|_| tracer.operation(&operation(None)).is_some()).count();
            assert!((least..=most).contains(&traced), "{ratio}: {traced}");
        }
    }
}
