"""The systems whose documents describe the check in words: HMAC-SHA256 of the signed content with
the whole secret, in hex, compared in constant time."""
import hashlib
import hmac

CONTENT = {
    "armalo": lambda body, headers: ("x-armalo-signature", body),
    "veriswarm": lambda body, headers: (
        "x-veriswarm-signature",
        headers["x-veriswarm-timestamp"].encode() + b"." + body,
    ),
    "indigiarmor": lambda body, headers: ("x-indigiarmor-signature", body),
    # The wire format that the tests bring along as data.
    "sixth": lambda body, headers: (
        "x-sixth-signature",
        headers["x-sixth-delivery"].encode() + b":" + body,
    ),
}


def verifier(name):
    def check(body, headers, secret):
        header, content = CONTENT[name](body, headers)
        expected = hmac.new(secret.encode(), content, hashlib.sha256).hexdigest()
        return hmac.compare_digest(headers[header], expected)

    return check
