// Reads the include graph and says which rule of the design a line breaks.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import path from 'node:path';
import { readdirSync } from 'node:fs';
import { code_of, files_below, includes_of, is_cpp, places_of, root, text_of } from './source_tree.mjs';

const rule = (sentence, broken) => assert.deepEqual(broken, [], `${sentence}\n${broken.join('\n')}`);

const engine = files_below('engine', is_cpp);
const plugins = files_below('plugins', is_cpp);
const sdk = files_below('sdk', is_cpp);
const room_of = (file) => (file.split('/').length > 2 ? file.split('/')[1] : 'main');

// What each room may include, besides itself. `sdk` is the C ABI.
const sees = {
  base: [],
  policy: ['base'],
  chat: ['base'],
  quota: ['base', 'policy'],
  routing: ['base', 'policy', 'quota', 'chat'],
  sim: ['base', 'policy', 'quota', 'chat', 'routing'],
  host: ['base', 'sdk'],
  net: ['base'],
  store: ['base'],
  relay: ['base', 'policy', 'quota', 'chat', 'routing', 'host', 'net', 'sdk'],
  surfaces: ['base', 'policy', 'quota', 'chat', 'routing', 'sim', 'net', 'relay', 'sdk'],
  admin: ['base', 'policy', 'quota', 'chat', 'routing', 'net', 'relay', 'store'],
  cli: ['base', 'policy', 'quota', 'chat', 'routing', 'sim', 'host', 'net', 'relay', 'surfaces', 'store', 'admin', 'sdk'],
  main: ['cli'],
};

test('every folder of engine/ is a room that the design knows', () => {
  rule('engine/ holds a folder for which no rule is written down:', [...new Set(engine.map(room_of))].filter((room) => !sees[room]));
});

for (const room of Object.keys(sees)) {
  const here = engine.filter((file) => room_of(file) === room);
  if (here.length === 0) continue;
  test(`engine/${room} includes only ${['itself', ...sees[room]].join(', ')}`, () => {
    const broken = [];
    for (const file of here) {
      for (const { name, place } of includes_of(file)) {
        const first = name.split('/')[0];
        const seen = first === 'freellmapi' || first === 'kit' ? 'sdk' : first;
        if (!sees[seen] && seen !== 'sdk') continue;
        if (seen !== room && !sees[room].includes(seen)) broken.push(`${place}: ${room} must not see ${seen} (${name})`);
      }
    }
    rule('Arrows point one way: base <- policy, quota, chat <- routing <- relay <- surfaces <- cli.', broken);
  });
}

test('no room includes another one in a circle', () => {
  const edges = new Map();
  for (const file of engine) {
    for (const { name } of includes_of(file)) {
      const to = name.split('/')[0];
      if (!sees[to] || to === room_of(file)) continue;
      if (!edges.has(room_of(file))) edges.set(room_of(file), new Set());
      edges.get(room_of(file)).add(to);
    }
  }
  const broken = [];
  const walk = (room, trail) => {
    if (trail.includes(room)) broken.push([...trail, room].join(' -> '));
    else for (const next of edges.get(room) ?? []) walk(next, [...trail, room]);
  };
  for (const room of edges.keys()) walk(room, []);
  rule('Rooms depend on each other in a circle:', broken);
});

test('plugins see the sdk alone', () => {
  const broken = [];
  for (const file of plugins) {
    for (const { name, place } of includes_of(file)) {
      if (name.startsWith('freellmapi/')) continue;
      // The sdk is written with Boost.JSON and passes its values on.
      if (/^boost\/json(\.hpp|\/)/.test(name)) continue;
      // Its own files stand beside it; the standard library has no slash.
      if (name.includes('/')) broken.push(`${place}: ${name}`);
    }
  }
  rule('A plugin includes its own folder, the sdk and the standard library, nothing else:', broken);
});

