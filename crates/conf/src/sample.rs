// SPDX-License-Identifier: Apache-2.0
//! A sample file: every option with its help and default, commented out.

use crate::definition::{Definition, Group, Usage};
use std::fmt::Write as _;

const WIDTH: usize = 100;

/// A file that changes nothing until somebody takes a `#` away. `DEFAULT` comes first.
pub fn sample(registry: &[&Group]) -> String {
    let mut groups = registry.to_vec();
    groups.sort_by_key(|group| (group.name != "DEFAULT", group.name));
    let mut text = String::new();
    wrapped(&mut text, "Settings of magnum, in the format of oslo.config. What is commented out shows the default.");
    for group in groups {
        let _ = writeln!(text, "\n\n[{}]\n", group.name);
        wrapped(&mut text, group.about);
        if let Some(why) = group.foreign {
            wrapped(&mut text, &format!("Further options of this group have no effect: {why}."));
        }
        for option in group.options {
            describe(&mut text, option);
        }
    }
    text
}

fn describe(text: &mut String, option: &Definition) {
    text.push('\n');
    wrapped(text, &format!("{} ({})", option.help, option.kind.name()));
    if option.required {
        wrapped(text, "Must be set.");
    }
    for (group, name) in option.formerly {
        wrapped(text, &format!("Former name: [{group}] {name}"));
    }
    if let Some(variable) = option.shared {
        wrapped(text, &format!("Where nothing is set, {variable} of the environment counts."));
    }
    if let Some(why) = option.leaving {
        wrapped(text, &format!("Will go away: {why}."));
    }
    match option.usage {
        Usage::Used => {}
        Usage::Ignored(why) => wrapped(text, &format!("No effect here: {why}.")),
        Usage::Refused(why) => wrapped(text, &format!("Not supported: {why}.")),
    }
    let value = option.sample.or(option.default).unwrap_or("<None>");
    let gap = if value.is_empty() { "" } else { " " };
    let _ = writeln!(text, "#{} ={gap}{value}", option.name);
}

fn wrapped(text: &mut String, words: &str) {
    let mut line = String::from("#");
    for word in words.split_whitespace() {
        if line.chars().count() + 1 + word.chars().count() > WIDTH {
            let _ = writeln!(text, "{line}");
            "#".clone_into(&mut line);
        }
        let _ = write!(line, " {word}");
    }
    let _ = writeln!(text, "{line}");
}
