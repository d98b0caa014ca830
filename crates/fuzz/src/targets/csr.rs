// SPDX-License-Identifier: Apache-2.0
//! Certificate requests: one is accepted only with its own signature, and what is signed for it is what the rules allow, for clients
//! of the API and for nodes. Changed requests are also signed anew, so that what stands behind the signature is reached.

use aws_lc_rs::encoding::{AsDer, PublicKeyX509Der};
use aws_lc_rs::rand::SystemRandom;
use aws_lc_rs::signature::{ECDSA_P256_SHA256_ASN1_SIGNING, EcdsaKeyPair, KeyPair};
use der::Decode;
use der::pem::LineEnding;
use jiff::Timestamp;
use magnum_api::fuzzing::{NODE_AUTHORITIES, NODE_SEATS, node_usages};
use magnum_pki::{Authority, Certificate, Csr, ExtensionName, KeyKind, KeyType, Policy, San, generate_key};
use std::sync::LazyLock;
use x509_cert::ext::pkix::KeyUsage;

/// What the signer itself writes.
const OWN: [&str; 2] = ["2.5.29.14", "2.5.29.35"];
const KEY_USAGE: &str = "2.5.29.15";
const SUBJECT_ALT_NAME: &str = "2.5.29.17";

/// PEM text, or DER.
pub fn check(data: &[u8]) {
    if let Ok(text) = std::str::from_utf8(data)
        && let Ok(csr) = Csr::parse(text)
    {
        signed(&csr);
    }
    if let Ok(csr) = read(data) {
        signed(&csr);
        for at in [data.len() / 8, data.len() / 4, data.len() / 2] {
            let mut changed = data.to_vec();
            if let Some(byte) = changed.get_mut(at) {
                *byte ^= 1;
            }
            assert!(read(&changed).is_err(), "a request changed at {at} passes for the original");
        }
    }
    if let Some(Ok(csr)) = anew(data).as_deref().map(read) {
        signed(&csr);
    }
}

fn read(request: &[u8]) -> Result<Csr, String> {
    let pem = der::pem::encode_string("CERTIFICATE REQUEST", LineEnding::LF, request).map_err(|error| error.to_string())?;
    Csr::parse(&pem).map_err(|error| error.to_string())
}

/// An authority and policies, the same for all inputs of a run.
static AUTHORITY: LazyLock<Option<Authority>> = LazyLock::new(|| {
    let key = generate_key(KeyKind::EcP256).ok()?;
    let certificate = Authority::certify("c1", &key, Timestamp::UNIX_EPOCH + jiff::SignedDuration::from_hours(24 * 20_000), 100).ok()?;
    Authority::load(&certificate, key).ok()
});

/// What comes of an accepted request.
fn signed(csr: &Csr) {
    assert!(*csr.subject() != Default::default() || !csr.sans().is_empty(), "it names nobody");
    assert!(!matches!(csr.public_key().key_type(), KeyType::Rsa { bits } if !(2048..=8192).contains(&bits)), "a weak key");
    let Some(authority) = AUTHORITY.as_ref() else { return };
    let now = authority.certificate().not_before;
    let strict = Policy { allowed_extensions: Vec::new(), ..Policy::default() };
    for policy in [Policy::default(), strict, Policy { allow_ca: true, ..Policy::default() }] {
        match authority.sign(csr, &policy, now) {
            Ok(pem) => for_client(csr, &policy, authority, &pem),
            Err(error) => assert!(error.is_callers(), "{error} is none of the caller's"),
        }
    }
    for seat in NODE_SEATS {
        for ca in NODE_AUTHORITIES {
            if let Ok(usages) = node_usages(seat, ca, csr) {
                assert!(csr.subject().others.is_empty(), "{}", csr.subject());
                let masters = csr.subject().organizations.iter().any(|group| group == "system:masters");
                assert!(seat.master || !masters, "a worker would be an administrator");
                assert!(seat.master || csr.sans().iter().all(own), "{:?} for a worker", csr.sans());
                let issued = authority.issue(csr.subject(), csr.sans(), &usages, csr.public_key(), now);
                let read = issued.as_ref().map(|pem| Certificate::parse(pem));
                let Ok(Ok(certificate)) = read else { unreachable!("{:?} is allowed and cannot be had: {issued:?}", csr.subject()) };
                assert!(!certificate.is_ca && certificate.subject == *csr.subject() && certificate.sans == csr.sans());
                assert_eq!(certificate.extended_key_usages, usages);
            }
        }
    }
}

fn own(san: &San) -> bool {
    [San::Dns("n-0".to_owned()), San::Ip([10, 0, 0, 5].into())].contains(san)
}

