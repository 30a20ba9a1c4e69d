// Which provider serves: what the client asked for, what the policy says, what is known of quotas and cooldowns.
import assert from 'node:assert/strict';
import { writeFile } from 'node:fs/promises';
import { test } from 'node:test';
import { policy_text, Router, say, start_emulator, via } from './router.mjs';

const weather = { type: 'function', function: { name: 'get_weather', parameters: { type: 'object', properties: { city: { type: 'string' } } } } };
const pixel = 'data:image/png;base64,iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNkYPhfDwAChwGA60e6kgAAAABJRU5ErkJggg==';
const picture = [{ role: 'user', content: [{ type: 'text', text: 'what is it' }, { type: 'image_url', image_url: { url: pixel } }] }];
const model = (more) => ({ models: { 'any-model': { tools: true, vision: true, json: 'schema', context: 131072, ...more } } });

// Boxes a, b, c by default, tried in this order.
async function boxes(t, { names = ['a', 'b'], chain = names, rules = [], limits = [], providers, rest, env } = {}) {
  const emulator = await start_emulator(t);
  emulator.script({ rules, limits });
  return Router.start(t, { emulator, chain, boxes: names, providers, rest, env });
}
const asked = (router, provider) => router.emulator.journal_entries({ provider }).length;
const limited = (provider, seconds, more = {}) => ({ match: { provider }, action: { rate_limit: { retry_after: String(seconds), in: 'header' } }, ...more });

test('auto takes the first candidate of the chain', async (t) => {
  const router = await boxes(t);
  const answer = await router.chat({ messages: say('one') });
  assert.equal(answer.status, 200, answer.text);
  assert.equal(via(answer), 'a/any-model');
  assert.equal(answer.headers['x-fallback-attempts'], '0');
  assert.equal(answer.headers['x-fallback-trail'], undefined);
  assert.equal(asked(router, 'b'), 0);
});

test('an explicit model never becomes another one, whatever happens to it', async (t) => {
  const router = await boxes(t, { rules: [{ match: { provider: 'a' }, action: { server_error: 500 } }] });
  for (const stream of [false, true]) {
    const answer = await router.chat({ model: 'a/any-model', stream });
    assert.ok(answer.status >= 429 && answer.status !== 500, `${answer.status} ${answer.text}`);
    assert.equal(via(answer), undefined);
  }
  assert.ok(asked(router, 'a') > 0);
  assert.equal(asked(router, 'b'), 0);
});

test('a bare model id fails over among its providers and to no other model', async (t) => {
  const twin = { models: { 'twin': { context: 8192 } } };
  const router = await boxes(t, { names: ['a', 'b', 'c'], providers: { a: twin, c: twin }, rules: [{ match: { provider: 'a' }, action: { server_error: 503 } }] });
  const answer = await router.chat({ model: 'twin' });
  assert.equal(via(answer), 'c/twin', answer.text);
  assert.equal(answer.headers['x-fallback-attempts'], '1');
  assert.equal(asked(router, 'b'), 0);
});

test('a family name stands for the same model under different ids', async (t) => {
  const of_family = (id) => ({ models: { [id]: { family: 'Big-Model-9', context: 8192 } } });
  const router = await boxes(t, { names: ['a', 'b', 'c'], providers: { b: of_family('vendor/big-9'), c: of_family('big9:free') }, rules: [limited('b', 60)] });
  const answer = await router.chat({ model: 'big-model-9' });
  assert.equal(via(answer), 'c/big9:free', answer.text);
  assert.match(answer.headers['x-fallback-trail'], /^b\/vendor\/big-9 \S+=rate_limited$/);
  assert.equal(asked(router, 'a'), 0);
});

