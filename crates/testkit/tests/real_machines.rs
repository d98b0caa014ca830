// SPDX-License-Identifier: Apache-2.0
//! Other people's machines: bridges of others, a second server, no root, missing programs.

use anyhow::{Context, Result, ensure};
use magnum_testkit::{Server, dist_dir, leftovers};
use std::process::Command;

/// A link of the host that goes away with the test.
struct Bridge(&'static str);

impl Bridge {
    fn new(name: &'static str, address: &str) -> Result<Self> {
        ip(&["link", "add", name, "type", "bridge"])?;
        let bridge = Self(name);
        ip(&["address", "add", address, "dev", name])?;
        ip(&["link", "set", name, "up"])?;
        Ok(bridge)
    }
}

impl Drop for Bridge {
    fn drop(&mut self) {
        let _ = ip(&["link", "delete", self.0]);
    }
}

fn ip(args: &[&str]) -> Result<()> {
    let output = Command::new("ip").args(args).output().context("running ip")?;
    ensure!(output.status.success(), "ip {args:?}: {}", String::from_utf8_lossy(&output.stderr));
    Ok(())
}

#[test]
fn two_servers_and_the_bridges_of_others_live_side_by_side() -> Result<()> {
    let before = leftovers()?;
    // What Docker and LXC leave on a host; the first has the very addresses that nodes have.
    let bridges = [Bridge::new("docker0", "10.0.0.1/24")?, Bridge::new("lxcbr0", "10.0.3.1/24")?];
    let (first, second) = (Server::start(&dist_dir()?)?, Server::start(&dist_dir()?)?);
    for server in [&first, &second] {
        server.ok(["cluster-template", "create", "swarm", "--coe", "swarm"])?;
        server.ok(["cluster", "create", "x", "--cluster-template", "swarm", "--node-count", "1", "--watch"])?;
    }
    let address = |server: &Server| -> Result<String> {
        Ok(server.json(["cluster", "show", "x"])?["api_address"].as_str().unwrap_or_default().to_owned())
    };
    ensure!(address(&first)? != address(&second)?, "each has its own address on this machine");
    first.ok(["cluster", "delete", "x", "--watch"])?;
    let (code, nodes) = second.exec("x", "master-0", &["docker", "node", "ls"])?;
    ensure!(code == Some(0) && nodes.matches("Ready").count() == 2, "the other's cluster goes on: {nodes}");
    drop((first, second));
    for bridge in &bridges {
        ip(&["link", "show", bridge.0])?;
    }
    drop(bridges);
    let left: Vec<String> = leftovers()?.difference(&before).cloned().collect();
    ensure!(left.is_empty(), "left behind: {left:?}");
    Ok(())
}

#[test]
fn what_a_machine_lacks_is_said_with_the_remedy() -> Result<()> {
    let server = Server::start(&dist_dir()?)?;
    let state = server.state().to_string_lossy().into_owned();
    let elsewhere = format!("{state}-other");
    let magnum = dist_dir()?.join("magnum").to_string_lossy().into_owned();
    let serve = [magnum.as_str(), "serve", "--listen", "127.0.0.1:0", "--state-dir"];
    let hidden = "mount --bind /dev/null /usr/sbin/haproxy && exec \"$@\"";
    let bare = ["unshare", "--mount", "sh", "-c", hidden, "sh"];
    let nobody = ["setpriv", "--reuid=65534", "--regid=65534", "--clear-groups"];
    for (what, prefix, state, words) in [
        ("the state directory of another server", &[][..], state.as_str(), &["another magnum serve", "--state-dir"][..]),
        ("a missing program", &bare[..], elsewhere.as_str(), &["haproxy is not installed", "apt-get install"]),
        ("no root", &nobody[..], elsewhere.as_str(), &["root"]),
    ] {
        let argv: Vec<&str> = prefix.iter().copied().chain(serve).chain([state]).collect();
        let (program, args) = argv.split_first().context("a program")?;
        let output = Command::new("timeout").arg("10").arg(program).args(args).output().context("running serve")?;
        let text = String::from_utf8_lossy(&output.stderr).into_owned();
        ensure!(output.status.code().is_some_and(|code| code != 0 && code != 124), "{what}: {:?} {text}", output.status);
        ensure!(words.iter().all(|word| text.contains(word)), "{what}: {text}");
    }
    let far = Command::new(&magnum).args(["serve", "--listen", "0.0.0.0:9511", "--state-dir", &elsewhere]).output()?;
    ensure!(String::from_utf8_lossy(&far.stderr).contains("loopback"), "listening to the world is refused: {far:?}");
    let _ = std::fs::remove_dir_all(&elsewhere);
    Ok(())
}
