// SPDX-License-Identifier: Apache-2.0
//! Somebody who makes calls: the service itself, whose token is renewed as needed, or a caller with his own.

use crate::call::{Answer, Call};
use crate::cloud::Cloud;
use crate::credentials::Credentials;
use crate::error::Error;
use crate::login::{Issued, login};
use crate::token::Token;
use crate::transport::Exchange;
use jiff::Timestamp;
use secrecy::SecretString;
use serde_json::Value;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, PoisonError, RwLock};
use std::time::{Duration, Instant};
use tokio::sync::Mutex;

/// How long Keystone is not asked again after it refused the credentials, since it may lock a user who tries too often, and after
/// it was away while the old token still serves.
const PAUSE: Duration = Duration::from_secs(2);

/// Makes calls for somebody. Copies share the token.
#[derive(Debug, Clone)]
pub struct Session {
    cloud: Arc<Cloud>,
    speaker: Arc<Speaker>,
}

#[derive(Debug)]
enum Speaker {
    /// By credentials.
    Own(Box<Own>),
    /// By a token that somebody else got.
    Caller(Arc<Issued>),
}

#[derive(Debug)]
struct Own {
    credentials: Credentials,
    current: RwLock<Option<Arc<Issued>>>,
    /// Held by the one that asks Keystone; what last came of it, if it was no token.
    door: Mutex<Option<(Error, Instant)>>,
    /// How often Keystone was asked, with an end.
    ended: AtomicU64,
}

impl Session {
    /// A session by credentials. Nothing is asked before the first call.
    pub fn new(cloud: Arc<Cloud>, credentials: Credentials) -> Self {
        let own = Own { credentials, current: RwLock::default(), door: Mutex::default(), ended: AtomicU64::new(0) };
        Self { cloud, speaker: Arc::new(Speaker::Own(Box::new(own))) }
    }

    /// A session with a token that has been checked. It is never renewed.
    pub fn of_caller(cloud: Arc<Cloud>, secret: SecretString, token: Arc<Token>) -> Self {
        Self { cloud, speaker: Arc::new(Speaker::Caller(Arc::new(Issued::new(secret, token, Timestamp::now())))) }
    }

    /// What all sessions share.
    pub fn cloud(&self) -> &Arc<Cloud> {
        &self.cloud
    }

    /// Where the credentials stand, for messages.
    pub fn origin(&self) -> &str {
        match &*self.speaker {
            Speaker::Own(own) => &own.credentials.origin,
            Speaker::Caller(_) => "the caller",
        }
    }

    /// Who speaks, for messages.
    pub fn who(&self) -> String {
        match &*self.speaker {
            Speaker::Own(own) => own.credentials.who(),
            Speaker::Caller(issued) => format!("user {}", issued.token.user.id),
        }
    }

    /// A token that is good for some time yet; got now if there is none. However many ask at once, Keystone is asked once.
    pub async fn token(&self) -> Result<Arc<Issued>, Error> {
        match &*self.speaker {
            Speaker::Caller(issued) => Ok(Arc::clone(issued)),
            Speaker::Own(own) => match own.fresh() {
                Some(issued) => Ok(issued),
                None => own.renew(&self.cloud, None).await,
            },
        }
    }

    /// Another token than this one, which a service has refused.
    async fn instead_of(&self, refused: &Arc<Issued>) -> Option<Result<Arc<Issued>, Error>> {
        match &*self.speaker {
            Speaker::Caller(_) => None,
            Speaker::Own(own) => Some(own.renew(&self.cloud, Some(refused)).await),
        }
    }

    /// Makes a call and answers what came of it.
    pub async fn call(&self, call: &Call) -> Result<Answer, Error> {
        let service = call.service.name;
        if let Some(name) = call.nameless() {
            return Err(Error::NotFound { service, message: format!("{name:?} is not a name") });
        }
        let issued = self.token().await?;
        match self.call_as(call, &issued).await {
            Err(refusal @ Error::Unauthorised { .. }) => match self.instead_of(&issued).await {
                Some(another) => self.call_as(call, &*another?).await,
                None => Err(refusal),
            },
            outcome => outcome,
        }
    }

    /// All items of a list, over all its pages. `key` is the list's name in the answer. `pages` bounds how many are read.
    pub(crate) async fn list(&self, first: Call, key: &str, pages: u32) -> Result<Vec<Value>, Error> {
        let (service, mut call, mut all) = (first.service, first, Vec::new());
        for _ in 0..pages {
            let mut body = self.call(&call).await?.body;
            let next = next_query(&body, key);
            let garbled = || Error::Garbled { service: service.name, url: call.path.join("/"), what: format!("no list {key:?}") };
            all.append(body.get_mut(key).and_then(Value::as_array_mut).ok_or_else(garbled)?);
            let Some(next) = next else { return Ok(all) };
            // Only the place in the list is taken over: the address of the next page is often one that only the service knows.
            call.query.retain(|(name, _)| !matches!(*name, "marker" | "limit"));
            call.query.extend(next);
        }
        Err(Error::Garbled { service: service.name, url: call.path.join("/"), what: format!("a list of more than {pages} pages") })
    }

