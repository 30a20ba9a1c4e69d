// Streams as no standard foresees them: each ends as an answer, or as a cut that is told, in bounded time and memory.
import assert from 'node:assert/strict';
import { before, describe, it } from 'node:test';
import { memory_of, Router, slack, sleep, start_emulator, suite_scope } from '../e2e/router.mjs';
import { chunk, post, send as send_raw } from '../torture/raw.mjs';
import { say, start_provider } from './provider.mjs';

const text = 'one two three';
const words = say.text('one ') + say.text('two ') + say.text('three');
const end = say.finish() + say.usage(10, 3) + say.done;
const with_usage = { usage: { prompt_tokens: 10, completion_tokens: 3, total_tokens: 13 } };
const send = (...pieces) => async (ask) => {
  for (const piece of pieces) await ask.write(piece);
  ask.res.end();
};
// What comes first has reached the client before the rest is sent.
const then = (first, ...rest) => async (ask) => {
  await ask.write(first);
  await ask.heard;
  await send(...rest)(ask);
};
// Only time ends some of these.
const endless = new Set();
const for_ever = (first, piece, ms = 0) => {
  const play = async (ask) => {
    await ask.write(first);
    while (await ask.write(piece)) if (ms) await sleep(ms);
  };
  endless.add(play);
  return play;
};
const mebibyte = 1024 * 1024;

// Bent, but whole. `said`: another text; `quick`: though the provider never ends it; `usage: false`: it says none, and ours stands in.
const harmless = {
  'with usage in the first chunk': { play: send(say.text('one ', with_usage) + say.text('two ') + say.text('three') + say.finish() + say.done) },
  'with usage in every chunk': { play: send(say.text('one ', { usage: { prompt_tokens: 10, completion_tokens: 1 } }) + say.text('two ', { usage: { prompt_tokens: 10, completion_tokens: 2 } }) + say.text('three') + say.finish('stop', with_usage) + say.done) },
  'with usage beside the finish reason': { play: send(words + say.finish('stop', with_usage) + say.done) },
  'with usage inside the choice': { play: send(words + `data: ${JSON.stringify({ choices: [{ index: 0, delta: {}, finish_reason: 'stop', ...with_usage }] })}\n\n` + say.done) },
  'with usage behind [DONE]': { play: send(words + say.finish() + say.done + say.usage(10, 3)), usage: false },
  'with usage: null all along': { play: send(say.text('one ', { usage: null }) + say.text('two ', { usage: null }) + say.text('three') + end) },
  'with comments between events and inside of them': { play: send(`: hello\n\n${say.text('one ')}:\n:\n\n${say.text('two ').replace('data:', ': keep-alive\ndata:')}${say.text('three')}: bye\n\n${end}`) },
  'with CR LF': { play: send((words + end).replaceAll('\n', '\r\n')) },
  'with CR alone': { play: send((words + end).replaceAll('\n', '\r')) },
  'with a byte order mark': { play: send(`\uFEFF${words}${end}`) },
  'with id, event and retry lines': { play: send((words + end).replaceAll('data:', 'id: 7\nevent: message\nretry: 10\ndata:')) },
  'with data over several lines': { play: send((words + end).replaceAll('"choices":', '\ndata: "choices":')) },
  'byte by byte': { play: async (ask) => { ask.socket.setNoDelay(true); for (const byte of Buffer.from(words + end)) await ask.write(Buffer.from([byte])); ask.res.end(); } },
  'with two finish reasons': { play: send(words + say.finish('stop') + say.finish('length') + say.usage(10, 3) + say.done) },
  'with text behind the finish reason': { play: send(words + say.finish() + say.text(' four') + say.usage(10, 3) + say.done) },
  'with rubbish behind the finish reason': { play: send(`${words}${say.finish()}data: {"choices":[{"ind\n\n${say.usage(10, 3)}${say.done}`) },
  'with an error behind the finish reason': { play: send(`${words}${say.finish()}data: {"error":{"message":"too late"}}\n\n`), usage: false },
  'with data behind [DONE]': { play: send(words + end + words + end) },
  'without [DONE]': { play: send(words + say.finish() + say.usage(10, 3)) },
  'without a finish reason, but with [DONE]': { play: send(words + say.usage(10, 3) + say.done) },
  'without the last blank line': { play: send((words + say.finish('stop', with_usage)).trimEnd()) },
  'that is reset behind its finish reason': { play: async (ask) => { await ask.write(words + say.finish('stop', with_usage)); await sleep(20); ask.cut(); } },
  'that stays open behind its finish reason': { play: async (ask) => { await ask.write(words + say.finish('stop', with_usage)); await ask.left; }, quick: true },
  'that goes on for ever behind its finish reason': { play: for_ever(words + say.finish('stop', with_usage), ': more\n\n', 20), quick: true },
  'with a line of nearly a mebibyte': { play: send(say.text('x'.repeat(mebibyte - 1024)) + end), said: 'x'.repeat(mebibyte - 1024) },
  'with a second choice that nobody asked for': { play: send(words.replaceAll('"index":0', '"index":1') + words + end) },
};

