// SPDX-License-Identifier: Apache-2.0
//! What a create or an update comes to, from the stage clock's judgement of its nodes. Pure: the clock is a parameter.

use jiff::SignedDuration;
use magnum_stages::{Judgement, Pace};

/// How long a node that had failed before an action began may stay so: its agent tries again every ten seconds, and who asks for
/// the action may just have put right what stopped it.
const ANOTHER_TRY: SignedDuration = SignedDuration::from_secs(20);

/// What the cluster's status becomes.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Verdict {
    /// Go on waiting; the text says for what.
    Waiting(String),
    Complete,
    Failed(String),
}

/// Judges an action that may take `timeout` (zero = no limit).
///
/// `left` says what is left to do beside waiting for nodes, if anything; a node that fails ends the action at once, whatever else waits.
/// `cause` is what the doctor found, and goes along with whatever is not complete.
pub fn judge(nodes: &Judgement, left: Option<&str>, timeout: SignedDuration, cause: Option<&str>) -> Verdict {
    let with_cause = |text: String| match cause {
        Some(cause) => format!("{text}; {cause}"),
        None => text,
    };
    let spent = nodes.at.duration_since(nodes.began);
    let (mut failed, mut again) = (Vec::new(), Vec::new());
    for node in nodes.nodes.iter().filter(|n| n.pace == Pace::Failed) {
        let list = if node.since < nodes.began && spent < ANOTHER_TRY { &mut again } else { &mut failed };
        list.push(node.sentence(nodes.at));
    }
    if !failed.is_empty() {
        return Verdict::Failed(with_cause(failed.join("; ")));
    }
    if !again.is_empty() {
        return Verdict::Waiting(with_cause(format!("{}; it is tried again", again.join("; "))));
    }
    let all_ready = nodes.nodes.iter().all(|n| n.pace == Pace::Ready);
    if all_ready && left.is_none() {
        return Verdict::Complete;
    }
    let waits = with_cause(left.filter(|_| all_ready).map_or_else(|| nodes.sentence(), str::to_owned));
    if !timeout.is_zero() && spent >= timeout {
        return Verdict::Failed(format!("timed out after {} minutes: {waits}", timeout.as_mins()));
    }
    Verdict::Waiting(waits)
}

#[cfg(test)]
mod tests {
    use super::*;
    use jiff::Timestamp;
    use magnum_stages::{Forecast, NodeClock};
    use magnum_types::Role;

    fn at(minutes: i64) -> Timestamp {
        Timestamp::UNIX_EPOCH + SignedDuration::from_mins(minutes)
    }

    fn node(name: &str, pace: Pace, stage: &str, detail: &str, since: i64) -> NodeClock {
        NodeClock {
            name: name.to_owned(),
            role: Role::Worker,
            stage: stage.to_owned(),
            since: at(since),
            pace,
            hung_since: None,
            waits_for: detail.to_owned(),
            waits_on: Vec::new(),
            usual_ms: 3_000,
            measured: 0,
            took_ms: None,
            remaining_ms: None,
        }
    }

    #[test]
    fn a_node_that_had_failed_before_has_another_try() {
        let hour = SignedDuration::from_mins(60);
        let failed = |since: i64| node("node-0", Pace::Failed, "kubelet", "exit code 1", since);
        let text = "node node-0, step kubelet: exit code 1";
        for (what, since, seconds, expected) in [
            ("it failed before", 1, 5, Verdict::Waiting(format!("{text}; it is tried again"))),
            ("it failed before, and stays so", 1, 20, Verdict::Failed(text.to_owned())),
            ("it fails now", 2, 5, Verdict::Failed(text.to_owned())),
        ] {
            let now = at(2) + SignedDuration::from_secs(seconds);
            let judged = Judgement { at: now, began: at(2), deadline: None, forecast: Forecast::Stuck, nodes: vec![failed(since)] };
            assert_eq!(judge(&judged, None, hour, None), expected, "{what}");
        }
    }

    #[test]
    fn an_action_ends_with_its_nodes() {
        let hour = SignedDuration::from_mins(60);
        let ready = || node("node-0", Pace::Ready, "ready", "", 0);
        let coming = |since| node("node-1", Pace::Moving, "kubelet", "the API server", since);
        let failed = || node("node-2", Pace::Failed, "etcd", "exit code 1", 0);
        let waits = "node node-1, step kubelet: waiting for the API server";
        let judged = |nodes, minute| Judgement { at: at(minute), began: at(0), deadline: None, forecast: Forecast::Stuck, nodes };
        let making = |done: bool| (!done).then_some("resources are being made");
        for (what, nodes, done, minute, expected) in [
            ("all ready", vec![ready()], true, 1, Verdict::Complete),
            ("no node at all", vec![], true, 1, Verdict::Complete),
            ("resources missing", vec![ready()], false, 1, Verdict::Waiting("resources are being made".to_owned())),
            ("one coming", vec![ready(), coming(1)], true, 1, Verdict::Waiting(waits.to_owned())),
            (
                "one failed, one coming",
                vec![failed(), coming(1)],
                false,
                1,
                Verdict::Failed("node node-2, step etcd: exit code 1".to_owned()),
            ),
            ("too late", vec![coming(60)], true, 60, Verdict::Failed(format!("timed out after 60 minutes: {waits}"))),
            ("ready in the last minute", vec![ready()], true, 61, Verdict::Complete),
        ] {
            assert_eq!(judge(&judged(nodes, minute), making(done), hour, None), expected, "{what}");
        }
        let (long, none) = (judged(vec![coming(9999)], 9999), SignedDuration::ZERO);
        assert_eq!(judge(&long, None, none, None), Verdict::Waiting(waits.to_owned()), "no limit asked for");
        for (what, nodes, minute) in [("waiting", vec![coming(1)], 1), ("failed", vec![failed()], 1), ("too late", vec![coming(60)], 60)] {
            let (Verdict::Waiting(text) | Verdict::Failed(text)) = judge(&judged(nodes, minute), None, hour, Some("cause: x")) else {
                panic!("{what} is not complete")
            };
            assert!(text.ends_with("; cause: x"), "{what}: {text}");
        }
        assert_eq!(judge(&judged(vec![ready()], 1), None, hour, Some("cause: x")), Verdict::Complete);
    }
}
