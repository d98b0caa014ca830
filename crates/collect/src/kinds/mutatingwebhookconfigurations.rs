// SPDX-License-Identifier: Apache-2.0
//! MutatingWebhookConfiguration objects.

use crate::kind::Kind;
use crate::parse::kubernetes::webhooks;
use magnum_facts::Fact;
use magnum_facts::coe::KubernetesFacts;

pub(crate) static KIND: Kind = Kind {
    topic: KubernetesFacts::MUTATING,
    plural: "mutatingwebhookconfigurations",
    kind: "MutatingWebhookConfiguration",
    path: "/apis/admissionregistration.k8s.io/v1/mutatingwebhookconfigurations",
    names_only: false,
    read: |facts, list, source| facts.mutating = Fact::seen(webhooks(list), source),
};
