// SPDX-License-Identifier: Apache-2.0
//! `[docker]`: the Docker API of nodes, which the Python Magnum called.

use crate::definition::{Group, Kind, option};

const AGENT: &str = "Docker on the nodes is reached through their agents";

pub(crate) static GROUP: Group = Group::new(
    "docker",
    "The Docker API of nodes.",
    &[
        option("docker_remote_api_version", Kind::Text, "Version of Docker's API.").default("1.21").ignored(AGENT),
        option("default_timeout", Kind::Integer(None, None), "Seconds a call may take.").default("60").ignored(AGENT),
        option("api_insecure", Kind::Bool, "Whether Docker's certificate goes unchecked.").default("false").ignored(AGENT),
        option("ca_file", Kind::Text, "File with the certificate authorities for Docker's certificate.").ignored(AGENT),
        option("cert_file", Kind::Text, "File with the client certificate.").ignored(AGENT),
        option("key_file", Kind::Text, "File with the private key of the client certificate.").ignored(AGENT),
    ],
);
