// The control plane under /_emulator/: scripts in, journal and state out.

const routes = {
  'POST /_emulator/script': (emulator, body) => emulator.script(body),
  'POST /_emulator/reset': (emulator) => emulator.reset(),
  'POST /_emulator/gates': (emulator, body) => emulator.open_gate(body.open),
  'GET /_emulator/journal': (emulator, body, query) =>
    emulator.journal_entries({ provider: query.get('provider') ?? undefined, after: Number(query.get('after') ?? 0) }),
  'DELETE /_emulator/journal': (emulator) => emulator.clear_journal(),
  'GET /_emulator/state': (emulator) => emulator.state_now(),
  'GET /_emulator/healthz': () => ({ ok: true }),
};

const limit = 16 * 1024 * 1024;

export function control(emulator, req, res) {
  const url = new URL(req.url, 'http://control');
  const route = routes[`${req.method} ${url.pathname}`];
  const say = (status, value) => {
    const text = JSON.stringify(value);
    res.writeHead(status, { 'content-type': 'application/json', 'content-length': Buffer.byteLength(text) });
    res.end(text);
  };
  const pieces = [];
  let size = 0;
  req.on('data', (piece) => {
    size += piece.length;
    if (size <= limit) pieces.push(piece);
  });
  req.on('error', () => {});
  req.on('end', () => {
    if (!route) return say(404, { error: `no ${req.method} ${url.pathname}` });
    if (size > limit) return say(413, { error: 'script too long' });
    try {
      const text = Buffer.concat(pieces).toString('utf8');
      say(200, route(emulator, text ? JSON.parse(text) : undefined, url.searchParams) ?? { ok: true });
    } catch (error) {
      say(400, { error: error.message });
    }
  });
}
