// Bodies that are no good JSON, or good JSON and no good request: a 400 that says where, and never a 5xx.
import assert from 'node:assert/strict';
import { before, describe, it } from 'node:test';
import { Router, slack, start_emulator, suite_scope, takes_at_most } from '../e2e/router.mjs';

const messages = '"messages":[{"role":"user","content":"!say fine"}]';
const model = '"model":"auto"';
const good = `{${model},${messages}}`;
const with_content = (content) => `{${model},"messages":[{"role":"user","content":${content}}]}`;
const with_member = (member) => `{${model},${messages},${member}}`;
const at = (text, mark) => [text.replace(mark, ''), Buffer.byteLength(text.slice(0, text.indexOf(mark)), 'latin1')];
const deep = (open, close, n) => open.repeat(n) + close.repeat(n);

// No JSON at all: 400 invalid_json. Where a caret stands the message must name that byte.
const broken = [
  '', ' ', '\ufeff', 'hello', '{', '}', '[', ']', '"', '""', 'nul', 'nulll', 'True', "{'model':'auto'}", '{model:"auto"}', '{"model"}', '{"model":}', '{"model" "auto"}', `{${model}`, `{${model},`, `{${model},}`, `{,${model}}`, `{${model};${messages}}`,
  `{${model},^^${messages}]}`.replace('^^', ''), '{"model":"auto","messages":[}', '{"model":"auto","messages":[{}', `${good}^{}`, `${good}^ x`, `${good}^,`, `${good}^]`, `${good}^\0`, `${good}^// no`, `/* no */ ${good}`, `{${model}, ^// no\n${messages}}`, `{${model},${messages},^}`,
  with_content('^\'x\''), with_content('"x^\n"'), with_content('"x^\t"'), with_content('"x^\u0000"'), with_content('"x^\u001f"'), with_content('"\\^x"'), with_content('"\\u12"'), with_content('"\\u123g"'), with_content('"\\U0041"'), with_content('"\\'), with_content('"\\"'),
  with_member('"seed":^01'), with_member('"seed":-'), with_member('"seed":^+1'), with_member('"seed":1.'), with_member('"seed":^.5'), with_member('"seed":1e'), with_member('"seed":1e+'), with_member('"seed":0x10'), with_member('"seed":^NaN'), with_member('"seed":^Infinity'), with_member('"seed":-Infinity'), with_member('"seed":1_000'), with_member('"seed":--1'), with_member('"seed":1 2'),
  with_member('"stop":["a",]'), with_member('"stop":[,"a"]'), with_member('"stop":["a" "b"]'), with_member('"stop":["a"'), with_member('"metadata":{"a"}'), with_member('"metadata":{"a":1,}'), with_member('"metadata":{a:1}'), with_member('"stream":tru'), with_member('"stream":TRUE'), with_member('"stream":truefalse'),
  `\ufeff${good}`, deep('[', ']', 300), `{${model},"x":${deep('[', ']', 300)},${messages}}`, `{${model},"x":${deep('{"a":', '1}', 300).replace(/1\}1\}/g, '}}')},${messages}}`, deep('[', '', 100_000), `${good}${good}`, `${good}\n${good}`,
];

