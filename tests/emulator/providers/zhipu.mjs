// zhipu, the mainland host bigmodel.cn (providers.md section 12); zai.mjs is the other host, with keys of its own.
import * as s from '../lib/shape.mjs';
import * as o from '../lib/openai/shapes.mjs';
import { openai_provider, sees_images } from '../lib/openai/provider.mjs';
import { conversation_of } from '../lib/openai/read.mjs';
import { rendering } from '../lib/openai/render.mjs';
import { token_of } from '../lib/answer.mjs';
import { hint_of } from '../lib/retry_after.mjs';

const models = {
  'glm-4.7-flash': { context: 200000, max_output: 131072, reasons: true },
  'glm-4.6v-flash': { context: 131072, max_output: 32768, reasons: true, vision: true },
  'glm-4.5-flash': { context: 131072, max_output: 98304, reasons: true },
};

// code: [status, in English, in Chinese]
const sentences = {
  500: [500, 'Internal Error', '内部错误'],
  1001: [401, 'Authentication parameter not received in Header, unable to authenticate', 'Header 中未收到 Authentication 参数，无法进行身份验证'],
  1002: [401, 'Authorization Token is invalid, please confirm that it is passed correctly', 'Authentication Token 非法，请确认 Authentication Token 正确传递'],
  1003: [401, 'Authentication Token expired, please regenerate', 'Authentication Token 已过期，请重新生成/获取'],
  1112: [403, 'Your account has been locked, please contact customer service to unlock', '您的账户已被锁定，请联系客服解锁'],
  1113: [429, 'Insufficient balance or no resource package. Please recharge.', '余额不足或无可用资源包,请充值。'],
  1210: [400, 'API call parameters are incorrect, please check the documentation', 'API 调用参数有误，请检查文档'],
  1211: [400, 'Unknown Model, please check the model code.', '模型不存在，请检查模型代码'],
  1213: [400, 'The {field} parameter was not received properly', '未正常接收到 {field} 参数'],
  1214: [400, 'Invalid {field} parameter, please check the documentation', '{field} 参数非法。请检查文档'],
  1220: [403, 'You do not have permission to access {field}', '您无权访问 {field}'],
  1221: [400, 'API {field} has been taken offline', 'API {field} 已下线'],
  1234: [500, 'Network error, error id: 20261122, please contact customer service', '网络错误，错误id：20261122，请联系客服'],
  1261: [400, 'Prompt exceeds max length', 'Prompt 超长'],
  1301: [400, 'System detected potentially unsafe or sensitive content in input or generation.', '系统检测到输入或生成内容可能包含不安全或敏感内容'],
  1302: [429, 'Rate limit reached for requests', '您当前使用该 API 的并发数过高，请降低并发，或联系客服增加限额'],
  1303: [429, 'High frequency usage of this API, please reduce the frequency', '您当前使用该 API 的频率过高，请降低频率，或联系客服增加限额'],
  1304: [429, 'The daily call limit of this API has been reached', '该 API 已达今日调用次数限额，如有更多需求，请联系客服购买'],
  1305: [429, 'The service may be temporarily overloaded, please try again later', '该模型当前访问量过大，请您稍后再试'],
  1308: [429, 'Usage limit reached for 5 hour. Your limit will reset at {time}', '已达到 5 小时 的使用上限。您的限额将在 {time} 重置'],
  1310: [429, 'Weekly/Monthly Limit Exhausted. Your limit will reset at {time}', '您已达到每周/每月使用上限，您的限额将在 {time} 重置'],
  1311: [429, 'The current subscription plan does not yet include access to this model', '当前订阅套餐暂未开放该模型权限'],
  1312: [429, 'This model is currently experiencing high traffic, please try again later', '该模型当前访问量过大，请您稍后再试，或切换其他模型'],
  1313: [429, 'Your usage pattern does not comply with the fair use policy, the request frequency has been limited', '您的账户当前使用模式不符合公平使用策略，请求频率已受到限制'],
};
const english = (ctx) => ctx.provider === 'zai' || /^en\b/i.test(ctx.headers['accept-language'] ?? '');
const error = (ctx, code, more = {}, beside = {}) => {
  const [status, en, zh] = sentences[code];
  const text = (english(ctx) ? en : zh).replace(/\{(\w+)\}/g, (_, name) => more[name] ?? ctx.model ?? '');
  return { status: more.status ?? status, headers: {}, body: { ...beside, error: { code: String(code), message: more.message ?? text } } };
};
// "2026-11-23 08:00:00", as clocks in China show it.
const china_time = (ms) => new Date(ms + 8 * 3600000).toISOString().slice(0, 19).replace('T', ' ');

