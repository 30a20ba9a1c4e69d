// The policy as shipped, with the plugins of this build.
import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { test } from 'node:test';
import { run, temporary_home } from './program.mjs';
import { binary, unified_key } from './router.mjs';

const ended = ['sambanova', 'github'];
const chain = ['google', 'nvidia', 'ollama', 'openrouter', 'huggingface', 'cerebras', 'groq', 'mistral', 'cloudflare', 'zhipu', 'cohere', 'kilo', 'pollinations', 'llm7'];

test('policy check has nothing to say of it', async (t) => {
  const { code, stdout, stderr } = await run(t, ['policy', 'check']);
  assert.equal(code, 0);
  assert.match(stdout, /policy\.yaml: OK, /);
  assert.equal(stderr, '');
});

test('its chain holds every provider but those that have ended, the unreliable last', async (t) => {
  const { stdout } = await run(t, ['client-config'], { env: { FREELLMAPI_KEY: unified_key } });
  assert.deepEqual(JSON.parse(stdout).fallback_chain, chain);
  const { plugins } = JSON.parse((await run(t, ['plugins', 'list', '--json'])).stdout);
  assert.deepEqual(plugins.map((p) => p.id).filter((id) => !['custom', 'sandbox'].includes(id)).sort(), [...chain, ...ended].sort());
});

test('the router starts on it without a key, and says who answers without one', async (t) => {
  const home = await temporary_home(t);
  const child = spawn(binary, ['serve', '--listen', '127.0.0.1:0'], { cwd: home, env: { PATH: process.env.PATH, HOME: home, FREELLMAPI_KEY: unified_key }, stdio: ['ignore', 'pipe', 'pipe'] });
  t.after(() => child.kill('SIGKILL'));
  let text = '';
  for await (const piece of child.stdout.setEncoding('utf8')) {
    text += piece;
    if (/unified key:/.test(text)) break;
  }
  assert.match(text, /^keys: {4}none; put a provider's key/m);
  assert.match(text, /^ {9}used without a key: kilo, llm7$/m);
});
