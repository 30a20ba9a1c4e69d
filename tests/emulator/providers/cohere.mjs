// cohere through its compatibility surface (providers.md section 9). Errors are {id, message}.
import * as s from '../lib/shape.mjs';
import * as o from '../lib/openai/shapes.mjs';
import { hexadecimal, openai_provider, sees_images } from '../lib/openai/provider.mjs';
import { keyword_used } from '../lib/schema_rules.mjs';
import { token_of } from '../lib/answer.mjs';
import { hint_headers, hint_of } from '../lib/retry_after.mjs';

const models = {
  'command-a-03-2025': { context: 256000, max_output: 8000 },
  'command-a-reasoning-08-2025': { context: 256000, max_output: 32000, reasons: true },
  'command-r-08-2024': { context: 128000, max_output: 4000 },
  'command-r-plus-08-2024': { context: 128000, max_output: 4000 },
};

const roles = {
  system: s.object({ role: s.any, content: o.text_content, name: s.string() }, { required: ['content'] }),
  developer: s.object({ role: s.any, content: o.text_content, name: s.string() }, { required: ['content'] }),
  user: s.object({ role: s.any, content: o.content, name: s.string() }, { required: ['content'] }),
  assistant: s.object({ role: s.any, content: s.nullable(o.text_content), tool_calls: o.tool_calls, name: s.string() }),
  tool: s.object({ role: s.any, content: s.string(), tool_call_id: s.string({ min: 1 }) }, { required: ['content', 'tool_call_id'] }),
};
const tool_name = s.string({ pattern: /^[A-Za-z_][A-Za-z0-9_]*$/ });
const tool = s.object({ type: s.one_of(['function']), function: s.object({ name: tool_name, description: s.string(), parameters: s.object({}, { open: true }), strict: s.boolean },
  { required: ['name'] }) }, { required: ['type', 'function'] });

// Members the docs only advise to drop are let through and noted.
const tolerated = ['stream_options', 'logprobs', 'user', 'max_completion_tokens'];
const shape = s.object({
  model: s.string({ min: 1 }), messages: o.messages(roles), stream: s.boolean, reasoning_effort: s.one_of(['none', 'high']), response_format: o.response_format,
  tools: s.array(tool, { max: 200 }), tool_choice: s.one_of(['none', 'required', 'NONE', 'REQUIRED']), temperature: s.number({ min: 0, max: 1 }), max_tokens: s.integer({ min: 1 }),
  stop: o.stop(5), seed: s.integer({ min: 0 }), top_p: s.number({ min: 0, max: 1 }), frequency_penalty: s.number({ min: 0, max: 1 }), presence_penalty: s.number({ min: 0, max: 1 }),
  ...Object.fromEntries(tolerated.map((name) => [name, s.any])),
}, { required: ['model', 'messages'] });

const stripped = ['additionalProperties', '$schema'];
const unsupported_when_strict = ['minimum', 'maximum', 'exclusiveMinimum', 'exclusiveMaximum', 'minItems', 'maxItems', 'uniqueItems', 'patternProperties', 'allOf', 'oneOf', 'not'];
const error = (status, message, headers = {}) => ({ status, headers, message });
const invalid = (message) => error(400, `invalid request: ${message}`);

// Native calls beside the compatibility surface: what keys are checked with.
function native_route(ctx) {
  if (ctx.path === '/v1/models' && ctx.method === 'GET')
    return { reply: { status: 200, headers: {}, body: { models: Object.entries(models).map(([name, m]) => ({ name, endpoints: ['chat'], finetuned: false, context_length: m.context })) } } };
  if (ctx.path === '/v1/check-api-key' && ctx.method === 'POST')
    return { reply: { status: 200, headers: {}, body: { valid: true, organization_id: 'org-emulator', owner_id: 'owner-emulator' } } };
  return null;
}

const plain_errors = {
  auth: ({ missing }) => error(401, missing ? 'no api key supplied' : 'invalid api token'),
  payment: () => error(402, 'Please add or update your payment method at https://dashboard.cohere.com/billing'),
  forbidden: (p, ctx) => error(403, `your organization does not have access to model '${ctx.model}'`),
  not_found: (p, ctx) => error(404, `model '${p.model ?? ctx.model}' not found, make sure the correct model ID was used and that you have access to the model.`),
  gone: (p, ctx) => error(404, `model '${p.model ?? ctx.model}' was removed on September 15, 2025. See https://docs.cohere.com/docs/models for current models.`),
  too_large: () => error(413, 'request entity too large'),
  context_too_long: ({ limit = 128000, requested = 130000 }) => error(400, `too many tokens: total number of tokens in the prompt cannot exceed ${limit} - received ${requested}. Try using a shorter prompt, or enabling prompt truncating.`),
  content_filter: () => error(498, 'blocked output: please adjust your prompt'),
  bad_request: ({ message = 'bad request' }) => invalid(message),
  rate_limit(p, ctx) {
    const hint = hint_of(p, ctx.clock, ['none']);
    const wait = hint.says('prose') ? ` Please try again in ${hint.seconds}s.` : '';
    if (hint.window === 'month') return error(429, "You are using a Trial key, which is limited to 1000 API calls / month. You can continue to use the Trial key for free or upgrade to a Production key with higher rate limits at 'https://dashboard.cohere.com/api-keys'. Contact us on 'https://discord.gg/XW44jPfYJu' or email us at support@cohere.com with any questions", hint_headers(hint));
    if (hint.axis === 'tokens') return error(429, `trial token rate limit exceeded, limit is ${p.limit ?? 100000} tokens per minute${wait}`, hint_headers(hint));
    return error(429, `You are using a Trial key, which is limited to ${p.limit ?? 20} API calls / minute. Please wait and try again later.${wait}`, hint_headers(hint));
  },
  server_error: ({ status }) => error(status, status === 503 ? 'service unavailable' : 'internal server error'),
};
const errors = Object.fromEntries(Object.entries(plain_errors).map(([name, make]) => [name, (p, ctx) => {
  const { status, headers, message } = make(p, ctx);
  return { status, headers, body: { id: request_id(ctx), message } };
}]));

