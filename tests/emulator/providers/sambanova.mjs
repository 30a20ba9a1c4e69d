// sambanova, SambaCloud (providers.md section 4). Two request windows in the headers; unknown members are ignored.
import * as s from '../lib/shape.mjs';
import * as o from '../lib/openai/shapes.mjs';
import { alphanumeric, openai_provider, sees_images } from '../lib/openai/provider.mjs';
import { image_of } from '../lib/openai/read.mjs';
import { rendering } from '../lib/openai/render.mjs';
import { token_of } from '../lib/answer.mjs';
import { hint_headers, hint_of } from '../lib/retry_after.mjs';

const models = {
  'DeepSeek-V3.2': { context: 32768, reasons: true, by_switch: true },
  'DeepSeek-V3.1': { context: 131072, reasons: true, by_switch: true },
  'gpt-oss-120b': { context: 131072, reasons: true },
  'Llama-4-Maverick-17B-128E-Instruct': { context: 8192, vision: true },
  'Meta-Llama-3.3-70B-Instruct': { context: 8192 },
  'gemma-3-12b-it': { context: 131072, no_tools: true },
};

// `open`: members it does not know are let through, as the server does; closed, to note them.
function shape_of(open) {
  const object = (fields, required = []) => s.object(fields, { required, open });
  const name = { name: s.string() };
  const call = object({ id: s.string({ min: 1 }), type: s.one_of(['function']), index: s.integer(), function: object({ name: s.string({ min: 1 }), arguments: s.string() }, ['name', 'arguments']) }, ['id', 'type', 'function']);
  const roles = {
    system: object({ role: s.any, content: o.text_content, ...name }, ['content']),
    user: object({ role: s.any, content: o.content, ...name }, ['content']),
    assistant: object({ role: s.any, content: s.nullable(o.text_content), tool_calls: s.nullable(s.array(call)), ...name }),
    tool: object({ role: s.any, content: o.text_content, tool_call_id: s.string({ min: 1 }), ...name }, ['content', 'tool_call_id']),
  };
  return object(o.optional({
    model: s.string({ min: 1 }), messages: o.messages(roles), chat_template_kwargs: s.object({ enable_thinking: s.boolean }, { open: true }), do_sample: s.boolean,
    frequency_penalty: o.penalty, presence_penalty: o.penalty, logit_bias: s.object({}, { open: true }), logprobs: s.boolean, top_logprobs: s.integer({ min: 0, max: 20 }),
    max_tokens: o.positive, max_completion_tokens: o.positive, n: o.positive, parallel_tool_calls: s.boolean, reasoning_effort: s.one_of(['low', 'medium', 'high']),
    response_format: o.response_format, seed: s.integer(), stop: s.either(s.array(s.string()), s.string()), stream: s.boolean, stream_options: o.stream_options,
    temperature: s.number({ min: 0, max: 2 }), tool_choice: o.tool_choice('none', 'auto', 'required'), tools: s.array(o.tool, { min: 1 }), top_k: s.integer({ min: 1 }), top_p: o.top_p,
  }, ['model', 'messages']), ['model', 'messages']);
}
const shape = shape_of(true);
const closed_shape = shape_of(false);

const request_id = (ctx) => token_of('0123456789abcdef', 12, 'sambanova', 'request', String(ctx.seq));
const error = (status, message, type, code, param, ctx, headers = {}) => ({ status, headers, body: { error: { code, message, param: param ?? null, type }, request_id: request_id(ctx) } });

// The typed errors of wrong values.
function typed(problem) {
  const word = Number.isInteger(problem.input) && problem.path.at(-1) !== 'top_p' && problem.path.at(-1) !== 'temperature' ? 'integer' : 'decimal';
  const title = word[0].toUpperCase() + word.slice(1);
  if (problem.max !== undefined) return { code: `${word}_above_max_value`, message: `${title} above maximum value. Expected a value between 0 and ${problem.max}, but got ${problem.input} instead.` };
  if (problem.min !== undefined) return { code: `${word}_below_min_value`, message: `${title} below minimum value. Expected a value of at least ${problem.min}, but got ${problem.input} instead.` };
  return { code: problem.kind === 'missing' ? 'missing_required_parameter' : 'invalid_value', message: `Invalid value for '${s.dotted(problem.path)}': ${problem.message}` };
}

