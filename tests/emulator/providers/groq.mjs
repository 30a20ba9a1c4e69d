// groq (providers.md section 2).
import * as s from '../lib/shape.mjs';
import * as o from '../lib/openai/shapes.mjs';
import { alphanumeric, openai_error, openai_provider, sees_images } from '../lib/openai/provider.mjs';
import { rendering } from '../lib/openai/render.mjs';
import { image_of } from '../lib/openai/read.mjs';
import { strict_schema_fault } from '../lib/schema_rules.mjs';
import { token_of } from '../lib/answer.mjs';
import { go_duration, hint_headers, hint_of } from '../lib/retry_after.mjs';

const oss = { context: 131072, max_output: 65536, reasons: true, tools: true, efforts: ['low', 'medium', 'high'], json_schema: 'strict', per_day: 1000, tokens: 8000 };
const qwen = { context: 131072, max_output: 16384, reasons: true, tools: true, efforts: ['none', 'default'], per_day: 1000, tokens: 6000 };
const compound = { context: 131072, max_output: 8192, reasons: true, tools: false, efforts: [], per_day: 250, tokens: 70000 };
const models = {
  'openai/gpt-oss-120b': oss,
  'openai/gpt-oss-20b': oss,
  'openai/gpt-oss-safeguard-20b': oss,
  'qwen/qwen3-32b': qwen,
  'qwen/qwen3.8-27b': qwen,
  'llama-3.3-70b-versatile': { context: 131072, max_output: 32768, tools: true, per_day: 1000, tokens: 12000 },
  'llama-3.1-8b-instant': { context: 131072, max_output: 131072, tools: true, per_day: 14400, tokens: 6000 },
  'meta-llama/llama-4-scout-17b-16e-instruct': { context: 131072, max_output: 8192, tools: true, vision: true, json_schema: 'loose', per_day: 1000, tokens: 30000 },
  'groq/compound': compound,
  'groq/compound-mini': compound,
};

const name = { name: s.string() };
const roles = {
  system: s.object({ role: s.any, content: o.text_content, ...name }, { required: ['content'] }),
  developer: s.object({ role: s.any, content: o.text_content, ...name }, { required: ['content'] }),
  user: s.object({ role: s.any, content: o.content, ...name }, { required: ['content'] }),
  assistant: s.object({ role: s.any, content: s.nullable(o.text_content), tool_calls: o.tool_calls, reasoning: s.string(), ...name }),
  tool: s.object({ role: s.any, content: o.text_content, tool_call_id: s.string({ min: 1 }), ...name }, { required: ['content', 'tool_call_id'] }),
};

const shape = s.object(o.optional({
  model: s.string({ min: 1 }), messages: o.messages(roles),
  max_completion_tokens: o.positive, max_tokens: o.positive, n: s.integer({ min: 1, max: 1 }),
  temperature: s.number({ min: 0, max: 2 }), top_p: o.top_p, presence_penalty: o.penalty, frequency_penalty: o.penalty,
  seed: s.integer(), stop: o.stop(4), user: s.string(), stream: s.boolean, stream_options: o.stream_options,
  tools: s.array(o.tool, { max: 128 }), tool_choice: o.tool_choice('none', 'auto', 'required'), parallel_tool_calls: s.boolean,
  response_format: o.response_format, reasoning_effort: s.string(), reasoning_format: s.one_of(['parsed', 'raw', 'hidden']), include_reasoning: s.boolean,
  service_tier: s.one_of(['on_demand', 'auto', 'flex', 'performance']), disable_tool_validation: s.boolean, metadata: s.any, store: s.any,
}, ['model', 'messages']), { required: ['model', 'messages'] });

const bad = (message, code = null, more = {}) => openai_error(400, message, 'invalid_request_error', code, more);
const organization = 'organization `org_01emulator` service tier `on_demand`';
const short = { 'requests minute': 'RPM', 'requests day': 'RPD', 'tokens minute': 'TPM', 'tokens day': 'TPD', 'requests second': 'RPS', 'tokens hour': 'TPH', 'requests hour': 'RPH' };

