// SPDX-License-Identifier: Apache-2.0
//! What looks secret, and its removal. Each secret leaves a mark with a number, so that two equal ones stay equal and
//! two different ones different. In doubt it is removed.

use std::collections::BTreeMap;

/// Names whose values are secret, as they stand in arguments, files, environments and headers.
const NAMES: &[&str] = &[
    "password",
    "passwd",
    "passphrase",
    "secret",
    "token",
    "authorization",
    "apikey",
    "accesskey",
    "secretkey",
    "privatekey",
    "credential",
    "credentials",
    "clientkeydata",
    "authtoken",
    "cookie",
    "setcookie",
    "passwordhash",
    "encryptionkey",
    "signingkey",
    "keydata",
    "requirepass",
    "certificatekey",
    "bearer",
    "bearertoken",
    "pwd",
];
/// Marks of secrets that need no name.
const PREFIXES: &[(&str, &str)] = &[
    ("SWMTKN-", "swarm-token"),
    ("SWMKEY-", "swarm-key"),
    ("eyJ", "token"),
    ("gAAAAA", "token"),
    ("LS0tLS1CRUdJTi", "pem"),
    ("AKIA", "access-key"),
    ("ghp_", "token"),
    ("glpat-", "token"),
    ("xoxb-", "token"),
];

/// Whether a value under this name is secret: `DB_PASSWORD`, `--token`, `client-key-data`; not `--token-file` or
/// `secretName`, which say where one is.
pub(crate) fn is_secret_name(name: &str) -> bool {
    let letters = || name.bytes().rev().filter(u8::is_ascii_alphanumeric).map(|b| b.to_ascii_lowercase());
    let ends = |known: &&&str| letters().take(known.len()).eq(known.bytes().rev());
    NAMES.iter().filter(ends).any(|known| letters().count() == known.len() || is_compound(name, known))
}

/// The known name is the last word of this one: after `_`, `-` or `.`, or with a capital letter.
fn is_compound(name: &str, known: &str) -> bool {
    let words = name.split(|c: char| !c.is_ascii_alphanumeric()).filter(|word| !word.is_empty());
    let joined: Vec<String> = words.map(str::to_ascii_lowercase).collect();
    let by_words = (1..joined.len()).any(|from| joined.get(from..).is_some_and(|tail| tail.concat() == *known));
    let start = name.len().saturating_sub(known.len());
    let by_capital =
        name.get(start..).is_some_and(|tail| tail.starts_with(|c: char| c.is_ascii_uppercase()) && tail.eq_ignore_ascii_case(known))
            && name.get(..start).is_some_and(|head| head.ends_with(|c: char| c.is_ascii_lowercase()));
    by_words || by_capital
}

/// Removes secrets and counts what it removed.
#[derive(Debug, Default)]
pub(crate) struct Secrets {
    known: BTreeMap<String, String>,
    counts: BTreeMap<&'static str, usize>,
}

impl Secrets {
    /// How many different secrets of each kind were removed.
    pub fn counts(&self) -> BTreeMap<String, usize> {
        self.counts.iter().map(|(kind, count)| ((*kind).to_owned(), *count)).collect()
    }

    /// What stands in a secret's place.
    pub fn mark(&mut self, kind: &'static str, secret: &str) -> String {
        if let Some(mark) = self.known.get(secret) {
            return mark.clone();
        }
        if self.known.values().any(|mark| mark == secret) {
            return secret.to_owned();
        }
        let count = self.counts.entry(kind).or_default();
        *count += 1;
        let mark = format!("[removed:{kind}-{count}]");
        self.known.insert(secret.to_owned(), mark.clone());
        mark
    }

    /// One text without its secrets.
    pub fn clean(&mut self, text: &str) -> String {
        self.clean_list(&[text]).pop().unwrap_or_default()
    }

    /// Lines or arguments without their secrets: a key may go over several lines, and an argument's value may be the
    /// next one.
    pub fn clean_list(&mut self, texts: &[&str]) -> Vec<String> {
        let (mut in_key, mut expects) = (false, false);
        let mut cleaned = Vec::with_capacity(texts.len());
        for (at, text) in texts.iter().enumerate() {
            // The end of a key whose beginning was cut off.
            let tail = !in_key && ends_key_first(text);
            if tail {
                cleaned.iter_mut().for_each(|line: &mut String| {
                    if is_key_line(line) {
                        *line = self.mark("private-key", line)
                    }
                });
            }
            let text = self.without_keys(text, &mut in_key);
            let value_of_option = expects && !text.starts_with('-');
            expects = texts.len() > 1 && names_next(texts.get(at).copied().unwrap_or_default());
            let line = if value_of_option && !text.is_empty() { self.mark("secret", &text) } else { self.lines(&text) };
            cleaned.push(line);
        }
        cleaned
    }

