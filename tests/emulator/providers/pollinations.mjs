// pollinations (providers.md section 15). A gateway: unknown members are passed over, what the upstream refuses comes as
// a 502, money is spoken of in a 402 or in a 200 that holds a sentence.
import * as s from '../lib/shape.mjs';
import * as o from '../lib/openai/shapes.mjs';
import { alphanumeric, openai_provider, sees_images } from '../lib/openai/provider.mjs';
import { rendering } from '../lib/openai/render.mjs';
import { token_of } from '../lib/answer.mjs';
import { hint_headers, hint_of } from '../lib/retry_after.mjs';

const upstream = 'gpt-5-nano-2025-08-07';
const models = {
  'openai-fast': { context: 400000, vision: true, reasons: true },
  openai: { context: 400000, vision: true, reasons: true },
  'nova-micro': { context: 128000, no_efforts: true },
};

// `open`: what the gateway does not know goes on to the upstream or is ignored; closed, to note it.
function shape_of(open) {
  const object = (fields, required = []) => s.object(fields, { required, open });
  const part = s.tagged('type', {
    text: object({ type: s.any, text: s.string() }, ['text']),
    image_url: object({ type: s.any, image_url: object({ url: s.string({ min: 1 }), detail: s.one_of(['auto', 'low', 'high']) }, ['url']) }, ['image_url']),
    input_audio: object({ type: s.any, input_audio: object({ data: s.string(), format: s.string() }, ['data', 'format']) }, ['input_audio']),
    file: object({ type: s.any, file: s.object({}, { open: true }) }, ['file']),
    video_url: object({ type: s.any, video_url: object({ url: s.string({ min: 1 }) }, ['url']) }, ['video_url']),
  });
  const content = s.either(s.array(part, { min: 1 }), s.string());
  const name = { name: s.string() };
  const call = object({ id: s.string({ min: 1 }), type: s.one_of(['function']), function: object({ name: s.string({ min: 1 }), arguments: s.string() }, ['name', 'arguments']) }, ['id', 'type', 'function']);
  const roles = {
    system: object({ role: s.any, content, ...name }, ['content']),
    developer: object({ role: s.any, content, ...name }, ['content']),
    user: object({ role: s.any, content, ...name }, ['content']),
    assistant: object({ role: s.any, content: s.nullable(content), tool_calls: s.nullable(s.array(call)), ...name }),
    tool: object({ role: s.any, content: s.nullable(content), tool_call_id: s.string({ min: 1 }), ...name }, ['content', 'tool_call_id']),
  };
  return object(o.optional({
    model: s.string({ min: 1 }), messages: o.messages(roles), modalities: s.array(s.one_of(['text', 'audio'])), audio: object({ voice: s.string(), format: s.string() }, ['voice', 'format']),
    max_tokens: s.integer({ min: 0 }), temperature: s.number({ min: 0, max: 2 }), top_p: o.top_p, top_k: s.integer({ min: 0 }), seed: s.integer(), stop: o.stop(4), user: s.string(),
    frequency_penalty: o.penalty, presence_penalty: o.penalty, stream: s.boolean, stream_options: o.stream_options, response_format: o.response_format,
    tools: s.array(o.tool), tool_choice: o.tool_choice('none', 'auto', 'required'), parallel_tool_calls: s.boolean, reasoning_effort: s.one_of(['none', 'minimal', 'low', 'medium', 'high', 'xhigh']),
  }, ['model', 'messages']), ['model', 'messages']);
}
const shape = shape_of(true);
const closed_shape = shape_of(false);

const codes = { 400: 'BAD_REQUEST', 401: 'UNAUTHORIZED', 402: 'PAYMENT_REQUIRED', 403: 'FORBIDDEN', 404: 'NOT_FOUND', 405: 'METHOD_NOT_ALLOWED', 409: 'CONFLICT', 422: 'UNPROCESSABLE_ENTITY', 429: 'RATE_LIMITED', 500: 'INTERNAL_ERROR', 502: 'BAD_GATEWAY', 503: 'SERVICE_UNAVAILABLE' };
const remapped = new Set([401, 403, 404, 409, 415, 429]);
const request_id = (ctx) => token_of('0123456789abcdef', 16, 'pollinations', String(ctx.seq));
const error = (ctx, status, message, details, headers = {}) => ({ status, headers, body: { success: false,
  error: { message, code: codes[status] ?? 'UNKNOWN_ERROR', timestamp: new Date(ctx.clock.now()).toISOString(), ...(details ? { details } : {}), requestId: request_id(ctx) }, status } });
