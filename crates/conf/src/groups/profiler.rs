// SPDX-License-Identifier: Apache-2.0
//! `[profiler]`: traces of requests through services.

use crate::definition::{Group, Kind, option};

const TRACES: &str = "requests are not traced by osprofiler";

pub(crate) static GROUP: Group = Group::library(
    "profiler",
    "Traces of requests through services, by osprofiler.",
    TRACES,
    &[
        option("enabled", Kind::Bool, "Whether requests are traced.")
            .default("false")
            .formerly(&[("profiler", "profiler_enabled")])
            .ignored(TRACES),
        option("hmac_keys", Kind::Text, "Keys by which a caller may ask for a trace.").default("SECRET_KEY").secret().ignored(TRACES),
        option("trace_sqlalchemy", Kind::Bool, "Whether questions to the database are traced.").default("false").ignored(TRACES),
    ],
);
