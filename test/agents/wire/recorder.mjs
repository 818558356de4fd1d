#!/usr/bin/env node
// A byte recorder in front of a headless server: starts it, listens in its place, and passes on what is
// said, both ways, unchanged. What clients say is in FILE, a message a line, with its connection.
// usage: recorder.mjs FILE COMMAND ARGS...
import { spawn } from "node:child_process";
import fs from "node:fs";
import net from "node:net";

const [file, command, ...args] = process.argv.slice(2);
// A group of its own: the command may be a wrapper that ends before the program does.
const server = spawn(command, args, { stdio: ["ignore", "pipe", "inherit"], detached: true });
let connections = 0, said = "";

// Calls take() with each message of a stream with Content-Length.
function messages(take) {
  let held = Buffer.alloc(0);
  return (piece) => {
    held = Buffer.concat([held, piece]);
    for (;;) {
      const end = held.indexOf("\r\n\r\n");
      if (end < 0) return;
      const n = +/content-length: *(\d+)/i.exec(held.subarray(0, end).toString())[1];
      if (held.length < end + 4 + n) return;
      take(JSON.parse(held.subarray(end + 4, end + 4 + n).toString()));
      held = held.subarray(end + 4 + n);
    }
  };
}

function pass(client, port) {
  const n = ++connections, inner = net.connect({ port, host: "127.0.0.1", allowHalfOpen: true });
  const record = messages((m) => fs.appendFileSync(file, JSON.stringify({ connection: n, ...m }) + "\n"));
  client.on("data", (d) => { record(d); inner.write(d); });
  inner.on("data", (d) => client.write(d));
  client.on("end", () => inner.end());
  inner.on("end", () => client.end());
  client.on("error", () => inner.destroy());
  inner.on("error", () => client.destroy());
}

server.stdout.on("data", (d) => {
  said += d;
  const m = /listening on port (\d+)/.exec(said);
  if (!m) return;
  said = "";
  const listener = net.createServer({ allowHalfOpen: true }, (c) => pass(c, +m[1]));
  listener.listen(0, "127.0.0.1", () => console.log("CLI server listening on port", listener.address().port));
});
server.on("close", (code) => process.exit(code ?? 1));
for (const s of ["SIGTERM", "SIGINT"]) process.on(s, () => process.kill(-server.pid, s));
