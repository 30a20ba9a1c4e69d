// ollama, Ollama Cloud (providers.md section 13). What its compatible layer does not parse it ignores; the lists are public.
import * as s from '../lib/shape.mjs';
import * as o from '../lib/openai/shapes.mjs';
import { conversation_of } from '../lib/openai/read.mjs';
import { openai_error, openai_provider, sees_images } from '../lib/openai/provider.mjs';
import { estimate_tokens, token_of } from '../lib/answer.mjs';
import { hint_headers, hint_of } from '../lib/retry_after.mjs';

const models = {
  'qwen3-coder:480b': { window: 262144 },
  'qwen3-coder-next': { window: 262144 },
  'cogito-2.1:671b': { window: 131072, reasons: true },
  'glm-4.7': { window: 131072, reasons: true },
  'gpt-oss:120b': { window: 131072, reasons: true },
  'gpt-oss:20b': { window: 131072, reasons: true },
  'devstral-2:123b': { window: 131072 },
  'gemma4:31b': { window: 131072, reasons: true, vision: true },
  'mistral-large-3:675b': { window: 131072, vision: true, paid: true },
  'deepseek-v3.2': { window: 131072, reasons: true, paid: true },
  'kimi-k2-thinking': { window: 131072, reasons: true, paid: true },
};
const efforts = ['minimal', 'low', 'medium', 'high', 'xhigh', 'ultra', 'max', 'none'];

const loose = { open: true };
const audio_part = s.object({ type: s.any, input_audio: s.object({ data: s.string(), format: s.string() }, { required: ['data'] }) }, { required: ['input_audio'] });
const content = s.either(s.array(s.tagged('type', { text: o.text_part, image_url: o.image_part, input_audio: audio_part })), s.string());
const arguments_object = (v, path, report) => {
  let value;
  try { value = JSON.parse(v); } catch { value = undefined; }
  if (typeof v !== 'string' || typeof value !== 'object' || value === null || Array.isArray(value)) report({ kind: 'type', rule: 'arguments', path, message: 'invalid tool call arguments', own: true });
};
const tool_calls = s.array(s.object({ id: s.string({ min: 1 }), function: s.object({ name: s.string({ min: 1 }), arguments: arguments_object }, { ...loose, required: ['name', 'arguments'] }) }, { ...loose, required: ['id', 'function'] }));
const role = (more = {}, required = ['content']) => s.object({ content, ...more }, { ...loose, required });
const roles = { system: role(), user: role(), assistant: s.object({ content: s.nullable(content), tool_calls }, loose), tool: role({ tool_call_id: s.string({ min: 1 }) }, ['content', 'tool_call_id']) };
const known = {
  model: s.string({ min: 1 }), messages: o.messages(roles), stream: s.boolean, stream_options: o.stream_options, max_tokens: o.positive, seed: s.integer(), stop: s.either(s.array(s.string()), s.string()),
  temperature: s.number(), frequency_penalty: s.number(), presence_penalty: s.number(), top_p: s.number(), response_format: o.response_format, tools: s.array(o.tool), reasoning: s.object({ effort: s.string() }),
  reasoning_effort: s.string(), logprobs: s.boolean, top_logprobs: s.integer({ min: 0 }),
};
const shape = s.object(o.optional(known, ['model', 'messages']), { ...loose, required: ['model', 'messages'] });
const message_members = ['role', 'content', 'tool_calls', 'tool_call_id'];

const api = (status, message, type = 'api_error', headers = {}) => openai_error(status, message, type, null, { param: null }, headers);
const invalid = (message) => api(400, message, 'invalid_request_error');
// The edge and the native layer say it in one text.
const native = (status, error, more = {}, headers = {}) => ({ status, headers, body: { error, ...more } });
const ref = (ctx) => `(ref: ${token_of('0123456789abcdef', 8, 'ollama', String(ctx.seq))}-0000)`;

