// A plugin that fails costs one request's attempt and a bench of that plugin, never the process.
import assert from 'node:assert/strict';
import { copyFile, mkdtemp, rm } from 'node:fs/promises';
import os from 'node:os';
import path from 'node:path';
import test from 'node:test';
import { build, Router, start_emulator } from './router.mjs';

async function start(t, model, rules = []) {
  const emulator = await start_emulator(t);
  emulator.script({ rules });
  const folder = await mkdtemp(path.join(os.homedir(), '.freellmapi-test-plugins-'));
  t.after(() => rm(folder, { recursive: true, force: true }));
  await copyFile(path.join(build, 'tests-plugins/unruly.so'), path.join(folder, 'unruly.so'));
  await copyFile(path.join(build, 'lib/freellmapi/plugins/custom.so'), path.join(folder, 'custom.so'));
  const at = emulator.addresses.http;
  const policy = { version: 1, chain: [`unruly/${model}`, 'box'], providers: {
    unruly: { base_url: `${at}/box/unruly/v1` },
    box: { plugin: 'custom', base_url: `${at}/box/box/v1`, models: { m: {} } } } };
  return Router.start(t, { emulator, policy: JSON.stringify(policy), keys: false, args: ['--plugins', folder] });
}
const ask = (router) => router.request('POST', '/v1/chat/completions', { body: { model: 'auto', messages: [{ role: 'user', content: '!say fine' }] } });

test('a plugin that keeps the rules is used', async (t) => {
  const router = await start(t, 'well-behaved');
  const answer = await ask(router);
  assert.equal(answer.json.choices[0].message.content, 'unruly, yet here');
});

const refused = [{ match: { provider: 'unruly' }, action: { server_error: 500 } }];
for (const [model, rules] of [['throws-at-the-request'], ['throws-at-the-answer'], ['throws-at-the-error', refused], ['writes-past-its-memory'], ['emits-nonsense']])
  test(`a plugin that ${model.replaceAll('-', ' ')} costs one attempt and is benched`, async (t) => {
    const router = await start(t, model, rules);
    const first = await ask(router);
    assert.equal(first.status, 200, first.text);
    assert.equal(first.json.choices[0].message.content, 'fine');
    assert.match(first.headers['x-fallback-trail'], new RegExp(`unruly/${model} \\S*plugin_failed|unruly/${model}=plugin_failed`));
    const second = await ask(router);
    assert.equal(second.status, 200);
    assert.equal(second.headers['x-fallback-attempts'], '0', 'the plugin was asked again');
    assert.equal(second.headers['x-routed-via'], 'box/m');
  });

test('a plugin that holds the core is benched after its answer', async (t) => {
  const router = await start(t, 'holds-the-core');
  const first = await ask(router);
  assert.equal(first.json.choices[0].message.content, 'unruly, yet here');
  assert.equal((await ask(router)).headers['x-routed-via'], 'box/m');
  await router.logged((line) => line.event === 'plugin.slow' && line.provider === 'unruly');
});

test('an answer that the plugin does not know goes to the next provider, benches nobody and is told once', async (t) => {
  const router = await start(t, 'well-behaved', [{ match: { provider: 'unruly' }, action: { status: 418, body: 'short and stout' } }]);
  const ids = [];
  for (let i = 0; i < 3; i += 1) {
    const answer = await ask(router);
    ids.push(answer.headers['x-request-id']);
    assert.equal(answer.headers['x-routed-via'], 'box/m');
    assert.match(answer.headers['x-fallback-trail'] ?? '', /^unruly\/well-behaved .*=unknown$/, 'the first is asked each time');
  }
  for (const id of ids) await router.logged((line) => line.event === 'request.done' && line.id === id);
  assert.equal(router.log_lines().filter((line) => line.event === 'outcome.unknown' && line.provider === 'unruly').length, 1, router.stderr);
});
