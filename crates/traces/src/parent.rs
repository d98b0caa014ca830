// SPDX-License-Identifier: Apache-2.0
//! `traceparent` and `tracestate`, by which services tell each other what belongs together (W3C Trace Context).

use opentelemetry::trace::{SpanContext, SpanId, TraceFlags, TraceId, TraceState};

/// The span that a header names; none unless it is right to the last letter.
pub(crate) fn read(traceparent: &str, tracestate: Option<&str>) -> Option<SpanContext> {
    let text = traceparent.trim();
    let mut parts = text.split('-');
    let (version, trace, span, flags) = (parts.next()?, parts.next()?, parts.next()?, parts.next()?);
    let version = hexadecimal(version, 2)?;
    // A later version may have more behind it; this one has not.
    if version == 0xff || version == 0 && parts.next().is_some() {
        return None;
    }
    let trace = TraceId::from(hexadecimal(trace, 32)?);
    let span = SpanId::from(u64::try_from(hexadecimal(span, 16)?).ok()?);
    let flags = TraceFlags::new(u8::try_from(hexadecimal(flags, 2)?).ok()?) & TraceFlags::SAMPLED;
    let state = tracestate.and_then(|text| text.parse::<TraceState>().ok()).unwrap_or_default();
    Some(SpanContext::new(trace, span, flags, true, state)).filter(SpanContext::is_valid)
}

/// The header that names a span.
pub(crate) fn write(context: &SpanContext) -> String {
    format!("00-{}-{}-{:02x}", context.trace_id(), context.span_id(), (context.trace_flags() & TraceFlags::SAMPLED).to_u8())
}

/// A number of so many digits, in lower case.
fn hexadecimal(text: &str, digits: usize) -> Option<u128> {
    let right = text.len() == digits && text.bytes().all(|byte| matches!(byte, b'0'..=b'9' | b'a'..=b'f'));
    if right { u128::from_str_radix(text, 16).ok() } else { None }
}

#[cfg(test)]
mod tests {
    use super::*;

    const GOOD: &str = "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01";

    #[test]
    fn only_a_header_that_is_right_names_a_span() {
        for (text, written) in [
            (GOOD, Some(GOOD)),
            ("00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-00", Some("00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-00")),
            // Flags that nobody knows are not passed on; a version of the future may say more.
            ("00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-ff", Some(GOOD)),
            ("cc-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01-what", Some(GOOD)),
            ("00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01-what", None),
            ("ff-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01", None),
            ("00-4BF92F3577B34DA6A3CE929D0E0E4736-00f067aa0ba902b7-01", None),
            ("00-4bf92f3577b34da6a3ce929d0e0e473-00f067aa0ba902b7-01", None),
            ("00-+bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01", None),
            ("00-00000000000000000000000000000000-00f067aa0ba902b7-01", None),
            ("00-4bf92f3577b34da6a3ce929d0e0e4736-0000000000000000-01", None),
            ("00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7", None),
            ("0-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-1", None),
            ("", None),
        ] {
            assert_eq!(read(text, None).as_ref().map(write).as_deref(), written, "{text}");
        }
    }

    #[test]
    fn a_state_that_cannot_be_read_does_no_harm() {
        let state = |text| read(GOOD, Some(text)).unwrap().trace_state().header();
        assert_eq!(["a=1,b=2", "A=1", "nonsense"].map(state), ["a=1,b=2", "", ""]);
        assert!(read(GOOD, Some("a=1")).unwrap().is_remote());
    }
}
