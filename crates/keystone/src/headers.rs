// SPDX-License-Identifier: Apache-2.0
//! What clients see of it: the headers a token comes in, those that nobody is believed, and the answers 401 and 503.

use serde_json::json;

/// Headers a token may come in; the first that is there counts.
pub const TOKEN: [&str; 2] = ["x-auth-token", "x-storage-token"];
/// The header of the token of a service that passes a caller's request on.
pub const SERVICE_TOKEN: &str = "x-service-token";

/// What the middleware tells the service behind it in Python. From outside these are forged; whoever passes requests on must
/// drop them, and nothing may read them. (keystonemiddleware forgets the last.)
const FORGED: [&str; 32] = [
    "x-service-catalog",
    "x-identity-status",
    "x-service-identity-status",
    "x-is-admin-project",
    "x-role",
    "x-user",
    "x-tenant-id",
    "x-tenant-name",
    "x-tenant",
    "x-roles",
    "x-domain-id",
    "x-domain-name",
    "x-project-id",
    "x-project-name",
    "x-project-domain-id",
    "x-project-domain-name",
    "x-user-id",
    "x-user-name",
    "x-user-domain-id",
    "x-user-domain-name",
    "x-service-roles",
    "x-service-domain-id",
    "x-service-domain-name",
    "x-service-project-id",
    "x-service-project-name",
    "x-service-project-domain-id",
    "x-service-project-domain-name",
    "x-service-user-id",
    "x-service-user-name",
    "x-service-user-domain-id",
    "x-service-user-domain-name",
    "openstack-system-scope",
];

/// Whether a header claims what only a token can show. Case does not count.
pub fn is_forged(name: &str) -> bool {
    FORGED.iter().any(|forged| forged.eq_ignore_ascii_case(name))
}

/// An answer to a request that was not let in.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Rejection {
    pub status: u16,
    pub content_type: &'static str,
    /// Value of `WWW-Authenticate`.
    pub www_authenticate: Option<String>,
    pub body: String,
}

/// 401, as keystonemiddleware words it. `uri` is `www_authenticate_uri`.
pub fn unauthorised(uri: &str) -> Rejection {
    let message = "The request you have made requires authentication.";
    Rejection {
        status: 401,
        content_type: "application/json",
        www_authenticate: Some(www_authenticate(uri)),
        body: python(&json!({"error": {"code": 401, "title": "Unauthorized", "message": message}})),
    }
}

/// The value of `WWW-Authenticate`, which any 401 of the service carries.
pub fn www_authenticate(uri: &str) -> String {
    format!("Keystone uri=\"{uri}\"")
}

/// 503 while Keystone cannot be asked, in the form that webob chooses by `Accept`.
pub fn unavailable(accept: Option<&str>) -> Rejection {
    const STATUS: &str = "503 Service Unavailable";
    const EXPLANATION: &str = "The server is currently unavailable. Please try again at a later time.";
    const DETAIL: &str = "The Keystone service is temporarily unavailable.";
    let inner = format!("{EXPLANATION}<br /><br />\n{DETAIL}\n\n");
    let (content_type, body) = match form(accept) {
        Form::Html => (
            "text/html; charset=UTF-8",
            format!("<html>\n <head>\n  <title>{STATUS}</title>\n </head>\n <body>\n  <h1>{STATUS}</h1>\n  {inner}\n </body>\n</html>"),
        ),
        Form::Json => ("application/json", python(&json!({"message": inner, "code": STATUS, "title": "Service Unavailable"}))),
        Form::Plain => ("text/plain; charset=UTF-8", format!("{STATUS}\n\n{EXPLANATION}\n\n {DETAIL}  ")),
    };
    Rejection { status: 503, content_type, www_authenticate: None, body }
}

/// Python puts a space behind `:` and `,`.
fn python(value: &serde_json::Value) -> String {
    match value.as_object() {
        Some(object) => {
            let parts: Vec<String> = object.iter().map(|(key, value)| format!("{}: {}", json!(key), python(value))).collect();
            format!("{{{}}}", parts.join(", "))
        }
        None => value.to_string(),
    }
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Form {
    Html,
    Json,
    Plain,
}

/// What a client wants of HTML and JSON; HTML if it wants both as much or says what cannot be read, neither if it says nothing.
fn form(accept: Option<&str>) -> Form {
    let Some(accept) = accept.filter(|text| !text.trim().is_empty()) else { return Form::Plain };
    let ranges: Vec<(String, f32)> = accept.split(',').filter_map(range).collect();
    if ranges.is_empty() {
        return Form::Html;
    }
    // The most particular range counts.
    let quality = |wanted: [&str; 3]| {
        let found = wanted.iter().find_map(|name| ranges.iter().find(|(range, _)| range == name));
        found.map_or(0.0, |(_, quality)| *quality)
    };
    let html = quality(["text/html", "text/*", "*/*"]);
    let json = quality(["application/json", "application/*", "*/*"]);
    match () {
        () if html <= 0.0 && json <= 0.0 => Form::Plain,
        () if html >= json => Form::Html,
        () => Form::Json,
    }
}

fn range(text: &str) -> Option<(String, f32)> {
    let mut parts = text.split(';').map(str::trim);
    let name = parts.next().filter(|name| name.contains('/'))?.to_ascii_lowercase();
    let quality = parts.find_map(|part| part.strip_prefix("q=")).map_or(Some(1.0), |text| text.parse().ok())?;
    Some((name, quality))
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Recorded from keystonemiddleware's own exceptions in webob 1.8.6.
    #[test]
    fn bodies_are_webobs_to_the_byte() {
        let plain = "503 Service Unavailable\n\nThe server is currently unavailable. Please try again at a later time.\n\n The Keystone service is temporarily unavailable.  ";
        let json = "{\"message\": \"The server is currently unavailable. Please try again at a later time.<br /><br />\\nThe Keystone service is temporarily unavailable.\\n\\n\", \"code\": \"503 Service Unavailable\", \"title\": \"Service Unavailable\"}";
        let html = "<html>\n <head>\n  <title>503 Service Unavailable</title>\n </head>\n <body>\n  <h1>503 Service Unavailable</h1>\n  The server is currently unavailable. Please try again at a later time.<br /><br />\nThe Keystone service is temporarily unavailable.\n\n\n </body>\n</html>";
        for (accept, body) in [
            (None, plain),
            (Some("application/json"), json),
            (Some("*/*"), html),
            (Some("text/plain"), plain),
            (Some("application/json;q=0.5, text/*;q=0.4"), json),
            (Some("text/html, application/json"), html),
            (Some("application/*"), json),
            (Some("rubbish"), html),
        ] {
            assert_eq!(unavailable(accept).body, body, "{accept:?}");
        }
        let refused = unauthorised("http://k:5000");
        assert_eq!(
            refused.body,
            r#"{"error": {"code": 401, "title": "Unauthorized", "message": "The request you have made requires authentication."}}"#
        );
        assert_eq!(refused.www_authenticate.as_deref(), Some(r#"Keystone uri="http://k:5000""#));
    }

    #[test]
    fn claims_from_outside_are_known_in_any_case() {
        for name in ["X-User-Id", "x-roles", "X-SERVICE-ROLES", "OpenStack-System-Scope", "X-Tenant"] {
            assert!(is_forged(name), "{name}");
        }
        for name in ["X-Auth-Token", "X-Service-Token", "X-Openstack-Request-Id", "Accept"] {
            assert!(!is_forged(name), "{name}");
        }
    }
}
