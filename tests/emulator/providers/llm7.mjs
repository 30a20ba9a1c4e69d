// llm7 (providers.md section 16). With or without a token; tools and JSON mode are sold with Pro (here: a token that begins
// with "pro"); some models are answered by others. The wait of a limit stands in header, body and prose.
import * as s from '../lib/shape.mjs';
import * as o from '../lib/openai/shapes.mjs';
import { openai_error, openai_provider, sees_images } from '../lib/openai/provider.mjs';
import { rendering } from '../lib/openai/render.mjs';
import { hint_of } from '../lib/retry_after.mjs';

const models = {
  'codestral-latest': { context: 256000 },
  default: { context: 128000, served: 'minimax-m2.7' },
  fast: { context: 128000, served: 'gemma3:27b' },
  'gpt-oss-20b': { context: 128000, served: 'mistral-small-3.2' },
  'minimax-m2.7': { context: 128000, reasons: true },
  pro: { context: 128000, pro: true },
};
const most_characters = 128000;

const roles = {
  system: s.object({ role: s.any, content: o.text_content, name: s.string() }, { required: ['content'], open: true }),
  user: s.object({ role: s.any, content: o.content, name: s.string() }, { required: ['content'], open: true }),
  assistant: s.object({ role: s.any, content: s.nullable(o.text_content), tool_calls: o.tool_calls, name: s.string() }, { open: true }),
  tool: s.object({ role: s.any, content: o.text_content, tool_call_id: s.string({ min: 1 }) }, { required: ['content', 'tool_call_id'], open: true }),
};
const core = o.optional({
  model: s.string({ min: 1 }), messages: o.messages(roles), temperature: s.number({ min: 0, max: 2 }), top_p: o.top_p, max_tokens: o.positive, stream: s.boolean, stream_options: o.stream_options,
  stop: o.stop(4), seed: s.integer(), tools: s.array(o.tool, { min: 1 }), tool_choice: o.tool_choice('none', 'auto', 'required'), parallel_tool_calls: s.boolean, response_format: o.response_format,
}, ['model', 'messages']);
const shape = s.object(core, { required: ['model', 'messages'], open: true });
const sold = ['tools', 'tool_choice', 'parallel_tool_calls', 'response_format'];

const error = (status, message, type, code, param = null, more = {}, headers = {}) => openai_error(status, message, type, code, { param, ...more }, headers);
const is_pro = (ctx) => ctx.key?.startsWith('pro') === true;
const served = (ctx) => models[ctx.model]?.served ?? ctx.model;

export default openai_provider({
  id: 'llm7', base: '/v1', models, shape, public_models: true,

  // No header is as good as a token; a wrong token is worse than none.
  authenticate(ctx) {
    const key = this.bearer(ctx);
    ctx.key = key ?? null;
    if (key === 'unused') ctx.soft('unused', 'a made-up token is sent where none is needed');
    return key === undefined || (key !== null && /^[A-Za-z0-9+/=_-]{6,}$/.test(key)) ? null : this.errors.auth({}, ctx);
  },

  check(ctx, info) {
    const b = ctx.json;
    const faults = [];
    const pro = (path, message) => faults.push({ rule: 'pro', path: [path], message, pro: true });
    if (info.pro && !is_pro(ctx)) pro('model', 'Pro models require balance or an active subscription.');
    for (const field of sold) if (b[field] != null && b[field].type !== 'text' && !is_pro(ctx)) pro(field, 'Upgrade required: this feature is part of the Pro plan.');
    for (const field of Object.keys(b)) if (!Object.hasOwn(core, field)) faults.push({ soft: true, rule: 'core', message: `${field} is not part of what is known to work; leave it out` });
    b.messages.forEach((m) => { for (const field of Object.keys(m)) if (field === 'name' || field === 'reasoning_content' || field === 'reasoning') faults.push({ soft: true, rule: 'core', message: `${field} of a message is better left out` }); });
    if (sees_images(ctx).length > 0) faults.push({ rule: 'images', path: ['messages'], message: 'This model does not support images.' });
    if (b.tool_choice != null && b.tool_choice !== 'none' && !b.tools) faults.push({ rule: 'tool_choice', path: ['tool_choice'], message: 'tool_choice needs tools' });
    if (!is_pro(ctx) && ctx.text.length > most_characters) faults.push({ rule: 'characters', path: ['messages'], message: `Too many characters: a request may have ${most_characters} on the free plan.` });
    return faults;
  },
  problem(problem) {
    if (problem.pro) return error(402, problem.message, 'insufficient_quota', 'pro_access_required', s.dotted(problem.path));
    const where = s.dotted(problem.path ?? []);
    return error(400, problem.rule ? problem.message : `${where}: ${problem.message}`, 'invalid_request_error', null, where || null);
  },

  body_extra: (ctx) => ({ model: served(ctx) }),
  chunk: (ctx, choices, extra = {}) => ({ ...rendering.chunk.call(ctx.def, ctx, choices, extra), model: served(ctx) }),
  choice: (ctx, index, message, finish) => ({ index, message, finish_reason: finish }),
  stream_choice: (ctx, index, delta, finish) => ({ index, delta, finish_reason: finish }),
  tail(ctx, answer) {
    return ctx.json.stream_options?.include_usage ? [this.chunk(ctx, [], { usage: this.usage(ctx, answer) })] : [];
  },

  errors: {
    auth: () => error(401, 'Your API key is invalid, expired, or revoked.', 'authentication_error', 'invalid_api_key'),
    payment: ({ pro }) => (pro ? error(402, 'Pro models require balance or an active subscription.', 'insufficient_quota', 'pro_access_required', 'model')
      : error(402, 'Insufficient balance. Please top up your balance to continue.', 'insufficient_quota', 'insufficient_balance')),
    forbidden: () => error(403, 'Upgrade required', 'permission_error', 'pro_access_required', 'model'),
    not_found: (p, ctx) => error(400, `Invalid model: ${p.model ?? ctx.model}`, 'invalid_request_error', 'model_not_found', 'model'),
    gone: (p, ctx) => error(400, `Model '${p.model ?? ctx.model}' is currently unavailable.`, 'invalid_request_error', 'model_unavailable', 'model'),
    too_large: () => error(413, 'Too many characters in request.', 'invalid_request_error', null),
    context_too_long: () => error(400, `Too many characters: a request may have ${most_characters} on the free plan.`, 'invalid_request_error', null, 'messages'),
    content_filter: () => error(400, 'The request was flagged by moderation.', 'invalid_request_error', 'content_filter'),
    bad_request: ({ message = 'Invalid request' }) => error(400, message, 'invalid_request_error', null),
    rate_limit(p, ctx) {
      const hint = hint_of(p, ctx.clock, ['header', 'body', 'prose']);
      const seconds = Math.max(1, Math.ceil(hint.seconds));
      return error(429, `Rate limit exceeded.${hint.says('prose') ? ` Retry after ${seconds} seconds.` : ''}`, 'rate_limit_error', 'rate_limit_exceeded', null,
        hint.says('body') ? { retry_after: seconds } : {}, hint.says('header') ? { 'retry-after': p.retry_after === undefined || /^\d/.test(p.retry_after) ? String(seconds) : hint.header } : {});
    },
    server_error: ({ status }) => error(status, status === 503 ? 'Service temporarily unavailable' : 'Internal server error', 'server_error', null),
  },
});
