// SPDX-License-Identifier: Apache-2.0
//! Traces for a collector of OpenTelemetry, as `[opentelemetry]` says.

use crate::state::hostname;
use magnum_cli::{HookError, Serve};
use magnum_conf::Config;
use magnum_traces::{Error, Outlet, Program, Settings, Tracer};

/// Begins to make traces, if somebody said where they go. Nothing is connected yet: a collector that is away must not hold
/// anything up.
pub fn begin(config: &Config, args: &Serve) -> Result<Option<(Tracer, Outlet)>, HookError> {
    let name = match (&args.api, &args.conductor) {
        (Some(_), None) => "magnum-api",
        (None, Some(_)) => "magnum-conductor",
        _ => "magnum",
    };
    let settings = read(config, name).map_err(|error| wrong(&error))?;
    settings.map(|settings| Tracer::start(&settings)).transpose().map_err(|error| wrong(&error))
}

/// Whether the settings can be used.
pub fn check(config: &Config) -> Result<(), HookError> {
    read(config, "magnum").map(drop).map_err(|error| wrong(&error))
}

/// Whether the collector answers and lets us in, if there is to be one; the error says why not. Settings that are wrong are
/// told by [`check`].
pub async fn reach(config: &Config) -> Result<(), String> {
    match read(config, "magnum") {
        Ok(Some(settings)) => magnum_traces::reach(&settings).await.map_err(|error| error.to_string()),
        Ok(None) | Err(_) => Ok(()),
    }
}

fn read(config: &Config, name: &str) -> Result<Option<Settings>, Error> {
    Settings::from_config(config, &Program { name, version: env!("CARGO_PKG_VERSION"), host: &hostname() })
}

fn wrong(error: &Error) -> HookError {
    HookError::new(error.to_string()).hint("magnum config check looks whether the collector answers")
}
