// The requests of the provider facts are accepted, and the answers have the shapes of the fixtures.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { auth, bases, chat, events, gemini, keys, last_entry, openai_like, parsed, plain_models, post, started, streamed_text, weather_tool } from '../harness.mjs';

const documented = {
  groq: { model: 'openai/gpt-oss-20b', messages: [{ role: 'user', content: '2+2?' }], max_completion_tokens: 256, reasoning_format: 'parsed', reasoning_effort: 'low' },
  cerebras: { model: 'gpt-oss-120b', messages: [{ role: 'user', content: 'hi' }], max_completion_tokens: 300, reasoning_effort: 'low' },
  nvidia: { model: 'deepseek-ai/deepseek-v4-flash', messages: [{ role: 'user', content: 'hi' }], max_tokens: 512, temperature: 0.6 },
  mistral: { model: 'magistral-small-latest', messages: [{ role: 'user', content: '2+2?' }], max_tokens: 400, random_seed: 7 },
  cohere: { model: 'command-a-03-2025', messages: [{ role: 'system', content: 'Be terse.' }, { role: 'user', content: 'hi' }], max_tokens: 64, temperature: 0.3 },
  sambanova: { model: 'Meta-Llama-3.3-70B-Instruct', messages: [{ role: 'user', content: 'hi' }], max_tokens: 64 },
  pollinations: { model: 'openai', messages: [{ role: 'user', content: 'hi' }], max_tokens: 200, seed: 42 },
  cloudflare: { model: '@cf/zai-org/glm-4.7-flash', messages: [{ role: 'user', content: 'hi' }], max_tokens: 8192 },
  zhipu: { model: 'glm-4.7-flash', messages: [{ role: 'user', content: 'hi' }], max_tokens: 512, temperature: 0.7, thinking: { type: 'disabled' } },
  openrouter: { model: 'google/gemma-4-31b-it:free', messages: [{ role: 'user', content: 'hi' }], max_tokens: 200 },
  ollama: { model: 'gpt-oss:120b', messages: [{ role: 'user', content: 'hi' }], max_tokens: 256, stream: false, reasoning_effort: 'low' },
  huggingface: { model: 'openai/gpt-oss-120b:groq', messages: [{ role: 'user', content: 'hi' }], max_tokens: 256, stream: false },
  llm7: { model: 'gpt-oss-20b', messages: [{ role: 'user', content: 'hi' }], max_tokens: 128 },
  kilo: { model: 'poolside/laguna-xs-2.1:free', messages: [{ role: 'user', content: 'hi' }], max_tokens: 200 },
  github: { model: 'openai/gpt-4.1-mini', messages: [{ role: 'user', content: 'hi' }], max_tokens: 64 },
  custom: { model: 'qwen3:8b', messages: [{ role: 'user', content: 'hi' }], anything: { at: 'all' } },
};

