// SPDX-License-Identifier: Apache-2.0
//! `cargo xtask fuzz`: builds the programs in `fuzz` with coverage and lets libFuzzer look for inputs that break what must hold.

use crate::{setup, sh};
use anyhow::{Context, Result, bail, ensure};
use std::collections::BTreeSet;
use std::path::PathBuf;
use std::process::{Command, Stdio};

/// Which target, and for how long.
#[derive(clap::Args)]
pub struct Args {
    /// Only this one, such as ini; without it, all one after the other.
    target: Option<String>,
    /// How long each is run.
    #[arg(long, value_name = "SECONDS", default_value_t = 60)]
    seconds: u32,
    /// Run the target over this file only, to see a crash again.
    #[arg(long, value_name = "PATH", requires = "target", conflicts_with = "seconds")]
    file: Option<PathBuf>,
}

/// The most memory a target may take, in MiB, and the seconds that one input may.
const LIMITS: [&str; 2] = ["-rss_limit_mb=2048", "-timeout=10"];

pub fn run(args: &Args) -> Result<()> {
    let all = targets()?;
    let chosen: Vec<&String> = all.iter().filter(|name| args.target.as_ref().is_none_or(|wanted| wanted == *name)).collect();
    ensure!(!chosen.is_empty(), "there is no such target; there are {}", all.iter().cloned().collect::<Vec<_>>().join(", "));
    build()?;
    for name in chosen {
        match &args.file {
            Some(file) => {
                let file = file.canonicalize().with_context(|| format!("looking for {}", file.display()))?;
                sh::run(program(name).arg(file))?;
            }
            None => search(name, args.seconds)?,
        }
    }
    Ok(())
}

/// Runs every target for so long.
pub fn all(seconds: u32) -> Result<()> {
    run(&Args { target: None, seconds, file: None })
}

fn search(name: &str, seconds: u32) -> Result<()> {
    sh::say(&format!("fuzz target {name}, {seconds} s"));
    let (found, artifacts) = (folder().join("target/corpus").join(name), folder().join("artifacts").join(name));
    for folder in [&found, &artifacts] {
        std::fs::create_dir_all(folder).with_context(|| format!("making {}", folder.display()))?;
    }
    let mut command = program(name);
    command.arg(format!("-max_total_time={seconds}")).arg(format!("-artifact_prefix={}/", artifacts.display())).args(LIMITS);
    // What is new goes into the first folder; the seeds are only read.
    command.arg("-print_final_stats=1").arg(found).arg(folder().join("corpus").join(name));
    let output = command.stdin(Stdio::null()).output().with_context(|| format!("starting fuzz target {name}"))?;
    let text = String::from_utf8_lossy(&output.stderr);
    if !output.status.success() {
        eprintln!("{text}");
        bail!("fuzz target {name} is broken by an input; see it again with: cargo xtask fuzz {name} --file {}/FILE", artifacts.display());
    }
    let figure = |name: &str| text.lines().find_map(|line| line.strip_prefix(name)).map_or("?", str::trim);
    let (inputs, new) = (figure("stat::number_of_executed_units:"), figure("stat::new_units_added:"));
    sh::say(&format!("{name} holds: {inputs} inputs, {new} of them new ways through it"));
    Ok(())
}

fn build() -> Result<()> {
    setup::fuzz()?;
    sh::say("building the fuzz targets with coverage");
    sh::run(cargo().args(["build", "--quiet", "--release", "--bins"]))
}

/// A target's program. Cargo knows where it is.
fn program(name: &str) -> Command {
    let mut command = cargo();
    command.args(["run", "--quiet", "--release", "--bin", name, "--"]);
    command
}

/// The folder's own configuration holds the flags that make coverage; other flags would replace them.
fn cargo() -> Command {
    let mut command = Command::new(std::env::var_os("CARGO").unwrap_or_else(|| "cargo".into()));
    command.current_dir(folder());
    for variable in ["RUSTFLAGS", "CARGO_ENCODED_RUSTFLAGS", "CARGO_BUILD_TARGET", "CARGO_TARGET_DIR"] {
        command.env_remove(variable);
    }
    command
}

fn folder() -> PathBuf {
    sh::root().join("fuzz")
}

fn targets() -> Result<BTreeSet<String>> {
    let entries = std::fs::read_dir(folder().join("fuzz_targets")).context("reading fuzz/fuzz_targets")?;
    let names = entries.filter_map(|entry| entry.ok()?.file_name().into_string().ok());
    Ok(names.filter_map(|name| name.strip_suffix(".rs").map(str::to_owned)).collect())
}
