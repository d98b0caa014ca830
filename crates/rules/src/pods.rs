// SPDX-License-Identifier: Apache-2.0
//! How a rule asks about pods: pods of one owner are one finding, and so are pods that wait for one image.

use crate::ask::need;
use crate::report::{Command, Risk};
use crate::verdict::{Answer, Finding, Stop, Subject, Verdict};
use magnum_facts::coe::{ContainerState, Event, KubernetesFacts, Pod};
use magnum_facts::{Citation, Facts, Look};
use std::collections::BTreeMap;

/// One pod, ready to be asked.
#[derive(Debug, Clone, Copy)]
pub struct PodAsk<'a> {
    pub facts: &'a Facts,
    pub pod: &'a Pod,
    pub pods: Look<'a, Vec<Pod>>,
}

impl<'a> PodAsk<'a> {
    /// The finding's subject.
    pub fn subject(&self) -> Subject {
        Subject::Object { what: "pod".into(), name: self.pod.path(), nodes: self.pod.node.clone().into_iter().collect() }
    }

    /// Points at the pod.
    pub fn cite(&self, quote: impl Into<String>) -> Citation {
        self.pods.cite(self.pod.path(), quote)
    }

    /// Why the scheduler finds no node for it.
    pub fn unschedulable(&self) -> Result<&'a str, Stop> {
        let condition = self.pod.condition("PodScheduled").filter(|c| c.status == "False" && self.pod.node.is_none());
        condition.map(|c| c.message.as_str()).ok_or(Stop::Quiet)
    }

    /// Warnings about it, newest first.
    pub fn warnings(&self) -> Vec<&'a Event> {
        warnings(self.facts, self.pod)
    }

    /// The newest warning in which any of `words` stands.
    pub fn warned(&self, words: &[&str]) -> Option<(String, Citation)> {
        let source = self.facts.kubernetes.events.source()?;
        let event = self.warnings().into_iter().find(|e| words.iter().any(|w| e.message.contains(w)))?;
        Some((event.message.clone(), source.cite(self.pod.path(), format!("{}: {}", event.reason, event.message))))
    }

    /// The command that shows it.
    pub fn describe(&self) -> Command {
        Command::new(Risk::ReadOnly, format!("kubectl -n {} describe pod {}", self.pod.namespace, self.pod.name))
    }
}

/// Asks every pod that is not being deleted. Of the pods of one owner the first with a finding speaks for all.
pub fn each_pod<'a>(facts: &'a Facts, check: impl Fn(PodAsk<'a>) -> Answer) -> Verdict {
    let pods = match need(&facts.kubernetes.pods, KubernetesFacts::PODS) {
        Ok(pods) => pods,
        Err(stop) => return Verdict::cluster(Err(stop)),
    };
    let mut verdict = Verdict::default();
    let mut owners: BTreeMap<String, (Finding, Vec<&Pod>)> = BTreeMap::new();
    for pod in pods.value.iter().filter(|p| p.deleting_since.is_none()) {
        let ask = PodAsk { facts, pod, pods };
        match check(ask) {
            Ok(finding) => {
                let owner = pod.owner.as_ref().map_or(pod.path(), |o| format!("{} {}/{}", o.kind, pod.namespace, o.name));
                owners.entry(owner).or_insert_with(|| (finding, Vec::new())).1.push(pod);
            }
            other => verdict.add(ask.subject(), other),
        }
    }
    for (finding, all) in owners.into_values() {
        verdict.findings.push(finding.covers(touched(facts, &all)));
    }
    verdict
}

/// The pods themselves, and the services that send to them.
fn touched(facts: &Facts, pods: &[&Pod]) -> Vec<Subject> {
    let object = |what: &str, name: String| Subject::Object { what: what.to_owned(), name, nodes: Vec::new() };
    let services = facts.kubernetes.services.value().into_iter().flatten();
    let services = services.filter(|s| pods.iter().any(|p| s.selects(p))).map(|s| object("service", format!("{}/{}", s.namespace, s.name)));
    pods.iter().map(|p| object("pod", p.path())).chain(services).collect()
}

fn warnings<'a>(facts: &'a Facts, pod: &Pod) -> Vec<&'a Event> {
    let own = |e: &&Event| e.about.kind == "Pod" && e.about.namespace == pod.namespace && e.about.name == pod.name && e.kind == "Warning";
    let mut all: Vec<&Event> = facts.kubernetes.events.value().into_iter().flatten().filter(own).collect();
    all.sort_by_key(|e| std::cmp::Reverse(e.last));
    all
}

/// An image that is not pulled, and the pods that wait for it.
#[derive(Debug)]
pub struct Pull<'a> {
    pub facts: &'a Facts,
    pub image: &'a str,
    pub pods: Vec<&'a Pod>,
    look: Look<'a, Vec<Pod>>,
    said: Vec<&'a str>,
}