const image = s.object({ type: s.any, image_url: s.object({ url: s.string({ min: 1 }) }, { required: ['url'], open: true }) }, { required: ['image_url'] });
const content = s.either(s.array(s.tagged('type', { text: o.text_part, image_url: image }), { min: 1 }), s.string());
const calls = s.array(s.object({ id: s.string({ min: 1 }), type: s.one_of(['function']),
  function: s.object({ name: s.string({ min: 1 }), arguments: s.string() }, { required: ['name', 'arguments'] }) }, { required: ['id', 'type', 'function'], open: true }), { min: 1 });
const roles = {
  system: s.object({ content: s.string() }, { required: ['content'], open: true }),
  user: s.object({ content }, { required: ['content'], open: true }),
  assistant: s.object({ content: s.nullable(s.string()), reasoning_content: s.string(), tool_calls: calls }, { open: true }),
  tool: s.object({ content: s.string(), tool_call_id: s.string({ min: 1 }) }, { required: ['content', 'tool_call_id'], open: true }),
};
const known_of_messages = ['role', 'content', 'reasoning_content', 'tool_calls', 'tool_call_id'];
const tool = s.tagged('type', {
  function: s.object({ type: s.any, function: s.object({ name: o.function_name, description: s.string(), parameters: s.object({}, { open: true }) }, { required: ['name'], open: true }) }, { required: ['function'] }),
  web_search: s.object({}, { open: true }), retrieval: s.object({}, { open: true }),
});
const open_interval = (v, path, report) => {
  s.number({ min: Number.MIN_VALUE, max: 1 })(v, path, report);
};
const known = {
  model: s.string({ min: 1 }), messages: o.messages(roles), request_id: s.string({ min: 6 }), user_id: s.string({ min: 6, max: 128 }), do_sample: s.boolean, stream: s.boolean,
  temperature: open_interval, top_p: open_interval, max_tokens: s.integer({ min: 1 }), seed: s.integer(), stop: s.array(s.string({ min: 1 }), { min: 1, max: 1 }),
  tools: s.array(tool, { min: 1, max: 128 }), tool_choice: s.one_of(['auto']), response_format: s.object({ type: s.one_of(['text', 'json_object']) }, { required: ['type'] }),
  thinking: s.object({ type: s.one_of(['enabled', 'disabled']), clear_thinking: s.boolean }, { required: ['type'], open: true }), tool_stream: s.boolean,
  sensitive_word_check: s.object({}, { open: true }), watermark_enabled: s.boolean, meta: s.object({}, { open: true }), extra: s.object({}, { open: true }),
};
const shape = s.object(known, { required: ['model', 'messages'], open: true });

const empty = (value) => value === undefined || value === null || value === '' || (Array.isArray(value) && value.some((p) => p.type === 'text' && p.text === ''));
function order(ctx) {
  const faults = [];
  const refuse = (path, message) => faults.push({ kind: 'order', rule: 'message_order', path: ['messages', ...path], message });
  const { messages } = ctx.json;
  let open = false;
  messages.forEach((m, i) => {
    if (m.role === 'tool' && !open) refuse([i], 'a tool message without a call before it');
    open = m.role === 'tool' || (m.role === 'assistant' && m.tool_calls?.length > 0);
    if (m.role === 'system' && i > 0) refuse([i], 'one system message, in front');
    if (empty(m.content) && !(m.role === 'assistant' && m.tool_calls)) refuse([i, 'content'], 'content is empty');
  });
  if (messages.every((m) => m.role === 'system')) refuse([], 'system messages alone');
  if (messages[messages.length - 1].role === 'assistant') refuse([], 'the last message is the assistant\'s');
  return faults;
}

