// SPDX-License-Identifier: Apache-2.0
//! `$name`, `${name}`, `$group.name` and `$$` in a value.

/// A piece of a value.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum Piece<'a> {
    /// As it stands.
    Plain(&'a str),
    /// A dollar sign.
    Dollar,
    /// Another option, `name` or `group.name`.
    Reference(&'a str),
}

/// Another way to write `$$`, which the caller puts in its place beforehand.
pub(crate) const ESCAPED: &str = "\\$";

/// Takes a value apart. A `$` that begins nothing stays as it is, like in Python's templates.
pub(crate) fn pieces(text: &str) -> Vec<Piece<'_>> {
    let mut found = Vec::new();
    let mut rest = text;
    while let Some(at) = rest.find('$') {
        let (before, from) = rest.split_at(at);
        let after = &from[1..];
        push(&mut found, before);
        if let Some(after) = after.strip_prefix('$') {
            found.push(Piece::Dollar);
            rest = after;
        } else if let Some((name, after)) = braced(after) {
            found.push(Piece::Reference(name));
            rest = after;
        } else {
            let end = name_end(after);
            found.push(if end == 0 { Piece::Plain("$") } else { Piece::Reference(&after[..end]) });
            rest = &after[end..];
        }
    }
    push(&mut found, rest);
    found
}

fn push<'a>(found: &mut Vec<Piece<'a>>, text: &'a str) {
    if !text.is_empty() {
        found.push(Piece::Plain(text));
    }
}

fn braced(after: &str) -> Option<(&str, &str)> {
    let (name, rest) = after.strip_prefix('{')?.split_once('}')?;
    (!name.is_empty() && name_end(name) == name.len()).then_some((name, rest))
}

/// How long the name at the start is: a letter or underscore, then also digits and dots.
fn name_end(text: &str) -> usize {
    if !text.starts_with(|c: char| c.is_ascii_alphabetic() || c == '_') {
        return 0;
    }
    text.find(|c: char| !(c.is_ascii_alphanumeric() || c == '_' || c == '.')).unwrap_or(text.len())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_value_is_taken_apart_like_a_python_template() {
        use Piece::{Dollar, Plain, Reference};
        for (text, expected) in [
            ("plain", vec![Plain("plain")]),
            ("$a/bin", vec![Reference("a"), Plain("/bin")]),
            ("x${a}y", vec![Plain("x"), Reference("a"), Plain("y")]),
            ("$api.host:1", vec![Reference("api.host"), Plain(":1")]),
            ("${api.host}", vec![Reference("api.host")]),
            ("a$$b", vec![Plain("a"), Dollar, Plain("b")]),
            ("$$a", vec![Dollar, Plain("a")]),
            ("$5", vec![Plain("$"), Plain("5")]),
            ("end$", vec![Plain("end"), Plain("$")]),
            ("${open", vec![Plain("$"), Plain("{open")]),
            ("${}", vec![Plain("$"), Plain("{}")]),
            ("$a.", vec![Reference("a.")]),
            ("", vec![]),
        ] {
            assert_eq!(pieces(text), expected, "{text:?}");
        }
    }
}
