// An OpenAI chat request, read: the conversation as the answer needs it, and the order of its messages.

import { going_on } from '../going_on.mjs';

const text_of = (content) => {
  if (typeof content === 'string') return content;
  if (!Array.isArray(content)) return '';
  return content.filter((p) => typeof p?.text === 'string').map((p) => p.text).join('');
};

export function image_of(url) {
  const data = /^data:([^;,]+)?((?:;[^;,]+)*),(.*)$/s.exec(url);
  if (!data) return { url };
  const base64 = /;base64/i.test(data[2]);
  return { mime: data[1] ?? 'text/plain', bytes: base64 ? Buffer.from(data[3], 'base64').length : data[3].replace(/%[0-9a-fA-F]{2}/g, '.').length, data: true };
}

export const image_parts = (message) =>
  Array.isArray(message.content) ? message.content.filter((p) => p?.type === 'image_url') : [];

function format_of(asked) {
  if (asked?.type === 'json_schema') return { schema: asked.json_schema?.schema ?? asked.schema ?? {} };
  return asked?.type === 'json_object' ? {} : null;
}

function choice_of(asked) {
  if (asked === undefined || asked === null || asked === 'auto') return 'auto';
  if (asked === 'any') return 'required';
  return typeof asked === 'object' ? { name: asked.function?.name } : asked;
}

export function conversation_of(json) {
  const { messages } = json;
  const users = messages.filter((m) => m.role === 'user');
  const last = messages[messages.length - 1];
  let tail = messages.length;
  while (tail > 0 && messages[tail - 1].role === 'tool') tail -= 1;
  const tools = (json.tools ?? []).filter((t) => t.type === 'function').map((t) => ({ name: t.function.name, schema: t.function.parameters }));
  const chars = messages.reduce((sum, m) => sum + text_of(m.content).length + (m.tool_calls ? JSON.stringify(m.tool_calls).length : 0), 0);
  const asked_on = going_on(messages.map((m) => ({ role: m.role, text: text_of(m.content) })));
  return {
    going_on: asked_on && { ...asked_on, before: conversation_of({ ...json, messages: messages.slice(0, asked_on.kept) }) },
    user_text: users.length > 0 ? text_of(users[users.length - 1].content) : '',
    last_role: last?.role ?? 'user',
    tool_results: messages.slice(tail).map((m) => text_of(m.content)),
    tools,
    choice: choice_of(json.tool_choice),
    parallel: json.parallel_tool_calls !== false,
    max_tokens: json.max_completion_tokens ?? json.max_tokens ?? null,
    stop: [json.stop ?? []].flat(),
    format: format_of(json.response_format),
    images: users.length > 0 ? image_parts(users[users.length - 1]).map((p) => image_of(p.image_url?.url ?? p.image_url)) : [],
    choices: json.n ?? 1,
    prompt_chars: chars + (tools.length > 0 ? JSON.stringify(json.tools).length : 0),
  };
}

// Every tool message answers a call of the assistant message before it. Yields {message, path, unanswered?}.
export function order_faults(messages) {
  const faults = [];
  let open = new Set();
  messages.forEach((m, i) => {
    if (m.role === 'tool') {
      if (!open.delete(m.tool_call_id))
        faults.push({ path: ['messages', i, 'tool_call_id'], message: "messages with role 'tool' must be a response to a preceding message with 'tool_calls'", input: m.tool_call_id });
      return;
    }
    if (open.size > 0)
      faults.push({ unanswered: true, path: ['messages', i], message: "an assistant message with 'tool_calls' must be followed by tool messages responding to each 'tool_call_id'", input: [...open] });
    open = new Set(m.role === 'assistant' ? (m.tool_calls ?? []).map((c) => c.id) : []);
  });
  if (open.size > 0) faults.push({ unanswered: true, path: ['messages'], message: 'the last tool calls are not answered', input: [...open] });
  return faults;
}
