// The promise, end to end: ten thousand requests against providers that enforce, and what a provider says of its limits.
import assert from 'node:assert/strict';
import { monitorEventLoopDelay } from 'node:perf_hooks';
import { test } from 'node:test';
import { chat as straight, keys } from '../emulator/harness.mjs';
import { Router, sanitized, sleep, start_emulator } from '../e2e/router.mjs';

const model = { tools: true, vision: true, json: 'schema', context: 131072 };
const box = (quota, more = {}) => ({ quota, models: { 'any-model': model }, ...more });

// Rolling windows of 15 s: the router allows a 72nd part of a window, 208 ms, between leaving and arriving. Two busy cores
// may need longer to let the emulator look at what has come, so its windows are shorter by what it may be late.
const span_ms = 15_000, span = 'rolling 15s', minute_ms = 60_000, day_ms = 86_400_000;
const enforced_ms = span_ms - 500;
const run_ms = 56_000;
// A day that ends in the middle of the run, with time on both sides of it to spend what the day allows.
const soonest_ms = 16_000, latest_ms = 40_000;
const midnight = Math.ceil((Date.now() + soonest_ms + 1_000) / minute_ms) * minute_ms;
const rolling = (limit, of, more = {}) => ({ limit, of, per: span, ...more });
const bucket = (limit, of) => ({ limit, of, per: span, resets: 'token-bucket' });
const day = (limit, of) => ({ limit, of, per: 'day', resets: `${new Date(midnight).toISOString().slice(11, 16)} UTC` });
const a_day = { per_ms: day_ms, fixed: true, offset_ms: midnight % day_ms };

// What each box allows, in the router's words and in the provider's, and how much of it is asked for: always more than
// there is. `load` is requests a second. Those of `exact` must spend their window; in the others clients leave and answers
// fail, for which a provider bills less than the bound that the router rightly keeps.
const sum = { spent: (entries) => entries.reduce((total, e) => total + e.tokens, 0), count: (entries) => entries.length };
const boxes = {
  roll: { quota: [rolling(450, 'requests')], load: 42, exact: { kind: 'rolling', of: 'count', limit: 450 },
    limits: [{ requests: 450, per_ms: enforced_ms }] },
  date: { quota: [day(600, 'requests')], load: 80, leaves: true, exact: { kind: 'day', of: 'count', limit: 600 },
    limits: [{ requests: 600, ...a_day }] },
  pail: { quota: [bucket(300, 'requests')], load: 60, leaves: true, exact: { kind: 'bucket', of: 'count', limit: 300 },
    limits: [{ requests: 300, per_ms: span_ms, refill: true }] },
  toks: { quota: [day(80_000, 'tokens')], load: 30, exact: { kind: 'day', of: 'spent', limit: 80_000 },
    limits: [{ tokens: 80_000, ...a_day }] },
  // Two keys with a limit each and one for both, which is the tighter.
  duo: { quota: [rolling(240, 'requests', { scope: 'key' }), rolling(450, 'requests', { scope: 'account' })], load: 42,
    more: { keys: [{ env: 'DUO_ONE' }, { env: 'DUO_TWO' }] }, exact: { kind: 'rolling', of: 'count', limit: 450 },
    limits: [{ requests: 240, per_ms: enforced_ms }, { requests: 450, per_ms: enforced_ms, shared: true }] },
  // As at Cerebras: a bucket of tokens, of which each request reserves more than it costs.
  drip: { quota: [bucket(60_000, 'tokens')], load: 30, exact: { kind: 'bucket', of: 'spent', limit: 60_000 },
    limits: [{ tokens: 60_000, per_ms: span_ms, refill: true }] },
  // Everything at once: three rules, leavers, and whatever can go wrong upstream.
  wild: { quota: [rolling(500, 'requests'), rolling(90_000, 'tokens'), { limit: 12, of: 'concurrency', scope: 'key' }], load: 40, leaves: true, fails: true,
    limits: [{ requests: 500, per_ms: enforced_ms, tokens: 90_000 }, { concurrency: 12 }] },
};
// How often of a thousand, and what then happens: refusals and resets bench the box for a while, so they are few.
const faults = { 'fault-500': [4, { server_error: 500 }], 'fault-429': [4, { rate_limit: { retry_after: '1', in: 'header', window: 'second' } }],
  'fault-reset': [4, 'reset_before_headers'], 'fault-cut': [30, { cut: { after_chunks: 2, how: 'rst' } }],
  'fault-slow': [150, { slow_first_token: { ms: 40 }, slow: { ms: 4 } }] };

