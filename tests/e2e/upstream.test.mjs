// The way to the providers: proxies of each kind, TLS that is verified, connections that are kept.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { http_proxy, socks_proxy } from './proxies.mjs';
import { Router, start_emulator } from './router.mjs';

const port_of = (url) => new URL(url).port;
const host = 'box.emulator.test';  // known to no resolver, and to the emulator's certificate
const model = { models: { 'any-model': { tools: true, context: 131072 } } };

// Box a at `base`, box b at the emulator directly.
async function router_to(t, base, { proxy, emulator, env, ca_file } = {}) {
  const a = { plugin: 'custom', base_url: `${base}/box/a/v1`, ...model, ...(proxy ? { proxy } : {}), ...(ca_file ? { ca_file } : {}), timeouts: { connect: '3s', first_byte: '5s', idle: '5s', total: '20s' } };
  return Router.start(t, { emulator, chain: ['a', 'b'], boxes: ['b'], providers: { a }, env });
}
async function served_by_a(router) {
  for (const stream of [false, true]) {
    const answer = await router.chat({ stream, messages: [{ role: 'user', content: '!say through' }] });
    assert.equal(answer.status, 200, answer.text);
    assert.equal(answer.headers['x-routed-via'], 'a/any-model', answer.headers['x-fallback-trail']);
    assert.match(answer.text, /through/);
  }
}

test('plain HTTP goes through an HTTP proxy in absolute form', async (t) => {
  const emulator = await start_emulator(t);
  const proxy = await http_proxy(t);
  await served_by_a(await router_to(t, `http://${host}:${port_of(emulator.addresses.http)}`, { emulator, proxy: `http://127.0.0.1:${proxy.port}` }));
  assert.equal(proxy.asked[0].method, 'POST');
  assert.equal(proxy.asked[0].target, `http://${host}:${port_of(emulator.addresses.http)}/box/a/v1/chat/completions`);
});

test('TLS goes through an HTTP proxy by CONNECT, which sees no byte of the request', async (t) => {
  const emulator = await start_emulator(t, { tls: true });
  const proxy = await http_proxy(t);
  await served_by_a(await router_to(t, `https://${host}:${port_of(emulator.addresses.tls)}`, { emulator, proxy: `http://127.0.0.1:${proxy.port}`, ca_file: emulator.addresses.ca }));
  assert.deepEqual(new Set(proxy.asked.map((a) => a.method)), new Set(['CONNECT']));
  assert.equal(proxy.asked[0].target, `${host}:${port_of(emulator.addresses.tls)}`);
  assert.equal(proxy.asked[0].headers.authorization, undefined);
  assert.ok(emulator.journal_entries({ provider: 'a' }).every((e) => e.tls));
});

test('a proxy that wants a user gets it, and nobody else does', async (t) => {
  const emulator = await start_emulator(t);
  const proxy = await http_proxy(t, { user: 'ann:se:cret' });
  const router = await router_to(t, `http://${host}:${port_of(emulator.addresses.http)}`, { emulator, proxy: `http://ann:se%3Acret@127.0.0.1:${proxy.port}` });
  await served_by_a(router);
  assert.ok(emulator.journal_entries().every((e) => e.headers['proxy-authorization'] === undefined));
  assert.ok(!router.stderr.includes('se%3Acret') && !router.stdout.includes('cret@'));
});

test('socks5h leaves the name to the proxy', async (t) => {
  const emulator = await start_emulator(t);
  const proxy = await socks_proxy(t);
  await served_by_a(await router_to(t, `http://${host}:${port_of(emulator.addresses.http)}`, { emulator, proxy: `socks5h://127.0.0.1:${proxy.port}` }));
  assert.equal(proxy.asked[0].host, host);
});

test('socks5 looks the name up here and hands over an address', async (t) => {
  const emulator = await start_emulator(t);
  const proxy = await socks_proxy(t);
  await served_by_a(await router_to(t, emulator.addresses.http, { emulator, proxy: `socks5://127.0.0.1:${proxy.port}` }));
  assert.equal(proxy.asked[0].host, '127.0.0.1');
});

test('SOCKS5 with a user and TLS inside', async (t) => {
  const emulator = await start_emulator(t, { tls: true });
  const proxy = await socks_proxy(t, { user: 'ann:secret' });
  await served_by_a(await router_to(t, `https://${host}:${port_of(emulator.addresses.tls)}`, { emulator, proxy: `socks5h://ann:secret@127.0.0.1:${proxy.port}`, ca_file: emulator.addresses.ca }));
  assert.equal(proxy.asked[0].host, host);
});

for (const [what, make] of [
  ['an HTTP proxy that refuses', async (t) => `http://127.0.0.1:${(await http_proxy(t, { refuse: 403 })).port}`],
  ['an HTTP proxy that wants another user', async (t) => `http://eve:guess@127.0.0.1:${(await http_proxy(t, { user: 'ann:secret' })).port}`],
  ['a SOCKS proxy that refuses', async (t) => `socks5h://127.0.0.1:${(await socks_proxy(t, { refuse: 2 })).port}`],
  ['a SOCKS proxy that wants another user', async (t) => `socks5h://127.0.0.1:${(await socks_proxy(t, { user: 'ann:secret' })).port}`],
  ['a proxy that is not there', async () => 'http://127.0.0.1:9'],
]) {
  test(`${what} is a failed attempt, and the next provider serves`, async (t) => {
    const emulator = await start_emulator(t, { tls: true });
    const router = await router_to(t, `https://${host}:${port_of(emulator.addresses.tls)}`, { emulator, proxy: await make(t), ca_file: emulator.addresses.ca });
    const answer = await router.chat();
    assert.equal(answer.status, 200, answer.text);
    assert.equal(answer.headers['x-routed-via'], 'b/any-model');
    assert.equal(answer.headers['x-fallback-attempts'], '1');
    assert.equal(emulator.journal_entries({ provider: 'a' }).length, 0);
    assert.ok(!/secret|guess/.test(router.stderr + router.stdout));
  });
}

