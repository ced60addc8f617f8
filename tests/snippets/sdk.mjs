// Walks the JavaScript client against a running server: reads {"server", "key", "sdk", "profiles",
// "gallery"} from stdin; whatever is not as it should be is thrown.
import assert from "assert/strict";
import { readFileSync } from "fs";
import http from "http";

const given = JSON.parse(readFileSync(0, "utf8"));
const { Hookpost, HookpostError, PROFILES, VERSION, VerificationError, verify } = await import(given.sdk);

// A receiver that keeps what it gets, and a front that loses answers after the server has given them.
const received = [];
let arrived = () => {};
const receiver = http.createServer((request, response) => {
  const pieces = [];
  request.on("data", (piece) => pieces.push(piece));
  request.on("end", () => {
    received.push({ headers: request.headers, body: Buffer.concat(pieces) });
    response.end("ok");
    arrived();
  });
});
const losses = { answers: 0, busy: 0 };
const front = http.createServer((request, response) => {
  if (losses.busy > 0) {
    losses.busy--;
    response.writeHead(503, { "retry-after": "0" }).end();
    return;
  }
  const { method, url, headers } = request;
  const on = http.request(given.server + url, { method, headers }, (answer) => {
    if (losses.answers > 0) {
      losses.answers--;
      request.socket.destroy();
      return;
    }
    response.writeHead(answer.statusCode, answer.headers);
    answer.pipe(response);
  });
  request.pipe(on);
});
const listen = (server) => new Promise((resolve) => server.listen(0, "127.0.0.1", () => resolve(`http://127.0.0.1:${server.address().port}`)));
const [there, through] = [await listen(receiver), await listen(front)];
const got = async (count) => {
  while (received.length < count) await new Promise((resolve) => { arrived = resolve; });
  return received[count - 1];
};

assert.equal(VERSION, given.version);
const hookpost = new Hookpost({ server: through, apiKey: given.key });
const cases = [];
for (const [name, document] of Object.entries(given.profiles)) {
  assert.deepEqual(PROFILES[name].signature, document.signature, name);
  assert.deepEqual(PROFILES[name].headers, document.headers, name);
  cases.push({ name, document, said: [name, document], signature: "hmac" });
}
for (const [name, document] of Object.entries(given.gallery)) cases.push({ name, document, said: [document], signature: "hmac" });
cases.push({ name: "standard", document: given.profiles.standard, said: ["standard", given.profiles.standard], signature: "ed25519" });
for (const { name, document, said, signature } of cases) {
  const settings = { url: `${there}/${name}`, event_types: ["order.*"], profile: name, signature };
  const webhook = await hookpost.webhooks.create(settings);
  const key = signature === "ed25519" ? webhook.public_key : webhook.secret;
  const before = received.length;
  losses.answers = 1;
  losses.busy = 1;
  const published = await hookpost.publish({ type: "order.paid", data: { order: "naïve", id: `job_${name}` } });
  assert.equal(published.deliveries, 1, name);
  const { headers, body } = await got(before + 1);
  for (const profile of said) {
    const at = await verify({ profile, secret: key, headers, body });
    assert.equal(at instanceof Date, JSON.stringify(document).includes("{timestamp}"), name);
  }
  const changed = Buffer.from(body);
  changed[body.length - 2] ^= 1;
  const refused = (delivery, words) => assert.rejects(verify({ profile: said[0], secret: key, headers, body, ...delivery }),
    (error) => error instanceof VerificationError && error.message.includes(words));
  await refused({ body: changed }, "no signature fits");
  await refused({ headers: {} }, "is missing");
  if (name === "standard") await refused({ now: Date.now() + 3_600_000 }, "away from now");
  const { secret } = await hookpost.webhooks.rotateSecret(webhook.id, { overlap: "1h" });
  await refused({ secret }, "no signature fits");
  await verify({ profile: said[0], secret: [secret, key], headers: new Headers(headers), body });
  if (name === "standard") await assert.rejects(verify({ secret: "whpk_AAAA", headers, body }), TypeError);
  assert.equal((await hookpost.webhooks.get(webhook.id)).id, webhook.id);
  await hookpost.webhooks.delete(webhook.id);
}
// Each publish went through twice, and each event is there once.
const events = [];
for await (const event of hookpost.list("/events", { limit: 2 })) events.push(event.id);
assert.equal(new Set(events).size, cases.length);
assert.equal(events.length, new Set(events).size);
assert.equal(received.length, events.length);
await assert.rejects(hookpost.publish({ type: "order.paid" }), (error) =>
  error instanceof HookpostError && error.status === 422 && error.errors[0].field === "data");
// What else a platform does with a webhook, and events in one call.
const { id } = await hookpost.webhooks.create({ url: `${there}/more`, event_types: ["more.*"], label: "Before" });
assert.equal((await hookpost.webhooks.update(id, { label: "After" })).label, "After");
assert.equal((await hookpost.webhooks.disable(id)).status, "disabled");
assert.equal((await hookpost.webhooks.enable(id)).status, "active");
const batch = await hookpost.publishBatch([{ type: "more.one", data: 1 }, { type: "more.two", data: 2 }]);
assert.deepEqual(batch.results.map((one) => one.deliveries), [1, 1]);
await got(cases.length + 2);
assert.equal((await hookpost.webhooks.test(id, { event_type: "more.test" })).success, true);
const since = new Date(Date.now() - 60_000).toISOString();
assert.equal((await hookpost.webhooks.recover(id, { since, include: ["exhausted"] })).matched, 0);
assert.equal((await hookpost.webhooks.stats(id, { since })).webhook_id, id);
const labels = [];
for await (const webhook of hookpost.webhooks.list({ limit: 1 })) labels.push(webhook.label);
assert.deepEqual(labels.filter(Boolean), ["After"]);
const nobody = new Hookpost({ server: "http://127.0.0.1:1", apiKey: "k", retries: 1 });
await assert.rejects(nobody.publish({ type: "a", data: {} }), /got no answer/);
console.log("done");
process.exit(0);