fn for_client(csr: &Csr, policy: &Policy, authority: &Authority, pem: &str) {
    let certificate = Certificate::parse(pem);
    assert!(certificate.is_ok(), "{certificate:?}");
    let Ok(certificate) = certificate else { return };
    assert!(certificate.is_signed_by(authority.certificate()));
    assert_eq!((&certificate.subject, certificate.public_key.as_ref()), (csr.subject(), Some(csr.public_key())));
    assert!(!certificate.is_ca || policy.allow_ca, "it makes an authority of the caller");
    let bytes = der::pem::decode_vec(pem.as_bytes()).map(|(_, bytes)| bytes).unwrap_or_default();
    let read = x509_cert::Certificate::from_der(&bytes);
    let extensions = read.as_ref().ok().and_then(|read| read.tbs_certificate().extensions().cloned()).unwrap_or_default();
    let mut names: Vec<String> = extensions.iter().map(|extension| extension.extn_id.to_string()).collect();
    names.sort();
    assert!(names.windows(2).all(|pair| pair[0] != pair[1]), "{names:?} has one twice");
    let asked: Vec<String> = csr.extensions().into_iter().map(|extension| extension.name).collect();
    let allowed = |name: &str| policy.allowed_extensions.iter().map(|allowed| allowed.as_str()).any(|allowed| allowed == name);
    for extension in &extensions {
        let number = extension.extn_id.to_string();
        let name = NAMES.iter().find(|(oid, _)| *oid == number).map_or(number.as_str(), |(_, name)| name.as_str());
        assert!(
            OWN.contains(&number.as_str()) || (allowed(name) && asked.iter().any(|asked| asked == name)),
            "{name} was not to be signed"
        );
        if number == KEY_USAGE
            && let Ok(usage) = KeyUsage::from_der(extension.extn_value.as_bytes())
        {
            assert!((usage.0 & !policy.allowed_key_usage).is_empty(), "{usage:?}");
        }
    }
    let named = names.iter().any(|name| name == SUBJECT_ALT_NAME);
    assert_eq!(certificate.sans, if named { csr.sans().to_vec() } else { Vec::new() });
}

/// Extensions of the usual policy by their numbers.
const NAMES: [(&str, ExtensionName); 4] = [
    (KEY_USAGE, ExtensionName::KeyUsage),
    (SUBJECT_ALT_NAME, ExtensionName::SubjectAltName),
    ("2.5.29.19", ExtensionName::BasicConstraints),
    ("2.5.29.37", ExtensionName::ExtendedKeyUsage),
];

/// The request with another key, signed by it: version, subject and attributes are the input's.
fn anew(request: &[u8]) -> Option<Vec<u8>> {
    static KEY: LazyLock<Option<EcdsaKeyPair>> = LazyLock::new(|| EcdsaKeyPair::generate(&ECDSA_P256_SHA256_ASN1_SIGNING).ok());
    let key = KEY.as_ref()?;
    let spki: PublicKeyX509Der<'_> = key.public_key().as_der().ok()?;
    let (info, _) = element(content(request)?)?;
    let (version, rest) = element(content(info)?)?;
    let (subject, rest) = element(rest)?;
    let (_, attributes) = element(rest)?;
    let info = tlv(0x30, &[version, subject, spki.as_ref(), attributes].concat());
    let signature = key.sign(&SystemRandom::new(), &info).ok()?;
    // ecdsa-with-SHA256
    let algorithm = [0x30, 0x0a, 0x06, 0x08, 0x2a, 0x86, 0x48, 0xce, 0x3d, 0x04, 0x03, 0x02];
    let bits = tlv(0x03, &[&[0], signature.as_ref()].concat());
    Some(tlv(0x30, &[&info, &algorithm[..], &bits].concat()))
}

/// The first element and what follows it. A length that is too long ends with the input.
fn element(bytes: &[u8]) -> Option<(&[u8], &[u8])> {
    let (head, length) = head(bytes)?;
    Some(bytes.split_at(head.saturating_add(length).min(bytes.len())))
}

fn content(bytes: &[u8]) -> Option<&[u8]> {
    let (head, length) = head(bytes)?;
    bytes.get(head..head.saturating_add(length).min(bytes.len()))
}

/// How long an element's head is, and how long it says that its content is.
fn head(bytes: &[u8]) -> Option<(usize, usize)> {
    let length = *bytes.get(1)?;
    let more = usize::from(length & 0x7f);
    match length {
        0..0x80 => Some((2, usize::from(length))),
        _ if more <= 4 => Some((2 + more, bytes.get(2..2 + more)?.iter().fold(0, |length, byte| length << 8 | usize::from(*byte)))),
        _ => None,
    }
}

fn tlv(tag: u8, content: &[u8]) -> Vec<u8> {
    let length = content.len().to_be_bytes();
    let first = length.iter().position(|byte| *byte != 0).unwrap_or(length.len() - 1);
    let digits = &length[first..];
    let mut out = vec![tag];
    if content.len() >= 0x80 {
        out.push(0x80 | u8::try_from(digits.len()).unwrap_or(0));
    }
    out.extend_from_slice(digits);
    out.extend_from_slice(content);
    out
}
