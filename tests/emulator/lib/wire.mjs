// The answering side of one exchange: ordinary writes go through Node's response, faults through the
// socket. Knows whether the client is still there and keeps the journal entry true.

export class Wire {
  constructor(req, res, entry, state) {
    Object.assign(this, { req, res, entry, state, started: performance.now(), gone: false, release: () => {} });
    this.closed = new Promise((resolve) => {
      res.on('close', () => {
        this.gone = true;
        if (entry.ended === 'open') entry.ended = res.writableFinished ? 'complete' : 'client_closed';
        this.release();
        entry.duration_ms = Math.round(performance.now() - this.started);
        resolve();
      });
    });
    res.on('error', () => {});
  }

  head(status, headers = {}) {
    this.entry.status = status;
    this.#first_byte();
    this.res.writeHead(status, lowered(headers));
    this.res.flushHeaders();
  }

  #first_byte() {
    this.entry.first_byte_ms ??= Math.round(performance.now() - this.started);
  }

  // Resolves to false once the client has gone; waits while the client does not read.
  async write(data) {
    if (this.gone) return false;
    this.entry.bytes_sent += Buffer.byteLength(data);
    if (!this.res.write(data)) await Promise.race([new Promise((ok) => this.res.once('drain', ok)), this.closed]);
    return !this.gone;
  }

  // Straight to the socket, outside HTTP framing.
  async raw(data) {
    const socket = this.req.socket;
    if (this.gone || socket.destroyed) return false;
    this.#first_byte();
    this.entry.bytes_sent += Buffer.byteLength(data);
    if (!socket.write(data)) await Promise.race([new Promise((ok) => socket.once('drain', ok)), this.closed]);
    return !this.gone;
  }

  async sleep(ms) {
    if (ms > 0 && !this.gone) {
      let timer;
      await Promise.race([new Promise((ok) => { timer = setTimeout(ok, ms); }), this.closed]);
      clearTimeout(timer);
    }
    return !this.gone;
  }

  // Until the gate is open; where none is named, for so many milliseconds.
  async pause(gates, { gate, ms }, usual_ms) {
    if (gate === undefined) return this.sleep(ms ?? usual_ms);
    await Promise.race([gates.passed(gate), this.closed]);
    return !this.gone;
  }

  // Lets what was written reach the kernel, so that one write is one segment.
  breathe() {
    return new Promise((ok) => { setImmediate(ok); });
  }

  reply({ status, headers = {}, body = '' }) {
    const bytes = Buffer.isBuffer(body) ? body : Buffer.from(typeof body === 'string' ? body : JSON.stringify(body));
    const with_type = { 'content-type': 'application/json', ...lowered(headers), 'content-length': String(bytes.length) };
    this.entry.status = status;
    this.entry.bytes_sent += bytes.length;
    this.#first_byte();
    this.release();
    this.res.writeHead(status, with_type);
    this.res.end(this.req.method === 'HEAD' ? undefined : bytes);
  }

  // The place of a counted request is free again before its client can know that it ended.
  end() {
    this.release();
    this.res.end();
  }

  ended_by(fault) {
    if (this.entry.ended === 'open') this.entry.ended = fault;
  }

  reset(fault) {
    this.ended_by(fault);
    const socket = this.req.socket;
    // A TLS socket cannot be reset itself; the TCP socket under it can.
    const tcp = socket.encrypted ? socket._parent : socket;
    tcp.resetAndDestroy();
    socket.destroy();
  }

  close(fault) {
    this.ended_by(fault);
    this.req.socket.destroySoon();
  }
}

// A header of null is left out.
export const lowered = (headers) => Object.fromEntries(Object.entries(headers).filter(([, v]) => v !== null).map(([k, v]) => [k.toLowerCase(), v]));
