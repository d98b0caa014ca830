// SPDX-License-Identifier: Apache-2.0
//! "Did you mean …?".

/// The name most like `wanted`, when one is much like it.
pub(crate) fn nearest<'a>(wanted: &str, names: impl Iterator<Item = &'a str>) -> Option<&'a str> {
    let wanted = wanted.to_lowercase();
    let limit = (wanted.chars().count() / 3).clamp(1, 4);
    let scored = names.map(|name| (strsim::damerau_levenshtein(&wanted, &name.to_lowercase()), name));
    scored.filter(|(distance, _)| *distance <= limit).min().map(|(_, name)| name)
}

/// `; did you mean X?`, or nothing.
pub(crate) fn hint(near: Option<&str>) -> String {
    near.map(|name| format!("did you mean {name}?")).unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_slip_is_recognised_and_a_stranger_is_not() {
        let names = ["port", "host", "max_limit", "DEFAULT"];
        for (wanted, expected) in
            [("prot", Some("port")), ("max-limit", Some("max_limit")), ("default", Some("DEFAULT")), ("colour", None), ("x", None)]
        {
            assert_eq!(nearest(wanted, names.into_iter()), expected, "{wanted}");
        }
    }
}
