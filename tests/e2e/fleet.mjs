// One model of every provider that is built here and that the emulator knows: the one an agent would use.
import { bases, plain_models } from '../emulator/harness.mjs';
import { installed_providers } from './router.mjs';

// Where the plain model is not it: this one calls tools, thinks, signs its thoughts, sees.
const chosen = { google: 'gemini-3.5-flash', mistral: 'mistral-large-latest', cloudflare: '@cf/meta/llama-4-scout-17b-16e-instruct', huggingface: 'moonshotai/Kimi-K2.6',
  nvidia: 'meta/llama-4-maverick-17b-128e-instruct', openrouter: 'nvidia/nemotron-nano-12b-v2-vl:free', sambanova: 'Llama-4-Maverick-17B-128E-Instruct', zhipu: 'glm-4.6v-flash' };
const sighted = new Set(['cloudflare', 'github', 'google', 'huggingface', 'mistral', 'nvidia', 'openrouter', 'pollinations', 'sambanova', 'zhipu']);
// What the model cannot do by its manifest, or its free servers refuse.
const no_schemas = new Set(['cerebras', 'cloudflare', 'cohere', 'kilo', 'ollama', 'zhipu']);

const ids = installed_providers.filter((id) => bases[id] && !['custom', 'sandbox'].includes(id)).sort();
export const fleet = ids.map((id) => {
  const model = chosen[id] ?? plain_models[id];
  return { id, model, name: `${id}/${model}`, sees: sighted.has(id), schema: !no_schemas.has(id) };
});

// All of them on, even those off by default, and no quota of theirs: the shape of requests is looked at, not their number.
export const fleet_providers = Object.fromEntries(fleet.map(({ id, model }) => [id, { enabled: true, quota: [], models: { [model]: { enabled: true, quota: [] } } }]));
// Tools and JSON are sold with Pro there, and the key of the tests is one.
if (fleet_providers.llm7) Object.assign(fleet_providers.llm7.models[plain_models.llm7], { tools: true, json: 'schema' });
