// What clients do to their streams: many at once, slow ones, and those that leave or do not read.
import assert from 'node:assert/strict';
import http from 'node:http';
import net from 'node:net';
import { test } from 'node:test';
import { memory_of, read_stream, Router, say, slack, start_emulator, takes_at_most, unified_key, user } from './router.mjs';

async function box(t, { rules = [], providers, ...more } = {}) {
  const emulator = await start_emulator(t);
  emulator.script(rules);
  return Router.start(t, { emulator, chain: ['a'], boxes: ['a', 'b'], providers, ...more });
}

// A request over a socket of its own, whose reading the test governs.
function open_stream(router, body) {
  const request = http.request(`${router.url}/v1/chat/completions`, { method: 'POST', agent: false, headers: { authorization: `Bearer ${unified_key}`, 'content-type': 'application/json' } });
  request.on('error', () => {});
  request.end(JSON.stringify({ model: 'auto', stream: true, messages: say('x'), ...body }));
  return new Promise((resolve, reject) => {
    request.on('response', (response) => resolve({ request, response }));
    request.on('error', reject);
  });
}

test('two hundred streams at once with different texts never mix', async (t) => {
  const router = await box(t, { rules: [{ match: { provider: 'a' }, action: { slow: { ms: 2 } } }] });
  const texts = Array.from({ length: 200 }, (_, i) => Array.from({ length: 12 }, (_unused, k) => `s${i}w${k}`).join(' '));
  const answers = await Promise.all(texts.map((text) => router.stream({ messages: say(text) })));
  answers.forEach((answer, i) => {
    assert.equal(answer.status, 200, answer.text);
    assert.equal(answer.content, texts[i]);
    assert.deepEqual(answer.finishes, ['stop']);
    assert.equal(answer.done, 1);
  });
  assert.equal(new Set(answers.map((a) => a.headers['x-request-id'])).size, 200);
});

test('when the client goes away the upstream call ends within a second and its place is free', async (t) => {
  const router = await box(t, { rules: [{ match: { contains: 'forever' }, action: { endless_stream: { ms: 20 } } }], providers: { a: { quota: [{ limit: 1, of: 'concurrency', scope: 'key' }] } } });
  await takes_at_most(1000, async () => {
    const { request, response } = await open_stream(router, { messages: [user('forever')] });
    await new Promise((resolve) => response.once('data', resolve));
    const entry = router.emulator.journal_entries({ provider: 'a' }).at(-1);
    assert.equal((await router.chat({ model: 'a/any-model' })).status, 429, 'the one place is taken');
    request.destroy();
    const left = performance.now();
    await router.until(() => entry.ended === 'client_closed', 'the upstream to be closed');
    const ms = performance.now() - left;
    await router.until(async () => (await router.chat({ model: 'a/any-model' })).status === 200, 'the place to be free');
    return ms;
  });
});

test('a client that goes away before the first token ends the upstream call too', async (t) => {
  const router = await box(t, { rules: [{ match: { contains: 'silent' }, action: 'silence' }] });
  const leaving = new AbortController();
  const gone = router.chat({ messages: [{ role: 'user', content: 'silent' }] }, { signal: leaving.signal }).catch((error) => error.name);
  await router.until(() => router.emulator.journal_entries().length === 1, 'the request to arrive');
  leaving.abort();
  assert.equal(await gone, 'AbortError');
  await router.until(() => router.emulator.journal_entries()[0].ended === 'client_closed', 'the upstream to be closed');
  await router.logged((l) => l.event === 'request.done' && l.status === 499);
  assert.equal(router.emulator.journal_entries().length, 1, 'nobody else is asked for a client that is gone');
});

