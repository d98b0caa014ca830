// SPDX-License-Identifier: Apache-2.0
//! Where the server is and which token it wants: an address and a token that are named first, then a login to Keystone if one
//! is asked for, then what a server on this machine left in its state directory. The private token of the state directory is
//! never sent to another machine.

use crate::error::Error;
use crate::global::Global;
use crate::login::{self, Let, Login, Surroundings, Wish};
use magnum_cloud::Tls;
use reqwest::Url;
use secrecy::{ExposeSecret, SecretString};
use std::path::Path;

const DEFAULT_URL: &str = "http://127.0.0.1:9511";

/// A server to talk to.
#[derive(Debug)]
pub(crate) struct Endpoint {
    pub url: Url,
    pub token: Option<SecretString>,
    /// How its certificate is checked.
    pub tls: Tls,
    /// What to do when it does not answer.
    pub start_hint: String,
    /// Why there is no token.
    pub token_hint: Option<String>,
}

/// Where a server is, or how that is learnt.
#[derive(Debug)]
pub(crate) enum Reach {
    Straight(Box<Endpoint>),
    Keystone(Box<Login>),
}

/// Finds the server: what is named goes before what a login finds out, and that before this machine's own server.
pub(crate) fn discover(global: &Global, around: &Surroundings, ask: &dyn Fn(&str) -> Option<SecretString>) -> Result<Reach, Error> {
    let given = global.url.clone().filter(|url| !url.is_empty());
    let token = global.token.clone().filter(|token| !token.expose_secret().is_empty());
    let named = given.as_deref().map(address).transpose()?;
    if let (Some(_), Some(_)) = (&named, &token) {
        return own(global, around, token);
    }
    let left = read(&global.state_dir.join("endpoint"));
    let alone = named.is_none() && token.is_none() && left.is_err_and(|error| error.kind() == std::io::ErrorKind::NotFound);
    let wish = match (Wish::find(&global.openstack, around, alone)?, &token) {
        (None, _) => return own(global, around, token),
        (Some(wish), None) => wish,
        // Keystone is asked with it where Magnum is.
        (Some(wish), Some(token)) => wish.showing(token.clone()),
    };
    match wish.prepare(named, ask)? {
        Let::Keystone(login) => Ok(Reach::Keystone(login)),
        Let::Straight { url, token, tls } => {
            let start_hint = "is that Magnum's address? It is said by --os-endpoint-override or its variables".to_owned();
            Ok(Reach::Straight(Box::new(Endpoint { url, token, tls, start_hint, token_hint: None })))
        }
    }
}

/// A server that is named, or this machine's.
fn own(global: &Global, around: &Surroundings, token: Option<SecretString>) -> Result<Reach, Error> {
    let (endpoint, file) = (global.state_dir.join("endpoint"), global.state_dir.join("token"));
    let left = read(&endpoint);
    let given = global.url.clone().filter(|url| !url.is_empty());
    let text = given.clone().or_else(|| left.as_ref().ok().cloned()).unwrap_or_else(|| DEFAULT_URL.to_owned());
    let url = address(&text)?;
    let own = is_loopback(&url) || left.as_ref().is_ok_and(|left| *left == text);
    let mut token_hint = None;
    let token = match token {
        None if own => {
            read(&file).map_err(|error| token_hint = denied(&error, &file, "--token or MAGNUM_TOKEN")).ok().map(SecretString::from)
        }
        given => given,
    };
    let start_hint = match (&given, &left) {
        (Some(_), _) => "start one with `magnum serve`, or check --url and MAGNUM_URL".to_owned(),
        (None, Ok(_)) => "the server that last used this state directory has ended; start it with `magnum serve`".to_owned(),
        (None, Err(error)) => denied(error, &endpoint, "--url or MAGNUM_URL").unwrap_or_else(|| {
            let dir = global.state_dir.display();
            let clouds = login::clouds_there(around);
            format!("start one with `magnum serve`, or name one with --url or MAGNUM_URL (no server left its address in {dir}){clouds}")
        }),
    };
    let tls = login::tls_of(&global.openstack, around);
    Ok(Reach::Straight(Box::new(Endpoint { url, token, tls, start_hint, token_hint })))
}

fn address(text: &str) -> Result<Url, Error> {
    let url = Url::parse(text).ok().filter(|url| url.has_host() && matches!(url.scheme(), "http" | "https"));
    url.ok_or_else(|| Error::usage(format!("{text:?} is not the address of a server, such as {DEFAULT_URL}")))
}

fn denied(error: &std::io::Error, path: &Path, instead: &str) -> Option<String> {
    let denied = error.kind() == std::io::ErrorKind::PermissionDenied;
    denied.then(|| format!("{} may be read by its owner only: use sudo, {instead}", path.display()))
}

fn read(path: &Path) -> std::io::Result<String> {
    let text = std::fs::read_to_string(path)?.trim().to_owned();
    if text.is_empty() { Err(std::io::ErrorKind::NotFound.into()) } else { Ok(text) }
}

/// Whether an address is this machine's own.
pub(crate) fn is_loopback(url: &Url) -> bool {
    let host = url.host_str().unwrap_or_default();
    let address = host.trim_matches(['[', ']']).parse::<std::net::IpAddr>();
    host == "localhost" || address.is_ok_and(|address| address.is_loopback())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::global::Output;
    use crate::login::OpenStack;

    fn global(dir: &Path, url: Option<&str>, token: Option<&str>) -> Global {
        Global {
            url: url.map(str::to_owned),
            token: token.map(SecretString::from),
            openstack: OpenStack::default(),
            cliff: crate::output::Cliff::default(),
            state_dir: dir.to_owned(),
            output: Output::Table,
            column: Vec::new(),
            os_cache: false,
            debug: false,
        }
    }

    fn straight(global: &Global) -> Result<Endpoint, Error> {
        match discover(global, &Surroundings { directory: global.state_dir.clone(), ..Surroundings::default() }, &|_| None)? {
            Reach::Straight(endpoint) => Ok(*endpoint),
            Reach::Keystone(_) => panic!("nobody named a Keystone"),
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
            let found = straight(&global(dir.path(), url, token)).unwrap();
            assert_eq!(found.url.as_str(), wanted_url);
            assert_eq!(found.token.as_ref().map(ExposeSecret::expose_secret), wanted_token, "{url:?}");
        }
    }

    #[test]
    fn without_any_word_the_usual_address_is_tried() {
        let dir = tempfile::tempdir().unwrap();
        let found = straight(&global(dir.path(), None, None)).unwrap();
        assert_eq!(found.url.as_str(), "http://127.0.0.1:9511/");
        assert!(found.start_hint.contains("magnum serve"));
        for bad in ["x", "ftp://a", "file:///etc/passwd", "127.0.0.1:9511"] {
            assert!(straight(&global(dir.path(), Some(bad), None)).is_err(), "{bad}");
        }
    }
}
