// Quotas under everything at once: 200 parallel requests, kill -9 (KILLS=1000 for more than 25), a second instance, a
// ledger that is damaged.
import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { closeSync, ftruncateSync, openSync, readFileSync, rmSync, statSync, symlinkSync, truncateSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { test } from 'node:test';
import { binary, far_midnight, Router, start_emulator } from '../e2e/router.mjs';

const box = (quota) => ({ quota, models: { 'any-model': { tools: true, vision: true, json: 'schema', context: 131072 } } });
const day = (limit) => ({ limit, of: 'requests', per: 'day', resets: far_midnight });

// What the windows other than rolling ones have counted, from the file itself.
function counts_in(file) {
  const bytes = readFileSync(file);
  const sizes = { roll: bytes.readUInt32LE(32), wind: bytes.readUInt32LE(36), cool: bytes.readUInt32LE(40) };
  const [head, block, used] = [bytes.readUInt32LE(20), bytes.readUInt32LE(24), Number(bytes.readBigUInt64LE(56))];
  const counts = [];
  for (let at = 0; at < used;) {
    const kind = bytes.toString('latin1', head + at + 16, head + at + 20);
    if (kind === 'wind') counts.push(Number(bytes.readBigUInt64LE(head + at + 24) + bytes.readBigUInt64LE(head + at + 32)));
    at += kind === 'rest' ? block - (at % block) : sizes[kind];
  }
  return counts;
}

test('of 200 parallel requests exactly 30 arrive at a provider of 30 a minute', async (t) => {
  const emulator = await start_emulator(t);
  emulator.script({ limits: [{ provider: 'a', requests: 30, per_ms: 60_000 }] });
  const router = await Router.start(t, { emulator, chain: ['a'], boxes: ['a'], providers: { a: box([{ limit: 30, of: 'requests', per: 'minute' }]) } });
  const answers = await Promise.all(Array.from({ length: 200 }, () => router.chat({ messages: [{ role: 'user', content: '!say fine' }] })));
  assert.equal(answers.filter((a) => a.status === 200).length, 30);
  assert.ok(answers.every((a) => a.status === 200 || a.status === 429));
  assert.equal(emulator.journal_entries({ provider: 'a' }).length, 30);
  assert.equal(emulator.state_now().overruns, 0);
});

test('kills -9 under load overrun nothing and forget nothing', async (t) => {
  const kills = Number(process.env.KILLS ?? 25);
  const emulator = await start_emulator(t);
  emulator.script({
    limits: [{ provider: 'a', requests: 1_500, per_ms: 86_400_000, fixed: true, offset_ms: parseInt(far_midnight, 10) * 3_600_000 }, { provider: 'b', requests: 100, per_ms: 20_000 },
      { provider: 'c', concurrency: 3 }, { provider: 'd', tokens: 24_000, per_ms: 20_000 }],
    rules: [{ match: { provider: 'c' }, action: { slow_first_token: { ms: 30 } } }],
  });
  // Windows long enough for a busy machine: a rolling one allows a 72nd part of its length between reserving and arriving.
  const options = { emulator, boxes: ['a', 'b', 'c', 'd'], chain: ['b', 'c', 'd', 'a'], providers: {
    a: box([day(1_500)]), b: box([{ limit: 100, of: 'requests', per: 'rolling 20s' }]),
    c: box([{ limit: 3, of: 'concurrency', scope: 'key' }]), d: box([{ limit: 24_000, of: 'tokens', per: 'rolling 20s' }]) } };
  let home, served = 0, after = 0;
  // The journal forgets its oldest entries.
  const arrived = { a: 0, b: 0, c: 0, d: 0 };
  const look = () => {
    for (const entry of emulator.journal_entries({ after })) {
      if (entry.status !== 429) arrived[entry.provider] += 1;
      after = entry.seq;
    }
  };
  for (let life = 0; life < kills; life += 1) {
    const router = await Router.start(t, { ...options, home });
    home = router.home;
    let running = true;
    const clients = Array.from({ length: 12 }, async (_, i) => {
      while (running) {
        const answer = await router.chat({ stream: i % 2 === 0, max_tokens: 50, messages: [{ role: 'user', content: '!say fine' }] }).catch(() => undefined);
        if (answer?.status === 200) served += 1;
        if (answer && answer.status !== 200) await new Promise((ok) => { setTimeout(ok, 20); });
      }
    });
    await new Promise((ok) => { setTimeout(ok, 100 + Math.random() * 600); });
    await router.kill();
    running = false;
    await Promise.all(clients);
    look();
    const counted = Math.max(...counts_in(path.join(home, 'data/ledger')));
    assert.ok(counted >= arrived.a, `life ${life}: the ledger counts ${counted}, ${arrived.a} arrived`);
    assert.equal(emulator.state_now().overruns, 0, `life ${life}: ${JSON.stringify(emulator.journal_entries().find((e) => e.overrun))}`);
  }
  t.diagnostic(`${kills} kills, ${served} answers, arrived: ${JSON.stringify(arrived)}, overruns ${emulator.state_now().overruns}`);
  // Alive again, everything is given back but what was spent.
  const last = await Router.start(t, { ...options, home });
  assert.equal((await last.chat({ model: 'c/any-model' })).status, 200, 'slots of concurrency are free');
  assert.ok(served > 200, `only ${served} answers: the test was idle`);
});

test('cooldowns outlive a kill', async (t) => {
  const emulator = await start_emulator(t);
  emulator.script([{ match: { provider: 'a' }, action: { rate_limit: { retry_after: '300', in: 'header' } } }]);
  const options = { emulator, chain: ['a', 'b'], boxes: ['a', 'b'] };
  const router = await Router.start(t, options);
  await router.chat();
  await router.kill();
  const next = await Router.start(t, { ...options, home: router.home });
  const answer = await next.chat();
  assert.equal(answer.headers['x-routed-via'], 'b/any-model');
  assert.equal(emulator.journal_entries({ provider: 'a' }).length, 1);
});

// Runs serve on a data directory until it ends.
function serve_again(router) {
  return spawnSync(binary, ['serve', '--policy', router.policy_file, '--data', path.join(router.home, 'data'), '--listen', '127.0.0.1:0'],
    { env: { PATH: process.env.PATH, HOME: router.home }, encoding: 'utf8', timeout: 60_000 });
}

test('a second instance on the same data directory says who is there and ends with 1', async (t) => {
  const emulator = await start_emulator(t);
  const router = await Router.start(t, { emulator, chain: ['a'], boxes: ['a'] });
  const second = serve_again(router);
  assert.equal(second.status, 1);
  assert.match(second.stderr, new RegExp(`process ${router.process.pid} already serves from .*data: stop it, or give this one another directory with --data`));
  assert.equal((await router.chat()).status, 200);
});

test('a ledger that cannot be trusted is named, refused and left as it is', async (t) => {
  const emulator = await start_emulator(t);
  const router = await Router.start(t, { emulator, chain: ['a'], boxes: ['a'], providers: { a: box([day(5)]) } });
  const file = path.join(router.home, 'data/ledger');
  await router.chat();
  assert.equal(statSync(file).mode & 0o777, 0o600);
  await router.kill();
  t.after(() => rmSync(router.home, { recursive: true, force: true }));
  const good = readFileSync(file);
  const changed = (at, byte) => { const copy = Buffer.from(good); copy[at] = byte; return copy; };
  for (const [what, bytes, sentence] of [
    ['foreign', Buffer.alloc(8192, 'some notes of mine\n'), /it is not a ledger/],
    ['empty', Buffer.alloc(0), /it is too short/],
    ['cut off', good.subarray(0, 4096 + 1000), /it is shorter than it says/],
    ['of another layout', changed(16, 99), /it has layout 99/],
    ['with a damaged head', changed(37, 7), /the checksum of its head is wrong/],
    ['with a damaged slot', changed(4096 + 3, good[4096 + 3] ^ 1), /it is damaged at byte 4096/],
  ]) {
    writeFileSync(file, bytes);
    const end = serve_again(router);
    assert.equal(end.status, 1, what);
    assert.match(end.stderr, sentence, what);
    assert.match(end.stderr, /cannot use the ledger .*data\/ledger: .*; put back a good copy, or move it away/, what);
    assert.ok(readFileSync(file).equals(bytes), `${what}: it was changed`);
  }
  rmSync(file);
  symlinkSync('/etc/hostname', file);
  assert.match(serve_again(router).stderr, /data\/ledger: it cannot be opened/);
  rmSync(file);
  writeFileSync(file, good);
  const handle = openSync(file, 'r+');
  ftruncateSync(handle, good.length + 5);
  closeSync(handle);
  const next = await Router.start(t, { emulator, chain: ['a'], boxes: ['a'], providers: { a: box([day(5)]) }, home: router.home });
  assert.equal((await next.chat()).status, 200, 'the remains of a growth that was cut off do no harm');
});

test('a ledger that is cut off under a running router ends it with a sentence that names the file', async (t) => {
  const emulator = await start_emulator(t);
  for (const size of [0, 4096]) {
    const router = await Router.start(t, { emulator, chain: ['a'], boxes: ['a'], providers: { a: box([day(500)]) } });
    assert.equal((await router.chat()).status, 200);
    truncateSync(path.join(router.home, 'data/ledger'), size);
    // The next request counts; nothing is answered that was not counted.
    await router.chat().then((answer) => assert.notEqual(answer.status, 200), () => {});
    const end = await router.exited;
    router.stopped = end;
    rmSync(router.home, { recursive: true, force: true });
    assert.deepEqual(end, { code: 1, signal: null }, router.stderr.slice(-500));
    assert.match(router.stderr, /the ledger .*data\/ledger was cut off while it was in use, or its disk fails/);
  }
});
