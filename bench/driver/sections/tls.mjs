// What TLS to the provider adds: over a pooled connection, and with a handshake for each request.
import http from 'node:http';
import { World } from '../world.mjs';
import { show, spread, table } from '../numbers.mjs';

export const title = 'TLS to the provider';

const stats = (port) => new Promise((done, failed) => {
  http.get({ port, host: '127.0.0.1', path: '/stats', agent: false }, (answer) => {
    let text = '';
    answer.on('data', (bytes) => { text += bytes; });
    answer.on('end', () => done(JSON.parse(text)));
  }).on('error', failed);
});

export async function measure({ tree, quick, rounds, note }) {
  const world = await World.open(tree, { only: ['router'], tls: true });
  try {
    const added = { pooled: [], fresh: [] }, cpu = { plain: [], sealed: [] };
    const ask = (model) => world.load('router', { model: `${model}/bench`, seconds: quick ? 0.4 : 1 });
    for (let i = 0; i < rounds; ++i) {
      const turn = {};
      const order = ['mock', 'sealed', 'closing', 'sealed-closing'];
      for (const model of i % 2 === 0 ? order : order.reverse()) turn[model] = await ask(model);
      added.pooled.push(turn.sealed.latency_p50_us - turn.mock.latency_p50_us);
      added.fresh.push(turn['sealed-closing'].latency_p50_us - turn.closing.latency_p50_us);
      cpu.plain.push(turn.mock.cpu);
      cpu.sealed.push(turn.sealed.cpu);
      note(`round ${i + 1} of ${rounds}`);
    }
    const { handshakes, resumed } = await stats(world.mockPort);
    return { added_p50_us: { pooled: spread(added.pooled), fresh: spread(added.fresh) }, cpu_us: { plain: spread(cpu.plain), sealed: spread(cpu.sealed) },
      handshakes, resumed, resumed_share: resumed / Math.max(handshakes - 1, 1), // the first has nothing to resume
      errors: world.errors ?? 0 };
  } finally {
    await world.close();
  }
}

export function render(r) {
  return [
    table(['added by TLS to the median, in microseconds', ''], [['warm pool', show(r.added_p50_us.pooled, 0)], ['a handshake for each request', show(r.added_p50_us.fresh, 0)]]),
    '',
    `One connection. CPU per request, in microseconds: plain ${show(r.cpu_us.plain, 0)}, TLS ${show(r.cpu_us.sealed, 0)}. ` +
      `Of ${r.handshakes} handshakes ${(r.resumed_share * 100).toFixed(2)} % resumed a session. Errors: ${r.errors}.`,
  ].join('\n');
}
