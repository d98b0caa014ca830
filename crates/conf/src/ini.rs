// SPDX-License-Identifier: Apache-2.0
//! The text of one oslo.config file: sections, `key = value` and `key: value`, continuation lines, comments, quotes.
//!
//! Lines are read by oslo's rules to the letter, the surprising ones included: an indented comment below a value belongs to
//! the value, and a blank line ends it. Where oslo stops at the first fault, this reader notes it and goes on, so that
//! one reading finds them all.

use secrecy::SecretString;

/// One file, read.
pub struct Document {
    /// The name it is spoken of by.
    pub file: String,
    /// Every `[section]` line, in order; a section may be opened more than once.
    pub sections: Vec<Section>,
    /// Every assignment, in order.
    pub assignments: Vec<Assignment>,
    /// What could not be read, in order of lines. Oslo refuses a file that has any.
    pub faults: Vec<ParseError>,
}

/// A `[section]` line.
pub struct Section {
    /// As written between the brackets.
    pub name: String,
    /// From 1.
    pub line: usize,
}

/// One assignment.
pub struct Assignment {
    /// As written between the brackets.
    pub section: String,
    /// As written before the separator, without blanks around it.
    pub key: String,
    /// The text as oslo hands it to the option's type; it may be a password.
    pub value: SecretString,
    /// Of the key; continuation lines follow it. From 1.
    pub line: usize,
}

/// A line that cannot be read.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{file}:{line}: {fault}")]
pub struct ParseError {
    /// The file's name.
    pub file: String,
    /// From 1.
    pub line: usize,
    /// What is the matter.
    pub fault: ParseFault,
}

/// What is the matter with a line. The texts show no value, since any line may hold a password.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum ParseFault {
    /// The first bytes are a byte order mark.
    #[error("the file begins with a byte order mark; save it as plain UTF-8")]
    ByteOrderMark,
    /// An indented line that follows no assignment.
    #[error("an indented line continues the value above it, and there is none; take the blanks at its start away")]
    Continuation,
    /// `[name` without `]`.
    #[error("the section {0:?} has no closing bracket; write [{0}] and nothing after it")]
    OpenSection(String),
    /// `[]`.
    #[error("the section has no name; write one between the brackets, such as [DEFAULT]")]
    NamelessSection,
    /// Neither `=` nor `:`; the text is how the line is spoken of.
    #[error("{0} neither = nor :; write `name = value`, or # before a comment")]
    NoSeparator(String),
    /// Nothing before the separator.
    #[error("there is no option name before the separator; write `name = value`")]
    NoKey,
    /// An assignment above the first section.
    #[error("{0:?} stands above the first section; write [DEFAULT] on a line before it")]
    NoSection(String),
}

struct Reader {
    document: Document,
    section: Option<String>,
    pending: Option<Pending>,
    outside_told: bool,
}

struct Pending {
    key: String,
    lines: Vec<String>,
    line: usize,
}

/// Reads a whole file. Never fails: what cannot be read is in `faults`.
pub fn parse(file: &str, text: &str) -> Document {
    let document = Document { file: file.to_owned(), sections: Vec::new(), assignments: Vec::new(), faults: Vec::new() };
    let mut reader = Reader { document, section: None, pending: None, outside_told: false };
    let text = match text.strip_prefix('\u{feff}') {
        Some(rest) => {
            reader.fault(1, ParseFault::ByteOrderMark);
            rest
        }
        None => text,
    };
    for (index, line) in text.replace("\r\n", "\n").split(['\n', '\r']).enumerate() {
        reader.line(index + 1, line.trim_end());
    }
    reader.flush();
    reader.document
}

impl Reader {
    fn line(&mut self, number: usize, line: &str) {
        if line.is_empty() {
            return self.flush();
        }
        if line.starts_with([' ', '\t']) {
            return match &mut self.pending {
                Some(pending) => pending.lines.push(line.trim_start().to_owned()),
                None => self.fault(number, ParseFault::Continuation),
            };
        }
        self.flush();
        if line.starts_with('[') {
            self.open(number, line);
        } else if !line.starts_with(['#', ';']) {
            self.assign(number, line);
        }
    }

    fn open(&mut self, number: usize, line: &str) {
        let Some(name) = line.strip_prefix('[').and_then(|l| l.strip_suffix(']')) else {
            let name = line.trim_start_matches('[').split(']').next().unwrap_or_default();
            // What follows most likely belongs here; it is only read to find further faults.
            self.section = Some(name.to_owned());
            return self.fault(number, ParseFault::OpenSection(short(name)));
        };
        if name.is_empty() {
            return self.fault(number, ParseFault::NamelessSection);
        }
        self.section = Some(name.to_owned());
        self.document.sections.push(Section { name: name.to_owned(), line: number });
    }

