// What the program says when something is wrong: 0 good, 1 the thing failed, 2 wrong usage or a bad file; never a control
// character, and never in the way of another one.
import assert from 'node:assert/strict';
import { spawn, spawnSync } from 'node:child_process';
import { copyFileSync, readFileSync, writeFileSync } from 'node:fs';
import { mkdir } from 'node:fs/promises';
import path from 'node:path';
import { test } from 'node:test';
import { keys } from '../emulator/harness.mjs';
import { run, temporary_home } from './program.mjs';
import { binary, Router, start_emulator, unified_key } from './router.mjs';

const policy = 'version: 1\nchain: [groq]\n';
const env = { GROQ_API_KEY: keys.groq };

test('no key for anything, a bad policy and a bad unified key are mistakes: exit 2', async (t) => {
  for (const [args, more, sentence] of [
    [['serve', '--policy', 'p.yaml', '--data', 'data', '--listen', '127.0.0.1:0'], {}, /has a key/],
    [['serve', '--policy', 'bad.yaml', '--data', 'data'], env, /bad\.yaml/],
    [['quota', '--policy', 'none.yaml'], env, /none\.yaml/],
    [['serve', '--policy', 'p.yaml', '--data', 'data'], { ...env, FREELLMAPI_KEY: 'short' }, /FREELLMAPI_KEY/],
    [['simulate', '--policy', 'p.yaml', '--trace', 'none.jsonl'], env, /none\.jsonl/],
    [['keys', 'import', 'none.env', '--policy', 'p.yaml'], env, /none\.env/],
  ]) {
    const { code, stderr } = await run(t, args, { files: { 'p.yaml': policy, 'bad.yaml': 'version: 1\nchain: [nobody]\n' }, env: more });
    assert.equal(code, 2, `${args}: ${stderr}`);
    assert.match(stderr, sentence);
  }
});

test('what cannot be written is a failure: exit 1', async (t) => {
  const home = await temporary_home(t);
  writeFileSync(path.join(home, 'p.yaml'), policy);
  writeFileSync(path.join(home, 'file'), '');
  for (const args of [['client-config', '--out', '/proc/nothing/here', '--data', 'data'], ['simulate', '--export', '/proc/nothing/here'], ['unified-key', 'show', '--data', 'file/below']]) {
    const { code, stderr } = await run(t, [...args, '--policy', 'p.yaml'].slice(0, args[0] === 'unified-key' ? args.length : undefined), { home, env });
    assert.equal(code, 1, `${args}: ${stderr}`);
  }
});

test('nothing that was typed or read steers the terminal', async (t) => {
  const home = await temporary_home(t);
  const evil = '\u001b[2J\u001b]0;title\u0007\u009b31m\u202eevil';
  const files = { 'p.yaml': policy, 'evil.yaml': `version: 1\nchain: ["${'\\e'}[31mno"]\n"${'\\e'}[2J": 1\n`, 'client.json': JSON.stringify({ endpoint: evil, unified_key: evil, fallback_chain: [evil, evil] }) };
  const at = ['--policy', 'p.yaml', '--data', 'data'];
  for (const args of [[evil], ['serve', `--${evil}`], ['serve', '--policy', evil], ['serve', '--policy', 'evil.yaml'], ['policy', 'check', 'evil.yaml'], ['policy', 'show', 'evil.yaml'],
    ['keys', 'remove', evil, evil, ...at], ['keys', 'add', evil, ...at], ['keys', 'test', evil, ...at], ['keys', 'import', evil, ...at], ['keys', 'export', 'p.yaml', '--yes-show-secrets', ...at], ['explain', evil, ...at], ['explain', '--model', evil, ...at],
    ['explain', '--at', evil, ...at], ['simulate', '--load', evil, ...at], ['simulate', '--trace', evil, ...at], ['simulate', '--export', `/nowhere/${evil}`, ...at], ['client-config', '--check', 'client.json'], ['client-config', '--check', evil],
    ['plugins', 'check', evil], ['quota', '--policy', evil], ['serve', '--listen', evil, '--policy', 'p.yaml'], ['serve', '--data', `/dev/null/${evil}`]]) {
    const { code, stdout, stderr } = await run(t, args, { home, files, env, input: '' });
    assert.ok(code === 1 || code === 2, `${args}: ${code}`);
    // eslint-disable-next-line no-control-regex
    assert.doesNotMatch(stdout + stderr, /[\u0000-\u0009\u000b-\u001f\u007f-\u009f\u202e]/, `${JSON.stringify(args)}: ${JSON.stringify(stderr)}`);
  }
});

