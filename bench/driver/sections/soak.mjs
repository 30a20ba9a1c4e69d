// A thousand requests a second for as long as is asked: what memory and descriptors do meanwhile.
import { readdirSync } from 'node:fs';
import { World } from '../world.mjs';
import { memory } from '../processes.mjs';
import { table } from '../numbers.mjs';

export const title = 'Soak';

const rate = 1000;
const least_of_rate = 0.95;

// The least squares' slope of y over x.
function slope(points) {
  const n = points.length, mean = (pick) => points.reduce((sum, p) => sum + pick(p), 0) / n;
  const x = mean((p) => p.x), y = mean((p) => p.y);
  const over = points.reduce((sum, p) => sum + (p.x - x) ** 2, 0);
  return over === 0 ? 0 : points.reduce((sum, p) => sum + (p.x - x) * (p.y - y), 0) / over;
}

export async function measure({ tree, quick, hours, whole, note }) {
  const seconds = hours > 0 ? hours * 3600 : quick ? 20 : whole ? 90 : 300;
  const world = await World.open(tree, { only: ['router'] });
  try {
    const pid = world.targets.router.pids().at(-1);
    const look = () => ({ kib: memory([pid]), files: readdirSync(`/proc/${pid}/fd`).length });
    await world.load('router', { rate, seconds: Math.min(10, seconds / 2) }); // pools and arenas fill
    const points = [], files = [];
    const begun = Date.now();
    const ended = world.load('router', { rate, seconds });
    let over = false;
    ended.finally(() => { over = true; }).catch(() => {});
    for (let at = 1; at < seconds && !over; ++at) {
      await new Promise((done) => { setTimeout(done, Math.max(0, begun + at * 1000 - Date.now())); });
      if (over) break;
      const now = look();
      points.push({ x: at / 3600, y: now.kib / 1024 });
      files.push(now.files);
      if (at % 10 === 0) note(`${at} of ${Math.round(seconds)} s, ${(now.kib / 1024).toFixed(1)} MiB`);
    }
    const answered = await ended;
    // Under a lesser load memory and descriptors tell nothing of the goal's.
    note(`${answered.rate.toFixed(0)} requests a second, ${(points.at(-1)?.y ?? 0).toFixed(1)} MiB`);
    if (answered.rate < least_of_rate * rate) throw new Error(`${answered.rate.toFixed(0)} requests a second, and ${rate} were to be sent`);
    const late = points.slice(Math.floor(points.length / 2));
    return { seconds, rate: answered.rate, requests: answered.requests, first_mib: points[0]?.y, last_mib: points.at(-1)?.y, slope_mib_per_hour: slope(late),
      descriptors: { least: Math.min(...files), most: Math.max(...files) }, errors: world.errors ?? 0 };
  } finally {
    await world.close();
  }
}

export function render(r) {
  return [
    table(['seconds', 'requests', 'req/s', 'MiB at the beginning', 'at the end', 'slope of the second half, MiB/h', 'descriptors'],
      [[Math.round(r.seconds), r.requests, r.rate.toFixed(0), r.first_mib.toFixed(2), r.last_mib.toFixed(2), r.slope_mib_per_hour.toFixed(2), `${r.descriptors.least} to ${r.descriptors.most}`]]),
    '',
    `A slope over less than an hour tells as much as its time allows: --hours 1 is the goal's. Errors: ${r.errors}.`,
  ].join('\n');
}
