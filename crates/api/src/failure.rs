// SPDX-License-Identifier: Apache-2.0
//! Errors as answers: the only file that knows OpenStack's error body and which status a domain error has.
//!
//! What the caller reads (`detail`) and what the log keeps (`cause`) are two fields.

use crate::app::NoReport;
use axum::http::{HeaderName, HeaderValue, StatusCode, header};
use axum::response::{IntoResponse, Response};
use magnum_keystone::headers::Rejection;
use serde_json::{Value, json};

/// A refused or failed request.
#[derive(Debug)]
pub(crate) struct Failure {
    pub status: u16,
    pub detail: String,
    /// For the log only.
    pub cause: Option<String>,
    origin: Origin,
    headers: Vec<(&'static str, String)>,
}

#[derive(Debug)]
enum Origin {
    /// A handler: the body has a `code`.
    Handler,
    /// Before any handler: the body has no `code`, and no text unless JSON is accepted.
    Routing,
    /// The whole body is given; `plain` is used unless JSON is accepted.
    Body(Box<(Value, Value)>),
    /// A media type and the body to the byte.
    Text(&'static str, String),
}

impl Failure {
    fn handler(status: u16, detail: impl Into<String>) -> Self {
        Self { status, detail: detail.into(), cause: None, origin: Origin::Handler, headers: Vec::new() }
    }

    /// 400 with Magnum's text.
    pub fn bad(detail: impl Into<String>) -> Self {
        Self::handler(400, detail)
    }

    /// 400 about one field, as WSME words it.
    pub fn field(field: &str, value: impl std::fmt::Display, problem: impl std::fmt::Display) -> Self {
        Self::bad(format!("Invalid input for field/attribute {field}. Value: '{value}'. {problem}"))
    }

    pub fn unauthorized(detail: impl Into<String>) -> Self {
        Self::handler(401, detail)
    }

    pub fn forbidden(detail: impl Into<String>) -> Self {
        Self::handler(403, detail)
    }

    pub fn not_found(detail: impl Into<String>) -> Self {
        Self::handler(404, detail)
    }

    pub fn conflict(detail: impl Into<String>) -> Self {
        Self::handler(409, detail)
    }

    pub fn gone(detail: impl Into<String>) -> Self {
        Self::handler(410, detail)
    }

    pub fn too_large(limit: usize) -> Self {
        Self::handler(413, format!("The request body is longer than {limit} bytes."))
    }

    pub fn too_many() -> Self {
        Self::handler(429, "Too many requests from this node. Slow down.")
    }

    pub fn unavailable(detail: impl Into<String>) -> Self {
        Self::handler(503, detail)
    }

    /// 500; `cause` is logged, the caller reads `detail`.
    pub fn ours(detail: impl Into<String>, cause: impl std::fmt::Display) -> Self {
        Self { cause: Some(cause.to_string()), ..Self::handler(500, detail) }
    }

    /// The same status about an ident that had another role: a template that is not there is the caller's fault (400)
    /// where it is named in a body.
    pub fn with_status(mut self, from: u16, to: u16) -> Self {
        if self.status == from {
            self.status = to;
        }
        self
    }

    /// An answer made before any handler was chosen.
    pub fn routing(status: u16, detail: &str) -> Self {
        Self { status, detail: detail.to_owned(), cause: None, origin: Origin::Routing, headers: Vec::new() }
    }

    /// An answer whose body is not the usual one; `plain` for callers that do not ask for JSON.
    pub fn with_body(status: u16, body: Value, plain: Value) -> Self {
        Self { status, detail: String::new(), cause: None, origin: Origin::Body(Box::new((body, plain))), headers: Vec::new() }
    }

    /// With what is for the log only.
    pub fn because(mut self, cause: String) -> Self {
        self.cause = Some(cause);
        self
    }

    /// The answer to a request that was not let in.
    pub fn rejection(rejection: Rejection) -> Self {
        let mut failure = Self::routing(rejection.status, "");
        failure.headers.extend(rejection.www_authenticate.map(|value| ("www-authenticate", value)));
        failure.origin = Origin::Text(rejection.content_type, rejection.body);
        failure
    }

    pub fn header(mut self, name: &'static str, value: impl Into<String>) -> Self {
        self.headers.push((name, value.into()));
        self
    }

    /// Whether a handler made it, so that the version headers belong on it.
    pub fn is_handlers(&self) -> bool {
        matches!(self.origin, Origin::Handler)
    }

