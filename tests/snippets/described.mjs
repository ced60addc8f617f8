// The systems whose documents describe the check in words: HMAC-SHA256 of the signed content with
// the whole secret, in hex, compared in constant time.
import crypto from "crypto";

const CONTENT = {
  armalo: (body) => ["x-armalo-signature", body],
  veriswarm: (body, headers) => [
    "x-veriswarm-signature",
    Buffer.concat([Buffer.from(`${headers["x-veriswarm-timestamp"]}.`), body]),
  ],
  indigiarmor: (body) => ["x-indigiarmor-signature", body],
  // The wire format that the tests bring along as data.
  sixth: (body, headers) => [
    "x-sixth-signature",
    Buffer.concat([Buffer.from(`${headers["x-sixth-delivery"]}:`), body]),
  ],
};

export const verifier = (name) => (body, headers, secret) => {
  const [header, content] = CONTENT[name](body, headers);
  const expected = crypto.createHmac("sha256", secret).update(content).digest("hex");
  return crypto.timingSafeEqual(Buffer.from(headers[header]), Buffer.from(expected));
};
