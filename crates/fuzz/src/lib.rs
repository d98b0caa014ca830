// SPDX-License-Identifier: Apache-2.0
//! What must hold for any bytes that come from outside, as functions: one file per target, found by the build.
//!
//! Each is run in two ways. The tests here run it over the seeds in `fuzz/corpus/<target>` and over some thousand changed ones, the
//! same in every run; `cargo xtask fuzz` builds it with coverage for libFuzzer (`fuzz/fuzz_targets/<target>.rs`) and goes on
//! for as long as it is told to. A function returns when the bytes are refused or when what was made of them is as it must be, and
//! panics when it is not.

include!(concat!(env!("OUT_DIR"), "/registry.rs"));

/// A property of some input.
#[derive(Debug, Clone, Copy)]
pub struct Target {
    /// The file's name, and that of its program and its seeds.
    pub name: &'static str,
    /// Panics when the property does not hold for these bytes.
    pub check: fn(&[u8]),
}

#[cfg(test)]
mod mutate;
#[cfg(test)]
mod tests;
