// SPDX-License-Identifier: Apache-2.0
//! Where a command reads and writes, and its surroundings.

use std::collections::BTreeMap;
use std::io::{BufRead, IsTerminal, Write};
use std::path::PathBuf;

/// Where a command reads and writes, and what it knows of its surroundings.
pub struct Streams {
    pub out: Box<dyn Write + Send>,
    pub err: Box<dyn Write + Send>,
    pub input: Box<dyn BufRead + Send>,
    /// The width of standard output, when that is a terminal.
    pub width: Option<u16>,
    /// Whether standard error is a terminal that may be redrawn.
    pub live: bool,
    /// Whether standard input is a terminal.
    pub interactive: bool,
    /// Whether colour may be used on standard output and standard error.
    pub colour: (bool, bool),
    /// Whether the reader's locale shows signs outside ASCII.
    pub utf8: bool,
    /// The user's shell (`$SHELL`).
    pub shell: String,
    /// The directory the command runs in.
    pub directory: PathBuf,
    /// The variables that say how to log in.
    pub environment: BTreeMap<String, String>,
}

impl Streams {
    /// The process's own.
    pub fn of_process() -> Self {
        let (out, err) = (std::io::stdout(), std::io::stderr());
        let wanted = std::env::var_os("NO_COLOR").is_none_or(|value| value.is_empty());
        let dumb = std::env::var_os("TERM").is_some_and(|term| term == "dumb");
        let (out_terminal, err_terminal) = (out.is_terminal(), err.is_terminal());
        Self {
            width: out_terminal.then(|| console::Term::stdout().size().1),
            live: err_terminal && !dumb,
            interactive: std::io::stdin().is_terminal(),
            colour: (out_terminal && wanted && !dumb, err_terminal && wanted && !dumb),
            utf8: utf8(|name| std::env::var(name).ok()),
            shell: std::env::var("SHELL").unwrap_or_default(),
            directory: std::env::current_dir().unwrap_or_default(),
            environment: std::env::vars_os()
                .filter_map(|(name, value)| Some((name.into_string().ok()?, value.into_string().ok()?)))
                .collect(),
            input: Box::new(std::io::BufReader::new(std::io::stdin())),
            out: Box::new(out),
            err: Box::new(err),
        }
    }
}

/// Whether the locale is one of UTF-8. Where none is set, as in many containers, the terminal at the other end is.
fn utf8(variable: impl Fn(&str) -> Option<String>) -> bool {
    let locale = ["LC_ALL", "LC_CTYPE", "LANG"].into_iter().filter_map(variable).find(|value| !value.is_empty());
    locale.is_none_or(|name| name.to_lowercase().replace('-', "").contains("utf8"))
}

#[cfg(test)]
mod tests {
    use super::utf8;

    #[test]
    fn the_locale_says_whether_signs_can_be_read() {
        for (set, wanted) in [
            (&[][..], true),
            (&[("LANG", "en_US.UTF-8")], true),
            (&[("LANG", "C")], false),
            (&[("LANG", "de_DE@euro")], false),
            (&[("LANG", "C"), ("LC_CTYPE", "C.utf8")], true),
            (&[("LC_ALL", "POSIX"), ("LANG", "C.UTF-8")], false),
            (&[("LC_ALL", ""), ("LANG", "C.UTF-8")], true),
        ] {
            let found = utf8(|name| set.iter().find(|(known, _)| *known == name).map(|(_, value)| (*value).to_owned()));
            assert_eq!(found, wanted, "{set:?}");
        }
    }
}
