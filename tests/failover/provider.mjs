// A provider of OpenAI's dialect that does exactly what a test says, byte for byte. Answers are asked for by path: /NAME/v1/….
import http from 'node:http';

const chunk = (choice, more = {}) => `data: ${JSON.stringify({ id: 'x', object: 'chat.completion.chunk', created: 1, model: 'm', choices: [{ index: 0, ...choice }], ...more })}\n\n`;

// What a play says in a stream.
export const say = {
  text: (content, more) => chunk({ delta: { content }, finish_reason: null }, more),
  finish: (reason = 'stop', more) => chunk({ delta: {}, finish_reason: reason }, more),
  usage: (input, output) => `data: ${JSON.stringify({ id: 'x', object: 'chat.completion.chunk', created: 1, model: 'm', choices: [], usage: { prompt_tokens: input, completion_tokens: output, total_tokens: input + output } })}\n\n`,
  done: 'data: [DONE]\n\n',
};

// What a request asks to be continued: the text so far, or undefined. `prefill`: as the beginning of the answer itself; else `anchor`
// is what the model is asked to repeat.
export function asked_to_go_on(body) {
  const last = body.messages.at(-1);
  if (last.role === 'assistant') return { shown: last.content, prefill: true };
  const before = body.messages.at(-2);
  const marked = typeof last.content === 'string' ? /<<<\n([\s\S]*)\n>>>$/.exec(last.content) : null;
  return before?.role === 'assistant' && marked ? { shown: before.content, prefill: false, anchor: marked[1] } : undefined;
}

// What is left of `whole` to be said to such a request, the anchor first where it is asked for.
export function rest_of(whole, body) {
  const going = asked_to_go_on(body);
  if (!going || !whole.startsWith(going.shown)) return whole;
  return (going.anchor ?? '') + whole.slice(going.shown.length);
}

// play(ask): ask is {name, body, nth, stream, res, socket, gone, left and heard (promises: nobody listens any more;
// the client has had the first of it), head(), write(text), json(status, object, headers), answer(text), cut()}.
export async function start_provider(t, play) {
  const asked = [];
  const sockets = new Set();
  const server = http.createServer(async (req, res) => {
    const pieces = [];
    for await (const piece of req) pieces.push(piece);
    const name = req.url.split('/')[1];
    if (req.method === 'GET') return res.writeHead(200, { 'content-type': 'application/json' }).end('{"object":"list","data":[]}');
    const body = JSON.parse(Buffer.concat(pieces).toString('utf8'));
    const ask = { name, body, stream: body.stream === true, nth: asked.filter((a) => a.name === name).length, res, socket: req.socket, at: Date.now(), gone: false };
    asked.push(ask);
    ask.left = new Promise((ok) => { res.on('close', ok); });
    ask.left.then(() => { ask.gone = true; });
    const heard = new Promise((ok) => { ask.is_heard = ok; });
    ask.heard = Promise.race([heard, ask.left]);
    ask.head = (headers = {}) => { if (!res.headersSent) res.writeHead(200, { 'content-type': ask.stream ? 'text/event-stream' : 'application/json', ...headers }); };
    ask.write = async (text) => {
      ask.head();
      if (ask.gone) return false;
      if (!res.write(text)) await new Promise((ok) => { res.once('drain', ok); res.once('close', ok); });
      else await new Promise((ok) => { setImmediate(ok); });
      return !ask.gone;
    };
    ask.json = (status, object, headers = {}) => res.writeHead(status, { 'content-type': 'application/json', ...headers }).end(JSON.stringify(object));
    // A good answer, of so many tokens as it has words; `last` frames stand in the place of its end.
    ask.answer = async (text, { finish = 'stop', last } = {}) => {
      const words = text.match(/\S+\s*/g) ?? [];
      const usage = [10, words.length];
      if (!ask.stream) return ask.json(200, { id: 'x', object: 'chat.completion', created: 1, model: 'm', choices: [{ index: 0, message: { role: 'assistant', content: text }, finish_reason: finish }], usage: { prompt_tokens: usage[0], completion_tokens: usage[1], total_tokens: usage[0] + usage[1] } });
      for (const word of words) if (!(await ask.write(say.text(word)))) return undefined;
      for (const frame of last ?? [say.finish(finish), say.usage(...usage), say.done]) await ask.write(frame);
      return res.end();
    };
    ask.cut = () => req.socket.resetAndDestroy();
    try {
      await play(ask);
    } catch (error) {
      ask.error = error;
      req.socket.destroy();
    }
    return undefined;
  });
  server.on('connection', (socket) => {
    sockets.add(socket);
    socket.on('error', () => {});
    socket.on('close', () => sockets.delete(socket));
  });
  await new Promise((ok) => { server.listen(0, '127.0.0.1', ok); });
  t.after(() => {
    for (const socket of sockets) socket.destroy();
    return new Promise((ok) => { server.close(ok); });
  });
  // For a client to say that it has had the first of an answer: what was written up to there has then left the router.
  const heard = (name) => asked.findLast((a) => a.name === name)?.is_heard();
  return { asked, heard, of: (name) => asked.filter((a) => a.name === name), url: (name) => `http://127.0.0.1:${server.address().port}/${name}/v1` };
}
