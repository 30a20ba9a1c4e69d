// huggingface, Inference Providers router (providers.md section 11). Routing errors are objects, account errors bare texts.
import * as s from '../lib/shape.mjs';
import * as o from '../lib/openai/shapes.mjs';
import { alphanumeric, openai_provider, sees_images } from '../lib/openai/provider.mjs';
import { rendering } from '../lib/openai/render.mjs';
import { token_of } from '../lib/answer.mjs';
import { hint_headers, hint_of } from '../lib/retry_after.mjs';

const models = {
  'Qwen/Qwen3-Coder-Next': { context: 262144 },
  'moonshotai/Kimi-K2.6': { context: 262144, vision: true, reasons: true },
  'deepseek-ai/DeepSeek-V4-Flash': { context: 131072, reasons: true },
  'openai/gpt-oss-120b': { context: 131072, reasons: true },
};
const partners = ['baseten', 'cerebras', 'cohere', 'deepinfra', 'featherless-ai', 'fireworks-ai', 'groq', 'hf-inference', 'novita', 'nscale', 'ovhcloud', 'publicai', 'scaleway', 'together', 'zai-org'];
const policies = ['fastest', 'cheapest', 'preferred'];
const embedding_dims = { 'BAAI/bge-m3': 1024 };

const base_of = (model) => (model ?? '').split(':')[0];
const suffix_of = (model) => (model?.includes(':') ? model.slice(model.indexOf(':') + 1) : null);

function shape_of(open) {
  const object = (fields, required = []) => s.object(fields, { required, open });
  const call = object({ id: s.string({ min: 1 }), type: s.one_of(['function']), function: object({ name: s.string({ min: 1 }), arguments: s.string() }, ['name', 'arguments']) }, ['id', 'type', 'function']);
  const roles = {
    system: object({ role: s.any, content: o.text_content }, ['content']),
    user: object({ role: s.any, content: o.content }, ['content']),
    assistant: object({ role: s.any, content: s.nullable(o.text_content), tool_calls: s.nullable(s.array(call)) }),
    tool: object({ role: s.any, content: o.text_content, tool_call_id: s.string({ min: 1 }) }, ['content', 'tool_call_id']),
  };
  const named = s.object({ type: s.one_of(['function']), function: s.object({ name: o.function_name }, { required: ['name'] }) }, { required: ['function'] });
  return object(o.optional({
    model: s.string({ min: 1 }), messages: o.messages(roles), frequency_penalty: o.penalty, presence_penalty: o.penalty, logprobs: s.boolean, top_logprobs: s.integer({ min: 0, max: 5 }),
    max_tokens: o.positive, reasoning_effort: s.one_of(['none', 'minimal', 'low', 'medium', 'high', 'xhigh']), response_format: o.response_format, seed: s.integer(),
    stop: s.array(s.string(), { max: 4 }), stream: s.boolean, stream_options: o.stream_options, temperature: s.number({ min: 0, max: 2 }), top_p: o.top_p,
    tool_choice: s.either(named, s.one_of(['auto', 'none', 'required'])), tool_prompt: s.string(), tools: s.array(o.tool, { min: 1 }),
  }, ['model', 'messages']), ['model', 'messages']);
}
const shape = shape_of(true);
const closed_shape = shape_of(false);

const account_error = (status, text, headers = {}, more = {}) => ({ status, headers, body: { error: text, ...more } });
const routing_error = (status, message, code, param = null) => ({ status, headers: {}, body: { error: { message, type: 'invalid_request_error', param, code } } });
const edge_page = { status: 403, headers: { 'content-type': 'text/html; charset=UTF-8', server: 'cloudflare' }, body: '<!DOCTYPE html><html><head><title>Access denied</title></head><body>Error code 1010</body></html>' };

// A list of texts, or one; answered with bare vectors, one alone without its list.
function features(ctx, model) {
  let asked;
  try {
    asked = JSON.parse(ctx.text);
  } catch {
    return account_error(400, 'Invalid JSON');
  }
  const { inputs, ...others } = asked ?? {};
  const texts = [inputs].flat();
  if (texts.length === 0 || !texts.every((text) => typeof text === 'string')) return account_error(422, 'inputs: expected a string or a list of strings');
  for (const name of Object.keys(others)) if (!['normalize', 'truncate', 'truncation_direction', 'prompt_name'].includes(name)) ctx.soft('unknown', `${name} is ignored; leave it out`);
  const vector = (text) => Array.from({ length: embedding_dims[model] }, (_, i) => ((text.length * 31 + i * 7) % 200) / 100 - 1);
  return { status: 200, headers: {}, body: Array.isArray(inputs) ? texts.map(vector) : vector(inputs) };
}