// What models do with instructions that stand in the prompt: a schema is followed, a call that is asked for is made.
function obey(json) {
  const conversation = conversation_of(json);
  const system = json.messages.filter((m) => m.role === 'system').map((m) => m.content).join('\n');
  const schema = /\{[\s\S]*\}/.exec(system)?.[0];
  if (conversation.format && schema) {
    try {
      conversation.format = { schema: JSON.parse(schema) };
    } catch { /* no schema after all */ }
  }
  if (conversation.tools.length > 0 && /must call/i.test(system)) {
    const named = conversation.tools.find((t) => new RegExp(`\\b${t.name}\\b`).test(system));
    conversation.choice = named ? { name: named.name } : 'required';
  }
  return conversation;
}

// Lists and objects inside the arguments come as text.
function encoded_twice(text) {
  try {
    const args = JSON.parse(text);
    return JSON.stringify(Object.fromEntries(Object.entries(args).map(([k, v]) => [k, typeof v === 'object' && v !== null ? JSON.stringify(v) : v])));
  } catch {
    return text;
  }
}
const shown = (ctx, answer) => ({ ...answer, reasoning: ctx.json?.thinking?.type === 'disabled' ? [] : answer.reasoning, calls: answer.calls.map((c) => ({ ...c, args: encoded_twice(c.args) })) });

