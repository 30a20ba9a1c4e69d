// The order that Mistral demands of messages, and its rule for tool-call ids.

const id_shape = /^[a-zA-Z0-9]{9}$/;
const empty = (content) => content === undefined || content === null || content === '' || (Array.isArray(content) && content.length === 0);

export function mistral_order(messages) {
  const faults = [];
  const refuse = (path, message, code, type) => faults.push({ kind: 'order', rule: 'message_order', path: ['messages', ...path], message, code, type });
  const check_id = (id, path) => {
    if (!id_shape.test(id ?? ''))
      refuse(path, `Tool call id was ${id} but must be a-z, A-Z, 0-9, with a length of 9.`, '3280', 'invalid_function_call');
  };
  let expected = null;
  messages.forEach((m, i) => {
    const before = messages[i - 1]?.role;
    if (m.role === 'tool') {
      if (expected === null) return refuse([i], `Unexpected role 'tool' after role '${before ?? 'none'}'`);
      check_id(m.tool_call_id, [i, 'tool_call_id']);
      if (expected.ids.size > 0 && !expected.ids.delete(m.tool_call_id)) refuse([i], 'Unexpected tool call id in tool results', '3230');
      expected.results += 1;
      return;
    }
    if (expected !== null && expected.results !== expected.calls) refuse([i], 'Not the same number of function calls and responses', '3230', 'invalid_request_message_order');
    if (m.role === 'user' && before === 'tool') refuse([i], "Unexpected role 'user' after role 'tool'");
    expected = null;
    if (m.role !== 'assistant') return;
    const calls = m.tool_calls ?? [];
    if (empty(m.content) && calls.length === 0) refuse([i], 'Assistant message must have either content or tool_calls, but not none.', '3240', 'invalid_request_assistant_message');
    calls.forEach((c, k) => check_id(c.id, [i, 'tool_calls', k, 'id']));
    if (calls.length > 0) expected = { calls: calls.length, results: 0, ids: new Set(calls.map((c) => c.id)) };
  });
  const last = messages[messages.length - 1];
  if (expected !== null && expected.results !== expected.calls) refuse([], 'Not the same number of function calls and responses', '3230', 'invalid_request_message_order');
  if (!['user', 'tool'].includes(last.role) && last.prefix !== true)
    refuse([], `Expected last role User or Tool (or Assistant with prefix True) for serving but got ${last.role}`);
  return faults;
}
