// SPDX-License-Identifier: Apache-2.0
//! The settings in force, with where each comes from.

use crate::config::Config;
use crate::source::Origin;
use std::fmt::Write as _;

/// One option in force.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Shown {
    /// The group's name.
    pub group: &'static str,
    /// The option's name.
    pub option: &'static str,
    /// The value for people; secrets are masked. The error's text when there is no usable value.
    pub value: Result<String, String>,
    /// Where its text stands.
    pub origin: Origin,
}

impl Config {
    /// Every option of the registry, `DEFAULT` first.
    pub fn show(&self) -> Vec<Shown> {
        let mut groups = self.registry.to_vec();
        groups.sort_by_key(|group| (group.name != "DEFAULT", group.name));
        let options = groups.into_iter().flat_map(|group| group.options.iter().map(move |option| (group, option)));
        let show = options.map(|(group, option)| {
            let (value, origin) = match self.effective(group, option) {
                Ok(found) => (Ok(found.value.shown()), found.origin),
                Err(error) => {
                    let origin = error.origin().cloned().unwrap_or(Origin::Default);
                    (Err(error.to_string()), origin)
                }
            };
            Shown { group: group.name, option: option.name, value, origin }
        });
        show.collect()
    }
}

/// As text that could be a file again, each line with its origin behind it.
pub fn render(shown: &[Shown]) -> String {
    let mut text = String::new();
    let mut group = "";
    for line in shown {
        if line.group != group {
            let gap = if group.is_empty() { "" } else { "\n" };
            let _ = writeln!(text, "{gap}[{}]", line.group);
            group = line.group;
        }
        let value = line.value.as_deref().unwrap_or("(wrong)").replace('\n', "\n  ");
        let _ = writeln!(text, "{} = {value}  # {}", line.option, line.origin);
    }
    text
}
