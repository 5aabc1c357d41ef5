// Runs the client as a worker: one reader of one lane, away from the page's
// thread. The page sends {module, exec, mail}; whatever comes before the client
// listens is kept in spillwayInbox. mail counts what the page has sent since, for
// a thread that is blocked; there is none where pages share no memory.
globalThis.spillwayRole = "worker";
globalThis.spillwayInbox = [];
globalThis.onmessage = async ({ data }) => {
  globalThis.onmessage = (event) => globalThis.spillwayInbox.push(event.data);
  globalThis.spillwayMail = data.mail;
  importScripts(data.exec);
  const go = new Go();
  const instance = await WebAssembly.instantiate(data.module, go.importObject);
  globalThis.spillwayMemory = instance.exports.mem;
  go.run(instance);
};

// A pile is what a browser has handed out and nobody has read yet, oldest first:
// the text of a lane's events. It listens to an EventSource or a WebSocket; of
// anything else it is told. wake is called when something comes after a take that
// found nothing, overflow once, when more than most bytes are there; then it lets
// go of everything.
globalThis.spillwayPile = class {
  chunks = [];
  first = 0; // index of the oldest chunk
  taken = 0; // bytes of it
  held = 0; // bytes in all
  encoder = new TextEncoder();

  constructor(source, most, wake, overflow) {
    Object.assign(this, { most, wake, overflow });
    if (source instanceof WebSocket) {
      source.binaryType = "arraybuffer";
      source.onmessage = ({ data }) => this.put(data);
    } else if (source) {
      // As the lane wrote it: only messages have an id.
      const event = (head) => (e) => this.put(`${head(e)}data: ${e.data.replaceAll("\n", "\ndata: ")}\n\n`);
      source.onmessage = event((e) => `id: ${e.lastEventId}\n`);
      source.addEventListener("ready", event(() => "retry: 1000\nevent: ready\n"));
      for (const name of ["gap", "close"]) source.addEventListener(name, event(() => `event: ${name}\n`));
    }
  }

  put(data) {
    if (!this.encoder) return; // closed
    const bytes = typeof data === "string" ? this.encoder.encode(data) : new Uint8Array(data);
    if (this.held + bytes.length > this.most) {
      const { overflow } = this;
      this.close();
      overflow();
      return;
    }
    this.chunks.push(bytes);
    this.held += bytes.length;
    if (this.waits) {
      this.waits = false;
      this.wake();
    }
  }

  // take moves as many bytes as there are, at most, into a view.
  take(view, most) {
    let n = 0;
    while (n < most && this.first < this.chunks.length) {
      const chunk = this.chunks[this.first];
      const part = chunk.subarray(this.taken, this.taken + most - n);
      view.set(part, n);
      n += part.length;
      this.taken += part.length;
      if (this.taken === chunk.length) {
        this.chunks[this.first++] = undefined; // free at once
        this.taken = 0;
      }
    }
    // A shift of a long array costs as much as it is long, so it is done seldom.
    if (this.first * 2 > this.chunks.length) {
      this.chunks.splice(0, this.first);
      this.first = 0;
    }
    this.held -= n;
    this.waits = n === 0 && !!this.wake;
    return n;
  }

  close() {
    this.chunks = [];
    this.first = this.taken = this.held = 0;
    this.encoder = this.waits = undefined;
  }
};
