// SPDX-License-Identifier: Apache-2.0
//! `[api]`: where the REST API listens and what it gives out.

use crate::definition::{Group, Kind, option};

pub(crate) static GROUP: Group = Group::new(
    "api",
    "The REST API.",
    &[
        option("host", Kind::Address, "Address to listen on.").default("127.0.0.1").formerly(&[("DEFAULT", "host_ip")]),
        option("port", Kind::Port, "Port to listen on.").default("9511"),
        option("max_limit", Kind::Integer(Some(1), None), "Most entries of one page of a list.").default("1000"),
        option("enabled_ssl", Kind::Bool, "Whether the API speaks TLS itself.").default("false"),
        option("ssl_cert_file", Kind::Text, "File with the API's certificate and its chain."),
        option("ssl_key_file", Kind::Text, "File with the private key of the API's certificate."),
        option("workers", Kind::Integer(Some(1), None), "Threads of the one process that serves all. Unset: one for each processor."),
        option("api_paste_config", Kind::Text, "File with the pipeline of Python's paste.")
            .default("api-paste.ini")
            .ignored("the pipeline is built in"),
        option("enable_authentication", Kind::Bool, "Whether a token is asked for.")
            .default("true")
            .leaving("it went away in 2016")
            .refused("an API without authentication is not offered; take the line out"),
    ],
);
