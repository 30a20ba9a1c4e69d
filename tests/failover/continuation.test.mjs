// A stream that breaks after its first token goes on from the next model: one answer, nothing twice, nothing lost.
import assert from 'node:assert/strict';
import { before, describe, it } from 'node:test';
import { Router, say, start_emulator, suite_scope } from '../e2e/router.mjs';

const long = 'The bridge over the Rhine was opened in 1911; its five arches — built of stone — carry two tracks. 🚂 Trains cross it every four minutes.\n\n- first: the piers\n- second: the deck\n\nWith kind regards';
const model = { tools: true, vision: true, json: 'schema', context: 131072 };
// For those whom only time ends: a busy machine may hold up anybody else for as long.
const timeouts = { first_byte: '1s', idle: '1s' };

// The next models: what they are asked for and how they follow.
const next = {
  anchored: { action: 'normal' },
  restart: { action: { going_on: 'restart' } },
  preamble: { action: { going_on: 'preamble' } },
  fence: { action: { going_on: 'fence' } },
  straight: { prefill: true, action: 'normal' },
  echo: { prefill: true, action: { going_on: 'restart' } },
  refuser: { prefill: true, action: 'refuse_straight' },
  silent: { prefill: true, action: { going_on: 'silent' } },
};

// One stream that was continued, or one that was not cut.
function whole_answer(answer, text) {
  assert.equal(answer.status, 200, answer.text);
  assert.equal(answer.error, undefined, answer.text);
  assert.equal(answer.content, text);
  assert.deepEqual(answer.finishes.length, 1, answer.text);
  assert.equal(answer.done, 1);
  assert.equal(answer.after_done, false);
  const chunks = answer.frames.filter((f) => f.choices);
  assert.equal(new Set(chunks.map((f) => `${f.id} ${f.created} ${f.model}`)).size, 1);
  assert.equal(chunks.filter((f) => f.choices[0]?.delta?.role).length, 1);
}

describe('a stream that is cut after its first token', () => {
  let emulator;
  let router;
  const scope = suite_scope();
  // `gate`: it opens when the client has had the first of the answer.
  const cuts = { 'a reset': (gate) => ({ cut: { after_chunks: 12, how: 'rst', gate } }), 'a close': (gate) => ({ cut: { after_chunks: 12, how: 'fin', gate } }),
    'a legal end of the body': (gate) => ({ cut_legal: { after_chunks: 12, gate } }), 'a stall': () => ({ stall: { after_chunks: 12 } }),
    'a malformed chunk': (gate) => ({ malformed_chunk: { after_chunks: 12, gate } }), 'broken framing': (gate) => ({ bad_chunk_header: { after_chunks: 12, gate } }),
    'an error in the stream': (gate) => ({ error_in_stream: { after_chunks: 12, gate } }), 'an endless line': (gate) => ({ endless_line: { after_chunks: 12, gate } }) };
  const cases = Object.keys(cuts).flatMap((cut) => Object.keys(next).map((name) => ({ cut, name })));
  before(async () => {
    emulator = await start_emulator(scope);
    const firsts = cases.map((_, i) => `first-${i}`);
    emulator.script([...cases.map(({ cut }, i) => ({ match: { provider: `first-${i}` }, action: cuts[cut](`heard-${i}`) })),
      // A model that says nothing to the beginning of its own answer, and goes on when it is asked by the anchor.
      { match: { provider: 'silent', contains: '<<<' }, action: 'normal' }, ...Object.entries(next).map(([name, { action }]) => ({ match: { provider: name }, action }))]);
    const providers = Object.fromEntries([...firsts.map((name, i) => [name, cases[i].cut === 'a stall' ? { timeouts } : {}]), ...Object.entries(next).map(([name, { prefill = false }]) => [name, { models: { 'any-model': { ...model, prefill } } }])]);
    const profiles = Object.fromEntries(cases.map(({ name }, i) => [`p-${i}`, { chain: [`first-${i}`, name] }]));
    router = await Router.start(scope, { emulator, chain: ['anchored'], boxes: Object.keys(providers), providers, rest: { profiles } });
  });

  cases.forEach(({ cut, name }, i) => {
    it(`by ${cut} goes on from the next model (${name})`, async () => {
      const answer = await router.stream({ model: `auto:p-${i}`, messages: [{ role: 'user', content: `!say ${long}` }], stream_options: { include_usage: true } }, { heard: () => emulator.open_gate(`heard-${i}`) });
      whole_answer(answer, long);
      assert.equal(answer.headers['x-routed-via'], `first-${i}/any-model`);
      assert.match(answer.text, new RegExp(`^: continued by ${name}/any-model$`, 'm'));
      // The prompt of both, and the words of both.
      assert.ok(answer.usage.prompt_tokens > long.length / 4 * 2, JSON.stringify(answer.usage));
      assert.ok(answer.usage.completion_tokens > 12);
    });
  });

  it('no request that a provider refuses for its form leaves the router', () => {
    assert.deepEqual(emulator.journal_entries().flatMap((e) => e.violations), []);
  });
});

