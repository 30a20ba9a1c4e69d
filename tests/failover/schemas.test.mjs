// What a request's schemas say is meant: a call or an answer that breaks them is the next candidate's to do better, and never reaches
// the client.
import assert from 'node:assert/strict';
import { before, describe, it } from 'node:test';
import { Router, start_emulator, suite_scope } from '../e2e/router.mjs';

const tool = { type: 'function', function: { name: 'move', parameters: {
  type: 'object', required: ['to'], additionalProperties: false,
  properties: {
    to: { $ref: '#/$defs/point' }, steps: { type: 'integer', minimum: 1 }, tags: { type: 'array', items: { type: 'string' } }, note: { type: 'string' },
  },
  $defs: { point: { type: 'object', required: ['x'], properties: { x: { type: 'number' } } } } } } };
const good_call = '{"to":{"x":1}}';

// Calls of the first provider: mended into this, or refused.
const calls = [
  { name: 'fits', args: '{"to":{"x":1},"steps":2}', mended: { to: { x: 1 }, steps: 2 } },
  { name: 'is encoded twice', args: JSON.stringify(good_call), mended: { to: { x: 1 } } },
  { name: 'has members that are encoded twice', args: '{"to":"{\\"x\\":\\"1\\"}","steps":"3","tags":"[\\"a\\"]"}', mended: { to: { x: 1 }, steps: 3, tags: ['a'] } },
  { name: 'says null for what may be left out', args: '{"to":{"x":1},"note":null}', mended: { to: { x: 1 } } },
  { name: 'says a number for a text', args: '{"to":{"x":1},"note":42}', mended: { to: { x: 1 }, note: '42' } },
  { name: 'lacks what is required', args: '{"steps":2}' },
  { name: 'has a wrong type', args: '{"to":[1]}' },
  { name: 'lacks something further in', args: '{"to":{}}' },
  { name: 'is out of bounds', args: '{"to":{"x":1},"steps":0}' },
  { name: 'has a member that nobody knows', args: '{"to":{"x":1},"too":2}' },
  { name: 'is no JSON', args: '{"to":{"x":1' },
  { name: 'names a tool that was not offered', args: good_call, of: 'fly' },
];

const json_schema = { type: 'json_schema', json_schema: { name: 'person', schema: {
  type: 'object', required: ['name', 'age'], additionalProperties: false,
  properties: { name: { type: 'string' }, age: { type: 'integer' }, home: { anyOf: [{ type: 'string' }, { type: 'null' }] } } } } };
const person = '{"name":"Ada","age":36}';

const answers = [
  { name: 'fits', text: person, same: person },
  { name: 'stands in a fence', text: `\`\`\`json\n${person}\n\`\`\``, same: person },
  { name: 'stands among prose', text: `Here you are: ${person} Anything else?`, same: person },
  { name: 'has a number as a text', text: '{"name":"Ada","age":"36"}', same: person },
  { name: 'lacks a member', text: '{"name":"Ada"}' },
  { name: 'has a wrong type', text: '{"name":"Ada","age":"old"}' },
  { name: 'is prose', text: 'Ada is 36 years old.' },
  { name: 'is cut', text: '{"name":"Ada","age":3' },
  { name: 'is two answers', text: `${person} or ${person}` },
];

const objects = [
  { name: 'is an object', text: '{"a": [1, 2]}', same: '{"a": [1, 2]}' },
  { name: 'stands in a fence', text: '```json\n{"a": 1}\n```\nBye.', same: '{"a": 1}' },
  { name: 'stands among prose', text: 'Well: {"a": 1}', same: '{"a": 1}' },
  { name: 'is prose', text: 'I would rather not.' },
];

