// SPDX-License-Identifier: Apache-2.0
//! The command line's words before they are parsed: spellings that other clients take too, and commands that are gone.

use clap::error::ErrorKind;
use std::ffi::OsString;

/// Commands of 2015 whose API went with Magnum's third release; a name begins so.
const GONE: &[&str] = &["container-", "pod-", "rc-", "coe-service-"];

/// `help cluster list` is `cluster list --help`, and `--os_cloud` is `--os-cloud`; what follows `--` is left alone.
pub(crate) fn tidy(args: impl IntoIterator<Item = OsString>) -> Vec<OsString> {
    let mut ours = true;
    let mut all: Vec<OsString> = args
        .into_iter()
        .map(|arg| {
            ours &= arg != "--";
            arg.to_str().filter(|_| ours).and_then(dashed).unwrap_or(arg)
        })
        .collect();
    if all.get(1).is_some_and(|word| word == "help") {
        all.remove(1);
        all.push("--help".into());
    }
    all
}

fn dashed(arg: &str) -> Option<OsString> {
    let name = arg.strip_prefix("--")?;
    let (name, value) = name.split_once('=').map_or((name, None), |(name, value)| (name, Some(value)));
    let name = name.contains('_').then(|| name.replace('_', "-"))?;
    Some(value.map_or_else(|| format!("--{name}"), |value| format!("--{name}={value}")).into())
}

/// What to do instead of a command that is gone.
pub(crate) fn gone(error: &clap::Error, args: &[OsString]) -> Option<String> {
    if error.kind() != ErrorKind::InvalidSubcommand {
        return None;
    }
    let words = args.iter().skip(1).filter_map(|arg| arg.to_str());
    let word = words.filter(|word| !word.starts_with('-')).find(|word| GONE.iter().any(|start| word.starts_with(start)))?;
    let hint = "kubectl and docker do it: eval $(magnum cluster config CLUSTER)";
    Some(format!(
        "error: {word} is gone: Magnum's API has had no containers, pods, services and replication controllers since 2016\nhint: {hint}\n"
    ))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn other_spellings_are_understood() {
        for (given, wanted) in [
            (&["magnum", "help"][..], &["magnum", "--help"][..]),
            (&["magnum", "help", "cluster-list"], &["magnum", "cluster-list", "--help"]),
            (&["magnum", "cluster", "help"], &["magnum", "cluster", "help"]),
            (&["magnum", "--os_cloud", "a_b", "--bypass_url=http://a_b"], &["magnum", "--os-cloud", "a_b", "--bypass-url=http://a_b"]),
            (&["magnum", "node", "exec", "c", "n", "--", "x", "--a_b"], &["magnum", "node", "exec", "c", "n", "--", "x", "--a_b"]),
        ] {
            assert_eq!(tidy(given.iter().map(OsString::from)), wanted);
        }
    }
}
