// SPDX-License-Identifier: Apache-2.0
//! What a rule answers: findings, what it could not see, or nothing.

use crate::report::{Command, Confidence};
use magnum_facts::{Citation, Topic, Why};
use serde::{Deserialize, Serialize};
use std::fmt;

/// What a finding is about.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(tag = "kind", rename_all = "lowercase")]
pub enum Subject {
    Cluster,
    Node {
        name: String,
    },
    /// Something the COE manages; `nodes` are those it depends on.
    Object {
        what: String,
        name: String,
        #[serde(default, skip_serializing_if = "Vec::is_empty")]
        nodes: Vec<String>,
    },
}

impl Subject {
    /// A node.
    pub fn node(name: impl Into<String>) -> Self {
        Subject::Node { name: name.into() }
    }

    /// The node's name, when it is one.
    pub fn node_name(&self) -> Option<&str> {
        match self {
            Subject::Node { name } => Some(name),
            _ => None,
        }
    }

    /// Whether something wrong with `self` can be behind something wrong with `other`. A node's trouble is not the
    /// cluster's, unless the finding says that it spreads.
    pub fn touches(&self, other: &Subject) -> bool {
        match (self, other) {
            (Subject::Cluster, _) => true,
            (Subject::Node { name: a }, Subject::Node { name: b }) => a == b,
            (Subject::Node { name }, Subject::Object { nodes, .. }) => nodes.contains(name),
            (Subject::Object { nodes, .. }, Subject::Node { name }) => nodes.contains(name),
            (Subject::Object { what: a, name: b, .. }, Subject::Object { what: c, name: d, .. }) => a == c && b == d,
            (_, Subject::Cluster) => false,
        }
    }
}

impl fmt::Display for Subject {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Subject::Cluster => f.write_str("the cluster"),
            Subject::Node { name } => f.write_str(name),
            Subject::Object { what, name, .. } => write!(f, "{what} {name}"),
        }
    }
}

/// How sure a finding is of itself.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Kind {
    /// Shown by evidence.
    Cause,
    /// The evidence fits, but something that would prove it was not there.
    Suspect,
    /// Works, but will fail or is risky.
    Warning,
}

/// One sentence with what it rests on.
#[derive(Debug, Clone, PartialEq)]
pub struct Claim {
    pub text: String,
    pub evidence: Vec<Citation>,
}

/// What can be done.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Remedy {
    pub text: String,
    pub commands: Vec<Command>,
}

/// Facts that a fault makes invisible, so that not seeing them is no open question.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Hidden {
    /// None = for the whole cluster.
    pub node: Option<String>,
    /// Topics that begin with this.
    pub topics: &'static str,
}

/// One accusation.
#[derive(Debug, Clone, PartialEq)]
pub struct Finding {
    pub kind: Kind,
    pub confidence: Confidence,
    pub subject: Subject,
    /// One sentence for a person.
    pub summary: String,
    pub claims: Vec<Claim>,
    /// Look-alikes this finding excludes itself: id, why, evidence.
    pub ruled_out: Vec<(&'static str, String, Vec<Citation>)>,
    pub remedy: Remedy,
    pub hides: Vec<Hidden>,
    /// It makes trouble beyond its subject, for the whole cluster.
    pub spreads: bool,
    /// Whatever it stops, the COE's API answers all the same.
    pub spares_api: bool,
    /// It has a reason of its own and is nobody's consequence.
    pub independent: bool,
    /// Faults that stand above this finding when they fire on the same subject, whatever the rules say in general.
    pub follows: Vec<&'static str>,
    /// More that it is about: the other pods of the same owner, the services that send to them.
    pub covers: Vec<Subject>,
}

impl Finding {
    fn new(kind: Kind, confidence: Confidence, subject: Subject, summary: String) -> Self {
        let (claims, ruled_out, hides) = (Vec::new(), Vec::new(), Vec::new());
        let (remedy, follows, covers) = (Remedy::default(), Vec::new(), Vec::new());
        Self {
            kind,
            confidence,
            subject,
            summary,
            claims,
            ruled_out,
            remedy,
            hides,
            spreads: false,
            spares_api: false,
            independent: false,
            follows,
            covers,
        }
    }

    /// A state was seen that cannot go together with health.
    pub fn cause(subject: Subject, summary: impl Into<String>) -> Self {
        Self::new(Kind::Cause, Confidence::Observed, subject, summary.into())
    }

    /// The evidence fits but does not prove it.
    pub fn suspect(subject: Subject, summary: impl Into<String>) -> Self {
        Self::new(Kind::Suspect, Confidence::Suspected, subject, summary.into())
    }

