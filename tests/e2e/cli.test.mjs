// The verbs: what they print, how they end.
import assert from 'node:assert/strict';
import { readFile, stat } from 'node:fs/promises';
import net from 'node:net';
import path from 'node:path';
import { test } from 'node:test';
import { run } from './program.mjs';
import { build, installed_providers, slack, takes_at_most, unified_key } from './router.mjs';

const two_lines = 'version: 1\nchain: [groq, cerebras]\n';
const good = { endpoint: 'http://localhost:3001/v1', unified_key, fallback_chain: ['google', 'groq', 'cerebras', 'mistral', 'cohere', 'nvidia'], request: { model: 'auto', messages: [{ role: 'user', content: 'hi' }] } };

test('every verb explains itself', async (t) => {
  for (const verb of [[], ['serve'], ['policy'], ['policy', 'check'], ['policy', 'show'], ['policy', 'schema'], ['plugins'], ['plugins', 'list'], ['models'], ['unified-key'], ['unified-key', 'show'], ['unified-key', 'rotate'], ['client-config'], ['keys'], ...['add', 'list', 'test', 'remove', 'disable', 'enable', 'import', 'export'].map((verb) => ['keys', verb])]) {
    const { code, stdout, stderr } = await run(t, [...verb, '--help']);
    assert.equal(code, 0, `${verb.join(' ')}: ${stderr}`);
    assert.match(stdout, /--help/);
    assert.equal(stderr, '');
  }
});

test('a wrong flag, a wrong verb and no verb at all are wrong usage: exit 2', async (t) => {
  for (const args of [[], ['serv'], ['serve', '--polcy', 'x'], ['policy'], ['serve', '--log-level', 'loud'], ['client-config', '--check', 'a', '--out', 'b']]) {
    const { code, stdout, stderr } = await run(t, args);
    assert.equal(code, 2, args.join(' '));
    assert.ok((stdout + stderr).length > 0);
  }
});

test('--version prints the version', async (t) => {
  const { code, stdout } = await run(t, ['--version']);
  assert.equal(code, 0);
  assert.match(stdout, /^\d+\.\d+\.\d+\n$/);
});

for (const [what, args, files, sentence] of [
  ['a policy file that is not there', ['--policy', 'none.yaml'], {}, /cannot read .*none\.yaml: No such file/],
  ['a policy file that is a folder', ['--policy', '.'], {}, /cannot read .*: Is a directory/],
  ['a broken policy, named by its line', ['--policy', 'p.yaml'], { 'p.yaml': `${two_lines}ruoting: {}\n` }, /p\.yaml:3:1: .*ruoting.*'routing'/],
  ['a policy that is no YAML', ['--policy', 'p.yaml'], { 'p.yaml': 'version: 1\nchain: [groq\n' }, /p\.yaml:\d+:\d+: /],
  ['an address that is none', ['--policy', 'p.yaml', '--listen', '127.0.0.1:99999'], { 'p.yaml': two_lines }, /--listen/],
]) {
  test(`serve says ${what} in one sentence and ends with 2`, async (t) => {
    const { code, stderr } = await run(t, ['serve', ...args], { files, env: { FREELLMAPI_KEY: unified_key } });
    assert.equal(code, 2, stderr);
    assert.match(stderr, sentence);
    assert.equal(stderr.trim().split('\n').length, 1, stderr);
  });
}

test('serve says a bad unified key in one sentence and does not print it', async (t) => {
  for (const key of ['sk-1234567890abcdefghijklmnop', 'freellmapi-short', 'freellmapi-with a space in its middle']) {
    const { code, stderr } = await run(t, ['serve', '--policy', 'p.yaml', '--listen', '127.0.0.1:0'], { files: { 'p.yaml': two_lines }, env: { FREELLMAPI_KEY: key } });
    assert.equal(code, 2, stderr);
    assert.match(stderr, /unified key/);
    assert.equal(stderr.trim().split('\n').length, 1);
    assert.ok(!stderr.includes(key));
  }
});

