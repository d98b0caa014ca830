// SPDX-License-Identifier: Apache-2.0
use super::*;
use crate::spec::tests::kubernetes_worker;

const fn step(name: &'static str, needs: &'static [&'static str]) -> Step {
    Step { name, applies: |_| true, needs, limit: Duration::from_secs(1), run: |_| Ok(()) }
}

static A: Step = step("a", &[]);
static B: Step = step("b", &["a"]);
static C: Step = step("c", &["d"]);
static D: Step = step("d", &["c"]);
static E: Step = step("e", &["nobody"]);
static F: Step = Step { applies: |_| false, ..step("f", &[]) };
static G: Step = step("g", &["f", "a"]);

#[test]
fn a_list_of_steps_is_checked_before_anything_runs() {
    let spec = kubernetes_worker();
    assert_eq!(choose(&[&A, &B], &spec).unwrap()["b"], ["a"]);
    assert!(choose(&[&C, &D], &spec).unwrap_err().contains("circle"));
    assert!(choose(&[&E], &spec).unwrap_err().contains("nobody"));
    assert_eq!(choose(&[&A, &F, &G], &spec).unwrap()["g"], ["a"], "steps a node does not have are not waited for");
}
