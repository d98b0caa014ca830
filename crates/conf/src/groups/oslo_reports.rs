// SPDX-License-Identifier: Apache-2.0
//! `[oslo_reports]`: a library of the Python Magnum.

use crate::definition::Group;

pub(crate) static GROUP: Group = Group::library("oslo_reports", "Reports about a Python process.", "magnum diagnose reports more", &[]);
