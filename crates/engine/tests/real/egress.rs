// SPDX-License-Identifier: Apache-2.0
//! Egress, on a machine of its own: the test moves into a new network namespace, which has an uplink to an "Internet"
//! that is another namespace, and Docker's policy for forwarded packets. Nothing leaves the real machine.

use crate::world::World;
use magnum_host::{Namespace, Program, link};
use std::io::Write;
use std::net::{Ipv4Addr, SocketAddr, TcpListener};
use std::sync::mpsc;

const INTERNET: Ipv4Addr = Ipv4Addr::new(192, 0, 2, 1);
const MACHINE: Ipv4Addr = Ipv4Addr::new(192, 0, 2, 2);

/// Answers every connection and reports where it came from.
fn serve(internet: &Namespace) -> mpsc::Receiver<SocketAddr> {
    let listener = internet.enter(|| TcpListener::bind((INTERNET, 80)).unwrap()).unwrap();
    let (sender, peers) = mpsc::channel();
    std::thread::spawn(move || {
        while let Ok((mut stream, peer)) = listener.accept() {
            stream.write_all(b"hello\n").unwrap();
            if sender.send(peer).is_err() {
                break;
            }
        }
    });
    peers
}

fn rules() -> String {
    let list = |program: Program| String::from_utf8(program.run().unwrap()).unwrap();
    list(Program::new("nft").args(["list", "tables"])) + &list(Program::new("iptables").args(["-S", "FORWARD"]))
}

#[test]
fn real_egress_leads_outside_and_not_to_this_machine() {
    let internet = Namespace::named(format!("test-internet-{}", std::process::id()));
    internet.create().unwrap();
    nix::sched::unshare(nix::sched::CloneFlags::CLONE_NEWNET).unwrap();
    let uplink = ["link set lo up".to_owned(), format!("link add up0 type veth peer name down0 netns {}", internet.name())];
    link::batch(&uplink).unwrap();
    let far = ["link set lo up".to_owned(), format!("address add {INTERNET}/24 dev down0"), "link set down0 up".to_owned()];
    internet.enter(|| link::batch(&far)).unwrap().unwrap();
    let near = [format!("address add {MACHINE}/24 dev up0"), "link set up0 up".to_owned(), format!("route add default via {INTERNET}")];
    link::batch(&near).unwrap();
    Program::new("iptables").args(["-P", "FORWARD", "DROP"]).run().unwrap();
    let before = rules();
    let peers = serve(&internet);
    let own = TcpListener::bind((MACHINE, 0)).unwrap().local_addr().unwrap();

    // Every thread of the engine is started from here, so it is on this machine.
    let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build().unwrap();
    runtime.block_on(async {
        let world = World::with_egress(1, 0, true);
        world.converge().await;
        let outside = format!("TCP:{INTERNET}:80,connect-timeout=3");
        assert_eq!(world.output("master-0", &["socat", "-u", &outside, "-"]).await, "hello");
        assert_eq!(peers.recv().unwrap().ip(), MACHINE, "translated to this machine's address");
        let target = format!("TCP:{own},connect-timeout=2");
        assert!(!world.succeeds("master-0", &["socat", "-u", "/dev/null", &target]).await, "nodes reached this machine");
        assert_ne!(rules(), before);
        world.end().await;
    });
    assert_eq!(rules(), before, "no rule stays in anybody's chains");
    internet.delete().unwrap();
}
