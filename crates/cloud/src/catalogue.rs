// SPDX-License-Identifier: Apache-2.0
//! The service catalogue that comes with a token, and which of its addresses is called.

use crate::call::Service;
use crate::error::Error;
use reqwest::Url;
use serde_json::Value;

/// Which of a service's addresses is called.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Interface {
    Public,
    Internal,
    Admin,
}

impl Interface {
    /// As options name it: `internal` or `internalURL`.
    pub fn parse(text: &str) -> Option<Self> {
        match text.strip_suffix("URL").unwrap_or(text) {
            "public" => Some(Self::Public),
            "internal" => Some(Self::Internal),
            "admin" => Some(Self::Admin),
            _ => None,
        }
    }

    /// As Keystone names it.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Public => "public",
            Self::Internal => "internal",
            Self::Admin => "admin",
        }
    }
}

/// One address of one service.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct Endpoint {
    /// Type of the service, such as `compute`.
    pub service_type: String,
    /// None for an interface that nobody calls.
    pub interface: Option<Interface>,
    pub region: Option<String>,
    pub url: String,
}

/// What services there are, and where.
#[derive(Debug, Clone, Default, PartialEq, Eq, Hash)]
pub struct Catalogue {
    pub endpoints: Vec<Endpoint>,
    /// Types of services, also of those without an endpoint.
    pub types: Vec<String>,
}

impl Catalogue {
    /// From the `catalog` of a token. What is not as Keystone writes it is left out.
    pub fn parse(catalog: &Value) -> Self {
        let mut catalogue = Self::default();
        for service in catalog.as_array().into_iter().flatten() {
            let Some(service_type) = service["type"].as_str() else { continue };
            catalogue.types.push(service_type.to_owned());
            for endpoint in service["endpoints"].as_array().into_iter().flatten() {
                let Some(url) = endpoint["url"].as_str() else { continue };
                let region = endpoint["region_id"].as_str().or_else(|| endpoint["region"].as_str());
                catalogue.endpoints.push(Endpoint {
                    service_type: service_type.to_owned(),
                    interface: endpoint["interface"].as_str().and_then(Interface::parse),
                    region: region.map(str::to_owned),
                    url: url.to_owned(),
                });
            }
        }
        catalogue
    }

    /// Whether a service of this type is in it.
    pub fn has_type(&self, service_type: &str) -> bool {
        self.types.iter().any(|other| other == service_type)
    }

    /// The address of a service, with the version that we speak. Of several, the first.
    pub fn url(&self, service: &Service, interface: Interface, region: Option<&str>) -> Result<Url, Error> {
        let mut all = service.types.iter().flat_map(|wanted| self.endpoints.iter().filter(move |e| e.service_type == *wanted));
        let fits = |endpoint: &&Endpoint| {
            endpoint.interface == Some(interface) && region.is_none_or(|region| endpoint.region.as_deref() == Some(region))
        };
        let Some(endpoint) = all.clone().find(fits) else {
            let mut listed: Vec<String> = Vec::new();
            for endpoint in all.by_ref() {
                let text = format!(
                    "{} in {}",
                    endpoint.interface.map_or("other", Interface::as_str),
                    endpoint.region.as_deref().unwrap_or("no region")
                );
                if !listed.contains(&text) {
                    listed.push(text);
                }
            }
            return Err(Error::NoEndpoint {
                service: service.name,
                types: service.types.join(", "),
                interface: interface.as_str(),
                region: region.map(str::to_owned),
                listed: if listed.is_empty() { "none at all".to_owned() } else { listed.join(", ") },
            });
        };
        versioned(service, &endpoint.url)
    }
}

/// An address with the version that we speak: catalogues name it, name an older one, or leave it out. What follows a version we
/// can use, such as a project's id, stays.
pub(crate) fn versioned(service: &Service, text: &str) -> Result<Url, Error> {
    let unusable = |what: &str| Error::Garbled { service: service.name, url: shown(text), what: what.to_owned() };
    let mut url = Url::parse(text.trim()).map_err(|e| unusable(&format!("its address is not a URL ({e})")))?;
    if !matches!(url.scheme(), "http" | "https") || url.host_str().is_none() {
        return Err(unusable("its address is not one of HTTP"));
    }
    url.set_query(None);
    url.set_fragment(None);
    let mut segments: Vec<String> = url.path().split('/').filter(|part| !part.is_empty()).map(str::to_owned).collect();
    match segments.iter().rposition(|part| is_version(part)) {
        Some(at) if service.versions.contains(&segments[at].as_str()) => {}
        Some(at) => {
            segments.truncate(at);
            segments.push(service.versions[0].to_owned());
        }
        None => segments.push(service.versions[0].to_owned()),
    }
    url.set_path(&segments.join("/"));
    Ok(url)
}

