/**
 * Saves every change of a draft on the box, one save at a time, and says "saved" only after the box's answer.
 *
 * A save without an answer may have arrived. So the box is asked for its revision before anything is sent again.
 */

/** @typedef {"saved" | "unsaved" | "saving" | "unreached" | "conflict" | "refused"} SaveState */

/**
 * @template C
 * @typedef {object} Port
 * @property {(revision: number, content: C) => Promise<{ revision: number, saved_at: string }>} save
 * @property {() => Promise<{ revision: number, content: C }>} fetch what the box has now
 * @property {(thrown: unknown) => "unreached" | "conflict" | "refused"} classify
 * @property {(run: () => void, delay_ms: number) => void} after at most one is pending: a new one replaces it
 * @property {(state: SaveState) => void} changed called after each change of state
 */

/**
 * Equal as JSON, whatever the order of the members.
 * @param {unknown} a
 * @param {unknown} b
 */
export function sameJson(a, b) {
  return canonical(a) === canonical(b);
}

/** @param {unknown} value @returns {string} */
function canonical(value) {
  if (Array.isArray(value)) return `[${value.map(canonical).join()}]`;
  if (value === null || typeof value !== "object") return JSON.stringify(value) ?? "null";
  return `{${Object.entries(value).filter(([, v]) => v !== undefined).sort(([a], [b]) => (a < b ? -1 : 1))
    .map(([k, v]) => `${JSON.stringify(k)}:${canonical(v)}`).join()}}`;
}

const TYPING_PAUSE_MS = 400;

/** @template C */
export class Autosave {
  /** @type {Port<C>} */
  #port;
  /** @type {C} */
  #wanted;
  /** @type {C | null} what the last unanswered save carried */
  #doubtful = null;
  /** @type {Promise<void> | null} */
  #running = null;

  /**
   * @param {Port<C>} port
   * @param {number} revision
   * @param {C} content as saved on the box
   */
  constructor(port, revision, content) {
    this.#port = port;
    this.#wanted = content;
    this.revision = revision;
    /** @type {SaveState} */
    this.state = "saved";
    /** ISO time of the last durable save, by the box's clock; empty before the first. */
    this.savedAt = "";
    /** @type {unknown} */
    this.error = null;
  }

  /** Whether something typed is not known to be on the box. */
  get dirty() {
    return this.state !== "saved";
  }

  /**
   * The content has changed.
   * @param {C} content
   * @param {{ soon?: boolean }} [options] `soon`: without waiting for a pause in typing
   */
  change(content, { soon = false } = {}) {
    this.#wanted = content;
    if (this.state === "conflict") return;
    if (this.#running === null && this.state !== "unreached") this.#become("unsaved");
    if (this.state !== "unreached") this.#port.after(() => void this.flush(), soon ? 0 : TYPING_PAUSE_MS);
  }

  /**
   * Take what another phone saved. Only when nothing of ours is unsaved; returns whether it was taken.
   * @param {number} revision
   * @param {C} content
   */
  adopt(revision, content) {
    if (this.dirty || revision <= this.revision) return false;
    this.revision = revision;
    this.#wanted = content;
    return true;
  }

  /** Save now what is unsaved; resolves when the box has answered or the try has failed (see `state`). */
  async flush() {
    if (this.#running) {
      await this.#running;
      if (this.state !== "unsaved") return;
    }
    if (this.state === "saved" || this.state === "conflict") return;
    this.#running = this.#save();
    try {
      await this.#running;
    } finally {
      this.#running = null;
    }
    if (this.state === "unsaved") this.#port.after(() => void this.flush(), 0);
  }

  async #save() {
    const sent = this.#wanted;
    this.#become("saving");
    try {
      if (this.#doubtful !== null && !(await this.#settle(this.#doubtful))) return;
      const { revision, saved_at } = await this.#port.save(this.revision, sent);
      this.#accept(revision, saved_at, sent);
    } catch (thrown) {
      const kind = this.#port.classify(thrown);
      if (kind === "conflict" && (await this.#arrivedBefore(sent))) return;
      if (kind === "unreached") this.#doubtful = sent;
      this.error = thrown;
      this.#become(kind);
    }
  }

  /**
   * Whether a "stale revision" only means that the box already has this very content: a browser may send a request
   * again by itself when the connection breaks.
   * @param {C} sent
   */
  async #arrivedBefore(sent) {
    try {
      const box = await this.#port.fetch();
      if (!sameJson(box.content, sent)) return false;
      this.#accept(box.revision, "", sent);
      return true;
    } catch {
      return false; // not known: then it counts as the other phone's, and nothing is overwritten
    }
  }

  /**
   * Ask what became of a save without an answer; false when somebody else has saved meanwhile.
   * @param {C} doubtful
   */
  async #settle(doubtful) {
    const box = await this.#port.fetch();
    if (box.revision !== this.revision && !sameJson(box.content, doubtful)) {
      this.error = null;
      this.#become("conflict");
      return false;
    }
    this.revision = box.revision;
    this.#doubtful = null;
    return true;
  }

  /**
   * @param {number} revision
   * @param {string} savedAt
   * @param {C} sent
   */
  #accept(revision, savedAt, sent) {
    this.revision = revision;
    this.savedAt = savedAt;
    this.error = null;
    this.#become(this.#wanted === sent ? "saved" : "unsaved");
  }

  /** @param {SaveState} state */
  #become(state) {
    this.state = state;
    this.#port.changed(state);
  }
}
