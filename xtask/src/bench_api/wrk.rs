// SPDX-License-Identifier: Apache-2.0
//! Requests a second, with eight connections that wrk keeps busy. It shares the machine with the server.

use anyhow::{Context, Result, ensure};
use std::process::{Command, Stdio};

/// Posts the body in the environment again and again; `%N` in it becomes a number that no other request has.
const POST: &str = r#"
local body, number, threads = os.getenv("BODY"), 0, 0
wrk.method = "POST"
wrk.headers["Content-Type"] = "application/json"
function setup(thread) threads = threads + 1; thread:set("own", threads) end
request = function()
  number = number + 1
  return wrk.format(nil, nil, nil, (body:gsub("%%N", own .. "x" .. number .. "x" .. os.time())))
end
"#;

/// What is asked for.
pub struct Load<'a> {
    pub url: String,
    pub token: Option<&'a str>,
    /// A POST's.
    pub body: Option<&'a str>,
    pub seconds: u64,
}

impl Load<'_> {
    /// Answers a second. An answer that is no success is an error.
    pub fn run(&self) -> Result<f64> {
        let mut command = Command::new("wrk");
        command.args(["-t2", "-c8", &format!("-d{}s", self.seconds), "--timeout", "30s", "--latency"]);
        command.args(["-H", "OpenStack-API-Version: container-infra latest", "-H", "Accept: application/json"]);
        if let Some(token) = self.token {
            command.args(["-H", &format!("X-Auth-Token: {token}")]);
        }
        let script = std::env::temp_dir().join(format!("magnum-bench-{}.lua", std::process::id()));
        if let Some(body) = self.body {
            std::fs::write(&script, POST).context("writing wrk's script")?;
            command.arg("-s").arg(&script).env("BODY", body);
        }
        let output = command.arg(&self.url).stdin(Stdio::null()).output().context("running wrk; apt-get install wrk");
        let _ = std::fs::remove_file(&script);
        let output = output?;
        let text = String::from_utf8_lossy(&output.stdout);
        ensure!(output.status.success(), "wrk {}: {text}{}", self.url, String::from_utf8_lossy(&output.stderr));
        per_second(&text).with_context(|| format!("wrk {}: {text}", self.url))
    }
}

fn per_second(text: &str) -> Result<f64> {
    ensure!(!text.contains("Non-2xx or 3xx responses"), "some answers were refusals");
    let line = text.lines().find_map(|line| line.trim().strip_prefix("Requests/sec:")).context("it says no rate")?;
    line.trim().parse().context("the rate is no number")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_rate_is_read_and_refusals_do_not_count() {
        let good = "Running 1s test\n  12 requests in 1.00s\nRequests/sec:   4711.50\nTransfer/sec:      1.0MB\n";
        assert!((per_second(good).unwrap() - 4711.5).abs() < 0.01);
        assert!(per_second("nothing").is_err());
        assert!(per_second(&format!("  Non-2xx or 3xx responses: 3\n{good}")).is_err());
    }
}
