/** The visit being written: its content, saved as it changes, kept on the phone only while the box is out of reach. */
import { computed, effect, signal } from "../lib/signals.js";
import { asApiError, del, get, isLocked, post, put, segment } from "./api.js";
import { Autosave } from "./autosave.js";
import { phoneState } from "./session.js";
import { editorNotices, live, reached, resyncs, visitNotices } from "./store.js";

/** @typedef {import("./types").VisitView} VisitView */
/** @typedef {import("./types").VisitContent} VisitContent */

/** The box's codes for "somebody else has saved meanwhile" and "another phone edits it". */
const OTHERS = new Set(["GW-REQ-05", "GW-REQ-08"]);

/** @param {string} id */
const visitPath = (id) => `/api/visits/${segment(id)}`;

/** @param {string} id */
export const fetchVisit = (id) => /** @type {Promise<VisitView>} */ (get(visitPath(id)));

/**
 * What an earlier page kept because the box was out of reach.
 * @param {string} key
 * @returns {{ revision: number, content: VisitContent } | null}
 */
function readKept(key) {
  try {
    return JSON.parse(localStorage.getItem(key) ?? "null");
  } catch {
    return null; // forbidden storage or a damaged entry: then there is nothing to take up
  }
}

/** @param {string} key @param {{ revision: number, content: VisitContent } | null} value */
function writeKept(key, value) {
  try {
    if (value) localStorage.setItem(key, JSON.stringify(value));
    else localStorage.removeItem(key);
  } catch (thrown) {
    console.info("draft: this browser keeps nothing", thrown); // the text stays on screen all the same
  }
}

/**
 * A visit open for writing. A draft is saved as it changes. The correction of a finished visit is saved once, when
 * its author says so: each save of one sends it to the insurer again.
 */
export class Draft {
  /** @param {VisitView} view */
  constructor(view) {
    const { visit } = view;
    this.id = visit.visit_id;
    this.visit = visit;
    this.notice = view.notice;
    this.isCorrection = visit.state === "finished";
    this.content = signal(visit.content);
    /** @type {import("../lib/signals.js").Signal<import("./autosave.js").SaveState>} */
    this.state = signal("saved");
    this.savedAt = signal("");
    /** The phone that may change it; null while none does. @type {import("../lib/signals.js").Signal<import("./types").Editor | null>} */
    this.editor = signal(view.editor);
    /** Whether this phone is the one (a correction is nobody's alone). */
    this.isMine = computed(() => this.isCorrection || this.editor.value === null || this.editor.value.phone_id === live.value.phone?.phone_id);
    this.writable = computed(() => this.isMine.value && reached.value);
    this.signature = signal(view.signature);
    /** @type {ReturnType<typeof setTimeout> | undefined} */
    let timer;
    /** @type {Autosave<VisitContent>} */
    this.autosave = new Autosave({
      save: (revision, content) => put(`${visitPath(this.id)}/content`, { revision, content }),
      fetch: async () => {
        const { visit: now } = await fetchVisit(this.id);
        return { revision: now.revision, content: now.content };
      },
      classify: (thrown) => {
        const error = asApiError(thrown);
        // A locked phone keeps what was typed like one that lost the box, and saves it once it is open.
        return error.unreachable || isLocked(error) ? "unreached" : OTHERS.has(error.body.code) ? "conflict" : "refused";
      },
      after: (run, delay_ms) => {
        clearTimeout(timer);
        if (!this.isCorrection) timer = setTimeout(run, delay_ms);
      },
      changed: (state) => this.#changed(state),
    }, visit.revision, visit.content);
    this.#takeUpKept();
    this.#follow();
  }

  get revision() {
    return this.autosave.revision;
  }

  get error() {
    return this.autosave.error ? asApiError(this.autosave.error) : null;
  }

