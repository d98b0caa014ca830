// SPDX-License-Identifier: Apache-2.0
//! `[opentelemetry]`: traces of requests and of what becomes of them. The group is ours; the variables are OpenTelemetry's.

use crate::definition::{Group, Kind, Unit, option};

pub(crate) static GROUP: Group = Group::new(
    "opentelemetry",
    "Traces of requests and of what becomes of them, for a collector that takes OTLP. None are made unless endpoint is set.",
    &[
        option("endpoint", Kind::Uri, "The collector's URL for OTLP over HTTP; /v1/traces is added to it. Unset: no traces.")
            .sample("http://127.0.0.1:4318")
            .shared("OTEL_EXPORTER_OTLP_ENDPOINT"),
        option("exporter", Kind::Choice(&["otlp", "none"]), "With none there are no traces, whatever else is set.")
            .default("otlp")
            .shared("OTEL_TRACES_EXPORTER"),
        option("protocol", Kind::Choice(&["http/protobuf"]), "How the collector is spoken to.")
            .default("http/protobuf")
            .shared("OTEL_EXPORTER_OTLP_PROTOCOL"),
        option("headers", Kind::Text, "What the collector wants to see, as name=value with commas between, values percent-encoded.")
            .secret()
            .shared("OTEL_EXPORTER_OTLP_HEADERS"),
        option("ca_file", Kind::Text, "File with the only authorities that may vouch for the collector. Unset: the system's.")
            .shared("OTEL_EXPORTER_OTLP_CERTIFICATE"),
        option("timeout", Kind::Duration(Unit::Seconds), "How long the collector may take for an answer.").default("10"),
        option("service_name", Kind::Text, "The service in traces. Unset: magnum-api, magnum-conductor, or magnum for both in one.")
            .shared("OTEL_SERVICE_NAME"),
        option(
            "sampler",
            Kind::Choice(&[
                "parentbased_traceidratio",
                "parentbased_always_on",
                "parentbased_always_off",
                "traceidratio",
                "always_on",
                "always_off",
            ]),
            "Which traces are made; with parentbased_ a caller who sends a trace of its own decides.",
        )
        .default("parentbased_traceidratio")
        .shared("OTEL_TRACES_SAMPLER"),
        option("sample_ratio", Kind::Float(Some(0.0), Some(1.0)), "The share of traces that a sampler by ratio makes.")
            .default("1")
            .shared("OTEL_TRACES_SAMPLER_ARG"),
    ],
);
