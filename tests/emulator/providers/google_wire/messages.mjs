// The messages of generateContent that the emulator knows.
import { enumeration, map_of, repeated } from './proto.mjs';

const category = enumeration('HarmCategory', ['HARM_CATEGORY_HARASSMENT', 'HARM_CATEGORY_HATE_SPEECH', 'HARM_CATEGORY_SEXUALLY_EXPLICIT', 'HARM_CATEGORY_DANGEROUS_CONTENT', 'HARM_CATEGORY_CIVIC_INTEGRITY']);
const threshold = enumeration('SafetySetting.HarmBlockThreshold', ['BLOCK_LOW_AND_ABOVE', 'BLOCK_MEDIUM_AND_ABOVE', 'BLOCK_ONLY_HIGH', 'BLOCK_NONE', 'OFF']);

export const messages = {
  GenerateContentRequest: { contents: repeated('Content'), systemInstruction: 'Content', tools: repeated('Tool'), toolConfig: 'ToolConfig', safetySettings: repeated('SafetySetting'),
    generationConfig: 'GenerationConfig', cachedContent: 'string', serviceTier: 'string' },
  Content: { role: 'string', parts: repeated('Part') },
  Part: { text: 'string', thought: 'bool', thoughtSignature: 'bytes', inlineData: 'Blob', fileData: 'FileData', functionCall: 'FunctionCall', functionResponse: 'FunctionResponse',
    executableCode: 'struct', codeExecutionResult: 'struct', videoMetadata: 'struct' },
  Blob: { mimeType: 'string', data: 'bytes' },
  FileData: { mimeType: 'string', fileUri: 'string' },
  FunctionCall: { id: 'string', name: 'string', args: 'struct' },
  FunctionResponse: { id: 'string', name: 'string', response: 'struct', willContinue: 'bool', scheduling: 'string' },
  Tool: { functionDeclarations: repeated('FunctionDeclaration'), googleSearch: 'struct', googleSearchRetrieval: 'struct', codeExecution: 'struct', urlContext: 'struct' },
  FunctionDeclaration: { name: 'string', description: 'string', parameters: 'Schema', parametersJsonSchema: 'any', response: 'Schema', responseJsonSchema: 'any', behavior: 'string' },
  Schema: { type: enumeration('Type', ['STRING', 'NUMBER', 'INTEGER', 'BOOLEAN', 'ARRAY', 'OBJECT', 'NULL']), format: 'string', title: 'string', description: 'string', nullable: 'bool',
    default: 'any', example: 'any', enum: repeated('string'), items: 'Schema', minItems: 'int64', maxItems: 'int64', properties: map_of('Schema'), required: repeated('string'),
    minProperties: 'int64', maxProperties: 'int64', minimum: 'float', maximum: 'float', minLength: 'int64', maxLength: 'int64', pattern: 'string', anyOf: repeated('Schema'), propertyOrdering: repeated('string') },
  ToolConfig: { functionCallingConfig: 'FunctionCallingConfig', retrievalConfig: 'struct' },
  FunctionCallingConfig: { mode: enumeration('FunctionCallingConfig.Mode', ['AUTO', 'ANY', 'NONE', 'VALIDATED']), allowedFunctionNames: repeated('string') },
  SafetySetting: { category, threshold },
  GenerationConfig: { stopSequences: repeated('string'), responseMimeType: 'string', responseSchema: 'Schema', responseJsonSchema: 'any', responseModalities: repeated('string'), candidateCount: 'int32',
    maxOutputTokens: 'int32', temperature: 'float', topP: 'float', topK: 'int32', seed: 'int32', presencePenalty: 'float', frequencyPenalty: 'float', responseLogprobs: 'bool', logprobs: 'int32',
    enableEnhancedCivicAnswers: 'bool', speechConfig: 'struct', thinkingConfig: 'ThinkingConfig', mediaResolution: 'string' },
  ThinkingConfig: { includeThoughts: 'bool', thinkingBudget: 'int32', thinkingLevel: enumeration('ThinkingConfig.ThinkingLevel', ['MINIMAL', 'LOW', 'MEDIUM', 'HIGH']) },
};
