"""Says whether a delivery is genuine: reads {"secret", "headers", "body": base64} from stdin and
prints true or false. Whatever a verifier throws means that the delivery is not genuine; that a
verifier is missing is an error."""
import base64
import json
import sys


def load(name):
    if name in ("standard", "svix"):
        if name == "standard":
            from standardwebhooks import Webhook
        else:
            from svix.webhooks import Webhook

        def check(body, headers, secret):
            Webhook(secret).verify(body, headers)
            return True

        return check
    if name in ("razorpay", "slack", "stripe"):
        import gallery

        return getattr(gallery, name)
    if name in ("armox", "airmy"):
        return __import__(name).check
    import described

    return described.verifier(name)


check = load(sys.argv[1])
given = json.load(sys.stdin)
genuine = False
try:
    genuine = check(base64.b64decode(given["body"]), given["headers"], given["secret"])
except Exception as error:
    print(repr(error), file=sys.stderr)
print("true" if genuine else "false")
