// SPDX-License-Identifier: Apache-2.0
//! What a running command has at hand: the server, the printer, the user's environment.

use crate::client::Client;
use crate::endpoint;
use crate::error::Error;
use crate::global::Global;
use crate::login::{self, Surroundings};
use crate::output::{Printer, Streams};
use serde_json::Value;
use std::path::PathBuf;
use std::sync::OnceLock;

/// What a command runs with.
pub(crate) struct Context {
    pub global: Global,
    pub printer: Printer,
    pub shell: String,
    pub directory: PathBuf,
    surroundings: Surroundings,
    client: OnceLock<Client>,
}

impl Context {
    pub fn new(global: Global, mut streams: Streams) -> Self {
        let surroundings = Surroundings { environment: std::mem::take(&mut streams.environment), directory: streams.directory.clone() };
        let shell = streams.shell.clone();
        let directory = streams.directory.clone();
        let printer = Printer::new(streams, &global);
        Self { global, printer, shell, directory, surroundings, client: OnceLock::new() }
    }

    /// The server; found on first use, so that commands without one work anywhere.
    pub fn client(&self) -> Result<&Client, Error> {
        if let Some(client) = self.client.get() {
            return Ok(client);
        }
        let reach = endpoint::discover(&self.global, &self.surroundings, &|prompt| self.printer.ask_secret(prompt))?;
        let version = login::version(&self.global.openstack, &self.surroundings)?;
        let client = Client::new(reach, version, self.global.debug);
        Ok(self.client.get_or_init(|| client))
    }

    /// A cluster by uuid or name.
    pub async fn cluster(&self, ident: &str) -> Result<Value, Error> {
        self.client()?.get(&["clusters", ident]).send().await
    }

    /// A cluster template by uuid or name.
    pub async fn template(&self, ident: &str) -> Result<Value, Error> {
        self.client()?.get(&["clustertemplates", ident]).send().await
    }
}

/// A text field of an answer; empty when it is absent or null.
pub(crate) fn text<'a>(value: &'a Value, field: &str) -> &'a str {
    value.get(field).and_then(Value::as_str).unwrap_or_default()
}
