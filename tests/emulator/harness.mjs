// What the tests share: good keys, a raw client, and readers of streams.
import net from 'node:net';
import { Emulator } from './emulator.mjs';

export const cloudflare_account = '0123456789abcdef0123456789abcdef';
export const keys = { groq: `gsk_${'a'.repeat(52)}`, cerebras: `csk-${'b'.repeat(40)}`, nvidia: `nvapi-${'c'.repeat(64)}`, google: `AIza${'d'.repeat(35)}`, mistral: 'e'.repeat(32), cohere: 'f'.repeat(40), sambanova: '6c0e1a1e-0000-4000-8000-0123456789ab', pollinations: `sk_${'1'.repeat(32)}`, cloudflare: 'g'.repeat(40), zhipu: '0123456789abcdef0123456789abcdef.AbCdEfGhIjKlMnOp', openrouter: `sk-or-v1-${'0a'.repeat(32)}`, ollama: `${'1'.repeat(32)}.${'k'.repeat(24)}`, huggingface: `hf_${'g'.repeat(34)}`, llm7: `pro${'2'.repeat(40)}`, kilo: `eyJ${'h'.repeat(60)}`, github: `github_pat_${'h'.repeat(82)}`, custom: 'any' };
export const bases = { groq: '/groq/openai/v1', cerebras: '/cerebras/v1', mistral: '/mistral/v1', cohere: '/cohere/compatibility/v1', nvidia: '/nvidia/v1', sambanova: '/sambanova/v1', pollinations: '/pollinations/v1', cloudflare: `/cloudflare/client/v4/accounts/${cloudflare_account}/ai/v1`, zhipu: '/zhipu/api/paas/v4', openrouter: '/openrouter/api/v1', ollama: '/ollama/v1', huggingface: '/huggingface/v1', llm7: '/llm7/v1', kilo: '/kilo/api/gateway', github: '/github/inference', custom: '/custom/v1', google: '/google/v1beta' };
export const plain_models = { groq: 'openai/gpt-oss-20b', cerebras: 'gpt-oss-120b', mistral: 'mistral-small-latest', cohere: 'command-a-03-2025', nvidia: 'meta/llama-3.3-70b-instruct', sambanova: 'Meta-Llama-3.3-70B-Instruct', pollinations: 'openai-fast', cloudflare: '@cf/zai-org/glm-4.7-flash', zhipu: 'glm-4.7-flash', openrouter: 'openai/gpt-oss-120b:free', ollama: 'gpt-oss:120b', huggingface: 'Qwen/Qwen3-Coder-Next', llm7: 'codestral-latest', kilo: 'nvidia/nemotron-3-super-120b-a12b:free', github: 'openai/gpt-4.1', custom: 'any-model', google: 'gemini-2.5-flash' };
export const openai_like = ['groq', 'cerebras', 'mistral', 'cohere', 'nvidia', 'sambanova', 'pollinations', 'cloudflare', 'zhipu', 'openrouter', 'ollama', 'huggingface', 'llm7', 'kilo', 'github', 'custom'];

export const started = async (t, options) => {
  const e = await Emulator.start(options);
  t.after(() => e.stop());
  return e;
};

// Sends one call; body may be text. Answers {status, headers, text, json}.
export async function post(e, path, body, headers = {}) {
  const r = await fetch(`${e.addresses.http}${path}`, { method: 'POST', headers: { 'content-type': 'application/json', 'user-agent': 'test', ...headers },
    body: typeof body === 'string' ? body : JSON.stringify(body), redirect: 'manual' });
  const text = await r.text();
  let json;
  try {
    json = JSON.parse(text);
  } catch {
    json = undefined;
  }
  return { status: r.status, headers: r.headers, text, json };
}

export const auth = (provider, key = keys[provider]) => (provider === 'google' ? { 'x-goog-api-key': key } : { authorization: `Bearer ${key}` });

export const chat = (e, provider, body, headers = {}) =>
  post(e, `${bases[provider]}/chat/completions`, { model: plain_models[provider], messages: [{ role: 'user', content: 'hello there' }], ...body }, { ...auth(provider), ...headers });

export const gemini = (e, body, { model = plain_models.google, stream = false, headers = {} } = {}) =>
  post(e, `/google/v1beta/models/${model}:${stream ? 'streamGenerateContent?alt=sse' : 'generateContent'}`, { contents: [{ role: 'user', parts: [{ text: 'hello there' }] }], ...body }, { ...auth('google'), ...headers });

// Lets what is due happen.
export const turn = () => new Promise((ok) => { setImmediate(ok); });

// The journal entry of the last request, once it has ended.
export async function last_entry(e) {
  for (;;) {
    const entries = e.journal_entries();
    const entry = entries[entries.length - 1];
    if (entry && entry.ended !== 'open') return entry;
    await turn();
  }
}

// Sends text over a bare socket and gathers what comes until the end: {text, ended: end|reset|stopped}.
// until(text) may stop it early; then the client closes.
export function raw(e, text, until) {
  return new Promise((resolve) => {
    const socket = net.connect(new URL(e.addresses.http).port, '127.0.0.1');
    const pieces = [];
    let size = 0;
    const done = (ended) => {
      resolve({ text: Buffer.concat(pieces).toString('latin1'), pieces: pieces.length, size, ended });
      socket.destroy();
    };
    socket.on('connect', () => socket.write(text));
    socket.on('data', (d) => {
      size += d.length;
      if (size < 4 * 1024 * 1024) pieces.push(d);
      if (until?.(Buffer.concat(pieces.slice(-8)).toString('latin1'), size)) done('stopped');
    });
    socket.on('end', () => done('end'));
    socket.on('error', (error) => done(error.code === 'ECONNRESET' ? 'reset' : error.code));
  });
}

export function raw_chat(body, { path = '/box/a/v1/chat/completions', headers = '' } = {}) {
  const text = JSON.stringify({ model: 'm', messages: [{ role: 'user', content: '!say one two three four five' }], ...body });
  return `POST ${path} HTTP/1.1\r\nHost: localhost\r\nUser-Agent: raw\r\nContent-Type: application/json\r\n${headers}Content-Length: ${Buffer.byteLength(text)}\r\n\r\n${text}`;
}

export const events = (text) => text.split(/\r?\n\r?\n/).filter((x) => x.startsWith('data: ')).map((x) => x.slice(6));
export const parsed = (text) => events(text).filter((x) => x !== '[DONE]').map((x) => JSON.parse(x));
export const streamed_text = (text) => parsed(text).map((f) => f.choices?.[0]?.delta?.content ?? '').join('');

export const weather_tool = { type: 'function', function: { name: 'get_weather', description: 'now', parameters: { type: 'object', properties: { city: { type: 'string' } }, required: ['city'] } } };
