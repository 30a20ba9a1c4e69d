// Second turns as agents really send them, to every provider: what is out of order or missing is mended before it leaves.
import assert from 'node:assert/strict';
import { before, describe, it } from 'node:test';
import { tools } from './agents.mjs';
import { fleet, fleet_providers } from './fleet.mjs';
import { Router, start_emulator, suite_scope, user } from './router.mjs';

const call = (id, name = 'read_file', args = '{"path":"a.txt"}') => ({ id, type: 'function', function: { name, arguments: args } });
const calls = (...list) => ({ role: 'assistant', content: null, tool_calls: list });
const result = (id, content = 'done') => ({ role: 'tool', tool_call_id: id, content });
const note = user('!say fine');

const histories = {
  'an interrupted call': [user('read'), calls(call('a'), call('b')), result('a'), user('no, stop'), note],
  'a call as the last word': [user('read'), calls(call('a'))],
  'a message between a call and its result': [user('read'), calls(call('a'), call('b')), result('a'), user('hurry'), result('b'), note],
  'a system message between a call and its result': [user('read'), calls(call('a')), { role: 'system', content: 'be quick' }, result('a'), note],
  'results in any order': [user('read'), calls(call('a'), call('b'), call('c')), result('c'), result('a'), result('b'), note],
  'a result that comes twice': [user('read'), calls(call('a'), call('b')), result('a'), result('a', 'again'), result('b'), note],
  'a result of a call that was cut off': [result('gone', [{ type: 'text', text: 'old' }]), note],
  'ids that come again': [user('read'), calls(call('call_0')), result('call_0'), calls(call('call_0')), result('call_0', 'second'), note],
  'no ids at all': [user('read'), calls({ function: { name: 'read_file', arguments: { path: 'a' } } }), { role: 'tool', content: 'done' }, note],
  'the old function_call': [user('read'), { role: 'assistant', content: '', function_call: { name: 'read_file', arguments: '' } }, { role: 'function', name: 'read_file', content: 'done' }, note],
  'nulls and empty lists': [user('read'), { role: 'assistant', content: null, tool_calls: [], refusal: null, audio: null }, { role: 'assistant', content: [] , tool_calls: null }, note],
  'several messages of one role': [{ role: 'system', content: 'a' }, { role: 'system', content: 'b' }, user('one'), user('two'), { role: 'assistant', content: 'x' }, { role: 'assistant', content: 'y' }, note],
  'system and developer in the middle': [{ role: 'developer', content: 'a' }, user('one'), { role: 'developer', content: 'b' }, { role: 'assistant', content: 'x' }, { role: 'system', content: 'c' }, note],
  'thinking in every form': [user('one'), { role: 'assistant', content: 'x', reasoning_content: 'hm', reasoning: 'hm', reasoning_details: [{ type: 'reasoning.text', text: 'hm' }] }, user('two'),
    { role: 'assistant', content: [{ type: 'thinking', thinking: 'hm', signature: 's' }, { type: 'text', text: 'y' }] }, note],
  'a signature of Google\'s': [user('read'), calls({ ...call('a'), extra_content: { google: { thought_signature: 'c2tpcF90aG91Z2h0' } } }, call('b')), result('a'), result('b'), note],
};

describe('second turns', () => {
  let emulator;
  let router;
  const scope = suite_scope();
  before(async () => {
    emulator = await start_emulator(scope);
    router = await Router.start(scope, { emulator, chain: fleet.map((f) => f.name), providers: fleet_providers });
  });

  for (const [what, messages] of Object.entries(histories)) {
    it(`${what}: no provider refuses it`, async () => {
      emulator.clear_journal();
      const faults = [];
      for (const { name, tools: able } of fleet) {
        // A signature that is none of its own is refused by Google, once, and then sent without.
        if (what.startsWith('a signature') && name.startsWith('google/')) continue;
        if (!able && messages.some((m) => m.tool_calls?.length > 0 || m.function_call)) continue;
        const answer = await router.chat({ model: name, messages, ...(able ? { tools } : {}) });
        if (answer.status !== 200) faults.push(`${name}: ${answer.status} ${answer.text.slice(0, 300)}`);
      }
      const refused = emulator.journal_entries().filter((e) => e.violations.length > 0).map((e) => `${e.provider}: ${JSON.stringify(e.violations)} for ${e.body.slice(0, 600)}`);
      assert.deepEqual([...faults, ...refused], []);
    });
  }

  const google = fleet.find((f) => f.id === 'google');
  it("Google's signatures come out with its calls, come back to it, and reach nobody else", { skip: !google }, async () => {
    emulator.clear_journal();
    const ask = { tools, messages: [user('get_weather !tools 2')] };
    for (const stream of [false, true]) {
      const answer = stream ? await router.stream({ model: google.name, ...ask }) : await router.chat({ model: google.name, ...ask });
      const made = stream ? answer.calls.map(({ index, ...rest }) => rest) : answer.json.choices[0].message.tool_calls;
      assert.ok(made[0].extra_content?.google?.thought_signature, answer.text);
      const messages = [...ask.messages, calls(...made), ...made.map((c) => result(c.id)), note];
      for (const { name } of fleet) assert.equal((await router.chat({ model: name, tools, messages })).status, 200, name);
      const last = emulator.journal_entries({ provider: 'google' }).at(-1).body;
      assert.ok(last.includes(`"thoughtSignature":"${made[0].extra_content.google.thought_signature}"`), last);
    }
    for (const entry of emulator.journal_entries()) {
      assert.deepEqual(entry.violations, [], entry.provider);
      if (entry.provider !== 'google') assert.doesNotMatch(entry.body, /thought_?signature/i, entry.provider);
    }
  });

  it('Google takes over calls that others made, with the stand-in it documents', { skip: !google }, async () => {
    emulator.clear_journal();
    const messages = [user('read'), calls(call('call_1'), call('call_2')), result('call_1'), result('call_2'), note];
    assert.equal((await router.chat({ model: google.name, tools, messages })).status, 200);
    const [entry] = emulator.journal_entries({ provider: 'google' });
    assert.deepEqual(entry.violations, []);
    assert.match(entry.body, /"thoughtSignature":"skip_thought_signature_validator"/);
  });

  const mistral = fleet.find((f) => f.id === 'mistral');
  it("Mistral's ids are nine letters and digits, the same at every turn, for call and result", { skip: !mistral }, async () => {
    emulator.clear_journal();
    const long = `call_${'x'.repeat(40)}`;
    const messages = [user('read'), calls(call(long), call('abcDEF123')), result('abcDEF123'), result(long), note];
    for (let turn = 0; turn < 2; turn += 1) assert.equal((await router.chat({ model: mistral.name, tools, messages: messages.slice(0, turn === 0 ? 4 : 5) })).status, 200);
    const ids = emulator.journal_entries({ provider: 'mistral' }).map((e) => JSON.parse(e.body).messages.flatMap((m) => [...(m.tool_calls ?? []).map((c) => c.id), ...(m.tool_call_id ? [m.tool_call_id] : [])]));
    assert.equal(ids.length, 2);
    const [first, second] = ids[0];
    assert.match(first, /^[A-Za-z0-9]{9}$/);
    assert.equal(second, 'abcDEF123');
    assert.deepEqual(ids[1], [first, second, second, first]);
    assert.deepEqual(ids[0].slice(0, 3), [first, second, second]);
  });
});
