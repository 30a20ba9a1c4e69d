// cerebras (providers.md section 3). Error bodies are flat; tool-call deltas carry no index.
import * as s from '../lib/shape.mjs';
import * as o from '../lib/openai/shapes.mjs';
import { hexadecimal, openai_provider, sees_images } from '../lib/openai/provider.mjs';
import { keyword_used, schema_depth, strict_schema_fault } from '../lib/schema_rules.mjs';
import { token_of } from '../lib/answer.mjs';
import { hint_headers, hint_of } from '../lib/retry_after.mjs';

const models = {
  'gpt-oss-120b': { context: 65536, max_output: 40960, reasons: true },
  'gemma-4-31b': { context: 65536, max_output: 32768 },
  'zai-glm-4.7': { context: 8192, reasons: true },
};

const name = { name: s.string() };
const roles = {
  system: s.object({ role: s.any, content: o.text_content, ...name }, { required: ['content'] }),
  developer: s.object({ role: s.any, content: o.text_content, ...name }, { required: ['content'] }),
  user: s.object({ role: s.any, content: o.content, ...name }, { required: ['content'] }),
  assistant: s.object({ role: s.any, content: s.nullable(o.text_content), tool_calls: s.nullable(o.tool_calls), reasoning: s.nullable(s.string()), ...name }),
  tool: s.object({ role: s.any, content: o.text_content, tool_call_id: s.string({ min: 1 }), ...name }, { required: ['content', 'tool_call_id'] }),
};

const shape = s.object(o.optional({
  model: s.string({ min: 1 }), messages: o.messages(roles), clear_thinking: s.boolean, disable_reasoning: s.boolean,
  frequency_penalty: o.penalty, presence_penalty: o.penalty, logit_bias: s.object({}, { open: true }), logprobs: s.boolean, top_logprobs: s.integer({ min: 0, max: 20 }),
  max_completion_tokens: o.positive, max_tokens: o.positive, min_completion_tokens: s.integer({ min: -1 }), min_tokens: s.integer({ min: -1 }), n: s.integer({ min: 1 }),
  parallel_tool_calls: s.boolean, prediction: s.object({}, { open: true }), reasoning_effort: s.one_of(['low', 'medium', 'high']),
  reasoning_format: s.one_of(['none', 'parsed', 'text_parsed', 'raw', 'hidden']), response_format: o.response_format, seed: s.integer(),
  service_tier: s.string(), stop: o.stop(4), stream: s.boolean, stream_options: o.stream_options, temperature: s.number({ min: 0, max: 1.5 }),
  tool_choice: o.tool_choice('none', 'auto', 'required'), tools: s.array(o.tool), top_p: o.top_p, user: s.string(),
}, ['model', 'messages']), { required: ['model', 'messages'] });

const flat = (status, message, type, param, code, headers = {}) => ({ status, headers, body: { message, type, param, code } });
const spans = { minute: 60000, hour: 3600000, day: 86400000 };
const usual = { requests: { minute: 5, hour: 300, day: 2400 }, tokens: { minute: 30000, hour: 1000000, day: 1000000 } };
const unsupported_in_strict = ['pattern', 'format', 'minItems', 'maxItems', 'minLength', 'maxLength', 'minimum', 'maximum'];

