"""Walks the Python client against a running server, as sdk.mjs does for the JavaScript one."""
import http.client
import http.server
import importlib.util
import json
import sys
import threading
import time
import urllib.parse

given = json.load(sys.stdin)
spec = importlib.util.spec_from_file_location("hookpost", given["sdk"])
sdk = importlib.util.module_from_spec(spec)
spec.loader.exec_module(sdk)

received = []
arrived = threading.Condition()
losses = {"answers": 0, "busy": 0}


class Handler(http.server.BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def log_message(self, *_):
        pass

    def body(self):
        return self.rfile.read(int(self.headers.get("Content-Length", 0)))

    def answer(self, status, body, headers=()):
        self.send_response(status)
        for name, value in headers:
            self.send_header(name, value)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)


class Receiver(Handler):
    def do_POST(self):
        with arrived:
            received.append((dict(self.headers.items()), self.body()))
            arrived.notify_all()
        self.answer(200, b"ok")


class Front(Handler):
    """Loses answers after the server has given them."""

    def forward(self):
        body = self.body()
        if losses["busy"] > 0:
            losses["busy"] -= 1
            return self.answer(503, b"", [("Retry-After", "0")])
        server = http.client.HTTPConnection(urllib.parse.urlsplit(given["server"]).netloc)
        server.request(self.command, self.path, body, dict(self.headers.items()))
        answer = server.getresponse()
        text = answer.read()
        if losses["answers"] > 0:
            losses["answers"] -= 1
            self.close_connection = True
            return None
        return self.answer(answer.status, text)

    do_GET = do_POST = do_PATCH = do_DELETE = forward


def listen(handler):
    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), handler)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    return f"http://127.0.0.1:{server.server_port}"


def got(count):
    with arrived:
        assert arrived.wait_for(lambda: len(received) >= count, timeout=30)
        return received[count - 1]


def refused(act, kind, words):
    try:
        act()
    except kind as error:
        assert words in str(error), error
        return error
    raise AssertionError(f"nothing was refused: {words}")


there, through = listen(Receiver), listen(Front)
assert sdk.VERSION == given["version"]
hookpost = sdk.Hookpost(through, given["key"])
cases = []
for name, document in given["profiles"].items():
    assert sdk.PROFILES[name]["signature"] == document["signature"], name
    assert sdk.PROFILES[name]["headers"] == document["headers"], name
    cases.append((name, document, [name, document], "hmac"))
cases += [(name, own, [own], "hmac") for name, own in given["gallery"].items()]
standard = given["profiles"]["standard"]
cases.append(("standard", standard, ["standard", standard], "ed25519"))
for name, document, said, signature in cases:
    webhook = hookpost.webhooks.create(
        url=f"{there}/{name}", event_types=["order.*"], profile=name, signature=signature
    )
    key = webhook["public_key"] if signature == "ed25519" else webhook["secret"]
    losses.update(answers=1, busy=1)
    data = {"order": "naïve", "id": f"job_{name}"}
    published = hookpost.publish({"type": "order.paid", "data": data})
    assert published["deliveries"] == 1, published
    headers, body = got(len(list(hookpost.list("/events"))))
    for profile in said:
        at = sdk.verify(body, headers, key, profile)
        assert (at is not None) == ("{timestamp}" in json.dumps(document)), name
    changed = body[:-2] + bytes([body[-2] ^ 1]) + body[-1:]
    check = lambda **given: sdk.verify(
        **{"body": body, "headers": headers, "secret": key, "profile": said[0], **given}
    )
    refused(lambda: check(body=changed), sdk.VerificationError, "no signature fits")
    refused(lambda: check(headers={}), sdk.VerificationError, "is missing")
    if name == "standard":
        refused(lambda: check(now=time.time() + 3600), sdk.VerificationError, "away from now")
        refused(lambda: check(secret="whpk_AAAA"), ValueError, "32 bytes")
    rotated = hookpost.webhooks.rotate_secret(webhook["id"], overlap="1h")
    refused(lambda: check(secret=rotated["secret"]), sdk.VerificationError, "no signature fits")
    check(secret=[rotated["secret"], key])
    assert hookpost.webhooks.get(webhook["id"])["id"] == webhook["id"]
    hookpost.webhooks.delete(webhook["id"])

# The vectors of RFC 8032, 7.1: public key, message, signature.
VECTORS = [
    (
        "d75a980182b10ab7d54bfed3c964073a0ee172f3daa62325af021a68f707511a",
        "",
        "e5564300c360ac729086e2cc806e828a84877f1eb8e5d974d873e065224901555fb8821590a33bacc61e39701cf9b46b"
        "d25bf5f0595bbe24655141438e7a100b",
    ),
    (
        "3d4017c3e843895a92b70aa74d1b7ebc9c982ccf2ec4968cc0cd55f12af4660c",
        "72",
        "92a009a9f0d4cab8720e820b5f642540a2b27b5416503f8fb3762223ebdb69da085ac1e43e15996e458f3613d0f11d8c"
        "387b2eaeb4302aeeb00d291612bb0c00",
    ),
    (
        "fc51cd8e6218a1a38da47ed00230f0580816ed13ba3303ac5deb911548908025",
        "af82",
        "6291d657deec24024827e69c3abe01a30ce548a284743a445e3680d7db5ac3ac18ff9b538d16f290ae67f760984dc659"
        "4a7c15e9716ed28dc027beceea1ec40a",
    ),
]
for vector in VECTORS:
    public, content, signed = map(bytes.fromhex, vector)
    assert sdk._ed25519(public, signed, content)
    assert not sdk._ed25519(public, signed, content + b"x")
    # Only one number is the signature: the same with the group's order added is not (RFC 8032, 5.1.7).
    beyond = int.from_bytes(signed[32:], "little") + 2**252 + 27742317777372353535851937790883648493
    assert not sdk._ed25519(public, signed[:32] + beyond.to_bytes(32, "little"), content)
    assert not sdk._ed25519(b"\xff" * 32, signed, content)
events = [event["id"] for event in hookpost.list("/events", limit=2)]
assert len(events) == len(set(events)) == len(cases) == len(received), events
error = refused(lambda: hookpost.publish({"type": "order.paid"}), sdk.HookpostError, "422")
assert error.status == 422 and error.errors[0]["field"] == "data"
# What else a platform does with a webhook, and events in one call.
id = hookpost.webhooks.create(url=f"{there}/more", event_types=["more.*"], label="Before")["id"]
assert hookpost.webhooks.update(id, label="After")["label"] == "After"
assert hookpost.webhooks.disable(id)["status"] == "disabled"
assert hookpost.webhooks.enable(id)["status"] == "active"
batch = hookpost.publish_batch([{"type": "more.one", "data": 1}, {"type": "more.two", "data": 2}])
assert [one["deliveries"] for one in batch["results"]] == [1, 1], batch
got(len(cases) + 2)
assert hookpost.webhooks.test(id, event_type="more.test")["success"] is True
since = time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime(time.time() - 60))
assert hookpost.webhooks.recover(id, since=since, include=["exhausted"])["matched"] == 0
assert hookpost.webhooks.stats(id, since=since)["webhook_id"] == id
labels = [webhook["label"] for webhook in hookpost.webhooks.list(limit=1)]
assert [label for label in labels if label] == ["After"], labels
nobody = sdk.Hookpost("http://127.0.0.1:1", "k", retries=1)
refused(lambda: nobody.publish({"type": "a", "data": {}}), sdk.HookpostError, "got no answer")
print("done")
