// SPDX-License-Identifier: Apache-2.0
//! "Did you mean …": when the server does not know a name, the names it does know that are close.

use crate::context::{Context, text};
use crate::error::Error;
use magnum_rules::distance;
use serde_json::Value;

/// The error with a hint of near names, where it is about a name that does not exist.
pub(crate) async fn hinted(context: &Context, error: Error) -> Error {
    let Error::Server { status: 404, path, text: said, hint: None } = &error else { return error };
    let Some((collection, key, word, wanted)) = looked_for(path, said) else { return error };
    let Ok(client) = context.client() else { return error };
    let parts: Vec<&str> = collection.iter().map(String::as_str).collect();
    let Ok(answer) = client.get(&parts).send().await else { return error };
    let names: Vec<String> = answer
        .get(key)
        .and_then(Value::as_array)
        .into_iter()
        .flatten()
        .map(|item| text(item, "name").to_owned())
        .filter(|name| !name.is_empty())
        .collect();
    let hint = sentence(word, &wanted, &names);
    error.or_hint(Some(hint))
}

/// The collection to look in, its key, what one of it is called, and the name that was not there.
fn looked_for(path: &[String], said: &str) -> Option<(Vec<String>, &'static str, &'static str, String)> {
    let is = |word: &str| said.to_lowercase().starts_with(word);
    match path {
        [kind, name, ..] if kind == "clustertemplates" => Some((vec![kind.clone()], "clustertemplates", "cluster template", name.clone())),
        [kind, cluster, sub, name, ..] if kind == "clusters" && sub == "nodegroups" && is("nodegroup") => {
            Some((vec![kind.clone(), cluster.clone(), sub.clone()], "nodegroups", "node group", name.clone()))
        }
        [kind, cluster, sub, name, ..] if kind == "clusters" && sub == "nodes" && is("node") => {
            Some((vec![kind.clone(), cluster.clone(), sub.clone()], "nodes", "node", name.clone()))
        }
        [kind, name, ..] if kind == "clusters" && is("cluster") => Some((vec![kind.clone()], "clusters", "cluster", name.clone())),
        _ => None,
    }
}

/// Which of the names were likely meant.
pub(crate) fn sentence(word: &str, wanted: &str, names: &[String]) -> String {
    let mut near: Vec<(usize, &String)> = names.iter().map(|name| (distance(&wanted.to_lowercase(), &name.to_lowercase()), name)).collect();
    near.sort();
    near.dedup();
    let limit = (wanted.chars().count() / 2).max(1);
    let close: Vec<&str> =
        near.iter().filter(|(d, name)| *d <= limit || name.starts_with(wanted)).take(3).map(|(_, name)| name.as_str()).collect();
    match (names, close.as_slice()) {
        ([], _) => format!("there is no {word} at all"),
        (_, []) => {
            let some: Vec<&str> = names.iter().take(8).map(String::as_str).collect();
            let more = if names.len() > some.len() { " …" } else { "" };
            format!("there is: {}{more}", some.join(", "))
        }
        (_, close) => format!("did you mean {}?", close.join(" or ")),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn near_names_are_offered_first() {
        let names = ["prod".to_owned(), "c1".to_owned(), "c2".to_owned(), "staging".to_owned()];
        for (wanted, hint) in [
            ("c3", "did you mean c1 or c2?"),
            ("prdo", "did you mean prod?"),
            ("PROD", "did you mean prod?"),
            ("stag", "did you mean staging?"),
            ("unrelated", "there is: prod, c1, c2, staging"),
        ] {
            assert_eq!(sentence("cluster", wanted, &names), hint);
        }
        assert_eq!(sentence("cluster", "x", &[]), "there is no cluster at all");
        for (a, b, d) in [("", "", 0), ("", "ab", 2), ("ab", "", 2), ("kitten", "sitting", 3), ("äx", "ax", 1)] {
            assert_eq!(distance(a, b), d, "{a} {b}");
        }
    }
}
