// SPDX-License-Identifier: Apache-2.0
//! Secrets are gone wherever they stand, findings stay as they were, and a bundle reads back as itself.

use crate::bundle::{Bundle, Inputs};
use crate::names::Names;
use crate::secret::Secrets;
use crate::walk::{Clean, walk};
use magnum_facts::Facts;
use magnum_rules::fixture::{crashed, kubernetes};
use magnum_rules::report::Report;
use magnum_rules::{ALL, Expect, Selection, judge};
use serde_json::json;
use std::collections::BTreeMap;

fn inputs(facts: Facts, pseudonyms: bool) -> Inputs {
    let report = judge(&facts, &Selection::default());
    Inputs { facts, report, timeline: Vec::new(), consoles: BTreeMap::new(), selection: Selection::default(), pseudonyms }
}

fn told(report: &Report) -> Vec<(String, usize, String)> {
    let mut all: Vec<_> =
        report.findings.iter().map(|f| (f.id.clone(), f.consequences.len(), format!("{:?} {:?}", f.status, f.confidence))).collect();
    all.sort();
    all
}

#[test]
fn no_finding_changes_in_a_bundle() {
    let cases = ALL.iter().filter_map(|entry| entry.rule.cases.iter().find(|case| case.expect == Expect::Fires));
    for (at, case) in cases.enumerate() {
        let facts = (case.scene)().0;
        // Pseudonyms change most; the rest is the same for all, and slow.
        let sample = at % 5 == 0;
        for pseudonyms in if sample { &[false, true][..] } else { &[true] } {
            let pseudonyms = *pseudonyms;
            let inputs = inputs(facts.clone(), pseudonyms);
            let live = inputs.report.clone();
            let bundle = Bundle::new(inputs).unwrap();
            assert_eq!((told(&bundle.report), bundle.report.exit), (told(&live), live.exit), "{} {pseudonyms}", case.name);
            if !pseudonyms && bundle.manifest.removed.is_empty() {
                assert_eq!(bundle.report, live, "{}", case.name);
            }
            if !sample {
                continue;
            }
            let read = Bundle::unpack(&bundle.pack().unwrap()).unwrap();
            assert!(read == bundle && read.agrees(), "{}", case.name);
            let again = read.replay(&Selection::default());
            assert_eq!(serde_json::to_string(&again.findings).unwrap(), serde_json::to_string(&bundle.report.findings).unwrap());
            assert_eq!(magnum_rules::render::text(&again), magnum_rules::render::text(&bundle.report));
        }
    }
}

const KEY: &str = "-----BEGIN RSA PRIVATE KEY-----\nMIIEpAIBAAKCAQEAx5\nabcdEFGH1234+/x=\n-----END RSA PRIVATE KEY-----";
const JWT: &str = "eyJhbGciOiJSUzI1NiIsImtpZCI6IiJ9.eyJpc3MiOiJrdWJlcm5ldGVzIn0.c2lnbmF0dXJl";

#[test]
fn what_looks_secret_is_removed_from_texts() {
    for (text, secrets) in [
        (KEY.to_owned(), &["MIIEpAIBAAKCAQEAx5", "abcdEFGH1234"][..]),
        (format!("before\n{KEY}\nafter"), &["MIIEpA"]),
        ("log: -----BEGIN EC PRIVATE KEY----- MHcCAQEEIB and cut of".to_owned(), &["MHcCAQEEIB"]),
        ("MHcCAQEEIBtail\n-----END EC PRIVATE KEY-----\nrest".to_owned(), &["MHcCAQEEIBtail"]),
        ("--token=s3cret --v=2".to_owned(), &["s3cret"]),
        ("kubeadm join --token abcdef.0123456789abcdef 10.0.0.5:6443".to_owned(), &["0123456789abcdef"]),
        ("password: hunter".to_owned(), &["hunter"]),
        ("{\"auths\":{\"r\":{\"password\":\"a b c\",\"user\":\"x\"}}}".to_owned(), &["a b c"]),
        ("Environment=DB_PASSWORD=hunter2 MODE=fast".to_owned(), &["hunter2"]),
        ("Authorization: Bearer abc.def-ghi".to_owned(), &["abc.def-ghi"]),
        ("sent header X-Auth-Token: gAAAAABk12345678901234567890".to_owned(), &["gAAAAABk"]),
        (format!("token was {JWT}"), &["eyJhbGci", "c2lnbmF0dXJl"]),
        ("http_proxy=http://user:pa55@proxy:3128/".to_owned(), &["user:pa55"]),
        ("docker swarm join --token SWMTKN-1-3pu6hszjas19xyp7ghgosyx9k8atbfcr8p2is99znpy26u2lkl-7p73s1dx".to_owned(), &["3pu6hszjas"]),
        ("client-key-data: LS0tLS1CRUdJTiBSU0EgUFJJVkFURSBLRVktLS0tLQo=".to_owned(), &["LS0tLS1CRUdJ"]),
        ("data LS0tLS1CRUdJTiBSU0EgUFJJVkFURSBLRVktLS0tLQo= end".to_owned(), &["LS0tLS1CRUdJ"]),
        ("key bXVzdDFub3RCZVNob3duMmFueWJvZHlBdEFsbDM0NTY3ODkw here".to_owned(), &["bXVzdDFub3R"]),
        ("invalid token: 8fA2kkQ9-x".to_owned(), &["8fA2kkQ9"]),
    ] {
        let clean = Secrets::default().clean(&text);
        for secret in secrets {
            assert!(!clean.contains(secret) && clean.contains("[removed:"), "{text} became {clean}");
        }
    }
}

