// Every hook of svix-react, and its frame, in a page of a platform's own: `given` holds the portal's token and URL,
// the server, the application and a receiver. Writes "All hooks were answered." or what went wrong.
import { useEffect, useState } from "react";
import { createRoot } from "react-dom/client";
import * as hooks from "svix-react";

const given = window.given;
const options = { serverUrl: given.server };
const seen = {};

// What every look at one of the hooks shows last, under the hook's name.
const Endpoint = ({ id }) => {
  seen.endpoint = hooks.useEndpoint(id);
  seen.secret = hooks.useEndpointSecret(id);
  seen.functions = hooks.useEndpointFunctions(id);
  seen.stats = hooks.useEndpointStats(id);
  seen.headers = hooks.useEndpointHeaders(id);
  seen.attempts = hooks.useEndpointMessageAttempts(id, { withMsg: true, withContent: true });
  seen.attempted = hooks.useAttemptedMessages(id, { withContent: true });
  return null;
};

const Message = ({ id }) => {
  seen.message = hooks.useMessage(id);
  seen.places = hooks.useMessageEndpoints(id);
  seen.tries = hooks.useMessageAttempts(id);
  return null;
};

const Attempt = ({ attempt }) => {
  seen.again = hooks.useAttemptFunctions(attempt);
  return null;
};

const All = () => {
  const [chosen, choose] = useState({});
  seen.choose = choose;
  seen.svix = hooks.useSvix();
  seen.endpoints = hooks.useEndpoints({ limit: 1 });
  seen.types = hooks.useEventTypes();
  seen.messages = hooks.useMessages({ limit: 1 });
  seen.fresh = hooks.useNewEndpoint();
  return (
    <>
      {chosen.endpoint && <Endpoint id={chosen.endpoint} />}
      {chosen.message && <Message id={chosen.message} />}
      {chosen.attempt && <Attempt attempt={chosen.attempt} />}
    </>
  );
};

const until = async (what, look) => {
  for (let turn = 0; turn < 2000; turn += 1) {
    const failed = Object.entries(seen).find(([, one]) => one?.error);
    if (failed) throw new Error(`${failed[0]}: ${failed[1].error} ${JSON.stringify(failed[1].error)}`);
    const found = look();
    if (found) return found;
    await new Promise((go) => setTimeout(go, 10));
  }
  throw new Error(`waited in vain for ${what}`);
};
const check = (truth, what) => {
  if (!truth) throw new Error(what);
};

const walk = async () => {
  const type = await until("an event type", () => seen.types?.data?.[0]?.name);
  await until("messages", () => seen.messages.data?.length === 1 && seen.messages.hasNextPage);
  const message = seen.messages.data[0];
  seen.messages.nextPage();
  await until("the next page", () => seen.messages.data?.[0]?.id !== message.id && seen.messages.hasPrevPage);
  seen.fresh.url.setValue(given.receiver);
  seen.fresh.description.setValue("Made by a hook");
  seen.fresh.eventTypes.setValue([type]);
  await until("what was typed", () => seen.fresh.eventTypes.value.length === 1 && seen.fresh.description.value);
  const made = await seen.fresh.createEndpoint();
  check(made.endpoint?.description === "Made by a hook", `made ${JSON.stringify(made)} ${made.error}`);
  seen.endpoints.reload();
  await until("a second endpoint", () => seen.endpoints.hasNextPage);

  seen.choose({ endpoint: "main", message: message.id });
  await until("the endpoint", () => seen.endpoint?.data?.uid === "main" && seen.stats?.data?.success === 2);
  const first = await until("the secret", () => seen.secret.data?.key);
  await seen.secret.rotateSecret({});
  await until("another secret", () => seen.secret.data.key !== first);
  await until("attempts", () => seen.attempts.data?.length === 2 && seen.attempts.data[0].msg);
  await until("attempted messages", () => seen.attempted.data?.length === 2);
  await until("the message", () => seen.message?.data?.payload);
  await until("where it went", () => seen.places.data?.length === 1 && seen.tries.data?.length === 1);
  await seen.headers.patchEndpointHeaders({ headers: { "x-foo": "bar" } });
  await until("the headers", () => seen.headers.data?.headers["x-foo"] === "bar");
  await seen.functions.recoverEndpointMessages({ since: new Date(Date.now() - 60000) });
  seen.choose({ endpoint: "main", message: message.id, attempt: seen.tries.data[0] });
  await until("the attempt", () => seen.again);
  await seen.again.resendAttempt();
  await until("a second attempt", () => seen.tries.data.length === 2 || seen.tries.reload());
  // Later clients call these two otherwise, and the hooks do not know it.
  if (seen.svix.svix.endpoint.update) {
    const changed = await seen.functions.updateEndpoint({ url: given.receiver, uid: "main", description: "Changed" });
    check(changed.description === "Changed", JSON.stringify(changed));
    await seen.headers.updateEndpointHeaders({ headers: { "x-new": "one" } });
    await until("other headers", () => seen.headers.data?.headers["x-new"] === "one");
  }
  seen.choose({ endpoint: made.endpoint.id });
  await until("the new one", () => seen.endpoint.data?.id === made.endpoint.id);
  await seen.functions.deleteEndpoint();
};

const Page = () => {
  const [told, tell] = useState("Asking.");
  useEffect(() => {
    walk().then(() => tell("All hooks were answered."), (error) => tell(`Failed: ${error.stack}`));
  }, []);
  return (
    <hooks.SvixProvider token={given.token} appId={given.app} options={options}>
      <p>{told}</p>
      <All />
      <hooks.AppPortal url={given.url} darkMode="auto" primaryColor="2b6cb0" fullSize />
    </hooks.SvixProvider>
  );
};

createRoot(document.getElementById("root")).render(<Page />);
