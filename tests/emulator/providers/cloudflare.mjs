// cloudflare, Workers AI (providers.md section 10). Errors are envelopes with codes; the account stands in the path.
import * as s from '../lib/shape.mjs';
import * as o from '../lib/openai/shapes.mjs';
import { conversation_of } from '../lib/openai/read.mjs';
import { rendering } from '../lib/openai/render.mjs';
import { hexadecimal, openai_provider, sees_images } from '../lib/openai/provider.mjs';
import { estimate_tokens, token_of } from '../lib/answer.mjs';
import { hint_headers, hint_of } from '../lib/retry_after.mjs';

// think_tags: thinks in its text; bare_calls: arguments as objects and no ids; json: listed for JSON mode.
const models = {
  '@cf/zai-org/glm-4.7-flash': { window: 131072, reasons: true, effort: true },
  '@cf/openai/gpt-oss-120b': { window: 131072, reasons: true },
  '@cf/openai/gpt-oss-20b': { window: 131072, reasons: true },
  '@cf/qwen/qwen3-30b-a3b-fp8': { window: 131072, reasons: true },
  '@cf/deepseek-ai/deepseek-r1-distill-qwen-32b': { window: 80000, reasons: true, think_tags: true, json: true },
  '@cf/nvidia/nemotron-3-120b-a12b': { window: 262144, reasons: true },
  '@cf/meta/llama-4-scout-17b-16e-instruct': { window: 131072, vision: true },
  '@cf/meta/llama-3.3-70b-instruct-fp8-fast': { window: 24000, bare_calls: true, json: true },
  '@cf/google/gemma-4-26b-a4b-it': { window: 262144, vision: true, reasons: true },
  '@cf/ibm-granite/granite-4.0-h-micro': { window: 131072 },
  '@cf/moonshotai/kimi-k2.6': { window: 262144, vision: true, reasons: true, paid: true },
};

const loose = { open: true };
const roles = {
  system: s.object({ content: o.content }, { ...loose, required: ['content'] }),
  user: s.object({ content: o.content }, { ...loose, required: ['content'] }),
  assistant: s.object({ content: o.content, tool_calls: o.tool_calls }, { ...loose, required: ['content'] }),
  tool: s.object({ content: o.content, tool_call_id: s.string({ min: 1 }) }, { ...loose, required: ['content', 'tool_call_id'] }),
};
const known = {
  model: s.string({ min: 1 }), messages: o.messages(roles), temperature: s.number({ min: 0, max: 5 }), max_tokens: o.positive, max_completion_tokens: o.positive, top_p: o.top_p, top_k: s.integer({ min: 1 }),
  seed: s.integer(), stop: s.either(s.array(s.string()), s.string()), repetition_penalty: s.number({ min: 0, max: 2 }), frequency_penalty: o.penalty, presence_penalty: o.penalty, stream: s.boolean,
  stream_options: o.stream_options, tools: s.array(o.tool), tool_choice: o.tool_choice('none', 'auto', 'required'), parallel_tool_calls: s.boolean, response_format: o.response_format,
  chat_template_kwargs: s.object({}, loose), reasoning_effort: s.one_of(['low', 'medium', 'high']),
};
const shape = s.object(o.optional(known, ['model', 'messages']), { ...loose, required: ['model', 'messages'] });
const message_members = ['role', 'content', 'tool_calls', 'tool_call_id'];

const uuid_of = (ctx) => `${token_of(hexadecimal, 4, 'cloudflare', String(ctx.seq))}-0000`;
const envelope = (status, code, message, headers = {}) => ({ status, headers, body: { errors: [{ message, code }], success: false, result: {}, messages: [] } });
const api_error = (status, code, message, headers = {}) => ({ status, headers, body: { success: false, errors: [{ code, message }], messages: [], result: null } });
const api_result = (result) => ({ status: 200, headers: {}, body: { result, success: true, errors: [], messages: [] } });

// Tokens that begin so belong to an account and not to a user, or lack the permission Workers AI: Read.
const of_account = (key) => key.startsWith('cfat_');
const without_permission = (key) => key.startsWith('noai_');

