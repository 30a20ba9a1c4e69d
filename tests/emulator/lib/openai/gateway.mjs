// What OpenRouter and the gateways behind which it stands have in common (providers.md sections 7 and 14): the request they
// take, answers with the upstream's name and its reasoning, keep-alive comments, errors with metadata.
import * as s from '../shape.mjs';
import * as o from './shapes.mjs';
import { sees_images } from './provider.mjs';
import { rendering } from './render.mjs';
import { token_of } from '../answer.mjs';
import { hint_headers, hint_of } from '../retry_after.mjs';

// `open`: members it does not know are let through, as the server does; closed, to note them.
function shape_of(open) {
  const object = (fields, required = []) => s.object(fields, { required, open });
  const name = { name: s.string() };
  const details = s.array(s.object({ type: s.string() }, { open: true, required: ['type'] }));
  const call = object({ id: s.string({ min: 1 }), type: s.one_of(['function']), index: s.integer(), function: object({ name: s.string({ min: 1 }), arguments: s.string() }, ['name', 'arguments']) }, ['id', 'type', 'function']);
  const roles = {
    system: object({ role: s.any, content: o.text_content, ...name }, ['content']),
    developer: object({ role: s.any, content: o.text_content, ...name }, ['content']),
    user: object({ role: s.any, content: o.content, ...name }, ['content']),
    assistant: object({ role: s.any, content: s.nullable(o.text_content), tool_calls: s.array(call, { min: 1 }), reasoning: s.nullable(s.string()), reasoning_details: details, refusal: s.nullable(s.string()), ...name }),
    tool: object({ role: s.any, content: o.text_content, tool_call_id: s.string({ min: 1 }), ...name }, ['content', 'tool_call_id']),
  };
  const loose = s.object({}, { open: true });
  return object(o.optional({
    model: s.string({ min: 1 }), messages: o.messages(roles), stream: s.boolean, stream_options: o.stream_options, max_tokens: o.positive, max_completion_tokens: o.positive,
    temperature: s.number({ min: 0, max: 2 }), top_p: o.top_p, top_k: s.integer({ min: 0 }), top_a: s.number({ min: 0, max: 1 }), min_p: s.number({ min: 0, max: 1 }),
    presence_penalty: o.penalty, frequency_penalty: o.penalty, repetition_penalty: s.number({ min: 0, max: 2 }), seed: s.integer(), logit_bias: loose, logprobs: s.boolean,
    top_logprobs: s.integer({ min: 0, max: 20 }), stop: o.stop(4), n: o.positive, tools: s.array(o.tool), tool_choice: o.tool_choice('none', 'auto', 'required'), parallel_tool_calls: s.boolean,
    response_format: o.response_format, structured_outputs: s.boolean, reasoning_effort: s.one_of(['none', 'minimal', 'low', 'medium', 'high', 'xhigh']),
    reasoning: s.object({ effort: s.string(), max_tokens: s.integer({ min: 0 }), exclude: s.boolean, enabled: s.boolean }), provider: loose, models: s.array(s.string()), route: s.one_of(['fallback']),
    plugins: s.array(loose), transforms: s.array(s.string()), usage: s.object({ include: s.boolean }), user: s.string(), safety_identifier: s.string(),
  }, ['model', 'messages']), ['model', 'messages']);
}
const closed_shape = shape_of(false);

export const gateway_error = (status, message, metadata, headers = {}) =>
  ({ status, headers, body: { error: { message, code: status, ...(metadata ? { metadata } : {}) }, user_id: 'user_emulator' } });
export const passed_on = (status, raw, name = 'Chutes') => gateway_error(status, 'Provider returned error', { raw: typeof raw === 'string' ? raw : JSON.stringify(raw), provider_name: name });

const no_endpoints = (text) => gateway_error(404, `No endpoints found ${text}`);

