"""hookpost for Python: publish events, look after webhooks, verify deliveries.

One file without dependencies, for Python 3.9 or later.

    from hookpost import Hookpost, verify

    hookpost = Hookpost("http://127.0.0.1:8080", os.environ["HOOKPOST_API_KEY"])
    hookpost.publish({"type": "order.paid", "data": {"order": "A-1042"}})
"""

from __future__ import annotations

import base64
import binascii
import hashlib
import hmac
import json
import random
import re
import time
import urllib.error
import urllib.parse
import urllib.request
import uuid
from http.client import HTTPException
from typing import Any, Iterator, Mapping, Sequence, Tuple

#: The version of hookpost that this file belongs to.
VERSION = "0.1.0"

# Worth another try: nothing was done, or the idempotency key makes a second time harmless.
_PASSING = {408, 425, 429, 502, 503, 504}


class HookpostError(Exception):
    """The server refused a call (``status``, ``code``, ``errors`` say how), or could not be reached."""

    def __init__(self, message: str, status: int | None = None, problem: Mapping | None = None):
        super().__init__(message)
        self.status = status
        self.code = (problem or {}).get("code")
        self.errors = (problem or {}).get("errors", [])


class VerificationError(Exception):
    """A delivery is not genuine; the message says which step failed."""


class Hookpost:
    """A hookpost server, as one API key sees it.

    ``timeout`` (of one try) is in seconds; ``retries`` is how many tries may follow the first.
    """

    def __init__(
        self,
        server: str,
        api_key: str,
        workspace: str | None = None,
        timeout: float = 10.0,
        retries: int = 4,
    ):
        self.server = server.rstrip("/")
        self.timeout = timeout
        self.retries = retries
        self._headers = {"Authorization": f"Bearer {api_key}", "Accept": "application/json"}
        if workspace:
            self._headers["Hookpost-Workspace"] = workspace
        self.webhooks = Webhooks(self)

    def publish(self, event: Mapping[str, Any], idempotency_key: str | None = None) -> dict:
        """Publishes an event. A try that failed on the way is repeated without publishing twice."""
        return self.request("POST", "/events", body=event, idempotency_key=idempotency_key)

    def publish_batch(
        self, events: Sequence[Mapping[str, Any]], idempotency_key: str | None = None
    ) -> dict:
        """Publishes several events at once; the answer has a result for each, in their order."""
        body = {"events": list(events)}
        return self.request("POST", "/events/batch", body=body, idempotency_key=idempotency_key)

    def request(
        self,
        method: str,
        path: str,
        body: Any = None,
        query: Mapping[str, Any] | None = None,
        idempotency_key: str | None = None,
    ) -> Any:
        """Calls the API: ``path`` is what follows ``/api/v1``."""
        given = {name: value for name, value in (query or {}).items() if value is not None}
        search = f"?{urllib.parse.urlencode(given)}" if given else ""
        headers = dict(self._headers)
        data = None
        if body is not None:
            data = json.dumps(body, ensure_ascii=False).encode()
            headers["Content-Type"] = "application/json"
        if method == "POST":
            headers["Idempotency-Key"] = idempotency_key or str(uuid.uuid4())
        url = f"{self.server}/api/v1{path}{search}"
        for tried in range(self.retries + 1):
            last = tried == self.retries
            asked = urllib.request.Request(url, data=data, headers=headers, method=method)
            try:
                with urllib.request.urlopen(asked, timeout=self.timeout) as answer:
                    text = answer.read()
                    return json.loads(text) if text else None
            except urllib.error.HTTPError as error:
                text = error.read()
                if last or error.code not in _PASSING:
                    raise _refusal(method, path, error.code, text) from None
                pause = _pause(tried, error.headers.get("Retry-After"))
            except (OSError, HTTPException) as error:
                if last:
                    raise HookpostError(f"{method} {path} got no answer: {error}") from error
                pause = _pause(tried, None)
            time.sleep(pause)
        raise AssertionError("the last try returns or raises")

    def list(self, path: str, **query: Any) -> Iterator[dict]:
        """Every item of a list, page after page."""
        while True:
            page = self.request("GET", path, query=query)
            yield from page["data"]
            query["cursor"] = page["next_cursor"]
            if not query["cursor"]:
                return


