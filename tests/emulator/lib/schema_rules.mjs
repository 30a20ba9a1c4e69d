// What servers refuse in the JSON schemas of tools and response formats.

const children = (schema) => [
  ...Object.entries(schema.properties ?? {}).map(([k, v]) => [`properties.${k}`, v]),
  ...Object.entries(schema.$defs ?? {}).map(([k, v]) => [`$defs.${k}`, v]),
  ...['items', 'not'].filter((k) => typeof schema[k] === 'object' && !Array.isArray(schema[k])).map((k) => [k, schema[k]]),
  ...['anyOf', 'oneOf', 'allOf', 'prefixItems'].flatMap((k) => (Array.isArray(schema[k]) ? schema[k].map((v, i) => [`${k}[${i}]`, v]) : [])),
].filter(([, v]) => typeof v === 'object' && v !== null);

// Calls visit(schema, path, depth) on the schema and every schema inside it; property names are not keywords.
export function walk_schema(schema, visit, path = '', depth = 0) {
  if (typeof schema !== 'object' || schema === null || depth > 64) return;
  visit(schema, path, depth);
  for (const [step, inner] of children(schema)) walk_schema(inner, visit, path ? `${path}.${step}` : step, depth + 1);
}

// Strict mode: every object closed, every property required.
export function strict_schema_fault(schema) {
  let fault = null;
  walk_schema(schema ?? {}, (node, path) => {
    if (fault || (node.type !== 'object' && node.properties === undefined)) return;
    const where = path ? `\`${path}\`` : '`schema`';
    const missing = Object.keys(node.properties ?? {}).find((name) => !(node.required ?? []).includes(name));
    if (node.additionalProperties !== false) fault = `${where}: \`additionalProperties:false\` must be set on every object`;
    else if (missing !== undefined) fault = `${where}: \`required\` is required to be supplied and to be an array including every key in properties; '${missing}' is missing`;
  });
  return fault;
}

// The first of the given keywords that the schema uses anywhere: {keyword, path}.
export function keyword_used(schema, keywords) {
  let found = null;
  walk_schema(schema, (node, path) => {
    const keyword = keywords.find((k) => Object.hasOwn(node, k));
    found ??= keyword === undefined ? null : { keyword, path };
  });
  return found;
}

export function schema_depth(schema) {
  let deepest = 0;
  walk_schema(schema, (node, path, depth) => { deepest = Math.max(deepest, depth); });
  return deepest;
}

const is_object = (v) => typeof v === 'object' && v !== null && !Array.isArray(v);
const strings = (v) => Array.isArray(v) && v.every((x) => typeof x === 'string');
const forms = {
  properties: [is_object, 'an object'], $defs: [is_object, 'an object'], required: [strings, 'an array of strings'], enum: [(v) => Array.isArray(v) && v.length > 0, 'an array'],
  anyOf: [Array.isArray, 'an array'], oneOf: [Array.isArray, 'an array'], allOf: [Array.isArray, 'an array'], type: [(v) => typeof v === 'string' || strings(v), 'a string or an array of strings'],
  items: [(v) => is_object(v) || typeof v === 'boolean', 'a schema'], $ref: [(v) => typeof v === 'string', 'a string'],
};

// The first keyword whose value is not what JSON Schema allows, or null.
export function malformed_schema(schema) {
  let fault = null;
  walk_schema(schema ?? {}, (node, path) => {
    for (const [keyword, [good, expected]] of Object.entries(forms))
      if (Object.hasOwn(node, keyword) && !good(node[keyword])) fault ??= `${path ? `${path}.` : ''}${keyword} must be ${expected}`;
  });
  return fault;
}