export default openai_provider({
  id: 'cerebras', base: '/v1', key_shape: /^csk-[A-Za-z0-9_-]{4,}$/, models, shape, reasoning_field: 'reasoning',
  stream_type: 'text/event-stream; charset=utf-8',
  unknown_path: () => flat(404, 'Not Found', 'not_found_error', null, 'not_found'),
  method_not_allowed: (allow) => flat(405, 'Method Not Allowed', 'invalid_request_error', null, 'method_not_allowed', { allow }),
  bad_content_type: () => flat(415, 'Unsupported content type', 'invalid_request_error', null, 'wrong_api_format'),

  authenticate(ctx) {
    const key = this.bearer(ctx);
    ctx.key = key ?? null;
    // The edge in front bans clients that do not say who they are.
    if (!ctx.headers['user-agent']) return { status: 403, headers: { 'content-type': 'text/html; charset=UTF-8', server: 'cloudflare' }, body: '<!DOCTYPE html><html><head><title>Access denied</title></head><body>Error code 1010</body></html>' };
    return typeof key === 'string' && this.key_shape.test(key) ? null : this.errors.auth({}, ctx);
  },

  check(ctx, info) {
    const b = ctx.json;
    const faults = [];
    const refuse = (path, message) => faults.push({ path: [path], message, rule: path });
    for (const field of ['frequency_penalty', 'presence_penalty', 'logit_bias'])
      if (b[field] != null) refuse(field, `'${field}' is not supported by this service`);
    if (b.n > 1) faults.push({ soft: true, rule: 'n', message: 'n above 1 is better not sent' });
    if (b.max_tokens != null && b.max_completion_tokens != null) faults.push({ soft: true, rule: 'max_tokens', message: 'max_tokens beside max_completion_tokens' });
    if (b.top_logprobs != null && b.logprobs !== true) refuse('top_logprobs', 'top_logprobs needs logprobs');
    if ((b.reasoning_effort != null || b.reasoning_format != null || b.disable_reasoning != null) && !info.reasons) refuse('reasoning_effort', 'reasoning is not supported by this model');
    const images = sees_images(ctx);
    if (images.length > 0) faults.push({ path: images[0].path, rule: 'images', message: 'image content is not supported by this model' });
    const json_mode = b.response_format != null && b.response_format.type !== 'text';
    if (json_mode && b.tools?.length > 0) refuse('response_format', 'response_format cannot be combined with tools');
    const asked = (b.tools ?? []).map((t) => t.function.strict === true);
    if (new Set(asked).size > 1) refuse('tools', "Tools with mixed values for 'strict' are not allowed");
    const strict = [...(b.tools ?? []).filter((t) => t.function.strict === true).map((t) => t.function.parameters),
      ...(b.response_format?.json_schema?.strict ? [b.response_format.json_schema.schema] : [])];
    for (const schema of strict) {
      const used = keyword_used(schema, unsupported_in_strict);
      const fault = strict_schema_fault(schema) ?? (used && `'${used.keyword}' is not supported in strict mode`)
        ?? (schema_depth(schema) > 5 ? 'schema is nested more than 5 deep' : schema?.anyOf ? "'anyOf' is not allowed at the top" : null);
      if (fault) refuse('tools', fault);
    }
    return faults;
  },
  problem(problem, ctx) {
    const where = s.dotted(problem.path);
    const reply = problem.kind === 'unknown' ? flat(422, `${where}: property '${where}' is unsupported`, 'invalid_request_error', 'validation_error', 'wrong_api_format')
      : flat(problem.kind === 'order' ? 400 : 422, `${where}: ${problem.message}`, 'invalid_request_error', where, 'wrong_api_format');
    return { ...reply, headers: this.ok_headers(ctx) };
  },

  completion_id: (ctx) => `chatcmpl-${token_of(hexadecimal, 8, 'cerebras', String(ctx.seq))}`,
  tool_call_id: (ctx, i) => token_of(hexadecimal, 9, 'cerebras', String(ctx.seq), String(i)),

  ok_headers(ctx, spent = {}) {
    const used = ctx.quota.show(ctx, ctx.tokens);
    const headers = {};
    for (const axis of ['requests', 'tokens'])
      for (const [window, span] of Object.entries(spans)) {
        const name = `${axis}-${window}`;
        const limit = ctx.quota.advertised(ctx, axis, span, usual[axis][window]);
        headers[`x-ratelimit-limit-${name}`] = String(limit);
        headers[`x-ratelimit-remaining-${name}`] = String(spent[name] === undefined ? Math.max(0, limit - used[window][axis]) : 0);
        headers[`x-ratelimit-reset-${name}`] = String(spent[name] ?? used[window].resets);
      }
    return headers;
  },

  usage(ctx, answer) {
    const { prompt, completion, reasoning } = answer.usage;
    return { prompt_tokens: prompt, completion_tokens: completion, total_tokens: prompt + completion, prompt_tokens_details: { cached_tokens: 0 },
      completion_tokens_details: { accepted_prediction_tokens: 0, rejected_prediction_tokens: 0, ...(reasoning > 0 ? { reasoning_tokens: reasoning } : {}) } };
  },
  time_info: (ctx) => ({ queue_time: 0.0002, prompt_time: 0.003, completion_time: 0.011, total_time: 0.016, created: ctx.clock.now() / 1000 }),
  body_extra(ctx) { return { system_fingerprint: 'fp_70185065a4f5', time_info: this.time_info(ctx) }; },
  choice: (ctx, index, message, finish) => ({ finish_reason: finish, index, message }),
  stream_choice: (ctx, index, delta, finish) => ({ delta, ...(finish ? { finish_reason: finish } : {}), index }),
  role_delta: () => ({ role: 'assistant' }),
  // The same id on every fragment, and no index.
  call_deltas(call) {
    const cut = Math.max(1, call.args.indexOf(':') + 1);
    const fragment = (args, name) => ({ function: { ...(name ? { name } : {}), arguments: args }, type: 'function', id: call.id });
    return [fragment(call.args.slice(0, cut), call.name), ...(cut < call.args.length ? [fragment(call.args.slice(cut))] : [])];
  },
  finish_extra(ctx, answer) { return { usage: this.usage(ctx, answer), time_info: this.time_info(ctx) }; },
  stream_error(ctx, kind, params) {
    const { status, body } = this.error_of(ctx, kind, params);
    return `data: ${JSON.stringify({ error: body, status_code: status })}\n\n`;
  },

  errors: {
    auth: () => flat(401, 'Wrong API Key', 'invalid_request_error', 'api_key', 'wrong_api_key'),
    payment: () => flat(402, 'Payment required. Please add a payment method.', 'payment_required_error', null, 'payment_required'),
    forbidden: () => flat(403, 'You do not have permission to access this resource.', 'permission_error', null, 'forbidden'),
    not_found: (p, ctx) => flat(404, `Model ${p.model ?? ctx.model} does not exist or you do not have access to it.`, 'not_found_error', 'model', 'model_not_found'),
    gone: (p, ctx) => flat(410, `Model ${p.model ?? ctx.model} has been removed and is no longer available.`, 'not_found_error', 'model', 'model_not_found'),
    too_large: () => flat(413, 'Request Entity Too Large', 'invalid_request_error', null, 'request_too_large'),
    context_too_long: ({ limit = 40000, requested = 50000 }) => flat(400, `Please reduce the length of the messages or completion. Current length is ${requested} while limit is ${limit}`, 'invalid_request_error', 'messages', 'context_length_exceeded'),
    content_filter: () => flat(400, 'Request blocked by the content policy.', 'invalid_request_error', 'messages', 'content_filter'),
    bad_request: ({ message = 'Bad Request' }) => flat(400, message, 'invalid_request_error', null, 'wrong_api_format'),
    rate_limit(p, ctx) {
      if (p.queue) return flat(429, "We're experiencing high traffic right now! Please try again soon.", 'too_many_requests_error', 'queue', 'queue_exceeded');
      const hint = hint_of(p, ctx.clock, ['reset']);
      const tokens = hint.axis === 'tokens';
      const headers = { ...ctx.def.ok_headers(ctx, hint.says('reset') ? { [`${tokens ? 'tokens' : 'requests'}-${hint.window}`]: hint.seconds } : {}), ...hint_headers(hint), 'x-should-retry': 'false' };
      const said = hint.says('prose') ? ` Please try again in ${hint.seconds}s.` : '';
      return tokens ? flat(429, `Tokens per ${hint.window} limit exceeded - too many tokens processed.${said}`, 'too_many_tokens_error', 'quota', 'token_quota_exceeded', headers)
        : flat(429, `Requests per ${hint.window} limit exceeded - too many requests sent.${said}`, 'too_many_requests_error', 'quota', 'request_quota_exceeded', headers);
    },
    server_error: ({ status }) => flat(status, status === 503 ? 'Service temporarily unavailable' : 'Encountered a server error, please try again.', 'server_error', null, String(status)),
  },
});
