// SPDX-License-Identifier: Apache-2.0
//! One file per service: what we ask of it and what we take from its answers.

pub mod compute;
pub mod identity;
pub mod image;
pub mod network;
