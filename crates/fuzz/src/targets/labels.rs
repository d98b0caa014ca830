// SPDX-License-Identifier: Apache-2.0
//! Labels: what a request or a patch gives is text that is given back as it came; what a cluster has is told from what its template
//! has; and labels that are accepted are good for a cluster's network.

use magnum_api::fuzzing::{labels, literal, repr};
use magnum_blueprint::{Ranges, check_labels, dns_domain};
use magnum_types::Labels;
use serde_json::{Value, json};

/// Two lines: a template's labels and a cluster's, each as JSON or as Python writes it.
pub fn check(data: &[u8]) {
    let Ok(text) = std::str::from_utf8(data) else { return };
    let (first, second) = text.split_once('\n').unwrap_or((text, ""));
    let read: Vec<Labels> = [first, second].into_iter().filter_map(one).collect();
    for labels in &read {
        network(labels);
    }
    if let [template, cluster] = &read[..] {
        compared(template, cluster);
    }
}

fn one(text: &str) -> Option<Labels> {
    let given = serde_json::from_str::<Value>(text).ok().or_else(|| {
        let value = literal(text)?;
        assert_eq!(literal(&repr(&value)).as_ref(), Some(&value), "{text:?} as Python writes it");
        Some(value)
    })?;
    let body = |labels: &Value| json!({"labels": labels}).to_string();
    let labels_of = |body: String| labels(body.as_bytes());
    let read = match labels_of(body(&given)) {
        Ok(read) => read?,
        Err(status) => {
            assert_eq!(status, 400);
            return None;
        }
    };
    for (key, value) in &read.0 {
        assert!((1..=255).contains(&key.chars().count()), "{key:?}");
        assert!(!key.chars().chain(value.chars()).any(char::is_control), "{key:?}: {value:?}");
    }
    let answered = serde_json::to_value(&read).unwrap_or_default();
    assert_eq!(labels_of(body(&answered)), Ok(Some(read.clone())), "what is answered can be sent again");
    assert_eq!(literal(&repr(&answered)), Some(answered), "also in a patch");
    Some(read)
}

fn compared(template: &Labels, cluster: &Labels) {
    let (overridden, added, skipped) = (cluster.overridden(template), cluster.added(template), cluster.skipped(template));
    for (key, value) in &cluster.0 {
        let told = (overridden.0.get(key), added.0.get(key), skipped.0.get(key));
        let expected = match template.0.get(key) {
            None => (None, Some(value), None),
            Some(same) if same == value => (None, None, None),
            Some(other) => (Some(other), None, None),
        };
        assert_eq!(told, expected, "{key:?}");
    }
    let missing = template.0.iter().filter(|(key, _)| !cluster.0.contains_key(*key));
    assert!(missing.eq(skipped.0.iter()), "{skipped:?}");
    let merged = template.merged(cluster);
    assert!(cluster.0.iter().all(|(key, value)| merged.0.get(key) == Some(value)), "a cluster's own labels count");
    assert_eq!((merged.skipped(template), merged.overridden(template)), (Labels::default(), overridden));
    assert_eq!((merged.added(template), template.merged(&merged)), (added, merged.clone()));
}

/// Addresses that follow from accepted labels lie where they belong.
fn network(labels: &Labels) {
    if check_labels(labels).is_err() {
        return;
    }
    let (Ok(ranges), Ok(domain)) = (Ranges::from_labels(labels), dns_domain(labels)) else {
        unreachable!("accepted labels are read");
    };
    let all = [ranges.nodes, ranges.pods, ranges.services];
    for (at, range) in all.iter().enumerate() {
        assert!(all.iter().take(at).all(|other| !range.contains(other) && !other.contains(range)), "{ranges:?} overlap");
    }
    let seats: Vec<_> = ranges.seats().collect();
    assert!(seats.len() >= 8 && seats.iter().all(|seat| ranges.nodes.contains(seat)), "{ranges:?}");
    assert!(!seats.contains(&ranges.gateway()) && !seats.contains(&ranges.vip()) && !seats.contains(&ranges.nodes.broadcast()));
    assert!(ranges.nodes.contains(&ranges.gateway()) && ranges.nodes.contains(&ranges.vip()) && ranges.services.contains(&ranges.dns()));
    assert!(!domain.is_empty() && domain.split('.').all(|label| (1..=63).contains(&label.len())), "{domain:?}");
}
