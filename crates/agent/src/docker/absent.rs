// SPDX-License-Identifier: Apache-2.0
//! Tells the kubelet that there is nothing for it in Docker.
//!
//! At its start a kubelet of 1.20 asks Docker where its files are, and does not take silence for an answer: at Docker's
//! real socket the question would start Docker on every node, at none it waits five seconds. So the kubelet is given
//! this socket (`--docker`), which knows that one answer.

use crate::error::Error;
use crate::file;
use crate::report::complain;
use std::io::{BufRead, BufReader, Write};
use std::os::unix::net::{UnixListener, UnixStream};
use std::path::Path;
use std::thread;
use std::time::Duration;

/// Where it listens.
pub const SOCKET: &str = "/run/magnum/no-docker.sock";
const ANSWER: &str = r#"{"DockerRootDir":"/var/lib/docker"}"#;

/// Starts answering, in a thread of its own, for as long as this program runs.
pub fn serve() -> Result<(), Error> {
    let path = Path::new(SOCKET);
    file::make_folder(Path::new("/run/magnum"), 0o755)?;
    file::remove(path)?;
    let listener = UnixListener::bind(path).map_err(|source| Error::File { action: "listen on", path: path.to_owned(), source })?;
    let work = move || listener.incoming().filter_map(Result::ok).for_each(|stream| drop(answer(&stream)));
    if let Err(error) = thread::Builder::new().name("no-docker".to_owned()).stack_size(64 << 10).spawn(work) {
        complain(&format!("magnum-agent: {SOCKET}: {error}"));
    }
    Ok(())
}

/// One request, one answer, whatever was asked.
fn answer(stream: &UnixStream) -> std::io::Result<()> {
    stream.set_read_timeout(Some(Duration::from_secs(1)))?;
    stream.set_write_timeout(Some(Duration::from_secs(1)))?;
    let mut lines = BufReader::new(stream).lines();
    let head = lines.next().transpose()?.unwrap_or_default();
    while lines.next().transpose()?.is_some_and(|line| !line.is_empty()) {}
    let body = if head.starts_with("HEAD ") { "" } else { ANSWER };
    let length = ANSWER.len();
    write!(
        &mut &*stream,
        "HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nConnection: close\r\nContent-Length: {length}\r\n\r\n{body}"
    )
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::io::Read;

    #[test]
    fn every_question_gets_the_one_answer() {
        for (head, body) in [("GET /info", ANSWER), ("HEAD /_ping", "")] {
            let (mut asker, other) = UnixStream::pair().unwrap();
            asker.write_all(format!("{head} HTTP/1.1\r\nHost: d\r\n\r\n").as_bytes()).unwrap();
            answer(&other).unwrap();
            drop(other);
            let mut text = String::new();
            asker.read_to_string(&mut text).unwrap();
            assert!(text.starts_with("HTTP/1.1 200 OK\r\n") && text.ends_with(&format!("\r\n\r\n{body}")), "{text}");
        }
    }
}
