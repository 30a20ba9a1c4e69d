// github, GitHub Models as it was until 2026-07-30 (providers.md section 8). Today's answer is the action `gone`.
import * as s from '../lib/shape.mjs';
import * as o from '../lib/openai/shapes.mjs';
import { openai_provider, sees_images } from '../lib/openai/provider.mjs';
import { rendering } from '../lib/openai/render.mjs';
import { hint_headers, hint_of } from '../lib/retry_after.mjs';

// The platform cuts requests, not the models.
const most_in = 8000;
const most_out = 4000;
const models = {
  'openai/gpt-4.1': { vision: true },
  'openai/gpt-4.1-mini': { vision: true },
  'openai/gpt-4o': { vision: true },
  // The o series and what came after it: no say in sampling, another name for the bound.
  'openai/o4-mini': { own_sampling: true, effort: true },
  'openai/gpt-6': { own_sampling: true, vision: true },
  'openai/o1-mini': { own_sampling: true, developer_only: true },
  'deepseek/deepseek-r1': { reasons: true },
  'mistral-ai/mistral-small': {},
  'openai/gpt-5': { unavailable: true },
};

const named = { name: s.string() };
const roles = {
  system: s.object({ role: s.any, content: o.text_content, ...named }, { required: ['content'] }),
  developer: s.object({ role: s.any, content: o.text_content, ...named }, { required: ['content'] }),
  user: s.object({ role: s.any, content: o.content, ...named }, { required: ['content'] }),
  assistant: s.object({ role: s.any, content: s.nullable(o.text_content), refusal: s.nullable(s.string()), tool_calls: o.tool_calls, ...named }),
  tool: s.object({ role: s.any, content: o.text_content, tool_call_id: s.string({ min: 1 }) }, { required: ['content', 'tool_call_id'] }),
};
const shape = s.object(o.optional({
  model: s.string({ min: 1 }), messages: o.messages(roles), temperature: s.number({ min: 0, max: 2 }), top_p: o.top_p, n: s.integer({ min: 1, max: 128 }), stream: s.boolean,
  stream_options: o.stream_options, stop: o.stop(4), max_tokens: o.positive, max_completion_tokens: o.positive, presence_penalty: o.penalty, frequency_penalty: o.penalty,
  logit_bias: s.object({}, { open: true }), logprobs: s.boolean, top_logprobs: s.integer({ min: 0, max: 20 }), user: s.string(), seed: s.integer(), tools: s.array(o.tool, { min: 1, max: 128 }),
  tool_choice: o.tool_choice('none', 'auto', 'required'), parallel_tool_calls: s.boolean, response_format: o.response_format, reasoning_effort: s.one_of(['low', 'medium', 'high']),
}, ['model', 'messages', 'stream']), { required: ['model', 'messages'] });

const bare = (model) => (model ?? '').split('/').at(-1);
const error = (status, code, message, more = {}, headers = {}) => ({ status, headers, body: { error: { code, message, details: message, ...more } } });
// Azure hands OpenAI's own sentences through.
const argument = (message, param = null, code = null) => ({ status: 400, headers: {}, body: { error: { message, type: 'invalid_request_error', param, code } } });
const unsupported = (name, ctx) => argument(`Unsupported value: '${name}' does not support ${JSON.stringify(ctx.json[name])} with this model. Only the default (1) value is supported.`, name, 'unsupported_value');

// GitHub's own API, where a token is checked, and the list of models, which needs none.
function github_route(ctx) {
  if (ctx.path === '/user') return ctx.method === 'GET' ? { reply: { status: 200, headers: { 'x-github-media-type': 'github.v3; format=json' }, body: { login: 'octocat', id: 1, type: 'User' } } } : null;
  if (ctx.path !== '/catalog/models' || ctx.method !== 'GET') return null;
  const row = (id) => ({ id, name: bare(id), publisher: id.split('/')[0], summary: '', rate_limit_tier: 'high', supported_input_modalities: models[id].vision ? ['text', 'image'] : ['text'], capabilities: ['streaming', 'tool-calling'], limits: { max_input_tokens: most_in, max_output_tokens: most_out } });
  return { public: true, reply: { status: 200, headers: {}, body: Object.keys(models).map(row) } };
}

