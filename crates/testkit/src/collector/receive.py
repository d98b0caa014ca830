# SPDX-License-Identifier: Apache-2.0
"""Receives OTLP over HTTP and writes every span into a file, one JSON line each, with what is wrong with it.

Arguments: port, file, the header that must be there, its value, and with TLS a certificate and its key.
"""

import http.server
import json
import ssl
import sys
import threading

from opentelemetry.proto.collector.trace.v1 import trace_service_pb2 as service
from opentelemetry.proto.trace.v1 import trace_pb2 as trace

PORT, FILE, HEADER, VALUE = int(sys.argv[1]), sys.argv[2], sys.argv[3], sys.argv[4]
LOCK = threading.Lock()


def plain(value):
    which = value.WhichOneof('value')
    if which == 'array_value':
        return [plain(item) for item in value.array_value.values]
    return getattr(value, which) if which else None


def pairs(attributes):
    return {pair.key: plain(pair.value) for pair in attributes}


def faults(span, resource):
    found = []
    if len(span.trace_id) != 16 or not any(span.trace_id):
        found.append('trace id')
    if len(span.span_id) != 8 or not any(span.span_id):
        found.append('span id')
    if len(span.parent_span_id) not in (0, 8):
        found.append('parent id')
    if not span.name or span.kind == trace.Span.SPAN_KIND_UNSPECIFIED:
        found.append('name or kind')
    if not 0 < span.start_time_unix_nano <= span.end_time_unix_nano:
        found.append('times')
    keys = [pair.key for pair in span.attributes]
    if len(keys) != len(set(keys)):
        found.append('an attribute twice')
    if 'service.name' not in resource:
        found.append('no service')
    return found


class Receiver(http.server.BaseHTTPRequestHandler):
    protocol_version = 'HTTP/1.1'

    def do_POST(self):
        body = self.rfile.read(int(self.headers.get('content-length', 0)))
        if self.path != '/v1/traces':
            return self.answer(404)
        if self.headers.get(HEADER) != VALUE:
            return self.answer(401)
        if self.headers.get('content-type') != 'application/x-protobuf':
            return self.answer(415)
        try:
            request = service.ExportTraceServiceRequest.FromString(body)
        except Exception:
            return self.answer(400)
        lines = []
        for of in request.resource_spans:
            resource = pairs(of.resource.attributes)
            for span in (span for scope in of.scope_spans for span in scope.spans):
                lines.append(json.dumps({
                    'name': span.name, 'kind': trace.Span.SpanKind.Name(span.kind).removeprefix('SPAN_KIND_').lower(),
                    'trace': span.trace_id.hex(), 'id': span.span_id.hex(), 'parent': span.parent_span_id.hex() or None,
                    'began': span.start_time_unix_nano / 1e9, 'ended': span.end_time_unix_nano / 1e9,
                    'attributes': pairs(span.attributes),
                    'moments': [event.name for event in span.events],
                    'error': span.status.message if span.status.code == trace.Status.STATUS_CODE_ERROR else None,
                    'resource': resource, 'faults': faults(span, resource),
                }) + '\n')
        with LOCK, open(FILE, 'a') as file:
            file.write(''.join(lines))
        self.answer(200, service.ExportTraceServiceResponse().SerializeToString())

    def answer(self, status, body=b''):
        self.send_response(status)
        self.send_header('content-type', 'application/x-protobuf')
        self.send_header('content-length', str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *args):
        pass


server = http.server.ThreadingHTTPServer(('127.0.0.1', PORT), Receiver)
if len(sys.argv) > 5:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(sys.argv[5], sys.argv[6])
    server.socket = context.wrap_socket(server.socket, server_side=True)
server.serve_forever()