export default openai_provider({
  id: 'groq', base: '/openai/v1', key_shape: /^gsk_[A-Za-z0-9]{4,}$/, models, shape, reasoning_field: 'reasoning',

  model_row: (id) => ({ id, object: 'model', created: 1780000000, owned_by: 'Groq', active: true, context_window: models[id].context,
    public_apps: null, max_completion_tokens: models[id].max_output }),

  check(ctx, info) {
    const b = ctx.json;
    const faults = [];
    const refuse = (path, message) => faults.push({ path: [path], message, rule: path });
    const json_mode = b.response_format && b.response_format.type !== 'text';
    if (b.max_tokens != null && b.max_completion_tokens != null) faults.push({ soft: true, rule: 'max_tokens', message: 'max_tokens beside max_completion_tokens' });
    if (b.max_tokens != null && b.max_completion_tokens == null) faults.push({ soft: true, rule: 'max_tokens', message: 'max_tokens is deprecated here' });
    if ((b.max_completion_tokens ?? b.max_tokens ?? 1) > info.max_output)
      refuse('max_completion_tokens', `\`max_completion_tokens\` must be less than or equal to \`${info.max_output}\`, the maximum value for \`max_completion_tokens\` is less than the \`context_window\` for this model`);
    for (const field of ['metadata', 'store']) if (b[field] != null) faults.push({ soft: true, rule: field, message: `${field} is not currently supported` });
    for (const m of b.messages) if (m.name !== undefined && m.role !== 'tool') faults.push({ soft: true, rule: 'name', message: 'messages[].name is not supported everywhere' });
    if (b.reasoning_effort != null && !(info.efforts ?? []).includes(b.reasoning_effort))
      refuse('reasoning_effort', info.efforts?.length ? `reasoning_effort must be one of ${info.efforts.map((e) => `\`${e}\``).join(', ')}` : 'reasoning_effort is not supported with this model');
    if (b.reasoning_format != null && b.include_reasoning != null) refuse('reasoning_format', 'reasoning_format and include_reasoning are mutually exclusive');
    if ((b.reasoning_format != null || b.include_reasoning != null) && !info.reasons) refuse('reasoning_format', 'reasoning_format is not supported with this model');
    if (b.reasoning_format === 'raw' && (b.tools?.length > 0 || json_mode)) refuse('reasoning_format', 'reasoning_format `raw` cannot be used with tools or JSON mode');
    if (json_mode && b.tools?.length > 0) refuse('response_format', 'json mode cannot be combined with tool/function calling');
    if (b.response_format?.type === 'json_schema') {
      const asked = b.response_format.json_schema;
      if (!info.json_schema) refuse('response_format', 'This model does not support response format `json_schema`.');
      else if (asked.strict && info.json_schema !== 'strict') refuse('response_format', 'strict structured output is not supported with this model');
      const fault = asked.strict && strict_schema_fault(asked.schema);
      if (fault) refuse('response_format', `invalid JSON schema for response_format: '${asked.name}': ${fault}`);
    }
    if (b.response_format?.type === 'json_object' && !/json/i.test(JSON.stringify(b.messages)))
      faults.push({ soft: true, rule: 'json_word', message: "'messages' must contain the word 'json' in some form" });
    if (b.tools?.length > 0 && !info.tools) refuse('tools', '`tools` is not supported with this model');
    if (b.tool_choice != null && b.tool_choice !== 'none' && !(b.tools?.length > 0)) refuse('tool_choice', 'Tool choice is set but no tools are provided');
    const images = sees_images(ctx);
    if (images.length > 0 && !info.vision) faults.push({ path: images[0].path, rule: 'images', message: 'must be a string' });
    if (images.length > 5) refuse('messages', 'too many images provided. this model supports up to 5 images');
    if (images.reduce((sum, { part }) => sum + (image_of(part.image_url.url).bytes ?? 0), 0) > 4 * 1024 * 1024) faults.push({ path: images[0].path, rule: 'images', message: 'base64 images are limited to 4 MB' });
    return faults;
  },

  problem(problem, ctx) {
    const where = s.dotted(problem.path).replace(/\[(\d+)\]/g, '.$1');
    const reply = problem.kind === 'unknown' ? bad(`property '${where}' is unsupported`) : bad(`'${where}' : ${problem.message}`);
    return { ...reply, headers: this.ok_headers(ctx) };
  },

  completion_id: (ctx) => `chatcmpl-${token_of('0123456789abcdef', 8, 'groq', String(ctx.seq))}`,
  tool_call_id: (ctx, i) => `call_${token_of(alphanumeric.toLowerCase(), 4, 'groq', String(ctx.seq), String(i))}`,
  request_id: (ctx) => `req_${token_of('0123456789abcdefghjkmnpqrstvwxyz', 26, 'groq', String(ctx.seq))}`,

  // Requests are counted per day, tokens per minute.
  ok_headers(ctx, spent = {}) {
    const info = models[ctx.model] ?? { per_day: 1000, tokens: 6000 };
    const used = ctx.quota.show(ctx, ctx.tokens);
    const requests = ctx.quota.advertised(ctx, 'requests', 86400000, info.per_day);
    const tokens = ctx.quota.advertised(ctx, 'tokens', 60000, info.tokens);
    return {
      'x-ratelimit-limit-requests': String(requests), 'x-ratelimit-limit-tokens': String(tokens),
      'x-ratelimit-remaining-requests': String(spent['requests day'] ? 0 : Math.max(0, requests - used.day.requests)),
      'x-ratelimit-remaining-tokens': String(spent['tokens minute'] ? 0 : Math.max(0, tokens - used.minute.tokens)),
      'x-ratelimit-reset-requests': spent['requests day'] ?? go_duration((used.day.requests * 86400) / requests),
      'x-ratelimit-reset-tokens': spent['tokens minute'] ?? go_duration((Math.min(used.minute.tokens, tokens) * 60) / tokens),
      'x-request-id': this.request_id(ctx),
    };
  },

  usage(ctx, answer) {
    const { prompt, completion, reasoning } = answer.usage;
    return { queue_time: 0.041, prompt_tokens: prompt, prompt_time: 0.003, completion_tokens: completion, completion_time: 0.019,
      total_tokens: prompt + completion, total_time: 0.022, ...(reasoning > 0 ? { completion_tokens_details: { reasoning_tokens: reasoning } } : {}) };
  },
  body_extra(ctx) {
    return { usage_breakdown: null, system_fingerprint: 'fp_80501ff3a1', x_groq: { id: this.request_id(ctx) }, service_tier: 'on_demand' };
  },
  message(ctx, answer) {
    const { reasoning_format: format, include_reasoning: include } = ctx.json ?? {};
    const message = { role: 'assistant', ...(answer.pieces.length > 0 || answer.calls.length === 0 ? { content: answer.pieces.join('') } : {}) };
    if (answer.reasoning.length > 0 && format === 'raw') message.content = `<think>${answer.reasoning.join('')}</think>${message.content}`;
    else if (answer.reasoning.length > 0 && format !== 'hidden' && include !== false) message.reasoning = answer.reasoning.join('');
    if (answer.calls.length > 0) message.tool_calls = answer.calls.map((c) => ({ id: c.id, type: 'function', function: { name: c.name, arguments: c.args } }));
    return message;
  },

  role_extra(ctx) { return { system_fingerprint: 'fp_80501ff3a1', x_groq: { id: this.request_id(ctx) } }; },
  reasoning_delta: (text, ctx) => ({ reasoning: text, ...(/gpt-oss/.test(ctx.model) ? { channel: 'analysis' } : {}) }),
  call_deltas: (call, index) => [{ index, id: call.id, type: 'function', function: { name: call.name, arguments: call.args } }],
  finish_extra(ctx, answer) { return { x_groq: { id: this.request_id(ctx), usage: this.usage(ctx, answer) } }; },
  tail(ctx, answer) {
    return ctx.json.stream_options?.include_usage ? [this.chunk(ctx, [], { usage: this.usage(ctx, answer) })] : [];
  },
  frames(ctx, answer) {
    const { reasoning_format: format, include_reasoning: include } = ctx.json;
    let shown = answer;
    if (format === 'hidden' || include === false) shown = { ...answer, reasoning: [] };
    else if (format === 'raw' && answer.reasoning.length > 0) shown = { ...answer, reasoning: [], pieces: ['<think>', ...answer.reasoning, '</think>', ...answer.pieces] };
    return rendering.frames.call(this, ctx, shown);
  },
  // An event named error, or a chunk whose x_groq carries it.
  stream_error(ctx, kind, params) {
    if (params.form === 'x_groq') return `data: ${JSON.stringify(this.chunk(ctx, [], { x_groq: { id: this.request_id(ctx), error: params.message ?? 'upstream failure' } }))}\n\n`;
    return `event: error\ndata: ${JSON.stringify(this.error_of(ctx, kind, params).body)}\n\n`;
  },

  errors: {
    auth: () => openai_error(401, 'Invalid API Key', 'invalid_request_error', 'invalid_api_key'),
    payment: () => openai_error(402, 'Payment required. Please update your billing details.', 'billing_error', 'payment_required'),
    forbidden: () => openai_error(403, 'Access denied. Please check your network settings.', 'permissions_error', 'forbidden'),
    not_found: (p, ctx) => openai_error(404, `The model \`${p.model ?? ctx.model}\` does not exist or you do not have access to it.`, 'invalid_request_error', 'model_not_found'),
    gone: (p, ctx) => bad(`The model \`${p.model ?? ctx.model}\` has been decommissioned and is no longer supported. Please refer to https://console.groq.com/docs/deprecations for a recommendation on which model to use instead.`, 'model_decommissioned'),
    too_large: (p, ctx) => (p.body ? openai_error(413, 'Request Entity Too Large', 'invalid_request_error', 'request_too_large')
      : openai_error(413, `Request too large for model \`${ctx.model}\` in ${organization} on tokens per minute (TPM): Limit ${p.limit ?? 8000}, Requested ${p.requested ?? 10338}, please reduce your message size and try again.`, 'tokens', 'rate_limit_exceeded')),
    context_too_long: () => bad('Please reduce the length of the messages or completion.', 'context_length_exceeded', { param: 'messages' }),
    content_filter: () => bad('The request was blocked by the content policy.', 'content_filter'),
    bad_request: ({ message = 'invalid request', code = null, failed_generation }) => bad(message, code, failed_generation ? { failed_generation } : {}),
    rate_limit(p, ctx) {
      const hint = hint_of(p, ctx.clock, ['header', 'prose', 'reset']);
      const kind = `${hint.axis} ${hint.window}`;
      const limit = p.limit ?? 12000;
      const wait = hint.says('prose') ? ` Please try again in ${go_duration(hint.seconds)}.` : '';
      const headers = { ...ctx.def.ok_headers(ctx, hint.says('reset') ? { [kind]: go_duration(hint.seconds) } : {}), ...hint_headers(hint) };
      return openai_error(429, `Rate limit reached for model \`${ctx.model}\` in ${organization} on ${hint.axis} per ${hint.window} (${short[kind] ?? kind}): Limit ${limit}, Used ${p.used ?? limit}, Requested ${p.requested ?? 1}.${wait} Need more tokens? Upgrade to Dev Tier today at https://console.groq.com/settings/billing`,
        hint.axis === 'concurrency' ? 'requests' : hint.axis, 'rate_limit_exceeded', {}, headers);
    },
    server_error: ({ status }) => openai_error(status, status === 503 ? 'The model is currently over capacity. Please try again later.' : 'Internal Server Error', 'internal_server_error', status === 498 ? 'capacity_exceeded' : null),
  },
});
