// Each provider refuses what the real one refuses, with its status and its body.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { auth, bases, chat, gemini, keys, last_entry, openai_like, plain_models, post, raw, raw_chat, started, weather_tool } from '../harness.mjs';

const u = (content) => ({ role: 'user', content });
const call = (id, name = 'f', args = '{}') => ({ id, type: 'function', function: { name, arguments: args } });
const tool_with = (parameters, more = {}) => ({ type: 'function', function: { name: 'f', parameters, ...more } });
const closed = { type: 'object', properties: { a: { type: 'string' } }, required: ['a'], additionalProperties: false };
const schema_format = (schema, strict) => ({ response_format: { type: 'json_schema', json_schema: { name: 'x', schema, ...(strict === undefined ? {} : { strict }) } } });
const image = [{ type: 'image_url', image_url: { url: 'data:image/png;base64,AAAA' } }];

// provider: [what, body, status, text in the answer]
const refused = {
  groq: [
    ['unknown member', { top_k: 4 }, 400, "property 'top_k' is unsupported"],
    ['reasoning_content in history', { messages: [u('a'), { role: 'assistant', content: 'b', reasoning_content: 'c' }, u('d')] }, 400, "property 'messages.1.reasoning_content' is unsupported"],
    ['logprobs', { logprobs: true }, 400, 'logprobs'],
    ['n', { n: 2 }, 400, "'n'"],
    ['temperature', { temperature: 2.1 }, 400, "'temperature'"],
    ['wrong type', { temperature: '1' }, 400, "'temperature'"],
    ['five stops', { stop: ['1', '2', '3', '4', '5'] }, 400, "'stop'"],
    ['effort without reasoning', { model: 'llama-3.3-70b-versatile', reasoning_effort: 'low' }, 400, 'reasoning_effort is not supported'],
    ['effort of another model', { model: 'openai/gpt-oss-20b', reasoning_effort: 'default' }, 400, 'must be one of'],
    ['format and include', { model: 'openai/gpt-oss-20b', reasoning_format: 'parsed', include_reasoning: true }, 400, 'mutually exclusive'],
    ['raw with tools', { model: 'openai/gpt-oss-20b', reasoning_format: 'raw', tools: [weather_tool] }, 400, 'raw'],
    ['json mode with tools', { response_format: { type: 'json_object' }, tools: [weather_tool] }, 400, 'cannot be combined'],
    ['json_schema where not known', { model: 'llama-3.3-70b-versatile', ...schema_format(closed) }, 400, 'does not support response format'],
    ['strict schema left open', { model: 'openai/gpt-oss-20b', ...schema_format({ type: 'object', properties: { a: {} }, required: ['a'] }, true) }, 400, 'additionalProperties'],
    ['tools of compound', { model: 'groq/compound', tools: [weather_tool] }, 400, 'tools'],
    ['image on a text model', { messages: [u(image)] }, 400, 'must be a string'],
    ['tool message alone', { messages: [u('a'), { role: 'tool', tool_call_id: 'x', content: 'y' }] }, 400, 'preceding message'],
    ['too large an output', { max_completion_tokens: 999999 }, 400, 'max_completion_tokens'],
    ['unknown model', { model: 'nope' }, 404, 'model_not_found'],
    ['role', { messages: [{ role: 'robot', content: 'x' }] }, 400, 'messages.0.role'],
    ['no messages', { messages: [] }, 400, "'messages'"],
  ],
  cerebras: [
    ['unknown member', { top_k: 4 }, 422, 'wrong_api_format'],
    ['penalty', { presence_penalty: 0.5 }, 422, 'presence_penalty'],
    ['temperature', { temperature: 1.6 }, 422, 'temperature'],
    ['effort', { reasoning_effort: 'minimal' }, 422, 'reasoning_effort'],
    ['reasoning_content', { messages: [u('a'), { role: 'assistant', content: 'b', reasoning_content: 'c' }, u('d')] }, 422, 'reasoning_content'],
    ['mixed strict', { tools: [tool_with(closed, { strict: true }), tool_with(closed)] }, 422, 'mixed values'],
    ['strict keyword', { tools: [tool_with({ ...closed, properties: { a: { type: 'string', pattern: 'x' } } }, { strict: true })] }, 422, 'pattern'],
    ['image', { messages: [u(image)] }, 422, 'image'],
    ['unknown model', { model: 'nope' }, 404, 'Model nope does not exist'],
  ],
  mistral: [
    ['stream_options', { stream: true, stream_options: { include_usage: true } }, 422, 'extra_forbidden'],
    ['seed', { seed: 4 }, 422, 'extra_forbidden'],
    ['name', { messages: [{ ...u('a'), name: 'bob' }] }, 422, '"messages",0,"name"'],
    ['reasoning_content', { messages: [u('a'), { role: 'assistant', content: 'b', reasoning_content: 'c' }, u('d')] }, 422, 'extra_forbidden'],
    ['temperature', { temperature: 1.6 }, 422, 'less_than_equal'],
    ['developer', { messages: [{ role: 'developer', content: 'x' }, u('a')] }, 422, 'union_tag_invalid'],
    ['parameters missing', { tools: [{ type: 'function', function: { name: 'f' } }] }, 422, 'Field required'],
    ['effort', { model: 'magistral-small-latest', reasoning_effort: 'low' }, 422, 'reasoning_effort'],
    ['long tool id', { messages: [u('a'), { role: 'assistant', content: '', tool_calls: [call('call_1234567')] }, { role: 'tool', tool_call_id: 'call_1234567', content: 'x' }] }, 400, '3280'],
    ['user after tool', { messages: [u('a'), { role: 'assistant', content: '', tool_calls: [call('abcdefghi')] }, { role: 'tool', tool_call_id: 'abcdefghi', content: 'x' }, u('b')] }, 400, "Unexpected role 'user' after role 'tool'"],
    ['missing result', { messages: [u('a'), { role: 'assistant', content: '', tool_calls: [call('abcdefghi'), call('abcdefghj')] }, { role: 'tool', tool_call_id: 'abcdefghi', content: 'x' }] }, 400, 'Not the same number'],
    ['empty assistant', { messages: [u('a'), { role: 'assistant', content: '' }, u('b')] }, 400, 'must have either content or tool_calls'],
    ['assistant last', { messages: [u('a'), { role: 'assistant', content: 'b' }] }, 400, 'Expected last role'],
    ['unknown model', { model: 'nope' }, 400, '1500'],
  ],
  cohere: [
    ['parallel_tool_calls', { tools: [weather_tool], parallel_tool_calls: false }, 400, 'parallel_tool_calls'],
    ['n', { n: 1 }, 400, "'n' is not supported"],
    ['temperature', { temperature: 1.1 }, 400, 'temperature'],
    ['penalty', { presence_penalty: 1.5 }, 400, 'presence_penalty'],
    ['six stops', { stop: ['1', '2', '3', '4', '5', '6'] }, 400, 'stop'],
    ['auto', { tools: [weather_tool], tool_choice: 'auto' }, 400, 'tool_choice'],
    ['tool name', { tools: [{ type: 'function', function: { name: 'get-it', parameters: closed } }] }, 400, 'name'],
    ['additionalProperties', { tools: [tool_with(closed)] }, 400, 'additionalProperties'],
    ['system in the middle', { messages: [u('a'), { role: 'system', content: 's' }] }, 400, 'system turn must be the first'],
    ['effort', { model: 'command-a-reasoning-08-2025', reasoning_effort: 'low' }, 400, 'reasoning_effort'],
    ['no required property', schema_format({ type: 'object', properties: { a: { type: 'string' } } }), 400, 'at least one required'],
    ['max_tokens', { max_tokens: 9000 }, 400, 'max tokens must be less than or equal to 8000'],
    ['unknown model', { model: 'nope' }, 404, "model 'nope' not found"],
  ],
  nvidia: [
    ['unknown member', { store: true }, 422, 'extra_forbidden'],
    ['temperature', { temperature: 1.2 }, 422, 'temperature'],
    ['parallel calls', { tools: [weather_tool] }, 400, 'single tool-calls'],
    ['two calls in history', { messages: [u('a'), { role: 'assistant', content: null, tool_calls: [call('1'), call('2')] }, { role: 'tool', tool_call_id: '1', content: 'x' }, { role: 'tool', tool_call_id: '2', content: 'x' }] }, 400, 'single tool-calls'],
    ['developer', { messages: [{ role: 'developer', content: 'x' }, u('a')] }, 422, 'messages'],
    ['unknown model', { model: 'nope' }, 404, '404 page not found'],
  ],
  sambanova: [
    ['top_p', { top_p: 100 }, 400, 'Expected a value between 0 and 1, but got 100 instead.'],
    ['temperature', { temperature: 2.5 }, 400, 'decimal_above_max_value'],
    ['options without a stream', { stream_options: { include_usage: true } }, 400, 'stream_options'],
    ['effort', { model: 'gpt-oss-120b', reasoning_effort: 'none' }, 400, 'reasoning_effort'],
    ['tool_choice alone', { tool_choice: 'required' }, 400, 'tool_choice'],
    ['tools of gemma', { model: 'gemma-3-12b-it', tools: [weather_tool] }, 400, 'does not support tools'],
    ['developer', { messages: [{ role: 'developer', content: 'x' }, u('a')] }, 400, 'messages[0].role'],
    ['image on a text model', { messages: [u(image)] }, 400, 'does not take images'],
    ['remote image', { model: 'Llama-4-Maverick-17B-128E-Instruct', messages: [u([{ type: 'image_url', image_url: { url: 'https://example.org/a.png' } }])] }, 400, 'data URLs'],
    ['unknown model', { model: 'nope' }, 404, 'model_not_found'],
  ],
  pollinations: [
    ['temperature', { temperature: 2.5 }, 400, '"fieldErrors":{"temperature"'],
    ['wrong type', { max_tokens: '9' }, 400, '"fieldErrors":{"max_tokens"'],
    ['five stops', { stop: ['1', '2', '3', '4', '5'] }, 400, '"fieldErrors":{"stop"'],
    ['role', { messages: [{ role: 'robot', content: 'x' }] }, 400, '"fieldErrors":{"messages"'],
    ['tool_choice alone', { tool_choice: 'required' }, 400, '"upstreamStatus":400'],
    ['options without a stream', { stream_options: { include_usage: true } }, 400, 'UpstreamError'],
    ['effort', { model: 'nova-micro', reasoning_effort: 'low' }, 400, "'reasoning_effort' is not supported"],
    ['image on a text model', { model: 'nova-micro', messages: [u(image)] }, 400, 'image input'],
    ['unknown model', { model: 'nope' }, 400, "Invalid service or alias: 'nope'"],
  ],
  cloudflare: [
    ['temperature', { temperature: 5.1 }, 400, 'temperature'],
    ['null content', { messages: [u('a'), { role: 'assistant', content: null }, u('b')] }, 400, 'content'],
    ['no content beside calls', { messages: [u('a'), { role: 'assistant', tool_calls: [call('1')] }, { role: 'tool', tool_call_id: '1', content: 'x' }] }, 400, 'content'],
    ['parts on a text model', { messages: [u([{ type: 'text', text: 'a' }])] }, 400, "'array' not in 'string'"],
    ['image on a text model', { messages: [u(image)] }, 400, "'array' not in 'string'"],
    ['remote image', { model: '@cf/google/gemma-4-26b-a4b-it', messages: [u([{ type: 'image_url', image_url: { url: 'https://example.org/a.png' } }])] }, 400, 'data URL'],
    ['developer', { messages: [{ role: 'developer', content: 'x' }, u('a')] }, 400, 'messages[0].role'],
    ['effort', { reasoning_effort: 'none' }, 400, 'reasoning_effort'],
    ['json mode in a stream', { stream: true, response_format: { type: 'json_object' } }, 400, 'JSON Mode'],
    ['window', { model: '@cf/meta/llama-3.3-70b-instruct-fp8-fast', max_tokens: 24000 }, 400, '5021'],
    ['paid model', { model: '@cf/moonshotai/kimi-k2.6' }, 403, '5035'],
    ['unknown model', { model: 'nope' }, 400, '5007'],
  ],
  openrouter: [
    ['a model that is billed', { model: 'openai/gpt-oss-120b' }, 402, 'Insufficient credits'],
    ['two efforts', { reasoning_effort: 'low', reasoning: { effort: 'low' } }, 400, 'Only one of'],
    ['temperature', { temperature: 2.1 }, 400, 'temperature'],
    ['wrong type', { top_k: 'many' }, 400, 'top_k'],
    ['five stops', { stop: ['1', '2', '3', '4', '5'] }, 400, 'stop'],
    ['tools where none are', { model: 'google/gemma-4-31b-it:free', tools: [weather_tool] }, 404, 'No endpoints found that support tool use'],
    ['image on a text model', { messages: [u(image)] }, 404, 'No endpoints found that support image input'],
    ['nothing may be kept', { provider: { data_collection: 'deny' } }, 404, 'matching your data policy'],
    ['unknown model', { model: 'nope' }, 400, 'nope is not a valid model ID'],
  ],
  ollama: [
    ['effort', { reasoning_effort: 'turbo' }, 400, 'invalid reasoning value'],
    ['no messages', { messages: [] }, 400, "[] is too short - 'messages'"],
    ['remote image', { model: 'gemma4:31b', messages: [u([{ type: 'image_url', image_url: { url: 'https://example.org/a.png' } }])] }, 400, 'image URLs are not currently supported'],
    ['arguments', { messages: [u('a'), { role: 'assistant', content: '', tool_calls: [call('1', 'f', 'Oslo')] }, { role: 'tool', tool_call_id: '1', content: 'x' }] }, 400, 'invalid tool call arguments'],
    ['null content', { messages: [u('a'), { role: 'assistant', content: null }, u('b')] }, 400, 'invalid message content type'],
    ['paid model', { model: 'deepseek-v3.2' }, 403, 'requires a subscription'],
    ['unknown model', { model: 'nope' }, 404, "model 'nope' not found"],
  ],
  huggingface: [
    ['a stop as text', { stop: 'END' }, 422, 'stop'],
    ['five stops', { stop: ['1', '2', '3', '4', '5'] }, 422, 'stop'],
    ['top_logprobs', { logprobs: true, top_logprobs: 6 }, 422, 'top_logprobs'],
    ['temperature', { temperature: 2.1 }, 422, 'temperature'],
    ['tool_choice any', { tools: [weather_tool], tool_choice: 'any' }, 422, 'tool_choice'],
    ['effort', { model: 'openai/gpt-oss-120b', reasoning_effort: 'max' }, 422, 'reasoning_effort'],
    ['developer', { messages: [{ role: 'developer', content: 'x' }, u('a')] }, 422, 'role'],
    ['image on a text model', { messages: [u(image)] }, 422, 'images'],
    ['unknown partner', { model: 'openai/gpt-oss-120b:nobody' }, 400, 'model_not_supported'],
    ['unknown model', { model: 'acme/none' }, 400, 'is not supported by any provider you have enabled'],
  ],
  llm7: [
    ['temperature', { temperature: 2.5 }, 400, 'temperature'],
    ['wrong type', { max_tokens: '9' }, 400, 'max_tokens'],
    ['developer', { messages: [{ role: 'developer', content: 'x' }, u('a')] }, 400, 'messages[0].role'],
    ['image', { messages: [u(image)] }, 400, 'images'],
    ['unknown model', { model: 'nope' }, 400, 'Invalid model: nope'],
  ],
  kilo: [
    ['response_format', { response_format: { type: 'json_object' } }, 400, 'Provider returned error'],
    ['nothing may be kept', { provider: { data_collection: 'deny' } }, 400, 'training'],
    ['tools where none are', { model: 'stepfun/step-3.7-flash:free', tools: [weather_tool] }, 404, 'No endpoints found that support tool use'],
    ['temperature', { temperature: 2.1 }, 400, 'temperature'],
    ['unknown model', { model: 'nope' }, 404, 'could not be found'],
  ],
  custom: [
    ['no model', { model: undefined }, 400, 'model'],
    ['options without a stream', { stream_options: { include_usage: true } }, 400, 'stream_options'],
    ['content of a wrong type', { messages: [u(4)] }, 400, 'messages[0].content'],
    ['unanswered call', { messages: [u('a'), { role: 'assistant', content: null, tool_calls: [call('1')] }, u('b')] }, 400, 'must be followed by tool messages'],
  ],
  zhipu: [
    ['temperature at the end', { temperature: 0 }, 400, 'temperature 参数非法'],
    ['temperature beyond', { temperature: 1.2 }, 400, '"1214"'],
    ['top_p', { top_p: 0 }, 400, 'top_p'],
    ['a stop that is no list', { stop: 'END' }, 400, 'stop'],
    ['two stops', { stop: ['a', 'b'] }, 400, 'stop'],
    ['a forced tool', { tools: [weather_tool], tool_choice: 'required' }, 400, 'tool_choice'],
    ['a named tool', { tools: [weather_tool], tool_choice: { type: 'function', function: { name: 'get_weather' } } }, 400, 'tool_choice'],
    ['a choice without tools', { tool_choice: 'auto' }, 400, 'tool_choice'],
    ['json_schema', schema_format(closed), 400, 'response_format'],
    ['a short user', { user_id: 'ann' }, 400, 'user_id'],
    ['system alone', { messages: [{ role: 'system', content: 'a' }] }, 400, 'messages 参数非法'],
    ['two systems', { messages: [{ role: 'system', content: 'a' }, { role: 'system', content: 'b' }, u('c')] }, 400, '"1214"'],
    ['empty content', { messages: [u('')] }, 400, '"1214"'],
    ['the assistant last', { messages: [u('a'), { role: 'assistant', content: 'b' }] }, 400, '"1214"'],
    ['a result alone', { messages: [u('a'), { role: 'tool', tool_call_id: 'x', content: 'y' }] }, 400, '"1214"'],
    ['developer', { messages: [{ role: 'developer', content: 'a' }, u('b')] }, 400, '"1214"'],
    ['image on a text model', { messages: [u(image)] }, 400, '"1214"'],
    ['too large an output', { max_tokens: 200000 }, 400, 'max_tokens'],
    ['unknown model', { model: 'nope' }, 400, '"1211"'],
    ['no messages', { messages: undefined }, 400, '"1213"'],
  ],
  github: [
    ['unknown member', { top_k: 4 }, 400, 'Unrecognized request argument supplied: top_k'],
    ['member of a message', { messages: [{ ...u('a'), cache_control: {} }] }, 400, "Unknown parameter: 'messages[0].cache_control'"],
    ['reasoning_content in history', { messages: [u('a'), { role: 'assistant', content: 'b', reasoning_content: 'c' }, u('d')] }, 400, 'reasoning_content'],
    ['temperature', { temperature: 2.1 }, 400, "'temperature'"],
    ['five stops', { stop: ['1', '2', '3', '4', '5'] }, 400, "'stop'"],
    ['the bound of a thinker', { model: 'openai/o4-mini', max_tokens: 9 }, 400, "Use 'max_completion_tokens' instead"],
    ['the temperature of a thinker', { model: 'openai/o4-mini', temperature: 0.2 }, 400, "'temperature' does not support 0.2"],
    ['an effort of no kind', { model: 'openai/o4-mini', reasoning_effort: 'minimal' }, 400, 'reasoning_effort'],
    ['effort without reasoning', { reasoning_effort: 'low' }, 400, 'Unrecognized request argument supplied: reasoning_effort'],
    ['system to o1-mini', { model: 'openai/o1-mini', messages: [{ role: 'system', content: 'a' }, u('b')] }, 400, "does not support 'system'"],
    ['the newer bound elsewhere', { model: 'mistral-ai/mistral-small', max_completion_tokens: 9 }, 400, 'max_completion_tokens'],
    ['too large an output', { max_tokens: 4001 }, 400, 'max_tokens is too large: 4001'],
    ['too large a prompt', { messages: [u('x'.repeat(4 * 8001))] }, 413, 'Max size: 8000 tokens.'],
    ['a choice without tools', { tool_choice: 'auto' }, 400, 'tool_choice'],
    ['an assistant who says null', { messages: [u('a'), { role: 'assistant', content: null }, u('b')] }, 400, 'got null'],
    ['a call without its result', { messages: [u('a'), { role: 'assistant', content: null, tool_calls: [call('x')] }, u('b')] }, 400, 'tool messages'],
    ['a model of another plan', { model: 'openai/gpt-5' }, 400, 'unavailable_model'],
    ['unknown model', { model: 'gpt-4o' }, 400, 'unknown_model'],
  ],
};

