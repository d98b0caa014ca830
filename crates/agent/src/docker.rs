// SPDX-License-Identifier: Apache-2.0
//! Docker's API on its local socket. One request a connection: HTTP/1.0 in all but the answer's chunks.

pub mod absent;

use crate::error::Error;
use crate::step::Gate;
use serde_json::Value;
use std::fs::File;
use std::io::{BufRead, BufReader, Read, Write};
use std::os::unix::net::UnixStream;
use std::time::Duration;

const SOCKET: &str = "/run/docker.sock";
const PEER: &str = "Docker";
const MOST_ANSWER: u64 = 32 << 20;

/// GET; anything but 2xx is an error.
pub fn get(path: &str) -> Result<Value, Error> {
    request("GET", path, None, Duration::from_secs(15))
}

/// Whether Docker answers. Its socket belongs to systemd and takes connections even when nobody serves them, so the
/// question is a short one.
pub fn ping() -> Result<(), Error> {
    request("GET", "/_ping", None, Duration::from_secs(1)).map(drop)
}

/// POST; anything but 2xx is an error.
pub fn post(path: &str, body: &Value, limit: Duration) -> Result<Value, Error> {
    request("POST", path, Some(body), limit)
}

fn request(method: &str, path: &str, body: Option<&Value>, limit: Duration) -> Result<Value, Error> {
    let text = body.map(Value::to_string).unwrap_or_default();
    let stream = open(limit)?;
    let head = format!(
        "{method} /v1.41{path} HTTP/1.1\r\nHost: docker\r\nConnection: close\r\nContent-Type: application/json\r\nContent-Length: {}\r\n\r\n",
        text.len()
    );
    (&stream).write_all(head.as_bytes()).and_then(|()| (&stream).write_all(text.as_bytes())).map_err(lost)?;
    let text = answer(stream)?;
    Ok(serde_json::from_str(text.trim()).unwrap_or(Value::String(text)))
}

/// Loads an image archive, as `docker load` does.
pub fn load(path: &str) -> Result<(), Error> {
    let stream = open(Duration::from_secs(120))?;
    let mut file = File::open(path).map_err(|source| Error::File { action: "read", path: path.into(), source })?;
    let length = file.metadata().map_err(|source| Error::File { action: "read", path: path.into(), source })?.len();
    let head = format!(
        "POST /v1.41/images/load?quiet=1 HTTP/1.1\r\nHost: docker\r\nConnection: close\r\nContent-Type: application/x-tar\r\nContent-Length: {length}\r\n\r\n"
    );
    (&stream).write_all(head.as_bytes()).map_err(lost)?;
    std::io::copy(&mut file, &mut &stream).map_err(lost)?;
    let text = answer(stream)?;
    // Errors after the beginning come inside a 200.
    let errors = text.lines().filter_map(|line| serde_json::from_str::<Value>(line).ok()).find_map(|line| line.get("error").cloned());
    match errors {
        Some(error) => Err(Error::Answer { peer: PEER.to_owned(), what: format!("{path}: {error}") }),
        None => Ok(()),
    }
}

/// What the managers think of this node: `ready`, and what kind of node it is.
pub fn node_state(info: &Value, manager: bool) -> Result<Gate<String>, Error> {
    if !manager {
        // A worker may not ask; that its manager gave it an id and a connection is all it can know.
        let id = info.pointer("/Swarm/NodeID").and_then(Value::as_str).unwrap_or("");
        let managers = info.pointer("/Swarm/RemoteManagers").and_then(Value::as_array).map_or(0, Vec::len);
        return Ok(if id.is_empty() || managers == 0 {
            Gate::Closed("no manager yet".to_owned())
        } else {
            Gate::Open("worker".to_owned())
        });
    }
    let id = info.pointer("/Swarm/NodeID").and_then(Value::as_str).unwrap_or("");
    let node = get(&format!("/nodes/{id}"))?;
    let state = node.pointer("/Status/State").and_then(Value::as_str).unwrap_or("unknown");
    if state != "ready" {
        return Ok(Gate::Closed(format!("it is {state}")));
    }
    Ok(match unheard(&get("/nodes")?) {
        Some(name) => Gate::Closed(format!("Docker has not heard of {name} since it started")),
        None => Gate::Open("manager".to_owned()),
    })
}

