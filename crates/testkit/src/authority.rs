// SPDX-License-Identifier: Apache-2.0
//! Certificates for tests, made by openssl: an authority, a server on loopback, a client.

use anyhow::{Context, Result, ensure};
use std::path::{Path, PathBuf};
use std::process::Command;

/// What openssl answers to these words, which may name files of the directory.
pub fn openssl(dir: &Path, words: &[&str]) -> Result<String> {
    let output = Command::new("openssl").args(words).current_dir(dir).output().context("running openssl")?;
    ensure!(output.status.success(), "openssl {words:?}: {}", String::from_utf8_lossy(&output.stderr));
    Ok(String::from_utf8_lossy(&output.stdout).into_owned())
}

/// A request for the certificate of a cluster's administrator, PEM; its key is `u.key` in the directory.
pub fn csr(dir: &Path) -> Result<String> {
    openssl(dir, &["req", "-new", "-newkey", "rsa:2048", "-nodes", "-keyout", "u.key", "-subj", "/O=system:masters/CN=admin"])
}

/// Files in PEM form in one directory: `ca.pem`, `server.pem`, `server.key`, `client.pem`, `client.key`.
#[derive(Debug, Clone)]
pub struct Authority {
    dir: PathBuf,
}

impl Authority {
    /// Makes all of them in a directory that is there.
    pub fn make(dir: &Path) -> Result<Self> {
        const KEY: [&str; 5] = ["-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes"];
        const LIFE: [&str; 2] = ["-days", "2"];
        let authority = ["req", "-x509", "-keyout", "ca.key", "-out", "ca.pem", "-subj", "/CN=test authority"];
        openssl(dir, &[&authority[..], &KEY, &LIFE].concat())?;
        for (name, extension) in [("server", "subjectAltName=IP:127.0.0.1"), ("client", "extendedKeyUsage=clientAuth")] {
            let (key, certificate, subject) = (format!("{name}.key"), format!("{name}.pem"), format!("/CN={name}"));
            let leaf = ["req", "-x509", "-CA", "ca.pem", "-CAkey", "ca.key", "-keyout", &key, "-out", &certificate, "-subj", &subject];
            let kind = ["-addext", extension, "-addext", "basicConstraints=critical,CA:false"];
            openssl(dir, &[&leaf[..], &kind, &KEY, &LIFE].concat())?;
        }
        Ok(Self { dir: dir.to_owned() })
    }

    /// One of the files.
    pub fn file(&self, name: &str) -> String {
        self.dir.join(name).to_string_lossy().into_owned()
    }
}
