// SPDX-License-Identifier: Apache-2.0
//! Identifiers. Each kind is its own type, so a cluster's id cannot be passed where a template's is meant.

use serde::{Deserialize, Serialize};
use std::fmt;
use std::str::FromStr;
use uuid::Uuid;

macro_rules! uuid_id {
    ($(#[$doc:meta])* $name:ident) => {
        $(#[$doc])*
        #[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
        #[serde(transparent)]
        pub struct $name(Uuid);

        impl $name {
            /// A new random (version 4) id.
            pub fn random() -> Self {
                Self(Uuid::new_v4())
            }

            /// The first eight hexadecimal digits: unique enough for names on one machine.
            pub fn short(&self) -> String {
                self.0.simple().to_string().chars().take(8).collect()
            }

            /// The id as a UUID.
            pub fn uuid(&self) -> Uuid {
                self.0
            }
        }

        impl From<Uuid> for $name {
            fn from(uuid: Uuid) -> Self {
                Self(uuid)
            }
        }

        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                self.0.hyphenated().fmt(f)
            }
        }

        impl FromStr for $name {
            type Err = uuid::Error;
            fn from_str(text: &str) -> Result<Self, Self::Err> {
                Uuid::parse_str(text).map(Self)
            }
        }
    };
}

uuid_id!(
    /// A cluster (table `cluster`, column `uuid`).
    ClusterId
);
uuid_id!(
    /// A cluster template (table `cluster_template`, column `uuid`).
    TemplateId
);
uuid_id!(
    /// A node group (table `nodegroup`, column `uuid`).
    NodeGroupId
);
uuid_id!(
    /// One recorded operation of the conductor (table `mg_operation`).
    OperationId
);

macro_rules! text_id {
    ($(#[$doc:meta])* $name:ident) => {
        $(#[$doc])*
        #[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
        #[serde(transparent)]
        pub struct $name(pub String);

        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str(&self.0)
            }
        }
    };
}

text_id!(
    /// Keystone's project id, opaque text.
    ProjectId
);
text_id!(
    /// Keystone's user id, opaque text.
    UserId
);

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_id_reads_what_it_prints_and_shortens_without_dashes() {
        let id: ClusterId = "0a1b2c3d-4e5f-4a6b-8c7d-9e0f1a2b3c4d".parse().unwrap();
        assert_eq!(id.to_string(), "0a1b2c3d-4e5f-4a6b-8c7d-9e0f1a2b3c4d");
        assert_eq!(id.short(), "0a1b2c3d");
        assert!("nope".parse::<ClusterId>().is_err());
    }
}