test('serve says that its port is in use and ends with 1: that is no wrong usage', async (t) => {
  const other = net.createServer().listen(0, '127.0.0.1');
  await new Promise((ok) => { other.once('listening', ok); });
  t.after(() => other.close());
  const { port } = other.address();
  const { code, stderr } = await run(t, ['serve', '--policy', 'p.yaml', '--listen', `127.0.0.1:${port}`], { files: { 'p.yaml': two_lines }, env: { FREELLMAPI_KEY: unified_key } });
  assert.equal(code, 1);
  assert.match(stderr, new RegExp(`port ${port} is in use`));
  assert.equal(stderr.trim().split('\n').filter((line) => !line.includes('"level"') && !/\bwarn/i.test(line)).length, 1, stderr);
});

test('serve without any key says so in one sentence and ends with 2', async (t) => {
  const { code, stdout, stderr } = await run(t, ['serve', '--policy', 'p.yaml', '--listen', '127.0.0.1:0'], { files: { 'p.yaml': 'version: 1\nchain: [groq, mistral]\n' }, env: { FREELLMAPI_KEY: unified_key } });
  assert.equal(code, 2);
  assert.equal(stdout, '');
  const said = stderr.trim().split('\n').filter((line) => line.startsWith('freellmapi: '));
  assert.equal(said.length, 1);
  assert.match(said[0], /no provider of the policy's chains has a key: set <PROVIDER>_API_KEY/);
});

test('policy check prints every fault with its place and ends with 2', async (t) => {
  const text = 'version: 1\nchain: [groq, nobody]\nserver: {lisen: "127.0.0.1:3001"}\nrouting: {attempts: many}\n';
  const { code, stderr, stdout } = await run(t, ['policy', 'check', 'p.yaml'], { files: { 'p.yaml': text } });
  assert.equal(code, 2);
  const all = stderr + stdout;
  for (const place of [/p\.yaml:2:\d+: .*nobody/, /p\.yaml:3:\d+: .*lisen.*listen/, /p\.yaml:4:\d+: .*attempts/]) assert.match(all, place);
});

test('policy check --json tells the same to a program', async (t) => {
  const bad = await run(t, ['policy', 'check', '--json', 'p.yaml'], { files: { 'p.yaml': 'version: 1\nchain: [groq, nobody]\n' } });
  assert.equal(bad.code, 2);
  const said = JSON.parse(bad.stdout);
  assert.equal(said.ok, false);
  const fault = said.faults.find((f) => !f.warning);
  assert.deepEqual([fault.file, fault.line], ['p.yaml', 2]);
  assert.match(fault.message, /nobody/);
  const good_one = await run(t, ['policy', 'check', '--json', 'p.yaml'], { files: { 'p.yaml': two_lines } });
  assert.equal(good_one.code, 0);
  assert.match(JSON.parse(good_one.stdout).version, /^[0-9a-f]{12}$/);
});

test('policy check says OK and 0 for two good lines', async (t) => {
  const { code, stdout, stderr } = await run(t, ['policy', 'check', 'p.yaml'], { files: { 'p.yaml': two_lines } });
  assert.equal(code, 0, stderr);
  assert.match(stdout, /p\.yaml: OK, \d+ provider\(s\)/);
});

test('a YAML bomb, an alias loop and a huge file are refused in no time', async (t) => {
  const bomb = `a0: &a0 [x,x,x,x,x,x,x,x,x]\n${Array.from({ length: 12 }, (_, i) => `a${i + 1}: &a${i + 1} [${Array(9).fill(`*a${i}`).join(',')}]`).join('\n')}\n`;
  for (const text of [bomb, 'version: 1\nchain: &c [*c]\n', `version: 1\nchain: [groq]\n# ${'x'.repeat(50 * 1024 * 1024)}\n`, `${'['.repeat(100_000)}`, 'version: !!python/object:os.system 1\n', 'version: 1\nversion: 1\nchain: [groq]\n', 'version: "\xff"\n']) {
    await takes_at_most(3000 * slack, async () => {
      const began = performance.now();
      const { code, stderr } = await run(t, ['policy', 'check', 'p.yaml'], { files: { 'p.yaml': Buffer.from(text, 'latin1') } });
      assert.equal(code, 2, `${text.slice(0, 60)}: ${stderr.slice(0, 200)}`);
      assert.match(stderr, /p\.yaml/);
      return performance.now() - began;
    });
  }
});

test('policy show prints the effective policy and where values come from, without a key', async (t) => {
  const key = `gsk_${'s'.repeat(52)}`;
  const { code, stdout } = await run(t, ['policy', 'show', 'p.yaml'], { files: { 'p.yaml': `${two_lines}routing: {attempts: 7}\n` }, env: { GROQ_API_KEY: key } });
  assert.equal(code, 0);
  assert.match(stdout, /attempts: 7\s.*p\.yaml:3/);
  assert.match(stdout, /\{env: "?GROQ_API_KEY"?, label: key1\}/);
  assert.ok(!stdout.includes(key));
});

test('policy schema prints a JSON Schema', async (t) => {
  const { code, stdout } = await run(t, ['policy', 'schema']);
  assert.equal(code, 0);
  const schema = JSON.parse(stdout);
  assert.match(schema.$schema, /json-schema/);
  assert.ok(schema.properties.chain);
});

test('policy check warns of what is legal but hardly meant, and ends well; the router itself says nothing of it', async (t) => {
  const text = 'version: 1\nchain:\n  - cerebras\n  - groq\n  - cerebras\nprofiles:\n  fast: {chain: [groq/openai/gpt-oss-20b]}\nproviders:\n  groq: {models: {openai/gpt-oss-20b: {quota: {rpm: 999}}}}\n';
  const { code, stdout, stderr } = await run(t, ['policy', 'check', 'p.yaml'], { files: { 'p.yaml': text } });
  assert.equal(code, 0, stderr);
  assert.match(stdout, /: OK,/);
  assert.match(stderr, /^p\.yaml:5:5: warning: chain\[2\]: all its models stand in the chain already$/m);
  assert.match(stderr, /^p\.yaml:7:10: warning: profiles\.fast\.chain: no model in it can read images$/m);
  assert.match(stderr, /^p\.yaml:7:10: warning: profiles\.fast\.chain: no model in it takes a prompt of 100000 tokens; the most is \d+, of groq\/openai\/gpt-oss-20b$/m);
  assert.match(stderr, /^p\.yaml:9:\d+: warning: providers\.groq\.models\.openai\/gpt-oss-20b\.quota\.rpm: 999 is above the plugin's 30 requests per minute/m);
  const shown = await run(t, ['policy', 'show', 'p.yaml'], { files: { 'p.yaml': text } });
  assert.doesNotMatch(shown.stderr, /images/);
});

test('plugins list names every plugin of this build, as text and as JSON', async (t) => {
  const text = await run(t, ['plugins', 'list']);
  assert.equal(text.code, 0);
  const json = JSON.parse((await run(t, ['plugins', 'list', '--json'])).stdout);
  assert.deepEqual(json.plugins.map((p) => p.id).sort(), [...installed_providers].sort());
  for (const p of json.plugins) {
    assert.match(text.stdout, new RegExp(`^${p.id} `, 'm'));
    assert.match(p.abi, /^\d+\.\d+$/);
    assert.match(p.version, /^\d+\.\d+\.\d+/);
  }
  assert.deepEqual(json.refused, []);
});

test('plugins list counts the models, and says of a provider that is off why and since when', async (t) => {
  const { plugins } = JSON.parse((await run(t, ['plugins', 'list', '--json'])).stdout);
  const text = (await run(t, ['plugins', 'list'])).stdout;
  for (const p of plugins) {
    assert.equal(typeof p.models, 'number');
    assert.deepEqual(p.faults, [], p.id);
    if (p.models > 0) assert.ok(p.kinds.includes('chat'), p.id);
    if (p.enabled) continue;
    assert.match(p.since, /^\d{4}-\d{2}-\d{2}$/, p.id);
    assert.ok(p.why_off.endsWith(`(since ${p.since})`), p.why_off);
    assert.ok(text.includes(`off: ${p.why_off}`), text);
  }
  assert.ok(plugins.some((p) => !p.enabled), 'no provider is off: this test shows nothing');
});

test('what is no plugin is refused with a sentence', async (t) => {
  const { code, stdout, home } = await run(t, ['plugins', 'list', '--json', '--plugins', '.'], { files: { 'text.so': 'I am not a plugin\n', 'empty.so': '', 'cut.so': (await readFile(path.join(build, 'lib/freellmapi/plugins/custom.so'))).subarray(0, 5000) } });
  assert.equal(code, 0);
  const refused = JSON.parse(stdout).refused;
  assert.deepEqual(refused.map((r) => path.basename(r.file)).sort(), ['cut.so', 'empty.so', 'text.so'], home);
  for (const r of refused) assert.ok(r.reason.length > 10, JSON.stringify(r));
});

test('models lists the models, and says why one cannot be used', async (t) => {
  const options = { files: { 'policy.yaml': two_lines }, env: { GROQ_API_KEY: `gsk_${'s'.repeat(52)}` } };
  const { code, stdout } = await run(t, ['models', '--json'], options);
  assert.equal(code, 0);
  const { models } = JSON.parse(stdout);
  const named = (id) => models.find((m) => m.id === id);
  assert.equal(named('groq/openai/gpt-oss-20b').available, true);
  assert.equal(named('cerebras/gpt-oss-120b').unavailable_reason, 'no key');
  assert.match((await run(t, ['models'], options)).stdout, /^groq\/openai\/gpt-oss-20b .* ok$/m);
});

test('models --json says of each limit where it was read and of which day, and of what is off why and since when', async (t) => {
  const { stdout } = await run(t, ['models', '--json'], { files: { 'policy.yaml': two_lines } });
  const { models, providers } = JSON.parse(stdout);
  const sourced = models.filter((m) => m.source && m.as_of && m.limits.length > 0);
  assert.ok(sourced.length > 0);
  for (const m of sourced) for (const limit of m.limits) {
    assert.ok(limit.source.length > 0, `${m.id} ${limit.label}`);
    assert.match(limit.as_of, /^\d{4}-\d{2}-\d{2}$/, `${m.id} ${limit.label}`);
    assert.ok(limit.limit > 0 && limit.of.length > 0 && limit.scope.length > 0);
  }
  const gone = models.find((m) => m.id === 'cerebras/zai-glm-4.7');
  assert.equal(gone.unavailable_reason, 'off: removed by Cerebras (since 2026-08-17)');
  assert.equal(gone.since, '2026-08-17');
  for (const p of providers.filter((provider) => !provider.enabled)) assert.ok(p.why_off.length > 0 && p.since, p.id);
  const embedding = models.find((m) => m.kind === 'embedding' && !m.unavailable_reason.startsWith('off'));
  assert.equal(embedding.available, false);
  assert.equal(embedding.unavailable_reason, 'kind embedding: no chat request goes to it');
});

test('the unified key is made once, kept for its owner alone, and shown on request', async (t) => {
  const first = await run(t, ['unified-key', 'show']);
  assert.equal(first.code, 0);
  assert.match(first.stdout, /^freellmapi-[0-9a-f]{48}\n$/);
  const again = await run(t, ['unified-key', 'show'], { home: first.home });
  assert.equal(again.stdout, first.stdout);
  const data = path.join(first.home, '.local/state/freellmapi');
  for (const file of ['freellmapi.db', 'vault.key']) assert.equal((await stat(path.join(data, file))).mode & 0o777, 0o600);
  assert.equal((await stat(data)).mode & 0o777, 0o700);
  assert.ok(!(await readFile(path.join(data, 'freellmapi.db'))).includes(first.stdout.trim()), 'it is sealed');
});

test('the unified key may come from the environment or from a file that the environment names', async (t) => {
  assert.equal((await run(t, ['unified-key', 'show'], { env: { FREELLMAPI_KEY: unified_key } })).stdout, `${unified_key}\n`);
  assert.equal((await run(t, ['unified-key', 'show'], { env: { FREELLMAPI_KEY_FILE: 'key.txt' }, files: { 'key.txt': `${unified_key}\n` } })).stdout, `${unified_key}\n`);
});

test('client-config writes a file that client-config --check finds good', async (t) => {
  const written = await run(t, ['client-config', '--out', 'freellmapi.json'], { files: { 'policy.yaml': two_lines }, env: { FREELLMAPI_KEY: unified_key } });
  assert.equal(written.code, 0, written.stderr);
  const file = path.join(written.home, 'freellmapi.json');
  assert.equal((await stat(file)).mode & 0o777, 0o600);
  assert.deepEqual(JSON.parse(await readFile(file, 'utf8')), { ...good, fallback_chain: ['groq', 'cerebras'] });
  const checked = await run(t, ['client-config', '--check', 'freellmapi.json'], { home: written.home });
  assert.equal(checked.stdout, 'config OK: FreeLLMAPI at :3001/v1, unified key prefix ok, fallback chain of 2 provider(s), request well-formed\n');
  assert.equal(checked.code, 0);
});

test('client-config prints to standard output where no file is named', async (t) => {
  const { code, stdout } = await run(t, ['client-config'], { files: { 'policy.yaml': two_lines }, env: { FREELLMAPI_KEY: unified_key } });
  assert.equal(code, 0);
  assert.equal(JSON.parse(stdout).unified_key, unified_key);
});

test('client-config --check says config OK with the count of the chain', async (t) => {
  const { code, stdout, stderr } = await run(t, ['client-config', '--check', 'c.json'], { files: { 'c.json': JSON.stringify(good) } });
  assert.equal(stdout, 'config OK: FreeLLMAPI at :3001/v1, unified key prefix ok, fallback chain of 6 provider(s), request well-formed\n');
  assert.equal(stderr, '');
  assert.equal(code, 0);
});

const without = (name) => Object.fromEntries(Object.entries(good).filter(([key]) => key !== name));
for (const [what, file] of Object.entries({
  'no endpoint': without('endpoint'), 'another port': { ...good, endpoint: 'http://localhost:8080/v1' }, 'no /v1': { ...good, endpoint: 'http://localhost:3001' },
  'no key': without('unified_key'), 'another key': { ...good, unified_key: 'sk-abc' }, 'a key that is a number': { ...good, unified_key: 7 },
  'no chain': without('fallback_chain'), 'a chain of one': { ...good, fallback_chain: ['groq'] }, 'a chain with a number': { ...good, fallback_chain: ['groq', 7] }, 'a chain with a name twice': { ...good, fallback_chain: ['groq', 'google', 'groq'] },
  'no request': without('request'), 'no model': { ...good, request: { messages: good.request.messages } }, 'no messages': { ...good, request: { model: 'auto', messages: [] } },
  'a message without a role': { ...good, request: { model: 'auto', messages: [{ content: 'hi' }] } }, 'a message without text': { ...good, request: { model: 'auto', messages: [{ role: 'user', content: [] }] } },
  'a list': [], 'no JSON': '{"endpoint":', 'an empty file': '',
})) {
  test(`client-config --check says BAD for ${what}`, async (t) => {
    const { code, stdout, stderr } = await run(t, ['client-config', '--check', 'c.json'], { files: { 'c.json': typeof file === 'string' ? file : JSON.stringify(file) } });
    assert.equal(code, 1);
    assert.equal(stdout, '');
    assert.match(stderr, /^BAD: .+\n$/);
  });
}

test('client-config --check goes by the configured port, and says BAD for a file that is not there', async (t) => {
  const options = { files: { 'policy.yaml': `${two_lines}server: {listen: "127.0.0.1:4000"}\n`, 'c.json': JSON.stringify({ ...good, endpoint: 'http://127.0.0.1:4000/v1' }) } };
  assert.match((await run(t, ['client-config', '--check', 'c.json'], options)).stdout, /^config OK: FreeLLMAPI at :4000\/v1, /);
  const missing = await run(t, ['client-config', '--check', 'none.json']);
  assert.equal(missing.code, 1);
  assert.match(missing.stderr, /^BAD: .+\n$/);
});
