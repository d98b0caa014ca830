// SPDX-License-Identifier: Apache-2.0
//! Writes systemd units. Every word of a command line is quoted here, so that a value can only ever be one argument.

use crate::{Error, file};
use aws_lc_rs::digest::{Context, Digest, SHA256};
use std::fmt::Write as _;
use std::path::Path;

const FOLDER: &str = "/etc/systemd/system";
/// What units were started from; gone with the boot.
const STARTED: &str = "/run/magnum/agent/started";

/// A service of this node, with the settings they all share: always restarted, after one second, and ended within
/// five: an API server would wait a minute for its watches.
pub struct Unit<'a> {
    /// With its suffix, e.g. `etcd.service`.
    pub name: &'a str,
    pub description: &'a str,
    pub command: Vec<String>,
    /// Lines for `[Service]`, fixed text of this program.
    pub service: &'a [&'a str],
    /// Units this one is ordered after.
    pub after: &'a str,
    /// Files that the program reads once, at its start, but for keys: those change with their certificates. When one has
    /// changed, so has the unit.
    pub reads: Vec<String>,
}

impl Unit<'_> {
    /// Writes the unit and has it started at every boot. Answers whether what runs, if it does, was started from
    /// something else.
    pub fn install(&self) -> Result<bool, Error> {
        let written = file::write(&Path::new(FOLDER).join(self.name), &self.render()?, file::PUBLIC)?;
        file::link(&format!("../{}", self.name), &Path::new(FOLDER).join("multi-user.target.wants").join(self.name))?;
        Ok(written || is_stale(self.name))
    }

    fn render(&self) -> Result<String, Error> {
        let mut text = String::from("# Written by magnum-agent; changes are overwritten at boot. Use a drop-in.\n");
        let words = self.command.iter().map(|word| quote(word)).collect::<Result<Vec<_>, _>>()?;
        let _ = writeln!(text, "{}", read_files(&self.reads));
        let _ = writeln!(text, "[Unit]\nDescription={}\nAfter={}\nStartLimitIntervalSec=0\n", self.description, self.after);
        let _ = writeln!(text, "[Service]\nExecStart={}\nRestart=always\nRestartSec=1\nTimeoutStopSec=5", words.join(" \\\n  "));
        for line in self.service {
            let _ = writeln!(text, "{line}");
        }
        text.push_str("\n[Install]\nWantedBy=multi-user.target\n");
        Ok(text)
    }
}

/// Writes a drop-in `<unit>.d/10-magnum.conf`. Answers whether what runs, if it does, was started from something else.
pub fn drop_in(unit: &str, text: &str) -> Result<bool, Error> {
    let written = file::write(&Path::new(FOLDER).join(format!("{unit}.d")).join("10-magnum.conf"), text, file::PUBLIC)?;
    Ok(written || is_stale(unit))
}

/// A line for a unit or a drop-in that is another one whenever one of these files is.
pub fn read_files(paths: &[String]) -> String {
    let mut context = Context::new(&SHA256);
    for path in paths {
        context.update(&std::fs::read(path).unwrap_or_default());
        context.update(&[0]);
    }
    format!("# Files read at the start: {}", short(&context.finish()))
}

/// Notes what a unit was just started from, until the next boot.
pub fn started(unit: &str) -> Result<(), Error> {
    file::write(&Path::new(STARTED).join(unit), &text_of(unit), file::PUBLIC).map(drop)
}

/// Whether the unit was started in this boot, and from another text: an agent that was cut off between writing a unit
/// and restarting it finds out by this.
fn is_stale(unit: &str) -> bool {
    file::read(&Path::new(STARTED).join(unit)).is_ok_and(|noted| noted != text_of(unit))
}

/// A digest of the unit as this program wrote it, with its drop-in.
fn text_of(unit: &str) -> String {
    let mut context = Context::new(&SHA256);
    for path in [Path::new(FOLDER).join(unit), Path::new(FOLDER).join(format!("{unit}.d")).join("10-magnum.conf")] {
        context.update(&std::fs::read(path).unwrap_or_default());
        context.update(&[0]);
    }
    short(&context.finish())
}

fn short(digest: &Digest) -> String {
    digest.as_ref().iter().take(8).map(|byte| format!("{byte:02x}")).collect()
}

/// Has systemd start a unit at boot, from `target`.
pub fn enable(unit: &str, target: &str, vendor: &str) -> Result<(), Error> {
    file::link(vendor, &Path::new(FOLDER).join(format!("{target}.wants")).join(unit))
}

/// Has systemd not start a unit at boot.
pub fn disable(unit: &str, target: &str) -> Result<bool, Error> {
    file::remove(&Path::new(FOLDER).join(format!("{target}.wants")).join(unit))
}

/// One word of `ExecStart=` (systemd.service(5), "Command lines"): no expansion of any kind is left in it.
pub fn quote(word: &str) -> Result<String, Error> {
    if word.chars().any(char::is_control) {
        return Err(Error::Spec(format!("{word:?} has control characters and cannot be an argument")));
    }
    let plain = |c: char| c.is_ascii_alphanumeric() || "-_=/.,:@+".contains(c);
    if !word.is_empty() && word.chars().all(plain) {
        return Ok(word.to_owned());
    }
    let mut quoted = String::from("\"");
    for c in word.chars() {
        match c {
            '"' | '\\' => quoted.extend(['\\', c]),
            '%' | '$' => quoted.extend([c, c]),
            _ => quoted.push(c),
        }
    }
    quoted.push('"');
    Ok(quoted)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_unit_is_another_one_when_a_file_it_reads_is() {
        let folder = tempfile::tempdir().unwrap();
        let path = |name: &str| folder.path().join(name).display().to_string();
        let unit = |reads: &[String]| Unit {
            name: "a.service",
            description: "a",
            command: vec!["/bin/a".to_owned()],
            service: &[],
            after: "b",
            reads: reads.to_vec(),
        };
        let (one, two) = (path("one"), path("two"));
        let missing = unit(&[one.clone(), two.clone()]).render().unwrap();
        std::fs::write(&one, "x").unwrap();
        let first = unit(&[one.clone(), two.clone()]).render().unwrap();
        assert!(missing != first && first == unit(&[one.clone(), two.clone()]).render().unwrap());
        std::fs::rename(&one, &two).unwrap();
        assert!(unit(&[one, two]).render().unwrap() != first, "the same content in another file");
    }

    #[test]
    fn nothing_in_a_word_is_left_to_expand() {
        for (word, quoted) in [
            ("--port=1", "--port=1"),
            ("", "\"\""),
            ("a b", "\"a b\""),
            ("$HOME%n", "\"$$HOME%%n\""),
            ("\"; rm -rf /", "\"\\\"; rm -rf /\""),
            ("back\\slash", "\"back\\\\slash\""),
        ] {
            assert_eq!(quote(word).unwrap(), quoted);
        }
        assert!(quote("a\nExecStartPre=/bin/evil").is_err());
    }
}
