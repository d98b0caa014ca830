// SPDX-License-Identifier: Apache-2.0
//! `[healthcheck]`: the answer at `/healthcheck`.

use crate::definition::{Group, Kind, option};

pub(crate) static GROUP: Group = Group::new(
    "healthcheck",
    "The answer at /healthcheck.",
    &[
        option("path", Kind::Text, "Path of the answer.")
            .default("/healthcheck")
            .leaving("the pipeline says where it is")
            .ignored("the answer is always at /healthcheck"),
        option("detailed", Kind::Bool, "Whether the answer tells details of the process.")
            .default("false")
            .ignored("the answer tells no details to strangers"),
        option("backends", Kind::List(false), "What is asked for the answer: disable_by_file.").default(""),
        option("disable_by_file_path", Kind::Text, "A file whose presence makes the answer 503.").sample("/etc/magnum/healthcheck_disable"),
        option("disable_by_file_paths", Kind::List(false), "Ports with such files, as port:path.").default(""),
        option("allowed_source_ranges", Kind::List(false), "Networks from which it may be asked.").default(""),
        option("ignore_proxied_requests", Kind::Bool, "Whether requests through a proxy get no answer.").default("false"),
    ],
);
