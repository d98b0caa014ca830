#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""Magnum's own local certificate manager (Debian's python3-magnum) on a folder; answers JSON on standard output.

local_manager.py FOLDER store NAME      makes an authority and a client certificate of it; answers their references
local_manager.py FOLDER sign REF CSR    reads an authority, opens its key, signs the request in the file CSR with it
local_manager.py FOLDER delete REF      removes a pair
local_manager.py FOLDER generate        what the conductor does at a create; answers the references, or the error

`store` hands text to the manager. The conductor hands it bytes, which the manager cannot write on Python 3: `generate` shows it.
"""
import json
import sys

import magnum.conf
from magnum.common import cert_manager, short_id
from magnum.common.x509 import operations as x509
from magnum.conductor.handlers.common import cert_manager as conductor

CONF = magnum.conf.CONF


def store(name):
    manager = cert_manager.get_backend().CertManager
    password = short_id.generate_id()
    authority = x509.generate_ca_certificate(name, encryption_password=password)
    client_password = short_id.generate_id()
    client = x509.generate_client_certificate(
        name, "admin", "system:masters", authority["private_key"], encryption_password=client_password,
        ca_key_password=password)
    keep = lambda pair, passphrase: manager.store_cert(
        certificate=pair["certificate"].decode(), private_key=pair["private_key"].decode(), private_key_passphrase=passphrase)
    return {"authority": keep(authority, password), "client": keep(client, client_password)}


def sign(reference, request):
    pair = cert_manager.get_backend().CertManager.get_cert(reference)
    opened = pair.get_decrypted_private_key()
    with open(request) as file:
        signed = x509.sign(file.read(), "c1", pair.get_private_key(), pair.get_private_key_passphrase())
    return {"certificate": pair.get_certificate(), "key": opened.decode(), "signed": signed.decode()}


def generate():
    class Cluster:
        name = "c1"
        uuid = "u"

    cluster = Cluster()
    try:
        conductor.generate_certificates_to_cluster(cluster)
    except Exception as error:
        return {"error": str(error)}
    return {"references": [cluster.ca_cert_ref, cluster.magnum_cert_ref]}


def main(folder, verb, *words):
    CONF([], project="magnum", default_config_files=[])
    CONF.set_override("cert_manager_type", "local", "certificates")
    CONF.set_override("storage_path", folder, "certificates")
    if verb == "delete":
        cert_manager.get_backend().CertManager.delete_cert(*words)
        return {}
    return {"store": store, "sign": sign, "generate": generate}[verb](*words)


print(json.dumps(main(*sys.argv[1:])))
