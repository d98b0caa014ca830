// SPDX-License-Identifier: Apache-2.0
//! Answers: what a status means, and what a service says in its error bodies, of which each has its own form.

use crate::error::Error;
use crate::retry::{Again, Failure, retry_after};
use crate::transport::Exchange;
use jiff::Timestamp;
use reqwest::header::{HeaderMap, LOCATION, RETRY_AFTER};
use serde_json::Value;

/// The longest text of a service that is passed on, in characters.
const LONGEST: usize = 300;

/// An answer as it came.
pub(crate) struct Reply {
    pub status: u16,
    pub headers: HeaderMap,
    pub body: Vec<u8>,
}

impl Reply {
    /// The document, null without a body.
    pub fn json(&self, exchange: &Exchange<'_>) -> Result<Value, Error> {
        if self.body.is_empty() {
            return Ok(Value::Null);
        }
        serde_json::from_slice(&self.body).map_err(|e| exchange.garbled(format!("no JSON ({e})")))
    }
}

/// What is wrong with an answer, if anything is.
pub(crate) fn fault(exchange: &Exchange<'_>, reply: &Reply) -> Option<Failure> {
    let service = exchange.service;
    let message = || message(&reply.body).unwrap_or_else(|| format!("{} answers {}", exchange.shown(), reply.status));
    let error = match reply.status {
        200..=299 => return None,
        300..=399 => {
            let target = reply.headers.get(LOCATION).and_then(|v| v.to_str().ok()).map_or("nowhere".to_owned(), crate::catalogue::shown);
            Error::Unavailable {
                service,
                url: exchange.shown(),
                reason: format!("it points to {target}; the address must be the final one"),
            }
        }
        401 => Error::Unauthorised { service, message: message() },
        403 => Error::Forbidden { service, message: message() },
        404 => Error::NotFound { service, message: message() },
        409 => Error::Conflict { service, message: message() },
        429 | 500.. => Error::Unavailable { service, url: exchange.shown(), reason: format!("{}: {}", reply.status, message()) },
        status => Error::Refused { service, status, message: message() },
    };
    let again = if matches!(reply.status, 429 | 502 | 503 | 504) { Again::IfIdempotent } else { Again::Never };
    let wait = reply.headers.get(RETRY_AFTER).and_then(|v| v.to_str().ok()).and_then(|text| retry_after(text, Timestamp::now()));
    Some(Failure { error, again, wait })
}

/// What an error body says: the first `message` within two levels of a JSON document, else its text without markup.
fn message(body: &[u8]) -> Option<String> {
    let text = match serde_json::from_slice::<Value>(body) {
        Ok(document) => spoken(&document)?.to_owned(),
        Err(_) => plain(&String::from_utf8_lossy(body)),
    };
    let line = text.split_whitespace().collect::<Vec<_>>().join(" ");
    let line: String = line.chars().filter(|c| !c.is_control()).take(LONGEST).collect();
    (!line.is_empty()).then_some(line)
}

fn spoken(document: &Value) -> Option<&str> {
    let direct = |value: &'_ Value| ["message", "detail"].into_iter().find(|key| value[*key].is_string());
    if let Some(key) = direct(document) {
        return document[key].as_str();
    }
    document.as_object()?.values().find_map(|inner| inner[direct(inner)?].as_str().or_else(|| inner.as_str()))
}

/// Text of a page: what is between tags, without the title.
fn plain(page: &str) -> String {
    let page = page.split_once("</title>").map_or(page, |(_, rest)| rest);
    let mut text = String::new();
    for part in page.split('<').enumerate().map(|(at, part)| if at == 0 { part } else { part.split_once('>').map_or("", |(_, rest)| rest) })
    {
        text.push_str(part);
        text.push(' ');
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_services_words_are_found() {
        for (body, expected) in [
            (r#"{"error":{"code":404,"message":"Could not find token.","title":"Not Found"}}"#, "Could not find token."),
            (r#"{"itemNotFound": {"code": 404, "message": "Flavor x could not be found."}}"#, "Flavor x could not be found."),
            (
                r#"{"NeutronError": {"type": "NetworkNotFound", "message": "Network x could not be found.", "detail": ""}}"#,
                "Network x could not be found.",
            ),
            (r#"{"message": "plain", "code": 1}"#, "plain"),
            (
                "<html>\n <head>\n  <title>404 Not Found</title>\n </head>\n <body>\n  <h1>404 Not Found</h1>\n  No image found with ID x<br /><br />\n\n\n </body>\n</html>",
                "404 Not Found No image found with ID x",
            ),
            ("bad gateway", "bad gateway"),
        ] {
            assert_eq!(message(body.as_bytes()).as_deref(), Some(expected));
        }
        for nothing in ["", "{}", "[]", "null", "<br>"] {
            assert_eq!(message(nothing.as_bytes()), None, "{nothing}");
        }
        assert_eq!(message("x".repeat(5000).as_bytes()).unwrap().len(), LONGEST);
    }
}
