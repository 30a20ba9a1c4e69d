// What the repository may hold.
import assert from 'node:assert/strict';
import { accessSync, constants, existsSync } from 'node:fs';
import { execFileSync } from 'node:child_process';
import path from 'node:path';
import { test } from 'node:test';
import { files_below, root, text_of } from './source_tree.mjs';

// What git knows of, or every file when this is no clone.
function known_files() {
  try {
    return execFileSync('git', ['-C', root, 'ls-files', '-z', '--cached', '--others', '--exclude-standard'], { encoding: 'utf8', maxBuffer: 1 << 26, stdio: ['ignore', 'pipe', 'ignore'] }).split('\0').filter((file) => file && existsSync(path.join(root, file)));
  } catch {
    return files_below('.');
  }
}
const tracked = known_files();
const is_text = (file) => /\.(cpp|hpp|h|c|mjs|js|json|md|yaml|yml|txt|cmake|sh|service|in)$|CMakeLists\.txt$|(^|\/)(run|serve|Containerfile)$/.test(file);
const sources = tracked.filter((file) => is_text(file) && !file.endsWith('package-lock.json'));

test('the top level holds what the product page names, and nothing else', () => {
  const allowed = new Set(['CMakeLists.txt', 'engine', 'plugins', 'sdk', 'config', 'bench', 'tests', 'README.md', 'LICENSE']);
  const others = [...new Set(tracked.map((file) => file.split('/')[0]))].filter((name) => !name.startsWith('.') && !allowed.has(name));
  assert.deepEqual(others, []);
});

test('no path of a developer\'s machine is written anywhere', () => {
  const machine = new RegExp(['/wo' + 'rk/', '/tm' + 'p/fl', '/ho' + 'me/[a-z]+/(src|dev|code)'].join('|'));
  const broken = sources.filter((file) => machine.test(text_of(file)));
  assert.deepEqual(broken, []);
});

test('no package registry is named: Debian\'s packages and the pinned lock file are all there is', () => {
  const registry = new RegExp(['registry' + '\\.npmjs', 'pypi' + '\\.org', 'crates' + '\\.io', 'proxy\\.' + 'golang', 'conan' + '\\.io', 'arti' + 'factory'].join('|'), 'i');
  assert.deepEqual(sources.filter((file) => registry.test(text_of(file))), []);
});

test('the client SDKs are pinned to exact versions', () => {
  const file = 'tests/clients/package.json';
  if (!existsSync(path.join(root, file))) return;
  const loose = Object.entries(JSON.parse(text_of(file)).dependencies ?? {}).filter(([, version]) => !/^\d+\.\d+\.\d+$/.test(version));
  assert.deepEqual(loose, []);
});

test('no source file of the engine, the plugins or the sdk is longer than 500 lines', () => {
  const long = sources.filter((file) => /^(engine|plugins|sdk)\/.*\.(cpp|hpp|h|c)$/.test(file))
    .map((file) => [file, text_of(file).split('\n').length - 1]).filter(([, lines]) => lines > 500);
  assert.deepEqual(long, [], 'small files, one thing each');
});

test('nothing is left to do later in the code', () => {
  const later = new RegExp('\\b(TO' + 'DO|FIX' + 'ME|XX' + 'X|HA' + 'CK)\\b');
  assert.deepEqual(sources.filter((file) => /\.(cpp|hpp|h|c|mjs|cmake)$|CMakeLists\.txt$/.test(file) && later.test(text_of(file))), []);
});

test('types are named for what they are', () => {
  const vague = /\b(class|struct)\s+\w*(Manager|Helper|Util|Utils|Impl)\b/;
  assert.deepEqual(sources.filter((file) => /^(engine|plugins|sdk)\//.test(file) && vague.test(text_of(file))), []);
});

test('scripts can be run', () => {
  for (const script of ['engine/serve', 'tests/run', '.ci/run']) {
    assert.ok(existsSync(path.join(root, script)), `${script} is there`);
    accessSync(path.join(root, script), constants.X_OK);
    assert.match(text_of(script), /^#!/, `${script} begins with #!`);
  }
});

test('no binary and no secret is in the tree', () => {
  const unwanted = tracked.filter((file) => /\.(so|o|a|key|pem|pyc|sqlite3?)$/.test(file) || /(^|\/)\.env$/.test(file));
  assert.deepEqual(unwanted, []);
});
