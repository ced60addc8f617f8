"""What a collector understands of OTLP's JSON: reads a list of bodies from stdin, prints their spans. The
published schema decides; a member that it does not know is an error."""
import base64
import json
import sys

from google.protobuf.json_format import MessageToDict, Parse
from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import ExportTraceServiceRequest


def ids_as_base64(value):
    """OTLP's JSON writes ids in hexadecimal where protobuf's own mapping has base64."""
    if isinstance(value, list):
        return [ids_as_base64(item) for item in value]
    if isinstance(value, dict):
        return {
            name: base64.b64encode(bytes.fromhex(item)).decode()
            if name in ("traceId", "spanId", "parentSpanId")
            else ids_as_base64(item)
            for name, item in value.items()
        }
    return value


def attributes(message):
    return {one.key: one.value.string_value or one.value.int_value for one in message.attributes}


spans = []
for body in json.load(sys.stdin):
    request = Parse(json.dumps(ids_as_base64(body)), ExportTraceServiceRequest())
    for resource in request.resource_spans:
        for scope in resource.scope_spans:
            for span in scope.spans:
                assert span.end_time_unix_nano >= span.start_time_unix_nano > 0, MessageToDict(span)
                spans.append({
                    "service": attributes(resource.resource)["service.name"],
                    "name": span.name,
                    "kind": span.kind,
                    "trace": span.trace_id.hex(),
                    "id": span.span_id.hex(),
                    "parent": span.parent_span_id.hex(),
                    "status": span.status.code,
                    "message": span.status.message,
                    "attributes": attributes(span),
                })
print(json.dumps(spans))
