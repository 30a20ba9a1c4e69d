// A generateContent request: is it one that Gemini takes, and what does it ask.
import { going_on } from '../../lib/going_on.mjs';
import { check_schema } from './schema.mjs';
import { check_turns } from './turns.mjs';
import { messages } from './messages.mjs';
import { read_message } from './proto.mjs';

const name_shape = /^[A-Za-z_][A-Za-z0-9_.:-]{0,127}$/;

// Yields {rule, message, field?, soft?}; leaves the request with camelCase names in ctx.gemini.
export function validate_request(ctx, info) {
  const found = [];
  const report = (rule, message, more = {}) => found.push({ rule, message, ...more });
  if (typeof ctx.json !== 'object' || ctx.json === null || Array.isArray(ctx.json)) return [{ rule: 'type', message: 'Invalid JSON payload received. Root element must be a message.' }];
  for (const [name, value] of Object.entries(ctx.json)) if (value === null) report('null', `${name} is null; leave it out`, { soft: true });
  ctx.gemini = read_message(messages, 'GenerateContentRequest', ctx.json, '', ({ field, message }) => report('unknown_or_type', message, { field }));
  if (found.some((f) => !f.soft)) return found;
  const g = ctx.gemini;
  if (!(g.contents?.length > 0)) return [{ rule: 'contents', message: '* GenerateContentRequest.contents: contents is not specified' }];
  check_turns(g.contents, ctx.model, info, report);
  if (g.systemInstruction) check_system(g, ctx, info, report);
  check_tools(g, ctx, info, report);
  check_config(g, ctx, info, report);
  const categories = (g.safetySettings ?? []).map((x) => x.category);
  if (new Set(categories).size !== categories.length) report('safety', 'Duplicate safety setting category.');
  return found;
}

function check_system(g, ctx, info, report) {
  if (info.plain) report('system', `Developer instruction is not enabled for models/${ctx.model}`);
  const parts = g.systemInstruction.parts ?? [];
  if (parts.length === 0 || parts.some((p) => typeof p.text !== 'string')) report('system', '* GenerateContentRequest.system_instruction.parts: only text parts are allowed and at least one is needed');
}

function check_tools(g, ctx, info, report) {
  const with_functions = (g.tools ?? []).filter((t) => t.functionDeclarations?.length > 0);
  const declared = with_functions.flatMap((t) => t.functionDeclarations);
  if (with_functions.length > 1) report('tools', 'Multiple tools are supported only when they are all search tools.');
  if (declared.length > 0 && !info.tools) report('tools', `Function calling is not enabled for models/${ctx.model}`);
  const names = new Set();
  declared.forEach((f, i) => {
    const where = `GenerateContentRequest.tools[0].function_declarations[${i}]`;
    if (!name_shape.test(f.name ?? '')) report('tool_name', `* ${where}.name: Invalid function name. Must start with a letter or an underscore. Must be alphanumeric (a-z, A-Z, 0-9), underscores (_), dots (.), colons (:), or dashes (-), with a maximum length of 128.`);
    if (names.has(f.name)) report('tool_name', `Duplicate function declaration found: ${f.name}`);
    names.add(f.name);
    if (f.parameters && f.parametersJsonSchema) report('schema', `* ${where}: parameters and parameters_json_schema are mutually exclusive`);
    if (f.parameters) check_schema(f.parameters, `* ${where}.parameters`, (m) => report('schema', m));
  });
  const config = g.toolConfig?.functionCallingConfig;
  if (!config) return;
  if (declared.length === 0) report('tool_config', 'Function calling config is set without function_declarations.');
  if (config.allowedFunctionNames?.length > 0 && !['ANY', 'VALIDATED'].includes(config.mode)) report('tool_config', 'Allowed function names should be set only when function calling mode is ANY.');
  for (const name of config.allowedFunctionNames ?? []) if (!names.has(name)) report('tool_config', `allowed_function_names: "${name}" is not a declared function`);
}

