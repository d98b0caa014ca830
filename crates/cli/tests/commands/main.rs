// SPDX-License-Identifier: Apache-2.0
//! Whole commands against a server that answers with recorded Magnum answers: what is sent, what is printed on which
//! stream, and how the command ends.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "tests")]

mod arguments;
mod compared;
mod config;
mod create;
mod doctor;
mod errors;
mod fixture;
mod lists;
mod login;
mod node;
mod openstack;
mod path;
mod stages;
mod watch;
