# SPDX-License-Identifier: Apache-2.0
"""What magnum-ui's pages ask for: Horizon's own login and magnum-ui's REST views on a loopback port, asked as its pages ask.

Arguments: Keystone's URL, the names of a member and of an administrator, an image, a request for a certificate (PEM).
PASSWORD is in the environment, the password of both; with FULL in it, the cluster is upgraded and its secrets are rotated too.
Prints `horizon ok` at the end.
"""
import os
import re
import sys
import threading
import time
import types

KEYSTONE, MEMBER, ADMIN, IMAGE, CSR = sys.argv[1:]
LIMIT = 180

# A site's own settings, as its file local_settings.py would hold them.
site = types.ModuleType('local.local_settings')
site.SECRET_KEY = os.urandom(16).hex()
site.OPENSTACK_KEYSTONE_URL = KEYSTONE
site.SESSION_ENGINE = 'django.contrib.sessions.backends.cache'
# Of few entries a part is thrown away when there are more, sessions among them.
site.CACHES = {'default': {'BACKEND': 'django.core.cache.backends.locmem.LocMemCache', 'OPTIONS': {'MAX_ENTRIES': 100_000}}}
site.ALLOWED_HOSTS = ['*']
sys.modules['local'] = types.ModuleType('local')
sys.modules['local.local_settings'] = site

# As the guide of magnum-ui says: its files belong to those of Horizon's plugins.
import magnum_ui.enabled
import openstack_dashboard.local.enabled
openstack_dashboard.local.enabled.__path__.extend(magnum_ui.enabled.__path__)
os.environ['DJANGO_SETTINGS_MODULE'] = 'openstack_dashboard.settings'

from cryptography.x509 import load_pem_x509_certificate
from openstack_dashboard.wsgi import application
import requests
from wsgiref.simple_server import WSGIRequestHandler, make_server


class Quiet(WSGIRequestHandler):
    def log_message(self, *_):
        pass


horizon = make_server('127.0.0.1', 0, application, handler_class=Quiet)
threading.Thread(target=horizon.serve_forever, daemon=True).start()


class Browser:
    def __init__(self, name):
        self.base = f'http://127.0.0.1:{horizon.server_port}/'
        self.session = requests.Session()
        login = {'username': name, 'password': os.environ['PASSWORD'], 'region': 'default'}
        assert self.send('get', 'auth/login/').status_code == 200
        answer = self.send('post', 'auth/login/', data=login)
        assert answer.status_code == 302, (name, answer.status_code, re.findall('(?s)(?:alert|errorlist).{,400}', answer.text)[:3])

    def send(self, method, path, **words):
        headers = {'X-CSRFToken': self.session.cookies.get('csrftoken', '')}
        if path.startswith('api/'):
            headers['X-Requested-With'] = 'XMLHttpRequest'
        return self.session.request(method, self.base + path, headers=headers, timeout=60, allow_redirects=False, **words)

    def ask(self, method, path, data=None, status=200):
        answer = self.send(method, 'api/container_infra/' + path, **({} if data is None else {'json': data}))
        assert answer.status_code == status, (method, path, answer.status_code, answer.text)
        return answer.json() if answer.text and answer.headers['Content-Type'].startswith('application/json') else answer.text

    def until(self, cluster, status):
        end = time.monotonic() + LIMIT
        while True:
            shown = self.ask('get', f'clusters/{cluster}')
            if shown['status'] == status:
                return shown
            assert not shown['status'].endswith('FAILED') and time.monotonic() < end, shown
            time.sleep(0.5)


user = Browser(MEMBER)
assert user.ask('get', 'clusters/') == {'items': []}
assert user.ask('get', 'stats/') == {'stats': {'clusters': 0, 'nodes': 0}}

# magnum-ui makes words of the switches, and the page sends labels as one line.
template = {
    'name': 'from-horizon', 'coe': 'kubernetes', 'image_id': IMAGE, 'external_network_id': 'public', 'flavor_id': 'm1.small',
    'public': False, 'tls_disabled': False, 'registry_enabled': False, 'master_lb_enabled': False, 'labels': 'a=1,b=two',
}
made = user.ask('post', 'cluster_templates/', template, 201)
assert (made['name'], made['labels'], made['public']) == ('from-horizon', {'a': '1', 'b': 'two'}, False), made
template_id = made['uuid']
assert [one['id'] for one in user.ask('get', 'cluster_templates/')['items']] == [template_id]
# As its page does: what it has read, as far as it is not empty, with what the user has changed.
KEPT = ('name coe server_type public hidden registry_enabled tls_disabled image_id flavor_id master_flavor_id docker_volume_size '
        'docker_storage_driver keypair_id network_driver volume_driver insecure_registry http_proxy https_proxy no_proxy '
        'external_network_id fixed_network fixed_subnet dns_nameserver master_lb_enabled floating_ip_enabled').split()
