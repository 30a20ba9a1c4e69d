// nvidia, NIM API catalog (providers.md section 5). Errors are problem details.
import * as s from '../lib/shape.mjs';
import * as o from '../lib/openai/shapes.mjs';
import { hexadecimal, openai_provider, sees_images } from '../lib/openai/provider.mjs';
import { token_of } from '../lib/answer.mjs';
import { hint_headers, hint_of } from '../lib/retry_after.mjs';

const reasoning = { reasons: true };
const models = {
  'qwen/qwen3-coder-480b-a35b-instruct': { context: 262144 },
  'deepseek-ai/deepseek-v4-pro': { context: 131072, ...reasoning },
  'deepseek-ai/deepseek-v4-flash': { context: 131072, ...reasoning },
  'minimaxai/minimax-m2.7': { context: 196608, ...reasoning },
  'mistralai/mistral-large-3-675b-instruct-2512': { context: 131072, vision: true },
  'moonshotai/kimi-k2.6': { context: 131072, vision: true, ...reasoning },
  'z-ai/glm-5.1': { context: 200000, ...reasoning },
  'meta/llama-4-maverick-17b-128e-instruct': { context: 131072, vision: true, single_calls: true },
  'meta/llama-3.1-70b-instruct': { context: 131072, single_calls: true },
  'meta/llama-3.3-70b-instruct': { context: 131072, single_calls: true },
  'nvidia/nemotron-3-nano-30b-a3b': { context: 262144, ...reasoning },
  'nvidia/nemotron-3-super-120b-a12b': { context: 262144, ...reasoning },
};

const name = { name: s.string() };
const roles = {
  system: s.object({ role: s.any, content: o.text_content, ...name }, { required: ['content'] }),
  user: s.object({ role: s.any, content: o.content, ...name }, { required: ['content'] }),
  assistant: s.object({ role: s.any, content: s.nullable(o.text_content), tool_calls: o.tool_calls, reasoning_content: s.nullable(s.string()), ...name }),
  tool: s.object({ role: s.any, content: o.text_content, tool_call_id: s.string({ min: 1 }), ...name }, { required: ['content', 'tool_call_id'] }),
};
const shape = s.object(o.optional({
  model: s.string({ min: 1 }), messages: o.messages(roles), temperature: s.number({ min: 0, max: 1 }), top_p: o.top_p, max_tokens: o.positive, stop: s.either(s.array(s.string()), s.string()),
  seed: s.integer(), stream: s.boolean, stream_options: o.stream_options, frequency_penalty: o.penalty, presence_penalty: o.penalty, tools: s.array(o.tool, { min: 1 }),
  tool_choice: o.tool_choice('none', 'auto', 'required'), parallel_tool_calls: s.boolean, response_format: o.response_format,
  top_k: s.integer(), min_p: s.number({ min: 0, max: 1 }), repetition_penalty: s.number({ min: 0 }), logprobs: s.boolean, top_logprobs: s.integer({ min: 0 }),
  reasoning_effort: s.one_of(['low', 'medium', 'high']), chat_template_kwargs: s.object({}, { open: true }), nvext: s.object({}, { open: true }),
}, ['model', 'messages']), { required: ['model', 'messages'] });

const titles = { 400: 'Bad Request', 401: 'Unauthorized', 402: 'Payment Required', 403: 'Forbidden', 404: 'Not Found', 405: 'Method Not Allowed', 410: 'Gone', 413: 'Payload Too Large', 429: 'Too Many Requests', 500: 'Internal Server Error', 502: 'Bad Gateway', 503: 'Service Unavailable', 504: 'Gateway Timeout' };
const problem = (status, detail, more = {}, headers = {}) =>
  ({ status, headers: { 'content-type': 'application/problem+json', ...headers }, body: { ...more, status, title: titles[status] ?? 'Error', ...(detail ? { detail } : {}) } });
const single = "This model only supports single tool-calls at once!";

