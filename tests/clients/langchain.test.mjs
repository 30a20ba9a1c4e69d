// LangChain's ChatOpenAI.
import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { HumanMessage, ToolMessage } from '@langchain/core/messages';
import { tool } from '@langchain/core/tools';
import { ChatOpenAI } from '@langchain/openai';
import { z } from 'zod';
import { models, models_with_schemas, unified_key, world } from './setup.mjs';

describe('LangChain', () => {
  const w = world();
  const chat = (model) => new ChatOpenAI({ model, apiKey: unified_key, maxRetries: 0, configuration: { baseURL: w.base_url } });
  const weather = tool(async () => '21 degrees', { name: 'get_weather', description: 'The weather', schema: z.object({ city: z.string() }) });

  for (const model of models) {
    it(`invokes ${model}`, async () => {
      const answer = await chat(model).invoke('!say good day');
      assert.equal(answer.content, 'good day');
      assert.ok(answer.usage_metadata.total_tokens > 0);
    });

    it(`streams from ${model}`, async () => {
      let text = '';
      for await (const chunk of await chat(model).stream('!count 9')) text += chunk.content;
      assert.equal(text, '1 2 3 4 5 6 7 8 9');
    });

    it(`takes a tool round trip through ${model}`, async () => {
      const bound = chat(model).bindTools([weather]);
      const messages = [new HumanMessage('What is the weather in Paris?')];
      const first = await bound.invoke(messages);
      assert.equal(first.tool_calls[0].name, 'get_weather');
      assert.deepEqual(first.tool_calls[0].args, { city: 'Paris' });
      messages.push(first, new ToolMessage({ content: '21 degrees', tool_call_id: first.tool_calls[0].id }));
      assert.match((await bound.invoke(messages)).content, /21 degrees/);
    });

    if (models_with_schemas.includes(model)) it(`gets structured output from ${model}`, async () => {
      const thing = await chat(model).withStructuredOutput(z.object({ name: z.string() }), { method: 'jsonSchema' }).invoke('Describe it as JSON.');
      assert.equal(typeof thing.name, 'string');
    });
  }
});
