// SPDX-License-Identifier: Apache-2.0
//! Cross-checks with the `openssl` program: what it makes we read, what we make it accepts.

#![allow(clippy::unwrap_used, clippy::expect_used, reason = "tests")]

use jiff::Timestamp;
use magnum_pki::{Authority, Certificate, Csr, Eku, KeyKind, KeyType, Policy, PrivateKey, San, Subject, certificate_request, generate_key};
use secrecy::{ExposeSecret, SecretString};
use std::path::Path;
use std::process::Command;
use std::str::FromStr;

fn now() -> Timestamp {
    Timestamp::now()
}

fn openssl(dir: &Path, args: &[&str]) -> String {
    let output = Command::new("openssl").args(args).current_dir(dir).output().expect("openssl is installed");
    let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
    assert!(output.status.success(), "openssl {args:?}: {}{}", text(&output.stdout), text(&output.stderr));
    text(&output.stdout)
}

fn authority() -> (String, Authority) {
    let (pem, key) = Authority::create("c1", now(), 1825).unwrap();
    let authority = Authority::load(&pem, key).unwrap();
    (pem, authority)
}

#[test]
fn the_authority_has_magnums_extensions_and_no_others() {
    let dir = tempfile::tempdir().unwrap();
    std::fs::write(dir.path().join("ca.pem"), authority().0).unwrap();
    let text = openssl(dir.path(), &["x509", "-in", "ca.pem", "-noout", "-text"]);
    for part in [
        "Version: 3 (0x2)",
        "sha256WithRSAEncryption",
        "Issuer: CN = c1",
        "Subject: CN = c1",
        "Public-Key: (2048 bit)",
        "X509v3 Basic Constraints: critical\n                CA:TRUE, pathlen:0",
        "X509v3 Key Usage: critical\n                Certificate Sign\n",
        "X509v3 Subject Key Identifier:",
    ] {
        assert!(text.contains(part), "{part:?} in {text}");
    }
    assert_eq!(text.matches("X509v3").count(), 4, "three extensions and their heading: {text}");
    openssl(dir.path(), &["verify", "-x509_strict", "-CAfile", "ca.pem", "ca.pem"]);
}

#[test]
fn openssl_verifies_what_we_sign_for_every_kind_of_key() {
    let dir = tempfile::tempdir().unwrap();
    let (ca, authority) = authority();
    std::fs::write(dir.path().join("ca.pem"), ca).unwrap();
    let subject = Subject::new("system:node:node-1", &["system:nodes"]);
    let sans = [San::Dns("node-1".into()), San::Ip("10.0.0.5".parse().unwrap()), San::Ip("fd00::5".parse().unwrap())];
    for kind in [KeyKind::Rsa2048, KeyKind::EcP256] {
        let key = generate_key(kind).unwrap();
        let request = certificate_request(&key, &subject, &sans).unwrap();
        std::fs::write(dir.path().join("a.csr"), &request).unwrap();
        openssl(dir.path(), &["req", "-in", "a.csr", "-noout", "-verify"]);
        let csr = Csr::parse(&request).unwrap();
        assert_eq!((csr.subject(), csr.sans()), (&subject, &sans[..]));
        let signed = authority.sign(&csr, &Policy::default(), now()).unwrap();
        let issued = authority.issue(&subject, &sans, &[Eku::ClientAuth, Eku::ServerAuth], csr.public_key(), now()).unwrap();
        for pem in [&signed, &issued] {
            std::fs::write(dir.path().join("a.pem"), pem).unwrap();
            openssl(dir.path(), &["verify", "-x509_strict", "-purpose", "sslclient", "-CAfile", "ca.pem", "a.pem"]);
            let text = openssl(dir.path(), &["x509", "-in", "a.pem", "-noout", "-text"]);
            assert!(text.contains("DNS:node-1, IP Address:10.0.0.5, IP Address:FD00:0:0:0:0:0:0:5"), "{text}");
            let certificate = Certificate::parse(pem).unwrap();
            assert!(certificate.is_signed_by(authority.certificate()) && certificate.belongs_to(&key) && certificate.is_valid_at(now()));
            assert_eq!((&certificate.subject, &certificate.sans[..]), (&subject, &sans[..]));
            let print = openssl(dir.path(), &["x509", "-in", "a.pem", "-noout", "-fingerprint", "-sha256", "-serial"]);
            assert!(print.contains(&certificate.fingerprint) && print.to_lowercase().contains(&certificate.serial), "{print}");
        }
        let text = openssl(dir.path(), &["x509", "-in", "a.pem", "-noout", "-text"]);
        for part in ["TLS Web Client Authentication, TLS Web Server Authentication", "CA:FALSE", "Digital Signature, Key Encipherment"] {
            assert!(text.contains(part), "{part} in {text}");
        }
    }
}

