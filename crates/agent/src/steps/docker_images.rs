// SPDX-License-Identifier: Apache-2.0
//! Gives Docker the images that lie on the node's disk, so that services start without any registry.

use crate::error::Error;
use crate::spec::Questions;
use crate::step::{Context, Step};
use crate::{docker, image};
use std::path::Path;
use std::time::Duration;

pub static STEP: Step =
    Step { name: "docker-images", applies: |spec| spec.swarm().is_some(), needs: &["docker"], limit: Duration::from_secs(180), run };

fn run(_: &Context) -> Result<(), Error> {
    image::load_missing(Path::new("/var/lib/docker/magnum-images.json"), docker::load)
}
