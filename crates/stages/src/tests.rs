// SPDX-License-Identifier: Apache-2.0
//! The clock, table by table: moving or hung, on whom, how long still.

use crate::{BOOT, Forecast, Judgement, NodeClock, NodeHistory, Pace, READY, Report, Sample, Scene, Standing, Usual, judge, samples};
use jiff::{SignedDuration, Timestamp};
use magnum_types::{Coe, Role, StepState};

/// The action began at zero.
fn at(seconds: i64) -> Timestamp {
    Timestamp::UNIX_EPOCH + SignedDuration::from_secs(seconds)
}

/// `etcd 3 waiting 2 members` begins, waits, is done: one word for the state, the rest is the detail.
fn report(text: &str) -> Report {
    let mut words = text.splitn(4, ' ');
    let mut next = || words.next().unwrap_or_default();
    let (step, second, state, detail) = (next().to_owned(), next().parse().unwrap(), next(), next().to_owned());
    let state = match state {
        "started" => StepState::Started,
        "waiting" => StepState::Waiting,
        "failed" => StepState::Failed,
        _ => StepState::Done,
    };
    Report { step, state, detail, at: at(second), took_ms: (state == StepState::Done).then_some(1000) }
}

fn node(name: &str, reports: &[&str]) -> NodeHistory {
    let role = if name.starts_with("master") { Role::Master } else { Role::Worker };
    let reports: Vec<Report> = reports.iter().map(|text| report(text)).collect();
    let standing = match reports.last() {
        Some(last) if last.state == StepState::Failed => Standing::Failed,
        Some(last) if last.step == READY && last.state == StepState::Done => Standing::Ready,
        _ => Standing::Coming,
    };
    NodeHistory { name: name.to_owned(), role, standing, started_at: Some(at(0)), ready_at: None, reports }
}

fn judged_with(usual: &Usual, nodes: &[NodeHistory], now: i64) -> Judgement {
    let scene = Scene { coe: Coe::Kubernetes, nodes, began: at(0), deadline: Some(at(600)), now: at(now), usual };
    judge(&scene)
}

fn judged(nodes: &[NodeHistory], now: i64) -> Judgement {
    judged_with(&Usual::built_in(Coe::Kubernetes), nodes, now)
}

fn of<'a>(judgement: &'a Judgement, name: &str) -> &'a NodeClock {
    judgement.nodes.iter().find(|n| n.name == name).unwrap()
}

const UP: &[&str] = &["etcd 1 started", "etcd 2 done", "kube-apiserver 2 started", "kube-apiserver 3 done", "ready 4 done"];

#[test]
fn one_node_moves_is_slow_or_hangs() {
    for (what, reports, now, pace, stage, hung) in [
        ("not booted yet", &[][..], 3, Pace::Moving, BOOT, None),
        ("never booted", &[], 30, Pace::Hung, BOOT, Some(0)),
        ("working", &["etcd 2 started"], 5, Pace::Moving, "etcd", None),
        ("slow but not for long", &["etcd 2 started"], 20, Pace::Moving, "etcd", None),
        ("far longer than usual", &["etcd 2 started"], 25, Pace::Hung, "etcd", Some(2)),
        ("a slow stage may take longer", &["kube-apiserver 2 started"], 34, Pace::Moving, "kube-apiserver", None),
        ("but not for ever", &["kube-apiserver 2 started"], 60, Pace::Hung, "kube-apiserver", Some(2)),
        (
            "progress sets the clock back",
            &["etcd 2 started", "etcd 3 waiting 10 %", "etcd 15 waiting 40 %"],
            25,
            Pace::Moving,
            "etcd",
            None,
        ),
        ("until there is no more", &["etcd 2 started", "etcd 3 waiting 10 %", "etcd 15 waiting 40 %"], 40, Pace::Hung, "etcd", Some(15)),
        (
            "texts that come and go are no progress",
            &["etcd 2 started", "etcd 3 waiting a", "etcd 4 waiting b", "etcd 18 waiting a", "etcd 24 waiting b"],
            26,
            Pace::Hung,
            "etcd",
            Some(4),
        ),
        ("a stage that only waits for another of its node", &["kube-apiserver 1 started", "etcd 2 started"], 9, Pace::Moving, "etcd", None),
        (
            "its own clock runs from when it was let go",
            &["kube-apiserver 1 started", "etcd 2 started", "etcd 40 done"],
            45,
            Pace::Moving,
            "kube-apiserver",
            None,
        ),
        ("nothing after a stage that is done", &["network 2 done"], 40, Pace::Hung, "network", Some(2)),
        ("the stage that hangs is the one told", &["images 1 started", "certificates 20 started"], 30, Pace::Hung, "images", Some(1)),
        ("failed", &["etcd 2 started", "etcd 3 failed no space"], 9, Pace::Failed, "etcd", None),
    ] {
        let judgement = judged(&[node("master-0", reports)], now);
        let clock = of(&judgement, "master-0");
        assert_eq!((clock.pace, clock.stage.as_str(), clock.hung_since), (pace, stage, hung.map(at)), "{what}");
    }
}

