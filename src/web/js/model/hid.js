// Dictation microphones and foot controls over WebHID: input reports become the names of buttons.
//
// The reports are those that the makers publish: Philips SpeechMike and SpeechOne (vendor 0x0911), Philips foot
// controls, Nuance PowerMic (0x0554). No light on a device is switched and nothing is ever written to one.
// A button counts when it goes down; a slide switch counts when it reaches a position, which reads the same.

const bits = (...pairs) => pairs;

// Report 0x80 of a SpeechMike in HID mode: buttons in bytes 7 and 8.
const SPEECHMIKE = bits([0x0100, 'record'], [0x0200, 'stop'], [0x0400, 'play'], [0x0800, 'forward'], [0x1000, 'rewind'],
  [0x4000, 'insert'], [0x2000, 'priority'], [0x8000, 'instruction'], [0x0020, 'command'],
  [0x0002, 'f1'], [0x0004, 'f2'], [0x0008, 'f3'], [0x0010, 'f4']);
const POWERMIC4 = bits([0x0100, 'record'], [0x0400, 'play'], [0x4000, 'forward'], [0x2000, 'rewind'], [0x1000, 'previous'],
  [0x0800, 'next'], [0x8000, 'enter'], [0x0020, 'command'], [0x0002, 'f1'], [0x0004, 'f2'], [0x0008, 'f3'], [0x0010, 'f4']);
// The same devices where they act as a game pad: buttons in bytes 0 and 1.
const GAMEPAD = bits([0x0001, 'rewind'], [0x0002, 'play'], [0x0004, 'forward'], [0x0010, 'insert'], [0x0020, 'record'],
  [0x0040, 'command'], [0x0200, 'instruction'], [0x0400, 'f1'], [0x0800, 'f2'], [0x1000, 'f3'], [0x2000, 'f4'], [0x4000, 'priority']);
const POWERMIC4_GAMEPAD = bits([0x0001, 'previous'], [0x0002, 'play'], [0x0004, 'next'], [0x0010, 'forward'], [0x0020, 'record'],
  [0x0040, 'command'], [0x0200, 'enter'], [0x0400, 'f1'], [0x0800, 'f2'], [0x1000, 'f3'], [0x2000, 'f4'], [0x4000, 'rewind']);
// PowerMic II and III: buttons in bytes 1 and 2.
const POWERMIC3 = bits([0x0001, 'transcribe'], [0x0002, 'previous'], [0x0004, 'record'], [0x0008, 'next'], [0x0010, 'rewind'],
  [0x0020, 'forward'], [0x0040, 'play'], [0x0080, 'f1'], [0x0100, 'enter'], [0x0200, 'f2']);
// A foot control: one byte.
const FOOT = bits([0x01, 'rewind'], [0x02, 'play'], [0x04, 'forward'], [0x08, 'priority']);

const at7 = (map) => (data) => (data.byteLength >= 9 && data.getUint8(0) === 0x80 ? [map, data.getUint16(7, true)] : null);
const at = (map, offset) => (data) => (data.byteLength >= offset + 2 ? [map, data.getUint16(offset, true)] : null);
const byte = (map) => (data) => (data.byteLength >= 1 ? [map, data.getUint8(0)] : null);

const device = (vendorId, productId, usagePage, usage, name, read) => ({ filter: { vendorId, productId, usagePage, usage }, name, read });

/** What is known: WebHID filter, name, and how a report is read. */
export const DEVICES = [
  ...[0x0c1c, 0x0c1d, 0x0c1e, 0x0fa0].map((id) => device(0x0911, id, 0xffa0, 1, 'Philips SpeechMike', at7(SPEECHMIKE))),
  ...[0x0fa0, 0x0c1e].map((id) => device(0x0911, id, 1, 4, 'Philips SpeechMike', at(GAMEPAD, 0))),
  ...[0x1844, 0x091a].map((id) => device(0x0911, id, 1, 4, 'Philips foot control', byte(FOOT))),
  device(0x0554, 0x0064, 0xffa0, 1, 'Nuance PowerMic 4', at7(POWERMIC4)),
  device(0x0554, 0x0064, 1, 4, 'Nuance PowerMic 4', at(POWERMIC4_GAMEPAD, 0)),
  device(0x0554, 0x1001, 1, 0, 'Nuance PowerMic', at(POWERMIC3, 1)),
];

/** How a device that the browser offers is read; null for any other. */
export const known = (hid) => DEVICES.find(({ filter: f }) => f.vendorId === hid.vendorId && f.productId === hid.productId
  && hid.collections.some((c) => c.usagePage === f.usagePage && c.usage === f.usage)) ?? null;

/** Buttons that are down in a report, as names; null for a report about something else. */
export const pressed = (entry, data) => {
  const read = entry.read(data);
  return read && read[0].filter(([bit]) => read[1] & bit).map(([, name]) => name);
};

/**
 * Listens to the devices that the browser was allowed, and to those plugged in later.
 * `onbutton(name, down)` is called for each change; `onchange(names)` when the devices do.
 */
export class Buttons {
  #hid; #open = new Map(); #stopped = false;

  constructor({ hid = globalThis.navigator?.hid, onbutton, onchange = () => {} }) {
    this.#hid = hid; this.onbutton = onbutton; this.onchange = onchange;
    this.connect = ({ device: d }) => this.#add(d);
    this.disconnect = ({ device: d }) => this.#remove(d);
  }

  /** Whether this browser can. */
  static available(hid = globalThis.navigator?.hid) { return Boolean(hid); }

  get names() { return [...new Set([...this.#open.values()].map((o) => o.entry.name))]; }

  async start() {
    if (!this.#hid) return;
    this.#hid.addEventListener('connect', this.connect);
    this.#hid.addEventListener('disconnect', this.disconnect);
    for (const d of await this.#hid.getDevices()) await this.#add(d);
  }

  /** Asks which device may be used; the browser wants a click or key for that. */
  async ask() {
    for (const d of await this.#hid.requestDevice({ filters: DEVICES.map((e) => e.filter) })) await this.#add(d);
    return this.names;
  }

  async stop() {
    this.#stopped = true;
    this.#hid?.removeEventListener('connect', this.connect);
    this.#hid?.removeEventListener('disconnect', this.disconnect);
    for (const d of [...this.#open.keys()]) { this.#remove(d); await d.close?.(); }
  }

  async #add(d) {
    const entry = known(d);
    if (!entry || this.#open.has(d) || this.#stopped) return;
    const state = { entry, down: new Set(), listen: (event) => this.#report(state, event.data) };
    this.#open.set(d, state);
    try {
      if (!d.opened) await d.open();
    } catch {
      this.#open.delete(d); // Another program holds it; the keyboard still works.
      return;
    }
    d.addEventListener('inputreport', state.listen);
    this.onchange(this.names);
  }

  #remove(d) {
    const state = this.#open.get(d);
    if (!state) return;
    d.removeEventListener('inputreport', state.listen);
    this.#open.delete(d);
    for (const name of state.down) this.onbutton(name, false); // A pedal pulled out while it is down is up.
    this.onchange(this.names);
  }

  #report(state, data) {
    const now = pressed(state.entry, data);
    if (!now) return;
    const before = state.down;
    state.down = new Set(now);
    for (const name of before) if (!state.down.has(name)) this.onbutton(name, false);
    for (const name of now) if (!before.has(name)) this.onbutton(name, true);
  }
}