    /// The answer. `json` says whether the caller's `Accept` names JSON; `request_id` is what the log has it under.
    pub fn respond(self, json: bool, request_id: &str) -> Response {
        let status = StatusCode::from_u16(self.status).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
        let body = match self.origin {
            Origin::Text(media_type, body) => return with(self.headers, (status, [(header::CONTENT_TYPE, media_type)], body)),
            Origin::Body(bodies) => {
                let (body, plain) = *bodies;
                if json { body } else { plain }
            }
            Origin::Handler => {
                let code = if self.status >= 500 { "server" } else { "client" };
                let title = self.detail.split('.').next().unwrap_or_default();
                error_body(request_id, code, self.status, title, &self.detail)
            }
            Origin::Routing if json => error_body(request_id, "", self.status, status.canonical_reason().unwrap_or_default(), &self.detail),
            Origin::Routing => error_body(request_id, "", self.status, "", ""),
        };
        with(self.headers, (status, axum::Json(body)))
    }
}

/// The answer with these headers.
fn with(headers: Vec<(&'static str, String)>, answer: impl IntoResponse) -> Response {
    let mut response = answer.into_response();
    for (name, value) in headers {
        if let Ok(value) = HeaderValue::from_str(&value) {
            response.headers_mut().insert(HeaderName::from_static(name), value);
        }
    }
    response
}

/// OpenStack's error body.
pub fn error_body(request_id: &str, code: &str, status: u16, title: &str, detail: &str) -> Value {
    json!({"errors": [{"request_id": request_id, "code": code, "status": status, "title": title, "detail": detail, "links": []}]})
}

impl From<magnum_store::Error> for Failure {
    fn from(error: magnum_store::Error) -> Self {
        use magnum_store::Error as E;
        match error {
            E::NotFound { what, ident } => Self::not_found(format!("{} {ident} could not be found.", shown(what))),
            E::Ambiguous { what: "cluster", .. } => {
                Self::conflict("Multiple clusters exist with same name. Please use the cluster uuid instead.")
            }
            E::Ambiguous { what: "cluster template", .. } => {
                Self::conflict("Multiple cluster templates exist with same name. Please use the cluster template uuid instead.")
            }
            E::Ambiguous { what: "federation", .. } => {
                Self::conflict("Multiple federations exist with same name. Please use the federation uuid instead.")
            }
            E::Ambiguous { what, ident } => Self::conflict(format!("Multiple rows of {what} exist with the name {ident}.")),
            E::Exists { what: "Cluster", ident } => Self::conflict(format!("A cluster with UUID {ident} already exists.")),
            E::Exists { what: "Federation", ident } => Self::conflict(format!("A federation with UUID {ident} already exists.")),
            E::Exists { what, ident } => Self::conflict(format!("A {what} with UUID {ident} already exists.")),
            E::Referenced { what, ident } => Self::bad(format!("{what} {ident} is referenced by one or multiple clusters.")),
            E::Status { status } => Self::bad(format!("Updating a cluster when status is \"{status}\" is not supported.")),
            E::Limit { limit } => Self::forbidden(format!("The limit of {limit} is reached.")),
            E::Unstorable { reason } => Self::bad(format!("The database cannot store this: {reason}.")),
            other => Self::ours("The database could not be used.", with_sources(&other)),
        }
    }
}

fn shown(what: &str) -> &str {
    match what {
        "cluster" => "Cluster",
        "cluster template" => "ClusterTemplate",
        "nodegroup" => "Nodegroup",
        "federation" => "Federation",
        "node" => "Node",
        "key pair" => "A key pair",
        other => other,
    }
}

impl From<magnum_types::FieldError> for Failure {
    fn from(error: magnum_types::FieldError) -> Self {
        Self::field(&error.field, &error.value, format!("Value {}.", error.problem))
    }
}

impl From<magnum_pki::Error> for Failure {
    fn from(error: magnum_pki::Error) -> Self {
        if error.is_callers() {
            Self::bad(error.to_string())
        } else {
            Self::ours("The cluster's certificate authority could not be used.", with_sources(&error))
        }
    }
}

impl From<magnum_certificates::Error> for Failure {
    fn from(error: magnum_certificates::Error) -> Self {
        match error {
            magnum_certificates::Error::Store(error) => error.into(),
            other => Self::ours("The cluster's certificates could not be read.", with_sources(&other)),
        }
    }
}

impl From<magnum_engine::Error> for Failure {
    fn from(error: magnum_engine::Error) -> Self {
        match &error {
            magnum_engine::Error::NodeState { .. } => Self::conflict(format!("{error}.")),
            other => Self::unavailable(format!("{other}.")),
        }
    }
}

impl From<NoReport> for Failure {
    fn from(error: NoReport) -> Self {
        match error {
            NoReport::Unknown(text) => Self::bad(text),
            NoReport::Failed(text) => Self::unavailable(text),
        }
    }
}

fn with_sources(error: &dyn std::error::Error) -> String {
    let mut text = error.to_string();
    let mut source = error.source();
    while let Some(cause) = source {
        text.push_str(": ");
        text.push_str(&cause.to_string());
        source = cause.source();
    }
    text
}
