// SPDX-License-Identifier: Apache-2.0
//! `-f FORMAT`: printing as the `openstack` command does (its library is called cliff), so that what was written for that goes
//! on working: nothing is `None`, a switch is `True` or `False`, maps and lists are Python's, chosen columns keep their order.

use super::format;
use crate::argument::python_literal;
use crate::error::Error;
use clap::{Args, ValueEnum};
use comfy_table::CellAlignment;
use serde_json::Value;
use std::cmp::Ordering;

/// The options of the `openstack` command about printing.
#[derive(Debug, Clone, Default, Args)]
pub struct Cliff {
    /// Print as the openstack command does: nothing is None, a switch True or False
    #[arg(long, short, global = true, value_enum, conflicts_with = "output", value_name = "FORMAT", help_heading = "Global options")]
    pub format: Option<Form>,
    /// Which values of -f csv are in quotes
    #[arg(long, global = true, hide = true, value_enum, default_value_t = Quote::Nonnumeric, value_name = "WHICH", help_heading = "Global options")]
    pub quote: Quote,
    /// Print -f json on one line
    #[arg(long, global = true, hide = true, help_heading = "Global options")]
    pub noindent: bool,
    /// Begin the names of -f shell so
    #[arg(long, global = true, hide = true, default_value = "", value_name = "TEXT", help_heading = "Global options")]
    pub prefix: String,
    /// The width of -f table at most
    #[arg(long, env = "CLIFF_MAX_TERM_WIDTH", global = true, hide = true, value_name = "COLUMNS", help_heading = "Global options")]
    pub max_width: Option<u16>,
    /// Fit a table to the terminal, as is done anyway
    #[arg(long, global = true, hide = true, help_heading = "Global options")]
    pub fit_width: bool,
    /// Print the head of -f table also when there are no rows
    #[arg(long, global = true, hide = true, help_heading = "Global options")]
    pub print_empty: bool,
    /// Sort a list's rows by this column; repeat for several
    #[arg(long, global = true, hide = true, value_name = "COLUMN", help_heading = "Global options")]
    pub sort_column: Vec<String>,
    /// Smallest first
    #[arg(long, global = true, hide = true, help_heading = "Global options")]
    pub sort_ascending: bool,
    /// Largest first
    #[arg(long, global = true, hide = true, conflicts_with = "sort_ascending", help_heading = "Global options")]
    pub sort_descending: bool,
}

/// The formats of the `openstack` command.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum Form {
    /// For people
    Table,
    /// One JSON document
    Json,
    /// One YAML document
    Yaml,
    /// Values only, one row a line
    Value,
    /// A list with commas
    Csv,
    /// One thing as variables of a shell
    Shell,
}

/// What is in quotes.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, ValueEnum)]
pub enum Quote {
    All,
    Minimal,
    #[default]
    Nonnumeric,
    None,
}

impl Cliff {
    /// Sorts rows by the columns that were asked for; rows without a value come last.
    pub fn sort(&self, columns: &[String], rows: &mut [Vec<Value>]) {
        let places = self.sort_column.iter().filter_map(|wanted| columns.iter().position(|name| name.eq_ignore_ascii_case(wanted)));
        for place in places.collect::<Vec<_>>().into_iter().rev() {
            rows.sort_by(|a, b| {
                let order = compare(a.get(place), b.get(place));
                if self.sort_descending { order.reverse() } else { order }
            });
        }
    }

    /// Rows in the format.
    pub(super) fn list(&self, form: Form, columns: &[String], rows: &[Vec<Value>], width: Option<u16>) -> Result<String, Error> {
        Ok(match form {
            Form::Table if rows.is_empty() && !self.print_empty => "\n".to_owned(),
            Form::Table => {
                let right = rows.first().map(|row| row.iter().map(Value::is_number).collect::<Vec<_>>()).unwrap_or_default();
                let cells = rows.iter().map(|row| row.iter().map(cell).collect()).collect();
                let alignment = |column: usize| right.get(column).filter(|right| **right).map(|_| CellAlignment::Right);
                format::draw(columns, cells, self.width(width), alignment)
            }
            Form::Value => rows.iter().map(|row| row.iter().map(text).collect::<Vec<_>>().join(" ") + "\n").collect(),
            Form::Csv => {
                let head: Vec<Value> = columns.iter().map(|name| Value::from(name.as_str())).collect();
                std::iter::once(&head).chain(rows).map(|row| self.record(row)).collect()
            }
            Form::Json => self.json(&super::objects(columns, rows))?,
            Form::Yaml => format::yaml(&super::objects(columns, rows))?,
            Form::Shell => return Err(unfit("a list", "shell", "table, json, yaml, value or csv")),
        })
    }

