// System calls of one request, counted by strace: eight connections, router and nginx alike.
import { spawn } from 'node:child_process';
import { readFileSync } from 'node:fs';
import path from 'node:path';
import { World } from '../world.mjs';
import { has } from '../processes.mjs';
import { table } from '../numbers.mjs';

export const title = 'System calls';

async function counted(world, name, requests, options) {
  const target = world.targets[name];
  const out = path.join(world.folder, `${name}.strace`);
  const pids = target.pids().flatMap((pid) => ['-p', String(pid)]);
  await world.load(name, { ...options, requests: 200 }); // connections pooled, memory warm
  const strace = spawn('strace', ['-c', '-f', '-qq', '-o', out, ...pids], { stdio: 'ignore' });
  const ended = new Promise((done) => strace.on('exit', done));
  await new Promise((done) => setTimeout(done, 600));
  await world.load(name, { ...options, requests });
  strace.kill('SIGINT');
  await ended;
  const calls = {};
  for (const line of readFileSync(out, 'utf8').split('\n')) {
    const columns = line.trim().split(/\s+/);
    const count = Number(columns[3]), what = columns.at(-1);
    if (Number.isFinite(count) && /^[a-z_0-9]+$/.test(what) && what !== 'total') calls[what] = count / requests;
  }
  return calls;
}

export async function measure({ tree, quick, note }) {
  if (!has('strace')) return { skipped: 'strace is not installed' };
  const world = await World.open(tree);
  try {
    const result = {};
    for (const [label, options] of [['8 connections', { connections: 8 }], ['1 connection', { connections: 1 }]]) {
      result[label] = {};
      for (const name of ['nginx', 'router']) {
        result[label][name] = await counted(world, name, quick ? 1000 : 4000, options);
        note(`${name}, ${label}`);
      }
      if (Object.keys(result[label].router).length === 0) return { skipped: 'strace may not look into the router here (it needs CAP_SYS_PTRACE)' };
    }
    return { loads: result };
  } finally {
    await world.close();
  }
}

export function render(r) {
  if (r.skipped) return `Not measured: ${r.skipped}.`;
  const rows = [];
  for (const [label, targets] of Object.entries(r.loads)) {
    for (const [name, calls] of Object.entries(targets)) {
      const each = Object.entries(calls).filter(([, n]) => n >= 0.01).sort((a, b) => b[1] - a[1]);
      const sum = each.reduce((s, [, n]) => s + n, 0);
      rows.push([label, name, sum.toFixed(2), each.map(([what, n]) => `${what} ${n.toFixed(2)}`).join(', ')]);
    }
  }
  return table(['load', 'program', 'calls per request', 'which'], rows);
}
