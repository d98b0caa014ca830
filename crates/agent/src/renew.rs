// SPDX-License-Identifier: Apache-2.0
//! A node spec that is replaced while the node runs: the agent begins again with the new one.
//!
//! All steps are run again. What they find as it should be they leave alone, and a service is restarted only when its
//! unit or a file that it reads once has changed. Beginning again is the whole program replaced by itself: nothing of
//! the old spec, its token above all, can be left behind in a thread.

use crate::report::{Reporter, complain};
use crate::spec;
use std::os::unix::fs::MetadataExt;
use std::os::unix::process::CommandExt;
use std::process::Command;
use std::sync::Arc;
use std::thread;
use std::time::Duration;

/// How often the file is looked at.
const INTERVAL: Duration = Duration::from_millis(300);
/// How long what was already said may take to be delivered.
const LAST_WORDS: Duration = Duration::from_secs(2);

/// Watches the file for another revision than this one, in a thread of its own.
pub fn watch(revision: String, reporter: Arc<Reporter>) {
    let work = move || {
        // Not what it is now: it may have been replaced since it was read.
        let mut seen = None;
        loop {
            thread::sleep(INTERVAL);
            let now = stamp();
            if now == seen {
                continue;
            }
            // A file that is just being written is looked at again.
            let Some(found) = revision_of_file() else { continue };
            if found != revision {
                reporter.flush(LAST_WORDS);
                let program = std::env::args_os().next().unwrap_or_else(|| "/usr/local/bin/magnum-agent".into());
                // Comes back only when it has failed; then this agent goes on, and tries again.
                let error = Command::new(program).args(std::env::args_os().skip(1)).exec();
                complain(&format!("magnum-agent: cannot begin again with a new node spec: {error}"));
                continue;
            }
            seen = now;
        }
    };
    if let Err(error) = thread::Builder::new().name("node-spec".to_owned()).stack_size(128 << 10).spawn(work) {
        complain(&format!("magnum-agent: the node spec is not watched: {error}"));
    }
}

/// What changes whenever the file is replaced.
fn stamp() -> Option<(u64, i64, i64)> {
    std::fs::metadata(spec::PATH).ok().map(|file| (file.ino(), file.mtime(), file.mtime_nsec()))
}

/// The revision that the file has now; none while it cannot be read as a whole.
fn revision_of_file() -> Option<String> {
    let text = std::fs::read_to_string(spec::PATH).ok()?;
    let value: serde_json::Value = serde_json::from_str(&text).ok()?;
    Some(value.get("revision").and_then(serde_json::Value::as_str).unwrap_or_default().to_owned())
}