// Good JSON that is no good request: [body, param].
const wrong = [
  ['[]', null], ['null', null], ['7', null], ['"auto"', null], ['true', null], ['{}', 'model'], [`{${model}}`, 'messages'], [`{${messages}}`, 'model'], [`{"model":null,${messages}}`, 'model'], [`{"model":7,${messages}}`, 'model'], [`{"model":"",${messages}}`, 'model'], [`{"model":["auto"],${messages}}`, 'model'], [`{"model":"${'m'.repeat(300)}",${messages}}`, 'model'],
  [`{${model},"messages":null}`, 'messages'], [`{${model},"messages":{}}`, 'messages'], [`{${model},"messages":"hi"}`, 'messages'], [`{${model},"messages":[]}`, 'messages'], [`{${model},"messages":[null]}`, 'messages[0]'], [`{${model},"messages":["hi"]}`, 'messages[0]'], [`{${model},"messages":[[]]}`, 'messages[0]'], [`{${model},"messages":[{}]}`, 'messages[0].role'],
  [`{${model},"messages":[{"role":"user","content":"a"},{"role":7,"content":"b"}]}`, 'messages[1].role'], [`{${model},"messages":[{"role":"king","content":"b"}]}`, 'messages[0].role'], [with_content('7'), 'messages[0].content'], [with_content('true'), 'messages[0].content'], [with_content('[7]'), 'messages[0].content[0]'], [with_content('[{"type":"video"}]'), /^messages\[0\]\.content\[0\]/], [with_content('[{"type":"text","text":7}]'), 'messages[0].content[0].text'], [with_content('[{"type":"image_url"}]'), /^messages\[0\]\.content\[0\]/],
  [`{${model},"messages":[{"role":"assistant","tool_calls":7}]}`, 'messages[0].tool_calls'], [`{${model},"messages":[{"role":"assistant","tool_calls":[7]}]}`, 'messages[0].tool_calls[0]'], [`{${model},"messages":[{"role":"assistant","tool_calls":[{}]}]}`, /^messages\[0\]\.tool_calls\[0\]/], [`{${model},"messages":[{"role":"user","content":"x","tool_calls":[{"id":"a","type":"function","function":{"name":"f","arguments":"{}"}}]}]}`, 'messages[0].tool_calls'],
  ...[['temperature', ['"hot"', '3', '-1', '[1]', '1e999', '{}', 'true']], ['top_p', ['2', '-0.1', '"x"']], ['max_tokens', ['"many"', '1.5', '1e99', '[]', 'true']], ['max_completion_tokens', ['"many"', '{}']], ['n', ['2', '0', '"1"', '1.5']], ['stream', ['1', '"true"', '[]', '{}']], ['seed', ['"x"', '1.5', '1e999', `${'9'.repeat(1_000)}`]], ['presence_penalty', ['9', '"x"']], ['frequency_penalty', ['-9']], ['stop', ['7', '[7]', '{}', 'true']], ['user', ['7', '{}']], ['logprobs', ['1', '"x"']], ['top_logprobs', ['21', '-1', '"x"']], ['logit_bias', ['[]', '7', '{"a":"b"}']],
    ['tools', ['7', '{}', '[7]', '[null]', '[{}]', '[{"type":"magic"}]', '[{"type":"function"}]', '[{"type":"function","function":{}}]', '[{"type":"function","function":{"name":7}}]', '[{"type":"function","function":{"name":"f","parameters":"x"}}]', '[{"type":"function","function":{"name":"f","parameters":[]}}]']], ['tool_choice', ['7', '"sometimes"', '[]', '{"type":"magic"}', '{}']], ['parallel_tool_calls', ['"x"', '1']], ['response_format', ['"json"', '7', '{}', '{"type":"xml"}', '{"type":"json_schema"}', '{"type":"json_schema","json_schema":{}}', '{"type":"json_schema","json_schema":{"name":"x","schema":"y"}}']],
    ['stream_options', ['7', '[]', '{"include_usage":"x"}']], ['reasoning_effort', ['7', '"extreme"', '{}']], ['metadata', ['7', '"x"', '[]']], ['store', ['"x"']], ['functions', ['7', '[7]']], ['modalities', ['["audio"]', '7']], ['audio', ['{}']],
  ].flatMap(([name, values]) => values.map((value) => [with_member(`"${name}":${value}`), new RegExp(`^(${name}|tools)`)])),
];

// What is read twice differently by two parsers: refused, because what is checked must be what is sent.
const ambiguous = [`{${model},"model":"a/any-model",${messages}}`, `{${model},"mod\\u0065l":"a/any-model",${messages}}`, `{${model},${messages},${messages}}`, `{${model},"messages":[{"role":"user","role":"system","content":"x"}]}`, `{${model},"messages":[{"role":"user","content":"x","content":"y"}]}`, `{${model},"messages":[{"role":"user","content":"x","c\\u006fntent":"y"}]}`, with_member('"stream":false,"stream":true'), with_member('"max_tokens":5,"max\\u005ftokens":6')];

