// Streams that break anywhere, on any leg, while clients read slowly or leave and the late ones are hedged: each ends whole or with an error, the ledger has counted
// what arrived, and afterwards nothing is left over. FULL=1: for a minute.
import assert from 'node:assert/strict';
import { readdirSync } from 'node:fs';
import http from 'node:http';
import { test } from 'node:test';
import { read_exposition } from '../e2e/exposition.mjs';
import { memory_of, read_stream, Router, sanitized, slack, sleep, start_emulator, unified_key } from '../e2e/router.mjs';

const full = process.env.FULL === '1';
const run_ms = full ? 60_000 : 15_000;
const at_once = 60;

let seed = 20261123;
const random = () => {
  seed = (Math.imul(seed, 1664525) + 1013904223) >>> 0;
  return seed / 2 ** 32;
};
const between = (low, high) => low + Math.floor(random() * (high - low + 1));

// What may happen to one leg; each is served, so each counts as a request.
const fates = [
  () => ({ cut: { after_chunks: between(0, 40), how: 'fin' } }), () => ({ cut: { after_chunks: between(1, 40), how: 'rst' } }), () => ({ cut_legal: { after_chunks: between(0, 40) } }),
  () => ({ cut_at: { bytes: between(1, 9_000), how: 'legal' } }), () => ({ stall: { after_chunks: between(1, 40) } }), () => ({ malformed_chunk: { after_chunks: between(1, 40) } }),
  () => ({ bad_chunk_header: { after_chunks: between(1, 40) } }), () => ({ error_in_stream: { after_chunks: between(1, 40) } }), () => ({ going_on: { manner: 'restart' }, cut: { after_chunks: between(20, 60), how: 'fin' } }),
  () => ({ going_on: { manner: 'stray' } }), () => ({ going_on: { manner: 'preamble' } }), () => ({ empty_completion: {} }), () => ({ refuse_straight: {} }),
];
const harmless = () => ({ slow: { ms: between(1, 12) }, ...(random() < 0.2 ? { slow_first_token: { ms: between(50, 600), headers_first: random() < 0.5 } } : {}) });

// One client: reads to the end, slowly or not, or leaves after so many bytes.
function stream(router, body, { leaves_after = Infinity, pause = 0 } = {}) {
  return new Promise((resolve) => {
    const payload = JSON.stringify({ stream: true, ...body });
    const request = http.request(`${router.url}/v1/chat/completions`, { method: 'POST', agent: router.agent, headers: { authorization: `Bearer ${unified_key}`, 'content-type': 'application/json', 'content-length': Buffer.byteLength(payload) } });
    request.on('response', (response) => {
      let text = '';
      response.setEncoding('utf8');
      response.on('data', (d) => {
        text += d;
        if (text.length > leaves_after) request.destroy();
        if (pause > 0) {
          response.pause();
          setTimeout(() => response.resume(), pause);
        }
      });
      response.on('error', () => {});
      response.on('close', () => resolve(text.length > leaves_after ? { left: true } : { status: response.statusCode, text, complete: response.complete }));
    });
    request.on('error', () => resolve({ left: true }));
    request.end(payload);
  });
}