export default openai_provider({
  id: 'cloudflare', base: '/client/v4', key_shape: /^[A-Za-z0-9_-]{40,60}$/, models, shape,
  unknown_path: () => api_error(404, 7000, 'No route for that URI'),
  method_not_allowed: (allow) => api_error(405, 10405, 'Method not allowed for this authentication scheme', { allow }),
  bad_content_type: (ctx) => envelope(400, 5006, `AiError: Bad input: unsupported content type (${uuid_of(ctx)})`),

  route(ctx) {
    if (ctx.path === '/client/v4/user/tokens/verify') return { reply: this.verified(ctx, !of_account(this.bearer(ctx) ?? '')), test: true };
    const [, account, rest] = /^\/client\/v4\/accounts\/([^/]*)\/(.*)$/.exec(ctx.path) ?? [];
    if (rest === undefined) return { refusal: this.unknown_path(ctx) };
    if (!/^[0-9a-f]{32}$/.test(account)) return { public: true, refusal: api_error(404, 7003, `Could not route to ${ctx.path}, perhaps your object identifier is invalid?`) };
    const only = (method, answer) => (ctx.method === method ? answer : { refusal: this.method_not_allowed(method) });
    if (rest === 'tokens/verify') return only('GET', { reply: this.verified(ctx, of_account(this.bearer(ctx) ?? '')), test: true });
    if (rest === 'ai/models/search') return only('GET', { reply: api_result(this.found_models(ctx)) });
    if (rest === 'ai/v1/chat/completions') return only('POST', { chat: true });
    return { refusal: this.unknown_path(ctx) };
  },
  verified(ctx, right_place) {
    const key = this.bearer(ctx);
    ctx.token_test = true;
    if (!right_place || typeof key !== 'string' || !this.key_shape.test(key)) return api_error(401, 1000, 'Invalid API Token');
    return api_result({ id: token_of(hexadecimal, 32, 'token', key), status: 'active' });
  },
  found_models(ctx) {
    const most = Number(ctx.query.get('per_page') ?? 50);
    const wanted = ctx.query.get('search') ?? '';
    return Object.entries(models).filter(([name]) => name.includes(wanted)).slice(0, most)
      .map(([name, m]) => ({ name, properties: [{ property_id: 'context_window', value: String(m.window) }, ...(m.paid ? [{ property_id: 'require_workers_paid', value: 'true' }] : [])] }));
  },
  authenticate(ctx) {
    const key = this.bearer(ctx);
    ctx.key = key ?? null;
    if (ctx.token_test) return null;
    if (key === null) return api_error(401, 6003, 'Invalid request headers');
    return typeof key === 'string' && this.key_shape.test(key) && !without_permission(key) ? null : this.errors.auth({}, ctx);
  },

  check(ctx, info) {
    const b = ctx.json;
    const faults = [];
    const refuse = (path, message) => faults.push({ path: [path], message, rule: path });
    const note = (rule, message) => faults.push({ soft: true, rule, message });
    for (const name of Object.keys(b)) if (!Object.hasOwn(known, name)) note('unknown', `${name} is ignored; leave it out`);
    for (const message of b.messages)
      for (const name of Object.keys(message)) if (!message_members.includes(name)) note('unknown', `messages: ${name} is ignored; leave it out`);
    if (info.paid) faults.push({ rule: 'paid', whole: api_error(403, 5035, 'This model requires the Workers Paid plan') });
    b.messages.forEach((m, i) => {
      if (Array.isArray(m.content) && !(info.vision && m.role === 'user')) faults.push({ rule: 'content_array', path: ['messages', i, 'content'], message: "oneOf at '/' not met, type mismatch of 'content', 'array' not in 'string'" });
    });
    for (const { part, path } of sees_images(ctx)) if (!part.image_url.url.startsWith('data:')) faults.push({ rule: 'images', path, message: 'image_url must be a data URL' });
    if (b.max_tokens == null && b.max_completion_tokens == null) note('max_tokens', 'without max_tokens an answer is cut at 256');
    if (b.max_tokens != null && b.max_completion_tokens != null) note('max_tokens', 'both names of the bound');
    if (b.reasoning_effort != null && !info.effort) note('reasoning_effort', 'reasoning_effort is not known here');
    if (b.tool_choice != null && !(b.tools?.length > 0)) note('tool_choice', 'tool_choice without tools');
    if (['json_object', 'json_schema'].includes(b.response_format?.type) && b.stream === true) refuse('response_format', 'JSON Mode is not supported with streaming');
    const input = estimate_tokens(conversation_of(b).prompt_chars);
    const all = input + (b.max_tokens ?? b.max_completion_tokens ?? 256);
    if (all > info.window) faults.push({ rule: 'context', whole: this.errors.context_too_long({ limit: info.window, requested: all }, ctx) });
    return faults;
  },
  problem(problem, ctx) {
    return problem.whole ?? this.errors.bad_request({ message: `${s.dotted(problem.path ?? [])}: ${problem.message}` }, ctx);
  },

  conversation(ctx) {
    const read = conversation_of(ctx.json);
    return { ...read, max_tokens: read.max_tokens ?? 256 };
  },
  tool_call_id: (ctx, i) => `chatcmpl-tool-${token_of(hexadecimal, 32, 'cloudflare', String(ctx.seq), String(i))}`,
  ok_headers: () => ({ 'cf-ai-neurons': '7.50' }),
  // The same thinking under both names, or in the text.
  reasoning_delta(text, ctx) {
    return models[ctx.model]?.think_tags ? { content: text } : { reasoning: text, reasoning_content: text };
  },
  thought(ctx, answer) {
    const tags = models[ctx.model]?.think_tags === true;
    return tags && answer.reasoning.length > 0 ? { ...answer, reasoning: ['<think>\n', ...answer.reasoning, '\n</think>\n\n'] } : answer;
  },
  frames(ctx, answer) { return rendering.frames.call(this, ctx, this.thought(ctx, answer)); },
  message(ctx, answer) {
    const info = models[ctx.model] ?? {};
    const thought = this.thought(ctx, answer).reasoning.join('');
    const text = `${info.think_tags ? thought : ''}${answer.pieces.join('')}`;
    const bare = (c) => ({ type: 'function', function: { name: c.name, arguments: JSON.parse(c.args) } });
    const usual = (c) => ({ id: c.id, type: 'function', function: { name: c.name, arguments: c.args } });
    return { role: 'assistant', content: text === '' ? null : text, ...(thought && !info.think_tags ? { reasoning: thought, reasoning_content: thought } : {}),
      tool_calls: answer.calls.map((c) => (info.bare_calls && /^\{/.test(c.args) ? bare(c) : usual(c))) };
  },
  tail(ctx, answer) {
    return ctx.json.stream_options?.include_usage ? [this.chunk(ctx, [], { usage: this.usage(ctx, answer) })] : [];
  },
  stream_error(ctx, kind, params) {
    return `data: ${JSON.stringify(this.error_of(ctx, kind, params).body)}\n\n`;
  },

  errors: {
    auth: () => api_error(401, 10000, 'Authentication error'),
    payment: () => api_error(402, 2021, 'Payment required: insufficient balance.'),
    forbidden: ({ paid, agreement, blocked, permission }) => (paid ? api_error(403, 5035, 'This model requires the Workers Paid plan')
      : agreement ? api_error(403, 5016, "Prior to using this model, you must submit the prompt 'agree'.")
        : blocked ? api_error(403, 3023, 'Service unavailable for account')
          : permission ? api_error(403, 10000, 'Authentication error') : api_error(403, 5018, 'This account is not allowed to access this model')),
    not_found: (p, ctx) => envelope(400, 5007, `AiError: No such model ${p.model ?? ctx.model} or task`),
    gone: (p, ctx) => api_error(404, 3042, `Invalid model ID: ${p.model ?? ctx.model}`),
    too_large: (p, ctx) => envelope(413, 3006, `AiError: Request too large (${uuid_of(ctx)})`),
    context_too_long: ({ limit = 24000, requested = 34210 }) => envelope(400, 5021, `AiError: The estimated number of input and maximum output tokens (${requested}) exceeded this model context window limit (${limit}).`),
    content_filter: (p, ctx) => envelope(400, 5006, `AiError: AiError: Bad input: the prompt was refused (${uuid_of(ctx)})`),
    bad_request: ({ message = 'required properties at / are prompt', json_mode }, ctx) => (json_mode ? envelope(400, 5024, "AiError: JSON Mode couldn't be met") : envelope(400, 5006, `AiError: AiError: Bad input: Error: ${message} (${uuid_of(ctx)})`)),
    rate_limit(p, ctx) {
      const hint = hint_of(p, ctx.clock, ['none']);
      if (p.capacity) return envelope(429, 3040, `AiError: Capacity temporarily exceeded, please try again. (${uuid_of(ctx)})`, hint_headers(hint));
      if (['day', 'month'].includes(hint.window)) return envelope(429, p.old ? 3036 : 4006, `AiError: AiError: you have used up your daily free allocation of 10,000 neurons, please upgrade to Cloudflare's Workers Paid plan if you would like to continue usage. (${uuid_of(ctx)})`, hint_headers(hint));
      return api_error(429, 971, `Rate limited.${hint.says('prose') ? ` Please try again in ${hint.seconds}s.` : ''}`, hint_headers(hint));
    },
    server_error: ({ status }, ctx) => envelope(status, 1031, `AiError: InferenceUpstreamError: error 1031 (${uuid_of(ctx)})`),
  },
});