// Odd, and good.
const odd = [with_content('"\\u0000"'), with_content('"\\u2028\\u2029"'), with_content('"\u2028"'), with_content('"\\ud83d\\ude00 \u{1f600}"'), with_content('"\\/\\b\\f\\n\\r\\t\\"\\\\"'), ` \n\t\r${good} \n`, with_member('"temperature":1E0'), with_member('"temperature":-0'), with_member('"temperature":0.10000000000000000000000000000000000001'), with_member('"max_tokens":5.0'), with_member('"max_tokens":1e1'), with_member('"":1'), with_member('"\\u0000":1'), with_member(`"x":${deep('[', ']', 200)}`), `{"mod\\u0065l":"auto",${messages}}`,
  with_member('"x":{"a":1,"a":2}'), with_member(`"x":{${Array.from({ length: 20_000 }, (_, i) => `"k${i}":${i}`).join(',')}}`), with_content(`"${'\\u0041'.repeat(20_000)}"`)];

describe('the body of a chat request', () => {
  let router;
  let emulator;
  const scope = suite_scope();
  before(async () => {
    emulator = await start_emulator(scope);
    router = await Router.start(scope, { emulator, chain: ['a'], boxes: ['a'] });
  });
  const ask = (body) => router.request('POST', '/v1/chat/completions', { body });
  const shown = (text) => JSON.stringify(text.toString('latin1')).slice(0, 70);

  broken.forEach((text, i) => {
    it(`${i}: ${shown(text)} is no JSON: 400 with the byte`, async () => {
      const [body, place] = text.includes('^') ? at(text, '^') : [text, undefined];
      const answer = await ask(body);
      assert.equal(answer.status, 400, answer.text);
      assert.equal(answer.json.error.type, 'invalid_request_error');
      if (answer.json.error.code === 'invalid_json') {
        const said = /at byte (\d+)/.exec(answer.json.error.message);
        assert.ok(said, answer.json.error.message);
        assert.ok(Number(said[1]) <= Buffer.byteLength(body));
        if (place !== undefined) assert.ok(Math.abs(Number(said[1]) - place) <= 1, `${answer.json.error.message}, and the fault is at ${place}`);
      } else {
        // The reader stops at the first fault: another type, or a message without its role, may stand before the hole.
        assert.ok(place === undefined && ['invalid_type', 'missing_required_parameter'].includes(answer.json.error.code), `${body.slice(0, 60)}: ${answer.text}`);
      }
    });
  });

  it('invalid UTF-8 is no JSON, wherever it stands', async () => {
    for (const bytes of [[0xff], [0xc3], [0xc0, 0x80], [0xe0, 0x80, 0x80], [0xed, 0xa0, 0x80], [0xf4, 0x90, 0x80, 0x80], [0xf8, 0x88, 0x80, 0x80, 0x80], [0x80], [0xe2, 0x82]]) {
      for (const [front, back] of [[`{${model},"messages":[{"role":"user","content":"x`, '"}]}'], [`{${model},"x`, `":1,${messages}}`], [`{"model":"a`, `",${messages}}`], [`{${model},"x":{"y":["`, `"]},${messages}}`]]) {
        const answer = await ask(Buffer.concat([Buffer.from(front), Buffer.from(bytes), Buffer.from(back)]));
        assert.equal(answer.status, 400, `${bytes} after ${front}: ${answer.text}`);
        assert.equal(answer.json.error.code, 'invalid_json');
        assert.match(answer.json.error.message, /at byte \d+/);
      }
    }
  });

  wrong.forEach(([body, param], i) => {
    it(`${i}: ${shown(body.replace(`${model},${messages},`, ''))} is no request: 400 with the param`, async () => {
      const answer = await ask(body);
      assert.equal(answer.status, 400, answer.text);
      assert.equal(answer.json.error.type, 'invalid_request_error');
      if (param instanceof RegExp) assert.match(answer.json.error.param ?? '', param, answer.text);
      else assert.equal(answer.json.error.param, param, answer.text);
    });
  });

  it('a member that stands twice is refused', async () => {
    for (const body of ambiguous) {
      const answer = await ask(body);
      assert.equal(answer.status, 400, `${body}: ${answer.text}`);
    }
  });

  it('what is odd and good arrives as it was meant', async () => {
    for (const body of odd) {
      const answer = await ask(body);
      assert.equal(answer.status, 200, `${body.slice(0, 100)}: ${answer.text}`);
      const sent = JSON.parse(emulator.journal_entries().at(-1).body);
      const meant = JSON.parse(body);
      assert.deepEqual(sent.messages, meant.messages);
      assert.equal(sent.max_tokens, meant.max_tokens);
    }
  });

  it('half a surrogate pair, as agents cut texts, becomes U+FFFD', async () => {
    for (const [said, meant] of [['\\ud800', '\ufffd'], ['x\\ud83d', 'x\ufffd'], ['\\udc00x', '\ufffdx'], ['\\ud800\\ud83d\\ude00', '\ufffd\u{1f600}']]) {
      assert.equal((await ask(with_content(`"${said}"`))).status, 200);
      assert.equal(JSON.parse(emulator.journal_entries().at(-1).body).messages[0].content, meant);
    }
  });

  it('a number of ten thousand digits is refused, whatever it was for', async () => {
    for (const name of ['seed', 'x', 'max_tokens']) assert.equal((await ask(with_member(`"${name}":${'9'.repeat(10_000)}`))).status, 400);
  });

  it('no piece of a body stands in the answer or the log', async () => {
    const answer = await ask(`{${model},"messages":[{"role":"user","content":"a-private-word \u0001"}]}`);
    assert.equal(answer.status, 400);
    assert.ok(!answer.text.includes('private'));
    await ask(with_member('"temperature":"another-private-word"'));
    await ask('{"x": third-private-word}');
    assert.ok(!router.stderr.includes('private-word'));
  });

  it('a million keys, deep nesting and escapes take no longer than they should', async () => {
    for (const x of [`{${Array.from({ length: 1_000_000 }, (_, i) => `"k${i}":0`).join(',')}}`, `[${'[],'.repeat(1_000_000)}0]`, `"${'\\u00e9'.repeat(1_000_000)}"`]) {
      await takes_at_most(3000 * slack, async () => {
        const began = performance.now();
        const answer = await ask(with_member(`"x":${x}`));
        assert.equal(answer.status, 200, answer.text.slice(0, 200));
        return performance.now() - began;
      });
    }
  });

  it('a body of more than 25 MiB is 413', async () => {
    const answer = await ask(with_content(`"${'x'.repeat(26 * 1024 * 1024)}"`)).catch((error) => ({ status: 413, text: error.code }));
    assert.equal(answer.status, 413, answer.text);
  });

  it('a body of another type is 415', async () => {
    for (const type of ['text/plain', 'application/x-www-form-urlencoded', 'multipart/form-data; boundary=x', 'application/jsonx']) {
      const answer = await router.request('POST', '/v1/chat/completions', { body: good, headers: { 'content-type': type } });
      assert.equal(answer.status, 415, answer.text);
    }
    assert.equal((await router.request('POST', '/v1/chat/completions', { body: good, headers: { 'content-type': 'application/json; charset=utf-8' } })).status, 200);
  });

  it('the process lives, no provider complained and no client fault benched one', async () => {
    assert.equal(router.process.exitCode, null);
    assert.deepEqual(emulator.journal_entries().flatMap((e) => e.violations), []);
    assert.equal((await router.chat()).headers['x-fallback-attempts'], '0');
    assert.ok(!router.stderr.includes('internal_error'));
  });
});
