// Providers' own published verifiers, by the name of their profile in the gallery.

// Paddle bears five seconds between signing and verifying, which a busy machine may need to start
// Node: it is asked at the time that the header says.
const atTheTimeOf = (seconds) => {
  const Now = Date;
  globalThis.Date = class extends Now {
    constructor(...given) {
      super(...(given.length > 0 ? given : [seconds * 1000]));
    }
  };
};

export const load = {
  github: async () => {
    const { verify } = await import("@octokit/webhooks-methods");
    return (body, headers, secret) => verify(secret, body.toString(), headers["x-hub-signature-256"]);
  },
  mux: async () => {
    const { default: Mux } = await import("@mux/mux-node");
    const mux = new Mux({ tokenId: "none", tokenSecret: "none" });
    return async (body, headers, secret) => {
      await mux.webhooks.verifySignature(body.toString(), headers, secret);
      return true;
    };
  },
  paddle: async () => {
    const { Paddle } = await import("@paddle/paddle-node-sdk");
    const paddle = new Paddle("none");
    return (body, headers, secret) => {
      const signature = headers["paddle-signature"];
      atTheTimeOf(Number(/^ts=(\d+);/.exec(signature)[1]));
      return paddle.webhooks.isSignatureValid(body.toString(), secret, signature);
    };
  },
  shopify: async () => {
    await import("@shopify/shopify-api/adapters/node");
    const { shopifyApi, LogSeverity } = await import("@shopify/shopify-api");
    return async (body, headers, secret) => {
      const shopify = shopifyApi({
        apiKey: "none",
        apiSecretKey: secret,
        hostName: "receiver.example.com",
        apiVersion: "2026-07",
        isEmbeddedApp: false,
        logger: { level: LogSeverity.Error },
      });
      const rawRequest = { method: "POST", url: "/hook", headers };
      const said = await shopify.webhooks.validate({ rawBody: body.toString(), rawRequest });
      return said.valid;
    };
  },
};
