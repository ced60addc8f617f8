"""Walks what an integration does with the published client: SVIX_SERVER_URL, SVIX_TOKEN, RECEIVER. Prints
what a receiver needs to verify what it got."""
import json
import os
import time
import urllib.request
from datetime import datetime, timedelta, timezone

from svix.api import (
    ApplicationIn,
    AppPortalAccessIn,
    ApplicationPatch,
    EndpointHeadersIn,
    EndpointIn,
    EndpointPatch,
    EndpointSecretRotateIn,
    EventExampleIn,
    EventTypeImportOpenApiIn,
    EventTypeIn,
    MessageGetOptions,
    MessageIn,
    MessageListOptions,
    MessagePollerConsumerPollOptions,
    MessagePollerPollOptions,
    RecoverIn,
    ReplayIn,
    Svix,
    SvixOptions,
)
from svix.api.message import message_in_raw
from svix.exceptions import HttpError, HTTPValidationError
from svix.models import PollingEndpointConsumerSeekIn

client = Svix(os.environ["SVIX_TOKEN"], SvixOptions(server_url=os.environ["SVIX_SERVER_URL"]))
UID = "acme-py"
TYPE = "order.paid.py"


def refused(code, call):
    try:
        call()
    except (HttpError, HTTPValidationError) as error:
        assert code == getattr(error, "status_code", 422), error.to_dict()
        assert error.detail
        return
    raise AssertionError(f"{code} was expected")


app = client.application.create(ApplicationIn(name="Acme", uid=UID, metadata={"plan": "pro"}))
assert app.id.startswith("app_") and app.metadata == {"plan": "pro"}
assert client.application.get_or_create(ApplicationIn(name="Acme", uid=UID)).id == app.id
refused(409, lambda: client.application.create(ApplicationIn(name="Acme", uid=UID)))
refused(404, lambda: client.application.get("nobody"))
assert client.application.patch(UID, ApplicationPatch(name="Acme Ltd")).name == "Acme Ltd"
assert any(one.id == app.id for one in client.application.list().data)

client.event_type.create(EventTypeIn(name=TYPE, description="An order was paid"))
assert client.event_type.get(TYPE).description == "An order was paid"
assert any(one.name == TYPE for one in client.event_type.list().data)

spec = {"openapi": "3.1.0", "webhooks": {"imported.py": {"post": {"description": "Imported"}}}}
dry = client.event_type.import_openapi(EventTypeImportOpenApiIn(spec=spec, dry_run=True))
assert dry.data.modified == [] and dry.data.to_modify[0].name == "imported.py"
done = client.event_type.import_openapi(EventTypeImportOpenApiIn(spec=spec))
assert done.data.modified == ["imported.py"]

endpoint = client.endpoint.create(
    UID, EndpointIn(url=os.environ["RECEIVER"], uid="main", event_types=[TYPE], channels=["eu"])
)
assert endpoint.id.startswith("ep_") and endpoint.event_types == [TYPE] and endpoint.channels == ["eu"]
assert client.endpoint.list(UID).data[0].id == endpoint.id
refused(422, lambda: client.endpoint.create(UID, EndpointIn(url="https://example.com/", event_types=[])))
assert client.endpoint.patch(UID, "main", EndpointPatch(description="Main")).description == "Main"
set_headers = getattr(client.endpoint, "set_headers", None) or client.endpoint.update_headers
set_headers(UID, "main", EndpointHeadersIn(headers={"x-foo": "bar"}))
assert client.endpoint.get_headers(UID, "main").headers == {"x-foo": "bar"}
first = client.endpoint.get_secret(UID, "main").key
client.endpoint.rotate_secret(UID, "main", EndpointSecretRotateIn())
second = client.endpoint.get_secret(UID, "main").key
assert first != second

payload = {"order": "A-1042", "amount": 19.99}
message = client.message.create(
    UID, MessageIn(event_type=TYPE, event_id="order.1042", payload=payload, channels=["eu"])
)
assert message.id.startswith("msg_") and message.event_id == "order.1042"
refused(
    409,
    lambda: client.message.create(
        UID, MessageIn(event_type=TYPE, event_id="order.1042", payload=payload, channels=["eu"])
    ),
)
assert client.message.get(UID, "order.1042").id == message.id
assert client.message.list(UID, MessageListOptions(channel="eu")).data[0].id == message.id
attempts = []
while not attempts:
    attempts = client.message_attempt.list_by_msg(UID, message.id).data
    time.sleep(0.02)
attempt = attempts[0]
assert attempt.status == 0 and attempt.msg_id == message.id and attempt.endpoint_id == endpoint.id
assert client.message_attempt.get(UID, message.id, attempt.id).id == attempt.id
assert client.message_attempt.list_by_endpoint(UID, "main").data[0].id == attempt.id
assert client.message_attempt.list_attempted_messages(UID, "main").data[0].id == message.id
assert client.message_attempt.list_attempted_destinations(UID, message.id).data[0].id == endpoint.id
assert client.endpoint.get_stats(UID, "main").success == 1
assert client.endpoint.get_attempt_stats(UID, "main").success == 1
client.message_attempt.resend(UID, message.id, "main")
since = datetime.now(timezone.utc) - timedelta(minutes=1)
assert client.endpoint.recover(UID, "main", RecoverIn(since=since)).id.startswith("qtask_")
refused(404, lambda: client.endpoint.get(UID, "nobody"))
task = client.endpoint.replay_missing(UID, "main", ReplayIn(since=since))
assert task.task == "endpoint.replay" and client.background_task.get(task.id).id == task.id
assert client.endpoint.send_example(UID, "main", EventExampleIn(event_type=TYPE)).id.startswith("msg_")
native = urllib.request.Request(
    os.environ["SVIX_SERVER_URL"].removesuffix("/svix") + "/api/v1/webhooks",
    data=json.dumps({"kind": "poll", "event_types": ["polled.*"], "consumer": UID}).encode(),
    headers={"authorization": f"Bearer {os.environ['SVIX_TOKEN']}", "content-type": "application/json"},
)
sink = json.load(urllib.request.urlopen(native))["id"].replace("wh_", "ep_")
for n in (1, 2):
    client.message.create(UID, MessageIn(event_type="polled.once", payload={"n": n}))
numbers = lambda page: [one.payload["n"] for one in page.data]
page = client.message.poller.poll(UID, sink, MessagePollerPollOptions(limit=1))
assert numbers(page) == [1] and not page.done
tracked = client.message.poller.consumer_poll(UID, sink, "billing")
assert numbers(tracked) == [1, 2] and tracked.done
options = MessagePollerConsumerPollOptions(iterator=tracked.iterator)
assert numbers(client.message.poller.consumer_poll(UID, sink, "billing", options)) == []
seek = PollingEndpointConsumerSeekIn(after=since)
assert client.message.poller.consumer_seek(UID, sink, "billing", seek).iterator
assert numbers(client.message.poller.consumer_poll(UID, sink, "billing")) == [1, 2]
raw = client.message.create(UID, message_in_raw("other.type", "<order/>", "application/xml"))
assert client.message.get(UID, raw.id, MessageGetOptions(with_content=True)).payload == {"rawPayload": "<order/>"}
access = client.authentication.app_portal_access(UID, AppPortalAccessIn())
visitor = Svix(access.token, SvixOptions(server_url=os.environ["SVIX_SERVER_URL"]))
assert visitor.endpoint.get(UID, "main").id == endpoint.id
print(json.dumps({"secrets": [first, second], "message": message.id, "payload": payload}))
