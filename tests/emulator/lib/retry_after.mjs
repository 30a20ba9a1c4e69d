// The forms in which providers say when to come back, made from one value.

const unit_seconds = { d: 86400, h: 3600, m: 60, s: 1, ms: 0.001 };

// Seconds meant by "7", "1.5", "2m59.56s", "450ms" or a number; undefined for anything else.
export function to_seconds(text) {
  const plain = String(text).trim();
  if (/^\d+(\.\d+)?$/.test(plain)) return Number(plain);
  if (!/^(\d+(\.\d+)?(ms|[dhms]))+$/.test(plain)) return undefined;
  let sum = 0;
  for (const [, number, unit] of plain.matchAll(/(\d+(?:\.\d+)?)(ms|[dhms])/g)) sum += Number(number) * unit_seconds[unit];
  return sum;
}

// "2m59.56s", "7.66s", "825ms": as Go prints durations.
export function go_duration(seconds) {
  if (seconds > 0 && seconds < 1) return `${Number((seconds * 1000).toFixed(3))}ms`;
  const hours = Math.floor(seconds / 3600);
  const minutes = Math.floor((seconds % 3600) / 60);
  const rest = Number((seconds % 60).toFixed(3));
  return `${hours > 0 ? `${hours}h` : ''}${hours > 0 || minutes > 0 ? `${minutes}m` : ''}${rest}s`;
}

const places = ['header', 'header_ms', 'reset', 'body', 'prose', 'none'];

// What a rate_limit action says, in one record:
//   seconds   what is meant;  header  the literal text of Retry-After;
//   window    second|minute|hour|day|month;  axis  requests|tokens|concurrency;  in  where it is said.
export function hint_of(params, clock, default_places) {
  const { retry_after = '7', window = 'minute', axis = 'requests' } = params;
  let seconds = to_seconds(retry_after);
  let header = String(retry_after);
  if (retry_after === 'http-date') {
    seconds = params.seconds ?? 7;
    header = new Date(clock.now() + seconds * 1000).toUTCString();
  }
  if (seconds === undefined) {
    const date = Date.parse(header);
    seconds = Number.isNaN(date) ? 7 : Math.max(0, (date - clock.now()) / 1000);
  }
  const where = [params.in ?? default_places].flat();
  for (const place of where) if (!places.includes(place)) throw new Error(`unknown place "${place}" for a retry hint`);
  // Seen values reach the header as they are; computed ones are whole seconds, as real servers send them.
  if (params.used !== undefined && /^\d/.test(header)) header = String(Math.max(1, Math.ceil(seconds)));
  return { ...params, seconds, header, window, axis, says: (place) => where.includes(place) };
}

export const hint_headers = (hint) => ({
  ...(hint.says('header') ? { 'retry-after': hint.header } : {}),
  ...(hint.says('header_ms') ? { 'retry-after-ms': String(Math.round(hint.seconds * 1000)) } : {}),
});