#[test]
fn who_waits_for_another_node_is_not_called_hung() {
    let worker = node("node-0", &["overlay 2 started", "overlay 3 waiting the overlay network"]);
    for (what, masters, now, pace, on) in [
        ("the master hangs", vec![node("master-0", &["etcd 2 started"])], 60, Pace::Waits, &["master-0"][..]),
        ("the master moves", vec![node("master-0", &["etcd 55 started"])], 60, Pace::Waits, &["master-0"]),
        ("the master is done and the worker hangs by itself", vec![node("master-0", UP)], 60, Pace::Hung, &[]),
        ("the master has only just come so far", vec![node("master-0", &["etcd 2 started", "etcd 58 done"])], 60, Pace::Moving, &[]),
        ("one of three is enough", vec![node("master-0", &["etcd 2 started"]), node("master-1", UP)], 60, Pace::Hung, &[]),
    ] {
        let nodes: Vec<NodeHistory> = masters.into_iter().chain([worker.clone()]).collect();
        let judgement = judged(&nodes, now);
        let clock = of(&judgement, "node-0");
        let names: Vec<&str> = clock.waits_on.iter().map(String::as_str).collect();
        assert_eq!((clock.pace, names.as_slice()), (pace, on), "{what}");
    }
}

#[test]
fn members_of_etcd_wait_for_most_of_them_and_the_root_is_named_first() {
    let begun = |name: &str| node(name, &["etcd 2 started", "etcd 3 waiting etcd to answer, with most of its 3 members (timed out)"]);
    let absent = |name: &str| node(name, &[]);
    let nodes = [begun("master-0"), absent("master-1"), absent("master-2")];
    let judgement = judged(&nodes, 45);
    assert_eq!(of(&judgement, "master-0").waits_on, ["master-1", "master-2"]);
    assert_eq!(judgement.hung().map(|n| n.name.as_str()).collect::<Vec<_>>(), ["master-1", "master-2"]);
    assert_eq!(
        judgement.sentence(),
        "node master-1 has reported nothing since it was started 45 s ago; \
         node master-2 has reported nothing since it was started 45 s ago; \
         node master-0, step etcd: waiting for etcd to answer, with most of its 3 members since 40 s (usually 1 s), \
         held up by 2 members (master-1, master-2)"
    );
    let judgement = judged(&[begun("master-0"), begun("master-1"), absent("master-2")], 45);
    assert_eq!((of(&judgement, "master-0").pace, of(&judgement, "master-1").pace), (Pace::Hung, Pace::Waits), "two of three are most");
    assert_eq!(of(&judgement, "master-1").waits_on, ["master-0"], "who sets etcd up");
}

#[test]
fn the_forecast_knows_the_deadline() {
    let coming = node("master-0", &["etcd 2 started"]);
    let up = node("master-0", UP);
    for (what, nodes, now, forecast, outlook) in [
        ("no node yet", vec![], 0, Forecast::Expected { in_ms: 11_000 }, "should be ready in about 11 s"),
        ("all there", vec![up.clone()], 9, Forecast::Done, "every node is ready"),
        ("in time", vec![coming.clone()], 2, Forecast::Expected { in_ms: 7_200 }, "should be ready in about 7 s"),
        (
            "too late",
            vec![node("master-0", &["etcd 595 started"])],
            596,
            Forecast::Late { in_ms: 7_000 },
            "will not be done before the deadline 00:10:00Z",
        ),
        ("hung", vec![coming], 60, Forecast::Stuck, "no end in sight; the deadline is 00:10:00Z, in 9 min"),
        (
            "who waits for a hung one is as stuck",
            vec![node("master-0", &["etcd 1 started"]), node("node-0", &["overlay 2 started"])],
            100,
            Forecast::Stuck,
            "no end in sight; the deadline is 00:10:00Z, in 8 min 20 s",
        ),
        (
            "a node added in a resize",
            vec![up, node("node-1", &["kubelet 2 started"])],
            3,
            Forecast::Expected { in_ms: 4_900 },
            "should be ready in about 5 s",
        ),
    ] {
        let judgement = judged(&nodes, now);
        assert_eq!((judgement.forecast, judgement.outlook().as_str()), (forecast, outlook), "{what}");
    }
}

