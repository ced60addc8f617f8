// Walks lists that fill more than one page with the published client: SVIX_SERVER_URL, SVIX_TOKEN, MANY; the only
// argument is the package. Whatever is listed is there once.
import assert from "node:assert/strict";

const { Svix } = await import(process.argv[2]);
const client = new Svix(process.env.SVIX_TOKEN, { serverUrl: process.env.SVIX_SERVER_URL });
const many = Number(process.env.MANY);
const { endpoint, message, messageAttempt } = client;

const whole = async (expect, limit, list) => {
  const seen = [];
  for (let iterator; ; ) {
    const page = await list({ limit, iterator });
    assert.ok(page.data.length <= limit);
    seen.push(...page.data.map((one) => one.id));
    if (page.done) break;
    assert.notEqual(page.iterator, iterator);
    iterator = page.iterator;
  }
  assert.equal(seen.length, expect, list.toString());
  assert.equal(new Set(seen).size, expect, list.toString());
};

for (const limit of [100, 250]) {
  await whole(many, limit, (page) => endpoint.list("a", page));
  await whole(many, limit, (page) => message.list("a", page));
  await whole(many, limit, (page) => messageAttempt.listByEndpoint("a", "e0", page));
  await whole(many, limit, (page) => messageAttempt.listByMsg("a", "wide.0", page));
  await whole(many, limit, (page) => messageAttempt.listAttemptedMessages("a", "e0", page));
  await whole(many, limit, (page) => messageAttempt.listAttemptedDestinations("a", "wide.0", page));
  await whole(many - 1, limit, (page) => message.list("a", { ...page, eventTypes: ["deep", "else"] }));
  await whole(many, limit, (page) => messageAttempt.listByEndpoint("a", "e0", { ...page, eventTypes: ["deep", "wide"] }));
}
const beyond = await endpoint.list("a", { limit: 251 }).catch((error) => error);
assert.equal(beyond.code, 422);
