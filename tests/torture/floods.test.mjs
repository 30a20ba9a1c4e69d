// Providers that send without end: cut at the bound, within 64 MiB, and nobody else notices.
import assert from 'node:assert/strict';
import { monitorEventLoopDelay } from 'node:perf_hooks';
import { test } from 'node:test';
import { memory_of, Router, sanitized, slack, start_emulator } from '../e2e/router.mjs';

const MiB = 1024 * 1024;
const peak_of = (pid) => memory_of(pid, 'VmHWM');
const bound_mib = sanitized ? 512 : 64;
const timeouts = { connect: '2s', first_byte: '3s', idle: '3s', total: '20s' };

const floods = {
  'an endless body': [{ oversize_body: { bytes: 256 * MiB } }, false],
  'an endless line': [{ endless_line: { after_chunks: 0 } }, true],
  'a bomb of header fields': [{ header_bomb: { count: 5000, bytes: 4096 } }, false],
  'a gzip bomb': [{ gzip_bomb: { bytes: 256 * MiB } }, false],
  'a flood of informational answers': [{ informational_flood: { count: 5000 } }, false],
  'a flood of comments': [{ comment_flood: { count: 200_000 } }, true],
};

for (const [what, [action, stream]] of Object.entries(floods)) {
  test(`${what} costs at most ${bound_mib} MiB, fails over, and others are served meanwhile`, async (t) => {
    const emulator = await start_emulator(t);
    emulator.script([{ match: { provider: 'a' }, action }]);
    const router = await Router.start(t, { emulator, chain: ['a', 'b'], boxes: ['a', 'b'], providers: { a: { timeouts } } });
    await router.chat({ model: 'b/any-model' });
    const before = peak_of(router.process.pid);
    const flooded = router.chat({ stream, messages: [{ role: 'user', content: '!say fine' }] });
    let over = false;
    flooded.finally(() => { over = true; });
    const times = [];
    const late = monitorEventLoopDelay({ resolution: 5 });
    late.enable();
    while (!over || times.length < 60) {
      const began = performance.now();
      assert.equal((await router.get('/livez')).status, 200);
      times.push(performance.now() - began);
    }
    const answer = await flooded;
    assert.equal(answer.status, 200, answer.text.slice(0, 300));
    assert.match(answer.text, /fine/);
    if (!what.includes('informational') && !what.includes('comments')) assert.equal(answer.headers['x-routed-via'], 'b/any-model');
    const more = peak_of(router.process.pid) - before;
    assert.ok(more < bound_mib, `${more} MiB more`);
    times.sort((x, y) => x - y);
    const p95 = times[Math.floor(times.length * 0.95)], held_up = late.max / 1e6;
    // A machine that holds this program up holds the router up as well.
    assert.ok(p95 < 250 * slack + 2 * held_up, `p95 ${p95} ms, this program was held up for ${held_up} ms`);
    assert.equal(router.process.exitCode, null);
  });
}

test('a client that reads an endless stream does not make the router grow', async (t) => {
  const emulator = await start_emulator(t);
  emulator.script([{ match: { contains: 'flood' }, action: { endless_stream: { ms: 0 } } }]);
  const router = await Router.start(t, { emulator, chain: ['a'], boxes: ['a'] });
  await router.chat();
  const before = peak_of(router.process.pid);
  const leaving = new AbortController();
  const reading = router.chat({ stream: true, messages: [{ role: 'user', content: 'flood' }] }, { signal: leaving.signal }).catch(() => 'left');
  await router.until(() => (emulator.journal_entries().at(-1).bytes_sent ?? 0) > 16 * MiB, '16 MiB to flow');
  assert.ok(peak_of(router.process.pid) - before < bound_mib, `${peak_of(router.process.pid) - before} MiB more`);
  leaving.abort();
  assert.equal(await reading, 'left');
});

test('what a provider says about usage and waiting is believed within reason', async (t) => {
  const emulator = await start_emulator(t);
  const router = await Router.start(t, { emulator, chain: ['a', 'b'], boxes: ['a', 'b'] });
  for (const value of ['negative', 'huge', 'string', 'fraction', 'missing']) {
    emulator.script([{ match: { provider: 'a' }, action: { usage_absurd: { value } } }]);
    const { usage } = (await router.chat()).json;
    for (const figure of ['prompt_tokens', 'completion_tokens', 'total_tokens']) assert.ok(Number.isInteger(usage[figure]) && usage[figure] >= 0 && usage[figure] < 1e6, `${value}: ${JSON.stringify(usage)}`);
  }
  for (const value of ['1e999', '-1', '100000000000000000000', 'Thu, 01 Jan 1970 00:00:00 GMT', 'soon', '']) {
    const fresh = await Router.start(t, { emulator, chain: ['a'], boxes: ['a'] });
    emulator.script([{ match: { provider: 'a' }, action: { retry_after_absurd: { value } } }]);
    const answer = await fresh.chat();
    assert.equal(answer.status, 429, answer.text);
    const wait = Number(answer.headers['retry-after']);
    assert.ok(Number.isInteger(wait) && wait >= 1 && wait <= 86_400, `${value}: ${answer.headers['retry-after']}`);
    await fresh.stop();
  }
});
