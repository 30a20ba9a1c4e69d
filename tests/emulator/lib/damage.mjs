// The shaping faults: what goes wrong inside an answer that began well.

const filler = 'x'.repeat(64 * 1024);
const hard_limit = 4 * 1024 * 1024 * 1024;

const absurd = { negative: -7, huge: 1e308, string: 'many', fraction: 0.5, missing: undefined };

function swap_numbers(node, value) {
  if (typeof node === 'number') return value;
  if (typeof node !== 'object' || node === null) return node;
  if (Array.isArray(node)) return node.map((x) => swap_numbers(x, value));
  return Object.fromEntries(Object.entries(node).map(([k, v]) => [k, swap_numbers(v, value)]));
}

// Every figure in every usage member becomes what params.value names (negative, huge, string, fraction, missing).
export function absurd_usage(body, params) {
  const value = Object.hasOwn(absurd, params.value ?? '') ? absurd[params.value] : (params.value ?? absurd.negative);
  const walk = (node) => {
    if (typeof node !== 'object' || node === null) return node;
    if (Array.isArray(node)) return node.map(walk);
    return Object.fromEntries(Object.entries(node).map(([k, v]) => [k, k === 'usage' || k === 'usageMetadata' ? swap_numbers(v, value) : walk(v)]));
  };
  return walk(body);
}

export function two_finish_reasons(frames) {
  const at = frames.findIndex((f) => f.kind === 'finish');
  if (at < 0) return frames;
  const text = JSON.stringify(frames[at].data)
    .replace(/"finish_reason":"[a-z_]+"/, '"finish_reason":"length"')
    .replace(/"finishReason":"[A-Z_]+"/, '"finishReason":"MAX_TOKENS"');
  return [...frames.slice(0, at + 1), { kind: 'extra', data: JSON.parse(text) }, ...frames.slice(at + 1)];
}

export async function comment_flood(wire, { count = 10000, ms = 0 }) {
  for (let i = 0; ms > 0 && i < count; ++i)
    if (!(await wire.write(': keep-alive\n\n')) || !(await wire.sleep(ms))) return false;
  if (ms > 0) return true;
  for (let i = 0; i < count; i += 100)
    if (!(await wire.write(': keep-alive\n\n'.repeat(Math.min(100, count - i))))) return false;
  return true;
}

export async function informational_flood(wire, { count = 10000, status = '103 Early Hints' }) {
  for (let i = 0; i < count; i += 100)
    if (!(await wire.raw(`HTTP/1.1 ${status}\r\n\r\n`.repeat(Math.min(100, count - i))))) return false;
  return true;
}

async function endless(wire, first, piece, { bytes = hard_limit, ms = 0 }) {
  let left = bytes;
  if (!(await wire.write(first))) return false;
  while (left > 0) {
    if (ms > 0 && !(await wire.sleep(ms))) return false;
    if (!(await wire.write(piece))) return false;
    left -= piece.length;
    await wire.breathe();
  }
  return true;
}

// Each answers true when the stream may go on afterwards.
const strike = {
  async cut(wire, ctx, { how = 'rst' }) {
    await settle(wire);
    if (how === 'fin') wire.close('cut');
    else wire.reset('cut');
    return false;
  },
  async cut_legal(wire) {
    wire.ended_by('cut_legal');
    wire.end();
    return false;
  },
  async stall(wire, ctx, { ms, gate }) {
    if (gate !== undefined) return true;  // that was the stall
    if (ms === undefined) {
      await wire.closed;
      return false;
    }
    return wire.sleep(ms);
  },
  async malformed_chunk(wire, ctx, { text = '{"id":"broken","choices":[{"index":0,"delta":{"content":"x"' }) {
    return wire.write(`data: ${text}${ctx.def.eol}${ctx.def.eol}`);
  },
  async bad_chunk_header(wire, ctx, { text = 'zz\r\nnot a chunk\r\n' }) {
    await settle(wire);
    await wire.raw(text);
    wire.close('bad_chunk_header');
    return false;
  },
  async error_in_stream(wire, ctx, { kind = 'server_error', ...params }) {
    await wire.write(ctx.def.stream_error(ctx, kind, params));
    wire.ended_by('error_in_stream');
    wire.end();
    return false;
  },
  async endless_stream(wire, ctx, params, frame) {
    const text = frame.kind === 'content' ? JSON.stringify(frame.data) : ctx.def.frame_text(ctx.def.text_frame(ctx, 'again '));
    return endless(wire, '', `data: ${text}${ctx.def.eol}${ctx.def.eol}`, params);
  },
  async endless_line(wire, ctx, params) {
    return endless(wire, 'data: {"id":"', filler, params);
  },
};

// `gate`: not before a test opens it, as when the client has what was sent before.
export async function strike_with(name, wire, ctx, params, frame) {
  if (params.gate !== undefined && !(await wire.pause(ctx.emulator.gates, params))) return false;
  return strike[name](wire, ctx, params, frame);
}

// The stream's bytes end there: torn down, closed, or with a legal end of the body.
export async function cut_at(wire, bytes, { how = 'fin' }) {
  if (bytes.length > 0 && !(await wire.write(bytes))) return false;
  if (how === 'stall') {
    await wire.closed;
    return false;
  }
  if (how !== 'legal') return strike.cut(wire, null, { how });
  wire.ended_by('cut_at');
  wire.end();
  return false;
}

// What was written before must leave before the socket is torn down.
async function settle(wire) {
  await wire.breathe();
  await wire.sleep(5);
}

// The same faults on an answer that is not streamed: after half of the body.
export async function break_whole(wire, ctx, text, name, params) {
  const headers = { ...ctx.def.ok_headers(ctx), 'content-type': ctx.def.json_type };
  if (name === 'error_in_stream' || name === 'malformed_chunk')
    return wire.reply({ status: 200, headers, body: text.slice(0, Math.floor(text.length / 2)) });
  const bytes = Buffer.from(text);
  const half = bytes.subarray(0, Math.floor(bytes.length / 2));
  const chunked = name === 'bad_chunk_header' || name === 'cut_legal' || name.startsWith('endless');
  wire.head(200, chunked ? headers : { ...headers, 'content-length': String(bytes.length) });
  if (!(await wire.write(half))) return;
  if (!(await strike_with(name, wire, ctx, params, {}))) return;
  if (!(await wire.write(bytes.subarray(half.length)))) return;
  wire.end();
}
