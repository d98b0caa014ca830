// SPDX-License-Identifier: Apache-2.0
//! Microversion negotiation: one header in, three headers out, and its own error bodies.

use crate::failure::Failure;
use axum::http::{HeaderMap, HeaderName, HeaderValue};
use magnum_types::Microversion;
use serde_json::{Value, json};
use std::sync::LazyLock;

const VERSION: &str = "openstack-api-version";
const MINIMUM: &str = "openstack-api-minimum-version";
const MAXIMUM: &str = "openstack-api-maximum-version";
/// Of 1.1.0 to 2.0.0 (`magnum-api.md` 1.2).
const OLD_VERSION: &str = "x-openstack-magnum-api-version";
const OLD_MINIMUM: &str = "x-openstack-magnum-api-minimum-version";
const OLD_MAXIMUM: &str = "x-openstack-magnum-api-maximum-version";
const SERVICE: &str = "container-infrastructure-management";
const SERVICES: [&str; 3] = [SERVICE, "container-infrastructure", "container-infra"];

/// The version the request is to be answered in.
pub(crate) fn negotiate(headers: &HeaderMap) -> Result<Microversion, Failure> {
    let Some(value) = headers.get(VERSION) else { return old(headers) };
    let text = value.to_str().unwrap_or_default();
    let words: Vec<&str> = text.split_whitespace().collect();
    let [service, version] = words[..] else { return Err(Failure::routing(406, "Invalid service type for OpenStack-API-Version header")) };
    if version.eq_ignore_ascii_case("latest") {
        return Ok(Microversion::MAX);
    }
    if !SERVICES.contains(&service) {
        return Err(Failure::routing(406, "Invalid service type for OpenStack-API-Version header"));
    }
    let version = Microversion::parse(version).ok_or_else(|| Failure::routing(406, "Invalid value for OpenStack-API-Version header"))?;
    if version.major != Microversion::MAX.major {
        return Err(unsupported(
            version,
            format!("Mutually exclusive versions requested. Version {version} requested but not supported by this service."),
        ));
    }
    if !(Microversion::MIN..=Microversion::MAX).contains(&version) {
        return Err(unsupported(
            version,
            format!("Version {version} was requested but the minor version is not supported by this service. "),
        ));
    }
    Ok(version)
}

/// The version of a client of 2015: a bare number, and only one that there was.
fn old(headers: &HeaderMap) -> Result<Microversion, Failure> {
    let Some(value) = headers.get(OLD_VERSION) else { return Ok(Microversion::MIN) };
    match Microversion::parse(value.to_str().unwrap_or_default().trim()) {
        Some(Microversion::MIN) => Ok(Microversion::MIN),
        Some(version) => {
            Err(unsupported(version, format!("Version {version} was requested but the minor version is not supported by this service. ")))
        }
        None => Err(Failure::routing(406, "Invalid value for X-OpenStack-Magnum-API-Version header")),
    }
}

fn unsupported(version: Microversion, reason: String) -> Failure {
    let (min, max) = (Microversion::MIN, Microversion::MAX);
    let body = |title: &str, description: Option<String>| {
        let mut error = serde_json::Map::new();
        error.insert("code".to_owned(), json!("magnum.microversion-unsupported"));
        error.insert("title".to_owned(), json!(title));
        if let Some(description) = description {
            error.insert("description".to_owned(), json!(description));
        }
        error.insert("max_version".to_owned(), json!(max.to_string()));
        error.insert("min_version".to_owned(), json!(min.to_string()));
        error
            .insert("links".to_owned(), json!([{"rel": "help", "href": "http://docs.openstack.org/api-guide/compute/microversions.html"}]));
        json!({"errors": [Value::Object(error)]})
    };
    let description = format!("{reason}The supported version range is: [{SERVICE} {min}, {SERVICE} {max}].");
    let failure = Failure::with_body(
        406,
        body("Requested microversion is unsupported", Some(description)),
        body("Requested microversion is unsupported", None),
    );
    stamp(failure, version)
}

/// Whether the caller speaks as clients of 2015 do, who know nothing of the other headers.
pub(crate) fn is_old(headers: &HeaderMap) -> bool {
    headers.contains_key(OLD_VERSION) && !headers.contains_key(VERSION)
}

/// Puts the headers on an answer that clients of 2015 read.
pub(crate) fn write_old(map: &mut HeaderMap) {
    for (name, version) in [(OLD_MINIMUM, Microversion::MIN), (OLD_MAXIMUM, Microversion::MAX)] {
        if let Ok(value) = HeaderValue::from_str(&version.to_string()) {
            map.insert(HeaderName::from_static(name), value);
        }
    }
}

/// Says in which version the answer is, and which there are.
fn headers(version: Microversion) -> [(&'static str, String); 4] {
    let said = |version: Microversion| format!("{SERVICE} {version}");
    [
        (VERSION, said(version)),
        (MINIMUM, said(Microversion::MIN)),
        (MAXIMUM, said(Microversion::MAX)),
        ("vary", "OpenStack-API-Version".to_owned()),
    ]
}

/// Puts the version headers on an answer.
pub(crate) fn write(map: &mut HeaderMap, version: Microversion) {
    /// The same on most answers.
    static NEWEST: LazyLock<Vec<(HeaderName, HeaderValue)>> = LazyLock::new(|| values(Microversion::MAX));
    let own = if version == Microversion::MAX { None } else { Some(values(version)) };
    for (name, value) in own.as_ref().unwrap_or(&NEWEST) {
        map.insert(name, value.clone());
    }
}

fn values(version: Microversion) -> Vec<(HeaderName, HeaderValue)> {
    let value = |(name, value): (_, String)| Some((HeaderName::from_static(name), HeaderValue::from_str(&value).ok()?));
    headers(version).into_iter().filter_map(value).collect()
}

/// Puts the version headers on a failure.
pub(crate) fn stamp(failure: Failure, version: Microversion) -> Failure {
    headers(version).into_iter().fold(failure, |failure, (name, value)| failure.header(name, value))
}