// Not whole: before the first token the next candidate answers, after it the client is told.
const cuts = {
  'ends without a finish reason and [DONE]': then(words, ''),
  'has a malformed chunk': then(words, `data: {"choices":[{"ind\n\n${end}`),
  'has a chunk that is no object': then(words, `data: [1,2]\n\n${end}`),
  'has a line over a mebibyte': then(words, say.text('x'.repeat(mebibyte + 1024)) + end),
  'has a line without an end': for_ever(`${words}data: {"x":"`, 'x'.repeat(65536)),
  'says nothing but comments from some point on': for_ever(words, ': ping\n\n', 50),
  'says nothing but empty pieces from some point on': for_ever(words, say.text(''), 50),
  'never stops talking': for_ever(words, say.text('again and '.repeat(2000))),
  'never stops thinking': for_ever(words, `data: ${JSON.stringify({ choices: [{ index: 0, delta: { reasoning_content: 'hm '.repeat(6000) } }] })}\n\n`),
  'drips for ever': for_ever(words, say.text('.'), 50),
};
const piece_of_call = (args) => `data: ${JSON.stringify({ choices: [{ index: 0, delta: { tool_calls: [{ index: 0, id: 'c1', type: 'function', function: { name: 'f', arguments: args } }] } }] })}\n\n`;
const early = {
  'ends at once': send(''),
  'says nothing but comments': for_ever('', ': ping\n\n', 50),
  'says nothing but [DONE]': send(say.done),
  'is an endless tool call': for_ever(piece_of_call('{"a":"'), `data: ${JSON.stringify({ choices: [{ index: 0, delta: { tool_calls: [{ index: 0, function: { arguments: 'x'.repeat(30_000) } }] } }] })}\n\n`),
  'is made of endless tool calls': for_ever('', piece_of_call('{}').replace('"index":0,"id":"c1"', `"index":0,"id":"${'c'.repeat(300)}"`)),
  'begins with a line over a mebibyte': send(say.text('x'.repeat(mebibyte + 1024)) + end),
};

// Each frame a chunk of its own, and all of it in one write.
const frames_at_once = 200;
const at_once = async (ask) => {
  const frames = [...Array(frames_at_once).keys()].map((i) => say.text(`${i} `));
  ask.socket.end(`HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\nTransfer-Encoding: chunked\r\n\r\n${[...frames, say.finish(), say.usage(10, 3), say.done].map(chunk).join('')}0\r\n\r\n`);
};

