// SPDX-License-Identifier: Apache-2.0
//! Glance: the images that nodes are made from.

use crate::call::{Call, Service};
use crate::lookup::Lookup;
use crate::session::Session;
use serde::Deserialize;
use serde_json::Value;

/// Glance.
pub static SERVICE: Service = Service { name: "Glance", types: &["image"], versions: &["v2"] };

/// Pages of images of one name that are read.
const PAGES: u32 = 20;

/// An image, as far as Magnum cares.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
pub struct Image {
    pub id: String,
    pub name: Option<String>,
    /// The property that says which operating system is in it.
    pub os_distro: Option<String>,
    /// The property `magnum_driver`.
    pub magnum_driver: Option<String>,
}

/// The image of this id or name. What looks like an id is taken for one first, as Magnum does.
pub async fn find(session: &Session, ident: &str) -> Lookup<Image> {
    if is_uuid_like(ident) {
        let by_id = Lookup::of(get(session, ident).await);
        if by_id != Lookup::Missing {
            return by_id;
        }
    }
    // Glance reads `in:a,b` as several names.
    let call = Call::get(&SERVICE, &["images"]).query("name", ident);
    let found = match session.list(call, "images", PAGES).await {
        Ok(found) => found,
        Err(error) => return Lookup::failed(&error),
    };
    Lookup::only(found.into_iter().filter_map(image).filter(|image| image.name.as_deref() == Some(ident)).collect())
}

async fn get(session: &Session, id: &str) -> Result<Image, crate::Error> {
    let body = session.call(&Call::get(&SERVICE, &["images", id])).await?.body;
    image(body).ok_or_else(|| crate::Error::Garbled { service: SERVICE.name, url: format!("images/{id}"), what: "no image".to_owned() })
}

fn image(value: Value) -> Option<Image> {
    serde_json::from_value(value).ok()
}

/// 32 hexadecimal digits, with hyphens and braces or without, as oslo's `is_uuid_like` has it.
pub(crate) fn is_uuid_like(text: &str) -> bool {
    let bare = text.to_ascii_lowercase().replace("urn:", "").replace("uuid:", "");
    let digits = || bare.trim_matches(['{', '}']).chars().filter(|c| *c != '-');
    digits().count() == 32 && digits().all(|c| c.is_ascii_hexdigit())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ids_are_told_from_names_as_oslo_does() {
        for (text, expected) in [
            ("8d3f8f5e-6a3c-4c8a-9c2b-0f3c2f7f5b11", true),
            ("8D3F8F5E6A3C4C8A9C2B0F3C2F7F5B11", true),
            ("{8d3f8f5e-6a3c-4c8a-9c2b-0f3c2f7f5b11}", true),
            ("urn:uuid:8d3f8f5e-6a3c-4c8a-9c2b-0f3c2f7f5b11", true),
            ("8d3f8f5e-6a3c-4c8a-9c2b-0f3c2f7f5b1", false),
            ("fedora-coreos", false),
            ("", false),
        ] {
            assert_eq!(is_uuid_like(text), expected, "{text}");
        }
    }
}