for (const mode of ['whole', 'stream']) describe(`schemas, ${mode}`, () => {
  let emulator;
  let router;
  const scope = suite_scope();
  before(async () => {
    emulator = await start_emulator(scope);
    const rules = [];
    calls.forEach(({ args, of }, i) => rules.push({ match: { provider: `call-${i}` }, action: { tool_call: { name: of ?? 'move', arguments: args } } }));
    answers.forEach(({ text }, i) => rules.push({ match: { provider: `schema-${i}` }, action: { text: { text, chunks: 5 }, ...(i % 2 ? { reasoning: { text: 'let me think' } } : {}) } }));
    objects.forEach(({ text }, i) => rules.push({ match: { provider: `object-${i}` }, action: { text: { text, chunks: 5 } } }));
    const boxes = ['second', 'third', 'broken', 'slow', ...rules.map((r) => r.match.provider)];
    rules.push({ match: { provider: 'second', contains: '"move"' }, action: { tool_call: { name: 'move', arguments: good_call } } });
    rules.push({ match: { provider: 'second', contains: 'json_schema' }, action: { text: { text: person, chunks: 3 } } });
    rules.push({ match: { provider: 'second' }, action: { text: { text: '{"second": true}', chunks: 3 } } });
    rules.push({ match: { provider: 'third' }, action: { text: { text: 'no', chunks: 1 } } });
    rules.push({ match: { provider: 'broken' }, action: { text: { text: '{"a": 1, "b": oops, "c": 3}', chunks: 12 }, stall: { after_chunks: 3, gate: 'heard' } } });
    rules.push({ match: { provider: 'slow' }, action: { text: { text: person, chunks: 20 }, slow: { ms: 200 } } });
    emulator.script(rules);
    const profiles = Object.fromEntries(boxes.map((name) => [name, { chain: [`${name}/any-model`, 'second/any-model'] }]));
    profiles.hopeless = { chain: ['third/any-model', 'schema-4/any-model'] };
    profiles['hopeless-calls'] = { chain: ['call-5/any-model', 'call-6/any-model'] };
    const providers = { slow: { timeouts: { first_byte: '1500ms', idle: '2s' } } };
    router = await Router.start(scope, { emulator, chain: ['second'], boxes, providers, rest: { profiles, routing: { continue_streams: false } } });
  });

  const ask = async (name, more, options) => {
    const body = { model: `auto:${name}`, messages: [{ role: 'user', content: 'go on' }], ...more };
    if (mode === 'stream') return router.stream(body, options);
    const answer = await router.chat(body);
    const choice = answer.json?.choices?.[0];
    return { ...answer, content: choice?.message.content ?? '', calls: choice?.message.tool_calls ?? [], finishes: choice ? [choice.finish_reason] : [], done: 1, error: answer.json?.error };
  };
  const is_from = (answer, first, name, fits, reason) => {
    assert.equal(answer.status, 200, answer.text);
    assert.equal(answer.headers['x-routed-via'], `${fits ? first : 'second'}/any-model`, answer.headers['x-fallback-trail']);
    if (!fits) assert.match(answer.headers['x-fallback-trail'], new RegExp(`=${reason}$`));
    assert.equal(answer.finishes.length, 1);
    assert.equal(answer.done, 1);
    assert.equal(answer.error, undefined);
  };

  calls.forEach(({ name, mended }, i) => it(`a call that ${name} ${mended ? 'is given' : 'is the next one\'s'}`, async () => {
    const answer = await ask(`call-${i}`, { tools: [tool] });
    is_from(answer, `call-${i}`, name, mended, 'invalid_tool_call');
    assert.deepEqual(answer.calls.map((c) => [c.function.name, JSON.parse(c.function.arguments)]), [['move', mended ?? { to: { x: 1 } }]]);
    assert.deepEqual(answer.finishes, ['tool_calls']);
  }));

  answers.forEach(({ name, same }, i) => it(`an answer to a schema that ${name} ${same ? 'is given' : 'is the next one\'s'}`, async () => {
    const answer = await ask(`schema-${i}`, { response_format: json_schema });
    is_from(answer, `schema-${i}`, name, same, 'invalid_json');
    assert.equal(answer.content, person);
  }));

  objects.forEach(({ name, same }, i) => it(`an answer to json_object that ${name} ${same ? 'is given' : 'is the next one\'s'}`, async () => {
    const answer = await ask(`object-${i}`, { response_format: { type: 'json_object' } });
    is_from(answer, `object-${i}`, name, same, 'invalid_json');
    assert.equal(answer.content, same ?? '{"second": true}');
  }));

  it('says so when no candidate does better', async () => {
    const answer = await ask('hopeless', { response_format: json_schema });
    assert.equal(answer.status, 502, answer.text);
    assert.equal(JSON.parse(answer.text).error.code, 'invalid_json');
    const call = await ask('hopeless-calls', { tools: [tool] });
    assert.equal(call.status, 502, call.text);
    assert.equal(JSON.parse(call.text).error.code, 'invalid_tool_call');
  });

  it('a text that its length cuts is given as it is', async () => {
    emulator.script({ append: true, rules: [{ match: { provider: 'groq' }, action: { text: { text: '{"name":"Ad', chunks: 2 }, finish: { reason: 'length' } } }] });
    const answer = await ask('x', { model: 'groq/openai/gpt-oss-20b', response_format: json_schema });
    assert.deepEqual(answer.finishes, ['length'], answer.text);
    assert.equal(answer.content, '{"name":"Ad');
  });

  if (mode === 'whole') return;
  it('a json_object that breaks off being JSON ends with an error event, never as an answer', async () => {
    const answer = await ask('broken', { response_format: { type: 'json_object' } }, { heard: () => emulator.open_gate('heard') });
    assert.equal(answer.status, 200);
    assert.ok('{"a": 1, "b": oops'.startsWith(answer.content), answer.content);
    assert.equal(answer.error.code, 'invalid_json');
    assert.deepEqual(answer.finishes, []);
    assert.equal(answer.done, 0);
  });

  it('an answer that is held is not taken for silence', async () => {
    const answer = await ask('slow', { response_format: json_schema });
    is_from(answer, 'slow', 'slow', true);
    assert.equal(answer.content, person);
  });
});

