// SPDX-License-Identifier: Apache-2.0
//! Swarm services, a section that stands empty in the guide but for one sentence: membership, the master's view, agents.

use crate::instruction::{By, Section, does};

pub static SECTION: Section = Section {
    title: "Swarm services",
    guide: "L398-403",
    instructions: &[
        does(
            "swarm.membership",
            "L398-403",
            "compare the swarm's nodes with the servers, and their state",
            &[By::Collector("swarm-exec"), By::Rules(&["sw-engine-down", "sw-node-availability"])],
        ),
        does(
            "swarm.managers",
            "L398-403",
            "see whether the managers have a majority and are not locked",
            &[By::Rules(&["sw-quorum-lost", "sw-autolock"])],
        ),
        does(
            "swarm.engines",
            "L398-403",
            "see whether the engine on each node runs and may be a member",
            &[By::Rules(&["sw-engine-down", "cr-live-restore", "cr-daemon-down", "cr-hung"])],
        ),
        does(
            "swarm.ports",
            "L398-403",
            "see whether 2377, 7946 and 4789 get through",
            &[By::Rules(&["sw-port-*"]), By::Collector("probe-ports")],
        ),
        does("swarm.tasks", "L398-403", "see why tasks are not run", &[By::Rules(&["sw-task-*"])]),
        does(
            "swarm.networks",
            "L398-403",
            "see whether overlay networks have room and are in nobody's way, and whether tasks reach each other",
            &[By::Rules(&["sw-overlay-*"]), By::Command("magnum doctor path TASK TASK")],
        ),
    ],
};
