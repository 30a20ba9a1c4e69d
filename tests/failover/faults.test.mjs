// Every fault on the first provider of a chain ends in an answer from the second, whole and streamed, with the right trail.
import assert from 'node:assert/strict';
import { before, describe, it } from 'node:test';
import { Router, start_emulator, suite_scope } from '../e2e/router.mjs';

// A fault of the emulator, and the class that the trail must name. `whole` and `stream` say where it applies.
const faults = [
  ...['7', '1.5', '2m59.56s', 'http-date'].map((retry_after) => ({ name: `429 with Retry-After ${retry_after}`, action: { rate_limit: { retry_after, in: 'header' } }, outcome: 'rate_limited' })),
  { name: '429 with retry-after-ms', action: { rate_limit: { retry_after: '2', in: 'header_ms' } }, outcome: 'rate_limited' },
  { name: '429 with the hint in the body', action: { rate_limit: { retry_after: '9', in: 'body' } }, outcome: 'rate_limited' },
  { name: '429 with the hint in prose', action: { rate_limit: { retry_after: '2m59.56s', in: 'prose' } }, outcome: 'rate_limited' },
  { name: '429 without a hint', action: { rate_limit: { in: 'none' } }, outcome: 'rate_limited' },
  { name: '429 with an absurd Retry-After', action: { retry_after_absurd: { value: '1e999' } }, outcome: 'rate_limited' },
  { name: '401', action: 'auth', outcome: 'auth_invalid' },
  { name: '402', action: 'payment', outcome: 'payment_required' },
  { name: '403', action: 'forbidden', outcome: /auth_forbidden|model_forbidden/ },
  { name: '404', action: 'not_found', outcome: 'model_not_found' },
  { name: '410', action: 'gone', outcome: 'model_gone' },
  { name: '413', action: 'too_large', outcome: 'context_too_long', larger: true },
  { name: '400 context too long', action: { context_too_long: { limit: 8192, requested: 9000 } }, outcome: 'context_too_long', larger: true },
  { name: '400 for something else', action: { bad_request: { message: 'we do not like this' } }, outcome: 'bad_request' },
  ...[500, 502].map((status) => ({ name: `${status}`, action: { server_error: status }, outcome: 'server_error', twice: true })),
  ...[503, 529].map((status) => ({ name: `${status}`, action: { server_error: status }, outcome: 'overloaded' })),
  { name: 'a 502 web page', action: { server_error: 'html' }, outcome: 'server_error', twice: true },
  { name: 'a web page with 200', action: 'html_200', outcome: 'malformed_response' },
  { name: 'an error inside a 200', action: { error_in_200: {} }, outcome: /server_error|overloaded|unknown|rate_limited/ },
  { name: 'a redirect', action: { redirect: { status: 302, location: 'http://127.0.0.1:1/' } }, outcome: 'malformed_response' },
  { name: 'a connection closed without an answer', action: 'refuse', outcome: 'server_error', kept: true },
  { name: 'a reset before the headers', action: 'reset_before_headers', outcome: 'server_error', kept: true },
  { name: 'silence', action: 'silence', outcome: 'timeout' },
  { name: 'a slow first token', action: { slow_first_token: { ms: 60_000 } }, outcome: 'timeout' },
  { name: 'headers at once and a slow first token', action: { slow_first_token: { ms: 60_000, headers_first: true } }, outcome: 'timeout', only: 'stream' },
  { name: 'garbage in place of a status line', action: 'http_09', outcome: /truncated_stream|malformed_response/ },
  { name: 'a Content-Length longer than the body', action: { wrong_length: { extra: 100 } }, outcome: /truncated_stream|malformed_response/ },
  { name: 'too large a body', action: { oversize_body: { bytes: 40 * 1024 * 1024 } }, outcome: 'malformed_response', only: 'whole' },
  { name: 'a header bomb', action: { header_bomb: { count: 2000, bytes: 200 } }, outcome: 'malformed_response' },
  { name: 'a gzip bomb', action: { gzip_bomb: { bytes: 64 * 1024 * 1024 } }, outcome: /truncated_stream|malformed_response/ },
  { name: 'an empty completion', action: 'empty_completion', outcome: 'empty_completion' },
  { name: 'a cut before the first token', action: { cut: { after_chunks: 0, how: 'rst' } }, outcome: /truncated_stream|server_error/, only: 'stream' },
  { name: 'a clean end before the first token', action: { cut_legal: { after_chunks: 0 } }, outcome: /truncated_stream|empty_completion/, only: 'stream' },
  { name: 'a stream that only pings', action: { comment_flood: { count: 1_000, ms: 100 } }, outcome: 'timeout', only: 'stream' },
  { name: 'a stall before the first token', action: { stall: { after_chunks: 0 } }, outcome: 'timeout', only: 'stream' },
  { name: 'a malformed chunk before the first token', action: { malformed_chunk: { after_chunks: 0 } }, outcome: 'malformed_response', only: 'stream' },
  { name: 'broken chunk framing before the first token', action: { bad_chunk_header: { after_chunks: 0 } }, outcome: 'malformed_response', only: 'stream' },
  { name: 'an error in the stream before the first token', action: { error_in_stream: { after_chunks: 0 } }, outcome: /server_error|overloaded|unknown|rate_limited/, only: 'stream' },
];

