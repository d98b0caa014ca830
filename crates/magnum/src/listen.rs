// SPDX-License-Identifier: Apache-2.0
//! Serves the API on a listener, in the clear or over TLS.

use crate::tls::Tls;
use axum::Router;
use axum::serve::Listener;
use magnum_cli::HookError;
use std::future::Future;
use std::io;
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::{Semaphore, mpsc};
use tokio::task::{AbortHandle, JoinSet};
use tokio_rustls::TlsAcceptor;
use tokio_rustls::server::TlsStream;

/// How long a client may take to agree on TLS.
const HANDSHAKE: Duration = Duration::from_secs(10);
/// How many clients may be doing that at a time; further ones wait to be accepted.
const AT_ONCE: usize = 1024;
/// The most bytes of a request in the clear that are read to let its sender read the answer.
const MOST_READ: u64 = 64 << 10;

/// The scheme of URLs that lead here.
pub fn scheme(tls: Option<&Tls>) -> &'static str {
    if tls.is_some() { "https" } else { "http" }
}

/// Serves until told to stop, then lets requests under way come to their end.
pub async fn serve(
    listener: TcpListener,
    tls: Option<Tls>,
    router: Router,
    stop: impl Future<Output = ()> + Send + 'static,
) -> Result<(), HookError> {
    let ended = match tls {
        None => axum::serve(listener, router).with_graceful_shutdown(stop).await,
        Some(tls) => {
            let listener = Encrypted::new(listener, &tls, HANDSHAKE)?;
            let _watch = EndsWith(tokio::spawn(tls.watch()).abort_handle());
            axum::serve(listener, router).with_graceful_shutdown(stop).await
        }
    };
    ended.map_err(|error| HookError::new(format!("the API ended: {error}")))
}

/// A task that ends with whoever holds this.
struct EndsWith(AbortHandle);

impl Drop for EndsWith {
    fn drop(&mut self) {
        self.0.abort();
    }
}

/// Connections on which TLS is agreed. A client that is slow at that holds up no other.
struct Encrypted {
    address: SocketAddr,
    ready: mpsc::Receiver<(TlsStream<TcpStream>, SocketAddr)>,
    _task: EndsWith,
}

impl Encrypted {
    fn new(listener: TcpListener, tls: &Tls, limit: Duration) -> Result<Self, HookError> {
        let address = listener.local_addr().map_err(|error| HookError::new(format!("the API's address is not known: {error}")))?;
        let acceptor = TlsAcceptor::from(Arc::new(tls.server()?));
        let (sender, ready) = mpsc::channel(64);
        let task = EndsWith(tokio::spawn(accept(listener, acceptor, limit, sender)).abort_handle());
        Ok(Self { address, ready, _task: task })
    }
}

impl Listener for Encrypted {
    type Io = TlsStream<TcpStream>;
    type Addr = SocketAddr;

    async fn accept(&mut self) -> (Self::Io, Self::Addr) {
        match self.ready.recv().await {
            Some(connection) => connection,
            // The task that accepts ends with this listener only.
            None => std::future::pending().await,
        }
    }

    fn local_addr(&self) -> io::Result<SocketAddr> {
        Ok(self.address)
    }
}

async fn accept(
    mut listener: TcpListener,
    acceptor: TlsAcceptor,
    limit: Duration,
    ready: mpsc::Sender<(TlsStream<TcpStream>, SocketAddr)>,
) {
    let room = Arc::new(Semaphore::new(AT_ONCE));
    // Those that are under way end with this task.
    let mut handshakes = JoinSet::new();
    loop {
        while handshakes.try_join_next().is_some() {}
        let Ok(permit) = Arc::clone(&room).acquire_owned().await else { return };
        let (stream, peer) = Listener::accept(&mut listener).await;
        let (acceptor, ready) = (acceptor.clone(), ready.clone());
        handshakes.spawn(async move {
            let _permit = permit;
            // Small answers go out at once.
            let _ = stream.set_nodelay(true);
            match tokio::time::timeout(limit, agree(&acceptor, stream)).await {
                Ok(Ok(stream)) => drop(ready.send((stream, peer)).await),
                Ok(Err(error)) => tracing::debug!(%peer, %error, "a client and the API did not agree on TLS"),
                Err(_) => tracing::debug!(%peer, "a client did not agree on TLS in time"),
            }
        });
    }
}

/// Agrees on TLS. A client that speaks HTTP in the clear is told so: no TLS begins with a letter, and every request does.
async fn agree(acceptor: &TlsAcceptor, mut stream: TcpStream) -> io::Result<TlsStream<TcpStream>> {
    let mut first = [0];
    if stream.peek(&mut first).await? == 0 || !first[0].is_ascii_alphabetic() {
        return acceptor.accept(stream).await;
    }
    stream.write_all(in_the_clear().as_bytes()).await?;
    stream.shutdown().await?;
    // What is not read when the connection is closed takes the answer with it.
    tokio::io::copy(&mut (&mut stream).take(MOST_READ), &mut tokio::io::sink()).await?;
    Err(io::Error::other("it speaks HTTP in the clear"))
}

/// The answer to a request in the clear, in the form of all other refusals.
fn in_the_clear() -> String {
    let detail = "This port speaks TLS only. Use an address that begins with https://";
    let body = magnum_api::error_body("", "client", 400, "Bad Request", detail).to_string();
    let length = body.len();
    format!("HTTP/1.1 400 Bad Request\r\nContent-Type: application/json\r\nContent-Length: {length}\r\nConnection: close\r\n\r\n{body}")
}

#[cfg(test)]
mod tests;
