"""Meets every documented refusal with the published client, as its own exception: SVIX_SERVER_URL, SVIX_TOKEN,
and VISITOR, a token that may only look. The test has made the application `full` and lets nothing large in."""
import os

from svix.api import ApplicationIn, EndpointIn, EventTypeImportOpenApiIn, MessageIn, Svix, SvixOptions
from svix.exceptions import HttpError, HTTPValidationError

options = SvixOptions(server_url=os.environ["SVIX_SERVER_URL"])
key, visitor = (Svix(os.environ[name], options) for name in ("SVIX_TOKEN", "VISITOR"))


def refused(status, code, call):
    try:
        call()
    except HTTPValidationError as error:
        assert status == 422 and error.detail[0].loc and error.detail[0].msg, error.to_dict()
        return
    except HttpError as error:
        assert (error.status_code, error.code) == (status, code) and error.detail, error.to_dict()
        return
    raise AssertionError(f"{status} was expected")


def message(size):
    return MessageIn(event_type="order.paid", payload={"x": "y" * size})


refused(400, "generic_error", lambda: key.event_type.import_openapi(EventTypeImportOpenApiIn()))
refused(401, "authentication_failed", lambda: Svix("nobody", options).application.list())
refused(403, "insufficient access", lambda: visitor.endpoint.create("full", EndpointIn(url="https://example.com/")))
refused(404, "not_found", lambda: key.application.get("nobody"))
refused(409, "conflict", lambda: key.application.create(ApplicationIn(name="Full", uid="full")))
refused(413, "payload_too_large", lambda: key.message.create("full", message(400 * 1024)))
refused(422, None, lambda: key.endpoint.create("full", EndpointIn(url="nowhere")))
refused(422, None, lambda: key.endpoint.create("full", EndpointIn(url="https://example.com/", event_types=["no.such"])))
refused(501, "not_implemented", lambda: key.statistics.aggregate_event_types())
refused(503, "overloaded", lambda: key.message.create("full", message(200 * 1024)))