// The same sequence every time.
let seed = 20261122;
const random = () => {
  seed = (Math.imul(seed, 1664525) + 1013904223) >>> 0;
  return seed / 2 ** 32;
};
const between = (low, high) => low + Math.floor(random() * (high - low + 1));

function request_for(name) {
  const { leaves, fails } = boxes[name] ?? {};
  const size = random();
  const filler = 'lorem ipsum '.repeat((size < 0.8 ? between(1, 400) : size < 0.95 ? between(1_000, 6_000) : between(6_000, 20_000)) / 12);
  const words = between(1, 30);
  let lot = fails ? between(0, 999) : Infinity;
  const leaver = leaves && random() < 0.08;
  const kind = leaver ? 'fault-slow' : Object.keys(faults).find((name) => (lot -= faults[name][0]) < 0) ?? '';
  const body = { model: boxes[name] ? `${name}/any-model` : 'auto', stream: random() < 0.5, max_tokens: words + between(0, 200),
    messages: [{ role: 'system', content: `${kind} ${filler}` }, { role: 'user', content: `!count ${words}` }] };
  return { body, leaves_after: leaver ? between(1, 150) : undefined };
}

async function ask(router, { body, leaves_after }, seen) {
  const leaver = new AbortController();
  const timer = leaves_after === undefined ? undefined : setTimeout(() => leaver.abort(), leaves_after);
  seen.running += 1;
  seen.most = Math.max(seen.most, seen.running);
  const outcome = await router.chat(body, { signal: leaver.signal }).then((a) => a.status, () => 'left');
  clearTimeout(timer);
  seen.running -= 1;
  seen[outcome] = (seen[outcome] ?? 0) + 1;
  return outcome;
}

// Everything that was admitted, gathered while the journal still has it.
function watch(emulator, arrived) {
  let after = 0;
  const look = () => {
    for (const entry of emulator.journal_entries({ after })) {
      if (entry.status === null && entry.ended === 'open') break;  // not judged yet
      if (entry.admitted) (arrived[entry.provider] ??= []).push(entry.admitted);
      after = entry.seq;
    }
  };
  const timer = setInterval(look, 250);
  return () => { clearInterval(timer); look(); };
}

// The share of `limit` that was spent, over the time in which more was asked for than there was.
const shares = {
  // The mean over every window that lies within it; the first one fills up.
  rolling(entries, { of, limit }, began, ended) {
    let total = 0, windows = 0;
    for (let start = began + span_ms; start + span_ms <= ended; start += 50, windows += 1)
      total += sum[of](entries.filter((e) => e.at > start && e.at <= start + span_ms)) / limit;
    return total / windows;
  },
  // The worse of the two days.
  day(entries, { of, limit }) {
    const before = sum[of](entries.filter((e) => e.at < midnight));
    return Math.min(before, sum[of](entries) - before) / limit;
  },
  // What flowed in once it had been emptied.
  bucket(entries, { of, limit }, began, ended) {
    const from = began + span_ms;
    return (sum[of](entries.filter((e) => e.at > from && e.at <= ended)) * span_ms) / (limit * (ended - from));
  },
};