for (const provider of openai_like) {
  test(`${provider}: the documented request is answered and nothing is held against it`, async (t) => {
    const e = await started(t);
    const r = await post(e, `${bases[provider]}/chat/completions`, documented[provider], auth(provider));
    assert.equal(r.status, 200, r.text);
    assert.equal(r.json.choices[0].finish_reason, 'stop');
    assert.equal(r.json.choices[0].message.content, `[${provider}/${documented[provider].model}] ${documented[provider].messages.at(-1).content}`);
    assert.deepEqual((await last_entry(e)).violations, []);
  });

  test(`${provider}: a stream says the same as the whole answer and ends with [DONE]`, async (t) => {
    const e = await started(t);
    const r = await chat(e, provider, { stream: true });
    assert.equal(r.status, 200);
    assert.match(r.headers.get('content-type'), /^text\/event-stream/);
    assert.equal(streamed_text(r.text), `[${provider}/${plain_models[provider]}] hello there`);
    assert.equal(events(r.text).at(-1), '[DONE]');
    assert.equal(parsed(r.text).filter((f) => f.choices[0]?.finish_reason).length, 1);
  });

  test(`${provider}: a tool call and its result go round`, async (t) => {
    const e = await started(t);
    const tools = { tools: [weather_tool], ...(provider === 'nvidia' ? { parallel_tool_calls: false } : {}), ...(provider === 'huggingface' ? { max_tokens: 99 } : {}), ...(provider === 'cloudflare' ? { max_tokens: 99 } : {}) };
    const ask = { role: 'user', content: 'weather?' };
    const first = await chat(e, provider, { messages: [ask], ...tools });
    assert.equal(first.json.choices[0].finish_reason, 'tool_calls', first.text);
    const [call] = first.json.choices[0].message.tool_calls;
    assert.deepEqual(JSON.parse(call.function.arguments), { city: 'Paris' });
    const history = [ask, { role: 'assistant', content: '', tool_calls: [{ id: call.id, type: 'function', function: call.function }] }, { role: 'tool', tool_call_id: call.id, content: 'rain, 9 C' }];
    const second = await chat(e, provider, { messages: history, ...tools });
    assert.match(second.json.choices[0].message.content, /rain, 9 C/);
    assert.deepEqual((await last_entry(e)).violations, []);
  });

  // Cloudflare's list has another address.
  if (provider !== 'cloudflare') test(`${provider}: lists its models to a good key`, async (t) => {
    const e = await started(t);
    const r = await fetch(`${e.addresses.http}${bases[provider]}/models`, { headers: auth(provider) });
    const ids = (await r.json()).data.map((m) => m.id);
    assert.ok(provider === 'custom' || ids.includes(plain_models[provider]));
  });
}

test('the streamed tool call has the style of its provider', async (t) => {
  const e = await started(t);
  const deltas = async (provider) => {
    const r = await chat(e, provider, { stream: true, tools: [weather_tool], messages: [{ role: 'user', content: 'weather' }], ...(provider === 'nvidia' ? { parallel_tool_calls: false } : {}) });
    return { deltas: parsed(r.text).flatMap((f) => f.choices[0]?.delta.tool_calls ?? []), frames: parsed(r.text) };
  };
  const groq = await deltas('groq');
  assert.equal(groq.deltas.length, 1);
  assert.ok(groq.frames.at(-1).x_groq.usage.total_tokens > 0);
  const cerebras = await deltas('cerebras');
  assert.deepEqual(cerebras.deltas.map((d) => 'index' in d), [false, false]);
  assert.match(cerebras.deltas[0].id, /^[0-9a-f]{9}$/);
  assert.equal(cerebras.deltas[0].id, cerebras.deltas[1].id);
  const mistral = await deltas('mistral');
  assert.match(mistral.deltas[0].id, /^[a-zA-Z0-9]{9}$/);
  assert.equal(mistral.deltas[0].function.arguments, '{"city": "Paris"}');
  assert.equal(mistral.frames.at(-1).choices[0].finish_reason, 'tool_calls');
  assert.equal(mistral.frames.at(-1).choices[0].delta.tool_calls.length, 1);
  assert.match((await deltas('nvidia')).deltas[0].id, /^chatcmpl-tool-[0-9a-f]{32}$/);
  assert.match((await deltas('cohere')).deltas[0].id, /^get_weather_/);
});

test('zhipu: lists inside arguments come as text, instructions in the prompt are followed', async (t) => {
  const e = await started(t);
  const files = { type: 'function', function: { name: 'tag_files', parameters: { type: 'object', properties: { files: { type: 'array', items: { type: 'string' } } }, required: ['files'] } } };
  const called = await chat(e, 'zhipu', { tools: [files], messages: [{ role: 'user', content: 'tag_files' }] });
  assert.deepEqual(JSON.parse(called.json.choices[0].message.tool_calls[0].function.arguments), { files: '["x"]' });
  const streamed = await chat(e, 'zhipu', { stream: true, tools: [files], messages: [{ role: 'system', content: 'You must call a tool.' }, { role: 'user', content: 'hello' }] });
  assert.equal(parsed(streamed.text).at(-1).choices[0].finish_reason, 'tool_calls');
  assert.equal(parsed(streamed.text).filter((f) => f.choices[0].delta.tool_calls).length, 1);
  const schema = { type: 'object', properties: { city: { type: 'string' } }, required: ['city'] };
  const json = await chat(e, 'zhipu', { response_format: { type: 'json_object' }, messages: [{ role: 'system', content: `Answer with JSON: ${JSON.stringify(schema)}` }, { role: 'user', content: 'hello' }] });
  assert.deepEqual(JSON.parse(json.json.choices[0].message.content), { city: 'Paris' });
});

