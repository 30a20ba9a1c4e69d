// GET /v1/models, and what browsers ask before they ask.
import assert from 'node:assert/strict';
import { before, describe, it } from 'node:test';
import { Router, start_emulator, suite_scope } from './router.mjs';

describe('models and browsers', () => {
  let router;
  let emulator;
  const scope = suite_scope();
  before(async () => {
    emulator = await start_emulator(scope);
    const providers = { b: { models: { 'vendor/deep-1': { tools: false, vision: true, json: 'object', context: 4096, max_output: 1024 } } } };
    const rest = { profiles: { coding: { chain: ['b'] } }, aliases: { 'gpt-4o': 'auto' } };
    router = await Router.start(scope, { emulator, chain: ['a', 'b', 'groq'], boxes: ['a', 'b'], providers, rest, keys: false });
  });
  const list = async (query = '') => (await router.get(`/v1/models${query}`)).json;

  it('the list begins with auto and names every chain and model', async () => {
    const { object, data } = await list();
    assert.equal(object, 'list');
    assert.equal(data[0].id, 'auto');
    const ids = data.map((m) => m.id);
    for (const id of ['auto:coding', 'a/any-model', 'b/vendor/deep-1']) assert.ok(ids.includes(id), id);
    assert.equal(new Set(ids).size, ids.length);
    for (const m of data) {
      assert.equal(m.object, 'model');
      assert.ok(Number.isInteger(m.created) && m.owned_by, m.id);
      assert.equal(typeof m.available, 'boolean');
      assert.ok(m.available || m.unavailable_reason, m.id);
    }
  });

  it('a model says what it can do', async () => {
    const deep = (await list()).data.find((m) => m.id === 'b/vendor/deep-1');
    assert.equal(deep.context_length, 4096);
    assert.equal(deep.context_window, 4096);
    assert.equal(deep.max_output_tokens, 1024);
    assert.deepEqual(deep.architecture.input_modalities, ['text', 'image']);
    assert.ok(!deep.supported_parameters.includes('tools'));
    assert.ok(deep.supported_parameters.includes('response_format'));
  });

  it('a model without a key says so, and ?available=true leaves it out', async () => {
    const all = (await list()).data.filter((m) => m.id.startsWith('groq/'));
    assert.ok(all.length > 0 && all.every((m) => !m.available));
    assert.ok(all.some((m) => m.unavailable_reason === 'no_key'));
    assert.ok((await list('?available=true')).data.every((m) => m.available));
  });

  it('one model is found by its id, with the slash encoded or not, and by its alias', async () => {
    for (const [asked, id] of [['auto', 'auto'], ['a/any-model', 'a/any-model'], ['a%2Fany-model', 'a/any-model'], ['b/vendor/deep-1', 'b/vendor/deep-1'], ['b%2Fvendor%2Fdeep-1', 'b/vendor/deep-1'], ['auto:coding', 'auto:coding'], ['gpt-4o', 'gpt-4o']]) {
      const answer = await router.get(`/v1/models/${asked}`);
      assert.equal(answer.status, 200, `${asked}: ${answer.text}`);
      assert.equal(answer.json.id, id);
    }
  });

  it('a model that is not there is 404 with near names', async () => {
    const answer = await router.get('/v1/models/a%2Fany-modle');
    assert.equal(answer.status, 404);
    assert.equal(answer.json.error.code, 'model_not_found');
    assert.match(answer.json.error.message, /a\/any-model/);
  });

  it('a path that is not there is 404, a method that is not is 405 with Allow', async () => {
    for (const path of ['/v1', '/v2/models', '/v1/chat', '/v1/engines', '/favicon.ico']) assert.equal((await router.get(path)).status, 404, path);
    const answer = await router.request('DELETE', '/v1/models');
    assert.equal(answer.status, 405);
    assert.match(answer.headers.allow, /GET/);
  });

  it('a page on this machine may ask, one from elsewhere may not', async () => {
    const asking = { 'access-control-request-method': 'POST', 'access-control-request-headers': 'authorization,content-type' };
    for (const origin of ['http://localhost:5173', 'http://127.0.0.1:8080', 'http://[::1]:3000', 'https://localhost']) {
      const preflight = await router.request('OPTIONS', '/v1/chat/completions', { key: null, headers: { origin, ...asking } });
      assert.equal(preflight.status, 204, origin);
      assert.equal(preflight.headers['access-control-allow-origin'], origin);
      assert.match(preflight.headers['access-control-allow-methods'], /POST/);
      assert.match(preflight.headers['access-control-allow-headers'], /authorization/);
      const answer = await router.chat({ model: 'a/any-model' }, { headers: { origin } });
      assert.equal(answer.headers['access-control-allow-origin'], origin);
      assert.match(answer.headers['access-control-expose-headers'], /X-Routed-Via/i);
    }
    for (const origin of ['https://evil.example', 'http://localhost.evil.example', 'http://127.0.0.1.evil.example', 'null', 'http://localhost:5173@evil.example']) {
      const preflight = await router.request('OPTIONS', '/v1/chat/completions', { key: null, headers: { origin, ...asking } });
      assert.equal(preflight.headers['access-control-allow-origin'], undefined, origin);
      assert.equal((await router.chat({ model: 'a/any-model' }, { headers: { origin } })).headers['access-control-allow-origin'], undefined);
    }
  });

  it('HEAD of a page is its head', async () => {
    const answer = await router.request('HEAD', '/v1/models');
    assert.equal(answer.status, 200);
    assert.equal(answer.text, '');
  });
});
