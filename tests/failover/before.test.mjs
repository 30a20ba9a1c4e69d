// What happens before the first token: second tries in place, circuits, content filters, what the client sees meanwhile.
import assert from 'node:assert/strict';
import http from 'node:http';
import { describe, it } from 'node:test';
import { Router, start_emulator, trail, unified_key, via } from '../e2e/router.mjs';

// For those whom only time ends: a busy machine may hold up anybody else for as long.
const timeouts = { first_byte: '1s', idle: '1s' };
const once = (provider, action, times = 1) => ({ match: { provider }, action, times });

async function two(t, { rules = [], chain = ['first', 'second'], providers = {}, rest } = {}) {
  const emulator = await start_emulator(t);
  emulator.script(rules);
  const boxes = ['first', 'second'];
  const router = await Router.start(t, { emulator, chain, boxes, rest, providers });
  const asked = (provider) => emulator.journal_entries({ provider }).length;
  return { emulator, router, asked };
}

describe('a second try in place', { concurrency: true }, () => {
  for (const status of [500, 502]) for (const stream of [false, true]) it(`is given to a single ${status} (${stream ? 'stream' : 'whole'})`, async (t) => {
    const { router, asked } = await two(t, { rules: [once('first', { server_error: status })] });
    const answer = await (stream ? router.stream({}) : router.chat({}));
    assert.equal(via(answer), 'first/any-model', answer.text);
    assert.equal(answer.headers['x-fallback-attempts'], '1');
    assert.equal(trail(answer), 'first/any-model keyless=server_error');
    assert.equal(asked('second'), 0);
  });

  it('is not given twice', async (t) => {
    const { router, asked } = await two(t, { rules: [once('first', { server_error: 500 }, 2)] });
    assert.equal(via(await router.chat({})), 'second/any-model');
    assert.equal(asked('first'), 2);
  });

  it('is not given to a 503, nor where the provider says that it is of no use', async (t) => {
    const { router, asked } = await two(t, { rules: [once('first', { server_error: 500, headers: { 'x-should-retry': 'false' } })] });
    assert.equal(via(await router.chat({})), 'second/any-model');
    assert.equal(asked('first'), 1);
    const other = await two(t, { rules: [once('first', { server_error: 503 })] });
    assert.equal(via(await other.router.chat({})), 'second/any-model');
    assert.equal(other.asked('first'), 1);
  });

  it('reserves quota like any attempt: a window that is spent refuses it', async (t) => {
    const rules = [once('first', { server_error: 500 })];
    const of_two = (limit) => ({ first: { billing: { failed: 'requests' }, quota: [{ limit, of: 'requests', per: 'day', scope: 'account' }] } });
    const spent = await two(t, { rules, providers: of_two(1) });
    assert.equal(via(await spent.router.chat({})), 'second/any-model');
    assert.equal(spent.asked('first'), 1);
    const enough = await two(t, { rules, providers: of_two(2) });
    assert.equal(via(await enough.router.chat({})), 'first/any-model');
    assert.equal(enough.asked('first'), 2);
  });

  it('is given to a limit that opens within the wait of the policy', async (t) => {
    const { router, asked } = await two(t, { chain: [{ model: 'first/any-model', wait: '5s' }, 'second'], rules: [once('first', { rate_limit: { retry_after: '1', in: 'header' } })] });
    const answer = await router.chat({});
    assert.equal(via(answer), 'first/any-model', answer.text);
    assert.equal(trail(answer), 'first/any-model keyless=rate_limited');
    assert.equal(asked('second'), 0);
  });

  it('is not given to a limit where another key of the same model can be asked at once', async (t) => {
    const emulator = await start_emulator(t);
    emulator.script([once('first', { rate_limit: { retry_after: '1', in: 'header' } })]);
    const router = await Router.start(t, { emulator, chain: [{ model: 'first/any-model', wait: '5s' }, 'second'], boxes: ['first', 'second'], env: { FIRST_API_KEY: 'key-a,key-b' } });
    const answer = await router.chat({});
    assert.equal(via(answer), 'first/any-model', answer.text);
    const keys = emulator.journal_entries({ provider: 'first' }).map((entry) => entry.key);
    assert.equal(new Set(keys).size, 2, keys.join(' '));
  });

  it('is not given to a limit that opens later than that, or where the policy does not wait', async (t) => {
    const rules = [once('first', { rate_limit: { retry_after: '6', in: 'header' } })];
    const patient = await two(t, { chain: [{ model: 'first/any-model', wait: '5s' }, 'second'], rules });
    assert.equal(via(await patient.router.chat({})), 'second/any-model');
    const plain = await two(t, { rules: [once('first', { rate_limit: { retry_after: '1', in: 'header' } })] });
    assert.equal(via(await plain.router.chat({})), 'second/any-model');
  });

  it('is given to a kept connection that was closed as it was taken, and reserves again', async (t) => {
    const { router, emulator, asked } = await two(t, { rules: [{ match: { provider: 'first', nth: 2 }, action: 'reset_before_headers' }], providers: { first: { billing: { failed: 'requests' }, quota: [{ limit: 3, of: 'requests', per: 'day', scope: 'account' }] } } });
    assert.equal(via(await router.chat({})), 'first/any-model');
    const answer = await router.chat({});
    assert.equal(via(answer), 'first/any-model', answer.text);
    assert.equal(trail(answer), 'first/any-model keyless=reset');
    const connections = emulator.journal_entries({ provider: 'first' }).map((entry) => entry.connection);
    assert.equal(connections[0], connections[1], 'the second request went over the kept connection');
    assert.notEqual(connections[1], connections[2]);
    // The provider may have counted all three.
    assert.equal(via(await router.chat({})), 'second/any-model');
    assert.equal(asked('first'), 3);
  });

  it('is not given to a new connection that was closed without an answer', async (t) => {
    const { router, asked } = await two(t, { rules: [once('first', 'reset_before_headers')] });
    assert.equal(via(await router.chat({})), 'second/any-model');
    assert.equal(asked('first'), 1);
  });
});

