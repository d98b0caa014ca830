// SPDX-License-Identifier: Apache-2.0
//! The packet path between two endpoints of a cluster.

pub mod wire;
