// User instructions of one request, of nginx and the router.
import { per_request } from '../callgrind.mjs';
import { has } from '../processes.mjs';
import { table } from '../numbers.mjs';

export const title = 'User instructions';

export async function measure({ tree, quick, note }) {
  if (!has('valgrind')) return { skipped: 'valgrind is not installed' };
  const result = { per_request: {}, serving: {} };
  for (const name of ['nginx', 'router']) {
    const { all, serving } = await per_request(tree, name, { connections: 1 }, 100, quick ? 400 : 1000);
    result.per_request[name] = all;
    result.serving[name] = serving;
    note(name);
  }
  return result;
}

export function render(r) {
  if (r.skipped) return `Not measured: ${r.skipped}.`;
  return table(['program', 'user instructions per request', 'in the thread that serves it'], Object.entries(r.per_request).map(([name, n]) => [name, Math.round(n), Math.round(r.serving[name])]));
}
