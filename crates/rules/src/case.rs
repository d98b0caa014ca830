// SPDX-License-Identifier: Apache-2.0
//! Cases: the facts on which a rule must fire, be quiet, or say that it cannot see. They stand beside the rule and are
//! run by one test for all rules; every rule is also run on every other rule's cases.

use crate::fixture::Scene;

/// What a rule must answer on a case.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Expect {
    Fires,
    Quiet,
    /// Unknown, never quiet.
    Blind,
}

/// One scene with what the rule must say of it.
#[derive(Debug, Clone, Copy)]
pub struct Case {
    pub name: &'static str,
    pub expect: Expect,
    pub scene: fn() -> Scene,
}

/// The fault is there.
pub const fn fires(name: &'static str, scene: fn() -> Scene) -> Case {
    Case { name, expect: Expect::Fires, scene }
}

/// Something that looks alike, or nothing, is there.
pub const fn quiet(name: &'static str, scene: fn() -> Scene) -> Case {
    Case { name, expect: Expect::Quiet, scene }
}

/// What would show it cannot be seen.
pub const fn blind(name: &'static str, scene: fn() -> Scene) -> Case {
    Case { name, expect: Expect::Blind, scene }
}
