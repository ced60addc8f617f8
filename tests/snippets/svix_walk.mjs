// Walks what an integration does with the published client: SVIX_SERVER_URL, SVIX_TOKEN, RECEIVER, and as
// the only argument the package to walk with. Prints what a receiver needs to verify what it got.
import assert from "node:assert/strict";

const { Svix, Webhook, messageInRaw } = await import(process.argv[2]);
const isFirst = process.argv[2] !== "svix";
const client = new Svix(process.env.SVIX_TOKEN, { serverUrl: process.env.SVIX_SERVER_URL });
const mark = isFirst ? "v1" : "v2";
const refused = async (code, call) => {
  const error = await call().then(
    () => assert.fail(`${code} was expected`),
    (error) => error,
  );
  assert.equal(error.code, code, JSON.stringify(error));
  assert.ok(error.body.detail, JSON.stringify(error.body));
  return error.body;
};

// Applications.
const uid = `acme-${mark}`;
const app = await client.application.create({ name: "Acme", uid, metadata: { plan: "pro" } });
assert.match(app.id, /^app_/);
assert.deepEqual(app.metadata, { plan: "pro" });
assert.ok(app.createdAt instanceof Date && !Number.isNaN(app.createdAt.getTime()));
assert.equal((await client.application.getOrCreate({ name: "Acme", uid })).id, app.id);
await refused(409, () => client.application.create({ name: "Acme", uid }));
await refused(422, () => client.application.create({}));
assert.equal((await client.application.get(uid)).id, app.id);
assert.equal((await client.application.patch(app.id, { name: "Acme Ltd" })).name, "Acme Ltd");
const upsert = (client.application.upsert ?? client.application.update).bind(client.application);
assert.equal((await upsert(uid, { name: "Acme", uid })).id, app.id);
assert.ok((await client.application.list({ limit: 1 })).data.length === 1);
await refused(404, () => client.application.get("nobody"));

// Event types.
const type = `order.paid.${mark}`;
const made = await client.eventType.create({ name: type, description: "An order was paid" });
assert.equal(made.description, "An order was paid");
await refused(409, () => client.eventType.create({ name: type, description: "Again" }));
assert.equal((await client.eventType.patch(type, { description: "Paid" })).description, "Paid");
assert.ok((await client.eventType.list()).data.some((one) => one.name === type));

const spec = {
  openapi: "3.1.0",
  webhooks: { [`imported.${mark}`]: { post: { description: "Imported", tags: ["Sales"], requestBody: {
    content: { "application/json": { schema: { $ref: "#/components/schemas/Sale" } } } } } } },
  components: { schemas: { Sale: { type: "object" } } },
};
const dry = await client.eventType.importOpenapi({ spec, dryRun: true });
assert.deepEqual(dry.data.modified, []);
const described = dry.data.toModify[0];
assert.deepEqual([described.name, described.description], [`imported.${mark}`, "Imported"]);
const imported = await client.eventType.importOpenapi({ specRaw: JSON.stringify(spec) });
assert.deepEqual(imported.data.modified, [`imported.${mark}`]);
assert.deepEqual((await client.eventType.importOpenapi({ spec })).data.modified, []);
await refused(400, () => client.eventType.importOpenapi({}));
await refused(422, () => client.eventType.importOpenapi({ spec: { openapi: "3.0.0" } }));

// Endpoints, with their headers and secrets.
const limit = isFirst ? { rateLimit: 100, filterTypes: [type] } : { throttleRate: 100, eventTypes: [type] };
const endpoint = await client.endpoint.create(uid, {
  url: process.env.RECEIVER, uid: "main", description: "Main", channels: ["eu"], ...limit,
});
assert.match(endpoint.id, /^ep_/);
assert.deepEqual(isFirst ? endpoint.filterTypes : endpoint.eventTypes, [type]);
assert.equal(isFirst ? endpoint.rateLimit : endpoint.throttleRate, 100);
assert.deepEqual([endpoint.uid, endpoint.channels, endpoint.disabled], ["main", ["eu"], false]);
assert.equal((await client.endpoint.get(uid, "main")).id, endpoint.id);
assert.equal((await client.endpoint.list(app.id)).data.length, 1);
await refused(422, () => client.endpoint.create(uid, { url: "nowhere" }));
await refused(404, () => client.endpoint.get(uid, "ep_nobody"));
assert.equal((await client.endpoint.patch(uid, "main", { disabled: true })).disabled, true);
assert.equal((await client.endpoint.patch(uid, "main", { disabled: false })).disabled, false);
const setHeaders = (client.endpoint.setHeaders ?? client.endpoint.updateHeaders ?? client.endpoint.headersUpdate).bind(client.endpoint);
await setHeaders(uid, "main", { headers: { "X-Foo": "bar", Authorization: "Bearer hush" } });
const headers = await client.endpoint.getHeaders(uid, "main");
assert.deepEqual([headers.headers, headers.sensitive], [{ "x-foo": "bar" }, ["authorization"]]);
const first = (await client.endpoint.getSecret(uid, "main")).key;
assert.match(first, /^whsec_/);
await client.endpoint.rotateSecret(uid, "main", {});
const second = (await client.endpoint.getSecret(uid, "main")).key;
assert.notEqual(first, second);