test('ten thousand requests of every size and fate overrun nothing, and spend what there is', { timeout: 150_000 }, async (t) => {
  const names = Object.keys(boxes);
  const slower = sanitized ? 0.2 : 1;
  const emulator = await start_emulator(t);
  emulator.script({ limits: names.flatMap((provider) => boxes[provider].limits.map((limit) => ({ provider, ...limit }))),
    rules: Object.entries(faults).map(([contains, [, action]]) => ({ match: { contains }, action })) });
  const router = await Router.start(t, { emulator, boxes: names, chain: names, log_format: 'text', env: { DUO_ONE: 'one', DUO_TWO: 'two' },
    providers: Object.fromEntries(names.map((name) => [name, box(boxes[name].quota, boxes[name].more)])) });
  const arrived = {}, running = new Set();
  const seen = { running: 0, most: 0 };
  const stop = watch(emulator, arrived);
  const owed = Object.fromEntries(names.map((name) => [name, 0]));
  const refused = Object.fromEntries(names.map((name) => [name, new Set()]));
  let sent = 0;
  const delay = monitorEventLoopDelay({ resolution: 5 });
  delay.enable();
  const send = (name) => {
    if (running.size >= 200) return false;
    sent += 1;
    const asked = ask(router, request_for(name), seen).then((outcome) => {
      if (outcome === 429) refused[name]?.add(Math.floor((Date.now() - began) / 1000));
      running.delete(asked);
    });
    running.add(asked);
    return true;
  };
  await sleep(midnight - latest_ms - Date.now());
  const began = Date.now();
  let due = performance.now();
  for (let tick = 0; Date.now() - began < run_ms; tick += 1) {
    // A rolling window that is filled evenly at first is refilled evenly ever after: then every window is like every other.
    const eager = Date.now() - began > span_ms;
    for (const name of names) {
      const even = boxes[name].exact?.kind === 'rolling' && !eager;
      owed[name] = Math.min(owed[name] + ((even ? 31.5 : boxes[name].load) * slower) / 20, 50);
      while (owed[name] >= 1 && send(name)) owed[name] -= 1;
    }
    // Every few seconds as many as may be at once, wherever there is room.
    if (eager && tick % 80 === 0) while (send('auto'));
    due += 50;
    await sleep(Math.max(0, due - performance.now()));
    due = Math.max(due, performance.now() - 50);
  }
  const ended = Date.now();
  await Promise.all(running);
  stop();
  const served = Object.values(arrived).reduce((total, list) => total + list.length, 0);
  t.diagnostic(`${sent} sent, up to ${seen.most} at once, ${served} arrived, ${JSON.stringify(seen)}, the emulator's event loop late by ${Math.round(delay.max / 1e6)} ms`);
  for (const name of names) t.diagnostic(`${name}: ${arrived[name]?.length} arrived, ${sum.spent(arrived[name] ?? [])} tokens, refused in ${refused[name].size} s`);
  t.diagnostic(`benched: ${JSON.stringify((await router.get('/v1/quota')).json.cooldowns)}; rules used ${JSON.stringify(emulator.state_now().rules.map((rule) => rule.used))}`);
  const first = emulator.journal_entries().find((e) => e.overrun);
  assert.equal(emulator.state_now().overruns, 0, JSON.stringify({ provider: first?.provider, overrun: first?.overrun, at: first?.time }));
  assert.ok(seen.left > 20 && seen[200] > 1_000 * slower, JSON.stringify(seen));
  assert.ok(arrived.wild.length > 100 * slower, 'the wild box was idle');
  if (sanitized) return;
  assert.ok(sent >= 10_000, `only ${sent} were sent`);
  for (const [name, { exact }] of Object.entries(boxes)) {
    if (!exact) continue;
    const share = shares[exact.kind](arrived[name], exact, began, ended);
    t.diagnostic(`${name}: ${(share * 100).toFixed(2)} % of its ${exact.kind} window spent`);
    assert.ok(share >= 0.97, `${name}: ${(share * 100).toFixed(2)} %`);
    if (exact.kind !== 'day') assert.ok(refused[name].size >= 38, `${name}: more was asked for than there was in ${refused[name].size} seconds only`);
  }
});

