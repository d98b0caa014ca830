// SPDX-License-Identifier: Apache-2.0
//! What several `ping -q` at once print.

use std::net::Ipv4Addr;

/// One `ping`'s summary.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Echo {
    pub(crate) address: Ipv4Addr,
    pub(crate) sent: u32,
    pub(crate) received: u32,
    pub(crate) rtt_us: Option<u32>,
}

/// Reads all summaries, in whatever order they were printed.
pub(crate) fn summaries(text: &str) -> Vec<Echo> {
    let mut all: Vec<Echo> = Vec::new();
    let mut address: Option<Ipv4Addr> = None;
    for line in text.lines() {
        if let Some(rest) = line.strip_prefix("--- ") {
            address = rest.split_whitespace().next().and_then(|a| a.parse().ok());
        } else if line.contains("packets transmitted") {
            let number = |word: &str| line.split(", ").find(|p| p.contains(word)).and_then(|p| p.split_whitespace().next()?.parse().ok());
            if let (Some(address), Some(sent), Some(received)) = (address, number("transmitted"), number("received")) {
                all.push(Echo { address, sent, received, rtt_us: None });
            }
        } else if let Some(values) = line.strip_prefix("rtt ").and_then(|l| l.split(" = ").nth(1))
            && let Some(echo) = all.last_mut()
        {
            let average: Option<f64> = values.split('/').nth(1).and_then(|v| v.parse().ok());
            echo.rtt_us = average.map(|ms| (ms * 1000.0) as u32);
        }
    }
    all
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn answered_and_lost_pings_are_told_apart() {
        let text = "PING 10.0.0.11 (10.0.0.11) 56(84) bytes of data.\n\n--- 10.0.0.11 ping statistics ---\n\
                    3 packets transmitted, 3 received, 0% packet loss, time 41ms\nrtt min/avg/max/mdev = 0.041/0.062/0.090/0.010 ms\n\
                    --- 10.0.0.12 ping statistics ---\n3 packets transmitted, 0 received, +3 errors, 100% packet loss, time 43ms\n";
        let all = summaries(text);
        assert_eq!(all[0], Echo { address: "10.0.0.11".parse().unwrap(), sent: 3, received: 3, rtt_us: Some(62) });
        assert_eq!((all[1].sent, all[1].received, all[1].rtt_us), (3, 0, None));
    }
}
