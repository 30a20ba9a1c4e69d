// From the start of the process to its first answered request: all plugins, the request log and the ledger of a month.
import { execFileSync } from 'node:child_process';
import { readdirSync, statSync } from 'node:fs';
import http from 'node:http';
import path from 'node:path';
import { World } from '../world.mjs';
import { show, spread, table } from '../numbers.mjs';

export const title = 'Cold start';

const rows = 300_000; // ten thousand a day

// The rows of real requests, copied over thirty days.
function fill(database) {
  const sqlite = (sql) => execFileSync('sqlite3', [database, sql], { encoding: 'utf8' }).trim();
  const count = 'select sum(rows) from request_batches';
  const have = Number(sqlite(count));
  const copies = Math.ceil(rows / have);
  const earlier = (name) => `${name} - 2592000000 * n / ${copies}`;
  sqlite(`with recursive c(n) as (select 1 union all select n + 1 from c where n < ${copies}) insert into request_batches select id + ${have} * n, ${earlier('oldest_ms')}, ${earlier('newest_ms')}, rows, packed from request_batches, c; pragma wal_checkpoint(truncate);`);
  return Number(sqlite(count));
}

const ask = (port, key) => new Promise((done, failed) => {
  const body = JSON.stringify({ model: 'auto', messages: [{ role: 'user', content: 'hello' }] });
  const request = http.request({ port, host: '127.0.0.1', method: 'POST', path: '/v1/chat/completions', agent: false,
    headers: { authorization: `Bearer ${key}`, 'content-type': 'application/json', 'content-length': body.length } }, (answer) => {
    answer.resume().on('end', () => (answer.statusCode === 200 ? done() : failed(new Error(`the first request got ${answer.statusCode}`))));
  });
  request.on('error', failed);
  request.end(body);
});

export async function measure({ tree, quick, rounds, note }) {
  const world = await World.open(tree, { only: ['router'] });
  try {
    await world.load('router', { requests: 1000, connections: 8 });
    await world.stopRouter();
    const file = readdirSync(world.data).find((name) => name.endsWith('.db'));
    const kept = fill(path.join(world.data, file));
    const taken = [];
    for (let i = 0; i < (quick ? 5 : rounds + 5); ++i) {
      const from = process.hrtime.bigint();
      await world.startRouter();
      await ask(world.targets.router.port, world.targets.router.key);
      taken.push(Number(process.hrtime.bigint() - from) / 1e6);
      await world.stopRouter();
      note(`start ${i + 1}`);
    }
    return { ms: spread(taken), rows: kept, plugins: readdirSync(path.join(tree, 'lib/freellmapi/plugins')).length,
      database_mib: statSync(path.join(world.data, file)).size / 2 ** 20 };
  } finally {
    await world.close();
  }
}

export function render(r) {
  return [table(['plugins', 'rows in the log', 'database', 'milliseconds to the first answer'],
    [[r.plugins, r.rows, `${r.database_mib.toFixed(0)} MiB`, show(r.ms, 0)]]), '',
  'Counted from the call that makes the process, `taskset` and the making of it included.'].join('\n');
}