test('any number may look at quotas and the forecast at once, and a router that starts meanwhile starts', async (t) => {
  const emulator = await start_emulator(t);
  const router = await Router.start(t, { emulator, chain: ['a'], boxes: ['a'] });
  for (let i = 0; i < 3; i += 1) assert.equal((await router.chat()).status, 200);
  await router.kill();
  const data = path.join(router.home, 'data');
  const before = readFileSync(path.join(data, 'ledger'));
  // The next start writes its policy anew.
  const looked_at = path.join(router.home, 'look.yaml');
  copyFileSync(router.policy_file, looked_at);
  const verb = (...args) => run(t, [...args, '--policy', looked_at, '--data', data, '--json'], { home: router.home, env: { FREELLMAPI_KEY: unified_key } });
  const all = await Promise.all(Array.from({ length: 9 }, (_, i) => verb(['quota', 'forecast', 'explain'][i % 3])));
  for (const { code, stderr } of all) assert.equal(code, 0, stderr);
  assert.ok(readFileSync(path.join(data, 'ledger')).equals(before), 'looking changes nothing');

  let looking = true;
  const lookers = Array.from({ length: 3 }, async () => {
    while (looking) {
      const { code, stderr } = await verb('quota');
      assert.equal(code, 0, stderr);
    }
  });
  const again = await Router.start(t, { emulator, chain: ['a'], boxes: ['a'], home: router.home });
  assert.equal((await again.chat()).status, 200);
  looking = false;
  await Promise.all(lookers);
  const second = spawnSync(binary, ['serve', '--policy', router.policy_file, '--data', data, '--listen', '127.0.0.1:0'], { env: { PATH: process.env.PATH, HOME: router.home }, encoding: 'utf8', timeout: 60_000 });
  assert.equal(second.status, 1, second.stderr);
});

