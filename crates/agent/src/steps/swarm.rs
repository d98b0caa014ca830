// SPDX-License-Identifier: Apache-2.0
//! Makes the swarm on the first manager, and joins it everywhere else, with the token the first one left at Magnum.

use crate::docker;
use crate::error::Error;
use crate::spec::Questions;
use crate::step::{Context, Gate, Step};
use secrecy::{ExposeSecret, SecretString};
use serde_json::{Value, json};
use std::net::Ipv4Addr;
use std::time::Duration;

pub static STEP: Step =
    Step { name: "swarm", applies: |spec| spec.swarm().is_some(), needs: &["docker"], limit: Duration::from_secs(600), run };

/// Docker itself gives up joining after 20 seconds and goes on in the background.
const LIMIT: Duration = Duration::from_secs(60);
const UNIT: &str = "docker.service";
const PORT: u16 = 2377;

fn run(context: &Context) -> Result<(), Error> {
    let first = context.spec.is_first_master();
    if local_state()?.0 == "inactive" {
        // A first manager that was lost and made anew finds the others' swarm, if there are others.
        let made_before = first && context.swarm()?.managers.len() > 1 && context.magnum.get("swarm-manager-token", 0)?.is_some();
        if first && !made_before {
            make(context)?;
        } else {
            join(context)?;
        }
    }
    context.wait("this node's place in the swarm", &[UNIT], || match local_state()? {
        (state, _) if state == "active" => Ok(Gate::Open(())),
        (state, error) if state == "error" || state == "locked" => {
            Err(Error::Answer { peer: "Docker".to_owned(), what: format!("the node's place in the swarm is {state}: {error}") })
        }
        (state, _) => Ok(Gate::Closed(format!("it is {state}"))),
    })?;
    if first { publish_tokens(context) } else { Ok(()) }
}

/// The state, and Docker's word on what is wrong with it.
fn local_state() -> Result<(String, String), Error> {
    let info = docker::get("/info")?;
    let text = |pointer: &str| info.pointer(pointer).and_then(Value::as_str).unwrap_or_default().to_owned();
    let state = text("/Swarm/LocalNodeState");
    Ok((if state.is_empty() { "inactive".to_owned() } else { state }, text("/Swarm/Error")))
}

fn make(context: &Context) -> Result<(), Error> {
    let address = context.spec.node.address;
    // Docker's own choice begins with 10.0.0.0/24, which is where private networks usually are.
    let pool = if context.spec.network_cidr.contains(&Ipv4Addr::new(10, 128, 0, 0))
        || Ipv4Addr::new(10, 128, 0, 0) <= context.spec.network_cidr.network()
    {
        "10.64.0.0/10"
    } else {
        "10.128.0.0/9"
    };
    let body = json!({
        "ListenAddr": format!("{address}:{PORT}"),
        "AdvertiseAddr": address.to_string(),
        "DefaultAddrPool": [pool],
        "SubnetSize": 24,
    });
    docker::post("/swarm/init", &body, LIMIT).map(drop)
}

fn publish_tokens(context: &Context) -> Result<(), Error> {
    let swarm = context.wait("the swarm's tokens", &[UNIT], || docker::get("/swarm").map(Gate::Open))?;
    for (key, field) in [("swarm-worker-token", "Worker"), ("swarm-manager-token", "Manager")] {
        let token = swarm.pointer(&format!("/JoinTokens/{field}")).and_then(Value::as_str);
        let token = SecretString::from(
            token.ok_or_else(|| Error::Answer { peer: "Docker".to_owned(), what: "a swarm without tokens".to_owned() })?,
        );
        let what = format!("{} to take the swarm's tokens", context.magnum.peer());
        context.wait(&what, &[], || context.magnum.put(key, &token).map(Gate::Open))?;
    }
    Ok(())
}

fn join(context: &Context) -> Result<(), Error> {
    let key = if context.spec.is_master() { "swarm-manager-token" } else { "swarm-worker-token" };
    let token = context.wait("the first manager's token", &[UNIT], || {
        Ok(context.magnum.get(key, 20)?.map_or_else(|| Gate::Closed(String::new()), Gate::Open))
    })?;
    let address = context.spec.node.address;
    let managers: Vec<String> =
        context.swarm()?.managers.iter().filter(|m| m.address != address).map(|m| format!("{}:{PORT}", m.address)).collect();
    let body = json!({
        "ListenAddr": format!("{address}:{PORT}"),
        "AdvertiseAddr": address.to_string(),
        "RemoteAddrs": managers,
        "JoinToken": token.expose_secret(),
    });
    context.wait("a manager to let this node join", &[UNIT], || match docker::post("/swarm/join", &body, LIMIT) {
        Ok(_) => Ok(Gate::Open(())),
        // Another attempt of ours got through after all, or is still going on.
        Err(Error::Refused { what, .. }) if what.contains("already part of a swarm") || what.contains("background") => Ok(Gate::Open(())),
        Err(Error::Refused { status: 503, what, .. }) => Ok(Gate::Closed(what)),
        Err(error) => Err(error),
    })
}
