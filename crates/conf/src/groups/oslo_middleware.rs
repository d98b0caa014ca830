// SPDX-License-Identifier: Apache-2.0
//! `[oslo_middleware]`: what stands before the API.

use crate::definition::{Group, Kind, option};

pub(crate) static GROUP: Group = Group::new(
    "oslo_middleware",
    "What stands before the API.",
    &[
        option(
            "enable_proxy_headers_parsing",
            Kind::Bool,
            "Whether X-Forwarded-* headers of a proxy are believed. Only behind a proxy that sets them.",
        )
        .default("false"),
        option("max_request_body_size", Kind::Integer(Some(1), None), "Most bytes of a request's body.")
            .default("114688")
            .formerly(&[("DEFAULT", "osapi_max_request_body_size"), ("DEFAULT", "max_request_body_size")]),
        option("secure_proxy_ssl_header", Kind::Text, "Header by which a proxy tells the original scheme.")
            .default("X-Forwarded-Proto")
            .leaving("X-Forwarded-Proto is always read")
            .ignored("X-Forwarded-Proto is read when proxies are believed"),
    ],
);
