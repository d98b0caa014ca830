// SPDX-License-Identifier: Apache-2.0
//! A relay in front of a service that counts the requests passing through it.

use anyhow::{Context, Result};
use std::io::{Read, Write};
use std::net::{Shutdown, SocketAddr, TcpListener, TcpStream};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::thread::JoinHandle;
use std::time::Duration;

/// Passes connections on to a loopback port and notes each one's request line: the service behind it must close after one
/// request. A request is noted before it is passed on.
pub struct Counting {
    address: SocketAddr,
    seen: Arc<Mutex<Vec<String>>>,
    ended: Arc<AtomicBool>,
    accepting: Option<JoinHandle<()>>,
}

impl Counting {
    /// Listens on a port of its own.
    pub fn before(port: u16) -> Result<Self> {
        let listener = TcpListener::bind("127.0.0.1:0").context("listening")?;
        let address = listener.local_addr().context("reading the port")?;
        let (seen, ended) = (Arc::new(Mutex::new(Vec::new())), Arc::new(AtomicBool::new(false)));
        let (noted, over) = (Arc::clone(&seen), Arc::clone(&ended));
        let accepting = std::thread::spawn(move || {
            for client in listener.incoming().map_while(Result::ok) {
                if over.load(Ordering::Acquire) {
                    break;
                }
                let noted = Arc::clone(&noted);
                std::thread::spawn(move || relay(client, port, &noted));
            }
        });
        Ok(Self { address, seen, ended, accepting: Some(accepting) })
    }

    /// The relay's own address.
    pub fn url(&self) -> String {
        format!("http://{}", self.address)
    }

    /// How many request lines began like this.
    pub fn count(&self, start: &str) -> usize {
        let seen = self.seen.lock().unwrap_or_else(PoisonError::into_inner);
        seen.iter().filter(|line| line.starts_with(start)).count()
    }
}

impl Drop for Counting {
    fn drop(&mut self) {
        self.ended.store(true, Ordering::Release);
        // Wakes the one who accepts.
        let _ = TcpStream::connect(self.address);
        let _ = self.accepting.take().map(JoinHandle::join);
    }
}

fn relay(mut client: TcpStream, port: u16, seen: &Mutex<Vec<String>>) {
    let limit = Some(Duration::from_secs(60));
    let (_, _) = (client.set_read_timeout(limit), client.set_write_timeout(limit));
    let mut head = Vec::new();
    let mut chunk = [0; 8192];
    while !head.contains(&b'\n') {
        match client.read(&mut chunk) {
            Ok(read) if read > 0 => head.extend_from_slice(&chunk[..read]),
            _ => return,
        }
    }
    let line = String::from_utf8_lossy(&head);
    seen.lock().unwrap_or_else(PoisonError::into_inner).push(line.lines().next().unwrap_or_default().to_owned());
    // A service that is not there: the client sees its connection end.
    let Ok(mut service) = TcpStream::connect(("127.0.0.1", port)) else { return };
    if service.write_all(&head).is_err() {
        return;
    }
    let (Ok(mut from), Ok(mut to)) = (client.try_clone(), service.try_clone()) else { return };
    let up = std::thread::spawn(move || {
        let _ = std::io::copy(&mut from, &mut to);
        let _ = to.shutdown(Shutdown::Write);
    });
    let _ = std::io::copy(&mut service, &mut client);
    let _ = client.shutdown(Shutdown::Both);
    let _ = up.join();
}
