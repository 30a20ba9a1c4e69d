// google, the native Gemini wire (providers.md section 1).
import { named_error } from '../lib/faults.mjs';
import { conversation_of_contents, validate_request } from './google_wire/request.mjs';
import { errors } from './google_wire/errors.mjs';
import { estimate_tokens, token_of } from '../lib/answer.mjs';
import { hexadecimal } from '../lib/openai/provider.mjs';
import { models } from './google_wire/models.mjs';
import { sign } from './google_wire/signature.mjs';

const finish_words = { stop: 'STOP', tool_calls: 'STOP', length: 'MAX_TOKENS', content_filter: 'SAFETY' };
const methods = ['generateContent', 'streamGenerateContent', 'countTokens'];
const key_shape = /^(AIza[A-Za-z0-9_-]{35}|AQ\.[A-Za-z0-9._-]{10,})$/;

const model_row = (id) => ({ name: `models/${id}`, version: '001', displayName: id, inputTokenLimit: models[id].context, outputTokenLimit: models[id].max_output,
  supportedGenerationMethods: ['generateContent', 'countTokens'], temperature: 1, maxTemperature: 2, topP: 0.95, topK: 64, thinking: models[id].reasons === true });

function list_models(ctx) {
  const size = Number(ctx.query.get('pageSize') ?? 50);
  const from = Number(ctx.query.get('pageToken') ?? 0);
  if (!(size > 0) || !(from >= 0)) return errors.bad_request({ message: 'Invalid page size or token.' }, ctx);
  const ids = Object.keys(models);
  const page = ids.slice(from, from + Math.min(size, 1000));
  return { status: 200, headers: {}, body: { models: page.map(model_row), ...(from + page.length < ids.length ? { nextPageToken: String(from + page.length) } : {}) } };
}

// Costs nothing and generates nothing, so no rule and no limit concerns it.
function count_tokens(ctx) {
  if (!models[ctx.model]) return errors.not_found({}, ctx);
  try {
    const asked = JSON.parse(ctx.text);
    const tokens = estimate_tokens(conversation_of_contents(asked.generateContentRequest ?? asked).prompt_chars);
    return { status: 200, headers: {}, body: { totalTokens: tokens, promptTokensDetails: [{ modality: 'TEXT', tokenCount: tokens }] } };
  } catch {
    return errors.bad_request({}, ctx);
  }
}