describe('a circuit', { concurrency: true }, () => {
  for (const [name, action, outcome, most] of [['errors', { server_error: 500 }, 'server_error', 4], ['silence', 'silence', 'timeout', 2], ['closed connections', 'refuse', 'server_error', 5]]) {
    it(`makes a primary that is dead by ${name} cost nothing after its first failures, and uses it again soon after it has recovered`, async (t) => {
      const { router, emulator, asked } = await two(t, { rules: [{ match: { provider: 'first' }, action }], providers: action === 'silence' ? { first: { timeouts } } : {} });
      let failures = 0;
      let lost;
      do {
        const answer = await router.chat({});
        assert.equal(via(answer), 'second/any-model', answer.text);
        lost = Number(answer.headers['x-fallback-attempts']);
        failures += lost;
        if (lost > 0) assert.match(trail(answer), new RegExp(`=${outcome}$`));
        assert.ok(failures <= most, `${failures} attempts were lost`);
      } while (lost > 0);
      assert.equal(asked('first'), failures);
      const before = Date.now();
      emulator.script([]);
      await router.until(async () => via(await router.chat({})) === 'first/any-model', 'the primary', 10_000);
      assert.ok(Date.now() - before < 8_000, `it was back after ${Date.now() - before} ms`);
      for (let i = 0; i < 5; ++i) assert.equal(via(await router.chat({})), 'first/any-model');
    });
  }

  it('lets one request find out while the others pass by', async (t) => {
    const { router, emulator } = await two(t, { rules: [{ match: { provider: 'first' }, action: { server_error: 503 } }] });
    assert.equal(via(await router.chat({})), 'second/any-model');
    emulator.script([{ match: { provider: 'first' }, action: { server_error: 503, delay: 400 } }]);
    emulator.clear_journal();
    await router.until(async () => {
      const answers = await Promise.all(Array.from({ length: 8 }, () => router.chat({})));
      for (const answer of answers) assert.equal(via(answer), 'second/any-model', answer.text);
      return emulator.journal_entries({ provider: 'first' }).length > 0;
    }, 'the bench to end', 10_000);
    assert.equal(emulator.journal_entries({ provider: 'first' }).length, 1, 'of eight at once one was the probe');
  });

  it('is no veto: who has nobody else asks all the same', async (t) => {
    const { router, emulator } = await two(t, { rules: [{ match: { provider: 'first' }, action: { server_error: 503 } }] });
    const ask = () => router.chat({ model: 'first/any-model' });
    assert.notEqual((await ask()).status, 200);
    emulator.script([{ match: { provider: 'first' }, action: { normal: true, delay: 400 } }]);
    await router.until(async () => (await router.get('/v1/quota')).json.cooldowns.length === 0, 'the bench to end', 10_000);
    const answers = await Promise.all([ask(), ask(), ask()]);
    assert.deepEqual(answers.map((answer) => answer.status), [200, 200, 200]);
  });
});

it('a step that is waited for and does not work is no quota that is spent', async (t) => {
  const { router, asked } = await two(t, { chain: [{ model: 'first/any-model', wait: '1s' }], rules: [{ match: { provider: 'first' }, action: { server_error: 503 } }] });
  await router.chat({});
  const answer = await router.chat({});
  assert.equal(asked('first'), 1, 'it rests');
  assert.equal(answer.status, 502, answer.text);
  assert.equal(answer.json.error.code, 'upstream_failed');
  assert.match(answer.json.error.message, /^No candidate can answer now: 1 of 1 overloaded, first back in \d+ s\.$/);
  assert.ok(Number(answer.headers['retry-after']) >= 1, answer.headers['retry-after']);
});

