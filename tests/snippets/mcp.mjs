// The protocol's own client: starts the server it is told to, lists its tools, calls some.
// Reads {"command", "args", "calls": [{"name", "arguments"}]} from stdin.
import { readFileSync } from "fs";
import { Client } from "@modelcontextprotocol/sdk/client/index.js";
import { StdioClientTransport } from "@modelcontextprotocol/sdk/client/stdio.js";

const { command, args, calls } = JSON.parse(readFileSync(0, "utf8"));
const client = new Client({ name: "tests", version: "1" });
await client.connect(new StdioClientTransport({ command, args }));
const server = client.getServerVersion();
await client.ping();
const { tools } = await client.listTools();
const answers = [];
for (const call of calls) {
  try {
    const said = await client.callTool(call);
    answers.push({ text: said.content[0].text, isError: Boolean(said.isError) });
  } catch (error) {
    answers.push({ code: error.code, text: error.message });
  }
}
await client.close();
console.log(JSON.stringify({ server, instructions: client.getInstructions(), tools, answers }));
