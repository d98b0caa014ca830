// SPDX-License-Identifier: Apache-2.0
//! Names of ConfigMaps; what is in them stays where it is.

use crate::kind::Kind;
use crate::parse::kubernetes::names;
use magnum_facts::Fact;
use magnum_facts::coe::KubernetesFacts;

pub(crate) static KIND: Kind = Kind {
    topic: KubernetesFacts::CONFIG_MAPS,
    plural: "configmaps",
    kind: "ConfigMap",
    path: "/api/v1/configmaps",
    names_only: true,
    read: |facts, list, source| facts.config_maps = Fact::seen(names(list), source),
};
