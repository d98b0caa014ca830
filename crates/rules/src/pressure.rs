// SPDX-License-Identifier: Apache-2.0
//! What the three kinds of pressure on a node have in common: Kubernetes says so, and the kubelet's threshold decides.

use crate::Act;
use crate::ask::{NodeAsk, need};
use crate::fixture::{Scene, kubernetes};
use crate::report::{Command, Risk};
use crate::verdict::{Finding, Stop};
use magnum_facts::coe::{Condition, KubernetesFacts, Pod};

/// One kind of pressure.
#[derive(Debug, Clone, Copy)]
pub struct Pressure {
    /// `DiskPressure`.
    pub condition: &'static str,
    /// `disk`.
    pub of: &'static str,
    /// The kubelet's names for what it measures: `nodefs.available`.
    pub signals: &'static [&'static str],
}

/// The finding for a node under this pressure.
pub fn pressed(n: &NodeAsk<'_>, pressure: Pressure) -> Result<Finding, Stop> {
    let nodes = need(&n.all.kubernetes.nodes, KubernetesFacts::NODES)?;
    let node = nodes.value.iter().find(|k| k.name == n.name).ok_or(Stop::Quiet)?;
    let condition = node.condition(pressure.condition).filter(|c| c.status == "True").ok_or(Stop::Quiet)?;
    let quote = format!("{}=True {}", pressure.condition, condition.message);
    let finding = Finding::cause(
        n.subject(),
        format!("{} is under {} pressure: it gets no new pods, and pods on it are thrown out.", n.name, pressure.of),
    );
    let finding = finding.because(format!("the kubelet says so: {}", condition.message), [nodes.cite(n.name, quote.trim_end())]);
    Ok(finding
        .because_if(threshold(n, pressure.signals))
        .because_if(evicted(n))
        .run(Command::new(Risk::ReadOnly, format!("kubectl describe node {}", n.name))))
}

/// What the kubelet's configuration has for these signals.
fn threshold(n: &NodeAsk<'_>, signals: &[&str]) -> Option<(String, magnum_facts::Citation)> {
    const PATH: &str = "/etc/kubernetes/kubelet.yaml";
    let configs = n.node.configs.look().ok()??;
    let text = configs.value.text(PATH)?;
    let set: Vec<String> = signals.iter().filter_map(|s| Some(format!("{s} < {}", setting(text, s)?))).collect();
    let text = format!("its thresholds are {}", set.join(", "));
    (!set.is_empty()).then(|| (text, configs.cite(PATH, set.join(", "))))
}

/// The value of a key, in JSON or YAML, when it stands on the key's line.
fn setting<'a>(text: &'a str, key: &str) -> Option<&'a str> {
    let rest = text.split(key).nth(1)?.trim_start_matches('"').trim_start().strip_prefix(':')?;
    let value = rest.split(['\n', ',', '}']).next()?.trim().trim_matches('"');
    (!value.is_empty()).then_some(value)
}

fn evicted(n: &NodeAsk<'_>) -> Option<(String, magnum_facts::Citation)> {
    let pods = n.all.kubernetes.pods.look().ok()??;
    let gone: Vec<&Pod> = pods.value.iter().filter(|p| p.node.as_deref() == Some(n.name) && p.reason == "Evicted").collect();
    let first = gone.first()?;
    Some((format!("{} pods have been thrown out of it", gone.len()), pods.cite(first.path(), "Evicted")))
}

/// A cluster on which Kubernetes says this of node-1.
pub fn pressing(kind: &str, message: &str) -> Scene {
    kubernetes(1, 2).with(|f| {
        let (status, reason) = ("True".to_owned(), "KubeletHasPressure".to_owned());
        let condition = Condition { kind: kind.into(), status, reason, message: message.into(), since: None };
        let nodes = f.kubernetes.nodes.value_mut().into_iter().flatten();
        nodes.filter(|n| n.name == "node-1").for_each(|n| n.conditions.push(condition.clone()));
    })
}

/// Brings a pressure about: what stands in the configuration of node-1's kubelet becomes what no node meets.
macro_rules! press {
    ($is:literal, $becomes:literal) => {
        Act::On {
            node: "node-1",
            argv: &[
                "sh",
                "-c",
                concat!(
                    "cp -p /etc/kubernetes/kubelet.yaml /etc/kubernetes/kubelet.yaml.was && sed -i 's/",
                    $is,
                    "/",
                    $becomes,
                    "/' /etc/kubernetes/kubelet.yaml && systemctl restart kubelet"
                ),
            ],
        }
    };
}
pub(crate) use press;

/// Until Kubernetes no longer says this of node-1, and has taken the taint away.
macro_rules! until_eased {
    ($condition:literal) => {
        Act::KubectlUntil {
            argv: &[
                "get",
                "node",
                "node-1",
                "-o",
                concat!("jsonpath={.status.conditions[?(@.type==\"", $condition, "\")].status} {.spec.taints} end"),
            ],
            contains: "False  end",
            seconds: 60,
        }
    };
}
pub(crate) use until_eased;

/// Undoes `press`.
pub const EASE: Act = Act::On {
    node: "node-1",
    argv: &["sh", "-c", "mv /etc/kubernetes/kubelet.yaml.was /etc/kubernetes/kubelet.yaml && systemctl restart kubelet"],
};

/// Pods that were thrown out stay as records, and the others are spread over the nodes again.
pub const SPREAD_PODS: Act = Act::Kubectl { argv: &["delete", "pods", "--all", "--force", "--grace-period=0"], stdin: "" };

#[cfg(test)]
mod tests {
    use super::setting;

    #[test]
    fn settings_are_found_in_json_and_yaml() {
        assert_eq!(setting("{\"evictionHard\": {\"nodefs.available\": \"1%\", \"x\": 1}}", "nodefs.available"), Some("1%"));
        assert_eq!(setting("evictionHard:\n  nodefs.available: 10%\n", "nodefs.available"), Some("10%"));
        assert_eq!(setting("{}", "nodefs.available"), None);
    }
}