export const gateway_errors = {
  payment: ({ in_flight }) => (in_flight ? gateway_error(402, 'Too many requests in flight for the remaining budget.', { limit_source: 'openrouter_in_flight_budget' }, { 'retry-after': String(in_flight) })
    : gateway_error(402, 'Insufficient credits. Add more using https://openrouter.ai/settings/credits')),
  forbidden: ({ key_limit }) => gateway_error(403, key_limit ? `Key limit exceeded (${key_limit} limit). Manage it using https://openrouter.ai/settings/keys` : 'Only management keys can perform this operation'),
  not_found(p, ctx) {
    const model = p.model ?? ctx.model;
    if (p.endpoints) return no_endpoints(`for ${model}.`);
    return p.privacy ? no_endpoints('matching your data policy (Free model training). Configure: https://openrouter.ai/settings/privacy') : gateway_error(400, `${model} is not a valid model ID`);
  },
  gone: (p, ctx) => gateway_error(404, `This model is unavailable for free. The paid version is available now - use this slug instead: ${String(p.model ?? ctx.model).replace(/:free$/, '')}`),
  too_large: () => gateway_error(413, 'Request Entity Too Large'),
  context_too_long: ({ limit = 131072, requested = 140000 }) => gateway_error(400, `This endpoint's maximum context length is ${limit} tokens. However, you requested about ${requested} tokens (${requested} of text input). Please reduce the length of either one, or use the "middle-out" transform to compress your prompt automatically.`),
  content_filter: (p, ctx) => gateway_error(403, 'Your chosen model requires moderation and your input was flagged', { reasons: ['violence'], flagged_input: '...', provider_name: 'OpenInference', model_slug: ctx.model }),
  bad_request: ({ message = 'Invalid request.', raw }) => (raw ? passed_on(400, raw) : gateway_error(400, message)),
  server_error: ({ status }) => (status === 503 ? gateway_error(503, 'There is no available model provider that meets your routing requirements') : passed_on(status, { error: { message: 'upstream timed out' } })),
};

// The account's own limits, with the reset in epoch milliseconds where headers and body have it.
export function free_limit(p, ctx) {
  const hint = hint_of(p, ctx.clock, ['reset']);
  const day = hint.window !== 'minute' && hint.window !== 'second';
  const limit = { 'X-RateLimit-Limit': String(p.limit ?? (day ? 50 : 20)), 'X-RateLimit-Remaining': '0', 'X-RateLimit-Reset': String(Math.round(ctx.clock.now() + hint.seconds * 1000)) };
  const shown = hint.says('reset') ? Object.fromEntries(Object.entries(limit).map(([name, value]) => [name.toLowerCase(), value])) : {};
  const metadata = { ...(hint.says('reset') || hint.says('body') ? { headers: limit } : {}), ...(day ? { limit_source: 'openrouter_free_tier_daily' } : {}), provider_name: null };
  const prose = hint.says('prose') ? ` Please try again in ${hint.seconds}s.` : '';
  const text = day ? 'free-models-per-day. Add 10 credits to unlock 1000 free model requests per day' : 'free-models-per-min. ';
  return gateway_error(429, `Rate limit exceeded: ${text}${prose}`, metadata, { ...shown, ...hint_headers(hint) });
}
export const throttled_upstream = (ctx) => passed_on(429, `${ctx.model} is temporarily rate-limited upstream. Please retry shortly, or add your own key to accumulate your rate limits: https://openrouter.ai/settings/integrations`, 'Google AI Studio');

// What a reasoning model seals beside its calls; only that model can read it again.
const sealed = (model) => ({ type: 'reasoning.encrypted', data: Buffer.from(`sealed by ${model}`).toString('base64'), id: 'rs_1', format: 'unknown', index: 1 });

// Faults that all of them find in a request.
export function gateway_faults(ctx, info) {
  const b = ctx.json;
  const faults = [];
  const soft = (rule, message) => faults.push({ soft: true, rule, message });
  const fail = (rule, path, reply, message) => faults.push({ rule, path, reply, message });
  for (const problem of s.check(closed_shape, b).filter((p) => p.kind === 'unknown')) soft('unknown', `${s.dotted(problem.path)} is ignored`);
  if (b.max_tokens != null && b.max_completion_tokens != null) soft('max_tokens', 'max_tokens beside max_completion_tokens');
  if (b.n > 1) soft('n', 'n is not served');
  if (b.models != null || b.route != null) soft('models', 'a list of fallbacks may end at a model that is billed');
  if (b.reasoning != null && b.reasoning_effort != null) fail('reasoning', ['reasoning'], gateway_error(400, 'Only one of "reasoning" and "reasoning_effort" may be provided'), 'both');
  if (b.tool_choice != null && b.tool_choice !== 'none' && !(b.tools?.length > 0)) soft('tool_choice', 'tool_choice without tools');
  if (b.tools?.length > 0 && info.tools === false) fail('tools', ['tools'], no_endpoints(`that support tool use. Try disabling "${b.tools[0].function.name}".`), 'no tools');
  for (const detail of b.messages.flatMap((m) => m.reasoning_details ?? [])) {
    if (detail.type === 'reasoning.encrypted' && detail.data !== sealed(ctx.model).data) fail('reasoning_details', ['messages'], passed_on(400, { error: { message: 'The encrypted reasoning could not be verified.' } }), 'sealed by another model');
  }
  const images = sees_images(ctx);
  if (images.length > 0 && !info.vision) fail('images', images[0].path, no_endpoints('that support image input'), 'no images');
  return faults;
}

