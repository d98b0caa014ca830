// SPDX-License-Identifier: Apache-2.0
//! What stands before the API: how the outside calls it, pages of other origins, how big requests and pages may be.

use axum::Router;
use axum::http::uri::Authority;
use axum::http::{HeaderMap, HeaderName, HeaderValue, Method};
use std::path::PathBuf;
use std::time::Duration;
use tower_http::cors::{AllowOrigin, CorsLayer};

/// `[api]`, `[cors]`, `[oslo_middleware]` and `[healthcheck]`, as far as they shape answers.
#[derive(Debug, Clone)]
pub struct Front {
    /// `https` when the API speaks TLS itself.
    pub scheme: &'static str,
    /// `[oslo_middleware]enable_proxy_headers_parsing`: what a proxy says of the original request is believed.
    pub trust_proxy: bool,
    /// The most bytes of a request's body.
    pub body_max: usize,
    /// `[api]max_limit`: the most entries of one page.
    pub page_max: i64,
    /// `[cors]`; None: no page of another origin may call.
    pub cors: Option<Cors>,
    /// `[healthcheck]disable_by_file_path`: when it is there, this process is not to get requests.
    pub out_of_service: Option<PathBuf>,
}

impl Default for Front {
    fn default() -> Self {
        Self { scheme: "http", trust_proxy: false, body_max: 1 << 20, page_max: 1000, cors: None, out_of_service: None }
    }
}

/// Pages of other origins that may call.
#[derive(Debug, Clone)]
pub struct Cors {
    /// Such as `https://horizon.example`; `*` is any.
    pub origins: Vec<String>,
    pub credentials: bool,
    pub expose_headers: Vec<String>,
    pub max_age: Duration,
    pub methods: Vec<String>,
    pub headers: Vec<String>,
}

impl Cors {
    /// Refuses what no header can hold; names the option.
    pub fn check(&self) -> Result<(), String> {
        let bad = |option: &str, value: &str| format!("[cors] {option}: {value:?} cannot stand in a header");
        for origin in &self.origins {
            HeaderValue::from_str(origin).map_err(|_| bad("allowed_origin", origin))?;
        }
        for (option, names) in [("expose_headers", &self.expose_headers), ("allow_headers", &self.headers)] {
            for name in names {
                HeaderName::from_bytes(name.as_bytes()).map_err(|_| bad(option, name))?;
            }
        }
        for method in &self.methods {
            Method::from_bytes(method.as_bytes()).map_err(|_| bad("allow_methods", method))?;
        }
        Ok(())
    }

    fn layer(&self) -> CorsLayer {
        let names = |names: &[String]| names.iter().filter_map(|name| HeaderName::from_bytes(name.as_bytes()).ok()).collect::<Vec<_>>();
        let any = self.origins.iter().any(|origin| origin == "*");
        let origins = self.origins.iter().filter_map(|origin| HeaderValue::from_str(origin).ok());
        CorsLayer::new()
            .allow_origin(if any { AllowOrigin::any() } else { AllowOrigin::list(origins) })
            // Browsers refuse both at once, and a page of any origin has no business with what they know of the user.
            .allow_credentials(self.credentials && !any)
            .expose_headers(names(&self.expose_headers))
            .max_age(self.max_age)
            .allow_methods(self.methods.iter().filter_map(|method| Method::from_bytes(method.as_bytes()).ok()).collect::<Vec<_>>())
            .allow_headers(names(&self.headers))
    }
}

impl Front {
    /// The router behind what pages of other origins have to pass.
    pub(crate) fn before(&self, router: Router) -> Router {
        match &self.cors {
            Some(cors) => router.layer(cors.layer()),
            None => router,
        }
    }

    /// How the caller addressed us: scheme, host and prefix without a slash at the end. A host name that could not stand in a
    /// URL is not repeated.
    pub(crate) fn base(&self, headers: &HeaderMap) -> String {
        let told = |name: &str| headers.get(name).and_then(|value| value.to_str().ok()).map(first).filter(|value| !value.is_empty());
        let proxied = |name: &str| told(name).filter(|_| self.trust_proxy);
        let forwarded = |key: &str| proxied("forwarded").and_then(|value| parameter(value, key));
        let host = forwarded("host").or_else(|| proxied("x-forwarded-host")).or_else(|| told("host")).unwrap_or("localhost");
        let scheme = forwarded("proto").or_else(|| proxied("x-forwarded-proto")).filter(|s| ["http", "https"].contains(s));
        let prefix = proxied("x-forwarded-prefix").map_or("", |prefix| prefix.trim_end_matches('/'));
        let host = if is_host(host) { host } else { "localhost" };
        let prefix = if prefix.starts_with('/') && prefix.bytes().all(in_path) { prefix } else { "" };
        format!("{}://{host}{prefix}", scheme.unwrap_or(self.scheme))
    }
}

/// The entry of the outermost proxy.
fn first(value: &str) -> &str {
    value.split(',').next().unwrap_or_default().trim()
}

/// A parameter of `Forwarded` (RFC 7239), without its quotes.
fn parameter<'a>(value: &'a str, key: &str) -> Option<&'a str> {
    let pairs = value.split(';').filter_map(|pair| pair.trim().split_once('='));
    pairs.into_iter().find(|(name, _)| name.eq_ignore_ascii_case(key)).map(|(_, value)| value.trim_matches('"'))
}

fn is_host(host: &str) -> bool {
    host.bytes().all(|b| b.is_ascii_alphanumeric() || matches!(b, b'.' | b':' | b'-' | b'_' | b'[' | b']'))
        && host.parse::<Authority>().is_ok_and(|authority| !authority.host().is_empty())
}

fn in_path(b: u8) -> bool {
    b.is_ascii_alphanumeric() || matches!(b, b'/' | b'.' | b'-' | b'_' | b'~')
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn links_begin_as_the_caller_addressed_us() {
        let named = |trust_proxy, headers: &[(&'static str, &str)]| {
            let headers = headers.iter().map(|(name, value)| (HeaderName::from_static(name), HeaderValue::from_str(value).unwrap()));
            Front { trust_proxy, ..Front::default() }.base(&headers.collect())
        };
        let proxy = [
            ("host", "127.0.0.1:9511"),
            ("x-forwarded-proto", "https"),
            ("x-forwarded-host", "cloud.example, inner"),
            ("x-forwarded-prefix", "/magnum/"),
        ];
        for (trusted, headers, expected) in [
            (false, &proxy[..1], "http://127.0.0.1:9511"),
            (false, &proxy[..], "http://127.0.0.1:9511"),
            (true, &proxy[..], "https://cloud.example/magnum"),
            (true, &[("forwarded", "for=1.2.3.4;proto=https;host=\"a.example:443\""), ("host", "h")][..], "https://a.example:443"),
            (true, &[("x-forwarded-proto", "javascript"), ("x-forwarded-prefix", "/\"><"), ("host", "h")][..], "http://h"),
            (true, &[("x-forwarded-host", "a b"), ("host", "h")][..], "http://localhost"),
            (false, &[("host", "a:b:c")][..], "http://localhost"),
            (false, &[("host", ":80")][..], "http://localhost"),
            (false, &[("host", "[::1]:80")][..], "http://[::1]:80"),
            (true, &[][..], "http://localhost"),
        ] {
            assert_eq!(named(trusted, headers), expected, "{trusted} {headers:?}");
        }
        let host = [(HeaderName::from_static("host"), HeaderValue::from_static("h:9511"))].into_iter().collect();
        assert_eq!(Front { scheme: "https", ..Front::default() }.base(&host), "https://h:9511", "an API that speaks TLS itself");
    }
}
