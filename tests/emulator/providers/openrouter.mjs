// openrouter (providers.md section 7): one pool of the account for all models with the suffix :free.
import { openai_provider } from '../lib/openai/provider.mjs';
import { free_limit, gateway, gateway_error, gateway_errors, gateway_faults, throttled_upstream } from '../lib/openai/gateway.mjs';

const models = {
  'google/gemma-4-31b-it:free': { context: 262144, tools: false, vision: true, reasons: true },
  'openai/gpt-oss-120b:free': { context: 131072, reasons: true },
  'openai/gpt-oss-20b:free': { context: 131072, reasons: true },
  'qwen/qwen3-coder:free': { context: 1048576 },
  'meta-llama/llama-3.3-70b-instruct:free': { context: 131072 },
  'nvidia/nemotron-3-super-120b-a12b:free': { context: 262144, reasons: true },
  'nvidia/nemotron-nano-12b-v2-vl:free': { context: 128000, vision: true, reasons: true },
  'liquid/lfm-2.5-1.2b-instruct:free': { context: 32768, tools: false },
  'openrouter/free': { context: 131072, vision: true },
};
const common = openai_provider({});
const free = (model) => model.endsWith(':free') || model === 'openrouter/free';

// What the key may still do; asking is free of charge.
const key_facts = (ctx) => ({
  data: { label: 'sk-or-v1-012...def', limit: null, limit_remaining: null, limit_reset: null, usage: 0, usage_daily: 0, is_free_tier: true, rate_limit: { requests: -1, interval: '10s', note: 'This field is deprecated and safe to ignore.' },
    free_model_daily_requests: { used: 0, limit: ctx.quota.advertised({ ...ctx, model: null }, 'requests', 86400000, 50), remaining: ctx.quota.advertised({ ...ctx, model: null }, 'requests', 86400000, 50) } },
});

export default openai_provider({
  ...gateway, id: 'openrouter', base: '/api/v1', key_shape: /^sk-or-v1-[0-9a-f]{64}$/, models,
  model_row: (id) => ({ ...gateway.model_row(id), context_length: models[id].context }),

  extra_route(ctx) {
    if (ctx.path !== '/api/v1/key') return null;
    return ctx.method === 'GET' ? { reply: { status: 200, headers: {}, body: key_facts(ctx) } } : { refusal: this.method_not_allowed('GET') };
  },

  // The paid twin of a free model is there too, and costs what this account does not have.
  validate(ctx) {
    const paid = typeof ctx.json?.model === 'string' && !free(ctx.json.model) && Object.hasOwn(models, `${ctx.json.model}:free`);
    if (paid) return { reply: this.errors.payment({}, ctx), rule: 'paid', message: `${ctx.json.model} without :free is billed` };
    return common.validate.call(this, ctx);
  },
  check(ctx, info) {
    const faults = gateway_faults(ctx, info);
    const policy = ctx.json.provider?.data_collection;
    if (policy === 'deny' && free(ctx.model)) faults.push({ rule: 'data_policy', path: ['provider'], reply: this.errors.not_found({ privacy: true }, ctx), message: 'no free server keeps nothing' });
    return faults;
  },

  errors: {
    ...gateway_errors,
    auth: ({ missing }) => { const { status, headers, body: { error } } = gateway_error(401, missing ? 'No auth credentials found' : 'User not found.'); return { status, headers, body: { error } }; },
    rate_limit: (p, ctx) => (p.upstream ? throttled_upstream(ctx) : free_limit(p, ctx)),
  },
});
