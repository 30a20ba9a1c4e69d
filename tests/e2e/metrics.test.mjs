// GET /metrics: its format, its figures, what it costs, and the board that draws it.
import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { test } from 'node:test';
import { fileURLToPath } from 'node:url';
import { keys } from '../emulator/harness.mjs';
import { read_exposition } from './exposition.mjs';
import { Router, sanitized, start_emulator, unified_key } from './router.mjs';

const scrape = async (router) => {
  const answer = await router.get('/metrics', { key: '' });
  assert.equal(answer.status, 200, answer.text);
  assert.equal(answer.headers['content-type'], 'text/plain; version=0.0.4; charset=utf-8');
  return { text: answer.text, ...read_exposition(answer.text) };
};

// Everything that the board shows has happened: an answer, a stream, a hop, a bench, a refusal, a wait.
async function lived(t) {
  const emulator = await start_emulator(t);
  emulator.script([{ match: { provider: 'a' }, action: { rate_limit: { retry_after: '30' } }, times: 1 }]);
  const quota = [{ limit: 4, of: 'requests', per: 'rolling 3s' }];
  const router = await Router.start(t, { emulator, boxes: ['a', 'b'], chain: ['a', { model: 'b/any-model', wait: '10s' }], providers: { b: { quota, models: { 'any-model': { context: 131072 } } } } });
  const before = await scrape(router);
  for (let i = 0; i < 5; i += 1) assert.equal((await router.chat({})).status, 200);
  assert.equal((await router.stream({})).done, 1);
  assert.equal((await router.chat({}, { key: 'freellmapi-wrong' })).status, 401);
  assert.equal((await router.chat({ model: 'nobody/nothing' })).status, 404);
  return { router, before, after: await scrape(router) };
}

test('a page is what Prometheus reads, and its figures are what has happened', async (t) => {
  const { before, after, router } = await lived(t);
  assert.equal(before.value('freellmapi_requests_total', { surface: 'openai.chat', status: '2xx' }), 0);
  const requests = (status) => after.value('freellmapi_requests_total', { surface: 'openai.chat', status });
  assert.equal(requests('2xx'), 6);
  assert.equal(requests('4xx'), 2);
  assert.equal(after.value('freellmapi_request_duration_seconds_count', { surface: 'openai.chat' }), 8);
  assert.equal(after.value('freellmapi_attempts_total', { provider: 'a', outcome: 'rate_limited' }), 1);
  assert.equal(after.value('freellmapi_attempts_total', { provider: 'b', outcome: 'answered' }), 6);
  assert.equal(after.value('freellmapi_first_token_seconds_count', { provider: 'b' }), 6);
  assert.equal(after.value('freellmapi_route_seconds_count'), 6);
  assert.ok(after.value('freellmapi_queue_wait_seconds_count') >= 1);
  assert.ok(after.value('freellmapi_tokens_total', { provider: 'b', model: 'any-model', direction: 'output' }) > 0);
  assert.equal(after.value('freellmapi_cooldowns', { provider: 'a', reason: 'rate_limited' }), 1);
  assert.equal(after.value('freellmapi_quota_limit', { provider: 'b' }), 4);
  assert.equal(after.value('freellmapi_quota_overshoot_total'), 0);
  assert.equal(after.value('freellmapi_continued_streams_total'), 0);
  assert.equal(after.value('freellmapi_policy_info', { version: (await router.get('/health')).json.policy.version }), 1);
  assert.ok(after.value('freellmapi_plugin_info', { provider: 'groq' }) === 1);
  assert.ok(after.value('freellmapi_connections') >= 1);
  const pool = (result) => after.value('freellmapi_upstream_pool_total', { result });
  assert.equal(pool('hit') + pool('miss'), 7, 'a connection for each attempt');
  assert.ok(after.value('freellmapi_upstream_connections', { state: 'idle' }) <= pool('miss'));
  assert.equal(after.value('freellmapi_upstream_connections', { state: 'busy' }), 0);
  assert.ok(after.value('process_resident_memory_bytes') > 1e6);
  assert.ok(after.value('process_open_fds') > 5 && after.value('process_open_fds') < 200);
  assert.ok(after.value('process_start_time_seconds') > 1.7e9);
});

test('no value of a key is on the page, and labels are bounded', async (t) => {
  const { after } = await lived(t);
  for (const secret of [unified_key, ...Object.values(keys).filter((key) => key.length >= 16)]) assert.ok(!after.text.includes(secret), secret);
  for (const family of after.families.values()) assert.ok(family.samples.length <= 4_000, `${family.name} has ${family.samples.length} series`);
});

test('names that a client makes up open no series of their own', async (t) => {
  const emulator = await start_emulator(t);
  const router = await Router.start(t, { emulator, boxes: ['any', 'a'], chain: ['a'], providers: { any: { models: undefined } } });
  for (let i = 0; i < 20; i += 1) assert.equal((await router.chat({ model: `any/made-up-${i}` })).status, 200);
  const { families, value } = await scrape(router);
  assert.ok(value('freellmapi_tokens_total', { provider: 'any', model: '*', direction: 'input' }) > 0);
  assert.equal(families.get('freellmapi_tokens_total').samples.length, 2);
});

