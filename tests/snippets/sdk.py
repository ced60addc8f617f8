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
for name, document in given["profiles"].items():
    assert sdk.PROFILES[name]["signature"] == document["signature"], name
    assert sdk.PROFILES[name]["headers"] == document["headers"], name
    webhook = hookpost.webhooks.create(
        url=f"{there}/{name}", event_types=["order.*"], profile=name
    )
    losses.update(answers=1, busy=1)
    data = {"order": "naïve", "id": f"job_{name}"}
    published = hookpost.publish({"type": "order.paid", "data": data})
    assert published["deliveries"] == 1, published
    headers, body = got(len(list(hookpost.list("/events"))))
    for profile in (name, document):
        at = sdk.verify(body, headers, webhook["secret"], profile)
        assert (at is not None) == ("{timestamp}" in document["signature"]["content"]), name
    changed = body[:-2] + bytes([body[-2] ^ 1]) + body[-1:]
    check = lambda **given: sdk.verify(
        **{"body": body, "headers": headers, "secret": webhook["secret"], "profile": name, **given}
    )
    refused(lambda: check(body=changed), sdk.VerificationError, "no signature fits")
    refused(lambda: check(headers={}), sdk.VerificationError, "is missing")
    if name == "standard":
        refused(lambda: check(now=time.time() + 3600), sdk.VerificationError, "away from now")
    rotated = hookpost.webhooks.rotate_secret(webhook["id"], overlap="1h")
    check(secret=[rotated["secret"], webhook["secret"]])
    assert hookpost.webhooks.get(webhook["id"])["id"] == webhook["id"]
    hookpost.webhooks.delete(webhook["id"])
events = [event["id"] for event in hookpost.list("/events", limit=2)]
assert len(events) == len(set(events)) == len(given["profiles"]) == len(received), events
error = refused(lambda: hookpost.publish({"type": "order.paid"}), sdk.HookpostError, "422")
assert error.status == 422 and error.errors[0]["field"] == "data"
nobody = sdk.Hookpost("http://127.0.0.1:1", "k", retries=1)
refused(lambda: nobody.publish({"type": "a", "data": {}}), sdk.HookpostError, "got no answer")
print("done")
