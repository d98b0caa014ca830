// SPDX-License-Identifier: Apache-2.0
//! Settings in oslo.config's format, so that a `magnum.conf` of the Python Magnum works unchanged.
//!
//! Pure: the caller reads files and environment and hands over their text. Options are described in `groups/`, one file per
//! group, each with what this program does with it: uses it, ignores it because nothing is lost, or refuses it.
//! `Config::check` tells everything that is wrong at once, `Config::show` what is in force and why, `sample` what there is.

mod check;
mod client;
mod config;
mod credentials;
mod definition;
mod error;
mod finding;
mod ini;
mod interpolate;
mod kind;
mod nearest;
mod sample;
mod show;
mod source;
mod value;

pub use config::{Config, Effective};
pub use definition::{Definition, Group, Kind, Unit, Usage, option};
pub use error::Error;
pub use finding::{Finding, Severity};
pub use ini::{Assignment, Document, ParseError, ParseFault, Section, parse};
pub use sample::sample;
pub use show::{Shown, render};
pub use source::{File, Origin, Search, Setting, Sources, directory_order, search, variable};
pub use value::Value;

include!(concat!(env!("OUT_DIR"), "/registry.rs"));

#[cfg(test)]
mod tests;
