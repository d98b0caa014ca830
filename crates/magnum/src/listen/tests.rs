// SPDX-License-Identifier: Apache-2.0
use super::*;
use crate::tls::tests::Material;
use axum::routing::get;
use rustls::pki_types::{CertificateDer, ServerName, pem::PemObject};
use rustls::version::{TLS12, TLS13};
use rustls::{ClientConfig, RootCertStore, SupportedProtocolVersion};
use std::process::Stdio;
use std::time::Instant;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::sync::{Notify, oneshot};
use tokio::task::JoinHandle;
use tokio_rustls::TlsConnector;
use tokio_rustls::client::TlsStream as ClientStream;

/// More than any step of a test takes.
const PATIENCE: Duration = Duration::from_secs(20);

/// A server with a certificate of its own.
struct Server {
    material: Material,
    address: SocketAddr,
    stop: oneshot::Sender<()>,
    /// `/slow` was asked for.
    came: Arc<Notify>,
    /// Lets it answer.
    go: Arc<Notify>,
    task: JoinHandle<Result<(), HookError>>,
}

impl Server {
    async fn start() -> Self {
        let material = Material::new();
        let tls = material.tls().unwrap();
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        let (stop, stopped) = oneshot::channel();
        let (came, go) = (Arc::new(Notify::new()), Arc::new(Notify::new()));
        let slow = (Arc::clone(&came), Arc::clone(&go));
        let router = Router::new().route("/", get(async || "hello")).route(
            "/slow",
            get(async move || {
                slow.0.notify_one();
                slow.1.notified().await;
                "late"
            }),
        );
        let task = tokio::spawn(serve(listener, Some(tls), router, async { drop(stopped.await) }));
        Self { material, address, stop, came, go, task }
    }

