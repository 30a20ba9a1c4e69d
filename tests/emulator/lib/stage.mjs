// One exchange from head to end: read, look, ask the provider, apply a rule, answer.
import { body_text, fold_headers, look_at_head, read_body } from './intake.mjs';
import { parse_strict } from './strict_json.mjs';
import { build_answer } from './answer.mjs';
import { deliver_stream, deliver_whole } from './delivery.mjs';
import { named_error, replace_answer } from './faults.mjs';
import { Wire } from './wire.mjs';

// /groq/openai/v1/models -> the provider of that mount, its name and the path below the mount.
function find_provider(providers, path) {
  const [, first, second] = path.split('/');
  if (first === 'box' && second) return { def: providers.get('custom'), name: second, below: path.slice(`/box/${second}`.length) };
  const def = providers.get(first);
  return def && second !== undefined ? { def, name: first, below: path.slice(first.length + 1) } : null;
}

export async function play(emulator, req, res) {
  const entry = emulator.journal.open({ method: req.method, path: req.url, connection: req.socket.emulator_id ?? null, tls: req.socket.encrypted === true });
  const wire = new Wire(req, res, entry, emulator.state);
  try {
    await exchange(emulator, req, wire, entry);
  } catch (error) {
    // A mistake in a script (or here) must be seen by the test, not hang it.
    entry.ended = 'emulator_error';
    entry.violations.push({ rule: 'emulator', message: error.stack, refused: true });
    if (!res.headersSent) wire.reply({ status: 599, headers: { 'content-type': 'text/plain' }, body: `emulator: ${error.message}\n` });
    else req.socket.destroy();
  }
}

async function exchange(emulator, req, wire, entry) {
  const { headers, repeated } = fold_headers(req.rawHeaders);
  const [path, search = ''] = req.url.split('?', 2);
  entry.headers = headers;
  const found = find_provider(emulator.providers, path);
  entry.provider = found?.name ?? null;
  entry.violations = look_at_head(req, headers, repeated);

  emulator.state.requests_open += 1;
  wire.closed.then(() => { emulator.state.requests_open -= 1; });
  const body = await read_body(req);
  const { text, fault: utf8_fault } = body_text(body.bytes);
  emulator.journal.set_body(entry, text, body.size);
  if (!body.whole) return wire.ended_by('client_closed_in_body');

  if (entry.violations.some((v) => v.refused))
    return wire.reply({ status: 400, headers: { 'content-type': 'text/plain', connection: 'close' }, body: 'Bad Request\n' });
  if (!found) return wire.reply({ status: 404, headers: { 'content-type': 'text/plain' }, body: '404 page not found\n' });

  const ctx = { emulator, def: found.def, provider: found.name, method: req.method, path: found.below, full_path: path,
    query: new URLSearchParams(search), headers, text, bytes: body.size, json: undefined, key: null, model: null, stream: false,
    is_chat: false, seq: entry.seq, entry, clock: emulator.clock, origin: emulator.origin, quota: emulator.quota, tokens: 0,
    soft: (rule, message) => entry.violations.push({ rule, message, refused: false }) };
  emulator.state.by_provider[found.name] = (emulator.state.by_provider[found.name] ?? 0) + 1;

  const refusal = judge(ctx, utf8_fault, body.too_long);
  Object.assign(entry, { model: ctx.model, key: ctx.key, stream: ctx.stream });
  if (refusal?.rule) entry.violations.push({ rule: refusal.rule, message: refusal.message, refused: true });
  const rule = emulator.rules.pick(ctx, refusal === null && ctx.is_chat);
  if (rule) entry.rule = rule.label;
  await answer(wire, ctx, refusal, rule?.action ?? {});
}

// What the real provider would refuse: {reply, rule, message}; null when it would serve.
function judge(ctx, utf8_fault, too_long) {
  const { def } = ctx;
  const route = def.route(ctx);
  ctx.is_chat = route.chat === true;
  let json_fault = utf8_fault;
  if (ctx.is_chat && !json_fault) {
    try {
      ctx.json = parse_strict(ctx.text);
      def.read_request(ctx);
    } catch (fault) {
      json_fault = fault;
    }
  }
  const refused_key = route.public ? null : def.authenticate(ctx);
  if (route.refusal) return { reply: route.refusal, rule: 'path', message: `${ctx.method} ${ctx.full_path}` };
  if (refused_key) return { reply: refused_key, rule: 'auth', message: 'key missing, misplaced or of the wrong shape' };
  if (!ctx.is_chat) return route.reply ? { reply: route.reply } : null;
  if (too_long) return { reply: def.errors.too_large({}, ctx), rule: 'body_size', message: `${ctx.bytes} bytes` };
  if (!/^application\/json(\s*;\s*charset=utf-8)?$/i.test(ctx.headers['content-type'] ?? ''))
    return { reply: def.bad_content_type(ctx), rule: 'content_type', message: `Content-Type: ${ctx.headers['content-type']}` };
  if (json_fault) return { reply: def.bad_json(json_fault, ctx), rule: 'json', message: `${json_fault.message} at byte ${json_fault.offset ?? '?'}` };
  return def.validate(ctx);
}

async function answer(wire, ctx, refusal, action) {
  const { def } = ctx;
  if (await replace_answer(wire, ctx, action)) return;
  if (refusal) return wire.reply(refusal.reply);

  const conversation = def.conversation(ctx);
  if (action.refuse_straight && conversation.going_on?.how === 'straight')
    return wire.reply(named_error(ctx, 'bad_request', { message: 'This model does not support assistant message prefill. The conversation must end with a user message.' }));
  const reply = build_answer(ctx, conversation, action);
  ctx.tokens = reply.usage.prompt + reply.usage.completion;
  const admission = ctx.quota.admit(ctx, ctx.tokens);
  if (!admission.admitted) {
    ctx.entry.overrun = admission.overrun;
    return wire.reply(named_error(ctx, 'rate_limit', admission.params));
  }
  ctx.entry.admitted = { at: ctx.clock.now(), tokens: ctx.tokens };
  wire.release = admission.release;
  if (ctx.stream && !action.json_on_stream) return deliver_stream(wire, ctx, def.frames(ctx, reply), action);
  return deliver_whole(wire, ctx, def.body(ctx, reply), action);
}