test('zhipu: two hosts with keys of their own, and errors in the language that is asked for', async (t) => {
  const e = await started(t);
  const global = `${'0123456789abcdef'.repeat(2)}.zbCdEfGhIjKlMnOp`;
  const list = async (host, key, headers = {}) => {
    const r = await fetch(`${e.addresses.http}/${host}/api/paas/v4/models`, { headers: { authorization: `Bearer ${key}`, ...headers } });
    return [r.status, await r.text()];
  };
  assert.equal((await list('zai', global))[0], 200);
  assert.equal((await list('zhipu', keys.zhipu))[0], 200);
  assert.match((await list('zhipu', global))[1], /非法/);
  assert.match((await list('zhipu', global, { 'accept-language': 'en-US,en' }))[1], /is invalid/);
  assert.match((await list('zai', keys.zhipu))[1], /is invalid/);
});

test('github: the first chunk holds the filter alone, limits of a success are the backend\'s, a token is checked beside', async (t) => {
  const e = await started(t);
  const streamed = await chat(e, 'github', { stream: true, stream_options: { include_usage: true } });
  assert.deepEqual(parsed(streamed.text)[0].choices, []);
  assert.ok(parsed(streamed.text).at(-1).usage.total_tokens > 0);
  assert.equal(streamed.headers.get('x-ratelimit-limit-requests'), '50000');
  const thought = await chat(e, 'github', { model: 'deepseek/deepseek-r1', messages: [{ role: 'user', content: '!think of it' }] });
  assert.match(thought.json.choices[0].message.content, /^<think>Thinking about/);
  const get = (path, headers = {}) => fetch(`${e.addresses.http}/github${path}`, { headers });
  assert.equal((await (await get('/user', auth('github'))).json()).login, 'octocat');
  assert.equal((await get('/user', { authorization: 'Bearer ghp_dead' })).status, 401);
  assert.equal((await (await get('/catalog/models')).json())[0].limits.max_input_tokens, 8000);
});

test('reasoning comes in the field of its provider', async (t) => {
  const e = await started(t);
  const message = async (provider, model) => (await chat(e, provider, { model, messages: [{ role: 'user', content: '!think of it' }] })).json.choices[0].message;
  assert.match((await message('groq', 'openai/gpt-oss-120b')).reasoning, /Thinking/);
  assert.match((await message('cerebras', 'gpt-oss-120b')).reasoning, /Thinking/);
  assert.match((await message('sambanova', 'gpt-oss-120b')).reasoning, /Thinking/);
  assert.equal((await message('sambanova', 'DeepSeek-V3.1')).reasoning, undefined);
  assert.match((await message('huggingface', 'openai/gpt-oss-120b:groq')).reasoning, /Thinking/);
  assert.match((await message('huggingface', 'deepseek-ai/DeepSeek-V4-Flash')).reasoning_content, /Thinking/);
  assert.match((await message('nvidia', 'z-ai/glm-5.1')).reasoning_content, /Thinking/);
  const routed = await message('openrouter', 'openai/gpt-oss-20b:free');
  assert.match(routed.reasoning, /Thinking/);
  assert.equal(routed.reasoning_details[0].text, routed.reasoning);
  assert.match((await message('cohere', 'command-a-reasoning-08-2025')).reasoning_content, /Thinking/);
  const twice = await message('cloudflare', '@cf/zai-org/glm-4.7-flash');
  assert.match(twice.reasoning, /Thinking/);
  assert.equal(twice.reasoning_content, twice.reasoning);
  assert.match((await message('cloudflare', '@cf/deepseek-ai/deepseek-r1-distill-qwen-32b')).content, /^<think>\nThinking/);
  assert.match((await message('ollama', 'gpt-oss:120b')).reasoning, /Thinking/);
  const [thinking, text] = (await message('mistral', 'magistral-medium-latest')).content;
  assert.match(thinking.thinking[0].text, /Thinking/);
  assert.equal(text.type, 'text');
  const r = await gemini(e, { contents: [{ role: 'user', parts: [{ text: '!think' }] }], generationConfig: { thinkingConfig: { includeThoughts: true } } });
  assert.equal(r.json.candidates[0].content.parts[0].thought, true);
  assert.ok(r.json.usageMetadata.thoughtsTokenCount > 0);
});

