// SPDX-License-Identifier: Apache-2.0
//! Certificates that others made: read the same as DER and as PEM, alone and in a chain; and a signature is that of what is written.

use der::pem::LineEnding;
use magnum_pki::Certificate;

/// A certificate as DER, or PEM text.
pub fn check(data: &[u8]) {
    if let Ok(text) = std::str::from_utf8(data)
        && let Ok(all) = Certificate::parse_all(text)
    {
        assert!(!all.is_empty());
        let first = Certificate::parse(text);
        assert!(first.is_ok_and(|first| first.fingerprint == all[0].fingerprint));
    }
    let Ok(read) = Certificate::from_der(data) else { return };
    let _ = (read.subject.to_string(), read.issuer.to_string(), read.sans.iter().map(ToString::to_string).collect::<String>());
    let Ok(pem) = der::pem::encode_string("CERTIFICATE", LineEnding::LF, data) else { return };
    let chain = Certificate::parse_all(&format!("{pem}{pem}")).unwrap_or_default();
    assert_eq!(chain.len(), 2, "a certificate that is read as DER is read as PEM");
    for one in &chain {
        assert_eq!((&one.serial, &one.fingerprint, &one.subject), (&read.serial, &read.fingerprint, &read.subject));
        assert_eq!((one.is_ca, one.not_after, &one.public_key), (read.is_ca, read.not_after, &read.public_key));
    }
    if read.is_signed_by(&read) {
        assert!(read.is_ca && read.subject == read.issuer);
        // The version, serial number and names of the signed part lie before its middle.
        let mut changed = data.to_vec();
        if let Some(byte) = changed.get_mut(data.len() / 4) {
            *byte ^= 1;
        }
        let other = Certificate::from_der(&changed);
        assert!(!other.is_ok_and(|other| other.is_signed_by(&read)), "a changed certificate passes for the original");
    }
}