describe('a content filter', { concurrency: true }, () => {
  const filtered = { finish: { reason: 'content_filter' }, text: { text: '' } };
  const next = { routing: { on_content_filter: 'next' } };

  for (const stream of [false, true]) {
    const kind = stream ? 'stream' : 'whole';
    const ask = (router) => (stream ? router.stream({}) : router.chat({}));
    it(`that refuses the request is the client's to know (${kind})`, async (t) => {
      const { router, asked } = await two(t, { rules: [once('first', 'content_filter')] });
      const answer = await ask(router);
      assert.equal(answer.status, 400, answer.text);
      assert.equal(answer.json.error.code, 'content_filter');
      assert.equal(asked('second'), 0);
    });

    it(`that stops the answer is its finish reason (${kind})`, async (t) => {
      const { router, asked } = await two(t, { rules: [once('first', filtered)] });
      const answer = await ask(router);
      assert.equal(answer.status, 200, answer.text);
      assert.equal(via(answer), 'first/any-model');
      if (stream) {
        assert.deepEqual(answer.finishes, ['content_filter']);
        assert.equal(answer.done, 1);
      } else {
        assert.equal(answer.json.choices[0].finish_reason, 'content_filter');
      }
      assert.equal(asked('second'), 0);
    });

    for (const [how, action] of [['refuses the request', 'content_filter'], ['stops the answer', filtered]]) it(`that ${how} leads to the next model where the policy says so (${kind})`, async (t) => {
      const { router } = await two(t, { rest: next, rules: [once('first', action)] });
      const answer = await ask(router);
      assert.equal(via(answer), 'second/any-model', answer.text);
      assert.equal(trail(answer), 'first/any-model keyless=content_filtered');
    });
  }

  it('that refuses after another provider failed still has the word', async (t) => {
    const { router } = await two(t, { rules: [once('first', { server_error: 503 }), once('second', 'content_filter')] });
    const answer = await router.chat({});
    assert.equal(answer.status, 400, answer.text);
    assert.equal(answer.json.error.code, 'content_filter');
  });

  it('that refuses everywhere is told as such', async (t) => {
    const { router } = await two(t, { rest: next, rules: [{ action: 'content_filter' }] });
    const answer = await router.chat({});
    assert.equal(answer.status, 400, answer.text);
    assert.equal(answer.json.error.code, 'content_filter');
  });
});

describe('a request that is too long', { concurrency: true }, () => {
  const sizes = (first, second) => ({ first: { models: { 'any-model': { context: first } } }, second: { models: { 'any-model': { context: second } } } });

  it('goes to the larger window when the smaller one says so', async (t) => {
    const { router } = await two(t, { providers: sizes(8_192, 131_072), rules: [once('first', { context_too_long: { limit: 8192, requested: 9000 } })] });
    const answer = await router.stream({});
    assert.equal(via(answer), 'second/any-model', answer.text);
    assert.equal(trail(answer), 'first/any-model keyless=context_too_long');
  });

  it('is refused with its size and the largest window when there is no larger one', async (t) => {
    const { router, asked } = await two(t, { providers: sizes(8_192, 4_096), rules: [once('first', { context_too_long: { limit: 8192, requested: 9000 } })] });
    const answer = await router.chat({});
    assert.equal(answer.status, 413, answer.text);
    assert.equal(answer.json.error.code, 'context_length_exceeded');
    assert.match(answer.json.error.message, /about \d+ tokens; the largest window among the candidates is 8192\./);
    assert.equal(asked('second'), 0, 'a smaller window is not asked');
  });

  it('is refused without asking anybody when no window is large enough', async (t) => {
    const { router, emulator } = await two(t, { providers: sizes(1_024, 2_048) });
    const answer = await router.chat({ messages: [{ role: 'user', content: 'many words '.repeat(4_000) }] });
    assert.equal(answer.status, 413, answer.text);
    assert.match(answer.json.error.message, /about \d{4,} tokens; the largest window among the candidates is 2048\./);
    assert.equal(emulator.journal_entries({}).length, 0);
  });
});

