// SPDX-License-Identifier: Apache-2.0
//! `magnum cluster config`: makes a key here, has it signed, writes the credentials and prints what a shell needs.
//!
//! The key never leaves this machine. Standard output holds nothing but shell commands, on one line, because
//! `eval $(…)` joins lines. A file of the same cluster that still serves is used again, so that the command can be
//! repeated; any other file is left alone unless `--force` says so.

use super::kubeconfig::{self, Access, Content};
use crate::context::{Context, text};
use crate::error::Error;
use crate::private_file;
use clap::Args;
use jiff::Timestamp;
use magnum_pki::{KeyKind, Subject, certificate_request, generate_key};
use secrecy::{ExposeSecret, SecretString};
use serde_json::{Value, json};
use std::path::{Path, PathBuf};

/// Arguments of `cluster config`.
#[derive(Debug, Clone, Args)]
pub struct Arguments {
    /// The cluster's name or uuid
    pub cluster: String,
    /// Where to write
    #[arg(long, default_value = ".")]
    pub dir: PathBuf,
    /// Overwrite files that are there
    #[arg(long)]
    pub force: bool,
    /// Write key.pem, cert.pem and ca.pem too (for Swarm they are always written)
    #[arg(long)]
    pub output_certs: bool,
    /// Accepted for compatibility: certificates are what is used
    #[arg(long, hide = true)]
    pub use_certificate: bool,
    /// Have kubectl show the token of Keystone that is in OS_TOKEN instead of a certificate
    #[arg(long)]
    pub use_keystone: bool,
}

struct Credentials {
    ca: String,
    certificate: String,
    key: SecretString,
}

pub(crate) async fn run(context: &Context, arguments: &Arguments) -> Result<(), Error> {
    let cluster = context.cluster(&arguments.cluster).await?;
    let template = context.template(text(&cluster, "cluster_template_id")).await?;
    let server = text(&cluster, "api_address");
    if server.is_empty() {
        let hint = Some(format!("its status is {}; see magnum timeline {}", text(&cluster, "status"), arguments.cluster));
        return Err(Error::Failed { message: "the cluster's api_address is not known yet".into(), hint });
    }
    let dir = context.directory.join(&arguments.dir);
    let tls = template.get("tls_disabled").and_then(Value::as_bool) != Some(true);
    match text(&template, "coe") {
        "kubernetes" => kubernetes(context, arguments, &cluster, &dir, tls).await,
        coe if coe.starts_with("swarm") => swarm(context, arguments, &cluster, &dir, tls).await,
        coe => Err(Error::failed(format!("a cluster of type {coe} has no client configuration"))),
    }
}

async fn kubernetes(context: &Context, arguments: &Arguments, cluster: &Value, dir: &Path, tls: bool) -> Result<(), Error> {
    let (uuid, server, path) = (text(cluster, "uuid"), text(cluster, "api_address"), tidy(&dir.join("config")));
    let ca = if tls { Some(authority(context, uuid).await?) } else { None };
    let present = std::fs::read_to_string(&path).ok();
    if let (true, Some(ca)) = (arguments.use_keystone, &ca) {
        let document = kubeconfig::document(&Content { cluster: text(cluster, "name"), server, access: Access::Keystone { ca } });
        if arguments.force || !present.is_some_and(|text| kubeconfig::is(&text, &document)) {
            write_kubeconfig(arguments, &path, &document)?;
            if arguments.output_certs {
                let path = dir.join("ca.pem");
                refuse_to_overwrite(arguments, &[&path])?;
                private_file::write(&path, ca.as_bytes())?;
            }
        }
        return say_kubeconfig(context, &path, server);
    }
    let usable = present.as_deref().is_some_and(|text| kubeconfig::still_serves(text, server, ca.as_deref(), Timestamp::now()));
    if arguments.force || arguments.output_certs || !usable {
        refuse_to_overwrite(arguments, &[&path])?;
        let credentials = match ca {
            Some(ca) => Some(credentials(context, uuid, ca).await?),
            None => None,
        };
        let access = credentials.as_ref().map_or(Access::Open, |c| Access::Certificate {
            ca: &c.ca,
            certificate: &c.certificate,
            key: c.key.expose_secret(),
        });
        write_kubeconfig(arguments, &path, &kubeconfig::document(&Content { cluster: text(cluster, "name"), server, access }))?;
        if let Some(credentials) = credentials.filter(|_| arguments.output_certs) {
            write_pems(arguments, dir, &credentials)?;
        }
    }
    say_kubeconfig(context, &path, server)
}

fn write_kubeconfig(arguments: &Arguments, path: &Path, document: &Value) -> Result<(), Error> {
    refuse_to_overwrite(arguments, &[path])?;
    let yaml = serde_saphyr::to_string(document).map_err(|error| Error::Internal { message: format!("cannot write YAML: {error}") })?;
    private_file::write(path, yaml.as_bytes())
}

fn say_kubeconfig(context: &Context, path: &Path, server: &str) -> Result<(), Error> {
    let line = shell(&context.shell, &[("KUBECONFIG", &path.to_string_lossy())]);
    print(context, &line, json!({"kubeconfig": path, "api_address": server, "shell": line}))
}

