// SPDX-License-Identifier: Apache-2.0
//! The beginning of links, made from what a caller and proxies say of the address: a URL of http, with nothing in it that a page or
//! a header could take for more.

use axum::http::{HeaderMap, HeaderName, HeaderValue, Uri};
use magnum_api::Front;
use magnum_api::fuzzing::base;

const NAMES: [&str; 5] = ["host", "forwarded", "x-forwarded-host", "x-forwarded-proto", "x-forwarded-prefix"];

/// Lines of headers, `name: value`.
pub fn check(data: &[u8]) {
    let mut headers = HeaderMap::new();
    for line in data.split(|byte| *byte == b'\n') {
        let mut parts = line.splitn(2, |byte| *byte == b':');
        let (name, value) = (parts.next().unwrap_or_default(), parts.next().unwrap_or_default());
        let known = NAMES.iter().find(|known| known.as_bytes() == name);
        if let (Some(name), Ok(value)) = (known, HeaderValue::from_bytes(value.trim_ascii())) {
            headers.append(HeaderName::from_static(name), value);
        }
    }
    for trust_proxy in [false, true] {
        let base = base(&Front { trust_proxy, ..Front::default() }, &headers);
        let link = format!("{base}/v1/clusters?limit=1");
        let read = link.parse::<Uri>();
        assert!(read.is_ok(), "{link:?}: {read:?}");
        let host = read.ok().and_then(|uri| uri.host().map(str::to_owned)).unwrap_or_default();
        assert!(!host.is_empty() && (base.starts_with("http://") || base.starts_with("https://")), "{link:?}");
        assert!(!base.ends_with('/') && !base.contains(['"', '\'', '<', '>', '@', '\\', '?', '#', ' ']), "{link:?}");
        assert!(trust_proxy || base.starts_with("http://"), "{link:?} is not how the caller came");
    }
}
