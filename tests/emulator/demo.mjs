// `engine/serve --demo`: emulated providers, a policy that leads to them, and the router in front.
// Its first provider is out of quota, so that the first request already shows a fallback.
import { spawn } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { Emulator } from './emulator.mjs';
import { bases, keys } from './harness.mjs';

const [binary, ...flags] = process.argv.slice(2);
const unified_key = process.env.FREELLMAPI_KEY || 'freellmapi-demo-0123456789abcdef';
const emulator = await Emulator.start({ demo: true });
const home = mkdtempSync(path.join(os.tmpdir(), 'freellmapi-demo-'));
const providers = Object.fromEntries(['google', 'cerebras', 'groq', 'mistral', 'cohere', 'nvidia'].map((id) => [id, { base_url: emulator.addresses.http + bases[id] }]));
const policy = path.join(home, 'policy.yaml');
writeFileSync(policy, JSON.stringify({ version: 1, chain: ['google/gemini-2.5-flash', 'cerebras', 'groq', 'mistral', 'cohere', 'nvidia'], providers }, null, 2));

const router = spawn(binary, ['serve', '--policy', policy, '--data', path.join(home, 'data'), '--log-level', 'error', ...flags], {
  stdio: ['ignore', 'pipe', 'inherit'],
  env: { PATH: process.env.PATH, HOME: home, FREELLMAPI_KEY: unified_key, GEMINI_API_KEY: keys.google, GROQ_API_KEY: keys.groq, CEREBRAS_API_KEY: keys.cerebras,
    MISTRAL_API_KEY: keys.mistral, COHERE_API_KEY: keys.cohere, NVIDIA_API_KEY: keys.nvidia },
});
router.stdout.setEncoding('utf8').on('data', (text) => {
  process.stdout.write(text);
  const address = /listens on (http:\/\/\S+?)\/v1/.exec(text);
  if (!address) return;
  process.stdout.write(`
Demo: six emulated providers; google is out of quota. In another terminal:

  curl -i ${address[1]}/v1/chat/completions \\
    -H 'Authorization: Bearer ${unified_key}' -H 'Content-Type: application/json' \\
    -d '{"model":"auto","messages":[{"role":"user","content":"Hello"}]}'

Add "stream":true (and curl -N) to see it stream; "!count 20" as the content streams twenty numbers.
`);
});
const end = (code) => {
  rmSync(home, { recursive: true, force: true });
  process.exit(code);
};
router.on('exit', (code) => end(code ?? 1));
for (const signal of ['SIGINT', 'SIGTERM']) process.on(signal, () => router.kill('SIGTERM'));
