// SPDX-License-Identifier: Apache-2.0
//! Rows and properties as tables, lines, JSON and YAML.

use super::cell;
use crate::error::Error;
use comfy_table::{CellAlignment, ContentArrangement, ContentLineStyle, LineStyle, Table, TableStyle};
use serde_json::Value;

/// The look of the Python client's tables.
const STYLE: TableStyle = TableStyle::new()
    .top_border(LineStyle::new('+', '-', '+', '+'))
    .header_lines(ContentLineStyle::new('|', '|', '|'))
    .header_separator(LineStyle::new('+', '-', '+', '+'))
    .content_lines(ContentLineStyle::new('|', '|', '|'))
    .bottom_border(LineStyle::new('+', '-', '+', '+'));

/// Rows as a table; on a terminal it fits the width.
pub(super) fn table(columns: &[String], rows: &[Vec<Value>], width: Option<u16>) -> String {
    let cells = rows.iter().map(|row| row.iter().map(cell::table).collect()).collect();
    draw(columns, cells, width, |_| None)
}

/// One thing's properties as a table of two columns.
pub(super) fn properties(head: &str, columns: &[String], values: &[Value], width: Option<u16>) -> String {
    let cells = columns.iter().zip(values).map(|(name, value)| vec![name.clone(), cell::table(value)]).collect();
    draw(&[head.to_owned(), "Value".to_owned()], cells, width, |_| None)
}

/// A table; `alignment` says it of a column where it is not to the left.
pub(super) fn draw(
    header: &[String],
    rows: Vec<Vec<String>>,
    width: Option<u16>,
    alignment: impl Fn(usize) -> Option<CellAlignment>,
) -> String {
    let mut table = Table::new();
    table.load_style(STYLE).set_header(header).add_rows(rows);
    for (index, column) in table.column_iter_mut().enumerate() {
        if let Some(alignment) = alignment(index) {
            column.set_cell_alignment(alignment);
        }
    }
    if let Some(width) = width {
        table.set_content_arrangement(ContentArrangement::Dynamic).set_width(width.max(40));
    }
    format!("{table}\n")
}

/// Rows as lines of values. Where a line has several, an absent one is `-` and a line end inside one a space, so
/// that the count of words and lines can be relied on.
pub(super) fn lines(rows: &[Vec<Value>]) -> String {
    let line = |row: &Vec<Value>| match row.as_slice() {
        [one] => cell::value(one),
        many => many.iter().map(word).collect::<Vec<_>>().join(" "),
    };
    rows.iter().map(|row| line(row) + "\n").collect()
}

fn word(value: &Value) -> String {
    let text = cell::value(value).replace('\n', " ");
    if text.is_empty() { "-".to_owned() } else { text }
}

/// A document as JSON with a final line end.
pub(super) fn json(document: &Value) -> Result<String, Error> {
    let text =
        serde_json::to_string_pretty(document).map_err(|error| Error::Internal { message: format!("cannot write JSON: {error}") })?;
    Ok(text + "\n")
}

/// A document as YAML with a final line end.
pub(super) fn yaml(document: &Value) -> Result<String, Error> {
    let text = serde_saphyr::to_string(document).map_err(|error| Error::Internal { message: format!("cannot write YAML: {error}") })?;
    Ok(text.trim_end().to_owned() + "\n")
}
