// SPDX-License-Identifier: Apache-2.0
//! Magnum's labels with more options for Kubernetes' programs (`reference: magnum-drivers.md 8.1`).

use magnum_types::{FieldError, Labels};
use std::collections::BTreeMap;

/// The label and the program it is for.
const LABELS: [(&str, &str); 5] = [
    ("kubelet_options", "kubelet"),
    ("kubeproxy_options", "kube-proxy"),
    ("kubeapi_options", "kube-apiserver"),
    ("kubecontroller_options", "kube-controller-manager"),
    ("kubescheduler_options", "kube-scheduler"),
];

/// The words for each program that has any; an error names the label.
pub(crate) fn options(labels: &Labels) -> Result<BTreeMap<String, Vec<String>>, FieldError> {
    let mut all = BTreeMap::new();
    for (label, program) in LABELS {
        let Some(text) = labels.get(label) else { continue };
        let words: Vec<String> = text.split_whitespace().map(str::to_owned).collect();
        if let Some(bad) = words.iter().find(|word| !is_option(word)) {
            return Err(FieldError::new(format!("labels/{label}"), bad, "should be options such as --max-pods=60, with spaces between"));
        }
        if !words.is_empty() {
            all.insert(program.to_owned(), words);
        }
    }
    Ok(all)
}

/// `--name` or `--name=value`.
fn is_option(word: &str) -> bool {
    let Some(rest) = word.strip_prefix("--") else { return false };
    let name = rest.split('=').next().unwrap_or_default();
    let name_ok = name.starts_with(|c: char| c.is_ascii_lowercase())
        && name.bytes().all(|b| b.is_ascii_lowercase() || b.is_ascii_digit() || b == b'-');
    name_ok && word.len() <= 500 && word.bytes().all(|b| b.is_ascii_graphic())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn options_are_words_and_a_bad_one_names_its_label() {
        let read = |text: &str| options(&Labels([("kubelet_options".to_owned(), text.to_owned())].into()));
        assert_eq!(read(" --max-pods=57  --v=3 ").unwrap()["kubelet"], ["--max-pods=57", "--v=3"]);
        assert!(read("").unwrap().is_empty());
        for bad in ["max-pods=57", "-v", "--", "--=x", "--A=1", "--a b", "--a=\u{e4}", "--a=$(id)\u{7}"] {
            assert_eq!(read(bad).unwrap_err().field, "labels/kubelet_options", "{bad:?}");
        }
    }
}
