// One model of every provider that is built here and that the emulator knows: the one an agent would use.
import { bases, plain_models } from '../emulator/harness.mjs';
import { installed_providers } from './router.mjs';

// Where the plain model is not it: this one calls tools, thinks, signs its thoughts.
const chosen = { google: 'gemini-3.5-flash', groq: 'openai/gpt-oss-20b', mistral: 'mistral-large-latest' };

const ids = installed_providers.filter((id) => bases[id] && !['custom', 'sandbox'].includes(id)).sort();
export const fleet = ids.map((id) => ({ id, model: chosen[id] ?? plain_models[id], name: `${id}/${chosen[id] ?? plain_models[id]}`,
  tools: !['llm7'].includes(id), schema: !['cohere', 'llm7', 'zhipu', 'kilo', 'ollama', 'cloudflare', 'cerebras'].includes(id), sees: ['google'].includes(id) }));

// All of them on, even those off by default, and no quota of theirs: the shape of requests is looked at, not their number.
export const fleet_providers = Object.fromEntries(fleet.map(({ id, model }) => [id, { enabled: true, quota: [], models: { [model]: { enabled: true, quota: [] } } }]));
