// The rules of a Gemini conversation: who may speak after whom, and what a function call needs.
import { signature_state } from './signature.mjs';

const calls_in = (content) => content.parts.filter((p) => p.functionCall);
const responses_in = (content) => content.parts.filter((p) => p.functionResponse);
const data_fields = ['text', 'inlineData', 'fileData', 'functionCall', 'functionResponse', 'executableCode', 'codeExecutionResult'];

export function check_turns(contents, model, info, report) {
  contents.forEach((content, i) => {
    const where = `GenerateContentRequest.contents[${i}]`;
    const parts = content.parts ?? [];
    if (content.role !== undefined && !['user', 'model', 'function', ''].includes(content.role)) report('role', 'Please use a valid role: user, model.');
    if (parts.length === 0) report('empty_parts', `* ${where}.parts: contents.parts must not be empty.`);
    parts.forEach((part, k) => check_part(part, `${where}.parts[${k}]`, report));
  });
  if (contents.some((c) => (c.parts ?? []).length === 0)) return;
  contents.forEach((content, i) => {
    const before = contents[i - 1];
    if (content.role === 'model' && calls_in(content).length > 0) {
      check_signatures(content, model, info, report, i);
      if (!before || before.role === 'model') report('turn_order', 'Please ensure that function call turn comes immediately after a user turn or after a function response turn.');
      const answers = contents[i + 1] ? responses_in(contents[i + 1]) : [];
      if (answers.length === 0) report('turn_order', 'Please ensure that function response turn comes immediately after a function call turn.');
      else check_pairs(calls_in(content), answers, report);
    }
    if (responses_in(content).length > 0) {
      if (content.role === 'model') report('role', 'Function response parts must not be in a model turn.');
      if (!before || before.role !== 'model' || calls_in(before).length === 0) report('turn_order', 'Please ensure that function response turn comes immediately after a function call turn.');
    } else if (content.role !== 'model' && calls_in(content).length > 0) report('role', 'Function call parts must be in a model turn.');
    for (const part of content.parts)
      if (part.thoughtSignature !== undefined && signature_state(part.thoughtSignature, model) === 'corrupted') report('thought_signature', 'Corrupted thought signature.');
  });
}

function check_part(part, where, report) {
  const present = data_fields.filter((f) => part[f] !== undefined);
  if (present.length === 0) report('part', `* ${where}.data: required oneof field 'data' must have one initialized field`);
  if (present.length > 1) report('part', `Invalid value at '${where}' (oneof), oneof field 'data' is already set. Cannot set '${present[1]}'`);
  if (part.inlineData) {
    if (!/^[a-z]+\/[\w.+-]+/.test(part.inlineData.mimeType ?? '')) report('inline_data', `Unsupported MIME type: ${part.inlineData.mimeType ?? ''}`);
    if (!part.inlineData.data) report('inline_data', `* ${where}.inline_data.data: required field is not set`);
  }
  if (part.fileData && !/^https:\/\/(generativelanguage\.googleapis\.com|(www\.)?youtube\.com|youtu\.be)\//.test(part.fileData.fileUri ?? ''))
    report('file_data', 'Cannot fetch content from the provided URL. Please ensure the URL is valid and accessible.');
  if (part.functionCall && !part.functionCall.name) report('function_call', `* ${where}.function_call.name: Name cannot be empty.`);
  if (part.functionResponse && !part.functionResponse.name) report('function_response', `* ${where}.function_response.name: Name cannot be empty.`);
  if (part.functionResponse && part.functionResponse.response === undefined) report('function_response', `* ${where}.function_response.response: required field is not set`);
}

function check_pairs(calls, answers, report) {
  if (calls.length !== answers.length)
    return report('turn_count', 'Please ensure that the number of function response parts is equal to the number of function call parts of the function call turn.');
  const open = [...calls.map((p) => p.functionCall)];
  for (const { functionResponse: answer } of answers) {
    const at = open.findIndex((c) => c.name === answer.name && (c.id === undefined || c.id === answer.id));
    if (at < 0) return report('turn_pairing', `Function response "${answer.name}" (id ${answer.id ?? 'none'}) answers no call of the function call turn.`);
    open.splice(at, 1);
  }
}

// From Gemini 3 on the first call of each turn must bring its signature back.
function check_signatures(content, model, info, report, index) {
  const [first] = calls_in(content);
  if (info.signs && first.thoughtSignature === undefined)
    report('thought_signature', `Function call is missing a thought_signature in functionCall parts. This is required for tools to work correctly, and missing thought_signature may lead to degraded model performance. Additional data, function call \`default_api:${first.functionCall.name}\`, position ${index + 1}.`);
}
