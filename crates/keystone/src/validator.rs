// SPDX-License-Identifier: Apache-2.0
//! Checks tokens with Keystone, as seldom as may be.

use crate::access::permitted;
use crate::cache::{Key, Memory};
use crate::refusal::{Fault, Refusal};
use crate::settings::Options;
use aws_lc_rs::digest::{SHA256, digest};
use jiff::Timestamp;
use magnum_cloud::{Catalogue, Error, Session, Token, identity};
use secrecy::SecretString;
use std::collections::HashMap;
use std::hash::{BuildHasher, RandomState};
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError, Weak};
use std::time::{Duration, Instant};
use tokio::sync::{OnceCell, Semaphore};

/// The longest token that is shown to Keystone, in bytes; fernet's have some hundred, signed ones some thousand.
const LONGEST: usize = 8192;
/// How long a token that Keystone does not know is refused without asking. Short: a key of Keystone's may be on its way from one
/// of its nodes to another.
const BAD_AGE: Duration = Duration::from_secs(5);
/// How many of them are remembered.
const BAD_SIZE: usize = 8192;
/// How many tokens are checked at a time.
const AT_ONCE: usize = 64;
/// How long a token waits for its turn.
const TURN: Duration = Duration::from_secs(20);

/// A request, as far as it shows who sends it.
#[derive(Debug, Clone, Copy)]
pub struct Request<'a> {
    pub token: Option<&'a str>,
    pub service_token: Option<&'a str>,
    pub method: &'a str,
    /// As the client sent it, without the query.
    pub path: &'a str,
}

/// Who sends it.
#[derive(Debug, Clone)]
pub struct Caller {
    pub token: Arc<Token>,
    /// Of the service that passes the request on.
    pub service: Option<Arc<Token>>,
}

/// Checks tokens by the right of a session to do so.
pub struct Validator {
    session: Session,
    options: Options,
    good: Mutex<Memory<Arc<Token>>>,
    /// Whether the token was not known even when an expired one would have done.
    bad: Mutex<Memory<bool>>,
    /// Questions under way, with how many wait for each.
    flights: Mutex<HashMap<(Key, bool), (Flight, usize)>>,
    turns: Semaphore,
    catalogues: Mutex<HashMap<u64, Weak<Catalogue>>>,
    hasher: RandomState,
    asked: AtomicU64,
}

/// One question to Keystone, whose answer all who have the same wait for.
type Flight = Arc<OnceCell<Result<Arc<Token>, Refusal>>>;

impl Validator {
    /// Nothing is asked before the first token.
    pub fn new(session: Session, options: Options) -> Self {
        Self {
            good: Mutex::new(Memory::new(options.cache_size, options.cache_time)),
            bad: Mutex::new(Memory::new(BAD_SIZE, BAD_AGE.min(options.cache_time))),
            session,
            options,
            flights: Mutex::default(),
            turns: Semaphore::new(AT_ONCE),
            catalogues: Mutex::default(),
            hasher: RandomState::new(),
            asked: AtomicU64::new(0),
        }
    }

    /// How tokens are checked.
    pub fn options(&self) -> &Options {
        &self.options
    }

    /// How often Keystone was asked about a token.
    pub fn asked(&self) -> u64 {
        self.asked.load(Ordering::Relaxed)
    }

    /// How many tokens are being checked now.
    pub fn in_flight(&self) -> usize {
        locked(&self.flights).len()
    }

    /// Judges the tokens of a request: the service's if there is one, the caller's, and whether that may be used for this.
    pub async fn authenticate(&self, request: &Request<'_>) -> Result<Caller, Refusal> {
        let (service, trusted) = match request.service_token {
            Some(token) => {
                let service = self.validate(token, false).await.map_err(of_service)?;
                let trusted = service.role_names().any(|role| self.options.service_token_roles.iter().any(|wanted| wanted == role));
                if !trusted && self.options.service_token_roles_required {
                    return Err(Refusal::Invalid(Fault::ServiceRoles));
                }
                (Some(service), trusted)
            }
            None => (None, false),
        };
        let token = self.validate(request.token.ok_or(Refusal::Invalid(Fault::Absent))?, trusted).await?;
        // keystonemiddleware lets any good service token pass here: then whoever has a bound token need only show it twice.
        permitted(&token, self.options.service_type.as_deref(), request.method, request.path, trusted)
            .map_err(|fault| Refusal::Invalid(Fault::AccessRules(fault)))?;
        Ok(Caller { token, service })
    }

    /// Whom a token speaks for. `allow_expired`: also one whose time is over, as long as Keystone still knows it.
    pub async fn validate(&self, token: &str, allow_expired: bool) -> Result<Arc<Token>, Refusal> {
        let token = token.trim();
        if token.is_empty() {
            return Err(Refusal::Invalid(Fault::Absent));
        }
        if token.len() > LONGEST || !token.bytes().all(|byte| byte.is_ascii_graphic()) {
            return Err(Refusal::Invalid(Fault::Malformed));
        }
        let key = key(token);
        let outcome = match self.remembered(&key, allow_expired) {
            Some(outcome) => outcome,
            None => self.fly(key, token, allow_expired).await,
        }?;
        if !allow_expired && outcome.expired(Timestamp::now()) {
            return Err(Refusal::Invalid(Fault::Expired));
        }
        Ok(outcome)
    }

