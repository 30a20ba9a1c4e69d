// Error bodies as Google's API gateway writes them.
import { hint_headers, hint_of } from '../../lib/retry_after.mjs';

const type = (name) => `type.googleapis.com/google.rpc.${name}`;
const help = { '@type': type('Help'), links: [{ description: 'Learn more about Gemini API quotas', url: 'https://ai.google.dev/gemini-api/docs/rate-limits' }] };

function failure(code, status, message, details, headers = {}) {
  return { status: code, headers: { 'content-type': 'application/json; charset=UTF-8', ...headers },
    body: { error: { code, message, status, ...(details ? { details } : {}) } } };
}
const reason = (name) => ({ '@type': type('ErrorInfo'), reason: name, domain: 'googleapis.com', metadata: { service: 'generativelanguage.googleapis.com' } });

const metrics = { requests: 'generate_content_free_tier_requests', tokens: 'generate_content_free_tier_input_token_count' };
const quota_ids = {
  'requests minute': 'GenerateRequestsPerMinutePerProjectPerModel-FreeTier', 'requests day': 'GenerateRequestsPerDayPerProjectPerModel-FreeTier',
  'tokens minute': 'GenerateContentInputTokensPerModelPerMinute-FreeTier', 'tokens day': 'GenerateContentInputTokensPerModelPerDay-FreeTier',
};
const server_words = {
  503: ['UNAVAILABLE', 'The model is overloaded. Please try again later.'], 504: ['DEADLINE_EXCEEDED', 'The request timed out. Please try again.'],
  500: ['INTERNAL', 'An internal error has occurred. Please retry or report in https://developers.generativeai.google/guide/troubleshooting'],
};

export const errors = {
  auth: ({ expired }) => {
    const message = expired ? 'API key expired. Please renew the API key.' : 'API key not valid. Please pass a valid API key.';
    return failure(400, 'INVALID_ARGUMENT', message, [reason('API_KEY_INVALID'), { '@type': type('LocalizedMessage'), locale: 'en-US', message }]);
  },
  no_key: () => failure(403, 'PERMISSION_DENIED', "Method doesn't allow unregistered callers (callers without established identity). Please use API Key or other form of API consumer identity to call this API."),
  bad_credential: () => failure(401, 'UNAUTHENTICATED', 'Request had invalid authentication credentials. Expected OAuth 2 access token, login cookie or other valid authentication credential.', [reason('ACCESS_TOKEN_TYPE_UNSUPPORTED')]),
  payment: () => failure(402, 'RESOURCE_EXHAUSTED', 'The prepaid credit of your billing account is used up.'),
  forbidden: ({ reason: why = 'SERVICE_DISABLED' }) => failure(403, 'PERMISSION_DENIED', why === 'CONSUMER_SUSPENDED' ? "Permission denied: Consumer 'projects/0' has been suspended."
    : 'Generative Language API has not been used in this project before or it is disabled.', [reason(why)]),
  not_found: (p, ctx) => failure(404, 'NOT_FOUND', p.new_users ? `This model models/${ctx.model} is no longer available to new users. Please update your code to use a newer model for the latest features and improvements.`
    : `models/${p.model ?? ctx.model} is not found for API version v1beta, or is not supported for generateContent. Call ListModels to see the list of available models and their supported methods.`),
  gone: (p, ctx) => errors.not_found(p, ctx),
  too_large: () => failure(413, 'INVALID_ARGUMENT', 'Request payload size exceeds the limit: 20971520 bytes.'),
  context_too_long: ({ limit = 1048576, requested = 1200000 }) => failure(400, 'INVALID_ARGUMENT', `The input token count (${requested}) exceeds the maximum number of tokens allowed (${limit}).`),
  // Google blocks a prompt with a good status.
  content_filter: (p, ctx) => ({ status: 200, headers: { 'content-type': 'application/json; charset=UTF-8' },
    body: { promptFeedback: { blockReason: p.reason ?? 'PROHIBITED_CONTENT' }, usageMetadata: { promptTokenCount: 9, totalTokenCount: 9 }, modelVersion: ctx.model } }),
  bad_request: ({ message = 'Request contains an invalid argument.', fields = [], location, failed_precondition }) => (location || failed_precondition
    ? failure(400, 'FAILED_PRECONDITION', 'User location is not supported for the API use.')
    : failure(400, 'INVALID_ARGUMENT', message, fields.length > 0 ? [{ '@type': type('BadRequest'), fieldViolations: fields.map((f) => ({ ...(f.field ? { field: f.field } : {}), description: f.message })) }] : undefined)),
  rate_limit(p, ctx) {
    const hint = hint_of(p, ctx.clock, ['body', 'prose']);
    if (p.bare) return failure(429, 'RESOURCE_EXHAUSTED', 'Resource has been exhausted (e.g. check quota).', undefined, hint_headers(hint));
    const axis = hint.axis === 'tokens' ? 'tokens' : 'requests';
    const limit = p.limit ?? (axis === 'tokens' ? 250000 : hint.window === 'day' ? 20 : 5);
    const metric = `generativelanguage.googleapis.com/${metrics[axis]}`;
    const wait = hint.says('prose') ? `\nPlease retry in ${hint.seconds}s.` : '';
    const quota_id = quota_ids[`${axis} ${hint.window === 'day' || hint.window === 'month' ? 'day' : 'minute'}`];
    const details = [help, { '@type': type('QuotaFailure'), violations: [{ quotaMetric: metric, quotaId: quota_id, quotaDimensions: { location: 'global', model: ctx.model }, quotaValue: String(limit) }] },
      ...(hint.says('body') ? [{ '@type': type('RetryInfo'), retryDelay: `${hint.seconds}s` }] : [])];
    return failure(429, 'RESOURCE_EXHAUSTED', `You exceeded your current quota, please check your plan and billing details. For more information on this error, head to: https://ai.google.dev/gemini-api/docs/rate-limits.\n* Quota exceeded for metric: ${metric}, limit: ${limit}, model: ${ctx.model}${wait}`,
      details, hint_headers(hint));
  },
  server_error: ({ status }) => failure(status, ...(server_words[status] ?? server_words[500])),
};