    /// It works, but not for long or not safely.
    pub fn warning(subject: Subject, summary: impl Into<String>) -> Self {
        Self::new(Kind::Warning, Confidence::Observed, subject, summary.into())
    }

    /// How the finding is known, when better or worse than usual.
    #[must_use]
    pub fn confidence(mut self, confidence: Confidence) -> Self {
        self.confidence = confidence;
        self
    }

    /// Adds a sentence with its evidence.
    #[must_use]
    pub fn because(mut self, text: impl Into<String>, evidence: impl IntoIterator<Item = Citation>) -> Self {
        self.claims.push(Claim { text: text.into(), evidence: evidence.into_iter().collect() });
        self
    }

    /// Adds a sentence with its evidence, when there is one.
    #[must_use]
    pub fn because_if(self, claim: Option<(String, Citation)>) -> Self {
        match claim {
            Some((text, citation)) => self.because(text, [citation]),
            None => self,
        }
    }

    /// Says that a look-alike is excluded, and by what.
    #[must_use]
    pub fn rules_out(mut self, id: &'static str, because: impl Into<String>, evidence: impl IntoIterator<Item = Citation>) -> Self {
        self.ruled_out.push((id, because.into(), evidence.into_iter().collect()));
        self
    }

    /// What to do, in words.
    #[must_use]
    pub fn fix(mut self, text: impl Into<String>) -> Self {
        self.remedy.text = text.into();
        self
    }

    /// A command that does it.
    #[must_use]
    pub fn run(mut self, command: Command) -> Self {
        self.remedy.commands.push(command);
        self
    }

    /// What cannot be seen because of this fault.
    #[must_use]
    pub fn hides(mut self, node: Option<&str>, topics: &'static str) -> Self {
        self.hides.push(Hidden { node: node.map(str::to_owned), topics });
        self
    }

    /// What cannot be seen because of this fault, when `really`.
    #[must_use]
    pub fn hides_if(self, really: bool, node: Option<&str>, topics: &'static str) -> Self {
        if really { self.hides(node, topics) } else { self }
    }

    /// It makes trouble for the whole cluster when `really`.
    #[must_use]
    pub fn spreads_if(mut self, really: bool) -> Self {
        self.spreads = really;
        self
    }

    /// The COE's API answers all the same.
    #[must_use]
    pub fn spares_api(mut self) -> Self {
        self.spares_api = true;
        self
    }

    /// It has a reason of its own when `really`.
    #[must_use]
    pub fn independent_if(mut self, really: bool) -> Self {
        self.independent = really;
        self
    }

    /// Names a fault that stands above this finding when it fires on the same subject.
    #[must_use]
    pub fn follows(mut self, id: Option<&'static str>) -> Self {
        self.follows.extend(id);
        self
    }

    /// What else it is about.
    #[must_use]
    pub fn covers(mut self, subjects: impl IntoIterator<Item = Subject>) -> Self {
        self.covers.extend(subjects);
        self
    }

    /// Whether this can be behind something wrong with `subject`.
    pub fn reaches(&self, subject: &Subject) -> bool {
        self.spreads || self.subject.touches(subject) || self.covers.iter().any(|s| s.touches(subject))
    }
}

/// Something a rule needed and nobody had looked at.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Blind {
    pub subject: Subject,
    pub topic: Topic,
    pub why: Why,
}

/// Why a check of one subject ends without a finding.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Stop {
    /// Looked, and nothing to say.
    Quiet,
    /// Could not look.
    Blind { topic: Topic, why: Why },
}

/// The check of one subject.
pub type Answer = Result<Finding, Stop>;

/// What a rule answers: nothing at all is "quiet".
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Verdict {
    pub findings: Vec<Finding>,
    pub blind: Vec<Blind>,
}

impl Verdict {
    /// The verdict about one subject.
    pub fn of(subject: Subject, answer: Answer) -> Self {
        let mut verdict = Verdict::default();
        verdict.add(subject, answer);
        verdict
    }

    /// The verdict about the whole cluster.
    pub fn cluster(answer: Answer) -> Self {
        Self::of(Subject::Cluster, answer)
    }

    /// Adds the check of one subject.
    pub fn add(&mut self, subject: Subject, answer: Answer) {
        match answer {
            Ok(finding) => self.findings.push(finding),
            Err(Stop::Quiet) => {}
            Err(Stop::Blind { topic, why }) => self.blind.push(Blind { subject, topic, why }),
        }
    }

    /// Looked everywhere, found nothing.
    pub fn is_quiet(&self) -> bool {
        self.findings.is_empty() && self.blind.is_empty()
    }
}
