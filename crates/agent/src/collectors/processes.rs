// SPDX-License-Identifier: Apache-2.0
//! The processes of the node's services, with their command lines; containers' own are left out.

use crate::collect::Collector;
use crate::error::Error;
use serde_json::{Value, json};
use std::fs;
use std::time::Duration;

pub static COLLECTOR: Collector = Collector { name: "processes", limit: Duration::from_secs(5), run };

/// Arguments whose value nobody may see.
const SECRET: [&str; 4] = ["password", "token", "secret", "auth-token"];
/// No command line of ours is longer.
const WORDS: usize = 120;

fn run() -> Result<Value, Error> {
    let entries = fs::read_dir("/proc").map_err(|error| Error::Spec(format!("/proc: {error}")))?;
    let pids = entries.filter_map(Result::ok).filter_map(|entry| entry.file_name().to_str()?.parse::<u32>().ok());
    let all: Vec<Value> = pids.filter_map(|pid| Some((pid, unit_of(&read(pid, "cgroup"))?))).filter_map(describe).collect();
    Ok(json!({"processes": all}))
}

fn read(pid: u32, file: &str) -> String {
    fs::read(format!("/proc/{pid}/{file}")).map(|bytes| String::from_utf8_lossy(&bytes).into_owned()).unwrap_or_default()
}

/// The service a process runs for, by its control group in systemd's hierarchy.
fn unit_of(text: &str) -> Option<String> {
    let paths = text.lines().filter(|line| line.contains(":name=systemd:") || line.starts_with("0::"));
    let unit = |path: &str| {
        let (_, inside) = path.split_once("/system.slice/")?;
        Some(inside.split('/').next()?.strip_suffix(".service")?.to_owned())
    };
    // What a service's own children run in other groups, such as pods, is not the service.
    paths.filter(|path| !path.contains("kubepods") && !path.contains("/docker/")).find_map(unit)
}

fn describe((pid, unit): (u32, String)) -> Option<Value> {
    let status = read(pid, "status");
    let line = |key: &str| status.lines().find_map(|l| l.strip_prefix(key)?.strip_prefix(':')).map(str::trim);
    let state = line("State")?.chars().next()?.to_string();
    let limit = read(pid, "limits").lines().find_map(|l| l.strip_prefix("Max open files")?.split_whitespace().next()?.parse::<u64>().ok());
    Some(json!({
        "pid": pid,
        "name": line("Name")?,
        "state": state,
        "unit": unit,
        "argv": argv(&read(pid, "cmdline")),
        "rss_kib": line("VmRSS").and_then(|text| text.split_whitespace().next()?.parse::<u64>().ok()).unwrap_or(0),
        "open_files": fs::read_dir(format!("/proc/{pid}/fd")).ok().map(Iterator::count),
        "open_files_limit": limit,
    }))
}

fn argv(text: &str) -> Vec<String> {
    let words = text.split('\0').filter(|word| !word.is_empty()).take(WORDS);
    let hidden = |word: &str| match word.split_once('=') {
        Some((flag, _)) if SECRET.iter().any(|s| flag.to_ascii_lowercase().ends_with(s)) => format!("{flag}=***"),
        _ => word.to_owned(),
    };
    words.map(hidden).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_service_is_told_from_what_it_runs() {
        let one = "9:name=systemd:/lxc.payload.n/system.slice/etcd.service\n0::/lxc.payload.n\n";
        assert_eq!(unit_of(one), Some("etcd".to_owned()));
        assert_eq!(unit_of("1:name=systemd:/kubepods/besteffort/pod1/x\n"), None);
        assert_eq!(unit_of("0::/system.slice/docker.service\n"), Some("docker".to_owned()));
        assert_eq!(unit_of("0::/init.scope\n"), None);
    }

    #[test]
    fn no_password_is_shown() {
        assert_eq!(argv("etcdctl\0--password=x\0--user=root\0"), ["etcdctl", "--password=***", "--user=root"]);
    }
}
