// A small checker of JSON shapes. A shape is a function (value, path, report); report receives
// {kind: unknown|type|range|enum|missing, path: [...], message, input, field?}.

export const any = () => {};

export const type_name = (v) => (v === null ? 'null' : Array.isArray(v) ? 'array' : typeof v);

const wrong = (report, path, input, expected, code) =>
  report({ kind: 'type', path, input, expected, code,
    message: `expected ${expected}, got ${type_name(input)}` });

export const string = ({ min = 0, max = Infinity, pattern } = {}) => (v, path, report) => {
  if (typeof v !== 'string') return wrong(report, path, v, 'string', 'string_type');
  if (v.length < min || v.length > max || (pattern && !pattern.test(v)))
    report({ kind: 'range', path, input: v, message: 'string does not have the required form' });
};

export const boolean = (v, path, report) => {
  if (typeof v !== 'boolean') wrong(report, path, v, 'boolean', 'bool_type');
};

export const number = ({ min = -Infinity, max = Infinity, int = false, below = Infinity } = {}) =>
  (v, path, report) => {
    if (typeof v !== 'number') return wrong(report, path, v, int ? 'integer' : 'number', int ? 'int_type' : 'float_type');
    if (int && !Number.isInteger(v)) return wrong(report, path, v, 'integer', 'int_from_float');
    if (v < min) report({ kind: 'range', path, input: v, min, code: 'greater_than_equal', message: `must be greater than or equal to ${min}` });
    if (v > max || v >= below)
      report({ kind: 'range', path, input: v, max, code: 'less_than_equal', message: `must be less than or equal to ${max}` });
  };

export const integer = (limits = {}) => number({ ...limits, int: true });

export const one_of = (values) => (v, path, report) => {
  if (!values.includes(v))
    report({ kind: 'enum', path, input: v, code: 'enum', message: `must be one of ${values.map((x) => JSON.stringify(x)).join(', ')}` });
};

export const array = (item, { min = 0, max = Infinity } = {}) => (v, path, report) => {
  if (!Array.isArray(v)) return wrong(report, path, v, 'array', 'list_type');
  if (v.length < min || v.length > max)
    report({ kind: 'range', path, input: v, code: v.length < min ? 'too_short' : 'too_long',
      message: v.length < min ? `must have at least ${min} item(s)` : `must have at most ${max} item(s)` });
  v.forEach((x, i) => item(x, [...path, i], report));
};

// fields: name -> shape. open: unknown members are let through.
export const object = (fields, { required = [], open = false } = {}) => (v, path, report) => {
  if (type_name(v) !== 'object') return wrong(report, path, v, 'object', 'dict_type');
  for (const name of required)
    if (v[name] === undefined)
      report({ kind: 'missing', path: [...path, name], field: name, input: v, code: 'missing', message: 'field required' });
  for (const [name, inner] of Object.entries(v)) {
    if (Object.hasOwn(fields, name)) fields[name](inner, [...path, name], report);
    else if (!open)
      report({ kind: 'unknown', path: [...path, name], field: name, input: inner, code: 'extra_forbidden', message: 'extra inputs are not permitted' });
  }
};

// Accepts what any of the shapes accepts; reports what the last one says otherwise.
export const either = (...shapes) => (v, path, report) => {
  let found = [];
  for (const shape of shapes) {
    found = [];
    shape(v, path, (p) => found.push(p));
    if (found.length === 0) return;
  }
  found.forEach(report);
};

export const nullable = (shape) => (v, path, report) => {
  if (v !== null) shape(v, path, report);
};

// An object whose shape depends on one of its members (role, type).
export const tagged = (tag, variants) => (v, path, report) => {
  if (type_name(v) !== 'object') return wrong(report, path, v, 'object', 'dict_type');
  const shape = Object.hasOwn(variants, v[tag]) ? variants[v[tag]] : undefined;
  if (!shape)
    return report({ kind: v[tag] === undefined ? 'missing' : 'enum', path: [...path, tag], field: tag, input: v[tag], code: 'union_tag_invalid',
      message: `must be one of ${Object.keys(variants).map((x) => JSON.stringify(x)).join(', ')}` });
  shape(v, path, report);
};

export function check(shape, value, limit = 50) {
  const found = [];
  shape(value, [], (p) => found.length < limit && found.push(p));
  return found;
}

export const dotted = (path) =>
  path.reduce((text, step) => (typeof step === 'number' ? `${text}[${step}]` : text ? `${text}.${step}` : step), '');
