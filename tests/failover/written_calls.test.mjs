// Tool calls that a model writes into its text become real ones; those that cannot be read are a fault of the attempt.
import assert from 'node:assert/strict';
import { before, describe, it } from 'node:test';
import { installed_providers, Router, start_emulator, suite_scope } from '../e2e/router.mjs';

const weather = { type: 'function', function: { name: 'get_weather', parameters: { type: 'object', properties: { city: { type: 'string' } } } } };
const oslo = '{"city":"Oslo"}';

const written = {
  function_tag: { tool_call: { name: 'get_weather', arguments: oslo, as_text_dialect: 'function_tag' } },
  function_tag_closed: { tool_call: { name: 'get_weather', arguments: oslo, as_text_dialect: 'function_tag_closed' } },
  tool_call_tag: { tool_call: { name: 'get_weather', arguments: oslo, as_text_dialect: 'tool_call_tag' } },
  kimi: { tool_call: { name: 'get_weather', arguments: oslo, as_text_dialect: 'kimi' } },
  deepseek: { text: { text: `<｜tool▁calls▁begin｜><｜tool▁call▁begin｜>function<｜tool▁sep｜>get_weather\n\`\`\`json\n${oslo}\n\`\`\`<｜tool▁call▁end｜><｜tool▁calls▁end｜>`, chunks: 30 } },
  qwen: { text: { text: '<tool_call>\n<function=get_weather>\n<parameter=city>\nOslo\n</parameter>\n</function>\n</tool_call>', chunks: 20 } },
  bare_json: { text: { text: `{"name": "get_weather", "arguments": ${oslo}}`, chunks: 9 } },
  fenced_json: { text: { text: `\`\`\`json\n[{"name": "get_weather", "parameters": ${oslo}}]\n\`\`\``, chunks: 9 } },
};

const unreadable = {
  'of an unknown tool': '<function=nobody>{}</function>',
  'with broken arguments': '<tool_call>{"name":"get_weather","arguments":{"city":}}</tool_call>',
  'that is cut': '<|tool_call_begin|>functions.get_weather:0<|tool_call_argument_begin|>{"city":"O',
};

const failed = (failed_generation) => ({ bad_request: { message: "Failed to call a function. Please adjust your prompt. See 'failed_generation' for more details.", code: 'tool_use_failed', failed_generation } });

for (const mode of ['whole', 'stream']) describe(`tool calls in text, ${mode}`, () => {
  let emulator;
  let router;
  const scope = suite_scope();
  before(async () => {
    emulator = await start_emulator(scope);
    const rules = [];
    for (const [name, action] of Object.entries(written)) rules.push({ match: { provider: `box-${name.replaceAll('_', '-')}` }, action });
    Object.values(unreadable).forEach((text, i) => {
      rules.push({ match: { provider: `bad-${i}` }, action: { text: { text, chunks: 5 } } });
      rules.push({ match: { provider: `late-${i}` }, action: { text: { text: `I shall look it up, it takes a while.\n${text}`, chunks: 12 } } });
    });
    rules.push({ match: { provider: 'second' }, action: { tool_call: { name: 'get_weather', arguments: oslo } } });
    emulator.script(rules);
    const boxes = ['second', 'plain', ...rules.map((r) => r.match.provider).filter((p) => p !== 'second')];
    const profiles = Object.fromEntries(boxes.map((name) => [name, { chain: [`${name}/any-model`, 'second/any-model'] }]));
    profiles.groq = { chain: ['groq/openai/gpt-oss-120b', 'second/any-model'] };
    router = await Router.start(scope, { emulator, chain: ['second'], boxes, rest: { profiles } });
  });

  const ask = async (name, more = {}) => {
    const body = { model: `auto:${name}`, messages: [{ role: 'user', content: 'tell me of Oslo' }], tools: [weather], ...more };
    if (mode === 'stream') return router.stream(body);
    const answer = await router.chat(body);
    const choice = answer.json?.choices?.[0];
    return { ...answer, content: choice?.message.content ?? '', calls: choice?.message.tool_calls ?? [], finishes: choice ? [choice.finish_reason] : [], done: 1 };
  };
  const is_call = (answer, via, attempts) => {
    assert.equal(answer.status, 200, answer.text);
    assert.equal(answer.headers['x-routed-via'], via, answer.headers['x-fallback-trail']);
    assert.equal(answer.headers['x-fallback-attempts'], String(attempts));
    assert.equal(answer.calls.length, 1, answer.text);
    assert.ok(answer.calls[0].id.length > 0);
    assert.equal(answer.calls[0].function.name, 'get_weather');
    assert.deepEqual(JSON.parse(answer.calls[0].function.arguments), { city: 'Oslo' });
    assert.deepEqual(answer.finishes, ['tool_calls']);
    assert.equal(answer.content.trim(), '');
    assert.equal(answer.done, 1);
  };

  for (const name of Object.keys(written)) {
    const box = `box-${name.replaceAll('_', '-')}`;
    it(`the dialect ${name} becomes a real tool call`, async () => is_call(await ask(box), `${box}/any-model`, 0));
    it(`the dialect ${name} is text when no tools are offered`, async () => {
      const answer = await ask(box, { tools: undefined });
      assert.deepEqual(answer.calls, []);
      assert.deepEqual(answer.finishes, ['stop']);
      assert.match(answer.content, /get_weather/);
    });
  }

  Object.keys(unreadable).forEach((what, i) => {
    it(`a call ${what} sends the request to the next candidate`, async () => {
      const answer = await ask(`bad-${i}`);
      is_call(answer, 'second/any-model', 1);
      assert.match(answer.headers['x-fallback-trail'], /=invalid_tool_call$/);
    });
    it(`a call ${what} behind text ${mode === 'stream' ? 'is made by the next candidate, behind the same text' : 'sends the request to the next candidate'}`, async () => {
      const answer = await ask(`late-${i}`);
      // Whether the text had gone out is a matter of packets.
      if (mode === 'whole' || answer.headers['x-fallback-attempts'] === '1') return is_call(answer, 'second/any-model', 1);
      assert.match(answer.content, /^I shall look it up/);
      assert.doesNotMatch(answer.content, /nobody|tool_call|"city"/);
      is_call({ ...answer, content: '' }, `late-${i}/any-model`, 0);
    });
  });

  const groq = installed_providers.includes('groq') ? it : it.skip;
  groq("an error of groq's that quotes a whole call is that call", async () => {
    emulator.script({ append: true, rules: [{ match: { provider: 'groq' }, times: 1, action: failed(`<function=get_weather${oslo}</function>`) }] });
    is_call(await ask('groq'), 'groq/openai/gpt-oss-120b', 0);
  });
  groq("an error of groq's that quotes words alone is an error, and the next candidate's answer is whole", async () => {
    emulator.script({ append: true, rules: [{ match: { provider: 'groq' }, times: 1, action: failed('I would look up the weather of Oslo.') }] });
    is_call(await ask('groq'), 'second/any-model', 1);
  });
  groq("an error of groq's that quotes no call is an error, and the next candidate serves", async () => {
    emulator.script({ append: true, rules: [{ match: { provider: 'groq' }, times: 1, action: failed('I would call <function=nobody>{}</function>') }] });
    const answer = await ask('groq');
    is_call(answer, 'second/any-model', 1);
    assert.match(answer.headers['x-fallback-trail'], /^groq.*=malformed_response$/);
  });

  it('no request that a provider refuses for its form leaves the router', () => {
    assert.deepEqual(emulator.journal_entries().flatMap((e) => e.violations), []);
  });
});