const from_upstream = (ctx, status, message) => error(ctx, remapped.has(status) ? 502 : status, message,
  { name: 'UpstreamError', upstreamStatus: status, upstreamHost: 'upstream.example', upstreamBody: JSON.stringify({ error: { message } }) });
const notice = 'The account behind this API key doesn\'t have enough credits. Please [top up](https://enter.pollinations.ai/topup) or [complete a quest](https://enter.pollinations.ai/quests), then try again.\n\n'
  + 'If this isn’t your Pollinations account, contact whoever runs the app or service you’re using.';
const nothing = { prompt_tokens: 0, completion_tokens: 0, total_tokens: 0 };

// An empty account, told as if a model had said it.
function told_as_answer(ctx) {
  const { def } = ctx;
  const answer = { reasoning: [], pieces: [notice], calls: [], finish: 'stop', choices: 1, usage: { prompt: 0, completion: 0, reasoning: 0 } };
  if (!ctx.stream) return { status: 200, headers: {}, body: { ...def.body(ctx, answer), model: ctx.model, usage: nothing } };
  const frames = def.frames(ctx, answer).map(({ data }) => `data: ${typeof data === 'string' ? data : JSON.stringify({ ...data, model: ctx.model })}\n\n`);
  return { status: 200, headers: { 'content-type': 'text/event-stream; charset=utf-8' }, body: frames.join('') };
}

