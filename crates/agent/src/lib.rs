// SPDX-License-Identifier: Apache-2.0
//! The node agent: one static program that makes a machine a node of a cluster and tells how it goes.
//!
//! Invariants: every step may be cut off anywhere and run again; nothing from the node spec passes through a shell;
//! nothing waits without a limit and without saying for what; a worker holds no secret that opens more than its own
//! part. It talks to IP addresses only, because a static program has no name service.

mod certificate;
mod collect;
mod command;
mod dns;
mod docker;
mod error;
mod etcd;
mod file;
mod graph;
mod http;
mod image;
mod kubernetes;
mod magnum;
mod overlay;
mod renew;
mod report;
mod run;
mod spec;
mod step;
mod systemd;
mod trace;
mod unit;
mod watchdog;

pub use error::Error;

use std::process::ExitCode;

const USAGE: &str = "usage: magnum-agent run | flanneld | dns | collect NAME… | collect all | trace open|send|close | version";

/// Runs one subcommand. Exit codes: 0 done, 1 failed, 2 wrong usage.
pub fn main(arguments: &[String]) -> ExitCode {
    let words: Vec<&str> = arguments.iter().map(String::as_str).collect();
    let outcome = match words.as_slice() {
        ["run"] => run::main(),
        ["flanneld"] => overlay::main(),
        ["dns"] => dns::main(),
        ["collect", names @ ..] if !names.is_empty() => return collect::main(names),
        ["trace", words @ ..] => return trace::main(words),
        ["version"] => {
            report::say(&format!("magnum-agent {}", env!("CARGO_PKG_VERSION")));
            return ExitCode::SUCCESS;
        }
        _ => {
            report::complain(USAGE);
            return ExitCode::from(2);
        }
    };
    match outcome {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            report::complain(&format!("magnum-agent: {}", error.chain()));
            ExitCode::FAILURE
        }
    }
}
