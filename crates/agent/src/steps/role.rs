// SPDX-License-Identifier: Apache-2.0
//! Marks a master's Node object as one. A kubelet may not give itself this label, so the agent does.

use crate::error::Error;
use crate::kubernetes as k8s;
use crate::spec::Questions;
use crate::step::{Context, Gate, Step};
use serde_json::json;
use std::time::Duration;

pub static STEP: Step = Step {
    name: "role",
    applies: |spec| spec.kubernetes().is_some() && spec.is_master(),
    needs: &["kubelet"],
    limit: Duration::from_secs(180),
    run,
};

fn run(context: &Context) -> Result<(), Error> {
    let (spec, kubernetes) = (&*context.spec, context.kubernetes()?);
    let api = k8s::client(spec, kubernetes, k8s::AGENT, Duration::from_secs(5))?;
    let path = format!("/api/v1/nodes/{}", spec.node.name);
    let patch = json!({"metadata": {"labels": {"node-role.kubernetes.io/master": "", "node-role.kubernetes.io/control-plane": ""}}});
    context.wait("the kubelet to register this node", &["kubelet.service"], || match api.merge_patch(&path, &patch) {
        Ok(_) => Ok(Gate::Open(())),
        Err(Error::Refused { status: 404, .. }) => Ok(Gate::Closed(String::new())),
        Err(error) => Err(error),
    })
}
