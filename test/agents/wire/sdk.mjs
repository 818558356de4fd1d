// The official SDK on the server at a port: a turn with a tool that is allowed and one that is not, a turn
// that is broken off, and the session taken up again over another connection.
// usage: sdk.mjs SDK_FOLDER PORT TOKEN MODEL_URL WORKTREE PROMPT
import { createRequire } from "node:module";
import { pathToFileURL } from "node:url";

const [folder, port, token, url, workingDirectory, prompt] = process.argv.slice(2);
const require = createRequire(folder + "/x.js");
const { CopilotClient, RuntimeConnection } = await import(pathToFileURL(require.resolve("@github/copilot-sdk")));
const config = {
  workingDirectory,
  model: "fake-model",
  provider: { type: "openai", wireApi: "completions", baseUrl: url, apiKey: "none" },
  onPermissionRequest: (r) => /denied/.test(r.fullCommandText ?? r.fileName ?? "")
    ? { kind: "reject", feedback: "no" } : { kind: "approve-once" },
};
const connect = async () => {
  const c = new CopilotClient({ connection: RuntimeConnection.forUri(`127.0.0.1:${port}`, { connectionToken: token }) });
  await c.start();
  return c;
};

let client = await connect();
const session = await client.createSession(config);
await session.sendAndWait({ prompt });
const begun = new Promise((ok) => session.on("tool.execution_start", ok));
await session.send({ prompt: "%%sh sleep 600\n%%say x" });
await begun;
await session.abort();
await session.disconnect();
await client.forceStop();
client = await connect();
const again = await client.resumeSession(session.sessionId, config);
await again.getEvents();
await again.sendAndWait({ prompt: "%%say done" });
await again.disconnect();
await client.forceStop();
process.exit(0);
