// SPDX-License-Identifier: Apache-2.0
//! Where settings come from, and which of them counts: command line, then environment, then files, then a variable that is
//! shared with other programs, then the default.

use std::fmt;

/// Everything a program was given. The caller has read it; nothing here reaches out.
#[derive(Default)]
pub struct Sources {
    /// Values given on the command line. The last one of an option counts.
    pub command_line: Vec<Setting>,
    /// The process's environment. Only `OS_<GROUP>__<OPTION>` is looked at, and what an option names as shared with others.
    pub environment: Vec<(String, String)>,
    /// Files in the order they were named; a later one overrides an earlier one.
    pub files: Vec<File>,
}

/// One value from the command line.
pub struct Setting {
    /// The group, `DEFAULT` included.
    pub group: String,
    /// The option's name.
    pub option: String,
    /// The text as it would stand in a file.
    pub value: String,
}

/// A file's name and text.
pub struct File {
    /// The name it is spoken of by, usually its path.
    pub name: String,
    /// All of it.
    pub text: String,
}

/// Where a value in force comes from.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub enum Origin {
    /// The command line.
    CommandLine,
    /// An environment variable, by name.
    Environment(String),
    /// A line of a file.
    File {
        /// The file's name.
        name: String,
        /// From 1.
        line: usize,
    },
    /// Nobody set it.
    Default,
}

impl fmt::Display for Origin {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::CommandLine => f.write_str("command line"),
            Self::Environment(name) => write!(f, "environment {name}"),
            Self::File { name, line } => write!(f, "{name}:{line}"),
            Self::Default => f.write_str("default"),
        }
    }
}

/// Which entries of a `--config-dir` are read, in which order: `*.conf` without hidden ones, sorted.
pub fn directory_order(names: impl IntoIterator<Item = String>) -> Vec<String> {
    let mut names: Vec<String> = names.into_iter().filter(|name| name.ends_with(".conf") && !name.starts_with('.')).collect();
    names.sort();
    names
}

/// Where to look when the command line names neither file nor directory.
#[derive(Debug, PartialEq, Eq)]
pub struct Search {
    /// Of each inner list the first file that exists is read.
    pub files: Vec<Vec<String>>,
    /// Of each inner list the first directory that exists is read, after the files.
    pub directories: Vec<Vec<String>>,
}

/// Oslo's search for Magnum's files and those of one program, such as `magnum-api`. `home` is the user's home directory.
pub fn search(home: Option<&str>, program: &str) -> Search {
    let mut folders = Vec::new();
    if let Some(home) = home.map(|h| h.trim_end_matches('/')) {
        folders.extend([format!("{home}/.magnum"), home.to_owned()]);
    }
    folders.extend(["/etc/magnum".to_owned(), "/etc".to_owned()]);
    let within = |suffix: &str| {
        let names = ["magnum", program].map(|name| format!("{name}{suffix}"));
        names.map(|name| folders.iter().map(|folder| format!("{folder}/{name}")).collect()).to_vec()
    };
    Search { files: within(".conf"), directories: within(".conf.d") }
}

/// The environment variable that sets an option.
pub fn variable(group: &str, option: &str) -> String {
    format!("OS_{}__{}", group.to_uppercase(), option.to_uppercase())
}

/// A group's name as names are compared: all but `DEFAULT` in lower case.
pub(crate) fn normal(group: &str) -> String {
    if group == "DEFAULT" { group.to_owned() } else { group.to_lowercase() }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_directory_is_read_in_order() {
        let names = ["b.conf", "README", ".x.conf", "10-a.conf", "B.conf", "a.conf~"].map(str::to_owned);
        assert_eq!(directory_order(names), ["10-a.conf", "B.conf", "b.conf"]);
    }

    #[test]
    fn the_search_prefers_the_user() {
        let search = search(Some("/home/u/"), "magnum-api");
        let own = ["/home/u/.magnum/magnum.conf", "/home/u/magnum.conf", "/etc/magnum/magnum.conf", "/etc/magnum.conf"];
        assert_eq!(search.files[0], own);
        assert_eq!(search.files[1][2], "/etc/magnum/magnum-api.conf");
        assert_eq!(search.directories[0][2], "/etc/magnum/magnum.conf.d");
        assert_eq!(super::search(None, "p").files[0], ["/etc/magnum/magnum.conf", "/etc/magnum.conf"]);
    }

    #[test]
    fn only_default_keeps_its_case() {
        for (group, expected) in [("DEFAULT", "DEFAULT"), ("Default", "default"), ("API", "api")] {
            assert_eq!(normal(group), expected);
        }
        assert_eq!(variable("keystone_authtoken", "auth_url"), "OS_KEYSTONE_AUTHTOKEN__AUTH_URL");
    }
}
