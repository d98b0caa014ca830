// SPDX-License-Identifier: Apache-2.0
//! `[keystone_auth]`: who the service is when it acts as administrator.

use crate::credentials::*;
use crate::definition::Group;

pub(crate) static GROUP: Group = Group::new(
    "keystone_auth",
    "Who the service is when it acts as administrator. What is not set here is taken from [keystone_authtoken].",
    &[
        AUTH_TYPE,
        AUTH_SECTION,
        AUTH_URL,
        USERNAME,
        USER_ID,
        PASSWORD,
        USER_DOMAIN_ID,
        USER_DOMAIN_NAME,
        PROJECT_ID,
        PROJECT_NAME,
        PROJECT_DOMAIN_ID,
        PROJECT_DOMAIN_NAME,
        DOMAIN_ID,
        DOMAIN_NAME,
        SYSTEM_SCOPE,
        TRUST_ID,
        APPLICATION_CREDENTIAL_ID,
        APPLICATION_CREDENTIAL_SECRET,
        REGION_NAME,
        CAFILE,
        CERTFILE,
        KEYFILE,
        INSECURE,
    ],
);
