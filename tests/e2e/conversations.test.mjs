// Conversations: who serves them, what their answers carried, what a model is told that takes one over; over restarts too.
import assert from 'node:assert/strict';
import { readdir, readFile, rm, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { test } from 'node:test';
import { tools } from './agents.mjs';
import { fleet, fleet_providers } from './fleet.mjs';
import { policy_text, Router, start_emulator, user, via } from './router.mjs';

const said = (answer) => answer.json.choices[0].message;
const plain = (answer) => ({ role: 'assistant', content: said(answer).content });
// Once, for so many seconds.
const limited = (provider, seconds = 1) => ({ match: { provider }, action: { rate_limit: { retry_after: String(seconds), in: 'header' } }, times: 1 });

// Boxes a and b; a is out for the first request, so that it is b that answers, and back when this returns.
async function answered_by_b(t, options = {}, messages = [user('the opening of this conversation')], headers = {}) {
  const emulator = await start_emulator(t);
  emulator.script({ rules: [limited('a')] });
  const setup = { emulator, chain: ['a', 'b'], boxes: ['a', 'b'], ...options };
  const router = await Router.start(t, setup);
  const first = await router.chat({ messages }, { headers });
  assert.equal(via(first), 'b/any-model');
  await a_is_back(router);
  return { router, setup, emulator, first, second: [...messages, plain(first), user('and then?')] };
}
const a_is_back = (router) => router.until(async () => via(await router.chat({ messages: [user('somebody else')] })) === 'a/any-model', 'a to be back');

// Ends the router as a person does, and starts one in the same home.
async function restart(t, router, setup) {
  router.stopped = router.exited;
  router.process.kill('SIGTERM');
  const { code } = await router.exited;
  assert.equal(code, 0, router.stderr.slice(-2000));
  router.agent.destroy();
  t.after(() => rm(router.home, { recursive: true, force: true }));
  return Router.start(t, { ...setup, home: router.home });
}

// Ends it without a word, once it has written what the requests that are over have left, which it does a fifth of a second behind them:
// what stands behind the first row is there when the second row is.
async function killed(t, router, setup) {
  for (const id of ['one-row', 'another-row']) {
    await router.chat({ model: 'nobody/nothing' }, { headers: { 'X-Request-Id': id } });
    await router.until(async () => (await on_disk(router.home)).includes(id), 'the row', 5_000);
  }
  await router.kill();
  t.after(() => rm(router.home, { recursive: true, force: true }));
  return Router.start(t, { ...setup, home: router.home });
}

// Everything that the router has written, as one text.
async function on_disk(home) {
  const folder = path.join(home, 'data');
  const texts = [];
  for (const name of await readdir(folder)) {
    if (name.startsWith('freellmapi.db')) texts.push(await readFile(path.join(folder, name), 'latin1'));
  }
  return texts.join('');
}

test('a conversation stays on its model over a restart', async (t) => {
  const { router, setup, second } = await answered_by_b(t);
  const later = await restart(t, router, setup);
  assert.equal(via(await later.chat({ messages: second })), 'b/any-model');
  assert.equal(via(await later.chat({ messages: [user('another'), { role: 'assistant', content: 'yes' }, user('so?')] })), 'a/any-model');
});

test('a session that the client names stays on its model over a restart, and its name is not on the disk', async (t) => {
  const headers = { 'x-session-id': 'the-session-of-somebody' };
  const { router, setup } = await answered_by_b(t, {}, [user('a secret word: xylophone')], headers);
  const later = await restart(t, router, setup);
  assert.equal(via(await later.chat({ messages: [user('what now')] }, { headers })), 'b/any-model');
  await restart(t, later, setup);
  const disk = await on_disk(router.home);
  for (const word of ['the-session-of-somebody', 'xylophone']) assert.ok(!disk.includes(word), word);
});

test('a session and a conversation stay on their model over a kill -9', async (t) => {
  const headers = { 'x-session-id': 'somebody' };
  const { router, setup, emulator, second } = await answered_by_b(t);
  emulator.script({ rules: [limited('a')] });
  assert.equal(via(await router.chat({ messages: [user('a session of its own')] }, { headers })), 'b/any-model');
  await a_is_back(router);
  const later = await killed(t, router, setup);
  assert.equal(via(await later.chat({ messages: second })), 'b/any-model');
  assert.equal(via(await later.chat({ messages: [user('what now')] }, { headers })), 'b/any-model');
  assert.equal(via(await later.chat({ messages: [user('another'), { role: 'assistant', content: 'yes' }, user('so?')] })), 'a/any-model');
});

test('two conversations that begin with the same words are two', async (t) => {
  const { router, second, first } = await answered_by_b(t);
  const other = await router.chat({ messages: [second[0]] });
  assert.equal(via(other), 'a/any-model');
  assert.notEqual(said(other).content, said(first).content);
  for (let turn = 0; turn < 2; turn += 1) {
    assert.equal(via(await router.chat({ messages: second })), 'b/any-model');
    assert.equal(via(await router.chat({ messages: [second[0], said(other), second[2]] })), 'a/any-model');
  }
});

test('streams and later turns go on with the conversation, however the client writes the answer back', async (t) => {
  const { router, second } = await answered_by_b(t);
  const streamed = await router.stream({ messages: second });
  assert.equal(via(streamed), 'b/any-model');
  const third = [...second, { role: 'assistant', content: [{ type: 'text', text: `${streamed.content}\n` }] }, user('third')];
  assert.equal(via(await router.chat({ messages: third })), 'b/any-model');
});

test('affinity is no veto: a model that is out or full hands its conversation to the next', async (t) => {
  const { router, emulator, second } = await answered_by_b(t);
  emulator.script({ rules: [limited('b', 4)] });
  const answer = await router.chat({ messages: second });
  assert.equal(via(answer), 'a/any-model');
  assert.equal(answer.headers['x-fallback-trail'], 'b/any-model keyless=rate_limited');
  const benched = await router.chat({ messages: second });
  assert.equal(via(benched), 'a/any-model');
  assert.equal(benched.headers['x-fallback-attempts'], '0');
  // It has gone on elsewhere, and stays there.
  await router.until(async () => via(await router.chat({ model: 'b/any-model' })) === 'b/any-model', 'b to be back');
  assert.equal(via(await router.chat({ messages: [...second, said(answer), user('third')] })), 'a/any-model');
});

test('routing.handoff: a model that takes a conversation over is told so, once, behind the system messages', async (t) => {
  const system = { role: 'system', content: 'Be brief.' };
  const { router, emulator, second } = await answered_by_b(t, { rest: { routing: { handoff: 'note' } } }, [system, user('the opening')]);
  emulator.clear_journal();
  assert.equal(via(await router.chat({ messages: second })), 'b/any-model');
  emulator.script({ rules: [limited('b')] });
  const moved = await router.chat({ messages: second });
  assert.equal(via(moved), 'a/any-model');
  const third = [...second, plain(moved), user('third')];
  assert.equal(via(await router.chat({ messages: third })), 'a/any-model');
  const sent = emulator.journal_entries({ provider: 'a' }).map((e) => JSON.parse(e.body).messages);
  assert.equal(sent.length, 2);
  assert.deepEqual(sent[0][0], system);
  assert.equal(sent[0][1].role, 'system');
  assert.match(sent[0][1].content, /^\[Note from the router\] Until now b\/any-model has answered.*it is you, a\/any-model\./);
  assert.ok(sent[0][1].content.length < 600);
  assert.deepEqual(sent[0].slice(2), second.slice(1), 'the rest is the client\'s');
  assert.deepEqual(sent[1], third, 'the turn after it is as it was sent');
  for (const entry of emulator.journal_entries({ provider: 'b' })) assert.doesNotMatch(entry.body, /Note from the router/);
});

test('without routing.handoff nothing is said', async (t) => {
  const { router, emulator, second } = await answered_by_b(t);
  emulator.clear_journal();
  emulator.script({ rules: [limited('b')] });
  assert.equal(via(await router.chat({ messages: second })), 'a/any-model');
  assert.deepEqual(JSON.parse(emulator.journal_entries({ provider: 'a' })[0].body).messages, second);
});

const google = fleet.find((f) => f.id === 'google');
const zhipu = fleet.find((f) => f.id === 'zhipu');
const bare = ({ id, type, function: { name, arguments: args } }) => ({ id, type, function: { name, arguments: args } });
// As clients send a turn with calls back that keep neither signatures nor reasoning.
const looped = (asked, answer, rewrite = (c) => c) => {
  const calls = said(answer).tool_calls.map(bare).map(rewrite);
  return [...asked, { role: 'assistant', content: null, tool_calls: calls }, ...calls.map((c) => ({ role: 'tool', tool_call_id: c.id, content: 'done' }))];
};
const fleet_router = async (t, rest) => {
  const emulator = await start_emulator(t);
  const setup = { emulator, chain: fleet.map((f) => f.name), providers: fleet_providers, rest };
  return { emulator, setup, router: await Router.start(t, setup) };
};
const signatures = (body) => [...body.matchAll(/"thoughtSignature":"([^"]+)"/g)].map((m) => m[1]);

test('a thought signature that the client dropped is put back, for the model that made it and nobody else, over a restart', { skip: !google }, async (t) => {
  const { emulator, setup, router } = await fleet_router(t, {});
  const asked = [user('get_weather !tools 2')];
  const first = await router.chat({ model: google.name, tools, messages: asked });
  const made = said(first).tool_calls[0].extra_content.google.thought_signature;
  const later = await restart(t, router, setup);
  assert.ok(!(await on_disk(router.home)).includes(made), 'it is on the disk in clear');
  emulator.clear_journal();
  const ways = { 'as it was': (c) => c, 'with other ids': (c) => ({ ...c, id: `toolu_${c.id}` }),
    'arguments with blanks': (c) => ({ ...c, function: { ...c.function, arguments: JSON.stringify(JSON.parse(c.function.arguments), null, 1) } }) };
  for (const [way, rewrite] of Object.entries(ways)) {
    for (const stream of [false, true]) {
      const messages = [...looped(asked, first, rewrite), user('!say fine')];
      const answer = await later.chat({ model: google.name, tools, messages, stream });
      assert.equal(answer.status, 200, answer.text);
      const [entry] = emulator.journal_entries({ provider: 'google' }).slice(-1);
      assert.deepEqual(entry.violations, []);
      assert.equal(signatures(entry.body)[0], made, way);
    }
  }
  for (const { name, id } of fleet) {
    const answer = await later.chat({ model: name, tools, messages: [...looped(asked, first), user('!say fine')] });
    assert.equal(answer.status, 200, `${name}: ${answer.text}`);
    if (id !== 'google') assert.doesNotMatch(emulator.journal_entries({ provider: id }).at(-1).body, /thought_?signature/i, id);
  }
  // Another model of Google's would call it corrupted.
  const sibling = await later.chat({ model: 'google/gemini-3.1-pro-preview', tools, messages: [...looped(asked, first), user('!say fine')] });
  if (sibling.status === 200) assert.ok(!signatures(emulator.journal_entries({ provider: 'google' }).at(-1).body).includes(made));
  for (const entry of emulator.journal_entries()) assert.deepEqual(entry.violations, [], entry.provider);
});

test('a thought signature is put back over a kill -9', { skip: !google }, async (t) => {
  const { emulator, setup, router } = await fleet_router(t, {});
  const asked = [user('get_weather !tools 2')];
  const first = await router.chat({ model: google.name, tools, messages: asked });
  const made = said(first).tool_calls[0].extra_content.google.thought_signature;
  const later = await killed(t, router, setup);
  assert.equal((await later.chat({ model: google.name, tools, messages: [...looped(asked, first), user('!say fine')] })).status, 200);
  assert.equal(signatures(emulator.journal_entries({ provider: 'google' }).at(-1).body)[0], made);
});

test('reasoning that the client dropped is put back in a loop of tools where it is taken, over a restart', { skip: !zhipu }, async (t) => {
  const { emulator, setup, router } = await fleet_router(t, {});
  const asked = [user('get_weather !tools 1 !think')];
  const first = await router.chat({ model: zhipu.name, tools, messages: asked });
  const thought = said(first).reasoning_content;
  assert.ok(thought, first.text);
  const later = await restart(t, router, setup);
  assert.ok(!(await on_disk(router.home)).includes(thought), 'it is on the disk in clear');
  emulator.clear_journal();
  assert.equal((await later.chat({ model: zhipu.name, tools, messages: looped(asked, first) })).status, 200);
  const sent = JSON.parse(emulator.journal_entries({ provider: 'zhipu' }).at(-1).body).messages;
  assert.equal(sent.find((m) => m.role === 'assistant').reasoning_content, thought);
  for (const { name, id } of fleet.filter((f) => f.id !== 'zhipu')) {
    const answer = await later.chat({ model: name, tools, messages: looped(asked, first) });
    assert.equal(answer.status, 200, `${name}: ${answer.text}`);
    assert.ok(!emulator.journal_entries({ provider: id }).at(-1).body.includes(thought), id);
  }
  for (const entry of emulator.journal_entries()) assert.deepEqual(entry.violations, [], entry.provider);
});

test('store.conversations: 0s keeps nothing, and what was kept is gone', { skip: !google }, async (t) => {
  const { emulator, setup, router } = await fleet_router(t, {});
  const asked = [user('get_weather !tools 2')];
  const first = await router.chat({ model: google.name, tools, messages: asked });
  const made = said(first).tool_calls[0].extra_content.google.thought_signature;
  const again = async (which) => {
    assert.equal((await which.chat({ model: google.name, tools, messages: [...looped(asked, first), user('!say fine')] })).status, 200);
    return signatures(emulator.journal_entries({ provider: 'google' }).at(-1).body)[0];
  };
  assert.equal(await again(router), made);
  const version = (await router.chat({})).headers['x-policy-version'];
  await writeFile(router.policy_file, policy_text(emulator, { ...setup, rest: { store: { conversations: '0s' } } }));
  router.process.kill('SIGHUP');
  await router.until(async () => (await router.chat({})).headers['x-policy-version'] !== version, 'the reload');
  assert.equal(await again(router), 'skip_thought_signature_validator');
  const later = await restart(t, router, setup);
  assert.equal(await again(later), 'skip_thought_signature_validator', 'nothing is left on the disk');
});
