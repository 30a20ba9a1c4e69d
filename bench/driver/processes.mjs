// Starts, pins, watches and ends the programs of the bench.
import { spawn, execFileSync } from 'node:child_process';
import { readFileSync, readdirSync } from 'node:fs';
import net from 'node:net';
import os from 'node:os';

const running = new Set();

/** The cores a side is pinned to; everything on one core when the machine has no second one. */
export const cores = { proxy: '0', load: os.availableParallelism() > 1 ? '1' : '0' };

export function start(core, program, args, { env = {}, output = 'ignore', via = [] } = {}) {
  const child = spawn('taskset', ['-c', core, ...via, program, ...args], {
    stdio: ['ignore', output, output],
    env: { ...process.env, ...env },
  });
  running.add(child);
  child.on('exit', () => running.delete(child));
  child.on('error', (error) => { throw error; });
  return child;
}

export function stop(child, signal = 'SIGTERM') {
  if (child.exitCode !== null || child.signalCode !== null) return Promise.resolve();
  return new Promise((done) => {
    const hard = setTimeout(() => child.kill('SIGKILL'), 20_000);
    child.on('exit', () => {
      clearTimeout(hard);
      done();
    });
    child.kill(signal);
  });
}

export const stopAll = () => Promise.all([...running].map((child) => stop(child)));

/** A port nobody listens on, by the kernel's choice. */
export function freePort() {
  return new Promise((done, failed) => {
    const server = net.createServer();
    server.on('error', failed);
    server.listen(0, '127.0.0.1', () => {
      const { port } = server.address();
      server.close(() => done(port));
    });
  });
}

/** Resolves when somebody accepts on the port; rejects after `seconds`, or when `child` has ended. */
export async function accepting(port, child, what, seconds = 10, every = 20) {
  const until = Date.now() + seconds * 1000;
  while (Date.now() < until && child.exitCode === null) {
    const open = await new Promise((done) => {
      const socket = net.connect(port, '127.0.0.1', () => {
        socket.destroy();
        done(true);
      });
      socket.on('error', () => done(false));
    });
    if (open) return;
    await new Promise((done) => setTimeout(done, every));
  }
  throw new Error(`${what} does not listen on port ${port}`);
}

/** Runs a program to its end and gives its standard output. */
export function run(core, program, args, { env = {} } = {}) {
  return new Promise((done, failed) => {
    const child = spawn('taskset', ['-c', core, program, ...args], {
      stdio: ['ignore', 'pipe', 'inherit'],
      env: { ...process.env, ...env },
    });
    let text = '';
    child.stdout.on('data', (bytes) => (text += bytes));
    child.on('error', failed);
    child.on('exit', (code) => (code === 0 ? done(text) : failed(new Error(`${program} ended with ${code}`))));
  });
}

export function has(program) {
  try {
    execFileSync('sh', ['-c', `command -v ${program}`], { stdio: 'ignore' });
    return true;
  } catch {
    return false;
  }
}

const children = (pid) =>
  readFileSync(`/proc/${pid}/task/${pid}/children`, 'utf8').split(' ').filter(Boolean).map(Number);

/** The process and all that it has started. */
export function family(pid) {
  return [pid, ...children(pid).flatMap(family)];
}

/** Processor time of the processes so far, in microseconds: utime + stime to the nanosecond, as the scheduler counts. */
export function processorTime(pids) {
  let ns = 0;
  for (const pid of pids) {
    for (const thread of readdirSync(`/proc/${pid}/task`)) {
      ns += Number(readFileSync(`/proc/${pid}/task/${thread}/schedstat`, 'utf8').split(' ')[0]);
    }
  }
  return ns / 1000;
}

/** Resident memory in KiB. */
export function memory(pids) {
  let kib = 0;
  for (const pid of pids) kib += Number(/VmRSS:\s+(\d+)/.exec(readFileSync(`/proc/${pid}/status`, 'utf8'))?.[1] ?? 0);
  return kib;
}
