// SPDX-License-Identifier: Apache-2.0
//! No foreign text makes the parsers panic, and a damaged request is never taken for the original.

#![allow(clippy::unwrap_used, clippy::expect_used, reason = "tests")]

use magnum_pki::{Authority, Certificate, Csr, KeyKind, PrivateKey, San, Subject, certificate_request, generate_key};
use proptest::prelude::*;
use secrecy::ExposeSecret;
use std::sync::LazyLock;

struct Samples {
    request: Vec<u8>,
    certificate: Vec<u8>,
    key: Vec<u8>,
}

static SAMPLES: LazyLock<Samples> = LazyLock::new(|| {
    let key = generate_key(KeyKind::EcP256).unwrap();
    let sans = [San::Dns("a.b".into()), San::Ip("10.0.0.1".parse().unwrap())];
    let request = certificate_request(&key, &Subject::new("n", &["o"]), &sans).unwrap();
    let (certificate, _) = Authority::create("c", "2026-01-01T00:00:00Z".parse().unwrap(), 10).unwrap();
    let der = |pem: &str| {
        let body: String = pem.lines().filter(|line| !line.starts_with('-')).collect();
        let (_, bytes) = der::pem::decode_vec(format!("-----BEGIN X-----\n{}\n-----END X-----\n", wrap(&body)).as_bytes()).unwrap();
        bytes
    };
    Samples { request: der(&request), certificate: der(&certificate), key: der(key.to_pkcs8_pem().unwrap().expose_secret()) }
});

fn wrap(body: &str) -> String {
    body.as_bytes().chunks(64).map(|line| std::str::from_utf8(line).unwrap()).collect::<Vec<_>>().join("\n")
}

fn pem(label: &str, bytes: &[u8]) -> String {
    der::pem::encode_string(label, der::pem::LineEnding::LF, bytes).unwrap()
}

fn all(text: &str) {
    let _ = Csr::parse(text);
    let _ = Certificate::parse(text);
    let _ = PrivateKey::from_pkcs8_pem(text);
    let _ = PrivateKey::from_encrypted_pem(text, &"x".to_owned().into());
}

fn damaged(bytes: &[u8], edits: &[(usize, u8)], length: usize) -> Vec<u8> {
    let mut bytes = bytes.to_vec();
    for (at, value) in edits {
        let at = at % bytes.len();
        bytes[at] = *value;
    }
    bytes.truncate(length.max(1));
    bytes
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 512, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn any_text(text in "\\PC{0,200}") {
        all(&text);
        for label in ["CERTIFICATE REQUEST", "CERTIFICATE", "PRIVATE KEY", "RSA PRIVATE KEY", "EC PRIVATE KEY", "ENCRYPTED PRIVATE KEY"] {
            all(&format!("-----BEGIN {label}-----\n{text}\n-----END {label}-----"));
        }
    }

    #[test]
    fn any_bytes(bytes in proptest::collection::vec(any::<u8>(), 0..300)) {
        for label in ["CERTIFICATE REQUEST", "CERTIFICATE", "PRIVATE KEY", "RSA PRIVATE KEY", "EC PRIVATE KEY", "ENCRYPTED PRIVATE KEY"] {
            all(&pem(label, &bytes));
        }
    }

    #[test]
    fn damaged_originals(edits in proptest::collection::vec((any::<usize>(), any::<u8>()), 1..4), length in 1usize..2000) {
        let request = damaged(&SAMPLES.request, &edits, length);
        if request != SAMPLES.request {
            prop_assert!(Csr::parse(&pem("CERTIFICATE REQUEST", &request)).is_err());
        }
        all(&pem("CERTIFICATE", &damaged(&SAMPLES.certificate, &edits, length)));
        all(&pem("PRIVATE KEY", &damaged(&SAMPLES.key, &edits, length)));
    }
}
