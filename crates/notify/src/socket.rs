// SPDX-License-Identifier: Apache-2.0
//! Connections for the AMQP library, made here: with our limits, our TLS, and errors that say which of the two failed.

use crate::error::Error;
use crate::tls::TlsFiles;
use async_compat::{Compat, CompatExt};
use async_rs::Tokio;
use async_rs::traits::Reactor;
use async_rs::util::RuntimeParts;
use futures::Stream;
use futures::io::{AsyncRead, AsyncWrite};
use std::io::{Read, Write};
use std::net::SocketAddr;
use std::time::{Duration, Instant};
use tokio::net::TcpStream;
use tokio_rustls::TlsConnector;

/// A stream of bytes, encrypted or not.
pub(crate) trait Bytes: tokio::io::AsyncRead + tokio::io::AsyncWrite + Send + Unpin {}

impl<T: tokio::io::AsyncRead + tokio::io::AsyncWrite + Send + Unpin> Bytes for T {}

/// A connection as the library takes it.
pub(crate) type Socket = Compat<Box<dyn Bytes>>;

/// What the library runs on: this process's tokio, with connections that are made beforehand.
pub(crate) type Kit = RuntimeParts<Tokio, Beforehand>;

pub(crate) fn kit() -> Kit {
    RuntimeParts::new(Tokio::current(), Beforehand(Tokio::current()))
}

/// Connects to a broker; the caller limits the time.
pub(crate) async fn connect(name: &str, port: u16, tls: Option<&TlsFiles>) -> Result<Socket, Error> {
    let place = || format!("{name}:{port}");
    let unreachable = |source| Error::Unreachable { place: place(), source };
    let stream = TcpStream::connect((name, port)).await.map_err(unreachable)?;
    stream.set_nodelay(true).map_err(unreachable)?;
    let Some(files) = tls else { return Ok((Box::new(stream) as Box<dyn Bytes>).compat()) };
    let broken = |source| Error::Tls { place: place(), source };
    let server = rustls::pki_types::ServerName::try_from(name.to_owned()).map_err(|error| broken(std::io::Error::other(error)))?;
    let stream = TlsConnector::from(files.config().await?).connect(server, stream).await.map_err(broken)?;
    Ok((Box::new(stream) as Box<dyn Bytes>).compat())
}

/// Tokio's reactor, but that it makes no connections itself.
#[derive(Debug, Clone)]
pub(crate) struct Beforehand(Tokio);

impl Reactor for Beforehand {
    type TcpStream = Socket;
    type Sleep = <Tokio as Reactor>::Sleep;

    fn register<H: Read + Write + Send + 'static>(&self, _: H) -> std::io::Result<impl AsyncRead + AsyncWrite + Send + Unpin + 'static> {
        Err::<Socket, _>(beforehand())
    }

    fn sleep(&self, duration: Duration) -> Self::Sleep {
        self.0.sleep(duration)
    }

    fn interval(&self, duration: Duration) -> impl Stream<Item = Instant> + Send + 'static {
        self.0.interval(duration)
    }

    fn tcp_connect_addr(&self, _: SocketAddr) -> impl Future<Output = std::io::Result<Self::TcpStream>> + Send + 'static {
        std::future::ready(Err(beforehand()))
    }
}

fn beforehand() -> std::io::Error {
    std::io::Error::other("connections are made beforehand")
}
