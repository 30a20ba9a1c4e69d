// A stream that breaks after its first token goes on from the next model: one answer, nothing twice, nothing lost.
import assert from 'node:assert/strict';
import { after, before, describe, it } from 'node:test';
import { Router, start_emulator } from '../e2e/router.mjs';

const long = 'The bridge over the Rhine was opened in 1911; its five arches — built of stone — carry two tracks. 🚂 Trains cross it every four minutes.\n\n- first: the piers\n- second: the deck\n\nWith kind regards';
const model = { tools: true, vision: true, json: 'schema', context: 131072 };
const timeouts = { connect: '2s', first_byte: '1s', idle: '1s', total: '20s' };

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
  const teardown = [];
  const scope = { after: (f) => teardown.push(f) };
  const cuts = { 'a reset': { cut: { after_chunks: 12, how: 'rst' } }, 'a close': { cut: { after_chunks: 12, how: 'fin' } }, 'a legal end of the body': { cut_legal: { after_chunks: 12 } },
    'a stall': { stall: { after_chunks: 12 } }, 'a malformed chunk': { malformed_chunk: { after_chunks: 12 } }, 'broken framing': { bad_chunk_header: { after_chunks: 12 } },
    'an error in the stream': { error_in_stream: { after_chunks: 12 } }, 'an endless line': { endless_line: { after_chunks: 12 } } };
  const cases = Object.keys(cuts).flatMap((cut) => Object.keys(next).map((name) => ({ cut, name })));
  before(async () => {
    emulator = await start_emulator(scope);
    const firsts = cases.map((_, i) => `first-${i}`);
    emulator.script([...cases.map(({ cut }, i) => ({ match: { provider: `first-${i}` }, action: cuts[cut] })),
      // A model that says nothing to the beginning of its own answer, and goes on when it is asked by the anchor.
      { match: { provider: 'silent', contains: '<<<' }, action: 'normal' }, ...Object.entries(next).map(([name, { action }]) => ({ match: { provider: name }, action }))]);
    const providers = Object.fromEntries([...firsts.map((name) => [name, { timeouts }]), ...Object.entries(next).map(([name, { prefill = false }]) => [name, { timeouts, models: { 'any-model': { ...model, prefill } } }])]);
    const profiles = Object.fromEntries(cases.map(({ name }, i) => [`p-${i}`, { chain: [`first-${i}`, name] }]));
    router = await Router.start(scope, { emulator, chain: ['anchored'], boxes: Object.keys(providers), providers, rest: { profiles } });
  });
  after(async () => {
    for (const f of teardown.reverse()) await f();
  });

  cases.forEach(({ cut, name }, i) => {
    it(`by ${cut} goes on from the next model (${name})`, async () => {
      const answer = await router.stream({ model: `auto:p-${i}`, messages: [{ role: 'user', content: `!say ${long}` }], stream_options: { include_usage: true } });
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
