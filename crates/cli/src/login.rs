// SPDX-License-Identifier: Apache-2.0
//! Logging in to Keystone as python-openstackclient does it: by a cloud of `clouds.yaml`, by the variables `OS_…`, or by the
//! options `--os-…`, which go before both. The catalogue that comes with the token says where Magnum is.
//!
//! What must stay true: a token goes to the catalogue's address or to one that was named, and to no other; whoever names no
//! cloud at all speaks with this machine's own server, and nothing is read or asked for that.

mod clouds;
mod credentials;
mod options;
mod place;
mod values;

pub use options::OpenStack;

use crate::error::{Error, FAILED, USAGE};
use credentials::{Ask, Way, missing, way};
use magnum_cloud::{Cloud, Credentials, Interface, Limits, Proof, Reach, Session, Tls, Transport};
use place::Place;
use reqwest::Url;
use secrecy::SecretString;
use std::collections::BTreeMap;
use std::path::PathBuf;
use std::sync::Arc;
use values::{Values, remedy};

/// Where a command runs, as far as logins depend on it.
#[derive(Debug, Clone, Default)]
pub(crate) struct Surroundings {
    pub environment: BTreeMap<String, String>,
    pub directory: PathBuf,
}

impl Surroundings {
    /// A variable of the environment; an empty one is none.
    pub fn variable(&self, name: &str) -> Option<&str> {
        self.environment.get(name).map(String::as_str).filter(|text| !text.is_empty())
    }
}

/// How the user wants to be let in, as far as he says so.
#[derive(Debug)]
pub(crate) struct Wish {
    values: Values,
}

/// A way to Magnum through Keystone.
#[derive(Debug)]
pub(crate) struct Login {
    session: Session,
    place: Place,
    /// How servers' certificates are checked.
    pub tls: Tls,
    hint: String,
    /// Who says where Keystone is.
    said: String,
}

/// What a wish comes to.
#[derive(Debug)]
pub(crate) enum Let {
    Keystone(Box<Login>),
    /// An address and what to show there; no Keystone is asked.
    Straight {
        url: Url,
        token: Option<SecretString>,
        tls: Tls,
    },
}

impl Wish {
    /// What is wished by options, by `OS_CLOUD` or by the variables of a login; none if nothing is. `alone` is whether the one
    /// cloud of `clouds.yaml` is wished without a word, since there is no server of this machine.
    pub fn find(options: &OpenStack, around: &Surroundings, alone: bool) -> Result<Option<Self>, Error> {
        // A file that nobody asked for is no obstacle.
        let clouds = if alone { clouds::Clouds::read(around).unwrap_or_default() } else { clouds::Clouds::default() };
        let fallback = match clouds.names().as_slice() {
            [one] => Some((*one).to_owned()),
            _ => None,
        };
        let values = Values::gather(options, around, fallback.as_deref().filter(|_| around.variable("OS_AUTH_URL").is_none()))?;
        let straight = values.text("endpoint_override").is_some() && values.text("auth_type").is_some();
        let wished = values.cloud.is_some() || values.text("auth_url").is_some() || straight;
        if wished {
            return Ok(Some(Self { values }));
        }
        let half = ["username", "user_id", "password", "token", "project_name", "project_id", "application_credential_id"];
        match half.iter().find(|key| options.0.contains_key(*key)) {
            Some(_) => Err(missing(&values, "auth_url", "Keystone")),
            None => Ok(None),
        }
    }

    /// The same with this token to show.
    pub fn showing(mut self, token: SecretString) -> Self {
        self.values.overlay(&OpenStack::default().with("token", token));
        self
    }

    /// Prepares the login; nothing is sent. `url` is where Magnum is, if that was named.
    pub fn prepare(self, url: Option<Url>, ask: Ask<'_>) -> Result<Let, Error> {
        let values = self.values;
        let given = match values.text("endpoint_override") {
            Some(text) if url.is_none() => Some(address(&text, values.origin_of("endpoint_override"))?),
            _ => url,
        };
        let tls = tls(&values);
        let straight = |token| match given.clone() {
            Some(url) => Ok(Let::Straight { url, token, tls: tls.clone() }),
            None => Err(missing(&values, "endpoint_override", "address of Magnum")),
        };
        match way(&values, ask)? {
            Way::None => straight(None),
            Way::Token(token) => straight(Some(token)),
            Way::Keystone(credentials) => {
                let hint = refused(&values, &credentials);
                let place = Place::new(given.clone(), values.text("region_name"), interfaces(&values)?, values.text("service_type"));
                let session = Session::new(Arc::new(cloud(&values, &tls)?), *credentials);
                Ok(Let::Keystone(Box::new(Login { session, place, tls, hint, said: values.origin_of("auth_url").to_owned() })))
            }
        }
    }
}

impl Login {
    /// A token that is good for some time yet, and where Magnum is. Keystone is asked for the first one, and again before it ends.
    pub async fn door(&self) -> Result<(Url, SecretString), Error> {
        let issued = self.session.token().await.map_err(|error| self.failed(error))?;
        let url = self.place.find(issued.token.catalogue.as_deref())?;
        Ok((url, issued.secret.clone()))
    }

    /// What to do when Magnum does not want Keystone's token.
    pub fn unwanted(&self) -> String {
        format!("Keystone at {} gave the token; does this server ask the same Keystone?", self.session.cloud().auth_url())
    }

    /// What to do when nobody answers where Magnum is said to be.
    pub fn misdirected(&self) -> String {
        let cloud = self.session.cloud().auth_url();
        format!("{} by Keystone at {cloud}; another address can be named with --os-endpoint-override", self.place.said())
    }

