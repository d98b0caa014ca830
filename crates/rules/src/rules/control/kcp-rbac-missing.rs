// SPDX-License-Identifier: Apache-2.0
//! A part of the cluster lacks the rights that it needs.
//!
//! ## What you see
//! A component runs and does nothing; its log repeats `is forbidden: User "…" cannot list resource "…"`.
//!
//! ## Why it happens
//! A ClusterRoleBinding was deleted or changed. The component is known to the API server (that would be "Unauthorized"), but it may not do
//! what it must. Restarting the API server makes its own bindings again, but not those of add-ons.
//!
//! ## What to do
//! Bind the role to the component's user again, as shown here.

use crate::fixture::{Scene, kubernetes};
use crate::journal::fresh_line;
use crate::report::{Command, Risk};
use crate::{Act, CoeKind, Finding, Layer, Rule, Subject, Verdict, blind, fires, need, quiet};
use magnum_facts::coe::KubernetesFacts;
use magnum_facts::node::NodeFacts;
use magnum_facts::{Citation, Facts};

pub static RULE: Rule = Rule {
    id: "kcp-rbac-missing",
    layer: Layer::Control,
    coe: CoeKind::Kubernetes,
    guide: "L358-366, L390",
    symptoms: &["S6", "S7"],
    needs: &[KubernetesFacts::BINDINGS, NodeFacts::UNITS],
    explains: &["kcp-scheduler-down", "kcp-controller-manager-down", "kp-*"],
    check,
    cases: &[
        fires("the proxies lost theirs", || without("system:node-proxier")),
        fires("its user is no longer among the subjects", || {
            kubernetes(1, 2).with(|f| {
                let all = f.kubernetes.bindings.value_mut().into_iter().flatten();
                all.filter(|b| b.name == "system:kube-scheduler").for_each(|b| b.subjects.clear());
            })
        }),
        quiet("it is bound under another name", || {
            kubernetes(1, 2).with(|f| {
                let all = f.kubernetes.bindings.value_mut().into_iter().flatten();
                all.filter(|b| b.name == "system:node-proxier").for_each(|b| b.name = "kube-proxy".into());
            })
        }),
        quiet("a binding that no part of the cluster needs", || without("cluster-admin-of-somebody")),
        blind("the API does not answer", || kubernetes(1, 2).api_dark()),
    ],
    inject: &[Act::Kubectl { argv: &["delete", "clusterrolebinding", "system:node-proxier", "magnum:node-proxier"], stdin: "" }],
    undo: &[Act::Kubectl { argv: &["apply", "-f", "-"], stdin: PROXIER }],
    ..Rule::BASE
};

/// Kubernetes' own binding and Magnum's.
const PROXIER: &str = "apiVersion: rbac.authorization.k8s.io/v1\nkind: ClusterRoleBinding\nmetadata:\n  name: system:node-proxier\n  \
annotations: {rbac.authorization.kubernetes.io/autoupdate: \"true\"}\n  labels: {kubernetes.io/bootstrapping: rbac-defaults}\n\
roleRef: {apiGroup: rbac.authorization.k8s.io, kind: ClusterRole, name: system:node-proxier}\n\
subjects: [{apiGroup: rbac.authorization.k8s.io, kind: User, name: system:kube-proxy}]\n---\n\
apiVersion: rbac.authorization.k8s.io/v1\nkind: ClusterRoleBinding\nmetadata: {name: magnum:node-proxier}\n\
roleRef: {apiGroup: rbac.authorization.k8s.io, kind: ClusterRole, name: system:node-proxier}\nsubjects:\n\
- {apiGroup: rbac.authorization.k8s.io, kind: Group, name: system:node-proxier}\n\
- {apiGroup: rbac.authorization.k8s.io, kind: User, name: system:kube-proxy}\n";

/// Who needs which role, and what does not happen without it.
const NEEDED: &[(&str, &str, &str, &str)] = &[
    ("kube-proxy", "system:node-proxier", "system:kube-proxy", "services are not followed on any node"),
    ("kube-scheduler", "system:kube-scheduler", "system:kube-scheduler", "new pods get no node"),
    ("kube-controller-manager", "system:kube-controller-manager", "system:kube-controller-manager", "nothing that is asked for is made"),
];

fn without(name: &'static str) -> Scene {
    kubernetes(1, 2).with(|f| f.kubernetes.bindings.value_mut().into_iter().for_each(|all| all.retain(|b| b.name != name)))
}

fn check(facts: &Facts) -> Verdict {
    let bindings = match need(&facts.kubernetes.bindings, KubernetesFacts::BINDINGS) {
        Ok(bindings) => bindings,
        Err(stop) => return Verdict::cluster(Err(stop)),
    };
    let mut verdict = Verdict::default();
    for (part, role, user, effect) in NEEDED {
        // The proxies' certificates also carry a group of the role's name.
        let subjects = [format!("User:{user}"), format!("Group:{role}")];
        let own = |b: &magnum_facts::coe::Binding| b.subjects.iter().any(|s| subjects.contains(s));
        if bindings.value.iter().any(|b| own(b) && (b.role == *role || b.role == "cluster-admin")) {
            continue;
        }
        let there = bindings.value.iter().find(|b| b.role == *role);
        let quote = there.map_or("no binding of this role".to_owned(), |b| format!("{}: {}", b.name, b.subjects.join(", ")));
        let name = format!("system:{}", role.trim_start_matches("system:"));
        verdict.findings.push(
            Finding::cause(Subject::Cluster, format!("{part} may not do its work: {user} is not bound to the role {role}; {effect}."))
                .because("no binding gives it the role", [bindings.cite(*role, quote)])
                .because_if(forbidden(facts, part))
                .fix(format!("Bind the role {role} to {user} again."))
                .run(Command::new(Risk::ReadOnly, format!("kubectl auth can-i list services --as={user}")))
                .run(Command::new(
                    Risk::ChangesCluster,
                    format!("kubectl create clusterrolebinding {name} --clusterrole={role} --user={user}"),
                )),
        );
    }
    verdict
}

/// What the component says of it.
fn forbidden(facts: &Facts, part: &str) -> Option<(String, Citation)> {
    facts.nodes.values().find_map(|node| {
        let unit = node.units.look().ok()??.part(|units| units.get(part))?;
        let line = fresh_line(&unit, |line| line.contains("is forbidden"))?;
        Some(("it says that it is forbidden to".to_owned(), unit.cite(format!("{part}.log"), line)))
    })
}
