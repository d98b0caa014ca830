// SPDX-License-Identifier: Apache-2.0
//! Two APIs and two conductors on one PostgreSQL, many clients, and one process after the other killed: every request that was
//! accepted ends in its state, and nothing is done twice.

use anyhow::{Context, Result, ensure};
use magnum_testkit::{Client, DatabaseKind, DatabaseServer, Processes, dist_dir, leftovers, wait};
use serde_json::Value;
use std::collections::BTreeMap;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Mutex, PoisonError};
use std::time::Duration;

/// How long a request may take to its end, with all the others beside it and processes that die.
const LIMIT: Duration = Duration::from_secs(420);

/// How many clients, how many clusters each, one after the other.
fn load() -> (usize, usize) {
    if std::env::var_os("MAGNUM_TEST_FULL").is_some() { (20, 10) } else { (4, 1) }
}

/// One who uses whichever API answers, as behind a load balancer.
struct User<'a> {
    apis: &'a [Client],
    turn: usize,
}

impl User<'_> {
    /// A command's answer from one of the APIs.
    fn ask(&mut self, args: &[&str]) -> Result<Value> {
        self.any(&format!("{args:?}"), |api| api.json(args))
    }

    /// What one of the APIs has at this path.
    fn get(&mut self, path: &str) -> Result<Option<Value>> {
        self.any(path, |api| api.get(path))
    }

    /// An answer of one of the APIs; an API that is away at the moment is passed over.
    fn any<T>(&mut self, what: &str, ask: impl Fn(&Client) -> Result<T>) -> Result<T> {
        let mut last = None;
        let found = wait(LIMIT, &format!("{what} is answered"), || {
            self.turn += 1;
            match ask(&self.apis[self.turn % self.apis.len()]) {
                Ok(answer) => Ok(Some(answer)),
                Err(error) => {
                    last = Some(error);
                    Ok(None)
                }
            }
        });
        found.with_context(|| format!("{last:?}"))
    }

    /// Asks for a change until `accepted` sees it: the answer may be lost with the API that had accepted it.
    fn change(&mut self, args: &[&str], mut accepted: impl FnMut(&mut Self) -> Result<bool>) -> Result<()> {
        wait(LIMIT, &format!("{args:?} is accepted"), || {
            self.turn += 1;
            let output = self.apis[self.turn % self.apis.len()].output(args)?;
            Ok((output.status.success() || accepted(self)?).then_some(()))
        })
    }

    fn find(&mut self, name: &str) -> Result<Option<Value>> {
        let all = self.get("/v1/clusters")?.context("the APIs have no list")?;
        let all = all["clusters"].as_array().context("a list without clusters")?;
        let found: Vec<Value> = all.iter().filter(|cluster| cluster["name"] == name).cloned().collect();
        ensure!(found.len() < 2, "two clusters {name}: one request, or one that was repeated after it was seen not to be accepted");
        Ok(found.into_iter().next())
    }

    fn show(&mut self, uuid: &str) -> Result<Option<Value>> {
        self.get(&format!("/v1/clusters/{uuid}"))
    }

    fn until(&mut self, uuid: &str, wanted: &str) -> Result<Value> {
        wait(LIMIT, &format!("{uuid} is {wanted}"), || {
            let cluster = self.show(uuid)?.context("it is gone")?;
            let status = cluster["status"].as_str().unwrap_or_default();
            ensure!(!status.ends_with("_FAILED"), "{status}: {}", cluster["status_reason"]);
            std::thread::sleep(Duration::from_millis(200));
            Ok((status == wanted).then_some(cluster))
        })
    }
}

/// The life of one cluster: one worker, two, none any more.
fn live(user: &mut User<'_>, name: &str, database: &DatabaseServer) -> Result<()> {
    let create = ["cluster", "create", name, "--cluster-template", "swarm", "--node-count", "1"];
    user.change(&create, |user| Ok(user.find(name)?.is_some()))?;
    let cluster = user.find(name)?.context("an accepted cluster is not there")?;
    let uuid = cluster["uuid"].as_str().context("a cluster without a uuid")?.to_owned();
    user.until(&uuid, "CREATE_COMPLETE")?;
    user.change(&["cluster", "resize", &uuid, "2"], |user| {
        let cluster = user.show(&uuid)?.context("it is gone")?;
        Ok(cluster["node_count"] == 2)
    })?;
    let cluster = user.until(&uuid, "UPDATE_COMPLETE")?;
    ensure!(cluster["node_count"] == 2 && cluster["master_count"] == 1, "{cluster}");
    as_wanted(user, &uuid, database)?;
    user.change(&["cluster", "delete", &uuid], |user| {
        Ok(user.show(&uuid)?.is_none_or(|cluster| cluster["status"] == "DELETE_IN_PROGRESS"))
    })?;
    wait(LIMIT, &format!("{name} is gone"), || {
        let seen = user.show(&uuid)?;
        if let Some(cluster) = &seen {
            ensure!(cluster["status"] != "DELETE_FAILED", "{cluster}");
        }
        std::thread::sleep(Duration::from_millis(200));
        Ok(seen.is_none().then_some(()))
    })
}