#[test]
fn keys_go_to_openssl_and_back() {
    let dir = tempfile::tempdir().unwrap();
    let pass = SecretString::from("s3cret words");
    for kind in [KeyKind::Rsa2048, KeyKind::EcP256] {
        let key = generate_key(kind).unwrap();
        let sealed = key.to_encrypted_pem(&pass).unwrap();
        std::fs::write(dir.path().join("sealed.pem"), &sealed).unwrap();
        let opened = openssl(dir.path(), &["pkey", "-in", "sealed.pem", "-passin", "pass:s3cret words"]);
        assert_eq!(PrivateKey::from_pkcs8_pem(&opened).unwrap().public_key(), key.public_key());
        let again = PrivateKey::from_encrypted_pem(&sealed, &pass).unwrap();
        assert_eq!(again.to_pkcs8_pem().unwrap().expose_secret(), key.to_pkcs8_pem().unwrap().expose_secret());
        assert!(PrivateKey::from_encrypted_pem(&sealed, &SecretString::from("other")).is_err());
        assert!(PrivateKey::from_pkcs8_pem(&sealed).is_err());
        std::fs::write(dir.path().join("plain.pem"), key.to_pkcs8_pem().unwrap().expose_secret()).unwrap();
        let traditional = openssl(dir.path(), &["pkey", "-in", "plain.pem", "-traditional"]);
        assert!(traditional.contains("RSA PRIVATE KEY") || traditional.contains("EC PRIVATE KEY"), "{traditional}");
        assert_eq!(PrivateKey::from_pkcs8_pem(&traditional).unwrap().public_key(), key.public_key());
        // The former is what a Python service on OpenSSL 1.0 wrote.
        for digest in ["hmacWithSHA1", "hmacWithSHA256"] {
            let words = ["pkcs8", "-topk8", "-in", "plain.pem", "-passout", "pass:s3cret words", "-v2", "aes-256-cbc", "-v2prf", digest];
            let theirs = openssl(dir.path(), &words);
            assert_eq!(PrivateKey::from_encrypted_pem(&theirs, &pass).unwrap().public_key(), key.public_key(), "{digest}");
        }
        let public = openssl(dir.path(), &["pkey", "-in", "plain.pem", "-pubout"]);
        assert_eq!(public, key.public_key().to_pem().unwrap());
    }
}

/// A request made by `openssl req` with `config` as its extension section.
fn request(new_key: &[&str], config: &str) -> String {
    let dir = tempfile::tempdir().unwrap();
    let file = format!(
        "[req]\ndistinguished_name=dn\nreq_extensions=ext\nprompt=no\nstring_mask=utf8only\n[dn]\nO=system:nodes\nCN=n\n[ext]\n{config}\n"
    );
    std::fs::write(dir.path().join("c.cnf"), file).unwrap();
    openssl(dir.path(), &[&["genpkey", "-out", "k.pem"], new_key].concat());
    openssl(dir.path(), &["req", "-new", "-key", "k.pem", "-config", "c.cnf"])
}

const EC: &[&str] = &["-algorithm", "EC", "-pkeyopt", "ec_paramgen_curve:P-256"];

