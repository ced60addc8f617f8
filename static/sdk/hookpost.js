// hookpost for JavaScript: publish events, look after webhooks, verify deliveries. One file without
// dependencies, for Node 20 or later, Deno, Bun, workers and browsers.
//
//   import { Hookpost, verify } from "./hookpost.js";
//   const hookpost = new Hookpost({ server: "http://127.0.0.1:8080", apiKey: process.env.HOOKPOST_API_KEY });
//   await hookpost.publish({ type: "order.paid", data: { order: "A-1042" } });

/** The version of hookpost that this file belongs to. */
export const VERSION = "0.1.0";

/** The server refused a call, or could not be reached. */
export class HookpostError extends Error {
  constructor(message, { status = null, code = null, errors = [], cause } = {}) {
    super(message, { cause });
    this.name = "HookpostError";
    Object.assign(this, { status, code, errors });
  }
}

/** A delivery is not genuine; the message says which step failed. */
export class VerificationError extends Error {
  constructor(message) {
    super(message);
    this.name = "VerificationError";
  }
}

// Worth another try: nothing was done, or the idempotency key makes a second time harmless.
const PASSING = new Set([408, 425, 429, 502, 503, 504]);
const wait = (ms) => new Promise((resolve) => setTimeout(resolve, ms));

/** A hookpost server, as one API key sees it. */
export class Hookpost {
  /** `timeout` (of one try) is in milliseconds; `retries` is how many tries may follow the first. */
  constructor({ server, apiKey, workspace = null, timeout = 10_000, retries = 4, fetch: call } = {}) {
    if (!server || !apiKey) throw new TypeError("server and apiKey are needed");
    this.server = String(server).replace(/\/+$/, "");
    this.timeout = timeout;
    this.retries = retries;
    this.fetch = call ?? globalThis.fetch.bind(globalThis);
    this.headers = { authorization: `Bearer ${apiKey}`, accept: "application/json" };
    if (workspace) this.headers["hookpost-workspace"] = workspace;
    this.webhooks = new Webhooks(this);
  }

  /** Publishes an event. A try that failed on the way is repeated without publishing twice. */
  publish(event, { idempotencyKey } = {}) {
    return this.request("POST", "/events", { body: event, idempotencyKey });
  }

  /** Publishes several events at once; the answer has a result for each, in their order. */
  publishBatch(events, { idempotencyKey } = {}) {
    return this.request("POST", "/events/batch", { body: { events }, idempotencyKey });
  }

  /** Calls the API: `path` is what follows `/api/v1`. */
  async request(method, path, { body, query, idempotencyKey } = {}) {
    const given = Object.entries(query ?? {}).filter(([, value]) => value !== undefined && value !== null);
    const search = new URLSearchParams(given.map(([name, value]) => [name, String(value)])).toString();
    const url = `${this.server}/api/v1${path}${search ? `?${search}` : ""}`;
    const headers = { ...this.headers };
    if (body !== undefined) headers["content-type"] = "application/json";
    if (method === "POST") headers["idempotency-key"] = idempotencyKey ?? crypto.randomUUID();
    const sent = { method, headers, body: body === undefined ? undefined : JSON.stringify(body) };
    for (let tried = 0; ; tried++) {
      const last = tried >= this.retries;
      let answer, text;
      try {
        answer = await this.fetch(url, { ...sent, signal: AbortSignal.timeout(this.timeout) });
        text = await answer.text();
      } catch (cause) {
        if (last) throw new HookpostError(`${method} ${path} got no answer: ${cause.message}`, { cause });
        await wait(pause(tried, null));
        continue;
      }
      if (answer.ok) return text ? JSON.parse(text) : null;
      if (last || !PASSING.has(answer.status)) throw refusal(method, path, answer.status, text);
      await wait(pause(tried, answer.headers.get("retry-after")));
    }
  }

  /** Every item of a list, page after page. */
  async *list(path, query = {}) {
    let cursor = query.cursor;
    do {
      const page = await this.request("GET", path, { query: { ...query, cursor } });
      yield* page.data;
      cursor = page.next_cursor;
    } while (cursor);
  }
}

