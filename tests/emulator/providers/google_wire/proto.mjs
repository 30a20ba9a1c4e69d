// Protobuf messages read from JSON the way Google's gateway does: camelCase or snake_case, unknown
// names refused with their place, lists only where a field repeats.

const snake = (name) => name.replace(/[A-Z]/g, (c) => `_${c.toLowerCase()}`);

export const repeated = (type) => ({ repeated: type });
export const map_of = (type) => ({ map: type });
export const enumeration = (name, values) => ({ name, values });

const scalars = {
  string: [(v) => typeof v === 'string', 'TYPE_STRING'],
  bool: [(v) => typeof v === 'boolean', 'TYPE_BOOL'],
  int32: [(v) => Number.isInteger(typeof v === 'string' && v !== '' ? Number(v) : v) && Math.abs(Number(v)) < 2 ** 31, 'TYPE_INT32'],
  int64: [(v) => (typeof v === 'string' ? /^-?\d+$/.test(v) : Number.isInteger(v)), 'TYPE_INT64'],
  float: [(v) => typeof v === 'number', 'TYPE_FLOAT'],
  bytes: [(v) => typeof v === 'string' && /^[A-Za-z0-9+/_-]*={0,2}$/.test(v), 'TYPE_BYTES'],
};

// Reads value as a message of the table; returns it with camelCase names. report({field, message}).
export function read_message(table, type, value, path, report) {
  const at = path ? ` at '${path}'` : '';
  if (typeof value !== 'object' || value === null || Array.isArray(value)) {
    if (Array.isArray(value)) report({ field: path, message: `Invalid JSON payload received. Unknown name "${path.split('.').pop()}"${at}: Proto field is not repeating, cannot start list.` });
    else report({ field: path, message: `Invalid value${at} (type.googleapis.com/google.ai.generativelanguage.v1beta.${type}), ${JSON.stringify(value)}` });
    return {};
  }
  const fields = table[type];
  const names = new Map(Object.keys(fields).flatMap((name) => [[name, name], [snake(name), name]]));
  const made = {};
  for (const [key, inner] of Object.entries(value)) {
    const name = names.get(key);
    if (name === undefined) report({ field: path, message: `Invalid JSON payload received. Unknown name "${key}"${at}: Cannot find field.` });
    else if (inner !== null) made[name] = read_field(table, fields[name], inner, path ? `${path}.${snake(name)}` : snake(name), report);
  }
  return made;
}

function read_field(table, type, value, path, report) {
  if (type === 'any') return value;
  if (type === 'struct') {
    if (typeof value !== 'object' || Array.isArray(value)) report({ field: path, message: `Invalid value at '${path}' (type.googleapis.com/google.protobuf.Struct), ${JSON.stringify(value).slice(0, 200)}` });
    return value;
  }
  if (type.repeated) {
    if (Array.isArray(value)) return value.map((v, i) => read_field(table, type.repeated, v, `${path}[${i}]`, report));
    return [read_field(table, type.repeated, value, path, report)];
  }
  if (type.map) {
    const entries = Object.entries(typeof value === 'object' && !Array.isArray(value) ? value : {});
    return Object.fromEntries(entries.map(([k, v], i) => [k, read_field(table, type.map, v, `${path}[${i}].value`, report)]));
  }
  if (type.values) {
    const word = typeof value === 'string' ? value.toUpperCase() : undefined;
    if (Array.isArray(value)) report({ field: path, message: `Invalid JSON payload received. Unknown name "${path.split('.').pop()}" at '${path.split('.').slice(0, -1).join('.')}': Proto field is not repeating, cannot start list.` });
    else if (!type.values.includes(word)) report({ field: path, message: `Invalid value at '${path}' (type.googleapis.com/google.ai.generativelanguage.v1beta.${type.name}), ${JSON.stringify(value)}` });
    return word;
  }
  if (scalars[type]) {
    const [good, label] = scalars[type];
    if (!good(value)) {
      if (Array.isArray(value)) report({ field: path, message: `Invalid JSON payload received. Unknown name "${path.split('.').pop()}" at '${path}': Proto field is not repeating, cannot start list.` });
      else report({ field: path, message: `Invalid value at '${path}' (${label}), ${JSON.stringify(value).slice(0, 200)}` });
    }
    return value;
  }
  return read_message(table, type, value, path, report);
}
