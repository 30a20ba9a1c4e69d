// The vault from the command line, and what a running router makes of its changes.
import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { chmodSync, existsSync, readdirSync, readFileSync, statSync, truncateSync, writeFileSync } from 'node:fs';
import { mkdir } from 'node:fs/promises';
import http from 'node:http';
import path from 'node:path';
import { test } from 'node:test';
import { keys } from '../emulator/harness.mjs';
import { run, temporary_home } from './program.mjs';
import { binary, policy_text, Router, start_emulator } from './router.mjs';

const policy = 'version: 1\nchain: [groq, mistral]\n';
const master = '0123456789abcdef'.repeat(4);

// A home with a policy, and the program in it: {home, data, run(args, options)}.
async function house(t, { text = policy, env = {} } = {}) {
  const home = await temporary_home(t);
  const data = path.join(home, 'data');
  writeFileSync(path.join(home, 'policy.yaml'), text);
  return { home, data, run: (args, options = {}) => run(t, [...args, '--data', data], { home, ...options, env: { ...env, ...options.env } }) };
}
const add = (at, provider, input, more = []) => at.run(['keys', 'add', provider, ...more], { input });
const listed = async (at, options) => JSON.parse((await at.run(['keys', 'list', '--json'], options)).stdout).keys;
const everything_in = (folder) => Buffer.concat(readdirSync(folder).map((file) => readFileSync(path.join(folder, file)))).toString('latin1');

test('keys add takes a key from standard input, and nothing shows it again', async (t) => {
  const at = await house(t);
  const said = await add(at, 'groq', `${keys.groq}\n`);
  assert.equal(said.code, 0, said.stderr);
  assert.match(said.stdout, /^added groq key1 \(\.\.\.aaaa\)\n$/);
  const named = await add(at, 'mistral', keys.mistral, ['--label', 'work', '--json']);
  assert.deepEqual(JSON.parse(named.stdout), { provider: 'mistral', label: 'work', last_four: 'eeee' });
  const rows = await listed(at);
  assert.deepEqual(rows.map((r) => [r.provider, r.label, r.source, r.last_four, r.state, r.health]), [['groq', 'key1', 'vault key1', 'aaaa', 'on', 'unknown'], ['mistral', 'work', 'vault work', 'eeee', 'on', 'unknown']]);
  const text = await at.run(['keys', 'list']);
  assert.match(text.stdout, /^groq +key1 +vault key1 +\.\.\.aaaa +on +not known$/m);
  for (const secret of [keys.groq, keys.mistral]) {
    assert.ok(![said, named, text].some((r) => (r.stdout + r.stderr).includes(secret)));
    assert.ok(!everything_in(at.data).includes(secret), 'it stands in no file');
  }
  for (const file of readdirSync(at.data)) assert.equal(statSync(path.join(at.data, file)).mode & 0o077, 0, file);
  assert.match((await at.run(['models'])).stdout, /^groq\/openai\/gpt-oss-20b .* ok$/m);
});

test('a key on the command line is refused with the reason, and is not repeated', async (t) => {
  const at = await house(t);
  for (const args of [['keys', 'add', 'groq', keys.groq], ['keys', 'add', 'groq', `--key=${keys.groq}`], ['keys', 'add', 'groq', '--secret', keys.groq], ['keys', 'add', keys.groq], ['keys', 'add', 'groq', '--label', 'a', keys.groq]]) {
    const { code, stdout, stderr } = await at.run(args, { input: '' });
    assert.equal(code, 2, args.join(' '));
    assert.ok(!(stdout + stderr).includes(keys.groq), stderr);
    assert.ok(stderr.length > 20);
  }
  assert.match((await at.run(['keys', 'add', 'groq', keys.groq])).stderr, /seen by every program/);
  assert.ok(!existsSync(path.join(at.data, 'freellmapi.db')));
});

