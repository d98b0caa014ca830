// SPDX-License-Identifier: Apache-2.0
//! The same clusters in several databases of a MariaDB, put there by SQL, and gone before their server would delete them.

use anyhow::{Context, Result, ensure};
use magnum_testkit::DatabaseServer;
use std::process::Command;

/// The one that is asked for.
pub const CLUSTER: &str = "20000000-0000-4000-8000-000000000001";
const TEMPLATE: &str = "10000000-0000-4000-8000-000000000001";
const PAIR: &str = "40000000-0000-4000-8000-000000000001";
const LABELS: &str = r#"{"kube_tag": "v1.23.3-rancher1", "container_runtime": "containerd", "containerd_version": "1.4.4", "cloud_provider_enabled": "true", "boot_volume_size": "20", "master_lb_floating_ip_enabled": "true", "auto_healing_enabled": "true"}"#;
const NOW: &str = "'2026-01-02 03:04:05'";

/// Databases with clusters of one user, each with a group of one master and a group of three workers, and one authority.
pub struct Filled<'a> {
    server: &'a DatabaseServer,
    databases: &'a [&'a str],
    owner: String,
    count: usize,
}

impl<'a> Filled<'a> {
    /// With the first cluster.
    pub fn begin(server: &'a DatabaseServer, databases: &'a [&'a str], project: &str, user: &str) -> Result<Self> {
        let owner = format!("'{project}', '{user}'");
        let (certificate, key) = authority()?;
        let mut filled = Self { server, databases, owner, count: 0 };
        let owner = &filled.owner;
        filled.sql(&format!(
            "INSERT INTO cluster_template (created_at, uuid, name, project_id, user_id, coe, image_id, flavor_id, master_flavor_id, \
             network_driver, server_type, cluster_distro, labels, public, hidden, registry_enabled, tls_disabled, master_lb_enabled, \
             floating_ip_enabled) VALUES ({NOW}, '{TEMPLATE}', 'bench', {owner}, 'kubernetes', 'debian-12', 'm1.small', 'm1.small', \
             'flannel', 'vm', 'debian', '{LABELS}', FALSE, FALSE, FALSE, FALSE, FALSE, TRUE); \
             INSERT INTO x509keypair (created_at, uuid, project_id, user_id, certificate, private_key, private_key_passphrase) VALUES \
             ({NOW}, '{PAIR}', {owner}, '{certificate}', '{key}', 'bench')"
        ))?;
        filled.grow(1)?;
        Ok(filled)
    }

    /// Up to so many clusters.
    pub fn grow(&mut self, count: usize) -> Result<()> {
        ensure!(count > self.count, "{count} clusters are no more than {}", self.count);
        let numbers = format!("(SELECT seq AS n FROM seq_{}_to_{count}) s", self.count + 1);
        let uuid = |start: u8| format!("'{start}0000000-0000-4000-8000-' || LPAD(n, 12, '0')");
        let (owner, cluster, stack) = (&self.owner, uuid(2), uuid(5));
        let mut words = format!(
            "INSERT INTO cluster (created_at, uuid, name, project_id, user_id, cluster_template_id, status, status_reason, labels, \
             api_address, keypair, stack_id, create_timeout, coe_version, health_status, health_status_reason, floating_ip_enabled, \
             master_lb_enabled, flavor_id, master_flavor_id, ca_cert_ref, magnum_cert_ref) SELECT {NOW}, {cluster}, 'bench-' || n, {owner}, \
             '{TEMPLATE}', 'CREATE_COMPLETE', 'Stack CREATE completed successfully', '{LABELS}', 'https://127.0.0.1:6443', 'key', {stack}, \
             60, 'v1.23.3', 'HEALTHY', '{{\"api\": \"ok\", \"node-0.Ready\": \"True\"}}', TRUE, FALSE, 'm1.small', 'm1.small', '{PAIR}', \
             '{PAIR}' FROM {numbers}; "
        );
        let (project, _) = owner.split_once(',').context("no owner")?;
        for (name, role, nodes, start) in [("default-master", "master", 1, 3), ("default-worker", "worker", 3, 6)] {
            words.push_str(&format!(
                "INSERT INTO nodegroup (created_at, uuid, name, project_id, cluster_id, role, node_count, min_node_count, is_default, \
                 labels, node_addresses, flavor_id, image_id, status) SELECT {NOW}, {}, '{name}', {project}, {cluster}, '{role}', {nodes}, 1, \
                 TRUE, '{LABELS}', '[\"10.0.0.5\"]', 'm1.small', 'debian-12', 'CREATE_COMPLETE' FROM {numbers}; ",
                uuid(start)
            ));
        }
        self.sql(&words)?;
        self.count = count;
        // As a database that has run for a while: it knows how much is in its tables.
        self.sql("ANALYZE TABLE cluster, nodegroup")
    }

    fn sql(&self, words: &str) -> Result<()> {
        for database in self.databases {
            let words = format!("SET sql_mode = 'PIPES_AS_CONCAT'; {words}");
            self.server.sql(database, &words).with_context(|| format!("filling {database}"))?;
        }
        Ok(())
    }
}

impl Drop for Filled<'_> {
    fn drop(&mut self) {
        let _ = self.sql("DELETE FROM nodegroup; DELETE FROM cluster; DELETE FROM cluster_template");
    }
}

/// An authority's certificate and its encrypted RSA-2048 key, as both programs keep them; the passphrase is `bench`.
fn authority() -> Result<(String, String)> {
    let script = "openssl req -x509 -newkey rsa:2048 -nodes -subj /CN=bench -days 30 -addext basicConstraints=critical,CA:TRUE,pathlen:0 \
                  -addext keyUsage=critical,keyCertSign -keyout \"$0/k\" -out \"$0/c\" 2>/dev/null && \
                  openssl pkcs8 -topk8 -v2 aes-256-cbc -v2prf hmacWithSHA256 -iter 10000 -passout pass:bench -in \"$0/k\" -out \"$0/e\"";
    let dir = std::env::temp_dir().join(format!("magnum-bench-{}", std::process::id()));
    std::fs::create_dir_all(&dir).context("making a directory for the authority")?;
    let made = Command::new("sh").args(["-c", script]).arg(&dir).status().context("running openssl");
    let read = |name: &str| std::fs::read_to_string(dir.join(name)).with_context(|| format!("reading {name} of the authority"));
    let pair = read("c").and_then(|certificate| Ok((certificate, read("e")?)));
    let _ = std::fs::remove_dir_all(&dir);
    ensure!(made?.success(), "openssl made no authority");
    pair
}

/// A request for a client's certificate, PEM.
pub fn request() -> Result<String> {
    let words = ["req", "-new", "-newkey", "rsa:2048", "-nodes", "-keyout", "/dev/null", "-subj", "/O=system:masters/CN=admin"];
    let output = Command::new("openssl").args(words).output().context("running openssl")?;
    ensure!(output.status.success(), "openssl made no request: {}", String::from_utf8_lossy(&output.stderr));
    Ok(String::from_utf8_lossy(&output.stdout).into_owned())
}
