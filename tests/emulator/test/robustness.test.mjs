// Whatever a client sends, the emulator answers as a provider would and never with an error of its own.
import assert from 'node:assert/strict';
import net from 'node:net';
import { test } from 'node:test';
import { auth, bases, openai_like, plain_models, post, raw, started, weather_tool } from '../harness.mjs';

const values = [null, true, -1, '', 'x', [], {}, [null], [{}]];

// Every body that differs from a good one in one member, at any depth.
function* bent(node, depth = 0) {
  if (typeof node !== 'object' || node === null || depth > 6) return;
  for (const key of Object.keys(node)) {
    for (const value of values) yield Object.assign(Array.isArray(node) ? [...node] : { ...node }, { [key]: value });
    for (const inner of bent(node[key], depth + 1)) yield Object.assign(Array.isArray(node) ? [...node] : { ...node }, { [key]: inner });
  }
}

test('no body that is wrong in one place makes the emulator fail', async (t) => {
  const e = await started(t);
  const call = { id: 'abcdefghi', type: 'function', function: { name: 'get_weather', arguments: '{}' } };
  for (const provider of openai_like) {
    const good = { model: plain_models[provider], tools: [weather_tool], tool_choice: 'required', response_format: { type: 'json_schema', json_schema: { name: 'x', schema: { type: 'object' } } }, stop: ['a'],
      stream: true, stream_options: {}, messages: [{ role: 'user', content: [{ type: 'image_url', image_url: { url: 'data:,%zz' } }] }, { role: 'assistant', content: null, tool_calls: [call] }, { role: 'tool', tool_call_id: call.id, content: 'x' }] };
    for (const body of bent(good)) {
      const r = await post(e, `${bases[provider]}/chat/completions`, body, auth(provider));
      assert.notEqual(r.status, 599, `${provider} ${JSON.stringify(body)} ${r.text}`);
    }
  }
  const good = { contents: [{ role: 'user', parts: [{ text: 'a' }, { inlineData: { mimeType: 'image/png', data: 'AA==' } }] }, { role: 'model', parts: [{ functionCall: { name: 'f', args: {} } }] }, { role: 'user', parts: [{ functionResponse: { name: 'f', response: {} } }] }],
    tools: [{ functionDeclarations: [{ name: 'f', parameters: { type: 'OBJECT', properties: { a: { type: 'STRING', enum: ['x'] } }, required: ['a'] } }] }], toolConfig: { functionCallingConfig: { mode: 'ANY', allowedFunctionNames: ['f'] } },
    systemInstruction: { parts: [{ text: 's' }] }, safetySettings: [{ category: 'HARM_CATEGORY_HARASSMENT', threshold: 'OFF' }], generationConfig: { stopSequences: ['z'], responseSchema: { type: 'STRING' }, thinkingConfig: { thinkingBudget: 1 } } };
  for (const body of bent(good)) {
    const r = await post(e, '/google/v1beta/models/gemini-2.5-flash:generateContent', body, auth('google'));
    assert.notEqual(r.status, 599, `${JSON.stringify(body)} ${r.text}`);
  }
});

test('odd targets and half requests are survived', async (t) => {
  const e = await started(t);
  for (const target of ['/box/%zz/v1/models', '/box', '/box/', '/google', '/groq', '/google/v1beta/models/%zz:generateContent', '/groq/openai/v1/models/%zz', '/_emulator/nothing', '/?'])
    assert.match((await raw(e, `GET ${target} HTTP/1.1\r\nHost: localhost\r\n\r\n`, (x) => x.includes('\r\n\r\n'))).text, /^HTTP\/1\.1 [24]\d\d /, target);
  const half = 'POST /box/a/v1/chat/completions HTTP/1.1\r\nHost: localhost\r\nContent-Length: 100\r\nConnection: close\r\n\r\n{';
  await half_request(e, half);
  assert.equal((await fetch(`${e.addresses.http}/_emulator/healthz`)).status, 200);
});

// Leaves in the middle of its body.
function half_request(e, text) {
  return new Promise((resolve) => {
    const socket = net.connect(new URL(e.addresses.http).port, '127.0.0.1', () => socket.write(text, () => socket.destroy()));
    socket.on('close', resolve);
  });
}