/** The webhooks of a workspace. */
class Webhooks {
  constructor(hookpost) {
    this.hookpost = hookpost;
  }
  list(query) { return this.hookpost.list("/webhooks", query); }
  create(settings) { return this.hookpost.request("POST", "/webhooks", { body: settings }); }
  get(id) { return this.hookpost.request("GET", at(id)); }
  update(id, changes) { return this.hookpost.request("PATCH", at(id), { body: changes }); }
  delete(id) { return this.hookpost.request("DELETE", at(id)); }
  enable(id) { return this.hookpost.request("POST", `${at(id)}/enable`); }
  disable(id) { return this.hookpost.request("POST", `${at(id)}/disable`); }
  test(id, event = {}) { return this.hookpost.request("POST", `${at(id)}/test`, { body: event }); }
  rotateSecret(id, options = {}) { return this.hookpost.request("POST", `${at(id)}/rotate-secret`, { body: options }); }
  recover(id, what) { return this.hookpost.request("POST", `${at(id)}/recover`, { body: what }); }
  stats(id, query) { return this.hookpost.request("GET", `${at(id)}/stats`, { query }); }
}

const at = (id) => `/webhooks/${encodeURIComponent(id)}`;

// The server's own wish, else twice as long each time; at most half a minute, spread by a fifth.
function pause(tried, retryAfter) {
  const asked = Number.parseFloat(retryAfter ?? "");
  const ms = Number.isFinite(asked) ? asked * 1000 : 250 * 2 ** tried;
  return Math.min(Math.max(ms, 0), 30_000) * (1 + Math.random() / 5);
}

function refusal(method, path, status, text) {
  let problem = {};
  try { problem = JSON.parse(text); } catch { /* Not hookpost answered. */ }
  const why = problem.detail ?? problem.title ?? "the answer is not hookpost's";
  return new HookpostError(`${method} ${path}: ${why} (${status})`, { status, code: problem.code, errors: problem.errors });
}

// How each built-in wire profile signs; the same as GET /api/v1/profiles says.
const hex = (header, content, headers, prefix) => ({
  headers,
  signature: { header, ...(prefix ? { prefix } : {}), encoding: "hex", content, key: "utf8" },
});
/** The built-in wire profiles, as far as verifying needs them. */
export const PROFILES = {
  standard: {
    headers: { "webhook-event-version": "{event_version}", "webhook-id": "{event_id}", "webhook-timestamp": "{timestamp}" },
    signature: {
      header: "webhook-signature", prefix: "v1,", encoding: "base64", separator: " ", id: "event_id",
      content: "{id}.{timestamp}.{body}", key: "base64_after_prefix",
    },
  },
  armalo: hex("X-Armalo-Signature", "{body}", { "X-Armalo-Delivery": "{delivery_id}" }),
  veriswarm: hex("X-VeriSwarm-Signature", "{timestamp}.{body}", {
    "X-VeriSwarm-Delivery-Id": "{delivery_id}", "X-VeriSwarm-Timestamp": "{timestamp}",
  }),
  armox: hex("X-Armox-Signature", "{body}", { "X-Armox-Delivery": "{delivery_id}" }, "sha256="),
  airmy: hex("X-AIRMY-Signature", "{body}", { "X-AIRMY-Delivery": "{delivery_id}" }),
  indigiarmor: hex("X-IndigiArmor-Signature", "{body}", { "X-IndigiArmor-Delivery": "{delivery_id}" }),
};

/**
 * Verifies a delivery; `body` is what arrived, byte for byte, before any parser saw it. Answers when
 * it was signed (null where the profile signs no time). `profile` is a built-in one's name or the
 * `document` of GET /api/v1/profiles/NAME; `secret` may be a list while one is rotated, and is the webhook's
 * `public_key` where it signs with `ed25519`; `tolerance` is in seconds.
 */
