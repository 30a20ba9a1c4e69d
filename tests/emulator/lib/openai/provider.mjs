// The common part of OpenAI-compatible providers. A provider file gives what differs: base, key shape,
// models, request shape, error bodies, headers, deltas.
import * as s from '../shape.mjs';
import { conversation_of, image_parts, order_faults } from './read.mjs';
import { rendering } from './render.mjs';
import { estimate_tokens, token_of } from '../answer.mjs';
import { hint_headers, hint_of } from '../retry_after.mjs';
import { malformed_schema } from '../schema_rules.mjs';
import { named_error } from '../faults.mjs';

export const alphanumeric = 'abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789';
export const hexadecimal = '0123456789abcdef';

// OpenAI's own error shape, which most providers share.
export const openai_error = (status, message, type, code, more = {}, headers = {}) =>
  ({ status, headers, body: { error: { message, type, ...more, code } } });

const standard_errors = {
  auth: () => openai_error(401, 'Incorrect API key provided.', 'invalid_request_error', 'invalid_api_key'),
  payment: () => openai_error(402, 'Payment required: insufficient balance.', 'billing_error', 'insufficient_balance'),
  forbidden: () => openai_error(403, 'You do not have access to this model.', 'permission_error', 'forbidden'),
  not_found: (p, ctx) => openai_error(404, `The model \`${p.model ?? ctx.model}\` does not exist`, 'invalid_request_error', 'model_not_found', { param: 'model' }),
  gone: (p, ctx) => openai_error(410, `The model \`${p.model ?? ctx.model}\` has been removed and is no longer available.`, 'invalid_request_error', 'model_gone'),
  too_large: () => openai_error(413, 'Request body too large.', 'invalid_request_error', 'request_too_large'),
  context_too_long: ({ limit = 8192, requested = 9300 }) => openai_error(400, `This model's maximum context length is ${limit} tokens. However, you requested ${requested} tokens (${requested - 256} in the messages, 256 in the completion). Please reduce the length of the messages or completion.`,
    'invalid_request_error', 'context_length_exceeded', { param: 'messages' }),
  content_filter: () => openai_error(400, 'The request was rejected by the content policy.', 'invalid_request_error', 'content_filter'),
  bad_request: ({ message = 'Invalid request.' }) => openai_error(400, message, 'invalid_request_error', null),
  rate_limit: (p, ctx) => {
    const hint = hint_of(p, ctx.clock, ['header', 'prose']);
    const wait = hint.says('prose') ? ` Please try again in ${hint.seconds}s.` : '';
    return openai_error(429, `Rate limit reached for ${hint.axis} per ${hint.window}.${wait}`, hint.axis, 'rate_limit_exceeded', hint.says('body') ? { retry_after: hint.seconds } : {}, hint_headers(hint));
  },
  server_error: ({ status }) => openai_error(status, status === 503 || status === 529 ? 'The server is overloaded. Please try again later.' : 'Internal server error', 'server_error', String(status)),
};