class Webhooks:
    """The webhooks of a workspace."""

    def __init__(self, hookpost: Hookpost):
        self._hookpost = hookpost

    def list(self, **query: Any) -> Iterator[dict]:
        return self._hookpost.list("/webhooks", **query)

    def create(self, **settings: Any) -> dict:
        return self._hookpost.request("POST", "/webhooks", body=settings)

    def get(self, id: str) -> dict:
        return self._hookpost.request("GET", _at(id))

    def update(self, id: str, **changes: Any) -> dict:
        return self._hookpost.request("PATCH", _at(id), body=changes)

    def delete(self, id: str) -> None:
        self._hookpost.request("DELETE", _at(id))

    def enable(self, id: str) -> dict:
        return self._hookpost.request("POST", f"{_at(id)}/enable")

    def disable(self, id: str) -> dict:
        return self._hookpost.request("POST", f"{_at(id)}/disable")

    def test(self, id: str, **event: Any) -> dict:
        return self._hookpost.request("POST", f"{_at(id)}/test", body=event)

    def rotate_secret(self, id: str, **options: Any) -> dict:
        return self._hookpost.request("POST", f"{_at(id)}/rotate-secret", body=options)

    def recover(self, id: str, **what: Any) -> dict:
        return self._hookpost.request("POST", f"{_at(id)}/recover", body=what)

    def stats(self, id: str, **query: Any) -> dict:
        return self._hookpost.request("GET", f"{_at(id)}/stats", query=query)


def _at(id: str) -> str:
    return f"/webhooks/{urllib.parse.quote(id, safe='')}"


def _pause(tried: int, retry_after: str | None) -> float:
    """The server's own wish, else twice as long each time; at most half a minute, spread by a fifth."""
    try:
        seconds = float(retry_after or "")
    except ValueError:
        seconds = 0.25 * 2**tried
    return min(max(seconds, 0.0), 30.0) * (1 + random.random() / 5)


def _refusal(method: str, path: str, status: int, text: bytes) -> HookpostError:
    try:
        problem = json.loads(text)
    except ValueError:
        problem = {}
    why = problem.get("detail") or problem.get("title") or "the answer is not hookpost's"
    return HookpostError(f"{method} {path}: {why} ({status})", status, problem)


def _hex(header: str, content: str, headers: dict[str, str], **more: str) -> dict:
    signature = {"header": header, "encoding": "hex", "content": content, "key": "utf8", **more}
    return {"headers": headers, "signature": signature}


#: How each built-in wire profile signs; the same as GET /api/v1/profiles says.
PROFILES: dict[str, dict] = {
    "standard": {
        "headers": {
            "webhook-event-version": "{event_version}",
            "webhook-id": "{event_id}",
            "webhook-timestamp": "{timestamp}",
        },
        "signature": {
            "header": "webhook-signature",
            "prefix": "v1,",
            "encoding": "base64",
            "separator": " ",
            "id": "event_id",
            "content": "{id}.{timestamp}.{body}",
            "key": "base64_after_prefix",
        },
    },
    "armalo": _hex("X-Armalo-Signature", "{body}", {"X-Armalo-Delivery": "{delivery_id}"}),
    "veriswarm": _hex(
        "X-VeriSwarm-Signature",
        "{timestamp}.{body}",
        {"X-VeriSwarm-Delivery-Id": "{delivery_id}", "X-VeriSwarm-Timestamp": "{timestamp}"},
    ),
    "armox": _hex(
        "X-Armox-Signature", "{body}", {"X-Armox-Delivery": "{delivery_id}"}, prefix="sha256="
    ),
    "airmy": _hex("X-AIRMY-Signature", "{body}", {"X-AIRMY-Delivery": "{delivery_id}"}),
    "indigiarmor": _hex(
        "X-IndigiArmor-Signature", "{body}", {"X-IndigiArmor-Delivery": "{delivery_id}"}
    ),
}


