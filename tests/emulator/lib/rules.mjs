// Scripted faults: which rule applies to which request.

// Actions that replace the answer whole; they apply to every request, also one that strictness refuses.
const replacing = ['status', 'rate_limit', 'auth', 'payment', 'forbidden', 'not_found', 'gone', 'too_large',
  'context_too_long', 'content_filter', 'server_error', 'refuse', 'reset_before_headers', 'silence', 'error_in_200',
  'html_200', 'oversize_body', 'header_bomb', 'gzip_bomb', 'redirect', 'wrong_length', 'http_09', 'retry_after_absurd',
  'bad_request'];
// Actions that shape a good answer; they apply only to a request that the provider accepts.
const shaping = ['text', 'tool_call', 'reasoning', 'finish', 'empty_completion', 'usage_absurd', 'slow_first_token', 'slow', 'cut',
  'cut_legal', 'stall', 'malformed_chunk', 'bad_chunk_header', 'missing_done', 'error_in_stream', 'json_on_stream', 'endless_stream',
  'endless_line', 'two_finish_reasons', 'data_after_done', 'crlf', 'byte_by_byte', 'comment_flood', 'no_space', 'informational_flood', 'cut_at',
  'going_on', 'refuse_straight', 'normal'];
// Companions that say nothing alone.
const companions = ['body', 'headers', 'delay'];
const matchers = ['provider', 'model', 'key', 'nth', 'path', 'stream', 'contains', 'method'];

const known = new Set([...replacing, ...shaping, ...companions]);

function normal_action(action) {
  const whole = typeof action === 'string' ? { [action]: {} } : { ...action };
  for (const [name, value] of Object.entries(whole)) {
    if (!known.has(name)) throw new Error(`unknown action "${name}"`);
    if (value === true) whole[name] = {};
    if (value === false) delete whole[name];
  }
  if (typeof whole.text === 'string') whole.text = { text: whole.text };
  if (typeof whole.reasoning === 'string') whole.reasoning = { text: whole.reasoning };
  if (typeof whole.going_on === 'string') whole.going_on = { manner: whole.going_on };
  if (typeof whole.cut_at === 'number') whole.cut_at = { bytes: whole.cut_at };
  if (typeof whole.finish === 'string') whole.finish = { reason: whole.finish };
  if (typeof whole.server_error !== 'undefined' && typeof whole.server_error !== 'object') whole.server_error = { status: whole.server_error };
  if (Object.keys(whole).filter((n) => replacing.includes(n)).length > 1) throw new Error('a rule takes one replacing action');
  if (!Object.keys(whole).some((n) => !companions.includes(n))) throw new Error('an action needs a name');
  return whole;
}

function normal_rule(rule) {
  for (const name of Object.keys(rule))
    if (!['match', 'times', 'action', 'name'].includes(name)) throw new Error(`unknown member "${name}" in a rule`);
  const match = rule.match ?? {};
  for (const name of Object.keys(match)) if (!matchers.includes(name)) throw new Error(`unknown matcher "${name}"`);
  if (rule.action === undefined) throw new Error('a rule needs an action');
  const action = normal_action(rule.action);
  if (rule.times !== undefined && !(Number.isInteger(rule.times) && rule.times > 0)) throw new Error('times is a positive integer');
  if (action.refuse?.at === 'accept' && rule.times === undefined)
    throw new Error('refuse at accept needs times: it meets the control plane too');
  return { match, action, times: rule.times ?? Infinity, name: rule.name, seen: 0, used: 0 };
}

const nth_fits = (nth, seen) =>
  nth === undefined || (Array.isArray(nth) ? nth.includes(seen) : typeof nth === 'object' ? seen >= (nth.from ?? 1) && seen <= (nth.to ?? Infinity) : seen === nth);

export class Rules {
  constructor() {
    this.rules = [];
  }

  replace(list) {
    this.rules = list.map(normal_rule);
  }

  append(list) {
    const made = list.map(normal_rule);
    if (this.rules.length + made.length > 10000) throw new Error('too many rules');
    this.rules.push(...made);
  }

  // accepted: strictness found nothing to refuse.
  pick(ctx, accepted) {
    for (const [index, rule] of this.rules.entries()) {
      if (rule.used >= rule.times || rule.action.refuse?.at === 'accept' || !this.#fits(rule.match, ctx)) continue;
      if (!accepted && !Object.keys(rule.action).some((n) => replacing.includes(n))) continue;
      rule.seen += 1;
      if (!nth_fits(rule.match.nth, rule.seen)) continue;
      rule.used += 1;
      return { ...rule, label: rule.name ?? `${index}:${Object.keys(rule.action).join('+')}` };
    }
    return null;
  }

  refuses_connection() {
    const rule = this.rules.find((r) => r.action.refuse?.at === 'accept' && r.used < r.times);
    if (rule) rule.used += 1;
    return rule !== undefined;
  }

  // Without a path a rule means generation calls only: key checks and model lists pass it by.
  #fits(match, ctx) {
    if (match.path === undefined ? !ctx.is_chat : match.path !== '*' && !ctx.full_path.endsWith(match.path)) return false;
    return (match.provider === undefined || match.provider === ctx.provider)
      && (match.model === undefined || match.model === ctx.model)
      && (match.key === undefined || match.key === ctx.key)
      && (match.method === undefined || match.method === ctx.method)
      && (match.stream === undefined || match.stream === ctx.stream)
      && (match.contains === undefined || ctx.text.includes(match.contains));
  }
}
