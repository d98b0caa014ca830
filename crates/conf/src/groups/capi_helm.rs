// SPDX-License-Identifier: Apache-2.0
//! `[capi_helm]`: a driver of others.

use crate::definition::Group;

pub(crate) static GROUP: Group =
    Group::library("capi_helm", "The Cluster API driver with Helm charts.", "that driver is not part of this program", &[]);
