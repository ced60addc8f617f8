// Says whether a delivery is genuine: reads {"secret", "headers", "body": base64} from stdin and
// prints true or false. Whatever a verifier throws means that the delivery is not genuine; that a
// verifier is missing is an error.
import { readFileSync } from "fs";

const load = {
  standard: async () => {
    const { Webhook } = await import("standardwebhooks");
    return (body, headers, secret) => Boolean(new Webhook(secret).verify(body, headers));
  },
  svix: async () => {
    const { Webhook } = await import("svix");
    return (body, headers, secret) => {
      // Answers nothing; it throws what it refuses.
      new Webhook(secret).verify(body, headers);
      return true;
    };
  },
  // Svix's v1a with Node's own Ed25519; the public key is whpk_ and its base64.
  ed25519: async () => {
    const { createPublicKey, verify } = await import("crypto");
    return (body, headers, key) => {
      const x = Buffer.from(key.slice("whpk_".length), "base64").toString("base64url");
      const jwk = { kty: "OKP", crv: "Ed25519", x };
      const of = (name) => headers[`webhook-${name}`];
      const content = Buffer.concat([Buffer.from(`${of("id")}.${of("timestamp")}.`), body]);
      const signatures = of("signature").split(" ").filter((one) => one.startsWith("v1a,"));
      const fits = (one) =>
        verify(null, content, createPublicKey({ key: jwk, format: "jwk" }), Buffer.from(one.slice(4), "base64"));
      return signatures.some(fits);
    };
  },
  armox: async () => (await import("./armox.mjs")).verify,
  airmy: async () => (await import("./airmy.cjs")).default.verify,
};

// Providers' own verifiers: what the gallery's profiles have to satisfy.
Object.assign(load, (await import("./gallery.mjs")).load);

const name = process.argv[2];
const described = async () => (await import("./described.mjs")).verifier(name);
const verify = await (load[name] ?? described)();
const { secret, headers, body } = JSON.parse(readFileSync(0, "utf8"));
let genuine = false;
try {
  genuine = await verify(Buffer.from(body, "base64"), headers, secret);
} catch (error) {
  console.error(String(error));
}
console.log(genuine);
