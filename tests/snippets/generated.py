"""A client that openapi-python-client made of the document, at work.

Arguments: where the client lies, the server's address, a key, a receiver's address.
"""

import sys
import time

sys.path.insert(0, sys.argv[1])
base, key, receiver = sys.argv[2:]

from hookpost_client import AuthenticatedClient
from hookpost_client.api.deliveries import list_deliveries
from hookpost_client.api.event_types import import_schema
from hookpost_client.api.events import publish_event
from hookpost_client.api.webhooks import create_webhook, show_webhook
from hookpost_client.models import CatalogueDocument, DeliveryStatus, ProblemBody, PublishBody, WebhookRequest

client = AuthenticatedClient(base_url=base, token=key)
made = create_webhook.sync(
    client=client, body=WebhookRequest(url=receiver, event_types=["order.*"], label="generated")
)
assert made.secret.startswith("whsec_"), made
shown = show_webhook.sync(id=made.id, client=client)
assert shown.label == "generated" and shown.event_types == ["order.*"], shown

wrong = create_webhook.sync(client=client, body=WebhookRequest(url="not a URL"))
assert isinstance(wrong, ProblemBody) and wrong.errors[0].field == "url", wrong

published = publish_event.sync(
    client=client, body=PublishBody(type_="order.paid", data={"amount": 12}, id="py-1")
)
assert published.id == "py-1" and published.deliveries == 1, published
for _ in range(500):
    page = list_deliveries.sync(client=client, event_id="py-1")
    if page.data and page.data[0].status == DeliveryStatus.DELIVERED:
        break
    time.sleep(0.02)
else:
    raise SystemExit(f"not delivered: {page}")
assert page.data[0].last_status_code == 200 and page.data[0].webhook_id == made.id, page
schema = CatalogueDocument.from_dict({"title": "order.sent", "type": "object"})
imported = import_schema.sync(client=client, body=schema)
assert not isinstance(imported, ProblemBody), imported
print("delivered")
