// The sources as the architecture tests see them: files, their includes, their code without comments.
import { readFileSync, readdirSync } from 'node:fs';
import path from 'node:path';
import { fileURLToPath } from 'node:url';

export const root = fileURLToPath(new URL('../..', import.meta.url));
const left_out = new Set(['node_modules', 'build', '.git']);

export function files_below(folder, wanted = () => true) {
  const found = [];
  for (const entry of readdirSync(path.join(root, folder), { withFileTypes: true })) {
    const name = path.join(folder, entry.name);
    if (entry.isDirectory()) {
      if (!left_out.has(entry.name)) found.push(...files_below(name, wanted));
    } else if (entry.isFile() && wanted(name)) {
      found.push(name);
    }
  }
  return found.sort();
}

export const text_of = (file) => readFileSync(path.join(root, file), 'utf8');
export const is_cpp = (file) => /\.(cpp|hpp|h|c)$/.test(file);

// Comments become spaces (strings too, if asked); line and column stay.
export function code_of(text, { strings = true } = {}) {
  const blank = (piece) => piece.replace(/[^\n]/g, ' ');
  return text.replace(/\/\/[^\n]*|\/\*[\s\S]*?\*\/|R"([a-z]*)\([\s\S]*?\)\1"|"(?:\\.|[^"\\\n])*"|'(?:\\.|[^'\\\n])+'/g, (piece) => {
    if (piece.startsWith('/')) return blank(piece);
    // A digit separator is not the beginning of a character.
    return strings || piece.startsWith("'") ? piece : `"${blank(piece.slice(1, -1))}"`;
  });
}

export function includes_of(file) {
  const found = [];
  text_of(file).split('\n').forEach((line, i) => {
    const match = /^\s*#\s*include\s*([<"])([^>"]+)[>"]/.exec(line);
    if (match) found.push({ name: match[2], quoted: match[1] === '"', place: `${file}:${i + 1}` });
  });
  return found;
}

// Where a pattern stands in code: "file:line: the line".
export function places_of(file, code, pattern) {
  const found = [];
  code.split('\n').forEach((line, i) => {
    if (pattern.test(line)) found.push(`${file}:${i + 1}: ${line.trim().slice(0, 100)}`);
  });
  return found;
}
