// Carries a good answer to the client, whole or streamed, bent by the shaping part of a rule.
// A frame is {kind, data}: kind is role, content, finish, usage, done or comment; data an object or text.
// Cuts count content frames and come at the latest before the first frame that carries a finish.
import * as damage from './damage.mjs';

const at_chunk = ['cut', 'cut_legal', 'stall', 'malformed_chunk', 'bad_chunk_header', 'error_in_stream', 'endless_stream', 'endless_line'];

export async function deliver_whole(wire, ctx, body, action) {
  if (action.slow_first_token && !(await wire.pause(ctx.emulator.gates, action.slow_first_token, 1000))) return;
  if (action.informational_flood && !(await damage.informational_flood(wire, action.informational_flood))) return;
  const shaped = action.usage_absurd ? damage.absurd_usage(body, action.usage_absurd) : body;
  const text = ctx.def.whole_body_text(shaped);
  const broken = at_chunk.find((name) => action[name]);
  if (broken) return damage.break_whole(wire, ctx, text, broken, action[broken]);
  if (action.slow && !(await wire.sleep(action.slow.ms ?? 100))) return;
  wire.reply({ status: 200, headers: { ...ctx.def.ok_headers(ctx), 'content-type': ctx.def.json_type, ...action.headers }, body: text });
}

function serialise(ctx, frame, action) {
  const eol = action.crlf ? '\r\n' : ctx.def.eol;
  if (frame.raw !== undefined) return frame.raw;
  if (frame.kind === 'comment') return `: ${frame.data}${eol}${eol}`;
  const text = typeof frame.data === 'string' ? frame.data : ctx.def.frame_text(frame.data);
  return `data:${action.no_space ? '' : ' '}${text}${eol}${eol}`;
}

async function send(wire, text, action) {
  const left = action.cut_at ? action.cut_at.bytes - wire.entry.bytes_sent : Infinity;
  if (Buffer.byteLength(text) > left) return damage.cut_at(wire, Buffer.from(text).subarray(0, Math.max(left, 0)), action.cut_at);
  if (!action.byte_by_byte) return wire.write(text);
  for (const byte of Buffer.from(text)) {
    if (!(await wire.write(Buffer.from([byte])))) return false;
    await wire.breathe();
  }
  return true;
}

function rearranged(frames, action) {
  let list = frames;
  if (action.usage_absurd) list = list.map((f) => (typeof f.data === 'object' ? { ...f, data: damage.absurd_usage(f.data, action.usage_absurd) } : f));
  if (action.missing_done) list = list.filter((f) => f.kind !== 'done');
  if (action.two_finish_reasons) list = damage.two_finish_reasons(list);
  if (action.data_after_done) list = [...list, ...list.filter((f) => f.kind === 'content').slice(0, 1).map((f) => ({ ...f, kind: 'extra' }))];
  return list;
}

export async function deliver_stream(wire, ctx, frames, action) {
  const first = action.slow_first_token;
  const headers_first = first?.headers_first ?? ctx.def.headers_before_first_token;
  if (first && !headers_first && !(await wire.pause(ctx.emulator.gates, first, 1000))) return;
  if (action.informational_flood && !(await damage.informational_flood(wire, action.informational_flood))) return;
  wire.state.streams_open += 1;
  try {
    wire.head(200, { ...ctx.def.ok_headers(ctx), 'content-type': ctx.def.stream_type, 'cache-control': 'no-cache', ...action.headers });
    if (first && headers_first && !(await wire.pause(ctx.emulator.gates, first, 1000))) return;
    await run_frames(wire, ctx, rearranged(frames, action), action);
  } finally {
    wire.state.streams_open -= 1;
  }
}

async function run_frames(wire, ctx, frames, action) {
  if (action.comment_flood && !(await damage.comment_flood(wire, action.comment_flood))) return;
  const fault = at_chunk.find((name) => action[name]);
  const after = fault ? (action[fault].after_chunks ?? 1) : Infinity;
  let struck = false;
  let sent = 0;
  for (const frame of frames) {
    const due = sent >= after && frame.kind !== 'role';
    if (!struck && (due || (fault && (frame.kind === 'finish' || frame.kind === 'done')))) {
      struck = true;
      if (!(await damage.strike_with(fault, wire, ctx, action[fault], frame))) return;
    }
    if (frame.kind === 'content' && action.slow && !(await wire.sleep(action.slow.ms ?? 100))) return;
    if (frame.kind === 'content' && action.text?.ms && !(await wire.sleep(action.text.ms))) return;
    if (frame.kind === 'done') wire.release();
    if (!(await send(wire, serialise(ctx, frame, action), action))) return;
    if (frame.kind === 'content') {
      sent += 1;
      wire.entry.chunks_sent = sent;
    }
    // One frame, one chunk, one segment where the kernel allows it; long streams are let run.
    if (sent < 64) await wire.breathe();
  }
  if (fault && !struck && !(await damage.strike_with(fault, wire, ctx, action[fault], {}))) return;
  wire.end();
}