#[test]
fn what_only_speaks_of_secrets_stays() {
    for text in [
        "--service-account-key-file=/etc/kubernetes/sa.key --tls-private-key-file=/etc/kubernetes/server.key",
        "MountVolume.SetUp failed for volume \"x\" : secret \"web-tls\" not found",
        "invalid bearer token, token has expired",
        "automountServiceAccountToken: false",
        "--tls-cipher-suites=TLS_ECDHE_RSA_WITH_AES_128_GCM_SHA256",
        "sha256:9834876dcfb05cb167a5c24953eba58c4ac89b1adf57f28f2f9d09af107ee8f0",
        "/var/lib/kubelet/pods/0c9e2a3e-6a52-4f4e-8a77-0a1b2c3d4e5f/volumes/kubernetes.io~projected/kube-api-access",
        "-A KUBE-SVC-ERIFXISQEP7F7OF4 ! -s 10.100.0.0/16 -d 10.254.0.10/32 -p tcp -j KUBE-MARK-MASQ",
        "-----BEGIN CERTIFICATE-----\nMIIB\n-----END CERTIFICATE-----",
        "2026-01-02T03:04:05Z kubelet: failed to get token: Unauthorized",
    ] {
        assert_eq!(Secrets::default().clean(text), text);
    }
}

#[test]
fn secrets_over_several_lines_or_arguments_are_removed() {
    let mut secrets = Secrets::default();
    let argv = ["kubelet", "--bootstrap-token", "plainword", "--v", "2", "--password", "-x"];
    assert_eq!(secrets.clean_list(&argv), ["kubelet", "--bootstrap-token", "[removed:secret-1]", "--v", "2", "--password", "-x"]);
    let log = ["start", "-----BEGIN PRIVATE KEY-----", "aaaa", "bbbb", "-----END PRIVATE KEY-----", "end"];
    let clean = secrets.clean_list(&log).join(" ");
    assert!(!clean.contains("aaaa") && !clean.contains("bbbb") && clean.starts_with("start ") && clean.ends_with(" end"), "{clean}");
    let tail = ["MHcCAQEEIBabcdefgh12", "-----END PRIVATE KEY-----", "end"];
    let clean = secrets.clean_list(&tail).join(" ");
    assert!(!clean.contains("MHcCAQEE") && clean.ends_with(" end"), "{clean}");
    let document =
        json!({"env": [{"name": "API_TOKEN", "value": "v4lue"}, {"name": "MODE", "value": "fast"}], "token": "t0k", "next": "t0k"});
    let clean = walk(document, &mut secrets);
    assert_eq!(clean["env"][1]["value"], "fast");
    assert!(clean["env"][0]["value"].as_str().unwrap().starts_with("[removed:secret-"), "{clean}");
    assert!(clean["token"].as_str().unwrap().starts_with("[removed:"), "{clean}");
    let twice = walk(clean.clone(), &mut secrets);
    assert_eq!(twice, clean, "cleaning again changes nothing");
    assert_eq!(secrets.clean("--token=one --token=two --token=one").matches("[removed:").count(), 3);
}

/// Secrets put into every text that facts have room for.
#[test]
fn planted_secrets_are_nowhere_in_a_bundle() {
    let planted = format!("{KEY} password=hunter2 {JWT}");
    let mut facts = kubernetes(1, 2).unit("node-1", "kubelet", crashed(255, &planted)).0;
    facts.cluster.status_reason.clone_from(&planted);
    facts.cluster.members.iter_mut().flat_map(|member| &mut member.steps).for_each(|step| step.detail.clone_from(&planted));
    let mut inputs = inputs(facts, false);
    inputs.timeline.push(json!({"id": 1, "detail": planted}));
    inputs.consoles.insert("node-1".to_owned(), planted);
    let bundle = Bundle::new(inputs).unwrap();
    let bytes = String::from_utf8_lossy(&bundle.pack().unwrap()).into_owned();
    for secret in ["MIIEpAIBAAKCAQEAx5", "abcdEFGH1234", "hunter2", "eyJhbGci", "c2lnbmF0dXJl"] {
        assert!(!bytes.contains(secret), "{secret}");
    }
    assert_eq!(bundle.report.findings[0].id, "kn-kubelet-down");
    assert!(bundle.manifest.removed["private-key"] >= 1 && bundle.manifest.removed["secret"] == 1, "{:?}", bundle.manifest.removed);
}