test('at a terminal keys add asks, and what is typed is not shown', { skip: !existsSync('/usr/bin/script') && 'there is no script(1)' }, async (t) => {
  const at = await house(t);
  const terminal = spawn('script', ['-qefc', `${binary} keys add groq --data ${at.data} --policy ${path.join(at.home, 'policy.yaml')}`, '/dev/null'], { cwd: at.home, env: { PATH: process.env.PATH, HOME: at.home, TERM: 'dumb' }, stdio: ['pipe', 'pipe', 'pipe'] });
  let shown = '';
  const over = new Promise((resolve) => { terminal.on('close', resolve); });
  terminal.stdout.setEncoding('utf8').on('data', (d) => {
    if (!/not shown/.test(shown) && /not shown/.test(shown + d)) terminal.stdin.write(`${keys.groq}\n`);
    shown += d;
    if (/added/.test(shown)) terminal.stdin.end();
  });
  const bound = setTimeout(() => terminal.kill('SIGKILL'), 15_000);
  await over;
  clearTimeout(bound);
  assert.match(shown, /Key of groq \(not shown\): /);
  assert.match(shown, /added groq key1/);
  assert.ok(!shown.includes(keys.groq.slice(0, 12)), shown);
});

test('keys add refuses what cannot be a key of that provider, what is there already, and providers that there are not', async (t) => {
  const at = await house(t);
  for (const [provider, input, why] of [['groq', 'sk-proj-0123456789abcdef0123', /does not begin with 'gsk_'/], ['groq', 'gsk_a', /shorter/], ['groq', '', /no key came in/], ['groq', `${keys.groq}\n${keys.groq}x\n`, /one key at a time/], ['groq', `gsk_${'ä'.repeat(30)}`, /characters that no key has/], ['grok', keys.groq, /did you mean 'groq'/], ['sandbox', 'x', /needs no key/]]) {
    const { code, stdout, stderr } = await add(at, provider, input);
    assert.equal(code, 2, `${provider} ${stdout}`);
    assert.match(stderr, why);
  }
  assert.equal((await add(at, 'groq', 'sk-proj-0123456789abcdef0123', ['--anyway'])).code, 0);
  assert.equal((await add(at, 'groq', keys.groq, ['--label', 'work'])).code, 0);
  assert.match((await add(at, 'groq', keys.groq)).stderr, /has this key of groq already, as 'work'/);
  assert.match((await add(at, 'groq', `${keys.groq}b`, ['--label', 'work'])).stderr, /has a key 'work' of groq already/);
  assert.equal((await add(at, 'groq', `${keys.groq}b`, ['--label', 'no good'])).code, 2);
});

test('keys list shows each source, what is disabled, what is there twice and what the policy does not use', async (t) => {
  const at = await house(t, { text: `${policy}providers: {mistral: {keys: [{env: MISTRAL_API_KEY}]}}\n`, env: { GROQ_API_KEY: `${keys.groq},${keys.groq}z`, MISTRAL_API_KEY: keys.mistral } });
  await add(at, 'groq', keys.groq, ['--label', 'mine']);
  await add(at, 'groq', `${keys.groq}y`, ['--label', 'old']);
  await add(at, 'mistral', 'm'.repeat(32), ['--label', 'spare']);
  assert.equal((await at.run(['keys', 'disable', 'groq', 'old'])).stdout, 'disabled groq old\n');
  const rows = (await listed(at)).map((r) => `${r.provider} ${r.label} ${r.source} ${r.state}`);
  assert.deepEqual(rows.sort(), ['groq key2 env GROQ_API_KEY on', 'groq mine vault mine on', 'groq null env GROQ_API_KEY duplicate', 'groq old vault old disabled', 'mistral key1 env MISTRAL_API_KEY on', 'mistral spare vault spare unused']);
  const one = JSON.parse((await at.run(['keys', 'list', 'mistral', '--json'])).stdout).keys;
  assert.equal(one.length, 2);
});

