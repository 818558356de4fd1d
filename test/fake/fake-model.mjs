#!/usr/bin/env node
// fake-model.mjs: one loopback model server that speaks four wire protocols, so
// that real coding agents can be driven with no network and no model:
//   POST */chat/completions                 OpenAI chat completions   (SSE or JSON)
//   POST */responses                        OpenAI responses          (SSE or JSON)
//   POST */messages (+/count_tokens)        Anthropic messages        (SSE or JSON)
//   POST */models/<m>:(stream)generateContent  Google Gemini          (SSE or JSON)
//   GET  */models                           a model list
// The PROMPT carries the script. Lines of the newest user message that start
// with %% are the model's replies, one per model call, counted by the tool
// results that follow that user message (so the server keeps no session state):
//   %%sh <command>          call the agent's own shell tool, whatever it is named
//   %%write <path> <text>   call the agent's own write-file tool ("\n" unescaped)
//   %%tool <name> <json>    call any tool by name
//   %%say <text>            plain assistant text (ends the agent's turn)
//   %%sleep <ms>            delays the NEXT reply (not a reply itself)
//   %%fail <status> <n> [text]  the NEXT reply is first refused n times (not a reply itself);
//                           text is the message, or the whole body where it is a JSON object
//   %%hang [n]              accept the request, send headers, then nothing
//   %%drop [n]              accept, send half a reply, cut the connection
//                           with a number: so it goes with the NEXT reply, the first n times
//   %%tag NAME              requests with this script have that tag in the log
// What was counted is counted for the script, however the rest of a conversation came about.
// After the last directive: "done".
// usage: fake-model.mjs [--port N] [--log FILE] [--ttft MS] [--portfile FILE]
import http from "node:http";
import fs from "node:fs";
import crypto from "node:crypto";

const arg = (n, d) => { const i = process.argv.indexOf("--" + n); return i > 0 ? process.argv[i + 1] : d; };
const PORT = +arg("port", 0), LOG = arg("log", ""), TTFT = +arg("ttft", 0), PORTFILE = arg("portfile", "");
const failCount = new Map();
let seq = 0;
const log = (o) => { if (LOG) fs.appendFileSync(LOG, JSON.stringify({ t: Date.now(), ...o }) + "\n"); };
const id = (p) => p + crypto.randomBytes(8).toString("hex");
const sleep = (ms) => new Promise((r) => setTimeout(r, ms));

const SHELL = [
  ["bash", (c) => ({ command: c, description: "run a command" })],
  ["Bash", (c) => ({ command: c, description: "run a command" })],
  ["exec_command", (c) => ({ cmd: c, yield_time_ms: 30000 })],
  ["shell_command", (c) => ({ command: c })],
  ["shell", (c) => ({ command: ["bash", "-lc", c] })],
  ["run_shell_command", (c) => ({ command: c, description: "run a command", is_background: false })],
  ["execute_command", (c) => ({ command: c })],
];
const WRITE = [
  ["create", (p, t) => ({ path: p, file_text: t })],
  ["Write", (p, t) => ({ file_path: p, content: t })],
  ["write", (p, t) => ({ filePath: p, content: t })],
  ["write_file", (p, t) => ({ file_path: p, content: t })],
];

