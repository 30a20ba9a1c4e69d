// What GLM says in its own way, as the client of the router sees it; and its two hosts.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { installed_providers, Router, start_emulator, user } from './router.mjs';

const model = 'zhipu/glm-4.7-flash';
const here = installed_providers.includes('zhipu') ? test : test.skip;
const unmetered = { zhipu: { quota: [], models: { 'glm-4.7-flash': { quota: [] } } } };
const tool = (name, properties) => ({ type: 'function', function: { name, parameters: { type: 'object', properties, required: Object.keys(properties) } } });
const files = { type: 'array', items: { type: 'string' } };

async function started(t) {
  const emulator = await start_emulator(t);
  return { emulator, router: await Router.start(t, { emulator, chain: [model], providers: unmetered }) };
}

here('lists inside the arguments of a call are lists, whole and streamed', async (t) => {
  const { router } = await started(t);
  const ask = { model, tools: [tool('tag_files', { files, note: { type: 'string' } })], messages: [user('tag_files')] };
  const whole = (await router.chat(ask)).json.choices[0].message.tool_calls;
  assert.deepEqual(JSON.parse(whole[0].function.arguments), { files: ['x'], note: 'x' });
  const streamed = await router.stream(ask);
  assert.deepEqual(JSON.parse(streamed.calls.map((c) => c.function?.arguments ?? '').join('')), { files: ['x'], note: 'x' });
  assert.deepEqual(streamed.finishes, ['tool_calls']);
});

here('a forced tool and a schema are asked for in words that the server takes', async (t) => {
  const { emulator, router } = await started(t);
  const tools = [tool('get_weather', { city: { type: 'string' } }), tool('get_time', { zone: { type: 'string' } })];
  const forced = (await router.chat({ model, tools, tool_choice: 'required', messages: [user('hello')] })).json;
  assert.equal(forced.choices[0].finish_reason, 'tool_calls');
  const named = (await router.chat({ model, tools, tool_choice: { type: 'function', function: { name: 'get_time' } }, messages: [user('hello')] })).json;
  assert.equal(named.choices[0].message.tool_calls[0].function.name, 'get_time');
  const schema = { type: 'object', properties: { city: { type: 'string' } }, required: ['city'], additionalProperties: false };
  const answer = (await router.chat({ model, messages: [user('where?')], response_format: { type: 'json_schema', json_schema: { name: 'place', schema } } })).json;
  assert.deepEqual(JSON.parse(answer.choices[0].message.content), { city: 'Paris' });
  assert.deepEqual(emulator.journal_entries().flatMap((e) => e.violations), []);
});

const key_of_zai = `${'0123456789abcdef'.repeat(2)}.zbCdEfGhIjKlMnOp`;
async function two_hosts(t, env) {
  const emulator = await start_emulator(t);
  const router = await Router.start(t, { emulator, chain: [model], env, providers: { zhipu: { ...unmetered.zhipu, hosts: { zai: `${emulator.addresses.http}/zai/api/paas/v4` } } } });
  const asked = async () => {
    const seen = emulator.journal_entries().at(-1)?.seq ?? 0;
    const answer = await router.chat({ model });
    assert.equal(answer.status, 200, answer.text);
    return emulator.journal_entries({ after: seen }).filter((e) => e.method === 'POST').map((e) => [e.provider, e.status]);
  };
  return { emulator, router, asked };
}

here('a key of the other host is found out once and remembered', async (t) => {
  const { asked } = await two_hosts(t, { ZHIPU_API_KEY: key_of_zai });
  assert.deepEqual(await asked(), [['zhipu', 401], ['zai', 200]]);
  assert.deepEqual(await asked(), [['zai', 200]]);
});

here('a key whose name says its host goes there first', async (t) => {
  const { asked } = await two_hosts(t, { ZHIPU_API_KEY: '', ZAI_API_KEY: key_of_zai });
  assert.deepEqual(await asked(), [['zai', 200]]);
});

here('a key that both hosts refuse is refused', async (t) => {
  const { emulator, router } = await two_hosts(t, { ZHIPU_API_KEY: `${'f'.repeat(32)}.short` });
  const answer = await router.chat({ model });
  assert.ok(answer.status >= 400, answer.text);
  assert.deepEqual(emulator.journal_entries().filter((e) => e.method === 'POST').map((e) => [e.provider, e.status]), [['zhipu', 401], ['zai', 401]]);
});