test('keys disable, enable and remove say what they did, and of an unclear or missing key what is wrong', async (t) => {
  const at = await house(t);
  assert.match((await at.run(['keys', 'remove', 'groq', 'key1'])).stderr, /the vault has no keys yet/);
  await add(at, 'groq', keys.groq);
  assert.equal((await at.run(['keys', 'disable', 'groq'])).stdout, 'disabled groq key1\n');
  assert.equal((await listed(at))[0].state, 'disabled');
  assert.match((await at.run(['models'])).stdout, /^groq\/openai\/gpt-oss-20b .* no key$/m);
  assert.deepEqual(JSON.parse((await at.run(['keys', 'enable', 'groq', 'key1', '--json'])).stdout), { provider: 'groq', label: 'key1', done: 'enabled' });
  assert.equal((await listed(at))[0].state, 'on');
  await add(at, 'groq', `${keys.groq}b`);
  const unclear = await at.run(['keys', 'remove', 'groq']);
  assert.equal(unclear.code, 2);
  assert.match(unclear.stderr, /say which key of groq: key1, key2/);
  assert.equal((await at.run(['keys', 'remove', 'groq', 'key1'])).code, 0);
  assert.equal((await at.run(['keys', 'remove', 'groq', 'key1'])).code, 2);
  assert.deepEqual((await listed(at)).map((r) => r.label), ['key2']);
});

