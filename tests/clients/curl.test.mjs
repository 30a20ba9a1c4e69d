// Plain curl, as the README shows it.
import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import { describe, it } from 'node:test';
import { promisify } from 'node:util';
import { read_stream } from '../e2e/router.mjs';
import { unified_key, world } from './setup.mjs';

const run = promisify(execFile);

describe('curl', () => {
  const w = world();
  const curl = async (...args) => (await run('curl', ['-sS', ...args])).stdout;
  const auth = ['-H', `Authorization: Bearer ${unified_key}`];
  const json = ['-H', 'Content-Type: application/json'];

  it('gets an answer with the route in the headers', async () => {
    const text = await curl('-i', `${w.base_url}/chat/completions`, ...auth, ...json, '-d', '{"model":"auto","messages":[{"role":"user","content":"!say good day"}]}');
    assert.match(text, /^HTTP\/1\.1 200 OK\r\n/);
    assert.match(text, /\r\nX-Routed-Via: google\/gemini-3\.5-flash\r\n/);
    assert.match(text, /good day/);
  });

  it('reads a stream as it comes', async () => {
    const text = await curl('-N', `${w.base_url}/chat/completions`, ...auth, ...json, '-d', '{"model":"auto","stream":true,"messages":[{"role":"user","content":"!count 5"}]}');
    const seen = read_stream(text);
    assert.equal(seen.content, '1 2 3 4 5');
    assert.equal(seen.done, 1);
  });

  it('uploads a compressed body, waits for 100-continue, and speaks HTTP/1.0', async () => {
    const body = '{"model":"auto","messages":[{"role":"user","content":"!say good day"}]}';
    const { stdout } = await run('sh', ['-c', `printf '%s' '${body}' | gzip -c | curl -sS '${w.base_url}/chat/completions' -H 'Authorization: Bearer ${unified_key}' -H 'Content-Type: application/json' -H 'Content-Encoding: gzip' --data-binary @-`]);
    assert.match(stdout, /good day/);
    assert.match(await curl('-H', 'Expect: 100-continue', `${w.base_url}/chat/completions`, ...auth, ...json, '-d', body), /good day/);
    const old = await curl('-i', '--http1.0', `${w.base_url}/chat/completions`, ...auth, ...json, '-d', body);
    assert.match(old, /good day/);
    assert.doesNotMatch(old, /chunked/i);
  });

  it('asks for the head alone', async () => {
    const text = await curl('-I', `${w.router.url}/livez`);
    assert.match(text, /^HTTP\/1\.1 200/);
  });

  it('without a key gets 401 and is told how to find it', async () => {
    const text = await curl('-i', `${w.base_url}/models`);
    assert.match(text, /^HTTP\/1\.1 401/);
    assert.match(text, /unified-key show/);
  });
});
