// Server-sent events: how late each comes, and what relaying it costs.
import { World } from '../world.mjs';
import { middle, ratio, show, table } from '../numbers.mjs';

export const title = 'Streams';

export async function measure({ tree, quick, rounds, note }) {
  const result = { loads: [], errors: 0 };
  const loads = quick ? [{ streams: 100, perSecond: 50, chunks: 75 }]
    : [{ streams: 100, perSecond: 50, chunks: 100 }, { streams: 1000, perSecond: 50, chunks: 100 }, { streams: 5000, perSecond: 10, chunks: 30 }];
  for (const { streams, perSecond, chunks } of loads) {
    const world = await World.open(tree, { chunks, intervalUs: 1_000_000 / perSecond });
    try {
      const samples = [];
      const turns = streams > 100 ? 3 : Math.max(3, Math.ceil(rounds / 3));
      for (let i = 0; i < turns; ++i) {
        samples.push(await world.round(i, { connections: streams, stream: true, seconds: 60 }));
        note(`${streams} streams, round ${i + 1} of ${turns}`);
      }
      const cpu = (s) => s.cpu, p50 = (s) => s.lag_p50_us, p99 = (s) => s.lag_p99_us;
      result.loads.push({
        streams, per_second: perSecond,
        cpu_ratio: ratio(samples, 'router', 'nginx', cpu),
        p50_ratio: ratio(samples, 'router', 'nginx', p50),
        p99_ratio: ratio(samples, 'router', 'nginx', p99),
        cpu_us: Object.fromEntries(['nginx', 'router'].map((t) => [t, middle(samples, t, cpu)])),
        lag_p50_us: Object.fromEntries(['direct', 'nginx', 'router'].map((t) => [t, middle(samples, t, p50)])),
        lag_p99_us: Object.fromEntries(['direct', 'nginx', 'router'].map((t) => [t, middle(samples, t, p99)])),
        whole: samples.reduce((sum, s) => sum + s.router.streams_whole, 0),
        begun: samples.length * streams,
      });
      result.errors += world.errors ?? 0;
    } finally {
      await world.close();
    }
  }
  return result;
}

export function render(r) {
  return [
    table(['streams x events/s', 'CPU per event, router/nginx', 'lag p50', 'lag p99', 'CPU us nginx', 'router', 'lag p50 us direct', 'nginx', 'router', 'lag p99 us direct', 'nginx', 'router', 'whole'],
      r.loads.map((x) => [`${x.streams} x ${x.per_second}`, show(x.cpu_ratio), show(x.p50_ratio), show(x.p99_ratio), ...['nginx', 'router'].map((t) => show(x.cpu_us[t], 1)),
        ...['direct', 'nginx', 'router'].map((t) => show(x.lag_p50_us[t], 0)), ...['direct', 'nginx', 'router'].map((t) => show(x.lag_p99_us[t], 0)), `${x.whole} of ${x.begun}`])),
    '',
    'CPU per event holds the opening and the end of the stream too.',
  ].join('\n');
}
