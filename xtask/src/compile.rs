// SPDX-License-Identifier: Apache-2.0
//! The two release binaries, side by side as an installation has them.

use crate::sh;
use anyhow::{Context, Result};
use std::path::PathBuf;
use std::process::Command;

const TARGET: &str = "x86_64-unknown-linux-gnu";

/// Builds `magnum` and the static `magnum-agent`; answers the directory that holds both.
pub fn dist() -> Result<PathBuf> {
    let target = target();
    sh::say("building magnum (release)");
    sh::run(cargo().args(["build", "--release", "--package", "magnum"]))?;
    sh::say("building magnum-agent (release, static)");
    // A target of its own keeps the flag away from build scripts and procedural macros, which cannot be static.
    let mut agent = cargo();
    agent.args(["build", "--release", "--package", "magnum-agent", "--target", TARGET]).env("RUSTFLAGS", "-C target-feature=+crt-static");
    sh::run(&mut agent)?;
    let dist = target.join("dist");
    std::fs::create_dir_all(&dist).with_context(|| format!("making {}", dist.display()))?;
    for (from, name) in [(target.join("release/magnum"), "magnum"), (target.join(TARGET).join("release/magnum-agent"), "magnum-agent")] {
        let new = dist.join(format!("{name}.new"));
        std::fs::copy(&from, &new).with_context(|| format!("copying {}", from.display()))?;
        std::fs::rename(&new, dist.join(name)).with_context(|| format!("placing {name}"))?;
    }
    Ok(dist)
}

/// The directory of the `magnum` that the quick tests are built with.
pub fn debug() -> PathBuf {
    target().join("debug")
}

/// Where Cargo builds.
pub fn target() -> PathBuf {
    std::env::var_os("CARGO_TARGET_DIR").map_or_else(|| sh::root().join("target"), PathBuf::from)
}

fn cargo() -> Command {
    let mut command = Command::new(std::env::var_os("CARGO").unwrap_or_else(|| "cargo".into()));
    command.current_dir(sh::root());
    command
}
