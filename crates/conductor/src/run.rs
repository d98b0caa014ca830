// SPDX-License-Identifier: Apache-2.0
//! The loop: which cluster is due, one activation of a cluster at a time, any number of clusters at once.

use crate::activate::{Next, activate};
use crate::relay::Relay;
use crate::world::World;
use magnum_store::Cause;
use magnum_types::ClusterId;
use std::collections::{HashMap, HashSet};
use std::sync::Arc;
use std::time::Duration;
use tokio::sync::{broadcast, watch};
use tokio::task::JoinSet;
use tokio::time::Instant;

/// Reports of nodes arrive in bursts; one look after a burst is enough.
const GATHER: Duration = Duration::from_millis(40);
/// How many clusters are worked on at a time.
const AT_ONCE: usize = 64;
/// How often the service row is brought up to date.
const HEARTBEAT: Duration = Duration::from_secs(60);

/// Works until `stop` turns true; activations that run then are finished first.
pub async fn run(world: Arc<World>, mut stop: watch::Receiver<bool>) {
    let mut changes = world.store.changes();
    let mut agenda = Agenda::default();
    all_due(&world, &mut agenda).await;
    let mut running: JoinSet<(ClusterId, Next)> = JoinSet::new();
    // The row is made first, so that what it counts is reports: its readers take none for a service that never came up.
    if let Err(error) = world.store.report_service(&world.holder, "magnum-conductor").await {
        tracing::warn!(%error, "the service row could not be made");
    }
    let (end_relay, ended) = watch::channel(false);
    let relay = world.announcer.clone().map(|announcer| {
        let relay = Relay::new(world.store.clone(), world.holder.clone(), announcer, Arc::clone(&world.told));
        tokio::spawn(relay.run(ended))
    });
    let mut heartbeat = tokio::time::interval(HEARTBEAT);
    let refill = || {
        let keys = world.keys.clone();
        tokio::spawn(async move { keys.refill().await })
    };
    refill();
    loop {
        for id in agenda.start_due(Instant::now()) {
            let world = Arc::clone(&world);
            running.spawn(async move { (id, activate(&world, id).await) });
        }
        let wake = agenda.next_due();
        tokio::select! {
            _ = stop.changed() => break,
            change = changes.recv() => match change {
                Ok(change) => match change.cause {
                    Cause::Wanted => agenda.due(change.cluster, Instant::now()),
                    Cause::Reported => agenda.due(change.cluster, Instant::now() + GATHER),
                    Cause::Recorded => {}
                },
                Err(broadcast::error::RecvError::Lagged(_)) => all_due(&world, &mut agenda).await,
                Err(broadcast::error::RecvError::Closed) => break,
            },
            Some(ended) = running.join_next(), if !running.is_empty() => match ended {
                Ok((id, next)) => {
                    agenda.ended(id, next);
                    if next == Next::Settled {
                        refill();
                    }
                }
                Err(error) => {
                    tracing::error!(%error, "an activation broke off");
                    agenda.running.clear();
                    all_due(&world, &mut agenda).await;
                }
            },
            () = tokio::time::sleep_until(wake.unwrap_or_else(|| Instant::now() + HEARTBEAT)) => {}
            _ = heartbeat.tick() => {
                if let Err(error) = world.store.report_service(&world.holder, "magnum-conductor").await {
                    tracing::warn!(%error, "the service row could not be written");
                }
            }
        }
    }
    while running.join_next().await.is_some() {}
    drop(end_relay);
    if let Some(relay) = relay
        && let Err(error) = relay.await
    {
        tracing::error!(%error, "the telling of others broke off");
    }
}

async fn all_due(world: &World, agenda: &mut Agenda) {
    match world.store.list_kept_clusters().await {
        Ok(ids) => ids.into_iter().for_each(|id| agenda.due(id, Instant::now())),
        Err(error) => tracing::error!(%error, "the clusters could not be listed"),
    }
}

/// When to look at which cluster again.
#[derive(Default)]
struct Agenda {
    at: HashMap<ClusterId, Instant>,
    running: HashSet<ClusterId>,
}

impl Agenda {
    /// At `when`, or sooner if something else asked for it.
    fn due(&mut self, id: ClusterId, when: Instant) {
        let at = self.at.entry(id).or_insert(when);
        *at = (*at).min(when);
    }

    /// Takes clusters that are due and not being worked on, the longest due first, as many as there is room for.
    fn start_due(&mut self, now: Instant) -> Vec<ClusterId> {
        let due = self.at.iter().filter(|(id, at)| **at <= now && !self.running.contains(id));
        let mut due: Vec<(Instant, ClusterId)> = due.map(|(id, at)| (*at, *id)).collect();
        due.sort_unstable();
        due.truncate(AT_ONCE.saturating_sub(self.running.len()));
        for (_, id) in &due {
            self.at.remove(id);
            self.running.insert(*id);
        }
        due.into_iter().map(|(_, id)| id).collect()
    }

    fn ended(&mut self, id: ClusterId, next: Next) {
        self.running.remove(&id);
        match next {
            Next::Gone => {
                self.at.remove(&id);
            }
            Next::Settled => self.due(id, Instant::now() + Duration::from_secs(20)),
            Next::In(duration) => self.due(id, Instant::now() + duration),
        }
    }

    /// When the next is due; none while there is no room, since then one has to end first.
    fn next_due(&self) -> Option<Instant> {
        if self.running.len() >= AT_ONCE {
            return None;
        }
        self.at.iter().filter(|(id, _)| !self.running.contains(id)).map(|(_, at)| *at).min()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_cluster_is_worked_on_once_at_a_time_and_again_when_news_came_meanwhile() {
        let (id, now) = (ClusterId::random(), Instant::now());
        let mut agenda = Agenda::default();
        agenda.due(id, now);
        assert_eq!(agenda.start_due(now), [id]);
        agenda.due(id, now);
        assert!(agenda.start_due(now).is_empty(), "still running");
        agenda.ended(id, Next::Settled);
        assert_eq!(agenda.start_due(now), [id], "news came while it ran");
        agenda.ended(id, Next::Gone);
        assert_eq!(agenda.next_due(), None);
    }

    #[test]
    fn only_so_many_are_worked_on_at_a_time_and_who_waits_longest_is_next() {
        let (mut agenda, now) = (Agenda::default(), Instant::now());
        for _ in 0..2 * AT_ONCE {
            agenda.due(ClusterId::random(), now);
        }
        let first = ClusterId::random();
        agenda.due(first, now - Duration::from_secs(1));
        let started = agenda.start_due(now);
        assert_eq!((started.len(), started[0]), (AT_ONCE, first));
        assert!(agenda.start_due(now).is_empty() && agenda.next_due().is_none(), "no room");
        agenda.ended(first, Next::Gone);
        assert_eq!(agenda.next_due(), Some(now));
        assert_eq!(agenda.start_due(now).len(), 1);
    }
}
