// What a second reading of the relay, the surfaces and the command line found.
import assert from 'node:assert/strict';
import { unlinkSync } from 'node:fs';
import { writeFile } from 'node:fs/promises';
import http from 'node:http';
import test from 'node:test';
import { Router, start_emulator } from './router.mjs';

// A provider of three lines: `answer(request, response, body)` for every call. Returns its place in a policy.
async function provider(t, answer, more = {}) {
  const server = http.createServer((request, response) => {
    let body = '';
    request.on('data', (d) => { body += d; });
    request.on('end', () => answer(request, response, body));
  });
  await new Promise((ok) => { server.listen(0, '127.0.0.1', ok); });
  t.after(() => { server.closeAllConnections(); server.close(); });
  return { plugin: 'custom', base_url: `http://127.0.0.1:${server.address().port}/v1`, models: { m: { tools: true, context: 32768, ...more } } };
}
const policy = (providers, rest = {}) => JSON.stringify({ version: 1, chain: Object.keys(providers), providers, ...rest });
const start = (t, providers, rest, options = {}) => Router.start(t, { policy: policy(providers, rest), keys: false, ...options });
const whole = (text) => JSON.stringify({ id: 'x', object: 'chat.completion', created: 1, model: 'm', choices: [{ index: 0, message: { role: 'assistant', content: text }, finish_reason: 'stop' }], usage: { prompt_tokens: 3, completion_tokens: 2, total_tokens: 5 } });
const json = (response, status, text) => response.writeHead(status, { 'content-type': 'application/json' }).end(text);
const frame = (delta, finish = null) => `data: ${JSON.stringify({ id: 'x', object: 'chat.completion.chunk', created: 1, model: 'm', choices: [{ index: 0, delta, finish_reason: finish }] })}\n\n`;
const sse = { 'content-type': 'text/event-stream' };

test('those whose candidate was taken while another one failed hear of its quota too', async (t) => {
  const asked = [];
  const a = await provider(t, (_, response) => {
    asked.push(response);
    if (asked.length === 6) for (const each of asked) each.writeHead(429, { 'retry-after': '30' }).end();
  });
  const b = await provider(t, (_, response) => json(response, 200, whole('ok')), { quota: { rpm: 2 } });
  const router = await start(t, { a, b });
  const answers = await Promise.all(Array.from({ length: 6 }, () => router.chat()));
  assert.equal(answers.filter((x) => x.status === 200).length, 2);
  for (const late of answers.filter((x) => x.status !== 200)) {
    assert.equal(late.status, 429, late.text);
    assert.deepEqual(late.json.error.details.map((d) => `${d.provider} ${d.reason}`), ['a rate_limited', 'b quota_full']);
    for (const d of late.json.error.details) assert.ok(Date.parse(d.free_at) > Date.now() - 1000, d.free_at);
  }
});

test('a key that was refused is told as refused while it rests, not as a spent quota', async (t) => {
  const a = await provider(t, (_, response) => json(response, 401, JSON.stringify({ error: { message: 'Incorrect API key provided', code: 'invalid_api_key' } })));
  const router = await start(t, { a: { ...a, keys: [{ env: 'BOX_KEY' }] } }, {}, { env: { BOX_KEY: 'box-key-0123456789' } });
  for (let i = 0; i < 2; i += 1) {
    const answer = await router.chat();
    assert.equal(answer.status, 502, answer.text);
    assert.equal(answer.json.error.code, 'provider_auth_failed');
  }
});

test('a provider that quotes the prompt in its error does not bring it into the log', async (t) => {
  const a = await provider(t, (_, response, body) => json(response, 500, JSON.stringify({ error: { message: `cannot work on ${JSON.parse(body).messages[0].content}` } })));
  const router = await start(t, { a });
  await router.chat({ messages: [{ role: 'user', content: 'my private question' }] }, { headers: { 'x-request-id': 'quoted' } });
  await router.logged((l) => l.event === 'request.done' && l.id === 'quoted');
  assert.ok(router.log_lines().some((l) => l.event === 'attempt.failed' && l.id === 'quoted'));
  assert.ok(!router.stderr.includes('private question'));
});

test('the log names no route for an answer that nobody gave', async (t) => {
  const a = await provider(t, (_, response) => json(response, 200, whole('')));
  const router = await start(t, { a });
  const answer = await router.chat({}, { headers: { 'x-request-id': 'unrouted' } });
  assert.equal(answer.status, 502, answer.text);
  await router.logged((l) => l.event === 'request.done' && l.id === 'unrouted');
  const line = router.log_lines().find((l) => l.event === 'request.done' && l.id === 'unrouted');
  assert.equal(line.routed, undefined);
  assert.match(line.trail, /^a\/m .*=empty_completion/);
});

test('a provider that leaves its connection open after [DONE] does not hold up the client\'s next request', async (t) => {
  const a = await provider(t, (_, response) => response.writeHead(200, sse).write(`${frame({ content: 'done' })}${frame({}, 'stop')}data: [DONE]\n\n`));
  const router = await start(t, { a });
  router.agent = new http.Agent({ keepAlive: true, maxSockets: 1 });
  const begun = Date.now();
  for (let i = 0; i < 3; i += 1) assert.equal((await router.stream()).content, 'done');
  assert.ok(Date.now() - begun < 5000, `${Date.now() - begun} ms`);
});

