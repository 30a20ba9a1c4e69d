// First look at a request: framing and headers that no real provider's edge would take, or that
// betray something the router should have kept to itself.
import { decode_utf8 } from './strict_json.mjs';

export const body_limit = 64 * 1024 * 1024;

// name -> value of the first, and the names that came twice.
export function fold_headers(raw) {
  const headers = {};
  const repeated = new Set();
  for (let i = 0; i < raw.length; i += 2) {
    const name = raw[i].toLowerCase();
    if (Object.hasOwn(headers, name)) {
      repeated.add(name);
      headers[name] = `${headers[name]}, ${raw[i + 1]}`;
    } else {
      headers[name] = raw[i + 1];
    }
  }
  return { headers, repeated };
}

const single = ['authorization', 'content-length', 'content-type', 'host', 'transfer-encoding', 'x-goog-api-key', 'accept', 'user-agent'];
const not_ours = ['cookie', 'origin', 'referer', 'x-forwarded-for', 'x-real-ip', 'forwarded', 'x-api-key', 'proxy-authorization', 'upgrade', 'te', 'trailer'];

const host_good = (host, port) => {
  const match = /^(127\.0\.0\.1|localhost|\[::1\]|[a-z0-9-]+(?:\.[a-z0-9-]+)*\.emulator\.test)(?::(\d+))?$/i.exec(host ?? '');
  return match !== null && (match[2] === undefined || Number(match[2]) === port);
};

// Violations: {rule, message, refused}. Refused ones end in a 400 before any provider looks.
export function look_at_head(req, headers, repeated) {
  const found = [];
  const add = (rule, message, refused = true) => found.push({ rule, message, refused });
  for (const name of repeated) if (single.includes(name)) add('duplicate_header', `header ${name} came more than once`);
  if (headers.host === undefined) add('host', 'Host is missing');
  else if (!host_good(headers.host, req.socket.localPort)) add('host', `Host "${headers.host}" is not this server`);
  if (!req.url.startsWith('/')) add('target', 'request target is not in origin form');
  else if (/\/\/|\/\.\.?(\/|$)|%2f|%00|\\/i.test(req.url.split('?')[0])) add('target', 'request target is not normal');
  if (headers['content-length'] !== undefined && headers['transfer-encoding'] !== undefined) add('framing', 'Content-Length and Transfer-Encoding together');
  if (/[?&](key|api_key|access_token)=/i.test(req.url)) add('key_in_url', 'a key stands in the URL', false);
  for (const [name, value] of Object.entries(headers)) {
    if (/freellmapi-[A-Za-z0-9_-]{8,}/.test(value)) add('unified_key', `header ${name} carries the unified key`);
    if (not_ours.includes(name)) add('foreign_header', `header ${name} has no business here`, false);
  }
  if (headers['user-agent'] === undefined || headers['user-agent'] === '') add('user_agent', 'User-Agent is missing', false);
  if (headers['content-encoding'] !== undefined && headers['content-encoding'] !== 'identity') add('encoding', 'request body is compressed');
  return found;
}

// The whole body as bytes; too_long when the bound is passed (the rest is read and dropped).
export function read_body(req) {
  return new Promise((resolve) => {
    const pieces = [];
    let size = 0;
    req.on('data', (piece) => {
      size += piece.length;
      if (size <= body_limit) pieces.push(piece);
      else pieces.length = 0;
    });
    req.on('end', () => resolve({ bytes: Buffer.concat(pieces), size, whole: true, too_long: size > body_limit }));
    req.on('close', () => resolve({ bytes: Buffer.concat(pieces), size, whole: req.complete, too_long: size > body_limit }));
    req.on('error', () => {});
  });
}

export function body_text(bytes) {
  try {
    return { text: decode_utf8(bytes) };
  } catch (fault) {
    return { text: bytes.toString('latin1'), fault };
  }
}
