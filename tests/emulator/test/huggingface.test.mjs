// What Hugging Face's router has beside chat: who am I, embeddings of the hub's own server, partners behind a colon.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { auth, chat, last_entry, parsed, post, started, weather_tool } from '../harness.mjs';

const at = '/huggingface/hf-inference/models/BAAI/bge-m3/pipeline/feature-extraction';

test('huggingface: whoami knows a good token from a bad one, the list of models does not', async (t) => {
  const e = await started(t);
  const get = (path, key) => fetch(`${e.addresses.http}/huggingface${path}`, { headers: key === undefined ? auth('huggingface') : auth('huggingface', key) });
  const good = await get('/api/whoami-v2');
  assert.equal(good.status, 200);
  assert.deepEqual((await good.json()).auth.accessToken.fineGrained.global, ['inference.serverless.write']);
  const bad = await get('/api/whoami-v2', 'hf_wrong');
  assert.deepEqual([bad.status, await bad.json()], [401, { error: 'Invalid username or password.' }]);
  assert.equal((await get('/v1/models', 'hf_wrong')).status, 200);
});

test('huggingface: features come as bare vectors, one for each text', async (t) => {
  const e = await started(t);
  const two = await post(e, at, { inputs: ['a', 'bc'] }, auth('huggingface'));
  assert.deepEqual([two.status, two.json.length, two.json[1].length], [200, 2, 1024]);
  assert.equal((await post(e, at, { inputs: 'a' }, auth('huggingface'))).json.length, 1024);
  assert.equal((await post(e, at, { inputs: [1, 2] }, auth('huggingface'))).status, 422);
  assert.equal((await post(e, at, { inputs: ['a'] }, auth('huggingface', 'hf_wrong'))).status, 401);
  assert.equal((await post(e, at.replace('bge-m3', 'nope'), { inputs: ['a'] }, auth('huggingface'))).status, 404);
  await post(e, at, { inputs: ['a'], model: 'x' }, auth('huggingface'));
  assert.deepEqual((await last_entry(e)).violations.map((v) => v.rule), ['unknown']);
});

test('huggingface: some partners give calls no id', async (t) => {
  const e = await started(t);
  const ask = { model: 'openai/gpt-oss-120b:featherless-ai', tools: [weather_tool], messages: [{ role: 'user', content: 'weather' }], max_tokens: 99 };
  assert.equal((await chat(e, 'huggingface', ask)).json.choices[0].message.tool_calls[0].id, undefined);
  const frames = parsed((await chat(e, 'huggingface', { ...ask, stream: true })).text);
  assert.ok(frames.flatMap((f) => f.choices[0]?.delta.tool_calls ?? []).every((c) => c.id === undefined));
  assert.equal((await chat(e, 'huggingface', { ...ask, model: 'openai/gpt-oss-120b:groq' })).json.x_groq.id, 'req_01h');
});

test('huggingface: a client that does not say who it is meets the edge', async (t) => {
  const e = await started(t);
  const r = await chat(e, 'huggingface', {}, { 'user-agent': '' });
  assert.deepEqual([r.status, r.text.includes('1010')], [403, true]);
});