test('rate-limit headers have the format of their provider', async (t) => {
  const e = await started(t);
  const groq = await chat(e, 'groq');
  assert.match(groq.headers.get('x-ratelimit-reset-requests'), /^(\d+h)?(\d+m)?[\d.]+m?s$/);
  assert.equal(groq.headers.get('x-ratelimit-limit-requests'), '1000');
  assert.match((await chat(e, 'cerebras')).headers.get('x-ratelimit-reset-tokens-minute'), /^\d+(\.\d+)?$/);
  assert.equal((await chat(e, 'mistral')).headers.get('x-ratelimit-remaining-req-minute'), '59');
  assert.equal((await chat(e, 'cohere')).headers.get('x-trial-endpoint-call-remaining'), '19');
  const samba = await chat(e, 'sambanova');
  assert.equal(samba.headers.get('x-ratelimit-remaining-requests-day'), '19');
  const resets = Number(samba.headers.get('x-ratelimit-reset-requests')) - Date.now() / 1000;
  assert.ok(resets > -1 && resets <= 60, `${resets}`);
  assert.equal((await chat(e, 'nvidia')).headers.get('x-ratelimit-limit-requests'), null);
  assert.equal((await chat(e, 'cloudflare')).headers.get('cf-ai-neurons'), '7.50');
});

test('google: the documented requests are answered', async (t) => {
  const e = await started(t);
  const declared = { functionDeclarations: [{ name: 'get_weather', description: 'now', parameters: weather_tool.function.parameters }] };
  const first = await gemini(e, { contents: [{ role: 'user', parts: [{ text: 'Weather in Oslo?' }] }], tools: [declared], toolConfig: { functionCallingConfig: { mode: 'AUTO' } }, generationConfig: { maxOutputTokens: 512, temperature: 1 } }, { model: 'gemini-3.5-flash' });
  const [part] = first.json.candidates[0].content.parts;
  assert.deepEqual(part.functionCall, { name: 'get_weather', args: { city: 'Paris' } });
  const history = (called) => ({ tools: [declared], contents: [{ role: 'user', parts: [{ text: 'Weather?' }] }, { role: 'model', parts: [called] }, { role: 'user', parts: [{ functionResponse: { name: 'get_weather', response: { c: 4 } } }] }] });
  const second = await gemini(e, history(part), { model: 'gemini-3.5-flash' });
  assert.match(second.json.candidates[0].content.parts[0].text, /tool said: \{"c":4\}/);
  assert.deepEqual((await last_entry(e)).violations, []);
  const bypass = await gemini(e, history({ functionCall: part.functionCall, thoughtSignature: 'skip_thought_signature_validator' }), { model: 'gemini-3.5-flash' });
  assert.equal(bypass.status, 200);
});

