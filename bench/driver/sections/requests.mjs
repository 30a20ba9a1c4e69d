// Small requests at 1, 16 and 64 connections: throughput, processor time, latency.
import { World } from '../world.mjs';
import { difference, middle, ratio, show, table } from '../numbers.mjs';

export const title = 'Requests of 700 bytes, answers of 600';

export async function measure({ tree, quick, rounds, note }) {
  const world = await World.open(tree);
  const result = { connections: {} };
  try {
    result.idle_memory_kib = (await world.load('router', { requests: 1 })).memory;
    for (const connections of quick ? [1, 16, 64] : [1, 16, 64, 256]) {
      const samples = [];
      for (let i = 0; i < rounds; ++i) {
        samples.push(await world.round(i, { connections, seconds: quick ? 0.4 : 1 }));
        note(`${connections} connections, round ${i + 1} of ${rounds}`);
      }
      const rate = (s) => s.rate, cpu = (s) => s.cpu, p50 = (s) => s.latency_p50_us, p99 = (s) => s.latency_p99_us;
      result.connections[connections] = {
        rate_ratio: ratio(samples, 'router', 'nginx', rate),
        cpu_ratio: ratio(samples, 'router', 'nginx', cpu),
        p50_ratio: ratio(samples, 'router', 'nginx', p50),
        p99_ratio: ratio(samples, 'router', 'nginx', p99),
        added_p50_us: { nginx: difference(samples, 'nginx', 'direct', p50), router: difference(samples, 'router', 'direct', p50) },
        added_p99_us: { nginx: difference(samples, 'nginx', 'direct', p99), router: difference(samples, 'router', 'direct', p99) },
        rate: Object.fromEntries(['direct', 'nginx', 'router'].map((t) => [t, middle(samples, t, rate)])),
        cpu_us: Object.fromEntries(['nginx', 'router'].map((t) => [t, middle(samples, t, cpu)])),
        p50_us: Object.fromEntries(['direct', 'nginx', 'router'].map((t) => [t, middle(samples, t, p50)])),
      };
    }
    result.busy_memory_kib = (await world.load('router', { requests: 1 })).memory;
    result.errors = world.errors ?? 0;
  } finally {
    await world.close();
  }
  return result;
}

export function render(r) {
  const each = Object.entries(r.connections);
  return [
    'The router against nginx `proxy_pass`, round by round: median (quartiles).',
    '',
    table(['connections', 'req/s', 'CPU per request', 'p50', 'p99'],
      each.map(([c, x]) => [c, show(x.rate_ratio), show(x.cpu_ratio), show(x.p50_ratio), show(x.p99_ratio)])),
    '',
    'Added to the latency of asking the provider directly, in microseconds:',
    '',
    table(['connections', 'p50 nginx', 'p50 router', 'p99 nginx', 'p99 router'],
      each.map(([c, x]) => [c, show(x.added_p50_us.nginx, 0), show(x.added_p50_us.router, 0), show(x.added_p99_us.nginx, 0), show(x.added_p99_us.router, 0)])),
    '',
    'What this machine did (these figures move with its neighbours; only the ratios hold):',
    '',
    table(['connections', 'req/s direct', 'nginx', 'router', 'CPU us nginx', 'router', 'p50 us direct', 'nginx', 'router'],
      each.map(([c, x]) => [c, ...['direct', 'nginx', 'router'].map((t) => show(x.rate[t], 0)), ...['nginx', 'router'].map((t) => show(x.cpu_us[t], 1)), ...['direct', 'nginx', 'router'].map((t) => show(x.p50_us[t], 0))])),
    '',
    `Resident memory of the router: ${(r.idle_memory_kib / 1024).toFixed(1)} MiB after one request, ${(r.busy_memory_kib / 1024).toFixed(1)} MiB after the last. Errors: ${r.errors}.`,
  ].join('\n');
}
