// SPDX-License-Identifier: Apache-2.0
//! Pages of lists: `limit`, `marker`, `sort_key`, `sort_dir`, and the `next` link.

use crate::caller::Caller;
use crate::failure::Failure;
use crate::input::Input;
use magnum_store::Page;
use serde_json::{Map, Value, json};

/// Reads the arguments; `columns` are the table's.
pub(crate) fn page(input: &Input, columns: &[&str]) -> Result<Page, Failure> {
    let limit = match input.int_argument("limit")? {
        None => input.page_max,
        Some(limit) if limit < 1 => return Err(Failure::bad("Limit must be positive")),
        Some(limit) => limit.min(input.page_max),
    };
    let marker = input.argument("marker").map(str::to_owned);
    let sort_key = input.argument("sort_key").unwrap_or("id").to_owned();
    let descending = match input.argument("sort_dir").unwrap_or("asc") {
        "asc" => false,
        "desc" => true,
        other => return Err(Failure::bad(format!("Invalid sort direction: {other}. Acceptable values are 'asc' or 'desc'"))),
    };
    if !columns.contains(&sort_key.as_str()) {
        return Err(Failure::bad(format!("The sort_key value \"{sort_key}\" is an invalid field for sorting")));
    }
    Ok(Page { limit, marker, sort_key, descending })
}

/// As [`page`], for lists whose marker is a uuid.
pub(crate) fn page_by_uuid(input: &Input, columns: &[&str]) -> Result<Page, Failure> {
    if let Some(marker) = input.argument("marker").filter(|marker| marker.parse::<uuid::Uuid>().is_err()) {
        let problem = format!("unable to convert to uuid. Error: Expected a uuid but received {marker}.");
        return Err(Failure::field("marker", marker, problem));
    }
    page(input, columns)
}

/// The list under `key`, with `next` when there may be more. `path` follows `/v1/`; `last` is the last row's marker.
pub(crate) fn collection(caller: &Caller, page: &Page, path: &str, key: &str, rows: Vec<Value>, last: Option<String>) -> Value {
    let mut body = Map::new();
    let full = i64::try_from(rows.len()).unwrap_or(i64::MAX) >= page.limit;
    body.insert(key.to_owned(), Value::Array(rows));
    if let Some(marker) = last.filter(|_| full) {
        let direction = if page.descending { "desc" } else { "asc" };
        let (base, sort_key, limit) = (&caller.base, &page.sort_key, page.limit);
        body.insert(
            "next".to_owned(),
            json!(format!("{base}/v1/{path}?sort_key={sort_key}&sort_dir={direction}&limit={limit}&marker={marker}")),
        );
    }
    Value::Object(body)
}