// Messages and their attempts.
const payload = { order: "A-1042", amount: 19.99 };
const message = await client.message.create(
  uid,
  { eventType: type, eventId: "order.1042", payload, channels: ["eu"], tags: ["t1"] },
  { withContent: true },
);
assert.match(message.id, /^msg_/);
assert.deepEqual([message.eventId, message.payload, message.tags], ["order.1042", payload, ["t1"]]);
await refused(409, () => client.message.create(uid, { eventType: type, eventId: "order.1042", payload, channels: ["eu"], tags: ["t1"] }));
await refused(422, () => client.message.create(uid, { eventType: type, payload: 1 }));
await refused(404, () => client.message.create("nobody", { eventType: type, payload }));
const keyed = { idempotencyKey: `once-${mark}` };
const once = await client.message.create(uid, { eventType: "other.type", payload }, keyed);
assert.equal((await client.message.create(uid, { eventType: "other.type", payload }, keyed)).id, once.id);
const shown = await client.message.get(uid, "order.1042", { withContent: true });
assert.deepEqual([shown.id, shown.payload], [message.id, payload]);
assert.deepEqual((await client.message.list(uid, { channel: "eu" })).data.map((one) => one.id), [message.id]);
assert.deepEqual((await client.message.list(uid, { tag: "t1" })).data.length, 1);

const until = async (look) => {
  for (;;) {
    const found = await look();
    if (found.length) return found;
    await new Promise((go) => setTimeout(go, 20));
  }
};
const attempts = await until(async () => (await client.messageAttempt.listByMsg(uid, message.id)).data);
const attempt = attempts[0];
assert.deepEqual([attempt.status, attempt.responseStatusCode, attempt.msgId], [0, 200, message.id]);
assert.equal(attempt.endpointId, endpoint.id);
assert.match(attempt.id, /^atmpt_/);
assert.equal((await client.messageAttempt.get(uid, message.id, attempt.id)).id, attempt.id);
assert.equal((await client.messageAttempt.listByEndpoint(uid, "main")).data[0].id, attempt.id);
const attempted = await client.messageAttempt.listAttemptedMessages(uid, "main");
assert.deepEqual(attempted.data.map((one) => [one.id, one.status]), [[message.id, 0]]);
const places = await client.messageAttempt.listAttemptedDestinations(uid, message.id);
assert.deepEqual(places.data.map((one) => [one.id, one.status]), [[endpoint.id, 0]]);
const stats = await client.endpoint.getStats(uid, "main");
assert.deepEqual([stats.success, stats.fail], [1, 0]);
const tried = await client.endpoint.getAttemptStats?.(uid, "main");
if (tried) assert.deepEqual([tried.success, tried.fail, tried.canceled], [1, 0, 0]);
await client.messageAttempt.resend(uid, message.id, "main");
await until(async () => (await client.messageAttempt.listByMsg(uid, message.id)).data.slice(1));
const task = await client.endpoint.recover(uid, "main", { since: new Date(Date.now() - 60000) });
assert.match(task.id, /^qtask_/);
assert.equal(task.task, "endpoint.recover");
await refused(401, () => new Svix("nobody", { serverUrl: process.env.SVIX_SERVER_URL }).application.list());

