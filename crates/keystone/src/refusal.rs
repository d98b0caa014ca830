// SPDX-License-Identifier: Apache-2.0
//! Why a request is not let in. Callers are told 401 or 503 and no more; the reason is for the log.

use crate::access::AccessFault;

/// Why nobody is let in.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Refusal {
    /// 401: the caller must bring another token.
    #[error("{0}")]
    Invalid(Fault),
    /// 503: nobody could say; why, for the operator.
    #[error("tokens cannot be checked: {0}")]
    Unavailable(String),
}

/// What is wrong with the tokens of a request.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum Fault {
    #[error("there is no token")]
    Absent,
    #[error("that is no token: too long, or with characters that no token has")]
    Malformed,
    #[error("Keystone does not know the token: it is wrong, expired or revoked")]
    Unknown,
    #[error("the token has expired")]
    Expired,
    #[error("the application credential does not allow this request: {0}")]
    AccessRules(AccessFault),
    #[error("the service token is not good")]
    ServiceToken,
    #[error("the service token has none of the roles in [keystone_authtoken] service_token_roles")]
    ServiceRoles,
}
