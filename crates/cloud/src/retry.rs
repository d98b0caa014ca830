// SPDX-License-Identifier: Apache-2.0
//! When a call is made again, and how long is waited before.

use crate::error::Error;
use jiff::Timestamp;
use std::time::Duration;

/// The wait before the first repetition; it doubles.
const FIRST: Duration = Duration::from_millis(100);
/// The longest wait that we choose ourselves.
const LONGEST: Duration = Duration::from_secs(5);

/// What a failed attempt says about trying again.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Again {
    /// Nothing was sent: no harm in any case.
    Always,
    /// It may have been carried out.
    IfIdempotent,
    /// The same would come out.
    Never,
}

/// A failed attempt.
#[derive(Debug, Clone)]
pub(crate) struct Failure {
    pub error: Error,
    pub again: Again,
    /// What the service asks for in `Retry-After`.
    pub wait: Option<Duration>,
}

impl Failure {
    pub fn last(error: Error) -> Self {
        Self { error, again: Again::Never, wait: None }
    }

    /// How long to wait before the next attempt; None: there is none. `made` attempts were made, `left` is the time that remains.
    pub fn pause(&self, idempotent: bool, made: u32, attempts: u32, left: Duration) -> Option<Duration> {
        let may = match self.again {
            Again::Always => true,
            Again::IfIdempotent => idempotent,
            Again::Never => false,
        };
        if !may || made >= attempts {
            return None;
        }
        // A service that wants to be left alone for longer than we may wait would only be asked in vain.
        let pause = self.wait.unwrap_or_else(|| jittered(made));
        (pause < left).then_some(pause)
    }
}

/// Between half of the doubled wait and all of it, so that many clients do not come back together.
fn jittered(made: u32) -> Duration {
    let whole = FIRST.saturating_mul(1_u32.checked_shl(made.saturating_sub(1)).unwrap_or(u32::MAX)).min(LONGEST);
    whole.mul_f64(0.5 + fastrand::f64() / 2.0)
}

/// `Retry-After`: seconds, or a date.
pub(crate) fn retry_after(text: &str, now: Timestamp) -> Option<Duration> {
    let text = text.trim();
    if let Ok(seconds) = text.parse::<u64>() {
        return Some(Duration::from_secs(seconds));
    }
    let at = jiff::fmt::rfc2822::DateTimeParser::new().parse_timestamp(text).ok()?;
    Some(Duration::try_from(at.duration_since(now)).unwrap_or(Duration::ZERO))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn failure(again: Again, wait: Option<u64>) -> Failure {
        let error = Error::Unavailable { service: "Nova", url: "http://n".to_owned(), reason: "503".to_owned() };
        Failure { error, again, wait: wait.map(Duration::from_secs) }
    }

    #[test]
    fn only_what_does_no_harm_is_repeated_and_not_for_ever() {
        let minute = Duration::from_secs(60);
        for (again, idempotent, made, expected) in [
            (Again::Always, false, 1, true),
            (Again::Always, false, 4, false),
            (Again::IfIdempotent, true, 3, true),
            (Again::IfIdempotent, false, 1, false),
            (Again::Never, true, 1, false),
        ] {
            assert_eq!(failure(again, None).pause(idempotent, made, 4, minute).is_some(), expected, "{again:?} {idempotent} {made}");
        }
    }

    #[test]
    fn the_services_wish_is_honoured_unless_it_takes_too_long() {
        let wish = failure(Again::IfIdempotent, Some(7));
        assert_eq!(wish.pause(true, 1, 4, Duration::from_secs(60)), Some(Duration::from_secs(7)));
        assert_eq!(wish.pause(true, 1, 4, Duration::from_secs(7)), None);
    }

    #[test]
    fn waits_double_up_to_a_bound_and_differ() {
        for made in 1..80 {
            let wait = jittered(made);
            let whole = Duration::from_millis(100 * 2_u64.pow(made.min(7) - 1)).min(LONGEST);
            assert!(wait >= whole / 2 && wait <= whole, "{made}: {wait:?}");
        }
        assert!((0..20).map(|_| jittered(3)).collect::<std::collections::BTreeSet<_>>().len() > 1);
    }

    #[test]
    fn retry_after_is_seconds_or_a_date() {
        let now: Timestamp = "2015-10-21T07:27:00Z".parse().unwrap();
        assert_eq!(retry_after(" 12 ", now), Some(Duration::from_secs(12)));
        assert_eq!(retry_after("Wed, 21 Oct 2015 07:28:00 GMT", now), Some(Duration::from_secs(60)));
        assert_eq!(retry_after("Wed, 21 Oct 2015 07:26:00 GMT", now), Some(Duration::ZERO));
        assert_eq!(retry_after("soon", now), None);
        assert_eq!(retry_after("-1", now), None);
    }
}
