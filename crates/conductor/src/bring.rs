// SPDX-License-Identifier: Apache-2.0
//! Create and update: resources made, nodes up, or a truthful failure.

use crate::activate::Next;
use crate::inquire::Known;
use crate::judge::{Verdict, judge};
use crate::rollout::{self, Rollout};
use crate::world::World;
use crate::{Error, certificates, drain, inquire, leave, notices, outcome, power, prepare, rotate, tokens, traced};
use jiff::Timestamp;
use magnum_blueprint::{Blueprint, Settings};
use magnum_engine::{Observed, Progress, ResourceKind};
use magnum_store::{ClusterField, Lease, NewEvent, Node, Operation, Whole, time_limit};
use magnum_types::{Action, NodeName, Role, StepState};
use std::time::{Duration, SystemTime};

/// How often a cluster that waits for its turn asks for it.
const TURN: Duration = Duration::from_millis(500);

/// One pass of a create or an update.
pub(crate) async fn bring(world: &World, lease: &Lease, whole: &Whole, action: Action) -> Result<Next, Error> {
    let id = whole.cluster.uuid;
    let operations = world.store.list_open_operations(id).await.map_err(Error::Store)?;
    notices::begun(world, lease, whole, &operations).await?;
    if !world.admission.enter(id, world.engine.at_once()) {
        return wait(world, lease, whole, "waits until other clusters' nodes are up".to_owned(), TURN).await;
    }
    let remove_first = victims(world, &operations).await?;
    let made = async {
        if action == Action::Update {
            rotate::begin(world, lease, whole, &operations).await?;
            tokens::begin(world, lease, whole, &operations).await?;
        }
        let settings = prepare::prepare(world, lease, whole, &remove_first).await?;
        let left = resources(world, lease, whole, &settings, action, &operations).await?;
        Ok::<_, Error>((settings, left))
    }
    .await;
    let (settings, left) = match made {
        Ok(made) => made,
        Err(error) if error.is_moot() => return Err(error),
        Err(error) if world.may_try_again(id, &error) => {
            tracing::warn!(cluster = %id, error = %error.reason(), "will be tried again");
            return Ok(Next::In(Duration::from_secs(1)));
        }
        Err(error) => {
            let api = None;
            outcome::finish(world, lease, whole, action, &Verdict::Failed(error.reason()), &operations, api).await?;
            return Ok(Next::Settled);
        }
    };
    world.succeeded(id);
    let verdict = look(world, lease, whole, &left).await?;
    if let Verdict::Waiting(text) = verdict {
        return wait(world, lease, whole, text, left.look_again()).await;
    }
    outcome::finish(world, lease, whole, action, &verdict, &operations, Some(settings.api_url())).await?;
    Ok(Next::Settled)
}

/// Says what the action waits for.
async fn wait(world: &World, lease: &Lease, whole: &Whole, reason: String, look_again: Duration) -> Result<Next, Error> {
    if whole.cluster.status_reason.as_ref() != Some(&reason) {
        let reason = ClusterField::StatusReason(Some(reason));
        world.store.update_cluster(lease, whole.cluster.uuid, &[reason]).await.map_err(Error::Store)?;
    }
    Ok(Next::In(look_again))
}

/// The judgement of the nodes, and what the doctor found behind it when something hangs.
async fn look(world: &World, lease: &Lease, whole: &Whole, left: &Left) -> Result<Verdict, Error> {
    let (cluster, coe) = (&whole.cluster, whole.template.coe);
    let stages = world.store.get_stages(cluster, coe).await.map_err(Error::Store)?;
    let judgement = stages.judge(world.usual(coe).await.as_ref(), Timestamp::now());
    let Known { cause, is_news } = inquire::cause(world, whole, &judgement);
    let cause = cause.map(|cause| format!("cause: {}", cause.text()));
    if let Some(detail) = cause.clone().filter(|_| is_news) {
        let event = NewEvent { node: None, step: "doctor".to_owned(), state: StepState::Done, detail, duration_ms: None };
        world.store.insert_events(lease, cluster.uuid, vec![event]).await.map_err(Error::Store)?;
    }
    let cause = cause.map(|cause| format!("{cause} (magnum doctor {})", cluster.name));
    Ok(judge(&judgement, left.words(), time_limit(cluster), cause.as_deref()))
}

/// What is left to do beside waiting for nodes to come up.
enum Left {
    Nothing,
    /// The engine is not done.
    Resources,
    /// Nodes that run are being changed, in these words.
    Nodes(String),
    /// The next phase of a change begins at once.
    Phase(String),
}

impl Left {
    fn words(&self) -> Option<&str> {
        match self {
            Left::Nothing => None,
            Left::Resources => Some("resources are being made"),
            Left::Nodes(words) | Left::Phase(words) => Some(words),
        }
    }

    fn look_again(&self) -> Duration {
        match self {
            Left::Nothing | Left::Nodes(_) => Duration::from_secs(1),
            Left::Resources | Left::Phase(_) => Duration::from_millis(50),
        }
    }
}

