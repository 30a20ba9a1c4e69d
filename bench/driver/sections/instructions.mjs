// User instructions of one request, by callgrind: what many requests cost more than a few do. The one figure that does not
// move with the machine's neighbours.
import { readFileSync } from 'node:fs';
import path from 'node:path';
import { World } from '../world.mjs';
import { has, stop } from '../processes.mjs';
import { table } from '../numbers.mjs';

export const title = 'User instructions';


async function total(tree, name, options, requests) {
  const command = (folder) => ['valgrind', '--tool=callgrind', `--callgrind-out-file=${folder}/callgrind.out`, '-q'];
  const world = await World.open(tree, { only: [name], via: { [name]: { command, args: ['-g', 'master_process off;'] } } });
  try {
    await world.load(name, { ...options, requests });
    await stop(world.targets[name].child, name === 'nginx' ? 'SIGQUIT' : 'SIGTERM');
    return Number(/^totals: (\d+)/m.exec(readFileSync(path.join(world.folder, 'callgrind.out'), 'utf8'))[1]);
  } finally {
    await world.close();
  }
}

export async function measure({ tree, quick, note }) {
  if (!has('valgrind')) return { skipped: 'valgrind is not installed' };
  const few = 100, many = quick ? 400 : 1000;
  const result = { per_request: {} };
  for (const name of ['nginx', 'router']) {
    const base = await total(tree, name, { connections: 1 }, few);
    result.per_request[name] = ((await total(tree, name, { connections: 1 }, many)) - base) / (many - few);
    note(name);
  }
  return result;
}

export function render(r) {
  if (r.skipped) return `Not measured: ${r.skipped}.`;
  return table(['program', 'user instructions per request'], Object.entries(r.per_request).map(([name, n]) => [name, Math.round(n)]));
}
