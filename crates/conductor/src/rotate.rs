// SPDX-License-Identifier: Apache-2.0
//! New authorities for a running cluster, in three phases, each of which every node has carried out before the next:
//! everybody trusts both, everything is signed anew, nobody trusts the old ones any more.
//!
//! The key that signs service account tokens stays: it has nothing to do with the authorities, never leaves the masters,
//! and another one would make every token that pods hold worthless at once.

use crate::certificates::{self, Fresh};
use crate::traced::Ended;
use crate::world::World;
use crate::{Error, swarm, traced};
use magnum_store::{
    AUTHORITIES, KeyPair, Lease, NewEvent, Operation, ROTATION, References, Renewal, Rotation, RotationPhase as Phase, Trusted, Whole,
};
use magnum_types::StepState;
use secrecy::SecretString;
use serde::Serialize;

/// The kind of operation that asks for it.
pub(crate) const KIND: &str = "rotate-ca";

/// Makes the new authorities, if they are asked for and none are being brought in: an unfinished replacement goes on.
pub(crate) async fn begin(world: &World, lease: &Lease, whole: &Whole, operations: &[Operation]) -> Result<(), Error> {
    let (cluster, id) = (&whole.cluster, whole.cluster.uuid);
    let asked = operations.iter().any(|operation| operation.kind == KIND);
    if !asked || world.store.get_rotation(id).await.map_err(Error::Store)?.is_some() {
        return Ok(());
    }
    let Fresh { rows, references } = certificates::fresh(world, cluster).await?;
    let rotation = Rotation { phase: Phase::Trust, old: References::of(cluster), new: references, swarm_root: None };
    let new = Set::made(&rows, &rotation.new);
    let old = Set::load(world, &rotation.old).await?;
    let private = vec![kept(ROTATION, &rotation)?, kept(AUTHORITIES, &old.then(&new))?];
    world.set_settled(id, false);
    world.certificates.renew(lease, id, Renewal { insert: rows, private, ..Renewal::default() }).await.map_err(Error::kept)?;
    tell(world, lease, whole, "new authorities are made; every node is to trust them besides the old ones").await
}

/// Every node has carried out the phase: on to the next one. Answers what is going on, or none when there is nothing.
pub(crate) async fn advance(world: &World, lease: &Lease, whole: &Whole, operations: &[Operation]) -> Result<Option<String>, Error> {
    let id = whole.cluster.uuid;
    let Some(mut rotation) = world.store.get_rotation(id).await.map_err(Error::Store)? else { return Ok(None) };
    let is_swarm = whole.template.coe.is_swarm();
    let new = Set::load(world, &rotation.new).await?;
    let (renewal, told) = match rotation.phase {
        Phase::Trust => {
            if is_swarm {
                rotation.swarm_root = Some(swarm::root(world, whole).await?);
            }
            rotation.phase = Phase::Issue;
            let old = Set::load(world, &rotation.old).await?;
            let private = vec![kept(ROTATION, &rotation)?, kept(AUTHORITIES, &new.then(&old))?];
            let renewal = Renewal { private, cluster: rotation.new.fields(), ..Renewal::default() };
            (renewal, "the new authorities sign: every certificate is made anew")
        }
        Phase::Issue => {
            if let Some(old_root) = &rotation.swarm_root
                && let Some(waits) = swarm::rotate(world, whole, old_root).await?
            {
                return Ok(Some(waits));
            }
            rotation.phase = Phase::Retire;
            let private = vec![kept(ROTATION, &rotation)?, kept(AUTHORITIES, &new.alone())?];
            (Renewal { private, ..Renewal::default() }, "the old authorities are trusted no more")
        }
        Phase::Retire => {
            let done = operations.iter().filter(|operation| operation.kind == KIND).map(|operation| operation.id).collect();
            let private = vec![(ROTATION.to_owned(), None)];
            (Renewal { private, done, delete: rotation.old.all(), ..Renewal::default() }, "the old authorities' keys are deleted")
        }
    };
    let done: Vec<Operation> = operations.iter().filter(|operation| renewal.done.contains(&operation.id)).cloned().collect();
    world.certificates.renew(lease, id, renewal).await.map_err(Error::kept)?;
    tell(world, lease, whole, told).await?;
    traced::ended(world, whole, &done, Ended::default()).await;
    Ok(Some(told.to_owned()))
}

async fn tell(world: &World, lease: &Lease, whole: &Whole, what: &str) -> Result<(), Error> {
    let event = NewEvent { node: None, step: KIND.to_owned(), state: StepState::Done, detail: what.to_owned(), duration_ms: None };
    world.store.insert_events(lease, whole.cluster.uuid, vec![event]).await.map_err(Error::Store)
}

fn kept(name: &str, value: &impl Serialize) -> Result<(String, Option<SecretString>), Error> {
    let text = serde_json::to_string(value).map_err(|error| Error::Broken(error.to_string()))?;
    Ok((name.to_owned(), Some(SecretString::from(text))))
}

/// The certificates of one set of authorities.
struct Set {
    kubernetes: String,
    etcd: String,
    front_proxy: String,
}

impl Set {
    /// Those that were made just now.
    fn made(rows: &[KeyPair], references: &References) -> Self {
        let certificate = |reference: &Option<String>| {
            let row = rows.iter().find(|row| Some(row.uuid.to_string()) == *reference);
            row.map(|row| row.certificate.clone()).unwrap_or_default()
        };
        Self {
            kubernetes: certificate(&references.cluster),
            etcd: certificate(&references.etcd),
            front_proxy: certificate(&references.front_proxy),
        }
    }

    async fn load(world: &World, references: &References) -> Result<Self, Error> {
        let mut texts = Vec::new();
        for reference in [&references.cluster, &references.etcd, &references.front_proxy] {
            let reference = reference.as_ref().ok_or_else(|| Error::Broken("the cluster has no authorities".to_owned()))?;
            texts.push(world.certificates.get(reference).await.map_err(Error::kept)?.certificate);
        }
        let mut texts = texts.into_iter();
        let mut next = || texts.next().unwrap_or_default();
        Ok(Self { kubernetes: next(), etcd: next(), front_proxy: next() })
    }

    /// These, of which the first signs, and then the others.
    fn then(&self, other: &Self) -> Trusted {
        let both = |first: &str, second: &str| format!("{}\n{}\n", first.trim(), second.trim());
        Trusted {
            kubernetes: both(&self.kubernetes, &other.kubernetes),
            etcd: both(&self.etcd, &other.etcd),
            front_proxy: both(&self.front_proxy, &other.front_proxy),
        }
    }

    fn alone(&self) -> Trusted {
        let one = |text: &str| format!("{}\n", text.trim());
        Trusted { kubernetes: one(&self.kubernetes), etcd: one(&self.etcd), front_proxy: one(&self.front_proxy) }
    }
}

#[cfg(test)]
pub(crate) mod tests;
