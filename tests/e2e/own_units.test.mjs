// A unit of the provider's own: neurons are reserved by price and settled to what the answer says.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { far_midnight, installed_providers, Router, start_emulator } from './router.mjs';

const neurons = [{ limit: 30, of: 'neurons', per: 'day', scope: 'account', resets: far_midnight }];
const short = { max_tokens: 50, messages: [{ role: 'user', content: '!say fine' }] };

async function cloudflare(t, model) {
  const emulator = await start_emulator(t);
  const router = await Router.start(t, { emulator, boxes: ['a'], chain: [`cloudflare/${model}`, 'a/any-model'], providers: { cloudflare: { quota: neurons } } });
  const via = [];
  for (let i = 0; i < 6; i += 1) via.push((await router.chat(short)).headers['x-routed-via'].split('/')[0]);
  return via;
}

test('30 neurons a day are four answers of 7.5, to the last half', { skip: !installed_providers.includes('cloudflare') }, async (t) => {
  assert.deepEqual(await cloudflare(t, '@cf/openai/gpt-oss-120b'), ['cloudflare', 'cloudflare', 'cloudflare', 'cloudflare', 'a', 'a']);
});

test('a model without a price is held to be dear', { skip: !installed_providers.includes('cloudflare') }, async (t) => {
  assert.deepEqual((await cloudflare(t, '@cf/zai-org/glm-4.7-flash')).slice(0, 2), ['cloudflare', 'a']);
});
