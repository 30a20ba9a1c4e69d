// A request to go on with an answer that broke off, and how a model follows it. The text so far is the last message, or the one
// before a user's that asks for its end between marks.

// turns: [{role, text}]. {how, shown, anchor, kept: how many turns stood before}, or null.
export function going_on(turns) {
  const last = turns[turns.length - 1];
  const asked = turns[turns.length - 2];
  if (last?.role === 'assistant' && last.text) return { how: 'straight', shown: last.text, anchor: '', kept: turns.length - 1 };
  const marked = last?.role === 'user' && asked?.role === 'assistant' ? /<<<\n([\s\S]*)\n>>>$/.exec(last.text) : null;
  return marked ? { how: 'anchored', shown: asked.text, anchor: marked[1], kept: turns.length - 2 } : null;
}

// What the model says instead of `whole`; null when `shown` is not how its answer begins.
// The beginning of its own answer no model can ignore; what a user asks for it can.
export function text_that_goes_on({ how, shown, anchor }, whole, manner = 'exact') {
  if (manner === 'stray' && how === 'anchored') return 'I am not sure what you would like me to go on with.';
  if (manner === 'silent') return '';
  if (!whole.startsWith(shown)) return null;
  const rest = anchor + whole.slice(shown.length);
  const manners = { exact: rest, restart: whole, preamble: `Sure, here is the rest:\n\n${rest}`, fence: `\`\`\`\n${rest}\n\`\`\`` };
  return how === 'straight' && manner !== 'restart' ? rest : manners[manner] ?? rest;
}
