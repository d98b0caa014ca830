// SPDX-License-Identifier: Apache-2.0
//! The project's own tasks: `cargo xtask setup|build|demo|test|fuzz|tidy|guide|bench`.
//!
//! Each task sets up what it needs, so that the first command on a fresh machine is also the only one.

mod bench;
mod bench_api;
mod bench_doctor;
mod bench_pages;
mod compile;
mod demo;
mod fuzz;
mod guide;
mod scoreboard;
mod setup;
mod sh;
mod suite;
mod tidy;

use anyhow::Result;
use clap::{Parser, Subcommand};

#[derive(Parser)]
#[command(name = "cargo xtask", about = "Tasks of the Magnum project")]
struct Args {
    #[command(subcommand)]
    task: Task,
}

#[derive(Subcommand)]
enum Task {
    /// Install the Debian packages that building, running and testing need.
    Setup,
    /// Build the release binaries `magnum` and the static `magnum-agent` into target/dist.
    Build,
    /// Create a real cluster, use it, break it, have it explained, heal it, delete it.
    Demo(demo::Args),
    /// Run the tests: unit, conformance, real nodes, real clients.
    Test(suite::Args),
    /// Look for inputs that break a parser or a rule, with libFuzzer.
    Fuzz(fuzz::Args),
    /// Check the source tree: sizes, licence lines, layering, words.
    Tidy,
    /// Write docs/troubleshooting from the doctor's rules.
    Guide,
    /// Write the tables of docs/scoreboard.md from what the suites last wrote down (`test --full` does it by itself).
    Scoreboard,
    /// Measure the numbers of the README and print them with the machine's load.
    Bench(bench::Args),
}

fn main() -> Result<()> {
    match Args::parse().task {
        Task::Setup => setup::run(),
        Task::Build => compile::dist().map(|_| ()),
        Task::Demo(args) => demo::run(&args),
        Task::Test(args) => suite::run(&args),
        Task::Fuzz(args) => fuzz::run(&args),
        Task::Tidy => tidy::run(),
        Task::Guide => guide::run(),
        Task::Scoreboard => scoreboard::faults(),
        Task::Bench(args) => bench::run(&args),
    }
}
