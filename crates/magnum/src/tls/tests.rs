// SPDX-License-Identifier: Apache-2.0
use super::*;
use magnum_conf::{File, Sources};
use magnum_pki::{Authority, Eku, KeyKind, PrivateKey, San, Subject, generate_key};
use secrecy::{ExposeSecret, SecretString};
use std::fs::Permissions;
use std::os::unix::fs::PermissionsExt;

/// A folder with a certificate for 127.0.0.1 and its key, and the authority that signed it.
pub(crate) struct Material {
    pub folder: tempfile::TempDir,
    /// PEM.
    pub authority: String,
    signer: Authority,
}

impl Material {
    pub fn new() -> Self {
        let now = Timestamp::now();
        let (authority, key) = Authority::create("authority of the test", now, 30).unwrap();
        let signer = Authority::load(&authority, key).unwrap();
        let material = Self { folder: tempfile::tempdir().unwrap(), authority, signer };
        material.renew("api.test");
        material
    }

    /// Another certificate and key in the place of those that are there.
    pub fn renew(&self, name: &str) {
        let (certificate, key) = self.pair(name);
        self.write("api.crt", &certificate);
        self.write("api.key", key.to_pkcs8_pem().unwrap().expose_secret());
    }

    pub fn pair(&self, name: &str) -> (String, PrivateKey) {
        let key = generate_key(KeyKind::EcP256).unwrap();
        let sans = [San::Ip([127, 0, 0, 1].into()), San::Dns(name.to_owned())];
        let subject = Subject::new(name, &[]);
        let certificate = self.signer.issue(&subject, &sans, &[Eku::ServerAuth], key.public_key(), Timestamp::now()).unwrap();
        (certificate, key)
    }

    /// As an operator would: whole or not at all.
    pub fn write(&self, name: &str, text: &str) {
        let (new, file) = (self.path("new"), self.path(name));
        std::fs::write(&new, text).unwrap();
        std::fs::set_permissions(&new, Permissions::from_mode(0o600)).unwrap();
        std::fs::rename(new, file).unwrap();
    }

    pub fn path(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    pub fn tls(&self) -> Result<Tls, HookError> {
        Ok(Tls::of(&self.config())?.unwrap())
    }

    fn config(&self) -> Config {
        let (certificate, key) = (self.path("api.crt"), self.path("api.key"));
        config(&format!("enabled_ssl = true\nssl_cert_file = {}\nssl_key_file = {}\n", certificate.display(), key.display()))
    }
}

fn config(text: &str) -> Config {
    let text = format!("[api]\n{text}");
    Config::new(Sources { files: vec![File { name: "magnum.conf".to_owned(), text }], ..Sources::default() })
}

#[test]
fn without_the_option_nothing_is_read() {
    assert!(Tls::of(&config("ssl_cert_file = /nowhere\n")).unwrap().is_none());
}

#[test]
fn what_cannot_be_used_names_the_option_and_the_remedy() {
    let material = Material::new();
    let (other, other_key) = material.pair("other.test");
    let key = std::fs::read_to_string(material.path("api.key")).unwrap();
    let certificate = std::fs::read_to_string(material.path("api.crt")).unwrap();
    let sealed = other_key.to_encrypted_pem(&SecretString::from("a passphrase")).unwrap();
    let traditional =
        "-----BEGIN RSA PRIVATE KEY-----\nProc-Type: 4,ENCRYPTED\nDEK-Info: AES-256-CBC,00\n\nAAAA\n-----END RSA PRIVATE KEY-----\n";
    let broken = "-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n";
    let cases: &[(&str, &str, &str, &str, &str)] = &[
        (&other, &key, "[api] ssl_key_file: the key in", "is not that of the first certificate in", "certificate comes first"),
        (&format!("{}{certificate}", material.authority), &key, "[api] ssl_key_file", "is not that of the first", "comes first"),
        (&certificate, &sealed, "[api] ssl_key_file", "is encrypted", "openssl pkey"),
        (&certificate, traditional, "[api] ssl_key_file", "is encrypted", "openssl pkey"),
        (&certificate, &certificate, "[api] ssl_key_file", "holds no private key", "PRIVATE KEY"),
        (&certificate, "", "[api] ssl_key_file", "holds no private key", "PRIVATE KEY"),
        (&key, &key, "[api] ssl_cert_file", "holds no certificate", "PEM"),
        (broken, &key, "[api] ssl_cert_file", "cannot be read", "openssl x509"),
        (&certificate[..120], &key, "[api] ssl_cert_file", "is not PEM", "-----BEGIN"),
    ];
    for (certificate, key, option, problem, remedy) in cases {
        material.write("api.crt", certificate);
        material.write("api.key", key);
        let error = material.tls().unwrap_err();
        assert!(error.message.starts_with(option) && error.message.contains(problem), "{problem}: {}", error.message);
        assert!(error.hint.as_ref().unwrap().contains(remedy), "{problem}: {:?}", error.hint);
        assert!(!error.message.contains("-----BEGIN"), "no key is shown: {}", error.message);
    }
}

#[test]
fn files_that_are_not_named_or_not_there_are_told() {
    let material = Material::new();
    for (text, option) in [
        ("enabled_ssl = true\n", "[api] ssl_cert_file: not set"),
        ("enabled_ssl = true\nssl_cert_file = /nowhere/x.crt\n", "[api] ssl_key_file: not set"),
        (
            "enabled_ssl = true\nssl_cert_file = /nowhere/x.crt\nssl_key_file = /nowhere/x.key\n",
            "[api] ssl_cert_file: /nowhere/x.crt cannot be",
        ),
        ("enabled_ssl = maybe\n", "enabled_ssl"),
    ] {
        let error = Tls::of(&config(text)).unwrap_err();
        assert!(error.message.contains(option), "{text}: {}", error.message);
    }
    std::fs::remove_file(material.path("api.key")).unwrap();
    let error = material.tls().unwrap_err();
    assert!(error.message.starts_with("[api] ssl_key_file") && error.message.contains("cannot be read: No such file"), "{}", error.message);
}

#[test]
fn half_a_change_leaves_the_certificate_of_before_in_force() {
    let material = Material::new();
    let mut tls = material.tls().unwrap();
    let shown = |tls: &Tls| {
        let key = Arc::clone(&tls.current.0.read().unwrap());
        magnum_pki::Certificate::from_der(&key.cert[0]).unwrap().subject.common_name
    };
    let (certificate, key) = material.pair("second.test");
    let mut complaint = None;
    tls.look(&mut complaint);
    assert_eq!((shown(&tls).as_str(), &complaint), ("api.test", &None));
    material.write("api.crt", &certificate);
    tls.look(&mut complaint);
    assert_eq!(shown(&tls), "api.test");
    assert!(complaint.as_ref().unwrap().contains("is not that of"));
    material.write("api.key", key.to_pkcs8_pem().unwrap().expose_secret());
    tls.look(&mut complaint);
    assert_eq!((shown(&tls).as_str(), &complaint), ("second.test", &None));
}