it('routing.enforce_json: false passes on what comes', async (t) => {
  const emulator = await start_emulator(t);
  emulator.script([
    { match: { provider: 'a', contains: 'move' }, action: { tool_call: { name: 'move', arguments: '{"steps":0}' } } },
    { match: { provider: 'a' }, action: { text: { text: 'no JSON', chunks: 2 } } },
  ]);
  const router = await Router.start(t, { emulator, chain: ['a/any-model'], boxes: ['a'], rest: { routing: { enforce_json: false } } });
  const call = await router.chat({ tools: [tool] });
  assert.equal(call.json.choices[0].message.tool_calls[0].function.arguments, '{"steps":0}');
  const answer = await router.stream({ response_format: json_schema });
  assert.equal(answer.content, 'no JSON');
  assert.deepEqual(answer.finishes, ['stop']);
});

// Real seconds: the first sign of life goes out after ten of them, and the answer has not ended then.
it('a client that waits for a held answer hears of it, and the next candidate may still do better', async (t) => {
  const emulator = await start_emulator(t);
  emulator.script([
    { match: { provider: 'a' }, action: { text: { text: '{"name":"Ada","age":"old"}', chunks: 26 }, slow: { ms: 600 } } },
    { match: { provider: 'b' }, action: { text: { text: person, chunks: 3 } } },
  ]);
  const router = await Router.start(t, { emulator, chain: ['a/any-model', 'b/any-model'], boxes: ['a', 'b'] });
  const answer = await router.stream({ response_format: json_schema });
  assert.equal(answer.headers['x-routed-via'], 'a/any-model');
  assert.equal(answer.content, person);
  assert.deepEqual(answer.finishes, ['stop']);
  assert.equal(answer.done, 1);
  assert.equal(answer.error, undefined);
});
