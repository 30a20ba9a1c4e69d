// Resident memory: of the idle program, of a connection that has had its answer, of an open stream.
import { World } from '../world.mjs';
import { memory } from '../processes.mjs';
import { table } from '../numbers.mjs';

export const title = 'Memory';

const pause = (ms) => new Promise((done) => { setTimeout(done, ms); });
const resident = (world, name) => memory(world.targets[name].pids());

// What the process has grown by while `load` runs, seen after `after_ms`.
async function grown(world, name, options, after_ms) {
  const before = resident(world, name);
  const ended = world.load(name, options);
  await pause(after_ms);
  const during = resident(world, name);
  const { errors, streams_whole } = await ended;
  return { kib: during - before, errors, streams_whole };
}

export async function measure({ tree, quick, note }) {
  const connections = quick ? 500 : 2000, chunks = quick ? 15 : 30;
  const result = { connections, idle_kib: {}, connection_kib: {}, stream_kib: {}, errors: 0 };
  for (const name of ['nginx', 'router']) {
    const world = await World.open(tree, { only: [name], chunks, intervalUs: 200_000 });
    try {
      await world.load(name, { requests: 1 });
      await pause(2000); // until what the start needed has been given back
      result.idle_kib[name] = resident(world, name);
      // A first crowd warms what every later one uses again; what a second, larger one adds is each connection's own.
      const few = connections / 4;
      for (const [what, options, after_ms] of [['connection_kib', { requests: 1, hold: 4 }, 3000], ['stream_kib', { stream: true }, chunks * 100]]) {
        const more = async (n) => grown(world, name, { ...options, connections: n, ...(options.requests ? { requests: n } : {}) }, after_ms);
        await more(few);
        const least = resident(world, name);
        const { kib, errors } = await more(connections);
        result[what][name] = (kib + Math.max(least - result.idle_kib[name], 0)) / connections;
        result.errors += errors;
        note(`${name}, ${what}`);
      }
    } finally {
      await world.close();
    }
  }
  return result;
}

export function render(r) {
  return [
    table(['program', 'idle', 'per idle connection', 'per open stream'],
      Object.keys(r.idle_kib).map((name) => [name, `${(r.idle_kib[name] / 1024).toFixed(1)} MiB`, `${r.connection_kib[name].toFixed(1)} KiB`, `${r.stream_kib[name].toFixed(1)} KiB`])),
    '',
    `${r.connections} connections, plain upstream; what the allocator keeps of a crowd that has gone is counted as the crowd's. Errors: ${r.errors}.`,
  ].join('\n');
}
