// SPDX-License-Identifier: Apache-2.0
//! Where the server is and which token it wants: options and environment first, then what a server on this
//! machine left in its state directory. The private token of the state directory is never sent to another machine.

use crate::error::Error;
use crate::global::Global;
use reqwest::Url;
use secrecy::SecretString;
use std::path::Path;

const DEFAULT_URL: &str = "http://127.0.0.1:9511";

/// A server to talk to.
#[derive(Debug, Clone)]
pub(crate) struct Endpoint {
    pub url: Url,
    pub token: Option<SecretString>,
    pub loopback: bool,
    /// What to do when it does not answer.
    pub start_hint: String,
    /// Why there is no token.
    pub token_hint: Option<String>,
}

/// Finds the server.
pub(crate) fn discover(global: &Global) -> Result<Endpoint, Error> {
    let (endpoint, file) = (global.state_dir.join("endpoint"), global.state_dir.join("token"));
    let left = read(&endpoint);
    let given = global.url.clone().filter(|url| !url.is_empty());
    let text = given.clone().or_else(|| left.as_ref().ok().cloned()).unwrap_or_else(|| DEFAULT_URL.to_owned());
    let url = Url::parse(&text).ok().filter(|url| url.has_host() && matches!(url.scheme(), "http" | "https"));
    let url = url.ok_or_else(|| Error::usage(format!("{text:?} is not the address of a server, such as {DEFAULT_URL}")))?;
    let loopback = is_loopback(&url);
    let own = loopback || left.as_ref().is_ok_and(|left| *left == text);
    let mut token_hint = None;
    let token = match global.token.clone().filter(|token| !token.is_empty()) {
        None if own => read(&file).map_err(|error| token_hint = denied(&error, &file, "--token or MAGNUM_TOKEN")).ok(),
        given => given,
    };
    let start_hint = match (&given, &left) {
        (Some(_), _) => "start one with `magnum serve`, or check --url and MAGNUM_URL".to_owned(),
        (None, Ok(_)) => "the server that last used this state directory has ended; start it with `magnum serve`".to_owned(),
        (None, Err(error)) => denied(error, &endpoint, "--url or MAGNUM_URL").unwrap_or_else(|| {
            let dir = global.state_dir.display();
            format!("start one with `magnum serve`, or name one with --url or MAGNUM_URL (no server left its address in {dir})")
        }),
    };
    Ok(Endpoint { url, token: token.map(SecretString::from), loopback, start_hint, token_hint })
}

fn denied(error: &std::io::Error, path: &Path, instead: &str) -> Option<String> {
    let denied = error.kind() == std::io::ErrorKind::PermissionDenied;
    denied.then(|| format!("{} may be read by its owner only: use sudo, {instead}", path.display()))
}

fn read(path: &Path) -> std::io::Result<String> {
    let text = std::fs::read_to_string(path)?.trim().to_owned();
    if text.is_empty() { Err(std::io::ErrorKind::NotFound.into()) } else { Ok(text) }
}

fn is_loopback(url: &Url) -> bool {
    let host = url.host_str().unwrap_or_default();
    let address = host.trim_matches(['[', ']']).parse::<std::net::IpAddr>();
    host == "localhost" || address.is_ok_and(|address| address.is_loopback())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::global::Output;
    use secrecy::ExposeSecret;

    fn global(dir: &Path, url: Option<&str>, token: Option<&str>) -> Global {
        Global {
            url: url.map(str::to_owned),
            token: token.map(str::to_owned),
            state_dir: dir.to_owned(),
            output: Output::Table,
            column: Vec::new(),
            debug: false,
        }
    }

    #[test]
    fn a_private_token_stays_on_this_machine() {
        let dir = tempfile::tempdir().unwrap();
        std::fs::write(dir.path().join("endpoint"), "http://127.0.0.1:1234\n").unwrap();
        std::fs::write(dir.path().join("token"), "private\n").unwrap();
        for (url, token, wanted_url, wanted_token) in [
            (None, None, "http://127.0.0.1:1234/", Some("private")),
            (None, Some("mine"), "http://127.0.0.1:1234/", Some("mine")),
            (Some("http://[::1]:7/"), None, "http://[::1]:7/", Some("private")),
            (Some("http://localhost:7"), None, "http://localhost:7/", Some("private")),
            (Some("https://cloud.example:9511/x"), None, "https://cloud.example:9511/x", None),
            (Some("http://127.evil.example"), None, "http://127.evil.example/", None),
        ] {
            let found = discover(&global(dir.path(), url, token)).unwrap();
            assert_eq!(found.url.as_str(), wanted_url);
            assert_eq!(found.token.as_ref().map(ExposeSecret::expose_secret), wanted_token, "{url:?}");
        }
    }

    #[test]
    fn without_any_word_the_usual_address_is_tried() {
        let dir = tempfile::tempdir().unwrap();
        let found = discover(&global(dir.path(), None, None)).unwrap();
        assert_eq!(found.url.as_str(), "http://127.0.0.1:9511/");
        assert!(found.start_hint.contains("magnum serve"));
        for bad in ["x", "ftp://a", "file:///etc/passwd", "127.0.0.1:9511"] {
            assert!(discover(&global(dir.path(), Some(bad), None)).is_err(), "{bad}");
        }
    }
}