const request_id = (ctx) => {
  const digits = token_of(hexadecimal, 32, 'cohere', String(ctx.seq));
  return [digits.slice(0, 8), digits.slice(8, 12), digits.slice(12, 16), digits.slice(16, 20), digits.slice(20)].join('-');
};

export default openai_provider({
  id: 'cohere', base: '/compatibility/v1', key_shape: /^[A-Za-z0-9]{40}$/, models, shape, errors,
  extra_route: native_route,
  unknown_path: (ctx) => ({ status: 404, headers: {}, body: { id: request_id(ctx), message: 'not found' } }),
  method_not_allowed: (allow) => ({ status: 405, headers: { allow }, body: { message: 'method not allowed' } }),
  bad_content_type(ctx) { return errors.bad_request({ message: 'Content-Type must be application/json' }, ctx); },

  check(ctx, info) {
    const b = ctx.json;
    const faults = [];
    const refuse = (path, message) => faults.push({ path: [path], message, rule: path });
    for (const field of tolerated) if (b[field] !== undefined) faults.push({ soft: true, rule: field, message: `${field} is not supported; leave it out` });
    if (b.frequency_penalty > 0 && b.presence_penalty > 0) faults.push({ soft: true, rule: 'penalties', message: 'some models take only one of the two penalties' });
    if (b.max_tokens > info.max_output) {
      faults.push({ rule: 'max_tokens', path: ['max_tokens'], whole: `too many tokens: max tokens must be less than or equal to ${info.max_output}, the maximum output for this model - received ${b.max_tokens}` });
    }
    b.messages.forEach((m, i) => {
      if ((m.role === 'system' || m.role === 'developer') && b.messages.slice(0, i).some((x) => x.role !== 'system' && x.role !== 'developer')) refuse('messages', 'system turn must be the first in the list');
      if (m.role === 'assistant' && (m.content === null || m.content === undefined) && !m.tool_calls) refuse('messages', 'assistant message must have content or tool_calls');
      if (Array.isArray(m.content)) faults.push({ soft: true, rule: 'content_array', message: 'content arrays are better flattened to text' });
    });
    const images = sees_images(ctx);
    if (images.length > 0) faults.push({ path: images[0].path, rule: 'images', message: 'image content is not supported by this model' });
    if (b.reasoning_effort !== undefined && !info.reasons) refuse('reasoning_effort', `reasoning is not supported by model '${ctx.model}'`);
    if (b.tool_choice !== undefined && !(b.tools?.length > 0)) refuse('tool_choice', 'tool_choice cannot be specified without tools');
    const format = b.response_format?.type === 'json_schema' ? b.response_format.json_schema.schema : undefined;
    for (const [where, schema] of [...(b.tools ?? []).map((t) => ['tools', t.function.parameters]), ['response_format', format]]) {
      const used = schema && keyword_used(schema, stripped);
      if (used) refuse(where, `schema contains unsupported field '${used.keyword}'`);
    }
    if (format && !(format.required?.length > 0)) refuse('response_format', 'JSON schema must have at least one required property');
    const strict = [...(b.tools ?? []).filter((t) => t.function.strict).map((t) => t.function.parameters), ...(format ? [format] : [])];
    for (const schema of strict) {
      const used = keyword_used(schema ?? {}, unsupported_when_strict);
      if (used) refuse('response_format', `schema keyword '${used.keyword}' is not supported`);
    }
    return faults;
  },
  problem(problem, ctx) {
    if (problem.whole) return { status: 400, headers: {}, body: { id: request_id(ctx), message: problem.whole } };
    const where = s.dotted(problem.path);
    return errors.bad_request({ message: problem.kind === 'unknown' ? `parameter '${where}' is not supported` : `${where}: ${problem.message}` }, ctx);
  },

  completion_id: request_id,
  tool_call_id: (ctx, i, name) => `${name}_${token_of('abcdefghijklmnopqrstuvwxyz0123456789', 12, 'cohere', String(ctx.seq), String(i))}`,
  // Counters of a trial key; absent on a 429.
  ok_headers(ctx) {
    const used = ctx.quota.show({ ...ctx, model: null }, ctx.tokens);
    const minute = ctx.quota.advertised(ctx, 'requests', 60000, 20);
    return { 'x-endpoint-monthly-call-limit': '1000', 'x-trial-endpoint-call-limit': String(minute), 'x-trial-endpoint-call-remaining': String(Math.max(0, minute - used.minute.requests)) };
  },
  choice: (ctx, index, message, finish) => ({ index, finish_reason: finish, message }),
  stream_choice: (ctx, index, delta, finish) => ({ index, finish_reason: finish, delta }),
  finish_extra(ctx, answer) { return { usage: this.usage(ctx, answer) }; },
});