impl Pull<'_> {
    /// The finding's subject.
    pub fn subject(&self) -> Subject {
        let mut nodes: Vec<_> = self.pods.iter().filter_map(|p| p.node.clone()).collect();
        nodes.sort();
        nodes.dedup();
        Subject::Object { what: "image".into(), name: self.image.to_owned(), nodes }
    }

    /// The registry's host, with its port; Docker Hub when the image names none.
    pub fn registry(&self) -> &str {
        let first = self.image.split_once('/').map(|(host, _)| host);
        first.filter(|h| h.contains(['.', ':']) || *h == "localhost").unwrap_or("registry-1.docker.io")
    }

    /// What the runtime said in which any of `words` stands, whatever their case.
    pub fn says(&self, words: &[&str]) -> Option<(String, Citation)> {
        let has = |text: &&&str| words.iter().any(|w| text.to_lowercase().contains(w));
        let text = self.said.iter().find(has)?;
        let pod = self.pods.first()?;
        Some(((*text).to_owned(), self.look.cite(pod.path(), *text)))
    }

    /// The pods' names, in one line.
    pub fn names(&self) -> String {
        self.pods.iter().map(|p| p.path()).collect::<Vec<_>>().join(", ")
    }
}

/// Asks of every image whose pull fails. One image is one finding, however many pods wait for it.
pub fn each_pull<'a>(facts: &'a Facts, check: impl Fn(&Pull<'a>) -> Answer) -> Verdict {
    let look = match need(&facts.kubernetes.pods, KubernetesFacts::PODS) {
        Ok(look) => look,
        Err(stop) => return Verdict::cluster(Err(stop)),
    };
    let mut images: BTreeMap<&str, Pull<'a>> = BTreeMap::new();
    for pod in look.value.iter().filter(|p| p.deleting_since.is_none()) {
        for container in pod.all_containers() {
            let Some(ContainerState::Waiting { reason, message }) = &container.state else { continue };
            if matches!(reason.as_str(), "ImagePullBackOff" | "ErrImagePull") {
                let new = || Pull { facts, image: &container.image, pods: Vec::new(), look, said: Vec::new() };
                let pull = images.entry(&container.image).or_insert_with(new);
                pull.pods.push(pod);
                pull.said.push(message);
                // While Kubernetes backs off, only the events still have what the registry said.
                let about = warnings(facts, pod).into_iter().map(|e| e.message.as_str());
                pull.said.extend(about.filter(|m| m.contains(container.image.as_str())));
            }
        }
    }
    let mut verdict = Verdict::default();
    for pull in images.values() {
        let answer = check(pull).map(|finding| finding.covers(touched(facts, &pull.pods)));
        verdict.add(pull.subject(), answer);
    }
    verdict
}

/// Levenshtein's distance: how many letters two names differ in.
pub fn distance(a: &str, b: &str) -> usize {
    let b: Vec<char> = b.chars().collect();
    let mut row: Vec<usize> = (0..=b.len()).collect();
    for (i, ca) in a.chars().enumerate() {
        let mut left = i + 1;
        let mut diagonal = i;
        for (j, cb) in b.iter().enumerate() {
            let up = row.get(j + 1).copied().unwrap_or(0);
            let here = (diagonal + usize::from(ca != *cb)).min(up + 1).min(left + 1);
            diagonal = up;
            if let Some(cell) = row.get_mut(j) {
                *cell = left;
            }
            left = here;
        }
        if let Some(last) = row.last_mut() {
            *last = left;
        }
    }
    row.last().copied().unwrap_or(0)
}

/// The name that differs least from `wanted`, when it differs little.
pub fn nearest<'a>(wanted: &str, names: impl Iterator<Item = &'a str>) -> Option<&'a str> {
    let close = names.map(|name| (distance(wanted, name), name)).filter(|(d, _)| (1..=3).contains(d));
    close.min().map(|(_, name)| name)
}

/// An amount as Kubernetes writes it, in thousandths: `500m`, `2`, `3912Mi`.
pub fn amount(text: &str) -> Option<u128> {
    let at = text.find(|c: char| !c.is_ascii_digit() && c != '.').unwrap_or(text.len());
    let (number, suffix) = text.split_at(at);
    let thousandths: u128 = match suffix {
        "m" => 1,
        "" => 1000,
        "k" => 1_000_000,
        "M" => 1_000_000_000,
        "G" => 1_000_000_000_000,
        "T" => 1_000_000_000_000_000,
        "Ki" => 1000 << 10,
        "Mi" => 1000 << 20,
        "Gi" => 1000 << 30,
        "Ti" => 1000 << 40,
        _ => return None,
    };
    let (whole, part) = number.split_once('.').unwrap_or((number, ""));
    let scale = 10u128.checked_pow(u32::try_from(part.len()).ok()?)?;
    let part = if part.is_empty() { 0 } else { part.parse::<u128>().ok()? };
    Some(whole.parse::<u128>().ok()?.checked_mul(thousandths)? + part.checked_mul(thousandths)? / scale)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn amounts_of_every_spelling_compare() {
        assert_eq!(amount("500m"), Some(500));
        assert_eq!(amount("2"), Some(2000));
        assert_eq!(amount("1.5Gi"), amount("1536Mi"));
        assert_eq!(amount("lots"), None);
    }

    #[test]
    fn a_name_with_a_typing_error_is_found() {
        assert_eq!(nearest("shop-setings", ["shop-settings", "kube-root-ca.crt"].into_iter()), Some("shop-settings"));
        assert_eq!(nearest("shop", ["kube-root-ca.crt"].into_iter()), None);
    }
}