def verify(
    body: bytes,
    headers: Mapping[str, str],
    secret: str | Sequence[str],
    profile: str | Mapping[str, Any] = "standard",
    tolerance: float = 300,
    now: float | None = None,
) -> float | None:
    """Verifies a delivery; ``body`` is what arrived, byte for byte, before any parser saw it.

    Answers when it was signed (Unix seconds; ``None`` where the profile signs no time). ``profile`` is
    a built-in one's name or the ``document`` of ``GET /api/v1/profiles/NAME``; ``secret`` may be a list while
    one is rotated, and is the webhook's ``public_key`` where it signs with ``ed25519``; ``tolerance`` is in
    seconds. Raises :class:`VerificationError`.
    """
    rules = PROFILES[profile] if isinstance(profile, str) else profile
    signature = rules["signature"]
    content_of, prefix = signature["content"], signature.get("prefix", "")
    found: dict[str, str] = {}
    value = _header(headers, signature["header"])
    if signature.get("lead"):
        rest = _capture(signature["lead"], value, found)
        if rest is None:
            raise VerificationError(
                f"the header {signature['header']} does not begin as this profile's signatures do"
            )
        value = rest
    signed = set(re.findall(r"\{(\w+)\}", content_of))
    if "id" in signed:
        signed.add(signature.get("id", "event_id"))
    for name, rule in rules.get("headers", {}).items():
        if not signed & set(re.findall(r"\{(\w+)\}", rule)):
            continue
        if _capture(rule, _header(headers, name), found) != "":
            raise VerificationError(f"the header {name} has not the form that this profile gives it")
    found["id"] = found.get(signature.get("id", "event_id"), "")
    pieces = re.split(r"(\{\w+\})", content_of)
    content = b"".join(
        body if piece == "{body}" else re.sub(r"^\{(\w+)\}$", lambda m: found.get(m[1], ""), piece).encode()
        for piece in pieces
    )
    separator, form = signature.get("separator"), signature["key"]
    digests, signatures = [], []
    for one in value.split(separator) if separator else [value]:
        if one.startswith(prefix):
            digests.append(_digest(signature["encoding"], one[len(prefix) :]))
        elif form == "base64_after_prefix" and one.startswith("v1a,"):
            signatures.append(_base64(one[len("v1a,") :], 64))
    digests, signatures = list(filter(None, digests)), list(filter(None, signatures))
    if not digests and not signatures:
        raise VerificationError(
            f"the header {signature['header']} holds no signature of this profile"
        )
    for own in [secret] if isinstance(secret, str) else secret:
        if form == "base64_after_prefix" and own.startswith("whpk_"):
            public = _base64(own[len("whpk_") :], 32)
            if public is None:
                raise ValueError("a public key must be whpk_ and the base64 of 32 bytes")
            fits = any(_ed25519(public, one, content) for one in signatures)
        else:
            wanted = hmac.new(_key(form, own), content, hashlib.sha256).digest()
            fits = any(hmac.compare_digest(one, wanted) for one in digests)
        if fits:
            break
    else:
        raise VerificationError(
            "no signature fits: another secret, or the body was changed after signing"
        )
    if "timestamp" not in signed:
        return None
    text = found.get("timestamp", "")
    seconds = float(text) if re.fullmatch(r"[0-9]{1,15}", text) else float("nan")
    if not abs(seconds - (time.time() if now is None else now)) <= tolerance:
        raise VerificationError(f"the timestamp {text} is more than {tolerance} s away from now")
    return seconds


