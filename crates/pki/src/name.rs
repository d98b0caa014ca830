// SPDX-License-Identifier: Apache-2.0
//! Subjects and subject alternative names, as plain text on our side and DER on the other.

use crate::Error;
use der::asn1::{Any, Ia5String, ObjectIdentifier, PrintableStringRef, Utf8StringRef};
use der::{Decode, Encode, Tag, Tagged};
use std::fmt;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};
use x509_cert::attr::AttributeTypeAndValue;
use x509_cert::ext::pkix::name::GeneralName;
use x509_cert::name::{Name, RdnSequence, RelativeDistinguishedName};

const COMMON_NAME: ObjectIdentifier = ObjectIdentifier::new_unwrap("2.5.4.3");
const ORGANIZATION: ObjectIdentifier = ObjectIdentifier::new_unwrap("2.5.4.10");

/// Who a certificate speaks for: Kubernetes reads the common name as the user and organizations as groups.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Subject {
    pub common_name: String,
    pub organizations: Vec<String>,
    /// Everything else found in a subject that was read, e.g. `OU=OpenStack/Magnum`, or a second common name.
    /// A check for "exactly this subject" compares whole [`Subject`]s, so nothing can hide here.
    pub others: Vec<String>,
}

impl Subject {
    /// A subject of a common name and organizations.
    pub fn new(common_name: impl Into<String>, organizations: &[&str]) -> Self {
        Self { common_name: common_name.into(), organizations: organizations.iter().map(|o| (*o).to_owned()).collect(), others: Vec::new() }
    }

    /// The DER name; organizations come first, as Kubernetes' own tools write them.
    pub(crate) fn to_name(&self) -> Result<Name, Error> {
        if let Some(other) = self.others.first() {
            return Err(Error::InvalidName { value: other.clone(), reason: "only a common name and organizations can be written".into() });
        }
        let mut sequence = RdnSequence::default();
        for organization in &self.organizations {
            sequence.push(attribute(ORGANIZATION, organization)?);
        }
        if !self.common_name.is_empty() {
            sequence.push(attribute(COMMON_NAME, &self.common_name)?);
        }
        let bytes = sequence.to_der().map_err(Error::encode("a name"))?;
        Name::from_der(&bytes).map_err(Error::encode("a name"))
    }

    /// Reads a DER name; what is no common name or organization goes to `others`.
    pub(crate) fn from_name(name: &Name) -> Self {
        let mut subject = Subject::default();
        for attribute in name.iter() {
            match (attribute.oid, text(&attribute.value)) {
                (COMMON_NAME, Some(text)) if subject.common_name.is_empty() && !text.is_empty() => subject.common_name = text,
                (ORGANIZATION, Some(text)) => subject.organizations.push(text),
                _ => subject.others.push(attribute.to_string()),
            }
        }
        subject
    }
}

impl fmt::Display for Subject {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let common_name = (!self.common_name.is_empty()).then(|| format!("CN={}", self.common_name));
        let organizations = self.organizations.iter().map(|o| format!("O={o}"));
        let parts: Vec<String> = common_name.into_iter().chain(organizations).chain(self.others.iter().cloned()).collect();
        f.write_str(&parts.join(", "))
    }
}

fn attribute(oid: ObjectIdentifier, text: &str) -> Result<RelativeDistinguishedName, Error> {
    if text.is_empty() || text.chars().any(char::is_control) {
        return Err(Error::InvalidName { value: text.to_owned(), reason: "empty, or with control characters".into() });
    }
    let value = Utf8StringRef::new(text).and_then(|text| Any::encode_from(&text)).map_err(Error::encode("a name's text"))?;
    let mut rdn = RelativeDistinguishedName::default();
    rdn.insert(AttributeTypeAndValue { oid, value }).map_err(Error::encode("a name's part"))?;
    Ok(rdn)
}

fn text(value: &Any) -> Option<String> {
    match value.tag() {
        Tag::Utf8String => value.decode_as::<Utf8StringRef<'_>>().ok().map(|s| s.as_str().to_owned()),
        Tag::PrintableString => value.decode_as::<PrintableStringRef<'_>>().ok().map(|s| s.as_str().to_owned()),
        _ => None,
    }
}

/// A subject alternative name.
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum San {
    Ip(IpAddr),
    Dns(String),
    /// Any other kind (mail address, URI, …), as text; it can be read but not asked for.
    Other(String),
}

impl San {
    /// Whether it can be written into a certificate.
    pub fn is_writable(&self) -> bool {
        self.to_general_name().is_ok()
    }

    pub(crate) fn to_general_name(&self) -> Result<GeneralName, Error> {
        match self {
            San::Ip(address) => Ok(GeneralName::from(*address)),
            San::Dns(name) => {
                let ok = !name.is_empty()
                    && name.len() <= 253
                    && name.bytes().all(|b| b.is_ascii_alphanumeric() || matches!(b, b'-' | b'.' | b'_' | b'*'));
                let refuse = || Error::InvalidName { value: name.clone(), reason: "not a DNS name".into() };
                if !ok {
                    return Err(refuse());
                }
                Ia5String::new(name).map(GeneralName::DnsName).map_err(|_| refuse())
            }
            San::Other(text) => Err(Error::InvalidName { value: text.clone(), reason: "not an IP address or DNS name".into() }),
        }
    }

    pub(crate) fn from_general_name(name: &GeneralName) -> Self {
        match name {
            GeneralName::DnsName(name) => San::Dns(name.as_str().to_owned()),
            GeneralName::IpAddress(bytes) => {
                let bytes = bytes.as_bytes();
                let v4 = <[u8; 4]>::try_from(bytes).map(|b| IpAddr::V4(Ipv4Addr::from(b)));
                let v6 = <[u8; 16]>::try_from(bytes).map(|b| IpAddr::V6(Ipv6Addr::from(b)));
                v4.or(v6).map_or_else(|_| San::Other(format!("IP:{bytes:02x?}")), San::Ip)
            }
            GeneralName::Rfc822Name(text) => San::Other(format!("email:{}", text.as_str())),
            GeneralName::UniformResourceIdentifier(text) => San::Other(format!("URI:{}", text.as_str())),
            GeneralName::DirectoryName(name) => San::Other(format!("DirName:{name}")),
            GeneralName::RegisteredId(oid) => San::Other(format!("RID:{oid}")),
            GeneralName::OtherName(_) => San::Other("othername".to_owned()),
            GeneralName::EdiPartyName(_) => San::Other("ediparty".to_owned()),
        }
    }
}

impl fmt::Display for San {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            San::Ip(address) => write!(f, "IP:{address}"),
            San::Dns(name) => write!(f, "DNS:{name}"),
            San::Other(text) => f.write_str(text),
        }
    }
}
