// Starts the built router for a test: a temporary home, a free port, the emulator as its providers.
import { spawn } from 'node:child_process';
import { readFileSync, readdirSync } from 'node:fs';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import http from 'node:http';
import os from 'node:os';
import path from 'node:path';
import { after } from 'node:test';
import { fileURLToPath } from 'node:url';
import { Emulator } from '../emulator/emulator.mjs';
import { bases, cloudflare_account, keys } from '../emulator/harness.mjs';

const root = fileURLToPath(new URL('../..', import.meta.url));
export const build = process.env.FREELLMAPI_BUILD ?? path.join(root, 'build/release');
export const binary = path.join(build, 'bin/freellmapi');
// The plugins of this build; a policy must not name others.
const installed = new Set(readdirSync(path.join(build, 'lib/freellmapi/plugins')).map((file) => file.replace(/\.so$/, '')));
// A sanitizer makes the program slower and keeps what it freed: bounds of time and memory are for the one that ships.
export const sanitized = ['Asan', 'Tsan', 'Ubsan'].includes(process.env.FREELLMAPI_BUILD_TYPE);
export const slack = sanitized ? 8 : 1;
export const installed_providers = [...installed];
export const unified_key = 'freellmapi-test-0123456789abcdef0123456789abcdef';

export const via = (answer) => answer.headers['x-routed-via'];
export const trail = (answer) => answer.headers['x-fallback-trail'];
export const user = (content) => ({ role: 'user', content });
export const say = (text) => [user(`!say ${text}`)];
export const sleep = (ms) => new Promise((ok) => { setTimeout(ok, ms); });
// In MiB; VmHWM is the most there has been.
export const memory_of = (pid, what = 'VmRSS') => Number(new RegExp(`${what}:\\s+(\\d+)`).exec(readFileSync(`/proc/${pid}/status`, 'utf8'))[1]) / 1024;
// When a day of the policy's may end so that none ends in a test.
export const far_midnight = `${new Date(Date.now() + 12 * 3_600_000).toISOString().slice(11, 13)}:00 UTC`;

// What the tests of a `describe` (or of a file) share lives as long as they do: made in its `before`, with this in the place of a test.
export function suite_scope() {
  const teardown = [];
  after(async () => {
    for (const end of teardown.reverse()) await end();
  });
  return { after: (end) => teardown.push(end) };
}

// A bound on time. A busy machine may miss it now and then, a slow program misses it always: the best of a few attempts counts.
// attempt() answers the time that it took, in ms.
export async function takes_at_most(ms, attempt, attempts = 5) {
  const taken = [];
  while (taken.length < attempts) {
    taken.push(await attempt());
    if (taken.at(-1) < ms) return;
  }
  throw new Error(`more than ${ms} ms each time: ${taken.map(Math.round)}`);
}

// The names under which people have exported their keys.
const key_names = { google: 'GEMINI_API_KEY', groq: 'GROQ_API_KEY', cerebras: 'CEREBRAS_API_KEY', mistral: 'MISTRAL_API_KEY', cohere: 'COHERE_API_KEY', nvidia: 'NVIDIA_API_KEY', sambanova: 'SAMBANOVA_API_KEY', pollinations: 'POLLINATIONS_API_KEY', cloudflare: 'CLOUDFLARE_API_TOKEN', zhipu: 'ZHIPU_API_KEY', openrouter: 'OPENROUTER_API_KEY', ollama: 'OLLAMA_API_KEY', huggingface: 'HF_TOKEN', llm7: 'LLM7_API_KEY', kilo: 'KILO_API_KEY', github: 'GITHUB_MODELS_TOKEN' };
// Where a base URL ends before the emulator's path does, and what else the environment holds.
const router_bases = { ...bases, cloudflare: '/cloudflare/client/v4', huggingface: '/huggingface' };
const more_env = { CLOUDFLARE_ACCOUNT_ID: cloudflare_account };

// A policy with every provider's base URL turned to the emulator, those included that are off by default. `boxes` are
// custom endpoints by name; `providers` merges further YAML (as JSON) into a provider's section.
export function policy_text(emulator, { chain, boxes = [], providers = {}, rest = {}, tls = false }) {
  const at = tls ? emulator.addresses.tls : emulator.addresses.http;
  const all = {};
  for (const id of Object.keys(key_names).filter((id) => installed.has(id))) all[id] = { enabled: true, base_url: at + router_bases[id], ...(tls ? { ca_file: emulator.addresses.ca } : {}) };
  for (const name of boxes) all[name] = { plugin: 'custom', base_url: `${at}/box/${name}/v1`, models: { 'any-model': { tools: true, vision: true, json: 'schema', context: 131072 } }, ...(tls ? { ca_file: emulator.addresses.ca } : {}) };
  for (const [id, more] of Object.entries(providers)) all[id] = { ...all[id], ...more };
  // JSON is YAML.
  return JSON.stringify({ version: 1, chain, providers: all, ...rest });
}