def _header(headers: Mapping[str, str], wanted: str) -> str:
    for name, value in headers.items():
        if name.lower() == wanted.lower():
            return value.strip()
    raise VerificationError(f"the header {wanted} is missing")


def _capture(template: str, text: str, found: dict[str, str]) -> str | None:
    """Takes ``text`` apart as ``template`` made it: puts what stands for its placeholders into
    ``found`` and answers what follows, ``None`` where it was not made so."""
    slots = re.findall(r"\{(\w+)\}", template)
    literal = [re.escape(piece) for piece in re.split(r"\{\w+\}", template)]
    match = re.match("([A-Za-z0-9_.:-]+)".join(literal), text)
    if not match:
        return None
    found.update(zip(slots, match.groups()))
    return text[match.end() :]


def _digest(encoding: str, text: str) -> bytes | None:
    if encoding == "hex":
        return bytes.fromhex(text) if re.fullmatch(r"[0-9a-f]{64}", text) else None
    return _base64(text, 32)


def _base64(text: str, length: int) -> bytes | None:
    try:
        raw = base64.b64decode(text, validate=True)
    except (binascii.Error, ValueError):
        return None
    return raw if len(raw) == length else None


def _key(form: str, secret: str) -> bytes:
    if form == "utf8":
        return secret.encode()
    text = secret[len("whsec_") :] if secret.startswith("whsec_") else secret
    return base64.b64decode(text, validate=True)


# Ed25519 (RFC 8032), which the standard library has not. Whoever verifies handles nothing secret, so how long
# it takes may depend on what it is given; it takes some milliseconds. Points are (X, Y, Z, T) with x = X/Z,
# y = Y/Z and xy = T/Z.
_P = 2**255 - 19
_ORDER = 2**252 + 27742317777372353535851937790883648493
_D = -121665 * pow(121666, -1, _P) % _P
_Point = Tuple[int, int, int, int]


def _point(raw: bytes) -> _Point | None:
    y = int.from_bytes(raw, "little")
    sign, y = y >> 255, y & (2**255 - 1)
    square = (y * y - 1) * pow(_D * y * y + 1, -1, _P) % _P
    x = pow(square, (_P + 3) // 8, _P)
    if (x * x - square) % _P:
        x = x * pow(2, (_P - 1) // 4, _P) % _P
    if y >= _P or (x * x - square) % _P or (x == 0 and sign):
        return None
    if x & 1 != sign:
        x = _P - x
    return x, y, 1, x * y % _P


def _sum(p: _Point, q: _Point) -> _Point:
    a = (p[1] - p[0]) * (q[1] - q[0]) % _P
    b = (p[1] + p[0]) * (q[1] + q[0]) % _P
    c, d = 2 * p[3] * q[3] * _D % _P, 2 * p[2] * q[2] % _P
    e, f, g, h = b - a, d - c, d + c, b + a
    return e * f % _P, g * h % _P, f * g % _P, e * h % _P


def _times(factor: int, p: _Point) -> _Point:
    product = (0, 1, 1, 0)
    while factor:
        if factor & 1:
            product = _sum(product, p)
        p, factor = _sum(p, p), factor >> 1
    return product


def _ed25519(public: bytes, signature: bytes, content: bytes) -> bool:
    """Whether ``signature`` over ``content`` is that of the key whose public half is ``public``."""
    key = _point(public)
    base = _point((4 * pow(5, -1, _P) % _P).to_bytes(32, "little"))
    s = int.from_bytes(signature[32:], "little")
    if key is None or base is None or s >= _ORDER:
        return False
    digest = hashlib.sha512(signature[:32] + public + content).digest()
    k = int.from_bytes(digest, "little") % _ORDER
    negated = (_P - key[0], key[1], 1, _P - key[3])
    x, y, z, _ = _sum(_times(s, base), _times(k, negated))
    x, y = (part * pow(z, -1, _P) % _P for part in (x, y))
    return (y | (x & 1) << 255).to_bytes(32, "little") == signature[:32]
