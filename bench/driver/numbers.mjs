// Medians and how far they spread. A ratio is always taken inside one round, so that a slow second hits both sides.

export function quantile(sorted, share) {
  const at = share * (sorted.length - 1);
  const low = Math.floor(at), high = Math.ceil(at);
  return sorted[low] + (sorted[high] - sorted[low]) * (at - low);
}

/** {median, low, high}: the middle and the quartiles of what are numbers among `values`; null when there are none. */
export function spread(values) {
  const sorted = values.filter((v) => Number.isFinite(v)).sort((a, b) => a - b);
  if (sorted.length === 0) return null;
  return { median: quantile(sorted, 0.5), low: quantile(sorted, 0.25), high: quantile(sorted, 0.75) };
}

/** The spread of pick(a) / pick(b) over the rounds. */
export const ratio = (rounds, a, b, pick) => spread(rounds.map((round) => pick(round[a]) / pick(round[b])));
/** The spread of pick(a) - pick(b) over the rounds. */
export const difference = (rounds, a, b, pick) => spread(rounds.map((round) => pick(round[a]) - pick(round[b])));
export const middle = (rounds, a, pick) => spread(rounds.map((round) => pick(round[a])));

export function show(s, digits = 2) {
  if (!s) return 'not measured';
  return `${s.median.toFixed(digits)} (${s.low.toFixed(digits)}..${s.high.toFixed(digits)})`;
}

/** A table in Markdown. */
export function table(head, rows) {
  const line = (cells) => `| ${cells.join(' | ')} |`;
  return [line(head), line(head.map(() => '---')), ...rows.map(line)].join('\n');
}
