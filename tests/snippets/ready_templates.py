"""Holds what the ready templates made against the checks of Slack's and Opsgenie's own libraries."""

import json
import sys

from opsgenie_sdk import CreateAlertPayload
from slack_sdk.models.blocks import Block

with open(sys.argv[1], encoding="utf-8") as file:
    bodies = json.load(file)
for body in bodies:
    blocks = body["slack"]["blocks"]
    parsed = Block.parse_all(blocks)
    assert len(parsed) == len(blocks), parsed
    for block in parsed:
        block.validate_json()
    known = set(CreateAlertPayload.attribute_map.values())
    assert set(body["opsgenie"]) <= known, body["opsgenie"]
    CreateAlertPayload(**body["opsgenie"])
print(f"{len(bodies)} bodies")
