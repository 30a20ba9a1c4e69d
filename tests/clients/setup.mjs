// One emulator and one router for a file of client tests. The chain begins with google, so that every test also crosses
// the translation to another wire; then every provider has its turn by name.
import { before } from 'node:test';
import { fleet, fleet_providers } from '../e2e/fleet.mjs';
import { Router, start_emulator, suite_scope, unified_key } from '../e2e/router.mjs';

export { unified_key };

export function world(options = {}) {
  const found = {};
  const scope = suite_scope();
  before(async () => {
    found.emulator = await start_emulator(scope);
    found.router = await Router.start(scope, { emulator: found.emulator, chain: ['google/gemini-3.5-flash', ...fleet.map((f) => f.name).filter((name) => !name.startsWith('google/'))],
      providers: fleet_providers, ...options });
    found.base_url = `${found.router.url}/v1`;
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

const names = (those) => ['auto', ...those.map((f) => f.name)];
export const models = names(fleet);
export const models_with_schemas = names(fleet.filter((f) => f.schema));