    /// Private keys, whole or cut off, become one mark; `in_key` says whether one is open.
    fn without_keys(&mut self, text: &str, in_key: &mut bool) -> String {
        let mut out = String::new();
        let mut rest = text;
        if !*in_key && ends_key_first(text) {
            *in_key = true;
        }
        loop {
            if *in_key {
                let Some(end) = end_of_key(rest) else {
                    out.push_str(&self.mark("private-key", rest));
                    return out;
                };
                let (key, after) = rest.split_at(end);
                out.push_str(&self.mark("private-key", key));
                (*in_key, rest) = (false, after);
            }
            let Some(begin) = begin_of_key(rest) else { return out + rest };
            let (before, key) = rest.split_at(begin);
            out.push_str(before);
            (*in_key, rest) = (true, key);
        }
    }

    fn lines(&mut self, text: &str) -> String {
        text.split('\n').map(|line| self.line(line)).collect::<Vec<_>>().join("\n")
    }

    /// One line: named values first, then what needs no name.
    fn line(&mut self, line: &str) -> String {
        let named = self.named(line);
        let without_logins = self.user_info(&named);
        self.unnamed(&without_logins)
    }

    /// `name=value`, `name: value`, `--name value`.
    fn named(&mut self, line: &str) -> String {
        if !line.contains([':', '=']) && !line.contains("--") {
            return line.to_owned();
        }
        let mut out = String::new();
        let mut rest = line;
        let mut start = true;
        while !rest.is_empty() {
            let word_end = rest.find(|c: char| !is_name(c)).unwrap_or(rest.len());
            if word_end == 0 {
                let next = rest.find(is_name).unwrap_or(rest.len());
                let (between, after) = rest.split_at(next);
                out.push_str(between);
                start &= between.chars().all(|c| c.is_whitespace() || "\"'-{[,".contains(c));
                rest = after;
                continue;
            }
            let (name, after) = rest.split_at(word_end);
            out.push_str(name);
            rest = after;
            if is_secret_name(name)
                && let Some((between, value, after)) = value_after(name, after, start)
            {
                out.push_str(between);
                out.push_str(&self.mark("secret", value));
                rest = after;
            }
            start = false;
        }
        out
    }

    /// `scheme://user:password@host`.
    fn user_info(&mut self, line: &str) -> String {
        let mut out = String::new();
        let mut rest = line;
        while let Some(at) = rest.find("://") {
            let (head, tail) = rest.split_at(at + 3);
            out.push_str(head);
            let authority = tail.find(|c: char| c.is_whitespace() || "/?#\"'<>".contains(c)).unwrap_or(tail.len());
            rest = tail;
            if let Some((info, _)) = tail.get(..authority).and_then(|part| part.rsplit_once('@')) {
                out.push_str(&self.mark("login", info));
                rest = tail.get(info.len()..).unwrap_or_default();
            }
        }
        out + rest
    }

    /// Tokens and keys that show by their own form.
    fn unnamed(&mut self, line: &str) -> String {
        let runs = crate::text::runs(line, |c| c.is_ascii_alphanumeric() || "+/=_-.".contains(c));
        let mut bearer = false;
        let clean = |(word, text): (bool, &str)| {
            if !word {
                return text.to_owned();
            }
            let after_bearer = std::mem::replace(&mut bearer, matches!(text.to_ascii_lowercase().as_str(), "bearer" | "basic"));
            if after_bearer && (text.len() >= 16 || text.chars().any(|c| c.is_ascii_digit())) {
                return self.mark("token", text);
            }
            let value = text.find('=').and_then(|at| text.get(at + 1..)).filter(|value| !value.is_empty() && !value.starts_with('='));
            for part in [Some(text), value].into_iter().flatten() {
                if let Some(kind) = kind_of(part) {
                    let head = text.strip_suffix(part).unwrap_or_default();
                    return format!("{head}{}", self.mark(kind, part));
                }
            }
            text.to_owned()
        };
        runs.into_iter().map(clean).collect()
    }
}

fn is_name(c: char) -> bool {
    c.is_ascii_alphanumeric() || "_-.".contains(c)
}

