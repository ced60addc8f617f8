"""Walks lists that fill more than one page with the published client: SVIX_SERVER_URL, SVIX_TOKEN, MANY.
Whatever is listed is there once."""
import os

from svix.api import (
    EndpointListOptions,
    MessageAttemptListAttemptedDestinationsOptions,
    MessageAttemptListAttemptedMessagesOptions,
    MessageAttemptListByEndpointOptions,
    MessageAttemptListByMsgOptions,
    MessageListOptions,
    Svix,
    SvixOptions,
)
from svix.exceptions import HTTPValidationError

client = Svix(os.environ["SVIX_TOKEN"], SvixOptions(server_url=os.environ["SVIX_SERVER_URL"]))
many = int(os.environ["MANY"])
attempts = client.message_attempt


def whole(expect, limit, options, ask, **more):
    seen, iterator = [], None
    while True:
        page = ask(options(limit=limit, iterator=iterator, **more))
        assert len(page.data) <= limit
        seen += [one.id for one in page.data]
        if page.done:
            break
        iterator = page.iterator
    assert (len(seen), len(set(seen))) == (expect, expect), (options, len(seen), len(set(seen)))


for limit in (100, 250):
    whole(many, limit, EndpointListOptions, lambda page: client.endpoint.list("a", page))
    whole(many, limit, MessageListOptions, lambda page: client.message.list("a", page))
    whole(many, limit, MessageAttemptListByEndpointOptions, lambda page: attempts.list_by_endpoint("a", "e0", page))
    whole(many, limit, MessageAttemptListByMsgOptions, lambda page: attempts.list_by_msg("a", "wide.0", page))
    whole(
        many,
        limit,
        MessageAttemptListAttemptedMessagesOptions,
        lambda page: attempts.list_attempted_messages("a", "e0", page),
    )
    whole(
        many,
        limit,
        MessageAttemptListAttemptedDestinationsOptions,
        lambda page: attempts.list_attempted_destinations("a", "wide.0", page),
    )
    of_types = {"event_types": ["deep", "else"]}
    whole(many - 1, limit, MessageListOptions, lambda page: client.message.list("a", page), **of_types)
try:
    client.endpoint.list("a", EndpointListOptions(limit=251))
    raise AssertionError("422 was expected")
except HTTPValidationError:
    pass