    /// For `--debug`.
    pub fn shown(&self) -> String {
        format!("POST {}/auth/tokens as {} of {}", self.session.cloud().auth_url(), self.session.who(), self.session.origin())
    }

    fn failed(&self, error: magnum_cloud::Error) -> Error {
        use magnum_cloud::Error as E;
        let what = "Keystone";
        match error {
            E::Credentials { ref message, ref url, ref who, .. } => {
                let message = format!("Keystone at {url} refuses {who}: {message}");
                Error::Login { message, hint: Some(self.hint.clone()), exit: FAILED }
            }
            E::Unavailable { url, reason, .. } => Error::Unreachable { what, url, reason, hint: Some(self.away()) },
            E::TimedOut { url, limit, .. } => {
                let reason = format!("no answer within {} seconds", limit.as_secs());
                Error::Unreachable { what, url, reason, hint: Some(self.away()) }
            }
            E::Setting { option, remedy } => Error::Login { message: format!("{option}: {remedy}"), hint: None, exit: USAGE },
            other => Error::Login { message: other.to_string(), hint: Some(self.away()), exit: FAILED },
        }
    }

    fn away(&self) -> String {
        format!("is {} Keystone's address? It is said by {}", self.session.cloud().auth_url(), self.said)
    }
}

/// How the certificate of a server that is named is checked.
pub(crate) fn tls_of(options: &OpenStack, around: &Surroundings) -> Tls {
    tls(&Values::without_cloud(options, around))
}

/// The microversion to speak. A cloud's own word for it is not asked for: what is printed does not depend on where it comes from.
pub(crate) fn version(options: &OpenStack, around: &Surroundings) -> Result<String, Error> {
    let values = Values::without_cloud(options, around);
    let text = values.text("api_version").unwrap_or_default();
    let minor = text.strip_prefix("1.").map(str::parse::<u16>);
    match (text.as_str(), minor) {
        ("" | "1" | "latest", _) => Ok("latest".to_owned()),
        (_, Some(Ok(_))) => Ok(text),
        _ => Err(Error::Usage {
            message: format!("{} is {text:?}, which is no version of Magnum's API", values.origin_of("api_version")),
            hint: Some("1.9, for example, or latest".to_owned()),
        }),
    }
}

/// A word about clouds that could have been named; empty where there is none.
pub(crate) fn clouds_there(around: &Surroundings) -> String {
    match clouds::Clouds::read(around) {
        Ok(clouds) if !clouds.names().is_empty() => format!(", or a cloud with --os-cloud: {}", clouds.names().join(", ")),
        _ => String::new(),
    }
}

/// An address of HTTP, or whose mistake it is.
pub(crate) fn address(text: &str, origin: &str) -> Result<Url, Error> {
    let url = Url::parse(text).ok().filter(|url| url.has_host() && matches!(url.scheme(), "http" | "https"));
    url.ok_or_else(|| Error::usage(format!("{origin}: {text:?} is not the address of a server, such as https://cloud.example:9511")))
}

fn cloud(values: &Values, tls: &Tls) -> Result<Cloud, Error> {
    let text = values.text("auth_url").ok_or_else(|| missing(values, "auth_url", "Keystone"))?;
    let text = text.replace("{region_name}", &values.text("region_name").unwrap_or_default());
    let url = address(&text, values.origin_of("auth_url"))?;
    let tls = Tls { proxies: !crate::endpoint::is_loopback(&url), ..tls.clone() };
    let broken = |error: magnum_cloud::Error| unusable(values, error);
    let transport = Transport::new(&tls, Limits::default()).map_err(broken)?;
    let usual = Reach { interface: Interface::Public, region: None, url: None, transport: transport.clone() };
    Cloud::new(url.as_str(), transport, usual).map_err(|error| Error::usage(format!("{}: {error}", values.origin_of("auth_url"))))
}

/// A file for TLS that is no good, with the word that names it.
fn unusable(values: &Values, error: magnum_cloud::Error) -> Error {
    let magnum_cloud::Error::Setting { option, remedy } = error else { return Error::usage(error.to_string()) };
    let key = match option.as_str() {
        "certfile" => "cert",
        "keyfile" => "key",
        _ => "cacert",
    };
    Error::usage(format!("{}: {remedy}", values.origin_of(key)))
}

fn tls(values: &Values) -> Tls {
    Tls {
        ca_file: values.text("cacert"),
        cert_file: values.text("cert"),
        key_file: values.text("key"),
        insecure: values.is_on("insecure"),
        proxies: true,
    }
}

/// The interfaces that will do, in their order.
fn interfaces(values: &Values) -> Result<Vec<Interface>, Error> {
    let text = values.text("interface").unwrap_or_else(|| "public".to_owned());
    let all = text.split(',').map(str::trim);
    all.map(|name| {
        Interface::parse(name).ok_or_else(|| {
            let message = format!("{} is {name:?}, which is no interface", values.origin_of("interface"));
            Error::Usage { message, hint: Some("public, internal or admin".to_owned()) }
        })
    })
    .collect()
}

/// What to look at when Keystone lets nobody in.
fn refused(values: &Values, credentials: &Credentials) -> String {
    match &credentials.proof {
        Proof::Password { .. } => format!(
            "is the password right? It is said by {}; then user, project and their domains: {}",
            if values.secret("password").is_some() { values.origin_of("password") } else { "the one who typed it" },
            values.origin
        ),
        Proof::Token(_) => format!("the token of {} may have ended: {}", values.origin_of("token"), remedy(values, "token")),
        Proof::ApplicationCredential { .. } | Proof::NamedApplicationCredential { .. } => format!(
            "it may have been deleted or have ended, or the secret is another; it is said by {}",
            values.origin_of("application_credential_secret")
        ),
    }
}

#[cfg(test)]
mod tests;
