// Each scripted fault does on the wire what its name says.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { chat, gemini, last_entry, openai_like, parsed, post, raw, raw_chat, started, streamed_text, turn } from '../harness.mjs';

const rule = (action, more = {}) => [{ action, ...more }];
const stream = raw_chat({ stream: true });
const content_frames = (text) => (text.match(/"content":"[^"]+"/g) ?? []).length;

test('a rate limit speaks the language of its provider', async (t) => {
  const e = await started(t);
  e.script(rule({ rate_limit: { retry_after: '2m59.56s', window: 'day', axis: 'tokens' } }));
  const groq = await chat(e, 'groq');
  assert.equal(groq.status, 429);
  assert.equal(groq.headers.get('retry-after'), '2m59.56s');
  assert.match(groq.json.error.message, /tokens per day \(TPD\).*Please try again in 2m59\.56s/);
  const cerebras = await chat(e, 'cerebras');
  assert.equal(cerebras.json.message, 'Tokens per day limit exceeded - too many tokens processed.');
  assert.equal(cerebras.headers.get('x-ratelimit-reset-tokens-day'), '179.56');
  assert.equal(cerebras.headers.get('x-should-retry'), 'false');
  assert.equal((await chat(e, 'mistral')).json.code, '1300');
  assert.match((await chat(e, 'cohere')).json.message, /trial token rate limit exceeded/);
  assert.equal((await chat(e, 'sambanova')).json.error.message, 'Rate limit exceeded: tokens per day');
  assert.match((await chat(e, 'pollinations')).json.error.message, /too quickly/);
  assert.equal((await chat(e, 'llm7')).json.error.retry_after, 180);
  assert.match((await chat(e, 'huggingface')).json.error, /^Rate limit reached/);
  assert.deepEqual((await chat(e, 'nvidia')).json, { status: 429, title: 'Too Many Requests' });
  assert.match((await chat(e, 'ollama')).json.error, /^you \(someuser\) have reached your session usage limit/);
  assert.match((await chat(e, 'cloudflare')).json.errors[0].message, /daily free allocation of 10,000 neurons/);
  const routed = await chat(e, 'openrouter');
  assert.match(routed.json.error.message, /^Rate limit exceeded: free-models-per-day/);
  assert.match(routed.headers.get('x-ratelimit-reset'), /^\d{13}$/);
  assert.equal(routed.json.error.metadata.headers['X-RateLimit-Reset'], routed.headers.get('x-ratelimit-reset'));
  assert.deepEqual((await chat(e, 'kilo')).json, { error: 'Rate limit exceeded', message: 'Free model usage limit reached. Please try again later or upgrade to a paid model.' });
  const google = (await gemini(e, {})).json.error;
  assert.equal(google.status, 'RESOURCE_EXHAUSTED');
  assert.match(google.details[1].violations[0].quotaId, /PerDay/);
  assert.equal(google.details[2].retryDelay, '179.56s');
});

test('the hint of a rate limit can stand in every form and place', async (t) => {
  const e = await started(t);
  const header = async (params) => {
    e.script(rule({ rate_limit: params }));
    return chat(e, 'custom');
  };
  assert.equal((await header({ retry_after: '7' })).headers.get('retry-after'), '7');
  assert.equal((await header({ retry_after: '1.5' })).headers.get('retry-after'), '1.5');
  const date = Date.parse((await header({ retry_after: 'http-date', seconds: 90 })).headers.get('retry-after'));
  assert.ok(Math.abs(date - Date.now() - 90000) < 3000);
  const ms = await header({ retry_after: '450ms', in: ['header_ms'] });
  assert.deepEqual([ms.headers.get('retry-after'), ms.headers.get('retry-after-ms')], [null, '450']);
  assert.match((await header({ retry_after: '20', in: 'prose' })).json.error.message, /try again in 20s/);
  assert.equal((await header({ retry_after: '20', in: 'body' })).json.error.retry_after, 20);
  e.script(rule({ retry_after_absurd: { value: '-1' } }));
  assert.equal((await chat(e, 'groq')).headers.get('retry-after'), '-1');
});

test('each named error has its status at each provider', async (t) => {
  const e = await started(t);
  const statuses = { auth: [400, 401, 403], payment: [402, 429], forbidden: [403], not_found: [400, 404], gone: [400, 404, 410], too_large: [413], context_too_long: [400, 413], bad_request: [400] };
  for (const [name, allowed] of Object.entries(statuses)) {
    e.script(rule({ [name]: true }));
    for (const provider of openai_like) assert.ok(allowed.includes((await chat(e, provider)).status), `${provider} ${name}`);
    assert.ok(allowed.includes((await gemini(e, {})).status), `google ${name}`);
  }
  for (const status of [500, 502, 503, 529]) {
    e.script(rule({ server_error: status }));
    for (const provider of openai_like) assert.equal((await chat(e, provider)).status, status, provider);
  }
  e.script(rule({ server_error: 'html' }));
  const html = await chat(e, 'groq');
  assert.equal(html.status, 502);
  assert.match(html.headers.get('content-type'), /text\/html/);
  e.script(rule({ content_filter: true }));
  assert.equal((await gemini(e, {})).json.promptFeedback.blockReason, 'PROHIBITED_CONTENT');
  e.script(rule({ status: 418, body: { tea: true }, headers: { 'x-pot': '1' } }));
  const tea = await chat(e, 'groq');
  assert.deepEqual([tea.status, tea.json, tea.headers.get('x-pot')], [418, { tea: true }, '1']);
});

test('pollinations hides what its upstream refused, and tells an empty account in an answer', async (t) => {
  const e = await started(t);
  e.script(rule({ bad_request: { upstream: 429, message: 'slow down' } }));
  const hidden = await chat(e, 'pollinations');
  assert.deepEqual([hidden.status, hidden.json.error.details.upstreamStatus], [502, 429]);
  e.script(rule({ payment: { upstream: true } }));
  assert.equal((await chat(e, 'pollinations')).json.error.details.name, 'UpstreamError');
  e.script(rule({ payment: { notice: true } }));
  const whole = await chat(e, 'pollinations');
  assert.deepEqual([whole.status, whole.json.usage.completion_tokens], [200, 0]);
  assert.match(whole.json.choices[0].message.content, /^The account behind this API key/);
  const streamed = await chat(e, 'pollinations', { stream: true });
  assert.equal(streamed_text(streamed.text), whole.json.choices[0].message.content);
  e.script(rule({ rate_limit: { axis: 'concurrency' } }));
  assert.deepEqual(await chat(e, 'pollinations').then((r) => [r.status, r.headers.get('retry-after'), r.json.error]), [429, '1', 'concurrency_limit_exceeded']);
  e.script([]);
  const probe = async (headers) => (await fetch(`${e.addresses.http}/pollinations/account/key`, { headers })).status;
  assert.deepEqual([await probe({ authorization: 'Bearer pk_abcdefgh' }), await probe({ authorization: 'Bearer x' }), await probe({})], [200, 401, 401]);
});

test('zhipu says its limits by numbers, and the time of a plan in China\'s', async (t) => {
  const e = await started(t);
  const limited = async (params) => {
    e.script(rule({ rate_limit: params }));
    const r = await chat(e, 'zhipu', {}, { 'accept-language': 'en' });
    assert.deepEqual([r.status, r.headers.get('retry-after')], [429, null]);
    return r.json.error;
  };
  assert.equal((await limited({ axis: 'concurrency' })).code, '1302');
  assert.equal((await limited({})).code, '1303');
  assert.equal((await limited({ window: 'day' })).code, '1304');
  assert.equal((await limited({ overloaded: true })).code, '1305');
  const plan = await limited({ code: '1308', retry_after: '7200' });
  const time = /reset at (.*)$/.exec(plan.message)[1];
  assert.ok(Math.abs(Date.parse(`${time.replace(' ', 'T')}+08:00`) - Date.now() - 7200_000) < 5000, plan.message);
});

test('github says which counter is full, and that it has ended', async (t) => {
  const e = await started(t);
  const limited = async (params) => {
    e.script(rule({ rate_limit: params }));
    const r = await chat(e, 'github');
    return [r.status, r.headers.get('x-ratelimit-type'), r.headers.get('retry-after'), r.headers.get('x-ratelimit-timeremaining'), r.json?.error.message ?? r.text];
  };
  assert.deepEqual(await limited({ window: 'day', retry_after: '52220' }), [429, 'UserByModelByDay', '52220', '52220', 'Rate limit of 50 per 86400s exceeded for UserByModelByDay. Please wait 52220 seconds before retrying.']);
  assert.deepEqual((await limited({})).slice(1, 3), ['UserByModelByMinute', '7']);
  assert.deepEqual((await limited({ axis: 'concurrency' })).slice(1, 3), ['UserConcurrentRequests', null]);
  assert.match((await limited({ guard: true }))[4], /scraping GitHub/);
  e.script(rule({ gone: true }));
  const gone = await chat(e, 'github');
  assert.deepEqual([gone.status, gone.json.error.code], [410, 'github_models_retirement_brownout']);
});

test('rules are matched, counted and limited', async (t) => {
  const e = await started(t);
  e.script([{ match: { provider: 'a', nth: 2 }, action: { server_error: 500 } }, { match: { model: 'special' }, action: { server_error: 503 } },
    { match: { stream: true }, action: { payment: true } }, { match: { contains: 'needle' }, times: 1, action: { forbidden: true } }]);
  const ask = async (box, more) => (await raw(e, raw_chat(more, { path: `/box/${box}/v1/chat/completions`, headers: 'Connection: close\r\n' }))).text.slice(9, 12);
  assert.deepEqual([await ask('a'), await ask('a'), await ask('a')], ['200', '500', '200']);
  assert.equal(await ask('b', { model: 'special' }), '503');
  assert.equal(await ask('b', { stream: true }), '402');
  assert.deepEqual([await ask('b', { user: 'needle' }), await ask('b', { user: 'needle' })], ['403', '200']);
  assert.throws(() => e.script([{ action: { rate_limits: {} } }]), /unknown action/);
  assert.throws(() => e.script([{ match: { providr: 'x' }, action: 'silence' }]), /unknown matcher/);
});

test('transport faults: refuse, reset before headers, silence, garbage, wrong length', async (t) => {
  const e = await started(t);
  e.script(rule('refuse'));
  assert.deepEqual(await raw(e, stream).then((r) => [r.size, r.ended]), [0, 'end']);
  e.script(rule('reset_before_headers'));
  assert.deepEqual(await raw(e, stream).then((r) => [r.size, r.ended]), [0, 'reset']);
  assert.equal((await last_entry(e)).ended, 'reset_before_headers');
  e.script(rule({ silence: { ms: 30 } }));
  assert.deepEqual(await raw(e, stream).then((r) => [r.size, r.ended]), [0, 'end']);
  e.script(rule('http_09'));
  assert.match((await raw(e, stream)).text, /^<html>/);
  e.script(rule('wrong_length'));
  const short = await raw(e, raw_chat({}));
  const said = Number(/content-length: (\d+)/.exec(short.text)[1]);
  assert.equal(said - 100, short.text.split('\r\n\r\n')[1].length);
  e.script([{ times: 1, action: { refuse: { at: 'accept' } } }]);
  assert.equal((await raw(e, stream)).ended, 'reset');
  assert.match((await raw(e, stream, (x) => x.includes('[DONE]'))).text, /^HTTP\/1\.1 200/);
});

test('a stream is cut after so many chunks, by reset or by close, or legally', async (t) => {
  const e = await started(t);
  e.script(rule({ cut: { after_chunks: 2 } }));
  const reset = await raw(e, stream);
  assert.deepEqual([reset.ended, content_frames(reset.text)], ['reset', 2]);
  e.script(rule({ cut: { after_chunks: 2, how: 'fin' } }));
  const closed = await raw(e, stream);
  assert.deepEqual([closed.ended, content_frames(closed.text), closed.text.endsWith('0\r\n\r\n')], ['end', 2, false]);
  e.script(rule({ cut_legal: { after_chunks: 2 } }));
  const legal = await raw(e, stream, (x) => x.endsWith('0\r\n\r\n'));
  assert.equal(content_frames(legal.text), 2);
  assert.ok(!legal.text.includes('[DONE]') && !/finish_reason":"/.test(legal.text));
  e.script(rule({ cut: { after_chunks: 0 } }));
  const early = await raw(e, stream);
  assert.match(early.text, /^HTTP\/1\.1 200/);
  assert.equal(content_frames(early.text), 0);
  e.script(rule({ cut_legal: { after_chunks: 999 } }));
  const late = await raw(e, stream, (x) => x.endsWith('0\r\n\r\n'));
  assert.ok(content_frames(late.text) === 5 && !/finish_reason":"/.test(late.text));
  e.script(rule({ cut: {} }));
  assert.equal((await raw(e, raw_chat({}))).ended, 'reset');
});

test('damage inside a stream', async (t) => {
  const e = await started(t);
  const bent = async (action, provider = 'custom') => {
    e.script(rule(action));
    return (await chat(e, provider, { stream: true, messages: [{ role: 'user', content: '!say one two three' }] })).text;
  };
  assert.match(await bent({ malformed_chunk: { after_chunks: 1 } }), /"content":"x"\n\n/);
  assert.ok(!(await bent('missing_done')).includes('[DONE]'));
  assert.equal(parsed(await bent('two_finish_reasons')).filter((f) => f.choices[0]?.finish_reason).length, 2);
  assert.match(await bent('data_after_done'), /\[DONE\]\n\ndata: \{.*"one"/s);
  assert.ok((await bent('crlf')).includes('[DONE]\r\n\r\n'));
  assert.match(await bent('no_space'), /^data:\{/);
  assert.match(await bent({ comment_flood: { count: 250 } }), /^(: keep-alive\n\n){250}data:/);
  assert.match(await bent({ error_in_stream: { after_chunks: 1 } }, 'groq'), /event: error\ndata: \{"error"/);
  assert.match(await bent({ error_in_stream: { after_chunks: 1 } }, 'huggingface'), /\ndata: \{"error":"Model/);
  assert.match(await bent({ error_in_stream: { after_chunks: 1, form: 'event' } }, 'huggingface'), /event: error\ndata: \{"error":"Model/);
  assert.match(await bent({ error_in_stream: { after_chunks: 1 } }, 'cerebras'), /"status_code":503/);
  assert.equal(streamed_text(await bent('byte_by_byte')), 'one two three');
  assert.match(await bent({ usage_absurd: { value: 'huge' }, finish: 'length' }, 'cerebras'), /"prompt_tokens":1e\+308.*/);
  assert.match(await bent({ usage_absurd: { value: 'string' } }, 'mistral'), /"prompt_tokens":"many"/);
  assert.equal(streamed_text(await bent({ text: { text: 'abcdef', chunks: 3 } })), 'abcdef');
  e.script(rule({ error_in_stream: { after_chunks: 1 } }));
  assert.match((await gemini(e, {}, { stream: true })).text, /\r\n\r\n\{\n {2}"error": \{\n {4}"code": 503/);
  e.script(rule('bad_chunk_header'));
  assert.match((await raw(e, stream)).text, /\r\nzz\r\n/);
});

test('answers that are not what was asked for', async (t) => {
  const e = await started(t);
  const got = async (action, body = {}) => {
    e.script(rule(action));
    return chat(e, 'custom', body);
  };
  assert.match((await got('error_in_200')).text, /^\{"error"/);
  assert.match((await got('html_200')).headers.get('content-type'), /html/);
  const whole = await got('json_on_stream', { stream: true });
  assert.deepEqual([whole.headers.get('content-type'), whole.json.object], ['application/json', 'chat.completion']);
  assert.equal((await got('empty_completion')).json.choices[0].message.content, '');
  const moved = await got('redirect');
  assert.deepEqual([moved.status, moved.headers.get('location')], [307, `${e.addresses.http}/box/redirected/v1/chat/completions`]);
  assert.equal((await got({ oversize_body: { bytes: 300000 } })).json.choices[0].message.content.length, 300000);
  assert.equal((await got({ tool_call: { name: 'f', arguments: '{broken' } })).json.choices[0].message.tool_calls[0].function.arguments, '{broken');
  assert.equal((await got({ tool_call: { name: 'f', arguments: '{}', as_text_dialect: 'function_tag' } })).json.choices[0].message.content, '<function=f{}</function>');
  assert.equal((await got({ reasoning: 'hm', finish: 'content_filter' })).json.choices[0].message.reasoning_content, 'hm');
  e.script(rule({ gzip_bomb: { bytes: 16 * 1024 * 1024 } }));
  const bomb = await fetch(`${e.addresses.http}/box/a/v1/chat/completions`, { method: 'POST', headers: { 'content-type': 'application/json' }, body: '{"model":"m","messages":[{"role":"user","content":"x"}]}' });
  assert.equal((await bomb.arrayBuffer()).byteLength, 16 * 1024 * 1024);
});

test('floods go on until the client leaves, and the journal says that it left', async (t) => {
  const e = await started(t);
  for (const action of ['endless_stream', 'endless_line', { oversize_body: {} }, 'gzip_bomb']) {
    e.script(rule(action));
    const r = await raw(e, stream, (x, size) => size > 300000);
    assert.equal(r.ended, 'stopped');
    const entry = await last_entry(e);
    assert.equal(entry.ended, 'client_closed', JSON.stringify(action));
    // The client counted chunk framing too.
    assert.ok(entry.bytes_sent > 250000);
  }
  e.script(rule({ header_bomb: { count: 50 } }));
  assert.match((await raw(e, stream)).text, /x-bomb-49: b{1000}\r\n/);
  e.script(rule({ informational_flood: { count: 300 } }));
  const r = await raw(e, stream, (x) => x.includes('[DONE]'));
  assert.equal(r.text.match(/HTTP\/1\.1 103 Early Hints/g).length, 300);
  assert.match(r.text, /HTTP\/1\.1 200 OK/);
});

test('slow answers take their time and stop when the client leaves', async (t) => {
  const e = await started(t);
  e.script(rule({ slow: { ms: 20 } }));
  await raw(e, stream, (x) => x.includes('[DONE]'));
  assert.ok((await last_entry(e)).duration_ms >= 90);
  e.script(rule({ slow_first_token: { ms: 400 } }));
  await chat(e, 'custom');
  assert.ok((await last_entry(e)).first_byte_ms >= 390);
  await chat(e, 'nvidia', { stream: true });
  const nvidia = await last_entry(e);
  assert.ok(nvidia.duration_ms - nvidia.first_byte_ms >= 390, 'the head came at once');
  e.script(rule({ stall: { after_chunks: 1 } }));
  await raw(e, stream, (x) => x.includes('"one"'));
  const left = await last_entry(e);
  assert.deepEqual([left.ended, left.chunks_sent], ['client_closed', 1]);
  e.script(rule({ stall: { after_chunks: 1, ms: 30 } }));
  assert.equal(content_frames((await raw(e, stream, (x) => x.includes('[DONE]'))).text), 5);
});

test('a gate holds an answer until it is opened, and stays open until the reset', async (t) => {
  const e = await started(t);
  const opens = (action, after) => {
    e.script(rule(action));
    return raw(e, stream, (x) => {
      if (x.includes(after)) e.open_gate('go');
      return x.includes('[DONE]');
    });
  };
  const held = await opens({ stall: { after_chunks: 2, gate: 'go' } }, '" two"');
  assert.equal(content_frames(held.text), 5);
  assert.equal(content_frames((await opens({ stall: { after_chunks: 2, gate: 'go' } }, 'nothing')).text), 5, 'it is open');
  e.reset();
  const broken = await opens({ malformed_chunk: { after_chunks: 2, gate: 'go' } }, '" two"');
  assert.match(broken.text, /" two"[^]*"broken"/);
  e.reset();
  e.script(rule({ slow_first_token: { gate: 'go' } }));
  const slow = chat(e, 'custom');
  while (e.journal_entries().length === 0) await turn();
  assert.equal((await post(e, '/_emulator/gates', { open: 'go' })).status, 200);
  assert.equal((await slow).status, 200);
});
