// What is asked of the router, and how far a report is from it.

const middle = (spread) => spread?.median;

/** name, unit, at most (or at least), and where the figure stands in a report; undefined: not measured. */
export const goals = [
  { name: 'throughput, 16 connections, of nginx', least: 1, unit: 'x', of: (s) => middle(s.requests?.connections?.[16]?.rate_ratio) },
  { name: 'throughput, 64 connections, of nginx', least: 1, unit: 'x', of: (s) => middle(s.requests?.connections?.[64]?.rate_ratio) },
  ...[1, 16, 64, 256].map((n) => ({ name: `CPU per request, ${n} connection${n > 1 ? 's' : ''}, of nginx`, most: 1, unit: 'x', of: (s) => middle(s.requests?.connections?.[n]?.cpu_ratio) })),
  { name: 'added median, 1 connection, of nginx', most: 1, unit: 'x', of: (s) => ratio(s.requests?.connections?.[1]?.added_p50_us) },
  { name: 'added p99, 1 connection, of nginx', most: 1.2, unit: 'x', of: (s) => ratio(s.requests?.connections?.[1]?.added_p99_us) },
  { name: 'user instructions of a request', most: 40_000, unit: '', of: (s) => s.instructions?.per_request?.router },
  { name: 'system calls of a request, 8 connections', most: 5, unit: '', of: (s) => sum(s.calls?.loads?.['8 connections']?.router) },
  { name: 'decide, reserve, settle, 1 thread', most: 250, unit: 'ns', of: (s) => decision(s, 1) },
  { name: 'decide, reserve, settle, 2 threads', most: 250, unit: 'ns', of: (s) => decision(s, 2) },
  { name: 'CPU, prompt of 100 KB, of nginx', most: 2, unit: 'x', of: (s) => middle(s.prompts?.bodies?.[100_000]?.cpu_ratio) },
  { name: 'CPU, prompt of 1 MiB, of nginx', most: 2, unit: 'x', of: (s) => middle(s.prompts?.bodies?.[1 << 20]?.cpu_ratio) },
  ...[[1000, 50], [5000, 10]].flatMap(([n, pace]) => [
    { name: `CPU per event, ${n} x ${pace}/s, of nginx`, most: 1.1, unit: 'x', of: (s) => middle(streams(s, n)?.cpu_ratio) },
    { name: `p99 lag, ${n} x ${pace}/s, of nginx`, most: 1.1, unit: 'x', of: (s) => middle(streams(s, n)?.p99_ratio) },
    { name: `whole streams, ${n} x ${pace}/s`, least: 1, unit: 'x', of: (s) => share(streams(s, n)) },
  ]),
  { name: 'memory, idle', most: 20, unit: 'MiB', of: (s) => kib(s.memory?.idle_kib?.router, 1024) },
  { name: 'memory of an idle connection', most: 8, unit: 'KiB', of: (s) => s.memory?.connection_kib?.router },
  { name: 'memory of an open stream', most: 16, unit: 'KiB', of: (s) => s.memory?.stream_kib?.router },
  { name: 'added by TLS, warm pool', most: 30, unit: 'us', of: (s) => middle(s.tls?.added_p50_us?.pooled) },
  { name: 'cold handshakes that resume a session', least: 0.99, unit: 'x', of: (s) => s.tls?.resumed_share },
  { name: 'added by a failover hop', most: 150, unit: 'us', of: (s) => middle(s.failover?.added_p50_us) },
  { name: 'cold start to the first answer', most: 150, unit: 'ms', of: (s) => middle(s.start?.ms) },
  { name: 'plugin boundary, of compiled in', most: 1.1, unit: 'x', of: (s) => middle(s.boundary?.ratio) },
  { name: 'growth under load', most: 1, unit: 'MiB/h', of: (s) => s.soak?.slope_mib_per_hour },
];

const ratio = (added) => (added ? middle(added.router) / middle(added.nginx) : undefined);
const sum = (calls) => (calls ? Object.values(calls).reduce((a, b) => a + b, 0) : undefined);
const streams = (s, n) => s.streams?.loads?.find((load) => load.streams === n);
const share = (load) => (load ? load.whole / load.begun : undefined);
const kib = (value, by) => (value === undefined ? undefined : value / by);
function decision(s, threads) {
  const rows = s.micro?.programs?.micro_decide;
  return rows?.[Object.keys(rows).find((name) => name.startsWith('decide_reserve_settle/hot:0') && name.endsWith(`threads:${threads}`))]?.cpu;
}

/** The goals that were measured: {name, unit, value, goal, met, worse} where worse is 1 at the goal and grows away from it. */
export function judged(sections) {
  return goals.map(({ name, unit, most, least, of }) => {
    const value = of(sections);
    const goal = most ?? least;
    const worse = most !== undefined ? value / goal : goal / value;
    return { name, unit, value, goal, at_least: least !== undefined, met: worse <= 1 + 1e-9, worse };
  }).filter(({ value }) => Number.isFinite(value));
}

export const figure = (value, unit) => `${Math.abs(value) >= 1000 ? Math.round(value).toLocaleString('en') : Number(value.toPrecision(3))}${unit === 'x' ? ' x' : unit ? ` ${unit}` : ''}`;
