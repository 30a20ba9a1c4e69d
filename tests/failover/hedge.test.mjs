// routing.hedge: a stream that is later than its model's own p90 gets a second request beside it, of quota that would go unused.
import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { readdirSync } from 'node:fs';
import { rm } from 'node:fs/promises';
import http from 'node:http';
import path from 'node:path';
import { describe, it } from 'node:test';
import { read_exposition } from '../e2e/exposition.mjs';
import { binary, Router, sleep, start_emulator, trail, unified_key, via } from '../e2e/router.mjs';
import { rest_of, say, start_provider } from './provider.mjs';

const timeouts = { connect: '2s', first_byte: '15s', idle: '5s', total: '30s' };
const model = { tools: true, json: 'schema', context: 131072 };
const plenty = [{ limit: 10_000, of: 'requests', per: 'hour' }];
const lessons = 12;

// The first model answers its first streams at once, so that its p90 is known; then every name plays what it is given.
// A play is told of `second`, when the second request has come, and failed(name), when the router has given up that one.
async function stage(t, { plays, hedge = 'surplus', taught = lessons, quota = {}, chain = ['first', 'second', 'third'], providers = {}, env = {} }) {
  let second_has_come;
  const set = { second: new Promise((ok) => { second_has_come = ok; }) };
  const provider = await start_provider(t, async (ask) => {
    if (ask.name === 'first' && ask.nth < taught) return ask.answer('a lesson');
    if (ask.name === 'second') second_has_come();
    return (plays[ask.name] ?? ((a) => a.answer(`from ${a.name}`)))(ask, set);
  });
  const emulator = await start_emulator(t);
  const boxes = Object.fromEntries(chain.map((name) => [name, { base_url: provider.url(name), timeouts, models: { 'any-model': model }, quota: quota[name] ?? plenty, ...providers[name] }]));
  const setup = { emulator, env, chain: chain.map((name) => `${name}/any-model`), boxes: chain, providers: boxes, rest: { routing: { sticky: '0s', ...(hedge ? { hedge } : {}) } } };
  const router = await Router.start(t, setup);
  for (let i = 0; i < taught; i += 1) assert.equal(via(await router.stream({ model: 'first/any-model' })), 'first/any-model');
  const failed = (name) => router.logged((line) => line.event === 'attempt.failed' && line.provider === name, `the end of ${name}`);
  set.failed = failed;
  const counters = async () => Object.fromEntries((await router.get('/v1/quota')).json.counters.filter((c) => chain.includes(c.provider)).map((c) => [c.provider, { used: c.used, reserved: c.reserved }]));
  // What the ledger has is what arrived, and nothing is held.
  const counted_exactly = async () => {
    const counted = await counters();
    for (const name of chain) assert.deepEqual(counted[name], { used: provider.of(name).length, reserved: 0 }, name);
  };
  return { provider, router, setup, counters, counted_exactly, late: () => provider.of('first').slice(taught) };
}
const mute = (ask) => ask.left;
const begun = ': at work\n\n';
const cut_behind_the_second = async (ask, { second }) => {
  await ask.write(begun);
  await second;
  ask.cut();
};
const silent = async (ask) => { await ask.write(begun); await mute(ask); };
const scrape = async (router) => read_exposition((await router.get('/metrics', { key: '' })).text);

function one_answer(answer, text) {
  assert.equal(answer.status, 200, answer.text);
  assert.equal(answer.content, text);
  assert.deepEqual([answer.finishes.length, answer.done, answer.after_done, answer.error], [1, 1, false, undefined], answer.text);
  const chunks = answer.frames.filter((f) => f.choices);
  assert.equal(new Set(chunks.map((f) => `${f.id} ${f.created} ${f.model}`)).size, 1, answer.text);
  assert.equal(chunks.filter((f) => f.choices[0]?.delta?.role).length, 1, answer.text);
}

