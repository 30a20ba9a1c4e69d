// POST /v1/chat/completions: what clients send, what providers get, what comes back.
import assert from 'node:assert/strict';
import { before, describe, it } from 'node:test';
import { bases, plain_models } from '../emulator/harness.mjs';
import { installed_providers, Router, say, slack, start_emulator, suite_scope, takes_at_most, user } from './router.mjs';

const weather = { type: 'function', function: { name: 'get_weather', description: 'the weather now', parameters: { type: 'object', properties: { city: { type: 'string' } }, required: ['city'] } } };
const pixel = 'iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNkYPhfDwAChwGA60e6kgAAAABJRU5ErkJggg==';
const call = (args, more = {}) => ({ type: 'function', function: { name: 'get_weather', arguments: args }, ...more });
const city = { type: 'object', properties: { city: { type: 'string' }, warm: { type: 'boolean' } }, required: ['city', 'warm'], additionalProperties: false };

// One model of every provider here that the emulator knows and that does what the case needs.
const plain = Object.fromEntries(installed_providers.filter((id) => bases[id] && id !== 'custom').map((id) => [id, plain_models[id]]));
plain.box = 'any-model';
const schemas = { ...plain, groq: 'openai/gpt-oss-20b', cloudflare: '@cf/meta/llama-3.3-70b-instruct-fp8-fast' };
const images = { google: plain.google, mistral: plain.mistral, sambanova: 'Llama-4-Maverick-17B-128E-Instruct', pollinations: 'openai-fast', cloudflare: '@cf/google/gemma-4-26b-a4b-it', openrouter: 'google/gemma-4-31b-it:free', zhipu: 'glm-4.6v-flash', ollama: 'gemma4:31b', huggingface: 'moonshotai/Kimi-K2.6', github: 'openai/gpt-4.1', box: 'any-model' };
const thinkers = { google: plain.google, groq: 'openai/gpt-oss-20b', cerebras: 'gpt-oss-120b', sambanova: 'gpt-oss-120b', pollinations: 'openai-fast', cloudflare: '@cf/zai-org/glm-4.7-flash', openrouter: 'openai/gpt-oss-20b:free', zhipu: 'glm-4.7-flash', ollama: 'gpt-oss:120b', huggingface: 'deepseek-ai/DeepSeek-V4-Flash', kilo: 'nvidia/nemotron-3-super-120b-a12b:free', box: 'any-model' };
delete schemas.kilo; // its free servers refuse response_format
// The shape of requests is looked at here, not how many there may be.
const unmetered = {};
for (const table of [plain, schemas, images, thinkers]) {
  for (const [id, model] of Object.entries(table)) if (plain[id]) (unmetered[id] ??= { quota: [], models: {} }).models[model] = { quota: [] };
}
// Sold with Pro, and the key of the tests is one.
if (unmetered.llm7) Object.assign(unmetered.llm7.models[plain.llm7], { tools: true, json: 'schema' });
unmetered.box = { models: { 'any-model': { tools: true, vision: true, json: 'schema', context: 2_000_000 } } };
const here = (table) => Object.entries(table).filter(([id]) => plain[id]).map(([id, model]) => [id, `${id}/${model}`]);

