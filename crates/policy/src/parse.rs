// SPDX-License-Identifier: Apache-2.0
//! Text, or the old lists of lists, to a rule.
//!
//! Oslo turns a part it does not understand into "nobody" and goes on, so that `not nonsense` means everybody. Here such a rule
//! is an error as a whole, and whoever asks it is refused.

use crate::ast::{Check, Left};
use crate::python;
use crate::template::Template;
use serde_json::Value;

/// The deepest nesting of brackets and `not`.
const DEEPEST: usize = 100;

/// Why a rule cannot be understood.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum ParseError {
    /// Blanks only.
    #[error("the rule is blank; write \"\" or @ for everybody, ! for nobody")]
    Blank,
    /// A check of another server.
    #[error("{0:?} asks another server, which is not supported; write the condition itself")]
    Remote(String),
    /// A word that is no check.
    #[error("{0:?} is no check; write kind:match, such as role:{0}")]
    NoColon(String),
    /// A text in quotes that is compared with nothing.
    #[error("the text {0} is compared with nothing; write {0}:%(name)s")]
    LoneText(String),
    /// A quote without its partner.
    #[error("{0:?} has a quote without its partner; write 'text':%(name)s, without blanks in the text")]
    Quote(String),
    /// A `%` that is no `%(name)s`.
    #[error("{0:?} has a % that is not %(name)s; write %% for a plain %")]
    Format(String),
    /// `(` without `)`.
    #[error("a ( has no ); close it")]
    Open,
    /// `)` without `(`.
    #[error("a ) has no (; take it away")]
    Close,
    /// Nothing where a check is due.
    #[error("a check is missing {0}; write one, such as role:admin")]
    Missing(String),
    /// Two checks side by side.
    #[error("{0:?} follows a check; write `and` or `or` between them")]
    NoOperator(String),
    /// More brackets than anybody needs.
    #[error("nested more than {DEEPEST} deep; give the inner parts names of their own and refer to them with rule:name")]
    TooDeep,
    /// Neither text nor lists of texts.
    #[error("the rule is {0}; write it as text, such as \"role:admin\"")]
    Type(&'static str),
}

enum Token<'a> {
    Open,
    Close,
    And,
    Or,
    Not,
    Check(&'a str),
}

/// Reads a rule's text. Nothing at all means everybody.
pub fn parse(text: &str) -> Result<Check, ParseError> {
    if text.is_empty() {
        return Ok(Check::Always);
    }
    let tokens = tokens(text)?;
    if tokens.is_empty() {
        return Err(ParseError::Blank);
    }
    let mut parser = Parser { tokens, at: 0, depth: 0, open: 0 };
    let check = parser.any()?;
    match parser.tokens.get(parser.at) {
        None => Ok(check),
        Some(Token::Close) => Err(ParseError::Close),
        Some(token) => Err(ParseError::NoOperator(written(token).to_owned())),
    }
}

/// Reads a rule as a file holds it: a text, or a list whose members are joined by `or`, each a check or a list of checks joined by
/// `and`.
pub fn parse_value(value: &Value) -> Result<Check, ParseError> {
    let outer = match value {
        Value::String(text) => return parse(text),
        Value::Array(outer) => outer,
        Value::Null => return Err(ParseError::Type("empty")),
        Value::Bool(_) => return Err(ParseError::Type("true or false")),
        Value::Number(_) => return Err(ParseError::Type("a number")),
        Value::Object(_) => return Err(ParseError::Type("a mapping")),
    };
    if outer.is_empty() {
        return Ok(Check::Always);
    }
    let mut either = Vec::new();
    for inner in outer {
        match inner {
            Value::String(text) if text.is_empty() => {}
            Value::String(text) => either.push(atom(text)?),
            Value::Array(inner) if inner.is_empty() => {}
            Value::Array(inner) => {
                let text = |v: &Value| v.as_str().ok_or(ParseError::Type("a list with something else than texts")).and_then(atom);
                let all = inner.iter().map(text).collect::<Result<Vec<_>, _>>()?;
                either.push(joined(all, Check::And));
            }
            _ => return Err(ParseError::Type("a list with something else than texts")),
        }
    }
    Ok(if either.is_empty() { Check::Never } else { joined(either, Check::Or) })
}

fn joined(mut parts: Vec<Check>, many: fn(Vec<Check>) -> Check) -> Check {
    match parts.pop() {
        Some(only) if parts.is_empty() => only,
        Some(last) => {
            parts.push(last);
            many(parts)
        }
        None => Check::Never,
    }
}