export default openai_provider({
  id: 'ollama', base: '/v1', key_shape: /^[A-Za-z0-9._-]{16,}$/, models, shape, reasoning_field: 'reasoning', public_models: true,
  unknown_path: () => ({ status: 404, headers: { 'content-type': 'text/plain' }, body: '404 page not found' }),
  method_not_allowed: (allow) => ({ status: 405, headers: { 'content-type': 'text/plain', allow }, body: '405 method not allowed' }),
  bad_content_type: () => invalid('invalid content type'),

  extra_route(ctx) {
    const only = (method, answer) => (ctx.method === method ? answer : { refusal: this.method_not_allowed(method) });
    if (ctx.path === '/api/me') return only('POST', { reply: { status: 200, headers: {}, body: { id: '0000-emulator', name: 'someuser', email: 'someuser@example.org', plan: 'free' } } });
    if (ctx.path === '/api/tags') return only('GET', { public: true, reply: { status: 200, headers: {}, body: { models: Object.keys(models).map((name) => ({ name, model: name })) } } });
    return null;
  },

  check(ctx, info) {
    const b = ctx.json;
    const faults = [];
    const refuse = (rule, message) => faults.push({ rule, path: [rule], message, own: true });
    const note = (rule, message) => faults.push({ soft: true, rule, message });
    for (const name of Object.keys(b)) if (!Object.hasOwn(known, name)) note('unknown', `${name} is ignored; leave it out`);
    for (const message of b.messages)
      for (const name of Object.keys(message)) if (!message_members.includes(name)) note('unknown', `messages: ${name} is ignored; leave it out`);
    if (info.paid) faults.push({ rule: 'paid', whole: this.errors.forbidden({}, ctx) });
    for (const [effort, name] of [[b.reasoning_effort, 'reasoning_effort'], [b.reasoning?.effort, 'reasoning']])
      if (effort != null && !efforts.includes(effort)) refuse(name, `invalid reasoning value: ${JSON.stringify(effort)} (must be "minimal", "low", "medium", "high", "xhigh", "ultra", "max", or "none")`);
    if (b.reasoning_effort != null && !info.reasons) note('reasoning_effort', 'the model does not think');
    b.messages.forEach((m) => {
      if (m.role === 'assistant' && m.content == null && !(m.tool_calls?.length > 0)) refuse('messages', 'invalid message content type: <nil>');
    });
    for (const { part } of sees_images(ctx)) {
      if (/^https?:/.test(part.image_url.url)) refuse('images', 'image URLs are not currently supported, please use base64 encoded data instead');
      else if (!info.vision) refuse('images', 'this model does not support image input');
    }
    // Too long a prompt is cut without a word.
    if (estimate_tokens(conversation_of(b).prompt_chars) > info.window) note('context', 'the oldest part of the prompt is cut off');
    return faults;
  },
  problem(problem, ctx) {
    if (problem.whole) return problem.whole;
    if (problem.own) return invalid(problem.message);
    if (problem.code === 'too_short' && problem.path.join() === 'messages') return invalid("[] is too short - 'messages'");
    return this.errors.bad_request({ message: `invalid value at ${s.dotted(problem.path ?? [])}: ${problem.message}` }, ctx);
  },

  // tool_choice and parallel_tool_calls are not heard; a system that asks for a call is.
  conversation(ctx) {
    const { tool_choice: choice, parallel_tool_calls: parallel, n, max_completion_tokens: most, ...heard } = ctx.json;
    const asked = ctx.json.messages.some((m) => m.role === 'system' && typeof m.content === 'string' && /\b(call|calling)\b.*\btools?\b/i.test(m.content));
    return conversation_of({ ...heard, ...(asked && heard.tools?.length > 0 && heard.messages.at(-1).role === 'user' ? { tool_choice: 'required' } : {}) });
  },
  completion_id: (ctx) => `chatcmpl-${ctx.seq % 1000}`,
  tool_call_id: (ctx, i) => `call_${token_of('abcdefghijklmnopqrstuvwxyz0123456789', 8, 'ollama', String(ctx.seq), String(i))}`,
  body_extra: () => ({ system_fingerprint: 'fp_ollama' }),
  choice: (ctx, index, message, finish) => ({ index, message, finish_reason: finish }),
  stream_choice: (ctx, index, delta, finish) => ({ index, delta, finish_reason: finish }),
  message(ctx, answer) {
    return { role: 'assistant', content: answer.pieces.join(''), ...(answer.reasoning.length > 0 ? { reasoning: answer.reasoning.join('') } : {}),
      ...(answer.calls.length > 0 ? { tool_calls: answer.calls.map((c, index) => ({ id: c.id, index, type: 'function', function: { name: c.name, arguments: c.args } })) } : {}) };
  },
  call_deltas: (call, index) => [{ id: call.id, index, type: 'function', function: { name: call.name, arguments: call.args } }],
  tail(ctx, answer) {
    return ctx.json.stream_options?.include_usage ? [this.chunk(ctx, [], { usage: this.usage(ctx, answer) })] : [];
  },
  // A line of the native layer, which is no event.
  stream_error(ctx, kind, params) {
    const { error } = this.error_of(ctx, kind, params).body;
    return `${JSON.stringify({ error: error.message ?? error })}\n`;
  },

  errors: {
    auth: () => native(401, 'unauthorized', { signin_url: 'https://ollama.com/connect' }),
    payment: () => native(402, 'your usage credit balance is empty, add extra usage at https://ollama.com/settings'),
    forbidden: () => api(403, 'this model requires a subscription, upgrade for access: https://ollama.com/upgrade'),
    not_found: (p, ctx) => api(404, `model '${p.model ?? ctx.model}' not found`, 'not_found_error'),
    gone: (p, ctx) => native(410, `model '${p.model ?? ctx.model}' was retired`),
    too_large: () => native(413, 'request body too large'),
    context_too_long: ({ limit = 131072, requested = 131884 }) => invalid(`prompt too long; exceeded max context length by ${requested - limit} tokens`),
    content_filter: () => invalid('invalid prompt'),
    bad_request: ({ message = 'invalid request' }) => invalid(message),
    rate_limit(p, ctx) {
      const hint = hint_of(p, ctx.clock, ['none']);
      const spent = (what) => `you (someuser) have reached your ${what} usage limit, upgrade for higher limits: https://ollama.com/upgrade`;
      if (hint.window === 'month') return api(429, `${spent('weekly')} or add usage credits: https://ollama.com/settings ${ref(ctx)}`, 'api_error', hint_headers(hint));
      if (['hour', 'day'].includes(hint.window)) return native(429, `${spent('session')} ${ref(ctx)}`, {}, hint_headers(hint));
      return native(429, `too many concurrent requests${hint.says('prose') ? `, try again in ${hint.seconds}s` : ''}`, {}, hint_headers(hint));
    },
    server_error: ({ status }) => (status === 502 ? native(502, 'upstream connect error') : api(status, status === 503 ? 'Service Temporarily Unavailable' : 'the model failed to answer')),
  },
});
