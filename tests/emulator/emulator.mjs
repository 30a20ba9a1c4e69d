// The providers' side of the wire. See README.md for what can be asked of it.
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { control } from './lib/control.mjs';
import { demo_rules } from './lib/demo.mjs';
import { Gates } from './lib/gates.mjs';
import { Journal } from './lib/journal.mjs';
import { Quota } from './lib/quota.mjs';
import { Rules } from './lib/rules.mjs';
import { Listener } from './lib/server.mjs';
import { play } from './lib/stage.mjs';
import { make_certificates } from './lib/tls.mjs';
import { load_providers } from './providers/index.mjs';

export class Emulator {
  // options: port, tls (true), tls_port, tls_dir, tls_bad_ports (true), demo (true), config {rules, limits},
  // clock {now() -> ms since the epoch}.
  static async start(options = {}) {
    const emulator = new Emulator(options, await load_providers());
    await emulator.#listen(options);
    return emulator;
  }

  constructor(options, providers) {
    this.providers = providers;
    this.clock = options.clock ?? { now: () => Date.now() };
    this.journal = new Journal();
    this.quota = new Quota(this.clock);
    this.rules = new Rules();
    this.gates = new Gates();
    this.state = { connections_open: 0, connections_total: 0, requests_open: 0, streams_open: 0, tls_failures: [], by_provider: Object.create(null) };
    this.connections = 0;
    this.base = { rules: [...(options.demo ? demo_rules : []), ...(options.config?.rules ?? [])], limits: options.config?.limits ?? [] };
    this.reset();
  }

  async #listen(options) {
    this.listeners = [];
    const open = async (port, tls) => {
      const listener = new Listener(this, tls);
      this.listeners.push(listener);
      return listener.listen(port);
    };
    this.origin = `http://127.0.0.1:${await open(options.port ?? 0)}`;
    this.addresses = { http: this.origin };
    if (!options.tls && options.tls_port === undefined && !options.tls_bad_ports) return;
    if (!options.tls_dir) this.own_tls_dir = mkdtempSync(join(tmpdir(), 'emulator-tls-'));
    const certificates = make_certificates(options.tls_dir ?? this.own_tls_dir);
    this.addresses.tls = `https://127.0.0.1:${await open(options.tls_port ?? 0, certificates.good)}`;
    this.addresses.ca = certificates.ca;
    if (!options.tls_bad_ports) return;
    this.addresses.tls_wrong_host = `https://127.0.0.1:${await open(0, certificates.wrong_host)}`;
    this.addresses.tls_self_signed = `https://127.0.0.1:${await open(0, certificates.self_signed)}`;
  }

  take(req, res) {
    if (req.url.startsWith('/_emulator/')) control(this, req, res);
    else play(this, req, res);
  }

  next_connection() {
    this.connections += 1;
    return this.connections;
  }

  note_tls_failure(error) {
    this.state.tls_failures.push(error.code ?? error.message);
    if (this.state.tls_failures.length > 100) this.state.tls_failures.shift();
  }

  // A list of rules, or {rules, limits, append}. Without append what was there is replaced.
  script(asked) {
    const { rules, limits, append = false } = Array.isArray(asked) ? { rules: asked } : (asked ?? {});
    if (limits) this.quota.set_limits(append ? [...this.quota.limits, ...limits] : limits);
    if (rules && append) this.rules.append(rules);
    else if (rules) this.rules.replace(rules);
    return { ok: true, rules: this.rules.rules.length, limits: this.quota.limits.length };
  }

  // Back to how it was started: its first rules, no counts, an empty journal.
  reset() {
    this.rules.replace(this.base.rules);
    this.quota.set_limits(this.base.limits);
    this.quota.reset();
    this.gates.close_all();
    this.journal.clear();
  }

  // Lets every answer go on that waits at this gate, and those that will come to it.
  open_gate(name) {
    this.gates.open(name);
  }

  journal_entries(filter) {
    return this.journal.list(filter);
  }

  clear_journal() {
    this.journal.clear();
  }

  state_now() {
    return { ...this.state, requests_total: this.journal.next_seq - 1, overruns: this.quota.overruns,
      rules: this.rules.rules.map((r, i) => ({ index: i, name: r.name, seen: r.seen, used: r.used })) };
  }

  async stop() {
    await Promise.all(this.listeners.map((l) => l.stop()));
    if (this.own_tls_dir) rmSync(this.own_tls_dir, { recursive: true, force: true });
  }
}
