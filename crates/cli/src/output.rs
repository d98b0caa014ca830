// SPDX-License-Identifier: Apache-2.0
//! The one place that prints: data to standard output in the format asked for, everything else to standard error.
//!
//! What must stay true: a value of the server never reaches a terminal with control characters, and colour only
//! repeats what a word already says.

mod cell;
mod cliff;
mod format;
mod streams;

pub(crate) use cell::plain;
pub use cliff::{Cliff, Form, Quote};
pub use streams::Streams;

use crate::error::Error;
use crate::global::{Global, Output};
use secrecy::SecretString;
use serde_json::{Map, Value};
use std::sync::Mutex;

/// Prints a command's results.
pub(crate) struct Printer {
    streams: Mutex<Streams>,
    output: Output,
    cliff: Cliff,
    columns: Vec<String>,
    live: bool,
    utf8: bool,
    /// Whether standard error may have colour.
    colour: bool,
}

/// What a word in colour means; the word itself always says it too.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Tone {
    Good,
    Bad,
    Odd,
    Strong,
    Faint,
}

impl Printer {
    pub fn new(streams: Streams, global: &Global) -> Self {
        let (live, utf8, colour) = (streams.live, streams.utf8, streams.colour.1);
        Self {
            streams: Mutex::new(streams),
            output: global.output,
            cliff: global.cliff.clone(),
            columns: global.column.clone(),
            live,
            utf8,
            colour,
        }
    }

    /// Whether standard error may be redrawn.
    pub fn live(&self) -> bool {
        self.live
    }

    /// Whether signs outside ASCII can be read.
    pub fn utf8(&self) -> bool {
        self.utf8
    }

    /// Whether a person reads standard output.
    pub fn is_table(&self) -> bool {
        self.cliff.format.map_or(self.output == Output::Table, |form| form == Form::Table)
    }

    /// How data is printed.
    pub fn output(&self) -> Output {
        match self.cliff.format {
            None => self.output,
            Some(Form::Table) => Output::Table,
            Some(Form::Json) => Output::Json,
            Some(Form::Yaml) => Output::Yaml,
            Some(Form::Value | Form::Csv | Form::Shell) => Output::Value,
        }
    }

    /// Refuses a form that only the doctor's report has; a command is refused before it asks for anything.
    pub fn not_a_report(&self) -> Error {
        let name = format!("{:?}", self.output).to_lowercase();
        Error::Usage {
            message: format!("only the doctor's report can be printed as {name}"),
            hint: Some("-o table, json, yaml or value".to_owned()),
        }
    }

    /// Whether a program reads one document.
    pub fn is_document(&self) -> bool {
        self.cliff.format.map_or(matches!(self.output, Output::Json | Output::Yaml), |form| matches!(form, Form::Json | Form::Yaml))
    }

    /// Prints rows; `columns` are the ones of the table and of the documents.
    pub fn list(&self, columns: &[&str], rows: &[Value]) -> Result<(), Error> {
        let columns = self.selected(columns, rows.first())?;
        let mut picked: Vec<Vec<Value>> = rows.iter().map(|row| self.pick(row, &columns)).collect();
        self.cliff.sort(&columns, &mut picked);
        if let Some(form) = self.cliff.format {
            self.out(&self.cliff.list(form, &columns, &picked, self.width())?);
            return Ok(());
        }
        let text = match self.output {
            Output::Table => format::table(&columns, &picked, self.width()),
            Output::Jsonl | Output::Junit | Output::Markdown => return Err(self.not_a_report()),
            Output::Value => format::lines(&picked),
            Output::Json => format::json(&objects(&columns, &picked))?,
            Output::Yaml => format::yaml(&objects(&columns, &picked))?,
        };
        self.out(&text);
        Ok(())
    }

    /// Prints one thing's properties.
    pub fn show(&self, columns: &[&str], object: &Value) -> Result<(), Error> {
        self.properties("Field", columns, object)
    }

    /// The same with another head over the names.
    pub fn properties(&self, head: &str, columns: &[&str], object: &Value) -> Result<(), Error> {
        let columns = self.selected(columns, Some(object))?;
        let picked = self.pick(object, &columns);
        if let Some(form) = self.cliff.format {
            self.out(&self.cliff.show(form, &columns, picked, self.width())?);
            return Ok(());
        }
        let text = match self.output {
            Output::Table => format::properties(head, &columns, &picked, self.width()),
            Output::Jsonl | Output::Junit | Output::Markdown => return Err(self.not_a_report()),
            Output::Value => format::lines(&picked.into_iter().map(|value| vec![value]).collect::<Vec<_>>()),
            Output::Json => format::json(&to_object(&columns, picked))?,
            Output::Yaml => format::yaml(&to_object(&columns, picked))?,
        };
        self.out(&text);
        Ok(())
    }

    /// Says that a request was accepted: Magnum's sentence for people, the object for programs.
    pub fn accepted(&self, sentence: &str, object: &Value) -> Result<(), Error> {
        if let Some(form) = self.cliff.format {
            // The openstack command has the sentence whatever the format is; a document is added where one was asked for.
            let document = self.cliff.document(form, object)?;
            self.out(&document.unwrap_or_else(|| format!("{}\n", plain(sentence))));
            return Ok(());
        }
        match self.output {
            Output::Table => self.out(&format!("{}\n", plain(sentence))),
            Output::Jsonl | Output::Junit | Output::Markdown => return Err(self.not_a_report()),
            Output::Value => {
                self.out(&format!("{}\n", cell::value(object.get("uuid").or_else(|| object.get("name")).unwrap_or(&Value::Null))))
            }
            Output::Json => self.out(&format::json(object)?),
            Output::Yaml => self.out(&format::yaml(object)?),
        }
        Ok(())
    }

