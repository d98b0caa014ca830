// SPDX-License-Identifier: Apache-2.0
//! From a request to its operation: token, microversion, path, method, size, and back to an answer.
//!
//! The order of refusals is Magnum's: 401 before anything, then the version, then the path.

use crate::app::App;
use crate::caller::Caller;
use crate::failure::Failure;
use crate::identity::{Identity, Presented, Refused};
use crate::input::Input;
use crate::operation::Route;
use crate::operations::ROUTES;
use crate::patch;
use crate::shape::Takes;
use crate::traced;
use crate::version;
use axum::Router;
use axum::body::Body;
use axum::extract::{Query, Request, State};
use axum::http::request::Parts;
use axum::http::{HeaderMap, HeaderValue, Method, Uri, header};
use axum::response::{IntoResponse, Response};
use magnum_keystone::headers;
use std::sync::LazyLock;
use std::time::{Duration, Instant};
use tower_http::catch_panic::CatchPanicLayer;

/// How long a caller may take to send its body.
const BODY_PATIENCE: Duration = Duration::from_secs(30);

/// The API as a service.
pub fn router(app: App) -> Router {
    let front = std::sync::Arc::clone(&app.front);
    front.before(Router::new().fallback(serve).with_state(app).layer(CatchPanicLayer::custom(panicked)))
}

/// What a caller gets when a handler panicked: a 500 with the usual body, and the connection stays usable.
pub(crate) fn panicked(_: Box<dyn std::any::Any + Send>) -> Response {
    tracing::error!("a handler panicked");
    Failure::ours("An unknown exception occurred.", "panic").respond(true, "")
}

async fn serve(State(app): State<App>, request: Request) -> Response {
    let request_id = format!("req-{}", uuid::Uuid::new_v4());
    let (parts, body) = request.into_parts();
    let json = accepts_json(&parts.headers);
    let old = version::is_old(&parts.headers);
    let (method, path) = (parts.method.clone(), parts.uri.path().to_owned());
    let (begun, metrics) = (Instant::now(), app.metrics.clone());
    let asked = Asked::of(&parts);
    let route = asked.as_ref().ok().and_then(|asked| asked.route()).map(|(route, _)| *route);
    let span = traced::begin(&app, &parts, route, &request_id);
    let answered = match (asked, &span) {
        (Ok(asked), None) => answer(app, asked, parts, body, &request_id).await,
        (Ok(asked), Some(span)) => Box::pin(span.within(answer(app, asked, parts, body, &request_id))).await,
        (Err(failure), _) => Err(failure),
    };
    let mut response = match answered {
        Ok(response) => response,
        Err(failure) => {
            if let Some(cause) = failure.cause.as_ref().or((failure.status >= 500).then_some(&failure.detail)) {
                tracing::error!(request_id, %method, path, cause, "request failed");
            }
            failure.respond(json, &request_id)
        }
    };
    if old {
        version::write_old(response.headers_mut());
    }
    if let Ok(value) = HeaderValue::from_str(&request_id) {
        response.headers_mut().insert("x-openstack-request-id", value);
    }
    if let Some(span) = span {
        span.answered(response.status().as_u16());
    }
    metrics.count(route.map(|route| route.name), response.status().as_u16(), begun.elapsed());
    tracing::info!(request_id, %method, path, status = response.status().as_u16(), "request");
    response
}

async fn answer(app: App, asked: Asked, parts: Parts, body: Body, request_id: &str) -> Result<Response, Failure> {
    let public = asked.here.iter().any(|(route, _)| route.operation.public);
    let identity = if public { Identity::nobody() } else { identify(&app, &parts).await? };
    if app.traces.is_some() && !identity.project.0.is_empty() {
        magnum_traces::note("magnum.project_id", identity.project.0.clone());
    }
    if !accepts_anything(&parts.headers) {
        return Err(Failure::routing(406, ""));
    }
    let outside = asked.path.is_outside();
    let version = if outside { magnum_types::Microversion::MIN } else { version::negotiate(&parts.headers)? };
    let Some((route, params)) = asked.route() else {
        return Err(stamped(asked.path.refusal(&parts.method), version));
    };
    if version > route.operation.until {
        return Err(Failure::routing(404, ""));
    }
    if version < route.operation.since {
        let gate = route.operation.gate;
        return Err(Failure::routing(
            406,
            &format!("Version {version} was requested but the requested API {gate} is not supported for this version."),
        ));
    }
    let rules = std::sync::Arc::clone(&app.rules.borrow());
    let caller = Caller::new(identity, rules, version, request_id.to_owned(), app.front.base(&parts.headers));
    let result = handle(route, params.clone(), caller, app, &parts, body).await;
    let mut response = result.map_err(|failure| stamped(failure, version))?;
    if !outside {
        version::write(response.headers_mut(), version);
    }
    Ok(response)
}