/// The value that follows a secret's name: what stands between, the value, and the rest.
fn value_after<'a>(name: &str, after: &'a str, start: bool) -> Option<(&'a str, &'a str, &'a str)> {
    let trimmed = after.trim_start_matches(['"', '\'']);
    let (sure, tail) = match trimmed.chars().next() {
        Some('=') => (true, trimmed.get(1..)?),
        Some(':') => (start || after.starts_with('"'), trimmed.get(1..)?),
        Some(' ') if name.starts_with("--") || (start && name.starts_with('-')) => (true, trimmed),
        _ => return None,
    };
    let value = tail.trim_start_matches([' ', '\t', '"', '\'']);
    let header = ["authorization", "cookie", "set-cookie"].contains(&name.to_ascii_lowercase().as_str());
    let quoted = tail.trim_start().starts_with(['"', '\'']);
    let ends = |c: char| match (quoted, header) {
        (true, _) => c == '"' || c == '\'',
        (false, true) => c == '"' || c == '\'',
        (false, false) => c.is_whitespace() || "\"',;&}".contains(c),
    };
    let end = value.find(ends).unwrap_or(value.len());
    let (value, rest) = value.split_at(end);
    let harmless = matches!(value, "" | "true" | "false" | "null" | "none" | "~" | "<nil>")
        || value.starts_with("[removed:")
        || value.starts_with('$');
    // In a sentence, `token: expired` is no secret; `token: 8fA2kk…` may be one.
    let likely = sure || (value.len() >= 8 && value.chars().any(|c| c.is_ascii_digit()));
    let between = after.get(..after.len() - rest.len() - value.len())?;
    (!harmless && likely).then_some((between, value, rest))
}

/// `--token`, after which the next argument is the secret.
fn names_next(argument: &str) -> bool {
    argument.starts_with('-') && !argument.contains(['=', ' ']) && is_secret_name(argument.trim_start_matches('-'))
}

/// What kind of secret a word is by its form alone.
fn kind_of(word: &str) -> Option<&'static str> {
    let by_prefix = PREFIXES.iter().find(|(prefix, _)| word.starts_with(prefix) && word.len() >= prefix.len() + 12).map(|(_, kind)| *kind);
    by_prefix.or_else(|| is_bootstrap_token(word).then_some("token")).or_else(|| is_opaque(word).then_some("opaque"))
}

/// `abcdef.0123456789abcdef`.
fn is_bootstrap_token(word: &str) -> bool {
    let small = |part: &str, length: usize| part.len() == length && part.chars().all(|c| c.is_ascii_lowercase() || c.is_ascii_digit());
    word.split_once('.').is_some_and(|(id, secret)| small(id, 6) && small(secret, 16) && word.chars().any(|c| c.is_ascii_digit()))
}

/// Long, and mixed as only random bytes are: base64 of a key or a hash, or a token. Digests in hexadecimal are not, and
/// words joined by lines are not.
fn is_opaque(word: &str) -> bool {
    let mixed = |part: &str| {
        let count = |kind: fn(&char) -> bool| part.chars().filter(kind).count();
        part.len() >= 16
            && count(|c| c.is_ascii_uppercase()) >= 3
            && count(|c| c.is_ascii_lowercase()) >= 3
            && count(|c| c.is_ascii_digit()) >= 2
    };
    word.len() >= 40 && !word.contains('.') && word.split(['-', '_', '/', '+', '=']).any(mixed)
}

/// A line of a key's body, as it stands in a file.
fn is_key_line(line: &str) -> bool {
    let body = line.trim();
    body.len() >= 16 && body.chars().all(|c| c.is_ascii_alphanumeric() || "+/=".contains(c))
}

fn begin_of_key(text: &str) -> Option<usize> {
    let mut from = 0;
    while let Some(at) = text.get(from..)?.find("-----BEGIN ") {
        let label = text.get(from + at..)?.lines().next().unwrap_or_default();
        if label.contains("PRIVATE KEY") {
            return Some(from + at);
        }
        from += at + 11;
    }
    None
}

/// The end of the key that is open, with its last line.
fn end_of_key(text: &str) -> Option<usize> {
    let at = text.find("-----END ")?;
    let label = text.get(at + 9..)?;
    Some(at + 9 + label.find("-----").map_or(label.len(), |end| end + 5))
}

/// A key ends in this text that did not begin in it.
fn ends_key_first(text: &str) -> bool {
    let end = text.find("PRIVATE KEY-----").and_then(|at| text.get(..at)).and_then(|head| head.rfind("-----").map(|dash| (dash, head)));
    end.is_some_and(|(dash, head)| head.get(dash..).is_some_and(|label| label.starts_with("-----END ")))
}
