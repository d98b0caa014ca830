// SPDX-License-Identifier: Apache-2.0
//! Over a real store; spans are kept instead of sent.

use super::*;
use crate::judge::Verdict;
use crate::rotate::tests::Ward;
use crate::{outcome, remove, tokens};
use magnum_store::{NewEvent, OperationState, Request};
use magnum_traces::{Made, Memory, Tracer};
use serde_json::{Value, json};

const REQUEST: &str = "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01";

/// A cluster with one operation that a traced request asked for.
async fn ward(kind: &str, traceparent: &str) -> (Ward, Memory) {
    let Ward { world, lease, id, folder } = Ward::with("health", None).await;
    let (tracer, memory) = Tracer::in_memory();
    let ward = Ward { world: world.with_traces(Some(tracer)), lease, id, folder };
    let own: Vec<_> = open(&ward).await.iter().map(|operation| operation.id).collect();
    ward.world.store.finish_operations(&ward.lease, id, &own, OperationState::Done, "").await.unwrap();
    let context = json!({"project_id": "p", "user_id": "u", TRACEPARENT: traceparent});
    let operation = Operation::new(id, kind, "req-7", Value::Null).by(context.as_object().cloned().unwrap());
    ward.world.store.request(Request::new(operation)).await.unwrap();
    (ward, memory)
}

async fn open(ward: &Ward) -> Vec<Operation> {
    ward.world.store.list_open_operations(ward.id).await.unwrap()
}

async fn tell(ward: &Ward, node: Option<&str>, step: &str, state: StepState, duration_ms: Option<i64>) {
    let event = NewEvent { node: node.map(str::to_owned), step: step.to_owned(), state, detail: format!("{step}!"), duration_ms };
    ward.world.store.insert_events(&ward.lease, ward.id, vec![event]).await.unwrap();
}

fn told(made: &[Made]) -> Vec<String> {
    made.iter().map(|span| format!("{}{}", span.name, span.error.as_ref().map_or_else(String::new, |e| format!(": {e}")))).collect()
}

#[tokio::test]
async fn a_failed_create_is_one_span_with_its_steps_below_the_request() {
    let (ward, memory) = ward("create", REQUEST).await;
    let (world, operations) = (&ward.world, open(&ward).await);
    let progress = |did: &[&str]| Ok(Progress { did: did.iter().map(|one| (*one).to_owned()).collect(), done: false });
    step(world, &operations, "converge", SystemTime::now(), &progress(&["network made", "server master-0 started"]));
    step(world, &operations, "converge", SystemTime::now(), &progress(&[]));
    step(world, &operations, "converge", SystemTime::now(), &Err(Error::Broken("no room".to_owned())));
    for (node, name, state, took) in [
        (Some("node-0"), "etcd", StepState::Started, None),
        (Some("node-0"), "etcd", StepState::Done, Some(1500)),
        (Some("node-0"), "kubelet", StepState::Failed, Some(10)),
        (None, "nothing", StepState::Done, None),
        (None, "doctor", StepState::Done, None),
    ] {
        tell(&ward, node, name, state, took).await;
    }
    let (verdict, whole) = (Verdict::Failed("node node-0, step kubelet: kubelet!".to_owned()), ward.whole().await);
    outcome::finish(world, &ward.lease, &whole, magnum_types::Action::Create, &verdict, &operations, None).await.unwrap();
    let made = memory.take();
    let names =
        ["converge", "converge: no room", "step etcd", "step kubelet: kubelet!", "cluster create: node node-0, step kubelet: kubelet!"];
    assert_eq!(told(&made), names);
    let (whole, steps) = made.split_last().unwrap();
    assert_eq!((whole.trace.as_str(), whole.parent.as_deref()), (&REQUEST[3..35], Some(&REQUEST[36..52])));
    assert!(steps.iter().all(|step| step.parent.as_ref() == Some(&whole.id) && step.trace == whole.trace), "{made:?}");
    assert_eq!(steps[0].attributes["magnum.detail"], "network made; server master-0 started");
    assert_eq!(steps[2].attributes["magnum.node"], "node-0");
    assert_eq!(steps[2].ended.duration_since(steps[2].began).unwrap(), Duration::from_millis(1500));
    // What the engine, here called so, has done is told as its passes.
    assert_eq!(whole.moments, ["doctor", "cluster"]);
    let about = ["magnum.cluster.id", "magnum.cluster.status", "magnum.operation.kind", "magnum.request_id", "magnum.project_id"];
    let about = about.map(|key| whole.attributes[key].as_str());
    assert_eq!(about, [ward.id.to_string().as_str(), "CREATE_FAILED", "create", "req-7", "p"]);
}

#[tokio::test]
async fn deletes_and_what_ends_before_the_others_are_told_as_well() {
    let (ward, memory) = ward("rotate-credential", REQUEST).await;
    let (world, lease) = (&ward.world, &ward.lease);
    tokens::begin(world, lease, &ward.whole().await, &open(&ward).await).await.unwrap();
    tokens::advance(world, lease, &ward.whole().await, &open(&ward).await).await.unwrap();
    assert_eq!(told(&memory.take()), ["cluster rotate-credential"]);
    for kind in ["power", "delete"] {
        ward.world.store.request(Request::new(Operation::new(ward.id, kind, "req-8", Value::Null))).await.unwrap();
        if kind == "power" {
            outcome::close(world, lease, &ward.whole().await, &open(&ward).await, OperationState::Done, "").await.unwrap();
        }
    }
    remove::remove(world, lease, &ward.whole().await).await.unwrap();
    let made = memory.take();
    assert_eq!(told(&made), ["cluster power", "cluster delete"]);
    assert_eq!(made[1].attributes["magnum.cluster.status"], "DELETE_COMPLETE");
    assert!(made.iter().all(|span| span.parent.is_none()), "nobody traced their requests: {made:?}");
}

#[tokio::test]
async fn what_the_caller_does_not_want_traced_is_not() {
    let (ward, memory) = ward("create", &REQUEST.replace("-01", "-00")).await;
    let (operations, whole) = (open(&ward).await, ward.whole().await);
    step(&ward.world, &operations, "converge", SystemTime::now(), &Err(Error::Broken("no room".to_owned())));
    let action = magnum_types::Action::Create;
    outcome::finish(&ward.world, &ward.lease, &whole, action, &Verdict::Complete, &operations, None).await.unwrap();
    assert!(memory.take().is_empty());
}
