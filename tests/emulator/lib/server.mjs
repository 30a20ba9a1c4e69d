// Listens, gives every connection a number, and hands requests to the control plane or the stage.
import http from 'node:http';
import https from 'node:https';

const options = { maxHeaderSize: 64 * 1024, requireHostHeader: false, keepAliveTimeout: 75000, headersTimeout: 0, requestTimeout: 0, noDelay: true };

export class Listener {
  constructor(emulator, tls) {
    this.emulator = emulator;
    this.sockets = new Set();
    this.server = tls ? https.createServer({ ...options, ...tls }) : http.createServer(options);
    this.server.maxConnections = 8192;
    this.server.on('connection', (socket) => this.#accept(socket));
    if (tls) {
      this.server.on('secureConnection', (socket) => { socket.emulator_id = socket._parent?.emulator_id ?? this.emulator.next_connection(); });
      this.server.on('tlsClientError', (error) => emulator.note_tls_failure(error));
    }
    this.server.on('request', (req, res) => emulator.take(req, res));
    this.server.on('clientError', (error, socket) => this.#bad_framing(error, socket));
  }

  #accept(socket) {
    const { state, rules } = this.emulator;
    if (rules.refuses_connection()) return socket.resetAndDestroy();
    socket.emulator_id = this.emulator.next_connection();
    state.connections_open += 1;
    state.connections_total += 1;
    this.sockets.add(socket);
    socket.on('error', () => {});
    socket.on('close', () => {
      this.sockets.delete(socket);
      state.connections_open -= 1;
    });
  }

  // What Node's parser refuses: broken request lines, two lengths, a length beside chunks.
  #bad_framing(error, socket) {
    if (error.code === 'ECONNRESET' || error.code === 'EPIPE' || !socket.writable) return socket.destroy();
    if (error.rawPacket) {
      this.emulator.journal.open({ connection: socket.emulator_id ?? null, status: 400, ended: 'bad_framing',
        body: error.rawPacket.toString('latin1').slice(0, 2000),
        violations: [{ rule: 'framing', message: `${error.code}: ${error.reason ?? error.message}`, refused: true }] });
    }
    socket.end('HTTP/1.1 400 Bad Request\r\nConnection: close\r\nContent-Length: 0\r\n\r\n');
  }

  listen(port) {
    return new Promise((resolve, reject) => {
      this.server.once('error', reject);
      this.server.listen(port, '127.0.0.1', () => resolve(this.server.address().port));
    });
  }

  stop() {
    for (const socket of this.sockets) socket.destroy();
    return new Promise((resolve) => { this.server.close(() => resolve()); });
  }
}