describe('a silent provider', { concurrency: true }, () => {
  // Quick answers, enough of them that the model's usual time is known; the policy would wait for a minute, and
  // of a model of which nothing is known for fifteen seconds.
  async function usually_quick(t, then, options = {}) {
    const patient = { timeouts: { connect: '2s', first_byte: '60s', idle: '60s', total: '90s' } };
    const made = await two(t, { providers: { first: patient, second: patient }, ...options });
    for (let i = 0; i < 16; ++i) assert.equal(via(await made.router.stream({ model: 'auto' })), 'first/any-model');
    made.emulator.script(then);
    return made;
  }
  const timed = async (ask) => {
    const begun = Date.now();
    const answer = await ask;
    return { ...answer, ms: Date.now() - begun };
  };

  for (const [name, action] of [['says nothing', 'silence'], ['sends a head and nothing else', { stall: { after_chunks: 0 } }], ['only pings', { comment_flood: { count: 1_000, ms: 100 } }]]) {
    it(`whose model is usually quick costs seconds when it ${name}`, async (t) => {
      const { router } = await usually_quick(t, [{ match: { provider: 'first' }, action }]);
      const answer = await timed(router.stream({}));
      assert.equal(via(answer), 'second/any-model', answer.text);
      assert.equal(trail(answer), 'first/any-model keyless=timeout');
      assert.ok(answer.ms >= 1_900 && answer.ms < 14_000, `${answer.ms} ms`);
    });
  }

  it('of whose model nothing is known has a third of what is left of the budget', async (t) => {
    const patient = { timeouts: { connect: '2s', first_byte: '60s', idle: '60s', total: '90s' } };
    const { router, emulator } = await two(t, { providers: { first: patient }, rest: { routing: { budget: '12s' } }, rules: [once('first', { slow_first_token: { ms: 3_000 } })] });
    assert.equal(via(await router.stream({})), 'first/any-model');
    emulator.script([{ match: { provider: 'first' }, action: 'silence' }]);
    const answer = await timed(router.stream({}));
    assert.equal(via(answer), 'second/any-model', answer.text);
    assert.ok(answer.ms >= 3_900 && answer.ms < 8_000, `${answer.ms} ms`);
  });

  it('has all of the policy\'s time when nobody else is left', async (t) => {
    const { router } = await usually_quick(t, [once('first', { slow_first_token: { ms: 4_000 } })]);
    const answer = await timed(router.stream({ model: 'first/any-model' }));
    assert.equal(via(answer), 'first/any-model', answer.text);
    assert.equal(answer.headers['x-fallback-attempts'], '0');
    assert.ok(answer.ms >= 3_900, `${answer.ms} ms`);
  });

  it('that was given up is asked again when the others have failed', async (t) => {
    const { router, emulator, asked } = await usually_quick(t, [{ match: { provider: 'first' }, action: { slow_first_token: { gate: 'nobody else' } } }, { match: { provider: 'second' }, action: { server_error: 503 } }]);
    const asking = router.stream({});
    await router.until(() => asked('second') > 0, 'the second one to be asked');
    emulator.open_gate('nobody else');
    const answer = await asking;
    assert.equal(via(answer), 'first/any-model', answer.text);
    assert.equal(trail(answer), 'first/any-model keyless=timeout; second/any-model keyless=overloaded');
  });

  it('of an answer that is not streamed is not cut short', async (t) => {
    const { router } = await usually_quick(t, [once('first', { slow_first_token: { ms: 4_000 } })]);
    assert.equal(via(await router.chat({})), 'first/any-model');
  });
});

describe('while a client waits', { concurrency: true }, () => {
  // The pieces of a streamed answer, with the time at which each came.
  function watch(router, { heard = () => {} } = {}) {
    return new Promise((resolve, reject) => {
      const begun = Date.now();
      const request = http.request(`${router.url}/v1/chat/completions`, { method: 'POST', headers: { authorization: `Bearer ${unified_key}`, 'content-type': 'application/json' } }, (response) => {
        const seen = { head: Date.now() - begun, pieces: [] };
        response.setEncoding('utf8').on('data', (text) => {
          seen.pieces.push({ at: Date.now() - begun, text });
          heard(text);
        });
        response.on('error', reject).on('end', () => resolve(seen));
      });
      request.on('error', reject).end(JSON.stringify({ model: 'auto', stream: true, messages: [{ role: 'user', content: '!count 5' }] }));
    });
  }

  it('no header is sent before the first token, whatever the provider sends', async (t) => {
    const { router } = await two(t, { rules: [once('first', { slow_first_token: { ms: 700, headers_first: true }, comment_flood: { count: 10 } })] });
    const seen = await watch(router);
    assert.ok(seen.head >= 690, `the head came after ${seen.head} ms`);
    assert.match(seen.pieces[0].text, /^data: /);
  });

  it('a stream that is silent after its first token is kept alive by pings', async (t) => {
    const { router, emulator } = await two(t, { rules: [once('first', { stall: { after_chunks: 2, gate: 'pinged' } })] });
    const seen = await watch(router, { heard: (text) => { if (text.includes(': ping')) emulator.open_gate('pinged'); } });
    const ping = seen.pieces.find(({ text }) => text.includes(': ping'));
    assert.ok(ping, 'no ping came');
    assert.ok(ping.at >= 9_500, `it came after ${ping.at} ms`);
    assert.match(seen.pieces.map(({ text }) => text).join(''), /data: \[DONE\]\n\n$/);
  });
});