// What is sent again in bulk, examples, contents, and access to the portal.
const since = new Date(Date.now() - 60000);
const bulk = await client.endpoint.bulkReplay?.(uid, "main", { since, eventTypes: [type], status: 0 });
if (bulk) assert.equal((await client.backgroundTask.get(bulk.id)).task, "endpoint.bulk-replay");
const missing = await client.endpoint.replayMissing(uid, "main", { since });
assert.equal(missing.task, "endpoint.replay");
assert.ok((await client.backgroundTask.list()).data.some((one) => one.id === missing.id));
const example = await client.endpoint.sendExample(uid, "main", { eventType: type });
assert.match(example.id, /^msg_/);
assert.equal((await client.messageAttempt.listByEndpoint(uid, "main", { withMsg: true })).data.length > 1, true);
const hushed = await client.message.create(uid, { eventType: "other.type", payload: { hush: 1 } });
await client.message.expungeContent(uid, hushed.id);
assert.deepEqual((await client.message.get(uid, hushed.id, { withContent: true })).payload, { expired: true });
await client.messageAttempt.expungeContent(uid, message.id, attempt.id);
const raw = await client.message.create(uid, messageInRaw("other.type", "<order/>", "application/xml"));
assert.deepEqual((await client.message.get(uid, raw.id, { withContent: true })).payload, { rawPayload: "<order/>" });
const access = await client.authentication.appPortalAccess(uid, { expiry: 3600 });
assert.ok(access.url.includes("/portal/"));
const visitor = new Svix(access.token, { serverUrl: process.env.SVIX_SERVER_URL });
assert.equal((await visitor.endpoint.get(uid, "main")).id, endpoint.id);
await refused(404, () => visitor.application.get("nobody"));
await client.authentication.expireAll(uid, {});
await refused(401, () => visitor.endpoint.get(uid, "main"));

// What a polling endpoint keeps, for one that tracks its iterator itself and for a consumer.
const made_native = await fetch(`${new URL(process.env.SVIX_SERVER_URL).origin}/api/v1/webhooks`, {
  method: "POST",
  headers: { authorization: `Bearer ${process.env.SVIX_TOKEN}`, "content-type": "application/json" },
  body: JSON.stringify({ kind: "poll", event_types: ["polled.*"], consumer: uid }),
});
const sink = (await made_native.json()).id.replace("wh_", "ep_");
for (const n of [1, 2, 3]) await client.message.create(uid, { eventType: "polled.once", payload: { n } });
const poller = client.message.poller;
const numbers = (page) => page.data.map((one) => one.payload.n);
const page = await poller.poll(uid, sink, { limit: 2 });
assert.deepEqual([numbers(page), page.done], [[1, 2], false]);
assert.ok(page.data[0].timestamp instanceof Date);
const rest = await poller.poll(uid, sink, { iterator: page.iterator });
assert.deepEqual([numbers(rest), rest.done], [[3], true]);
assert.deepEqual(numbers(await poller.poll(uid, sink, { eventType: "other" })), []);
const tracked = await poller.consumerPoll(uid, sink, "billing", { limit: 2 });
assert.deepEqual(numbers(tracked), [1, 2]);
assert.deepEqual(numbers(await poller.consumerPoll(uid, sink, "billing")), [1, 2, 3]);
assert.deepEqual(numbers(await poller.consumerPoll(uid, sink, "billing", { iterator: tracked.iterator })), [3]);
assert.deepEqual(numbers(await poller.consumerPoll(uid, sink, "billing")), [3]);
const sought = await poller.consumerSeek(uid, sink, "billing", { after: new Date(Date.now() - 60000) });
assert.equal(typeof sought.iterator, "string");
assert.deepEqual(numbers(await poller.consumerPoll(uid, sink, "billing")), [1, 2, 3]);
await refused(409, () => poller.poll(uid, "main"));
await refused(404, () => poller.poll(uid, "ep_nobody"));

// Operational webhooks.
const operational = client.operationalWebhook?.endpoint ?? client.operationalWebhookEndpoint;
const ops = await operational.create({ url: process.env.RECEIVER, uid: `ops-${mark}`, eventTypes: ["endpoint.disabled"], filterTypes: ["endpoint.disabled"] });
assert.equal((await operational.get(`ops-${mark}`)).id, ops.id);
assert.ok((await operational.list()).data.some((one) => one.id === ops.id));
assert.match((await operational.getSecret(ops.id)).key, /^whsec_/);
await operational.rotateSecret(ops.id, {});
assert.deepEqual((await operational.getHeaders(ops.id)).headers, {});
await operational.delete(ops.id);
await refused(404, () => operational.get(ops.id));

// A second endpoint leaves as it came; the application too.
const other = await client.endpoint.create(uid, { url: process.env.RECEIVER });
await client.endpoint.delete(uid, other.id);
await refused(404, () => client.endpoint.get(uid, other.id));
const gone = await client.application.create({ name: "Gone" });
await client.application.delete(gone.id);
await refused(404, () => client.application.get(gone.id));
await client.eventType.delete(type);
assert.equal((await client.eventType.get(type)).archived, true);
new Webhook(second);
console.log(JSON.stringify({ secrets: [first, second], message: message.id, payload }));