fn tokens(text: &str) -> Result<Vec<Token<'_>>, ParseError> {
    let mut tokens = Vec::new();
    for word in text.split_whitespace() {
        let inner = word.trim_start_matches('(');
        tokens.extend((inner.len()..word.len()).map(|_| Token::Open));
        let clean = inner.trim_end_matches(')');
        match clean.to_lowercase().as_str() {
            "" => {}
            "and" => tokens.push(Token::And),
            "or" => tokens.push(Token::Or),
            "not" => tokens.push(Token::Not),
            _ => {
                let quoted = |quote: char| inner.len() >= 2 && inner.starts_with(quote) && inner.ends_with(quote);
                if quoted('"') || quoted('\'') {
                    return Err(ParseError::LoneText(inner.to_owned()));
                }
                tokens.push(Token::Check(clean));
            }
        }
        tokens.extend((clean.len()..inner.len()).map(|_| Token::Close));
    }
    Ok(tokens)
}

fn written<'a>(token: &Token<'a>) -> &'a str {
    match token {
        Token::Open => "(",
        Token::Close => ")",
        Token::And => "and",
        Token::Or => "or",
        Token::Not => "not",
        Token::Check(text) => text,
    }
}

struct Parser<'a> {
    tokens: Vec<Token<'a>>,
    at: usize,
    depth: usize,
    open: usize,
}

impl Parser<'_> {
    fn any(&mut self) -> Result<Check, ParseError> {
        let mut parts = vec![self.all()?];
        while let Some(Token::Or) = self.tokens.get(self.at) {
            self.at += 1;
            parts.push(self.all()?);
        }
        Ok(joined(parts, Check::Or))
    }

    fn all(&mut self) -> Result<Check, ParseError> {
        let mut parts = vec![self.one()?];
        while let Some(Token::And) = self.tokens.get(self.at) {
            self.at += 1;
            parts.push(self.one()?);
        }
        Ok(joined(parts, Check::And))
    }

    fn one(&mut self) -> Result<Check, ParseError> {
        if self.depth >= DEEPEST {
            return Err(ParseError::TooDeep);
        }
        self.depth += 1;
        let check = self.operand();
        self.depth -= 1;
        check
    }

    fn operand(&mut self) -> Result<Check, ParseError> {
        let token = self.tokens.get(self.at);
        self.at += 1;
        match token {
            Some(Token::Check(text)) => atom(text),
            Some(Token::Not) => Ok(Check::Not(Box::new(self.one()?))),
            Some(Token::Open) => {
                self.open += 1;
                let inner = self.any()?;
                self.open -= 1;
                match self.tokens.get(self.at) {
                    Some(Token::Close) => {
                        self.at += 1;
                        Ok(inner)
                    }
                    Some(token) => Err(ParseError::NoOperator(written(token).to_owned())),
                    None => Err(ParseError::Open),
                }
            }
            Some(Token::Close) if self.open == 0 => Err(ParseError::Close),
            Some(token) => Err(ParseError::Missing(format!("before {:?}", written(token)))),
            None if self.open > 0 => Err(ParseError::Open),
            None => Err(ParseError::Missing("at the end".to_owned())),
        }
    }
}

