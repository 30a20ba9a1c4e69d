// Large prompts: whole repositories come as one request.
import { World } from '../world.mjs';
import { difference, middle, ratio, show, table } from '../numbers.mjs';

export const title = 'Large prompts';

export async function measure({ tree, quick, rounds, note }) {
  const world = await World.open(tree);
  const result = { bodies: {} };
  try {
    for (const bytes of [100_000, 1 << 20]) {
      const samples = [];
      for (let i = 0; i < rounds; ++i) {
        samples.push(await world.round(i, { connections: 1, bodyBytes: bytes, seconds: quick ? 0.4 : 1 }));
        note(`${bytes} bytes, round ${i + 1} of ${rounds}`);
      }
      const cpu = (s) => s.cpu, p50 = (s) => s.latency_p50_us;
      result.bodies[bytes] = {
        cpu_ratio: ratio(samples, 'router', 'nginx', cpu),
        p50_ratio: ratio(samples, 'router', 'nginx', p50),
        cpu_us: Object.fromEntries(['nginx', 'router'].map((t) => [t, middle(samples, t, cpu)])),
        added_p50_us: { nginx: difference(samples, 'nginx', 'direct', p50), router: difference(samples, 'router', 'direct', p50) },
      };
    }
    result.memory_kib = (await world.load('router', { requests: 1 })).memory;
    result.errors = world.errors ?? 0;
  } finally {
    await world.close();
  }
  return result;
}

export function render(r) {
  return [
    table(['body', 'CPU per request, router/nginx', 'p50', 'CPU us nginx', 'router', 'added p50 us nginx', 'router'],
      Object.entries(r.bodies).map(([bytes, x]) => [`${bytes} bytes`, show(x.cpu_ratio), show(x.p50_ratio), ...['nginx', 'router'].map((t) => show(x.cpu_us[t], 0)), ...['nginx', 'router'].map((t) => show(x.added_p50_us[t], 0))])),
    '',
    `One connection. Resident memory of the router afterwards: ${(r.memory_kib / 1024).toFixed(1)} MiB. Errors: ${r.errors}.`,
  ].join('\n');
}