/// Three servers, each made once; every operation has ended well.
fn as_wanted(user: &mut User<'_>, uuid: &str, database: &DatabaseServer) -> Result<()> {
    let short: String = uuid.chars().take(8).collect();
    let groups = std::fs::read_dir("/sys/fs/cgroup/memory").context("reading the control groups")?.filter_map(Result::ok);
    let names = groups.filter_map(|entry| entry.file_name().into_string().ok());
    let servers: Vec<String> = names.filter(|name| name.starts_with("lxc.payload.") && name.contains(&format!("-{short}-"))).collect();
    ensure!(servers.len() == 3, "three servers are wanted, there are {servers:?}");
    let events = user.ask(&["timeline", uuid])?;
    let mut made: BTreeMap<&str, usize> = BTreeMap::new();
    for event in events.as_array().into_iter().flatten() {
        let detail = event["detail"].as_str().unwrap_or_default();
        if detail.ends_with("made and started") {
            *made.entry(detail).or_default() += 1;
        }
    }
    ensure!(made.values().all(|times| *times == 1), "made more than once: {made:?}");
    let open =
        database.sql("magnum", &format!("SELECT kind, state, detail FROM mg_operation WHERE cluster = '{uuid}' AND state <> 'done'"))?;
    ensure!(open.trim().is_empty(), "operations that are not done: {open}");
    Ok(())
}

#[test]
fn no_request_is_lost_and_none_is_carried_out_twice_while_processes_are_killed() -> Result<()> {
    let before = leftovers()?;
    let database = DatabaseServer::start(DatabaseKind::Postgres)?;
    let conf = format!("[database]\nconnection = {}\n[quotas]\nmax_clusters_per_project = 500\n", database.create("magnum")?);
    let mut processes = Processes::start(&dist_dir()?, &conf, 2, 2)?;
    let apis = processes.clients();
    User { apis: &apis, turn: 0 }.ask(&["cluster-template", "create", "swarm", "--coe", "swarm"])?;
    let (clients, each) = load();
    let ended = AtomicBool::new(false);
    let troubles: Mutex<Vec<String>> = Mutex::default();
    let trouble = |error: anyhow::Error| {
        troubles.lock().unwrap_or_else(PoisonError::into_inner).push(format!("{error:?}"));
        ended.store(true, Ordering::Relaxed);
    };
    let (mut kills, mut taken_twice) = (0, String::new());
    std::thread::scope(|scope| {
        let (apis, database, ended, trouble) = (&apis, &database, &ended, &trouble);
        let users: Vec<_> = (0..clients)
            .map(|client| {
                scope.spawn(move || {
                    let mut user = User { apis, turn: client };
                    for number in 0..each {
                        if ended.load(Ordering::Relaxed) {
                            return;
                        }
                        if let Err(error) = live(&mut user, &format!("c-{client}-{number}"), database) {
                            return trouble(error);
                        }
                    }
                })
            })
            .collect();
        while users.iter().any(|user| !user.is_finished()) {
            // Sometimes just after another has come up, sometimes with quiet in between.
            std::thread::sleep(Duration::from_millis(fastrand::u64(300..4000)));
            let victim = fastrand::usize(..processes.len());
            let mut round = || -> Result<()> {
                processes.kill(victim)?;
                std::thread::sleep(Duration::from_millis(fastrand::u64(0..1500)));
                processes.up(victim)
            };
            if let Err(error) = round() {
                trouble(error);
            }
            kills += 1;
            let twice = "SELECT value, count(*) FROM mg_cluster_private WHERE name = 'external-address' GROUP BY value HAVING count(*) > 1";
            taken_twice.push_str(database.sql("magnum", twice).unwrap_or_default().trim());
        }
    });
    let troubles = troubles.into_inner().unwrap_or_else(PoisonError::into_inner);
    ensure!(troubles.is_empty(), "{}\n{}", troubles.join("\n"), processes.last_words());
    ensure!(taken_twice.is_empty(), "external addresses of two clusters at a time: {taken_twice}");
    ensure!(kills > 3, "only {kills} processes were killed");
    eprintln!("{} clusters, {clients} clients, {kills} processes killed", clients * each);
    let rows =
        database.sql("magnum", "SELECT (SELECT count(*) FROM cluster) + (SELECT count(*) FROM mg_operation WHERE ended_at IS NULL)")?;
    ensure!(rows.trim() == "0", "{rows} rows are left");
    drop(processes);
    drop(database);
    let left: Vec<String> = leftovers()?.difference(&before).cloned().collect();
    ensure!(left.is_empty(), "left behind: {left:?}");
    Ok(())
}
