// Are what ganger says and what the SDK says to the same server equivalent? For each method that ganger
// uses: the SDK uses it too, or there is a reason here; every field that ganger sends is one that the SDK
// sends, with a value of the same shape; and what is required is there on both sides.
// usage: compare.mjs GANGER.jsonl SDK.jsonl; says "same METHOD" or what differs, a line each
import fs from "node:fs";

const read = (f) => fs.readFileSync(f, "utf8").trim().split("\n").map((l) => JSON.parse(l)).filter((m) => m.method);
const [ours, theirs] = process.argv.slice(2).map(read);
const provider = ["provider.type", "provider.wireApi", "provider.baseUrl", "provider.apiKey"];
const required = {
  connect: ["token"],
  "session.create": ["workingDirectory", "requestPermission", "model", ...provider],
  "session.resume": ["sessionId", "workingDirectory", "requestPermission", "model", ...provider],
  "session.send": ["sessionId", "prompt"],
  "session.permissions.handlePendingPermissionRequest": ["sessionId", "requestId", "result.kind"],
  "session.abort": ["sessionId"],
  "session.getMessages": ["sessionId"],
};
// What ganger says and the SDK does not: 1.0.14 closes a session by the newer 'session.detach', which a
// server of another version may not have; a server takes both.
const apart = { "session.destroy": "session.detach" };
// Values that say what is done must be among those that the SDK says.
const words = { "session.permissions.handlePendingPermissionRequest": "result.kind" };

const shape = (v) => Array.isArray(v) ? "array" : v === null ? "null" : typeof v;
function fields(params) {
  const all = new Map();
  const walk = (o, at) => {
    for (const [k, v] of Object.entries(o ?? {})) {
      if (shape(v) === "object") walk(v, at + k + ".");
      else if (v !== undefined) all.set(at + k, shape(v));
    }
  };
  walk(params, "");
  return all;
}
const get = (o, path) => path.split(".").reduce((x, k) => x?.[k], o);
// Of all messages of a method: field -> shapes.
function union(messages, method) {
  const all = new Map();
  for (const m of messages.filter((x) => x.method === method))
    for (const [k, v] of fields(m.params)) all.set(k, (all.get(k) ?? new Set()).add(v));
  return all;
}

const lines = [];
for (const method of Object.keys(required))
  if (!ours.some((m) => m.method === method)) lines.push(`ganger never says ${method}`);
for (const method of new Set(ours.map((m) => m.method))) {
  const mine = union(ours, method), other = union(theirs, apart[method] ?? method), wrong = [];
  if (!other.size) wrong.push("the SDK never says it");
  for (const [k, v] of mine)
    if (!other.has(k)) wrong.push(`the SDK sends no ${k}`);
    else for (const s of v) if (!other.get(k).has(s)) wrong.push(`${k} is ${s}, not ${[...other.get(k)]}`);
  for (const k of required[method] ?? [])
    for (const [who, messages] of [["ganger", ours], ["the SDK", theirs]])
      if (!messages.filter((m) => m.method === method).every((m) => get(m.params, k) !== undefined))
        wrong.push(`${who} does not always send ${k}`);
  if (words[method]) {
    const said = (ms) => new Set(ms.filter((m) => m.method === method).map((m) => get(m.params, words[method])));
    for (const w of said(ours)) if (!said(theirs).has(w)) wrong.push(`the SDK never says ${w}`);
  }
  const more = [...other.keys()].filter((k) => !mine.has(k));
  if (more.length) console.error(`${method}: the SDK also sends ${more.join(" ")}`);
  lines.push(wrong.length ? `${method}: ${wrong.join("; ")}` : `same ${method}`);
}
console.log(lines.sort().join("\n"));
