// Bytes that are no request, or two requests in one: refused, the connection closed, nothing behind them read.
import assert from 'node:assert/strict';
import net from 'node:net';
import { before, describe, it } from 'node:test';
import { gzipSync } from 'node:zlib';
import { Router, slack, start_emulator, suite_scope, takes_at_most } from '../e2e/router.mjs';
import { chat_body, chunk, chunked, head_of, post, send, statuses } from './raw.mjs';

describe('the edge', () => {
  let router;
  let emulator;
  const scope = suite_scope();
  before(async () => {
    emulator = await start_emulator(scope);
    router = await Router.start(scope, { emulator, chain: ['a'], boxes: ['a'] });
  });

  const json = 'Content-Type: application/json\r\n';
  const next = () => `GET /livez HTTP/1.1\r\nHost: 127.0.0.1:${router.port}\r\n\r\n`;
  const length = chat_body.length;
  const with_fields = (fields, body = chat_body, more = {}) => head_of(router, { fields: json + fields, ...more }) + body;

  // Each must be answered with the status, once, and the connection closed.
  const refused = {
    'Content-Length beside Transfer-Encoding': [400, () => with_fields(`Content-Length: ${length}\r\nTransfer-Encoding: chunked\r\n`, `${chunk(chat_body)}0\r\n\r\n`)],
    'Transfer-Encoding beside Content-Length': [400, () => with_fields(`Transfer-Encoding: chunked\r\nContent-Length: 4\r\n`, `${chunk(chat_body)}0\r\n\r\n`)],
    'Content-Length twice, different': [400, () => with_fields(`Content-Length: ${length}\r\nContent-Length: 3\r\n`)],
    'Content-Length twice, the same': [400, () => with_fields(`Content-Length: ${length}\r\nContent-Length: ${length}\r\n`)],
    'a list of Content-Lengths': [400, () => with_fields(`Content-Length: ${length}, ${length}\r\n`)],
    ...Object.fromEntries(['+5', '-1', '0x10', '5 5', '', '1e3', '99999999999999999999999', '5;', '٣'].map((n) => [`Content-Length "${n}"`, [400, () => with_fields(`Content-Length: ${n}\r\n`)]])),
    ...Object.fromEntries(['gzip', 'identity', 'xchunked', 'chunked, chunked', 'gzip, chunked', 'chunked, gzip', ' chunked;q=1', '"chunked"', 'chunked\x0b', ''].map((te) => [`Transfer-Encoding "${te}"`, [400, () => with_fields(`Transfer-Encoding: ${te}\r\n`, `${chunk(chat_body)}0\r\n\r\n`)]])),
    'Transfer-Encoding twice': [400, () => with_fields('Transfer-Encoding: chunked\r\nTransfer-Encoding: chunked\r\n', `${chunk(chat_body)}0\r\n\r\n`)],
    'Transfer-Encoding in HTTP/1.0': [400, () => with_fields('Transfer-Encoding: chunked\r\n', `${chunk(chat_body)}0\r\n\r\n`, { version: '1.0' })],
    'a space before the colon': [400, () => with_fields(`Content-Length : ${length}\r\n`)],
    'a folded field': [400, () => with_fields(`Content-Length: ${length}\r\nX-Folded: a\r\n b\r\n`)],
    'a field without a colon': [400, () => with_fields(`Content-Length: ${length}\r\nnonsense\r\n`)],
    'a field without a name': [400, () => with_fields(`Content-Length: ${length}\r\n: x\r\n`)],
    'a name that is no token': [400, () => with_fields(`Content-Length: ${length}\r\nX(y): z\r\n`)],
    'NUL in a field': [400, () => with_fields(`Content-Length: ${length}\r\nX-Y: a\0b\r\n`)],
    'a bare CR in a field': [400, () => with_fields(`Content-Length: ${length}\r\nX-Y: a\rb\r\n`)],
    'a bare LF as the line end': [400, () => `POST /v1/chat/completions HTTP/1.1\nHost: 127.0.0.1:${router.port}\nContent-Length: 0\n\n`],
    'a chunk size with 0x': [400, () => chunked(router, `0x5\r\nhello\r\n0\r\n\r\n`)],
    'a chunk size with a sign': [400, () => chunked(router, `+5\r\nhello\r\n0\r\n\r\n`)],
    'a chunk size with _': [400, () => chunked(router, `1_0\r\nhello\r\n0\r\n\r\n`)],
    'a chunk size that overflows': [[400, 413], () => chunked(router, `fffffffffffffffff\r\nhello\r\n0\r\n\r\n`)],
    'a chunk without a size': [400, () => chunked(router, `\r\nhello\r\n0\r\n\r\n`)],
    'a chunk longer than it says': [400, () => chunked(router, `3\r\nhello\r\n0\r\n\r\n`)],
    'a chunk size ended by LF': [400, () => chunked(router, `5\nhello\r\n0\r\n\r\n`)],
    'a chunk extension of 4 KiB': [400, () => chunked(router, `5;${'x'.repeat(4096)}\r\nhello\r\n0\r\n\r\n`)],
    'a control byte in a chunk extension': [400, () => chunked(router, `5;a=\x01\r\nhello\r\n0\r\n\r\n`)],
    'a chunk larger than any body may be': [413, () => chunked(router, `7fffffff\r\nhello`)],
    'trailers of 16 KiB': [[400, 413, 431], () => chunked(router, `${chunk(chat_body)}0\r\nX-T: ${'x'.repeat(16 * 1024)}\r\n\r\n`)],
    'no Host': [400, () => head_of(router, { method: 'GET', target: '/livez', host: null })],
    'Host twice': [400, () => head_of(router, { method: 'GET', target: '/livez', fields: 'Host: localhost\r\n' })],
    ...Object.fromEntries(['local host', 'localhost/path', 'user@localhost', 'localhost:port', 'localhost:99999', '[::1', '', 'a,b'].map((h) => [`Host "${h}"`, [[400, 421], () => head_of(router, { method: 'GET', target: '/livez', host: h })]])),
    'HTTP/2.0': [505, () => head_of(router, { method: 'GET', target: '/livez', version: '2.0' })],
    'HTTP/1.2': [505, () => head_of(router, { method: 'GET', target: '/livez', version: '1.2' })],
    'a version that is none': [400, () => `GET /livez HTTX/1.1\r\nHost: localhost\r\n\r\n`],
    'no version': [400, () => `GET /livez\r\n\r\n`],
    'two spaces in the request line': [400, () => `GET  /livez HTTP/1.1\r\nHost: localhost\r\n\r\n`],
    'the preface of HTTP/2': [[400, 405, 501, 505], () => 'PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n'],
    'TLS on the plain port': [400, () => Buffer.concat([Buffer.from('160301020001000001fc0303', 'hex'), Buffer.alloc(500, 7), Buffer.from('\r\n\r\n')])],
    'a head of 64 KiB': [431, () => head_of(router, { method: 'GET', target: '/livez', fields: `X-Y: ${'y'.repeat(64 * 1024)}\r\n` })],
    'two hundred fields': [431, () => head_of(router, { method: 'GET', target: '/livez', fields: Array.from({ length: 200 }, (_, i) => `X-${i}: y\r\n`).join('') })],
    'a target of 16 KiB': [414, () => head_of(router, { method: 'GET', target: `/livez?${'q'.repeat(16 * 1024)}` })],
    'a Content-Length of ten gigabytes': [413, () => with_fields('Content-Length: 10000000000\r\n', '')],
    'ten gigabytes that wait for 100': [413, () => with_fields('Content-Length: 10000000000\r\nExpect: 100-continue\r\n', '')],
    'an expectation that nobody knows': [417, () => with_fields(`Content-Length: ${length}\r\nExpect: magic\r\n`)],
    'CONNECT': [[400, 405], () => `CONNECT example.org:443 HTTP/1.1\r\nHost: example.org:443\r\n\r\n`],
  };
  for (const [what, [expected, make]] of Object.entries(refused)) {
    it(`${what} is refused, and what follows is not read`, async () => {
      const bytes = make();
      const asked = emulator.journal_entries().length;
      const answer = await send(router.port, [bytes, next()]);
      const seen = statuses(answer.text);
      assert.equal(seen.length, 1, `${what}: ${answer.text.slice(0, 300)}`);
      assert.ok([expected].flat().includes(seen[0]), `${what}: ${answer.text.slice(0, 300)}`);
      assert.notEqual(answer.ended, 'open', 'the connection is closed');
      assert.doesNotMatch(answer.text, /^HTTP\/1\.1 100/m);
      if (seen[0] !== 505 && !/^PRI/.test(bytes)) JSON.parse(answer.text.slice(answer.text.indexOf('\r\n\r\n') + 4));
      assert.equal(emulator.journal_entries().length, asked, 'no provider is asked');
    });
  }

  it('a foreign Host is 421 on every path, before the key is looked at, and names the setting', async () => {
    for (const target of ['/', '/admin', '/health', '/v1/models', '/v1/chat/completions', '/none']) {
      for (const [host, key] of [['evil.example', null], ['evil.example:3001', undefined], ['127.0.0.1.evil.example', undefined], ['127.0.0.2', undefined], ['localhost:1', undefined]]) {
        const answer = await send(router.port, head_of(router, { method: 'GET', target, host, ...(key === null ? { key } : {}), fields: 'Origin: http://evil.example\r\nConnection: close\r\n' }));
        assert.deepEqual(statuses(answer.text), [421], `${host}${target}: ${answer.text.slice(0, 200)}`);
        assert.match(answer.text, /host_not_allowed/);
        assert.match(answer.text, /server\.hosts/);
        assert.doesNotMatch(answer.text, /access-control|set-cookie/i);
      }
    }
  });

  it('an absolute target is taken when its authority is ours, and 421 otherwise', async () => {
    const own = await send(router.port, head_of(router, { method: 'GET', target: `http://localhost:${router.port}/livez`, fields: 'Connection: close\r\n' }));
    assert.deepEqual(statuses(own.text), [200]);
    const foreign = await send(router.port, head_of(router, { method: 'GET', target: 'http://evil.example/livez', fields: 'Connection: close\r\n' }));
    assert.deepEqual(statuses(foreign.text), [421]);
  });

  it('localhost, 127.0.0.1 and [::1] are ours', async () => {
    for (const host of ['localhost', '127.0.0.1', '[::1]', 'LOCALHOST']) {
      const answer = await send(router.port, head_of(router, { method: 'GET', target: '/livez', host: `${host}:${router.port}`, fields: 'Connection: close\r\n' }));
      assert.deepEqual(statuses(answer.text), [200], host);
    }
  });

  it('paths that would need repair are refused, never repaired', async () => {
    for (const target of ['//v1/models', '/v1//models', '/v1/../v1/models', '/./v1/models', '/v1/%2e%2e/v1/models', '/v1/models\\', '/v1/models%00', '/v1/mod\x7fels', '/v1/m\xf6dels', '/V1/models', '/v1/models/', '/v1%2fmodels', '/v1/models;x', '*', '/etc/passwd', '/v1/%zz']) {
      const answer = await send(router.port, head_of(router, { method: 'GET', target, fields: 'Connection: close\r\n' }));
      const [status, ...more] = statuses(answer.text);
      assert.ok([400, 404].includes(status) && more.length === 0, `${target}: ${answer.text.slice(0, 200)}`);
    }
  });

  it('TRACE echoes nothing, unknown methods are 501, others say what is allowed', async () => {
    const ask = (method, target) => send(router.port, head_of(router, { method, target, fields: 'X-Echo: echo-me\r\nConnection: close\r\n' }));
    for (const [method, target, expected] of [['TRACE', '/v1/models', 405], ['BREW', '/v1/models', 501], ['get', '/v1/models', 501], ['PUT', '/v1/models', 405], ['DELETE', '/v1/chat/completions', 405], ['GET', '/v1/chat/completions', 405], ['POST', '/health', 405]]) {
      const answer = await ask(method, target);
      assert.deepEqual(statuses(answer.text), [expected], `${method} ${target}`);
      if (expected === 405) assert.match(answer.text, /^allow: /im);
      assert.doesNotMatch(answer.text, /echo-me/);
    }
  });

  it('an upgrade is not made: the request is answered as it is', async () => {
    const answer = await send(router.port, head_of(router, { method: 'GET', target: '/livez', fields: 'Connection: upgrade, close\r\nUpgrade: h2c\r\nHTTP2-Settings: AAMAAABk\r\n' }));
    assert.deepEqual(statuses(answer.text), [200]);
  });

  it('an unauthenticated big body is refused before it is read', async () => {
    const head = head_of(router, { key: null, fields: `${json}Content-Length: 20000000\r\nExpect: 100-continue\r\n` });
    const answer = await send(router.port, head);
    assert.deepEqual(statuses(answer.text), [401]);
    assert.doesNotMatch(answer.text, /100 Continue/i);
  });

  it('three pipelined requests get three answers in their order', async () => {
    const bytes = [1, 2, 3].map((i) => post(router, JSON.stringify({ model: 'auto', messages: [{ role: 'user', content: `!say answer ${i}` }] }), i === 3 ? 'Connection: close\r\n' : ''));
    const answer = await send(router.port, Buffer.concat(bytes));
    assert.deepEqual(statuses(answer.text), [200, 200, 200]);
    assert.deepEqual([...answer.text.matchAll(/"content":"answer (\d)"/g)].map((m) => m[1]), ['1', '2', '3']);
    assert.equal(answer.ended, 'end');
  });

  it('a request in single bytes is a request', async () => {
    const bytes = post(router, chat_body, 'Connection: close\r\n');
    const answer = await new Promise((resolve) => {
      const socket = net.connect(router.port, '127.0.0.1');
      socket.setNoDelay(true);
      let text = '';
      socket.setEncoding('latin1').on('data', (d) => { text += d; }).on('end', () => resolve(text)).on('error', () => resolve(text));
      let at = 0;
      const step = () => {
        if (at < bytes.length) socket.write(bytes.subarray(at, at += 1), () => setImmediate(step));
      };
      step();
    });
    assert.deepEqual(statuses(answer), [200]);
  });

  it('chunks, extensions, trailers and Expect: 100-continue are understood', async () => {
    const parts = [...chat_body].map((c) => chunk(c)).join('');
    for (const bytes of [chunked(router, `${parts}0\r\n\r\n`, 'Connection: close\r\n'), chunked(router, `${length.toString(16)};name="quoted;text"\r\n${chat_body}\r\n0\r\nAuthorization: Bearer other\r\nContent-Length: 3\r\n\r\n`, 'Connection: close\r\n')]) {
      assert.deepEqual(statuses((await send(router.port, bytes)).text), [200]);
    }
    const waiting = await send(router.port, with_fields(`Content-Length: ${length}\r\nExpect: 100-continue\r\nConnection: close\r\n`, ''), { until: (text) => /^HTTP\/1\.1 100 /.test(text) });
    assert.match(waiting.text, /^HTTP\/1\.1 100 Continue\r\n\r\n$/);
  });

  it('a client that closes its half after the request is answered all the same', async () => {
    const answer = await send(router.port, post(router, chat_body), { half_close: true });
    assert.deepEqual(statuses(answer.text), [200]);
    assert.match(answer.text, /"content":"fine"/);
  });

  it('an HTTP/1.0 client is answered without chunks and its connection closed', async () => {
    const body = JSON.stringify({ model: 'auto', stream: true, messages: [{ role: 'user', content: '!count 5' }] });
    const answer = await send(router.port, head_of(router, { version: '1.0', fields: `${json}Content-Length: ${body.length}\r\n` }) + body);
    assert.deepEqual(statuses(answer.text), [200]);
    assert.doesNotMatch(answer.text, /transfer-encoding/i);
    assert.match(answer.text, /data: \[DONE\]\n\n$/);
    assert.equal(answer.ended, 'end');
  });

  it('HEAD has the head of GET and no body', async () => {
    const answer = await send(router.port, head_of(router, { method: 'HEAD', target: '/livez', fields: 'Connection: close\r\n' }));
    assert.deepEqual(statuses(answer.text), [200]);
    assert.match(answer.text, /content-length: [1-9]/i);
    assert.ok(answer.text.endsWith('\r\n\r\n'));
  });

  it('a gzip body is inflated, a bomb is 413, damage and other encodings are refused', async () => {
    const zip = (bytes, fields = '') => send(router.port, post(router, bytes, `Content-Encoding: gzip\r\nConnection: close\r\n${fields}`));
    assert.deepEqual(statuses((await zip(gzipSync(chat_body))).text), [200]);
    assert.deepEqual(statuses((await zip(gzipSync(Buffer.alloc(64 * 1024 * 1024, 0x20)))).text), [413]);
    const damaged = gzipSync(chat_body);
    damaged[damaged.length - 6] ^= 0xff;
    for (const bytes of [damaged, Buffer.from(chat_body), gzipSync(chat_body).subarray(0, 30)]) {
      const [status] = statuses((await zip(bytes)).text);
      assert.ok([400, 415].includes(status), String(status));
    }
    assert.deepEqual(statuses((await send(router.port, post(router, chat_body, 'Content-Encoding: br\r\nConnection: close\r\n'))).text), [415]);
  });

  it('clients that reset in the middle leave nothing behind', async () => {
    const bytes = post(router, chat_body);
    for (let i = 0; i < 100; i += 1) {
      await new Promise((resolve) => {
        const socket = net.connect(router.port, '127.0.0.1', () => {
          socket.write(bytes.subarray(0, Math.floor((bytes.length * i) / 99)), () => {
            socket.resetAndDestroy();
            resolve();
          });
        });
        socket.on('error', () => resolve());
      });
    }
    assert.equal((await router.chat()).status, 200);
    assert.equal(router.process.exitCode, null);
  });

  it('five hundred connections that never finish their head do not slow the others', async () => {
    // The 95th of a hundred, of sixty: a busy machine is slow without them too.
    const slowest = async () => {
      const times = [];
      for (let i = 0; i < 60; i += 1) {
        const began = performance.now();
        assert.equal((await router.get('/livez')).status, 200);
        times.push(performance.now() - began);
      }
      return times.sort((a, b) => a - b)[56];
    };
    const usual = await slowest();
    const sockets = [];
    for (let i = 0; i < 500; i += 1) {
      const socket = net.connect(router.port, '127.0.0.1');
      socket.on('error', () => {});
      socket.write('POST /v1/chat/completions HTTP/1.1\r\nHost: loc');
      sockets.push(socket);
    }
    await takes_at_most(Math.max(100 * slack, 3 * usual), slowest);
    sockets.forEach((s) => s.destroy());
  });

  it('no internal error was counted, and the process lives', async () => {
    assert.equal(router.process.exitCode, null);
    assert.ok(!router.stderr.includes('internal_error'));
    assert.deepEqual(emulator.journal_entries().flatMap((e) => e.violations), []);
  });
});
