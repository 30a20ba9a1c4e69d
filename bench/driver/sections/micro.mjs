// The programs of bench/micro: medians of repetitions that are interleaved.
import { existsSync, readdirSync } from 'node:fs';
import path from 'node:path';
import { cores, run } from '../processes.mjs';
import { table } from '../numbers.mjs';

export const title = 'Micro benches';

export async function measure({ tree, quick, note }) {
  const folder = path.join(tree, 'bench');
  const result = { programs: {} };
  for (const program of existsSync(folder) ? readdirSync(folder).filter((f) => f.startsWith('micro_')).sort() : []) {
    const threads = ['micro_ledger', 'micro_mapped'].includes(program); // contention needs both cores
    const args = ['--benchmark_format=json', '--benchmark_enable_random_interleaving=true',
      `--benchmark_repetitions=${quick ? 5 : 10}`, `--benchmark_min_time=${quick ? 0.02 : 0.05}`];
    const text = await run(threads ? '0-1' : cores.proxy, path.join(folder, program), args);
    const rows = {};
    for (const b of JSON.parse(text).benchmarks) {
      if (b.run_type !== 'aggregate' || !['median', 'cv'].includes(b.aggregate_name)) continue;
      const row = (rows[b.run_name] ??= {});
      if (b.aggregate_name === 'cv') row.spread = b.cpu_time;
      else Object.assign(row, { cpu: b.cpu_time, unit: b.time_unit, items_per_second: b.items_per_second, bytes_per_second: b.bytes_per_second });
    }
    result.programs[program] = rows;
    note(program);
  }
  return result;
}

export function render(r) {
  const rows = [];
  for (const [program, benches] of Object.entries(r.programs)) {
    const byName = new Intl.Collator('en', { numeric: true }).compare;
    for (const [name, b] of Object.entries(benches).sort((x, y) => byName(x[0], y[0]))) {
      const speed = b.bytes_per_second ? `${(b.bytes_per_second / 1e9).toFixed(2)} GB/s`
        : b.items_per_second ? `${(1e9 / b.items_per_second).toFixed(0)} ns an item` : '';
      rows.push([program, name, `${b.cpu.toFixed(b.cpu < 100 ? 2 : 0)} ${b.unit}`, `${(b.spread * 100).toFixed(0)} %`, speed]);
    }
  }
  const plugin = r.programs.micro_plugin;
  const boundary = plugin && plugin.BM_BoundaryAbi && plugin.BM_BoundaryLinked
    ? `\n\nThe plugin boundary, through the ABI against linked: ${(plugin.BM_BoundaryAbi.cpu / plugin.BM_BoundaryLinked.cpu).toFixed(2)}` : '';
  return table(['program', 'bench', 'CPU, median', 'deviation', ''], rows) + boundary;
}
