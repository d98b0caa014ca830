// SPDX-License-Identifier: Apache-2.0
//! Traces as OpenTelemetry has them: what a request led to, across services and processes, sent to a collector by OTLP over HTTP.
//!
//! A span that is over is a value: it is put into a bounded queue, from which a task carries it away. What must stay true: nobody
//! waits for a collector; a span that finds no room is counted; no attribute holds a token or a password; the span of an
//! operation has an id that follows from the operation's, so that whoever works on it, in whichever process, can add to it.

mod call;
mod collector;
mod error;
mod memory;
mod operation;
mod parent;
mod queue;
mod request;
mod sender;
mod settings;
mod span;
mod tracer;

pub use call::{Call, call};
pub use collector::reach;
pub use error::Error;
pub use memory::{Made, Memory};
pub use opentelemetry::Value;
pub use operation::{Action, Moment, Operation, Step};
pub use queue::Counts;
pub use request::Request;
pub use sender::Outlet;
pub use settings::{Program, Settings};
pub use span::{Span, note, traceparent};
pub use tracer::Tracer;
