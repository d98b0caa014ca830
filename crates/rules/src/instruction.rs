// SPDX-License-Identifier: Apache-2.0
//! What the Troubleshooting Guide tells a person to do, and what does it here. One file for each of its sections under
//! `instructions/`; the sections that stand empty there are filled.

use crate::{ALL, Entry, Rule};

/// A section of the guide.
pub struct Section {
    /// As the guide calls it.
    pub title: &'static str,
    /// Its lines.
    pub guide: &'static str,
    pub instructions: &'static [Instruction],
}

/// One thing that the guide tells a person to do, or that its empty sections would.
pub struct Instruction {
    /// The check's name: `path.trace`.
    pub name: &'static str,
    /// The guide's lines, `L164-167`; those of the empty heading where there is no text.
    pub guide: &'static str,
    /// In our words.
    pub says: &'static str,
    pub by: &'static [By],
}

/// What carries an instruction out.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum By {
    /// Every diagnosis judges these faults; `kn-*` names a family.
    Rules(&'static [&'static str]),
    /// Every diagnosis looks with this collector.
    Collector(&'static str),
    /// This command does it.
    Command(&'static str),
    /// It cannot be done for clusters of the local engine, because.
    NotHere(&'static str),
}

impl Instruction {
    /// The rules that carry it out.
    pub fn rules(&self) -> impl Iterator<Item = &'static Entry> + '_ {
        let names = |entry: &&Entry| {
            let any = |by: &By| matches!(by, By::Rules(list) if list.iter().any(|p| Rule::names(p, entry.rule.id)));
            self.by.iter().any(any)
        };
        ALL.iter().filter(names)
    }

    /// In one line: `rules int-*; magnum doctor path`.
    pub fn done_by(&self) -> String {
        let one = |by: &By| match by {
            By::Rules(list) => list.join(" "),
            By::Collector(name) => format!("collector {name}"),
            By::Command(command) => (*command).to_owned(),
            By::NotHere(why) => format!("not here: {why}"),
        };
        self.by.iter().map(one).collect::<Vec<_>>().join("; ")
    }
}

/// Shorter to write in tables.
pub(crate) const fn does(name: &'static str, guide: &'static str, says: &'static str, by: &'static [By]) -> Instruction {
    Instruction { name, guide, says, by }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::SECTIONS;
    use std::collections::BTreeSet;

    /// The sections that the doctor has to carry out, with the guide's lines of each.
    const WANTED: &[(&str, u32, u32)] = &[
        ("Failure symptoms", 19, 67),
        ("TLS", 109, 111),
        ("Cluster internet access", 119, 183),
        ("Kubernetes networking: nodes", 186, 284),
        ("Kubernetes networking: services", 286, 376),
        ("etcd service", 379, 381),
        ("flannel service", 384, 386),
        ("Kubernetes services", 389, 396),
        ("Swarm services", 398, 403),
        ("Docker CLI", 415, 417),
    ];

    #[test]
    fn every_section_is_carried_out_by_what_exists() {
        let mut names = BTreeSet::new();
        for (title, _, _) in WANTED {
            assert!(SECTIONS.iter().any(|s| s.title == *title && !s.instructions.is_empty()), "{title} is not carried out");
        }
        for section in SECTIONS {
            for instruction in section.instructions {
                assert!(names.insert(instruction.name), "{} stands twice", instruction.name);
                assert!(!instruction.by.is_empty(), "{} is done by nothing", instruction.name);
                for by in instruction.by {
                    let By::Rules(list) = by else { continue };
                    for pattern in *list {
                        assert!(ALL.iter().any(|e| Rule::names(pattern, e.rule.id)), "{}: there is no rule {pattern}", instruction.name);
                    }
                }
            }
        }
    }

    #[test]
    fn every_line_of_the_guide_that_tells_to_do_something_is_cited() {
        let lines = |text: &str| -> Vec<u32> {
            let part = |p: &str| {
                let p = p.trim().trim_start_matches('L');
                let (a, b) = p.split_once('-').unwrap_or((p, p));
                (a.parse::<u32>().unwrap(), b.trim_start_matches('L').parse::<u32>().unwrap())
            };
            text.split(',').map(part).flat_map(|(a, b)| a..=b).collect()
        };
        let cited: BTreeSet<u32> = SECTIONS.iter().flat_map(|s| s.instructions).flat_map(|i| lines(i.guide)).collect();
        for line in INSTRUCTIONS {
            assert!(cited.contains(line), "L{line} of the guide tells to do something, and nothing does it");
        }
    }

    /// Lines in which the guide tells a person to look, run or verify something.
    const INSTRUCTIONS: &[u32] = &[
        23, 24, 28, 32, 36, 40, 45, 46, 51, 54, 57, 60, 62, 65, 67, 137, 141, 152, 154, 156, 159, 162, 164, 169, 177, 181, 183, 213, 229,
        233, 240, 247, 249, 256, 264, 268, 270, 295, 321, 328, 334, 339, 344, 358, 363, 368, 372, 375,
    ];
}
