// SPDX-License-Identifier: Apache-2.0
//! `cluster config`: files, modes, what a shell evaluates, and when a file is used again.

use crate::fixture::{C1, CT1, Fixture, recorded};
use jiff::Timestamp;
use magnum_pki::{Authority, Certificate, Csr, Policy};
use serde_json::{Value, json};
use std::os::unix::fs::PermissionsExt;
use std::path::Path;
use std::process::Command;

/// A server that signs, for a cluster of this COE.
async fn server(coe: &str, address: Value) -> Fixture {
    let server = Fixture::start().await;
    let mut cluster = recorded(170).2;
    cluster["api_address"] = address;
    let mut template = recorded(81).2;
    template["coe"] = json!(coe);
    server.on("GET /v1/clusters/c1", 200, cluster.clone()).on(&format!("GET /v1/clusters/{C1}"), 200, cluster);
    server.on(&format!("GET /v1/clustertemplates/{CT1}"), 200, template);
    signs(&server);
    server
}

fn signs(server: &Fixture) {
    let (ca, key) = Authority::create("c1", Timestamp::now(), 10).unwrap();
    let authority = Authority::load(&ca, key).unwrap();
    server.on(&format!("GET /v1/certificates/{C1}"), 200, json!({"cluster_uuid": C1, "pem": ca.trim_end()}));
    server.answer("POST /v1/certificates", move |asked| {
        let csr = Csr::parse(asked.body["csr"].as_str().unwrap()).unwrap();
        assert_eq!(csr.subject().to_string(), "CN=admin, O=system:masters");
        (201, json!({"cluster_uuid": C1, "pem": authority.sign(&csr, &Policy::default(), Timestamp::now()).unwrap()}))
    });
}

/// What a shell makes of `eval $(…)`: the values of these variables.
fn evaluated(line: &str, names: &[&str]) -> Vec<String> {
    let print: String = names.iter().map(|name| format!("printf '%s\\n' \"${name}\"; ")).collect();
    let output = Command::new("bash")
        .args(["-c", &format!("eval $(cat); {print}")])
        .stdin(std::process::Stdio::piped())
        .stdout(std::process::Stdio::piped())
        .spawn();
    let mut child = output.unwrap();
    std::io::Write::write_all(child.stdin.as_mut().unwrap(), line.as_bytes()).unwrap();
    let output = child.wait_with_output().unwrap();
    String::from_utf8(output.stdout).unwrap().lines().map(str::to_owned).collect()
}

fn mode(path: &Path) -> u32 {
    path.metadata().unwrap().permissions().mode() & 0o777
}

#[tokio::test]
async fn a_kubeconfig_is_written_once_and_used_again() {
    let server = server("kubernetes", json!("https://10.0.0.1:6443")).await;
    let ended = server.magnum(&["cluster", "config", "c1"]).await;
    assert_eq!((ended.code, ended.out.as_str(), ended.err.as_str()), (0, "export KUBECONFIG=/dir/config\n", ""));
    assert_eq!(evaluated(&ended.out, &["KUBECONFIG"]), ["/dir/config"]);
    let path = server.dir.path().join("config");
    assert_eq!(mode(&path), 0o600);
    let first = std::fs::read_to_string(&path).unwrap();
    for part in ["server: https://10.0.0.1:6443", "current-context: default", "name: c1", "name: admin", "client-key-data: "] {
        assert!(first.contains(part), "{part} in {first}");
    }
    let again = server.magnum(&["cluster", "config", "c1"]).await;
    assert_eq!((again.code, again.out.as_str()), (0, "export KUBECONFIG=/dir/config\n"));
    assert_eq!(std::fs::read_to_string(&path).unwrap(), first, "the same cluster's file is used again");
    assert_eq!(server.asked().iter().filter(|asked| asked.line == "POST /v1/certificates").count(), 1);
    server.magnum(&["cluster", "config", "c1", "--force"]).await;
    assert_ne!(std::fs::read_to_string(&path).unwrap(), first, "unless it is to be new");
}

#[tokio::test]
async fn another_file_is_left_alone() {
    for content in ["precious", "apiVersion: v1\nkind: Config\nclusters: [{name: c1, cluster: {server: https://10.0.0.1:6443}}]\n"] {
        let server = server("kubernetes", json!("https://10.0.0.1:6443")).await;
        let path = server.dir.path().join("config");
        std::fs::write(&path, content).unwrap();
        let ended = server.magnum(&["cluster", "config", "c1"]).await;
        assert_eq!((ended.code, ended.out.as_str()), (1, ""), "nothing for the shell");
        assert!(
            ended.err.starts_with("error: File /dir/config exists, aborting.\nhint: ") && ended.err.contains("--force"),
            "{}",
            ended.err
        );
        assert_eq!(std::fs::read_to_string(&path).unwrap(), content);
        let ended = server.magnum(&["cluster", "config", "c1", "--dir", "new dir/it's"]).await;
        assert_eq!(evaluated(&ended.out, &["KUBECONFIG"]), ["/dir/new dir/it's/config"], "{}", ended.out);
        assert!(server.dir.path().join("new dir/it's/config").is_file());
    }
}

