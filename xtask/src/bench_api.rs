// SPDX-License-Identifier: Apache-2.0
//! The API beside Python Magnum 15.0.1: both on the same MariaDB and Keystone of this machine, asked by wrk, one after the other.

mod ask;
mod filled;
mod measure;
mod report;
mod wrk;

use crate::{bench_pages, compile, scoreboard, setup, sh};
use anyhow::{Result, ensure};
use ask::Asker;
use filled::Filled;
use magnum_testkit::{DatabaseKind, DatabaseServer, Installation, Persona, PythonMagnum, Rabbit, leftovers};
use measure::{Both, Idle};
use report::{Need, Row};
use std::process::Command;

/// Measures all rows and puts the table into docs/scoreboard.md; fails when a required number is missed.
pub fn run(with_python: bool) -> Result<()> {
    setup::run()?;
    setup::bench()?;
    let dist = compile::dist()?;
    setup::image(&dist)?;
    let idle = Idle::build()?;
    let before = leftovers()?;
    let mut rows = measured(&idle, with_python)?;
    for page in bench_pages::rows(false)? {
        let ours = format!("{:.0} ms", page.measured);
        rows.push(Row {
            what: page.what.to_owned(),
            python: "–".to_owned(),
            ours,
            need: Need::met(page.measured <= page.required, "≤ 60 ms"),
            load: page.load,
        });
    }
    let after = leftovers()?;
    let left: Vec<&String> = after.difference(&before).collect();
    ensure!(left.is_empty(), "left behind: {left:?}");
    let table = report::table(&rows);
    report::print(&table);
    scoreboard::api(&report::section(&table)?)?;
    ensure!(rows.iter().all(|row| row.need.is_met()), "a required number was missed");
    Ok(())
}

/// The rows that one installation of each answers.
fn measured(idle: &Idle, with_python: bool) -> Result<Vec<Row>> {
    sh::say("MariaDB, Keystone, Glance, Nova, Neutron, our server");
    let maria = DatabaseServer::start(DatabaseKind::MariaDb)?;
    let ours = maria.create("ours")?;
    let theirs = maria.create("theirs")?;
    let world = Installation::beside_services(&format!("[database]\nconnection = {ours}\n"))?;
    world.add_image("fedora-coreos", "fedora-coreos")?;
    let broker = if with_python { Some(Rabbit::start()?) } else { None };
    let mut python = match &broker {
        Some(broker) => Some(PythonMagnum::new(&world.keystone, &world.populated, &theirs, broker)?),
        None => None,
    };
    let started = python.as_mut().map(PythonMagnum::up).transpose()?;
    let user = world.user_id(Persona::Member)?;
    let databases: &[&str] = if with_python { &["ours", "theirs"] } else { &["ours"] };
    let filled = Filled::begin(&maria, databases, world.populated.demo(), &user)?;
    let asker = Asker::new(world.token(Persona::Member)?);
    let mut both = Both { world, python, asker, filled, rows: Vec::new() };
    both.requests(idle)?;
    both.lists()?;
    both.writes()?;
    both.restarts(started)?;
    Ok(both.rows)
}

fn cargo() -> Command {
    let mut command = Command::new(std::env::var_os("CARGO").unwrap_or_else(|| "cargo".into()));
    command.current_dir(sh::root());
    command
}

/// The middle one.
fn median(values: Vec<f64>) -> Result<f64> {
    ensure!(!values.is_empty(), "nothing was measured");
    Ok(crate::bench::median(values))
}
