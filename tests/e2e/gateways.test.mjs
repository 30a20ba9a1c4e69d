// Providers that answer 200 with something else than what was asked for, and one that needs no key.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { installed_providers, Router, start_emulator } from './router.mjs';

const has = (...ids) => ({ skip: ids.every((id) => installed_providers.includes(id)) ? false : `needs ${ids}` });
const swapped = { llm7: { quota: [], models: { 'gpt-oss-20b': { context: 32000 }, 'codestral-latest': { enabled: false } } } };
const weather = { type: 'function', function: { name: 'get_weather', parameters: { type: 'object', properties: { city: { type: 'string' } } } } };

test('a provider that needs no key gets no Authorization at all', has('llm7'), async (t) => {
  const emulator = await start_emulator(t);
  const router = await Router.start(t, { emulator, chain: ['llm7'], keys: false });
  const answer = await router.chat({});
  assert.equal(answer.status, 200, answer.text);
  const [entry] = emulator.journal_entries();
  assert.equal(entry.headers.authorization, undefined);
  assert.deepEqual(entry.violations, []);
  assert.equal((await router.chat({ tools: [weather] })).status, 422);
  assert.equal(emulator.journal_entries().length, 1, 'tools are not offered to who cannot take them');
});

test('a model that was named does not silently become another', has('llm7'), async (t) => {
  const emulator = await start_emulator(t);
  const router = await Router.start(t, { emulator, chain: ['llm7'], keys: false, providers: swapped });
  const named = await router.chat({ model: 'llm7/gpt-oss-20b' });
  assert.notEqual(named.status, 200, named.text);
  assert.ok(!named.text.includes('hello there'), 'not a word of the other model');
});

test('for auto the answer tells which model spoke', has('llm7'), async (t) => {
  const emulator = await start_emulator(t);
  const router = await Router.start(t, { emulator, chain: ['llm7'], keys: false, providers: swapped });
  const answer = await router.chat({});
  assert.equal(answer.status, 200, answer.text);
  assert.equal(answer.headers['x-routed-via'], 'llm7/gpt-oss-20b');
  assert.equal(answer.json.served_model, 'mistral-small-3.2');
});

for (const stream of [false, true])
  test(`an empty account told as an answer goes on to the next provider, ${stream ? 'streamed' : 'whole'}`, has('pollinations', 'groq'), async (t) => {
    const emulator = await start_emulator(t);
    emulator.script([{ match: { provider: 'pollinations' }, action: { payment: { notice: true } } }]);
    const router = await Router.start(t, { emulator, chain: ['pollinations', 'groq'] });
    const answer = stream ? await router.stream({}) : await router.chat({});
    assert.equal(answer.status, 200, answer.text);
    assert.match(answer.headers['x-routed-via'], /^groq\//);
    assert.match(answer.headers['x-fallback-trail'], /pollinations\/openai-fast .*=quota_exhausted/);
    assert.ok(!answer.text.includes('credits'), 'not a word of the notice');
  });

test('an upstream limited behind a gateway is the model, not our key', has('pollinations', 'groq'), async (t) => {
  const emulator = await start_emulator(t);
  emulator.script([{ match: { provider: 'pollinations' }, action: { bad_request: { upstream: 429, message: 'Rate limit is exceeded.' } } }]);
  const router = await Router.start(t, { emulator, chain: ['pollinations', 'groq'] });
  assert.match((await router.chat({})).headers['x-fallback-trail'], /pollinations\/openai-fast .*=overloaded/);
});