test('keys import takes what a .env file has for providers and says what it did not take; an export of it comes back whole', async (t) => {
  const at = await house(t);
  const account = '0123456789abcdef0123456789abcdef';
  const env = `# keys\nexport GROQ_API_KEY="${keys.groq}"\nGROQ_API_KEY_2=${keys.groq}2 # second\nMISTRAL_API_KEY='${keys.mistral}','x'\nCLOUDFLARE_ACCOUNT_ID=${account}\nCLOUDFLARE_API_TOKEN=${keys.cloudflare}\nDATABASE_URL=postgres://secret-place\nnonsense\n`;
  writeFileSync(path.join(at.home, 'keys.env'), env);
  const first = await at.run(['keys', 'import', 'keys.env']);
  assert.equal(first.code, 0, first.stderr);
  assert.match(first.stdout, /^groq +key1 +\.\.\.aaaa +from GROQ_API_KEY$/m);
  assert.match(first.stdout, /^groq +key2 +\.\.\.aaa2 +from GROQ_API_KEY_2$/m);
  assert.match(first.stdout, /not a provider's key: .*DATABASE_URL/);
  for (const secret of [keys.groq, keys.mistral, keys.cloudflare, 'secret-place']) assert.ok(!(first.stdout + first.stderr).includes(secret));
  const again = JSON.parse((await at.run(['keys', 'import', 'keys.env', '--json'])).stdout);
  assert.deepEqual(again.taken, []);
  assert.match(again.not_taken[0].reason, /has this key of \w+ already/);

  await at.run(['keys', 'disable', 'groq', 'key2']);
  await add(at, 'groq', `${keys.groq}9`, ['--label', 'work']);
  const refused = await at.run(['keys', 'export', 'out.env']);
  assert.equal(refused.code, 2);
  assert.match(refused.stderr, /--yes-show-secrets/);
  assert.ok(!existsSync(path.join(at.home, 'out.env')));
  const out = await at.run(['keys', 'export', 'out.env', '--yes-show-secrets']);
  assert.equal(out.code, 0, out.stderr);
  assert.ok(!out.stdout.includes(keys.groq));
  assert.equal(statSync(path.join(at.home, 'out.env')).mode & 0o777, 0o600);
  assert.match(readFileSync(path.join(at.home, 'out.env'), 'utf8'), new RegExp(`^CLOUDFLARE_API_TOKEN=${account}:${keys.cloudflare}$`, 'm'));
  assert.equal((await at.run(['keys', 'export', 'out.env', '--yes-show-secrets'])).code, 2, 'never over a file');

  const other = await house(t);
  writeFileSync(path.join(other.home, 'in.env'), readFileSync(path.join(at.home, 'out.env')));
  assert.equal((await other.run(['keys', 'import', 'in.env'])).code, 0);
  const shape = (rows) => rows.map((r) => [r.provider, r.label, r.last_four, r.state]).sort();
  assert.deepEqual(shape(await listed(other)), shape(await listed(at)));
});

test('keys test tells good, refused and what cannot be told, and spends no quota unless it is told to', async (t) => {
  const emulator = await start_emulator(t);
  const at = await house(t, { text: policy_text(emulator, { chain: ['groq', 'mistral', 'nvidia'] }), env: { GROQ_API_KEY: keys.groq, NVIDIA_API_KEY: keys.nvidia } });
  await add(at, 'mistral', keys.mistral, ['--label', 'work']);
  await add(at, 'groq', `gsk_${'!'.repeat(52)}`, ['--label', 'wrong']);
  const said = await at.run(['keys', 'test']);
  assert.equal(said.code, 1, said.stdout + said.stderr);
  assert.match(said.stdout, /^groq +wrong +vault wrong +refused: 401 auth_invalid/m);
  assert.match(said.stdout, /^groq +key2 +env GROQ_API_KEY +good$/m);
  assert.match(said.stdout, /^mistral +work +vault work +good$/m);
  assert.match(said.stdout, /^nvidia +key1 +env NVIDIA_API_KEY +cannot be told: .*no test that spends no quota$/m);
  assert.deepEqual(emulator.journal_entries().filter((e) => e.method !== 'GET'), []);
  const health = Object.fromEntries((await listed(at)).map((r) => [`${r.provider} ${r.label}`, r.health]));
  assert.deepEqual(health, { 'groq wrong': 'refused', 'groq key2': 'good', 'mistral work': 'good', 'nvidia key1': 'unknown' });

  emulator.clear_journal();
  const spent = await at.run(['keys', 'test', 'nvidia', '--spend', '--json']);
  assert.equal(spent.code, 0, spent.stdout + spent.stderr);
  assert.deepEqual(JSON.parse(spent.stdout).keys.map((k) => [k.provider, k.verdict]), [['nvidia', 'good']]);
  assert.equal(emulator.journal_entries().filter((e) => e.method === 'POST').length, 1);

  emulator.script([{ match: { provider: 'groq', path: '*' }, action: { server_error: 503 } }]);
  const down = JSON.parse((await at.run(['keys', 'test', 'groq', 'key2', '--json'])).stdout).keys[0];
  assert.equal(down.verdict, 'cannot be told');
  assert.equal((await at.run(['keys', 'test', 'nobody'])).code, 2);
});

test('keys test shows no part of a key that the provider quotes, wherever its sentence is cut and whichever part it is', async (t) => {
  let before = '';
  const server = http.createServer((request, response) => {
    request.resume();
    const key = request.headers.authorization.replace('Bearer ', '');
    response.writeHead(401, { 'content-type': 'application/json' });
    response.end(JSON.stringify({ error: { message: `${before} ${key.split(':').pop()} of ${key}`, type: 'invalid_request_error', code: 'invalid_api_key' } }));
  });
  await new Promise((resolve) => { server.listen(0, '127.0.0.1', resolve); });
  t.after(() => server.close());
  const text = JSON.stringify({ version: 1, chain: ['box/any'], providers: { box: { plugin: 'custom', base_url: `http://127.0.0.1:${server.address().port}/v1`, models: { any: { context: 8000 } } } } });
  const at = await house(t, { text });
  const token = 'qwertzuiopasdfghjklyxcvbnm123456';
  assert.equal((await add(at, 'box', token)).code, 0);
  assert.equal((await add(at, 'box', `account0:${token}`)).code, 0);
  for (const length of [0, 170, 190, 370, 480]) {
    before = 'x '.repeat(length / 2);
    const said = await at.run(['keys', 'test', '--spend']);
    assert.equal(said.code, 1, said.stderr);
    assert.match(said.stdout, /refused: 401 auth_invalid/);
    assert.ok(!said.stdout.includes(token.slice(0, 9)), said.stdout);
  }
});

test('a key is called bad after three confirmed refusals, and good again at once when it works', async (t) => {
  const emulator = await start_emulator(t);
  const at = await house(t, { text: policy_text(emulator, { chain: ['groq'] }), env: { GROQ_API_KEY: keys.groq } });
  await add(at, 'mistral', keys.mistral);
  emulator.script([{ match: { provider: 'groq', path: '*' }, action: 'auth' }]);
  let refusals = 0;
  const deadline = Date.now() + 30_000;
  while (refusals < 3) {
    assert.ok(Date.now() < deadline, 'three refusals');
    await at.run(['keys', 'test', 'groq']);
    const row = (await listed(at)).find((r) => r.provider === 'groq');
    refusals = row.refusals;
    assert.equal(row.health, refusals < 3 ? 'refused' : 'bad');
  }
  assert.match((await at.run(['keys', 'list'])).stdout, /^groq .*bad: refused 3 times, last just now$/m);
  assert.match((await at.run(['models'])).stdout, /^groq\/openai\/gpt-oss-20b .* its key is refused$/m);
  emulator.script([]);
  assert.equal((await at.run(['keys', 'test', 'groq'])).code, 0);
  assert.equal((await listed(at)).find((r) => r.provider === 'groq').health, 'good');
});

test('a running router takes a key that is added, leaves one that is disabled, and shows no secret anywhere', async (t) => {
  const emulator = await start_emulator(t);
  const router = await Router.start(t, { emulator, chain: ['groq'], boxes: ['spare'], rest: { profiles: { spare: { chain: ['spare'] } } }, keys: false, env: { FREELLMAPI_ENCRYPTION_KEY: master } });
  const data = path.join(router.home, 'data');
  const verb = (args, input) => run(t, ['keys', ...args, '--policy', router.policy_file, '--data', data], { home: router.home, input, env: { FREELLMAPI_ENCRYPTION_KEY: master } });
  const ask = () => router.chat({ model: 'groq/openai/gpt-oss-20b', messages: [{ role: 'user', content: 'a prompt that nobody keeps' }] }, { headers: { 'x-request-id': 'asked-by-the-test' } });
  assert.notEqual((await ask()).status, 200);
  const added = await verb(['add', 'groq', '--label', 'work'], keys.groq);
  assert.equal(added.code, 0, added.stderr);
  // Asked of /health and not by requests: those would spend the minute's quota.
  const keys_in_use = (n) => router.until(async () => (await router.get('/health')).json.keys === n, `${n} keys in use`);
  await keys_in_use(1);
  assert.equal((await ask()).status, 200);
  assert.equal(emulator.journal_entries({ provider: 'groq' }).at(-1).key, keys.groq);
  await router.until(async () => JSON.parse((await verb(['list', '--json'])).stdout).keys[0].health === 'good', 'its health to be kept');
  assert.equal((await verb(['disable', 'groq', 'work'])).code, 0);
  await keys_in_use(0);
  assert.notEqual((await ask()).status, 200);
  assert.equal((await verb(['enable', 'groq', 'work'])).code, 0);
  await keys_in_use(1);
  assert.equal((await ask()).status, 200);

  const { pid } = router.process;
  for (const file of ['cmdline', 'environ']) assert.ok(!readFileSync(`/proc/${pid}/${file}`, 'latin1').includes(master), file);
  assert.match(readFileSync(`/proc/${pid}/limits`, 'utf8'), /Max core file size +0 +0/);
  router.process.kill('SIGTERM');
  assert.equal((await router.exited).code, 0);
  const files = everything_in(data);
  assert.ok(files.includes('asked-by-the-test'), 'the log knows the request');
  for (const secret of [keys.groq, master, 'a prompt that nobody keeps']) {
    assert.ok(!files.includes(secret), 'in no file of the data folder');
    assert.ok(!(router.stdout + router.stderr).includes(secret), 'in no line');
  }
});

test('unified-key rotate: the new key opens a running router, the old one no longer does', async (t) => {
  const emulator = await start_emulator(t);
  const router = await Router.start(t, { emulator, chain: ['a'], boxes: ['a'], env: { FREELLMAPI_KEY: '' } });
  const verb = (...args) => run(t, ['unified-key', ...args, '--data', path.join(router.home, 'data')], { home: router.home });
  const before = (await verb('show')).stdout.trim();
  assert.equal((await router.get('/v1/models', { key: before })).status, 200);
  const after = JSON.parse((await verb('rotate', '--json')).stdout).unified_key;
  assert.match(after, /^freellmapi-[0-9a-f]{48}$/);
  assert.notEqual(after, before);
  await router.until(async () => (await router.get('/v1/models', { key: after })).status === 200, 'the new key to work');
  await router.until(async () => (await router.get('/v1/models', { key: before })).status === 401, 'the old key to be refused');
  assert.equal((await verb('show')).stdout.trim(), after);
  for (const key of [before, after]) assert.ok(!(router.stdout + router.stderr).includes(key));
});

test('a unified key that the environment sets is not rotated', async (t) => {
  const at = await house(t);
  const { code, stderr } = await at.run(['unified-key', 'rotate'], { env: { FREELLMAPI_KEY: 'freellmapi-0123456789abcdef' } });
  assert.equal(code, 1);
  assert.match(stderr, /FREELLMAPI_KEY sets the unified key/);
});

test('a unified key of an older version moves into the vault, and its file goes when it is there', async (t) => {
  const at = await house(t);
  await mkdir(at.data, { mode: 0o700 });
  const old = 'freellmapi-0123456789abcdef0123456789abcdef';
  const file = path.join(at.data, 'unified.key');
  writeFileSync(file, `${old}\n`, { mode: 0o600 });
  for (let i = 0; i < 2; i += 1) assert.equal((await at.run(['unified-key', 'show'])).stdout, `${old}\n`);
  assert.ok(!existsSync(file));
  assert.ok(!everything_in(at.data).includes(old));
});

test('a wrong master key, a missing key file and a damaged database are refused by name, and nothing is changed', async (t) => {
  const at = await house(t, { env: { FREELLMAPI_ENCRYPTION_KEY: master } });
  await add(at, 'groq', keys.groq);
  const file = path.join(at.data, 'freellmapi.db');
  const before = readFileSync(file);
  const refused = async (env, sentence, verbs = [['serve', '--listen', '127.0.0.1:0'], ['keys', 'list'], ['keys', 'add', 'mistral'], ['unified-key', 'show']]) => {
    for (const verb of verbs) {
      const { code, stderr } = await at.run(verb, { env, input: keys.mistral });
      assert.notEqual(code, 0, verb.join(' '));
      assert.match(stderr, sentence);
      assert.ok(!stderr.includes(master));
    }
    assert.ok(readFileSync(file).equals(before), 'not a byte');
  };
  await refused({ FREELLMAPI_ENCRYPTION_KEY: 'f'.repeat(64) }, /freellmapi\.db: this vault was made with another key/);
  await refused({ FREELLMAPI_ENCRYPTION_KEY: '' }, /vault\.key, is missing/);
  await refused({ FREELLMAPI_ENCRYPTION_KEY: 'short' }, /FREELLMAPI_ENCRYPTION_KEY: .*64 hexadecimal digits/);
  assert.ok(!existsSync(path.join(at.data, 'vault.key')));
  assert.deepEqual((await listed(at)).map((r) => r.label), ['key1']);
  truncateSync(file, 6000);
  const torn = await at.run(['serve', '--listen', '127.0.0.1:0']);
  assert.equal(torn.code, 1);
  assert.match(torn.stderr, /freellmapi\.db is damaged/);
  assert.equal(statSync(file).size, 6000);
});

test('a key file that others may read is refused', async (t) => {
  const at = await house(t);
  await add(at, 'groq', keys.groq);
  chmodSync(path.join(at.data, 'vault.key'), 0o644);
  const { code, stderr } = await at.run(['keys', 'add', 'mistral'], { input: keys.mistral });
  assert.notEqual(code, 0);
  assert.match(stderr, /vault\.key must be a file of this user that nobody else may read/);
});
