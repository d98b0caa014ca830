// SPDX-License-Identifier: Apache-2.0
//! StorageClass objects.

use crate::kind::Kind;
use crate::parse::kubernetes::map;
use crate::parse::{list, text, text_at};
use magnum_facts::Fact;
use magnum_facts::coe::{KubernetesFacts, StorageClass};
use serde_json::Value;

pub(crate) static KIND: Kind = Kind {
    topic: KubernetesFacts::CLASSES,
    plural: "storageclasses",
    kind: "StorageClass",
    path: "/apis/storage.k8s.io/v1/storageclasses",
    names_only: false,
    read: |facts, list, source| facts.classes = Fact::seen(classes(list), source),
};

fn classes(document: &Value) -> Vec<StorageClass> {
    let one = |item: &Value| StorageClass {
        name: text_at(item, "/metadata/name").to_owned(),
        provisioner: text(item, "provisioner").to_owned(),
        binding: text(item, "volumeBindingMode").to_owned(),
        is_default: map(item, "/metadata/annotations").get("storageclass.kubernetes.io/is-default-class").is_some_and(|v| v == "true"),
    };
    list(document, "/items").map(one).collect()
}