test('clients that leave at any moment leave no place taken and no connection open', async (t) => {
  const router = await box(t, { rules: [{ match: { provider: 'a' }, action: { slow: { ms: 5 } } }], providers: { a: { quota: [{ limit: 8, of: 'concurrency', scope: 'key' }] } } });
  await Promise.all(Array.from({ length: 80 }, async (_, i) => {
    const leaving = new AbortController();
    const asked = router.chat({ model: 'a/any-model', stream: i % 2 === 0, messages: [{ role: 'user', content: `!count ${10 + i}` }] }, { signal: leaving.signal }).catch(() => {});
    // Spread over the life of a request: before it is read, while it waits, between two tokens.
    for (let turns = 0; turns < i * 20; turns += 1) await new Promise((ok) => { setImmediate(ok); });
    leaving.abort();
    await asked;
  }));
  await router.until(() => router.emulator.journal_entries().every((e) => e.ended !== 'open'), 'the upstreams to be closed');
  // The router may still be at one whom it has only now read.
  const eight = () => Promise.all(Array.from({ length: 8 }, (_, i) => router.chat({ model: 'a/any-model', messages: say(`still ${i}`) })));
  await router.until(async () => (await eight()).every((answer) => answer.status === 200), 'all eight places to be free');
});

test('a client that reads slowly gets everything', async (t) => {
  const text = Array.from({ length: 3000 }, (_, i) => `word${i}`).join(' ');
  const router = await box(t, { rules: [{ match: { provider: 'a' }, action: { text: { text, chunks: 3000 } } }] });
  const { response } = await open_stream(router, {});
  response.setEncoding('utf8');
  let seen = '';
  for await (const piece of response) {
    seen += piece;
    if (seen.length < 200_000) await new Promise((ok) => { setTimeout(ok, 1); });
  }
  const read = read_stream(seen);
  assert.equal(read.content, text);
  assert.equal(read.done, 1);
});

test('a client that does not read holds the upstream back, not the router\'s memory', async (t) => {
  const router = await box(t, { rules: [{ match: { contains: 'flood' }, action: { endless_stream: { ms: 0 } } }] });
  await router.chat();
  const before_flood = memory_of(router.process.pid);
  const readers = [];
  for (let i = 0; i < 4; i += 1) {
    const socket = net.connect(router.port, '127.0.0.1');
    socket.on('error', () => {});
    socket.pause();
    const body = JSON.stringify({ model: 'auto', stream: true, messages: [{ role: 'user', content: 'flood' }] });
    socket.write(`POST /v1/chat/completions HTTP/1.1\r\nHost: 127.0.0.1:${router.port}\r\nAuthorization: Bearer ${unified_key}\r\nContent-Type: application/json\r\nContent-Length: ${body.length}\r\n\r\n${body}`);
    readers.push(socket);
  }
  // The flood has come to rest when the provider has sent nothing more for a while.
  const sent = () => router.emulator.journal_entries({ provider: 'a' }).slice(1).reduce((sum, e) => sum + e.bytes_sent, 0);
  let last = -1;
  let rested = 0;
  await router.until(() => {
    const now = sent();
    rested = now === last && now > 0 ? rested + 1 : 0;
    last = now;
    return rested > 60;
  }, 'the upstream to be held back');
  assert.ok(memory_of(router.process.pid) - before_flood < 64 * slack, `${memory_of(router.process.pid) - before_flood} MiB more`);
  await takes_at_most(1000, async () => {
    const began = performance.now();
    assert.equal((await router.chat()).status, 200, 'others are served meanwhile');
    return performance.now() - began;
  });
  readers.forEach((socket) => socket.destroy());
  await router.until(() => router.emulator.journal_entries({ provider: 'a' }).every((e) => e.ended !== 'open'), 'the upstreams to be closed');
});

test('a stream that was cut is never told as finished', async (t) => {
  for (const how of ['rst', 'fin']) {
    const router = await box(t, { rules: [{ match: { provider: 'a' }, action: { cut: { after_chunks: 3, how } } }], rest: { routing: { continue_streams: false } } });
    const answer = await router.stream({ messages: [{ role: 'user', content: '!count 30' }] });
    assert.equal(answer.status, 200);
    assert.match(answer.content, /^1 2 3/);
    assert.ok(answer.error, answer.text);
    assert.ok(!answer.finishes.includes('stop'), answer.text);
  }
});
