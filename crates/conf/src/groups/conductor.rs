// SPDX-License-Identifier: Apache-2.0
//! `[conductor]`: the worker behind the API.

use crate::definition::{Group, Kind, option};

pub(crate) static GROUP: Group = Group::new(
    "conductor",
    "The worker behind the API.",
    &[
        option("workers", Kind::Integer(Some(1), None), "Processes of the conductor. Unset: one for each processor.")
            .ignored("one process works on all clusters at once"),
        option("topic", Kind::Text, "Queue of the conductor.")
            .default("magnum-conductor")
            .ignored("API and conductor do not speak over a message broker"),
        option("conductor_life_check_timeout", Kind::Integer(None, None), "Seconds the API waits for a conductor when it starts.")
            .default("4")
            .leaving("Magnum gave it up")
            .ignored("the API does not wait for a conductor"),
    ],
);
