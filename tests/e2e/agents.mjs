// Agents as they are: what each remembers of an answer, and how it writes its next request. Shapes of the OpenAI SDK's
// tool loop, the AI SDK, LangChain, editors that speak in parts, agents that stream, and agents that cut their history.
import { read_stream } from './router.mjs';

const tool = (name, description, properties, required) => ({ type: 'function', function: { name, description, parameters: { type: 'object', properties, required } } });
export const tools = [
  tool('get_weather', 'The weather now', { city: { type: 'string' } }, ['city']),
  tool('read_file', 'Reads a file of the workspace', { path: { type: 'string', description: 'relative path' }, lines: { type: 'array', items: { type: 'integer' }, description: 'first and last' } }, ['path']),
];
const pixel = 'data:image/png;base64,iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNkYPhfDwAChwGA60e6kgAAAABJRU5ErkJggg==';
const text = (t) => ({ type: 'text', text: t });
const picture = { type: 'image_url', image_url: { url: pixel, detail: 'auto' } };
const bare_call = ({ id, type, function: { name, arguments: args } }) => ({ id, type, function: { name, arguments: args } });
const result_of = (call) => JSON.stringify({ tool: call.function.name, ok: true });

// The message a streaming client puts together, `index` and all, as some agents send it back.
function accumulated(body) {
  const seen = read_stream(body);
  const calls = [];
  for (const piece of seen.calls) {
    const at = (calls[piece.index] ??= { index: piece.index, id: '', type: 'function', function: { name: '', arguments: '' } });
    if (piece.id) at.id = piece.id;
    if (piece.extra_content) at.extra_content = piece.extra_content;
    at.function.name += piece.function?.name ?? '';
    at.function.arguments += piece.function?.arguments ?? '';
  }
  return { role: 'assistant', content: seen.content || null, ...(seen.reasoning ? { reasoning_content: seen.reasoning } : {}), ...(calls.length > 0 ? { tool_calls: calls } : {}) };
}

// `first` and `second` are the person's turns; `see` says whether a picture may be sent. `remember` keeps an answer,
// `results` answers its calls, `compact` is what the agent does to its history before its second turn.
const usual = {
  tools,
  stream: false,
  opening: () => [{ role: 'system', content: 'You are a coding agent.' }],
  first: () => [{ role: 'user', content: 'What is the weather? !tools 2 !think' }],
  second: (see) => [{ role: 'user', content: see ? [text('get_weather for what you see here'), picture] : 'get_weather once more' }],
  remember: (message) => message,
  results: (calls) => calls.map((call) => ({ role: 'tool', tool_call_id: call.id, content: result_of(call) })),
  compact: (messages) => messages,
  more: {},
};

export const agents = {
  'the OpenAI SDK, which keeps every member': { ...usual,
    remember: (message) => ({ refusal: null, annotations: [], audio: null, function_call: null, ...message, tool_calls: message.tool_calls ?? null }) },

  'the AI SDK, which keeps text and calls': { ...usual,
    remember: (message) => ({ role: 'assistant', content: message.content ?? '', ...(message.tool_calls ? { tool_calls: message.tool_calls.map(bare_call) } : {}) }),
    first: () => [{ role: 'user', content: [text('What is the weather? !tools 2 !think')] }],
    more: { temperature: 0, tool_choice: 'auto' } },

  'LangChain, which names its tools and people': { ...usual,
    opening: () => [{ role: 'system', content: [text('You are a coding agent.')] }],
    first: () => [{ role: 'user', name: 'ann', content: 'What is the weather? !tools 2' }],
    remember: (message) => ({ role: 'assistant', content: message.content ?? '', ...(message.tool_calls ? { tool_calls: message.tool_calls.map(bare_call) } : {}) }),
    results: (calls) => calls.map((call) => ({ role: 'tool', name: call.function.name, tool_call_id: call.id, content: result_of(call) })),
    more: { parallel_tool_calls: true, n: 1, max_tokens: 512 } },

  'an editor that speaks in parts and calls no tools': { ...usual, tools: undefined,
    opening: () => [{ role: 'developer', content: 'You are a coding agent.' }],
    first: () => [{ role: 'user', content: [text('look at this'), text('!think !say fine')] }, { role: 'user', content: [text('<environment>linux</environment>')] }],
    second: (see) => [{ role: 'system', content: 'Be brief.' }, { role: 'user', content: [text('and this?'), ...(see ? [picture] : [])] }],
    remember: (message) => ({ role: 'assistant', content: [text(message.content || '(nothing)')], tool_calls: [] }) },

  'an agent that streams and sends its pieces back': { ...usual, stream: true,
    more: { stream_options: { include_usage: true }, max_completion_tokens: 512 } },

  'an agent that cuts its history and answers calls backwards': { ...usual,
    results: (calls) => calls.map((call) => ({ role: 'tool', tool_call_id: call.id, content: [text(result_of(call))] })).reverse(),
    // The call is forgotten, its first result is not.
    compact: (messages) => {
      const at = messages.findIndex((m) => m.role === 'assistant' && m.tool_calls?.length > 0);
      return at < 0 ? messages : messages.filter((_, i) => i !== at);
    } },

  'an agent whose history began with another vendor': { ...usual,
    opening: () => [{ role: 'system', content: 'You are a coding agent.' }, { role: 'user', content: 'read a.txt and b.txt' },
      { role: 'assistant', content: null, reasoning_content: 'Two files.', tool_calls: [
        { id: 'toolu_01A09q90qw90lq917835lq9', type: 'function', function: { name: 'read_file', arguments: '{"path":"a.txt"}' } },
        { id: `call_${'x'.repeat(59)}`, type: 'function', function: { name: 'read_file', arguments: '{"path":"b.txt","lines":[]}' } }] },
      { role: 'tool', tool_call_id: 'toolu_01A09q90qw90lq917835lq9', content: '' },
      { role: 'tool', tool_call_id: `call_${'x'.repeat(59)}`, content: '[]' },
      { role: 'assistant', content: 'Both are empty.', tool_calls: [] }] },
};

// One conversation: four requests, of which those from `turn` on go to `to`. `ask(model, body)` answers {status, json, text}.
// Answers what went wrong, or nothing.
export async function converse(agent, from, to, turn, see, ask) {
  let messages = [...agent.opening(), ...agent.first()];
  for (let request = 0; request < 4; request += 1) {
    const model = request < turn ? from : to;
    const answer = await ask(model, { ...agent.more, model, messages, ...(agent.tools ? { tools: agent.tools } : {}), ...(agent.stream ? { stream: true } : { stream_options: undefined }) });
    if (answer.status !== 200) return `request ${request} to ${model}: ${answer.status} ${answer.text.slice(0, 400)}`;
    const said = agent.stream ? accumulated(answer.text) : answer.json.choices[0].message;
    const calls = said.tool_calls ?? [];
    if (agent.tools && request % 2 === 0 && calls.length === 0) return `request ${request} to ${model}: no tool call in ${JSON.stringify(said).slice(0, 300)}`;
    messages = [...messages, agent.remember(said)];
    if (calls.length > 0) messages.push(...agent.results(calls));
    if (request === 1) messages = [...agent.compact(messages), ...agent.second(see)];
    // An agent without tools goes on talking.
    if (!agent.tools && request !== 1) messages.push({ role: 'user', content: [text('go on')] });
  }
  return undefined;
}