const base = openai_provider({});
export default openai_provider({
  id: 'github', base: '/inference', key_shape: /^(github_pat_|gh[pus]_)[A-Za-z0-9_]{36,}$/, models, shape, extra_route: github_route, public_models: true,
  unknown_path: () => ({ status: 404, headers: { 'content-type': 'text/plain' }, body: '404: Not Found' }),
  method_not_allowed: (allow) => ({ ...error(405, 'method_not_allowed', 'Method Not Allowed'), headers: { allow } }),

  validate(ctx) {
    const faults = base.validate.call(this, ctx);
    // Every token of the request counts, also its tools.
    const limit = faults === null && this.conversation(ctx).prompt_chars / 4 > most_in;
    return limit ? { reply: this.errors.context_too_long({}, ctx), rule: 'context', message: `more than ${most_in} tokens` } : faults;
  },
  check(ctx, info) {
    const b = ctx.json;
    const faults = [];
    const refuse = (name, reply) => faults.push({ rule: name, path: [name], message: reply.body.error.message, reply });
    if (info.unavailable) refuse('model', error(400, 'unavailable_model', `Unavailable model: ${bare(ctx.model)}`));
    if (info.own_sampling) {
      if (b.max_tokens !== undefined) refuse('max_tokens', argument("Unsupported parameter: 'max_tokens' is not supported with this model. Use 'max_completion_tokens' instead.", 'max_tokens', 'unsupported_parameter'));
      for (const name of ['temperature', 'top_p']) if (b[name] !== undefined && b[name] !== 1) refuse(name, unsupported(name, ctx));
      for (const name of ['presence_penalty', 'frequency_penalty']) if (b[name]) refuse(name, unsupported(name, ctx));
    }
    if (info.developer_only && b.messages.some((m) => m.role === 'system')) refuse('messages', argument("Unsupported value: 'messages[0].role' does not support 'system' with this model.", 'messages[0].role', 'unsupported_value'));
    if (b.reasoning_effort !== undefined && !info.effort) refuse('reasoning_effort', argument('Unrecognized request argument supplied: reasoning_effort'));
    if (b.max_completion_tokens !== undefined && !ctx.model.startsWith('openai/')) refuse('max_completion_tokens', argument('Unrecognized request argument supplied: max_completion_tokens'));
    const most = b.max_completion_tokens ?? b.max_tokens;
    const name = b.max_completion_tokens === undefined ? 'max_tokens' : 'max_completion_tokens';
    if (most > most_out) refuse(name, argument(`${name} is too large: ${most}. This model supports at most ${most_out} completion tokens, whereas you provided ${most}.`, name));
    if (b.tool_choice !== undefined && !b.tools) refuse('tool_choice', argument("Invalid value for 'tool_choice': 'tool_choice' is only allowed when 'tools' are specified.", 'tool_choice'));
    if (b.parallel_tool_calls !== undefined && !b.tools) refuse('parallel_tool_calls', argument("Invalid value for 'parallel_tool_calls': 'parallel_tool_calls' is only allowed when 'tools' are specified.", 'parallel_tool_calls'));
    b.messages.forEach((m, i) => {
      if (m.role === 'assistant' && (m.content === null || m.content === undefined) && !m.tool_calls) refuse('messages', argument(`Invalid value for 'content': expected a string, got null.`, `messages.[${i}].content`));
    });
    const images = sees_images(ctx);
    if (images.length > 0 && !info.vision) refuse('images', argument('Invalid content type. image_url is only supported by certain models.'));
    return faults;
  },
  // Calls without results are refused by OpenAI.
  counts_tool_results: true,
  problem(problem, ctx) {
    if (problem.reply) return problem.reply;
    const where = s.dotted(problem.path);
    if (problem.kind === 'unknown' && problem.path.length === 1) return argument(`Unrecognized request argument supplied: ${problem.field}`);
    if (problem.kind === 'unknown') return argument(`Unknown parameter: '${where}'.`, where, 'unknown_parameter');
    return argument(problem.kind === 'missing' ? `Missing required parameter: '${where}'.` : `Invalid value for '${where}': ${problem.message}`, where || null, ctx.model ? null : 'missing_required_parameter');
  },

  usage(ctx, answer) {
    const { prompt, completion } = answer.usage;
    return { completion_tokens: completion, prompt_tokens: prompt, total_tokens: prompt + completion };
  },
  // The backend's limits, which are not the user's.
  ok_headers: () => ({ 'x-ratelimit-limit-requests': '50000', 'x-ratelimit-remaining-requests': '49999', 'x-ratelimit-limit-tokens': '5000000', 'x-ratelimit-remaining-tokens': '4999000' }),
  choice: (ctx, index, message, finish) => ({ content_filter_results: { hate: { filtered: false, severity: 'safe' } }, finish_reason: finish, index, logprobs: null, message: { annotations: [], refusal: null, ...message } }),
  stream_choice: (ctx, index, delta, finish) => ({ content_filter_results: {}, delta, finish_reason: finish, index, logprobs: null }),
  body_extra: () => ({ prompt_filter_results: [{ prompt_index: 0, content_filter_results: {} }], system_fingerprint: 'fp_1' }),
  // DeepSeek thinks in tags.
  tagged: (answer) => (answer.reasoning.length > 0 ? { ...answer, reasoning: [], pieces: ['<think>', ...answer.reasoning, '</think>', ...answer.pieces] } : answer),
  body(ctx, answer) { return rendering.body.call(this, ctx, this.tagged(answer)); },
  frames(ctx, answer) {
    const filter = { choices: [], created: 0, id: '', model: '', object: '', prompt_filter_results: [{ prompt_index: 0, content_filter_results: {} }] };
    return [{ kind: 'role', data: filter }, ...rendering.frames.call(this, ctx, this.tagged(answer))];
  },
  tail(ctx, answer) { return ctx.json.stream_options?.include_usage ? [this.chunk(ctx, [], { usage: this.usage(ctx, answer) })] : []; },

  errors: {
    auth: ({ missing, permission }) => (permission ? error(401, 'unauthorized', 'The `models` permission is required to access this endpoint')
      : missing ? { status: 401, headers: { 'content-type': 'text/plain' }, body: 'Unauthorized' } : error(401, 'unauthorized', 'Bad credentials')),
    payment: () => error(402, 'payment_required', 'Payment required'),
    forbidden: (p, ctx) => error(403, 'no_access', `No access to model: ${ctx.model}`),
    not_found: (p, ctx) => (p.unavailable ? error(400, 'unavailable_model', `Unavailable model: ${bare(ctx.model)}`) : error(400, 'unknown_model', `Unknown model: ${p.model ?? ctx.model}`)),
    gone: () => ({ status: 410, headers: {}, body: { error: { code: 'github_models_retirement_brownout', message: 'GitHub Models has been retired.' } } }),
    too_large: (p, ctx) => error(413, 'tokens_limit_reached', `Request body too large for ${bare(ctx.model)} model. Max size: ${p.limit ?? most_in} tokens.`),
    context_too_long: (p, ctx) => error(413, 'tokens_limit_reached', `Request body too large for ${bare(ctx.model)} model. Max size: ${p.limit ?? most_in} tokens.`),
    content_filter: () => ({ status: 400, headers: {}, body: { error: { code: 'content_filter', message: "The response was filtered due to the prompt triggering Azure OpenAI's content management policy.", innererror: { code: 'ResponsibleAIPolicyViolation', content_filter_result: {} } } } }),
    bad_request: ({ message = 'Invalid request', argument: name }) => argument(name ? `Unrecognized request argument supplied: ${name}` : message),
    rate_limit(p, ctx) {
      if (p.guard) return { status: 429, headers: { 'content-type': 'text/plain' }, body: 'Too many requests. For more on scraping GitHub and how it may affect your rights, please review our Terms of Service.' };
      const hint = hint_of(p, ctx.clock, ['header', 'reset', 'prose']);
      const together = hint.axis === 'concurrency';
      const kind = together ? 'UserConcurrentRequests' : hint.window === 'day' ? 'UserByModelByDay' : 'UserByModelByMinute';
      const seconds = Math.ceil(hint.seconds);
      const per = together ? 0 : hint.window === 'day' ? 86400 : 60;
      const message = `Rate limit of ${p.limit ?? (together ? 2 : hint.window === 'day' ? 50 : 10)} per ${per}s exceeded for ${kind}.${hint.says('prose') ? ` Please wait ${together ? 0 : seconds} seconds before retrying.` : ''}`;
      return error(429, 'RateLimitReached', message, {}, { ...(together ? {} : hint_headers(hint)), 'x-ratelimit-type': kind, ...(hint.says('reset') && !together ? { 'x-ratelimit-timeremaining': String(seconds) } : {}) });
    },
    server_error: ({ status }) => error(status, status === 503 ? 'service_unavailable' : 'internal_error', status === 503 ? 'The service is temporarily unavailable.' : 'Internal server error'),
  },
});
