// SPDX-License-Identifier: Apache-2.0
//! The version headers: an answer's version is one that is served, and what an answer says is good as a request.

use axum::http::{HeaderMap, HeaderName, HeaderValue};
use magnum_api::fuzzing::{negotiate, version_headers};
use magnum_types::Microversion;

const NEW: HeaderName = HeaderName::from_static("openstack-api-version");
const OLD: HeaderName = HeaderName::from_static("x-openstack-magnum-api-version");

/// Lines: `N` and a value of the header of today, `O` and one of the header of 2015.
pub fn check(data: &[u8]) {
    let mut headers = HeaderMap::new();
    for line in data.split(|byte| *byte == b'\n') {
        let Some((kind, value)) = line.split_first() else { continue };
        let Ok(value) = HeaderValue::from_bytes(value.trim_ascii()) else { continue };
        match kind {
            b'N' => drop(headers.append(NEW, value)),
            b'O' => drop(headers.append(OLD, value)),
            _ => {}
        }
    }
    match negotiate(&headers) {
        Ok(version) => good(version),
        Err(status) => {
            assert_eq!(status, 406);
            assert!(!headers.is_empty(), "without a header the oldest version is meant");
        }
    }
    let numbers: Vec<u16> = data.iter().take(2).map(|byte| u16::from(*byte)).collect();
    if let [major, minor] = numbers[..] {
        named(major % 3, minor % 20);
    }
}

fn good(version: Microversion) {
    assert!((Microversion::MIN..=Microversion::MAX).contains(&version), "{version}");
    let said = version_headers(version);
    assert_eq!(negotiate(&said), Ok(version), "{said:?}");
}

/// A version by its numbers is served when it is in the range, and in no other case.
fn named(major: u16, minor: u16) {
    let version = Microversion { major, minor };
    let mut headers = HeaderMap::new();
    if let Ok(value) = HeaderValue::from_str(&format!("container-infra {version}")) {
        headers.insert(NEW, value);
    }
    let served = (Microversion::MIN..=Microversion::MAX).contains(&version);
    assert_eq!(negotiate(&headers), if served { Ok(version) } else { Err(406) }, "{version}");
}
