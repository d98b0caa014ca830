// SPDX-License-Identifier: Apache-2.0
//! The words of a server's error answer.

use serde_json::Value;

/// The error text of every body Magnum and its middleware have ever sent: the title, and the detail where it adds
/// something.
pub(super) fn message(body: &Value) -> Option<String> {
    if let Some(text) = body.get("error_message") {
        let inner = text.as_str().and_then(|text| serde_json::from_str::<Value>(text).ok()).unwrap_or_else(|| text.clone());
        let fault = inner.get("faultstring").and_then(Value::as_str).or_else(|| inner.as_str());
        return fault.map(str::to_owned);
    }
    let first = body.get("errors").and_then(|errors| errors.get(0)).or_else(|| body.get("error"))?;
    let field = |name: &str| first.get(name).and_then(Value::as_str).filter(|text| !text.is_empty());
    let (title, detail) = (field("title"), field("detail").or_else(|| field("description")).or_else(|| field("message")));
    match (title, detail) {
        (Some(title), Some(detail)) if detail.starts_with(title) => Some(detail.to_owned()),
        (Some(title), Some(detail)) => Some(format!("{title}: {detail}")),
        (title, detail) => title.or(detail).map(str::to_owned),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn every_error_body_of_magnums_history_is_read() {
        for (body, wanted) in [
            (
                json!({"errors": [{"title": "Cluster nope could not be found", "detail": "Cluster nope could not be found.", "status": 404}]}),
                Some("Cluster nope could not be found."),
            ),
            (json!({"errors": [{"title": "Not Found", "detail": "nothing here"}]}), Some("Not Found: nothing here")),
            (json!({"errors": [{"title": "", "detail": ""}]}), None),
            (
                json!({"error": {"code": 401, "title": "Unauthorized", "message": "The request you have made requires authentication."}}),
                Some("Unauthorized: The request you have made requires authentication."),
            ),
            (
                json!({"error_message": "{\"debuginfo\": null, \"faultcode\": \"Client\", \"faultstring\": \"Bay x could not be found.\"}"}),
                Some("Bay x could not be found."),
            ),
            (json!({"error_message": "plain"}), Some("plain")),
            (json!({}), None),
            (json!([]), None),
        ] {
            assert_eq!(message(&body).as_deref(), wanted, "{body}");
        }
    }
}