read = user.ask('get', f'cluster_templates/{template_id}')
model = {key: read[key] for key in KEPT if read[key] not in (None, '')}
changed = user.ask('patch', f'cluster_templates/{template_id}', dict(model, name='renamed', labels='a=2'), 201)
assert (changed['name'], changed['labels']) == ('renamed', {'a': '2'}), changed
assert user.ask('get', f'cluster_templates/{template_id}')['name'] == 'renamed'
# Whatever refusal there is, magnum-ui makes a 500 of it, with the reason.
refused = user.ask('post', 'cluster_templates/', dict(template, coe='nomad'), 500)
assert 'coe' in refused and '(HTTP 400)' in refused, refused

# Labels come from several fields of the page, some of them switches.
made = user.ask('post', 'clusters/', {
    'name': 'c1', 'cluster_template_id': template_id, 'master_count': 1, 'node_count': 1, 'create_timeout': 60, 'rollback': False,
    'discovery_url': None, 'master_lb_enabled': False, 'floating_ip_enabled': False,
    'labels': {'a': '2', 'auto_scaling_enabled': False, 'auto_healing_enabled': True, 'c': '3'},
}, 201)
cluster = made['uuid']
shown = user.until(cluster, 'CREATE_COMPLETE')
assert (shown['id'], shown['name'], shown['node_count'], shown['floating_ip_enabled']) == (cluster, 'c1', 1, False), shown
assert [one['id'] for one in user.ask('get', 'clusters/')['items']] == [cluster]
assert user.ask('get', 'stats/') == {'stats': {'clusters': 1, 'nodes': 2}}

groups = user.ask('get', f'clusters/{cluster}/resize')
assert (groups['cluster']['id'], sorted(one['role'] for one in groups['nodegroups'])) == (cluster, ['master', 'worker']), groups
user.ask('post', f'clusters/{cluster}/resize', {'node_count': 2})
assert user.until(cluster, 'UPDATE_COMPLETE')['node_count'] == 2
# It writes the number as a word, which Magnum refuses as well (recorded request 185); no page asks for this any more.
refused = user.ask('patch', f'clusters/{cluster}', {'name': 'c1', 'node_count': 1, 'rollback': False}, 500)
assert 'node_count (HTTP 400)' in refused, refused

authority = user.ask('get', f'certificates/{cluster}')
assert 'BEGIN CERTIFICATE' in authority['pem'], authority
signed = user.ask('post', 'certificates/', {'cluster_uuid': cluster, 'csr': CSR}, 201)

config = user.ask('get', f'clusters/{cluster}/config')
assert config['ca'] == authority['pem'] and shown['api_address'] in config['cluster_config'], config
for pem in (signed['pem'], config['cert']):
    load_pem_x509_certificate(pem.encode()).verify_directly_issued_by(load_pem_x509_certificate(authority['pem'].encode()))
assert shown['api_address'] in user.ask('get', f'clusters/{cluster}/config/download')

newer = []
if os.environ.get('FULL'):
    newer = [user.ask('post', 'cluster_templates/', dict(template, name='newer', labels='kubelet_options=--max-pods=57'), 201)['uuid']]
    user.ask('post', f'clusters/{cluster}/upgrade', {'cluster_template': newer[0], 'max_batch_size': 1})
    assert user.until(cluster, 'UPDATE_COMPLETE')['cluster_template_id'] == newer[0]
    user.ask('patch', f'credentials/{cluster}', {})
    user.until(cluster, 'UPDATE_COMPLETE')
    # Rotating works, but its client library stumbles over every answer to it that has a body, and Magnum's has one.
    user.ask('delete', f'certificates/{cluster}', [cluster], 500)
    user.until(cluster, 'UPDATE_COMPLETE')
    assert user.ask('get', f'certificates/{cluster}')['pem'] != authority['pem'], 'the authority is the old one'

# What the administrator's pages ask for; the member may not.
admin = Browser(ADMIN)
project = shown['project_id']
quota = {'project_id': project, 'resource': 'Cluster', 'hard_limit': 7}
assert admin.ask('post', 'quotas/', quota, 201)['hard_limit'] == 7
assert [one['hard_limit'] for one in admin.ask('get', 'quotas/')['items']] == [7]
assert admin.ask('patch', f'quotas/{project}/Cluster', dict(quota, hard_limit=9), 201)['hard_limit'] == 9
assert admin.ask('get', f'quotas/{project}/Cluster')['hard_limit'] == 9
refused = user.ask('post', 'quotas/', quota, 500)
assert '(HTTP 403)' in refused, refused
admin.ask('delete', f'quotas/{project}/Cluster', quota, 204)

user.ask('delete', 'clusters/', [cluster], 204)
end = time.monotonic() + LIMIT
while user.ask('get', 'clusters/')['items']:
    assert time.monotonic() < end, 'the cluster is still there'
    time.sleep(0.5)
user.ask('delete', 'cluster_templates/', [template_id, *newer], 204)
assert user.ask('get', 'cluster_templates/') == {'items': []}
print('horizon ok')