describe('streams', () => {
  let provider;
  let router;
  const scope = suite_scope();
  const plays = new Map();
  const name_of = (play) => [...plays].find(([, p]) => p === play)[0];
  before(async () => {
    [...Object.values(harmless).map((h) => h.play), ...Object.values(cuts), ...Object.values(early)].forEach((play, i) => plays.set(`box-${i}`, play));
    plays.set('at-once', at_once);
    plays.set('second', (ask) => ask.answer('second to none'));
    provider = await start_provider(scope, (ask) => plays.get(ask.name)(ask));
    const timeouts = { connect: '2s', first_byte: '3s', idle: '1s', total: '6s' };
    const providers = Object.fromEntries([...plays].map(([name, play]) => [name, { base_url: provider.url(name), ...(endless.has(play) ? { timeouts } : {}) }]));
    const profiles = Object.fromEntries([...plays.keys()].map((name) => [name, { chain: [`${name}/any-model`, 'second/any-model'] }]));
    const emulator = await start_emulator(scope);
    router = await Router.start(scope, { emulator, chain: ['second/any-model'], boxes: [...plays.keys()], providers, rest: { profiles, routing: { continue_streams: false, sticky: '0s' } } });
  });
  const ask = async (play, more = {}) => {
    const began = Date.now();
    const name = name_of(play);
    const answer = await router.stream({ model: `auto:${name}`, stream_options: { include_usage: true }, ...more }, { heard: () => provider.heard(name) });
    return { ...answer, ms: Date.now() - began };
  };

  for (const [name, { play, said = text, usage = true, quick }] of Object.entries(harmless)) {
    it(`${name} are answers`, async () => {
      const answer = await ask(play);
      assert.equal(answer.status, 200, answer.text);
      assert.equal(answer.headers['x-routed-via'], `${name_of(play)}/any-model`, answer.headers['x-fallback-trail']);
      assert.equal(answer.content, said);
      assert.deepEqual(answer.finishes, ['stop']);
      assert.equal(answer.done, 1);
      assert.equal(answer.after_done, false);
      assert.equal(answer.error, undefined);
      if (usage && said === text) assert.deepEqual([answer.usage.prompt_tokens, answer.usage.completion_tokens], [10, 3]);
      if (quick) assert.ok(answer.ms < 4000 * slack, `${answer.ms} ms`);
    });
  }

  for (const [name, play] of Object.entries(cuts)) {
    it(`a stream that ${name} ends with an error event in time`, async () => {
      const answer = await ask(play);
      assert.equal(answer.status, 200, answer.text);
      assert.ok(answer.content.startsWith('one '), answer.text.slice(0, 500));
      assert.ok(answer.content.length + answer.reasoning.length <= 17 * mebibyte);
      assert.ok(answer.error, answer.text.slice(-500));
      assert.deepEqual(answer.finishes, []);
      assert.equal(answer.done, 0);
      assert.ok(answer.ms < 9000 * slack, `${answer.ms} ms`);
    });
  }

  for (const [name, play] of Object.entries(early)) {
    it(`a stream that ${name} is the next candidate's`, async () => {
      const answer = await ask(play);
      assert.equal(answer.status, 200, answer.text);
      assert.equal(answer.content, 'second to none');
      assert.equal(answer.headers['x-fallback-attempts'], '1');
      assert.deepEqual(answer.finishes, ['stop']);
      assert.ok(answer.ms < 9000 * slack, `${answer.ms} ms`);
    });
  }

  it('frames that come together go on together', async () => {
    const body = JSON.stringify({ model: 'auto:at-once', stream: true, messages: [{ role: 'user', content: 'hello' }] });
    const { text: bytes } = await send_raw(router.port, post(router, body), { until: (seen) => seen.endsWith('\r\n0\r\n\r\n') });
    assert.equal(bytes.match(/"content":"\d+ "/g)?.length, frames_at_once, bytes);
    const written = bytes.match(/\r\n[0-9a-f]+\r\ndata:/g).length;
    assert.ok(written <= frames_at_once / 5, `${written} writes`);
  });

  it('leaves no provider waiting and no memory behind', async () => {
    await router.until(() => provider.asked.every((a) => a.gone || a.res.writableEnded), 'every call to be over');
    const resident = memory_of(router.process.pid);
    assert.ok(resident < 200 * slack, `${resident} MiB`);
  });
});
