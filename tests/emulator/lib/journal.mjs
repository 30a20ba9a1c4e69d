// What the emulator received and what became of it. Bounded: the oldest entry goes first.

const capacity = 5000;
const body_limit = 2 * 1024 * 1024;
const all_bodies_limit = 256 * 1024 * 1024;

export class Journal {
  constructor() {
    this.entries = [];
    this.next_seq = 1;
    this.kept = 0;
  }

  open(fields) {
    const entry = { seq: this.next_seq, time: new Date().toISOString(), provider: null, method: null, path: null,
      headers: {}, body: '', body_bytes: 0, model: null, key: null, stream: null, connection: null, rule: null, status: null,
      ended: 'open', bytes_sent: 0, chunks_sent: 0, first_byte_ms: null, duration_ms: null, violations: [], ...fields };
    this.next_seq += 1;
    this.entries.push(entry);
    if (this.entries.length > capacity) this.kept -= this.entries.shift().body.length;
    return entry;
  }

  set_body(entry, text, bytes) {
    entry.body = text.length > body_limit ? text.slice(0, body_limit) : text;
    entry.body_bytes = bytes;
    entry.body_cut = text.length > body_limit;
    if (!(entry.seq >= this.entries[0]?.seq)) return;
    this.kept += entry.body.length;
    for (let i = 0; this.kept > all_bodies_limit && i < this.entries.length; i += 1) {
      this.kept -= this.entries[i].body.length;
      Object.assign(this.entries[i], { body: '', body_cut: true });
    }
  }

  list({ provider, after } = {}) {
    return this.entries.filter((e) => (!provider || e.provider === provider) && (!after || e.seq > after));
  }

  clear() {
    this.entries = [];
    this.kept = 0;
  }
}
