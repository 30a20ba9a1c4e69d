// A conversation begun at one provider goes on at any other, at every turn: what the strict emulator would refuse, nobody
// may send. Each provider to each other (itself included), each agent, a switch before every request but the first.
import assert from 'node:assert/strict';
import { before, test } from 'node:test';
import { agents, converse } from './agents.mjs';
import { fleet, fleet_providers } from './fleet.mjs';
import { Router, sanitized, start_emulator, suite_scope } from './router.mjs';

let emulator;
let router;
const scope = suite_scope();
before(async () => {
  emulator = await start_emulator(scope);
  router = await Router.start(scope, { emulator, chain: fleet.map((f) => f.name), providers: fleet_providers });
});

async function all(jobs, width = 16) {
  const faults = [];
  const queue = [...jobs];
  await Promise.all(Array.from({ length: width }, async () => {
    for (let job = queue.pop(); job !== undefined; job = queue.pop()) {
      const fault = await job();
      if (fault) faults.push(fault);
    }
  }));
  return faults;
}

for (const [index, [name, agent]] of Object.entries(Object.entries(agents)))
  test(`${name}: every provider takes over from every other at every turn`, async () => {
    emulator.clear_journal();
    const jobs = [];
    for (const [i, from] of fleet.entries()) {
      for (const [j, to] of fleet.entries()) {
        for (const turn of [1, 2, 3]) {
          // A sanitizer's run takes a third of the pairs for each agent.
          if (sanitized && (i + j + turn + Number(index)) % 3 !== 0) continue;
          jobs.push(async () => {
            const fault = await converse(agent, from.name, to.name, turn, from.sees && to.sees, (_, body) => router.request('POST', '/v1/chat/completions', { body }));
            return fault && `${from.id} -> ${to.id} at turn ${turn}: ${fault}`;
          });
        }
      }
    }
    const faults = await all(jobs);
    const refused = emulator.journal_entries().filter((e) => e.violations.length > 0).map((e) => `${e.provider}: ${JSON.stringify(e.violations)}`);
    const kinds = [...new Set([...faults, ...refused])];
    assert.deepEqual(kinds.slice(0, 10), [], `${faults.length} conversations of ${jobs.length} broke, ${refused.length} requests were refused or better not sent`);
    const saw = new Set(emulator.journal_entries().filter((e) => e.body.includes('iVBORw0KGgo')).map((e) => e.provider));
    assert.deepEqual([...saw].sort(), fleet.filter((f) => f.sees).map((f) => f.id), 'those who were shown a picture');
  });