// A provider's common members; it spreads them and replaces what is its own.
export const gateway = {
  shape: shape_of(true), reasoning_field: 'reasoning', public_models: true,
  model_row: (id) => ({ id, name: id, created: 1780000000, context_length: 131072, architecture: { modality: 'text->text' }, pricing: { prompt: '0', completion: '0' }, supported_parameters: ['tools', 'max_tokens'] }),
  unknown_path: () => gateway_error(404, 'Not Found'),
  method_not_allowed: (allow) => ({ ...gateway_error(405, 'Method Not Allowed'), headers: { allow } }),
  bad_content_type: () => gateway_error(415, 'Unsupported Media Type'),
  problem: (problem) => problem.reply ?? gateway_error(400, `Invalid input: ${s.dotted(problem.path)}: ${problem.message}`),
  completion_id: (ctx) => `gen-1780000000-${token_of('abcdefghijklmnopqrstuvwxyz0123456789', 12, ctx.provider, String(ctx.seq))}`,
  upstream: 'Chutes',

  message(ctx, answer) {
    const thought = answer.reasoning.join('');
    const details = [...(thought ? [{ type: 'reasoning.text', text: thought, format: 'unknown', index: 0 }] : []), ...(answer.calls.length > 0 && this.reasons(ctx.model) ? [sealed(ctx.model)] : [])];
    return { refusal: null, ...rendering.message.call(this, ctx, answer), reasoning: thought || null, ...(details.length > 0 ? { reasoning_details: details } : {}) };
  },
  choice: (ctx, index, message, finish) => ({ logprobs: null, finish_reason: finish, native_finish_reason: finish, index, message }),
  usage(ctx, answer) {
    const { prompt, completion, reasoning } = answer.usage;
    return { prompt_tokens: prompt, completion_tokens: completion, total_tokens: prompt + completion, cost: 0, is_byok: false, prompt_tokens_details: { cached_tokens: 0 }, completion_tokens_details: { reasoning_tokens: reasoning } };
  },
  body_extra() { return { provider: this.upstream }; },
  // Blanks hold the line while the answer is made.
  whole_body_text: (body) => `\n         \n\n         \n${JSON.stringify(body)}`,
  role_delta: () => ({ role: 'assistant', content: '', reasoning: null }),
  reasoning_delta: (text) => ({ role: 'assistant', content: '', reasoning: text, reasoning_details: [{ type: 'reasoning.text', text, format: 'unknown', index: 0 }] }),
  finish_delta: () => ({ role: 'assistant', content: '' }),
  stream_choice: (ctx, index, delta, finish) => ({ index, delta, finish_reason: finish, native_finish_reason: finish, logprobs: null }),
  frames(ctx, answer) {
    const wait = { kind: 'comment', data: 'OPENROUTER PROCESSING' };
    const [first, ...rest] = rendering.frames.call(this, ctx, answer);
    const seal = answer.calls.length > 0 && this.reasons(ctx.model) ? [{ kind: 'role', data: this.chunk(ctx, [this.stream_choice(ctx, 0, { role: 'assistant', content: '', reasoning_details: [sealed(ctx.model)] }, null)]) }] : [];
    const call = rest.findIndex((f) => f.data.choices?.[0]?.delta?.tool_calls);
    rest.splice(Math.max(call, 0), 0, ...seal);
    return [wait, wait, first, wait, ...rest];
  },
  // The usage stands in a chunk with an empty choice that has no end any more.
  tail(ctx, answer) {
    return [this.chunk(ctx, [this.stream_choice(ctx, 0, this.finish_delta(ctx), null)], { usage: this.usage(ctx, answer) })];
  },
  // In mid-stream the error stands in a chunk with a choice; before it, alone. Either way no [DONE] follows.
  stream_error(ctx, kind, { form = 'chunk', ...params } = {}) {
    const { body } = this.error_of(ctx, kind, params);
    const chunk = { ...this.chunk(ctx, [this.stream_choice(ctx, 0, { content: '' }, 'error')]), error: body.error };
    return `data: ${JSON.stringify(form === 'bare' ? body : chunk)}\n\n`;
  },
};
