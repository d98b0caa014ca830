#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""Magnum 15.0.1's own code (Debian's python3-magnum) on a database: what it reads and writes, as JSON on standard output.

magnum_15.py URL upgrade            the real `magnum-db-manage upgrade`
magnum_15.py URL fill               makes one of everything; answers the uuids
magnum_15.py URL read               everything that the objects layer lists
magnum_15.py URL write CLUSTER      changes the cluster, its template and groups, adds a group; answers the cluster
magnum_15.py URL delete CLUSTER     removes the cluster and its groups
"""
import json
import sys

from oslo_log import log

import magnum.conf
from magnum.common import context

CONF = magnum.conf.CONF


def configured(url, argv=()):
    log.register_options(CONF)
    CONF(list(argv), project="magnum", default_config_files=[])
    CONF.set_override("connection", url, "database")


def upgrade(url):
    from magnum.cmd import db_manage

    CONF.register_cli_opt(db_manage.command_opt)
    configured(url, ["upgrade"])
    CONF.command.func()
    from magnum.db import migration

    return {"revision": migration.version()}


def plain(obj):
    values = {}
    for name in obj.fields:
        if name == "cluster_template":
            continue
        value = getattr(obj, name)
        values[name] = value.isoformat() if hasattr(value, "isoformat") else value
    return values


def fill(ctx, objects):
    template = objects.ClusterTemplate(
        ctx, uuid="10000000-0000-4000-8000-000000000001", name="Python's täglich", project_id="p", user_id="u",
        image_id="fedora-coreos", flavor_id="m1.small", coe="kubernetes", network_driver="flannel", server_type="vm",
        labels={"kube_tag": "v1.23.3-rancher1", "emoji": "\U0001f680", "flag": "True"}, registry_enabled=False,
        tls_disabled=False, public=True, hidden=False, master_lb_enabled=False, floating_ip_enabled=True, tags="a,b",
        docker_volume_size=10, apiserver_port=None, external_network_id="public")
    template.create()
    cluster = objects.Cluster(
        ctx, uuid="20000000-0000-4000-8000-000000000001", name="py-1", project_id="p", user_id="u",
        cluster_template_id=template.uuid, keypair="key", labels={"a": "1"}, status="CREATE_COMPLETE",
        status_reason="Stack CREATE completed successfully", stack_id="stack", api_address="https://10.0.0.5:6443",
        create_timeout=60, trust_id="trust", trustee_username="20000000_p", trustee_password="secret", trustee_user_id="tu",
        health_status="HEALTHY", health_status_reason={"api": "ok", "n.Ready": "True"}, coe_version="v1.23.3",
        container_version="1.12.6", floating_ip_enabled=True, master_lb_enabled=False, ca_cert_ref="ref-1")
    cluster.create()
    for name, role, count in [("default-master", "master", 1), ("default-worker", "worker", 3)]:
        objects.NodeGroup(
            ctx, uuid="30000000-0000-4000-8000-00000000000%d" % count, name=name, cluster_id=cluster.uuid, project_id="p",
            labels={"a": "1"}, flavor_id="m1.small", image_id="fedora-coreos", node_addresses=["10.0.0.%d" % count],
            node_count=count, role=role, is_default=True, min_node_count=1, max_node_count=None, stack_id="stack",
            status="CREATE_COMPLETE", version="0").create()
    pair = objects.X509KeyPair(ctx, uuid="40000000-0000-4000-8000-000000000001", certificate="CERT", private_key="KEY",
                               private_key_passphrase="PASS", intermediates=None, project_id="p", user_id="u")
    pair.create()
    objects.Quota(ctx, project_id="p", resource="Cluster", hard_limit=5).create()
    service = objects.MagnumService(ctx, host="pyhost", binary="magnum-conductor", disabled=False)
    service.create()
    service.report_state_up()
    federation = objects.Federation(ctx, uuid="50000000-0000-4000-8000-000000000001", name="fed", project_id="p",
                                    hostcluster_id=cluster.uuid, member_ids=[cluster.uuid], status="CREATE_COMPLETE",
                                    properties={"dns-zone": "example.com."})
    federation.create()
    return {"template": template.uuid, "cluster": cluster.uuid}


def read(ctx, objects):
    clusters = objects.Cluster.list(ctx)
    groups = [group for cluster in clusters for group in cluster.nodegroups]
    return {
        "templates": [plain(one) for one in objects.ClusterTemplate.list(ctx)],
        "clusters": [dict(plain(one), node_count=one.node_count, master_count=one.master_count,
                          template=one.cluster_template.name) for one in clusters],
        "groups": [plain(one) for one in groups],
        "pairs": [plain(one) for one in objects.X509KeyPair.list(ctx)],
        "quotas": [plain(one) for one in objects.Quota.list(ctx)],
        "services": [plain(one) for one in objects.MagnumService.list(ctx)],
        "federations": [plain(one) for one in objects.Federation.list(ctx)],
    }


def write(ctx, objects, uuid):
    cluster = objects.Cluster.get_by_uuid(ctx, uuid)
    cluster.status = "UPDATE_COMPLETE"
    cluster.status_reason = "by Python"
    cluster.labels = {"written": "by Python"}
    cluster.save()
    template = cluster.cluster_template
    template.tags = "by Python"
    template.save()
    group = cluster.default_ng_worker
    group.node_count = 9
    group.save()
    objects.NodeGroup(
        ctx, name="added", cluster_id=uuid, project_id="p", flavor_id="m1.small", image_id="i", node_count=2, role="gpu",
        is_default=False, min_node_count=0, labels={}, node_addresses=[], status="CREATE_IN_PROGRESS").create()
    return plain(objects.Cluster.get_by_uuid(ctx, uuid))


def delete(ctx, objects, uuid):
    cluster = objects.Cluster.get_by_uuid(ctx, uuid)
    for group in cluster.nodegroups:
        group.destroy()
    cluster.destroy()
    return {"left": [one.uuid for one in objects.Cluster.list(ctx)]}


def main():
    url, what, rest = sys.argv[1], sys.argv[2], sys.argv[3:]
    if what == "upgrade":
        answer = upgrade(url)
    else:
        configured(url)
        from magnum import objects

        ctx = context.make_admin_context(all_tenants=True)
        answer = {"fill": fill, "read": read, "write": write, "delete": delete}[what](ctx, objects, *rest)
    json.dump(answer, sys.stdout)


main()