    /// Prints a whole document where a program reads; answers whether it did.
    pub fn document(&self, document: &Value) -> Result<bool, Error> {
        if let Some(form) = self.cliff.format {
            return Ok(self.cliff.document(form, document)?.map(|text| self.out(&text)).is_some());
        }
        match self.output {
            Output::Json => self.out(&format::json(document)?),
            Output::Yaml => self.out(&format::yaml(document)?),
            Output::Table | Output::Value | Output::Jsonl | Output::Junit | Output::Markdown => return Ok(false),
        }
        Ok(true)
    }

    /// Writes text to standard output as it is. A reader that went away is no error.
    pub fn out(&self, text: &str) {
        self.out_bytes(text.as_bytes());
    }

    /// Writes bytes to standard output as they are.
    pub fn out_bytes(&self, bytes: &[u8]) {
        if let Ok(mut streams) = self.streams.lock() {
            let _ = streams.out.write_all(bytes).and_then(|()| streams.out.flush());
        }
    }

    /// Writes bytes to standard error as they are.
    pub fn err_bytes(&self, bytes: &[u8]) {
        if let Ok(mut streams) = self.streams.lock() {
            let _ = streams.err.write_all(bytes).and_then(|()| streams.err.flush());
        }
    }

    /// A line for the person at the terminal.
    pub fn note(&self, text: &str) {
        self.err_bytes(format!("{text}\n").as_bytes());
    }

    /// An error and its hint.
    pub fn error(&self, error: &Error) {
        self.note(&format!("{} {}", self.painted_err("error:", Tone::Bad), plain(&error.to_string())));
        if let Some(hint) = error.hint() {
            self.note(&format!("{} {}", self.painted_err("hint:", Tone::Strong), plain(hint)));
        }
    }

    /// `text` in the colour of `tone`, for standard error.
    pub fn painted_err(&self, text: &str, tone: Tone) -> String {
        paint(text, tone, self.colour)
    }

    /// The next line of standard input, after a prompt when a person types; none at the end.
    pub fn ask(&self, prompt: &str) -> std::io::Result<Option<String>> {
        let mut streams = self.streams.lock().map_err(|_| std::io::Error::other("the printer is gone"))?;
        if streams.interactive {
            streams.err.write_all(prompt.as_bytes())?;
            streams.err.flush()?;
        }
        let mut line = String::new();
        Ok((streams.input.read_line(&mut line)? > 0).then_some(line))
    }

    /// A secret that a person types, unseen; none where nobody is at a terminal, or nothing was typed.
    pub fn ask_secret(&self, prompt: &str) -> Option<SecretString> {
        if !self.streams.lock().is_ok_and(|streams| streams.interactive) {
            return None;
        }
        self.err_bytes(plain(prompt).as_bytes());
        let typed = console::Term::stderr().read_secure_line().ok()?;
        (!typed.is_empty()).then(|| typed.into())
    }

    /// All of standard input.
    pub fn input(&self) -> std::io::Result<String> {
        let mut streams = self.streams.lock().map_err(|_| std::io::Error::other("the printer is gone"))?;
        let mut text = String::new();
        std::io::Read::read_to_string(&mut streams.input, &mut text)?;
        Ok(text)
    }

    fn width(&self) -> Option<u16> {
        self.streams.lock().ok().and_then(|streams| streams.width)
    }

    /// The columns to print: those asked for with `-c`, which may also name any other field of the answer.
    fn selected(&self, defaults: &[&str], sample: Option<&Value>) -> Result<Vec<String>, Error> {
        let known = |name: &String| defaults.contains(&name.as_str()) || sample.is_none_or(|sample| sample.get(name).is_some());
        if let Some(bad) = self.columns.iter().find(|name| !known(name)) {
            return Err(Error::Usage {
                message: format!("there is no column {bad:?}"),
                hint: Some(format!("columns: {}", defaults.join(", "))),
            });
        }
        let mut all: Vec<String> = defaults.iter().map(|name| (*name).to_owned()).collect();
        if self.columns.is_empty() {
            return Ok(all);
        }
        if self.is_cliff() {
            // The order is the list's; what else the answer has comes after.
            all.retain(|name| self.columns.contains(name));
            all.extend(self.columns.iter().filter(|name| !defaults.contains(&name.as_str())).cloned());
            return Ok(all);
        }
        Ok(self.columns.clone())
    }

    /// Whether printing is as the openstack command's.
    pub fn is_cliff(&self) -> bool {
        self.cliff.format.is_some()
    }

    /// The columns' values. What the answer does not have is null; for the openstack command it is the empty text.
    fn pick(&self, row: &Value, columns: &[String]) -> Vec<Value> {
        let absent = || if self.is_cliff() { Value::from("") } else { Value::Null };
        columns.iter().map(|name| row.get(name).cloned().unwrap_or_else(absent)).collect()
    }
}

fn paint(text: &str, tone: Tone, colour: bool) -> String {
    let code = match tone {
        Tone::Good => "32",
        Tone::Bad => "31;1",
        Tone::Odd => "33",
        Tone::Strong => "1",
        Tone::Faint => "2",
    };
    if colour { format!("\u{1b}[{code}m{text}\u{1b}[0m") } else { text.to_owned() }
}

fn to_object(columns: &[String], values: Vec<Value>) -> Value {
    Value::Object(columns.iter().cloned().zip(values).collect::<Map<_, _>>())
}

fn objects(columns: &[String], rows: &[Vec<Value>]) -> Value {
    Value::Array(rows.iter().map(|row| to_object(columns, row.clone())).collect())
}