describe('a late stream', { concurrency: 4 }, () => {
  for (const [how, first] of Object.entries({ 'a head': silent, 'no head': mute })) it(`with ${how} is overtaken by the next model: one answer, the loser cancelled, settled and booked`, async (t) => {
    const { provider, router, late, counted_exactly } = await stage(t, { plays: { first } });
    const answer = await router.stream({}, { headers: { 'X-Request-Id': 'overtaken' } });
    one_answer(answer, 'from second');
    assert.equal(via(answer), 'second/any-model');
    assert.equal(trail(answer), 'first/any-model keyless=hedged');
    assert.equal(answer.headers['x-fallback-attempts'], '1');
    await router.until(() => late()[0].gone, 'the loser to be cancelled');
    assert.deepEqual(['first', 'second', 'third'].map((name) => provider.of(name).length), [lessons + 1, 1, 0]);
    await counted_exactly();
    const page = await scrape(router);
    const attempts = (name, outcome) => page.value('freellmapi_attempts_total', { provider: name, outcome }) ?? 0;
    assert.deepEqual([attempts('first', 'hedged'), attempts('first', 'answered'), attempts('second', 'answered')], [1, lessons, 1]);
    assert.equal(attempts('first', 'timeout'), 0);
    const events = router.log_lines().filter((line) => line.id === 'overtaken').map((line) => line.event);
    assert.deepEqual(events.filter((event) => event.startsWith('attempt.')), ['attempt.hedged', 'attempt.overtaken']);
    await router.until(async () => (await router.get('/v1/explain/overtaken')).status === 200, 'the row');
    const { json: explained } = await router.get('/v1/explain/overtaken');
    assert.equal(explained.happened.trail, 'first/any-model keyless=hedged');
    assert.equal(explained.happened.provider, 'second');
    const told = execFileSync(binary, ['explain', 'overtaken', '--data', path.join(router.home, 'data')], { env: { PATH: process.env.PATH, HOME: router.home, FREELLMAPI_KEY: unified_key } }).toString();
    assert.match(told, /first\/any-model keyless=hedged/);
    // Being slow once is no failure: it is asked first again, and no circuit is in the way.
    assert.deepEqual((await router.get('/v1/quota')).json.cooldowns, []);
  });

  it('that answers after all, just behind the second request, keeps the stream; the second is the loser', async (t) => {
    const first = async (ask, { second }) => {
      await ask.write(begun);
      await second;
      return ask.answer('late but first');
    };
    const plays = { first, second: silent };
    const { provider, router, counted_exactly } = await stage(t, { plays });
    const answer = await router.stream({});
    one_answer(answer, 'late but first');
    assert.equal(via(answer), 'first/any-model');
    assert.equal(trail(answer), 'second/any-model keyless=hedged');
    await router.until(() => provider.of('second')[0].gone, 'the loser to be cancelled');
    assert.equal(provider.of('third').length, 0);
    await counted_exactly();
  });

  it('is not raced twice: of one request there are two legs at most', async (t) => {
    const second = async (ask) => { await sleep(400); return ask.answer('from second'); };
    const { provider, router } = await stage(t, { plays: { first: silent, second } });
    one_answer(await router.stream({}), 'from second');
    assert.equal(provider.of('third').length, 0);
  });

  for (const [what, words] of Object.entries({
    'an error in the stream': async (ask) => { await ask.write(`data: ${JSON.stringify({ error: { message: 'no', type: 'server_error' } })}\n\n`); return ask.res.end(); },
    'blanks and then nothing': async (ask) => { await ask.write(say.text('  \n')); await ask.write(say.finish()); await ask.write(say.done); return ask.res.end(); },
    'a page with 200': async (ask) => ask.res.writeHead(200, { 'content-type': 'text/html' }).end('<html>busy</html>'),
  })) {
    it(`loses nothing to ${what}: only a token wins`, async (t) => {
      const first = async (ask, { failed }) => {
        await ask.write(begun);
        await failed('second');
        return ask.answer('the first one');
      };
      const plays = { first, second: words };
      const { router, counted_exactly } = await stage(t, { plays, providers: { second: { billing: { failed: 'requests' } } } });
      const answer = await router.stream({});
      one_answer(answer, 'the first one');
      assert.match(trail(answer), /^second\/any-model keyless=(server_error|empty_completion|malformed_response|unknown|overloaded)$/);
      await counted_exactly();
    });
  }

  it('whose first leg fails while the second is on its way goes on with that one alone', async (t) => {
    const plays = {
      first: cut_behind_the_second,
      second: async (ask, { failed }) => { await failed('first'); return ask.answer('from second'); },
    };
    const { router, provider } = await stage(t, { plays });
    const answer = await router.stream({});
    one_answer(answer, 'from second');
    assert.equal(trail(answer), 'first/any-model keyless=truncated_stream');
    assert.equal(provider.of('third').length, 0);
  });

  it('both legs of which fail goes on down the chain', async (t) => {
    const plays = {
      first: cut_behind_the_second,
      second: async (ask, { failed }) => { await ask.write(begun); await failed('first'); ask.cut(); },
    };
    const { router, provider } = await stage(t, { plays });
    const answer = await router.stream({});
    one_answer(answer, 'from third');
    assert.equal(trail(answer), 'first/any-model keyless=truncated_stream; second/any-model keyless=truncated_stream');
    assert.equal(provider.of('third').length, 1);
  });

  it('that was overtaken and whose winner is cut is continued in the same stream', async (t) => {
    const plays = { first: silent, second: async (ask) => { await ask.write(say.text('from ')); await ask.write(say.text('second')); await ask.heard; ask.cut(); },
      third: async (ask) => ask.answer(rest_of('from second, and so on', ask.body)) };
    const { router, provider } = await stage(t, { plays });
    const answer = await router.stream({}, { heard: (piece) => { if (piece.includes('"second"')) provider.heard('second'); } });
    one_answer(answer, 'from second, and so on');
    assert.equal(provider.of('third').length, 1);
  });

  it('with a tool call on its way is not late', async (t) => {
    const piece = (more, args) => `data: ${JSON.stringify({ choices: [{ index: 0, delta: { tool_calls: [{ index: 0, ...more, function: { ...more.function, arguments: args } }] } }] })}\n\n`;
    const plays = { first: async (ask) => {
      await ask.write(piece({ id: 'c1', type: 'function', function: { name: 'look' } }, '{"at":'));
      await sleep(500);
      await ask.write(piece({}, '"it"}'));
      await ask.write(say.finish('tool_calls'));
      await ask.write(say.done);
      return ask.res.end();
    } };
    const { router, provider } = await stage(t, { plays });
    const answer = await router.stream({ tools: [{ type: 'function', function: { name: 'look', parameters: { type: 'object', properties: { at: { type: 'string' } } } } }] });
    assert.deepEqual(answer.calls.map((call) => call.function.arguments), ['{"at":"it"}'], answer.text);
    assert.equal(provider.of('second').length, 0);
  });

  it('whose client leaves while both run leaves nothing behind', async (t) => {
    const { router, provider, late, counters } = await stage(t, { plays: { first: silent, second: silent } });
    const descriptors = () => readdirSync(`/proc/${router.process.pid}/fd`).length;
    const idle = descriptors();
    for (let i = 0; i < 3; i += 1) {
      await new Promise((ok) => {
        const body = JSON.stringify({ model: 'auto', stream: true, messages: [{ role: 'user', content: 'hi' }] });
        const request = http.request(`${router.url}/v1/chat/completions`, { method: 'POST', headers: { authorization: `Bearer ${unified_key}`, 'content-type': 'application/json', 'content-length': Buffer.byteLength(body) } });
        request.on('error', ok);
        request.end(body);
        router.until(() => provider.of('second').length === i + 1, 'both to run').then(() => request.destroy(), () => request.destroy());
      });
      await router.until(() => late()[i].gone && provider.of('second')[i].gone, 'both to be cancelled');
    }
    await router.until(async () => Object.values(await counters()).every((c) => c.reserved === 0), 'nothing to be reserved');
    assert.deepEqual(await counters(), { first: { used: lessons + 3, reserved: 0 }, second: { used: 3, reserved: 0 }, third: { used: 0, reserved: 0 } });
    await router.until(() => descriptors() <= idle, 'the descriptors to be closed');
    const page = await scrape(router);
    const attempts = (name, outcome) => page.value('freellmapi_attempts_total', { provider: name, outcome }) ?? 0;
    assert.deepEqual([attempts('first', 'client_gone'), attempts('second', 'client_gone'), attempts('first', 'hedged')], [3, 3, 0]);
  });

  it('teaches that its model is slow: the time that is held to be usual does not shrink by our own doing', async (t) => {
    const { router, provider, late } = await stage(t, { plays: { first: silent } });
    for (let i = 0; i < 6; i += 1) assert.equal(via(await router.stream({})), 'second/any-model');
    // A third of its streams have been overtaken: its p90 lies where they gave up now, and what answers sooner is not late.
    const waited = [];
    for (let i = 0; i < late().length; i += 1) waited.push(provider.of('second')[i].at - late()[i].at);
    assert.ok(waited.at(-1) > waited[0], waited.join(' '));
  });
});

