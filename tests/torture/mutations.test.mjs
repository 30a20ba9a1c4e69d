// Thousands of damaged requests, the same ones in every run: each is answered or refused, and nothing is left behind.
import assert from 'node:assert/strict';
import { readdirSync } from 'node:fs';
import { test } from 'node:test';
import { gzipSync } from 'node:zlib';
import { memory_of, Router, slack, start_emulator } from '../e2e/router.mjs';
import { chat_body, chunk, chunked, head_of, post, send, statuses } from './raw.mjs';

const count = Number(process.env.FREELLMAPI_MUTATIONS ?? 5000);
const time_bound_ms = 60_000;
const seed = Number(process.env.FREELLMAPI_SEED ?? 20261122);

// mulberry32
function generator(state) {
  return () => {
    state = (state + 0x6d2b79f5) | 0;
    let t = Math.imul(state ^ (state >>> 15), 1 | state);
    t = (t + Math.imul(t ^ (t >>> 7), 61 | t)) ^ t;
    return ((t ^ (t >>> 14)) >>> 0) / 4294967296;
  };
}

const tokens = ['\r\n', '\n', '\0', '\r\n\r\n', '0\r\n\r\n', ': ', 'Content-Length: 5\r\n', 'Transfer-Encoding: chunked\r\n', 'Host: evil\r\n', 'HTTP/1.1', '"', '\\', '{', '}', '[', ']', ',', ':', 'null', 'true', '1e999', '-', '\\ud800', '\xff', '\xed\xa0\x80', '"messages":', '"stream":true,', '"model":"auto",', '"tools":[{}],', '"role":"tool",', '"n":1,', 'x'.repeat(2000), '[[[[[[[[', '%00', '..', '//'];

function mutate(bytes, random) {
  let out = Buffer.from(bytes);
  const place = () => Math.floor(random() * out.length);
  const rounds = 1 + Math.floor(random() * 3);
  for (let i = 0; i < rounds && out.length > 0; i += 1) {
    const at = place();
    const token = Buffer.from(tokens[Math.floor(random() * tokens.length)], 'latin1');
    switch (Math.floor(random() * 7)) {
      case 0: out[at] ^= 1 << Math.floor(random() * 8); break;
      case 1: out[at] = Math.floor(random() * 256); break;
      case 2: out = Buffer.concat([out.subarray(0, at), token, out.subarray(at)]); break;
      case 3: out = Buffer.concat([out.subarray(0, at), out.subarray(Math.min(out.length, at + 1 + Math.floor(random() * 20)))]); break;
      case 4: out = Buffer.concat([out.subarray(0, at), out.subarray(place())]).subarray(0, 65_536); break;
      case 5: out = out.subarray(0, at); break;
      default: token.copy(out, at);
    }
  }
  return out;
}

const status_of = (pid) => ({ resident: memory_of(pid), descriptors: readdirSync(`/proc/${pid}/fd`).length });

test(`${count} mutations of good requests bring no 5xx, no death, no growth`, async (t) => {
  const emulator = await start_emulator(t);
  const router = await Router.start(t, { emulator, chain: ['a'], boxes: ['a'] });
  const tools = JSON.stringify({ model: 'auto', stream: true, tools: [{ type: 'function', function: { name: 'f', parameters: { type: 'object' } } }], stream_options: { include_usage: true },
    messages: [{ role: 'system', content: 'be brief' }, { role: 'user', content: [{ type: 'text', text: 'hi \u00e9' }] }, { role: 'assistant', content: null, tool_calls: [{ id: 'c1', type: 'function', function: { name: 'f', arguments: '{}' } }] }, { role: 'tool', tool_call_id: 'c1', content: 'done' }] });
  const close = 'Connection: close\r\n';
  const good = [post(router, chat_body, close), post(router, tools, close), Buffer.from(chunked(router, `${chunk(chat_body.slice(0, 20))}${chunk(chat_body.slice(20))}0\r\n\r\n`, close)), post(router, gzipSync(chat_body), `Content-Encoding: gzip\r\n${close}`),
    Buffer.from(head_of(router, { method: 'GET', target: '/v1/models/a%2Fany-model', fields: close })), Buffer.from(head_of(router, { method: 'OPTIONS', target: '/v1/chat/completions', fields: `Origin: http://localhost:5173\r\n${close}` })),
    Buffer.concat([post(router, chat_body), Buffer.from(head_of(router, { method: 'GET', target: '/health', fields: close }))])];
  const random = generator(seed);
  const until = Date.now() + time_bound_ms;
  const seen = new Map();
  const ours = [];
  let sent = 0;
  let warm;
  const worker = async () => {
    while (sent < count && Date.now() < until) {
      sent += 1;
      const bytes = mutate(good[Math.floor(random() * good.length)], random);
      const { text, ended } = await send(router.port, bytes, { half_close: true, ms: 10_000 });
      const [status] = statuses(text.slice(0, 200));
      seen.set(status, (seen.get(status) ?? 0) + 1);
      if ([500, 502, 503, 504].includes(status) || ended === 'open') ours.push(`${ended} ${text.slice(0, 300)} for ${JSON.stringify(bytes.toString('latin1').slice(0, 2000))}`);
      if (sent === 1000) warm = status_of(router.process.pid);
    }
  };
  await Promise.all(Array.from({ length: 16 }, worker));
  assert.deepEqual(ours.slice(0, 3), [], `${ours.length} of ${sent}`);
  assert.equal(router.process.exitCode, null);
  assert.equal((await router.chat()).status, 200);
  assert.ok(!router.stderr.includes('internal_error'));
  assert.ok(sent >= Math.min(count, 1000), `only ${sent} in the time`);
  assert.ok([200, 400].every((s) => (seen.get(s) ?? 0) > 50), JSON.stringify([...seen]));
  await router.until(() => status_of(router.process.pid).descriptors <= warm.descriptors + 20, 'the descriptors to be given back');
  const grown = status_of(router.process.pid).resident - warm.resident;
  assert.ok(grown < 48 * slack, `${grown} MiB more than after the first thousand`);
});
