// kilo, Kilo Gateway (providers.md section 14): OpenRouter's shapes for callers with a key or none; free models are counted by IP.
import * as s from '../lib/shape.mjs';
import { openai_provider } from '../lib/openai/provider.mjs';
import { free_limit, gateway, gateway_error, gateway_errors, gateway_faults, passed_on, throttled_upstream } from '../lib/openai/gateway.mjs';
import { hint_headers, hint_of } from '../lib/retry_after.mjs';

const models = {
  'kilo-auto/free': { context: 262144 },
  'nvidia/nemotron-3-super-120b-a12b:free': { context: 262144, reasons: true },
  'poolside/laguna-xs-2.1:free': { context: 262144, reasons: true },
  'stepfun/step-3.7-flash:free': { context: 262144, tools: false, vision: true, reasons: true },
  'openai/gpt-5.2': { context: 400000, priced: true },
};

// Its own errors: a title with a sentence beside it, or a code.
const plain = (status, error, message, headers = {}) => ({ status, headers, body: { error, ...(message ? { message } : {}) } });
const coded = (status, code, message) => ({ status, headers: {}, body: { error: { code, message } } });
const common = openai_provider({});

export default openai_provider({
  ...gateway, id: 'kilo', base: '/api/gateway', key_shape: /^eyJ[A-Za-z0-9_.-]{20,}$/, models, upstream: 'Poolside',
  model_row: (id) => ({ ...gateway.model_row(id), context_length: models[id].context, ...(models[id].priced ? { pricing: { prompt: '0.00000125', completion: '0.00001' } } : {}) }),
  unknown_path: (ctx) => (ctx.path === '/api/gateway/v1/models' && ctx.method === 'GET' ? plain(405, 'Method not allowed') : plain(400, 'Invalid path', 'This endpoint only accepts the path `/chat/completions`.')),
  bad_json: () => plain(400, 'Invalid request', 'Could not parse request body. Please ensure it is valid JSON.'),
  whole_body_text: (body) => JSON.stringify(body),

  // No header at all is an anonymous call; a header is looked at.
  authenticate(ctx) {
    const key = this.bearer(ctx);
    ctx.key = key ?? null;
    return key === undefined || (key !== null && this.key_shape.test(key)) ? null : this.errors.auth({}, ctx);
  },
  validate(ctx) {
    const refusal = common.validate.call(this, ctx);
    if (refusal || !models[ctx.model].priced) return refusal;
    const reply = ctx.key === null ? coded(401, 'PAID_MODEL_AUTH_REQUIRED', 'You need to sign in to use this model.') : this.errors.payment({}, ctx);
    return { reply, rule: 'paid', message: `${ctx.model} is priced` };
  },
  check(ctx, info) {
    const b = ctx.json;
    const faults = gateway_faults(ctx, info);
    if (b.response_format != null) faults.push({ rule: 'response_format', path: ['response_format'], reply: passed_on(400, { error: { message: 'response_format is not supported by this model' } }), message: 'refused by the free servers' });
    if (b.user != null || b.safety_identifier != null) faults.push({ soft: true, rule: 'user', message: 'the user is written anew on the way' });
    if (b.provider?.data_collection === 'deny') faults.push({ rule: 'data_policy', path: ['provider'], reply: plain(400, 'Data collection is required for this model', 'This model is only free while prompts are used for training.'), message: 'free for training only' });
    return faults;
  },
  problem: (problem) => problem.reply ?? plain(400, 'Invalid request', `${s.dotted(problem.path)}: ${problem.message}`),

  // The usage comes without a choice, asked for or not.
  tail(ctx, answer) { return [this.chunk(ctx, [], { usage: this.usage(ctx, answer) })]; },

  errors: {
    ...gateway_errors,
    auth: () => ({ status: 401, headers: {}, body: { error: { message: 'Invalid token', code: 401 } } }),
    payment: () => ({ status: 402, headers: {}, body: { error: { title: 'Low Credit Warning!', message: 'Add credits to continue, or switch to a free model', balance: 0, buyCreditsUrl: 'https://app.kilo.ai/profile' } } }),
    forbidden: ({ team, promotion, paid }) => {
      if (team) return plain(404, 'Not found', 'Model not allowed for your team.');
      if (promotion) return coded(401, 'PROMOTION_MODEL_LIMIT_REACHED', 'Sign up to receive free credits and explore more models.');
      return paid ? coded(401, 'PAID_MODEL_AUTH_REQUIRED', 'You need to sign in to use this model.') : plain(403, 'Forbidden', 'Your organization does not allow this model.');
    },
    not_found: (p, ctx) => (p.endpoints || p.privacy ? gateway_errors.not_found(p, ctx) : plain(404, 'Model not found', 'The requested model could not be found.')),
    gone: () => gateway_error(404, 'The alpha period for this model has ended.'),
    rate_limit(p, ctx) {
      if (p.upstream) return throttled_upstream(ctx);
      if (p.openrouter) return free_limit(p, ctx);
      const hint = hint_of(p, ctx.clock, ['none']);
      return plain(429, 'Rate limit exceeded', `Free model usage limit reached. Please try again later or upgrade to a paid model.${hint.says('prose') ? ` Please try again in ${hint.seconds}s.` : ''}`, hint_headers(hint));
    },
    server_error: (p) => (p.status === 503 ? plain(503, 'Service Unavailable', 'The service is temporarily unavailable. Please try again later.') : gateway_errors.server_error(p)),
  },
});
