// SPDX-License-Identifier: Apache-2.0
//! A stand-in for services of OpenStack: it answers by script and remembers what it was asked.
#![allow(clippy::unwrap_used, reason = "tests")]

use std::sync::{Arc, Mutex};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};

/// One scripted answer: status, further header lines, body.
pub type Scripted = (u16, String, String);
type Play = dyn Fn(&str, usize) -> Option<Scripted> + Send + Sync;

/// Plays services on a loopback port and remembers every request it got.
#[derive(Clone)]
pub struct StandIn {
    pub url: String,
    pub seen: Arc<Mutex<Vec<String>>>,
}

impl StandIn {
    /// `play` gets a request's head and how often the same request line came before; None closes the connection without a word.
    pub async fn start(play: impl Fn(&str, usize) -> Option<Scripted> + Send + Sync + 'static) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let url = format!("http://{}", listener.local_addr().unwrap());
        let seen = Arc::new(Mutex::new(Vec::new()));
        let (play, kept): (Arc<Play>, _) = (Arc::new(play), Arc::clone(&seen));
        tokio::spawn(async move {
            while let Ok((stream, _)) = listener.accept().await {
                tokio::spawn(serve(stream, Arc::clone(&play), Arc::clone(&kept)));
            }
        });
        Self { url, seen }
    }

    pub fn count(&self, start: &str) -> usize {
        self.seen.lock().unwrap().iter().filter(|head| head.starts_with(start)).count()
    }

    pub fn head(&self, start: &str) -> String {
        self.seen.lock().unwrap().iter().find(|head| head.starts_with(start)).cloned().unwrap_or_default()
    }
}

async fn serve(mut stream: TcpStream, play: Arc<Play>, seen: Arc<Mutex<Vec<String>>>) {
    let mut buffer = Vec::new();
    loop {
        let end = loop {
            if let Some(end) = buffer.windows(4).position(|w| w == b"\r\n\r\n") {
                break end + 4;
            }
            let mut chunk = [0; 4096];
            match stream.read(&mut chunk).await {
                Ok(0) | Err(_) => return,
                Ok(read) => buffer.extend_from_slice(&chunk[..read]),
            }
        };
        let head = String::from_utf8_lossy(&buffer[..end]).into_owned();
        let length = head.lines().find_map(|l| l.to_lowercase().strip_prefix("content-length: ")?.parse::<usize>().ok()).unwrap_or(0);
        while buffer.len() < end + length {
            let mut chunk = [0; 4096];
            match stream.read(&mut chunk).await {
                Ok(0) | Err(_) => return,
                Ok(read) => buffer.extend_from_slice(&chunk[..read]),
            }
        }
        buffer.drain(..end + length);
        let line = head.lines().next().unwrap_or_default().to_owned();
        let before = {
            let mut seen = seen.lock().unwrap();
            let before = seen.iter().filter(|head| head.starts_with(&line)).count();
            seen.push(head.clone());
            before
        };
        let Some((status, headers, body)) = play(&head, before) else { return };
        let answer = format!("HTTP/1.1 {status} X\r\nContent-Length: {}\r\n{headers}\r\n{body}", body.len());
        if stream.write_all(answer.as_bytes()).await.is_err() {
            return;
        }
    }
}