// Bent, but an answer all the same: the first provider serves.
const harmless = [
  { name: 'CR LF line ends', action: 'crlf' },
  { name: 'data: without a space', action: 'no_space' },
  { name: 'one byte a packet', action: 'byte_by_byte' },
  { name: 'a flood of comments', action: { comment_flood: { count: 200 } } },
  { name: 'informational answers first', whole: true, action: { informational_flood: { count: 3 } } },
  { name: 'a missing [DONE]', action: 'missing_done' },
  { name: 'data after [DONE]', action: 'data_after_done' },
  { name: 'two finish reasons', action: 'two_finish_reasons' },
  { name: 'JSON in answer to a stream request', action: 'json_on_stream' },
  ...['negative', 'huge', 'string', 'missing'].map((value) => ({ name: `a ${value} usage figure`, whole: true, action: { usage_absurd: { value } } })),
];

// After the first token: the client must learn that the answer is not whole. `heard`: a gate that opens when it has had a part.
const cuts = [
  { name: 'a reset', action: (heard) => ({ cut: { after_chunks: 2, how: 'rst', gate: heard } }) },
  { name: 'a close', action: (heard) => ({ cut: { after_chunks: 2, how: 'fin', gate: heard } }) },
  { name: 'a legal end of the body without an end of the answer', action: (heard) => ({ cut_legal: { after_chunks: 2, gate: heard } }) },
  { name: 'a stall', action: () => ({ stall: { after_chunks: 2 } }) },
  { name: 'a malformed chunk', action: (heard) => ({ malformed_chunk: { after_chunks: 2, gate: heard } }) },
  { name: 'broken chunk framing', action: (heard) => ({ bad_chunk_header: { after_chunks: 2, gate: heard } }) },
  { name: 'an error in the stream', action: (heard) => ({ error_in_stream: { after_chunks: 2, gate: heard } }) },
  { name: 'an endless line', action: (heard) => ({ endless_line: { gate: heard } }) },
];

// For those whom only time ends. A busy machine may hold up anybody else for as long.
const timeouts = { first_byte: '1s', idle: '1s' };

