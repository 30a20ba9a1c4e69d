// Where an answer stops until a test lets it go on: certain, where a time would be a guess about a busy machine.

export class Gates {
  #opened = new Set();
  #waiting = new Map();

  // Once open, a gate stays open.
  open(name) {
    this.#opened.add(name);
    for (const pass of this.#waiting.get(name) ?? []) pass();
    this.#waiting.delete(name);
  }

  passed(name) {
    if (this.#opened.has(name)) return Promise.resolve();
    return new Promise((pass) => { this.#waiting.set(name, [...(this.#waiting.get(name) ?? []), pass]); });
  }

  close_all() {
    this.#opened.clear();
  }
}
