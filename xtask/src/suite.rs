// SPDX-License-Identifier: Apache-2.0
//! `cargo xtask test`: everything that must hold before a change lands, in the order of how soon it can fail.

use crate::{compile, fuzz, scoreboard, setup, sh, tidy};
use anyhow::{Result, anyhow, bail};
use magnum_testkit::{cache_dir, leftovers};
use std::path::PathBuf;
use std::process::Command;

/// How long each fuzz target is run in the full suite, in seconds.
const FUZZ: u32 = 10;

/// What to run.
#[derive(clap::Args)]
pub struct Args {
    /// Also run what takes too long for every change (long crash suite, soak, fuzz targets with coverage).
    #[arg(long)]
    full: bool,
    /// Only the quick part: no nodes, no services, no root.
    #[arg(long)]
    quick: bool,
    /// Only these of the tests on real nodes, such as real_doctor; repeat for several.
    #[arg(long, value_name = "BINARY", conflicts_with = "quick")]
    only: Vec<String>,
}

/// Runs the suite; the first stage that fails ends it.
pub fn run(args: &Args) -> Result<()> {
    // Packages are mostly waited for, lints and tests mostly computed.
    beside(|| if args.quick { Ok(()) } else { setup::run() }, read_over)?;
    beside(|| if args.quick { Ok(()) } else { setup::clients() }, quick)?;
    if args.quick {
        return Ok(());
    }
    if args.full && args.only.is_empty() {
        fuzz::all(FUZZ)?;
    }
    if args.full && (args.only.is_empty() || args.only.iter().any(|name| name == "real_osc")) {
        setup::rust_client()?;
    }
    let dist = built()?;
    sh::say("tests on real nodes and real services");
    let before = leftovers()?;
    let mut real = cargo();
    real.args(["nextest", "run", "--workspace", "--profile", "real"])
        .env("MAGNUM_DIST", &dist)
        .env("RUST_BACKTRACE", "0")
        .env("RUST_LIB_BACKTRACE", "0")
        .env("MAGNUM_CACHE_DIR", cache_dir());
    if !args.only.is_empty() {
        let binaries: Vec<String> = args.only.iter().map(|name| format!("binary(={name})")).collect();
        real.args(["-E", &binaries.join(" + ")]);
    }
    if args.full {
        scoreboard::forget();
        real.env("MAGNUM_TEST_FULL", "1").env("MAGNUM_FAULTS_FILE", scoreboard::file());
    }
    let outcome = sh::run(&mut real);
    if args.full {
        scoreboard::faults()?;
    }
    outcome?;
    let after = leftovers()?;
    let left: Vec<&String> = after.difference(&before).collect();
    if !left.is_empty() {
        bail!("the tests left behind: {left:?}");
    }
    sh::say("all tests passed, nothing left behind");
    Ok(())
}

/// The tests that need neither nodes nor services.
fn quick() -> Result<()> {
    sh::say("quick tests");
    nextest()?;
    sh::run(cargo().args(["nextest", "run", "--workspace"]))
}

/// The release build, and beside it the node image, which the program of the quick tests makes: one ends with minutes on one
/// processor, the other is a good deal of waiting.
fn built() -> Result<PathBuf> {
    let dist = beside(|| setup::image(&compile::debug()), compile::dist)?;
    // It is there, unless the two programs would make different ones.
    setup::image(&dist)?;
    Ok(dist)
}

/// Does both at the same time; what `work` answers, unless the other failed.
fn beside<T>(other: impl FnOnce() -> Result<()> + Send, work: impl FnOnce() -> Result<T>) -> Result<T> {
    std::thread::scope(|scope| {
        let other = scope.spawn(other);
        let done = work();
        other.join().map_err(|_| anyhow!("what ran beside it broke off"))??;
        done
    })
}

/// What needs no run of the program: its form, its lints.
fn read_over() -> Result<()> {
    tidy::run()?;
    sh::say("formatting and lints");
    formatted()?;
    sh::run(cargo().args(["clippy", "--workspace", "--all-targets", "--quiet", "--", "-D", "warnings"]))
}

/// `cargo fmt` follows `mod` lines and so misses the files that builds list by themselves: every file is given by name.
fn formatted() -> Result<()> {
    let listing = ["ls-files", "--cached", "--others", "--exclude-standard"];
    let files = sh::read(Command::new("git").current_dir(sh::root()).args(listing).arg("*.rs"))?;
    let there: Vec<&str> = files.lines().filter(|file| sh::root().join(file).is_file()).collect();
    // Without a file rustfmt would read its standard input, and be content.
    if there.is_empty() {
        bail!("git names no source file to look at");
    }
    sh::run(Command::new("rustfmt").current_dir(sh::root()).args(["--edition", "2024", "--check"]).args(there))
}

/// Makes sure cargo-nextest is there: it runs each test in a process of its own, with a time limit.
fn nextest() -> Result<()> {
    let there = cargo().args(["nextest", "--version"]).output().is_ok_and(|o| o.status.success());
    if there {
        return Ok(());
    }
    sh::say("installing cargo-nextest (once)");
    // It only starts others: optimized it runs no faster, and takes four times as long to build.
    let quickly = ["--debug", "--no-default-features", "--features", "default-no-update"];
    let mut install = cargo();
    install.args(["install", "cargo-nextest", "--locked", "--quiet"]).args(quickly).env("CARGO_PROFILE_DEV_DEBUG", "false");
    sh::run(&mut install)
}

fn cargo() -> Command {
    let mut command = Command::new(std::env::var_os("CARGO").unwrap_or_else(|| "cargo".into()));
    command.current_dir(sh::root());
    command
}
