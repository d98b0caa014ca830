// SPDX-License-Identifier: Apache-2.0
//! The options of every list.

use crate::context::Context;
use crate::error::Error;
use clap::{Args, ValueEnum};
use serde_json::Value;

/// How much of a collection, in which order.
#[derive(Debug, Clone, Default, Args)]
pub struct Paging {
    /// At most this many; without it, all
    #[arg(long, value_parser = clap::value_parser!(u64).range(1..))]
    pub limit: Option<u64>,
    /// Start after this one (uuid)
    #[arg(long)]
    pub marker: Option<String>,
    /// Sort by this field
    #[arg(long)]
    pub sort_key: Option<String>,
    /// Sort in this direction
    #[arg(long, value_enum)]
    pub sort_dir: Option<Direction>,
}

/// The direction of sorting.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum Direction {
    /// Smallest first
    Asc,
    /// Largest first
    Desc,
}

impl Paging {
    /// Reads the collection at `path`, whose items are under `key`.
    pub(crate) async fn list(&self, context: &Context, path: &[&str], key: &str, more: &[(&str, String)]) -> Result<Vec<Value>, Error> {
        let mut query: Vec<(&str, String)> = more.to_vec();
        query.extend(self.sort_key.clone().map(|value| ("sort_key", value)));
        query.extend(self.sort_dir.map(|value| ("sort_dir", if value == Direction::Asc { "asc" } else { "desc" }.to_owned())));
        query.extend(self.marker.clone().map(|value| ("marker", value)));
        context.client()?.list(path, key, &query, self.limit).await
    }
}