for (const [provider, cases] of Object.entries(refused))
  test(`${provider} refuses what it does not take`, async (t) => {
    const e = await started(t);
    for (const [what, body, status, text] of cases) {
      const r = await chat(e, provider, body);
      assert.equal(r.status, status, `${what}: ${r.text}`);
      assert.ok(r.text.includes(text), `${what}: ${r.text}`);
      assert.ok((await last_entry(e)).violations.some((v) => v.refused), what);
    }
  });

const g_user = (text) => ({ role: 'user', parts: [{ text }] });
const g_call = (more = {}) => ({ role: 'model', parts: [{ functionCall: { name: 'f', args: {} }, ...more }] });
const g_result = (name = 'f') => ({ role: 'user', parts: [{ functionResponse: { name, response: { ok: 1 } } }] });
const g_tool = (parameters, name = 'f') => ({ tools: [{ functionDeclarations: [{ name, description: 'd', ...(parameters ? { parameters } : {}) }] }] });
const g_refused = [
  ['unknown name', { stream: true }, 'Unknown name "stream": Cannot find field.'],
  ['unknown nested name', { contents: [{ role: 'user', parts: [{ text: 'a', cache: 1 }] }] }, `Unknown name "cache" at 'contents[0].parts[0]'`],
  ['schema keyword', g_tool({ type: 'object', properties: { a: { type: 'string' } }, additionalProperties: false }), 'Unknown name "additionalProperties"'],
  ['schema keyword below', g_tool({ type: 'object', properties: { a: { type: 'string', const: 'x' } } }), 'parameters.properties[0].value'],
  ['type array', g_tool({ type: 'object', properties: { a: { type: ['string', 'null'] } } }), 'Proto field is not repeating, cannot start list'],
  ['format', g_tool({ type: 'object', properties: { a: { type: 'string', format: 'uri' } } }), "only 'enum' and 'date-time' are supported for STRING type"],
  ['empty object', g_tool({ type: 'object', properties: {} }), 'should be non-empty for OBJECT type'],
  ['required without property', g_tool({ type: 'object', properties: { a: { type: 'string' } }, required: ['b'] }), 'property is not defined'],
  ['array without items', g_tool({ type: 'object', properties: { a: { type: 'array' } } }), 'items: missing field'],
  ['number in enum', g_tool({ type: 'object', properties: { a: { type: 'integer', enum: [1] } } }), 'TYPE_STRING'],
  ['tool name', g_tool(null, '1f'), 'Invalid function name'],
  ['config without functions', { toolConfig: { functionCallingConfig: { mode: 'ANY' } } }, 'without function_declarations'],
  ['call without answer', { contents: [g_user('a'), g_call(), g_user('b')] }, 'function response turn comes immediately after a function call turn'],
  ['answer first', { contents: [g_result()] }, 'function response turn comes immediately after a function call turn'],
  ['call first', { contents: [g_call(), g_result()] }, 'function call turn comes immediately after a user turn'],
  ['wrong count', { contents: [g_user('a'), g_call(), { role: 'user', parts: [...g_result().parts, ...g_result().parts] }] }, 'number of function response parts'],
  ['wrong name', { contents: [g_user('a'), g_call(), g_result('g')] }, 'answers no call'],
  ['response not an object', { contents: [g_user('a'), g_call(), { role: 'user', parts: [{ functionResponse: { name: 'f', response: 'x' } }] }] }, 'protobuf.Struct'],
  ['role', { contents: [{ role: 'assistant', parts: [{ text: 'a' }] }] }, 'valid role: user, model'],
  ['no parts', { contents: [{ role: 'user', parts: [] }] }, 'must not be empty'],
  ['part of nothing', { contents: [{ role: 'user', parts: [{}] }] }, 'must have one initialized field'],
  ['base64', { contents: [{ role: 'user', parts: [{ inlineData: { mimeType: 'image/png', data: 'data:image/png;base64,AA' } }] }] }, 'TYPE_BYTES'],
  ['temperature', { generationConfig: { temperature: 3 } }, 'temperature'],
  ['six stops', { generationConfig: { stopSequences: ['1', '2', '3', '4', '5', '6'] } }, 'stop_sequences'],
  ['two candidates', { generationConfig: { candidateCount: 2 } }, 'Multiple candidates'],
  ['both schemas', { generationConfig: { responseMimeType: 'application/json', responseSchema: { type: 'STRING' }, responseJsonSchema: {} } }, 'mutually exclusive'],
  ['schema without mime', { generationConfig: { responseSchema: { type: 'STRING' } } }, 'response_mime_type'],
  ['json with tools', { ...g_tool(), generationConfig: { responseMimeType: 'application/json' } }, 'is unsupported'],
  ['level on 2.5', { generationConfig: { thinkingConfig: { thinkingLevel: 'low' } } }, 'Thinking level is not supported'],
  ['no contents', { contents: [] }, 'contents is not specified'],
  ['signature missing', { contents: [g_user('a'), g_call(), g_result()] }, 'missing a thought_signature', 'gemini-3.5-flash'],
  ['signature made up', { contents: [g_user('a'), g_call({ thoughtSignature: 'bWFkZSB1cA==' }), g_result()] }, 'Corrupted thought signature', 'gemini-3.5-flash'],
  ['level and budget', { generationConfig: { thinkingConfig: { thinkingLevel: 'low', thinkingBudget: 1 } } }, 'only one of', 'gemini-3.5-flash'],
  ['budget of pro', { generationConfig: { thinkingConfig: { thinkingBudget: 0 } } }, 'budget 0 is invalid', 'gemini-2.5-pro'],
  ['system to gemma', { systemInstruction: { parts: [{ text: 's' }] } }, 'Developer instruction is not enabled', 'gemma-4-31b-it'],
  ['tools to gemma', g_tool(), 'Function calling is not enabled', 'gemma-4-31b-it'],
];
test('google refuses what it does not take', async (t) => {
  const e = await started(t);
  for (const [what, body, text, model] of g_refused) {
    const r = await gemini(e, body, { model });
    assert.equal(r.status, 400, `${what}: ${r.text}`);
    assert.equal(r.json.error.status, 'INVALID_ARGUMENT');
    assert.ok(r.json.error.message.includes(text), `${what}: ${r.json.error.message}`);
  }
  assert.equal((await gemini(e, { system_instruction: { parts: { text: 'snake and single' } } })).status, 200);
  assert.equal((await gemini(e, {}, { model: 'nope' })).status, 404);
  const foreign = (await gemini(e, { contents: [g_user('f')], ...g_tool() }, { model: 'gemini-3-flash-preview' })).json.candidates[0].content.parts[0];
  assert.match((await gemini(e, { contents: [g_user('a'), { role: 'model', parts: [{ ...foreign, functionCall: { name: 'f', args: {} } }] }, g_result()] }, { model: 'gemini-3.5-flash' })).text, /Corrupted/);
});

