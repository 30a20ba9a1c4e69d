// The life of the server: start, keys, reload, plugins, drain, secrets.
import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { chmodSync, cpSync, readdirSync, readFileSync, renameSync, statSync, unlinkSync, writeFileSync } from 'node:fs';
import { writeFile } from 'node:fs/promises';
import http from 'node:http';
import path from 'node:path';
import { test } from 'node:test';
import { keys } from '../emulator/harness.mjs';
import { temporary_home } from './program.mjs';
import { binary, build, policy_text, read_stream, Router, start_emulator, unified_key } from './router.mjs';

async function box(t, { rules = [], names = ['a'], ...more } = {}) {
  const emulator = await start_emulator(t);
  emulator.script(rules);
  return Router.start(t, { emulator, chain: names, boxes: names, ...more });
}
// A stream that is under way until its gate is opened.
const held = { match: { contains: 'slowly' }, action: { stall: { after_chunks: 3, gate: 'go on' } } };
const slowly = (n) => [{ role: 'user', content: `!count ${n} slowly` }];
const write_policy = (router, options) => writeFile(router.policy_file, policy_text(router.emulator, options));

// Begins a stream and hands it over at its first token: {first, rest} where rest is the whole text.
function begin(router, body) {
  return new Promise((resolve, reject) => {
    const request = http.request(`${router.url}/v1/chat/completions`, { method: 'POST', agent: false, headers: { authorization: `Bearer ${unified_key}`, 'content-type': 'application/json' } });
    request.on('error', reject);
    request.on('response', (response) => {
      let text = '';
      const rest = new Promise((done) => {
        response.on('end', () => done({ ...read_stream(text), whole: response.complete }));
        response.on('error', () => done({ ...read_stream(text), whole: false }));
      });
      response.setEncoding('utf8').on('data', (d) => {
        text += d;
        resolve({ response, rest });
      });
    });
    request.end(JSON.stringify({ model: 'auto', stream: true, ...body }));
  });
}
const refused_or_503 = (router) => new Promise((resolve) => {
  const request = http.get(`${router.url}/readyz`, { agent: false }, (response) => resolve(response.resume().statusCode === 503));
  request.on('error', () => resolve(true));
});

test('serve prints where it listens, its plugins and keys, and of the unified key the last four characters', async (t) => {
  const router = await box(t);
  assert.match(router.stdout, /listens on http:\/\/127\.0\.0\.1:\d+\/v1/);
  assert.match(router.stdout, /plugins: .*custom \d+\.\d+\.\d+/);
  assert.match(router.stdout, /keys: +.*groq \(1\)/);
  assert.match(router.stdout, new RegExp(`unified key: freellmapi-\\.\\.\\.${unified_key.slice(-4)}`));
  assert.ok(!router.stdout.includes(unified_key));
});

test('without a key for its default chain it starts, says so on /readyz, and answers 503', async (t) => {
  const emulator = await start_emulator(t);
  const router = await Router.start(t, { emulator, chain: ['groq'], boxes: ['spare'], rest: { profiles: { spare: { chain: ['spare'] } } }, keys: false });
  assert.match(router.stdout, /keys: +none/);
  const ready = await router.get('/readyz');
  assert.equal(ready.status, 503);
  assert.equal(ready.json.status, 'no_providers_configured');
  assert.equal((await router.get('/livez')).status, 200);
  for (const stream of [false, true]) {
    const answer = await router.chat({ stream });
    assert.equal(answer.status, 503, answer.text);
    assert.equal(answer.json.error.code, 'no_providers_configured');
    assert.equal(answer.headers['x-should-retry'], 'false');
  }
});

test('keys come from NAME_FILE too, and _2, _3 are more of them', async (t) => {
  const emulator = await start_emulator(t);
  const home = await temporary_home(t);
  writeFileSync(path.join(home, 'key'), `gsk_${'f'.repeat(52)}\n`, { mode: 0o600 });
  const env = { GROQ_API_KEY_FILE: path.join(home, 'key'), GROQ_API_KEY_2: `gsk_${'g'.repeat(52)}`, GROQ_API_KEY_3: `gsk_${'h'.repeat(52)}` };
  const router = await Router.start(t, { emulator, chain: ['groq'], keys: false, env });
  assert.match(router.stdout, /keys: +groq \(3\)/);
  const used = new Set();
  await router.until(async () => {
    const answer = await router.chat({ model: 'groq/openai/gpt-oss-20b', messages: [{ role: 'user', content: `question ${used.size} ${Math.random()}` }] });
    assert.equal(answer.status, 200, answer.text);
    for (const e of emulator.journal_entries({ provider: 'groq' })) used.add(e.key);
    const first = [...used].at(-1);
    // Their quota is the account's, so one that is full is full for all; a refused key is not.
    emulator.script([...used].map((key) => ({ match: { provider: 'groq', key }, action: 'auth' })));
    return used.size === 3 || first === undefined;
  }, 'all three keys to be used', 10_000);
  assert.deepEqual([...used].map((k) => k[4]).sort(), ['f', 'g', 'h']);
});

