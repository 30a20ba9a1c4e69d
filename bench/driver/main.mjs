// Runs the sections and prints what they found: tables for people, a line of JSON for programs behind each, and one with
// everything at the end.
//   node main.mjs BUILD_FOLDER [--quick] [--keep] [--rounds N] [--hours H] [SECTION...]
import { execFileSync } from 'node:child_process';
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { svg } from './draw.mjs';
import { figure, judged } from './goals.mjs';
import { table } from './numbers.mjs';
import { cores, stopAll } from './processes.mjs';

const names = ['requests', 'prompts', 'streams', 'memory', 'tls', 'failover', 'start', 'calls', 'instructions', 'boundary', 'micro', 'soak'];
const root = path.resolve(import.meta.dirname ?? path.dirname(new URL(import.meta.url).pathname), '../..');

function usage(why) {
  console.error(`bench: ${why}\nsections: ${names.join(' ')}\nflags: --quick --keep --rounds N --hours H (of the soak)`);
  process.exit(2);
}

function options(args) {
  const chosen = { quick: false, keep: false, rounds: 0, hours: 0, sections: [] };
  chosen.tree = path.resolve(args.shift() ?? usage('the build folder is missing'));
  while (args.length > 0) {
    const word = args.shift();
    if (word === '--quick') chosen.quick = true;
    else if (word === '--keep') chosen.keep = true;
    else if (word === '--rounds') chosen.rounds = Number(args.shift()) || usage('--rounds needs a number');
    else if (word === '--hours') chosen.hours = Number(args.shift()) || usage('--hours needs a number');
    else if (names.includes(word)) chosen.sections.push(word);
    else usage(`what is "${word}"?`);
  }
  chosen.whole = chosen.sections.length === 0;
  if (chosen.whole) chosen.sections = names;
  chosen.rounds ||= chosen.quick ? 5 : chosen.whole ? 9 : 15;
  return chosen;
}

function output(program, ...args) {
  try {
    return execFileSync(program, args, { cwd: root, encoding: 'utf8', stdio: ['ignore', 'pipe', 'pipe'] }).trim();
  } catch {
    return '';
  }
}

function machine() {
  const release = /PRETTY_NAME="(.*)"/.exec(readFileSync('/etc/os-release', 'utf8'))?.[1] ?? 'unknown';
  return {
    processor: os.cpus()[0].model,
    cores: os.cpus().length,
    memory_gib: Math.round(os.totalmem() / 2 ** 30),
    kernel: os.release(),
    system: release,
    nginx: execFileSync('sh', ['-c', 'nginx -v 2>&1'], { encoding: 'utf8' }).trim().replace('nginx version: ', ''),
    compiler: output('g++', '-dumpfullversion'),
    commit: output('git', 'rev-parse', '--short=12', 'HEAD') + (output('git', 'status', '--porcelain', 'engine', 'sdk', 'plugins') ? ' and changes' : ''),
    load_before: os.loadavg()[0],
    steal_share: 0,
  };
}

/** Share of the time that the hypervisor gave to others. */
function stealClock() {
  const [user, nice, system, idle, iowait, irq, softirq, steal] = readFileSync('/proc/stat', 'utf8').split('\n')[0].split(/\s+/).slice(1).map(Number);
  return { steal, total: user + nice + system + idle + iowait + irq + softirq + steal };
}

const chosen = options(process.argv.slice(2));
const report = { when: new Date().toISOString(), command: `bench/run ${process.argv.slice(3).join(' ')}`.trim(), machine: machine(), pinned: cores, sections: {} };
const texts = [];
const say = (text) => {
  texts.push(text);
  console.log(text);
};
for (const signal of ['SIGINT', 'SIGTERM']) process.on(signal, () => stopAll().then(() => process.exit(130)));

const m = report.machine;
say(`# Bench of ${report.when.slice(0, 10)}\n`);
say(`\`${report.command}\` at ${m.commit}. ${m.processor}, ${m.cores} cores, ${m.memory_gib} GiB, ${m.system}, Linux ${m.kernel}, ${m.nginx}, GCC ${m.compiler}.`);
say(`\nOne nginx worker and the router, in turn, on core ${cores.proxy}; load client and mock provider on core ${cores.load}. nginx: pooled upstream connections, ` +
  'request bodies in memory, access log off, no keys checked. Router: Release, keys, five quota rules, JSON log of every request to /dev/null.');
const begun = stealClock();
let broken = 0;
for (const name of chosen.sections) {
  const section = await import(`./sections/${name}.mjs`);
  const note = (text) => process.stderr.isTTY && process.stderr.write(`\r\x1b[K${name}: ${text}`);
  const from = Date.now();
  try {
    const result = await section.measure({ ...chosen, note });
    report.sections[name] = result;
    note('');
    say(`\n## ${section.title}\n\n${section.render(result)}`);
    broken += result.errors ?? 0;
  } catch (error) {
    report.sections[name] = { failed: String(error.message) };
    say(`\n## ${section.title}\n\nFailed: ${error.message}`);
    broken += 1;
  }
  report.sections[name].took_s = Math.round((Date.now() - from) / 1000);
  console.log(`\nbench-${name}: ${JSON.stringify(report.sections[name])}`);
}
const ended = stealClock();
m.steal_share = (ended.steal - begun.steal) / Math.max(1, ended.total - begun.total);
say(`\nThe hypervisor gave ${(m.steal_share * 100).toFixed(1)} % of the time to others.`);
const goals = judged(report.sections);
if (goals.length > 0) {
  say('\n## Against the goals\n\n' + table(['what', 'measured', 'goal', ''],
    goals.map(({ name, unit, value, goal, at_least, met }) => [name, figure(value, unit), `${at_least ? 'at least' : 'at most'} ${figure(goal, unit)}`, met ? 'reached' : 'missed'])));
}
const folder = chosen.keep ? path.join(root, 'bench/results') : path.join(chosen.tree, 'bench');
mkdirSync(folder, { recursive: true });
const stem = path.join(folder, chosen.keep ? report.when.slice(0, 10) : 'last');
const picture = svg(`Bench of ${report.when.slice(0, 10)} at ${m.commit}`, goals);
if (goals.length > 0) writeFileSync(`${stem}.svg`, picture);
if (chosen.keep) {
  writeFileSync(`${stem}.md`, texts.join('\n') + '\n');
  writeFileSync(`${stem}.json`, JSON.stringify(report, null, 1) + '\n');
}
if (goals.length > 0) console.log(`\ndrawn in ${path.relative(process.cwd(), `${stem}.svg`)}`);
console.log(`\nbench-json: ${JSON.stringify(report)}`);
await stopAll();
process.exit(broken === 0 ? 0 : 1);
