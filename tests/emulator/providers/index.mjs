// Every file here that exports a provider is one; adding a provider is adding a file.
import { readdir } from 'node:fs/promises';

export async function load_providers() {
  const names = (await readdir(new URL('.', import.meta.url))).filter((n) => n.endsWith('.mjs') && n !== 'index.mjs').sort();
  const loaded = await Promise.all(names.map((name) => import(new URL(name, import.meta.url))));
  return new Map(loaded.map(({ default: provider }) => [provider.id, provider]));
}