export async function verify({ profile = "standard", secret, headers, body, tolerance = 300, now = Date.now() }) {
  const { signature, headers: rules = {} } = typeof profile === "string" ? known(profile) : profile;
  const bytes = typeof body === "string" ? new TextEncoder().encode(body) : new Uint8Array(body);
  const found = {};
  let value = header(headers, signature.header);
  if (signature.lead) {
    const rest = capture(signature.lead, value, found);
    if (rest === null) throw new VerificationError(`the header ${signature.header} does not begin as this profile's signatures do`);
    value = rest;
  }
  const signs = (slot) => signature.content.includes(`{${slot}}`) || (slot === signature.id && signature.content.includes("{id}"));
  for (const [name, rule] of Object.entries(rules)) {
    if (!["event_id", "delivery_id", "timestamp"].some((slot) => rule.includes(`{${slot}}`) && signs(slot))) continue;
    if (capture(rule, header(headers, name), found) !== "") throw new VerificationError(`the header ${name} has not the form that this profile gives it`);
  }
  const content = fill(signature.content, { ...found, id: found[signature.id] }, bytes);
  const isWhole = signature.key === "base64_after_prefix";
  const pieces = signature.separator ? value.split(signature.separator) : [value];
  const after = (mark, read) => pieces.filter((one) => one.startsWith(mark)).map((one) => read(one.slice(mark.length))).filter(Boolean);
  const candidates = {
    digests: after(signature.prefix ?? "", (text) => digest(signature.encoding, text)),
    signatures: isWhole ? after("v1a,", (text) => base64(text, 64)) : [],
  };
  if (candidates.digests.length + candidates.signatures.length === 0) {
    throw new VerificationError(`the header ${signature.header} holds no signature of this profile`);
  }
  if (!(await anyFits([secret].flat().map(String), signature.key, candidates, content))) {
    throw new VerificationError("no signature fits: another secret, or the body was changed after signing");
  }
  if (!signs("timestamp")) return null;
  const seconds = /^\d{1,15}$/.test(found.timestamp ?? "") ? Number(found.timestamp) : Number.NaN;
  if (!(Math.abs(seconds * 1000 - now) <= tolerance * 1000)) {
    throw new VerificationError(`the timestamp ${found.timestamp} is more than ${tolerance} s away from now`);
  }
  return new Date(seconds * 1000);
}

function known(name) {
  if (!Object.hasOwn(PROFILES, name)) throw new TypeError(`no built-in profile is called ${name}; give the profile itself`);
  return PROFILES[name];
}

function header(headers, wanted) {
  const pairs = typeof headers.entries === "function" ? [...headers.entries()] : Object.entries(headers);
  const pair = pairs.find(([name]) => name.toLowerCase() === wanted.toLowerCase());
  const value = Array.isArray(pair?.[1]) ? pair[1][0] : pair?.[1];
  if (value === undefined) throw new VerificationError(`the header ${wanted} is missing`);
  return String(value).trim();
}

// Takes `text` apart as `template` made it: puts what stands for its placeholders into `found` and
// answers what follows, null where it was not made so.
function capture(template, text, found) {
  const slots = [];
  const pattern = template.replace(/\{(\w+)\}|[^{}\w]/g, (piece, slot) => {
    if (!slot) return `\\${piece}`;
    slots.push(slot);
    return "([A-Za-z0-9_.:-]+)";
  });
  const match = new RegExp(`^${pattern}`).exec(text);
  if (!match) return null;
  slots.forEach((slot, at) => { found[slot] = match[at + 1]; });
  return text.slice(match[0].length);
}

function fill(template, values, body) {
  const pieces = template.split(/(\{\w+\})/).map((piece) =>
    piece === "{body}" ? body : new TextEncoder().encode(piece.replace(/^\{(\w+)\}$/, (_, slot) => values[slot] ?? "")));
  const content = new Uint8Array(pieces.reduce((sum, piece) => sum + piece.length, 0));
  pieces.reduce((start, piece) => { content.set(piece, start); return start + piece.length; }, 0);
  return content;
}

function digest(encoding, text) {
  if (encoding === "hex") {
    return /^[0-9a-f]{64}$/.test(text) ? Uint8Array.from(text.match(/../g), (pair) => Number.parseInt(pair, 16)) : null;
  }
  return base64(text, 32);
}

function base64(text, length) {
  try {
    const bytes = Uint8Array.from(atob(text), (one) => one.charCodeAt(0));
    return length === undefined || bytes.length === length ? bytes : null;
  } catch {
    return null;
  }
}

async function anyFits(secrets, form, { digests, signatures }, content) {
  for (const secret of secrets) {
    const isPublic = form !== "utf8" && secret.startsWith("whpk_");
    const [key, algorithm] = isPublic ? [await publicKey(secret), "Ed25519"] : [await macKey(secret, form), "HMAC"];
    // subtle.verify compares in constant time.
    for (const one of isPublic ? signatures : digests) if (await crypto.subtle.verify(algorithm, key, one, content)) return true;
  }
  return false;
}

function macKey(secret, form) {
  const bytes = form === "utf8" ? new TextEncoder().encode(secret) : base64(secret.replace(/^whsec_/, ""));
  if (!bytes?.length) throw new TypeError("the secret must be whsec_ and base64");
  return crypto.subtle.importKey("raw", bytes, { name: "HMAC", hash: "SHA-256" }, false, ["verify"]);
}

function publicKey(text) {
  const bytes = base64(text.slice("whpk_".length), 32);
  if (!bytes) throw new TypeError("a public key must be whpk_ and the base64 of 32 bytes");
  return crypto.subtle.importKey("raw", bytes, "Ed25519", false, ["verify"]);
}
