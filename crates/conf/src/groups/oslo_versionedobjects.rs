// SPDX-License-Identifier: Apache-2.0
//! `[oslo_versionedobjects]`: a library of the Python Magnum.

use crate::definition::Group;

pub(crate) static GROUP: Group =
    Group::library("oslo_versionedobjects", "Python objects on the message broker.", "no objects are sent over a broker", &[]);