    async fn call_as(&self, call: &Call, issued: &Issued) -> Result<Answer, Error> {
        let service = call.service;
        let mut url = self.cloud.endpoint(service, issued.token.catalogue.as_deref())?;
        if let Ok(mut segments) = url.path_segments_mut() {
            segments.pop_if_empty().extend(&call.path);
        }
        if !call.query.is_empty() {
            url.query_pairs_mut().extend_pairs(&call.query);
        }
        let exchange = Exchange {
            service: service.name,
            method: call.method.clone(),
            url,
            token: Some(&issued.secret),
            headers: &call.headers,
            microversion: call.microversion.map(|version| format!("{} {version}", service.types[0])),
            body: call.body.as_ref(),
            idempotent: call.idempotent,
        };
        let reply = self.cloud.reach(service).transport.exchange(&exchange).await?;
        let body = reply.json(&exchange)?;
        Ok(Answer { headers: reply.headers, body })
    }
}

impl Own {
    fn fresh(&self) -> Option<Arc<Issued>> {
        self.held(|issued| issued.stale_at)
    }

    fn unexpired(&self) -> Option<Arc<Issued>> {
        self.held(|issued| issued.token.expires_at)
    }

    fn held(&self, until: impl Fn(&Issued) -> Timestamp) -> Option<Arc<Issued>> {
        let current = self.current.read().unwrap_or_else(PoisonError::into_inner);
        current.as_ref().filter(|issued| until(issued) > Timestamp::now()).cloned()
    }

    async fn renew(&self, cloud: &Cloud, instead_of: Option<&Arc<Issued>>) -> Result<Arc<Issued>, Error> {
        let before = self.ended.load(Ordering::Acquire);
        let mut door = self.door.lock().await;
        if let Some(issued) = self.fresh()
            && instead_of.is_none_or(|refused| !Arc::ptr_eq(refused, &issued))
        {
            return Ok(issued);
        }
        // It is to be replaced in good time; while Keystone is away it serves to its end.
        let spare = || instead_of.is_none().then(|| self.unexpired()).flatten();
        if let Some((error, at)) = &*door {
            // What came of the attempt that we waited for is our answer too.
            let waited = self.ended.load(Ordering::Acquire) != before;
            let lately = at.elapsed() < PAUSE;
            if (waited || lately)
                && error.is_outage()
                && let Some(issued) = spare()
            {
                return Ok(issued);
            }
            if waited || (lately && matches!(error, Error::Credentials { .. })) {
                return Err(error.clone());
            }
        }
        let outcome = login(cloud, &self.credentials).await.map(Arc::new);
        *door = outcome.as_ref().err().map(|error| (error.clone(), Instant::now()));
        let outage = outcome.as_ref().is_err_and(Error::is_outage);
        if !outage {
            *self.current.write().unwrap_or_else(PoisonError::into_inner) = outcome.as_ref().ok().cloned();
        }
        self.ended.fetch_add(1, Ordering::Release);
        spare().filter(|_| outage).map_or(outcome, Ok)
    }
}

/// Where the next page begins. Glance gives `next`, Nova and Neutron `<key>_links` with `rel: next`.
fn next_query(body: &Value, key: &str) -> Option<Vec<(&'static str, String)>> {
    let links = body.get(format!("{key}_links")).and_then(Value::as_array).into_iter().flatten();
    let linked = links.filter(|link| link["rel"] == "next").find_map(|link| link["href"].as_str());
    let (_, query) = body.get("next").and_then(Value::as_str).or(linked)?.split_once('?')?;
    let base = reqwest::Url::parse("http://next/").ok()?;
    let url = base.join(&format!("?{query}")).ok()?;
    let place = url.query_pairs().filter_map(|(name, value)| match &*name {
        "marker" => Some(("marker", value.into_owned())),
        "limit" => Some(("limit", value.into_owned())),
        _ => None,
    });
    let place: Vec<_> = place.collect();
    place.iter().any(|(name, _)| *name == "marker").then_some(place)
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn the_next_page_is_found_as_each_service_tells_it() {
        for (body, key, expected) in [
            (json!({"images": [], "next": "/v2/images?marker=m1&limit=25&name=x"}), "images", Some("m1")),
            (
                json!({"flavors": [], "flavors_links": [{"rel": "next", "href": "http://n/v2.1/flavors/detail?marker=f%209"}]}),
                "flavors",
                Some("f 9"),
            ),
            (json!({"networks": [], "networks_links": [{"rel": "previous", "href": "http://q/?marker=a"}]}), "networks", None),
            (json!({"networks": [], "next": null}), "networks", None),
            (json!({"networks": [], "next": "/x?limit=3"}), "networks", None),
        ] {
            let marker = next_query(&body, key).and_then(|q| q.into_iter().find(|(name, _)| *name == "marker")).map(|(_, value)| value);
            assert_eq!(marker.as_deref(), expected, "{body}");
        }
    }
}
