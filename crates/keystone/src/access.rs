// SPDX-License-Identifier: Apache-2.0
//! Access rules of application credentials: which requests one allows.

use magnum_cloud::{AccessRule, Token};

/// Why a request is not among those that an application credential allows.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum AccessFault {
    #[error("[keystone_authtoken] service_type is not set")]
    NoServiceType,
    #[error("[keystone_authtoken] service_type is not in the token's catalogue")]
    NotInCatalogue,
    #[error("no access rule fits")]
    NoRule,
}

/// Whether a token may be used for this request. Only application credentials with access rules limit that. A `chained`
/// request comes from a service that passes it on, and was judged where the chain began.
pub fn permitted(token: &Token, service_type: Option<&str>, method: &str, path: &str, chained: bool) -> Result<(), AccessFault> {
    let Some(rules) = token.application_credential.as_ref().and_then(|credential| credential.access_rules.as_ref()) else {
        return Ok(());
    };
    let service_type = service_type.filter(|name| !name.is_empty()).ok_or(AccessFault::NoServiceType)?;
    if !token.catalogue.as_ref().is_some_and(|catalogue| catalogue.has_type(service_type)) {
        return Err(AccessFault::NotInCatalogue);
    }
    let fits = |rule: &AccessRule| rule.method == method && rule.service == service_type && path_fits(&rule.path, path);
    if chained || rules.iter().any(fits) { Ok(()) } else { Err(AccessFault::NoRule) }
}

/// Whether a path is one of a rule's. `*` and `{name}` stand for at least one character without a slash, `**` for anything; all
/// else for itself (in keystonemiddleware a dot in a rule stands for any character).
fn path_fits(rule: &str, path: &str) -> bool {
    let path = path.as_bytes();
    // Which lengths of the path's beginning the rule's beginning can stand for: no rule takes longer than its length times the path's.
    let mut ends = vec![false; path.len() + 1];
    ends[0] = true;
    let mut rest = rule;
    while let Some(first) = rest.chars().next() {
        let mut next = vec![false; path.len() + 1];
        let tag = rest.starts_with('{').then(|| rest.find('}')).flatten();
        if let Some(after) = rest.strip_prefix("**") {
            let mut open = false;
            for (end, fits) in next.iter_mut().enumerate() {
                open |= ends[end];
                *fits = open;
            }
            rest = after;
        } else if first == '*' || tag.is_some() {
            let mut open = false;
            for end in 0..path.len() {
                open = path[end] != b'/' && (open || ends[end]);
                next[end + 1] = open;
            }
            rest = &rest[tag.unwrap_or(0) + 1..];
        } else {
            let literal = &rest.as_bytes()[..first.len_utf8()];
            for (end, fits) in ends.iter().enumerate() {
                if *fits && path[end..].starts_with(literal) {
                    next[end + literal.len()] = true;
                }
            }
            rest = &rest[first.len_utf8()..];
        }
        ends = next;
    }
    ends[path.len()]
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn paths_fit_as_keystonemiddleware_reads_them() {
        for (rule, path, expected) in [
            ("/v1/clusters", "/v1/clusters", true),
            ("/v1/clusters", "/v1/clusters/", false),
            ("/v1/clusters", "/v1/clusters/x", false),
            ("/v1/clusters/*", "/v1/clusters/x", true),
            ("/v1/clusters/*", "/v1/clusters/", false),
            ("/v1/clusters/*", "/v1/clusters/x/y", false),
            ("/v1/clusters/{id}", "/v1/clusters/x", true),
            ("/v1/clusters/{id}/actions/*", "/v1/clusters/x/actions/resize", true),
            ("/v1/clusters/{id}/actions/*", "/v1/clusters/x/y/actions/resize", false),
            ("/v1/**", "/v1/", true),
            ("/v1/**", "/v1/a/b/c", true),
            ("/v1/**", "/v1", false),
            ("**", "", true),
            ("**/nodegroups", "/v1/clusters/x/nodegroups", true),
            ("/v1/a*c", "/v1/abbc", true),
            ("/v1/a*c", "/v1/ac", false),
            ("/v1/***", "/v1/x/y", true),
            ("/v1.1/x", "/v1x1/x", false),
            ("/é/*", "/é/x", true),
            ("", "", true),
            ("", "/", false),
            ("/{open", "/{open", true),
        ] {
            assert_eq!(path_fits(rule, path), expected, "{rule} {path}");
        }
    }

    #[test]
    fn a_malicious_rule_takes_no_time() {
        let (rule, path) = ("*a".repeat(60), "a".repeat(8000));
        let began = std::time::Instant::now();
        assert!(!path_fits(&(rule + "b"), &path));
        assert!(began.elapsed().as_secs() < 2);
    }

    fn token(rules: Option<serde_json::Value>, catalog: serde_json::Value) -> Token {
        let credential = match rules {
            Some(rules) => json!({"id": "c", "name": "n", "access_rules": rules}),
            None => json!({"id": "c", "name": "n"}),
        };
        Token::parse(json!({"token": {"user": {"id": "u", "name": "n"}, "expires_at": "2026-11-25T20:00:00Z",
            "application_credential": credential, "catalog": catalog}}))
        .unwrap()
    }

    #[test]
    fn only_rules_of_this_service_and_method_let_in() {
        let rule = |service: &str| json!([{"service": service, "method": "GET", "path": "/v1/clusters"}]);
        let catalog = || json!([{"type": "container-infra", "endpoints": []}]);
        let own = Some("container-infra");
        for (rules, catalog, service_type, method, chained, expected) in [
            (None, json!([]), None, "DELETE", false, Ok(())),
            (Some(rule("container-infra")), catalog(), own, "GET", false, Ok(())),
            (Some(rule("container-infra")), catalog(), own, "POST", false, Err(AccessFault::NoRule)),
            (Some(rule("container-infra")), catalog(), own, "POST", true, Ok(())),
            (Some(rule("compute")), catalog(), own, "GET", false, Err(AccessFault::NoRule)),
            (Some(json!([])), catalog(), own, "GET", false, Err(AccessFault::NoRule)),
            (Some(rule("container-infra")), json!([]), own, "GET", true, Err(AccessFault::NotInCatalogue)),
            (Some(rule("container-infra")), catalog(), Some(""), "GET", false, Err(AccessFault::NoServiceType)),
        ] {
            let token = token(rules, catalog);
            assert_eq!(permitted(&token, service_type, method, "/v1/clusters", chained), expected, "{method} {chained} {token:?}");
        }
    }
}