function directives(text) {
  const out = []; let mods = {};
  for (const line of text.split(/\r?\n/)) {
    const m = /^\s*%%(sh|write|tool|say|sleep|fail|hang|drop)\b ?(.*)$/.exec(line);
    if (!m) continue;
    if (m[1] === "sleep") { mods.sleep = +m[2] || 0; continue; }
    if (/^(hang|drop)$/.test(m[1]) && +m[2]) { mods[m[1] + "s"] = +m[2]; continue; }
    if (m[1] === "fail") { const [s, n, ...t] = m[2].split(" "); mods.fail = [+s, +(n || 1), t.join(" ")]; continue; }
    out.push({ op: m[1], rest: m[2], ...mods }); mods = {};
  }
  return out;
}
// Reduce any protocol's request to a list of {role: user|tool|assistant, text}
function flatten(kind, b) {
  const L = []; const txt = (c) => typeof c === "string" ? c : Array.isArray(c) ? c.map((x) => x.text ?? x.input_text ?? "").join("\n") : "";
  if (kind === "chat") for (const m of b.messages ?? []) L.push({ role: m.role === "tool" ? "tool" : m.role, text: txt(m.content) });
  if (kind === "responses") {
    const input = typeof b.input === "string" ? [{ role: "user", content: b.input }] : b.input ?? [];
    for (const m of input) {
      if (/_output$/.test(m.type ?? "")) L.push({ role: "tool", text: typeof m.output === "string" ? m.output : JSON.stringify(m.output) });
      else if (m.role) L.push({ role: m.role, text: txt(m.content) });
    }
  }
  if (kind === "anthropic") for (const m of b.messages ?? []) {
    if (typeof m.content === "string") { L.push({ role: m.role, text: m.content }); continue; }
    for (const c of m.content) L.push(c.type === "tool_result" ? { role: "tool", text: txt(c.content) } : { role: m.role, text: c.text ?? "" });
  }
  if (kind === "gemini") for (const m of b.contents ?? []) for (const p of m.parts ?? [])
    L.push(p.functionResponse ? { role: "tool", text: JSON.stringify(p.functionResponse.response) } : { role: m.role === "model" ? "assistant" : "user", text: p.text ?? "" });
  return L;
}
function toolNames(kind, b) {
  if (kind === "chat") return (b.tools ?? []).map((t) => t.function?.name ?? t.custom?.name);
  if (kind === "responses") return (b.tools ?? []).map((t) => t.name ?? t.type);
  if (kind === "anthropic") return (b.tools ?? []).map((t) => t.name);
  if (kind === "gemini") return (b.tools ?? []).flatMap((t) => (t.functionDeclarations ?? []).map((f) => f.name));
  return [];
}
function toolSchema(kind, b, name) {
  for (const t of b.tools ?? []) {
    if (kind === "chat" && t.function?.name === name) return t.function.parameters;
    if (kind === "responses" && t.name === name) return t.parameters;
    if (kind === "anthropic" && t.name === name) return t.input_schema;
    if (kind === "gemini") for (const f of t.functionDeclarations ?? []) if (f.name === name) return f.parametersJsonSchema ?? f.parameters;
  }
}
// keep the caller's values, but use the argument names that this agent's tool really has
function fit(kind, b, name, args) {
  const props = toolSchema(kind, b, name)?.properties; if (!props) return args;
  const alias = [["path", "file_path", "filePath", "filename"], ["content", "file_text", "text"], ["command", "cmd"]], out = {};
  for (const [k, v] of Object.entries(args)) { const g = alias.find((a) => a.includes(k)) ?? [k]; const n = k in props ? k : g.find((x) => x in props); if (n) out[n] = v; }
  return out;
}
function decide(kind, b) {
  const L = flatten(kind, b), names = toolNames(kind, b);
  let at = -1;
  for (let i = L.length - 1; i >= 0; i--) if (L[i].role === "user" && directives(L[i].text).length) { at = i; break; }
  if (at < 0) return { say: "ok (no script in the prompt)", names, step: -1 };
  const D = directives(L[at].text);
  const step = L.slice(at + 1).filter((x) => x.role === "tool").length;
  const d = D[step]; if (!d) return { say: "done", names, step, tag: /^\s*%%tag (\S+)/m.exec(L[at].text)?.[1] };
  const tag = /^\s*%%tag (\S+)/m.exec(L[at].text)?.[1];
  const base = { names, step, tag, sleep: d.sleep, fail: d.fail, hangs: d.hangs, drops: d.drops, key: crypto.createHash("sha1").update(JSON.stringify([tag, D, step])).digest("hex") };
  if (d.op === "hang") return { ...base, hang: true, say: "" };
  if (d.op === "drop") return { ...base, drop: true, say: "this reply will be cut" };
  if (d.op === "say") return { ...base, say: d.rest };
  if (d.op === "tool") { const m = /^(\S+)\s*(.*)$/.exec(d.rest); let a = {}; try { a = JSON.parse(m[2] || "{}"); } catch { a = m[2]; } return { ...base, tool: m[1], args: a }; }
  if (d.op === "sh") { const s = SHELL.find(([n]) => names.includes(n)); return s ? { ...base, tool: s[0], args: s[1](d.rest) } : { ...base, say: "no shell tool offered" }; }
  if (d.op === "write") {
    const m = /^(\S+)\s?(.*)$/.exec(d.rest); const text = m[2].replaceAll("\\n", "\n");
    const w = WRITE.find(([n]) => names.includes(n));
    if (w) return { ...base, tool: w[0], args: fit(kind, b, w[0], w[1](m[1], text)) };
    const s = SHELL.find(([n]) => names.includes(n));
    return s ? { ...base, tool: s[0], args: s[1](`cat > ${m[1]} <<'XEOF'\n${text}\nXEOF`) } : { ...base, say: "no write tool offered" };
  }
}
const USAGE = { in: 1000, out: 50, cached: 400 };

