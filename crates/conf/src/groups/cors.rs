// SPDX-License-Identifier: Apache-2.0
//! `[cors]`: web pages of other origins.

use crate::definition::{Group, Kind, Unit, option};

pub(crate) static GROUP: Group = Group::new(
    "cors",
    "Web pages of other origins that may call the API.",
    &[
        option("allowed_origin", Kind::List(false), "Origins whose pages may call the API, such as https://horizon.example; unset: none."),
        option("allow_credentials", Kind::Bool, "Whether such a page may send what the browser knows of the user.").default("true"),
        option("expose_headers", Kind::List(false), "Headers of answers the page may read.")
            .default("X-Auth-Token,X-Subject-Token,X-Service-Token,X-OpenStack-Request-ID,X-Server-Management-Url"),
        option("max_age", Kind::Duration(Unit::Seconds), "How long a browser may remember the answer to its question.").default("3600"),
        option("allow_methods", Kind::List(false), "Methods the page may use.").default("GET,PUT,POST,DELETE,PATCH"),
        option("allow_headers", Kind::List(false), "Headers the page may send.").default(
            "X-Auth-Token,X-Identity-Status,X-Roles,X-Service-Catalog,X-User-Id,X-Tenant-Id,X-OpenStack-Request-ID,X-Server-Management-Url",
        ),
    ],
);
