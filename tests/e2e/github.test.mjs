// A service that has ended: off by itself, and what happens when it is switched on.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { installed_providers, Router, start_emulator, user } from './router.mjs';

const here = installed_providers.includes('github') ? test : test.skip;
const provider = (models) => ({ github: { quota: [], models } });

here('off by itself, it is never asked', async (t) => {
  const emulator = await start_emulator(t);
  const router = await Router.start(t, { emulator, chain: ['github/openai/gpt-4.1', 'a'], boxes: ['a'], providers: { github: { enabled: undefined } } });
  const answer = await router.chat({});
  assert.equal(answer.headers['x-routed-via'], 'a/any-model', answer.text);
  assert.equal(emulator.journal_entries({ provider: 'github' }).length, 0);
});

here('switched on, its 410 ends the provider: the next one answers, and nobody asks again', async (t) => {
  const emulator = await start_emulator(t);
  emulator.script([{ match: { provider: 'github' }, action: { gone: true } }]);
  const router = await Router.start(t, { emulator, chain: ['github/openai/gpt-4.1', 'github/openai/gpt-4o', 'a'], boxes: ['a'] });
  for (let i = 0; i < 3; i += 1) {
    const answer = await router.chat({});
    assert.equal(answer.status, 200, answer.text);
    assert.equal(answer.headers['x-routed-via'], 'a/any-model');
  }
  assert.equal(emulator.journal_entries({ provider: 'github' }).length, 1, 'one attempt, not one for each request or model');
});

here('the bound on the answer takes the name that the model asks for, in one repair', async (t) => {
  const emulator = await start_emulator(t);
  const router = await Router.start(t, { emulator, chain: ['github/openai/gpt-6'], providers: provider({ 'openai/gpt-6': { context: 8000, max_output: 4000 } }) });
  const answer = await router.chat({ model: 'github/openai/gpt-6', max_tokens: 50, messages: [user('!say all is well')] });
  assert.equal(answer.status, 200, answer.text);
  assert.equal(answer.json.choices[0].message.content, 'all is well');
  const asked = emulator.journal_entries({ provider: 'github' });
  assert.deepEqual(asked.map((e) => e.status), [400, 200]);
  assert.deepEqual(asked.map((e) => { const b = JSON.parse(e.body); return [b.max_tokens, b.max_completion_tokens]; }), [[50, undefined], [undefined, 50]]);
});

here('a day that is used up is told, not waited for', async (t) => {
  const emulator = await start_emulator(t);
  emulator.script([{ match: { provider: 'github' }, action: { rate_limit: { window: 'day', retry_after: '52220' } } }]);
  const router = await Router.start(t, { emulator, chain: ['github/openai/gpt-4.1', 'a'], boxes: ['a'] });
  const began = performance.now();
  for (let i = 0; i < 2; i += 1) assert.equal((await router.chat({})).headers['x-routed-via'], 'a/any-model');
  assert.ok(performance.now() - began < 5000);
  assert.equal(emulator.journal_entries({ provider: 'github' }).length, 1);
});