    /// One thing's properties in the format.
    pub(super) fn show(&self, form: Form, columns: &[String], values: Vec<Value>, width: Option<u16>) -> Result<String, Error> {
        Ok(match form {
            Form::Table => {
                let cells = columns.iter().zip(&values).map(|(name, value)| vec![name.clone(), cell(value)]).collect();
                format::draw(&["Field".to_owned(), "Value".to_owned()], cells, self.width(width), |_| None)
            }
            Form::Value => values.iter().map(|value| text(value) + "\n").collect(),
            Form::Shell => columns.iter().zip(&values).map(|(name, value)| self.variable(name, value)).collect(),
            Form::Json => self.json(&super::to_object(columns, values))?,
            Form::Yaml => format::yaml(&super::to_object(columns, values))?,
            Form::Csv => return Err(unfit("one thing", "csv", "table, json, yaml, value or shell")),
        })
    }

    /// A document in the format; none where it is not one of documents.
    pub(super) fn document(&self, form: Form, document: &Value) -> Result<Option<String>, Error> {
        match form {
            Form::Json => self.json(document).map(Some),
            Form::Yaml => format::yaml(document).map(Some),
            Form::Table | Form::Value | Form::Csv | Form::Shell => Ok(None),
        }
    }

    fn json(&self, document: &Value) -> Result<String, Error> {
        if self.noindent { Ok(format!("{document}\n")) } else { format::json(document) }
    }

    fn width(&self, terminal: Option<u16>) -> Option<u16> {
        self.max_width.filter(|width| *width > 0).or(terminal)
    }

    fn record(&self, row: &[Value]) -> String {
        row.iter().map(|value| self.quoted(value)).collect::<Vec<_>>().join(",") + "\n"
    }

    /// As Python's csv module writes it.
    fn quoted(&self, value: &Value) -> String {
        let text = if value.is_null() { String::new() } else { text(value) };
        let special = text.contains([',', '"', '\n', '\r']);
        let quotes = match self.quote {
            Quote::All => true,
            // To Python a switch is a number.
            Quote::Nonnumeric => !value.is_number() && !value.is_boolean(),
            Quote::Minimal => special,
            Quote::None => false,
        };
        if quotes || (special && self.quote == Quote::Nonnumeric) {
            format!("\"{}\"", text.replace('"', "\"\""))
        } else if self.quote == Quote::None {
            text.chars().flat_map(|c| matches!(c, ',' | '"' | '\n' | '\r' | '\\').then_some('\\').into_iter().chain([c])).collect()
        } else {
            text
        }
    }

    /// `name="value"`, with nothing in it that a shell would act on: more is escaped than by cliff, which escapes quotes alone.
    fn variable(&self, name: &str, value: &Value) -> String {
        let value: String =
            text(value).chars().flat_map(|c| matches!(c, '"' | '\\' | '$' | '`').then_some('\\').into_iter().chain([c])).collect();
        let name = name.to_lowercase().replace([' ', ':', '-'], "_");
        format!("{}{name}=\"{value}\"\n", self.prefix)
    }
}

fn unfit(what: &str, form: &str, others: &str) -> Error {
    Error::Usage { message: format!("{what} is not printed as {form}"), hint: Some(format!("-f {others}")) }
}

/// A value as Python's `str` has it.
fn text(value: &Value) -> String {
    match value {
        Value::String(text) => text.clone(),
        other => python_literal(other),
    }
}

fn cell(value: &Value) -> String {
    super::cell::plain(&text(value).replace("\r\n", "\n").replace('\r', " "))
}

