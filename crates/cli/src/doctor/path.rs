// SPDX-License-Identifier: Apache-2.0
//! `magnum doctor path FROM TO[:PORT]`: where packets get lost between two ends, and what drops them there.

use crate::context::{Context, text};
use crate::error::Error;
use crate::output::plain;
use clap::Args;
use magnum_path::{Matrix, Trace, render};
use serde::de::DeserializeOwned;
use serde_json::{Value, json};
use std::time::Duration;

/// The server limits each of its looks.
const LIMIT: Duration = Duration::from_secs(60);

/// Arguments of `doctor path`.
#[derive(Debug, Clone, Args)]
pub struct Arguments {
    /// The cluster's name or uuid; may be left out when there is one cluster only
    #[arg(long, value_name = "CLUSTER")]
    pub cluster: Option<String>,
    /// Where packets are sent from: a node, or a pod such as web-1 or kube-system/dns-1
    #[arg(required_unless_present = "matrix", conflicts_with = "matrix", value_name = "FROM")]
    pub from: Option<String>,
    /// Where to: a node, a pod, a service (svc/NAME), an address; with a port, TCP connections are made
    #[arg(required_unless_present = "matrix", conflicts_with = "matrix", value_name = "TO[:PORT]")]
    pub to: Option<String>,
    /// Tell which nodes reach each other, and which pods
    #[arg(long)]
    pub matrix: bool,
}

/// Answers the document's exit code: 0 works, 1 the cause was found, 2 only the place, 3 not even that.
pub(super) async fn run(context: &Context, arguments: &Arguments) -> Result<u8, Error> {
    let client = context.client()?;
    let cluster = match &arguments.cluster {
        Some(cluster) => cluster.clone(),
        None => only(&client.list(&["clusters"], "clusters", &[], None).await?)?,
    };
    let wish = if arguments.matrix { json!({"matrix": true}) } else { json!({"from": arguments.from, "to": arguments.to}) };
    let document = client.post(&["clusters", &cluster, "paths"], wish).limit(LIMIT).send().await?;
    let (printed, exit) = if arguments.matrix {
        let matrix: Matrix = read(&document, Matrix::SCHEMA)?;
        (render::matrix(&matrix), matrix.exit)
    } else {
        let trace: Trace = read(&document, Trace::SCHEMA)?;
        (render::text(&trace), trace.exit)
    };
    if !context.printer.document(&document)? {
        let printed = plain(&printed);
        context.printer.out(&if context.printer.utf8() { printed } else { render::ascii(&printed) });
    }
    Ok(exit)
}

fn only(clusters: &[Value]) -> Result<String, Error> {
    match clusters {
        [one] => Ok(text(one, "uuid").to_owned()),
        [] => Err(Error::Usage { message: "there is no cluster".to_owned(), hint: None }),
        many => {
            let names: Vec<&str> = many.iter().map(|c| text(c, "name")).collect();
            let message = format!("there are {} clusters: {}", many.len(), names.join(", "));
            Err(Error::Usage { message, hint: Some("name one with --cluster".to_owned()) })
        }
    }
}

fn read<T: DeserializeOwned>(document: &Value, schema: &str) -> Result<T, Error> {
    let sent = text(document, "schema");
    if sent != schema {
        let message = format!("the server sent a document of the form {sent:?}; this program knows {schema} only");
        return Err(Error::Internal { message });
    }
    T::deserialize(document)
        .map_err(|error| Error::Internal { message: format!("the server's document is not of the form {schema}: {error}") })
}
