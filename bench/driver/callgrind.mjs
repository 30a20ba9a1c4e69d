// User instructions, by callgrind: what many runs cost more than a few do. The one figure that does not move with the
// machine's neighbours.
import { mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { cores, run, stop } from './processes.mjs';
import { World } from './world.mjs';

// A file for each thread.
const command = (folder) => ['valgrind', '--tool=callgrind', '--separate-threads=yes', `--callgrind-out-file=${folder}/callgrind.out`, '-q'];
function totals_in(folder) {
  const totals = new Map();
  for (const file of readdirSync(folder).filter((name) => name.startsWith('callgrind.out'))) {
    const total = /^totals: (\d+)/m.exec(readFileSync(path.join(folder, file), 'utf8'));
    if (total) totals.set(file, Number(total[1]));
  }
  return totals;
}
const sum = (totals) => [...totals.values()].reduce((a, b) => a + b, 0);

/** What a request costs: {all: every thread, serving: the one that serves}. The others' work follows the clock, so only the latter is exact. */
export async function per_request(tree, name, options, few, many) {
  const less = await serving(tree, name, options, few), more = await serving(tree, name, options, many);
  const each = [...more].map(([thread, total]) => (total - (less.get(thread) ?? 0)) / (many - few));
  return { all: (sum(more) - sum(less)) / (many - few), serving: Math.max(...each) };
}

// Of `requests` requests through nginx or the router, by thread, start and end included.
async function serving(tree, name, options, requests) {
  const world = await World.open(tree, { only: [name], via: { [name]: { command, args: ['-g', 'master_process off;'] } } });
  try {
    await world.load(name, { ...options, requests, seconds: 300 }); // the client's patience: all this is fifty times slower
    await stop(world.targets[name].child, name === 'nginx' ? 'SIGQUIT' : 'SIGTERM');
    if (world.errors > 0) throw new Error(`${world.errors} of ${requests} requests failed under callgrind`);
    return totals_in(world.folder);
  } finally {
    await world.close();
  }
}

/** Of one turn of the probe. */
export async function probed(tree, what, few, many) {
  const folder = mkdtempSync(path.join(os.tmpdir(), 'freellmapi-probe-'));
  try {
    const totals = [];
    for (const times of [few, many]) {
      const [program, ...args] = command(folder);
      await run(cores.load, program, [...args, path.join(tree, 'bench/probe'), what, String(times)]);
      totals.push(sum(totals_in(folder)));
    }
    return (totals[1] - totals[0]) / (many - few);
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}