async fn swarm(context: &Context, arguments: &Arguments, cluster: &Value, dir: &Path, tls: bool) -> Result<(), Error> {
    let (uuid, server, dir) = (text(cluster, "uuid"), text(cluster, "api_address"), tidy(dir));
    if !tls {
        let line = shell(&context.shell, &[("DOCKER_HOST", server), ("DOCKER_TLS_VERIFY", ""), ("DOCKER_CERT_PATH", "")]);
        return print(context, &line, json!({"api_address": server, "shell": line}));
    }
    let ca = authority(context, uuid).await?;
    if arguments.force || !pems_serve(&dir, &ca) {
        write_pems(arguments, &dir, &credentials(context, uuid, ca).await?)?;
    }
    let line = shell(&context.shell, &[("DOCKER_HOST", server), ("DOCKER_TLS_VERIFY", "1"), ("DOCKER_CERT_PATH", &dir.to_string_lossy())]);
    print(context, &line, json!({"cert_path": dir, "api_address": server, "shell": line}))
}

fn print(context: &Context, line: &str, object: Value) -> Result<(), Error> {
    if !context.printer.document(&object)? {
        context.printer.out(&format!("{line}\n"));
    }
    Ok(())
}

async fn authority(context: &Context, uuid: &str) -> Result<String, Error> {
    let answer = context.client()?.get(&["certificates", uuid]).send().await?;
    answer.get("pem").and_then(Value::as_str).map(str::to_owned).ok_or_else(|| Error::unexpected("certificate"))
}

async fn credentials(context: &Context, uuid: &str, ca: String) -> Result<Credentials, Error> {
    let broken = |error: magnum_pki::Error| Error::Internal { message: error.to_string() };
    let key = generate_key(KeyKind::EcP256).map_err(broken)?;
    let request = certificate_request(&key, &Subject::new("admin", &["system:masters"]), &[]).map_err(broken)?;
    let body = json!({"cluster_uuid": uuid, "csr": request});
    let answer = context.client()?.post(&["certificates"], body).send().await?;
    let certificate = answer.get("pem").and_then(Value::as_str).ok_or_else(|| Error::unexpected("certificate"))?.to_owned();
    Ok(Credentials { ca, certificate, key: key.to_pkcs8_pem().map_err(broken)? })
}

fn write_pems(arguments: &Arguments, dir: &Path, credentials: &Credentials) -> Result<(), Error> {
    let files = [("key.pem", credentials.key.expose_secret()), ("cert.pem", &credentials.certificate), ("ca.pem", &credentials.ca)];
    let paths = files.map(|(name, _)| dir.join(name));
    refuse_to_overwrite(arguments, &paths.each_ref().map(PathBuf::as_path))?;
    for (path, (_, content)) in paths.iter().zip(files) {
        private_file::write(path, content.as_bytes())?;
    }
    Ok(())
}

/// Whether the three files of a Docker client still open the cluster.
fn pems_serve(dir: &Path, ca: &str) -> bool {
    let read = |name: &str| std::fs::read_to_string(dir.join(name)).ok();
    let (Some(key), Some(certificate), Some(old_ca)) = (read("key.pem"), read("cert.pem"), read("ca.pem")) else { return false };
    let key = magnum_pki::PrivateKey::from_pkcs8_pem(&key);
    let (certificate, issuer) = (magnum_pki::Certificate::parse(&certificate), magnum_pki::Certificate::parse(ca));
    let (Ok(key), Ok(certificate), Ok(issuer)) = (key, certificate, issuer) else { return false };
    old_ca.trim() == ca.trim()
        && certificate.belongs_to(&key)
        && certificate.is_signed_by(&issuer)
        && certificate.is_valid_at(Timestamp::now())
}

fn refuse_to_overwrite(arguments: &Arguments, paths: &[&Path]) -> Result<(), Error> {
    match paths.iter().find(|path| !arguments.force && path.symlink_metadata().is_ok()) {
        Some(path) => Err(Error::Failed {
            message: format!("File {} exists, aborting.", path.display()),
            hint: Some(format!(
                "it is not this cluster's or no longer valid: overwrite it with --force, or write elsewhere with --dir {}",
                arguments.cluster
            )),
        }),
        None => Ok(()),
    }
}

/// The path without `.` parts: it is read by people and pasted into other directories.
fn tidy(path: &Path) -> PathBuf {
    path.components().filter(|part| !matches!(part, std::path::Component::CurDir)).collect()
}

/// The line a shell evaluates to set `variables`.
fn shell(shell: &str, variables: &[(&str, &str)]) -> String {
    if shell.contains("csh") {
        return variables.iter().map(|(name, value)| format!("setenv {name} {};", quoted(value))).collect::<Vec<_>>().join(" ");
    }
    let pairs: Vec<String> = variables.iter().map(|(name, value)| format!("{name}={}", quoted(value))).collect();
    format!("export {}", pairs.join(" "))
}

fn quoted(value: &str) -> String {
    let safe = |c: char| c.is_ascii_alphanumeric() || matches!(c, '/' | '.' | '_' | '-' | ':' | '@' | '%' | '+' | ',');
    if !value.is_empty() && value.chars().all(safe) { value.to_owned() } else { format!("'{}'", value.replace('\'', "'\\''")) }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_line_is_safe_to_evaluate() {
        for (shell_name, value, wanted) in [
            ("/bin/bash", "/home/a/config", "export KUBECONFIG=/home/a/config"),
            ("", "/home/a b/config", "export KUBECONFIG='/home/a b/config'"),
            ("/bin/sh", "/x/$(reboot)'; id", "export KUBECONFIG='/x/$(reboot)'\\''; id'"),
            ("/bin/tcsh", "/x", "setenv KUBECONFIG /x;"),
        ] {
            assert_eq!(shell(shell_name, &[("KUBECONFIG", value)]), wanted);
        }
        assert_eq!(shell("", &[("A", "tcp://1.2.3.4:2376"), ("B", "")]), "export A=tcp://1.2.3.4:2376 B=''");
        assert_eq!(tidy(Path::new("/a/./b/.")), Path::new("/a/b"));
    }
}
