// SPDX-License-Identifier: Apache-2.0
//! "Did you mean …?".

/// The name most like `wanted`, when one is much like it.
pub(crate) fn nearest<'a>(wanted: &str, names: impl Iterator<Item = &'a str>) -> Option<&'a str> {
    let limit = (wanted.chars().count() / 3).clamp(1, 4);
    let scored = names.map(|name| (strsim::damerau_levenshtein(wanted, name), name));
    scored.filter(|(distance, _)| *distance <= limit).min().map(|(_, name)| name)
}