#[test]
fn pseudonyms_keep_networks_and_hide_names() {
    let mut facts = kubernetes(1, 2).0;
    facts.cluster.name = "payroll".to_owned();
    let mut names = Names::of(&facts.cluster);
    for (text, wanted) in [
        ("magnum doctor payroll on node-1", "magnum doctor the-cluster on host-n1"),
        ("127.0.0.1:2379 0.0.0.0/0 255.255.255.0 169.254.1.1", "127.0.0.1:2379 0.0.0.0/0 255.255.255.0 169.254.1.1"),
        ("at 2026-01-02T03:04:05Z version 1.32.3", "at 2026-01-02T03:04:05Z version 1.32.3"),
        ("https://93.184.216.34:6443 and 93.184.0.1", "https://203.0.216.34:6443 and 203.0.0.1"),
        ("id 5f0c9e2a-6a52-4f4e-8a77-0a1b2c3d4e5f.", "id 00000000-0000-4000-8000-000000000001."),
        ("lladdr 0a:58:0a:64:01:02 PERMANENT", "lladdr 02:00:00:00:00:01 PERMANENT"),
        ("inet6 fe80::858:aff:fe64:102/64 ::1", "inet6 fe80::1/64 ::1"),
        ("", ""),
    ] {
        assert_eq!(names.text(text), wanted);
    }
    let address = |names: &mut Names, text: &str| names.text(text).parse::<std::net::Ipv4Addr>().unwrap().octets();
    let (a, b, c) = (address(&mut names, "10.100.1.2"), address(&mut names, "10.100.9.1"), address(&mut names, "10.254.0.1"));
    assert_eq!((&a[..2], &a[2..]), (&b[..2], &[1, 2][..]));
    assert_ne!(a[1], c[1]);
    assert!(names.text("10.0.0.0/8").ends_with(".0.0.0/8"));
    let mut second = Names::of(&facts.cluster);
    assert_eq!(second.text("10.100.1.2 node-0"), names.text("10.100.1.2 node-0"), "the same in every bundle of a cluster");
    let mut all = Vec::new();
    for octet in 0..=255u8 {
        all.push(address(&mut names, &format!("10.{octet}.0.1"))[1]);
    }
    all.sort_unstable();
    assert_eq!(all, (0..=255u8).collect::<Vec<_>>(), "no two networks become one");
}

#[test]
fn nothing_real_is_left_with_pseudonyms() {
    let mut facts = kubernetes(3, 2).unit("node-1", "kubelet", crashed(255, "no route to 10.0.0.10 from node-1")).0;
    facts.cluster.name = "payroll".to_owned();
    let mut inputs = inputs(facts.clone(), true);
    inputs.consoles.insert("node-1".to_owned(), "node-1 login: 10.0.0.13".to_owned());
    let bundle = Bundle::new(inputs).unwrap();
    let bytes = String::from_utf8_lossy(&bundle.pack().unwrap()).into_owned();
    for real in ["payroll", "node-1", "master-0", facts.cluster.uuid.as_str()] {
        assert!(!bytes.contains(real), "{real} is in {}", bytes.split('\n').find(|line| line.contains(real)).unwrap_or_default());
    }
    assert_eq!(bundle.consoles.keys().collect::<Vec<_>>(), ["host-n1"]);
}

/// An archive that was written by somebody else; 256 MiB of zeros take 512 bytes in it.
#[test]
fn of_a_foreign_archive_only_plain_files_and_names_of_nodes_are_taken() {
    let bundle = Bundle::new(inputs(kubernetes(1, 0).0, false)).unwrap();
    let packed = bundle.pack().unwrap();
    let mut foreign = tar::Builder::new(Vec::new());
    let mut add = |name: &str, zeros: u64, bytes: &[u8]| {
        let mut header = tar::Header::new_gnu();
        header.set_size(bytes.len() as u64);
        if zeros > 0 {
            header.set_entry_type(tar::EntryType::GNUSparse);
            let gnu = header.as_gnu_mut().unwrap();
            gnu.set_real_size(zeros);
            gnu.sparse[0].set_offset(zeros);
            gnu.sparse[0].set_length(0);
        }
        foreign.append_data(&mut header, format!("magnum-bundle/console/{name}.txt"), bytes).unwrap();
    };
    add("node-0", 256 << 20, b"");
    add("node-1", 256 << 20, b"");
    add("a/b", 0, b"one");
    add("master-0", 0, b"two");
    let mut bytes = foreign.into_inner().unwrap();
    bytes.truncate(bytes.len() - 1024);
    bytes.extend(packed);
    let read = Bundle::unpack(&bytes).unwrap();
    assert_eq!(read.consoles, [("master-0".to_owned(), "two".to_owned())].into());
}

#[test]
fn what_is_no_bundle_is_refused() {
    for (bytes, said) in [(&b""[..], "it has no bundle.json"), (&[7; 2000][..], "reading the archive")] {
        assert_eq!(Bundle::unpack(bytes).unwrap_err().to_string(), said);
    }
    let mut bundle = Bundle::new(inputs(kubernetes(1, 1).0, false)).unwrap();
    bundle.manifest.schema = "magnum.bundle/v9".to_owned();
    let refused = Bundle::unpack(&bundle.pack().unwrap()).unwrap_err().to_string();
    assert_eq!(refused, "it is of the form \"magnum.bundle/v9\"; this program knows magnum.bundle/v1 only");
}
