// What serve --demo shows: the first provider of the chain is out of quota, the second streams so
// slowly that one can watch it.
export const demo_rules = [
  { name: 'demo: google is out of quota', match: { provider: 'google' }, action: { rate_limit: { retry_after: '20', window: 'minute' } } },
  { name: 'demo: cerebras is slow', match: { provider: 'cerebras' }, action: { slow: { ms: 30 } } },
];
