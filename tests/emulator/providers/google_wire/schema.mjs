// What generateContent refuses in a Schema beyond unknown names.

const string_formats = ['enum', 'date-time'];
const number_formats = { INTEGER: ['int32', 'int64'], NUMBER: ['float', 'double'] };

// schema as read_message returns it; report(message).
export function check_schema(schema, path, report, depth = 0) {
  const { type } = schema;
  if (depth > 32) return report(`${path}: schema is nested too deeply`);
  if (schema.format !== undefined && schema.format !== '') {
    if (type === 'STRING' && !string_formats.includes(schema.format)) report(`${path}.format: only 'enum' and 'date-time' are supported for STRING type`);
    if (number_formats[type] && !number_formats[type].includes(schema.format)) report(`${path}.format: only ${number_formats[type].map((f) => `'${f}'`).join(' and ')} are supported for ${type} type`);
  }
  if (schema.enum !== undefined) {
    if (type !== 'STRING') report(`${path}.enum: only allowed for STRING type`);
    schema.enum.forEach((v, i) => v === '' && report(`${path}.enum[${i}]: cannot be empty`));
  }
  const names = Object.keys(schema.properties ?? {});
  if (type === 'OBJECT' && names.length === 0) report(`${path}.properties: should be non-empty for OBJECT type`);
  if (names.length > 0 && type !== undefined && type !== 'OBJECT') report(`${path}.properties: only allowed for OBJECT type`);
  (schema.required ?? []).forEach((name, i) => !names.includes(name) && report(`${path}.required[${i}]: property is not defined`));
  if (type === 'ARRAY' && schema.items === undefined) report(`${path}.items: missing field.`);
  if (type === undefined && schema.anyOf === undefined) report(`${path}.type: must be specified`);
  for (const name of names) check_schema(schema.properties[name], `${path}.properties[${name}]`, report, depth + 1);
  if (schema.items) check_schema(schema.items, `${path}.items`, report, depth + 1);
  (schema.anyOf ?? []).forEach((inner, i) => check_schema(inner, `${path}.any_of[${i}]`, report, depth + 1));
}