test('broken streams end whole or with an error, are counted exactly, and leave nothing behind', { timeout: run_ms + 90_000 }, async (t) => {
  const emulator = await start_emulator(t);
  const stay = Array.from({ length: 14 }, (_, i) => `stay-${i}`), leave = Array.from({ length: 6 }, (_, i) => `leave-${i}`);
  const names = [...stay, ...leave];
  const provider = (i) => ({ quota: [{ limit: 1_000_000, of: 'requests', per: 'day' }, { limit: 40, of: 'concurrency', scope: 'key' }], timeouts: { connect: '5s', first_byte: '5s', idle: '700ms', total: '60s' },
    models: { 'any-model': { tools: true, context: 131072, prefill: i % 3 === 0 } } });
  // A chain from each of them on.
  const ring = (list, at) => ({ chain: [...list.slice(at), ...list.slice(0, at)] });
  const profiles = Object.fromEntries([...stay.map((n, i) => [n, ring(stay, i)]), ...leave.map((n, i) => [n, ring(leave, i)])]);
  const router = await Router.start(t, { emulator, chain: names, boxes: names, log_format: 'text', args: ['--log-level', 'error'], providers: Object.fromEntries(names.map((n, i) => [n, provider(i)])), rest: { profiles, routing: { hedge: 'surplus' } } });

  let wild = false;
  emulator.rules.pick = () => ({ action: wild && random() < 0.35 ? fates[between(0, fates.length - 1)]() : harmless(), label: 'fate' });
  const arrived = Object.fromEntries(names.map((n) => [n, 0]));
  let after = 0;
  const look = () => {
    for (const entry of emulator.journal_entries({ after })) {
      if (entry.ended === 'open') break;
      if (entry.admitted) arrived[entry.provider] += 1;
      after = entry.seq;
    }
  };
  const watching = setInterval(look, 200);
  t.after(() => clearInterval(watching));
  const seen = { whole: 0, errors: 0, refused: 0, left: 0, continued: 0, mended: 0 };
  const running = new Set();
  const count = (n) => Array.from({ length: n }, (_, i) => i + 1).join(' ');

  function send() {
    const leaver = wild && random() < 0.2;
    const length = between(5, 60);
    const model = `auto:${leaver ? leave[between(0, leave.length - 1)] : stay[between(0, stay.length - 1)]}`;
    const manner = leaver ? { leaves_after: between(300, 12_000) } : random() < 0.15 ? { pause: between(5, 60) } : {};
    const asked = stream(router, { model, messages: [{ role: 'user', content: `!count ${length}` }], stream_options: { include_usage: true } }, manner).then((answer) => {
      running.delete(asked);
      if (answer.left) {
        seen.left += 1;
        return;
      }
      assert.ok(answer.complete, 'the body has its end');
      if (answer.status !== 200) {
        seen.refused += 1;
        assert.ok(JSON.parse(answer.text).error.code, answer.text);
        return;
      }
      const read = read_stream(answer.text);
      const again = answer.text.includes('\n: continued by ');
      seen.continued += again ? 1 : 0;
      assert.ok(count(length).startsWith(read.content), `${read.content} is not how ${length} begins`);
      if (read.error) {
        seen.errors += 1;
        assert.deepEqual([read.finishes.length, read.done], [0, 0], answer.text);
        return;
      }
      seen.whole += 1;
      seen.mended += again ? 1 : 0;
      assert.equal(read.content, count(length), answer.text);
      assert.deepEqual([read.finishes, read.done, read.after_done], [['stop'], 1, false], answer.text);
    });
    running.add(asked);
  }
  async function load(ms) {
    for (const until = Date.now() + ms; Date.now() < until; await sleep(10)) while (running.size < at_once) send();
    await Promise.all(running);
  }
  const descriptors = () => readdirSync(`/proc/${router.process.pid}/fd`).length;
  const resident = () => memory_of(router.process.pid);
  const at_rest = descriptors();

  await load(2_000);
  const before = resident();
  wild = true;
  await load(run_ms);
  wild = false;
  t.diagnostic(JSON.stringify(seen));
  assert.ok(seen.mended > 20 / slack, 'streams were mended');

  await router.until(() => emulator.journal_entries({ after }).every((e) => e.ended !== 'open'), 'every upstream to have ended');
  look();
  const counters = () => router.get('/v1/quota').then((answer) => answer.json.counters);
  await router.until(async () => (await counters()).every((row) => row.reserved === 0), 'nothing to be reserved');
  const rows = (await counters()).filter((row) => row.of === 'requests');
  const page = read_exposition((await router.get('/metrics')).text);
  const hedged = (name) => page.value('freellmapi_attempts_total', { provider: name, outcome: 'hedged' }) ?? 0;
  // Who leaves, or is overtaken, may do so before the provider has looked at the request: it is counted all the same.
  for (const name of names) {
    const used = rows.find((row) => row.provider === name)?.used ?? 0;
    const more = hedged(name) + (leave.includes(name) ? seen.left : 0);
    assert.ok(used >= arrived[name] && used - arrived[name] <= more, `${name}: ${used} counted, ${arrived[name]} arrived`);
  }
  const races = names.reduce((sum, name) => sum + hedged(name), 0);
  t.diagnostic(`${races} streams were hedged`);
  assert.ok(races > 0);
  router.agent.destroy();
  // What is kept is kept open for the next request, for less than a minute, and is not many.
  const kept = () => emulator.state_now().connections_open;
  await router.until(() => descriptors() <= at_rest + kept() + 4, 'descriptors to be given back');
  assert.ok(kept() <= 32 * names.length, `${kept()} idle connections`);
  if (full) await router.until(() => kept() === 0 && descriptors() <= at_rest + 4, 'all to be given back', 75_000);
  t.diagnostic(`${before.toFixed(1)} MiB before, ${resident().toFixed(1)} MiB after; ${descriptors()} descriptors, ${kept()} of them idle, ${at_rest} at first`);
  if (!sanitized) assert.ok(resident() - before < 24, `${(resident() - before).toFixed(1)} MiB more`);
});
