// SPDX-License-Identifier: Apache-2.0
//! Topics: the names under which facts are asked for, collected and missed. A rule's `needs`, a collector's `provides`
//! and the field of a snapshot meet in one word, so a test can hold all three together.

use std::fmt;

/// Whether a topic has one fact per cluster or one per node.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Scope {
    Cluster,
    Node,
}

/// The name of one kind of fact, e.g. `node.units`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Topic(pub &'static str);

impl fmt::Display for Topic {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.0)
    }
}

/// Declares a struct whose fields are all facts, each with a topic. `blind` turns one of them into `NotLooked`.
macro_rules! topics {
    ($(#[$doc:meta])* $name:ident { $($(#[$field_doc:meta])* $field:ident : $type:ty = $constant:ident $word:literal),+ $(,)? }) => {
        $(#[$doc])*
        #[derive(Debug, Clone, Default, PartialEq, serde::Serialize, serde::Deserialize)]
        #[serde(default)]
        pub struct $name { $($(#[$field_doc])* pub $field: crate::Fact<$type>),+ }

        impl $name {
            $(#[doc = concat!("The topic `", $word, "`.")] pub const $constant: crate::Topic = crate::Topic($word);)+

            /// Every topic of this struct.
            pub const TOPICS: &'static [crate::Topic] = &[$(Self::$constant),+];

            /// Notes that `topic` could not be looked at, unless something was seen already. False for a foreign topic.
            pub fn blind(&mut self, topic: crate::Topic, why: &crate::Why) -> bool {
                $(if topic == Self::$constant {
                    if matches!(self.$field, crate::Fact::NotLooked(_)) {
                        self.$field = crate::Fact::NotLooked(why.clone());
                    }
                    return true;
                })+
                false
            }

            /// Whether `topic` was looked at (seen or certainly absent). None for a foreign topic.
            pub fn looked(&self, topic: crate::Topic) -> Option<bool> {
                $(if topic == Self::$constant { return Some(!matches!(self.$field, crate::Fact::NotLooked(_))); })+
                None
            }

            /// Takes over what `other` has seen, and why it could not see what this has not seen either.
            pub fn merge(&mut self, other: Self) {
                $(match (&self.$field, &other.$field) {
                    (crate::Fact::NotLooked(_), crate::Fact::NotLooked(why)) if why.kind == crate::WhyKind::NotNeeded => {}
                    (crate::Fact::Seen { .. } | crate::Fact::Absent { .. }, crate::Fact::NotLooked(_)) => {}
                    _ => self.$field = other.$field,
                })+
            }
        }
    };
}
pub(crate) use topics;

#[cfg(test)]
mod tests {
    use crate::node::NodeFacts;
    use crate::{Fact, Source, Vantage, WhyKind};

    #[test]
    fn a_merge_keeps_what_was_seen_and_why_nothing_was() {
        let source = Source { id: "a".into(), what: "a".into(), vantage: Vantage::Node, at: jiff::Timestamp::UNIX_EPOCH };
        let mut known = NodeFacts { journals: Fact::seen(true, source), ..NodeFacts::default() };
        let failed = || Fact::not_looked(WhyKind::Unreachable, "no such program");
        known.merge(NodeFacts { journals: Fact::not_looked(WhyKind::Unreachable, "x"), firewall: failed(), ..NodeFacts::default() });
        assert_eq!((known.journals.value(), &known.firewall), (Some(&true), &failed()));
        known.merge(NodeFacts::default());
        assert_eq!(known.firewall, failed(), "nobody collected it the second time");
    }
}