// Groq says in every answer what the day allows and what is left of it.
const groq_model = 'openai/gpt-oss-20b';
async function with_groq(t) {
  // Noon, so that no day of the provider's ends in a test.
  const shift = Math.ceil(Date.now() / day_ms) * day_ms + day_ms / 2 - Date.now();
  const emulator = await start_emulator(t, { clock: { now: () => Date.now() + shift } });
  const limit = (requests) => emulator.script({ limits: [{ provider: 'groq', requests, per_ms: day_ms }] });
  const router = await Router.start(t, { emulator, chain: [`groq/${groq_model}`] });
  const ledger = async () => {
    const { counters } = (await router.get('/v1/quota')).json;
    const row = counters.find((r) => r.provider === 'groq' && r.model === groq_model && r.of === 'requests' && r.rule.includes('day'));
    return { used: row.used, limit: row.limit, others: row.stated?.others_spent };
  };
  // One answer after another, and what the ledger holds after each.
  const answers = async (count) => {
    const held = [];
    for (let i = 0; i < count; i += 1) {
      const answer = await router.chat({ messages: [{ role: 'user', content: '!say fine' }], max_tokens: 10 });
      assert.equal(answer.status, 200, answer.text);
      held.push(await ledger());
    }
    return held;
  };
  // Another program with the same key.
  const elsewhere = async (count) => {
    for (let i = 0; i < count; i += 1) assert.equal((await straight(emulator, 'groq', { model: groq_model })).status, 200);
  };
  return { emulator, router, limit, ledger, answers, elsewhere };
}
const lasting = (values, value) => assert.deepEqual(values.slice(2), values.slice(2).map(() => value), `${values}: not ${value} within three answers and ever after`);

test('a limit that is halved, doubled and put back is believed within three answers and stays', async (t) => {
  const { limit, ledger, answers } = await with_groq(t);
  assert.equal((await ledger()).limit, 1_000);
  for (const now of [500, 1_000, 2_000, 250, 1_000]) {
    limit(now);
    const held = (await answers(5)).map((l) => l.limit);
    lasting(held, now);
  }
});

test('a second client that spends 30 % is seen within three answers, and its share comes back when the provider says so', async (t) => {
  const { emulator, limit, ledger, answers, elsewhere } = await with_groq(t);
  limit(100);
  await answers(3);
  await elsewhere(30);
  const seen = await answers(6);
  t.diagnostic(`used after each answer: ${seen.map((l) => l.used)}; by others ${seen.map((l) => l.others)}`);
  // Every answer counts itself: 33 spent before, then one more each.
  assert.deepEqual(seen.slice(2).map((l) => l.used), [36, 37, 38, 39]);
  assert.deepEqual(seen.slice(2).map((l) => l.others), [30, 30, 30, 30]);
  assert.ok(seen.every((l) => l.limit === 100));
  // The provider begins its day anew.
  emulator.quota.reset();
  const anew = await answers(6);
  t.diagnostic(`used after the reset: ${anew.map((l) => l.used)}`);
  // One more than the provider's: whether its first figure had counted the request that it answered, nobody can know.
  assert.deepEqual(anew.slice(2).map((l) => l.used), [4, 5, 6, 7]);
  assert.equal((await ledger()).others, 0);
});

test('what a second client spends is not asked for: the provider refuses nothing', async (t) => {
  const { emulator, router, limit, answers, elsewhere } = await with_groq(t);
  limit(40);
  await answers(2);
  await elsewhere(30);
  await answers(2);
  const last = await Promise.all(Array.from({ length: 20 }, () => router.chat({ messages: [{ role: 'user', content: '!say fine' }], max_tokens: 10 })));
  assert.equal(last.filter((a) => a.status === 200).length, 6);
  assert.equal(emulator.state_now().overruns, 0);
});
