// Gateways that hand on what servers behind them say: what is theirs, what is the account's, what is one server's.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { installed_providers, Router, start_emulator } from './router.mjs';

const has = (...ids) => ({ skip: ids.every((id) => installed_providers.includes(id)) ? false : `needs ${ids}` });
const unmetered = { quota: [] };
const seen = (emulator, provider) => emulator.journal_entries({ provider }).map((e) => e.model);
const free = ['openrouter/openai/gpt-oss-120b:free', 'openrouter/openai/gpt-oss-20b:free', 'box'];

async function with_openrouter(t) {
  const emulator = await start_emulator(t);
  const router = await Router.start(t, { emulator, chain: free, boxes: ['box'], providers: { openrouter: unmetered } });
  return { emulator, router };
}

test('the day of the account ends every free model at once', has('openrouter'), async (t) => {
  const { emulator, router } = await with_openrouter(t);
  emulator.script([{ match: { provider: 'openrouter' }, action: { rate_limit: { window: 'day', retry_after: '3600' } } }]);
  for (let i = 0; i < 3; i += 1) assert.match((await router.chat({})).headers['x-routed-via'], /^box\//);
  assert.equal(seen(emulator, 'openrouter').length, 1);
});

test('a throttled server costs its own model alone', has('openrouter'), async (t) => {
  const { emulator, router } = await with_openrouter(t);
  emulator.script([{ match: { provider: 'openrouter', model: 'openai/gpt-oss-120b:free' }, action: { rate_limit: { upstream: true } } }]);
  for (let i = 0; i < 3; i += 1) assert.equal((await router.chat({})).headers['x-routed-via'], 'openrouter/openai/gpt-oss-20b:free');
  assert.equal(seen(emulator, 'openrouter').filter((m) => m === 'openai/gpt-oss-120b:free').length, 1);
});

for (const form of ['bare', 'chunk'])
  test(`an error inside the stream, ${form}, before any word moves on`, has('openrouter'), async (t) => {
    const { emulator, router } = await with_openrouter(t);
    emulator.script([{ match: { provider: 'openrouter', model: 'openai/gpt-oss-120b:free' }, action: { error_in_stream: { after_chunks: 0, kind: 'payment', form } } }]);
    const answer = await router.stream({});
    assert.equal(answer.status, 200);
    assert.equal(answer.error, undefined);
    assert.match(answer.content, /hello there/);
    assert.equal(answer.done, 1);
  });

test('a member that one server does not know is dropped for one retry', has('openrouter'), async (t) => {
  const { emulator, router } = await with_openrouter(t);
  emulator.script([{ match: { provider: 'openrouter', contains: '"seed"' }, action: { bad_request: { raw: '{"error":{"message":"Unsupported parameter: \'seed\'"}}' } } }]);
  const answer = await router.chat({ seed: 7 });
  assert.equal(answer.headers['x-routed-via'], 'openrouter/openai/gpt-oss-120b:free');
  assert.equal(seen(emulator, 'openrouter').length, 2);
});

const weather = { type: 'function', function: { name: 'get_weather', parameters: { type: 'object', properties: { city: { type: 'string' } } } } };
for (const stream of [false, true])
  test(`sealed reasoning goes back to the model that made it and to no other, ${stream ? 'streamed' : 'whole'}`, has('openrouter'), async (t) => {
    const { emulator, router } = await with_openrouter(t);
    const [home, other] = free;
    const ask = (model, messages) => (stream ? router.stream({ model, messages, tools: [weather] }) : router.chat({ model, messages, tools: [weather] }));
    const first = await ask(home, [{ role: 'user', content: '!think weather?' }]);
    const [call] = stream ? first.calls : first.json.choices[0].message.tool_calls;
    assert.equal(call.extra_content.gateway.model, 'openai/gpt-oss-120b:free');
    const tool_calls = [{ id: call.id, type: 'function', function: { name: 'get_weather', arguments: '{}' }, extra_content: call.extra_content }];
    const history = [{ role: 'user', content: 'weather?' }, { role: 'assistant', content: null, tool_calls }, { role: 'tool', tool_call_id: call.id, content: 'sunny' }];
    for (const model of [home, other, 'box/any-model']) assert.equal((await ask(model, history)).status, 200, model);
    const sent = emulator.journal_entries().slice(-3).map((e) => JSON.parse(e.body).messages[1].reasoning_details);
    assert.equal(sent[0].at(-1).type, 'reasoning.encrypted');
    assert.deepEqual(sent.slice(1), [undefined, undefined]);
    assert.deepEqual(emulator.journal_entries().flatMap((e) => e.violations), []);
  });

async function with_kilo(t, options = {}) {
  const emulator = await start_emulator(t);
  const chain = ['kilo/nvidia/nemotron-3-super-120b-a12b:free', 'kilo/kilo-auto/free', 'box'];
  return { emulator, router: await Router.start(t, { emulator, chain, boxes: ['box'], providers: { kilo: unmetered }, keys: false, ...options }) };
}

test('kilo without a key gets no Authorization at all', has('kilo'), async (t) => {
  const { emulator, router } = await with_kilo(t);
  const answer = await router.stream({});
  assert.equal(answer.headers['x-routed-via'], 'kilo/nvidia/nemotron-3-super-120b-a12b:free');
  const [entry] = emulator.journal_entries({ provider: 'kilo' });
  assert.equal(entry.headers.authorization, undefined);
  assert.deepEqual(entry.violations, []);
});

for (const [what, action] of Object.entries({ 'the hour of the address': { rate_limit: true }, 'the promotion of the address': { forbidden: { promotion: true } } }))
  test(`${what} ends all of kilo, with a key or without`, has('kilo'), async (t) => {
    for (const keys of [false, true]) {
      const { emulator, router } = await with_kilo(t, { keys });
      emulator.script([{ match: { provider: 'kilo' }, action }]);
      for (let i = 0; i < 2; i += 1) assert.match((await router.chat({})).headers['x-routed-via'], /^box\//);
      assert.equal(seen(emulator, 'kilo').length, 1);
    }
  });

test('a model that costs money now is left, its key is not', has('kilo'), async (t) => {
  const { emulator, router } = await with_kilo(t, { keys: true });
  emulator.script([{ match: { provider: 'kilo', model: 'nvidia/nemotron-3-super-120b-a12b:free' }, action: { forbidden: { paid: true } } }]);
  for (let i = 0; i < 2; i += 1) assert.equal((await router.chat({})).headers['x-routed-via'], 'kilo/kilo-auto/free');
  assert.equal(seen(emulator, 'kilo').filter((m) => m !== 'kilo-auto/free').length, 1);
});

for (const stream of [false, true])
  test(`a guard model's word is no answer, ${stream ? 'streamed' : 'whole'}`, has('kilo'), async (t) => {
    const { emulator, router } = await with_kilo(t);
    emulator.script([{ match: { provider: 'kilo' }, action: { text: { text: 'unsafe', chunks: 3 } } }]);
    const answer = await (stream ? router.stream({}) : router.chat({}));
    assert.match(answer.headers['x-routed-via'], /^box\//);
    assert.equal(seen(emulator, 'kilo').length, 2);
  });

test('an answer in one piece that the edge cut is told elsewhere', has('kilo'), async (t) => {
  const { emulator, router } = await with_kilo(t);
  emulator.script([{ match: { provider: 'kilo' }, action: { malformed_chunk: { after_chunks: 1 } } }]);
  const answer = await router.chat({});
  assert.match(answer.headers['x-routed-via'], /^box\//);
  assert.match(answer.headers['x-fallback-trail'] ?? '', /malformed_response/);
});