// What real agents send and a strict provider would refuse.
const tolerated = {
  'a null content of the assistant': { messages: [{ role: 'user', content: 'hi' }, { role: 'assistant', content: null }, { role: 'user', content: 'go on' }] },
  'an empty list of tool calls': { messages: [{ role: 'user', content: 'hi' }, { role: 'assistant', content: 'hello', tool_calls: [] }, { role: 'user', content: 'go on' }] },
  'null tool calls': { messages: [{ role: 'user', content: 'hi' }, { role: 'assistant', content: 'hello', tool_calls: null }, { role: 'user', content: 'go on' }] },
  'arguments as an object': { tools: [weather], messages: [{ role: 'user', content: 'hi' }, { role: 'assistant', content: null, tool_calls: [call({ city: 'Rome' }, { id: 'call_1' })] }, { role: 'tool', tool_call_id: 'call_1', content: 'sunny' }] },
  'calls and results without ids': { tools: [weather], messages: [{ role: 'user', content: 'hi' }, { role: 'assistant', tool_calls: [call('{"city":"Rome"}')] }, { role: 'tool', content: 'sunny' }] },
  'a result without its call': { tools: [weather], messages: [{ role: 'user', content: 'hi' }, { role: 'tool', tool_call_id: 'call_gone', content: 'sunny' }, { role: 'user', content: 'so?' }] },
  'the function role': { tools: [weather], messages: [{ role: 'user', content: 'hi' }, { role: 'assistant', content: null, function_call: { name: 'get_weather', arguments: '{"city":"Rome"}' } }, { role: 'function', name: 'get_weather', content: 'sunny' }] },
  'functions and function_call': { functions: [weather.function], function_call: 'auto' },
  'the developer role': { messages: [{ role: 'developer', content: 'be brief' }, { role: 'user', content: 'hi' }] },
  'content in parts': { messages: [{ role: 'system', content: [{ type: 'text', text: 'be brief' }] }, { role: 'user', content: [{ type: 'text', text: 'hi ' }, { type: 'text', text: 'there' }] }] },
  'parts without a type': { messages: [{ role: 'user', content: [{ text: 'hi there' }] }] },
  'a bare part': { messages: [{ role: 'user', content: { type: 'text', text: 'hi there' } }] },
  'a result in parts': { tools: [weather], messages: [{ role: 'user', content: 'hi' }, { role: 'assistant', content: '', tool_calls: [call('{}', { id: 'call_1' })] }, { role: 'tool', tool_call_id: 'call_1', content: [{ type: 'text', text: 'sunny' }] }] },
  'tool_choice any': { tools: [weather], tool_choice: 'any' },
  'tool_choice without tools': { tool_choice: 'auto', parallel_tool_calls: true },
  'an empty list of tools': { tools: [], tool_choice: 'none' },
  'max_tokens 0': { max_tokens: 0 },
  'max_completion_tokens -1': { max_completion_tokens: -1 },
  'both bounds': { max_tokens: 100, max_completion_tokens: 200 },
  'null for every knob': Object.fromEntries(['temperature', 'top_p', 'n', 'stop', 'max_tokens', 'max_completion_tokens', 'presence_penalty', 'frequency_penalty', 'logit_bias', 'user', 'seed', 'tools', 'tool_choice', 'parallel_tool_calls', 'response_format', 'stream_options', 'logprobs', 'top_logprobs', 'reasoning_effort', 'metadata', 'store', 'service_tier'].map((k) => [k, null])),
  'sixty-four stops': { stop: Array.from({ length: 64 }, (_, i) => `stop-${i}`) },
  'one stop as text': { stop: 'END' },
  'an empty stop': { stop: '' },
  'unknown fields': { cache_prompt: true, mirostat: 2, options: { num_ctx: 4096 }, think: false },
  'fields of OpenAI that few take': { metadata: { a: 'b' }, store: false, service_tier: 'auto', user: 'u-1', seed: 7, prompt_cache_key: 'k', verbosity: 'low' },
  'n: 1 and logit_bias': { n: 1, logit_bias: { 50256: -100 } },
  'stream_options without a stream': { stream_options: { include_usage: true } },
  'a message with an unknown member': { messages: [{ role: 'user', content: 'hi', cache_control: { type: 'ephemeral' } }] },
  'a name': { messages: [{ role: 'user', name: 'ann', content: 'hi' }] },
  'an empty user text': { messages: [{ role: 'user', content: '' }] },
  'the assistant first': { messages: [{ role: 'assistant', content: 'how can I help?' }, { role: 'user', content: 'hi' }] },
  'a system message in the middle': { messages: [{ role: 'user', content: 'hi' }, { role: 'assistant', content: 'hello' }, { role: 'system', content: 'be brief' }, { role: 'user', content: 'go on' }] },
  'two users in a row': { messages: [{ role: 'user', content: 'hi' }, { role: 'user', content: 'there' }] },
  'reasoning of an earlier turn': { messages: [{ role: 'user', content: 'hi' }, { role: 'assistant', content: 'hello', reasoning_content: 'hm', reasoning: 'hm' }, { role: 'user', content: 'go on' }] },
  'a refusal of an earlier turn': { messages: [{ role: 'user', content: 'hi' }, { role: 'assistant', content: null, refusal: 'no' }, { role: 'user', content: 'go on' }] },
  'text as the response format': { response_format: { type: 'text' } },
};