describe('how an answer goes on', () => {
  const box = { models: { 'any-model': model } };
  // A router of its own, for its benches are its own.
  async function chain(t, rules, { names = ['a', 'b'], providers = {}, rest = {} } = {}) {
    const emulator = await start_emulator(t);
    emulator.script(rules);
    const router = await Router.start(t, { emulator, chain: names, boxes: names, providers: { ...Object.fromEntries(names.map((n) => [n, box])), ...providers }, rest });
    return router;
  }
  const cut = (provider, after_chunks = 12, more = {}) => ({ match: { provider, ...more }, action: { cut: { after_chunks, how: 'fin' } } });

  it('not at all where the policy or the client says so, and the client may say otherwise', async (t) => {
    const off = await chain(t, [cut('a')], { rest: { routing: { continue_streams: false } } });
    const answer = await off.stream({ messages: say(long) });
    assert.equal(answer.error.code, 'truncated_stream');
    assert.deepEqual([answer.finishes.length, answer.done], [0, 0]);
    assert.equal(off.emulator.journal_entries({ provider: 'b' }).length, 0);
    whole_answer(await off.stream({ messages: say(long) }, { headers: { 'x-continue-stream': 'on' } }), long);
    const on = await chain(t, [cut('a')]);
    assert.equal((await on.stream({ messages: say(long) }, { headers: { 'x-continue-stream': 'off' } })).error.code, 'truncated_stream');
  });

  it('over several cuts, each leg from where the one before it stopped', async (t) => {
    const router = await chain(t, [cut('a', 6), cut('b', 20), cut('c', 30)], { names: ['a', 'b', 'c', 'd'] });
    const answer = await router.stream({ messages: say(long), stream_options: { include_usage: true } });
    whole_answer(answer, long);
    assert.deepEqual(answer.text.match(/^: continued by .*$/gm), [': continued by b/any-model', ': continued by c/any-model', ': continued by d/any-model']);
    const told = await router.get(`/v1/explain/${answer.headers['x-request-id']}`);
    assert.match(told.text, /a\/any-model keyless=cut:truncated_stream; b\/any-model keyless=cut:truncated_stream; c\/any-model keyless=cut:truncated_stream/);
    assert.match(told.text, /"provider":"d"/);
  });

  it('no further than three legs: then a clean error', async (t) => {
    const names = ['a', 'b', 'c', 'd', 'e'];
    const router = await chain(t, names.map((n, i) => cut(n, 4 + 2 * i)), { names });
    const answer = await router.stream({ messages: say('a b c d e f g h i j k l m n o p q r s t u v w x y z') });
    assert.equal(answer.error.code, 'truncated_stream');
    assert.deepEqual([answer.finishes.length, answer.done], [0, 0]);
    assert.ok('a b c d e f g h i j k l m n o p q r s t u v w x y z'.startsWith(answer.content));
    assert.equal(router.emulator.journal_entries({ provider: 'e' }).length, 0);
  });

  it('by the same model, when there is no other', async (t) => {
    const router = await chain(t, [{ ...cut('a'), times: 1 }], { names: ['a'] });
    whole_answer(await router.stream({ model: 'a/any-model', messages: say(long) }), long);
  });

  it('with nothing of a model that does not go on from there: the next one is asked', async (t) => {
    const router = await chain(t, [cut('a'), { match: { provider: 'b' }, action: { going_on: 'stray' } }], { names: ['a', 'b', 'c'] });
    whole_answer(await router.stream({ messages: say(long) }), long);
    const alone = await chain(t, [cut('a'), { match: { provider: 'b' }, action: { going_on: 'stray' } }]);
    const answer = await alone.stream({ messages: say(long) }, {});
    assert.ok(answer.error || answer.content === long);
    assert.ok(long.startsWith(answer.content), answer.content);
    // It is no worse a model for that.
    assert.equal((await alone.chat({ model: 'b/any-model', messages: say('hello') })).json.choices[0].message.content, 'hello');
  });

  it('past candidates that refuse or are silent, which are benched like any other time', async (t) => {
    const router = await chain(t, [cut('a'), { match: { provider: 'b' }, action: { rate_limit: { retry_after: '30', in: 'header' } } }, { match: { provider: 'c' }, action: 'silence' }], { names: ['a', 'b', 'c', 'd'], providers: { c: { ...box, timeouts } } });
    whole_answer(await router.stream({ messages: say(long) }), long);
    const again = await router.chat({ model: 'b/any-model', messages: say('hello') });
    assert.equal(again.status, 429);
    assert.ok(router.emulator.journal_entries({ provider: 'b' }).length === 1, 'the bench holds');
  });

  it('afresh, when nothing but thoughts had come', async (t) => {
    const router = await chain(t, [{ match: { provider: 'a' }, action: { reasoning: 'Let me think about that for a while', cut: { after_chunks: 4, how: 'fin' } } }]);
    const answer = await router.stream({ messages: say(long) });
    whole_answer(answer, long);
    assert.match(answer.reasoning, /^Let me/);
    assert.doesNotMatch(router.emulator.journal_entries({ provider: 'b' })[0].body, /<<</);
  });

  it('without the thoughts of the model that goes on', async (t) => {
    const router = await chain(t, [cut('a')]);
    const answer = await router.stream({ messages: [{ role: 'user', content: `!say ${long} !think` }] });
    whole_answer(answer, `${long} !think`);
  });

  it('with the rest of what the client allows, and with the whole conversation', async (t) => {
    const router = await chain(t, [cut('a', 10)]);
    const words = Array.from({ length: 60 }, (_, i) => `word${i}`).join(' ');
    const messages = [{ role: 'system', content: 'Be brief.' }, { role: 'user', content: 'hi' }, { role: 'assistant', content: 'hello' }, ...say(words)];
    whole_answer(await router.stream({ messages, max_tokens: 400 }), words);
    const [first] = router.emulator.journal_entries({ provider: 'a' });
    const [second] = router.emulator.journal_entries({ provider: 'b' });
    const asked = JSON.parse(second.body);
    assert.deepEqual(asked.messages.slice(0, 4), JSON.parse(first.body).messages);
    assert.equal(asked.messages[4].content, 'word0 word1 word2 word3 word4 word5 word6 word7 word8 word9');
    const bound = asked.max_tokens ?? asked.max_completion_tokens;
    assert.ok(bound < 400 + 130 && bound > 400 - 60, String(bound));
  });

  it('only where it fits: a model whose window is too small for the text is passed by', async (t) => {
    const router = await chain(t, [cut('a', 3000)], { names: ['a', 'b', 'c'], providers: { b: { ...box, models: { 'any-model': { ...model, context: 3500 } } } } });
    const answer = await router.stream({ messages: [{ role: 'user', content: '!count 4000' }] });
    whole_answer(answer, Array.from({ length: 4000 }, (_, i) => i + 1).join(' '));
    assert.equal(router.emulator.journal_entries({ provider: 'b' }).length, 0);
  });

  it('reserves quota like any request: a full one is not asked', async (t) => {
    const quota = [{ limit: 1, of: 'requests', per: 'hour' }];
    const router = await chain(t, [cut('a')], { names: ['a', 'b', 'c'], providers: { b: { ...box, quota } } });
    assert.equal((await router.chat({ model: 'b/any-model' })).status, 200);
    whole_answer(await router.stream({ messages: say(long) }), long);
    assert.equal(router.emulator.journal_entries({ provider: 'b' }).length, 1);
  });

  it('a client that leaves while it goes on takes the upstream with it', async (t) => {
    const router = await chain(t, [cut('a'), { match: { provider: 'b' }, action: { slow: { ms: 50 } } }]);
    const leaver = new AbortController();
    const left = router.chat({ stream: true, messages: [{ role: 'user', content: '!count 400' }] }, { signal: leaver.signal }).catch(() => 'left');
    await router.until(() => router.emulator.journal_entries({ provider: 'b' }).some((e) => e.chunks_sent > 2), 'the second leg');
    leaver.abort();
    assert.equal(await left, 'left');
    await router.until(() => router.emulator.journal_entries({ provider: 'b' }).every((e) => e.ended === 'client_closed'), 'the upstream to be cancelled');
    await router.until(async () => !JSON.stringify((await router.get('/v1/quota')).json).match(/"reserved":[1-9]/), 'nothing to be reserved');
  });

  it('in JSON mode never to what is none: an error instead', async (t) => {
    const object = JSON.stringify({ bridge: 'over the Rhine', arches: [1, 2, 3], opened: 1911 });
    const astray = `${object.slice(0, 40)} and so on, as I said.`;
    const rules = [{ match: { provider: 'a' }, action: { text: { text: object, chunks: 20 }, cut: { after_chunks: 10, how: 'fin' } } }, { match: { provider: 'b' }, action: { text: { text: astray, chunks: 20 } } }];
    const router = await chain(t, rules);
    const answer = await router.stream({ messages: [{ role: 'user', content: 'JSON please' }], response_format: { type: 'json_object' } });
    assert.ok(object.startsWith(answer.content), answer.content);
    assert.ok(answer.error);
    assert.deepEqual([answer.finishes.length, answer.done], [0, 0]);
  });
});
