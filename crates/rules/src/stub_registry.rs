// SPDX-License-Identifier: Apache-2.0
//! A registry on node-1 that answers every request alike, and a pod there that wants an image from one: how rules about
//! pulls bring their faults about.

use crate::Act;

/// Starts a registry at port 5000 of node-1 that gives this answer, at once or after a line of the request. It reads what
/// it is asked to the end: an answer before that is lost now and then.
macro_rules! stub_registry {
    ($status:literal) => {
        stub_registry!($status, "")
    };
    ($status:literal, after a line) => {
        stub_registry!($status, "read line; ")
    };
    ($status:literal, $first:literal) => {
        Act::On {
            node: "node-1",
            argv: &[
                "sh",
                "-c",
                concat!(
                    "printf 'HTTP/1.1 ",
                    $status,
                    "\\r\\nContent-Length: 0\\r\\nConnection: close\\r\\n\\r\\n' > /run/stub && systemd-run --collect --unit=stub-registry \
                     socat TCP-LISTEN:5000,reuseaddr,fork 'SYSTEM:",
                    $first,
                    "cat /run/stub; cat > /dev/null'"
                ),
            ],
        }
    };
}
pub(crate) use stub_registry;

/// Makes a pod on node-1 with a container of this image; both have this name.
macro_rules! pull_on_node {
    ($name:literal, $image:literal) => {
        Act::Kubectl {
            argv: &["apply", "-f", "-"],
            stdin: concat!(
                "apiVersion: v1\nkind: Pod\nmetadata: {name: ",
                $name,
                "}\nspec:\n  nodeName: node-1\n  containers: [{name: ",
                $name,
                ", image: \"",
                $image,
                "\"}]\n"
            ),
        }
    };
}
pub(crate) use pull_on_node;

/// Ends the registry.
pub const END_REGISTRY: Act = Act::On { node: "node-1", argv: &["systemctl", "stop", "stub-registry"] };