test('plugins do no I/O: no sockets, files, threads, clocks or environment', () => {
  const forbidden = /^(sys\/|netinet\/|arpa\/|unistd\.h|fcntl\.h|pthread\.h|time\.h|ctime|thread|mutex|future|fstream|iostream|filesystem|cstdio|stdio\.h|boost\/asio)/;
  const broken = plugins.flatMap((file) => includes_of(file).filter(({ name }) => forbidden.test(name)).map(({ name, place }) => `${place}: ${name}`));
  const called = plugins.flatMap((file) => places_of(file, code_of(text_of(file), { strings: false }), /\b(getenv|system_clock|steady_clock|fopen|socket)\s*[(:]/));
  rule('A plugin is a pair of pure functions with a parser between:', [...broken, ...called]);
});

test('the sdk knows nothing of the engine', () => {
  const broken = sdk.flatMap((file) => includes_of(file).filter(({ name }) => sees[name.split('/')[0]] && name.includes('/')).map(({ name, place }) => `${place}: ${name}`));
  rule('The sdk is below everything:', broken);
});

test('the C ABI includes only stddef and stdint', () => {
  for (const file of ['sdk/include/freellmapi/abi.h', ...files_below('sdk/include/freellmapi/ext', is_cpp)]) {
    rule('The C header must be usable from any language:', includes_of(file).map((i) => i.name).filter((name) => !/^(stddef\.h|stdint\.h|freellmapi\/abi\.h)$/.test(name)));
  }
});

test('the rooms that decide are pure', () => {
  const forbidden = /^(boost\/(asio|beast)|sqlite3|thread$|filesystem$|fstream$|iostream$|future$|sys\/socket|netdb|unistd)/;
  const broken = [];
  for (const file of engine.filter((f) => ['policy', 'quota', 'routing', 'chat', 'sim'].includes(room_of(f)))) {
    for (const { name, place } of includes_of(file)) if (forbidden.test(name)) broken.push(`${place}: ${name}`);
  }
  rule('Pure rooms include no Asio, no SQLite, no filesystem, no thread:', broken);
});

test('Asio and Beast live in net', () => {
  const broken = engine.filter((file) => room_of(file) !== 'net')
    .flatMap((file) => includes_of(file).filter(({ name }) => /^boost\/(asio|beast)/.test(name)).map(({ name, place }) => `${place}: ${name}`));
  rule('Only net includes Asio or Beast; others use net/task.hpp:', broken);
});

test('the heavy headers are compiled in at most five translation units of net', () => {
  const heavy = files_below('engine/net', (f) => f.endsWith('.cpp')).filter((file) => includes_of(file).some(({ name }) => /^boost\/(beast\/http|asio\/ssl)/.test(name)));
  assert.ok(heavy.length <= 5, `the edge is thin: ${heavy.join(', ')}`);
});

test('SQLite is only in store', () => {
  const broken = engine.filter((file) => room_of(file) !== 'store')
    .flatMap((file) => includes_of(file).filter(({ name }) => /sqlite/.test(name)).map(({ place }) => place));
  rule('Only store talks to SQLite:', broken);
});

test('a surface encodes without the relay: encoder.hpp is an interface header', () => {
  const allowed = /^(base|chat|net)\/|^[a-z_]+$/;
  const broken = includes_of('engine/relay/encoder.hpp').filter(({ name }) => !allowed.test(name)).map(({ name, place }) => `${place}: ${name}`);
  rule('relay/encoder.hpp may be used without the rest of relay:', broken);
});

const providers = ['google', 'gemini', 'groq', 'cerebras', 'sambanova', 'nvidia', 'mistral', 'openrouter', 'github', 'cohere', 'cloudflare', 'huggingface', 'zhipu', 'ollama', 'kilo', 'pollinations', 'llm7'];

test('no provider is named in engine/', () => {
  const names = new RegExp(`(?<![a-z])(${providers.join('|')})(?![a-z])`, 'i');
  const broken = engine.filter((file) => !/engine\/surfaces\/(gemini|ollama)\//.test(file)).flatMap((file) => {
    // The header of an SDK, and the shape of a key that the redactor looks for.
    const code = code_of(text_of(file)).replace(/x-goog-api-key|github_pat_/g, '');
    return places_of(file, code, names);
  });
  rule('What is special about a provider is data in its plugin:', broken);
});

test('no surface is named in plugins/', () => {
  const broken = plugins.flatMap((file) => places_of(file, code_of(text_of(file)), /\bsurfaces?\b|\/v1\/(messages|responses)\b|anthropic/i));
  rule('A plugin knows no surface:', broken);
});

test('a clock is read only in base/clock.cpp', () => {
  const read = /\b(system_clock|steady_clock|high_resolution_clock|utc_clock)::now\b|\b(clock_gettime|gettimeofday)\s*\(|(?<![\w.>])(std::)?time\s*\(\s*(nullptr|NULL|0|&)/;
  const broken = [...engine, ...plugins, ...sdk].filter((file) => file !== 'engine/base/clock.cpp')
    .flatMap((file) => places_of(file, code_of(text_of(file), { strings: false }), read));
  rule('Time is injected (base::Clock):', broken);
});

test('one room is one namespace', () => {
  const broken = [];
  for (const file of engine) {
    const room = room_of(file);
    if (room === 'main') continue;
    const opened = [...text_of(file).matchAll(/^namespace (freellmapi[\w:]*)/gm)].map((m) => m[1]);
    for (const name of opened) if (name !== 'freellmapi' && name.split('::')[1] !== room) broken.push(`${file}: namespace ${name}`);
  }
  rule('A file of engine/<room> opens freellmapi::<room>:', broken);
});

test('every provider plugin has its folder, its manifest and its fixtures', () => {
  const broken = [];
  for (const entry of readdirSync(path.join(root, 'plugins'), { withFileTypes: true })) {
    if (!entry.isDirectory()) continue;
    const inside = readdirSync(path.join(root, 'plugins', entry.name));
    if (!inside.includes('manifest.yaml')) broken.push(`plugins/${entry.name} has no manifest.yaml`);
    else if (!new RegExp(`^id: ${entry.name}$`, 'm').test(text_of(`plugins/${entry.name}/manifest.yaml`))) broken.push(`plugins/${entry.name}/manifest.yaml has another id`);
    if (!inside.includes('fixtures') && entry.name !== 'sandbox') broken.push(`plugins/${entry.name} has no fixtures`);
  }
  rule('A plugin is code, manifest and fixtures:', broken);
});
