// SPDX-License-Identifier: Apache-2.0
//! Certificate extensions: what a request's are filtered to (Magnum's rules), and those we write ourselves.

use crate::authority::Eku;
use crate::name::San;
use crate::policy::{ExtensionName, Policy, USAGES};
use crate::public_key::PublicKey;
use crate::{Csr, Error};
use der::asn1::{ObjectIdentifier, OctetString};
use der::flagset::FlagSet;
use der::{Decode, Encode};
use x509_cert::ext::Extension;
use x509_cert::ext::pkix::{
    AuthorityKeyIdentifier, BasicConstraints, ExtendedKeyUsage, KeyUsage, KeyUsages, SubjectAltName, SubjectKeyIdentifier,
};

/// The request's extensions that may be signed, in the request's order.
///
/// Not allowed and critical is refused; not allowed and not critical is dropped. The subject's key identifier
/// is left out here: the signer writes its own.
pub(crate) fn filter(csr: &Csr, policy: &Policy) -> Result<Vec<Extension>, Error> {
    let malformed = |name: ExtensionName| Error::ExtensionNotAllowed { extension: format!("{} (malformed)", name.as_str()) };
    let mut kept = Vec::new();
    for extension in &csr.extensions {
        let name = ExtensionName::from_oid(extension.extn_id).filter(|name| policy.allowed_extensions.contains(name));
        match name {
            None if extension.critical => return Err(Error::ExtensionNotAllowed { extension: described(extension) }),
            None | Some(ExtensionName::SubjectKeyIdentifier | ExtensionName::AuthorityKeyIdentifier) => {}
            Some(name @ ExtensionName::KeyUsage) => {
                let asked = KeyUsage::from_der(extension.extn_value.as_bytes()).map_err(|_| malformed(name))?;
                kept.extend(masked(asked.0, extension.critical, policy)?);
            }
            Some(name @ ExtensionName::BasicConstraints) => {
                let asked = BasicConstraints::from_der(extension.extn_value.as_bytes()).map_err(|_| malformed(name))?;
                match (asked.ca && !policy.allow_ca, extension.critical) {
                    (true, true) => return Err(Error::ExtensionNotAllowed { extension: "basicConstraints CA:TRUE".into() }),
                    (true, false) => kept.push(basic_constraints(false, None, false)?),
                    (false, _) => kept.push(extension.clone()),
                }
            }
            Some(_) => kept.push(extension.clone()),
        }
    }
    Ok(kept)
}

/// The key usage with the bits the policy allows; none left means no extension.
fn masked(asked: FlagSet<KeyUsages>, critical: bool, policy: &Policy) -> Result<Option<Extension>, Error> {
    let allowed = asked & policy.key_usage();
    if critical && allowed != asked {
        let refused = USAGES.iter().find(|(bit, _)| asked.contains(*bit) && !allowed.contains(*bit));
        return Err(Error::ExtensionNotAllowed { extension: format!("keyUsage {}", refused.map_or("?", |(_, name)| name)) });
    }
    if allowed.is_empty() { Ok(None) } else { key_usage(allowed, critical).map(Some) }
}

fn described(extension: &Extension) -> String {
    ExtensionName::from_oid(extension.extn_id).map_or_else(|| extension.extn_id.to_string(), |name| name.as_str().to_owned())
}

pub(crate) fn key_usage(usage: impl Into<FlagSet<KeyUsages>>, critical: bool) -> Result<Extension, Error> {
    build(ExtensionName::KeyUsage, critical, &KeyUsage(usage.into()))
}

pub(crate) fn basic_constraints(ca: bool, path_length: Option<u8>, critical: bool) -> Result<Extension, Error> {
    build(ExtensionName::BasicConstraints, critical, &BasicConstraints { ca, path_len_constraint: path_length })
}

pub(crate) fn subject_key_identifier(key: &PublicKey) -> Result<Extension, Error> {
    let id = OctetString::new(key.identifier()).map_err(Error::encode("a key identifier"))?;
    build(ExtensionName::SubjectKeyIdentifier, false, &SubjectKeyIdentifier(id))
}

/// Names the authority's key by `identifier`, which must be the one its own certificate carries.
pub(crate) fn authority_key_identifier(identifier: Vec<u8>) -> Result<Extension, Error> {
    let id = OctetString::new(identifier).map_err(Error::encode("a key identifier"))?;
    build(ExtensionName::AuthorityKeyIdentifier, false, &AuthorityKeyIdentifier { key_identifier: Some(id), ..Default::default() })
}

pub(crate) fn extended_key_usage(usages: &[Eku]) -> Result<Extension, Error> {
    let oids = usages.iter().map(Eku::oid).collect::<Result<_, _>>()?;
    build(ExtensionName::ExtendedKeyUsage, false, &ExtendedKeyUsage(oids))
}

pub(crate) fn subject_alt_name(sans: &[San]) -> Result<Extension, Error> {
    let names = sans.iter().map(San::to_general_name).collect::<Result<_, _>>()?;
    build(ExtensionName::SubjectAltName, false, &SubjectAltName(names))
}

fn build(name: ExtensionName, critical: bool, value: &impl Encode) -> Result<Extension, Error> {
    let bytes = value.to_der().map_err(Error::encode(name.as_str()))?;
    let extn_value = OctetString::new(bytes).map_err(Error::encode(name.as_str()))?;
    Ok(Extension { extn_id: name.oid(), critical, extn_value })
}

/// The alternative names in a list of extensions.
pub(crate) fn sans(extensions: &[Extension]) -> Result<Vec<San>, String> {
    let found: Option<SubjectAltName> = find(extensions, ExtensionName::SubjectAltName)?;
    Ok(found.map(|san| san.0.iter().map(San::from_general_name).collect()).unwrap_or_default())
}

/// The extended key usages in a list of extensions.
pub(crate) fn extended_key_usages(extensions: &[Extension]) -> Result<Vec<Eku>, String> {
    let found: Option<ExtendedKeyUsage> = find(extensions, ExtensionName::ExtendedKeyUsage)?;
    Ok(found.map(|usage| usage.0.iter().map(Eku::from_oid).collect()).unwrap_or_default())
}

/// Whether a list of extensions makes its certificate a CA.
pub(crate) fn is_ca(extensions: &[Extension]) -> Result<bool, String> {
    let found: Option<BasicConstraints> = find(extensions, ExtensionName::BasicConstraints)?;
    Ok(found.is_some_and(|constraints| constraints.ca))
}

/// The subject's key identifier in a list of extensions.
pub(crate) fn key_identifier(extensions: &[Extension]) -> Result<Option<Vec<u8>>, String> {
    let found: Option<SubjectKeyIdentifier> = find(extensions, ExtensionName::SubjectKeyIdentifier)?;
    Ok(found.map(|identifier| identifier.0.as_bytes().to_vec()))
}

fn find<'a, T: Decode<'a, Error = der::Error>>(extensions: &'a [Extension], name: ExtensionName) -> Result<Option<T>, String> {
    let oid: ObjectIdentifier = name.oid();
    let found = extensions.iter().find(|e| e.extn_id == oid);
    found.map(|e| T::from_der(e.extn_value.as_bytes()).map_err(|error| format!("its {} is malformed: {error}", name.as_str()))).transpose()
}