export default openai_provider({
  id: 'huggingface', base: '/v1', key_shape: /^hf_[A-Za-z]{34}$/, models, shape, public_models: true, stream_type: 'text/event-stream; charset=utf-8',

  // whoami lives at another host; the hub's own inference server has paths of its own.
  extra_route(ctx) {
    if (ctx.path === '/api/whoami-v2') {
      if (ctx.method !== 'GET') return { refusal: this.method_not_allowed('GET') };
      return this.knows(ctx) ? { reply: { status: 200, headers: {}, body: { type: 'user', id: '64f0', name: 'someone', fullname: 'Some One', isPro: false, orgs: [], auth: { type: 'access_token', accessToken: { displayName: 'router', role: 'fineGrained', fineGrained: { scoped: [], global: ['inference.serverless.write'] } } } } } }
        : { public: true, reply: account_error(401, 'Invalid username or password.') };
    }
    const asked = /^\/hf-inference\/models\/(.+)\/pipeline\/feature-extraction$/.exec(ctx.path);
    if (!asked) return null;
    if (ctx.method !== 'POST') return { refusal: this.method_not_allowed('POST') };
    ctx.model = decodeURIComponent(asked[1]);
    if (!Object.hasOwn(embedding_dims, ctx.model)) return { reply: account_error(404, `Model ${ctx.model} is not deployed`) };
    return { reply: features(ctx, ctx.model) };
  },
  model_row: (id) => ({ id, object: 'model', created: 1780000000, owned_by: id.split('/')[0], architecture: { input_modalities: models[id].vision ? ['text', 'image'] : ['text'], output_modalities: ['text'] },
    providers: [{ provider: 'novita', status: 'live', context_length: models[id].context, pricing: { input: 0.1, output: 0.4 }, supports_tools: true, supports_structured_output: false, is_model_author: false }] }),
  unknown_path: () => ({ status: 404, headers: { 'content-type': 'text/plain' }, body: 'Not Found' }),
  bad_content_type: () => account_error(415, 'Unsupported content type'),

  knows(ctx) {
    const key = this.bearer(ctx);
    ctx.key = key ?? null;
    return typeof key === 'string' && this.key_shape.test(key);
  },
  authenticate(ctx) {
    if (!ctx.headers['user-agent']) return edge_page;
    return this.knows(ctx) ? null : this.errors.auth({}, ctx);
  },

  // The model may name a partner or a policy behind a colon.
  info_of(model) {
    const suffix = suffix_of(model);
    return suffix === null || partners.includes(suffix) || policies.includes(suffix) ? models[base_of(model)] : undefined;
  },
  check(ctx, info) {
    const b = ctx.json;
    const faults = s.check(closed_shape, b).filter((p) => p.kind === 'unknown').map((p) => ({ ...p, soft: true, rule: 'unknown', message: `${s.dotted(p.path)} is not in the schema; leave it out` }));
    const refuse = (path, message) => faults.push({ path, rule: path[0], message });
    if (b.max_tokens == null) faults.push({ soft: true, rule: 'max_tokens', message: 'the bound of a partner may be small; say one' });
    if (b.tool_choice != null && b.tool_choice !== 'none' && !b.tools) refuse(['tool_choice'], 'tool_choice needs tools');
    if (b.stream_options != null && b.stream !== true) refuse(['stream_options'], 'stream_options needs stream');
    if (b.reasoning_effort != null && !info.reasons) faults.push({ soft: true, rule: 'reasoning_effort', message: `${ctx.model} does not reason` });
    if (info.vision && info.reasons && b.reasoning_effort == null) faults.push({ soft: true, rule: 'reasoning_effort', message: 'thinks by default and burns max_tokens; send an effort' });
    const images = sees_images(ctx);
    if (images.length > 0 && !info.vision) refuse(images[0].path, 'no partner of this model takes images');
    return faults;
  },
  problem(problem) {
    const where = s.dotted(problem.path);
    return problem.kind === 'order' ? routing_error(400, problem.message, null) : account_error(422, `${where}: ${problem.message}`);
  },
  reasons: (model) => models[base_of(model)]?.reasons === true,

  completion_id: (ctx) => `chatcmpl-h${ctx.seq}`,
  tool_call_id: (ctx, i) => `call_${token_of(alphanumeric, 20, 'huggingface', String(ctx.seq), String(i))}`,
  ok_headers: (ctx) => ({ 'x-request-id': `Root=1-68f0-${String(ctx.seq).padStart(4, '0')}`, 'x-inference-provider': suffix_of(ctx.model) ?? 'novita' }),

  // Partners differ: where thinking stands, and whether calls have ids.
  thinks_as: (ctx) => (suffix_of(ctx.model) === 'groq' ? 'reasoning' : 'reasoning_content'),
  nameless: (ctx) => ['featherless-ai', 'publicai'].includes(suffix_of(ctx.model)),
  body(ctx, answer) {
    const body = rendering.body.call(this, ctx, answer);
    return { ...body, model: base_of(ctx.model), ...(suffix_of(ctx.model) === 'groq' ? { x_groq: { id: 'req_01h' }, service_tier: 'on_demand' } : {}) };
  },
  message(ctx, answer) {
    const message = { role: 'assistant', content: answer.calls.length > 0 && answer.pieces.length === 0 ? null : answer.pieces.join('') };
    if (answer.reasoning.length > 0) message[this.thinks_as(ctx)] = answer.reasoning.join('');
    if (answer.calls.length > 0) message.tool_calls = answer.calls.map((c) => ({ ...(this.nameless(ctx) ? {} : { id: c.id }), type: 'function', function: { name: c.name, arguments: c.args } }));
    return message;
  },
  reasoning_delta(text, ctx) { return { [this.thinks_as(ctx)]: text }; },
  call_deltas(call, index, ctx) { return rendering.call_deltas(call, index).map(({ id, ...delta }) => (id === undefined || this.nameless(ctx) ? delta : { id, ...delta })); },
  chunk(ctx, choices, extra = {}) {
    return { id: this.completion_id(ctx), choices, created: Math.floor(ctx.clock.now() / 1000), model: base_of(ctx.model), object: 'chat.completion.chunk', ...extra };
  },
  stream_choice: (ctx, index, delta, finish) => ({ index, delta, finish_reason: finish }),
  tail(ctx, answer) {
    return ctx.json.stream_options?.include_usage ? [this.chunk(ctx, [], { usage: this.usage(ctx, answer) })] : [];
  },
  // A bare text, an object, or an event of that name.
  stream_error(ctx, kind, params) {
    const { body } = this.error_of(ctx, kind, params);
    if (params.form === 'object') return `data: ${JSON.stringify({ error: { message: typeof body.error === 'string' ? body.error : body.error.message } })}\n\n`;
    return `${params.form === 'event' ? 'event: error\n' : ''}data: ${JSON.stringify(body)}\n\n`;
  },

  errors: {
    auth: () => account_error(401, 'Invalid credentials in Authorization header'),
    payment: (p) => account_error(402, p.exceeded ? 'You have exceeded your monthly included credits for Inference Providers. Subscribe to PRO to get 20x more monthly included credits.'
      : 'You have depleted your monthly included credits. Purchase pre-paid credits to continue using Inference Providers. Alternatively, subscribe to PRO to get 20x more included usage.'),
    forbidden: (p, ctx) => (p.gated ? account_error(403, `Access to model ${base_of(p.model ?? ctx.model)} is restricted and you are not in the authorized list. Visit its page to ask for access.`)
      : account_error(403, 'This authentication method does not have sufficient permissions to call Inference Providers on behalf of user someone')),
    not_found: (p, ctx) => (p.partner ? account_error(404, `Model ${p.model ?? ctx.model} is not deployed`)
      : routing_error(400, `The requested model '${p.model ?? ctx.model}' is not supported by any provider you have enabled.`, 'model_not_supported', 'model')),
    gone: (p, ctx) => account_error(410, `The model ${p.model ?? ctx.model} has been removed and is no longer available`),
    too_large: () => account_error(413, 'Payload Too Large'),
    context_too_long: ({ limit = 131072, requested = 140000 }) => ({ status: 400, headers: { 'content-type': 'application/problem+json' }, body: { object: 'error', message: `This model's maximum context length is ${limit} tokens. However, you requested ${requested} tokens (${requested - 256} in the messages, 256 in the completion). Please reduce the length of the messages or completion.`, type: 'BadRequestError', param: null, code: 400 } }),
    content_filter: () => routing_error(400, 'The request was rejected by the content policy of the provider', 'content_filter'),
    bad_request: ({ message = 'Bad Request', status = 400 }) => account_error(status, message),
    rate_limit(p, ctx) {
      const hint = hint_of(p, ctx.clock, ['none']);
      return account_error(429, `Rate limit reached. You reached the limit of ${hint.axis}.${hint.says('prose') ? ` Please retry in ${hint.seconds}s.` : ''}`, hint_headers(hint), hint.says('body') ? { retry_after: hint.seconds } : {});
    },
    server_error: ({ status }, ctx) => (status === 503 ? account_error(503, `Model ${ctx.model} is currently loading`, {}, { estimated_time: 20.5 })
      : account_error(status, status === 529 ? 'Model is overloaded' : status === 504 ? 'Gateway Timeout' : 'Internal Server Error')),
  },
});