test('HTTPS_PROXY and ALL_PROXY are respected, NO_PROXY too, and this machine is never proxied', async (t) => {
  const emulator = await start_emulator(t, { tls: true });
  const base = `https://${host}:${port_of(emulator.addresses.tls)}`;
  for (const [env, proxied] of [[(url) => ({ HTTPS_PROXY: url }), true], [(url) => ({ https_proxy: url }), true], [(url) => ({ ALL_PROXY: url }), true], [(url) => ({ HTTP_PROXY: url }), false],
    [(url) => ({ HTTPS_PROXY: url, NO_PROXY: 'example.org, .emulator.test' }), false], [(url) => ({ HTTPS_PROXY: url, NO_PROXY: '*' }), false]]) {
    const proxy = await http_proxy(t);
    const router = await router_to(t, base, { emulator, env: env(`http://127.0.0.1:${proxy.port}`), ca_file: emulator.addresses.ca });
    const answer = await router.chat();
    const what = JSON.stringify(env('P'));
    assert.equal(answer.headers['x-routed-via'], proxied ? 'a/any-model' : 'b/any-model', `${what}: ${answer.headers['x-fallback-trail']}`);
    assert.equal(proxy.asked.length, proxied ? 1 : 0, what);
  }
});

test('proxy: none goes directly whatever the environment says', async (t) => {
  const emulator = await start_emulator(t);
  const proxy = await http_proxy(t);
  const router = await router_to(t, emulator.addresses.http, { emulator, proxy: 'none', env: { ALL_PROXY: `http://127.0.0.1:${proxy.port}` } });
  await served_by_a(router);
  assert.equal(proxy.asked.length, 0);
});

test('TLS with the provider\'s own ca_file works, and its connection is kept', async (t) => {
  const emulator = await start_emulator(t, { tls: true });
  const router = await router_to(t, emulator.addresses.tls, { emulator, ca_file: emulator.addresses.ca });
  for (let i = 0; i < 6; i += 1) await served_by_a(router);
  const entries = emulator.journal_entries({ provider: 'a' });
  assert.ok(entries.every((e) => e.tls));
  assert.ok(new Set(entries.map((e) => e.connection)).size < entries.length / 2, 'connections are used again');
});

for (const [what, address, ca] of [['for another host', 'tls_wrong_host', true], ['signed by itself', 'tls_self_signed', true], ['of a CA that nobody knows', 'tls', false]]) {
  test(`a certificate ${what} is refused, no byte of HTTP is sent, and the next provider serves`, async (t) => {
    const emulator = await start_emulator(t, { tls: true, tls_bad_ports: true });
    const router = await router_to(t, emulator.addresses[address], { emulator, ca_file: ca ? emulator.addresses.ca : undefined });
    const answer = await router.chat();
    assert.equal(answer.status, 200, answer.text);
    assert.equal(answer.headers['x-routed-via'], 'b/any-model');
    assert.equal(answer.headers['x-fallback-attempts'], '1');
    assert.equal(emulator.journal_entries({ provider: 'a' }).length, 0);
  });
}

test('plain connections are kept and used again', async (t) => {
  const emulator = await start_emulator(t);
  const router = await router_to(t, emulator.addresses.http, { emulator });
  for (let i = 0; i < 10; i += 1) await served_by_a(router);
  const entries = emulator.journal_entries({ provider: 'a' });
  assert.ok(new Set(entries.map((e) => e.connection)).size <= 4, `${new Set(entries.map((e) => e.connection)).size} connections for ${entries.length} requests`);
});

test('a redirect is not followed', async (t) => {
  const emulator = await start_emulator(t);
  emulator.script([{ match: { provider: 'a' }, action: { redirect: { status: 307, location: `${emulator.addresses.http}/box/c/v1/chat/completions` } } }]);
  const router = await router_to(t, emulator.addresses.http, { emulator });
  assert.equal((await router.chat()).headers['x-routed-via'], 'b/any-model');
  const alone = await router.chat({ model: 'a/any-model' });
  assert.ok([429, 502].includes(alone.status), alone.text);
  assert.equal(emulator.journal_entries({ provider: 'c' }).length, 0);
});

test('what the provider says in its headers stays there', async (t) => {
  const emulator = await start_emulator(t);
  emulator.script([{ match: { provider: 'a' }, action: { normal: {}, headers: { 'set-cookie': 'a=b', 'access-control-allow-origin': '*', location: 'http://x', refresh: '1', 'x-secret-host': 'inner', 'content-security-policy': 'x' } } }]);
  const router = await router_to(t, emulator.addresses.http, { emulator });
  for (const stream of [false, true]) {
    const { headers } = await router.chat({ stream });
    for (const name of ['set-cookie', 'access-control-allow-origin', 'location', 'refresh', 'x-secret-host', 'content-security-policy']) assert.equal(headers[name], undefined, name);
  }
});
