// `wait: 8s` on a step of the chain: in order of arrival, within the deadline, and refused at once when it cannot be.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { Router, slack, sleep, start_emulator } from './router.mjs';

const box = (quota) => ({ quota, models: { 'any-model': { tools: true, vision: true, json: 'schema', context: 131072 } } });
const say = (text, more = {}) => ({ messages: [{ role: 'user', content: `!say ${text}` }], max_tokens: 20, ...more });

const one_waits = (router) => router.until(async () => (await router.in_progress()) === 1, 'one to wait');

async function waiting(t, { quota, wait, limits = [], chain_end = [], rest = {} }) {
  const emulator = await start_emulator(t);
  emulator.script({ limits });
  const router = await Router.start(t, { emulator, boxes: ['a', 'b'], chain: [{ model: 'a/any-model', wait }, ...chain_end], providers: { a: box(quota) }, rest });
  return { emulator, router };
}

test('a burst of 30 at 10 a window waits in order of arrival, overruns nothing and goes nowhere lower', async (t) => {
  const { emulator, router } = await waiting(t, { quota: [{ limit: 10, of: 'requests', per: 'rolling 5s' }], wait: '20s', chain_end: ['b/any-model'],
    limits: [{ provider: 'a', requests: 10, per_ms: 4_600 }] });  // less than 5 s by what a busy machine may hold one up
  const waits = [];
  const answers = [];
  for (let i = 0; i < 30; i += 1) {
    const began = performance.now();
    answers.push(router.chat(say(`number ${i}`)).then((answer) => { waits.push(performance.now() - began); return answer; }));
    // The next one comes when this one is served or waits.
    await router.until(async () => (await router.in_progress()) + waits.length > i, `number ${i} to arrive`);
  }
  for (const answer of await Promise.all(answers)) assert.equal(answer.headers['x-routed-via'], 'a/any-model', answer.text);
  assert.equal(emulator.state_now().overruns, 0);
  const arrived = emulator.journal_entries({ provider: 'a' }).map((entry) => Number(/number (\d+)/.exec(entry.body)[1]));
  assert.equal(arrived.length, 30);
  // Two cores may swap requests that come within the time for which a busy machine holds one of them up.
  arrived.forEach((number, place) => assert.ok(Math.abs(number - place) <= 2, `order of arrival: ${arrived.join(' ')}`));
  waits.sort((x, y) => x - y);
  assert.ok(waits[28] < 14_000 * slack, `the 95th of a hundred waits ${waits[28]} ms`);
});

test('who cannot be served in time is refused at once and told when, however many wait', async (t) => {
  const { emulator, router } = await waiting(t, { quota: [{ limit: 1, of: 'requests', per: 'rolling 4s' }], wait: '6s' });
  const asked = performance.now();
  assert.equal((await router.chat(say('first'))).status, 200);
  const answered = performance.now();
  let served = false;
  const second = router.chat(say('second')).finally(() => { served = true; });  // in four seconds
  await one_waits(router);
  const began = performance.now();
  const third = await router.chat(say('third'));  // in eight: too late
  assert.ok(!served, 'it was refused at once: nobody was served meanwhile');
  assert.equal(third.status, 429);
  const retry = Number(third.headers['retry-after']);
  const [soonest, latest] = [8 - (performance.now() - asked) / 1000, 8 - (began - answered) / 1000];
  assert.ok(retry > soonest - 1 && retry < latest + 1.5, `${retry}, and it is ${soonest} to ${latest} s`);
  assert.equal((await second).status, 200);
  assert.equal(emulator.journal_entries({ provider: 'a' }).length, 2);
});

test('a window that opens after the wait is not waited for, and Retry-After is true', async (t) => {
  const { router } = await waiting(t, { quota: [{ limit: 1, of: 'requests', per: 'minute' }], wait: '20s' });
  const began = performance.now();
  assert.equal((await router.chat(say('first'))).status, 200);
  const second = await router.chat(say('second'));
  const passed = (performance.now() - began) / 1000;
  assert.ok(passed < 20, `${passed} s: it was waited for`);
  assert.equal(second.status, 429);
  const retry = Number(second.headers['retry-after']);
  assert.ok(retry >= 60 - passed && retry <= 63, String(retry));
});

test('a client that leaves frees its place', async (t) => {
  const { emulator, router } = await waiting(t, { quota: [{ limit: 1, of: 'requests', per: 'rolling 4s' }], wait: '10s' });
  assert.equal((await router.chat(say('first'))).status, 200);
  const leaver = new AbortController();
  const gone = router.chat(say('gone'), { signal: leaver.signal }).catch(() => 'left');
  await one_waits(router);
  const patient = router.chat(say('patient'));
  await router.until(async () => (await router.in_progress()) === 2, 'both to wait');
  leaver.abort();
  assert.equal(await gone, 'left');
  assert.equal((await patient).status, 200);
  const arrived = emulator.journal_entries({ provider: 'a' });
  assert.deepEqual(arrived.map((entry) => /!say (\w+)/.exec(entry.body)[1]), ['first', 'patient']);
  const waited = Date.parse(arrived[1].time) - Date.parse(arrived[0].time);
  assert.ok(waited < 8_000, `${waited} ms: it has waited for the one who left`);
});

test('nobody overtakes those who wait', async (t) => {
  const { emulator, router } = await waiting(t, { quota: [{ limit: 1, of: 'requests', per: 'rolling 4s' }], wait: '10s', chain_end: ['b/any-model'],
    rest: { profiles: { hasty: { chain: ['a/any-model', 'b/any-model'] } } } });
  assert.equal((await router.chat(say('first'))).status, 200);
  const patient = router.chat(say('patient'));
  await one_waits(router);
  const deadline = Date.now() + 20_000;
  let answered = false;
  patient.then(() => { answered = true; });
  while (!answered && Date.now() < deadline) {
    const hasty = await router.chat({ model: 'auto:hasty', ...say('hasty') });
    if (emulator.journal_entries({ provider: 'a' }).length < 2) assert.equal(hasty.headers['x-routed-via'], 'b/any-model');
    await sleep(5); // the journal holds the last 5,000 requests
  }
  assert.equal((await patient).headers['x-routed-via'], 'a/any-model');
  const arrived = emulator.journal_entries({ provider: 'a' }).map((entry) => entry.body.includes('patient'));
  assert.deepEqual(arrived.slice(0, 2), [false, true]);
});
