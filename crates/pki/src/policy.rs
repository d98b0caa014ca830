// SPDX-License-Identifier: Apache-2.0
//! What may be signed: Magnum's `[x509]` options as types. The defaults are Magnum's.

use der::asn1::ObjectIdentifier;
use der::flagset::FlagSet;
use x509_cert::ext::pkix::KeyUsages;

/// The rules for signing a request.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Policy {
    /// `[x509]term_of_validity`.
    pub validity_days: u32,
    /// `[x509]allowed_extensions`.
    pub allowed_extensions: Vec<ExtensionName>,
    /// `[x509]allowed_key_usage`.
    pub allowed_key_usage: FlagSet<KeyUsages>,
    /// `[x509]allow_ca`.
    pub allow_ca: bool,
}

impl Default for Policy {
    fn default() -> Self {
        use ExtensionName as E;
        Self {
            validity_days: 365 * 5,
            allowed_extensions: vec![E::KeyUsage, E::ExtendedKeyUsage, E::SubjectAltName, E::BasicConstraints, E::SubjectKeyIdentifier],
            allowed_key_usage: KeyUsages::DigitalSignature | KeyUsages::KeyEncipherment | KeyUsages::NonRepudiation,
            allow_ca: false,
        }
    }
}

impl Policy {
    /// Reads `allowed_extensions` from the words of `magnum.conf`.
    pub fn set_extensions(&mut self, names: &[&str]) -> Result<(), UnknownName> {
        self.allowed_extensions = names.iter().map(|name| ExtensionName::parse(name)).collect::<Result<_, _>>()?;
        Ok(())
    }

    /// Reads `allowed_key_usage` from the words of `magnum.conf`, e.g. `Digital Signature`.
    pub fn set_key_usage(&mut self, names: &[&str]) -> Result<(), UnknownName> {
        let mut usage = FlagSet::default();
        for name in names {
            usage |= USAGES.iter().find(|(_, word)| word == name).ok_or_else(|| UnknownName((*name).to_owned()))?.0;
        }
        self.allowed_key_usage = usage;
        Ok(())
    }

    /// The key usage bits that may be signed; a certificate that is no CA never gets the CA's bits.
    pub(crate) fn key_usage(&self) -> FlagSet<KeyUsages> {
        let ca_bits = KeyUsages::KeyCertSign | KeyUsages::CRLSign;
        if self.allow_ca { self.allowed_key_usage } else { self.allowed_key_usage & !ca_bits }
    }
}

/// The key usage bits with their names in `magnum.conf`.
pub(crate) const USAGES: &[(KeyUsages, &str)] = &[
    (KeyUsages::DigitalSignature, "Digital Signature"),
    (KeyUsages::NonRepudiation, "Content Commitment"),
    (KeyUsages::KeyEncipherment, "Key Encipherment"),
    (KeyUsages::DataEncipherment, "Data Encipherment"),
    (KeyUsages::KeyAgreement, "Key Agreement"),
    (KeyUsages::KeyCertSign, "Certificate Sign"),
    (KeyUsages::CRLSign, "CRL Sign"),
    (KeyUsages::EncipherOnly, "Encipher Only"),
    (KeyUsages::DecipherOnly, "Decipher Only"),
];

/// A word in the configuration that names no extension or key usage.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{0:?} is not the name of a certificate extension or key usage")]
pub struct UnknownName(pub String);

macro_rules! extensions {
    ($($variant:ident = $name:literal $oid:literal),+ $(,)?) => {
        /// The extensions that `[x509]allowed_extensions` can name.
        #[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
        pub enum ExtensionName { $($variant),+ }

        impl ExtensionName {
            /// Reads the name used in `magnum.conf`.
            pub fn parse(text: &str) -> Result<Self, UnknownName> {
                match text { $($name => Ok(ExtensionName::$variant),)+ other => Err(UnknownName(other.to_owned())) }
            }

            /// The name used in `magnum.conf`.
            pub fn as_str(self) -> &'static str {
                match self { $(ExtensionName::$variant => $name),+ }
            }

            pub(crate) fn from_oid(oid: ObjectIdentifier) -> Option<Self> {
                match oid.to_string().as_str() { $($oid => Some(ExtensionName::$variant),)+ _ => None }
            }

            pub(crate) fn oid(self) -> ObjectIdentifier {
                match self { $(ExtensionName::$variant => ObjectIdentifier::new_unwrap($oid)),+ }
            }
        }
    };
}

extensions! {
    KeyUsage = "keyUsage" "2.5.29.15",
    ExtendedKeyUsage = "extendedKeyUsage" "2.5.29.37",
    SubjectAltName = "subjectAltName" "2.5.29.17",
    BasicConstraints = "basicConstraints" "2.5.29.19",
    SubjectKeyIdentifier = "subjectKeyIdentifier" "2.5.29.14",
    AuthorityKeyIdentifier = "authorityKeyIdentifier" "2.5.29.35",
    IssuerAltName = "issuerAltName" "2.5.29.18",
    CertificatePolicies = "certificatePolicies" "2.5.29.32",
    PolicyMappings = "policyMappings" "2.5.29.33",
    PolicyConstraints = "policyConstraints" "2.5.29.36",
    NameConstraints = "nameConstraints" "2.5.29.30",
    CrlDistributionPoints = "cRLDistributionPoints" "2.5.29.31",
    FreshestCrl = "freshestCRL" "2.5.29.46",
    InhibitAnyPolicy = "inhibitAnyPolicy" "2.5.29.54",
    AuthorityInfoAccess = "authorityInfoAccess" "1.3.6.1.5.5.7.1.1",
    SubjectInfoAccess = "subjectInfoAccess" "1.3.6.1.5.5.7.1.11",
    OcspNoCheck = "OCSPNoCheck" "1.3.6.1.5.5.7.48.1.5",
}
