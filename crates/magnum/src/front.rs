// SPDX-License-Identifier: Apache-2.0
//! What stands before the API, as `[api]`, `[cors]`, `[oslo_middleware]` and `[healthcheck]` say.

use magnum_api::{Cors, Front};
use magnum_cli::HookError;
use magnum_conf::{Config, Error, Origin};
use std::path::PathBuf;
use std::time::Duration;

/// Reads it; a value that cannot stand in a header is refused.
pub fn front(config: &Config) -> Result<Front, HookError> {
    let front = read(config).map_err(|error| HookError::new(error.to_string()))?;
    if let Some(cors) = &front.cors {
        cors.check().map_err(HookError::new)?;
    }
    Ok(front)
}

fn read(config: &Config) -> Result<Front, Error> {
    let usual = Front::default();
    let origins = config.list("cors", "allowed_origin")?;
    let cors = Cors {
        credentials: config.flag("cors", "allow_credentials")?,
        expose_headers: config.list("cors", "expose_headers")?,
        max_age: config.duration("cors", "max_age")?.unwrap_or(Duration::from_secs(3600)),
        methods: config.list("cors", "allow_methods")?,
        headers: config.list("cors", "allow_headers")?,
        origins,
    };
    let disabled = config.list("healthcheck", "backends")?.iter().any(|backend| backend == "disable_by_file");
    let file = config.text("healthcheck", "disable_by_file_path")?.unwrap_or_else(|| "/etc/magnum/healthcheck_disable".to_owned());
    // Oslo's own limit is meant for services with smaller requests; only one that somebody set counts.
    let body_max = match config.get("oslo_middleware", "max_request_body_size")?.origin {
        Origin::Default => None,
        _ => config.integer("oslo_middleware", "max_request_body_size")?,
    };
    Ok(Front {
        scheme: if config.flag("api", "enabled_ssl")? { "https" } else { "http" },
        trust_proxy: config.flag("oslo_middleware", "enable_proxy_headers_parsing")?,
        body_max: body_max.and_then(|bytes| usize::try_from(bytes).ok()).unwrap_or(usual.body_max),
        page_max: config.integer("api", "max_limit")?.unwrap_or(usual.page_max),
        cors: (!cors.origins.is_empty()).then_some(cors),
        out_of_service: disabled.then(|| PathBuf::from(file)),
    })
}
