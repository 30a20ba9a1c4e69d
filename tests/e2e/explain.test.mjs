// It explains itself: explain, quota, forecast, simulate and the policy's own tests, on the real program.
import assert from 'node:assert/strict';
import { readFileSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { test } from 'node:test';
import { run } from './program.mjs';
import { far_midnight, policy_text, Router, start_emulator, unified_key } from './router.mjs';

const daily = (limit) => ({ quota: [{ limit, of: 'requests', per: 'day', resets: far_midnight }] });

async function two_boxes(t, more = {}) {
  const emulator = await start_emulator(t);
  return Router.start(t, { emulator, chain: ['a', 'b'], boxes: ['a', 'b'], providers: { a: daily(2), b: daily(3) }, ...more });
}
const at_router = (t, router, args) => run(t, [...args, '--data', path.join(router.home, 'data'), '--policy', router.policy_file], { home: router.home, env: { FREELLMAPI_KEY: unified_key } });
const midnight = new RegExp(`T${far_midnight.slice(0, 5)}:00Z$`);
const provider_of = (candidate) => candidate.provider;

test('a past request is explained with its candidates, quota, winner and end, and is replayed to the same route', async (t) => {
  const router = await two_boxes(t);
  for (let i = 0; i < 2; i += 1) assert.equal((await router.chat({})).status, 200);
  const answer = await router.chat({}, { headers: { 'x-request-id': 'the-third' } });
  assert.equal(answer.headers['x-routed-via'], 'b/any-model');
  const told = await router.get('/v1/explain/the-third');
  assert.equal(told.status, 200, told.text);
  const { candidates, chosen, happened, replay, policy_version: version } = told.json;
  assert.deepEqual(candidates.map(provider_of), ['a', 'b']);
  assert.equal(candidates[0].gate, 'quota_full');
  assert.deepEqual([candidates[0].used, candidates[0].limit, candidates[0].rule], [2, 2, '2 requests per day']);
  assert.match(candidates[0].back_at, midnight);
  assert.deepEqual([chosen.provider, chosen.place], ['b', 1]);
  assert.deepEqual([happened.status, happened.provider], [200, 'b']);
  assert.deepEqual(replay, { done: true, same: true, sentence: 'replayed: same route' });
  assert.equal(version, answer.headers['x-policy-version']);
  // Written to the store, too: the verb sees the same through the router.
  const verb = await at_router(t, router, ['explain', 'the-third']);
  assert.equal(verb.code, 0, verb.stderr);
  assert.match(verb.stdout, /a\/any-model.*quota_full: 2 requests per day \(2 of 2 used\)/);
  assert.match(verb.stdout, /replayed: same route/);
  assert.equal((await router.get('/v1/explain/nobody-knows')).status, 404);
  assert.equal((await router.get('/v1/explain/the-third', { key: '' })).status, 401);
  assert.equal((await at_router(t, router, ['explain', 'nobody-knows'])).code, 1);
});

test('who was not needed is shown behind who served, and judged when it is needed after all', async (t) => {
  const router = await two_boxes(t);
  const headers = (id) => ({ headers: { 'x-request-id': id } });
  await router.chat({}, headers('first-serves'));
  const easy = (await router.get('/v1/explain/first-serves')).json;
  assert.deepEqual(easy.candidates.map((c) => [c.provider, c.gate, c.place]), [['a', 'passed', 1], ['b', 'not_needed', null]]);
  assert.equal(easy.replay.sentence, 'replayed: same route');
  router.emulator.script([{ match: { provider: 'a' }, action: { rate_limit: { retry_after: '30' } } }]);
  assert.equal((await router.chat({}, headers('first-fails'))).headers['x-routed-via'], 'b/any-model');
  const hard = (await router.get('/v1/explain/first-fails')).json;
  assert.deepEqual(hard.candidates.map((c) => [c.provider, c.gate, c.place]), [['a', 'passed', 1], ['b', 'passed', 2]]);
  assert.equal(hard.replay.sentence, 'replayed: same route');
});

test('what was decided under a policy that has been replaced is still replayed', async (t) => {
  const router = await two_boxes(t);
  await router.chat({}, { headers: { 'x-request-id': 'early' } });
  const before = (await router.get('/v1/explain/early')).json;
  writeFileSync(router.policy_file, policy_text(router.emulator, { chain: ['b'], boxes: ['a', 'b'], providers: { a: daily(2), b: daily(3) } }));
  router.process.kill('SIGHUP');
  await router.logged((l) => l.event === 'policy.reloaded');
  const after = (await router.get('/v1/explain/early')).json;
  assert.equal(after.replay.sentence, 'replayed: same route');
  assert.deepEqual(after.candidates, before.candidates);
});

test('a request that nobody has made is explained against the present state, or that of another time', async (t) => {
  const router = await two_boxes(t);
  for (let i = 0; i < 5; i += 1) assert.equal((await router.chat({})).status, 200);
  const now = await router.get('/v1/explain?model=auto&tokens=100&tools=1');
  assert.equal(now.json.chosen, null);
  assert.equal(now.json.hypothetical, true);
  const tomorrow = new Date(Date.now() + 36 * 3600e3).toISOString().replace(/\.\d+Z/, 'Z');
  const then = await at_router(t, router, ['explain', '--tokens', '100', '--at', tomorrow, '--json']);
  assert.equal(JSON.parse(then.stdout).chosen.provider, 'a', then.stderr);
  // Looking ahead has freed nothing.
  assert.equal((await router.chat({})).status, 429);
  assert.equal((await router.get('/v1/explain?model=nothing-like-it')).status, 404);
  assert.equal((await router.get('/v1/explain?colour=red')).status, 400);
});

test('quota shows every counter with its source, and cooldowns, and the month', async (t) => {
  const router = await two_boxes(t);
  await router.chat({});
  const shown = await router.get('/v1/quota');
  assert.equal(shown.status, 200, shown.text);
  const row = shown.json.counters.find((r) => r.provider === 'a');
  assert.deepEqual([row.used, row.reserved, row.limit, row.rule, row.source], [1, 0, 2, '2 requests per day', 'policy']);
  assert.match(row.resets_at, midnight);
  assert.equal(shown.json.month.uncounted_requests, (2 + 3) * 30);
  const verb = await at_router(t, router, ['quota', '--json']);
  assert.equal(JSON.parse(verb.stdout).counters.find((r) => r.provider === 'a').used, 1);
  assert.match((await at_router(t, router, ['quota'])).stdout, /a .*2 requests per day/);
});

test('without a router the verbs read what the data directory holds', async (t) => {
  const home = await run(t, ['quota', '--json', '--data', 'data', '--policy', 'p.yaml'], { files: { 'p.yaml': 'version: 1\nchain: [sandbox]\n' } });
  assert.equal(home.code, 0, home.stderr);
  assert.ok(Array.isArray(JSON.parse(home.stdout).counters));
  const explained = await run(t, ['explain', '--data', 'data', '--policy', 'p.yaml'], { home: home.home });
  assert.equal(explained.code, 0, explained.stderr);
  assert.match(explained.stdout, /chosen: +sandbox\//);
  const forecast = await run(t, ['forecast', '--data', 'data', '--policy', 'p.yaml'], { home: home.home });
  assert.match(forecast.stdout, /no request is remembered/, forecast.stderr);
});

test('exhaustion says in one sentence what is spent and when the first is back', async (t) => {
  const router = await two_boxes(t);
  for (let i = 0; i < 5; i += 1) await router.chat({});
  const refused = await router.chat({});
  assert.equal(refused.status, 429);
  assert.match(refused.json.error.message, /^No candidate can answer now: 2 of 2 out of daily quota, first back (in \d+ s|\d\d:\d\d UTC)\.$/);
  assert.equal(refused.json.error.details[0].rule, '2 requests per day');
  const left = (Date.parse(refused.json.error.details[0].free_at) - Date.now()) / 1000;
  assert.ok(Math.abs(Number(refused.headers['retry-after']) - left) < 5, refused.headers['retry-after']);
});

test('the log of a day, exported and simulated under its own policy, takes its own routes', async (t) => {
  const router = await two_boxes(t);
  for (let i = 0; i < 7; i += 1) await router.chat({});
  const trace = path.join(router.home, 'trace.jsonl');
  await router.until(async () => {
    const written = await at_router(t, router, ['simulate', '--export', trace]);
    return written.code === 0 && readFileSync(trace, 'utf8').split('\n').filter(Boolean).length === 7;
  });
  assert.ok(!readFileSync(trace, 'utf8').includes('hello there'));
  const simulated = await at_router(t, router, ['simulate', '--trace', trace, '--json']);
  assert.equal(simulated.code, 0, simulated.stderr);
  const report = JSON.parse(simulated.stdout);
  assert.deepEqual([report.total.served, report.total.refused], [5, 2]);
  assert.deepEqual(report.recorded, { routes: 5, same: 5 });
  const forecast = await router.get('/v1/forecast');
  assert.equal(forecast.status, 200, forecast.text);
  assert.equal(forecast.json.rests_on_requests, 7);
});

test('a month of ten thousand requests a day is simulated in seconds, to the same digest, and compared', async (t) => {
  const policy = (limit) => JSON.stringify({ version: 1, chain: ['a', 'sandbox'], providers: { a: { plugin: 'custom', base_url: 'http://127.0.0.1:9/v1', models: { m: { tools: true, quota: { rpd: limit } } } } } });
  const files = { 'new.yaml': policy(4000), 'old.yaml': policy(1000) };
  const args = ['simulate', '--policy', 'new.yaml', '--load', '10000/day,tokens=2000+500,profile=office,start=2026-03-01', '--json'];
  const began = Date.now();
  const first = await run(t, args, { files });
  assert.equal(first.code, 0, first.stderr);
  assert.ok(Date.now() - began < 20_000);
  const report = JSON.parse(first.stdout);
  assert.equal(report.total.arrived, report.total.served);
  assert.ok(Math.abs(report.total.arrived - 300_000) < 20_000, report.total.arrived);
  assert.equal(JSON.parse((await run(t, args, { home: first.home })).stdout).digest, report.digest);
  const compared = await run(t, ['simulate', '--policy', 'new.yaml', '--diff', 'old.yaml', '--load', '5000/day,days=2,start=2026-03-01', '--json'], { home: first.home });
  const { difference } = JSON.parse(compared.stdout);
  assert.equal(difference.other_routes, 6000);
  assert.equal((await run(t, ['simulate', '--policy', 'new.yaml', '--load', 'many'], { home: first.home })).code, 2);
});

test('policy check runs the tests, and a reload whose tests fail does not apply', async (t) => {
  const router = await two_boxes(t);
  const version = (await router.chat({})).headers['x-policy-version'];
  const write = (expect) => writeFileSync(router.policy_file, policy_text(router.emulator, { chain: ['b'], boxes: ['a', 'b'], rest: { tests: [{ name: 'mine', expect }] } }));
  write('a');
  const checked = await at_router(t, router, ['policy', 'check']);
  assert.equal(checked.code, 2);
  assert.match(checked.stderr, /policy\.yaml:\d+:\d+: tests\[0\] 'mine' fails: expected a, and the route begins with b\/any-model/);
  router.process.kill('SIGHUP');
  await router.logged((l) => l.event === 'policy.reload_failed');
  assert.equal((await router.chat({})).headers['x-policy-version'], version);
  assert.match((await router.get('/health')).json.policy.reload_error, /^policy\.yaml:\d+:\d+: tests\[0\]/);
  write('b');
  const good = await at_router(t, router, ['policy', 'check']);
  assert.equal(good.code, 0, good.stderr);
  assert.match(good.stdout, /1 test\(s\)/);
  router.process.kill('SIGHUP');
  await router.logged((l) => l.event === 'policy.reloaded');
});