export default openai_provider({
  id: 'sambanova', base: '/v1', key_shape: /^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/, models, shape, public_models: true, reasoning_field: 'reasoning',
  model_row: (id) => ({ id, object: 'model', owned_by: 'no-reply@sambanova.ai', context_length: models[id].context, max_completion_tokens: models[id].context, pricing: { prompt: '0.0', completion: '0.0', duration_per_second: '0.0' } }),
  unknown_path: () => ({ status: 404, headers: { 'content-type': 'text/plain' }, body: 'Not Found' }),
  bad_content_type: (ctx) => error(415, 'Unsupported content type', 'invalid_request_error', null, null, ctx),

  check(ctx, info) {
    const b = ctx.json;
    const faults = s.check(closed_shape, b).filter((p) => p.kind === 'unknown').map((p) => ({ ...p, soft: true, rule: 'unknown', message: `${s.dotted(p.path)} is ignored; leave it out` }));
    const refuse = (path, message) => faults.push({ path, rule: path[0], message });
    if (b.stream_options != null && b.stream !== true) refuse(['stream_options'], 'stream_options is only allowed when stream is true');
    if (b.tool_choice != null && b.tool_choice !== 'none' && !b.tools) refuse(['tool_choice'], 'tool_choice needs tools');
    if (b.tools && info.no_tools) refuse(['tools'], 'this model does not support tools');
    if (b.top_logprobs != null && b.logprobs !== true) refuse(['top_logprobs'], 'top_logprobs needs logprobs');
    if (b.max_tokens != null && b.max_completion_tokens != null) faults.push({ soft: true, rule: 'max_tokens', message: 'max_tokens beside max_completion_tokens' });
    if (b.n > 1) faults.push({ soft: true, rule: 'n', message: 'n above 1 is better not sent' });
    if (b.reasoning_effort != null && !info.reasons) faults.push({ soft: true, rule: 'reasoning_effort', message: `${ctx.model} does not reason` });
    if (b.reasoning_effort != null && info.by_switch) faults.push({ soft: true, rule: 'reasoning_effort', message: 'hybrid models think by chat_template_kwargs.enable_thinking alone' });
    for (const { part, path } of sees_images(ctx)) {
      if (!info.vision) refuse(path, 'this model does not take images');
      else if (!image_of(part.image_url.url).data) refuse(path, 'images must be base64 data URLs');
    }
    return faults;
  },
  problem(problem, ctx) {
    const { code, message } = problem.rule ? { code: null, message: problem.message } : typed(problem);
    return error(400, message, 'invalid_request_error', code, s.dotted(problem.path), ctx);
  },

  // A hybrid model thinks only when its template is told to.
  thinks: (ctx) => !models[ctx.model]?.by_switch || ctx.json?.chat_template_kwargs?.enable_thinking === true,
  shown(ctx, answer) { return this.thinks(ctx) ? answer : { ...answer, reasoning: [] }; },
  frames(ctx, answer) { return rendering.frames.call(this, ctx, this.shown(ctx, answer)); },
  body(ctx, answer) { return rendering.body.call(this, ctx, this.shown(ctx, answer)); },

  completion_id: (ctx) => `6c0e1a1e-0000-4000-8000-${String(ctx.seq).padStart(12, '0')}`,
  tool_call_id: (ctx, i) => `call_${token_of(alphanumeric, 18, 'sambanova', String(ctx.seq), String(i))}`,

  ok_headers(ctx, spent = {}) {
    const used = ctx.quota.show(ctx, ctx.tokens);
    const now = ctx.clock.now() / 1000;
    const headers = {};
    for (const [window, suffix, span] of [['minute', '', 60000], ['day', '-day', 86400000]]) {
      const limit = ctx.quota.advertised(ctx, 'requests', span, 20);
      headers[`x-ratelimit-limit-requests${suffix}`] = String(limit);
      headers[`x-ratelimit-remaining-requests${suffix}`] = String(spent[window] === undefined ? Math.max(0, limit - used[window].requests) : 0);
      headers[`x-ratelimit-reset-requests${suffix}`] = (now + (spent[window] ?? used[window].resets)).toFixed(2);
    }
    return headers;
  },

  usage(ctx, answer) {
    const { prompt, completion, reasoning } = answer.usage;
    const end = ctx.clock.now() / 1000;
    return { acceptance_rate: 3.1, completion_tokens: completion, completion_tokens_after_first_per_sec: 301.2, end_time: end, is_last_response: true, prompt_tokens: prompt,
      prompt_tokens_details: { cached_tokens: 0 }, ...(reasoning > 0 ? { completion_tokens_details: { reasoning_tokens: reasoning } } : {}), start_time: end - 0.3, time_to_first_token: 0.2, total_latency: 0.3, total_tokens: prompt + completion };
  },
  choice: (ctx, index, message, finish) => ({ finish_reason: finish, index, logprobs: null, message }),
  body_extra: (ctx) => ({ created: ctx.clock.now() / 1000, system_fingerprint: 'fastcoe' }),
  reasoning_delta: (text, ctx) => ({ reasoning: text, ...(/gpt-oss/.test(ctx.model) ? { channel: 'analysis' } : {}) }),
  // No index: pieces follow one another.
  call_deltas: (call) => [{ id: call.id, type: 'function', function: { name: call.name, arguments: '' } }, { function: { arguments: call.args } }],
  finish_delta: () => ({ content: '' }),
  tail(ctx, answer) {
    return ctx.json.stream_options?.include_usage ? [this.chunk(ctx, null, { usage: this.usage(ctx, answer) })] : [];
  },
  chunk: (ctx, choices, extra = {}) => ({ choices, created: ctx.clock.now() / 1000, id: `a-${ctx.seq}`, model: ctx.model, object: 'chat.completion.chunk', system_fingerprint: 'fastcoe', ...extra }),

  errors: {
    auth: (p, ctx) => error(401, 'Invalid API key', 'authentication_error', 'invalid_api_key', null, ctx),
    payment: (p, ctx) => error(402, 'A payment method is required to use this service.', 'insufficient_quota', 'PAYMENT_METHOD_REQUIRED', null, ctx),
    forbidden: (p, ctx) => (p.tier ? error(422, "Couldn't find valid service tier", 'invalid_request_error', null, null, ctx) : error(403, 'Model is not available to this account', 'permission_error', null, 'model', ctx)),
    not_found: (p, ctx) => (p.plain ? { status: 404, headers: { 'content-type': 'text/plain' }, body: 'Model not found' } : error(404, `Model '${p.model ?? ctx.model}' not found`, 'invalid_request_error', 'model_not_found', 'model', ctx)),
    gone: (p, ctx) => error(410, `Model '${p.model ?? ctx.model}' is deprecated and has been removed`, 'invalid_request_error', 'model_deprecated', 'model', ctx),
    too_large: (p, ctx) => error(413, 'Request body too large', 'invalid_request_error', null, null, ctx),
    context_too_long: ({ limit = 8192, requested = 9300 }, ctx) => error(400, `This model's maximum context length is ${limit} tokens. However, you requested ${requested} tokens (${requested - 256} in the messages, 256 in the completion). Please reduce the length of the messages or completion.`,
      'invalid_request_error', 'context_length_exceeded', 'messages', ctx),
    content_filter: (p, ctx) => error(400, 'The request was rejected by the content policy', 'invalid_request_error', 'content_filter', null, ctx),
    bad_request: ({ message = 'Invalid request' }, ctx) => error(400, message, 'invalid_request_error', null, null, ctx),
    rate_limit(p, ctx) {
      const hint = hint_of(p, ctx.clock, ['reset']);
      const window = hint.window === 'day' ? 'day' : 'minute';
      const tokens = hint.axis === 'tokens';
      const headers = { ...ctx.def.ok_headers(ctx, hint.says('reset') && !tokens ? { [window]: hint.seconds } : {}), ...hint_headers(hint) };
      const said = hint.says('prose') ? `. Please try again in ${hint.seconds}s` : '';
      return error(429, tokens ? `Rate limit exceeded: tokens per ${window}${said}` : `Rate limit exceeded${said}`, 'rate_limit_error', null, null, ctx, headers);
    },
    server_error: ({ status }, ctx) => error(status, status === 503 || status === 529 ? 'The model is overloaded. Please try again later.' : 'Internal server error', 'server_error', null, null, ctx),
  },
});