async fn handle(route: &Route, path: Params, caller: Caller, app: App, parts: &Parts, body: Body) -> Result<Response, Failure> {
    let body = read_body(&parts.headers, body, app.front.body_max).await?;
    let Query(query) = Query::try_from_uri(&parts.uri).map_err(|_| Failure::bad("The query cannot be read."))?;
    let input = Input { path, query, body, page_max: app.front.page_max, json: accepts_json(&parts.headers) };
    input.only(route.operation.arguments, caller.version)?;
    if let Takes::Patch(rules) = route.operation.takes {
        patch::check(&input, rules)?;
    }
    let reply = (route.handle)(caller, input, app).await?;
    Ok(reply.into_response())
}

/// The version headers also belong on errors that a handler made.
fn stamped(failure: Failure, version: magnum_types::Microversion) -> Failure {
    if failure.is_handlers() { version::stamp(failure, version) } else { failure }
}

/// Reads the whole body, up to `limit` bytes.
pub(crate) async fn read_body(headers: &HeaderMap, body: Body, limit: usize) -> Result<Vec<u8>, Failure> {
    let announced = headers.get(header::CONTENT_LENGTH).and_then(|v| v.to_str().ok()).and_then(|v| v.parse::<usize>().ok());
    if announced.is_some_and(|length| length > limit) {
        return Err(Failure::too_large(limit));
    }
    match tokio::time::timeout(BODY_PATIENCE, axum::body::to_bytes(body, limit)).await {
        Ok(Ok(bytes)) => Ok(bytes.to_vec()),
        Ok(Err(_)) => Err(Failure::too_large(limit)),
        Err(_) => Err(Failure::bad("The request body did not arrive in time.")),
    }
}

async fn identify(app: &App, parts: &Parts) -> Result<Identity, Failure> {
    let text = |name: &str| parts.headers.get(name).and_then(|value| value.to_str().ok());
    let refused = match text("x-auth-token") {
        None => Refused::Unknown,
        Some(token) => {
            let service_token = text("x-service-token");
            let presented = Presented { token, service_token, method: parts.method.as_str(), path: parts.uri.path() };
            match app.authenticate.authenticate(presented).await {
                Ok(identity) => return Ok(identity),
                Err(refused) => refused,
            }
        }
    };
    Err(match refused {
        Refused::Unknown => Failure::rejection(headers::unauthorised(&app.www_authenticate_uri)),
        Refused::Unavailable(why) => Failure::rejection(headers::unavailable(text("accept"))).because(why),
    })
}

fn accepts_json(headers: &HeaderMap) -> bool {
    headers.get(header::ACCEPT).and_then(|v| v.to_str().ok()).is_some_and(|accept| accept.contains("application/json"))
}

fn accepts_anything(headers: &HeaderMap) -> bool {
    let Some(accept) = headers.get(header::ACCEPT).and_then(|v| v.to_str().ok()) else { return true };
    accept
        .split(',')
        .any(|range| matches!(range.split(';').next().unwrap_or_default().trim(), "" | "*/*" | "application/*" | "application/json"))
}

