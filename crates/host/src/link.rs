// SPDX-License-Identifier: Apache-2.0
//! Links, addresses and routes, through one `ip -batch` per namespace. Callers run these inside the namespace they
//! mean ([`crate::Namespace::enter`]).

use crate::{Error, Namespace, Program};
use serde::Deserialize;
use std::fs;
use std::net::Ipv4Addr;

/// A link as `ip` shows it.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
pub struct Link {
    #[serde(rename = "ifname")]
    pub name: String,
    /// The bridge it is a port of.
    #[serde(default)]
    pub master: Option<String>,
    /// Free text that was set on it.
    #[serde(default, rename = "ifalias")]
    pub alias: Option<String>,
    #[serde(default)]
    pub flags: Vec<String>,
    #[serde(default, rename = "addr_info")]
    pub addresses: Vec<Address>,
}

/// An address of a link.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
pub struct Address {
    #[serde(default)]
    pub family: String,
    #[serde(default)]
    pub local: String,
    #[serde(default, rename = "prefixlen")]
    pub prefix_length: u8,
}

impl Link {
    /// Its IPv4 addresses.
    pub fn ipv4(&self) -> impl Iterator<Item = (Ipv4Addr, u8)> {
        self.addresses.iter().filter(|a| a.family == "inet").filter_map(|a| Some((a.local.parse().ok()?, a.prefix_length)))
    }

    /// Whether it is set up.
    pub fn is_up(&self) -> bool {
        self.flags.iter().any(|f| f == "UP")
    }
}

/// A route as `ip` shows it.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
pub struct Route {
    /// A range, an address, or `default`.
    pub dst: String,
    #[serde(default)]
    pub dev: Option<String>,
    /// `unicast` when absent.
    #[serde(default, rename = "type")]
    pub kind: Option<String>,
    #[serde(default)]
    pub metric: Option<u32>,
}

/// Runs the commands (without the leading `ip`) in order; stops at the first that fails.
pub fn batch(commands: &[String]) -> Result<(), Error> {
    if commands.is_empty() {
        return Ok(());
    }
    let ended = Program::new("ip").args(["-batch", "-"]).stdin(commands.join("\n") + "\n").end()?;
    if ended.code == Some(0) {
        return Ok(());
    }
    let (command, reason) = failed_command(commands, &String::from_utf8_lossy(&ended.stderr));
    let status = ended.code.map_or_else(|| "a signal".to_owned(), |code| format!("exit code {code}"));
    Err(Error::Failed { program: format!("\"ip {command}\""), status, last_line: reason })
}

/// Which command of a batch failed, and why: `ip` ends with `Command failed -:<line>`.
fn failed_command<'a>(commands: &'a [String], output: &str) -> (&'a str, String) {
    let line = output.lines().find_map(|l| l.trim().strip_prefix("Command failed -:")?.parse::<usize>().ok());
    let command = line.and_then(|n| commands.get(n.checked_sub(1)?)).map_or("-batch", String::as_str);
    let reason = output.lines().map(str::trim).find(|l| !l.is_empty() && !l.starts_with("Command failed"));
    (command, reason.unwrap_or("no output").to_owned())
}

/// Whether a pair of links is whole: `near` is here, `far` there. Half a pair, which a namespace that is just
/// vanishing can leave for a moment, is removed.
pub fn is_pair(near: &str, there: &Namespace, far: &str) -> Result<bool, Error> {
    let (here, beyond) = (exists(near), there.enter(|| exists(far))?);
    match (here, beyond) {
        (true, true) => return Ok(true),
        (true, false) => delete(near)?,
        (false, true) => there.enter(|| delete(far))??,
        (false, false) => {}
    }
    Ok(false)
}

/// Deletes a link here; one that has just vanished is no error.
pub fn delete(name: &str) -> Result<(), Error> {
    let deleted = batch(&[format!("link delete {name}")]);
    if exists(name) { deleted } else { Ok(()) }
}

/// All links here with their addresses and aliases.
pub fn list() -> Result<Vec<Link>, Error> {
    json(Program::new("ip").args(["-json", "-details", "address", "show"]))
}

/// All IPv4 routes here, of every table.
pub fn routes() -> Result<Vec<Route>, Error> {
    json(Program::new("ip").args(["-json", "-details", "-4", "route", "show", "table", "all"]))
}

/// Whether there is a link of this name here.
pub fn exists(name: &str) -> bool {
    nix::net::if_::if_nametoindex(name).is_ok()
}

/// Sets a network sysctl here, e.g. `ipv4/ip_forward`.
pub fn sysctl(name: &str, value: &str) -> Result<(), Error> {
    let path = std::path::Path::new("/proc/sys/net").join(name);
    fs::write(&path, value).map_err(|e| Error::file("write", &path, e))
}

/// Switches IPv6 off here, where the kernel has it.
pub fn disable_ipv6() -> Result<(), Error> {
    let mut all = ["ipv6/conf/all/disable_ipv6", "ipv6/conf/default/disable_ipv6"].into_iter();
    all.try_for_each(|name| if std::path::Path::new("/proc/sys/net").join(name).exists() { sysctl(name, "1") } else { Ok(()) })
}

fn json<T: serde::de::DeserializeOwned>(program: Program) -> Result<Vec<T>, Error> {
    let output = program.max_output(16 << 20).run()?;
    if output.iter().all(u8::is_ascii_whitespace) {
        return Ok(Vec::new());
    }
    serde_json::from_slice(&output).map_err(|source| Error::Answer { program: "ip".to_owned(), source })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_failed_batch_says_which_command_and_why() {
        let commands = ["link set lo up".to_owned(), "link set x up".to_owned()];
        let (command, reason) = failed_command(&commands, "Cannot find device \"x\"\nCommand failed -:2\n");
        assert_eq!((command, reason.as_str()), ("link set x up", "Cannot find device \"x\""));
        assert_eq!(failed_command(&commands, "").0, "-batch");
    }

    #[test]
    fn ips_json_is_read() {
        let text = r#"[{"ifindex":1,"ifname":"lo","flags":["LOOPBACK","UP"],"addr_info":[{"family":"inet","local":"127.0.0.1","prefixlen":8},{"family":"inet6","local":"::1","prefixlen":128}]},
            {"ifindex":2,"link":"eth0","ifname":"tap0a000005","master":"br0","flags":["BROADCAST"],"ifalias":"x","addr_info":[]}]"#;
        let links: Vec<Link> = serde_json::from_str(text).unwrap();
        assert_eq!(links[0].ipv4().collect::<Vec<_>>(), [(Ipv4Addr::LOCALHOST, 8)]);
        assert!(links[0].is_up() && !links[1].is_up());
        assert_eq!((links[1].master.as_deref(), links[1].alias.as_deref()), (Some("br0"), Some("x")));
    }
}
