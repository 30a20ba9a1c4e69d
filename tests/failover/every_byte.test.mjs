// Every provider's stream is cut at its bytes (FULL=1: at each of them; else at a few), and the next model goes on: the client has the
// same answer, whole, in every case.
import assert from 'node:assert/strict';
import { before, describe, it } from 'node:test';
import { fleet, fleet_providers } from '../e2e/fleet.mjs';
import { Router, start_emulator, suite_scope } from '../e2e/router.mjs';

const full = process.env.FULL === '1';
const cuts_each = full ? Infinity : 10;

const said = 'The bridge was opened in 1911; its five arches — of stone — carry two tracks. 🚂 Every four minutes a "train" crosses.\n\n- first: the piers\n\n- second: the deck';
const object = JSON.stringify({ bridge: 'over the Rhine — in 1911', arches: [5, 'of stone', null], notes: { deck: 'two "tracks"', open: true } });
const look = 'Let me have a look at the weather in that city.';
const tool = { type: 'function', function: { name: 'get_weather', description: 'now', parameters: { type: 'object', properties: { city: { type: 'string' } }, required: ['city'] } } };
const called = { name: 'get_weather', arguments: { city: 'Paris, by the river' } };

// What is asked, what answers it (the same of every model), and what the client must have in the end.
const kinds = {
  text: { ask: { messages: [{ role: 'user', content: `!say ${said}` }] }, content: said },
  thought: { ask: { messages: [{ role: 'user', content: `!say ${said} !think` }] }, content: `${said} !think` },
  json: { ask: { messages: [{ role: 'user', content: 'KIND-json' }], response_format: { type: 'json_object' } }, content: object, action: { text: { text: object, chunks: 20 } } },
  calls: { ask: { messages: [{ role: 'user', content: 'KIND-calls' }], tools: [tool] }, content: look, finish: 'tool_calls', action: { text: look, tool_call: called } },
};
// The models of these two have no JSON mode.
const able = { json: fleet.filter(({ id }) => !['cloudflare', 'kilo'].includes(id)) };
const marks = { json: 'KIND-json', calls: 'KIND-calls' };
const all = { tools: true, vision: true, json: 'schema', context: 131072 };
const next = { anchored: {}, restart: { going_on: 'restart' }, refuser: { refuse_straight: true } };

function judge(answer, kind, where) {
  assert.equal(answer.status, 200, `${where}\n${answer.text}`);
  assert.equal(answer.error, undefined, `${where}\n${answer.text}`);
  assert.equal(answer.content, kind.content, `${where}\n${answer.text}`);
  assert.deepEqual(answer.finishes, [kind.finish ?? 'stop'], `${where}\n${answer.text}`);
  assert.equal(answer.done, 1, where);
  assert.equal(answer.after_done, false, where);
  const chunks = answer.frames.filter((f) => f.choices);
  assert.equal(new Set(chunks.map((f) => `${f.id} ${f.created} ${f.model}`)).size, 1, where);
  assert.equal(chunks.filter((f) => f.choices[0]?.delta?.role).length, 1, where);
  assert.equal(answer.calls.length, kind.finish ? 1 : 0, where);
  if (kind.finish) assert.deepEqual(JSON.parse(answer.calls[0].function.arguments), called.arguments, where);
  assert.ok(answer.usage.prompt_tokens > 0 && answer.usage.completion_tokens > 0, where);
}

describe('a stream cut at its bytes', () => {
  let emulator;
  let router;
  const scope = suite_scope();
  const bytes = {};  // of each provider, where its next stream ends
  before(async () => {
    emulator = await start_emulator(scope);
    const boxes = [...Object.keys(next), ...fleet.map(({ id }) => `before-${id}`)];
    const cut_ones = [...fleet.map(({ id }) => id), ...boxes.filter((name) => name.startsWith('before-'))];
    const rules = [];
    for (const provider of cut_ones) {
      bytes[provider] = { bytes: Infinity, how: 'fin' };
      for (const [kind, mark] of Object.entries(marks)) rules.push({ match: { provider, contains: mark }, action: { ...kinds[kind].action, cut_at: bytes[provider] } });
      rules.push({ match: { provider }, action: { cut_at: bytes[provider] } });
    }
    for (const [provider, action] of Object.entries(next)) {
      for (const [kind, mark] of Object.entries(marks)) rules.push({ match: { provider, contains: mark }, action: { ...kinds[kind].action, ...action } });
      rules.push({ match: { provider }, action: { normal: {}, ...action } });
    }
    emulator.script(rules);
    const profiles = {};
    for (const { id, name } of fleet) {
      for (const other of Object.keys(next)) profiles[`${id}-${other}`] = { chain: [name, other] };
      profiles[`before-${id}`] = { chain: [`before-${id}`, name] };
    }
    const providers = { ...fleet_providers };
    for (const name of boxes) providers[name] = { models: { 'any-model': { ...all, prefill: name === 'refuser' } } };
    router = await Router.start(scope, { emulator, chain: ['anchored'], boxes, providers, rest: { profiles } });
  });

  // All of them come to their end, also where one has failed.
  async function together(providers, task) {
    const ends = await Promise.allSettled(providers.map(task));
    for (const end of ends) if (end.status === 'rejected') throw end.reason;
  }

  // One after the other at one provider: an answer between two cuts, so that it stays in use.
  async function cut_everywhere(provider, kind, models, healing) {
    const ask = (model) => router.stream({ ...kind.ask, model, stream_options: { include_usage: true } });
    const uncut = await ask(healing);
    judge(uncut, kind, `${provider} uncut`);
    const size = emulator.journal_entries({ provider }).at(-1).bytes_sent;
    const step = Math.max(1, size / cuts_each);
    for (let at = 1, i = 0; at < size; at += step, i += 1) {
      const place = Math.floor(at);
      for (const model of full ? models : [models[i % models.length]]) {
        Object.assign(bytes[provider], { bytes: place, how: i % 2 === 0 ? 'fin' : 'legal' });
        judge(await ask(model), kind, `${provider} cut at byte ${place} of ${size}, then ${model}`);
        bytes[provider].bytes = Infinity;
        judge(await ask(healing), kind, `${provider} healed`);
      }
    }
  }

  for (const [name, kind] of Object.entries(kinds)) {
    const providers = able[name] ?? fleet;
    it(`of ${name}, by each provider, goes on from another model`, async () => {
      await together(providers, ({ id, name: model }) => cut_everywhere(id, kind, Object.keys(next).map((other) => `auto:${id}-${other}`), model));
    });
    it(`of ${name} goes on from each provider`, async () => {
      await together(providers, ({ id }) => cut_everywhere(`before-${id}`, kind, [`auto:before-${id}`], `before-${id}/any-model`));
    });
  }

  it('no request that a provider refuses for its form leaves the router', () => {
    const strict = emulator.journal_entries().flatMap((e) => e.violations.map((v) => ({ provider: e.provider, ...v })));
    assert.deepEqual(strict, []);
  });
});