test('a key of the vault that was tampered with is named and left out; the others of its provider serve', { skip: spawnSync('sqlite3', ['-version']).error && 'there is no sqlite3(1)' }, async (t) => {
  const home = await temporary_home(t);
  await mkdir(path.join(home, 'data'), { mode: 0o700 });
  writeFileSync(path.join(home, 'policy.yaml'), policy);
  const at = (args, input) => run(t, [...args, '--data', 'data'], { home, input });
  for (const label of ['one', 'two', 'three']) assert.equal((await at(['keys', 'add', 'groq', '--label', label], `${keys.groq}${label}`)).code, 0);
  spawnSync('sqlite3', [path.join(home, 'data/freellmapi.db'), "UPDATE secrets SET sealed = zeroblob(length(sealed)) WHERE label = 'two'"]);
  const listed = await at(['keys', 'list', '--json']);
  assert.deepEqual(JSON.parse(listed.stdout).keys.map((k) => `${k.label} ${k.state}`).sort(), ['one on', 'three on', 'two damaged']);
  assert.match(listed.stderr, /the vault's key 'two' of groq was sealed with another key or has been changed; remove it/);
  const saved = await at(['keys', 'export', 'out.env', '--yes-show-secrets']);
  assert.equal(saved.code, 1, 'not all of it is there');
  assert.match(saved.stderr, /key 'two' of groq/);
  assert.equal((await at(['keys', 'remove', 'groq', 'two'])).code, 0);
  assert.doesNotMatch((await at(['keys', 'list'])).stderr, /two/);
});

test('more keys of one provider than there may be are a failure that says how many were not taken, and the others are', async (t) => {
  const home = await temporary_home(t);
  const many = Array.from({ length: 300 }, (_, i) => `${keys.groq}${i}`).join(',');
  writeFileSync(path.join(home, 'many.env'), `GROQ_API_KEY=${many}\n`);
  const said = await run(t, ['keys', 'import', 'many.env', '--policy', 'p.yaml', '--data', 'data', '--json'], { home, files: { 'p.yaml': policy } });
  assert.equal(said.code, 1, said.stderr);
  assert.equal(JSON.parse(said.stdout).taken.length, 256);
  assert.match(said.stderr, /44 keys were not taken; they are only in many\.env/);
  assert.match(said.stderr, /groq \(env GROQ_API_KEY\): more than 256 keys of one provider; the others are left out/);
  writeFileSync(path.join(home, 'more.env'), `GROQ_API_KEY=${keys.groq}x\n`);
  const more = await run(t, ['keys', 'import', 'more.env', '--policy', 'p.yaml', '--data', 'data'], { home });
  assert.match(more.stdout, /not taken: groq has 256 keys in the vault already/);
  assert.equal(more.code, 1);
  assert.match(more.stderr, /1 key was not taken; it is only in more\.env/);
  writeFileSync(path.join(home, 'same.env'), `GROQ_API_KEY=${keys.groq}0\n`);
  const same = await run(t, ['keys', 'import', 'same.env', '--policy', 'p.yaml', '--data', 'data'], { home });
  assert.equal(same.code, 0, 'what the vault has already is not lost');
});

test('kill -9 while keys are added loses none that was acknowledged', async (t) => {
  const home = await temporary_home(t);
  writeFileSync(path.join(home, 'policy.yaml'), policy);
  const added = new Set();
  // The quickest of some: with a time that a busy machine has stretched most would be over before they are killed.
  let usual = Infinity;
  for (const label of ['a', 'b', 'c', 'd']) {
    const began = performance.now();
    assert.equal((await run(t, ['keys', 'add', 'groq', '--label', label, '--data', 'data'], { home, input: `${keys.groq}${label}` })).code, 0);
    usual = Math.min(usual, performance.now() - began);
    added.add(label);
  }
  let running;
  const kills = 20;
  let number = 0, killed = 0;
  while (killed < kills) {
    number += 1;
    const label = `k${number}`;
    running = spawn(binary, ['keys', 'add', 'groq', '--label', label, '--data', 'data'], { cwd: home, env: { PATH: process.env.PATH, HOME: home }, stdio: ['pipe', 'pipe', 'inherit'] });
    running.stdin.on('error', () => {}).end(`${keys.groq}${label}`);
    let said = '';
    running.stdout.setEncoding('utf8').on('data', (d) => { said += d; });
    // From before the file is open to after it has been written.
    const timer = setTimeout(() => running.kill('SIGKILL'), Math.random() * usual * 1.2);
    const [code, signal] = await new Promise((ok) => { running.on('close', (c, s) => ok([c, s])); });
    clearTimeout(timer);
    if (signal === 'SIGKILL') killed += 1;
    if (/^added /.test(said)) added.add(label);
    assert.ok(signal === 'SIGKILL' || code === 0, `${code}`);
    const there = await run(t, ['keys', 'list', '--json', '--data', 'data'], { home });
    assert.equal(there.code, 0, there.stderr);
    const labels = new Set(JSON.parse(there.stdout).keys.map((k) => k.label));
    for (const each of added) assert.ok(labels.has(each), `${each} is gone after ${killed} kills`);
    assert.doesNotMatch(there.stdout, /damaged/);
  }
  t.diagnostic(`${killed} kills, ${added.size} keys acknowledged`);
});
