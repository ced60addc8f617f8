"""Providers' own published verifiers, by the name of their profile in the gallery."""


def razorpay(body, headers, secret):
    import razorpay

    client = razorpay.Client(auth=("none", "none"))
    return client.utility.verify_webhook_signature(body.decode(), headers["x-razorpay-signature"], secret)


def slack(body, headers, secret):
    from slack_sdk.signature import SignatureVerifier

    return SignatureVerifier(secret).is_valid_request(body, headers)


def stripe(body, headers, secret):
    import stripe

    event = stripe.Webhook.construct_event(body, headers["stripe-signature"], secret)
    return event.object == "event"
