// Which key does what. Pure: no page is needed. A chord is written Ctrl+Shift+ArrowLeft, modifiers in this order:
// Ctrl, Alt, Shift, Meta, then the key. On a Mac, Ctrl stands for the command key.

const NAMES = { ' ': 'Space', Esc: 'Escape', Del: 'Delete', Left: 'ArrowLeft', Right: 'ArrowRight', Up: 'ArrowUp', Down: 'ArrowDown' };
const ALONE = new Set(['Control', 'Alt', 'Shift', 'Meta', 'AltGraph', 'CapsLock', 'Dead', 'Unidentified', 'Process']);

/** The chord of a keyboard event; empty for a lone modifier. */
export function chord(e, platform = 'other') {
  if (ALONE.has(e.key) || e.isComposing) return '';
  let key = NAMES[e.key] ?? e.key;
  // Alt and a letter writes another letter on some keyboards: the key is what counts.
  if (e.altKey && /^Key[A-Z]$|^Digit\d$/.test(e.code ?? '')) key = e.code.slice(-1);
  const printable = key.length === 1;
  if (printable) key = e.ctrlKey || e.altKey || e.metaKey ? key.toUpperCase() : key;
  const ctrl = platform === 'mac' ? e.metaKey : e.ctrlKey;
  const meta = platform === 'mac' ? e.ctrlKey : e.metaKey;
  // A sign that needs Shift on this keyboard ("?") is itself; Shift counts for named keys and with other modifiers.
  const shift = e.shiftKey && (!printable || e.ctrlKey || e.altKey || e.metaKey);
  return [ctrl && 'Ctrl', e.altKey && 'Alt', shift && 'Shift', meta && 'Meta', key].filter(Boolean).join('+');
}

/** Whether a chord writes text, so that it cannot be a command where somebody types. */
export const types = (c) => c.length === 1 || c === 'Space' || c === 'Enter' || c === 'Backspace' || c === 'Delete' || c === 'Tab' || /^(Shift\+)?(Arrow|Home|End|Page)/.test(c) || /^Shift\+(Space|Enter|Tab|Backspace|Delete)$/.test(c);

const SIGNS = { ArrowLeft: '←', ArrowRight: '→', ArrowUp: '↑', ArrowDown: '↓', Enter: '↵', Escape: 'Esc', Space: 'Space', Backspace: '⌫', Delete: 'Del' };
const MAC = { Ctrl: '⌘', Alt: '⌥', Shift: '⇧', Meta: '⌃' };

/** A chord as it is printed on a keyboard. */
export function label(c, platform = 'other') {
  if (!c) return '';
  const parts = c === '+' ? ['+'] : c.split('+').map((p) => p || '+');
  return parts.map((p, i) => (i < parts.length - 1 && platform === 'mac' ? MAC[p] ?? p : SIGNS[p] ?? (p.length === 1 ? p.toUpperCase() : p))).join(platform === 'mac' ? '' : ' ');
}

/**
 * What there is to do, by scope, with its keys. `text` commands also work while somebody types.
 * Names are stable: they are what a changed key is stored under. Labels: key.SCOPE.NAME in the text tables.
 */
export const DEFAULTS = {
  all: { help: ['?', 'F1'], search: ['/', 'Ctrl+K'], start: ['Alt+Home'] },
  home: { dictate: ['d'] },
  list: { down: ['ArrowDown', 'j'], up: ['ArrowUp', 'k'], open: ['Enter', 'o'], next: ['n'], refresh: ['r'] },
  inbox: { down: ['ArrowDown', 'j'], up: ['ArrowUp', 'k'], hear: ['h'], assign: ['a'], discard: ['x'], all: ['v'], refresh: ['r'] },
  system: { refresh: ['r'], days1: ['1'], days2: ['2'], days3: ['3'], days4: ['4'] },
  review: {
    play: ['F4', 'Ctrl+Space'], back2: ['Alt+ArrowLeft'], forward2: ['Alt+ArrowRight'], back5: ['Alt+Shift+ArrowLeft'], forward5: ['Alt+Shift+ArrowRight'],
    slower: ['F2'], faster: ['F3'], follow: ['Alt+ArrowUp'], hear: ['F9'],
    next_flag: ['F8'], previous_flag: ['Shift+F8'], accept1: ['Alt+1'], accept2: ['Alt+2'], accept3: ['Alt+3'], accept4: ['Alt+4'], accept5: ['Alt+5'], clear: ['Alt+0'],
    undo_edit: ['F7'], ask: ['F6'], field: ['Alt+ArrowDown'], template: ['Alt+T'],
    undo: ['Ctrl+Z'], redo: ['Ctrl+Shift+Z', 'Ctrl+Y'], find: ['Ctrl+F'], replace: ['Ctrl+H'], save: ['Ctrl+S'],
    history: ['Alt+H'], finish: ['Ctrl+Enter'], aside: ['Alt+W'],
  },
  flag: { accept1: ['1'], accept2: ['2'], accept3: ['3'], accept4: ['4'], accept5: ['5'], hear: ['Space'], clear: ['0', 'x'], text: ['Enter', 'Escape'] },
  dictate: { record: ['F4', 'Ctrl+Space'], template: ['Alt+T'], field: ['Alt+ArrowDown'], send: ['F9'], sign: ['F10'] },
  sign: { next_flag: ['F8'], previous_flag: ['Shift+F8'], hear: ['F9'], play: ['F4'], sign: ['Ctrl+Enter'] },
};

/** Keys of one person: the defaults with what was changed. */
export class Keymap {
  constructor(changed = {}, defaults = DEFAULTS) {
    this.defaults = defaults;
    this.changed = changed;
  }

  /** The chords of a command. */
  of(scope, name) {
    return this.changed[`${scope}.${name}`] ?? this.defaults[scope]?.[name] ?? [];
  }

  /** The command of a chord within the scopes, the first scope first: {scope, name}, or null. */
  find(c, scopes) {
    for (const scope of scopes) {
      for (const name of Object.keys(this.defaults[scope] ?? {})) {
        if (this.of(scope, name).includes(c)) return { scope, name };
      }
    }
    return null;
  }

  /** Gives a command another key; gives what has it already in that scope or everywhere, and changes nothing then. */
  set(scope, name, c) {
    const taken = this.find(c, [scope, 'all']);
    if (taken && !(taken.scope === scope && taken.name === name)) return taken;
    this.changed = { ...this.changed, [`${scope}.${name}`]: [c] };
    return null;
  }

  /** Back to the keys it came with. */
  reset() {
    this.changed = {};
  }
}