// what was written is sent before
function cut(res) { setTimeout(() => res.destroy(), 50); }
function sse(res) { res.writeHead(200, { "content-type": "text/event-stream", "cache-control": "no-cache" }); }
async function answer(kind, b, res, stream, d) {
  const created = Math.floor(Date.now() / 1000), model = b.model ?? "fake-model";
  const say = d.say ?? "", argsS = d.tool ? (typeof d.args === "string" ? d.args : JSON.stringify(d.args)) : "";
  const J = (o) => { res.writeHead(200, { "content-type": "application/json" }); res.end(JSON.stringify(o)); };
  if (!stream && d.hang) return;
  if (!stream && d.drop) { res.writeHead(200, { "content-type": "application/json" }); res.write("{"); return cut(res); }
  if (kind === "chat") {
    const usage = { prompt_tokens: USAGE.in, completion_tokens: USAGE.out, total_tokens: USAGE.in + USAGE.out, prompt_tokens_details: { cached_tokens: USAGE.cached } };
    const tc = d.tool && [{ index: 0, id: id("call_"), type: "function", function: { name: d.tool, arguments: argsS } }];
    const mid = id("chatcmpl-"), fin = d.tool ? "tool_calls" : "stop";
    if (!stream) return J({ id: mid, object: "chat.completion", created, model, choices: [{ index: 0, finish_reason: fin, message: { role: "assistant", content: d.tool ? null : say, ...(tc ? { tool_calls: tc } : {}) } }], usage });
    sse(res); const w = (x) => res.write("data: " + JSON.stringify({ id: mid, object: "chat.completion.chunk", created, model, ...x }) + "\n\n");
    w({ choices: [{ index: 0, delta: { role: "assistant", content: "" }, finish_reason: null }] });
    if (d.hang) return;
    if (d.drop && tc) return cut(res);
    if (tc) w({ choices: [{ index: 0, delta: { tool_calls: tc }, finish_reason: null }] });
    else for (const p of say.match(/\S+\s*/g) ?? [""]) { w({ choices: [{ index: 0, delta: { content: p }, finish_reason: null }] }); if (d.drop) return cut(res); }
    w({ choices: [{ index: 0, delta: {}, finish_reason: fin }] }); w({ choices: [], usage });
    res.write("data: [DONE]\n\n"); return res.end();
  }
  if (kind === "responses") {
    const rid = id("resp_"), usage = { input_tokens: USAGE.in, input_tokens_details: { cached_tokens: USAGE.cached }, output_tokens: USAGE.out, output_tokens_details: { reasoning_tokens: 0 }, total_tokens: USAGE.in + USAGE.out };
    const custom = d.tool && typeof d.args === "string";
    const item = d.tool ? (custom ? { type: "custom_tool_call", id: id("ctc_"), call_id: id("call_"), name: d.tool, input: argsS, status: "completed" }
      : { type: "function_call", id: id("fc_"), call_id: id("call_"), name: d.tool, arguments: argsS, status: "completed" })
      : { type: "message", id: id("msg_"), role: "assistant", status: "completed", content: [{ type: "output_text", text: say, annotations: [] }] };
    const R = (status, output) => ({ id: rid, object: "response", created_at: created, status, model, output, error: null, incomplete_details: null, instructions: null, metadata: {}, parallel_tool_calls: true, temperature: 1, tool_choice: "auto", tools: [], top_p: 1, usage: status === "completed" ? usage : null });
    if (!stream) return J(R("completed", [item]));
    sse(res); let n = 0; const w = (type, x) => res.write(`event: ${type}\ndata: ` + JSON.stringify({ type, sequence_number: n++, ...x }) + "\n\n");
    w("response.created", { response: R("in_progress", []) });
    if (d.hang) return;
    if (d.drop && d.tool) return cut(res);
    if (d.tool) {
      w("response.output_item.added", { output_index: 0, item: { ...item, status: "in_progress", ...(custom ? { input: "" } : { arguments: "" }) } });
      if (custom) w("response.custom_tool_call_input.delta", { item_id: item.id, output_index: 0, delta: argsS });
      else { w("response.function_call_arguments.delta", { item_id: item.id, output_index: 0, delta: argsS }); w("response.function_call_arguments.done", { item_id: item.id, output_index: 0, name: d.tool, arguments: argsS }); }
    } else {
      w("response.output_item.added", { output_index: 0, item: { ...item, status: "in_progress", content: [] } });
      w("response.content_part.added", { item_id: item.id, output_index: 0, content_index: 0, part: { type: "output_text", text: "", annotations: [] } });
      for (const p of say.match(/\S+\s*/g) ?? [""]) { w("response.output_text.delta", { item_id: item.id, output_index: 0, content_index: 0, delta: p }); if (d.drop) return cut(res); }
      w("response.output_text.done", { item_id: item.id, output_index: 0, content_index: 0, text: say });
      w("response.content_part.done", { item_id: item.id, output_index: 0, content_index: 0, part: item.content[0] });
    }
    w("response.output_item.done", { output_index: 0, item });
    w("response.completed", { response: R("completed", [item]) });
    return res.end();
  }
  if (kind === "anthropic") {
    const mid = id("msg_"), stop = d.tool ? "tool_use" : "end_turn";
    const usage = { input_tokens: USAGE.in - USAGE.cached, cache_creation_input_tokens: 0, cache_read_input_tokens: USAGE.cached, output_tokens: USAGE.out };
    const block = d.tool ? { type: "tool_use", id: id("toolu_"), name: d.tool, input: d.args } : { type: "text", text: say };
    if (!stream) return J({ id: mid, type: "message", role: "assistant", model, content: [block], stop_reason: stop, stop_sequence: null, usage });
    sse(res); const w = (type, x) => res.write(`event: ${type}\ndata: ` + JSON.stringify({ type, ...x }) + "\n\n");
    w("message_start", { message: { id: mid, type: "message", role: "assistant", model, content: [], stop_reason: null, stop_sequence: null, usage: { ...usage, output_tokens: 1 } } });
    if (d.hang) return;
    if (d.drop && d.tool) return cut(res);
    if (d.tool) { w("content_block_start", { index: 0, content_block: { ...block, input: {} } }); w("content_block_delta", { index: 0, delta: { type: "input_json_delta", partial_json: argsS } }); }
    else { w("content_block_start", { index: 0, content_block: { type: "text", text: "" } }); for (const p of say.match(/\S+\s*/g) ?? [""]) { w("content_block_delta", { index: 0, delta: { type: "text_delta", text: p } }); if (d.drop) return cut(res); } }
    w("content_block_stop", { index: 0 });
    w("message_delta", { delta: { stop_reason: stop, stop_sequence: null }, usage });
    w("message_stop", {}); return res.end();
  }
  if (kind === "gemini") {
    const usageMetadata = { promptTokenCount: USAGE.in, candidatesTokenCount: USAGE.out, totalTokenCount: USAGE.in + USAGE.out, cachedContentTokenCount: USAGE.cached };
    const schema = b.generationConfig?.responseJsonSchema ?? b.generationConfig?.responseSchema;
    let text = say;
    if (schema && !d.tool) { const o = {}; for (const [k, v] of Object.entries(schema.properties ?? {})) o[k] = v.enum ? v.enum[v.enum.length - 1] : /number|integer/i.test(v.type) ? 1 : /bool/i.test(v.type) ? false : /array/i.test(v.type) ? [] : "fake"; text = JSON.stringify(o); }
    const part = d.tool ? { functionCall: { name: d.tool, args: d.args } } : { text };
    const R = { responseId: id("r"), modelVersion: "fake", candidates: [{ index: 0, finishReason: "STOP", content: { role: "model", parts: [part] } }], usageMetadata };
    if (!stream) return J(R);
    sse(res); if (d.hang) return void res.write(": waiting\n\n"); if (d.drop) { res.write("data: {"); return cut(res); } res.write("data: " + JSON.stringify(R) + "\r\n\r\n"); return res.end();
  }
}
const server = http.createServer((req, res) => {
  const chunks = []; req.on("data", (c) => chunks.push(c)); req.on("end", async () => {
    const n = ++seq, raw = Buffer.concat(chunks), path = req.url.split("?")[0]; let b = {};
    try { b = raw.length ? JSON.parse(raw) : {}; } catch { }
    let kind = /\/chat\/completions$/.test(path) ? "chat" : /\/responses$/.test(path) ? "responses" : /\/messages$/.test(path) ? "anthropic" : /:(stream)?[gG]enerateContent$/.test(path) ? "gemini" : "";
    if (!kind || req.method !== "POST") {
      log({ n, method: req.method, url: req.url, bytes: raw.length, other: true, body: raw.length < 4000 ? raw.toString() : undefined });
      const J = (o, s = 200) => { res.writeHead(s, { "content-type": "application/json" }); res.end(JSON.stringify(o)); };
      if (/count_tokens$/.test(path)) return J({ input_tokens: 100 });
      if (/:countTokens$/.test(path)) return J({ totalTokens: 100 });
      if (/\/models$/.test(path)) return J({ object: "list", data: [{ id: "fake-model", object: "model", created: 0, owned_by: "fake" }], models: [] });
      if (path === "/" || path === "/api/hello") return J({});
      return J({ error: { message: "no such path " + path, type: "not_found" } }, 404);
    }
    const stream = kind === "gemini" ? /:stream/.test(path) : !!b.stream;
    const d = decide(kind, b);
    log({ n, method: req.method, url: req.url, kind, stream, bytes: raw.length, model: b.model, tag: d.tag, step: d.step, tools: d.names.length, reply: d.tool ? { tool: d.tool, args: d.args } : { say: d.say }, ua: req.headers["user-agent"], auth: !!(req.headers.authorization || req.headers["x-api-key"] || req.headers["x-goog-api-key"]), ...(process.env.FAKE_DUMP ? { names: d.names, body: b, headers: req.headers } : {}) });
    if (d.fail) { const k = failCount.get(d.key) ?? 0; if (k < d.fail[1]) { failCount.set(d.key, k + 1); log({ n, tag: d.tag, served: false, how: d.fail[0] }); res.writeHead(d.fail[0], { "content-type": "application/json", "retry-after": "1" }); if (/^\{/.test(d.fail[2])) return res.end(d.fail[2]); return res.end(JSON.stringify({ type: "error", error: { type: d.fail[0] === 429 ? "rate_limit_error" : "server_error", code: d.fail[0] === 429 ? "rate_limit_exceeded" : "server_error", message: d.fail[2] || "scripted failure " + d.fail[0] } })); } }
    for (const how of ["hang", "drop"]) { const k = how + d.key, used = failCount.get(k) ?? 0; if (used < (d[how + "s"] ?? 0)) { failCount.set(k, used + 1); d[how] = true; break; } }
    if (TTFT || d.sleep) await sleep((d.sleep ?? 0) + TTFT);
    log({ n, tag: d.tag, served: !d.hang && !d.drop, how: d.hang ? "hang" : d.drop ? "drop" : 200 });
    try { await answer(kind, b, res, stream, d); } catch (e) { log({ n, error: String(e) }); res.destroy(); }
  });
});
server.listen(PORT, "127.0.0.1", () => { const p = server.address().port; console.log("listening on port " + p); if (PORTFILE) fs.writeFileSync(PORTFILE, String(p)); });
