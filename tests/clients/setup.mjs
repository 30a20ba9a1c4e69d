// One emulator and one router for a file of client tests. The chain begins with google, so that every test also crosses
// the translation to another wire; `model` names groq where the same wire matters.
import { after, before } from 'node:test';
import { Router, start_emulator, unified_key } from '../e2e/router.mjs';

export { unified_key };

export function world(options = {}) {
  const found = {};
  const teardown = [];
  const scope = { after: (f) => teardown.push(f) };
  before(async () => {
    found.emulator = await start_emulator(scope);
    found.router = await Router.start(scope, { emulator: found.emulator, chain: ['google/gemini-2.5-flash', 'groq/openai/gpt-oss-120b'],
      // The free tier's five requests a minute are too few for a test suite.
      providers: { google: { models: { 'gemini-2.5-flash': { quota: { rpm: 1000, rpd: 1000 } } } } }, ...options });
    found.base_url = `${found.router.url}/v1`;
  });
  after(async () => {
    for (const f of teardown.reverse()) await f();
  });
  return found;
}

export const weather = {
  type: 'function',
  function: {
    name: 'get_weather',
    description: 'The weather in a city',
    parameters: { type: 'object', properties: { city: { type: 'string' } }, required: ['city'], additionalProperties: false },
  },
};

// One red pixel.
export const pixel = 'data:image/png;base64,iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mP8z8BQDwAEhQGAhKmMIQAAAABJRU5ErkJggg==';

export const models = ['auto', 'groq/openai/gpt-oss-120b'];
