// The control plane, limits, TLS, the journal's connection numbers, and the program itself.
import assert from 'node:assert/strict';
import { execFileSync, spawn } from 'node:child_process';
import { readFileSync } from 'node:fs';
import https from 'node:https';
import { once } from 'node:events';
import { test } from 'node:test';
import { fileURLToPath } from 'node:url';
import { auth, bases, chat, gemini, last_entry, post, raw, raw_chat, started, turn } from '../harness.mjs';

const program = fileURLToPath(new URL('../main.mjs', import.meta.url));
const box = (e, name, more = {}) => post(e, `/box/${name}/v1/chat/completions`, { model: 'm', messages: [{ role: 'user', content: 'hi' }] }, more);

test('scripts, journal and state over HTTP', async (t) => {
  const e = await started(t);
  assert.equal((await post(e, '/_emulator/script', { rules: [{ action: { server_error: 500 } }] })).status, 200);
  assert.equal((await box(e, 'a')).status, 500);
  assert.equal((await post(e, '/_emulator/script', { append: true, rules: [{ action: 'silence' }] })).json.rules, 2);
  assert.equal((await post(e, '/_emulator/script', [{ action: 'nonsense' }])).status, 400);
  const get = async (path) => (await fetch(`${e.addresses.http}/_emulator/${path}`)).json();
  assert.equal((await get('journal?provider=a'))[0].rule, '0:server_error');
  assert.deepEqual(await get('journal?provider=b'), []);
  assert.equal((await get('state')).rules[0].used, 1);
  assert.deepEqual(await get('healthz'), { ok: true });
  await post(e, '/_emulator/reset', '');
  assert.equal((await box(e, 'a')).status, 200);
  await fetch(`${e.addresses.http}/_emulator/journal`, { method: 'DELETE' });
  assert.deepEqual(await get('journal'), []);
});

test('a rolling limit lets in exactly what it allows, per key, and reports overruns', async (t) => {
  let now = 1_800_000_000_000;
  const e = await started(t, { clock: { now: () => now } });
  e.script({ limits: [{ provider: 'groq', requests: 2, per_ms: 60000 }] });
  const statuses = async (n, headers) => Promise.all(Array.from({ length: n }, async () => (await chat(e, 'groq', {}, headers)).status)).then((s) => s.sort());
  assert.deepEqual(await statuses(4), [200, 200, 429, 429]);
  assert.deepEqual(await statuses(1, { authorization: 'Bearer gsk_another' }), [200]);
  now += 59_999;
  assert.deepEqual(await statuses(1), [429]);
  assert.match((await last_entry(e)).overrun.axis, /requests/);
  now += 1;
  assert.deepEqual(await statuses(3), [200, 200, 429]);
  assert.equal(e.state_now().overruns, 4);
});

test('token and concurrency limits', async (t) => {
  const e = await started(t);
  e.script({ limits: [{ provider: 'google', tokens: 20, per_ms: 60000 }] });
  assert.equal((await gemini(e, {})).status, 200);
  assert.equal((await gemini(e, {})).status, 200);
  const over = await gemini(e, { contents: [{ role: 'user', parts: [{ text: 'x'.repeat(100) }] }] });
  assert.equal(over.status, 429);
  assert.match(over.json.error.details[1].violations[0].quotaId, /InputTokens/);
  e.script({ rules: [{ times: 1, action: { slow_first_token: { gate: 'second' } } }], limits: [{ provider: 'a', concurrency: 1 }] });
  const both = [box(e, 'a'), box(e, 'a')];
  assert.equal((await Promise.race(both)).status, 429);
  e.open_gate('second');
  assert.deepEqual((await Promise.all(both)).map((r) => r.status).sort(), [200, 429]);
  for (let i = 0; i < 5; i += 1) assert.equal((await box(e, 'a')).status, 200);
});

test('a bucket begins full and fills all the time, a fixed window resets at its own midnight', async (t) => {
  const day = 86_400_000;
  let now = 20_000 * day;
  const e = await started(t, { clock: { now: () => now } });
  const statuses = async (n) => Promise.all(Array.from({ length: n }, async () => (await box(e, 'a')).status)).then((s) => s.sort());
  e.script({ limits: [{ provider: 'a', requests: 4, per_ms: 60_000, refill: true }] });
  assert.deepEqual(await statuses(5), [200, 200, 200, 200, 429]);
  now += 14_999;
  assert.deepEqual(await statuses(1), [429]);
  now += 1;
  assert.deepEqual(await statuses(2), [200, 429]);
  now += 10 * 60_000;
  assert.deepEqual(await statuses(5), [200, 200, 200, 200, 429]);
  e.script({ limits: [{ provider: 'a', requests: 1, per_ms: day, fixed: true, offset_ms: 8 * 3_600_000 }] });
  now = 20_001 * day;
  assert.deepEqual(await statuses(2), [200, 429]);
  now += 8 * 3_600_000 - 1;
  assert.deepEqual(await statuses(1), [429]);
  now += 1;
  assert.deepEqual(await statuses(2), [200, 429]);
  assert.throws(() => e.script({ limits: [{ provider: 'a', requests: 1, per_ms: 1000, fixed: true, refill: true }] }), /not both/);
});

