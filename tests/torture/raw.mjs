// A client that sends bytes as they are.
import net from 'node:net';
import { unified_key } from '../e2e/router.mjs';

// Sends the pieces one after the other and gathers what comes until the other side ends, or `ms` have passed.
// Answers {text, ended: end|reset|open}.
export function send(port, pieces, { half_close = false, ms = 20_000, until } = {}) {
  return new Promise((resolve) => {
    const socket = net.connect({ port, host: '127.0.0.1', allowHalfOpen: true });
    const seen = [];
    let finished = false;
    const done = (ended) => {
      if (finished) return;
      finished = true;
      clearTimeout(bound);
      resolve({ text: Buffer.concat(seen).toString('latin1'), ended });
      socket.destroy();
    };
    const bound = setTimeout(() => done('open'), ms);
    socket.on('connect', () => {
      for (const piece of [pieces].flat()) socket.write(Buffer.isBuffer(piece) ? piece : Buffer.from(piece, 'latin1'));
      if (half_close) socket.end();
    });
    socket.on('data', (data) => {
      seen.push(data);
      if (until?.(Buffer.concat(seen).toString('latin1'))) done('open');
    });
    socket.on('end', () => done('end'));
    socket.on('error', () => done('reset'));
  });
}

export const statuses = (text) => [...text.matchAll(/HTTP\/1\.[01] (\d{3}) /g)].map((m) => Number(m[1])).filter((s) => s !== 100);

export const head_of = (router, { method = 'POST', target = '/v1/chat/completions', version = '1.1', host = `127.0.0.1:${router.port}`, key = unified_key, fields = '' } = {}) =>
  `${method} ${target} HTTP/${version}\r\n${host === null ? '' : `Host: ${host}\r\n`}${key ? `Authorization: Bearer ${key}\r\n` : ''}${fields}\r\n`;

export const chat_body = JSON.stringify({ model: 'auto', messages: [{ role: 'user', content: '!say fine' }] });

export const post = (router, body, fields = '') => {
  const bytes = Buffer.isBuffer(body) ? body : Buffer.from(body, 'utf8');
  return Buffer.concat([Buffer.from(head_of(router, { fields: `Content-Type: application/json\r\nContent-Length: ${bytes.length}\r\n${fields}` })), bytes]);
};
export const chunked = (router, pieces, fields = '') => head_of(router, { fields: `Content-Type: application/json\r\nTransfer-Encoding: chunked\r\n${fields}` }) + pieces;
export const chunk = (text) => `${Buffer.byteLength(text).toString(16)}\r\n${text}\r\n`;
