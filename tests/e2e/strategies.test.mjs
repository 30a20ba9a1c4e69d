// Strategies that learn, on the real program: what is measured moves the order, and explain shows it in one table.
import assert from 'node:assert/strict';
import path from 'node:path';
import { test } from 'node:test';
import { run } from './program.mjs';
import { far_midnight, Router, start_emulator, unified_key } from './router.mjs';

async function two(t, more = {}) {
  const emulator = await start_emulator(t);
  const router = await Router.start(t, { emulator, chain: ['a', 'b'], boxes: ['a', 'b'], ...more });
  return { emulator, router };
}

// Sends `count` requests, a few at a time, and counts who answered.
async function send(router, count, body, { at_once = 4 } = {}) {
  const served = { a: 0, b: 0 };
  let left = count;
  await Promise.all(Array.from({ length: at_once }, async () => {
    while (left > 0) {
      left -= 1;
      const answer = await router.stream({ ...body, messages: [{ role: 'user', content: `!say ok ${left}` }] });
      assert.equal(answer.status, 200, answer.text);
      served[answer.headers['x-routed-via'].split('/')[0]] += 1;
    }
  }));
  return served;
}
// Sends until most of a batch go to one: draws are random and machines are busy, but it has to come to that.
async function comes_to(router, who, body, { batches = 14, of = 24, at_once = 8 } = {}) {
  const seen = [];
  for (let i = 0; i < batches; i += 1) {
    seen.push(await send(router, of, body, { at_once }));
    if (seen.at(-1)[who] >= of * 0.75) return;
  }
  assert.fail(`${who} is not preferred: ${JSON.stringify(seen)}`);
}
const slow = (provider, ms) => ({ match: { provider }, action: { slow_first_token: { ms, headers_first: false } } });
// Never three empty ones in a row: nobody is benched, only the measured success tells.
const flaky = (provider) => ({ match: { provider, nth: Array.from({ length: 400 }, (_, i) => 2 * i + 1) }, action: 'empty_completion' });

test('auto:fastest comes to prefer who answers sooner, and goes back when it is the other', async (t) => {
  const { emulator, router } = await two(t);
  emulator.script([slow('a', 500)]);
  await comes_to(router, 'b', { model: 'auto:fastest' });
  emulator.script([slow('b', 500)]);
  await comes_to(router, 'a', { model: 'auto:fastest' });
});

test('auto:reliable avoids who fails now and then, and finds out when it does no more', async (t) => {
  const { emulator, router } = await two(t);
  emulator.script([flaky('a')]);
  await send(router, 60, { model: 'auto:reliable' });
  await comes_to(router, 'b', { model: 'auto:reliable' });
  emulator.clear_journal();
  await send(router, 40, { model: 'auto:reliable' });
  const asked = emulator.journal_entries({ provider: 'a' }).length;
  assert.ok(asked <= 16, `asked ${asked} times`);
  emulator.script([flaky('b')]);
  await comes_to(router, 'a', { model: 'auto:reliable' }, { batches: 40 });
});

test('without the name of a strategy the policy\'s is in effect, and priority keeps the chain\'s order', async (t) => {
  const { emulator, router } = await two(t, { rest: { profiles: { swift: { strategy: 'fastest' } } } });
  emulator.script([slow('a', 400)]);
  await comes_to(router, 'b', { model: 'auto:swift' });
  assert.equal((await send(router, 4, { model: 'auto' })).a, 4);
  assert.ok(!router.log_lines().some((line) => JSON.stringify(line).includes('not in effect')));
});

test('explain shows the terms of every score in one table and proves the order', async (t) => {
  const { emulator, router } = await two(t, { providers: { b: { quota: [{ limit: 100, of: 'requests', per: 'day', resets: far_midnight }] } } });
  emulator.script([slow('a', 300)]);
  const both_tried = async () => (await router.get('/v1/explain?model=auto:balanced')).json.candidates.every((c) => c.terms.tries > 0);
  for (let i = 0; i < 20 && !(await both_tried()); i += 1) await send(router, 20, { model: 'auto:balanced' });
  await router.chat({ model: 'auto:balanced' }, { headers: { 'x-request-id': 'scored' } });
  const told = (await router.get('/v1/explain/scored')).json;
  assert.equal(told.strategy, 'balanced');
  assert.deepEqual(told.replay, { done: true, same: true, sentence: 'replayed: same route' });
  for (const { provider, terms } of told.candidates) {
    for (const term of ['score', 'success', 'speed', 'quality', 'headroom', 'quota_left']) assert.ok(terms[term] >= 0 && terms[term] <= 1, `${provider}.${term}`);
    assert.ok(terms.tries > 0);
  }
  const [a, b] = ['a', 'b'].map((id) => told.candidates.find((c) => c.provider === id).terms);
  assert.ok(a.first_token_ms >= 295 && b.first_token_ms < a.first_token_ms, JSON.stringify([a, b]));
  assert.ok(b.quota_left < 1 && a.quota_left === 1);
  const best = a.explored || b.explored ? undefined : (a.score >= b.score ? 'a' : 'b');
  if (best) assert.equal(told.chosen.provider, best);

  const verb = await run(t, ['explain', 'scored', '--data', path.join(router.home, 'data'), '--policy', router.policy_file], { home: router.home, env: { FREELLMAPI_KEY: unified_key } });
  assert.equal(verb.code, 0, verb.stderr);
  assert.match(verb.stdout, /score +success +tries +first token ms +tokens\/s +speed +quality +quota left/);
  assert.match(verb.stdout, /1 +[ab]\/any-model +passed +0\.\d+/);
  assert.match(verb.stdout, /replayed: same route/);

  // What nobody has asked yet stands on what was measured, without a draw.
  const hypothetical = (await router.get('/v1/explain?model=auto:balanced')).json;
  assert.ok(hypothetical.candidates.every((c) => c.terms.tries > 0));
  assert.equal(hypothetical.candidates.filter((c) => c.terms.explored).length, 0);
  assert.equal((await router.get('/v1/explain?model=auto')).json.candidates[0].terms, undefined);
});

test('a refusal for quota, a bad request and a client that leaves are held against nobody; a fault is', async (t) => {
  const { emulator, router } = await two(t);
  const tried = async () => (await router.get('/v1/explain?model=auto:reliable')).json.candidates.find((c) => c.provider === 'a').terms;
  emulator.script([{ match: { provider: 'a' }, times: 1, action: { bad_request: { message: 'no such field' } } }]);
  await router.chat({});
  emulator.script([slow('a', 5_000)]);
  const leaver = new AbortController();
  const left = router.chat({ stream: true }, { signal: leaver.signal }).catch(() => 'left');
  await router.until(() => emulator.journal_entries({ provider: 'a' }).length === 2);
  leaver.abort();
  assert.equal(await left, 'left');
  emulator.script([{ match: { provider: 'a' }, times: 1, action: { rate_limit: { retry_after: '1' } } }]);
  assert.equal((await router.chat({})).headers['x-routed-via'], 'b/any-model');
  await router.until(async () => (await tried()) !== undefined, 'the short bench to end');
  assert.deepEqual([(await tried()).tries, (await tried()).success], [0, 0.75]);
  emulator.script([{ match: { provider: 'a' }, times: 1, action: 'empty_completion' }]);
  await router.chat({});
  assert.deepEqual([(await tried()).tries, (await tried()).success], [1, 0.6]);
});