test('connections have numbers, so that pooling can be seen', async (t) => {
  const e = await started(t);
  const two = raw_chat({}) + raw_chat({});
  await raw(e, two, (x) => (x.match(/HTTP\/1\.1 200/g) ?? []).length === 2);
  await raw(e, raw_chat({}), (x) => x.includes('HTTP/1.1 200'));
  const [a, b, c] = e.journal_entries().map((x) => x.connection);
  assert.ok(a === b && b !== c);
});

test('two hundred streams at once keep their texts apart', async (t) => {
  const e = await started(t);
  const texts = await Promise.all(Array.from({ length: 200 }, (_, i) => chat(e, 'custom', { stream: true, messages: [{ role: 'user', content: `!say this is number ${i} of many` }] })));
  texts.forEach((r, i) => assert.ok(r.text.includes(`" ${i}"`), String(i)));
  while (e.state_now().streams_open > 0) await turn();
});

test('TLS verifies against the CA made at the start, and bad certificates do not', async (t) => {
  const e = await started(t, { tls: true, tls_bad_ports: true });
  const ca = readFileSync(e.addresses.ca);
  const get = (base, more = {}) => new Promise((resolve) => {
    https.get(`${base}/groq/openai/v1/models`, { ca, headers: { 'user-agent': 'test', ...auth('groq') }, agent: new https.Agent({ keepAlive: false }), ...more }, (r) => { r.resume(); resolve(r.statusCode); }).on('error', (x) => resolve(x.code));
  });
  assert.equal(await get(e.addresses.tls), 200);
  assert.equal(await get(e.addresses.tls.replace('127.0.0.1', 'localhost')), 200);
  assert.equal(await get(e.addresses.tls, { servername: 'api.emulator.test', headers: { host: 'api.emulator.test', 'user-agent': 'x', ...auth('groq') } }), 200);
  assert.equal(await get(e.addresses.tls, { ca: undefined }), 'UNABLE_TO_VERIFY_LEAF_SIGNATURE');
  assert.equal(await get(e.addresses.tls_wrong_host), 'ERR_TLS_CERT_ALTNAME_INVALID');
  assert.equal(await get(e.addresses.tls_self_signed), 'DEPTH_ZERO_SELF_SIGNED_CERT');
  const entries = e.journal_entries();
  assert.ok(entries.every((x) => x.tls && Number.isInteger(x.connection)));
  e.script([{ action: { cut: { after_chunks: 1 } } }]);
  const cut = await new Promise((resolve) => {
    const req = https.request(`${e.addresses.tls}${bases.custom}/chat/completions`, { ca, method: 'POST', headers: { 'content-type': 'application/json', 'user-agent': 'x' } }, (r) => {
      r.resume();
      r.on('error', (x) => resolve(x.code));
      r.on('end', () => resolve('end'));
    });
    req.on('error', (x) => resolve(x.code));
    req.end('{"model":"m","stream":true,"messages":[{"role":"user","content":"!say a b c"}]}');
  });
  assert.equal(cut, 'ECONNRESET');
});

test('the program prints where it listens, plays the demo, and ends at SIGTERM', async () => {
  const child = spawn(process.execPath, [program, '--demo'], { stdio: ['ignore', 'pipe', 'inherit'] });
  const [line] = await once(child.stdout, 'data');
  const addresses = JSON.parse(line.toString());
  const e = { addresses };
  const refused = await gemini(e, {});
  assert.equal(refused.status, 429);
  assert.equal(refused.json.error.details[2].retryDelay, '20s');
  const started_at = performance.now();
  assert.equal((await chat(e, 'cerebras', { stream: true, messages: [{ role: 'user', content: '!count 5' }] })).status, 200);
  assert.ok(performance.now() - started_at >= 140);
  assert.equal((await chat(e, 'groq')).status, 200);
  child.kill('SIGTERM');
  assert.deepEqual(await once(child, 'exit'), [0, null]);
  assert.throws(() => execFileSync(process.execPath, [program, '--nonsense'], { stdio: 'pipe' }), (x) => x.status === 2);
});