export class Router {
  // options: policy (text), home (one that a killed router left), env, args, wrap (a program that starts it), listen (loopback when not given), keys (false: none), log_format, emulator and what policy_text takes.
  static async start(t, options = {}) {
    const router = new Router();
    router.home = options.home ?? await mkdtemp(path.join(os.homedir(), '.freellmapi-test-'));
    router.policy_file = path.join(router.home, 'policy.yaml');
    router.emulator = options.emulator;
    const text = options.policy ?? policy_text(options.emulator, options);
    await writeFile(router.policy_file, text);
    const key_env = options.keys === false ? {} : { ...more_env, ...Object.fromEntries(Object.entries(key_names).map(([id, name]) => [name, keys[id]])) };
    const [program, ...before] = [...(options.wrap ?? []), binary];
    router.process = spawn(program, [...before, 'serve', '--policy', router.policy_file, '--data', path.join(router.home, 'data'), '--listen', options.listen ?? '127.0.0.1:0', '--log-format', options.log_format ?? 'json', ...(options.args ?? [])], {
      env: { PATH: process.env.PATH, HOME: router.home, FREELLMAPI_KEY: unified_key, ...key_env, ...(options.env ?? {}) },
      stdio: ['ignore', 'pipe', 'pipe'],
    });
    router.stdout = '';
    router.stderr = '';
    router.process.stdout.setEncoding('utf8').on('data', (d) => { router.stdout += d; });
    router.process.stderr.setEncoding('utf8').on('data', (d) => { router.stderr += d; });
    router.exited = new Promise((resolve) => router.process.on('exit', (code, signal) => resolve({ code, signal })));
    t.after(() => router.stop());
    await Promise.race([
      router.until(() => /listens on/.test(router.stdout) && /unified key/.test(router.stdout)),
      router.exited.then(({ code }) => { throw new Error(`the router ended with ${code} before it listened:\n${router.stderr}`); }),
    ]);
    router.url = /http:\/\/[^ ]+?(?=\/v1)/.exec(router.stdout)[0];
    router.port = Number(new URL(router.url).port);
    router.agent = new http.Agent({ keepAlive: true, maxSockets: 512 });
    return router;
  }

  // Ends the router and says how it went; tests of a crash look at the result.
  async stop() {
    if (this.stopped) return this.stopped;
    this.process.kill('SIGTERM');
    this.stopped = this.exited.then(async (end) => {
      this.agent?.destroy();
      await rm(this.home, { recursive: true, force: true });
      if (end.code !== 0) throw new Error(`the router ended with ${end.code ?? end.signal}:\n${this.stderr.slice(-4000)}`);
      return end;
    });
    return this.stopped;
  }

  // kill -9. The home stays, for the next one.
  async kill() {
    this.process.kill('SIGKILL');
    this.stopped = this.exited;
    await this.exited;
    this.agent?.destroy();
  }

  // Polls a condition; the bound is there to fail, not to wait for.
  async until(condition, what = 'a condition', ms = 60_000) {
    const deadline = Date.now() + ms;
    while (!(await condition())) {
      if (Date.now() > deadline) throw new Error(`waited ${ms} ms for ${what}\n${this.stderr?.slice(-2000)}`);
      await sleep(5);
    }
  }

  // The whole ones: the end of the last may be on its way.
  log_lines() { return this.stderr.slice(0, this.stderr.lastIndexOf('\n') + 1).split('\n').filter(Boolean).map((line) => JSON.parse(line)); }

  logged(fits, what = 'the log line') { return this.until(() => this.log_lines().some(fits), what); }

  // A whole exchange: {status, headers, text, json}. `heard` is called with each piece of the answer as it comes.
  request(method, target, { body, headers = {}, key = unified_key, signal, heard } = {}) {
    const payload = body === undefined || typeof body === 'string' || Buffer.isBuffer(body) ? body : JSON.stringify(body);
    return new Promise((resolve, reject) => {
      const request = http.request(`${this.url}${target}`, { method, agent: this.agent, signal,
        headers: { ...(key ? { authorization: `Bearer ${key}` } : {}), ...(payload !== undefined ? { 'content-type': 'application/json', 'content-length': Buffer.byteLength(payload) } : {}), ...headers } });
      request.on('response', (response) => {
        const pieces = [];
        response.on('data', (d) => {
          pieces.push(d);
          heard?.(d);
        });
        response.on('error', reject);
        response.on('end', () => {
          const text = Buffer.concat(pieces).toString('utf8');
          let json;
          try { json = JSON.parse(text); } catch { json = undefined; }
          resolve({ status: response.statusCode, headers: response.headers, text, json });
        });
      });
      request.on('error', reject);
      request.end(payload);
    });
  }

  get(target, options) { return this.request('GET', target, options); }

  chat(body, options = {}) {
    return this.request('POST', '/v1/chat/completions', { ...options, body: { model: 'auto', messages: [{ role: 'user', content: 'hello there' }], ...body } });
  }

  // How many requests the router is at work on, this question apart.
  async in_progress() { return Number(/^freellmapi_requests_in_progress (\d+)$/m.exec((await this.get('/metrics')).text)[1]) - 1; }

  // A streamed chat, read to its end: adds frames, content, reasoning, calls, finishes, usage, done, error.
  async stream(body, options = {}) {
    const answer = await this.chat({ stream: true, ...body }, options);
    return { ...answer, ...read_stream(answer.text) };
  }
}

// What a client makes of a stream's text.
export function read_stream(text) {
  const seen = { frames: [], content: '', reasoning: '', calls: [], finishes: [], usage: undefined, done: 0, error: undefined, after_done: false };
  for (const block of text.split('\n\n')) {
    for (const line of block.split('\n')) {
      if (!line.startsWith('data: ')) continue;
      if (seen.done > 0) seen.after_done = true;
      if (line === 'data: [DONE]') {
        seen.done += 1;
        continue;
      }
      const frame = JSON.parse(line.slice(6));
      seen.frames.push(frame);
      if (frame.error) seen.error = frame.error;
      if (frame.usage) seen.usage = frame.usage;
      for (const choice of frame.choices ?? []) {
        seen.content += choice.delta?.content ?? '';
        seen.reasoning += choice.delta?.reasoning_content ?? '';
        for (const call of choice.delta?.tool_calls ?? []) seen.calls.push(call);
        if (choice.finish_reason) seen.finishes.push(choice.finish_reason);
      }
    }
  }
  return seen;
}

export const start_emulator = async (t, options) => {
  const emulator = await Emulator.start(options);
  t.after(() => emulator.stop());
  return emulator;
};
