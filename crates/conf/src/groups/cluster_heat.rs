// SPDX-License-Identifier: Apache-2.0
//! `[cluster_heat]`: how long Heat may take.

use crate::definition::{Group, Kind, Unit, option};

const WATCH: &str = "progress is watched as it happens";

pub(crate) static GROUP: Group = Group::new(
    "cluster_heat",
    "How long Heat may take over a cluster.",
    &[
        option(
            "create_timeout",
            Kind::Duration(Unit::Minutes),
            "Longest time a cluster's creation may take when the request does not say.",
        )
        .default("60")
        .formerly(&[("bay_heat", "bay_create_timeout")]),
        option("max_attempts", Kind::Integer(Some(0), None), "How often a stack is asked for its state.")
            .default("2000")
            .formerly(&[("bay_heat", "max_attempts")])
            .ignored(WATCH),
        option("wait_interval", Kind::Integer(Some(0), None), "Seconds between two questions.")
            .default("1")
            .formerly(&[("bay_heat", "wait_interval")])
            .ignored(WATCH),
    ],
);
