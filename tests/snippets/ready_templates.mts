// What the ready templates made, held against what their receivers publish about it: the compiler holds
// each body against the types, the Adaptive Cards library each element of a card.
import type { ApiMethods } from "@grammyjs/types";
import type { EventPayloadV2 } from "@pagerduty/pdjs/build/src/events.js";
import type { KnownBlock } from "@slack/types";
import type { RESTPostAPIWebhookWithTokenJSONBody } from "discord-api-types/v10";
import { createRequire } from "node:module";

// Node reads the library's bundle only.
const bundle = "adaptivecards/dist/adaptivecards.js";
const cards: typeof import("adaptivecards") = createRequire(import.meta.url)(bundle);

interface Bodies {
  slack: { text: string; blocks: KnownBlock[] };
  discord: RESTPostAPIWebhookWithTokenJSONBody;
  teams: { type: "message"; attachments: { contentType: string; content: object }[] };
  pagerduty: EventPayloadV2;
  telegram: Parameters<ApiMethods<never>["sendMessage"]>[0];
  mattermost: { text: string };
  opsgenie: object;
  ntfy: { topic: string; title: string; message: string; tags: string[] };
}

// The test puts them in here.
const bodies: Bodies[] = [];

for (const { teams } of bodies) {
  for (const { contentType, content } of teams.attachments) {
    const card = new cards.AdaptiveCard();
    const context = new cards.SerializationContext(cards.Versions.v1_4);
    card.parse(content, context);
    const said = Array.from({ length: context.eventCount }, (_, at) => context.getEventAt(at).message);
    if (said.length > 0 || contentType !== "application/vnd.microsoft.card.adaptive") {
      throw new Error(`${contentType}: ${said.join("; ")}`);
    }
    // What the library did not understand it left out.
    if (card.getItemCount() !== (content as { body: [] }).body.length) {
      throw new Error("an element is unknown");
    }
  }
}
console.log(`${bodies.length} bodies`);