test('SIGHUP reads the policy anew', async (t) => {
  const router = await box(t, { names: ['a', 'b'] });
  assert.equal((await router.chat()).headers['x-routed-via'], 'a/any-model');
  await write_policy(router, { chain: ['b', 'a'], boxes: ['a', 'b'] });
  router.process.kill('SIGHUP');
  await router.until(async () => (await router.chat()).headers['x-routed-via'] === 'b/any-model', 'the reload');
  await router.logged((l) => l.event === 'policy.reloaded');
});

test('a changed policy file is read anew by itself, also when an editor puts another file in its place', async (t) => {
  const router = await box(t, { names: ['a', 'b', 'c'] });
  await write_policy(router, { chain: ['b'], boxes: ['a', 'b', 'c'] });
  await router.until(async () => (await router.chat()).headers['x-routed-via'] === 'b/any-model', 'the first reload', 10_000);
  writeFileSync(`${router.policy_file}~`, policy_text(router.emulator, { chain: ['c'], boxes: ['a', 'b', 'c'] }));
  renameSync(`${router.policy_file}~`, router.policy_file);
  await router.until(async () => (await router.chat()).headers['x-routed-via'] === 'c/any-model', 'the second reload', 10_000);
});

test('a bad policy file changes nothing, and log and /health say where it is bad', async (t) => {
  const router = await box(t);
  const before = (await router.chat()).headers['x-policy-version'];
  await writeFile(router.policy_file, 'version: 1\nchain:\n  - nobody-knows\n');
  router.process.kill('SIGHUP');
  await router.logged((l) => l.event === 'policy.reload_failed');
  assert.match(router.log_lines().find((l) => l.event === 'policy.reload_failed').message, /policy\.yaml:3:\d+: .*nobody-knows/);
  const answer = await router.chat();
  assert.equal(answer.status, 200);
  assert.equal(answer.headers['x-policy-version'], before);
  const health = (await router.get('/health')).json;
  assert.match(health.policy.reload_error, /policy\.yaml:3:\d+/);
  assert.equal(health.policy.version, before);
  unlinkSync(router.policy_file);
  router.process.kill('SIGHUP');
  await router.until(async () => /cannot read/.test((await router.get('/health')).json.policy.reload_error ?? ''), 'a missing file to be told');
  assert.equal((await router.chat()).status, 200);
  await write_policy(router, { chain: ['a'], boxes: ['a'] });
  router.process.kill('SIGHUP');
  await router.until(async () => (await router.get('/health')).json.policy.reload_error === null, 'the good file to be taken');
});

test('a reload that takes a provider away does not touch the streams that run on it', async (t) => {
  const router = await box(t, { names: ['a', 'b'], rules: [held] });
  const { response, rest } = await begin(router, { messages: slowly(40) });
  assert.equal(response.headers['x-routed-via'], 'a/any-model');
  await write_policy(router, { chain: ['b'], boxes: ['b'] });
  router.process.kill('SIGHUP');
  await router.until(async () => (await router.chat()).headers['x-routed-via'] === 'b/any-model', 'the reload');
  router.emulator.open_gate('go on');
  const read = await rest;
  assert.match(read.content, /^1 2 3 .* 40/);
  assert.deepEqual(read.finishes, ['stop']);
  assert.equal(read.done, 1);
});

test('twenty reloads under load lose no request', async (t) => {
  const router = await box(t, { names: ['a', 'b'] });
  let asking = true;
  const answers = [];
  const clients = Array.from({ length: 8 }, async () => {
    while (asking) answers.push((await router.chat()).status);
  });
  for (let i = 0; i < 20; i += 1) {
    const before = router.log_lines().filter((l) => l.event === 'policy.reloaded').length;
    await write_policy(router, { chain: i % 2 ? ['a', 'b'] : ['b', 'a'], boxes: ['a', 'b'], rest: { routing: { attempts: 3 + i } } });
    router.process.kill('SIGHUP');
    await router.until(() => router.log_lines().filter((l) => l.event === 'policy.reloaded').length > before, 'a reload');
  }
  asking = false;
  await Promise.all(clients);
  assert.ok(answers.length > 20);
  assert.deepEqual(new Set(answers), new Set([200]));
});