#[tokio::test]
async fn a_replaced_authority_makes_the_file_useless() {
    let first = server("kubernetes", json!("https://10.0.0.1:6443")).await;
    first.magnum(&["cluster", "config", "c1"]).await;
    let second = server("kubernetes", json!("https://10.0.0.1:6443")).await;
    std::fs::copy(first.dir.path().join("config"), second.dir.path().join("config")).unwrap();
    assert_eq!(second.magnum(&["cluster", "config", "c1"]).await.code, 1);
}

#[tokio::test]
async fn a_docker_client_gets_three_files() {
    let server = server("swarm", json!("tcp://10.0.0.1:2376")).await;
    let ended = server.magnum(&["cluster", "config", "c1", "--dir", "d"]).await;
    assert_eq!(ended.out, "export DOCKER_HOST=tcp://10.0.0.1:2376 DOCKER_TLS_VERIFY=1 DOCKER_CERT_PATH=/dir/d\n");
    let names = ["DOCKER_HOST", "DOCKER_TLS_VERIFY", "DOCKER_CERT_PATH"];
    assert_eq!(evaluated(&ended.out, &names), ["tcp://10.0.0.1:2376", "1", "/dir/d"]);
    let file = |name: &str| server.dir.path().join("d").join(name);
    for name in ["key.pem", "cert.pem", "ca.pem"] {
        assert_eq!(mode(&file(name)), 0o600, "{name}");
    }
    let read = |name: &str| Certificate::parse(&std::fs::read_to_string(file(name)).unwrap()).unwrap();
    assert!(read("cert.pem").is_signed_by(&read("ca.pem")));
    assert_eq!(server.magnum(&["cluster", "config", "c1", "--dir", "d"]).await.code, 0, "used again");
    assert_eq!(server.asked().iter().filter(|asked| asked.line == "POST /v1/certificates").count(), 1);
    std::fs::write(file("key.pem"), "broken").unwrap();
    assert_eq!(server.magnum(&["cluster", "config", "c1", "--dir", "d"]).await.code, 1);
}

#[tokio::test]
async fn the_other_ways() {
    let plain = server("kubernetes", json!("https://10.0.0.1:6443")).await;
    let ended = plain.magnum(&["cluster-config", "c1", "--output-certs", "-o", "json"]).await;
    assert_eq!(ended.json()["kubeconfig"], "/dir/config");
    assert!(plain.dir.path().join("key.pem").is_file());
    let mut csh = server("kubernetes", json!("https://10.0.0.1:6443")).await;
    csh.shell = "/bin/tcsh".into();
    assert_eq!(csh.magnum(&["bay-config", "c1"]).await.out, "setenv KUBECONFIG /dir/config;\n");
    let unknown = server("kubernetes", Value::Null).await;
    let ended = unknown.magnum(&["cluster", "config", "c1"]).await;
    assert_eq!((ended.code, ended.out.as_str()), (1, ""));
    assert!(ended.err.contains("api_address is not known yet") && ended.err.contains("CREATE_FAILED"), "{}", ended.err);
    let mesos = server("mesos", json!("10.0.0.1")).await;
    assert_eq!(mesos.magnum(&["cluster", "config", "c1"]).await.code, 1);
}

#[tokio::test]
async fn requests_are_signed_from_a_file_or_from_standard_input() {
    let mut server = server("kubernetes", json!("https://10.0.0.1:6443")).await;
    let key = magnum_pki::generate_key(magnum_pki::KeyKind::EcP256).unwrap();
    let request = magnum_pki::certificate_request(&key, &magnum_pki::Subject::new("admin", &["system:masters"]), &[]).unwrap();
    let path = server.dir.path().join("a.csr");
    std::fs::write(&path, &request).unwrap();
    let signed = server.magnum(&["ca", "sign", "c1", &path.to_string_lossy()]).await;
    assert!(signed.out.starts_with("-----BEGIN CERTIFICATE-----\n") && signed.out.ends_with("-----END CERTIFICATE-----\n"));
    assert!(Certificate::parse(&signed.out).unwrap().belongs_to(&key));
    server.input = request;
    assert!(Certificate::parse(&server.magnum(&["ca", "sign", "c1", "-", "--ca-cert-type", "etcd"]).await.out).is_ok());
    assert_eq!(server.asked().last().unwrap().body["ca_cert_type"], "etcd");
    assert_eq!(server.magnum(&["ca-sign", "--csr", "/nonexistent", "--cluster", "c1"]).await.code, 1);
}
