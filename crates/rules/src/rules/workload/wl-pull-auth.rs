// SPDX-License-Identifier: Apache-2.0
//! A registry refuses a pod's image without a login.
//!
//! ## What you see
//! The pod stays in `ImagePullBackOff` with "unauthorized", "pull access denied" or "403 Forbidden".
//!
//! ## Why it happens
//! The image is private, and the pod names no secret to pull it with, names one that does not exist in its namespace, or the secret is
//! for another registry. Docker Hub answers "denied" also for an image that does not exist.
//!
//! ## What to do
//! Make a secret of type `docker-registry` for exactly this registry in the pod's namespace and name it in `imagePullSecrets`.

use crate::fixture::kubernetes;
use crate::report::{Command, Risk};
use crate::stub_registry::{END_REGISTRY, pull_on_node, stub_registry};
use crate::{Act, CoeKind, Finding, Layer, Pull, Rule, Stop, Verdict, blind, each_pull, fires, quiet};
use magnum_facts::coe::KubernetesFacts;
use magnum_facts::{Citation, Facts};

pub static RULE: Rule = Rule {
    id: "wl-pull-auth",
    layer: Layer::Workload,
    coe: CoeKind::Kubernetes,
    guide: "L43-46",
    symptoms: &["S6", "S19"],
    needs: &[KubernetesFacts::PODS, KubernetesFacts::EVENTS, KubernetesFacts::SECRETS],
    explains: &["kp-no-endpoints"],
    check,
    cases: &[
        fires("401", || kubernetes(1, 2).waiting("web-0", "ErrImagePull", UNAUTHORIZED)),
        fires("only the event still says so", || {
            let scene = kubernetes(1, 2).waiting("web-0", "ImagePullBackOff", "Back-off pulling image \"busybox:1\"");
            scene.warned(
                "web-0",
                "Failed",
                "Failed to pull image \"busybox:1\": pull access denied, repository does not exist or may require authorization",
            )
        }),
        quiet("the image does not exist", || kubernetes(1, 2).waiting("web-0", "ErrImagePull", "docker.io/library/busybox:1: not found")),
        quiet("too many pulls", || kubernetes(1, 2).waiting("web-0", "ErrImagePull", "unexpected status code: 429 Too Many Requests")),
        blind("the API does not answer", || kubernetes(1, 2).api_dark()),
    ],
    inject: &[stub_registry!("401 Unauthorized", after a line), pull_on_node!("private", "127.0.0.1:5000/team/private:1")],
    undo: &[Act::Kubectl { argv: &["delete", "pod", "private", "--force", "--grace-period=0"], stdin: "" }, END_REGISTRY],
    ..Rule::BASE
};

const UNAUTHORIZED: &str = "rpc error: code = Unknown desc = failed to resolve reference: pulling from host registry.example.com failed \
with status code [manifests 1]: 401 Unauthorized";

fn check(facts: &Facts) -> Verdict {
    each_pull(facts, |pull| {
        let denied = ["401", "403 forbidden", "unauthorized", "access denied", "authorization failed", "no basic auth"];
        let (text, said) = pull.says(&denied).ok_or(Stop::Quiet)?;
        let (registry, pod) = (pull.registry(), pull.pods.first().ok_or(Stop::Quiet)?);
        let (how, secrets) = secrets(facts, pull);
        let finding = Finding::cause(
            pull.subject(),
            format!("The registry {registry} wants a login for {}; {how}; waiting for it: {}.", pull.image, pull.names()),
        );
        let finding = finding.because(format!("the registry refuses: {text}"), [said]);
        let finding = secrets.into_iter().fold(finding, |f, c| f.because(how.clone(), [c]));
        Ok(finding
            .independent_if(true)
            .fix("Make a pull secret for this registry in the pod's namespace and name it in imagePullSecrets; check the image's name too.")
            .run(Command::new(
                Risk::ChangesCluster,
                format!("kubectl -n {} create secret docker-registry pull --docker-server={registry} --docker-username=NAME --docker-password=PASSWORD", pod.namespace),
            )))
    })
}

/// Whether the pod has anything to log in with.
fn secrets(facts: &Facts, pull: &Pull<'_>) -> (String, Option<Citation>) {
    let Some(pod) = pull.pods.first() else { return (String::new(), None) };
    let source = facts.kubernetes.pods.source();
    let cite = |quote: String| source.map(|s| s.cite(format!("{} imagePullSecrets", pod.path()), quote));
    if pod.pull_secrets.is_empty() {
        return ("the pod names no secret to pull with".to_owned(), cite("none".to_owned()));
    }
    let there =
        |name: &str| facts.kubernetes.secrets.value().is_none_or(|all| all.iter().any(|s| s.namespace == pod.namespace && s.name == name));
    match pod.pull_secrets.iter().find(|name| !there(name)) {
        Some(name) => (format!("its secret {name} does not exist in {}", pod.namespace), cite(name.clone())),
        None => (format!("its secrets ({}) are not accepted there", pod.pull_secrets.join(", ")), cite(pod.pull_secrets.join(", "))),
    }
}