// A plugin folder of the test's own.
async function own_plugins(t) {
  const folder = path.join(await temporary_home(t), 'plugins');
  cpSync(path.join(build, 'lib/freellmapi/plugins'), folder, { recursive: true });
  for (const file of readdirSync(folder)) chmodSync(path.join(folder, file), 0o644);
  return folder;
}

test('a plugin that is replaced on disk serves after a reload, while a stream still runs through the old one', async (t) => {
  const folder = await own_plugins(t);
  const emulator = await start_emulator(t);
  emulator.script([held]);
  const router = await Router.start(t, { emulator, chain: ['groq'], args: ['--plugins', folder] });
  const names = async () => (await router.get('/v1/models')).json.data.map((m) => m.name);
  const old_name = 'GPT-OSS 20B';
  const found = (await names()).find((n) => n?.startsWith(old_name));
  assert.ok(found, JSON.stringify(await names()));
  const { rest } = await begin(router, { model: 'groq/openai/gpt-oss-20b', max_tokens: 500, messages: slowly(40) });
  // The same code with another word in its manifest, put in place as an installer does it.
  const file = path.join(folder, 'groq.so');
  const bytes = readFileSync(file);
  const at = bytes.indexOf(old_name);
  assert.ok(at > 0);
  bytes.write('GPT-OSS 99B', at);
  writeFileSync(`${file}.new`, bytes, { mode: 0o644 });
  renameSync(`${file}.new`, file);
  router.process.kill('SIGHUP');
  await router.until(async () => (await names()).some((n) => n?.startsWith('GPT-OSS 99B')), 'the new plugin');
  assert.equal((await router.chat({ model: 'groq/openai/gpt-oss-20b', max_tokens: 500 })).status, 200);
  emulator.open_gate('go on');
  const read = await rest;
  assert.match(read.content, /^1 2 3 .* 40/);
  assert.deepEqual(read.finishes, ['stop']);
});

test('a plugin that appears in the folder and is named in the chain serves after a reload', async (t) => {
  const folder = path.join(await temporary_home(t), 'plugins');
  const emulator = await start_emulator(t);
  const plugins = await own_plugins(t);
  const router = await Router.start(t, { emulator, chain: ['a'], boxes: ['a'], args: ['--plugins', `${folder}`] });
  cpSync(plugins, folder, { recursive: true });
  await writeFile(router.policy_file, policy_text(emulator, { chain: ['sandbox/echo', 'a'], boxes: ['a'] }));
  router.process.kill('SIGHUP');
  await router.until(async () => (await router.chat()).headers['x-routed-via'] === 'sandbox/echo', 'the new plugin');
});

test('a policy that names a plugin whose file was refused is told the reason too', async (t) => {
  const folder = await own_plugins(t);
  writeFileSync(path.join(folder, 'mine.so'), 'no plugin');
  writeFileSync(path.join(folder, 'policy.yaml'), 'version: 1\nchain: [mine]\n');
  const { status, stderr } = spawnSync(binary, ['policy', 'check', path.join(folder, 'policy.yaml'), '--plugins', folder], { encoding: 'utf8' });
  assert.equal(status, 2);
  assert.match(stderr, /unknown provider 'mine'[^]*mine\.so: refused: .{10,}/);
});

for (const [what, spoil] of [
  ['a file that its group may write', (folder) => chmodSync(path.join(folder, 'groq.so'), 0o664)],
  ['a file that everyone may write', (folder) => chmodSync(path.join(folder, 'groq.so'), 0o646)],
  ['a folder that others may write', (folder) => chmodSync(folder, 0o777)],
  ['a file cut short', (folder) => writeFileSync(path.join(folder, 'groq.so'), readFileSync(path.join(folder, 'groq.so')).subarray(0, 100_000))],
  ['a text', (folder) => writeFileSync(path.join(folder, 'groq.so'), '#!/bin/sh\nexit 0\n')],
]) {
  test(`a plugin in ${what} is refused with the reason, and serve starts all the same`, async (t) => {
    const folder = await own_plugins(t);
    spoil(folder);
    const emulator = await start_emulator(t);
    const router = await Router.start(t, { emulator, chain: ['a'], boxes: ['a'], args: ['--plugins', folder] });
    assert.match(router.stdout, /(groq\.so|plugins) refused: .{10,}/);
    await router.logged((l) => l.event === 'plugin.refused' && /(groq\.so|plugins)$/.test(l.file));
    assert.equal((await router.chat()).status, 200);
  });
}

