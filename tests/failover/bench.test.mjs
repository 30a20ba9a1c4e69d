// The sixteen faults of the public Failover Bench (failoverbench/failoverbench, methodology v0.1), in its order: a primary that does
// them, a secondary that is well. Passed is what the bench calls so: the client gets one whole answer, in time, and nothing else.
// In the test run waits are scaled; FULL=1 waits the real 20, 30 and 60 seconds.
import assert from 'node:assert/strict';
import { after, before, describe, it } from 'node:test';
import { Router, sleep, start_emulator, suite_scope } from '../e2e/router.mjs';
import { asked_to_go_on, rest_of, say, start_provider } from './provider.mjs';

const full = process.env.FULL === '1';
const seconds = (n) => n * (full ? 1000 : 50);
// In full the figures of the README's policy and the router's own. Those of custom's manifest, 120 s, are for slow machines at home:
// with them a provider that never answers costs a request that is not streamed the whole 60 s of S06. Scaled, they are for those
// who wait alone: a busy machine may hold up anybody else for as long.
const timeouts = ({ waits }) => (full ? { first_byte: '15s', idle: '30s' } : waits ? { first_byte: '600ms', idle: '700ms' } : {});
const in_time = full ? 60_000 : 8_000;

const whole = Array.from({ length: 60 }, (_, i) => `word${i}`).join(' ') + ', and that is all.';
const half = whole.slice(0, whole.indexOf('word23'));
const words_of = (text) => text.match(/\S+\s*/g);
const begin = async (ask, text = half) => {
  for (const word of words_of(text)) await ask.write(say.text(word));
};
const well = (ask) => ask.answer(rest_of(whole, ask.body));
const too_long = { error: { message: "This model's maximum context length is 8192 tokens. However, your messages resulted in 9000 tokens.", type: 'invalid_request_error', param: 'messages', code: 'context_length_exceeded' } };
const filtered = { error: { message: 'The response was filtered due to the prompt triggering content management policy.', type: 'invalid_request_error', param: 'prompt', code: 'content_filter' } };
const no_prefill = { error: { message: 'This model does not support assistant message prefill. The conversation must end with a user message.', type: 'invalid_request_error', param: 'messages', code: 'invalid_request_error' } };
const broken = (status, message = 'The server had an error.') => ({ status, error: { error: { message, type: 'server_error', code: null } } });
const fail = (ask, { status, error }, headers) => ask.json(status, error, headers);

// `play` is the primary's; `only` a mode. `check` has more to say than that the answer is whole.
const faults = {
  S01: { name: '429 with Retry-After', play: (ask) => fail(ask, broken(429, 'Rate limit reached.'), { 'retry-after': '30' }), times: 3,
    check: ({ primary }) => assert.equal(primary.length, 1, 'it was asked again before it said') },
  S02: { name: '429 without Retry-After', play: (ask) => fail(ask, broken(429, 'Rate limit reached.')), times: 3,
    check: ({ primary }) => assert.ok(primary.length <= 2) },
  S03: { name: '500 once', play: (ask) => (ask.nth === 0 ? fail(ask, broken(500)) : well(ask)), times: 2 },
  S04: { name: '503 for good', play: (ask) => fail(ask, broken(503)), times: 10,
    check: ({ primary }) => assert.ok(primary.length <= 4, `a dead primary was asked ${primary.length} times`) },
  S05: { name: 'TCP reset', play: (ask) => ask.cut() },
  S06: { name: 'no response', play: (ask) => sleep(seconds(60)).then(() => ask.cut()), waits: true },
  S07: { name: '20 s first token', play: async (ask) => { ask.head(); await sleep(seconds(20)); await well(ask); }, only: 'stream', waits: true },
  S08: { name: 'cut stream', play: async (ask) => { await begin(ask); ask.cut(); }, only: 'stream' },
  S09: { name: '30 s stall', play: async (ask) => { await begin(ask); await sleep(seconds(30)); await ask.answer(whole.slice(half.length)); }, only: 'stream', waits: true },
  S10: { name: 'malformed chunk', play: async (ask) => { await begin(ask); await ask.write('data: {"id":"x","choices":[{"index":0,"delta":{"conte\n\n'); await ask.answer(whole.slice(half.length)); }, only: 'stream' },
  S11: { name: 'missing [DONE]', play: (ask) => ask.answer(whole, { last: [say.finish()] }), only: 'stream' },
  S12: { name: 'context 400', play: (ask) => fail(ask, { status: 400, error: too_long }), small: true },
  S13: { name: 'content-filter 400', play: (ask) => fail(ask, { status: 400, error: filtered }), refused: { status: 400, code: 'content_filter' } },
  S14: { name: 'cut + no prefill', play: async (ask) => { await begin(ask); ask.cut(); }, only: 'stream',
    second: (ask) => (asked_to_go_on(ask.body)?.prefill ? fail(ask, { status: 400, error: no_prefill }) : well(ask)),
    check: ({ secondary }) => assert.deepEqual(secondary.map((a) => asked_to_go_on(a.body)?.prefill), [true, false]) },
  S15: { name: 'flapping primary', play: (ask) => (ask.nth % 2 === 0 ? fail(ask, broken(503)) : well(ask)), times: 12 },
  S16: { name: 'fail-over accounting', play: (ask) => fail(ask, broken(500)), account: true },
};

