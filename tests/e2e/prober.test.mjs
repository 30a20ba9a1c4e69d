// Keys that nobody uses are tested in the background: one after another, at times of their own, free of charge.
import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import { test } from 'node:test';
import { keys } from '../emulator/harness.mjs';
import { run, temporary_home } from './program.mjs';
import { Router, sanitized, start_emulator } from './router.mjs';

// The router's clocks run faster than ours: a test is due two to four minutes after the last.
const faster = 30;

test('keys are tested in the background, jittered, without spending quota, and what is found shows', { skip: sanitized && 'clocks are not turned under a sanitizer', timeout: 150_000 }, async (t) => {
  const library = path.join(await temporary_home(t), 'faster.so');
  const built = spawnSync('cc', ['-O1', '-shared', '-fPIC', '-o', library, fileURLToPath(new URL('faster.c', import.meta.url)), '-ldl'], { encoding: 'utf8' });
  assert.equal(built.status, 0, built.stderr);
  const emulator = await start_emulator(t);
  const router = await Router.start(t, { emulator, chain: ['groq', 'mistral', 'nvidia'], keys: false,
    env: { LD_PRELOAD: library, FASTER: String(faster), GROQ_API_KEY: keys.groq, GROQ_API_KEY_2: `gsk_${'!'.repeat(52)}`, MISTRAL_API_KEY: keys.mistral, NVIDIA_API_KEY: keys.nvidia } });
  const before = (await router.get('/v1/quota')).json.counters.map((c) => [c.used, c.reserved]);
  const tested = () => router.log_lines().filter((l) => l.event === 'key.tested');
  await router.until(() => tested().length >= 3, 'three tests', 90_000);
  const entries = emulator.journal_entries();
  assert.ok(entries.every((e) => e.method === 'GET' && /\/models$/.test(e.path)), JSON.stringify(entries.map((e) => [e.method, e.path])));
  assert.deepEqual(new Set(entries.map((e) => e.provider)), new Set(['groq', 'mistral']), 'nvidia has no test that is free');
  const lines = tested();
  assert.deepEqual(lines.map((l) => `${l.provider} ${l.key} ${l.verdict}`).sort().slice(0, 3), ['groq key1 good', 'groq key2 refused', 'mistral key1 good']);
  const times = lines.map((l) => Date.parse(l.time ?? l.ts ?? l.at));
  const pauses = times.slice(1).map((at, i) => (at - times[i]) / 1000);
  t.diagnostic(`seconds of the router's time between tests: ${pauses}`);
  // A second that a busy machine takes is half a minute of its time.
  assert.ok(pauses.every((s) => s >= 119 && s < 600), `${pauses}`);
  // Whoever has just been tested rests for hours.
  const seen = emulator.journal_entries().length;
  const now = Date.now();
  await router.until(() => Date.now() - now > 12_000, 'six minutes of its time', 30_000);
  assert.equal(emulator.journal_entries().length, seen);
  assert.deepEqual((await router.get('/v1/quota')).json.counters.map((c) => [c.used, c.reserved]), before);
  const health = await run(t, ['keys', 'list', '--json', '--policy', router.policy_file, '--data', path.join(router.home, 'data')], { home: router.home, env: { GROQ_API_KEY: keys.groq, GROQ_API_KEY_2: `gsk_${'!'.repeat(52)}`, MISTRAL_API_KEY: keys.mistral } });
  const found = Object.fromEntries(JSON.parse(health.stdout).keys.map((k) => [`${k.provider} ${k.label}`, k.health]));
  assert.equal(found['groq key1'], 'good');
  assert.equal(found['groq key2'], 'refused');
});
