// Compares instruction counts with recorded bounds.   node gate.mjs RELEASE_TREE BOUNDS.json [--record]
import { readFileSync, writeFileSync } from 'node:fs';
import { per_request, probed } from './callgrind.mjs';
import { table } from './numbers.mjs';
import { stopAll } from './processes.mjs';

const figures = [
  { name: 'decision', what: 'decide, reserve and settle among 35 candidates', margin: 0.03, count: (tree) => probed(tree, 'decide', 200, 1_200) },
  { name: 'scan', what: 'read a request of 700 bytes', margin: 0.03, count: (tree) => probed(tree, 'scan', 200, 2_200) },
  { name: 'body', what: 'read a request of 100 KB', margin: 0.03, count: (tree) => probed(tree, 'body', 5, 25) },
  { name: 'request', what: 'relay one request, in the thread that serves it', margin: 0.03,
    count: async (tree) => (await per_request(tree, 'router', { connections: 1 }, 100, 400)).serving },
];

const [tree, file, flag] = process.argv.slice(2);
const recorded = JSON.parse(readFileSync(file, 'utf8'));
const probing = figures.filter((f) => f.name !== 'request');
const counted = new Map();
const count = async (list) => { for (const figure of list) counted.set(figure.name, Math.round(await figure.count(tree))); };
const from = Date.now();
try {
  await Promise.all([count(probing), count([figures.at(-1)])]);
} catch (error) {
  await stopAll();
  console.error(`gate: ${error.message}`);
  process.exit(1);
}
if (flag === '--record') {
  const bounds = {};
  for (const { name, what, margin } of figures) bounds[name] = { what, counted: counted.get(name), bound: Math.ceil(counted.get(name) * (1 + margin)) };
  writeFileSync(file, JSON.stringify(bounds, null, 2) + '\n');
  console.log(`recorded in ${file}`);
}
const over = figures.filter(({ name }) => flag !== '--record' && !(counted.get(name) <= recorded[name]?.bound));
console.log(table(['user instructions', 'counted', 'bound', 'of the bound'], figures.map(({ name, what }) => {
  const bound = flag === '--record' ? counted.get(name) : recorded[name]?.bound;
  return [what, counted.get(name), bound ?? 'none recorded', bound ? `${(counted.get(name) / bound * 100).toFixed(1)} %` : ''];
})));
for (const { name, what } of over) console.log(`over its bound: ${what} (${name}). Make it cheaper, or give the reason and run bench/gate --record.`);
console.log(`bench-gate: ${figures.length - over.length} within, ${over.length} over, in ${Math.round((Date.now() - from) / 1000)} s: ${JSON.stringify(Object.fromEntries(counted))}`);
process.exit(over.length === 0 ? 0 : 1);