#[test]
fn expectations_are_measured_once_there_are_enough() {
    let sample = |took_ms| Sample { role: Role::Master, step: "etcd".to_owned(), took_ms, rest_ms: 3_000 };
    let few = Usual::measured(Coe::Kubernetes, [90_000, 90_000, 90_000, 90_000].map(sample));
    let expected = few.of(Role::Master, "etcd");
    assert_eq!((expected.usual_ms, expected.measured), (1_200, 0), "four are too few");
    let many = Usual::measured(Coe::Kubernetes, [90_000, 8_000, 9_000, 9_000, 10_000].map(sample));
    let expected = many.of(Role::Master, "etcd");
    assert_eq!((expected.usual_ms, expected.late_ms, expected.rest_ms, expected.measured), (9_000, 90_000, 3_000, 5));
    assert_eq!(many.of(Role::Worker, "etcd").measured, 0, "another role is another matter");
    let slow = [node("master-0", &["etcd 2 started"])];
    let clock = judged_with(&many, &slow, 60);
    assert_eq!(of(&clock, "master-0").pace, Pace::Moving, "it is a slow machine, and the clock knows it");
    assert_eq!(clock.forecast, Forecast::Expected { in_ms: 4_000 });
}

#[test]
fn a_machine_that_is_slow_today_is_given_time() {
    let took = |mut node: NodeHistory, factor: i64| {
        node.reports.iter_mut().filter(|r| r.took_ms.is_some()).for_each(|r| r.took_ms = Some(1_000 * factor));
        node
    };
    let reports = &["runtime 1 done", "images 2 done", "certificates 3 done", "etcd 4 started"];
    for (factor, now, pace) in
        [(1, 20, Pace::Moving), (1, 30, Pace::Hung), (3, 30, Pace::Moving), (3, 70, Pace::Hung), (90, 70, Pace::Hung)]
    {
        let judgement = judged(&[took(node("master-0", reports), factor)], now);
        assert_eq!(of(&judgement, "master-0").pace, pace, "{factor} times as slow, after {now} s");
    }
    let in_ms = |factor| judged(&[took(node("master-0", reports), factor)], 4).forecast;
    assert_eq!(in_ms(1), Forecast::Expected { in_ms: 7_200 });
    assert_eq!(in_ms(3), Forecast::Expected { in_ms: 19_584 }, "the median step takes 272 % of its usual time");
}

#[test]
fn only_nodes_that_came_up_are_measured() {
    let up = node("master-0", UP);
    let all: Vec<(String, i64, i64)> = samples(&up).into_iter().map(|s| (s.step, s.took_ms, s.rest_ms)).collect();
    let wanted = [("boot", 1000, 3000), ("etcd", 1000, 2000), ("kube-apiserver", 1000, 1000), ("ready", 1000, 0)];
    assert_eq!(all, wanted.map(|(step, took, rest)| (step.to_owned(), took, rest)));
    assert!(samples(&node("master-0", &["etcd 1 started", "etcd 2 done"])).is_empty());
}

#[test]
fn the_sentence_stands_still_and_stays_short() {
    let master = node("master-0", &["etcd 2 started", "etcd 3 waiting its disk"]);
    let said = |now| judged(std::slice::from_ref(&master), now).sentence();
    assert_eq!(said(4), "node master-0, step etcd: waiting for its disk");
    assert_eq!(said(12), "node master-0, step etcd: waiting for its disk since 10 s (usually 1 s)");
    assert_eq!(said(12), said(16), "not another one every second");
    assert_eq!(said(62), "node master-0, step etcd: waiting for its disk since 1 min (usually 1 s), hung since 00:00:03Z");
    let many: Vec<NodeHistory> = (0..9).map(|n| node(&format!("node-{n}"), &[])).collect();
    let sentence = judged(&many, 2).sentence();
    assert!(sentence.starts_with("node node-0, has not reported yet; ") && sentence.ends_with("; 5 more nodes"), "{sentence}");
}