    async fn connect(&self, versions: &[&'static SupportedProtocolVersion], protocols: &[&str]) -> io::Result<ClientStream<TcpStream>> {
        let mut roots = RootCertStore::empty();
        roots.add(CertificateDer::from_pem_slice(self.material.authority.as_bytes()).unwrap()).unwrap();
        let provider = Arc::new(rustls::crypto::aws_lc_rs::default_provider());
        let builder = ClientConfig::builder_with_provider(provider).with_protocol_versions(versions).unwrap();
        let mut client = builder.with_root_certificates(roots).with_no_client_auth();
        client.alpn_protocols = protocols.iter().map(|name| name.as_bytes().to_vec()).collect();
        let stream = TcpStream::connect(self.address).await?;
        TlsConnector::from(Arc::new(client)).connect(ServerName::try_from("127.0.0.1").unwrap(), stream).await
    }

    /// Whose certificate is shown, to a client that trusts the authority.
    async fn shown(&self) -> String {
        let stream = self.connect(&[&TLS13], &[]).await.unwrap();
        let (_, connection) = stream.get_ref();
        magnum_pki::Certificate::from_der(&connection.peer_certificates().unwrap()[0]).unwrap().subject.common_name
    }

    async fn end(self) {
        self.stop.send(()).unwrap();
        within(self.task).await.unwrap().unwrap();
    }
}

async fn within<T>(work: impl Future<Output = T>) -> T {
    tokio::time::timeout(PATIENCE, work).await.expect("it takes too long")
}

async fn answer(mut stream: ClientStream<TcpStream>, path: &str) -> String {
    let request = format!("GET {path} HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n");
    stream.write_all(request.as_bytes()).await.unwrap();
    let mut text = String::new();
    within(stream.read_to_string(&mut text)).await.unwrap();
    text
}

#[tokio::test]
async fn both_versions_of_tls_are_spoken() {
    let server = Server::start().await;
    for (version, protocols) in [(&TLS12, &["http/1.1"][..]), (&TLS13, &["h2", "http/1.1"]), (&TLS13, &["http/1.0"]), (&TLS13, &[])] {
        let stream = within(server.connect(&[version], protocols)).await.unwrap();
        assert_eq!(stream.get_ref().1.protocol_version(), Some(version.version));
        assert_eq!(stream.get_ref().1.alpn_protocol(), protocols.last().map(|name| name.as_bytes()));
        let text = answer(stream, "/").await;
        assert!(text.starts_with("HTTP/1.1 200 OK") && text.ends_with("hello"), "{text}");
    }
    server.end().await;
}

#[tokio::test]
async fn a_changed_certificate_is_shown_without_a_restart() {
    let server = Server::start().await;
    assert_eq!(server.shown().await, "api.test");
    let old = server.connect(&[&TLS13], &[]).await.unwrap();
    server.material.renew("second.test");
    within(async {
        while server.shown().await != "second.test" {
            tokio::time::sleep(Duration::from_millis(50)).await;
        }
    })
    .await;
    assert!(answer(old, "/").await.ends_with("hello"), "a connection of before lives on");
    server.end().await;
}

#[tokio::test]
async fn a_client_that_does_not_agree_holds_up_nobody_and_is_dropped() {
    let material = Material::new();
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    let mut encrypted = Encrypted::new(listener, &material.tls().unwrap(), Duration::from_millis(300)).unwrap();
    let began = Instant::now();
    let mut silent = TcpStream::connect(address).await.unwrap();
    let mut wrong = TcpStream::connect(address).await.unwrap();
    wrong.write_all(b"\x16\x03\x01\x00\x02xx").await.unwrap();
    let mut rest = Vec::new();
    assert!(within(silent.read_to_end(&mut rest)).await.is_ok() && rest.is_empty());
    assert!(began.elapsed() >= Duration::from_millis(300));
    let _ = within(wrong.read_to_end(&mut rest)).await;
    assert!(!rest.starts_with(b"HTTP"), "{rest:?}");
    assert!(tokio::time::timeout(Duration::from_millis(50), Listener::accept(&mut encrypted)).await.is_err());
}

#[tokio::test]
async fn a_request_in_the_clear_is_told_so_and_not_answered() {
    let server = Server::start().await;
    for request in ["GET / HTTP/1.1\r\nHost: x\r\n\r\n".to_owned(), format!("POST / HTTP/1.1\r\n\r\n{}", "x".repeat(20_000))] {
        let mut plain = TcpStream::connect(server.address).await.unwrap();
        plain.write_all(request.as_bytes()).await.unwrap();
        let mut text = String::new();
        within(plain.read_to_string(&mut text)).await.unwrap();
        assert!(text.starts_with("HTTP/1.1 400 ") && text.contains("begins with https://") && !text.contains("hello"), "{text}");
        let (head, body) = text.split_once("\r\n\r\n").unwrap();
        assert!(head.contains(&format!("Content-Length: {}\r\n", body.len())), "{text}");
        serde_json::from_str::<serde_json::Value>(body).unwrap();
    }
    server.end().await;
}

#[tokio::test]
async fn a_request_under_way_is_answered_when_the_server_ends() {
    let server = Server::start().await;
    let stream = server.connect(&[&TLS13], &[]).await.unwrap();
    let slow = tokio::spawn(async move { answer(stream, "/slow").await });
    within(server.came.notified()).await;
    server.stop.send(()).unwrap();
    server.go.notify_one();
    assert!(within(slow).await.unwrap().ends_with("late"));
    within(server.task).await.unwrap().unwrap();
    assert!(TcpStream::connect(server.address).await.is_err(), "nobody listens any more");
}

/// OpenSSL's own client: what most Python programs speak through.
#[tokio::test]
async fn openssl_agrees() {
    let server = Server::start().await;
    let authority = server.material.path("ca.pem");
    std::fs::write(&authority, &server.material.authority).unwrap();
    for (version, good) in [("-tls1_3", true), ("-tls1_2", true), ("-tls1_1", false)] {
        let mut command = tokio::process::Command::new("openssl");
        command.args(["s_client", "-connect", &server.address.to_string(), "-verify_return_error", "-verify_ip", "127.0.0.1", version]);
        command.arg("-CAfile").arg(&authority).args(["-quiet", "-ign_eof"]);
        let command = command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped()).kill_on_drop(true);
        let mut child = command.spawn().expect("openssl is not installed");
        let _ = child.stdin.take().unwrap().write_all(b"GET / HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n").await;
        let output = within(child.wait_with_output()).await.unwrap();
        let text = String::from_utf8_lossy(&output.stdout);
        assert_eq!(text.contains("200 OK"), good, "{version}: {text} {}", String::from_utf8_lossy(&output.stderr));
    }
    server.end().await;
}
