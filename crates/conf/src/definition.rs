// SPDX-License-Identifier: Apache-2.0
//! How an option is described: its type, its default, the names it had, and what this program does with it.

/// A section of the file with its options.
#[derive(Debug)]
pub struct Group {
    /// As in the file, without brackets.
    pub name: &'static str,
    /// One sentence for the sample file.
    pub about: &'static str,
    /// In the order of the sample file.
    pub options: &'static [Definition],
    /// Set when a library owns the group: its options that are not listed are known to it, and this says why they do nothing
    /// here.
    pub foreign: Option<&'static str>,
}

/// One option.
#[derive(Debug, Clone, Copy)]
pub struct Definition {
    /// As in the file.
    pub name: &'static str,
    /// What texts are accepted.
    pub kind: Kind,
    /// The text that is in force when nobody sets it, as it would stand in a file.
    pub default: Option<&'static str>,
    /// What the sample file shows instead of the default, when the default depends on the machine.
    pub sample: Option<&'static str>,
    /// What it is for.
    pub help: &'static str,
    /// Former places as (group, name), newest first. They still work and are warned of.
    pub formerly: &'static [(&'static str, &'static str)],
    /// A variable that other programs know too. It counts when neither `OS_…` nor a file says anything, as it is, without
    /// `$name`s; a text in it that cannot be read is warned of and does not count.
    pub shared: Option<&'static str>,
    /// Why it will go away, when it will.
    pub leaving: Option<&'static str>,
    /// Whether a program cannot start without it.
    pub required: bool,
    /// Whether its value is never shown.
    pub secret: bool,
    /// What this program does with it.
    pub usage: Usage,
}

/// What this program does with an option of the Python Magnum.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Usage {
    /// It has the effect its help tells.
    Used,
    /// It does nothing here, and nothing is lost: the reason.
    Ignored(&'static str),
    /// Setting it stops the program, since its effect was wanted and is not to be had: the reason, with the remedy.
    Refused(&'static str),
}

/// A type of option.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum Kind {
    /// Any text.
    Text,
    /// One of these, exactly.
    Choice(&'static [&'static str]),
    /// One of oslo's words for true and false, in any case.
    Bool,
    /// A whole number within bounds, both included. An empty text is no value.
    Integer(Option<i64>, Option<i64>),
    /// A number within bounds, both included. An empty text is no value.
    Float(Option<f64>, Option<f64>),
    /// 0 to 65535.
    Port,
    /// An IP address, or a host name.
    Host,
    /// An IP address.
    Address,
    /// A URL with scheme and host.
    Uri,
    /// A length of time: a whole number of these units, or a number with `s`, `m`, `h` or `d`.
    Duration(Unit),
    /// Texts between commas; with `true`, in brackets.
    List(bool),
    /// `key:value` pairs between commas; with `true`, in braces.
    Dict(bool),
    /// An option that may be given more than once, each time one more text.
    Many,
}

/// The unit a bare number of a duration is in.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Unit {
    /// Seconds.
    Seconds,
    /// Minutes.
    Minutes,
    /// Days.
    Days,
}

impl Unit {
    /// Its length.
    pub const fn seconds(self) -> u64 {
        match self {
            Self::Seconds => 1,
            Self::Minutes => 60,
            Self::Days => 86_400,
        }
    }

    /// Its name, for many.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Seconds => "seconds",
            Self::Minutes => "minutes",
            Self::Days => "days",
        }
    }
}

impl Group {
    /// A group whose options are all listed.
    pub const fn new(name: &'static str, about: &'static str, options: &'static [Definition]) -> Self {
        Self { name, about, options, foreign: None }
    }

    /// A group of a library, whose further options do nothing here for this reason.
    pub const fn library(name: &'static str, about: &'static str, why: &'static str, options: &'static [Definition]) -> Self {
        Self { name, about, options, foreign: Some(why) }
    }

    /// The option of this name.
    pub fn option(&self, name: &str) -> Option<&'static Definition> {
        self.options.iter().find(|option| option.name == name)
    }
}

/// A used option without a default; the methods below say the rest.
pub const fn option(name: &'static str, kind: Kind, help: &'static str) -> Definition {
    let (default, sample, leaving, shared) = (None, None, None, None);
    Definition { name, kind, default, sample, help, formerly: &[], shared, leaving, required: false, secret: false, usage: Usage::Used }
}

impl Definition {
    /// With this text in force when nobody sets it.
    pub const fn default(mut self, text: &'static str) -> Self {
        self.default = Some(text);
        self
    }

    /// With this in the sample file instead of the default.
    pub const fn sample(mut self, text: &'static str) -> Self {
        self.sample = Some(text);
        self
    }

    /// With former places, as (group, name).
    pub const fn formerly(mut self, places: &'static [(&'static str, &'static str)]) -> Self {
        self.formerly = places;
        self
    }

    /// With a variable that other programs know too.
    pub const fn shared(mut self, variable: &'static str) -> Self {
        self.shared = Some(variable);
        self
    }

    /// To go away, for this reason.
    pub const fn leaving(mut self, reason: &'static str) -> Self {
        self.leaving = Some(reason);
        self
    }

    /// Without it a program cannot start.
    pub const fn required(mut self) -> Self {
        self.required = true;
        self
    }

    /// Never to be shown.
    pub const fn secret(mut self) -> Self {
        self.secret = true;
        self
    }

    /// Doing nothing here, for this reason.
    pub const fn ignored(mut self, reason: &'static str) -> Self {
        self.usage = Usage::Ignored(reason);
        self
    }

    /// Not to be set here, for this reason.
    pub const fn refused(mut self, reason: &'static str) -> Self {
        self.usage = Usage::Refused(reason);
        self
    }
}
