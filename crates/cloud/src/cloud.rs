// SPDX-License-Identifier: Apache-2.0
//! What all sessions of one installation share: where Keystone is, and how each service is reached.

use crate::call::Service;
use crate::catalogue::{Catalogue, Interface, versioned};
use crate::error::Error;
use crate::services::identity;
use crate::transport::Transport;
use reqwest::Url;
use std::collections::BTreeMap;

/// How one service is reached.
#[derive(Debug, Clone)]
pub struct Reach {
    pub interface: Interface,
    /// None: the first region that has the service.
    pub region: Option<String>,
    /// Its address, whatever the catalogue says.
    pub url: Option<String>,
    pub transport: Transport,
}

/// An installation of OpenStack.
#[derive(Debug)]
pub struct Cloud {
    auth_url: Url,
    login: Transport,
    usual: Reach,
    particular: BTreeMap<&'static str, Reach>,
}

impl Cloud {
    /// `auth_url` is where tokens are got, with or without Keystone's version; `usual` is for services that
    /// [`Cloud::reaching`] says nothing about.
    pub fn new(auth_url: &str, login: Transport, usual: Reach) -> Result<Self, Error> {
        Ok(Self { auth_url: versioned(&identity::SERVICE, auth_url)?, login, usual, particular: BTreeMap::new() })
    }

    /// The same with one service reached in another way.
    pub fn reaching(mut self, service: &'static Service, reach: Reach) -> Self {
        self.particular.insert(service.name, reach);
        self
    }

    /// Where tokens are got, with the version.
    pub fn auth_url(&self) -> &Url {
        &self.auth_url
    }

    pub(crate) fn login(&self) -> &Transport {
        &self.login
    }

    pub(crate) fn reach(&self, service: &Service) -> &Reach {
        self.particular.get(service.name).unwrap_or(&self.usual)
    }

    /// A service's address. Keystone itself is where tokens are got if the catalogue does not say otherwise.
    pub(crate) fn endpoint(&self, service: &Service, catalogue: Option<&Catalogue>) -> Result<Url, Error> {
        let reach = self.reach(service);
        if let Some(url) = &reach.url {
            return versioned(service, url);
        }
        let listed = catalogue.is_some_and(|catalogue| service.types.iter().any(|name| catalogue.has_type(name)));
        if !listed && service.name == identity::SERVICE.name {
            return Ok(self.auth_url.clone());
        }
        catalogue.unwrap_or(&Catalogue::default()).url(service, reach.interface, reach.region.as_deref())
    }
}
