// SPDX-License-Identifier: Apache-2.0
//! Lines of a unit's journal that were written just now: an old complaint is no evidence of what is wrong today.

use jiff::Timestamp;
use magnum_facts::Look;
use magnum_facts::node::Unit;

/// A line counts as long as it is not older than this.
const FRESH_SECONDS: i64 = 40;

/// The newest line of a unit's journal that passes `test` and was written just now, by the time that its program writes
/// in it.
pub fn fresh_line<'a>(unit: &Look<'a, Unit>, test: impl Fn(&str) -> bool) -> Option<&'a str> {
    let fresh = |line: &str| {
        let written = quoted_time(line).or_else(|| klog_time(line, unit.source.at));
        written.is_some_and(|at| unit.source.at.as_second() - at.as_second() <= FRESH_SECONDS)
    };
    let lines = unit.value.log.iter().rev().chain(unit.value.trouble.iter().rev());
    lines.map(String::as_str).find(|line| test(line) && fresh(line))
}

/// `"ts":"2026-01-02T03:04:05.678Z"` of etcd, `time="…"` of Docker.
fn quoted_time(line: &str) -> Option<Timestamp> {
    let (_, rest) = line.split_once("\"ts\":\"").or_else(|| line.split_once("time=\""))?;
    rest.split('"').next()?.parse().ok()
}

/// `E0102 03:04:05.678901` of Kubernetes' programs, which leave out the year: the one in which it is not yet to come.
fn klog_time(line: &str, now: Timestamp) -> Option<Timestamp> {
    let (day, rest) = line.strip_prefix(['I', 'W', 'E', 'F'])?.split_once(' ')?;
    let (month, day) = (day.get(..2)?, day.get(2..4)?);
    let clock = rest.get(..8)?;
    let year: i32 = now.to_string().get(..4)?.parse().ok()?;
    let of = |year: i32| format!("{year}-{month}-{day}T{clock}Z").parse::<Timestamp>().ok();
    // A minute of grace: the source's time is that of the look's beginning.
    of(year).filter(|at| at.as_second() <= now.as_second() + 60).or_else(|| of(year - 1))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_time_in_a_line_is_read_in_all_its_forms() {
        let now: Timestamp = "2026-01-02T03:04:10Z".parse().unwrap();
        for (line, seconds_ago) in [
            (r#"{"level":"warn","ts":"2026-01-02T03:04:05.678Z","msg":"x"}"#, Some(5)),
            (r#"time="2026-01-02T03:04:05.000000000Z" level=error"#, Some(5)),
            ("E0102 03:04:05.678901    1234 reflector.go:138] Failed to watch", Some(5)),
            ("E1231 23:59:59.000000    1234 reflector.go:138] Failed to watch", Some(3 * 3600 + 4 * 60 + 11 + 86_400)),
            ("Error: no time at all", None),
            ("E0102", None),
        ] {
            let at = quoted_time(line).or_else(|| klog_time(line, now));
            assert_eq!(at.map(|at| now.as_second() - at.as_second()), seconds_ago, "{line}");
        }
    }
}
