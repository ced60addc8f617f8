// Types of hookpost.js.

export declare const VERSION: string;

export interface FieldError { field: string; message: string }

export declare class HookpostError extends Error {
  readonly status: number | null;
  readonly code: string | null;
  readonly errors: FieldError[];
}

export declare class VerificationError extends Error {}

export type Json = null | boolean | number | string | Json[] | { [name: string]: Json };

export interface NewEvent {
  type: string;
  data: Json;
  /** The publisher's own id; the same id is stored once. */
  id?: string;
  occurred_at?: string;
  consumer?: string | { uid: string; name?: string; metadata?: Record<string, string> };
  [field: string]: unknown;
}

export interface PublishedEvent {
  id: string;
  type: string;
  occurred_at: string;
  created_at: string;
  deliveries: number;
  [field: string]: unknown;
}

export interface WebhookSettings {
  /** Where deliveries go; none where `kind` is `poll`. */
  url?: string;
  kind?: "push" | "poll" | "operational";
  event_types: string[];
  label?: string;
  secret?: string;
  profile?: string;
  /** `hmac` unless given. */
  signature?: "hmac" | "ed25519";
  consumer?: string;
  [field: string]: unknown;
}

export interface Webhook {
  id: string;
  kind: "push" | "poll" | "operational";
  /** Null where it is fetched from. */
  url: string | null;
  event_types: string[];
  status: "active" | "disabled" | "revoked";
  /** What verifies deliveries that are signed with `ed25519`. */
  public_key: string | null;
  /** Only when the webhook is created. */
  secret?: string;
  [field: string]: unknown;
}

export interface Options {
  server: string | URL;
  apiKey: string;
  workspace?: string | null;
  /** Milliseconds that one try may take; 10,000 unless given. */
  timeout?: number;
  /** Tries that may follow the first; 4 unless given. */
  retries?: number;
  fetch?: typeof fetch;
}

export declare class Hookpost {
  constructor(options: Options);
  readonly webhooks: Webhooks;
  publish(event: NewEvent, options?: { idempotencyKey?: string }): Promise<PublishedEvent>;
  publishBatch(events: NewEvent[], options?: { idempotencyKey?: string }): Promise<{ results: Array<Record<string, unknown>> }>;
  request(
    method: "GET" | "POST" | "PUT" | "PATCH" | "DELETE",
    path: string,
    options?: { body?: unknown; query?: Record<string, unknown>; idempotencyKey?: string },
  ): Promise<any>;
  list(path: string, query?: Record<string, unknown>): AsyncGenerator<any, void, undefined>;
}

export interface Webhooks {
  list(query?: Record<string, unknown>): AsyncGenerator<Webhook, void, undefined>;
  create(settings: WebhookSettings): Promise<Webhook>;
  get(id: string): Promise<Webhook>;
  update(id: string, changes: Partial<WebhookSettings>): Promise<Webhook>;
  delete(id: string): Promise<null>;
  enable(id: string): Promise<Webhook>;
  disable(id: string): Promise<Webhook>;
  test(id: string, event?: { event_type?: string; data?: Json }): Promise<{ success: boolean; status: number | null; [field: string]: unknown }>;
  rotateSecret(id: string, options?: { secret?: string; overlap?: string; signature?: "hmac" | "ed25519" }): Promise<{ webhook_id: string; secret: string; previous_secret_expires_at: string | null }>;
  recover(id: string, what: { since: string; until?: string; include?: Array<"exhausted" | "undelivered" | "missed"> }): Promise<{ job_id: string; matched: number }>;
  stats(id: string, query?: { since?: string; until?: string }): Promise<Record<string, unknown>>;
}

export interface SigningRules {
  headers?: Record<string, string>;
  signature: {
    header: string;
    content: string;
    key: "utf8" | "base64_after_prefix";
    encoding: "hex" | "base64";
    prefix?: string;
    separator?: string;
    lead?: string;
    id?: "event_id" | "delivery_id";
  };
}

export declare const PROFILES: Record<"standard" | "armalo" | "veriswarm" | "armox" | "airmy" | "indigiarmor", SigningRules>;

export declare function verify(delivery: {
  profile?: keyof typeof PROFILES | SigningRules;
  /** The secret, or the `public_key` of a webhook that signs with `ed25519`; several while one is rotated. */
  secret: string | string[];
  headers: Headers | Record<string, string | string[] | undefined>;
  body: string | Uint8Array | ArrayBuffer;
  /** Seconds; 300 unless given. */
  tolerance?: number;
  /** Milliseconds since 1970; now unless given. */
  now?: number;
}): Promise<Date | null>;
