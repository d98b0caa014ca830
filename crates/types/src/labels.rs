// SPDX-License-Identifier: Apache-2.0
//! Labels: the free key/value settings of templates, clusters and node groups.

use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;

/// Label names and values; values are always text (`reference: magnum-db.md 4.1`).
///
/// A value is data: whoever renders one into a file, a command or a unit quotes it there.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Labels(pub BTreeMap<String, String>);

impl Labels {
    /// The value of `key`, if set and not blank.
    pub fn get(&self, key: &str) -> Option<&str> {
        self.0.get(key).map(String::as_str).filter(|value| !value.trim().is_empty())
    }

    /// These labels with `over`'s values on top (`merge_labels`).
    #[must_use]
    pub fn merged(&self, over: &Labels) -> Labels {
        let mut all = self.0.clone();
        all.extend(over.0.iter().map(|(k, v)| (k.clone(), v.clone())));
        Labels(all)
    }

    /// Names and template values of labels that `self` (a cluster) changes from `template`.
    pub fn overridden(&self, template: &Labels) -> Labels {
        Labels(template.0.iter().filter(|(k, v)| self.0.get(*k).is_some_and(|own| own != *v)).map(clone_pair).collect())
    }

    /// Labels that only `self` has.
    pub fn added(&self, template: &Labels) -> Labels {
        Labels(self.0.iter().filter(|(k, _)| !template.0.contains_key(*k)).map(clone_pair).collect())
    }

    /// Labels of `template` that `self` lacks.
    pub fn skipped(&self, template: &Labels) -> Labels {
        template.added(self)
    }
}

fn clone_pair(pair: (&String, &String)) -> (String, String) {
    (pair.0.clone(), pair.1.clone())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn labels(pairs: &[(&str, &str)]) -> Labels {
        Labels(pairs.iter().map(|(k, v)| ((*k).to_owned(), (*v).to_owned())).collect())
    }

    #[test]
    fn the_difference_to_a_template_is_told_in_three_parts() {
        let template = labels(&[("a", "1"), ("b", "2"), ("c", "3")]);
        let cluster = labels(&[("a", "1"), ("b", "9"), ("d", "4")]);
        assert_eq!(cluster.overridden(&template), labels(&[("b", "2")]));
        assert_eq!(cluster.added(&template), labels(&[("d", "4")]));
        assert_eq!(cluster.skipped(&template), labels(&[("c", "3")]));
        assert_eq!(template.merged(&cluster), labels(&[("a", "1"), ("b", "9"), ("c", "3"), ("d", "4")]));
    }
}