test('google: the stream has CRLF, no [DONE], growing usage and the finish in the last chunk', async (t) => {
  const e = await started(t);
  const r = await gemini(e, { systemInstruction: { parts: [{ text: 'Be terse.' }] }, generationConfig: { thinkingConfig: { thinkingLevel: 'low', includeThoughts: true } } }, { model: 'gemini-3.5-flash', stream: true });
  assert.ok(r.text.includes('\r\n\r\n'));
  assert.ok(!r.text.includes('[DONE]'));
  const frames = parsed(r.text);
  assert.equal(frames.flatMap((f) => f.candidates[0].content?.parts ?? []).map((p) => p.text ?? '').join(''), '[google/gemini-3.5-flash] hello there');
  assert.deepEqual(frames.map((f) => f.candidates[0].finishReason !== undefined), [...Array(frames.length - 1).fill(false), true]);
  assert.ok(frames.at(-1).usageMetadata.totalTokenCount > frames[0].usageMetadata.totalTokenCount);
});

test('a schema is answered with an instance of it', async (t) => {
  const e = await started(t);
  const schema = { type: 'object', properties: { city: { type: 'string' }, n: { type: 'integer' }, kind: { type: 'string', enum: ['a', 'b'] }, list: { type: 'array', items: { type: 'boolean' } } }, required: ['city', 'n', 'kind', 'list'], additionalProperties: false };
  const r = await chat(e, 'groq', { model: 'openai/gpt-oss-120b', response_format: { type: 'json_schema', json_schema: { name: 'x', strict: true, schema } } });
  assert.deepEqual(JSON.parse(r.json.choices[0].message.content), { city: 'Paris', n: 1, kind: 'a', list: [true] });
  const g = await gemini(e, { generationConfig: { responseMimeType: 'application/json', responseSchema: { type: 'OBJECT', properties: { n: { type: 'INTEGER' } }, required: ['n'] } } });
  assert.deepEqual(JSON.parse(g.json.candidates[0].content.parts[0].text), { n: 1 });
});

test('images, !count, !say, !tools, max_tokens and stop shape the answer', async (t) => {
  const e = await started(t);
  const image = { type: 'image_url', image_url: { url: `data:image/png;base64,${Buffer.alloc(33).toString('base64')}` } };
  const say = async (content, more = {}) => (await chat(e, 'custom', { messages: [{ role: 'user', content }], ...more })).json.choices[0];
  assert.match((await say([{ type: 'text', text: 'look' }, image])).message.content, /image:image\/png:33$/);
  assert.equal((await say('!say  as it is \n')).message.content, ' as it is \n');
  assert.equal((await say('!count 4')).message.content, '1 2 3 4');
  assert.equal((await say('!tools 2', { tools: [weather_tool] })).message.tool_calls.length, 2);
  assert.deepEqual(await say('!count 9', { max_tokens: 3 }).then((c) => [c.message.content, c.finish_reason]), ['1 2 3', 'length']);
  assert.equal((await say('!count 9', { stop: ['4'] })).message.content, '1 2 3 ');
});

test('cloudflare: tokens are tested at three places, and older models call in their own way', async (t) => {
  const e = await started(t);
  const account = '/cloudflare/client/v4/accounts/0123456789abcdef0123456789abcdef';
  const get = async (path, token) => {
    const r = await fetch(`${e.addresses.http}${path}`, { headers: { authorization: `Bearer ${token}` } });
    return [r.status, await r.json()];
  };
  const [user, owned, weak] = ['g'.repeat(40), `cfat_${'g'.repeat(40)}`, `noai_${'g'.repeat(40)}`];
  const statuses = async (path) => Promise.all([user, owned, weak, 'short'].map(async (token) => (await get(path, token))[0]));
  assert.deepEqual(await statuses('/cloudflare/client/v4/user/tokens/verify'), [200, 401, 200, 401]);
  assert.deepEqual(await statuses(`${account}/tokens/verify`), [401, 200, 401, 401]);
  assert.deepEqual(await statuses(`${account}/ai/models/search?per_page=1`), [200, 200, 401, 401]);
  assert.equal((await get(`${account}/ai/models/search?per_page=1`, user))[1].result.length, 1);
  assert.equal((await get('/cloudflare/client/v4/user/tokens/verify', user))[1].result.status, 'active');
  assert.deepEqual((await get('/cloudflare/client/v4/accounts/nobody/ai/models/search', user))[1].errors[0].code, 7003);
  const called = await chat(e, 'cloudflare', { model: '@cf/meta/llama-3.3-70b-instruct-fp8-fast', max_tokens: 99, tools: [weather_tool], messages: [{ role: 'user', content: 'weather' }] });
  assert.deepEqual(called.json.choices[0].message.tool_calls, [{ type: 'function', function: { name: 'get_weather', arguments: { city: 'Paris' } } }]);
  const cut = await chat(e, 'cloudflare', { messages: [{ role: 'user', content: '!count 300' }] });
  assert.equal(cut.json.choices[0].finish_reason, 'length');
});

