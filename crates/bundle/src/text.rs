// SPDX-License-Identifier: Apache-2.0
//! Words of a text with what stands between them.

/// Cuts `text` into runs of characters for which `inside` holds and runs for which it does not, in order.
pub(crate) fn runs(text: &str, inside: impl Fn(char) -> bool) -> Vec<(bool, &str)> {
    let mut found = Vec::new();
    let mut rest = text;
    while let Some(first) = rest.chars().next() {
        let kind = inside(first);
        let end = rest.find(|c| inside(c) != kind).unwrap_or(rest.len());
        let (run, after) = rest.split_at(end);
        found.push((kind, run));
        rest = after;
    }
    found
}

/// Replaces `from` by `to` where neither neighbour is a letter or digit.
pub(crate) fn replace_word(text: &str, from: &str, to: &str) -> String {
    if !text.contains(from) {
        return text.to_owned();
    }
    let mut out = String::with_capacity(text.len());
    let (mut rest, mut before) = (text, None);
    while let Some(at) = rest.find(from) {
        let (head, tail) = rest.split_at(at);
        let after = tail.strip_prefix(from).unwrap_or_default();
        let left = head.chars().next_back().or(before);
        let apart = |c: Option<char>| c.is_none_or(|c| !c.is_alphanumeric());
        out.push_str(head);
        out.push_str(if apart(left) && apart(after.chars().next()) { to } else { from });
        before = from.chars().next_back();
        rest = after;
    }
    out + rest
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_whole_words_are_replaced() {
        for (text, wanted) in [
            ("node-1", "n2"),
            ("node-1/units on node-1, node-10 and xnode-1", "n2/units on n2, node-10 and xnode-1"),
            ("kube-proxy-node-1.novalocal", "kube-proxy-n2.novalocal"),
            ("node-1node-1", "node-1node-1"),
            ("", ""),
        ] {
            assert_eq!(replace_word(text, "node-1", "n2"), wanted);
        }
        assert_eq!(runs("a.b, c", |c| c == '.' || c.is_alphanumeric()), [(true, "a.b"), (false, ", "), (true, "c")]);
    }
}
