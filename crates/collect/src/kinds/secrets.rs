// SPDX-License-Identifier: Apache-2.0
//! Names of Secrets; what is in them is never fetched.

use crate::kind::Kind;
use crate::parse::kubernetes::names;
use magnum_facts::Fact;
use magnum_facts::coe::KubernetesFacts;

pub(crate) static KIND: Kind = Kind {
    topic: KubernetesFacts::SECRETS,
    plural: "secrets",
    kind: "Secret",
    path: "/api/v1/secrets",
    names_only: true,
    read: |facts, list, source| facts.secrets = Fact::seen(names(list), source),
};