test('openrouter: comments hold the line, the usage has a choice, the key may be asked about', async (t) => {
  const e = await started(t);
  const r = await chat(e, 'openrouter', { stream: true });
  assert.ok(r.text.startsWith(': OPENROUTER PROCESSING\n\n'));
  const last = parsed(r.text).at(-1);
  assert.ok(last.usage.total_tokens > 0);
  assert.equal(last.choices[0].finish_reason, null);
  const whole = await chat(e, 'openrouter');
  assert.match(whole.text, /^\s+\{/);
  assert.equal(whole.json.choices[0].native_finish_reason, 'stop');
  const key = async (headers) => (await fetch(`${e.addresses.http}/openrouter/api/v1/key`, { headers })).status;
  assert.equal(await key(auth('openrouter')), 200);
  assert.equal(await key({ authorization: 'Bearer sk-or-v1-wrong' }), 401);
  assert.equal((await fetch(`${e.addresses.http}/openrouter/api/v1/models`)).status, 200);
});

test('ollama: the lists are public, the account is told to a good key, tool_choice is not heard and the system is', async (t) => {
  const e = await started(t);
  const at = `${e.addresses.http}/ollama`;
  assert.deepEqual([(await fetch(`${at}/v1/models`)).status, (await fetch(`${at}/api/tags`)).status], [200, 200]);
  const me = async (key) => (await fetch(`${at}/api/me`, { method: 'POST', headers: { authorization: `Bearer ${key}` } })).status;
  assert.deepEqual([await me('1'.repeat(40)), await me('short')], [200, 401]);
  const asked = async (body) => (await chat(e, 'ollama', { tools: [weather_tool], ...body })).json;
  assert.equal((await asked({ tool_choice: 'required' })).choices[0].finish_reason, 'stop');
  const told = await asked({ messages: [{ role: 'system', content: 'Answer by calling one of the tools.' }, { role: 'user', content: 'hi' }] });
  assert.equal(told.choices[0].finish_reason, 'tool_calls');
  assert.match(told.id, /^chatcmpl-\d{1,3}$/);
});

test('kilo: nobody needs a key, a model with a price does, and the usage has no choice', async (t) => {
  const e = await started(t);
  const body = { model: plain_models.kilo, stream: true, messages: [{ role: 'user', content: 'hello' }] };
  const r = await post(e, `${bases.kilo}/chat/completions`, body);
  assert.equal(r.status, 200);
  assert.deepEqual((await last_entry(e)).violations, []);
  assert.ok(r.text.startsWith(': OPENROUTER PROCESSING'));
  assert.deepEqual(parsed(r.text).at(-1).choices, []);
  assert.equal((await post(e, `${bases.kilo}/chat/completions`, { ...body, model: 'openai/gpt-5.2' })).json.error.code, 'PAID_MODEL_AUTH_REQUIRED');
  assert.equal((await chat(e, 'kilo', { model: 'openai/gpt-5.2' })).status, 402);
  assert.match((await post(e, `${bases.kilo}/v1/chat/completions`, body)).json.message, /only accepts the path/);
  assert.equal((await fetch(`${e.addresses.http}/kilo/api/gateway/v1/models`)).status, 405);
  assert.equal((await chat(e, 'kilo', {}, { authorization: 'Bearer wrong' })).status, 401);
});
