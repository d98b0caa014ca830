// SPDX-License-Identifier: Apache-2.0
//! The real keystonemiddleware, from Debian's package, in front of a service that only says what it was told.

use crate::keystone::Keystone;
use crate::wsgi::{Wsgi, make_private, write_private};
use anyhow::Result;

/// A running `auth_token` filter. It answers who is let in with the claims it makes, by header name in small letters.
pub struct Middleware {
    wsgi: Wsgi,
}

impl Middleware {
    /// Starts it with this configuration, in which `[keystone_authtoken]` is read, in a directory of this name.
    pub fn start(keystone: &Keystone, name: &str, conf: &str) -> Result<Self> {
        const APPLICATION: &str = r"
import json
from keystonemiddleware import auth_token
from oslo_config import cfg

def echo(environ, start_response):
    names = {key: key[5:].replace('_', '-').lower() for key in environ if key.startswith('HTTP_')}
    start_response('200 OK', [('Content-Type', 'application/json')])
    return [json.dumps({name: environ[key] for key, name in names.items()}).encode()]

conf = cfg.ConfigOpts()
conf([], project='peer', default_config_files=['peer.conf'])
application = auth_token.AuthProtocol(echo, {'oslo_config_config': conf})
";
        let dir = keystone.dir().join(name);
        make_private(&dir)?;
        write_private(&dir.join("peer.conf"), conf)?;
        let mut wsgi = Wsgi::new("keystonemiddleware (package python3-keystonemiddleware)", &dir, APPLICATION, &[], 1)?;
        wsgi.launch()?;
        wsgi.answering("/", &["401"])?;
        Ok(Self { wsgi })
    }

    /// Where it answers.
    pub fn url(&self) -> String {
        format!("http://127.0.0.1:{}", self.wsgi.port())
    }
}