    /// Forgets what is known of a token, so that Keystone is asked next time: a service has refused it.
    pub fn forget(&self, token: &str) {
        let key = key(token.trim());
        locked(&self.good).remove(&key);
        locked(&self.bad).remove(&key);
    }

    fn remembered(&self, key: &Key, allow_expired: bool) -> Option<Result<Arc<Token>, Refusal>> {
        let now = Instant::now();
        if let Some(token) = locked(&self.good).get(key, now) {
            return Some(Ok(token));
        }
        let even_expired = locked(&self.bad).get(key, now)?;
        (even_expired || !allow_expired).then_some(Err(Refusal::Invalid(Fault::Unknown)))
    }

    /// Asks Keystone, or waits for the answer to the one who asks already.
    async fn fly(&self, key: Key, token: &str, allow_expired: bool) -> Result<Arc<Token>, Refusal> {
        let seat = {
            let mut flights = locked(&self.flights);
            if !flights.contains_key(&(key, allow_expired)) {
                // A flight may have landed since we looked: its answer is noted before it is taken off the list.
                if let Some(outcome) = self.remembered(&key, allow_expired) {
                    return outcome;
                }
            }
            let (flight, seats) = flights.entry((key, allow_expired)).or_default();
            *seats += 1;
            let flight = Arc::clone(flight);
            Seat { validator: self, id: (key, allow_expired), flight }
        };
        // Should the one who asks be cut off, the next who waits asks.
        seat.flight.get_or_init(|| self.ask(key, token, allow_expired)).await.clone()
    }

    async fn ask(&self, key: Key, token: &str, allow_expired: bool) -> Result<Arc<Token>, Refusal> {
        let Ok(Ok(_turn)) = tokio::time::timeout(TURN, self.turns.acquire()).await else {
            return Err(Refusal::Unavailable("too many tokens wait to be checked".to_owned()));
        };
        self.asked.fetch_add(1, Ordering::Relaxed);
        let secret = SecretString::from(token);
        let outcome = identity::validate(&self.session, &secret, allow_expired, self.options.include_service_catalogue).await;
        let now = Instant::now();
        match outcome {
            Ok(mut token) => {
                token.catalogue = token.catalogue.map(|catalogue| self.shared(catalogue));
                let token = Arc::new(token);
                locked(&self.bad).remove(&key);
                locked(&self.good).insert(key, Arc::clone(&token), now);
                Ok(token)
            }
            Err(Error::NotFound { .. }) => {
                locked(&self.good).remove(&key);
                locked(&self.bad).insert(key, allow_expired, now);
                Err(Refusal::Invalid(Fault::Unknown))
            }
            Err(error) => {
                let reason = self.reason(&error);
                tracing::error!(%reason, "a token could not be checked");
                Err(Refusal::Unavailable(reason))
            }
        }
    }

    /// Why Keystone could not be asked, with what the operator can do about it.
    fn reason(&self, error: &Error) -> String {
        let (origin, who) = (self.session.origin(), self.session.who());
        match error {
            Error::Forbidden { message, .. } => {
                format!(
                    "Keystone does not let the credentials of {origin} ({who}) check tokens: {message}; give them the role service or admin"
                )
            }
            Error::Unauthorised { message, .. } => format!("Keystone does not accept the token it gave to {origin} ({who}): {message}"),
            other => other.to_string(),
        }
    }

    /// The same catalogue for all tokens that have the same: most do, and it is the largest part of a token.
    fn shared(&self, catalogue: Arc<Catalogue>) -> Arc<Catalogue> {
        let hash = self.hasher.hash_one(&*catalogue);
        let mut catalogues = locked(&self.catalogues);
        if let Some(known) = catalogues.get(&hash).and_then(Weak::upgrade).filter(|known| *known == catalogue) {
            return known;
        }
        if catalogues.len() >= 2 * self.options.cache_size.max(8) {
            catalogues.retain(|_, known| known.strong_count() > 0);
        }
        catalogues.insert(hash, Arc::downgrade(&catalogue));
        catalogue
    }
}

/// A place in a flight. The last to leave takes the flight off the list, also when all were cut off.
struct Seat<'a> {
    validator: &'a Validator,
    id: (Key, bool),
    flight: Flight,
}

impl Drop for Seat<'_> {
    fn drop(&mut self) {
        let mut flights = locked(&self.validator.flights);
        let Some((flight, seats)) = flights.get_mut(&self.id).filter(|(flight, _)| Arc::ptr_eq(flight, &self.flight)) else { return };
        *seats -= 1;
        if *seats == 0 || flight.initialized() {
            flights.remove(&self.id);
        }
    }
}

fn key(token: &str) -> Key {
    let mut key = Key::default();
    key.copy_from_slice(digest(&SHA256, token.as_bytes()).as_ref());
    key
}

fn of_service(refusal: Refusal) -> Refusal {
    match refusal {
        Refusal::Invalid(_) => Refusal::Invalid(Fault::ServiceToken),
        outage => outage,
    }
}

/// What is in the memory is whole at any moment, so that a panic elsewhere does not spoil it.
fn locked<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}
