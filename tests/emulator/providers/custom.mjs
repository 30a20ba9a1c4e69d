// custom: any OpenAI-compatible box (providers.md 17.1). It takes what OpenAI's schema takes and lets
// unknown members pass; any key, or none; any model, until a rule says otherwise.
import * as s from '../lib/shape.mjs';
import * as o from '../lib/openai/shapes.mjs';
import { openai_provider } from '../lib/openai/provider.mjs';

const loose = { open: true };
const common = { name: s.string() };
const roles = {
  system: s.object({ role: s.any, content: o.text_content, ...common }, { ...loose, required: ['content'] }),
  developer: s.object({ role: s.any, content: o.text_content, ...common }, { ...loose, required: ['content'] }),
  user: s.object({ role: s.any, content: o.content, ...common }, { ...loose, required: ['content'] }),
  assistant: s.object({ role: s.any, content: s.nullable(o.text_content), tool_calls: o.tool_calls, ...common }, loose),
  tool: s.object({ role: s.any, content: o.text_content, tool_call_id: s.string({ min: 1 }) }, { ...loose, required: ['content', 'tool_call_id'] }),
};

const shape = s.object(o.optional({
  model: s.string({ min: 1 }),
  messages: o.messages(roles),
  max_tokens: o.positive, max_completion_tokens: o.positive,
  temperature: s.number({ min: 0, max: 2 }), top_p: o.top_p, n: s.integer({ min: 1, max: 8 }),
  presence_penalty: o.penalty, frequency_penalty: o.penalty, seed: s.integer(), stop: o.stop(4), user: s.string(),
  stream: s.boolean, stream_options: o.stream_options,
  tools: s.array(o.tool, { min: 1, max: 128 }), tool_choice: o.tool_choice('none', 'auto', 'required'), parallel_tool_calls: s.boolean,
  response_format: o.response_format,
}, ['model', 'messages']), { ...loose, required: ['model', 'messages'] });

export default openai_provider({
  id: 'custom',
  base: '/v1',
  models: { 'box-small': {}, 'box-large': {} },
  open_models: true,
  open_model: { reasons: true },
  shape,
  counts_tool_results: true,

  authenticate(ctx) {
    const key = this.bearer(ctx);
    ctx.key = key ?? null;
    return key === null ? this.errors.auth({}, ctx) : null;
  },

  check(ctx) {
    const { stream, stream_options: options, tools, tool_choice: choice } = ctx.json;
    const faults = [];
    if (options && stream !== true) faults.push({ path: ['stream_options'], message: "the 'stream_options' parameter is only allowed when 'stream' is enabled" });
    if (choice !== undefined && choice !== null && choice !== 'none' && !tools) faults.push({ path: ['tool_choice'], message: "'tool_choice' is only allowed when 'tools' are specified" });
    return faults;
  },

  tail(ctx, answer) {
    return ctx.json.stream_options?.include_usage ? [this.chunk(ctx, [], { usage: this.usage(ctx, answer) })] : [];
  },
});
