// What a failed first candidate costs: it answers 429 at once, the second one serves.
import { World } from '../world.mjs';
import { show, spread } from '../numbers.mjs';

export const title = 'A failover hop';

// A model that has answered 429 rests for a second at least, so each request has a first model of its own: so many, at a
// rate at which none is asked twice in that time.
const hops = 60, rate = 50;

export async function measure({ tree, quick, rounds, note }) {
  const world = await World.open(tree, { only: ['router'], hops });
  try {
    const added = [];
    let seen = 0, asked = 0;
    const turns = Math.max(3, Math.ceil(rounds / 3));
    for (let i = 0; i < turns; ++i) {
      const seconds = quick ? 2 : 4;
      const plain = await world.load('router', { rate, seconds, model: 'auto' });
      const hopping = await world.load('router', { rate, seconds, model: 'auto:hop', models: hops });
      added.push(hopping.latency_p50_us - plain.latency_p50_us);
      seen += hopping.hops;
      asked += hopping.requests;
      note(`round ${i + 1} of ${turns}`);
    }
    return { added_p50_us: spread(added), hops_per_request: seen / asked, rate, errors: world.errors ?? 0 };
  } finally {
    await world.close();
  }
}

export function render(r) {
  return `Added to the median at one connection and ${r.rate} requests/s, in microseconds: ${show(r.added_p50_us, 0)}; ` +
    `${r.hops_per_request.toFixed(2)} hops in a request. Errors: ${r.errors}.`;
}
