# SPDX-License-Identifier: Apache-2.0
"""Writes every notification that oslo.messaging hears into a file, one JSON line each, with pycadf's judgement of it."""

import json
import os
import sys
import threading

import oslo_messaging
from oslo_config import cfg
from pycadf import cadftaxonomy, cadftype, identifier, timestamp

CHECKS = {
    'eventType': cadftype.is_valid_eventType,
    'id': identifier.is_valid,
    'eventTime': timestamp.is_valid,
    'action': cadftaxonomy.is_valid_action,
    'outcome': cadftaxonomy.is_valid_outcome,
}


def faults(payload):
    found = [key for key, check in CHECKS.items() if not check(payload[key])]
    if payload['typeURI'] != cadftype.CADF_VERSION_1_0_0 + 'event':
        found.append('typeURI')
    for part in ('initiator', 'target', 'observer'):
        resource = payload[part]
        if not (identifier.is_valid(resource['id']) and cadftaxonomy.is_valid_resource(resource['typeURI'])):
            found.append(part)
    return found


class Endpoint:
    def __init__(self, file):
        self.file = file
        self.lock = threading.Lock()

    def tell(self, priority, context, publisher_id, event_type, payload, metadata):
        line = json.dumps({
            'priority': priority, 'context': context, 'publisher_id': publisher_id, 'event_type': event_type,
            'payload': payload, 'metadata': metadata, 'faults': faults(payload),
        })
        with self.lock:
            self.file.write(line + '\n')
            self.file.flush()

    def info(self, *args):
        self.tell('info', *args)

    def error(self, *args):
        self.tell('error', *args)


conf = cfg.ConfigOpts()
conf([], default_config_files=[])
transport = oslo_messaging.get_notification_transport(conf, url=os.environ['TRANSPORT_URL'])
# The broker is to keep what comes while nobody listens, also when it is cut off meanwhile.
conf.set_override('amqp_durable_queues', True, group='oslo_messaging_rabbit')
conf.set_override('rabbit_interval_max', 2, group='oslo_messaging_rabbit')
target = oslo_messaging.Target(topic='notifications', exchange='magnum')
with open(sys.argv[1] + '.new', 'w') as file:
    listener = oslo_messaging.get_notification_listener(transport, [target], [Endpoint(file)], executor='threading')
    # One after the other: many threads would write what comes at once in any order.
    conf.set_override('executor_thread_pool_size', 1)
    listener.start()
    os.rename(sys.argv[1] + '.new', sys.argv[1])
    listener.wait()
