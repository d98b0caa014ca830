// SPDX-License-Identifier: Apache-2.0
//! The kubeconfig file: written as the Python client writes it, and read back to see whether it still serves.

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use jiff::Timestamp;
use magnum_pki::Certificate;
use serde_json::{Value, json};

/// What a kubeconfig is made of.
pub(super) struct Content<'a> {
    pub cluster: &'a str,
    pub server: &'a str,
    pub access: Access<'a>,
}

/// How the cluster is entered; certificates and keys are PEM.
pub(super) enum Access<'a> {
    /// Without TLS.
    Open,
    Certificate {
        ca: &'a str,
        certificate: &'a str,
        key: &'a str,
    },
    /// By the token of Keystone that kubectl finds in `OS_TOKEN`.
    Keystone {
        ca: &'a str,
    },
}

/// Says the token of the environment, as the Python client's file does it. It holds nothing from a user.
const SAY_TOKEN: &str = r#"if [ -z "${OS_TOKEN}" ]; then
    echo 'Error: Missing OpenStack credential from environment variable $OS_TOKEN' > /dev/stderr
    exit 1
else
    echo '{ "apiVersion": "client.authentication.k8s.io/v1beta1", "kind": "ExecCredential", "status": { "token": "'"${OS_TOKEN}"'"}}'
fi
"#;

/// The file's document.
pub(super) fn document(content: &Content<'_>) -> Value {
    let name = content.cluster;
    let mut cluster = json!({"server": content.server});
    if let Access::Certificate { ca, .. } | Access::Keystone { ca } = content.access {
        cluster["certificate-authority-data"] = json!(STANDARD.encode(ca));
    }
    let (context, user, credentials) = match content.access {
        Access::Certificate { certificate, key, .. } => {
            ("default", "admin", json!({"client-certificate-data": STANDARD.encode(certificate), "client-key-data": STANDARD.encode(key)}))
        }
        Access::Keystone { .. } => {
            let exec = json!({"apiVersion": "client.authentication.k8s.io/v1beta1", "command": "/bin/bash", "args": ["-c", SAY_TOKEN]});
            ("openstackuser@kubernetes", "openstackuser", json!({ "exec": exec }))
        }
        Access::Open => (name, name, json!({})),
    };
    json!({
        "apiVersion": "v1",
        "kind": "Config",
        "preferences": {},
        "clusters": [{"name": name, "cluster": cluster}],
        "contexts": [{"name": context, "context": {"cluster": name, "user": user}}],
        "current-context": context,
        "users": [{"name": user, "user": credentials}],
    })
}

/// Whether `text` is just this document.
pub(super) fn is(text: &str, wanted: &Value) -> bool {
    serde_saphyr::from_str::<Value>(text).is_ok_and(|found| found == *wanted)
}

/// Whether `text` is a kubeconfig that still opens the cluster: same server, same CA, a certificate of that CA
/// that is valid for another hour.
pub(super) fn still_serves(text: &str, server: &str, ca: Option<&str>, now: Timestamp) -> bool {
    let Ok(document) = serde_saphyr::from_str::<Value>(text) else { return false };
    let at = |pointer: &str| document.pointer(pointer).and_then(Value::as_str);
    let pem = |pointer: &str| at(pointer).and_then(|text| STANDARD.decode(text).ok()).and_then(|bytes| String::from_utf8(bytes).ok());
    if at("/clusters/0/cluster/server") != Some(server) {
        return false;
    }
    let Some(ca) = ca else { return at("/clusters/0/cluster/certificate-authority-data").is_none() };
    let same_ca = pem("/clusters/0/cluster/certificate-authority-data").is_some_and(|old| old.trim() == ca.trim());
    let later = now.checked_add(jiff::SignedDuration::from_hours(1)).unwrap_or(now);
    let certificate = pem("/users/0/user/client-certificate-data").and_then(|text| Certificate::parse(&text).ok());
    let issuer = Certificate::parse(ca).ok();
    let trusted = matches!((certificate, issuer), (Some(own), Some(issuer)) if own.is_valid_at(later) && own.is_signed_by(&issuer));
    same_ca && trusted && pem("/users/0/user/client-key-data").is_some()
}
