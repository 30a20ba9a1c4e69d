// Vercel's AI SDK through @ai-sdk/openai-compatible.
import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { createOpenAICompatible } from '@ai-sdk/openai-compatible';
import { generateObject, generateText, stepCountIs, streamText, tool } from 'ai';
import { z } from 'zod';
import { models, models_with_schemas, unified_key, world } from './setup.mjs';

describe('the AI SDK', () => {
  const w = world();
  const model = (id) => createOpenAICompatible({ name: 'freellmapi', baseURL: w.base_url, apiKey: unified_key, supportsStructuredOutputs: true })(id);

  for (const id of models) {
    it(`generates text with ${id}`, async () => {
      const { text, finishReason, usage } = await generateText({ model: model(id), prompt: '!say good day', maxRetries: 0 });
      assert.equal(text, 'good day');
      assert.equal(finishReason, 'stop');
      assert.ok(usage.outputTokens > 0);
    });

    it(`streams text from ${id}`, async () => {
      const { textStream } = streamText({ model: model(id), prompt: '!count 12', maxRetries: 0 });
      let text = '';
      for await (const piece of textStream) text += piece;
      assert.equal(text, '1 2 3 4 5 6 7 8 9 10 11 12');
    });

    it(`runs a tool loop over ${id} to its second turn`, async () => {
      const asked = [];
      const { text, steps } = await generateText({ model: model(id), prompt: 'What is the weather?', maxRetries: 0, stopWhen: stepCountIs(3),
        tools: { get_weather: tool({ description: 'The weather', inputSchema: z.object({ city: z.string() }), execute: async ({ city }) => { asked.push(city); return { celsius: 21 }; } }) } });
      assert.deepEqual(asked, ['Paris']);
      assert.equal(steps.length, 2);
      assert.match(text, /21/);
    });

    if (models_with_schemas.includes(id)) it(`generates an object with ${id}`, async () => {
      const { object } = await generateObject({ model: model(id), prompt: 'Describe it as JSON.', maxRetries: 0, schema: z.object({ name: z.string(), size: z.number().int() }) });
      assert.equal(typeof object.name, 'string');
    });
  }
});