test('a bad key gets the answer of its provider', async (t) => {
  const e = await started(t);
  const answers = { groq: [401, 'invalid_api_key'], cerebras: [401, 'wrong_api_key'], mistral: [401, 'Unauthorized'], cohere: [401, 'invalid api token'], zhipu: [401, '"1002"'], github: [401, 'Bad credentials'], nvidia: [403, 'Authorization failed'], huggingface: [401, 'Invalid credentials'], sambanova: [401, 'invalid_api_key'], pollinations: [401, 'UNAUTHORIZED'], cloudflare: [401, '10000'], openrouter: [401, 'User not found'], ollama: [401, 'unauthorized'] };
  for (const [provider, [status, text]] of Object.entries(answers)) {
    const r = await chat(e, provider, {}, { authorization: 'Bearer wrong' });
    assert.deepEqual([r.status, r.text.includes(text)], [status, true], `${provider}: ${r.text}`);
    assert.equal((await post(e, `${bases[provider]}/chat/completions`, {})).status, 401, provider);
    assert.equal((await chat(e, provider, {}, { authorization: keys[provider] })).status, status === 403 ? 403 : 401, `${provider} without Bearer`);
  }
  const google = async (headers) => (await gemini(e, {}, { headers: { 'x-goog-api-key': '', ...headers } }));
  assert.match((await google({ 'x-goog-api-key': 'AIzaShort' })).text, /API_KEY_INVALID/);
  assert.equal((await google({})).status, 403);
  assert.equal((await google({ authorization: 'Bearer x' })).status, 401);
});

