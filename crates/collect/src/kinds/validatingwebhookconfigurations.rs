// SPDX-License-Identifier: Apache-2.0
//! ValidatingWebhookConfiguration objects.

use crate::kind::Kind;
use crate::parse::kubernetes::webhooks;
use magnum_facts::Fact;
use magnum_facts::coe::KubernetesFacts;

pub(crate) static KIND: Kind = Kind {
    topic: KubernetesFacts::VALIDATING,
    plural: "validatingwebhookconfigurations",
    kind: "ValidatingWebhookConfiguration",
    path: "/apis/admissionregistration.k8s.io/v1/validatingwebhookconfigurations",
    names_only: false,
    read: |facts, list, source| facts.validating = Fact::seen(webhooks(list), source),
};
