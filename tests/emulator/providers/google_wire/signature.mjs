// Thought signatures that can be checked without being remembered: they name the model they came from.
import { createHash } from 'node:crypto';

const bypasses = ['context_engineering_is_the_way_to_go', 'skip_thought_signature_validator'];
const digest = (model, about) => createHash('sha256').update(`signature\u0000${model}\u0000${about}`).digest();

export const sign = (model, about) => Buffer.concat([Buffer.from(`${about}\u0000`), digest(model, about)]).toString('base64');

// good, or corrupted when it was made up or made under another model.
export function signature_state(text, model) {
  if (bypasses.includes(text)) return 'good';
  const bytes = Buffer.from(String(text), 'base64');
  const end = bytes.indexOf(0);
  if (end < 0) return 'corrupted';
  return bytes.subarray(end + 1).equals(digest(model, bytes.subarray(0, end).toString())) ? 'good' : 'corrupted';
}
