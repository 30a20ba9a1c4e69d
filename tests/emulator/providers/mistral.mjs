// mistral (providers.md section 6). Every object is closed; ids have nine characters.
import * as s from '../lib/shape.mjs';
import * as o from '../lib/openai/shapes.mjs';
import { alphanumeric, hexadecimal, openai_provider, sees_images } from '../lib/openai/provider.mjs';
import { image_of } from '../lib/openai/read.mjs';
import { mistral_order } from '../lib/openai/mistral_order.mjs';
import { token_of } from '../lib/answer.mjs';
import { hint_headers, hint_of } from '../lib/retry_after.mjs';

const models = {
  'mistral-large-latest': { context: 262144, vision: true },
  'mistral-medium-latest': { context: 262144, vision: true, reasons: true },
  'mistral-small-latest': { context: 262144, vision: true, reasons: true },
  'codestral-latest': { context: 256000 },
  'devstral-latest': { context: 262144 },
  'magistral-medium-latest': { context: 131072, reasons: true },
  'magistral-small-latest': { context: 131072, reasons: true },
  'ministral-8b-latest': { context: 262144 },
};

const image_part = s.object({ type: s.any, image_url: s.either(s.object({ url: s.string({ min: 1 }), detail: s.nullable(s.string()) }, { required: ['url'] }), s.string({ min: 1 })) }, { required: ['image_url'] });
const thinking_part = s.object({ type: s.any, thinking: s.array(s.any), closed: s.boolean }, { required: ['thinking'] });
const content = s.either(s.array(s.tagged('type', { text: o.text_part, image_url: image_part })), s.string());
const assistant_content = s.either(s.array(s.tagged('type', { text: o.text_part, thinking: thinking_part })), s.string());
const called = s.object({ id: s.string(), type: s.one_of(['function']), index: s.integer(),
  function: s.object({ name: s.string({ min: 1 }), arguments: s.either(s.object({}, { open: true }), s.string()) }, { required: ['name', 'arguments'] }) }, { required: ['function'] });
const roles = {
  system: s.object({ role: s.any, content: o.text_content }, { required: ['content'] }),
  user: s.object({ role: s.any, content }, { required: ['content'] }),
  assistant: s.object({ role: s.any, content: s.nullable(assistant_content), tool_calls: s.nullable(s.array(called)), prefix: s.boolean }),
  tool: s.object({ role: s.any, content: s.nullable(content), tool_call_id: s.nullable(s.string()), name: s.nullable(s.string()) }, { required: ['content'] }),
};
const tool = s.object({ type: s.one_of(['function']), function: s.object({ name: o.function_name, description: s.string(), strict: s.boolean,
  parameters: s.object({}, { open: true }) }, { required: ['name', 'parameters'] }) }, { required: ['function'] });
const format = s.object({ type: s.one_of(['text', 'json_object', 'json_schema']), json_schema: s.nullable(s.object({ name: s.string(), description: s.nullable(s.string()),
  schema: s.object({}, { open: true }), strict: s.boolean }, { required: ['name', 'schema'] })) });

const shape = s.object(o.optional({
  model: s.string(), temperature: s.number({ min: 0, max: 1.5 }), top_p: o.top_p, max_tokens: s.integer({ min: 0 }), stream: s.boolean,
  stop: s.either(s.array(s.string()), s.string()), random_seed: s.integer({ min: 0 }), metadata: s.object({}, { open: true }), messages: o.messages(roles),
  response_format: format, tools: s.array(tool, { max: 128 }), tool_choice: o.tool_choice('auto', 'none', 'any', 'required'), presence_penalty: o.penalty,
  frequency_penalty: o.penalty, n: o.positive, prediction: s.object({ type: s.string(), content: s.string() }), parallel_tool_calls: s.boolean,
  prompt_mode: s.one_of(['reasoning']), reasoning_effort: s.one_of(['high', 'none']), guardrails: s.array(s.any), prompt_cache_key: s.string(), safe_prompt: s.boolean,
}, ['model', 'messages', 'stream', 'parallel_tool_calls']), { required: ['model', 'messages'] });

const error = (status, message, type, code, headers = {}) => ({ status, headers, body: { object: 'error', message, type, param: null, code } });
const pydantic_text = { extra_forbidden: 'Extra inputs are not permitted', missing: 'Field required' };