for (const mode of ['whole', 'stream']) describe(`failover, ${mode}`, () => {
  let emulator;
  let router;
  const scope = suite_scope();
  // A provider of its own for every case, so that no case lives with another one's cooldowns.
  const cases = [];
  for (const fault of faults) {
    if (!fault.only || fault.only === mode) cases.push({ fault, name: `first-${cases.length}` });
  }
  for (const bend of harmless) {
    if (mode === 'stream' || bend.whole) cases.push({ bend, name: `bent-${cases.length}` });
  }
  before(async () => {
    emulator = await start_emulator(scope);
    const providers = {};
    const profiles = {};
    for (const { name, fault } of cases) {
      providers[name] = fault?.outcome === 'timeout' ? { timeouts } : {};
      if (fault?.larger) providers[name].models = { 'any-model': { tools: true, context: 8192 } };
      profiles[name] = { chain: [`${name}/any-model`, 'second/any-model'] };
    }
    emulator.script(cases.map(({ name, fault, bend }) => ({ match: { provider: name }, action: (fault ?? bend).action })));
    const boxes = [...cases.map(({ name }) => name), 'second'];
    router = await Router.start(scope, { emulator, chain: ['second'], boxes, providers, rest: { profiles } });
  });

  for (const { fault, name } of cases) {
    if (!fault) continue;
    it(`${fault.name} on the first provider is invisible to the client`, async () => {
      const ask = { model: `auto:${name}`, messages: [{ role: 'user', content: `!say the answer to ${name}` }] };
      const answer = mode === 'whole' ? await router.chat(ask) : await router.stream(ask);
      assert.equal(answer.status, 200, answer.text);
      assert.equal(answer.headers['x-routed-via'], 'second/any-model');
      // What may be a blip is tried twice in place.
      const hops = answer.headers['x-fallback-trail'].split('; ');
      if (fault.kept && hops.length > 1) assert.match(hops.shift(), /=reset$/, 'over a kept connection first');
      assert.equal(hops.length, fault.twice ? 2 : 1, answer.headers['x-fallback-trail']);
      assert.equal(answer.headers['x-fallback-attempts'], `${answer.headers['x-fallback-trail'].split('; ').length}`);
      for (const hop of hops) {
        const trail = new RegExp(`^${name}/any-model \\S+=(.*)$`).exec(hop);
        assert.ok(trail, hop);
        if (fault.outcome instanceof RegExp) assert.match(trail[1], fault.outcome);
        else assert.equal(trail[1], fault.outcome);
      }
      whole_answer(answer, `the answer to ${name}`);
    });
  }

  for (const { bend, name } of cases) {
    if (!bend) continue;
    it(`${bend.name} from the first provider is an answer all the same`, async () => {
      const ask = { model: `auto:${name}`, messages: [{ role: 'user', content: '!say one two three' }], ...(mode === 'stream' ? { stream_options: { include_usage: true } } : {}) };
      const answer = mode === 'whole' ? await router.chat(ask) : await router.stream(ask);
      assert.equal(answer.status, 200, answer.text);
      assert.equal(answer.headers['x-routed-via'], `${name}/any-model`, answer.headers['x-fallback-trail']);
      whole_answer(answer, 'one two three');
      const usage = mode === 'whole' ? answer.json.usage : answer.usage;
      for (const figure of [usage.prompt_tokens, usage.completion_tokens, usage.total_tokens]) {
        assert.ok(Number.isInteger(figure) && figure >= 0 && figure < 1e6, JSON.stringify(usage));
      }
    });
  }

  // The answer has this text, one end, and nothing behind it.
  function whole_answer(answer, text) {
    if (mode === 'whole') {
      assert.equal(answer.json.choices[0].message.content, text);
      assert.equal(answer.json.choices[0].finish_reason, 'stop');
      return;
    }
    assert.equal(answer.content, text);
    assert.deepEqual(answer.finishes, ['stop']);
    assert.equal(answer.done, 1);
    assert.equal(answer.after_done, false);
  }

  it('no request that a provider refuses for its form leaves the router', () => {
    assert.deepEqual(emulator.journal_entries().flatMap((e) => e.violations), []);
  });
});

describe('a stream that breaks after its first token', () => {
  let emulator;
  let router;
  const scope = suite_scope();
  before(async () => {
    emulator = await start_emulator(scope);
    emulator.script(cuts.map(({ action }, i) => ({ match: { provider: `cut-${i}` }, action: action(`heard-${i}`) })));
    const boxes = [...cuts.map((_, i) => `cut-${i}`), 'second'];
    router = await Router.start(scope, { emulator, chain: ['second'], boxes, providers: { [`cut-${cuts.findIndex(({ name }) => name === 'a stall')}`]: { timeouts } } });
  });

  cuts.forEach(({ name }, i) => {
    it(`by ${name} ends with an error event, and is never reported as whole`, async () => {
      const answer = await router.stream({ model: `cut-${i}/any-model`, messages: [{ role: 'user', content: '!count 50' }] }, { heard: () => emulator.open_gate(`heard-${i}`) });
      assert.equal(answer.status, 200);
      assert.match(answer.content, /^1/);
      assert.ok(answer.error, answer.text.slice(-400));
      assert.deepEqual(answer.finishes, []);
      assert.equal(answer.done, 0);
    });
  });
});