test('SIGTERM lets a running stream end, takes nothing new, and exits with 0', async (t) => {
  const router = await box(t, { rules: [held] });
  const { rest } = await begin(router, { messages: slowly(30) });
  router.process.kill('SIGTERM');
  await router.until(() => refused_or_503(router), 'new requests to be refused');
  assert.equal(router.process.exitCode, null, 'it waits for the stream');
  router.emulator.open_gate('go on');
  const read = await rest;
  assert.match(read.content, /^1 2 3 .* 30/);
  assert.deepEqual(read.finishes, ['stop']);
  assert.equal(read.done, 1);
  assert.deepEqual(await router.exited, { code: 0, signal: null });
});

// Not after the thirty seconds that a drain may take.
const at_once_ms = 10_000;

test('a second SIGTERM ends at once', async (t) => {
  const router = await box(t, { rules: [{ action: { endless_stream: { ms: 20 } } }] });
  await begin(router, { messages: slowly(1) });
  router.process.kill('SIGTERM');
  await router.until(() => refused_or_503(router), 'the drain to begin');
  router.process.kill('SIGTERM');
  const began = Date.now();
  await router.exited;
  assert.ok(Date.now() - began < at_once_ms, `${Date.now() - began} ms`);
});

test('an idle router ends at once on SIGTERM, open keep-alive connections or not', async (t) => {
  const router = await box(t);
  await router.chat();
  const began = Date.now();
  router.process.kill('SIGTERM');
  assert.equal((await router.exited).code, 0);
  assert.ok(Date.now() - began < at_once_ms, `${Date.now() - began} ms`);
});

test('the unified key is taken from the headers of the SDKs, and from nowhere else', async (t) => {
  const router = await box(t);
  const ask = (target, headers) => router.get(target, { key: null, headers });
  for (const headers of [{ authorization: `Bearer ${unified_key}` }, { authorization: `bearer  ${unified_key} ` }, { 'x-api-key': unified_key }, { 'x-goog-api-key': unified_key }, { authorization: `Bearer ${unified_key}`, 'x-api-key': unified_key }]) {
    assert.equal((await ask('/v1/models', headers)).status, 200, JSON.stringify(headers));
  }
  for (const [target, headers] of [['/v1/models', {}], [`/v1/models?key=${unified_key}`, {}], [`/v1/models?api_key=${unified_key}`, {}], ['/v1/models', { cookie: `key=${unified_key}` }], ['/v1/models', { authorization: `Basic ${unified_key}` }], ['/v1/models', { authorization: unified_key }],
    ['/v1/models', { authorization: `Bearer ${unified_key.slice(0, -1)}` }], ['/v1/models', { authorization: `Bearer ${unified_key}x` }], ['/v1/models', { authorization: 'Bearer ' }], ['/v1/models', { 'x-api-key': "' OR 1=1 --" }]]) {
    const answer = await ask(target, headers);
    assert.equal(answer.status, 401, `${target} ${JSON.stringify(headers)}`);
    assert.equal(answer.json.error.code, 'invalid_api_key');
    assert.equal(answer.headers['www-authenticate'], 'Bearer');
  }
  const both = await ask('/v1/models', { authorization: `Bearer ${unified_key}`, 'x-api-key': 'another' });
  assert.equal(both.status, 400);
  assert.equal(both.json.error.code, 'ambiguous_credentials');
});

test('probes and the version need no key; the API does', async (t) => {
  const router = await box(t);
  for (const target of ['/health', '/livez', '/readyz', '/version']) assert.equal((await router.get(target, { key: null })).status, 200, target);
  for (const target of ['/v1/models', '/v1/models/auto']) assert.equal((await router.get(target, { key: null })).status, 401, target);
  assert.match((await router.get('/version')).json.version, /^\d+\.\d+\.\d+$/);
});

