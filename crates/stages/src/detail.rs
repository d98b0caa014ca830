// SPDX-License-Identifier: Apache-2.0
//! Which change of a waiting step's text is progress: something new to wait for, or a count that moves on. Texts that
//! come and go, ports, addresses and times are none.

use std::collections::BTreeMap;

/// Words after a number that make it a time and no count.
const TIMES: &[&str] = &["s", "ms", "second", "seconds", "minute", "minutes", "ago"];

/// What a step has said so far in this run.
#[derive(Debug, Default)]
pub(crate) struct Told(BTreeMap<String, Vec<(i64, i64)>>);

impl Told {
    /// Takes in a detail; answers whether it is progress.
    pub fn news(&mut self, detail: &str) -> bool {
        let (what, why) = split(detail);
        let first_reason = why.is_some() && !self.0.keys().any(|shape| shape.contains(BETWEEN));
        let known = self.0.contains_key(&shape(what).0);
        let (shape, counts) = shape(&why.map_or_else(|| what.to_owned(), |why| format!("{what}{BETWEEN}{why}")));
        match self.0.get_mut(&shape) {
            None => {
                self.0.insert(shape, counts.into_iter().map(|n| (n, n)).collect());
                // The agent adds the reason once a wait has lasted: the wait itself is the same.
                !(first_reason && known)
            }
            Some(extremes) => extremes.iter_mut().zip(counts).fold(false, |news, (extreme, count)| {
                let further = count < extreme.0 || count > extreme.1;
                *extreme = (extreme.0.min(count), extreme.1.max(count));
                news || further
            }),
        }
    }
}

const BETWEEN: &str = " (";

/// `what (why)` as the agent composes it.
pub(crate) fn split(detail: &str) -> (&str, Option<&str>) {
    detail.strip_suffix(')').and_then(|text| text.split_once(BETWEEN)).map_or((detail, None), |(what, why)| (what, Some(why)))
}

/// The text with its numbers taken out, and those of them that count something.
fn shape(text: &str) -> (String, Vec<i64>) {
    let words: Vec<&str> = text.split(' ').collect();
    let mut counts = Vec::new();
    let shaped = words.iter().enumerate().map(|(at, word)| {
        let next = words.get(at + 1).map_or("", |w| w.trim_matches(|c: char| !c.is_alphanumeric()));
        if !TIMES.contains(&next) {
            counts.extend(numbers(word));
        }
        without_numbers(word)
    });
    (shaped.collect::<Vec<_>>().join(" "), counts)
}

/// `3`, `40%`, `3/5`, `(2`: the numbers of a word that is nothing else.
fn numbers(word: &str) -> Vec<i64> {
    let bare = word.trim_matches(|c: char| "()[],;:%".contains(c));
    let parts: Option<Vec<i64>> = bare.split('/').map(|part| part.parse().ok()).collect();
    parts.unwrap_or_default()
}

/// Numbers become `#`; so do long words of letters and digits, which are identifiers.
fn without_numbers(word: &str) -> String {
    let letters = word.chars().any(char::is_alphabetic);
    let digits = word.chars().filter(char::is_ascii_digit).count();
    if letters && digits > 2 && !word.contains(['.', ':', '/']) {
        return "#".to_owned();
    }
    let mut shaped = String::new();
    for c in word.chars() {
        match c {
            c if !c.is_ascii_digit() => shaped.push(c),
            _ if shaped.ends_with('#') => {}
            _ => shaped.push('#'),
        }
    }
    shaped
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_what_is_new_or_moves_on_is_progress() {
        for (what, told, expected) in [
            ("a new thing", &["a", "b"][..], &[true, true][..]),
            ("back to an old one", &["a", "b", "a", "b"], &[true, true, false, false]),
            ("a percentage", &["image 10 %", "image 11 %", "image 11 %"], &[true, true, false]),
            ("a percentage in a word", &["image 10%", "image 40%"], &[true, true]),
            ("a shrinking count", &["2 members", "1 members", "2 members"], &[true, true, false]),
            ("so many of so many", &["files 1/9", "files 2/9"], &[true, true]),
            ("a port", &["10.0.0.5:4431 refused", "10.0.0.5:4432 refused"], &[true, false]),
            ("a time", &["a (timed out after 3 seconds)", "a (timed out after 5 seconds)"], &[true, false]),
            ("an identifier", &["request req-12af99 open", "request req-77be01 open"], &[true, false]),
            ("the reason after a while", &["etcd", "etcd (connection refused)", "etcd (no leader yet)"], &[true, false, true]),
        ] {
            let mut seen = Told::default();
            let news: Vec<bool> = told.iter().map(|detail| seen.news(detail)).collect();
            assert_eq!(news, expected, "{what}");
        }
    }
}