#[test]
fn extensions_are_filtered_as_magnum_does() {
    let (_, authority) = authority();
    let sign = |config: &str| {
        let csr = Csr::parse(&request(EC, config)).unwrap();
        let pem = authority.sign(&csr, &Policy::default(), now()).map_err(|error| error.to_string())?;
        let dir = tempfile::tempdir().unwrap();
        std::fs::write(dir.path().join("a.pem"), pem).unwrap();
        Ok::<_, String>(openssl(dir.path(), &["x509", "-in", "a.pem", "-noout", "-text"]))
    };
    let cases: &[(&str, &[&str], &[&str])] = &[
        ("1.2.3.4=ASN1:UTF8String:x", &[], &["1.2.3.4"]),
        ("keyUsage=digitalSignature,keyCertSign", &["Digital Signature"], &["Certificate Sign"]),
        ("keyUsage=keyCertSign", &[], &["X509v3 Key Usage"]),
        (
            "keyUsage=critical,digitalSignature,nonRepudiation,keyEncipherment",
            &["Digital Signature, Non Repudiation, Key Encipherment"],
            &[],
        ),
        ("basicConstraints=CA:TRUE,pathlen:3", &["CA:FALSE"], &["CA:TRUE"]),
        ("basicConstraints=critical,CA:FALSE", &["CA:FALSE"], &[]),
        ("subjectKeyIdentifier=00:11:22", &["Subject Key Identifier"], &["00:11:22"]),
        ("extendedKeyUsage=serverAuth\nsubjectAltName=DNS:a,IP:10.0.0.1", &["Server Authentication", "DNS:a, IP Address:10.0.0.1"], &[]),
        ("nameConstraints=permitted;DNS:x", &[], &["Name Constraints"]),
    ];
    for (config, wanted, unwanted) in cases {
        let text = sign(config).unwrap();
        assert!(wanted.iter().all(|part| text.contains(part)), "{config}: {text}");
        assert!(!unwanted.iter().any(|part| text.contains(part)), "{config}: {text}");
        assert_eq!(text.matches("Subject Key Identifier").count(), 1, "{config}");
    }
    for (config, error) in [
        ("1.2.3.4=critical,ASN1:UTF8String:x", "Extension '1.2.3.4' not allowed"),
        ("basicConstraints=critical,CA:TRUE", "Extension 'basicConstraints CA:TRUE' not allowed"),
        ("keyUsage=critical,digitalSignature,cRLSign", "Extension 'keyUsage CRL Sign' not allowed"),
        ("nameConstraints=critical,permitted;DNS:x", "Extension 'nameConstraints' not allowed"),
        ("keyUsage=DER:0101", "Extension 'keyUsage (malformed)' not allowed"),
    ] {
        assert_eq!(sign(config).unwrap_err(), error, "{config}");
    }
}

#[test]
fn weak_and_foreign_keys_are_refused_with_the_reason() {
    let san = "subjectAltName=DNS:a";
    for (key, reason) in [
        (&["-algorithm", "RSA", "-pkeyopt", "rsa_keygen_bits:1024"][..], "an RSA key of 1024 bits is too weak; use at least 2048"),
        (&["-algorithm", "RSA", "-pkeyopt", "rsa_keygen_bits:2040"], "an RSA key of 2040 bits is too weak"),
        (&["-algorithm", "EC", "-pkeyopt", "ec_paramgen_curve:secp256k1"], "EC keys must be on the curve P-256 or P-384"),
        (&["-algorithm", "EC", "-pkeyopt", "ec_paramgen_curve:P-521"], "EC keys must be on the curve P-256 or P-384"),
        (&["-algorithm", "ED25519"], "a key of type 1.3.101.112"),
    ] {
        let error = Csr::parse(&request(key, san)).unwrap_err();
        assert!(error.is_callers() && error.to_string().starts_with("Received invalid csr '-----BEGIN"), "{error}");
        assert!(error.to_string().contains(reason), "{error}");
    }
    for (key, kind) in [
        (&["-algorithm", "RSA", "-pkeyopt", "rsa_keygen_bits:2048"][..], KeyType::Rsa { bits: 2048 }),
        (&["-algorithm", "RSA", "-pkeyopt", "rsa_keygen_bits:3072"], KeyType::Rsa { bits: 3072 }),
        (EC, KeyType::EcP256),
        (&["-algorithm", "EC", "-pkeyopt", "ec_paramgen_curve:P-384"], KeyType::EcP384),
    ] {
        assert_eq!(Csr::parse(&request(key, san)).unwrap().public_key().key_type(), kind);
    }
}

