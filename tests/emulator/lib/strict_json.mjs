// JSON as a strict server reads it: valid UTF-8, no BOM, nothing after the value, bounded depth,
// and no object that names a member twice (JSON.parse alone keeps the last one silently).

export class JsonFault extends Error {
  constructor(message, offset) {
    super(message);
    this.offset = offset;
  }
}

const max_depth = 256;
const decoder = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true });

export function decode_utf8(bytes) {
  try {
    return decoder.decode(bytes);
  } catch {
    throw new JsonFault('body is not valid UTF-8', 0);
  }
}

// Index of the quote that closes the string opened at `open`.
function string_end(text, open) {
  let at = open + 1;
  for (;;) {
    const quote = text.indexOf('"', at);
    let slashes = 0;
    while (text[quote - 1 - slashes] === '\\') slashes += 1;
    if (slashes % 2 === 0) return quote;
    at = quote + 1;
  }
}

// Walks text that JSON.parse has accepted already, so only structure is looked at.
function check_structure(text) {
  const names = [];
  let expects_name = false;
  for (let at = 0; at < text.length; at += 1) {
    const c = text[at];
    if (c === '"') {
      const end = string_end(text, at);
      if (expects_name) {
        const name = JSON.parse(text.slice(at, end + 1));
        const seen = names[names.length - 1];
        if (seen.has(name)) throw new JsonFault(`duplicate member "${name.slice(0, 80)}"`, at);
        seen.add(name);
        expects_name = false;
      }
      at = end;
    } else if (c === '{' || c === '[') {
      names.push(c === '{' ? new Set() : null);
      if (names.length > max_depth) throw new JsonFault('nested too deeply', at);
      expects_name = c === '{';
    } else if (c === '}' || c === ']') {
      names.pop();
      expects_name = false;
    } else if (c === ',') {
      expects_name = names[names.length - 1] !== null;
    }
  }
}

export function parse_strict(text) {
  if (text.charCodeAt(0) === 0xfeff) throw new JsonFault('byte order mark', 0);
  let value;
  try {
    value = JSON.parse(text);
  } catch (error) {
    const where = /position (\d+)/.exec(error.message);
    throw new JsonFault('malformed JSON', where ? Number(where[1]) : 0);
  }
  check_structure(text);
  return value;
}