test('a body that is not strict JSON, or not said to be JSON, is refused everywhere', async (t) => {
  const e = await started(t);
  for (const provider of [...openai_like, 'google']) {
    const path = provider === 'google' ? '/google/v1beta/models/gemini-2.5-flash:generateContent' : `${bases[provider]}/chat/completions`;
    for (const text of ['{', '{"a":1,"a":2}', '{"a":1,"\\u0061":2}', '{} {}', '\ufeff{}', '']) {
      const r = await post(e, path, text, auth(provider));
      assert.ok(r.status === 400 || r.status === 422, `${provider} ${text}: ${r.status}`);
      assert.equal((await last_entry(e)).violations.at(-1).rule, 'json');
    }
    const r = await post(e, path, '{}', { ...auth(provider), 'content-type': 'text/plain' });
    assert.ok([400, 415, 422].includes(r.status), `${provider}: ${r.status}`);
    assert.equal((await last_entry(e)).violations.at(-1).rule, 'content_type');
  }
});

test('wrong paths and methods are refused', async (t) => {
  const e = await started(t);
  assert.equal((await post(e, '/groq/v1/chat/completions', {}, auth('groq'))).status, 404);
  assert.equal((await post(e, '/groq/openai/v1/chat/completions/', {}, auth('groq'))).status, 404);
  assert.equal((await post(e, '/nobody/v1/chat/completions', {})).status, 404);
  assert.equal((await post(e, '/groq/openai/v1/models', {}, auth('groq'))).status, 405);
  assert.equal((await post(e, '/groq/openai/v1//chat/completions', {}, auth('groq'))).status, 400);
});

