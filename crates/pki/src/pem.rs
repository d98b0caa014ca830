// SPDX-License-Identifier: Apache-2.0
//! PEM in and out. Reading forgives what editors and JSON do to PEM (carriage returns, indentation, other line
//! widths, text around it); it never forgives what is inside.

use der::pem::LineEnding;

/// The first PEM block in `text`: its label and its bytes.
pub(crate) fn decode(text: &str) -> Result<(String, Vec<u8>), String> {
    const BEGIN: &str = "-----BEGIN ";
    const DASHES: &str = "-----";
    let start = text.find(BEGIN).ok_or("no PEM block (-----BEGIN …-----)")?;
    let rest = &text[start + BEGIN.len()..];
    let (label, rest) = rest.split_once(DASHES).ok_or("the PEM header is cut off")?;
    if label.is_empty() || label.len() > 64 || !label.bytes().all(|b| b.is_ascii_uppercase() || b.is_ascii_digit() || b == b' ') {
        return Err("the PEM header is malformed".into());
    }
    let (body, _) = rest.split_once(&format!("-----END {label}-----")).ok_or("the PEM footer is missing")?;
    if body.contains(':') {
        return Err("PEM headers (an old-style encrypted key?) are not supported".into());
    }
    let body: String = body.chars().filter(|c| !c.is_ascii_whitespace()).collect();
    let mut wrapped = format!("{BEGIN}{label}{DASHES}\n");
    for line in body.as_bytes().chunks(64) {
        wrapped.push_str(std::str::from_utf8(line).map_err(|_| "the PEM body is not base64")?);
        wrapped.push('\n');
    }
    wrapped.push_str(&format!("-----END {label}-----\n"));
    let (_, bytes) = der::pem::decode_vec(wrapped.as_bytes()).map_err(|_| "the PEM body is not base64")?;
    Ok((label.to_owned(), bytes))
}

/// `bytes` as one PEM block with a final newline.
pub(crate) fn encode(label: &'static str, bytes: &[u8]) -> Result<String, crate::Error> {
    der::pem::encode_string(label, LineEnding::LF, bytes).map_err(|error| crate::Error::Encode { what: label, source: error.into() })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_editors_do_to_pem_is_forgiven() {
        let plain = encode("CERTIFICATE", &[7; 100]).unwrap();
        let crlf = plain.replace('\n', "\r\n");
        let indented = plain.replace('\n', "\n    ");
        let around = format!("Bag Attributes\n{plain}trailing");
        let stripped = plain.trim_end().to_owned();
        for text in [&plain, &crlf, &indented, &around, &stripped] {
            assert_eq!(decode(text).unwrap(), ("CERTIFICATE".to_owned(), vec![7; 100]), "{text}");
        }
    }

    #[test]
    fn broken_pem_says_what_is_wrong() {
        for (text, reason) in [
            ("", "no PEM block"),
            ("abc", "no PEM block"),
            ("-----BEGIN X", "cut off"),
            ("-----BEGIN x-----\n-----END x-----", "header is malformed"),
            ("-----BEGIN X-----\nAAAA", "footer is missing"),
            ("-----BEGIN X-----\nÄÖÜ\n-----END X-----", "not base64"),
            ("-----BEGIN X-----\nA?==\n-----END X-----", "not base64"),
            ("-----BEGIN X-----\nProc-Type: 4,ENCRYPTED\n\nAAAA\n-----END X-----", "old-style"),
        ] {
            let error = decode(text).unwrap_err();
            assert!(error.contains(reason), "{text:?}: {error}");
        }
    }
}
