// A client over the types that openapi-typescript made of the document, at work.
// Arguments: the server's address, a key, a receiver's address.

import createClient from "openapi-fetch";
import type { components, paths } from "./api.js";

declare const process: { argv: string[] };

const [base, key, receiver] = process.argv.slice(2);
const client = createClient<paths>({
  baseUrl: base,
  headers: { Authorization: `Bearer ${key}` },
});

function assert(holds: boolean, what: unknown): asserts holds {
  if (!holds) throw new Error(JSON.stringify(what));
}

const made = await client.POST("/api/v1/webhooks", {
  body: { url: receiver, event_types: ["invoice.*"], label: "generated" },
});
assert(made.data !== undefined && made.data.secret?.startsWith("whsec_") === true, made.error);
const shown = await client.GET("/api/v1/webhooks/{id}", {
  params: { path: { id: made.data.id } },
});
assert(shown.data?.label === "generated", shown.error);

const wrong = await client.POST("/api/v1/webhooks", { body: { url: "not a URL" } });
assert(wrong.error?.errors?.[0]?.field === "url", wrong);

const published = await client.POST("/api/v1/events", {
  body: { type: "invoice.paid", data: { amount: 12 }, id: "ts-1" },
});
assert(published.data?.deliveries === 1, published.error);

const wanted: components["schemas"]["DeliveryStatus"] = "delivered";
let seen: unknown;
for (let tries = 0; tries < 500; tries += 1) {
  const page = await client.GET("/api/v1/deliveries", {
    params: { query: { event_id: "ts-1" } },
  });
  seen = page.data?.data;
  if (page.data?.data[0]?.status === wanted) break;
  await new Promise((resolve) => setTimeout(resolve, 20));
}
assert((seen as { status: string }[])[0]?.status === wanted, seen);
console.log("delivered");
