// No descriptor left: the router neither dies nor spins, and serves again as soon as there is one.
import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import net from 'node:net';
import { test } from 'node:test';
import { Router, slack, start_emulator } from '../e2e/router.mjs';

// User and system time in seconds.
const processor_time = (pid) => {
  const fields = readFileSync(`/proc/${pid}/stat`, 'utf8').split(') ')[1].split(' ');
  return (Number(fields[11]) + Number(fields[12])) / 100;
};

test('when all descriptors are taken the router waits, and recovers within a second', async (t) => {
  const emulator = await start_emulator(t);
  const router = await Router.start(t, { emulator, chain: ['a'], boxes: ['a'], wrap: ['prlimit', '--nofile=120:120'] });
  assert.equal((await router.chat()).status, 200);
  const recovered = [];
  for (let round = 0; round < 3; round += 1) {
    const sockets = [];
    for (let i = 0; i < 300; i += 1) {
      const socket = net.connect(router.port, '127.0.0.1');
      socket.on('error', () => {});
      sockets.push(socket);
    }
    const spent = processor_time(router.process.pid);
    // The pause is what is measured: an accept that fails in a loop would take all of it.
    await new Promise((ok) => { setTimeout(ok, 1000); });
    assert.ok(processor_time(router.process.pid) - spent < 0.5 * slack, `${processor_time(router.process.pid) - spent} s of processor time in one second`);
    sockets.forEach((socket) => socket.destroy());
    const relieved = Date.now();
    await router.until(async () => (await router.request('POST', '/v1/chat/completions', { body: { model: 'auto', messages: [{ role: 'user', content: 'hi' }] } }).catch(() => ({}))).status === 200, 'an answer');
    recovered.push(Date.now() - relieved);
  }
  assert.ok(Math.min(...recovered) < 1500 * slack, `${recovered} ms`);
  assert.equal(router.process.exitCode, null);
});
