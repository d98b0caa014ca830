// SPDX-License-Identifier: Apache-2.0
//! The document that a path is told in.

use crate::cause::Found;
use crate::endpoint::Endpoint;
use jiff::Timestamp;
use serde::{Deserialize, Serialize};

/// How a path is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Outcome {
    Works,
    /// Packets get lost.
    Lost,
    /// Small packets arrive and full ones do not.
    LargeLost,
    /// Every packet arrives, and the target refuses the connection.
    Refused,
    /// No answer, and nobody could look where it ends.
    Unclear,
}

/// One path, as it was found.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Trace {
    /// [`Trace::SCHEMA`].
    pub schema: String,
    pub cluster: String,
    pub at: Timestamp,
    pub duration_ms: u64,
    pub from: Endpoint,
    pub to: Endpoint,
    pub outcome: Outcome,
    /// 0 works, 1 the cause was found, 2 it is known where and not why, 3 not even where.
    pub exit: u8,
    /// One sentence.
    pub summary: String,
    pub hops: Vec<Row>,
    pub probes: Vec<Shot>,
    /// What NAT made of addresses and ports.
    pub translations: Vec<String>,
    pub cause: Option<Found>,
    /// Other causes that fit.
    pub also: Vec<Found>,
    /// Looked at, and not the cause.
    pub ruled_out: Vec<String>,
    /// Where nobody could look, because.
    pub not_seen: Vec<String>,
}

/// A device of the path.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Row {
    /// The number among the guide's six hops (L270-281).
    pub guide: Option<u8>,
    pub node: String,
    pub device: String,
    /// The container whose device it is, or leads to.
    pub container: Option<String>,
    pub mtu: Option<u32>,
    /// Packets seen on the way there and back; none when nobody could look.
    pub there: Option<u16>,
    pub back: Option<u16>,
    /// The packets get lost after this device.
    #[serde(default)]
    pub lost_after: Option<Way>,
    /// The packets get lost before this device.
    #[serde(default)]
    pub lost_before: Option<Way>,
}

/// One of the two ways.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Way {
    There,
    Back,
}

/// What was sent, and what came back.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Shot {
    /// `ICMP`, `UDP 53`, `TCP 80`.
    pub what: String,
    pub bytes: u16,
    pub sent: u16,
    pub answered: u16,
    pub rtt_us: Option<u32>,
    pub errors: Vec<String>,
}

impl Trace {
    pub const SCHEMA: &'static str = "magnum.path/v1";
}
