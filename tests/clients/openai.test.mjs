// The official OpenAI SDK.
import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import OpenAI from 'openai';
import { takes_at_most } from '../e2e/router.mjs';
import { models, models_with_schemas, pixel, unified_key, weather, world } from './setup.mjs';

describe('the openai SDK', () => {
  const w = world();
  const client = (more = {}) => new OpenAI({ baseURL: w.base_url, apiKey: unified_key, maxRetries: 0, ...more });

  for (const model of models) {
    it(`chats with ${model}`, async () => {
      const answer = await client().chat.completions.create({ model, messages: [{ role: 'user', content: '!say good day' }] });
      assert.equal(answer.choices[0].message.content, 'good day');
      assert.equal(answer.choices[0].finish_reason, 'stop');
      assert.ok(answer.usage.total_tokens > 0);
      assert.equal(answer.object, 'chat.completion');
    });

    it(`streams from ${model}, with usage at the end`, async () => {
      const stream = await client().chat.completions.create({ model, stream: true, stream_options: { include_usage: true }, messages: [{ role: 'user', content: '!count 20' }] });
      let text = '';
      let usage;
      const finishes = [];
      for await (const chunk of stream) {
        text += chunk.choices[0]?.delta?.content ?? '';
        if (chunk.choices[0]?.finish_reason) finishes.push(chunk.choices[0].finish_reason);
        if (chunk.usage) usage = chunk.usage;
      }
      assert.equal(text, Array.from({ length: 20 }, (_, i) => i + 1).join(' '));
      assert.deepEqual(finishes, ['stop']);
      assert.ok(usage.completion_tokens > 0);
    });

    for (const stream of [false, true]) {
      it(`takes a tool round trip through ${model}${stream ? ', streamed' : ''}`, async () => {
        const messages = [{ role: 'user', content: 'What is the weather in Paris?' }];
        const ask = { model, messages, tools: [weather] };
        const first = stream ? await client().chat.completions.stream(ask).finalChatCompletion() : await client().chat.completions.create(ask);
        const message = first.choices[0].message;
        assert.equal(first.choices[0].finish_reason, 'tool_calls');
        assert.equal(message.tool_calls[0].function.name, 'get_weather');
        assert.deepEqual(JSON.parse(message.tool_calls[0].function.arguments), { city: 'Paris' });
        messages.push(message, { role: 'tool', tool_call_id: message.tool_calls[0].id, content: '{"celsius":21}' });
        const second = await client().chat.completions.create(ask);
        assert.match(second.choices[0].message.content, /21/);
      });
    }

    if (models_with_schemas.includes(model)) it(`gets structured output from ${model}`, async () => {
      const schema = { type: 'object', properties: { name: { type: 'string' }, size: { type: 'integer' } }, required: ['name', 'size'], additionalProperties: false };
      const answer = await client().chat.completions.create({ model, messages: [{ role: 'user', content: 'Describe it as JSON.' }],
        response_format: { type: 'json_schema', json_schema: { name: 'thing', strict: true, schema } } });
      const thing = JSON.parse(answer.choices[0].message.content);
      assert.equal(typeof thing.name, 'string');
      assert.ok(Number.isInteger(thing.size));
    });
  }

  it('sends an image to a model that sees', async () => {
    const answer = await client().chat.completions.create({ model: 'auto', messages: [{ role: 'user', content: [{ type: 'text', text: 'look' }, { type: 'image_url', image_url: { url: pixel } }] }] });
    assert.match(answer.choices[0].message.content, /image:image\/png:\d+/);
  });

  it('lists models, auto first, and finds one by its id', async () => {
    const list = await client().models.list();
    assert.equal(list.data[0].id, 'auto');
    const one = await client().models.retrieve('groq/openai/gpt-oss-120b');
    assert.equal(one.owned_by, 'groq');
  });

  it('aborts a stream, and the provider sees it within a second', async () => {
    w.emulator.script([{ match: { contains: 'abort-me' }, action: { slow: { ms: 20 } } }]);
    await takes_at_most(1000, async () => {
      const stream = await client().chat.completions.create({ model: 'groq/openai/gpt-oss-120b', stream: true, messages: [{ role: 'user', content: '!count 500 abort-me' }] });
      for await (const chunk of stream) {
        if (chunk.choices[0]?.delta?.content) break;
      }
      stream.controller.abort();
      const left = performance.now();
      await w.router.until(() => w.emulator.journal_entries().at(-1).ended === 'client_closed', 'the provider to see the end');
      return performance.now() - left;
    });
    w.emulator.script([]);
  });

  const refused = async (promise, type, status, code) => {
    const error = await promise.then(() => assert.fail('it was answered'), (e) => e);
    assert.ok(error instanceof type, `${error.constructor.name}: ${error.message}`);
    assert.equal(error.status, status);
    assert.equal(error.code, code);
    return error;
  };
  const hi = [{ role: 'user', content: 'hi' }];

  it('raises AuthenticationError for a wrong key', () => refused(client({ apiKey: 'freellmapi-wrong-0123456789abcdef' }).models.list(), OpenAI.AuthenticationError, 401, 'invalid_api_key'));

  it('raises NotFoundError for an unknown model and says which are near', async () => {
    const error = await refused(client().chat.completions.create({ model: 'groq/openai/gpt-oss-12b', messages: hi }), OpenAI.NotFoundError, 404, 'model_not_found');
    assert.match(error.message, /gpt-oss-120b/);
  });

  it('raises BadRequestError and names the parameter', async () => {
    const error = await refused(client().chat.completions.create({ model: 'auto', messages: [{ role: 'user', content: 'hi' }, { role: 'nobody', content: 'x' }] }), OpenAI.BadRequestError, 400, 'invalid_value');
    assert.equal(error.param, 'messages[1].role');
  });

  it('raises UnprocessableEntityError when no model sees', () => refused(client().chat.completions.create({ model: 'groq/openai/gpt-oss-120b', messages: [{ role: 'user', content: [{ type: 'image_url', image_url: { url: pixel } }] }] }), OpenAI.UnprocessableEntityError, 422, 'no_vision_model'));

  it('raises RateLimitError with a Retry-After when every quota is spent', async () => {
    w.emulator.script([{ match: { provider: 'groq' }, action: { rate_limit: { retry_after: '17', in: 'header' } } }]);
    const error = await refused(client().chat.completions.create({ model: 'groq/openai/gpt-oss-20b', messages: hi }), OpenAI.RateLimitError, 429, 'all_quotas_spent');
    const wait = Number(error.headers.get('retry-after'));
    assert.ok(wait >= 1 && wait <= 18, String(wait));
    w.emulator.script([]);
  });

  it('raises InternalServerError when every upstream failed', async () => {
    w.emulator.script([{ match: { provider: 'mistral' }, action: { server_error: 500 } }]);
    await refused(client().chat.completions.create({ model: 'mistral/mistral-small-latest', messages: hi }), OpenAI.InternalServerError, 502, 'upstream_failed');
    w.emulator.script([]);
  });

  it('raises an error in the middle of a stream that is cut, and never ends it as if it were whole', async () => {
    w.emulator.script([{ match: { contains: 'cut-me' }, action: { cut: { after_chunks: 3, how: 'rst' } } }]);
    const stream = await client().chat.completions.create({ model: 'groq/openai/gpt-oss-120b', stream: true, messages: [{ role: 'user', content: '!count 50 cut-me' }] });
    let text = '';
    let finished = false;
    await assert.rejects(async () => {
      for await (const chunk of stream) {
        text += chunk.choices[0]?.delta?.content ?? '';
        finished ||= Boolean(chunk.choices[0]?.finish_reason);
      }
    });
    assert.match(text, /^1 2/);
    assert.equal(finished, false);
    w.emulator.script([]);
  });
});