fn compare(a: Option<&Value>, b: Option<&Value>) -> Ordering {
    match (a, b) {
        (Some(Value::Number(a)), Some(Value::Number(b))) => a.as_f64().partial_cmp(&b.as_f64()).unwrap_or(Ordering::Equal),
        (Some(Value::String(a)), Some(Value::String(b))) => a.cmp(b),
        (Some(Value::Bool(a)), Some(Value::Bool(b))) => a.cmp(b),
        (a, b) => a.is_none_or(Value::is_null).cmp(&b.is_none_or(Value::is_null)),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn columns(names: &[&str]) -> Vec<String> {
        names.iter().map(|name| (*name).to_owned()).collect()
    }

    #[test]
    fn values_are_as_python_prints_them() {
        let values = vec![json!(null), json!(true), json!(3), json!("a b"), json!(["x", 1]), json!({"k": "it's"})];
        let names = columns(&["a", "b-c", "d", "e", "f", "g"]);
        let cliff = Cliff::default();
        let show = |form| cliff.show(form, &names, values.clone(), None).unwrap();
        assert_eq!(show(Form::Value), "None\nTrue\n3\na b\n['x', 1]\n{'k': \"it's\"}\n");
        assert_eq!(show(Form::Shell), "a=\"None\"\nb_c=\"True\"\nd=\"3\"\ne=\"a b\"\nf=\"['x', 1]\"\ng=\"{'k': \\\"it's\\\"}\"\n");
        assert!(cliff.show(Form::Csv, &names, values.clone(), None).is_err());
        let hostile = cliff.show(Form::Shell, &columns(&["x"]), vec![json!("\"; $(reboot) `id`")], None).unwrap();
        assert_eq!(hostile, "x=\"\\\"; \\$(reboot) \\`id\\`\"\n");
    }

    #[test]
    fn commas_are_as_python_writes_them() {
        let names = columns(&["name", "n", "on", "none"]);
        let rows = vec![vec![json!("a,\"b\""), json!(3), json!(true), json!(null)]];
        for (quote, wanted) in [
            (Quote::Nonnumeric, "\"name\",\"n\",\"on\",\"none\"\n\"a,\"\"b\"\"\",3,True,\"\"\n"),
            (Quote::All, "\"name\",\"n\",\"on\",\"none\"\n\"a,\"\"b\"\"\",\"3\",\"True\",\"\"\n"),
            (Quote::Minimal, "name,n,on,none\n\"a,\"\"b\"\"\",3,True,\n"),
            (Quote::None, "name,n,on,none\na\\,\\\"b\\\",3,True,\n"),
        ] {
            let cliff = Cliff { quote, ..Cliff::default() };
            assert_eq!(cliff.list(Form::Csv, &names, &rows, None).unwrap(), wanted, "{quote:?}");
        }
        assert!(Cliff::default().list(Form::Shell, &names, &rows, None).is_err());
    }

    #[test]
    fn tables_and_sorting_follow_cliff() {
        let names = columns(&["name", "n"]);
        let mut rows = vec![vec![json!("b"), json!(10)], vec![json!("a"), json!(9)], vec![json!("c"), json!(null)]];
        let mut cliff = Cliff { sort_column: columns(&["N"]), ..Cliff::default() };
        cliff.sort(&names, &mut rows);
        assert_eq!(
            cliff.list(Form::Table, &names, &rows, None).unwrap(),
            "+------+------+\n| name |    n |\n+------+------+\n| a    |    9 |\n| b    |   10 |\n| c    | None |\n+------+------+\n"
        );
        cliff.sort_descending = true;
        cliff.sort(&names, &mut rows);
        assert_eq!(cliff.list(Form::Value, &names, &rows, None).unwrap(), "c None\nb 10\na 9\n");
        assert_eq!(cliff.list(Form::Table, &names, &[], None).unwrap(), "\n");
        assert!(Cliff { print_empty: true, ..Cliff::default() }.list(Form::Table, &names, &[], None).unwrap().contains("name"));
        assert_eq!(Cliff { noindent: true, ..Cliff::default() }.list(Form::Json, &names, &[], None).unwrap(), "[]\n");
    }
}
