// What a model would say: derived from the request alone, so that a test knows it beforehand and
// two mixed streams are told apart.
import { createHash } from 'node:crypto';
import { text_that_goes_on } from './going_on.mjs';
import { instance_of } from './instance.mjs';

export const estimate_tokens = (chars) => Math.ceil(chars / 4);
export const count_words = (text) => (text.match(/\S+/g) ?? []).length;

// Letters and digits that depend only on what is given.
export function token_of(alphabet, length, ...parts) {
  const digest = createHash('sha256').update(parts.join('\u0000')).digest();
  return Array.from({ length }, (_, i) => alphabet[digest[i % 32] % alphabet.length]).join('');
}

const by_words = (text) => text.match(/\s*\S+\s*$|\s*\S+/g) ?? (text ? [text] : []);
const by_size = (text, size) => {
  const letters = [...text];
  const pieces = [];
  for (let i = 0; i < letters.length; i += size) pieces.push(letters.slice(i, i + size).join(''));
  return pieces;
};

export const pieces_of = (text, count) =>
  count ? by_size(text, Math.max(1, Math.ceil([...text].length / count))) : by_words(text);

const image_note = (image) => (image.url ? `image:url:${image.url}` : `image:${image.mime}:${image.bytes}`);

function plain_text(ctx, conv) {
  if (conv.format?.schema) return JSON.stringify(instance_of(conv.format.schema));
  if (conv.format) return JSON.stringify({ answer: conv.user_text.slice(0, 200) });
  if (conv.user_text.startsWith('!say ') && conv.last_role === 'user') return conv.user_text.slice(5);
  const said = conv.last_role === 'tool' ? `tool said: ${conv.tool_results.join(' | ')}` : conv.user_text;
  const notes = conv.images.map(image_note).join(' ');
  return `[${ctx.provider}/${ctx.model}] ${[...said].slice(0, 2000).join('')}${notes ? ` ${notes}` : ''}`;
}

function text_pieces(ctx, conv) {
  const counting = /^!count (\d+)/.exec(conv.user_text);
  if (counting && conv.last_role === 'user' && !conv.format) {
    const top = Math.min(Number(counting[1]), 100000);
    return Array.from({ length: top }, (_, i) => (i === 0 ? '1' : ` ${i + 1}`));
  }
  const text = plain_text(ctx, conv);
  return conv.format ? by_size(text, 8) : by_words(text);
}

function wanted_tools(conv, limit) {
  const { tools, choice } = conv;
  if (tools.length === 0 || choice === 'none') return [];
  const asked = /!tools (\d+)/.exec(conv.user_text);
  const named = typeof choice === 'object' ? tools.find((t) => t.name === choice.name) : undefined;
  const from_user = conv.last_role === 'user';
  const mentioned = from_user ? tools.find((t) => conv.user_text.includes(t.name)) : undefined;
  const weather = from_user && /weather/i.test(conv.user_text) ? (tools.find((t) => /weather/i.test(t.name)) ?? tools[0]) : undefined;
  const allowed = Array.isArray(conv.allowed_tools) ? tools.find((t) => conv.allowed_tools.includes(t.name)) : undefined;
  const forced = choice === 'required' ? (allowed ?? mentioned ?? tools[0]) : undefined;
  const first = named ?? forced ?? mentioned ?? weather ?? (asked && from_user ? tools[0] : undefined);
  if (!first) return [];
  const count = conv.parallel && asked && from_user ? Math.min(Number(asked[1]), limit) : 1;
  return Array.from({ length: Math.max(count, 1) }, (_, i) => (i === 0 || named ? first : tools[i % tools.length]));
}

// Ends the text where max_tokens or a stop sequence ends it.
function bounded(pieces, conv, spent) {
  const kept = [];
  let words = spent;
  let whole = '';
  for (const piece of pieces) {
    words += count_words(piece);
    if (conv.max_tokens && words > conv.max_tokens) return { pieces: kept, finish: 'length' };
    const before = whole.length;
    whole += piece;
    const cut = conv.stop.map((s) => whole.indexOf(s)).filter((i) => i >= 0).sort((a, b) => a - b)[0];
    if (cut !== undefined) {
      if (cut > before) kept.push(piece.slice(0, cut - before));
      return { pieces: kept, finish: 'stop' };
    }
    kept.push(piece);
  }
  return { pieces: kept, finish: 'stop' };
}

// overrides: the content part of a rule's action (text, tool_call, reasoning, finish, empty_completion).
export function build_answer(ctx, conv, overrides = {}) {
  const { going_on: manner, ...plain } = overrides;
  if (conv.going_on) {
    const whole = build_answer(ctx, { ...conv.going_on.before, max_tokens: null }, plain);
    const text = text_that_goes_on(conv.going_on, whole.pieces.join(''), manner?.manner);
    if (text !== null) return { ...whole, pieces: by_words(text), usage: { ...whole.usage, prompt: estimate_tokens(conv.prompt_chars), completion: count_words(text) } };
  }
  const reasons = ctx.def.reasons(ctx.model);
  let reasoning = [];
  if (overrides.reasoning) reasoning = pieces_of(overrides.reasoning.text, overrides.reasoning.chunks);
  else if (reasons && conv.user_text.includes('!think')) reasoning = by_words(`Thinking about ${conv.user_text.replace('!think', '').trim().slice(0, 60)}`);
  const reasoning_tokens = count_words(reasoning.join(''));

  let calls = [];
  let pieces = [];
  let finish = 'stop';
  if (overrides.empty_completion) {
    pieces = [];
  } else if (overrides.tool_call) {
    const { name, arguments: args, as_text_dialect: dialect } = overrides.tool_call;
    const text = typeof args === 'string' ? args : JSON.stringify(args ?? {});
    if (dialect) pieces = by_size(as_dialect(dialect, name, text), 12);
    else calls = [{ name, args: text }];
    if (overrides.text) pieces = pieces_of(overrides.text.text, overrides.text.chunks);
  } else if (overrides.text) {
    pieces = pieces_of(overrides.text.text, overrides.text.chunks);
  } else {
    calls = wanted_tools(conv, ctx.def.parallel_calls?.(ctx.model) === false ? 1 : 16)
      .map((t) => ({ name: t.name, args: JSON.stringify(instance_of(t.schema ?? {})) }));
    if (calls.length === 0) ({ pieces, finish } = bounded(text_pieces(ctx, conv), conv, reasoning_tokens));
  }
  calls = calls.map((call, i) => ({ ...call, id: ctx.def.tool_call_id(ctx, i, call.name) }));
  if (calls.length > 0) finish = 'tool_calls';
  if (overrides.finish) finish = overrides.finish.reason;
  const said = pieces.join('');
  const completion = count_words(said) + count_words(calls.map((c) => c.args).join(' ')) + reasoning_tokens;
  return { reasoning, pieces, calls, finish, choices: conv.choices ?? 1,
    usage: { prompt: estimate_tokens(conv.prompt_chars), completion, reasoning: reasoning_tokens } };
}

// Ways in which open models write a tool call into the text instead of the field made for it.
function as_dialect(dialect, name, args) {
  const forms = {
    function_tag: `<function=${name}${args}</function>`,
    function_tag_closed: `<function=${name}>${args}</function>`,
    tool_call_tag: `<tool_call>{"name": ${JSON.stringify(name)}, "arguments": ${args}}</tool_call>`,
    kimi: `<|tool_calls_section_begin|><|tool_call_begin|>functions.${name}:0<|tool_call_argument_begin|>${args}<|tool_call_end|><|tool_calls_section_end|>`,
  };
  return forms[dialect] ?? forms.function_tag;
}
