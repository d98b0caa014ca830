// SPDX-License-Identifier: Apache-2.0
//! The words every other crate speaks: ids, names, states, labels, microversions, and what is behind an error.
//!
//! Text from outside becomes one of these types once, at the edge, or is refused with the field's name;
//! nothing further in checks it again. No I/O, no clock, no async.

mod cause;
mod coe;
mod field;
mod id;
mod labels;
mod name;
mod node;
mod report;
mod status;
mod version;

pub use cause::innermost;
pub use coe::{Coe, UnknownCoe};
pub use field::FieldError;
pub use id::{ClusterId, NodeGroupId, OperationId, ProjectId, TemplateId, UserId};
pub use labels::Labels;
pub use name::ClusterName;
pub use node::{NodeName, Role};
pub use report::{NodeEvent, NodeReport, SPEC_REVISION, StepState};
pub use status::{Action, ClusterStatus, HealthStatus, Phase};
pub use version::Microversion;
