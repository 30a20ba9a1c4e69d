// Clients that begin and do not go on: 408 at the deadline, with everybody else served meanwhile.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { Router, start_emulator } from '../e2e/router.mjs';
import { head_of, send, statuses } from './raw.mjs';

test('a head and a body that stop half-way are given up at their deadlines, drips of bytes too', async (t) => {
  const emulator = await start_emulator(t);
  const router = await Router.start(t, { emulator, chain: ['a'], boxes: ['a'] });
  const timed = async (pieces) => {
    const began = Date.now();
    const { text, ended } = await send(router.port, pieces, { ms: 40_000 });
    return { status: statuses(text)[0], ended, seconds: (Date.now() - began) / 1000 };
  };
  const dripping = async () => {
    const net = await import('node:net');
    const began = Date.now();
    return new Promise((resolve) => {
      const socket = net.connect(router.port, '127.0.0.1');
      let text = '';
      socket.write('GET /livez HTTP/1.1\r\nHost: localhost\r\nX-Drip: ');
      const drip = setInterval(() => socket.write('x'), 500);
      socket.setEncoding('latin1').on('data', (d) => { text += d; }).on('error', () => {}).on('close', () => {
        clearInterval(drip);
        resolve({ status: statuses(text)[0], ended: 'end', seconds: (Date.now() - began) / 1000 });
      });
    });
  };
  const [head, drip, body] = await Promise.all([
    timed('POST /v1/chat/completions HTTP/1.1\r\nHost: loc'), dripping(),
    timed(head_of(router, { fields: 'Content-Type: application/json\r\nContent-Length: 100000\r\n' }) + '{"model":'),
  ]);
  for (const [what, seen, low, high] of [['head', head, 13, 20], ['drip', drip, 13, 20], ['body', body, 8, 20]]) {
    assert.equal(seen.status, 408, `${what}: ${JSON.stringify(seen)}`);
    assert.notEqual(seen.ended, 'open');
    assert.ok(seen.seconds > low && seen.seconds < high, `${what}: ${seen.seconds} s`);
  }
  assert.equal((await router.chat()).status, 200);
  assert.equal(emulator.journal_entries().length, 1);
});