/// One check.
fn atom(text: &str) -> Result<Check, ParseError> {
    match text {
        "!" => return Ok(Check::Never),
        "@" => return Ok(Check::Always),
        _ => {}
    }
    let (kind, wanted) = text.split_once(':').ok_or_else(|| ParseError::NoColon(text.to_owned()))?;
    let template = || Template::parse(wanted).ok_or_else(|| ParseError::Format(text.to_owned()));
    match kind {
        "http" | "https" => Err(ParseError::Remote(text.to_owned())),
        "rule" => Ok(Check::Rule(wanted.to_owned())),
        "role" => Ok(Check::Role(template()?)),
        "" => Err(ParseError::Missing(format!("on the left of {text:?}"))),
        _ => match python::literal(kind) {
            Ok(Some(_)) => Ok(Check::Equal(Left::Literal(kind.to_owned()), template()?)),
            Ok(None) => Ok(Check::Equal(Left::Path(kind.to_owned()), template()?)),
            Err(()) => Err(ParseError::Quote(text.to_owned())),
        },
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn printed(read: Result<Check, ParseError>) -> String {
        read.map_or_else(|error| format!("error: {error}"), |check| check.to_string())
    }

    #[test]
    fn text_is_read_as_oslo_reads_it() {
        for (text, expected) in [
            ("", "@"),
            ("@", "@"),
            ("!", "!"),
            ("role:admin", "role:admin"),
            ("(role:admin)", "role:admin"),
            ("((( role:a )) )", "role:a"),
            ("rule:a", "rule:a"),
            ("a:1 or b:2 and c:3", "a:1 or (b:2 and c:3)"),
            ("a:1 and b:2 or c:3", "(a:1 and b:2) or c:3"),
            ("a:1 and b:2 or c:3 and d:4 or e:5", "(a:1 and b:2) or (c:3 and d:4) or e:5"),
            ("(a:1 or b:2) and c:3", "(a:1 or b:2) and c:3"),
            ("a:1 or (b:2 or c:3)", "a:1 or (b:2 or c:3)"),
            ("not a:1 and b:2", "not a:1 and b:2"),
            ("not (a:1 and b:2)", "not (a:1 and b:2)"),
            ("not not a:1", "not not a:1"),
            ("a:1 AND NOT b:2 Or c:3", "(a:1 and not b:2) or c:3"),
            ("a:1\n  or\tb:2", "a:1 or b:2"),
            ("project_id:%(project_id)s", "project_id:%(project_id)s"),
            ("(project_id:%(project_id)s)", "project_id:%(project_id)s"),
            ("role:%(a)s-%(b)s", "role:%(a)s-%(b)s"),
            ("k:100%%", "k:100%%"),
            ("'x':%(y)s", "'x':%(y)s"),
            ("\"x\":%(y)s", "\"x\":%(y)s"),
            ("True:%(y)s", "True:%(y)s"),
            ("user.domain.id:%(a.b)s", "user.domain.id:%(a.b)s"),
            ("a:b:c", "a:b:c"),
            ("a:", "a:"),
            ("role:a or !", "role:a or !"),
        ] {
            assert_eq!(printed(parse(text)), expected, "{text:?}");
        }
    }

    #[test]
    fn nonsense_is_an_error_that_says_so() {
        let deep = "(".repeat(101) + "a:1" + &")".repeat(101);
        for (text, expected) in [
            ("  ", "the rule is blank; write \"\" or @ for everybody, ! for nobody"),
            ("admin", "\"admin\" is no check; write kind:match, such as role:admin"),
            ("role:a or nonsense", "\"nonsense\" is no check; write kind:match, such as role:nonsense"),
            ("'x'", "the text 'x' is compared with nothing; write 'x':%(name)s"),
            ("'x:%(y)s", "\"'x:%(y)s\" has a quote without its partner; write 'text':%(name)s, without blanks in the text"),
            ("a:%(b)", "\"a:%(b\" has a % that is not %(name)s; write %% for a plain %"),
            ("a:5%", "\"a:5%\" has a % that is not %(name)s; write %% for a plain %"),
            ("(role:a", "a ( has no ); close it"),
            ("(", "a ( has no ); close it"),
            ("role:a)", "a ) has no (; take it away"),
            (")", "a ) has no (; take it away"),
            ("()", "a check is missing before \")\"; write one, such as role:admin"),
            ("role:a or", "a check is missing at the end; write one, such as role:admin"),
            ("and role:a", "a check is missing before \"and\"; write one, such as role:admin"),
            ("role:a or or role:b", "a check is missing before \"or\"; write one, such as role:admin"),
            ("not", "a check is missing at the end; write one, such as role:admin"),
            ("role:a role:b", "\"role:b\" follows a check; write `and` or `or` between them"),
            ("role:a not role:b", "\"not\" follows a check; write `and` or `or` between them"),
            ("(role:a role:b)", "\"role:b\" follows a check; write `and` or `or` between them"),
            (":x", "a check is missing on the left of \":x\"; write one, such as role:admin"),
            ("http://x/%(y)s", "\"http://x/%(y)s\" asks another server, which is not supported; write the condition itself"),
            ("role:a or https://x", "\"https://x\" asks another server, which is not supported; write the condition itself"),
            (&deep, "nested more than 100 deep; give the inner parts names of their own and refer to them with rule:name"),
            (
                &"not ".repeat(100_000),
                "nested more than 100 deep; give the inner parts names of their own and refer to them with rule:name",
            ),
        ] {
            assert_eq!(printed(parse(text)), format!("error: {expected}"), "{text:?}");
        }
    }

    #[test]
    fn the_old_lists_are_read_too() {
        for (value, expected) in [
            (json!("role:a"), "role:a"),
            (json!([]), "@"),
            (json!(""), "@"),
            (json!(["role:a", "role:b"]), "role:a or role:b"),
            (json!([["role:a", "b:1"], ["role:c"], "role:d"]), "(role:a and b:1) or role:c or role:d"),
            (json!(["role:a or @", "role:(b)"]), "\"role:a or @\" or \"role:(b)\""),
            (json!([["role:a"]]), "role:a"),
            (json!([[]]), "!"),
            (json!([[], "role:a"]), "role:a"),
            (json!([[""]]), "error: \"\" is no check; write kind:match, such as role:"),
            (json!(null), "error: the rule is empty; write it as text, such as \"role:admin\""),
            (json!(false), "error: the rule is true or false; write it as text, such as \"role:admin\""),
            (json!(1), "error: the rule is a number; write it as text, such as \"role:admin\""),
            (json!({"a": "b"}), "error: the rule is a mapping; write it as text, such as \"role:admin\""),
            (json!([1]), "error: the rule is a list with something else than texts; write it as text, such as \"role:admin\""),
        ] {
            assert_eq!(printed(parse_value(&value)), expected, "{value}");
        }
    }
}
