// Models of the Gemini API and what sets them apart on the wire.
// signs: gives and demands thought signatures (Gemini 3 on); level: takes thinkingLevel, not thinkingBudget.
const three = { context: 1048576, max_output: 65536, reasons: true, tools: true, signs: true, level: true, json_with_tools: true };
const two = { context: 1048576, max_output: 65536, reasons: true, tools: true };
const gemma = { context: 32768, max_output: 32768, reasons: true, tools: false, plain: true };

export const models = {
  'gemini-3.5-flash': three,
  'gemini-3-flash-preview': { ...three, call_ids: true },
  'gemini-3.1-flash-lite-preview': { ...three, call_ids: true },
  'gemini-3.1-flash-lite': three,
  'gemini-3.1-pro-preview': { ...three, levels: ['low', 'high'] },
  'gemini-2.5-pro': { ...two, least_budget: 128 },
  'gemini-2.5-flash': two,
  'gemini-2.5-flash-lite': two,
  'gemma-4-31b-it': gemma,
  'gemma-4-26b-a4b-it': gemma,
};
