// SPDX-License-Identifier: Apache-2.0
//! Certificate files, good and broken.

use crate::parse::{list, text, time};
use crate::reading::{Answer, Reading};
use magnum_facts::node::{BrokenCertificate, Certificate, KeyFit, NodeFacts};
use serde_json::Value;

pub(crate) static READING: Reading = Reading { names: |_, _| &["certs"], read };

fn read(facts: &mut NodeFacts, answer: &Answer<'_>) {
    facts.certificates = answer.fact("certs", "openssl x509", |v| list(v, "/certificates").filter_map(certificate).collect());
    facts.service_account =
        answer.maybe("certs", "openssl pkey -pubout -outform DER -in /etc/kubernetes/pki/service-account.key | sha256sum", |v| {
            v.get("service_account").and_then(Value::as_str).map(str::to_owned)
        });
    facts.broken_certificates = answer.fact("certs", "openssl x509", |v| list(v, "/certificates").filter_map(broken).collect());
}

fn certificate(item: &Value) -> Option<Certificate> {
    Some(Certificate {
        path: text(item, "path").to_owned(),
        subject: text(item, "subject").to_owned(),
        issuer: text(item, "issuer").to_owned(),
        not_before: time(text(item, "not_before"))?,
        not_after: time(text(item, "not_after"))?,
        sans: list(item, "/sans").filter_map(Value::as_str).map(str::to_owned).collect(),
        fingerprint: text(item, "sha256").to_owned(),
        others: list(item, "/others").filter_map(Value::as_str).map(str::to_owned).collect(),
        is_ca: item.get("is_ca").and_then(Value::as_bool).unwrap_or(false),
        key: match text(item, "key") {
            "matches" => Some(KeyFit::Matches),
            "differs" => Some(KeyFit::Differs),
            "missing" => Some(KeyFit::Missing),
            _ => None,
        },
        usages: list(item, "/usages").filter_map(Value::as_str).map(str::to_owned).collect(),
    })
}

fn broken(item: &Value) -> Option<BrokenCertificate> {
    let error = text(item, "error");
    let bytes = item.get("bytes").and_then(Value::as_u64).unwrap_or(0);
    (!error.is_empty()).then(|| BrokenCertificate { path: text(item, "path").to_owned(), bytes, error: error.to_owned() })
}