    fn assign(&mut self, number: usize, line: &str) {
        let Some((key, value)) = line.split_once(['=', ':']) else {
            // A line of one word may be a stray password.
            let begins = line.contains(char::is_whitespace).then(|| format!("the line that begins with {:?} has", short(line)));
            return self.fault(number, ParseFault::NoSeparator(begins.unwrap_or_else(|| "the line has".to_owned())));
        };
        let key = key.trim();
        if key.is_empty() {
            return self.fault(number, ParseFault::NoKey);
        }
        self.pending = Some(Pending { key: key.to_owned(), lines: vec![unquoted(value.trim()).to_owned()], line: number });
    }

    fn flush(&mut self) {
        let Some(Pending { key, lines, line }) = self.pending.take() else { return };
        match &self.section {
            Some(section) => {
                let value = SecretString::from(lines.join("\n"));
                self.document.assignments.push(Assignment { section: section.clone(), key, value, line });
            }
            None if self.outside_told => {}
            None => {
                self.outside_told = true;
                self.fault(line, ParseFault::NoSection(short(&key)));
            }
        }
    }

    fn fault(&mut self, line: usize, fault: ParseFault) {
        self.document.faults.push(ParseError { file: self.document.file.clone(), line, fault });
    }
}

/// Without a pair of equal quotes around it. A lone quote is a pair to oslo: it begins and ends the value.
fn unquoted(value: &str) -> &str {
    for quote in ['"', '\''] {
        if value.starts_with(quote) && value.ends_with(quote) {
            return if value.len() < 2 { "" } else { &value[1..value.len() - 1] };
        }
    }
    value
}

/// The first word, and not much of it.
fn short(text: &str) -> String {
    text.split_whitespace().next().unwrap_or_default().chars().take(40).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use secrecy::ExposeSecret;

    fn values(text: &str) -> Vec<(String, String, String, usize)> {
        let document = parse("f", text);
        assert_eq!(document.faults, []);
        document.assignments.into_iter().map(|a| (a.section, a.key, a.value.expose_secret().to_owned(), a.line)).collect()
    }

    fn value(line: &str) -> String {
        values(&format!("[s]\n{line}")).remove(0).2
    }

    #[test]
    fn a_value_is_what_oslo_reads() {
        for (line, expected) in [
            ("k = v", "v"),
            ("k=v", "v"),
            ("k: v", "v"),
            ("k = a:b", "a:b"),
            ("k: a=b", "a=b"),
            ("k =", ""),
            ("k = \"v w\"", "v w"),
            ("k = ' v '", " v "),
            ("k = \"v'", "\"v'"),
            ("k = \"", ""),
            ("k = ''", ""),
            ("k = v # no comment", "v # no comment"),
            ("k = a\n b\n\tc", "a\nb\nc"),
            ("k =\n  a,\n  b", "\na,\nb"),
            ("k = a\n  # inside", "a\n# inside"),
            ("k = a\n# outside", "a"),
            ("k = a\r\n b\r\n", "a\nb"),
            ("k = a\r b", "a\nb"),
        ] {
            assert_eq!(value(line), expected, "{line:?}");
        }
    }

    #[test]
    fn lines_keep_their_order_section_and_number() {
        let read = values("# c\n; c\n[A]\nx = 1\nx = 2\n\n[b]\ny: 3\n  more\n[A]\nz = \n");
        let expected = [("A", "x", "1", 4), ("A", "x", "2", 5), ("b", "y", "3\nmore", 8), ("A", "z", "", 11)];
        assert_eq!(read, expected.map(|(s, k, v, n)| (s.to_owned(), k.to_owned(), v.to_owned(), n)));
    }

    #[test]
    fn a_fault_names_line_and_remedy() {
        for (text, line, expected) in [
            ("[s]\nk = v\n\n  w", 4, "an indented line continues the value above it, and there is none; take the blanks at its start away"),
            ("[s", 1, "the section \"s\" has no closing bracket; write [s] and nothing after it"),
            ("[s] # c", 1, "the section \"s\" has no closing bracket; write [s] and nothing after it"),
            ("[]", 1, "the section has no name; write one between the brackets, such as [DEFAULT]"),
            (
                "[s]\npassword hunter2",
                2,
                "the line that begins with \"password\" has neither = nor :; write `name = value`, or # before a comment",
            ),
            ("[s]\nhunter2", 2, "the line has neither = nor :; write `name = value`, or # before a comment"),
            ("[s]\n= v", 2, "there is no option name before the separator; write `name = value`"),
            ("a = 1\nb = 2\n[s]\nc = 3", 1, "\"a\" stands above the first section; write [DEFAULT] on a line before it"),
            ("\u{feff}[s]", 1, "the file begins with a byte order mark; save it as plain UTF-8"),
        ] {
            let faults = parse("magnum.conf", text).faults;
            let told: Vec<String> = faults.iter().map(ToString::to_string).collect();
            assert_eq!(told, [format!("magnum.conf:{line}: {expected}")], "{text:?}");
        }
    }
}