test('what came before a stream broke reaches the client, and then the error', async (t) => {
  let answering;
  const a = await provider(t, (_, response) => {
    answering = response;
    response.writeHead(200, sse).write(frame({ content: 'one ' }));
  });
  const router = await start(t, { a });
  const seen = await router.stream({}, { heard: () => answering.end(`${frame({ content: 'two' })}data: {broken\n\n`) });
  assert.equal(seen.content, 'one two');
  assert.ok(seen.error);
  assert.equal(seen.done, 0);
});

test('usage that a provider does not tell is estimated, whole and streamed', async (t) => {
  const a = await provider(t, (_, response, body) => {
    if (!JSON.parse(body).stream) return json(response, 200, JSON.stringify({ ...JSON.parse(whole('an answer of some words')), usage: undefined }));
    return response.writeHead(200, sse).end(`${frame({ content: 'an answer of some words' })}${frame({}, 'stop')}data: [DONE]\n\n`);
  });
  const router = await start(t, { a });
  for (const usage of [(await router.chat()).json.usage, (await router.stream({ stream_options: { include_usage: true } })).usage]) {
    assert.ok(usage.prompt_tokens > 0 && usage.completion_tokens > 4, JSON.stringify(usage));
    assert.equal(usage.total_tokens, usage.prompt_tokens + usage.completion_tokens);
  }
});

test('an answer that was cut off by its deadline is paid for: its tokens stay counted', async (t) => {
  let calls = 0;
  const a = await provider(t, () => { calls += 1; }, { quota: { tpm: 1000 } });
  const router = await start(t, { a: { ...a, timeouts: { first_byte: '300ms' } } });
  assert.equal((await router.chat({ max_tokens: 900 })).status, 504);
  const second = await router.chat({ max_tokens: 900 });
  assert.equal(second.status, 429, second.text);
  assert.equal(calls, 1);
});

test('GET /v1/models/{id} knows every name that a request may ask for', async (t) => {
  const emulator = await start_emulator(t);
  const router = await Router.start(t, { emulator, chain: ['a'], boxes: ['a'], rest: { aliases: { mine: 'any-model', quick: 'auto:fastest' } } });
  for (const id of ['any-model', 'mine', 'quick', 'auto:fastest', 'a/any-model']) {
    const answer = await router.get(`/v1/models/${encodeURIComponent(id)}`);
    assert.equal(answer.status, 200, `${id}: ${answer.text}`);
    assert.equal(answer.json.id, id);
    assert.equal(answer.json.available, true);
  }
  assert.equal((await router.get('/v1/models/none-such')).json.error.param, 'model');
});

test('a policy file that vanishes is told once, changes nothing, and /health does not tell its folder', async (t) => {
  const a = await provider(t, (_, response) => json(response, 200, whole('ok')));
  const router = await start(t, { a });
  const failures = () => router.log_lines().filter((l) => l.event === 'policy.reload_failed').length;
  unlinkSync(router.policy_file);
  await router.until(() => failures() > 0, 'the fault to be told');
  await new Promise((ok) => { setTimeout(ok, 3500); }); // three looks at the file
  assert.equal(failures(), 1);
  assert.equal((await router.chat()).status, 200);
  const { reload_error: told } = (await router.get('/health', { key: null })).json.policy;
  assert.match(told, /policy\.yaml/);
  assert.ok(!told.includes(router.home), told);
  await writeFile(router.policy_file, policy({ a }, { aliases: { later: 'auto' } }));
  await router.until(async () => (await router.chat({ model: 'later' })).status === 200, 'the new file');
});

test('a flood of requests with a wrong key is a line a second, with how many there were', async (t) => {
  const a = await provider(t, (_, response) => json(response, 200, whole('ok')));
  const router = await start(t, { a });
  for (let i = 0; i < 100; i += 1) assert.equal((await router.chat({}, { key: 'freellmapi-wrong' })).status, 401);
  const lines = () => router.log_lines().filter((l) => l.event === 'request.refused' && l.code === 'invalid_api_key');
  await router.until(async () => {
    await router.chat({}, { key: 'freellmapi-wrong' });
    return lines().some((l) => l.more > 0);
  }, 'the count');
  assert.ok(lines().length < 15, `${lines().length} lines`);
});

test('a whole answer may take its time behind white space', async (t) => {
  const a = await provider(t, (_, response) => {
    response.writeHead(200, { 'content-type': 'application/json' }).write('\n');
    let left = 30;
    const tick = setInterval(() => {
      left -= 1;
      if (left > 0) return response.write(' ');
      clearInterval(tick);
      return response.end(whole('at last'));
    }, 100);
  });
  const router = await start(t, { a: { ...a, timeouts: { first_byte: '1500ms', idle: '2s' } } });
  const answer = await router.chat();
  assert.equal(answer.status, 200, answer.text);
  assert.equal(answer.json.choices[0].message.content, 'at last');
});