it('what is late is known after a restart', async (t) => {
  const { router, provider, setup } = await stage(t, { plays: { first: silent } });
  router.stopped = router.exited;
  router.process.kill('SIGTERM');
  assert.equal((await router.exited).code, 0);
  router.agent.destroy();
  const next = await Router.start(t, { ...setup, home: router.home });
  t.after(() => rm(router.home, { recursive: true, force: true }));
  const answer = await next.stream({});
  one_answer(answer, 'from second');
  assert.equal(trail(answer), 'first/any-model keyless=hedged');
  assert.equal(provider.of('second').length, 1);
});

describe('no second request is made', { concurrency: 4 }, () => {
  const slowly = (text) => async (ask) => { await (ask.stream ? ask.write(begun) : 0); await sleep(400); return ask.answer(text); };
  // Three are spent of four: the next one is there to be had, and it would be missed.
  const scarce = [{ limit: 4, of: 'requests', per: 'rolling 1h' }];
  const spend = async (router) => { for (let i = 0; i < 3; i += 1) assert.equal((await router.stream({ model: 'second/any-model' })).status, 200); };
  const alone = async (t, options, { request = {}, spent = 0 } = {}) => {
    const { router, provider } = await stage(t, { plays: { first: slowly('slow and steady') }, ...options });
    if (spent > 0) await spend(router);
    const answer = request.stream === false ? await router.chat({}) : await router.stream(request);
    assert.equal(via(answer), 'first/any-model', answer.text);
    assert.equal(trail(answer), undefined);
    assert.deepEqual(['second', 'third'].map((name) => provider.of(name).length), [spent, 0]);
  };

  it('where the policy does not say so', (t) => alone(t, { hedge: null }));
  it('where it says off', (t) => alone(t, { hedge: 'off' }));
  it('by quota that would be missed', (t) => alone(t, { quota: { second: scarce, third: [{ limit: 1, of: 'requests', per: 'rolling 1h' }] } }, { spent: 3 }));
  it('of a model without quota, where nothing goes unused', (t) => alone(t, { quota: { second: [], third: [] } }));
  it('while too few streams have been seen', (t) => alone(t, { taught: 8 }));
  it('for an answer that is not streamed', (t) => alone(t, {}, { request: { stream: false } }));
  it('of the same model with another key', async (t) => {
    const { router, provider } = await stage(t, { chain: ['first'], plays: { first: slowly('its own') }, env: { FIRST_API_KEY: 'key-a,key-b' } });
    one_answer(await router.stream({}), 'its own');
    assert.equal(provider.of('first').length, lessons + 1);
  });

  it('beyond the first candidate whose quota would be missed: the next one has some', async (t) => {
    const { router, provider } = await stage(t, { plays: { first: silent }, quota: { second: scarce } });
    await spend(router);
    one_answer(await router.stream({}), 'from third');
    assert.equal(provider.of('second').length, 3);
  });
});