export default openai_provider({
  id: 'nvidia', base: '/v1', key_shape: /^nvapi-[A-Za-z0-9_-]{4,}$/, models, shape, public_models: true, headers_before_first_token: true,
  parallel_calls: (model) => models[model]?.single_calls !== true,
  unknown_path: () => ({ status: 404, headers: { 'content-type': 'text/plain' }, body: '404 page not found' }),
  method_not_allowed: (allow) => problem(405, 'Method Not Allowed', {}, { allow }),
  bad_content_type: () => problem(415, 'Unsupported Media Type'),

  check(ctx, info) {
    const b = ctx.json;
    const faults = [];
    if (b.tools && b.parallel_tool_calls !== false) {
      if (info.single_calls) faults.push({ rule: 'parallel_tool_calls', path: ['parallel_tool_calls'], detail: single });
      else faults.push({ soft: true, rule: 'parallel_tool_calls', message: 'send parallel_tool_calls false with tools' });
    }
    if (info.single_calls && b.messages.some((m) => m.tool_calls?.length > 1)) faults.push({ rule: 'parallel_tool_calls', path: ['messages'], detail: single });
    const images = sees_images(ctx);
    if (images.length > 0 && !info.vision) faults.push({ rule: 'images', path: images[0].path, detail: 'This model does not support image input.' });
    if (b.reasoning_effort != null && !/gpt-oss/.test(ctx.model)) faults.push({ rule: 'reasoning_effort', path: ['reasoning_effort'], kind: 'unknown', code: 'extra_forbidden', input: b.reasoning_effort });
    if (b.tool_choice != null && b.tool_choice !== 'none' && !b.tools) faults.push({ rule: 'tool_choice', path: ['tool_choice'], detail: 'When using `tool_choice`, `tools` must be set.' });
    return faults;
  },
  problem(fault, ctx) {
    if (fault.detail) return problem(400, fault.detail);
    if (fault.kind === 'order') return { status: 400, headers: {}, body: { object: 'error', message: fault.message, type: 'BadRequestError', param: null, code: 400 } };
    const msg = fault.kind === 'unknown' ? 'Extra inputs are not permitted' : fault.message;
    return { status: 422, headers: {}, body: { detail: [{ type: fault.code ?? 'value_error', loc: ['body', ...fault.path], msg, input: fault.input ?? null }] } };
  },

  completion_id: (ctx) => `chatcmpl-${token_of(hexadecimal, 32, 'nvidia', String(ctx.seq))}`,
  tool_call_id: (ctx, i) => `chatcmpl-tool-${token_of(hexadecimal, 32, 'nvidia', String(ctx.seq), String(i))}`,
  ok_headers: (ctx) => ({ 'nvcf-reqid': `5b9f0f5e-0000-4000-8000-${String(ctx.seq).padStart(12, '0')}`, 'nvcf-status': 'fulfilled' }),
  message(ctx, answer) {
    return { role: 'assistant', ...(answer.reasoning.length > 0 ? { reasoning_content: answer.reasoning.join('') } : {}),
      content: answer.pieces.length > 0 || (answer.calls.length === 0 && answer.reasoning.length === 0) ? answer.pieces.join('') : null,
      tool_calls: answer.calls.map((c) => ({ id: c.id, type: 'function', function: { name: c.name, arguments: c.args } })) };
  },
  choice: (ctx, index, message, finish) => ({ index, message, logprobs: null, finish_reason: finish, stop_reason: null }),
  body_extra: () => ({ prompt_logprobs: null }),
  role_delta: () => ({ role: 'assistant', content: null }),
  stream_choice: (ctx, index, delta, finish) => ({ index, delta, logprobs: null, finish_reason: finish, ...(finish ? { stop_reason: null } : {}) }),
  finish_delta: () => ({ content: '' }),
  tail(ctx, answer) {
    return ctx.json.stream_options?.include_usage ? [this.chunk(ctx, [], { usage: this.usage(ctx, answer) })] : [];
  },

  errors: {
    auth: ({ missing }) => (missing ? problem(401, 'Unauthorized') : problem(403, 'Authorization failed')),
    payment: () => problem(402, 'Cloud credits expired - Please contact NVIDIA representatives'),
    forbidden: () => problem(403, 'Authorization failed'),
    not_found: ({ account }) => (account ? problem(404, "Function 'c7f1-0000': Not found for account 'emulator'") : { status: 404, headers: { 'content-type': 'text/plain' }, body: '404 page not found' }),
    gone: (p, ctx) => problem(410, `The model '${p.model ?? ctx.model}' has reached its end of life on 2026-07-27T00:00:00Z and is no longer available.`),
    too_large: () => problem(413, 'Request body too large'),
    context_too_long: ({ limit = 131072, requested = 140000 }) => problem(400, `This model's maximum context length is ${limit} tokens. However, you requested ${requested} tokens in the messages. Please reduce the length of the messages.`),
    content_filter: () => problem(400, 'The request was blocked by the content safety policy'),
    bad_request: ({ message = 'Bad request', degraded }) => (degraded
      ? problem(400, "Function id '3b9748d8-0000': DEGRADED function cannot be invoked", { type: 'urn:inference-service:problem-details:bad-request', instance: '/v2/nvcf/pexec/functions/3b9748d8-0000', requestId: '0f1' }) : problem(400, message)),
    rate_limit(p, ctx) {
      const hint = hint_of(p, ctx.clock, ['none']);
      return problem(429, hint.says('prose') ? `Please try again in ${hint.seconds}s` : null, {}, hint_headers(hint));
    },
    server_error: ({ status }) => problem(status, status === 503 ? 'ResourceExhausted: Worker local total request limit reached (32/32)' : 'Inference connection error'),
  },
});
