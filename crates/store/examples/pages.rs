// SPDX-License-Identifier: Apache-2.0
//! Measures a page of 1,000 out of 100,000 clusters, with the counts of its nodes, on SQLite, PostgreSQL and MariaDB, each
//! made here and gone afterwards. One JSON object a line; `cargo xtask bench --pages` makes a table of them.

#![allow(clippy::print_stdout, reason = "its answer")]

use anyhow::{Context, Result, ensure};
use magnum_store::{Limits, Page, Scope, Store};
use magnum_testkit::{DatabaseKind, DatabaseServer};
use magnum_types::ProjectId;
use sqlx::{AssertSqlSafe, Connection, SqliteConnection};
use std::time::{Duration, Instant};

const CLUSTERS: i64 = 100_000;
const PAGE: i64 = 1000;
const RUNS: usize = 5;

/// Rows 1 to CLUSTERS as column `n` of `s`, and a number as twelve digits, in a database's own words.
struct Words {
    rows: &'static str,
    digits: &'static str,
}

const LABELS: &str = r#"{"kube_tag": "v1.23.3-rancher1", "container_runtime": "containerd", "containerd_version": "1.4.4", "cloud_provider_enabled": "true", "boot_volume_size": "20", "master_lb_floating_ip_enabled": "true", "auto_healing_enabled": "true"}"#;

fn statements(words: &Words) -> Vec<String> {
    let Words { rows, digits } = words;
    let uuid = |start: &str| format!("'{start}0000000-0000-4000-8000-' || {digits}");
    let common = "created_at, uuid, name, project_id";
    let now = "'2026-01-02 03:04:05'";
    let project = "'project-' || (n % 10)";
    vec![
        format!(
            "INSERT INTO cluster_template ({common}, user_id, coe, image_id, labels, public, hidden) SELECT {now}, {}, 't', 'p', 'u', \
             'kubernetes', 'debian-12', '{LABELS}', TRUE, FALSE FROM {rows} WHERE n = 1",
            uuid("1")
        ),
        format!(
            "INSERT INTO cluster ({common}, user_id, cluster_template_id, status, status_reason, labels, api_address, keypair, stack_id, \
             create_timeout, coe_version, health_status, health_status_reason, floating_ip_enabled, master_lb_enabled, flavor_id) \
             SELECT {now}, {}, 'cluster-' || n, {project}, 'u', '10000000-0000-4000-8000-000000000001', 'CREATE_COMPLETE', \
             'Stack CREATE completed successfully', '{LABELS}', 'https://10.0.0.5:6443', 'key', {}, 60, 'v1.23.3', 'HEALTHY', \
             '{{\"api\": \"ok\", \"node-0.Ready\": \"True\"}}', TRUE, FALSE, 'm1.small' FROM {rows}",
            uuid("2"),
            uuid("4")
        ),
        group(words, "default-master", "master", "1", &uuid("3"), &uuid("2"), project),
        group(words, "default-worker", "worker", "3", &uuid("5"), &uuid("2"), project),
    ]
}

fn group(words: &Words, name: &str, role: &str, count: &str, uuid: &str, cluster: &str, project: &str) -> String {
    format!(
        "INSERT INTO nodegroup (created_at, uuid, name, project_id, cluster_id, role, node_count, min_node_count, is_default, labels, \
         node_addresses, flavor_id, image_id, status) SELECT '2026-01-02 03:04:05', {uuid}, '{name}', {project}, {cluster}, '{role}', {count}, \
         1, TRUE, '{LABELS}', '[\"10.0.0.5\"]', 'm1.small', 'debian-12', 'CREATE_COMPLETE' FROM {}",
        words.rows
    )
}

/// Milliseconds of one page with its counts.
async fn page(store: &Store, scope: &Scope, page: &Page) -> Result<f64> {
    let begun = Instant::now();
    let rows = store.list_clusters(scope, page).await?;
    let ids: Vec<_> = rows.iter().map(|row| row.uuid).collect();
    let counts = store.count_nodes_of(&ids).await?;
    let took = begun.elapsed().as_secs_f64() * 1000.0;
    ensure!(rows.len() as i64 == PAGE && counts.len() == rows.len(), "a page of {} rows and {} counts", rows.len(), counts.len());
    ensure!(counts.iter().all(|count| (count.masters, count.workers) == (1, 3)), "wrong counts");
    Ok(took)
}