/// Makes the resources, and the certificates at the same time; in an update also has running nodes take up what changed
/// for them, in their turn.
async fn resources(
    world: &World,
    lease: &Lease,
    whole: &Whole,
    settings: &Settings,
    action: Action,
    operations: &[Operation],
) -> Result<Left, Error> {
    let id = whole.cluster.uuid;
    if world.is_settled(id) {
        return Ok(Left::Nothing);
    }
    let mut blueprint = settings.blueprint().map_err(Error::Settings)?;
    let observed = world.engine.observe(id).await;
    let nodes = world.store.list_nodes(id).await.map_err(Error::Store)?;
    power::sync(world, lease, &nodes, &observed).await?;
    let mut rollout = None;
    if action == Action::Update {
        say_goodbye(world, lease, whole, &blueprint, &observed).await?;
        let turns = Rollout::of(&blueprint, &nodes, rollout::batch(operations));
        drain::follow(world, lease, whole, operations, &turns).await?;
        turns.hold(&mut blueprint);
        rollout = Some(turns);
    }
    let began = SystemTime::now();
    let converging = async {
        let progress = world.engine.converge(&blueprint, &observed).await.map_err(Error::Engine);
        traced::step(world, operations, "converge", began, &progress);
        progress
    };
    let (certificates, progress) = tokio::join!(certificates::ensure(world, lease, &whole.cluster), converging);
    let progress = progress?;
    certificates?;
    world.gate.open(id).await;
    record(world, lease, whole, &progress).await?;
    if !progress.done {
        return Ok(Left::Resources);
    }
    if let Some(rollout) = rollout {
        if !rollout.is_over() {
            return Ok(Left::Nodes(rollout.sentence()));
        }
        let renewed = tokens::advance(world, lease, whole, operations).await?;
        if let Some(words) = rotate::advance(world, lease, whole, operations).await? {
            return Ok(Left::Phase(words));
        }
        if renewed {
            return Ok(Left::Phase("the nodes' old tokens are refused".to_owned()));
        }
    }
    world.set_settled(id, true);
    Ok(Left::Nothing)
}

/// Takes nodes that are no longer wanted out of the COE before the engine removes them.
async fn say_goodbye(world: &World, lease: &Lease, whole: &Whole, blueprint: &Blueprint, observed: &Observed) -> Result<(), Error> {
    let wanted = |name: &str| blueprint.servers.iter().any(|s| s.name.as_str() == name);
    let Some(master) = blueprint.servers.iter().find(|s| s.role == Role::Master && s.powered_on) else { return Ok(()) };
    for server in observed.of(ResourceKind::Server).filter(|r| !wanted(&r.name)) {
        let Ok(node) = NodeName::parse(&server.name) else { continue };
        let began = std::time::Instant::now();
        let troubles = leave::leave(world.engine.as_ref(), whole.cluster.uuid, whole.template.coe, &master.name, &node).await;
        let event = NewEvent {
            node: Some(node.to_string()),
            step: "leave".to_owned(),
            state: StepState::Done,
            detail: troubles.join("; "),
            duration_ms: i64::try_from(began.elapsed().as_millis()).ok(),
        };
        world.store.insert_events(lease, whole.cluster.uuid, vec![event]).await.map_err(Error::Store)?;
    }
    Ok(())
}

/// Puts what the engine did into the timeline, and what is there now into the observed tree.
pub(crate) async fn record(world: &World, lease: &Lease, whole: &Whole, progress: &Progress) -> Result<(), Error> {
    let id = whole.cluster.uuid;
    if progress.did.is_empty() {
        return Ok(());
    }
    let event = |did: &String| NewEvent {
        node: None,
        step: world.engine.name().to_owned(),
        state: StepState::Done,
        detail: did.clone(),
        duration_ms: None,
    };
    world.store.insert_events(lease, id, progress.did.iter().map(event).collect()).await.map_err(Error::Store)?;
    let tree = serde_json::to_value(world.engine.observe(id).await).map_err(|e| Error::Broken(e.to_string()))?;
    world.store.update_observed(lease, id, &tree).await.map_err(Error::Store)
}

/// The names of the nodes that a resize asked to be removed.
async fn victims(world: &World, operations: &[Operation]) -> Result<Vec<String>, Error> {
    let mut names = Vec::new();
    for operation in operations {
        let Some(words) = operation.input["nodes_to_remove"].as_array().filter(|words| !words.is_empty()) else { continue };
        let nodes = world.store.list_nodes(operation.cluster).await.map_err(Error::Store)?;
        let group = operation.input["nodegroup"].as_str().unwrap_or_default();
        names.extend(words.iter().filter_map(|word| meant(&nodes, group, word.as_str()?)).map(|node| node.name.to_string()));
    }
    Ok(names)
}

/// A node by its name, its id, its address, or its place in the group, as Heat knows it (`0` is the first).
fn meant<'a>(nodes: &'a [Node], group: &str, word: &str) -> Option<&'a Node> {
    let is_named = |node: &&Node| node.name.as_str() == word || node.id.to_string() == word || node.address == word;
    let is_at = |node: &&Node| node.nodegroup.to_string() == group && node.idx.to_string() == word;
    nodes.iter().find(is_named).or_else(|| nodes.iter().find(is_at))
}

#[cfg(test)]
mod tests {
    use super::*;
    use magnum_types::{ClusterId, NodeGroupId};

    #[test]
    fn a_node_is_meant_by_name_id_address_or_place() {
        let (cluster, first, second) = (ClusterId::random(), NodeGroupId::random(), NodeGroupId::random());
        let node = |name: &str, group, idx, address: &str| {
            let name = NodeName::parse(name).unwrap();
            Node::new(cluster, name, group, Role::Worker, idx, address.to_owned(), String::new())
        };
        let nodes = [node("node-0", first, 0, "10.0.0.20"), node("node-1", first, 1, "10.0.0.21"), node("extra-0", second, 0, "10.0.0.22")];
        let found = |group: NodeGroupId, word: &str| meant(&nodes, &group.to_string(), word).map(|node| node.name.as_str());
        for (group, word, name) in [
            (first, "node-1", Some("node-1")),
            (first, "10.0.0.20", Some("node-0")),
            (first, "1", Some("node-1")),
            (second, "0", Some("extra-0")),
            (second, "1", None),
            (first, "node-7", None),
        ] {
            assert_eq!(found(group, word), name, "{word}");
        }
        assert_eq!(found(second, &nodes[1].id.to_string()), Some("node-1"));
    }
}
