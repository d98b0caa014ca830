// SPDX-License-Identifier: Apache-2.0
//! Lines of a unit's journal that were written just now: an old complaint is no evidence of what is wrong today.

use jiff::Timestamp;
use magnum_facts::Look;
use magnum_facts::node::Unit;

/// A line counts as long as it is not older than this.
const FRESH_SECONDS: i64 = 40;

/// The newest line of a unit's journal that passes `test` and was written just now, by the time that etcd and Docker
/// write in it.
pub fn fresh_line<'a>(unit: &Look<'a, Unit>, test: impl Fn(&str) -> bool) -> Option<&'a str> {
    let fresh = |line: &str| {
        let stamp = line.split_once("\"ts\":\"").or_else(|| line.split_once("time=\"")).and_then(|(_, rest)| rest.split('"').next());
        let written: Option<Timestamp> = stamp.and_then(|text| text.parse().ok());
        written.is_some_and(|at| unit.source.at.as_second() - at.as_second() <= FRESH_SECONDS)
    };
    let lines = unit.value.log.iter().rev().chain(unit.value.trouble.iter().rev());
    lines.map(String::as_str).find(|line| test(line) && fresh(line))
}
