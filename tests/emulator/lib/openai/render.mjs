// An answer in OpenAI's shapes. The provider object (`def`) may replace any of the pieces it inherits.

export const rendering = {
  // Non-streamed.
  message(ctx, answer) {
    const message = { role: 'assistant', content: answer.calls.length > 0 && answer.pieces.length === 0 ? null : answer.pieces.join('') };
    if (answer.reasoning.length > 0) message[this.reasoning_field] = answer.reasoning.join('');
    if (answer.calls.length > 0) message.tool_calls = answer.calls.map((c) => ({ id: c.id, type: 'function', function: { name: c.name, arguments: c.args } }));
    return message;
  },
  usage(ctx, answer) {
    const { prompt, completion } = answer.usage;
    return { prompt_tokens: prompt, completion_tokens: completion, total_tokens: prompt + completion };
  },
  choice(ctx, index, message, finish) {
    return { index, message, logprobs: null, finish_reason: finish };
  },
  body(ctx, answer) {
    const choices = Array.from({ length: answer.choices }, (_, i) => this.choice(ctx, i, this.message(ctx, answer), answer.finish));
    return { id: this.completion_id(ctx), object: 'chat.completion', created: Math.floor(ctx.clock.now() / 1000), model: ctx.model,
      choices, usage: this.usage(ctx, answer), ...this.body_extra(ctx, answer) };
  },
  body_extra: () => ({}),
  text_body(ctx, text) {
    return this.body(ctx, { reasoning: [], pieces: [text], calls: [], finish: 'stop', choices: 1, usage: { prompt: 1, completion: 1, reasoning: 0 } });
  },

  // Streamed.
  stream_choice(ctx, index, delta, finish) {
    return { index, delta, logprobs: null, finish_reason: finish };
  },
  chunk(ctx, choices, extra = {}) {
    return { id: this.completion_id(ctx), object: 'chat.completion.chunk', created: Math.floor(ctx.clock.now() / 1000), model: ctx.model, choices, ...extra };
  },
  role_delta: () => ({ role: 'assistant', content: '' }),
  role_extra: () => ({}),
  reasoning_delta(text) { return { [this.reasoning_field]: text }; },
  text_delta: (text) => ({ content: text }),
  // The deltas of one tool call: name first, arguments in two pieces.
  call_deltas(call, index) {
    const half = Math.ceil(call.args.length / 2);
    return [
      { index, id: call.id, type: 'function', function: { name: call.name, arguments: '' } },
      { index, function: { arguments: call.args.slice(0, half) } },
      ...(half < call.args.length ? [{ index, function: { arguments: call.args.slice(half) } }] : []),
    ];
  },
  finish_delta: () => ({}),
  finish_extra: () => ({}),
  // Frames between the last finish and [DONE].
  tail: () => [],

  text_frame(ctx, text) {
    return this.chunk(ctx, [this.stream_choice(ctx, 0, this.text_delta(text), null)]);
  },
  frames(ctx, answer) {
    const frames = [];
    const add = (kind, index, delta, finish = null, extra = {}) =>
      frames.push({ kind, data: this.chunk(ctx, [this.stream_choice(ctx, index, delta, finish)], extra) });
    for (let index = 0; index < answer.choices; index += 1) {
      add('role', index, this.role_delta(ctx, answer), null, this.role_extra(ctx));
      answer.reasoning.forEach((text) => add('content', index, this.reasoning_delta(text, ctx)));
      answer.pieces.forEach((text) => add('content', index, this.text_delta(text)));
      const deltas = answer.calls.flatMap((call, i) => this.call_deltas(call, i, ctx));
      const together = this.finish_with_last_call && deltas.length > 0;
      (together ? deltas.slice(0, -1) : deltas).forEach((d) => add('content', index, this.call_delta(d)));
      add('finish', index, together ? this.call_delta(deltas[deltas.length - 1]) : this.finish_delta(ctx), answer.finish, this.finish_extra(ctx, answer));
    }
    frames.push(...this.tail(ctx, answer).map((data) => ({ kind: 'usage', data })), { kind: 'done', data: '[DONE]' });
    return frames;
  },
  call_delta: (delta) => ({ tool_calls: [delta] }),
  stream_error(ctx, kind, params) {
    return `data: ${JSON.stringify(this.error_of(ctx, kind, params).body)}${this.eol}${this.eol}`;
  },
};