export default openai_provider({
  id: 'pollinations', base: '/v1', key_shape: /^[sp]k_[A-Za-z0-9]{4,}$/, models, shape, public_models: true, json_type: 'application/json; charset=utf-8', stream_type: 'text/event-stream; charset=utf-8',
  extra_route(ctx) {
    if (ctx.path !== '/account/key') return null;
    if (ctx.method !== 'GET') return { refusal: this.method_not_allowed('GET', ctx) };
    return { reply: { status: 200, headers: {}, body: { success: true, key: { valid: true, type: this.bearer(ctx)?.startsWith('pk_') ? 'publishable' : 'secret', name: 'router', expiresAt: null } } } };
  },
  model_row: (id) => ({ id, object: 'model', created: 1780000000, input_modalities: models[id].vision ? ['text', 'image'] : ['text'], output_modalities: ['text'], supported_endpoints: ['/v1/chat/completions'], tools: true, context_length: models[id].context }),
  unknown_path: (ctx) => error(ctx, 404, "Oh no, there's nothing here."),
  method_not_allowed: (allow) => ({ status: 405, headers: { allow }, body: { success: false, error: { message: "That HTTP method isn't supported here. Please check the API docs.", code: 'METHOD_NOT_ALLOWED' }, status: 405 } }),
  bad_content_type: (ctx) => error(ctx, 400, 'Malformed JSON in request body'),

  check(ctx, info) {
    const b = ctx.json;
    const faults = s.check(closed_shape, b).filter((p) => p.kind === 'unknown').map((p) => ({ ...p, soft: true, rule: 'unknown', message: `${s.dotted(p.path)} is not for every upstream; leave it out` }));
    const refuse = (path, message) => faults.push({ path, rule: path[0], upstream: message });
    if (b.messages.some((m) => m.name !== undefined)) faults.push({ soft: true, rule: 'name', message: 'not every upstream takes a name' });
    if (b.stream_options != null && b.stream !== true) refuse(['stream_options'], "The 'stream_options' parameter is only allowed when 'stream' is enabled.");
    if (b.tool_choice != null && b.tool_choice !== 'none' && !(b.tools?.length > 0)) refuse(['tool_choice'], "Invalid value for 'tool_choice': 'tool_choice' is only allowed when 'tools' are specified.");
    if (b.parallel_tool_calls != null && !(b.tools?.length > 0)) refuse(['parallel_tool_calls'], "Invalid value for 'parallel_tool_calls': 'parallel_tool_calls' is only allowed when 'tools' are specified.");
    if (info.no_efforts && b.reasoning_effort != null) refuse(['reasoning_effort'], "Unsupported parameter: 'reasoning_effort' is not supported with this model.");
    const images = sees_images(ctx);
    if (images.length > 0 && !info.vision) refuse(['messages'], 'This model does not support image input.');
    return faults;
  },
  // What the gateway checks itself is named by member; the rest is an upstream's word.
  problem(problem, ctx) {
    if (problem.upstream) return from_upstream(ctx, 400, problem.upstream);
    if (problem.kind === 'order') return from_upstream(ctx, 400, `Invalid parameter: ${problem.message}.`);
    if (problem.kind === undefined || problem.rule) return error(ctx, 400, problem.message);
    return error(ctx, 400, 'Something was wrong with the input data, check the details for more info.', { name: 'ValidationError', formErrors: [], fieldErrors: { [String(problem.path[0])]: [problem.message] } });
  },

  completion_id: (ctx) => `pllns_${ctx.seq}`,
  tool_call_id: (ctx, i) => `call_${token_of(alphanumeric, 24, 'pollinations', String(ctx.seq), String(i))}`,
  body_extra: () => ({ model: upstream }),
  chunk: (ctx, choices, extra = {}) => ({ ...rendering.chunk.call(ctx.def, ctx, choices, extra), model: upstream }),
  stream_choice: (ctx, index, delta, finish) => ({ index, delta, finish_reason: finish }),
  choice: (ctx, index, message, finish) => ({ index, message, finish_reason: finish }),
  finish_extra: () => ({ usage: null }),
  tail(ctx, answer) {
    return ctx.json.stream_options?.include_usage ? [this.chunk(ctx, [], { usage: this.usage(ctx, answer) })] : [];
  },

  errors: {
    auth: (p, ctx) => error(ctx, 401, 'Authentication required. Please provide an API key via Authorization header (Bearer token) or ?key= query parameter.'),
    payment: (p, ctx) => {
      if (p.notice) return told_as_answer(ctx);
      if (p.upstream) return from_upstream(ctx, 402, 'Payment required: the account is suspended');
      if (p.budget) return error(ctx, 402, 'API key budget exhausted. Please top up or create a new key.');
      if (p.model) return error(ctx, 402, 'This model requires a paid balance. Tier balance cannot be used.');
      return error(ctx, 402, 'Insufficient pollen balance or API key budget exhausted.');
    },
    forbidden: (p, ctx) => error(ctx, 403, "Access denied! You don't have the required permissions for this resource or model."),
    not_found: (p, ctx) => (p.path ? error(ctx, 404, "Oh no, there's nothing here.") : error(ctx, 400, `Invalid service or alias: '${p.model ?? ctx.model}'. Must be a valid service name or alias.`)),
    gone: (p, ctx) => error(ctx, 404, "Oh no, there's nothing here."),
    too_large: (p, ctx) => error(ctx, 413, 'Request body too large'),
    context_too_long: ({ limit = 128000, requested = 130500 }, ctx) => from_upstream(ctx, 400, `This model's maximum context length is ${limit} tokens. However, your messages resulted in ${requested} tokens. Please reduce the length of the messages.`),
    content_filter: (p, ctx) => from_upstream(ctx, 400, "The response was filtered due to the prompt triggering Azure OpenAI's content management policy. Please modify your prompt and retry."),
    // bad_request {upstream: N}: what the upstream answered with N, as the gateway tells it.
    bad_request: ({ message = 'Bad request', upstream: status }, ctx) => (status ? from_upstream(ctx, status, message) : error(ctx, 400, message)),
    rate_limit(p, ctx) {
      const hint = hint_of(p, ctx.clock, ['none']);
      if (hint.axis === 'concurrency')
        return { status: 429, headers: { 'retry-after': '1' }, body: { error: 'concurrency_limit_exceeded', message: 'Another generation is still running on this account. Add credits for concurrent requests, or retry when it finishes.' } };
      if (hint.says('header') || hint.says('body') || hint.says('prose'))
        return { status: 429, headers: hint_headers(hint), body: { error: 'Rate limit exceeded', message: `Rate limit exceeded. Retry after ${hint.seconds}s. Use secret keys (sk_*) for unlimited requests.`, retryAfterSeconds: hint.seconds } };
      return error(ctx, 429, "You're making requests too quickly. Please slow down a bit.", undefined, hint_headers(hint));
    },
    server_error: ({ status }, ctx) => error(ctx, status, { 502: "We couldn't reach our backend services. Please try again shortly.", 503: "We're temporarily down for maintenance. Sorry about that!" }[status] ?? "Oh snap, something went wrong on our end. We're on it!"),
  },
});
