// SPDX-License-Identifier: Apache-2.0
//! `magnum explain`: the page of a fault the doctor knows. The knowledge is in this program, so no server is asked.

use crate::context::Context;
use crate::error::Error;
use clap::Args;
use serde_json::json;

/// Arguments of `explain`.
#[derive(Debug, Clone, Args)]
pub struct Arguments {
    /// The fault's id, as in the doctor's report
    pub id: String,
}

pub(crate) fn run(context: &Context, arguments: &Arguments) -> Result<(), Error> {
    let page = magnum_rules::explain(&arguments.id).ok_or_else(|| unknown(&arguments.id))?;
    if !context.printer.document(&json!({"id": arguments.id, "page": page}))? {
        context.printer.out(&page);
    }
    Ok(())
}

/// Refuses an id that names no fault.
pub(crate) fn known(id: &str) -> Result<(), Error> {
    magnum_rules::find(id).map(|_| ()).ok_or_else(|| unknown(id))
}

fn unknown(id: &str) -> Error {
    let hint = match magnum_rules::similar(id).as_slice() {
        [] => "magnum doctor CLUSTER -v lists every fault it looks for".to_owned(),
        near => format!("did you mean {}?", near.join(" or ")),
    };
    Error::Usage { message: format!("there is no fault {id:?}"), hint: Some(hint) }
}