/// The middle of some runs for each marker, and of these the worst.
async fn worst(store: &Store, scope: &Scope, sort_key: &str, markers: &[i64]) -> Result<f64> {
    let mut worst = 0.0_f64;
    for marker in markers {
        let marker = (*marker > 0).then(|| format!("20000000-0000-4000-8000-{marker:012}"));
        let asked = Page { limit: PAGE, marker, sort_key: sort_key.to_owned(), descending: false };
        let mut took = Vec::new();
        for _ in 0..RUNS {
            took.push(page(store, scope, &asked).await?);
        }
        took.sort_by(f64::total_cmp);
        worst = worst.max(took[RUNS / 2]);
    }
    Ok(worst)
}

async fn measure(name: &str, url: &str) -> Result<()> {
    let store = Store::connect(url, &Limits { pool_timeout: Duration::from_secs(30), ..Limits::default() }).await?;
    let all = [0, 10, 25_000, 50_000, 75_000, CLUSTERS - PAGE];
    // Every tenth cluster is of the project: its last full page begins further down.
    let own = [0, 10, 25_000, 50_000, 75_000, CLUSTERS - 10 * PAGE];
    let project = Scope::Project(ProjectId("project-0".to_owned()));
    for (what, scope, key, markers) in [
        ("any marker", &Scope::All, "id", &all[..]),
        ("any marker, one project of ten", &project, "id", &own[..]),
        ("sorted by name", &Scope::All, "name", &all[..3]),
    ] {
        let ms = worst(&store, scope, key, markers).await?;
        println!("{}", serde_json::json!({"database": name, "what": what, "ms": ms, "is_required": key == "id"}));
    }
    store.close().await;
    Ok(())
}

#[tokio::main(flavor = "multi_thread", worker_threads = 2)]
async fn main() -> Result<()> {
    let dir = tempfile::tempdir()?;
    let file = dir.path().join("magnum.db");
    let url = format!("sqlite:///{}", file.display());
    Store::connect(&url, &Limits::default()).await?.close().await;
    let counting = "(WITH RECURSIVE c(n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM c WHERE n < 100000) SELECT n FROM c) s";
    let words = Words { rows: counting, digits: "substr('000000000000' || n, -12)" };
    let mut connection = SqliteConnection::connect(&format!("sqlite://{}", file.display())).await?;
    for statement in statements(&words) {
        sqlx::raw_sql(AssertSqlSafe(statement)).execute(&mut connection).await.context("filling SQLite")?;
    }
    connection.close().await?;
    measure("SQLite", &url).await?;
    let postgres = Words { rows: "generate_series(1, 100000) s(n)", digits: "lpad(CAST(n AS TEXT), 12, '0')" };
    let maria = Words { rows: "(SELECT seq AS n FROM seq_1_to_100000) s", digits: "LPAD(n, 12, '0')" };
    for (name, kind, words) in [("PostgreSQL", DatabaseKind::Postgres, postgres), ("MariaDB", DatabaseKind::MariaDb, maria)] {
        let server = DatabaseServer::start(kind)?;
        let url = server.create("pages")?;
        Store::connect(&url, &Limits::default()).await?.close().await;
        for statement in statements(&words) {
            let mode = if kind == DatabaseKind::MariaDb { "SET sql_mode = 'PIPES_AS_CONCAT'; " } else { "" };
            server.sql("pages", &format!("{mode}{statement}")).with_context(|| format!("filling {name}"))?;
        }
        // As a database that has run for a while: it knows how much is in its tables.
        server.sql("pages", "ANALYZE TABLE cluster, nodegroup").or_else(|_| server.sql("pages", "ANALYZE"))?;
        measure(name, &url).await?;
    }
    Ok(())
}