test('a stream that is cut and a client that leaves are in the counters', async (t) => {
  const emulator = await start_emulator(t);
  emulator.script([
    { match: { contains: 'break off' }, action: { cut: { after_chunks: 2, how: 'rst' } } },
    { match: { contains: 'slowly' }, action: { slow: { ms: 40 } } },
  ]);
  const router = await Router.start(t, { emulator, boxes: ['a'], chain: ['a'], rest: { routing: { continue_streams: false } } });
  const say = (text) => ({ messages: [{ role: 'user', content: text }] });
  const cut = await router.stream(say('!count 9 break off'));
  assert.ok(cut.error);
  const leaver = new AbortController();
  const leaving = router.chat({ ...say('!count 500 slowly'), stream: true }, { signal: leaver.signal }).catch(() => 'left');
  await router.until(() => emulator.journal_entries({}).some((entry) => entry.ended === 'open' && entry.chunks_sent > 0));
  leaver.abort();
  assert.equal(await leaving, 'left');
  let page;
  await router.until(async () => {
    page = await scrape(router);
    return page.value('freellmapi_requests_total', { surface: 'openai.chat', status: 'client_gone' }) === 1;
  }, 'the request to be counted');
  assert.equal(page.value('freellmapi_attempts_total', { outcome: 'client_gone' }), 1);
  assert.equal(page.value('freellmapi_requests_total', { surface: 'openai.chat', status: 'cut' }), 1);
  assert.equal(page.families.get('freellmapi_attempts_total').samples.reduce((sum, { value }) => sum + value, 0), 2);
});

test('a stream that goes on from another model is counted, and both of its attempts', async (t) => {
  const emulator = await start_emulator(t);
  emulator.script([{ match: { provider: 'a' }, action: { cut: { after_chunks: 3, how: 'rst' } } }]);
  const router = await Router.start(t, { emulator, boxes: ['a', 'b'], chain: ['a', 'b'] });
  const answer = await router.stream({ messages: [{ role: 'user', content: '!count 12' }] });
  assert.equal(answer.done, 1, answer.text);
  const { value } = await scrape(router);
  assert.equal(value('freellmapi_continued_streams_total'), 1);
  assert.equal(value('freellmapi_attempts_total', { provider: 'a' }), 1);
  assert.equal(value('freellmapi_attempts_total', { provider: 'b', outcome: 'answered' }), 1);
  assert.equal(value('freellmapi_requests_total', { surface: 'openai.chat', status: '2xx' }), 1);
  for (const provider of ['a', 'b']) assert.ok(value('freellmapi_tokens_total', { provider, direction: 'input' }) > 0, provider);
});

test('Server-Timing tells auth, route, upstream and total on every routed reply', async (t) => {
  const { router } = await lived(t);
  const ask = [router.chat({}), router.chat({ stream: true }), router.chat({ model: 'nobody/nothing' })];
  for (const answer of await Promise.all(ask)) {
    const found = /^auth;dur=(\d+\.\d{3}), route;dur=(\d+\.\d{3}), upstream;dur=(\d+\.\d{3}), total;dur=(\d+\.\d{3})$/.exec(answer.headers['server-timing']);
    assert.ok(found, `${answer.status}: ${answer.headers['server-timing']}`);
    const [auth, route, upstream, total] = found.slice(1).map(Number);
    assert.ok(Math.abs(auth + route + upstream - total) < 0.0015, found[0]);
    if (answer.status === 200) assert.ok(upstream > 0, found[0]);
  }
});

test('whoever listens beyond loopback shows the page to those with the key alone', async (t) => {
  const emulator = await start_emulator(t);
  const router = await Router.start(t, { emulator, boxes: ['a'], chain: ['a'], listen: '0.0.0.0:0' });
  router.url = `http://127.0.0.1:${router.port}`;
  assert.equal((await router.get('/metrics', { key: '' })).status, 401);
  read_exposition((await router.get('/metrics')).text);
  assert.equal((await router.get('/livez', { key: '' })).status, 200);
});

test('ten thousand scrapes take no memory', { skip: sanitized && 'a sanitizer keeps what is freed' }, async (t) => {
  const emulator = await start_emulator(t);
  const router = await Router.start(t, { emulator, boxes: ['a'], chain: ['a'] });
  const turn = async (n) => { for (let i = 0; i < n; i += 1) assert.equal((await router.get('/metrics', { key: '' })).status, 200); };
  const many = (n) => Promise.all(Array.from({ length: 8 }, () => turn(n / 8)));
  const resident = async () => (await scrape(router)).value('process_resident_memory_bytes');
  await many(1_000);
  const before = await resident();
  await many(10_000);
  const grown = (await resident()) - before;
  assert.ok(grown < 2 * 2 ** 20, `${grown} bytes more`);
});

test('every metric of the board is on the page', async (t) => {
  const { after } = await lived(t);
  const board = JSON.parse(readFileSync(fileURLToPath(new URL('../../config/grafana.json', import.meta.url)), 'utf8'));
  const used = new Set();
  const walk = (node) => {
    if (typeof node !== 'object' || node === null) return;
    for (const [key, value] of Object.entries(node)) {
      if (['expr', 'query', 'definition'].includes(key) && typeof value === 'string') for (const [name] of value.matchAll(/\b(freellmapi|process)_[a-z_]+/g)) used.add(name);
      walk(value);
    }
  };
  walk(board);
  assert.ok(used.size >= 20, [...used].join(' '));
  const missing = [...used].filter((name) => !after.families.has(name) && !after.families.has(name.replace(/_(bucket|sum|count)$/, '')));
  assert.deepEqual(missing, []);
  assert.equal(new Set(board.panels.map((panel) => panel.id)).size, board.panels.length);
});