export default {
  id: 'google', eol: '\r\n', json_type: 'application/json; charset=UTF-8', stream_type: 'text/event-stream', headers_before_first_token: false,
  errors,

  route(ctx) {
    const nowhere = { refusal: { status: 404, headers: { 'content-type': 'text/html; charset=UTF-8' }, body: '<!DOCTYPE html><html lang=en><title>Error 404 (Not Found)!!1</title>\n' } };
    if (ctx.path === '/v1beta/models') return ctx.method === 'GET' ? { reply: list_models(ctx) } : nowhere;
    const parts = /^\/v1beta\/models\/([^/:]+)(?::([A-Za-z]+))?$/.exec(ctx.path);
    if (!parts) return nowhere;
    const [, model, method] = parts;
    ctx.model = model;
    if (method === undefined) return ctx.method !== 'GET' ? nowhere : { reply: models[ctx.model] ? { status: 200, headers: {}, body: model_row(ctx.model) } : errors.not_found({}, ctx) };
    if (ctx.method !== 'POST' || !methods.includes(method)) return nowhere;
    if (method === 'countTokens') return { reply: count_tokens(ctx) };
    ctx.stream = method === 'streamGenerateContent';
    return { chat: true };
  },

  authenticate(ctx) {
    const key = ctx.headers['x-goog-api-key'] ?? ctx.query.get('key');
    ctx.key = key || null;
    if (ctx.headers.authorization !== undefined) return errors.bad_credential({}, ctx);
    if (!key) return errors.no_key({}, ctx);
    return key_shape.test(key) ? null : errors.auth({}, ctx);
  },

  read_request() {},
  bad_content_type: (ctx) => errors.bad_request({ message: `Invalid JSON payload received. Unexpected Content-Type ${ctx.headers['content-type'] ?? 'none'}.` }, ctx),
  bad_json: (fault, ctx) => errors.bad_request({ message: `Invalid JSON payload received. ${fault.message}` }, ctx),

  validate(ctx) {
    if (!models[ctx.model]) return { reply: errors.not_found({}, ctx), rule: 'model', message: `unknown model ${ctx.model}` };
    if (ctx.bytes > 20 * 1024 * 1024) return { reply: errors.too_large({}, ctx), rule: 'body_size', message: `${ctx.bytes} bytes` };
    for (const name of ctx.query.keys()) if (!['alt', 'key', '$alt', 'prettyPrint'].includes(name)) return { reply: errors.bad_request({ message: `Invalid JSON payload received. Unknown name "${name}": Cannot bind query parameter. Field '${name}' could not be found in request message.` }, ctx), rule: 'query', message: name };
    if (ctx.stream && ctx.query.get('alt') !== 'sse') ctx.soft('alt', 'streamGenerateContent without alt=sse');
    const found = validate_request(ctx, models[ctx.model]);
    for (const f of found.filter((x) => x.soft)) ctx.soft(f.rule, f.message);
    const hard = found.filter((x) => !x.soft);
    if (hard.length > 0)
      return { reply: errors.bad_request({ message: hard.map((f) => f.message).slice(0, 10).join('\n'), fields: hard.slice(0, 10).filter((f) => f.field !== undefined) }, ctx), rule: hard[0].rule, message: hard.map((f) => f.message).join('; ') };
    const tokens = estimate_tokens(this.conversation(ctx).prompt_chars);
    if (tokens > models[ctx.model].context) return { reply: errors.context_too_long({ limit: models[ctx.model].context, requested: tokens }, ctx), rule: 'context', message: `${tokens} tokens` };
    return null;
  },

  conversation: (ctx) => conversation_of_contents(ctx.gemini),
  reasons: (model) => models[model]?.reasons === true,
  parallel_calls: () => true,
  // Ids are absent on most models; where they come, they are short.
  tool_call_id: (ctx, i) => (models[ctx.model]?.call_ids ? `fc-${ctx.seq}-${i + 1}` : undefined),
  ok_headers: () => ({ 'x-gemini-service-tier': 'standard', vary: 'Origin, X-Origin, Referer' }),
  whole_body_text: (body) => JSON.stringify(body, null, 2),
  frame_text: (data) => JSON.stringify(data),

  usage(answer, so_far = 1) {
    const { prompt, completion, reasoning } = answer.usage;
    const said = Math.round((completion - reasoning) * so_far);
    return { promptTokenCount: prompt, ...(said > 0 ? { candidatesTokenCount: said } : {}), totalTokenCount: prompt + said + reasoning,
      promptTokensDetails: [{ modality: 'TEXT', tokenCount: prompt }], ...(reasoning > 0 ? { thoughtsTokenCount: reasoning } : {}) };
  },
  call_part(ctx, call, index) {
    const signed = index === 0 && models[ctx.model]?.signs;
    let args = {};
    try {
      args = JSON.parse(call.args);
    } catch {
      args = { text: call.args };
    }
    return { functionCall: { ...(call.id ? { id: call.id } : {}), name: call.name, args }, ...(signed ? { thoughtSignature: sign(ctx.model, call.name) } : {}) };
  },
  response(ctx, parts, finish, answer, so_far) {
    return { candidates: [{ ...(parts.length > 0 ? { content: { parts, role: 'model' } } : {}), ...(finish ? { finishReason: finish_words[finish] ?? finish } : {}), index: 0 }],
      usageMetadata: this.usage(answer, so_far), modelVersion: ctx.model, responseId: token_of(hexadecimal, 16, 'google', String(ctx.seq)) };
  },
  thoughts_shown: (ctx) => ctx.gemini?.generationConfig?.thinkingConfig?.includeThoughts === true,
  body(ctx, answer) {
    if (answer.finish === 'content_filter' && answer.pieces.length === 0) return { promptFeedback: { blockReason: 'PROHIBITED_CONTENT' }, usageMetadata: this.usage(answer), modelVersion: ctx.model };
    const parts = [
      ...(answer.reasoning.length > 0 && this.thoughts_shown(ctx) ? [{ text: answer.reasoning.join(''), thought: true }] : []),
      ...(answer.pieces.length > 0 ? [{ text: answer.pieces.join(''), ...(models[ctx.model]?.signs ? { thoughtSignature: sign(ctx.model, 'text') } : {}) }] : []),
      ...answer.calls.map((call, i) => this.call_part(ctx, call, i)),
    ];
    return this.response(ctx, parts, answer.finish, answer, 1);
  },
  text_body(ctx, text) {
    return this.response(ctx, [{ text }], 'stop', { usage: { prompt: 1, completion: 1, reasoning: 0 } }, 1);
  },
  text_frame(ctx, text) {
    return this.response(ctx, [{ text }], null, { usage: { prompt: 1, completion: 1, reasoning: 0 } }, 1);
  },

  frames(ctx, answer) {
    const contents = [
      ...(this.thoughts_shown(ctx) ? answer.reasoning.map((text) => [{ text, thought: true }]) : []),
      ...answer.pieces.map((text) => [{ text }]),
      ...answer.calls.map((call, i) => [this.call_part(ctx, call, i)]),
    ];
    const frames = contents.map((parts, i) => ({ kind: 'content', data: this.response(ctx, parts, null, answer, (i + 1) / contents.length) }));
    // The last chunk carries the finish; on signing models also a part of no text that holds the signature.
    const last = contents.length > 0 && answer.calls.length === 0 && models[ctx.model]?.signs ? [{ text: '', thoughtSignature: sign(ctx.model, 'text') }] : [];
    if (last.length === 0 && frames.length > 1) {
      const merged = frames.pop();
      frames.push({ kind: 'finish', data: this.response(ctx, merged.data.candidates[0].content.parts, answer.finish, answer, 1) });
    } else {
      frames.push({ kind: 'finish', data: this.response(ctx, last, answer.finish, answer, 1) });
    }
    return frames;
  },
  // Bare, pretty-printed, without a data: prefix.
  stream_error(ctx, kind, params) {
    const made = named_error(ctx, kind, kind === 'server_error' ? { status: 503, ...params } : params);
    return JSON.stringify(made.body, null, 2);
  },
};