  get #keptAs() {
    return `vb.draft.${this.id}`;
  }

  /**
   * @param {Partial<VisitContent>} changes
   * @param {{ soon?: boolean }} [options]
   */
  change(changes, options) {
    this.content.value = { ...this.content.value, ...changes };
    this.autosave.change(this.content.value, options);
    if (this.autosave.state === "unreached") this.#keep();
  }

  /** Save soon what was typed so far, where that is done without asking. */
  saveSoon() {
    if (!this.isCorrection) void this.autosave.flush();
  }

  /** Save what is unsaved; resolves to whether everything is on the box. */
  async flush() {
    await this.autosave.flush();
    return !this.autosave.dirty;
  }

  /** Forget what this phone kept (after a reload of the box's version). */
  forget() {
    writeKept(this.#keptAs, null);
  }

  #keep() {
    writeKept(this.#keptAs, { revision: this.revision, content: this.content.value });
  }

  #takeUpKept() {
    const kept = readKept(this.#keptAs);
    if (!kept) return;
    if (kept.revision === this.revision) this.change(kept.content, { soon: true });
    else this.forget();
  }

  /** @param {import("./autosave.js").SaveState} state */
  #changed(state) {
    this.state.value = state;
    this.savedAt.value = this.autosave.savedAt;
    if (state === "unreached") this.#keep();
    if (state === "saved") this.forget();
  }

  /** Send again when the box is back; take over what another phone saved. */
  #follow() {
    if (this.isCorrection) return;
    effect(() => {
      if (reached.value && phoneState.value === "open" && this.autosave.state === "unreached") void this.autosave.flush();
    });
    effect(() => {
      const notice = visitNotices.value[this.id];
      if (notice && (notice.revision > this.revision || !this.isMine.peek()) && !this.autosave.dirty) void this.#refresh();
    });
    const known = editorNotices.peek()[this.id];
    effect(() => {
      const notice = editorNotices.value[this.id];
      if (notice && notice !== known) this.editor.value = notice.phone_id ? { phone_id: notice.phone_id, phone_name: notice.phone_name } : null;
    });
    let seen = resyncs.peek();
    effect(() => {
      if (resyncs.value === seen) return;
      seen = resyncs.value;
      if (!this.autosave.dirty) void this.#refresh();
    });
  }

  async #refresh() {
    try {
      const { visit, editor, signature } = await fetchVisit(this.id);
      this.editor.value = editor;
      this.signature.value = signature;
      if (!this.autosave.adopt(visit.revision, visit.content)) return;
      this.visit = visit;
      this.content.value = visit.content;
    } catch (thrown) {
      console.info("draft: not refreshed", asApiError(thrown).body.code); // the next save finds the newer revision
    }
  }
}

/** @type {Draft | null} */
let open = null;

/**
 * The draft with this id, shared by the screens that edit it.
 * @param {string} id
 * @returns {Promise<Draft>}
 */
export async function openDraft(id) {
  if (open?.id === id) return open;
  if (open?.autosave.dirty && !open.isCorrection) await open.flush();
  leave();
  const view = await fetchVisit(id);
  open = new Draft(view.visit.state === "draft" ? await edit(id, false) : view);
  return open;
}

/** Say which phone edits it: this one if none does, or if it is to take it. @param {string} id @param {boolean} take */
function edit(id, take) {
  return /** @type {Promise<VisitView>} */ (post(`/api/visits/${segment(id)}/editor`, { take }));
}

/** Edit here what another phone edited. @param {string} id @returns {Promise<void>} */
export async function takeOver(id) {
  open = new Draft(await edit(id, true));
}

/** Let another phone edit what this one had open; if the box does not hear it, that one takes it over. */
function leave() {
  if (!open || open.isCorrection || open.editor.peek() === null || !open.isMine.peek()) return;
  const { id } = open;
  del(`/api/visits/${segment(id)}/editor`).catch((thrown) => console.info("draft: not left", asApiError(thrown).body.code));
}

/** The screen that edits it. @param {Draft} draft */
export function editorPath(draft) {
  return `/visits/${segment(draft.id)}${draft.isCorrection ? "/correct" : ""}`;
}

/** Let go of the open draft: the next screen fetches the box's version. */
export function closeDraft() {
  open?.forget();
  open = null;
}