/// A node of which the managers know nothing yet: after a start of theirs all are `unknown`, until each has come back
/// (`ready`) or is given up (`down`), some seconds later.
fn unheard(nodes: &Value) -> Option<&str> {
    let unknown = |node: &&Value| node.pointer("/Status/State").and_then(Value::as_str) == Some("unknown");
    nodes.as_array()?.iter().find(unknown)?.pointer("/Description/Hostname").and_then(Value::as_str).or(Some("a node"))
}

fn open(limit: Duration) -> Result<UnixStream, Error> {
    let stream = UnixStream::connect(SOCKET).map_err(lost)?;
    stream.set_read_timeout(Some(limit)).map_err(lost)?;
    stream.set_write_timeout(Some(limit)).map_err(lost)?;
    Ok(stream)
}

fn answer(stream: UnixStream) -> Result<String, Error> {
    let odd = |what: &str| Error::Answer { peer: PEER.to_owned(), what: what.to_owned() };
    let mut reader = BufReader::new(stream);
    let mut line = String::new();
    reader.read_line(&mut line).map_err(lost)?;
    let status: u16 = line.split(' ').nth(1).and_then(|word| word.parse().ok()).ok_or_else(|| odd("not HTTP"))?;
    let mut chunked = false;
    let mut length = None;
    loop {
        line.clear();
        reader.read_line(&mut line).map_err(lost)?;
        let header = line.trim().to_ascii_lowercase();
        if header.is_empty() {
            break;
        }
        chunked |= header == "transfer-encoding: chunked";
        length = header.strip_prefix("content-length: ").and_then(|n| n.parse::<u64>().ok()).or(length);
    }
    let mut body = Vec::new();
    if chunked {
        read_chunks(&mut reader, &mut body)?;
    } else {
        reader.take(length.unwrap_or(MOST_ANSWER).min(MOST_ANSWER)).read_to_end(&mut body).map_err(lost)?;
    }
    let text = String::from_utf8_lossy(&body).into_owned();
    if (200..300).contains(&status) {
        return Ok(text);
    }
    let parsed: Option<Value> = serde_json::from_str(&text).ok();
    let message = parsed.as_ref().and_then(|body| body.get("message")).and_then(Value::as_str).unwrap_or(text.trim());
    Err(Error::Refused { peer: PEER.to_owned(), status, what: message.to_owned() })
}

fn read_chunks(reader: &mut impl BufRead, body: &mut Vec<u8>) -> Result<(), Error> {
    let odd = || Error::Answer { peer: PEER.to_owned(), what: "a broken chunk".to_owned() };
    loop {
        let mut line = String::new();
        reader.read_line(&mut line).map_err(lost)?;
        let size = u64::from_str_radix(line.trim().split(';').next().unwrap_or(""), 16).map_err(|_| odd())?;
        if size == 0 {
            return Ok(());
        }
        if size + body.len() as u64 > MOST_ANSWER {
            return Err(odd());
        }
        reader.by_ref().take(size).read_to_end(body).map_err(lost)?;
        line.clear();
        reader.read_line(&mut line).map_err(lost)?;
    }
}

fn lost(error: std::io::Error) -> Error {
    Error::Unreachable { peer: PEER.to_owned(), what: error.to_string() }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_node_that_is_down_is_not_waited_for_but_one_not_heard_of_is() {
        let nodes = |states: &[&str]| -> Value {
            let node = |(n, state): (usize, &&str)| serde_json::json!({"Description": {"Hostname": format!("node-{n}")}, "Status": {"State": state}});
            states.iter().enumerate().map(node).collect()
        };
        assert_eq!(unheard(&nodes(&["ready", "down", "ready"])), None);
        assert_eq!(unheard(&nodes(&["ready", "unknown"])), Some("node-1"));
        assert_eq!(unheard(&serde_json::json!([{"Status": {"State": "unknown"}}])), Some("a node"), "it has not described itself yet");
        assert_eq!(unheard(&Value::Null), None);
    }

    #[test]
    fn an_answer_in_chunks_is_put_together() {
        let mut body = Vec::new();
        read_chunks(&mut &b"4\r\nwiki\r\n5;x=y\r\npedia\r\n0\r\n\r\n"[..], &mut body).unwrap();
        assert_eq!(body, b"wikipedia");
        assert!(read_chunks(&mut &b"zz\r\n"[..], &mut Vec::new()).is_err());
        assert!(read_chunks(&mut &b"ffffffffff\r\n"[..], &mut Vec::new()).is_err());
    }
}