#[test]
fn broken_requests_are_refused_with_the_reason() {
    let good = request(EC, "subjectAltName=DNS:a");
    let other = request(EC, "subjectAltName=DNS:b");
    let flipped = |at: usize| {
        let mut lines: Vec<String> = good.lines().map(str::to_owned).collect();
        let line = &mut lines[2];
        let new = if &line[at..=at] == "A" { "B" } else { "A" };
        line.replace_range(at..=at, new);
        lines.join("\n")
    };
    let certificate = authority().0;
    let mixed =
        format!("{}\n{}", good.lines().take(4).collect::<Vec<_>>().join("\n"), other.lines().skip(4).collect::<Vec<_>>().join("\n"));
    for (text, reason) in [
        (String::new(), "no PEM block"),
        ("abc".into(), "no PEM block"),
        (certificate, "a PEM block of type CERTIFICATE, not CERTIFICATE REQUEST"),
        ("-----BEGIN CERTIFICATE REQUEST-----\nAAAA\n-----END CERTIFICATE REQUEST-----".into(), "malformed"),
        ("x".repeat(70_000), "longer than"),
        (flipped(40), ""),
        (mixed, ""),
    ] {
        let error = Csr::parse(&text).unwrap_err().to_string();
        assert!(error.starts_with("Received invalid csr '") && error.contains(reason), "{error}");
        assert!(!error.contains('\n') && error.len() < 400, "{error}");
    }
    let renamed = request(EC, "subjectAltName=DNS:a\nsubjectAltName=DNS:b");
    assert_eq!(Csr::parse(&renamed).unwrap().sans(), [San::Dns("b".into())], "openssl keeps the last");
}

#[test]
fn a_request_with_a_changed_name_does_not_verify() {
    let key = generate_key(KeyKind::EcP256).unwrap();
    let pem = certificate_request(&key, &Subject::new("system:node:aaaa", &["system:nodes"]), &[]).unwrap();
    let dir = tempfile::tempdir().unwrap();
    std::fs::write(dir.path().join("a.csr"), &pem).unwrap();
    openssl(dir.path(), &["req", "-in", "a.csr", "-outform", "DER", "-out", "a.der"]);
    let mut der = std::fs::read(dir.path().join("a.der")).unwrap();
    let at = der.windows(4).position(|w| w == b"aaaa").unwrap();
    der[at] = b'b';
    std::fs::write(dir.path().join("b.der"), der).unwrap();
    let forged = openssl(dir.path(), &["req", "-in", "b.der", "-inform", "DER"]);
    let error = Csr::parse(&forged).unwrap_err().to_string();
    assert!(error.ends_with("its signature does not verify"), "{error}");
}

#[test]
fn a_subject_cannot_hide_anything() {
    let dir = tempfile::tempdir().unwrap();
    openssl(dir.path(), &["genpkey", "-out", "k.pem", "-algorithm", "EC", "-pkeyopt", "ec_paramgen_curve:P-256"]);
    let wanted = Subject::new("system:node:n", &["system:nodes"]);
    for (subject, same) in [
        ("/O=system:nodes/CN=system:node:n", true),
        ("/CN=system:node:n/O=system:nodes", true),
        ("/O=system:nodes/CN=system:node:n/CN=admin", false),
        ("/O=system:nodes/O=system:masters/CN=system:node:n", false),
        ("/O=system:nodes/CN=system:node:n/OU=x", false),
        ("/O=system:nodes+CN=system:node:n", true),
    ] {
        let pem = openssl(dir.path(), &["req", "-new", "-key", "k.pem", "-subj", subject, "-multivalue-rdn"]);
        assert_eq!(Csr::parse(&pem).unwrap().subject() == &wanted, same, "{subject}");
    }
}

#[test]
fn an_authority_needs_its_own_key_and_a_date_that_can_be_written() {
    let (pem, _) = authority();
    let stranger = generate_key(KeyKind::Rsa2048).unwrap();
    assert!(Authority::load(&pem, stranger).unwrap_err().to_string().contains("CN=c1"));
    let (_, authority) = authority();
    let key = generate_key(KeyKind::EcP256).unwrap();
    let leaf = authority.issue(&Subject::new("admin", &["system:masters"]), &[], &[Eku::ClientAuth], key.public_key(), now()).unwrap();
    assert!(Authority::load(&leaf, key).is_err(), "a leaf signs nothing");
    assert!(Authority::create("c", Timestamp::from_str("1969-12-31T00:00:00Z").unwrap(), 1).is_err());
    let far = Timestamp::from_str("2049-06-01T00:00:00Z").unwrap();
    let (pem, _) = Authority::create("c", far, 1825).unwrap();
    assert_eq!(Certificate::parse(&pem).unwrap().not_after.to_string(), "2054-05-31T00:00:00Z");
}

#[test]
fn serial_numbers_are_random() {
    let serial = || Certificate::parse(&authority().0).unwrap().serial;
    let (a, b) = (serial(), serial());
    assert!(a != b && a.len() > 16, "{a} {b}");
}
