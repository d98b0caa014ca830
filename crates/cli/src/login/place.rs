// SPDX-License-Identifier: Apache-2.0
//! Where Magnum is: the address that was named, or the one of the catalogue. A region is never guessed: a cluster in the wrong
//! one would be found late.

use crate::error::{Error, FAILED, USAGE};
use crate::near;
use magnum_cloud::{Catalogue, Endpoint, Interface};
use reqwest::Url;

/// Magnum's types in catalogues: the usual one, the official one, its other spelling, and the one of 2015.
const TYPES: &[&str] = &["container-infra", "container-infrastructure-management", "container-infrastructure", "container"];

/// What is known of the place.
#[derive(Debug)]
pub(super) struct Place {
    named: Option<Url>,
    region: Option<String>,
    interfaces: Vec<Interface>,
    types: Vec<String>,
}

impl Place {
    pub fn new(named: Option<Url>, region: Option<String>, interfaces: Vec<Interface>, service_type: Option<String>) -> Self {
        let types = service_type.map_or_else(|| TYPES.iter().map(|name| (*name).to_owned()).collect(), |name| vec![name]);
        Self { named, region, interfaces, types }
    }

    /// Who said where it is.
    pub fn said(&self) -> &'static str {
        if self.named.is_some() { "the address was named; the token was given" } else { "the address was said" }
    }

    /// Magnum's address by a token's catalogue.
    pub fn find(&self, catalogue: Option<&Catalogue>) -> Result<Url, Error> {
        if let Some(url) = &self.named {
            return Ok(url.clone());
        }
        let Some(catalogue) = catalogue else { return Err(unscoped()) };
        let typed: Vec<&Endpoint> = self.typed(catalogue);
        if typed.is_empty() {
            return Err(self.not_there(catalogue));
        }
        let fits = |interface: &Interface| -> Vec<&Endpoint> {
            let here = |region: &Option<String>| self.region.is_none() || *region == self.region;
            typed.iter().copied().filter(|endpoint| endpoint.interface == Some(*interface) && here(&endpoint.region)).collect()
        };
        let found = self.interfaces.iter().map(fits).find(|found| !found.is_empty()).unwrap_or_default();
        match found.as_slice() {
            [] => Err(self.elsewhere(&typed)),
            [first, others @ ..] if others.iter().all(|other| other.url == first.url) => self.address(first),
            many => self.several(many),
        }
    }

    /// The endpoints of the first type that has any.
    fn typed<'a>(&self, catalogue: &'a Catalogue) -> Vec<&'a Endpoint> {
        let of = |name: &String| catalogue.endpoints.iter().filter(|endpoint| endpoint.service_type == *name).collect::<Vec<_>>();
        self.types.iter().map(of).find(|found| !found.is_empty()).unwrap_or_default()
    }

    fn address(&self, endpoint: &Endpoint) -> Result<Url, Error> {
        super::address(&endpoint.url, &format!("the catalogue's endpoint of {}", endpoint.service_type))
    }

    /// Within one region the first one is as good as any; regions are the user's to choose from.
    fn several(&self, many: &[&Endpoint]) -> Result<Url, Error> {
        let mut regions: Vec<&str> = many.iter().map(|endpoint| endpoint.region.as_deref().unwrap_or("none")).collect();
        regions.sort_unstable();
        regions.dedup();
        match (many, regions.as_slice()) {
            ([first, ..], [_]) => self.address(first),
            _ => Err(Error::Login {
                message: format!(
                    "it is ambiguous which Magnum is meant: the catalogue has one in each of the regions {}",
                    regions.join(", ")
                ),
                hint: Some(format!(
                    "name one: --os-region-name {}, OS_REGION_NAME, or region_name in clouds.yaml",
                    regions.first().copied().unwrap_or_default()
                )),
                exit: USAGE,
            }),
        }
    }

    fn not_there(&self, catalogue: &Catalogue) -> Error {
        let mut there: Vec<&str> = catalogue.types.iter().map(String::as_str).collect();
        there.sort_unstable();
        there.dedup();
        let there = if there.is_empty() { "nothing".to_owned() } else { there.join(", ") };
        Error::Login {
            message: format!("Keystone's catalogue has no Magnum ({}); it has: {there}", self.types.join(", ")),
            hint: Some("say where it is with --os-endpoint-override or MAGNUM_ENDPOINT, or have it registered there".to_owned()),
            exit: FAILED,
        }
    }

    fn elsewhere(&self, typed: &[&Endpoint]) -> Error {
        let wanted: Vec<&str> = self.interfaces.iter().map(|interface| interface.as_str()).collect();
        let wanted = wanted.join(" or ");
        let in_region = self.region.as_ref().map(|region| format!(" in region {region}")).unwrap_or_default();
        let mut there: Vec<String> = typed.iter().map(|endpoint| shown(endpoint)).collect();
        there.dedup();
        let mut regions: Vec<String> = typed.iter().filter_map(|endpoint| endpoint.region.clone()).collect();
        regions.sort_unstable();
        regions.dedup();
        let hint = match &self.region {
            Some(region) if !regions.contains(region) => format!("{} (--os-region-name)", near::sentence("region", region, &regions)),
            _ => "choose another with --os-interface, or say where Magnum is with --os-endpoint-override".to_owned(),
        };
        Error::Login {
            message: format!("Keystone's catalogue has no {wanted} endpoint of Magnum{in_region}; it has: {}", there.join(", ")),
            hint: Some(hint),
            exit: FAILED,
        }
    }
}

fn shown(endpoint: &Endpoint) -> String {
    format!("{} in {}", endpoint.interface.map_or("other", Interface::as_str), endpoint.region.as_deref().unwrap_or("no region"))
}

/// A token without a project comes without a catalogue.
fn unscoped() -> Error {
    Error::Login {
        message: "Keystone gave a token that is for no project, with which nothing can be done".to_owned(),
        hint: Some("name the project: --os-project-name, OS_PROJECT_NAME, or project_name in clouds.yaml".to_owned()),
        exit: USAGE,
    }
}