const rows = [];
for (const mode of ['whole', 'stream']) describe(`Failover Bench, ${mode}`, () => {
  let router;
  let provider;
  const scope = suite_scope();
  const cases = Object.entries(faults).filter(([, fault]) => !fault.only || fault.only === mode);
  before(async () => {
    provider = await start_provider(scope, (ask) => {
      const [role, id] = ask.name.split('-');
      const fault = faults[id.toUpperCase()];
      return role === 'first' ? fault.play(ask) : (fault.second ?? well)(ask);
    });
    const providers = {};
    const profiles = {};
    for (const [name, fault] of cases) {
      const id = name.toLowerCase();
      for (const role of ['first', 'second']) {
        const model = { tools: true, context: role === 'first' && fault.small ? 8192 : 131_072, prefill: fault.second !== undefined, quota: { rpd: 1000, tpd: 1_000_000 } };
        providers[`${role}-${id}`] = { base_url: provider.url(`${role}-${id}`), models: { 'any-model': model }, timeouts: timeouts(role === 'first' ? fault : {}) };
      }
      profiles[id] = { chain: [`first-${id}/any-model`, `second-${id}/any-model`] };
    }
    const emulator = await start_emulator(scope);
    router = await Router.start(scope, { emulator, chain: ['second-s01'], boxes: Object.keys(providers), providers, rest: { profiles, routing: { sticky: '0s' } } });
  });
  after(() => {
    if (mode === 'stream') console.log(`\n${rows.map((r) => `# ${r}`).join('\n')}\n# ${rows.filter((r) => r.includes(' pass')).length} of ${rows.length} runs of 16 faults passed${full ? ' with real waits' : ''}\n`);
  });

  const ask = async (id) => {
    const began = Date.now();
    const body = { model: `auto:${id}`, messages: [{ role: 'user', content: 'Say the words.' }], ...(mode === 'stream' ? { stream: true, stream_options: { include_usage: true } } : {}) };
    const answer = mode === 'stream' ? await router.stream(body) : await router.chat(body);
    return { ...answer, ms: Date.now() - began, content: answer.content ?? answer.json?.choices?.[0]?.message.content, finishes: answer.finishes ?? [answer.json?.choices?.[0]?.finish_reason] };
  };

  for (const [name, fault] of cases) {
    const id = name.toLowerCase();
    it(`${name}: ${fault.name}`, async () => {
      let verdict = 'fail';
      let slowest = 0;
      try {
        for (let i = 0; i < (fault.times ?? 1); i += 1) {
          const answer = await ask(id);
          slowest = Math.max(slowest, answer.ms);
          assert.ok(answer.ms < in_time, `${answer.ms} ms`);
          if (fault.refused) {
            assert.equal(answer.status, fault.refused.status, answer.text);
            assert.equal(JSON.parse(answer.text).error.code, fault.refused.code);
            assert.equal(provider.of(`second-${id}`).length, 0);
            continue;
          }
          assert.equal(answer.status, 200, answer.text);
          assert.equal(answer.content, whole, answer.text.slice(-600));
          assert.deepEqual(answer.finishes, ['stop']);
          assert.ok(!answer.error);
          if (mode === 'stream') assert.equal(answer.done, 1);
          const usage = answer.usage ?? answer.json.usage;
          assert.ok(usage.prompt_tokens > 0 && usage.completion_tokens > 0, JSON.stringify(usage));
          if (!fault.account) continue;
          assert.deepEqual([usage.prompt_tokens, usage.completion_tokens], [10, words_of(whole).length]);
          assert.equal(Number(answer.headers['x-fallback-attempts']), provider.of(`first-${id}`).length);
          assert.equal(answer.headers['x-routed-via'], `second-${id}/any-model`);
          // The ledger has what is billed, and no more: a refusal costs nothing here, an answer its request and its tokens.
          const { counters } = (await router.get('/v1/quota')).json;
          const used = (role, of) => counters.filter((c) => c.provider === `${role}-${id}` && c.of === of).map((c) => c.used);
          assert.deepEqual([used('first', 'requests'), used('first', 'tokens')], [[0], [0]]);
          assert.deepEqual([used('second', 'requests'), used('second', 'tokens')], [[1], [10 + words_of(whole).length]]);
        }
        fault.check?.({ primary: provider.of(`first-${id}`), secondary: provider.of(`second-${id}`) });
        verdict = 'pass';
      } finally {
        rows.push(`${name} ${fault.name.padEnd(24)} ${mode.padEnd(7)} ${verdict} ${String(slowest).padStart(6)} ms`);
      }
    });
  }
});