test('framing that no server should take is refused and written down', async (t) => {
  const e = await started(t);
  const good = raw_chat({});
  const cases = {
    duplicate_header: good.replace('Host:', 'Authorization: Bearer a\r\nAuthorization: Bearer b\r\nHost:'),
    host: good.replace('Host: localhost\r\n', ''),
    'host ': good.replace('Host: localhost', 'Host: api.groq.com'),
    'host  ': good.replace('Host: localhost', 'Host: localhost:1'),
    unified_key: good.replace('Host:', 'X-Note: freellmapi-abcdefgh12345\r\nHost:'),
    target: good.replace('POST /box', 'POST http://localhost/box'),
    framing: good.replace('Content-Length', 'Content-Length: 5\r\nContent-Length'),
    'framing ': good.replace('Content-Length', 'Transfer-Encoding: chunked\r\nContent-Length'),
  };
  for (const [rule, text] of Object.entries(cases)) {
    const r = await raw(e, text, (x) => x.includes('\r\n\r\n'));
    assert.match(r.text, /^HTTP\/1\.1 400 /, rule);
    assert.ok(e.journal_entries().at(-1).violations.some((v) => v.rule === rule.trim()), `${rule}: ${JSON.stringify(e.journal_entries().at(-1).violations)}`);
  }
});

