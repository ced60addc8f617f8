// Meets every documented refusal with the published client, as its own exception: SVIX_SERVER_URL, SVIX_TOKEN,
// and VISITOR, a token that may only look; the only argument is the package. The test has made the
// application `full` and lets nothing large in.
import assert from "node:assert/strict";

const { Svix, ApiException } = await import(process.argv[2]);
const options = { serverUrl: process.env.SVIX_SERVER_URL };
const [key, visitor] = [process.env.SVIX_TOKEN, process.env.VISITOR].map((token) => new Svix(token, options));
const refused = async (status, code, call) => {
  const error = await call.then(() => assert.fail(`${status} was expected`), (error) => error);
  assert.ok(error instanceof ApiException, `${status}: ${error.stack}`);
  assert.equal(error.code, status, JSON.stringify(error));
  // From 500 on the client keeps the text.
  const body = typeof error.body === "string" ? JSON.parse(error.body) : error.body;
  if (status === 422) return assert.ok(body.detail[0].loc.length && body.detail[0].msg && body.detail[0].type);
  assert.equal(body.code, code);
  assert.equal(typeof body.detail, "string");
};
const message = (bytes) => ({ eventType: "order.paid", payload: { x: "y".repeat(bytes) } });

await refused(400, "generic_error", key.eventType.importOpenapi({}));
await refused(401, "authentication_failed", new Svix("nobody", options).application.list());
await refused(403, "insufficient access", visitor.endpoint.create("full", { url: "https://example.com/" }));
await refused(404, "not_found", key.application.get("nobody"));
await refused(409, "conflict", key.application.create({ name: "Full", uid: "full" }));
await refused(413, "payload_too_large", key.message.create("full", message(400 * 1024)));
await refused(422, undefined, key.endpoint.create("full", { url: "nowhere" }));
await refused(422, undefined, key.endpoint.create("full", { url: "https://example.com/", eventTypes: ["no.such"], filterTypes: ["no.such"] }));
await refused(501, "not_implemented", key.statistics.aggregateEventTypes());
await refused(503, "overloaded", key.message.create("full", message(200 * 1024)));
