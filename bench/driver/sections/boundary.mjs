// The plugin boundary: a request built and a 1 KB answer parsed through the ABI, against the same source compiled in.
import path from 'node:path';
import { cores, run } from '../processes.mjs';
import { show, spread, table } from '../numbers.mjs';

export const title = 'The plugin boundary';

export async function measure({ tree, quick, rounds, note }) {
  const ratios = [], abi = [], linked = [];
  for (let i = 0; i < Math.max(rounds, 9); ++i) {
    const text = await run(cores.proxy, path.join(tree, 'bench/micro_plugin'), ['--benchmark_format=json', '--benchmark_filter=Boundary',
      '--benchmark_enable_random_interleaving=true', '--benchmark_repetitions=3', `--benchmark_min_time=${quick ? 0.02 : 0.05}`]);
    const median = Object.fromEntries(JSON.parse(text).benchmarks.filter((b) => b.aggregate_name === 'median').map((b) => [b.run_name, b.cpu_time]));
    abi.push(median.BM_BoundaryAbi);
    linked.push(median.BM_BoundaryLinked);
    ratios.push(median.BM_BoundaryAbi / median.BM_BoundaryLinked);
    note(`round ${i + 1}`);
  }
  return { ratio: spread(ratios), abi_ns: spread(abi), linked_ns: spread(linked) };
}

export function render(r) {
  return table(['through the ABI / compiled in', 'ns through the ABI', 'ns compiled in'], [[show(r.ratio), show(r.abi_ns, 0), show(r.linked_ns, 0)]]);
}
