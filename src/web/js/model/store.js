// Sound that the service has not acknowledged yet, kept in the browser, encrypted with a key that the service gives to
// this user only. Without the key what lies here can be neither read nor changed unnoticed.

const NAME = 'osler-sound';

const request = (r) => new Promise((resolve, reject) => {
  r.onsuccess = () => resolve(r.result);
  r.onerror = () => reject(r.error);
});
const done = (tx) => new Promise((resolve, reject) => {
  tx.oncomplete = () => resolve();
  tx.onabort = () => reject(tx.error ?? new DOMException('the browser gave up storing', 'AbortError'));
  tx.onerror = () => reject(tx.error);
});

const text = new TextEncoder();

export class Store {
  #db; #key; #user;

  /** `key`: 32 bytes as base64 from the session; `user`: their name, which keeps two users of one browser apart. */
  static async open({ user, key, indexedDB = globalThis.indexedDB }) {
    const store = new Store();
    const bytes = Uint8Array.from(atob(key), (c) => c.charCodeAt(0));
    store.#key = await crypto.subtle.importKey('raw', bytes, 'AES-GCM', false, ['encrypt', 'decrypt']);
    store.#user = user;
    const opening = indexedDB.open(NAME, 1);
    opening.onupgradeneeded = () => {
      opening.result.createObjectStore('dictations', { keyPath: ['user', 'id'] });
      opening.result.createObjectStore('frames', { keyPath: ['user', 'id', 'take', 'first'] });
    };
    store.#db = await request(opening);
    return store;
  }

  close() { this.#db.close(); }

  // What a box is for is part of what is checked, so that no box can stand in for another.
  async #seal(name, bytes) {
    const iv = crypto.getRandomValues(new Uint8Array(12));
    const box = await crypto.subtle.encrypt({ name: 'AES-GCM', iv, additionalData: text.encode(`${this.#user}/${name}`) }, this.#key, bytes);
    return { iv, box };
  }

  #open(name, { iv, box }) {
    return crypto.subtle.decrypt({ name: 'AES-GCM', iv, additionalData: text.encode(`${this.#user}/${name}`) }, this.#key, box);
  }

  #range(id, take, from = 0) {
    return IDBKeyRange.bound([this.#user, id, take, from], [this.#user, id, take, Infinity]);
  }

  async put(id, take, first, samples) {
    const sealed = await this.#seal(`${id}/${take}/${first}`, samples);
    const tx = this.#db.transaction('frames', 'readwrite');
    tx.objectStore('frames').put({ user: this.#user, id, take, first, n: samples.length, ...sealed });
    await done(tx);
  }

  /** At most `limit` frames of a take in order, beginning with the one that holds sample `from`. */
  async frames(id, take, from, limit) {
    const frames = this.#db.transaction('frames').objectStore('frames');
    const before = await request(frames.openCursor(IDBKeyRange.bound([this.#user, id, take, 0], [this.#user, id, take, from]), 'prev'));
    const start = before && before.value.first + before.value.n > from ? before.value.first : from;
    const rows = await request(frames.getAll(this.#range(id, take, start), limit));
    const out = [];
    for (const row of rows) {
      try {
        out.push({ first: row.first, samples: new Int16Array(await this.#open(`${id}/${take}/${row.first}`, row)) });
      } catch {
        // Changed, or written under another key: it counts as not there, and the speaker is told what is missing.
      }
    }
    return out;
  }

  /** Deletes what ends before sample `upto` of a take. */
  async acknowledge(id, take, upto) {
    const tx = this.#db.transaction('frames', 'readwrite');
    const cursor = tx.objectStore('frames').openCursor(IDBKeyRange.bound([this.#user, id, take, 0], [this.#user, id, take, upto], false, true));
    cursor.onsuccess = () => {
      const at = cursor.result;
      if (!at) return;
      if (at.value.first + at.value.n <= upto) at.delete();
      at.continue();
    };
    await done(tx);
  }

  /** For each take that has sound here, one past its last sample. */
  async extent(id) {
    const frames = this.#db.transaction('frames').objectStore('frames');
    const ends = new Map();
    const cursor = frames.openCursor(IDBKeyRange.bound([this.#user, id, 0, 0], [this.#user, id, Infinity, Infinity]));
    await new Promise((resolve, reject) => {
      cursor.onerror = () => reject(cursor.error);
      cursor.onsuccess = () => {
        const at = cursor.result;
        if (!at) { resolve(); return; }
        ends.set(at.value.take, at.value.first + at.value.n);
        at.continue();
      };
    });
    return [...ends].map(([take, end]) => ({ take, end }));
  }

  async save(meta) {
    const sealed = await this.#seal(meta.id, text.encode(JSON.stringify(meta)));
    const tx = this.#db.transaction('dictations', 'readwrite');
    tx.objectStore('dictations').put({ user: this.#user, id: meta.id, ...sealed });
    await done(tx);
  }

  /** This user's dictations that are not finished, oldest first. */
  async dictations() {
    const rows = await request(this.#db.transaction('dictations').objectStore('dictations').getAll(
      IDBKeyRange.bound([this.#user, ''], [this.#user, '\uffff'])));
    const out = [];
    for (const row of rows) {
      try {
        out.push(JSON.parse(new TextDecoder().decode(await this.#open(row.id, row))));
      } catch {
        // Written under another key; it stays for whoever has that.
      }
    }
    return out.sort((a, b) => a.at - b.at);
  }

  async remove(id) {
    const tx = this.#db.transaction(['dictations', 'frames'], 'readwrite');
    tx.objectStore('dictations').delete([this.#user, id]);
    tx.objectStore('frames').delete(IDBKeyRange.bound([this.#user, id, 0, 0], [this.#user, id, Infinity, Infinity]));
    await done(tx);
  }
}