const zhipu = {
  // Keys of the two hosts look the same; here a z in front of the secret tells them apart.
  id: 'zhipu', base: '/api/paas/v4', key_shape: /^[0-9a-f]{32}\.(?!z)[A-Za-z0-9]{16}$/, models, shape, json_type: 'application/json; charset=UTF-8', stream_type: 'text/event-stream;charset=UTF-8',
  unknown_path: () => ({ status: 404, headers: {}, body: { timestamp: '2026-11-22T10:30:00.000+00:00', status: 404, error: 'Not Found', path: '/v4/none' } }),
  method_not_allowed: (allow) => ({ status: 405, headers: { allow }, body: { status: 405, error: 'Method Not Allowed' } }),
  bad_content_type: (ctx) => error(ctx, 1210, { status: 415 }),
  bad_json: (fault, ctx) => error(ctx, 1210),

  order,
  check(ctx, info) {
    const b = ctx.json;
    const faults = [];
    const note = (rule, message) => faults.push({ soft: true, rule, message });
    for (const name of Object.keys(b)) if (!Object.hasOwn(known, name)) note(name, `${name} is not taken; leave it out`);
    for (const m of b.messages) for (const name of Object.keys(m)) if (!known_of_messages.includes(name)) note('message', `${name} is not taken in messages`);
    if (b.temperature === 1) note('temperature', 'the interval is open at 1 for older models');
    if (b.top_p === 1) note('top_p', 'the interval is open at 1 for older models');
    if (b.max_tokens > info.max_output) faults.push({ rule: 'max_tokens', path: ['max_tokens'], message: `more than ${info.max_output}` });
    const images = sees_images(ctx);
    if (images.length > 0 && !info.vision) faults.push({ rule: 'images', path: images[0].path, message: 'no image input' });
    if (b.tool_choice !== undefined && !b.tools) faults.push({ rule: 'tool_choice', path: ['tool_choice'], message: 'no tools' });
    return faults;
  },
  problem: (problem, ctx) => error(ctx, problem.kind === 'missing' ? 1213 : 1214, { field: s.dotted(problem.path.slice(0, 1)) }),

  conversation: (ctx) => obey(ctx.json),
  completion_id: (ctx) => `20261122103000${token_of('0123456789abcdef', 16, 'zhipu', String(ctx.seq))}`,
  tool_call_id: (ctx, i) => `call_-${token_of('123456789', 18, 'zhipu', String(ctx.seq), String(i))}`,
  usage(ctx, answer) {
    const { prompt, completion, reasoning } = answer.usage;
    return { completion_tokens: completion, prompt_tokens: prompt, prompt_tokens_details: { cached_tokens: 0 }, ...(reasoning > 0 ? { completion_tokens_details: { reasoning_tokens: reasoning } } : {}), total_tokens: prompt + completion };
  },
  choice: (ctx, index, message, finish) => ({ finish_reason: finish, index, message }),
  message(ctx, answer) {
    return { content: answer.pieces.join(''), ...(answer.reasoning.length > 0 ? { reasoning_content: answer.reasoning.join('') } : {}), role: 'assistant',
      ...(answer.calls.length > 0 ? { tool_calls: answer.calls.map((c, index) => ({ function: { arguments: c.args, name: c.name }, id: c.id, index, type: 'function' })) } : {}) };
  },
  body_extra(ctx) { return { request_id: this.completion_id(ctx) }; },
  body(ctx, answer) { return rendering.body.call(this, ctx, shown(ctx, answer)); },
  frames(ctx, answer) { return rendering.frames.call(this, ctx, shown(ctx, answer)); },
  stream_choice: (ctx, index, delta, finish) => ({ index, ...(finish ? { finish_reason: finish } : {}), delta }),
  reasoning_delta: (text) => ({ role: 'assistant', reasoning_content: text }),
  text_delta: (text) => ({ role: 'assistant', content: text }),
  call_deltas(call, index, ctx) {
    if (ctx.json.tool_stream) return rendering.call_deltas(call, index);
    return [{ id: call.id, index, type: 'function', function: { name: call.name, arguments: call.args } }];
  },
  call_delta: (delta) => ({ role: 'assistant', tool_calls: [delta] }),
  finish_delta: () => ({ role: 'assistant', content: '' }),
  finish_extra(ctx, answer) { return { usage: this.usage(ctx, answer) }; },

  // `code` in a rule's parameters gives that number of the table.
  errors: {
    auth: ({ missing, expired }, ctx) => error(ctx, missing ? 1001 : expired ? 1003 : 1002),
    payment: (p, ctx) => error(ctx, 1113),
    forbidden: ({ plan, api }, ctx) => error(ctx, plan ? 1311 : api ? 1220 : 1112),
    not_found: (p, ctx) => error(ctx, 1211),
    gone: (p, ctx) => error(ctx, 1221),
    too_large: () => ({ status: 413, headers: { 'content-type': 'text/html' }, body: '<html><head><title>413 Request Entity Too Large</title></head></html>' }),
    context_too_long: (p, ctx) => error(ctx, 1261),
    content_filter: (p, ctx) => error(ctx, 1301, {}, { contentFilter: [{ level: 1, role: 'user' }] }),
    bad_request: ({ message, field }, ctx) => (field ? error(ctx, 1214, { field }) : error(ctx, 1210, { message })),
    rate_limit(p, ctx) {
      const hint = hint_of(p, ctx.clock, ['none']);
      const of_window = { day: 1304, week: 1310, month: 1310, session: 1308 };
      const code = p.code ?? (p.overloaded ? 1305 : of_window[hint.window] ?? (hint.axis === 'concurrency' ? 1302 : 1303));
      const made = error(ctx, code, { time: china_time(ctx.clock.now() + hint.seconds * 1000) });
      return { ...made, headers: hint.says('header') ? { 'retry-after': hint.header } : {} };
    },
    server_error: ({ status }, ctx) => error(ctx, status === 500 ? 500 : 1234, { status }),
  },
};

export default openai_provider(zhipu);
