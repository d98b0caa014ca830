// SPDX-License-Identifier: Apache-2.0
//! What a configuration comes to.

use super::*;
use magnum_conf::{File, Sources};

fn read(text: &str) -> Result<Option<Settings>, String> {
    let files = vec![File { name: "magnum.conf".to_owned(), text: text.to_owned() }];
    Settings::from_config(&Config::new(Sources { files, ..Sources::default() }), "here").map_err(|error| error.told())
}

const DRIVER: &str = "[oslo_messaging_notifications]\ndriver = ";

#[test]
fn nobody_is_told_unless_somebody_is_named() {
    for text in ["", "[DEFAULT]\ntransport_url = nonsense", &format!("{DRIVER}noop")] {
        assert!(read(text).unwrap().is_none(), "{text}");
    }
    let log = read(&format!("{DRIVER}noop\ndriver = log\n[DEFAULT]\nhost = there")).unwrap().unwrap();
    assert_eq!((log.drivers, log.broker.is_none(), log.publisher.as_str()), (BTreeSet::from([Driver::Log]), true, "container-infra.there"));
}

#[test]
fn the_usual_and_the_own_broker() {
    let settings = read(&format!("{DRIVER}messagingv2\n[DEFAULT]\ntransport_url = rabbit://u:p@h/v")).unwrap().unwrap();
    let broker = settings.broker.unwrap();
    assert_eq!(
        (broker.exchange.as_str(), broker.topics, settings.publisher.as_str()),
        ("magnum", vec!["notifications".to_owned()], "container-infra.here")
    );
    assert_eq!((broker.address.vhost.as_str(), broker.tls.is_none(), broker.durable, broker.heartbeat_seconds), ("v", true, false, 60));
    let waits: Vec<_> = (1..=20).map(|n| settings.retry.after(n).unwrap().as_secs()).collect();
    assert_eq!((&waits[..3], waits[19]), (&[1, 3, 5][..], 30), "as oslo.messaging waits");
    let own = "driver = messaging\ntransport_url = rabbit://u:p@own/w?ssl=1&rabbit_quorum_queue=true\ntopics = a, b\nretry = 1";
    let text = format!("{DRIVER}messagingv2\n{own}\n[DEFAULT]\ntransport_url = rabbit://u:p@h/v\ncontrol_exchange = x");
    let settings = read(&text).unwrap().unwrap();
    assert_eq!((settings.retry.after(1).is_some(), settings.retry.after(2)), (true, None), "one more attempt");
    assert_eq!(settings.drivers, BTreeSet::from([Driver::Messaging, Driver::MessagingV2]));
    let broker = settings.broker.unwrap();
    assert_eq!((broker.address.hosts[0].name.as_str(), broker.exchange.as_str(), broker.topics.len()), ("own", "x", 2));
    assert_eq!((broker.tls.is_some(), broker.quorum, broker.durable), (true, true, true));
}

#[test]
fn what_is_wrong_is_told_without_the_password() {
    for (text, part) in [
        ("routing", "there is no driver \"routing\""),
        (
            "messagingv2\ntransport_url = kafka://u:s3cret@h",
            "transport_url of [oslo_messaging_notifications] or [DEFAULT]: the scheme is kafka",
        ),
        ("messagingv2\ntransport_url = rabbit://u:s3cret@h?ssl=s3cret", "ssl is neither true nor false"),
        ("messagingv2\ntransport_url = rabbit://u:s3cret@h?heartbeat_timeout_threshold=s3cret", "is not a whole number"),
        ("messagingv2\n[oslo_messaging_rabbit]\nrabbit_quorum_queue = 1\nrabbit_ha_queues = 1", "take one of them out"),
        ("messagingv2\n[oslo_messaging_rabbit]\nrabbit_login_method = RABBIT-CR-DEMO", "rabbit_login_method"),
    ] {
        let told = read(&format!("{DRIVER}{text}")).unwrap_err();
        assert!(told.contains(part) && !told.contains("s3cret"), "{told}");
    }
}