/// `v3`, `v2.0`.
fn is_version(part: &str) -> bool {
    part.strip_prefix('v')
        .is_some_and(|rest| rest.starts_with(|c: char| c.is_ascii_digit()) && rest.chars().all(|c| c.is_ascii_digit() || c == '.'))
}

/// An address as it may be shown: without a name, a password, a query.
pub(crate) fn shown(text: &str) -> String {
    match Url::parse(text) {
        Ok(mut url) => {
            let _ = url.set_username("");
            let _ = url.set_password(None);
            url.set_query(None);
            url.set_fragment(None);
            url.as_str().trim_end_matches('/').to_owned()
        }
        Err(_) => "an address that is no URL".to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::services::{compute, identity, image, network};
    use serde_json::json;

    #[test]
    fn the_version_is_there_whatever_the_catalogue_says() {
        for (service, given, expected) in [
            (&identity::SERVICE, "http://k:5000", "http://k:5000/v3"),
            (&identity::SERVICE, "http://k:5000/", "http://k:5000/v3"),
            (&identity::SERVICE, "http://k:5000/v3/", "http://k:5000/v3"),
            (&identity::SERVICE, "http://k:5000/v2.0", "http://k:5000/v3"),
            (&identity::SERVICE, "https://cloud/identity?x=1#y", "https://cloud/identity/v3"),
            (&image::SERVICE, "http://g:9292", "http://g:9292/v2"),
            (&image::SERVICE, "http://g:9292/v1", "http://g:9292/v2"),
            (&compute::SERVICE, "http://n:8774/v2.1", "http://n:8774/v2.1"),
            (&compute::SERVICE, "http://n:8774/v2/5f0c", "http://n:8774/v2/5f0c"),
            (&compute::SERVICE, "https://cloud/compute", "https://cloud/compute/v2.1"),
            (&network::SERVICE, "http://q:9696/", "http://q:9696/v2.0"),
            (&network::SERVICE, "http://q:9696/v2.0", "http://q:9696/v2.0"),
            (&network::SERVICE, "http://q/vienna", "http://q/vienna/v2.0"),
        ] {
            assert_eq!(versioned(service, given).unwrap().as_str(), expected, "{given}");
        }
        for bad in ["", "keystone", "ftp://x/", "unix:/run/x"] {
            assert!(versioned(&identity::SERVICE, bad).is_err(), "{bad}");
        }
    }

    #[test]
    fn region_and_interface_choose_and_what_is_there_is_said() {
        let catalogue = Catalogue::parse(&json!([
            {"type": "image", "name": "glance", "endpoints": [
                {"interface": "public", "region_id": "One", "region": "One", "url": "http://pub1"},
                {"interface": "public", "region_id": "Two", "url": "http://pub2"},
                {"interface": "internal", "region": "One", "url": "http://int1"},
                {"interface": "public", "region_id": "Three"}]},
            {"type": "empty", "endpoints": []}, {"endpoints": []}, 7]));
        let url = |interface, region| catalogue.url(&image::SERVICE, interface, region).map(|url| url.to_string());
        assert_eq!(url(Interface::Public, None).unwrap(), "http://pub1/v2");
        assert_eq!(url(Interface::Public, Some("Two")).unwrap(), "http://pub2/v2");
        assert_eq!(url(Interface::Internal, None).unwrap(), "http://int1/v2");
        assert_eq!(
            url(Interface::Internal, Some("Two")).unwrap_err().to_string(),
            "the catalogue has no internal endpoint of Glance (image) in region Two; it has: public in One, public in Two, internal in One"
        );
        assert!(catalogue.has_type("empty") && !catalogue.has_type("compute"));
        assert!(catalogue.url(&compute::SERVICE, Interface::Admin, None).unwrap_err().to_string().ends_with("it has: none at all"));
    }

    #[test]
    fn an_address_is_shown_without_secrets() {
        assert_eq!(shown("https://me:pw@host:5000/v3/?token=x"), "https://host:5000/v3");
    }
}