test('llm7 sells tools, JSON mode, long prompts and some models, and needs no token', async (t) => {
  const e = await started(t);
  const free = (body, headers = {}) => post(e, '/llm7/v1/chat/completions', { model: plain_models.llm7, messages: [u('hi')], ...body }, headers);
  assert.equal((await free({})).status, 200);
  assert.deepEqual((await last_entry(e)).violations, []);
  for (const body of [{ tools: [weather_tool] }, { response_format: { type: 'json_object' } }, { model: 'pro' }]) {
    const r = await free(body);
    assert.deepEqual([r.status, r.json.error.code], [402, 'pro_access_required']);
  }
  assert.match((await free({ messages: [u('x'.repeat(130000))] })).text, /Too many characters/);
  assert.equal((await free({}, { authorization: 'Bearer x' })).status, 401);
  assert.equal((await free({}, { authorization: 'Bearer unused' })).status, 200);
  assert.deepEqual((await last_entry(e)).violations.map((v) => v.rule), ['unused']);
  assert.equal((await free({ model: 'gpt-oss-20b' })).json.model, 'mistral-small-3.2');
  assert.equal((await free({ logit_bias: {}, n: 1 })).status, 200);
  assert.deepEqual((await last_entry(e)).violations.map((v) => v.rule), ['core', 'core']);
});

