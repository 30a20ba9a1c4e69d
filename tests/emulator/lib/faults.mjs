// The replacing faults: the whole answer is something else.
import { gzipSync } from 'node:zlib';

const provider_errors = ['auth', 'payment', 'forbidden', 'not_found', 'gone', 'too_large', 'context_too_long', 'content_filter',
  'rate_limit', 'bad_request'];

const html = (title, text) => `<!DOCTYPE html><html><head><title>${title}</title></head><body><center><h1>${title}</h1></center>${text}</body></html>\n`;
const html_headers = { 'content-type': 'text/html; charset=UTF-8', server: 'cloudflare' };

// An answer in the provider's own words for a named error.
export function named_error(ctx, name, params = {}) {
  if (name === 'server_error') {
    if (params.status === 'html') return { status: params.code ?? 502, headers: html_headers, body: html('502 Bad Gateway', '<hr>cloudflare') };
    return ctx.def.errors.server_error({ ...params, status: Number(params.status ?? 500) }, ctx);
  }
  // Access denied by the edge, not by the provider.
  if (params.html) return { status: params.status ?? 403, headers: html_headers, body: html('Access denied', 'Error code 1010') };
  return ctx.def.errors[name](params, ctx);
}

// Applies the replacing action of a rule. Answers false when the rule has none.
export async function replace_answer(wire, ctx, action) {
  if (action.delay !== undefined && !(await wire.sleep(action.delay.ms ?? action.delay))) return true;
  const named = [...provider_errors, 'server_error'].find((name) => action[name]);
  if (named) {
    const made = named_error(ctx, named, action[named]);
    wire.reply({ ...made, headers: { ...made.headers, ...action.headers }, body: action.body ?? made.body });
    return true;
  }
  const special = Object.keys(special_answers).find((name) => action[name]);
  if (special) {
    await special_answers[special](wire, ctx, typeof action[special] === 'object' ? action[special] : {}, action);
    return true;
  }
  return false;
}

const special_answers = {
  status(wire, ctx, params, action) {
    wire.reply({ status: action.status, headers: action.headers, body: action.body ?? '' });
  },
  refuse(wire) {
    wire.close('refuse');
  },
  reset_before_headers(wire) {
    wire.reset('reset_before_headers');
  },
  async silence(wire, ctx, { ms }) {
    if (ms === undefined) await wire.closed;
    else await wire.sleep(ms);
    if (!wire.gone) wire.close('silence');
  },
  error_in_200(wire, ctx, { kind = 'server_error', ...params }) {
    const made = named_error(ctx, kind, kind === 'server_error' ? { status: 503, ...params } : params);
    wire.reply({ status: 200, headers: { 'content-type': ctx.def.json_type }, body: made.body });
  },
  html_200(wire) {
    wire.reply({ status: 200, headers: html_headers, body: html('Welcome', 'This is not an API.') });
  },
  async oversize_body(wire, ctx, { bytes = 64 * 1024 * 1024 }) {
    wire.head(200, { 'content-type': ctx.def.json_type });
    const whole = ctx.def.whole_body_text(ctx.def.text_body(ctx, '\u0001'));
    const [before, after] = whole.split(JSON.stringify('\u0001').slice(1, -1));
    const piece = 'x'.repeat(64 * 1024);
    if (!(await wire.write(before))) return;
    for (let left = bytes; left > 0; left -= piece.length) {
      if (!(await wire.write(left < piece.length ? piece.slice(0, left) : piece))) return;
      await wire.breathe();
    }
    await wire.write(after);
    wire.end();
  },
  async header_bomb(wire, ctx, { count = 2000, bytes = 1000 }) {
    wire.entry.status = 200;
    await wire.raw('HTTP/1.1 200 OK\r\ncontent-type: application/json\r\n');
    for (let i = 0; i < count; i += 1)
      if (!(await wire.raw(`x-bomb-${i}: ${'b'.repeat(bytes)}\r\n`))) return;
    await wire.raw('content-length: 2\r\n\r\n{}');
    wire.close('header_bomb');
  },
  // Members of a gzip file may follow one another: eight KiB on the wire for eight MiB of text.
  async gzip_bomb(wire, ctx, { bytes = 1024 * 1024 * 1024 }) {
    const unit = 8 * 1024 * 1024;
    const member = gzipSync(Buffer.alloc(unit, ' '));
    wire.head(200, { 'content-type': ctx.def.json_type, 'content-encoding': 'gzip' });
    for (let left = bytes; left > 0; left -= unit) {
      if (!(await wire.write(member))) return;
      await wire.breathe();
    }
    wire.end();
  },
  redirect(wire, ctx, { status = 307, location }) {
    wire.reply({ status, headers: { location: location ?? `${ctx.origin}/box/redirected/v1/chat/completions`, 'content-type': 'text/plain' }, body: '' });
  },
  async wrong_length(wire, ctx, { extra = 100 }) {
    const body = ctx.def.whole_body_text(ctx.def.text_body(ctx, 'shorter than said'));
    wire.head(200, { 'content-type': ctx.def.json_type, 'content-length': String(Buffer.byteLength(body) + extra) });
    await wire.write(body);
    await wire.breathe();
    wire.close('wrong_length');
  },
  async http_09(wire, ctx, { text = '<html>this is not a status line</html>\r\n' }) {
    await wire.raw(text);
    wire.close('http_09');
  },
  retry_after_absurd(wire, ctx, { value = '1e999' }) {
    const made = ctx.def.errors.rate_limit({ retry_after: '7' }, ctx);
    wire.reply({ ...made, headers: { ...made.headers, 'retry-after': String(value) } });
  },
};
