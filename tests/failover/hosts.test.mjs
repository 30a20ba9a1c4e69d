// A provider with two base URLs and key spaces of their own: a key that one refuses is tried at the other.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { Router, start_emulator } from '../e2e/router.mjs';

const refuse_at = (host, key) => ({ match: { provider: host, key }, action: 'auth' });

async function two_hosts(t, { rules = [], keys = 'key-a', provider = {}, rest } = {}) {
  const emulator = await start_emulator(t);
  emulator.script(rules);
  const at = (name) => `${emulator.addresses.http}/box/${name}/v1`;
  const router = await Router.start(t, { emulator, chain: ['twin', 'spare'], boxes: ['spare'], rest, env: { TWIN_API_KEY: keys, OTHER: 'key-o' },
    providers: { twin: { plugin: 'custom', base_url: at('east'), hosts: { west: at('west') }, models: { 'any-model': { tools: true, context: 131072 } }, ...provider } } });
  const asked = () => emulator.journal_entries({}).map((entry) => `${entry.provider}:${entry.key}`);
  return { emulator, router, asked, at };
}

for (const stream of [false, true]) test(`a key that the first host refuses is taken by the second, and goes there from then on (${stream ? 'stream' : 'whole'})`, async (t) => {
  const { router, asked } = await two_hosts(t, { rules: [refuse_at('east', 'key-a')] });
  const ask = () => (stream ? router.stream({}) : router.chat({}));
  const first = await ask();
  assert.equal(first.status, 200, first.text);
  assert.equal(first.headers['x-routed-via'], 'twin/any-model');
  assert.equal(first.headers['x-fallback-attempts'], '1');
  assert.equal(first.headers['x-fallback-trail'], 'twin/any-model key1=auth_invalid');
  const second = await ask();
  assert.equal(second.headers['x-fallback-attempts'], '0');
  assert.deepEqual(asked(), ['east:key-a', 'west:key-a', 'west:key-a']);
});

test('a key that every host refuses is benched, and the chain goes on', async (t) => {
  const { router, asked } = await two_hosts(t, { rules: [refuse_at('east', 'key-a'), refuse_at('west', 'key-a')] });
  const first = await router.chat({});
  assert.equal(first.headers['x-routed-via'], 'spare/any-model');
  assert.equal(first.headers['x-fallback-trail'], 'twin/any-model key1=auth_invalid; twin/any-model key1=auth_invalid');
  await router.chat({});
  assert.deepEqual(asked().filter((line) => !line.startsWith('spare')), ['east:key-a', 'west:key-a']);
});

test('each key finds its own host', async (t) => {
  const { router, asked } = await two_hosts(t, { keys: 'key-a,key-b', rules: [refuse_at('east', 'key-a'), refuse_at('west', 'key-b'), { match: { provider: 'west', nth: 2 }, action: { rate_limit: { retry_after: '60', in: 'header' } } }] });
  for (let i = 0; i < 3; ++i) assert.equal((await router.chat({})).headers['x-routed-via'], 'twin/any-model');
  assert.ok(asked().includes('east:key-b'), asked().join(' '));
  assert.ok(!asked().includes('west:key-b'), asked().join(' '));
});

test('when the second host cannot be reached the first one has the word', async (t) => {
  const { router } = await two_hosts(t, { rules: [refuse_at('east', 'key-a')], provider: { hosts: { west: 'http://127.0.0.1:1/v1' } } });
  const answer = await router.chat({ model: 'twin/any-model' });
  assert.equal(answer.status, 502, answer.text);
  assert.equal(answer.json.error.code, 'provider_auth_failed');
  assert.equal(answer.headers['x-fallback-trail'], 'twin/any-model key1=auth_invalid; twin/any-model key1=network');
});

test('a first host that cannot be reached leaves its key to the second', async (t) => {
  const { router, asked } = await two_hosts(t, { provider: { base_url: 'http://127.0.0.1:1/v1' } });
  const first = await router.chat({});
  assert.equal(first.headers['x-routed-via'], 'twin/any-model', first.text);
  assert.equal(first.headers['x-fallback-trail'], 'twin/any-model key1=network');
  assert.equal((await router.stream({})).headers['x-fallback-attempts'], '0', 'it begins where it was taken');
  assert.deepEqual(asked(), ['west:key-a', 'west:key-a']);
});

test('a provider none of whose hosts can be reached is left', async (t) => {
  const { router } = await two_hosts(t, { provider: { base_url: 'http://127.0.0.1:1/v1', hosts: { west: 'http://127.0.0.1:2/v1' } } });
  const answer = await router.chat({});
  assert.equal(answer.headers['x-routed-via'], 'spare/any-model', answer.text);
  assert.equal(answer.headers['x-fallback-trail'], 'twin/any-model key1=network; twin/any-model key1=network');
});

test('a limit at the second host is told as a limit', async (t) => {
  const { router } = await two_hosts(t, { rules: [refuse_at('east', 'key-a'), { match: { provider: 'west' }, action: { rate_limit: { retry_after: '60', in: 'header' } } }] });
  const answer = await router.chat({ model: 'twin/any-model' });
  assert.equal(answer.status, 429, answer.text);
  assert.equal(answer.headers['retry-after'], '60');
});

test('a key that has no attempt left for the second host is told as refused', async (t) => {
  const { router } = await two_hosts(t, { rules: [refuse_at('east', 'key-a')], rest: { routing: { attempts: 1 } } });
  const answer = await router.chat({ model: 'twin/any-model' });
  assert.equal(answer.status, 502, answer.text);
  assert.equal(answer.json.error.details[0].reason, 'auth_invalid');
});

test('a key may name the host that it begins at, and what is learnt survives a reload', async (t) => {
  const { router, emulator, asked } = await two_hosts(t, { rules: [refuse_at('west', 'key-o')], provider: { keys: [{ env: 'OTHER', host: 'west' }] } });
  await router.chat({});
  router.process.kill('SIGHUP');
  await router.logged((line) => line.event === 'policy.reloaded', 'the reload');
  assert.equal((await router.chat({})).headers['x-fallback-attempts'], '0');
  assert.deepEqual(asked(), ['west:key-o', 'east:key-o', 'east:key-o']);
  assert.deepEqual(emulator.journal_entries({}).flatMap((entry) => entry.violations), []);
});