/// What a request asks for, as far as its first line says.
struct Asked {
    path: Path,
    method: Method,
    /// The routes of the path, any method, each with its parameters' values.
    here: Vec<(&'static Route, Params)>,
}

/// Names of a path's parameters, and their values.
type Params = Vec<(&'static str, String)>;

impl Asked {
    fn of(parts: &Parts) -> Result<Self, Failure> {
        let path = Path::of(&parts.uri)?;
        Ok(Self { here: path.routes(), path, method: parts.method.clone() })
    }

    /// The operation of this path and method.
    fn route(&self) -> Option<&(&'static Route, Params)> {
        self.here.iter().find(|(route, _)| route.operation.method == self.method)
    }
}

/// A request's path in decoded segments, with the version's segment in front.
struct Path(Vec<String>);

impl Path {
    fn of(uri: &Uri) -> Result<Self, Failure> {
        let mut segments = Vec::new();
        for raw in uri.path().split('/').filter(|segment| !segment.is_empty()) {
            segments.push(decode(raw).ok_or_else(|| Failure::routing(400, "The path cannot be read."))?);
        }
        let outside = segments.is_empty() || segments == ["healthcheck"];
        if !outside && segments.first().is_none_or(|first| first != "v1") {
            segments.insert(0, "v1".to_owned());
        }
        Ok(Self(segments))
    }

    /// Not under `/v1`: no microversions.
    fn is_outside(&self) -> bool {
        self.0.first().is_none_or(|first| first != "v1")
    }

    /// The routes of this path, any method; words before parameters.
    fn routes(&self) -> Vec<(&'static Route, Params)> {
        let mut found: Vec<_> =
            long(self.0.len()).filter_map(|(route, words)| fits(words, &self.0).map(|params| (route, params))).collect();
        let fewest = found.iter().map(|(_, params)| params.len()).min();
        found.retain(|(_, params)| Some(params.len()) == fewest);
        found
    }

    /// What is answered when no operation has this path and method.
    fn refusal(&self, method: &Method) -> Failure {
        let child = |route: &&'static Route| {
            let (parent, last) = split(route.operation.path);
            same_shape(parent, &self.0).then_some((*route, last))
        };
        let children: Vec<_> = ROUTES.iter().filter_map(|route| child(&route)).collect();
        let known = !self.routes().is_empty();
        // The path of an item without the item: the argument is missing.
        let item = children.iter().find(|(route, last)| route.operation.method == *method && last.starts_with('{'));
        if let Some((_, last)) = item.filter(|_| !known || *method != Method::GET) {
            return Failure::bad(format!("Missing argument: \"{}\"", last.trim_matches(['{', '}'])));
        }
        let (parent, last) = self.0.split_last().map_or((&[][..], ""), |(last, parent)| (parent, last.as_str()));
        let collection: Vec<_> =
            long(parent.len()).filter(|(_, words)| known && fits(words, parent).is_some()).map(|(route, _)| route).collect();
        // A collection's method on one of its items: the body would have been the item.
        if let Some((argument, type_name)) = collection.iter().filter(|r| r.operation.method == *method).find_map(|r| r.operation.body) {
            let problem =
                format!("unable to convert to {type_name}. Error: {type_name}.__init__() takes 1 positional argument but 2 were given");
            return Failure::field(argument, last, problem);
        }
        let item = |(route, words): (&'static Route, _)| route.operation.path.ends_with('}') && fits(words, parent).is_some();
        let detailed = last == "detail" && long(parent.len()).any(item);
        if detailed && !known {
            return Failure::not_found("The %(name)s resource %(id)s could not be found.");
        }
        let controller =
            ROUTES.iter().any(|route| split(route.operation.path).0.ends_with("/actions") && same_prefix(route.operation.path, &self.0));
        if controller && !known {
            return Failure::routing(405, "").header("allow", "");
        }
        if !known && children.is_empty() {
            return Failure::routing(404, "");
        }
        let family = self
            .routes()
            .into_iter()
            .map(|(route, _)| route)
            .chain(collection)
            .chain(children.into_iter().filter(|(_, l)| l.starts_with('{')).map(|(r, _)| r));
        let mut methods: Vec<&str> = family.map(|route| route.operation.method.as_str()).collect();
        methods.sort_unstable();
        methods.dedup();
        Failure::routing(405, "").header("allow", methods.join(", "))
    }
}

/// Routes with the words of their paths, by how many there are.
type Shapes = Vec<Vec<(&'static Route, Vec<&'static str>)>>;

/// The routes whose paths have so many words.
fn long(words: usize) -> impl Iterator<Item = (&'static Route, &'static [&'static str])> {
    static SHAPES: LazyLock<Shapes> = LazyLock::new(|| {
        let mut shapes = Shapes::new();
        for route in ROUTES {
            let words: Vec<&'static str> = route.operation.path.split('/').filter(|word| !word.is_empty()).collect();
            shapes.resize_with(shapes.len().max(words.len() + 1), Vec::new);
            shapes[words.len()].push((route, words));
        }
        shapes
    });
    SHAPES.get(words).into_iter().flatten().map(|(route, words)| (*route, words.as_slice()))
}

/// The parameters' values when a path of these words has these segments.
fn fits(words: &[&'static str], segments: &[String]) -> Option<Params> {
    let parameter = |word: &&'static str| word.strip_prefix('{').and_then(|word| word.strip_suffix('}'));
    let pairs = || words.iter().zip(segments);
    if words.len() != segments.len() || pairs().any(|(word, segment)| word != segment && parameter(word).is_none()) {
        return None;
    }
    Some(pairs().filter_map(|(word, segment)| parameter(word).map(|name| (name, segment.clone()))).collect())
}

fn split(path: &'static str) -> (&'static str, &'static str) {
    path.rsplit_once('/').unwrap_or(("", path))
}

fn same_shape(pattern: &str, segments: &[String]) -> bool {
    let words: Vec<&str> = pattern.split('/').filter(|word| !word.is_empty()).collect();
    words.len() == segments.len()
        && !words.is_empty()
        && words.iter().zip(segments).all(|(word, segment)| word.starts_with('{') || word == segment)
}

/// Whether the path goes as far as the pattern's `actions`.
fn same_prefix(pattern: &str, segments: &[String]) -> bool {
    let words: Vec<&str> = pattern.split('/').filter(|word| !word.is_empty()).collect();
    let upto = words.iter().position(|word| *word == "actions").map_or(0, |at| at + 1);
    segments.len() >= upto
        && upto > 0
        && segments.len() <= words.len()
        && words.iter().take(upto).zip(segments).all(|(word, segment)| word.starts_with('{') || word == segment)
}

fn decode(raw: &str) -> Option<String> {
    let mut bytes = Vec::with_capacity(raw.len());
    let mut rest = raw.bytes();
    while let Some(byte) = rest.next() {
        if byte == b'%' {
            let digit = |b: Option<u8>| b.and_then(|b| char::from(b).to_digit(16));
            let (high, low) = (digit(rest.next())?, digit(rest.next())?);
            bytes.push(u8::try_from(high * 16 + low).ok()?);
        } else {
            bytes.push(byte);
        }
    }
    String::from_utf8(bytes).ok()
}