function check_config(g, ctx, info, report) {
  const c = g.generationConfig ?? {};
  const range = (name, low, high) => {
    if (c[name] !== undefined && (Number(c[name]) < low || Number(c[name]) > high))
      report('range', `* GenerateContentRequest.generation_config.${name.replace(/[A-Z]/g, (x) => `_${x.toLowerCase()}`)}: must be in the range [${low}, ${high}].`);
  };
  range('temperature', 0, 2);
  range('topP', 0, 1);
  range('topK', 1, 1000);
  range('maxOutputTokens', 1, info.max_output);
  range('presencePenalty', -2, 2);
  range('frequencyPenalty', -2, 2);
  range('candidateCount', 1, 8);
  if (c.candidateCount > 1) report('candidate_count', `Multiple candidates is not enabled for models/${ctx.model}`);
  if (c.stopSequences?.length > 5) report('stop', '* GenerateContentRequest.generation_config.stop_sequences: at most 5 are allowed.');
  if (c.responseLogprobs || c.logprobs !== undefined) report('logprobs', `Logprobs is not enabled for models/${ctx.model}`);
  if (c.responseSchema && c.responseJsonSchema !== undefined) report('response_schema', 'response_schema and response_json_schema are mutually exclusive.');
  const json = c.responseMimeType === 'application/json';
  if (c.responseMimeType !== undefined && !['text/plain', 'application/json', 'text/x.enum'].includes(c.responseMimeType)) report('response_mime_type', `* GenerateContentRequest.generation_config.response_mime_type: allowed mimetypes are \`text/plain\`, \`application/json\` and \`text/x.enum\`.`);
  if ((c.responseSchema || c.responseJsonSchema !== undefined) && !json) report('response_schema', "Response schema needs response_mime_type 'application/json'.");
  if (json && g.tools?.length > 0 && !info.json_with_tools) report('json_with_tools', "Function calling with a response mime type: 'application/json' is unsupported");
  if (c.responseSchema) check_schema(c.responseSchema, '* GenerateContentRequest.generation_config.response_schema', (m) => report('schema', m));
  if (c.thinkingConfig) check_thinking(c.thinkingConfig, ctx, info, report);
}

function check_thinking(thinking, ctx, info, report) {
  const { thinkingBudget: budget, thinkingLevel: level } = thinking;
  if (budget !== undefined && level !== undefined) report('thinking', 'You can only set only one of thinking budget and thinking level.');
  if (level !== undefined && !info.level) report('thinking', 'Thinking level is not supported for this model.');
  if (level !== undefined && info.levels && !info.levels.includes(level.toLowerCase())) report('thinking', `Thinking level ${level} is not supported for this model.`);
  if (budget !== undefined && (budget < -1 || budget > 32768 || (budget >= 0 && budget < (info.least_budget ?? 0)))) report('thinking', `The thinking budget ${budget} is invalid. Please choose a value between ${info.least_budget ?? 0} and 32768.`);
}

const text_in = (content) => (content?.parts ?? []).filter((p) => typeof p.text === 'string' && p.thought !== true).map((p) => p.text).join('');

// The schema a test would know: lower-case types, as in the request of the client.
export function conversation_of_contents(g) {
  const contents = g.contents ?? [];
  const has_response = (c) => (c.parts ?? []).some((p) => p.functionResponse);
  const users = contents.filter((c) => c.role !== 'model' && (!has_response(c) || text_in(c) !== ''));
  const last = contents[contents.length - 1] ?? { parts: [] };
  const declared = (g.tools ?? []).flatMap((t) => t.functionDeclarations ?? []);
  const calling = g.toolConfig?.functionCallingConfig;
  const allowed = calling?.allowedFunctionNames;
  const c = g.generationConfig ?? {};
  const answered = has_response(last) && text_in(last) === '';
  const chars = [g.systemInstruction, ...contents].reduce((sum, x) => sum + text_in(x).length
    + (x?.parts ?? []).reduce((n, p) => n + (p.functionCall || p.functionResponse ? JSON.stringify(p.functionCall ?? p.functionResponse).length : 0), 0), 0);
  const asking = users[users.length - 1];
  const asked_on = going_on(contents.map((x) => ({ role: x.role === 'model' ? 'assistant' : 'user', text: text_in(x) })));
  return {
    going_on: asked_on && { ...asked_on, before: conversation_of_contents({ ...g, contents: contents.slice(0, asked_on.kept) }) },
    user_text: text_in(asking),
    last_role: last.role === 'model' ? 'assistant' : answered ? 'tool' : 'user',
    tool_results: (last.parts ?? []).filter((p) => p.functionResponse).map((p) => JSON.stringify(p.functionResponse.response)),
    tools: declared.map((f) => ({ name: f.name, schema: f.parametersJsonSchema ?? f.parameters })),
    choice: calling?.mode === 'NONE' ? 'none' : calling?.mode !== 'ANY' ? 'auto' : allowed?.length === 1 ? { name: allowed[0] } : 'required',
    allowed_tools: allowed,
    parallel: true,
    max_tokens: c.maxOutputTokens ? Number(c.maxOutputTokens) : null,
    stop: c.stopSequences ?? [],
    format: c.responseMimeType === 'application/json' ? { schema: c.responseJsonSchema ?? c.responseSchema } : null,
    images: (asking?.parts ?? []).flatMap((p) => (p.inlineData ? [{ mime: p.inlineData.mimeType, bytes: Buffer.from(p.inlineData.data, 'base64').length }]
      : p.fileData ? [{ url: p.fileData.fileUri }] : [])),
    choices: 1,
    prompt_chars: chars + (declared.length > 0 ? JSON.stringify(declared).length : 0),
  };
}
