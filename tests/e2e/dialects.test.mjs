// What single providers cannot do in the usual way, seen by a client that does not know it.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { installed_providers, Router, start_emulator } from './router.mjs';

const weather = { type: 'function', function: { name: 'get_weather', description: 'the weather now', parameters: { type: 'object', properties: { city: { type: 'string' } }, required: ['city'] } } };
const city = { type: 'object', properties: { city: { type: 'string' } }, required: ['city'], additionalProperties: false };
const here = (...ids) => ({ skip: ids.every((id) => installed_providers.includes(id)) ? false : `without ${ids}` });
const violations = (emulator) => emulator.journal_entries().flatMap((e) => e.violations);

async function together(t, chain) {
  const emulator = await start_emulator(t);
  return { emulator, router: await Router.start(t, { emulator, chain }) };
}

test('a spent day or session of an account is told once and passes over its other models', here('cloudflare', 'ollama'), async (t) => {
  const { emulator, router } = await together(t, ['cloudflare', 'ollama']);
  emulator.script([{ action: { rate_limit: { window: 'day' } } }]);
  const answer = await router.chat({});
  assert.equal(answer.status, 429, answer.text);
  assert.deepEqual(emulator.journal_entries().map((e) => e.provider), ['cloudflare', 'ollama']);
  const back = Object.fromEntries(answer.json.error.details.filter((d) => d.free_at).map((d) => [d.provider, d.free_at]));
  // A day rests until its reset, and is probed after six hours at the latest.
  const reset = Math.min(Math.ceil(Date.now() / 86_400_000) * 86_400_000, Date.now() + 6 * 3_600_000);
  assert.ok(Math.abs(Date.parse(back.cloudflare) - reset) < 60_000, back.cloudflare);
  const session = Date.parse(back.ollama) - Date.now();
  assert.ok(session > 5 * 60_000 && session <= 5 * 3_600_000, back.ollama);
  assert.ok(!`${answer.text}${router.stderr}`.includes('someuser'), 'the name of the account is nobody\'s business');
});

test('cloudflare: a stream in a JSON schema is answered, in one piece', here('cloudflare'), async (t) => {
  const { emulator, router } = await together(t, ['cloudflare']);
  const answer = await router.stream({ model: 'cloudflare/@cf/meta/llama-3.3-70b-instruct-fp8-fast', response_format: { type: 'json_schema', json_schema: { name: 'place', strict: true, schema: city } } });
  assert.deepEqual(JSON.parse(answer.content), { city: 'Paris' });
  assert.deepEqual([answer.finishes, answer.done], [['stop'], 1]);
  assert.deepEqual(violations(emulator), []);
});

test('cloudflare: a call without an id and with an object for its arguments is a call like any other', here('cloudflare'), async (t) => {
  const { router } = await together(t, ['cloudflare']);
  const answer = await router.chat({ model: 'cloudflare/@cf/meta/llama-3.3-70b-instruct-fp8-fast', tools: [weather], messages: [{ role: 'user', content: 'the weather?' }] });
  const [call] = answer.json.choices[0].message.tool_calls;
  assert.match(call.id, /^call_/);
  assert.deepEqual([call.type, call.function.name, JSON.parse(call.function.arguments)], ['function', 'get_weather', { city: 'Paris' }]);
});

test('ollama: a choice of tools is heard though the provider does not know the member', here('ollama'), async (t) => {
  const { emulator, router } = await together(t, ['ollama']);
  const time = { type: 'function', function: { name: 'get_time', parameters: { type: 'object', properties: {} } } };
  const ask = async (tool_choice, content) => (await router.chat({ model: 'ollama/gpt-oss:120b', tools: [weather, time], tool_choice, messages: [{ role: 'user', content }] })).json.choices[0];
  assert.equal((await ask('required', 'hi')).finish_reason, 'tool_calls');
  assert.equal((await ask({ type: 'function', function: { name: 'get_time' } }, 'hi')).message.tool_calls[0].function.name, 'get_time');
  assert.equal((await ask('none', 'the weather?')).finish_reason, 'stop');
  assert.deepEqual(violations(emulator), []);
});
