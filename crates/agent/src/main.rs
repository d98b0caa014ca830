// SPDX-License-Identifier: Apache-2.0
//! The node agent's program: picks the subcommand, nothing more.

use std::process::ExitCode;

fn main() -> ExitCode {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    magnum_agent::main(&arguments)
}