test('no secret leaves the router: not in replies, headers, logs, arguments or what it prints', async (t) => {
  const secret = `gsk_${'Q9'.repeat(26)}`;
  const other = `gsk_${'Z7'.repeat(26)}`;
  const echo = (status) => ({ status, headers: { 'content-type': 'application/json', 'x-echo': `${secret}` }, body: JSON.stringify({ error: { message: `Incorrect API key provided: ${secret}. Also ${encodeURIComponent(secret)}, ${Buffer.from(secret).toString('base64')} and ${unified_key}`, type: 'invalid_request_error', code: `code ${secret}` } }) });
  const emulator = await start_emulator(t);
  const router = await Router.start(t, { emulator, chain: ['groq', 'a'], boxes: ['a'], keys: false, env: { GROQ_API_KEY: secret, GROQ_API_KEY_2: other }, args: ['--log-level', 'debug'] });
  const replies = [];
  const keep = async (answer) => replies.push(JSON.stringify([(await answer).headers, (await answer).text]));
  for (const status of [400, 401, 403, 404, 413, 422, 429, 500, 503]) {
    emulator.script([{ match: { provider: 'groq' }, action: echo(status) }, { match: { provider: 'a' }, action: echo(status) }]);
    for (const stream of [false, true]) {
      await keep(router.chat({ stream, model: 'groq/openai/gpt-oss-120b' }));
      await keep(router.chat({ stream }));
    }
  }
  emulator.script([{ match: { provider: 'a' }, action: { cut: { after_chunks: 1 } } }]);
  await keep(router.stream({ model: 'a/any-model', messages: [{ role: 'user', content: '!count 9' }] }));
  for (const target of ['/health', '/v1/models', '/readyz', '/version', `/v1/none?key=${secret}`]) await keep(router.get(target));
  await keep(router.request('POST', '/v1/chat/completions', { key: secret, body: '{}' }));
  await keep(router.chat({ model: 'none' }, { headers: { 'x-request-id': 'the-last-one' } }));
  await router.until(() => router.stderr.includes('the-last-one'), 'the log');
  assert.ok(emulator.journal_entries().some((e) => e.key === secret), 'the key did reach its provider');
  const left = { replies: replies.join('\n'), log: router.stderr, stdout: router.stdout, arguments: readFileSync(`/proc/${router.process.pid}/cmdline`, 'utf8') };
  for (const hidden of [secret, other, unified_key]) {
    for (const form of [hidden, encodeURIComponent(hidden), Buffer.from(hidden).toString('base64'), hidden.slice(4, 40)]) {
      for (const [place, text] of Object.entries(left)) assert.ok(!text.includes(form), `${place} holds ${form.slice(0, 8)}…: ${text.slice(Math.max(0, text.indexOf(form) - 200), text.indexOf(form) + 20)}`);
    }
  }
});

test('the data folder is its owner\'s alone, and holds no provider key', async (t) => {
  const router = await box(t, { env: {} });
  await router.chat();
  const data = path.join(router.home, 'data');
  assert.equal(statSync(data).mode & 0o077, 0);
  for (const file of readdirSync(data, { recursive: true })) {
    const whole = path.join(data, file);
    if (!statSync(whole).isFile()) continue;
    assert.equal(statSync(whole).mode & 0o077, 0, file);
    const text = readFileSync(whole, 'latin1');
    for (const key of Object.values(keys)) if (key.length > 10) assert.ok(!text.includes(key), file);
  }
});

test('a request is one line of the log, with its route and sizes and without its words', async (t) => {
  const router = await box(t, { names: ['a', 'b'], rules: [{ match: { provider: 'a' }, action: { server_error: 503 } }] });
  await router.chat({ messages: [{ role: 'user', content: 'a very private question' }] }, { headers: { 'x-request-id': 'one-line' } });
  await router.logged((l) => l.event === 'request.done' && l.id === 'one-line');
  const [line, ...more] = router.log_lines().filter((l) => l.event === 'request.done' && l.id === 'one-line');
  assert.deepEqual(more, []);
  assert.equal(line.status, 200);
  assert.equal(line.routed, 'b/any-model');
  assert.equal(line.attempts, 1);
  assert.match(line.trail, /^a\/any-model/);
  assert.ok(line.request_bytes > 0 && line.response_bytes > 0 && line.ms >= 0);
  assert.ok(!router.stderr.includes('private question'));
});

test('the log as text is one line a request too, and no client can forge a line', async (t) => {
  const emulator = await start_emulator(t);
  const router = await Router.start(t, { emulator, chain: ['a'], boxes: ['a'], log_format: 'text' });
  await router.chat({ model: 'x\n2026-01-01 ERROR forged\u2028\u001b[31m' }, { headers: { 'x-request-id': 'forger' } });
  await router.until(() => /forger.*\n/.test(router.stderr), 'the log line');
  assert.equal(router.stderr.split('\n').filter((line) => /forge/.test(line)).length, 1, router.stderr);
  assert.ok(!router.stderr.includes('\u001b') && !router.stderr.includes('\u2028'));
});
