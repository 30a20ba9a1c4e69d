// Runs a verb of the built program to its end, in a home of its own.
import { spawn } from 'node:child_process';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import os from 'node:os';
import path from 'node:path';
import { binary } from './router.mjs';

export async function temporary_home(t) {
  const home = await mkdtemp(path.join(os.homedir(), '.freellmapi-test-'));
  t.after(() => rm(home, { recursive: true, force: true }));
  return home;
}

// options: env, files {name: text} written into the home first, home, input (text for standard input). Answers {code, stdout, stderr, home}.
export async function run(t, args, { env = {}, files = {}, home, input } = {}) {
  const where = home ?? await temporary_home(t);
  for (const [name, text] of Object.entries(files)) await writeFile(path.join(where, name), text);
  const child = spawn(binary, args, { cwd: where, env: { PATH: process.env.PATH, HOME: where, ...env }, stdio: [input === undefined ? 'ignore' : 'pipe', 'pipe', 'pipe'] });
  // A program that refuses does not read.
  if (input !== undefined) child.stdin.on('error', () => {}).end(input);
  const deadline = setTimeout(() => child.kill('SIGKILL'), 60_000);
  let stdout = '';
  let stderr = '';
  child.stdout.setEncoding('utf8').on('data', (d) => { stdout += d; });
  child.stderr.setEncoding('utf8').on('data', (d) => { stderr += d; });
  const code = await new Promise((resolve) => { child.on('close', (c, signal) => resolve(c ?? signal)); });
  clearTimeout(deadline);
  return { code, stdout, stderr, home: where };
}