const defaults = {
  eol: '\n', json_type: 'application/json', stream_type: 'text/event-stream', headers_before_first_token: false, reasoning_field: 'reasoning_content',
  public_models: false, finish_with_last_call: false, open_models: false,

  route(ctx) {
    const { base } = this;
    const below = ctx.path.startsWith(`${base}/`) ? ctx.path.slice(base.length) : null;
    const extra = this.extra_route(ctx);
    if (extra) return extra;
    if (below === '/chat/completions') return ctx.method === 'POST' ? { chat: true } : { refusal: this.method_not_allowed('POST') };
    if (below === '/models' || below?.startsWith('/models/')) {
      if (ctx.method !== 'GET' && ctx.method !== 'HEAD') return { refusal: this.method_not_allowed('GET') };
      if (below === '/models') return { public: this.public_models, reply: { status: 200, headers: {}, body: this.model_list(ctx) } };
      ctx.model = below.slice('/models/'.length).replaceAll('%2F', '/');
      return { public: this.public_models, reply: this.models[ctx.model] ? { status: 200, headers: {}, body: this.model_row(ctx.model) } : this.errors.not_found({}, ctx) };
    }
    return { refusal: this.unknown_path(ctx) };
  },
  extra_route: () => null,
  method_not_allowed: (allow) => ({ ...openai_error(405, 'Method Not Allowed', 'invalid_request_error', null), headers: { allow } }),
  unknown_path: (ctx) => openai_error(404, `Unknown request URL: ${ctx.method} ${ctx.path}`, 'invalid_request_error', 'unknown_url'),
  model_list() { return { object: 'list', data: Object.keys(this.models).map((id) => this.model_row(id)) }; },
  model_row(id) { return { id, object: 'model', created: 1780000000, owned_by: this.id }; },

  bearer(ctx) {
    const value = ctx.headers.authorization;
    return value === undefined ? undefined : (/^Bearer (\S+)$/.exec(value)?.[1] ?? null);
  },
  authenticate(ctx) {
    const key = this.bearer(ctx);
    ctx.key = key ?? null;
    if (ctx.headers['x-goog-api-key'] !== undefined) ctx.soft('auth_form', 'x-goog-api-key beside or instead of Authorization');
    return typeof key === 'string' && this.key_shape.test(key) ? null : this.errors.auth({ missing: key === undefined }, ctx);
  },
  read_request(ctx) {
    ctx.model = typeof ctx.json?.model === 'string' ? ctx.json.model : null;
    ctx.stream = ctx.json?.stream === true;
  },

  bad_content_type: (ctx) => openai_error(415, `Unsupported Content-Type: ${ctx.headers['content-type'] ?? 'none'}`, 'invalid_request_error', null),
  bad_json(fault, ctx) { return this.errors.bad_request({ message: `We could not parse the JSON body of your request: ${fault.message}` }, ctx); },

  info_of(model) { return this.models[model] ?? (this.open_models ? this.open_model : undefined); },
  // The first thing the provider would refuse. A problem is what shape.check yields, or what check() adds.
  validate(ctx) {
    if ([...ctx.query.keys()].length > 0) ctx.soft('query', 'the chat path takes no query');
    const refuse = (problem) => ({ reply: this.problem(problem, ctx), rule: problem.rule ?? problem.kind ?? 'rule',
      message: `${s.dotted(problem.path ?? [])}: ${problem.message}` });
    const problems = s.check(this.shape, ctx.json);
    if (problems.length > 0) return { ...refuse(problems[0]), message: problems.map((p) => `${s.dotted(p.path)}: ${p.message}`).join('; ') };
    this.look_for_nulls(ctx);
    const info = this.info_of(ctx.model);
    if (!info) return { reply: this.errors.not_found({}, ctx), rule: 'model', message: `unknown model ${ctx.model}` };
    for (const problem of this.faults(ctx, info))
      if (problem.soft) ctx.soft(problem.rule ?? 'rule', problem.message);
      else return refuse(problem);
    const tokens = estimate_tokens(conversation_of(ctx.json).prompt_chars);
    if (info.context && tokens > info.context)
      return { reply: this.errors.context_too_long({ limit: info.context, requested: tokens }, ctx), rule: 'context', message: `${tokens} tokens` };
    return null;
  },
  // A schema that is none at all is refused before anything looks into it.
  faults(ctx, info) {
    const schemas = [...(ctx.json.tools ?? []).map((t, i) => [['tools', i, 'function', 'parameters'], t.function.parameters]),
      [['response_format', 'json_schema', 'schema'], ctx.json.response_format?.json_schema?.schema]];
    const broken = schemas.map(([path, schema]) => ({ path, kind: 'type', code: 'value_error', rule: 'schema', message: malformed_schema(schema) })).filter((f) => f.message !== null);
    return broken.length > 0 ? broken : [...this.order(ctx), ...this.check(ctx, info)];
  },
  look_for_nulls(ctx) {
    for (const [name, value] of Object.entries(ctx.json)) if (value === null) ctx.soft('null', `${name} is null; leave it out`);
    if (ctx.json.response_format?.type === 'text') ctx.soft('format_text', 'response_format text is the default; leave it out');
  },
  order(ctx) {
    return order_faults(ctx.json.messages).map((f) => ({ ...f, kind: 'order', rule: 'message_order', soft: f.unanswered === true && !this.counts_tool_results }));
  },
  check: () => [],
  problem(problem, ctx) { return this.errors.bad_request({ message: `${s.dotted(problem.path)}: ${problem.message}`, problem }, ctx); },

  conversation: (ctx) => conversation_of(ctx.json),
  reasons(model) { return (this.models[model] ?? this.open_model)?.reasons === true; },
  completion_id: (ctx) => `chatcmpl-${token_of(hexadecimal, 24, ctx.provider, String(ctx.seq))}`,
  tool_call_id: (ctx, i) => `call_${token_of(alphanumeric, 24, ctx.provider, String(ctx.seq), String(i))}`,
  ok_headers: () => ({}),
  whole_body_text: (body) => JSON.stringify(body),
  frame_text: (data) => JSON.stringify(data),
  error_of: (ctx, kind, params) => named_error(ctx, kind, kind === 'server_error' ? { status: 503, ...params } : params),
};

export const openai_provider = (own) => ({ ...defaults, ...rendering, ...own, errors: { ...standard_errors, ...own.errors } });

export const sees_images = (ctx) => ctx.json.messages.flatMap((m, i) => image_parts(m).map((part) => ({ part, path: ['messages', i, 'content'] })));