export default openai_provider({
  id: 'mistral', base: '/v1', key_shape: /^[A-Za-z0-9]{32}$/, models, shape, finish_with_last_call: true,

  model_row: (id) => ({ id, object: 'model', created: 1780000000, owned_by: 'mistralai', name: id, max_context_length: models[id].context, aliases: [], deprecation: null,
    capabilities: { completion_chat: true, completion_fim: id.startsWith('codestral'), function_calling: true, fine_tuning: false, vision: models[id].vision === true }, type: 'base' }),
  unknown_path: () => ({ status: 404, headers: {}, body: { message: 'no Route matched with those values' } }),
  method_not_allowed: (allow) => ({ status: 405, headers: { allow }, body: { detail: 'Method Not Allowed' } }),
  bad_content_type(ctx) { return this.problem({ kind: 'type', code: 'model_attributes_type', path: [], message: 'Input should be a valid dictionary', input: ctx.text.slice(0, 100) }, ctx); },
  bad_json(fault, ctx) { return this.problem({ kind: 'type', code: 'json_invalid', path: [fault.offset ?? 0], message: 'JSON decode error', input: {} }, ctx); },

  order: (ctx) => mistral_order(ctx.json.messages),
  check(ctx, info) {
    const b = ctx.json;
    const faults = [];
    const images = sees_images(ctx);
    if (images.length > 0 && !info.vision) faults.push({ rule: 'images', path: images[0].path, code: '3051', message: `Image input is not enabled for this model: ${ctx.model}` });
    for (const { part, path } of images) if ((image_of(part.image_url.url ?? part.image_url).bytes ?? 0) > 20 * 1024 * 1024) faults.push({ rule: 'images', path, message: 'Image is too large' });
    if (b.reasoning_effort != null && !info.reasons) faults.push({ rule: 'reasoning_effort', path: ['reasoning_effort'], message: 'reasoning_effort is not supported for this model' });
    if (b.response_format?.type === 'json_object' && !/json/i.test(JSON.stringify(b.messages))) faults.push({ soft: true, rule: 'json_word', message: 'json_object without the word JSON in the prompt can stream white space for ever' });
    if (b.response_format?.type === 'json_schema' && !b.response_format.json_schema) faults.push({ rule: 'response_format', path: ['response_format'], message: 'json_schema must be provided' });
    return faults;
  },
  problem(problem, ctx) {
    const headers = this.ok_headers(ctx);
    if (['order', undefined].includes(problem.kind)) return error(400, problem.message, problem.type ?? 'invalid_request_message_order', problem.code ?? '3230', headers);
    const detail = [{ type: problem.code, loc: ['body', ...problem.path], msg: pydantic_text[problem.code] ?? `Input ${problem.message}`, input: problem.input ?? null }];
    return error(422, { detail }, 'invalid_request_error', null, headers);
  },

  completion_id: (ctx) => token_of(hexadecimal, 32, 'mistral', String(ctx.seq)),
  tool_call_id: (ctx, i) => token_of(alphanumeric, 9, 'mistral', String(ctx.seq), String(i)),

  ok_headers(ctx, remaining) {
    const used = ctx.quota.show(ctx, ctx.tokens);
    const tokens = ctx.quota.advertised(ctx, 'tokens', 60000, 500000);
    const requests = ctx.quota.advertised(ctx, 'requests', 60000, 60);
    const left = (limit, count) => String(Math.max(0, limit - count));
    return { 'x-ratelimit-limit-tokens-minute': String(tokens), 'x-ratelimit-remaining-tokens-minute': left(tokens, used.minute.tokens),
      'x-ratelimit-limit-tokens-month': '1000000000', 'x-ratelimit-remaining-tokens-month': left(1000000000, used.month.tokens), 'x-ratelimit-tokens-query-cost': String(ctx.tokens),
      'x-ratelimit-limit-req-minute': String(requests), 'x-ratelimit-remaining-req-minute': left(requests, used.minute.requests), ...remaining };
  },
  usage(ctx, answer) {
    const { prompt, completion } = answer.usage;
    return { prompt_tokens: prompt, total_tokens: prompt + completion, completion_tokens: completion, prompt_audio_seconds: null, num_cached_tokens: 0 };
  },
  thinking: (text, closed) => ({ type: 'thinking', thinking: [{ type: 'text', text }], closed }),
  message(ctx, answer) {
    const text = answer.pieces.join('');
    return { role: 'assistant', tool_calls: answer.calls.length > 0 ? answer.calls.map((c, index) => ({ id: c.id, function: { name: c.name, arguments: spaced(c.args) }, index })) : null,
      content: answer.reasoning.length > 0 ? [this.thinking(answer.reasoning.join(''), true), { type: 'text', text }] : text };
  },
  choice: (ctx, index, message, finish) => ({ index, finish_reason: finish, message }),
  stream_choice: (ctx, index, delta, finish) => ({ index, delta, finish_reason: finish }),
  reasoning_delta(text) { return { content: [this.thinking(text, false)] }; },
  call_deltas: (call, index) => [{ id: call.id, function: { name: call.name, arguments: spaced(call.args) }, index }],
  call_delta: (delta) => ({ content: '', tool_calls: [delta] }),
  finish_delta: () => ({ content: '' }),
  finish_extra(ctx, answer) { return { usage: this.usage(ctx, answer) }; },

  errors: {
    auth: (p, ctx) => ({ status: 401, headers: {}, body: { message: 'Unauthorized', request_id: token_of(hexadecimal, 32, 'request', String(ctx.seq)) } }),
    payment: () => error(402, 'Your account is inactive. Please check your billing details.', 'payment_required', '1600'),
    forbidden: () => error(403, 'This model is not available on your current plan.', 'forbidden', '1700'),
    not_found: (p, ctx) => (p.status === 404 ? error(404, `Model not found: ${p.model ?? ctx.model}`, 'not_found', '1502') : error(400, `Invalid model: ${p.model ?? ctx.model}`, 'invalid_model', '1500')),
    gone: (p, ctx) => error(410, `The model ${p.model ?? ctx.model} has been retired and is no longer available.`, 'model_retired', '1501'),
    too_large: () => ({ status: 413, headers: {}, body: '' }),
    context_too_long: ({ limit = 32768, requested = 40000 }) => error(400, `Prompt contains ${requested} tokens and 0 draft tokens, too large for model with ${limit} maximum context length`, 'invalid_request_prompt', '3051'),
    content_filter: () => error(403, 'The request was blocked by the moderation policy.', 'content_filter', '3800'),
    bad_request: ({ message = 'Invalid request' }) => error(400, message, 'invalid_request_error', '3000'),
    rate_limit(p, ctx) {
      if (p.capacity) return error(429, 'Service tier capacity exceeded for this model.', 'service_tier_capacity_exceeded', '3505');
      const hint = hint_of(p, ctx.clock, ['none']);
      const name = hint.window === 'month' ? 'tokens-month' : hint.axis === 'tokens' ? 'tokens-minute' : 'req-minute';
      const headers = { ...ctx.def.ok_headers(ctx, { [`x-ratelimit-remaining-${name}`]: '0', ...(p.plan ? { 'x-ratelimit-limit-req-minute': '0' } : {}) }), ...hint_headers(hint) };
      const message = `${hint.window === 'second' ? 'Requests rate limit exceeded' : 'Rate limit exceeded'}${hint.says('prose') ? `. Please retry in ${hint.seconds}s` : ''}`;
      const made = error(429, message, 'rate_limited', '1300', headers);
      return { ...made, body: { ...made.body, raw_status_code: 429 } };
    },
    server_error: ({ status }) => (status === 503 ? error(503, 'Service unavailable.', 'internal_server_error', '3700')
      : status === 502 ? { status, headers: { 'content-type': 'text/plain' }, body: 'upstream connect error or disconnect/reset before headers' } : error(status, 'Internal server error', 'internal_server_error', '3000')),
  },
});

// Arguments as Mistral writes them: a blank after each colon and comma.
function spaced(args) {
  let value;
  try {
    value = JSON.parse(args);
  } catch {
    return args;
  }
  const write = (v) => (Array.isArray(v) ? `[${v.map(write).join(', ')}]`
    : v !== null && typeof v === 'object' ? `{${Object.entries(v).map(([k, x]) => `${JSON.stringify(k)}: ${write(x)}`).join(', ')}}` : JSON.stringify(v));
  return write(value);
}
