// GCC 12 destroys some temporaries twice when they share a full expression with co_await, and says nothing. So in such a
// statement nothing is built in braces, no lambda captures and no ?: stands: they get a name on the line above.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { code_of, files_below, is_cpp, text_of } from './source_tree.mjs';

// What stands before a brace that opens a block rather than builds an object.
const before_block = /(\)|\belse|\bdo|\btry|\bconst|\bnoexcept|\bmutable|\boverride|->\s*[\w:<>,\s&*]+)\s*$/;

// The statements of a text: [{text, at}]. A block's head is a statement of its own.
export function statements(code) {
  const found = [];
  const braces = [];  // of each open brace: does it build an object
  let start = 0;
  let parens = 0;
  const cut = (end) => {
    found.push({ text: code.slice(start, end), at: end });
    start = end + 1;
  };
  for (let i = 0; i < code.length; i += 1) {
    const c = code[i];
    if (c === '(' || c === '[') parens += 1;
    else if (c === ')' || c === ']') parens -= 1;
    else if (c === '{') {
      const before = code.slice(start, i);
      const block = before.trim() === '' || before_block.test(before) || /\b(namespace|struct|class|enum|union)\b[^;=()]*$/.test(before);
      braces.push({ builds: !block, parens });
      if (block) {
        // A lambda's body stands inside the parentheses of a call: its statements are judged by themselves.
        cut(i);
        parens = 0;
      }
    } else if (c === '}') {
      const brace = braces.pop();
      if (brace && !brace.builds) {
        cut(i);
        parens = brace.parens;
      }
    } else if (c === ';' && parens === 0 && !braces[braces.length - 1]?.builds) cut(i);
    else if (c === ';' && parens > 0 && /\bfor\s*\([^)]*$/.test(code.slice(start, i))) continue;
  }
  cut(code.length);
  return found;
}

export function fault_of(statement) {
  if (!/\bco_await\b/.test(statement)) return undefined;
  if (/[\w>,(=]\s*\{/.test(statement)) return 'braces that build an object';
  if (/[(,{=]\s*\[[^\[\]]+\]\s*(\(|\{|mutable)/.test(statement)) return 'a capturing lambda';
  if (/\?/.test(statement)) return 'a ?:';
  return undefined;
}

function faults_in(text) {
  const code = code_of(text, { strings: false });
  const found = [];
  for (const { text: statement, at } of statements(code)) {
    const fault = fault_of(statement);
    if (fault) found.push(`${code.slice(0, at).split('\n').length}: co_await beside ${fault}: ${statement.trim().replace(/\s+/g, ' ').slice(0, 90)}`);
  }
  return found;
}

test('the lint sees each of the three shapes, and lets the named form pass', () => {
  assert.equal(faults_in('co_await f(Point{1, 2});').length, 1);
  assert.equal(faults_in('const auto x = co_await f({1, 2});').length, 1);
  assert.equal(faults_in('co_await f(a ? b : c);').length, 1);
  assert.equal(faults_in('co_await f([&x] { return x; });').length, 1);
  assert.equal(faults_in('if (co_await g(std::string{"a"})) { h(); }').length, 1);
  assert.equal(faults_in('Point p{1, 2}; co_await f(std::move(p));').length, 0);
  assert.equal(faults_in('if (a) { co_await f(p); } else { co_return co_await g(); }').length, 0);
  assert.equal(faults_in('co_await f(", {} ? [&]"); // {1} ? 2').length, 0);
  assert.equal(faults_in('auto f = [] { return 1; }; for (;;) { co_await g(); }').length, 0);
});

test('no co_await shares its statement with braces that build, a capturing lambda or ?:', () => {
  const broken = [...files_below('engine', is_cpp), ...files_below('bench', is_cpp), ...files_below('tests/unit', is_cpp)]
    .flatMap((file) => faults_in(text_of(file)).map((fault) => `${file}:${fault}`));
  assert.deepEqual(broken, [], `GCC 12 miscompiles these; name the thing on the line above:\n${broken.join('\n')}`);
});
