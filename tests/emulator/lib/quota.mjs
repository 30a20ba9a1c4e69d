// Two things a provider counts: the limits a test has set (enforced, overruns reported) and the
// running counters its rate-limit headers show (never enforced).

const max_buckets = 2000;

// A Map that forgets its oldest entry when full.
class Bounded extends Map {
  obtain(key, make) {
    let value = this.get(key);
    if (value === undefined) {
      value = make();
      this.set(key, value);
      if (this.size > max_buckets) this.delete(this.keys().next().value);
    }
    return value;
  }
}

const limit_members = ['provider', 'model', 'key', 'requests', 'tokens', 'concurrency', 'per_ms', 'shared', 'fixed', 'offset_ms', 'refill'];

export class Quota {
  constructor(clock) {
    this.clock = clock;
    this.limits = [];
    this.reset();
  }

  reset() {
    this.buckets = new Bounded();
    this.shown = new Bounded();
    this.overruns = 0;
  }

  set_limits(list) {
    for (const limit of list) {
      for (const name of Object.keys(limit)) if (!limit_members.includes(name)) throw new Error(`unknown member "${name}" in a limit`);
      if (!limit.provider) throw new Error('a limit needs a provider');
      if (['requests', 'tokens', 'concurrency'].every((n) => limit[n] === undefined)) throw new Error('a limit needs requests, tokens or concurrency');
      if ((limit.requests !== undefined || limit.tokens !== undefined) && !(limit.per_ms > 0)) throw new Error('a limit needs per_ms');
      if (limit.fixed && limit.refill) throw new Error('a limit is fixed or refills, not both');
      if (limit.offset_ms !== undefined && !limit.fixed) throw new Error('offset_ms is for fixed limits');
      if (limit.refill && limit.requests !== undefined && limit.tokens !== undefined) throw new Error('a bucket holds requests or tokens; give two limits');
    }
    this.limits = list;
    this.buckets = new Bounded();
  }

  #bucket(limit, index, ctx) {
    const name = JSON.stringify([index, limit.shared ? null : ctx.key]);
    return this.buckets.obtain(name, () => ({ spent: [], running: 0, missing: 0, filled_at: this.clock.now() }));
  }

  // What a bucket lacks of being full; it fills all the time, a whole limit in per_ms.
  #level(limit, bucket, now) {
    const size = limit.requests ?? limit.tokens;
    bucket.missing = Math.max(0, bucket.missing - ((now - bucket.filled_at) * size) / limit.per_ms);
    bucket.filled_at = now;
    const one = limit.per_ms / size;
    return { requests: bucket.missing, tokens: bucket.missing, frees: one };
  }

  // What is still inside the window: rolling, or the fixed window that the clock is in.
  #window(limit, bucket, now) {
    if (limit.refill) return this.#level(limit, bucket, now);
    const offset = limit.offset_ms ?? 0;
    const start = limit.fixed ? Math.floor((now - offset) / limit.per_ms) * limit.per_ms + offset : now - limit.per_ms;
    let stale = 0;
    while (stale < bucket.spent.length && (limit.fixed ? bucket.spent[stale].at < start : bucket.spent[stale].at <= start)) stale += 1;
    if (stale > 0) bucket.spent.splice(0, stale);
    const frees = bucket.spent.length === 0 ? 0 : (limit.fixed ? start : bucket.spent[0].at) + limit.per_ms - now;
    return { requests: bucket.spent.length, tokens: bucket.spent.reduce((sum, s) => sum + s.tokens, 0), frees };
  }

  // Takes what the request costs, or says which limit it would overrun. Refused requests cost nothing.
  admit(ctx, tokens) {
    const now = this.clock.now();
    const fitting = [...this.limits.entries()].filter(([, l]) => l.provider === ctx.provider
      && (l.model === undefined || l.model === ctx.model) && (l.key === undefined || l.key === ctx.key));
    for (const [index, limit] of fitting) {
      const bucket = this.#bucket(limit, index, ctx);
      if (limit.concurrency !== undefined && bucket.running + 1 > limit.concurrency)
        return this.#overrun(limit, index, 'concurrency', bucket.running, 1000);
      if (limit.per_ms === undefined) continue;
      const used = this.#window(limit, bucket, now);
      if (limit.requests !== undefined && used.requests + 1 > limit.requests) return this.#overrun(limit, index, 'requests', used.requests, used.frees);
      if (limit.tokens !== undefined && used.tokens + tokens > limit.tokens) return this.#overrun(limit, index, 'tokens', used.tokens, used.frees, tokens);
    }
    const taken = fitting.map(([index, limit]) => {
      const bucket = this.#bucket(limit, index, ctx);
      if (limit.refill) bucket.missing += limit.requests === undefined ? tokens : 1;
      else if (limit.per_ms !== undefined) bucket.spent.push({ at: now, tokens });
      bucket.running += 1;
      return bucket;
    });
    return { admitted: true, release: () => taken.splice(0).forEach((b) => { b.running -= 1; }) };
  }

  #overrun(limit, index, axis, used, frees, requested = 1) {
    this.overruns += 1;
    const window = !limit.per_ms ? 'minute' : limit.per_ms <= 1000 ? 'second' : limit.per_ms <= 60000 ? 'minute'
      : limit.per_ms <= 3600000 ? 'hour' : limit.per_ms <= 86400000 ? 'day' : 'month';
    return { admitted: false, overrun: { limit: index, axis, window, used, requested, allowed: limit[axis] },
      params: { axis, window, used, requested, limit: limit[axis], retry_after: String(Math.max(0.001, frees / 1000)) } };
  }

  // The limit that the headers should name: the one a test has set for this window, else the usual one.
  advertised(ctx, axis, span_ms, usual) {
    const set = this.limits.find((l) => l.provider === ctx.provider && l.per_ms === span_ms && l[axis] !== undefined && (l.model ?? ctx.model) === ctx.model);
    return set ? set[axis] : usual;
  }

  // Counts for the headers: {minute, hour, day, month} each {requests, tokens, resets (seconds)}.
  show(ctx, tokens) {
    const now = this.clock.now();
    const counts = this.shown.obtain(JSON.stringify([ctx.provider, ctx.key, ctx.model]), () => ({}));
    const spans = { minute: 60000, hour: 3600000, day: 86400000, month: 30 * 86400000 };
    const shown = {};
    for (const [name, span] of Object.entries(spans)) {
      const start = Math.floor(now / span) * span;
      if (counts[name]?.start !== start) counts[name] = { start, requests: 0, tokens: 0 };
      counts[name].requests += 1;
      counts[name].tokens += tokens;
      shown[name] = { requests: counts[name].requests, tokens: counts[name].tokens, resets: (start + span - now) / 1000 };
    }
    return shown;
  }
}
