// SPDX-License-Identifier: Apache-2.0
//! Gives containerd the images that lie on the node's disk, so that pods start without any registry.

use crate::command;
use crate::error::Error;
use crate::image;
use crate::spec::Questions;
use crate::step::{Context, Step};
use std::path::Path;
use std::time::Duration;

pub static STEP: Step =
    Step { name: "images", applies: |spec| spec.kubernetes().is_some(), needs: &["runtime"], limit: Duration::from_secs(180), run };

fn run(_: &Context) -> Result<(), Error> {
    // The list of what was imported lies where containerd keeps the images themselves: both are lost together.
    image::load_missing(Path::new("/var/lib/containerd/magnum-images.json"), |path| {
        command::run("ctr", &["-n", "k8s.io", "images", "import", path], Duration::from_secs(60)).map(drop)
    })
}
