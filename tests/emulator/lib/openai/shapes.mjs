// Shapes of OpenAI request members that providers take over unchanged, to be picked from.
import * as s from '../shape.mjs';

export const text_part = s.object({ type: s.one_of(['text']), text: s.string() }, { required: ['type', 'text'] });
export const image_part = s.object({ type: s.one_of(['image_url']),
  image_url: s.object({ url: s.string({ min: 1 }), detail: s.one_of(['auto', 'low', 'high']) }, { required: ['url'] }) }, { required: ['type', 'image_url'] });
export const parts = s.array(s.tagged('type', { text: text_part, image_url: image_part }), { min: 1 });
export const text_parts = s.array(s.tagged('type', { text: text_part }), { min: 1 });
export const content = s.either(parts, s.string());
export const text_content = s.either(text_parts, s.string());

export const tool_call = s.object({ id: s.string({ min: 1 }), type: s.one_of(['function']),
  function: s.object({ name: s.string({ min: 1 }), arguments: s.string() }, { required: ['name', 'arguments'] }) }, { required: ['id', 'type', 'function'] });
export const tool_calls = s.array(tool_call, { min: 1 });

export const function_name = s.string({ pattern: /^[a-zA-Z0-9_-]{1,64}$/ });
export const tool = s.object({ type: s.one_of(['function']), function: s.object({ name: function_name, description: s.string(),
  parameters: s.object({}, { open: true }), strict: s.nullable(s.boolean) }, { required: ['name'] }) }, { required: ['type', 'function'] });
export const named_choice = s.object({ type: s.one_of(['function']), function: s.object({ name: function_name }, { required: ['name'] }) }, { required: ['type', 'function'] });
export const tool_choice = (...words) => s.either(named_choice, s.one_of(words));

export const response_format = s.tagged('type', {
  text: s.object({ type: s.any }),
  json_object: s.object({ type: s.any }),
  json_schema: s.object({ type: s.any, json_schema: s.object({ name: s.string({ pattern: /^[a-zA-Z0-9_-]{1,64}$/ }), description: s.string(),
    schema: s.object({}, { open: true }), strict: s.nullable(s.boolean) }, { required: ['name'] }) }, { required: ['json_schema'] }),
});
export const stop = (most) => s.either(s.array(s.string(), { max: most }), s.string());
export const stream_options = s.object({ include_usage: s.boolean }, {});
export const penalty = s.number({ min: -2, max: 2 });
export const top_p = s.number({ min: 0, max: 1 });
export const positive = s.integer({ min: 1 });

export const messages = (roles) => s.array(s.tagged('role', roles), { min: 1 });

// Optional members may be null where the server was written with optional fields in mind.
export const optional = (fields, but) =>
  Object.fromEntries(Object.entries(fields).map(([name, shape]) => [name, but.includes(name) ? shape : s.nullable(shape)]));