test('a provider that is off by default is passed over until the policy switches it on, and then it is routed', async (t) => {
  const emulator = await start_emulator(t);
  const off = { enabled: undefined };
  const chain = ['sambanova', 'a'];
  const router = await Router.start(t, { emulator, chain, boxes: ['a'], providers: { sambanova: off } });
  assert.equal((await router.chat({})).headers['x-routed-via'], 'a/any-model');
  const { status, json } = await router.chat({ model: 'sambanova/DeepSeek-V3.1' });
  assert.equal(status, 503);
  assert.match(json.error.message, /is switched off: .* \(since \d{4}-\d{2}-\d{2}\)/);
  const on = await Router.start(t, { emulator, chain, boxes: ['a'] });
  assert.match((await on.chat({})).headers['x-routed-via'], /^sambanova\//);
});

test('a single model that is off by default is routed when the policy switches it on', async (t) => {
  const emulator = await start_emulator(t);
  const model = 'zai-glm-4.7';
  const router = await Router.start(t, { emulator, chain: ['cerebras', 'a'], boxes: ['a'] });
  assert.equal((await router.chat({ model: `cerebras/${model}` })).status, 503);
  const on = await Router.start(t, { emulator, chain: [`cerebras/${model}`, 'a'], boxes: ['a'], providers: { cerebras: { models: { [model]: { enabled: true } } } } });
  assert.equal((await on.chat({})).headers['x-routed-via'], `cerebras/${model}`);
});

test('a model of another kind is no candidate of a chat request', async (t) => {
  const emulator = await start_emulator(t);
  const kinds = { models: { 'any-model': { tools: true }, vectors: { kind: 'embedding' }, pictures: { kind: 'image', family: 'any-family' }, voice: { kind: 'speech' }, writer: { family: 'any-family' } } };
  const router = await Router.start(t, { emulator, chain: ['a'], boxes: ['a'], providers: { a: kinds } });
  for (const model of ['a/vectors', 'pictures', 'voice']) {
    const { status, json } = await router.chat({ model });
    assert.equal(status, 422, model);
    assert.equal(json.error.code, 'no_chat_model');
    assert.equal(json.error.details[0].reason, 'other_kind');
  }
  assert.equal((await router.chat({ model: 'any-family' })).headers['x-routed-via'], 'a/writer');
  assert.deepEqual(emulator.journal_entries({}).map((entry) => entry.model), ['writer']);
});

test('aliases and profiles lead where the policy says', async (t) => {
  const rest = { profiles: { coding: { chain: ['b', 'a'] } }, aliases: { 'claude-sonnet-4-5': 'auto:coding', 'gpt-4o': 'auto', 'fast': 'b/any-model' } };
  const router = await boxes(t, { rest });
  assert.equal(via(await router.chat({ model: 'auto:coding' })), 'b/any-model');
  assert.equal(via(await router.chat({ model: 'claude-sonnet-4-5' })), 'b/any-model');
  assert.equal(via(await router.chat({ model: 'gpt-4o' })), 'a/any-model');
  assert.equal(via(await router.chat({ model: 'fast' })), 'b/any-model');
  assert.equal(via(await router.chat({ model: 'auto:priority' })), 'a/any-model');
});

test('an unknown model is 404 with near names, and nothing is asked', async (t) => {
  const router = await boxes(t);
  for (const [name, near] of [['a/any-modle', 'a/any-model'], ['auto:codign', undefined], ['any-mode', 'any-model'], ['', undefined]]) {
    const answer = await router.chat({ model: name });
    assert.equal(answer.status, name === '' ? 400 : 404, `${name}: ${answer.text}`);
    if (name !== '') assert.equal(answer.json.error.code, 'model_not_found');
    if (near) assert.match(answer.json.error.message, new RegExp(`'${near}'`));
    assert.equal(answer.json.error.param, 'model');
  }
  assert.equal(router.emulator.journal_entries().length, 0);
});

// A box with two keys, and the key that it is asked with first.
async function two_keys(t, more = {}) {
  const env = { BOX_ONE: 'first-box-key-1', BOX_TWO: 'second-box-key-2' };
  const router = await boxes(t, { providers: { a: { ...model(more), keys: [{ env: 'BOX_ONE' }, { env: 'BOX_TWO' }] } }, env });
  await router.chat();
  const [{ key }] = router.emulator.journal_entries({ provider: 'a' });
  const times_asked = () => router.emulator.journal_entries({ provider: 'a' }).filter((e) => e.key === key).length - 1;
  return { router, key, label: key === env.BOX_ONE ? 'key1' : 'key2', times_asked };
}

test('a 429 on one key moves on to the next key, and the trail names the label', async (t) => {
  const { router, key, label, times_asked } = await two_keys(t);
  router.emulator.script([limited('a', 60, { match: { provider: 'a', key } })]);
  const answer = await router.chat();
  assert.equal(via(answer), 'a/any-model', answer.text);
  assert.equal(answer.headers['x-fallback-attempts'], '1');
  assert.equal(answer.headers['x-fallback-trail'], `a/any-model ${label}=rate_limited`);
  assert.equal((await router.chat()).headers['x-fallback-attempts'], '0');
  assert.equal(times_asked(), 1, 'the key that cools down is not asked again');
});

test('a refused key is benched and its neighbour serves', async (t) => {
  const { router, key, times_asked } = await two_keys(t);
  router.emulator.script([{ match: { provider: 'a', key }, action: 'auth' }]);
  for (let i = 0; i < 4; i += 1) assert.equal(via(await router.chat()), 'a/any-model');
  assert.equal(times_asked(), 1);
  assert.equal(asked(router, 'b'), 0);
});

test('a provider that said Retry-After is not asked before', async (t) => {
  const router = await boxes(t, { rules: [limited('a', 30)] });
  const first = await router.chat();
  assert.equal(first.headers['x-fallback-trail'], 'a/any-model keyless=rate_limited');
  for (let i = 0; i < 10; i += 1) {
    const answer = await router.chat();
    assert.equal(via(answer), 'b/any-model');
    assert.equal(answer.headers['x-fallback-attempts'], '0');
  }
  assert.equal(asked(router, 'a'), 1);
});

test('after Retry-After the provider serves again', async (t) => {
  const router = await boxes(t, { rules: [limited('a', 1, { times: 1 })] });
  assert.equal(via(await router.chat()), 'b/any-model');
  await router.until(async () => via(await router.chat()) === 'a/any-model', 'the cooldown to end');
});

// A conversation that began while the first candidate was out, and now the first is back.
async function begun_at_second(t, headers = {}) {
  const router = await boxes(t, { rules: [limited('a', 1, { times: 1 })] });
  const opening = { role: 'user', content: 'the opening of this conversation' };
  const first = await router.chat({ messages: [opening] }, { headers });
  assert.equal(via(first), 'b/any-model');
  await router.until(async () => via(await router.chat({ messages: say('somebody else') })) === 'a/any-model', 'a to be back');
  const second = [opening, { role: 'assistant', content: first.json.choices[0].message.content }, { role: 'user', content: 'and then?' }];
  return { router, opening, second };
}

test('a conversation stays on the model that served it, also when the policy is read anew', async (t) => {
  const { router, second } = await begun_at_second(t);
  assert.equal(via(await router.chat({ messages: second })), 'b/any-model');
  const before = (await router.chat({ messages: second })).headers['x-policy-version'];
  await writeFile(router.policy_file, policy_text(router.emulator, { chain: ['a', 'b'], boxes: ['a', 'b'], rest: { routing: { attempts: 7 } } }));
  router.process.kill('SIGHUP');
  await router.until(async () => (await router.chat()).headers['x-policy-version'] !== before, 'the reload');
  assert.equal(via(await router.chat({ messages: second })), 'b/any-model');
});

test('a first turn does not stick: nobody has answered in it yet', async (t) => {
  const { router, opening } = await begun_at_second(t);
  assert.equal(via(await router.chat({ messages: [opening] })), 'a/any-model');
});

test('X-Session-Id names a conversation, so that even its first turn sticks', async (t) => {
  const { router } = await begun_at_second(t, { 'x-session-id': 'one-and-the-same' });
  const again = (session) => router.chat({ messages: say('something new') }, { headers: { 'x-session-id': session } });
  assert.equal(via(await again('one-and-the-same')), 'b/any-model');
  assert.equal(via(await again('another')), 'a/any-model');
});

test('sticky: 0 sends every turn to the best candidate', async (t) => {
  const router = await boxes(t, { rules: [limited('a', 1, { times: 1 })], rest: { routing: { sticky: '0s' } } });
  const headers = { 'x-session-id': 'same' };
  assert.equal(via(await router.chat({}, { headers })), 'b/any-model');
  await router.until(async () => via(await router.chat({}, { headers })) === 'a/any-model', 'a to be back');
});

test('a step with wait: is waited for rather than skipped', async (t) => {
  const quota = { quota: [{ limit: 1, of: 'concurrency', scope: 'key' }] };
  const slow = { match: { provider: 'a', contains: 'be slow' }, action: { slow_first_token: { gate: 'first' } } };
  const router = await boxes(t, { chain: [{ model: 'a/any-model', wait: '8s' }, 'b'], providers: { a: quota }, rules: [slow] });
  const first = router.chat({ messages: [{ role: 'user', content: 'be slow' }] });
  await router.until(() => asked(router, 'a') === 1, 'the first request to arrive');
  const second = router.chat();
  await router.until(async () => (await router.in_progress()) === 2, 'the second one to wait');
  router.emulator.open_gate('first');
  assert.equal(via(await second), 'a/any-model');
  assert.equal(via(await first), 'a/any-model');
  assert.equal(asked(router, 'b'), 0);
});

test('a step without wait: is passed over when its one place is taken', async (t) => {
  const quota = { quota: [{ limit: 1, of: 'concurrency', scope: 'key' }] };
  const slow = { match: { provider: 'a', contains: 'be slow' }, action: { slow_first_token: { gate: 'first' } } };
  const router = await boxes(t, { providers: { a: quota }, rules: [slow] });
  const first = router.chat({ messages: [{ role: 'user', content: 'be slow' }] });
  await router.until(() => asked(router, 'a') === 1, 'the first request to arrive');
  const second = await router.chat();
  assert.equal(via(second), 'b/any-model');
  assert.equal(second.headers['x-fallback-attempts'], '0', 'a candidate that was not tried is no attempt');
  router.emulator.open_gate('first');
  assert.equal(via(await first), 'a/any-model');
});

test('a prompt that does not fit goes to a larger window, and to none if there is none', async (t) => {
  const router = await boxes(t, { providers: { a: model({ context: 4096 }), b: model({ context: 65536 }) } });
  const words = (n) => [{ role: 'user', content: 'word '.repeat(n) }];
  assert.equal(via(await router.chat({ messages: words(100) })), 'a/any-model');
  assert.equal(via(await router.chat({ messages: words(10_000) })), 'b/any-model');
  const none = await router.chat({ messages: words(200_000) });
  assert.equal(none.status, 413, none.text.slice(0, 300));
  assert.equal(none.json.error.code, 'context_length_exceeded');
  assert.match(none.json.error.message, /65536/);
});

for (const [what, missing, ask, code] of [
  ['tools', { tools: false }, { tools: [weather] }, 'no_tools_model'],
  ['images', { vision: false }, { messages: picture }, 'no_vision_model'],
  ['JSON', { json: 'none' }, { response_format: { type: 'json_object' }, messages: say('{"json":1}') }, 'no_json_model'],
]) {
  test(`a request with ${what} goes to the first that can; 422 ${code} where none can`, async (t) => {
    const router = await boxes(t, { providers: { a: model(missing) } });
    const answer = await router.chat(ask);
    assert.equal(via(answer), 'b/any-model', answer.text);
    const refused = await router.chat({ ...ask, model: 'a/any-model' });
    assert.equal(refused.status, 422, refused.text);
    assert.equal(refused.json.error.code, code);
    assert.equal(asked(router, 'a'), 0);
  });
}

test('rpm: 2 lets two requests through and sends the third to the next provider', async (t) => {
  const router = await boxes(t, { providers: { a: model({ quota: { rpm: 2 } }) }, limits: [{ provider: 'a', requests: 2, per_ms: 60_000 }] });
  const routes = [];
  for (let i = 0; i < 4; i += 1) routes.push(via(await router.chat()));
  assert.deepEqual(routes, ['a/any-model', 'a/any-model', 'b/any-model', 'b/any-model']);
  assert.equal(router.emulator.state_now().overruns, 0);
});

test('fifty requests at once overrun no limit, and use all of it', async (t) => {
  const router = await boxes(t, { names: ['a', 'b', 'c'], providers: { a: model({ quota: { rpm: 10 } }), b: { ...model(), quota: [{ limit: 3, of: 'concurrency', scope: 'key' }] } },
    limits: [{ provider: 'a', requests: 10, per_ms: 60_000 }, { provider: 'b', concurrency: 3 }], rules: [{ match: { provider: 'b' }, action: { slow_first_token: { ms: 50 } } }] });
  const answers = await Promise.all(Array.from({ length: 50 }, (_, i) => router.chat({ messages: say(`answer ${i}`) })));
  answers.forEach((answer, i) => {
    assert.equal(answer.status, 200, answer.text);
    assert.equal(answer.json.choices[0].message.content, `answer ${i}`);
  });
  assert.equal(asked(router, 'a'), 10);
  assert.equal(router.emulator.state_now().overruns, 0);
});

test('two keys of a provider have a quota each', async (t) => {
  const router = await boxes(t, { providers: { a: { ...model({ quota: { rpm: 2 } }), keys: [{ env: 'BOX_ONE' }, { env: 'BOX_TWO' }] } }, env: { BOX_ONE: 'first-box-key-1', BOX_TWO: 'second-box-key-2' },
    limits: [{ provider: 'a', requests: 2, per_ms: 60_000 }] });
  const routes = [];
  for (let i = 0; i < 5; i += 1) routes.push(via(await router.chat()));
  assert.deepEqual(routes.map((r) => r[0]), ['a', 'a', 'a', 'a', 'b']);
  assert.equal(router.emulator.state_now().overruns, 0);
});

test('when all quotas are spent the answer is 429 with Retry-After and what each candidate waits for', async (t) => {
  const router = await boxes(t, { providers: { a: model({ quota: { rpm: 1 } }), b: model({ quota: { rpm: 1 } }) } });
  for (let i = 0; i < 2; i += 1) assert.equal((await router.chat()).status, 200);
  const answer = await router.chat({ stream: true });
  assert.equal(answer.status, 429, answer.text);
  assert.equal(answer.json.error.type, 'rate_limit_error');
  const wait = Number(answer.headers['retry-after']);
  assert.ok(Number.isInteger(wait) && wait >= 1 && wait <= 65, answer.headers['retry-after']);
  assert.deepEqual(answer.json.error.details.map((d) => [d.provider, d.model, d.reason]), [['a', 'any-model', 'quota_full'], ['b', 'any-model', 'quota_full']]);
  for (const d of answer.json.error.details) assert.ok(Date.parse(d.free_at) > Date.now() - 1000, d.free_at);
  assert.equal(answer.json.error.request_id ?? answer.json.request_id, answer.headers['x-request-id']);
});

test('the Retry-After of a 429 is the first candidate\'s to come back', async (t) => {
  const router = await boxes(t, { rules: [limited('a', 50), limited('b', 9)] });
  const answer = await router.chat();
  assert.equal(answer.status, 429, answer.text);
  const wait = Number(answer.headers['retry-after']);
  assert.ok(wait >= 8 && wait <= 10, answer.headers['retry-after']);
  assert.deepEqual(answer.json.error.details.map((d) => `${d.provider} ${d.reason}`).sort(), ['a rate_limited', 'b rate_limited']);
  const again = await router.chat();
  assert.equal(again.status, 429);
  assert.equal(asked(router, 'a') + asked(router, 'b'), 2, 'nobody is asked while all are cooling down');
});

test('no more attempts are made than the policy allows', async (t) => {
  const names = ['a', 'b', 'c', 'd', 'e', 'f'];
  const router = await boxes(t, { names, rules: [{ action: { server_error: 500 } }], rest: { routing: { attempts: 3 } } });
  const answer = await router.chat();
  assert.equal(answer.status, 502, answer.text);
  assert.equal(answer.headers['x-fallback-attempts'], '3');
  assert.equal(router.emulator.journal_entries().length, 3);
});

test('no attempt is started after the budget', async (t) => {
  const names = ['a', 'b', 'c', 'd', 'e', 'f'];
  const timeouts = { connect: '2s', first_byte: '400ms', idle: '400ms', total: '20s' };
  const router = await boxes(t, { names, providers: Object.fromEntries(names.map((n) => [n, { timeouts }])), rules: [{ action: 'silence' }], rest: { routing: { budget: '600ms' } } });
  const began = Date.now();
  const answer = await router.chat();
  assert.equal(answer.status, 504, answer.text);
  const tried = router.emulator.journal_entries().length;
  assert.ok(tried >= 1 && tried <= 3, `${tried} attempts`);
  assert.ok(Date.now() - began < 5000);
});

test('every routed reply says which policy made it, how long that took and which request it was', async (t) => {
  const router = await boxes(t);
  const health = (await router.get('/health')).json;
  for (const answer of [await router.chat(), await router.chat({ stream: true })]) {
    assert.match(answer.headers['x-policy-version'], /^[0-9a-f]{12}$/);
    assert.equal(answer.headers['x-policy-version'], health.policy.version);
    assert.match(answer.headers['server-timing'], /route;dur=\d+(\.\d+)?.*upstream;dur=\d+(\.\d+)?/);
    assert.match(answer.headers['x-request-id'], /^[A-Za-z0-9._-]{1,64}$/);
  }
});

test('a plain X-Request-Id is echoed, also on errors, and stands in the log; others are replaced', async (t) => {
  const router = await boxes(t);
  for (const id of ['abc-1.2_X', 'x'.repeat(64)]) {
    assert.equal((await router.chat({}, { headers: { 'x-request-id': id } })).headers['x-request-id'], id);
    assert.equal((await router.chat({ model: 'nothing' }, { headers: { 'x-request-id': id } })).headers['x-request-id'], id);
    await router.logged((line) => line.id === id);
  }
  for (const id of ['two words', 'x'.repeat(65), 'semi;colon', '<script>', '']) {
    const answer = await router.chat({}, { headers: { 'x-request-id': id } });
    assert.notEqual(answer.headers['x-request-id'], id);
    assert.match(answer.headers['x-request-id'], /^[A-Za-z0-9._-]{1,64}$/);
  }
});

test('the same provider under two names keeps two cooldowns', async (t) => {
  const router = await boxes(t, { names: ['a', 'b', 'c'], rules: [limited('a', 60), limited('b', 60)] });
  const answer = await router.chat();
  assert.equal(via(answer), 'c/any-model');
  assert.equal(answer.headers['x-fallback-attempts'], '2');
  assert.match(answer.headers['x-fallback-trail'], /^a\/any-model \S+=rate_limited; b\/any-model \S+=rate_limited$/);
});