describe('every provider', () => {
  let emulator;
  let router;
  const scope = suite_scope();
  before(async () => {
    emulator = await start_emulator(scope);
    router = await Router.start(scope, { emulator, chain: ['box'], boxes: ['box'], providers: unmetered });
  });

  // What the emulator has against the requests of one case.
  async function clean(run) {
    const seen = emulator.journal_entries().at(-1)?.seq ?? 0;
    await run();
    const entries = emulator.journal_entries({ after: seen });
    assert.ok(entries.length > 0, 'the provider was asked');
    assert.deepEqual(entries.flatMap((e) => e.violations.map((v) => `${v.rule}: ${v.message}`)), []);
    return entries;
  }

  for (const [id, model] of here(plain)) {
    for (const [what, body] of Object.entries(tolerated)) {
      it(`${id} answers ${what}`, async () => {
        await clean(async () => {
          const answer = await router.chat({ model, ...body });
          assert.equal(answer.status, 200, answer.text);
          assert.equal(answer.headers['x-routed-via'], model);
          assert.ok(['stop', 'tool_calls'].includes(answer.json.choices[0].finish_reason), answer.text);
        });
      });
    }

    for (const stream of [false, true]) {
      const how = stream ? 'streamed' : 'whole';
      it(`${id} calls a tool and reads its result, ${how}`, async () => {
        await clean(async () => {
          const ask = async (messages) => {
            const answer = await (stream ? router.stream({ model, tools: [weather], messages }) : router.chat({ model, tools: [weather], messages }));
            assert.equal(answer.status, 200, answer.text);
            return answer;
          };
          const opening = [{ role: 'user', content: 'what is the weather?' }];
          const first = await ask(opening);
          const calls = stream ? whole_calls(first.calls) : first.json.choices[0].message.tool_calls;
          assert.equal(stream ? first.finishes.join() : first.json.choices[0].finish_reason, 'tool_calls');
          assert.equal(calls.length, 1);
          assert.equal(calls[0].function.name, 'get_weather');
          assert.deepEqual(JSON.parse(calls[0].function.arguments), { city: 'Paris' });
          assert.ok(calls[0].id && calls[0].type === 'function');
          const second = await ask([...opening, { role: 'assistant', content: null, tool_calls: calls }, { role: 'tool', tool_call_id: calls[0].id, content: 'rain, 9 degrees' }]);
          assert.match(stream ? second.content : second.json.choices[0].message.content, /tool said: .*rain, 9 degrees/);
        });
      });
    }

    it(`${id} tells its usage, whole and as the last frame of a stream that asks for it`, async () => {
      const ask = { model, messages: say('one two three') };
      const whole = (await router.chat(ask)).json;
      const streamed = await router.stream({ ...ask, stream_options: { include_usage: true } });
      for (const usage of [whole.usage, streamed.usage]) {
        assert.ok(usage.prompt_tokens > 0 && usage.completion_tokens >= 3, JSON.stringify(usage));
        assert.equal(usage.total_tokens, usage.prompt_tokens + usage.completion_tokens);
      }
      assert.deepEqual(streamed.frames.at(-1).choices, []);
      assert.deepEqual(streamed.frames.filter((f) => f.usage).length, 1);
      const silent = await router.stream(ask);
      assert.equal(silent.usage, undefined, 'nobody asked for the figures');
    });

    it(`${id} streams what it says whole, in frames of one id and one model`, async () => {
      const ask = { model, messages: [{ role: 'user', content: '!count 20' }] };
      const whole = (await router.chat(ask)).json;
      const streamed = await router.stream(ask);
      assert.equal(streamed.content, whole.choices[0].message.content);
      assert.deepEqual(streamed.finishes, ['stop']);
      assert.equal(streamed.done, 1);
      assert.equal(streamed.after_done, false);
      assert.ok(streamed.frames.length > 5, 'a token at a time, not all at the end');
      assert.deepEqual(new Set(streamed.frames.map((f) => f.object)), new Set(['chat.completion.chunk']));
      assert.equal(new Set(streamed.frames.map((f) => f.id)).size, 1);
      assert.equal(new Set(streamed.frames.map((f) => f.model)).size, 1);
      assert.equal(streamed.frames[0].choices[0].delta.role, 'assistant');
      assert.match(streamed.headers['content-type'], /^text\/event-stream/);
      assert.match(streamed.headers['cache-control'], /no-cache/);
      assert.equal(whole.object, 'chat.completion');
      assert.equal(whole.model, streamed.frames[0].model);
    });

    it(`${id} says length when its bound was met`, async () => {
      await clean(async () => {
        const ask = { model, max_tokens: 5, messages: [{ role: 'user', content: '!count 50' }] };
        assert.equal((await router.chat(ask)).json.choices[0].finish_reason, 'length');
        assert.deepEqual((await router.stream(ask)).finishes, ['length']);
      });
    });
  }

  for (const [id, model] of here(schemas)) {
    it(`${id} answers in the shape of a JSON schema`, async () => {
      await clean(async () => {
        const answer = await router.chat({ model, messages: [{ role: 'user', content: 'the city, as JSON' }], response_format: { type: 'json_schema', json_schema: { name: 'place', strict: true, schema: city } } });
        assert.equal(answer.status, 200, answer.text);
        const value = JSON.parse(answer.json.choices[0].message.content);
        assert.equal(typeof value.city, 'string');
        assert.equal(typeof value.warm, 'boolean');
      });
    });
  }

  for (const [id, model] of here(images)) {
    it(`${id} sees the bytes of an image`, async () => {
      await clean(async () => {
        const answer = await router.chat({ model, messages: [{ role: 'user', content: [{ type: 'text', text: 'look' }, { type: 'image_url', image_url: { url: `data:image/png;base64,${pixel}`, detail: 'low' } }] }] });
        assert.equal(answer.status, 200, answer.text);
        assert.match(answer.json.choices[0].message.content, new RegExp(`image:image/png:${Buffer.from(pixel, 'base64').length}`));
      });
    });
  }

  for (const [id, model] of here(thinkers)) {
    it(`${id} thinks in reasoning_content, apart from its answer`, async () => {
      const ask = { model, reasoning_effort: 'low', messages: [{ role: 'user', content: '!think of a number' }] };
      const whole = (await router.chat(ask)).json.choices[0].message;
      assert.match(whole.reasoning_content ?? '', /^Thinking about/);
      assert.doesNotMatch(whole.content, /^Thinking|<think>/);
      const streamed = await router.stream(ask);
      assert.equal(streamed.reasoning, whole.reasoning_content);
      assert.equal(streamed.content, whole.content);
    });
  }

  it('a conversation with tools may change its provider at every turn', async () => {
    await clean(async () => {
      const messages = [{ role: 'system', content: 'be brief' }];
      for (const [, model] of [...here(plain), ...here(plain)]) {
        messages.push({ role: 'user', content: 'what is the weather?' });
        const first = await router.chat({ model, tools: [weather], messages });
        assert.equal(first.status, 200, `${model}: ${first.text}`);
        const asking = first.json.choices[0].message;
        assert.ok(asking.tool_calls?.length === 1, `${model}: ${first.text}`);
        messages.push(asking, { role: 'tool', tool_call_id: asking.tool_calls[0].id, content: `it rains, says ${model}` });
        const second = await router.chat({ model, tools: [weather], messages });
        assert.equal(second.status, 200, `${model}: ${second.text}`);
        assert.match(second.json.choices[0].message.content, /it rains/);
        messages.push(second.json.choices[0].message);
      }
    });
  });

  it('n: 2 is refused by its name, and so is what no provider of the chain could do', async () => {
    for (const [param, body] of [['n', { n: 2 }], ['audio', { audio: { voice: 'alloy', format: 'wav' } }], ['modalities[1]', { modalities: ['text', 'audio'] }], ['web_search_options', { web_search_options: {} }], ['temperature', { temperature: 3 }], ['stop', { stop: Array.from({ length: 65 }, () => 'x') }], ['messages[0].role', { messages: [{ role: 'robot', content: 'x' }] }], ['messages', { messages: [] }]]) {
      const answer = await router.chat({ model: 'box/any-model', ...body });
      assert.equal(answer.status, 400, `${param}: ${answer.text}`);
      assert.equal(answer.json.error.param, param);
      assert.equal(answer.json.error.type, 'invalid_request_error');
      assert.ok(answer.json.error.message.includes(`'${param}'`), answer.json.error.message);
    }
  });

  it('unknown fields do not reach a strict provider', async () => {
    const entries = await clean(() => router.chat({ model: `box/any-model`, mirostat: 2, think: true }));
    assert.deepEqual(Object.keys(JSON.parse(entries[0].body)).sort(), ['messages', 'model']);
  });

  it('a body of 1 MiB arrives byte by byte as it was written where the wire is the same', async () => {
    const text = `start "quoted" \u00e9\u4e16\u{1f600} ${'lorem ipsum dolor sit amet \\n '.repeat(36_000)} end`;
    // Spacing, escapes and number spellings of the client's own.
    const content = JSON.stringify(text).replace('\u00e9', '\\u00e9');
    const body = `{ "messages" : [ {"role":"user", "content": ${content} } ],\n "temperature": 0.50, "model":"box/any-model", "max_tokens" :16 }`;
    assert.ok(body.length > 1024 * 1024);
    const entries = await clean(async () => {
      const answer = await router.request('POST', '/v1/chat/completions', { body });
      assert.equal(answer.status, 200, answer.text.slice(0, 300));
    });
    const sent = entries[0].body;
    assert.ok(sent.includes(content), 'the text is not decoded and written again');
    assert.ok(sent.includes('0.50'));
    const arrived = JSON.parse(sent);
    assert.equal(arrived.messages[0].content, text);
    assert.equal(arrived.model, 'any-model');
    // A mebibyte is no work.
    await takes_at_most(2000 * slack, async () => {
      const began = performance.now();
      await router.request('POST', '/v1/chat/completions', { body });
      return performance.now() - began;
    });
  });

  it('logprobs come through, whole and streamed', async () => {
    const logprobs = { content: [{ token: 'hi', logprob: -0.25, bytes: [104, 105], top_logprobs: [] }] };
    const base = { id: 'c1', created: 1, model: 'any-model' };
    const usage = { prompt_tokens: 1, completion_tokens: 1, total_tokens: 2 };
    const frames = [{ ...base, object: 'chat.completion.chunk', choices: [{ index: 0, delta: { role: 'assistant', content: 'hi' }, logprobs, finish_reason: null }] }, { ...base, object: 'chat.completion.chunk', choices: [{ index: 0, delta: {}, finish_reason: 'stop' }] }];
    emulator.script([
      { match: { provider: 'box', contains: 'lp-stream' }, action: { status: 200, headers: { 'content-type': 'text/event-stream' }, body: `${frames.map((f) => `data: ${JSON.stringify(f)}\n\n`).join('')}data: [DONE]\n\n` } },
      { match: { provider: 'box', contains: 'lp-whole' }, action: { status: 200, headers: { 'content-type': 'application/json' }, body: JSON.stringify({ ...base, object: 'chat.completion', choices: [{ index: 0, message: { role: 'assistant', content: 'hi' }, logprobs, finish_reason: 'stop' }], usage }) } },
    ]);
    const whole = await router.chat({ model: 'box/any-model', logprobs: true, top_logprobs: 0, messages: [{ role: 'user', content: 'lp-whole' }] });
    assert.deepEqual(whole.json.choices[0].logprobs, logprobs, whole.text);
    const streamed = await router.stream({ model: 'box/any-model', logprobs: true, messages: [{ role: 'user', content: 'lp-stream' }] });
    assert.deepEqual(streamed.frames.map((f) => f.choices[0]?.logprobs).find(Boolean), logprobs, streamed.text);
    emulator.script([]);
  });

  for (const [said, means] of [['stop', 'stop'], ['length', 'length'], ['content_filter', 'content_filter'], ['eos', 'stop'], ['end_turn', 'stop']]) {
    it(`a provider's finish reason ${said} means ${means}`, async () => {
      emulator.script([{ match: { provider: 'box' }, action: { finish: { reason: said } } }]);
      const whole = await router.chat({ model: 'box/any-model', messages: say('a text') });
      assert.equal(whole.json?.choices[0].finish_reason, means, whole.text);
      assert.deepEqual((await router.stream({ model: 'box/any-model', messages: say('a text') })).finishes, [means]);
      emulator.script([]);
    });
  }
});

// The calls of a stream put together by their index.
function whole_calls(deltas) {
  const calls = [];
  for (const delta of deltas) {
    calls[delta.index] ??= { id: '', type: 'function', function: { name: '', arguments: '' } };
    if (delta.id) calls[delta.index].id = delta.id;
    calls[delta.index].function.name += delta.function?.name ?? '';
    calls[delta.index].function.arguments += delta.function?.arguments ?? '';
  }
  return calls;
}