test('what is merely unwise is served and noted', async (t) => {
  const e = await started(t);
  const notes = async () => (await last_entry(e)).violations.map((v) => v.rule);
  assert.equal((await chat(e, 'custom', { temperature: null, response_format: { type: 'text' } })).status, 200);
  assert.deepEqual(await notes(), ['null', 'format_text']);
  assert.equal((await chat(e, 'cohere', { stream: true, stream_options: { include_usage: true } })).status, 200);
  assert.deepEqual(await notes(), ['stream_options']);
  assert.equal((await chat(e, 'huggingface', { n: 1, top_k: 3, parallel_tool_calls: true, max_completion_tokens: 5 })).status, 200);
  assert.deepEqual(await notes(), ['unknown', 'unknown', 'unknown', 'unknown', 'max_tokens']);
  assert.equal((await chat(e, 'sambanova', { user: 'u', min_p: 0.1, messages: [{ role: 'user', content: 'x', cache_control: {} }] })).status, 200);
  assert.deepEqual(await notes(), ['unknown', 'unknown', 'unknown']);
  assert.equal((await chat(e, 'pollinations', { logit_bias: { 5: 1 }, messages: [{ ...u('x'), name: 'bob' }] })).status, 200);
  assert.deepEqual(await notes(), ['unknown', 'name']);
  assert.equal((await chat(e, 'cloudflare', { user: 'u', logprobs: true, tool_choice: 'auto', messages: [{ role: 'user', content: 'x', name: 'n' }] })).status, 200);
  assert.deepEqual(await notes(), ['unknown', 'unknown', 'unknown', 'max_tokens', 'tool_choice']);
  assert.equal((await chat(e, 'ollama', { tool_choice: 'auto', top_k: 4, max_completion_tokens: 9, messages: [{ role: 'user', content: 'x', name: 'n' }] })).status, 200);
  assert.deepEqual(await notes(), ['unknown', 'unknown', 'unknown', 'unknown']);
  assert.equal((await chat(e, 'custom', {}, { cookie: 'a=b' })).status, 200);
  assert.deepEqual(await notes(), ['foreign_header']);
});

test('gateways note what they would ignore, and a list of fallbacks', async (t) => {
  const e = await started(t);
  assert.equal((await chat(e, 'openrouter', { models: ['openai/gpt-5'], store: true, n: 2, messages: [{ ...u('a'), cache: 1 }] })).status, 200);
  assert.deepEqual((await last_entry(e)).violations.map((v) => v.rule).sort(), ['models', 'n', 'unknown', 'unknown']);
});

test('a prompt beyond the context of the model is refused in the words of the provider', async (t) => {
  const e = await started(t);
  const long = 'x'.repeat(4 * 70000);
  const r = await chat(e, 'cerebras', { messages: [u(long)] });
  assert.equal(r.status, 400);
  assert.match(r.json.message, /Current length is 70000 while limit is 65536/);
  assert.equal((await chat(e, 'custom', { messages: [u(long)], model: plain_models.custom })).status, 200);
});
