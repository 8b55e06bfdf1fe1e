/** What this page knows: the live topics of the box, whether it hears the box, the words it announces. */
import { computed, signal } from "../lib/signals.js";

/** @typedef {import("./types").Topics} Topics */

/** @type {import("../lib/signals.js").Signal<Partial<Topics>>} */
export const live = signal({});

/** `unknown` until the box has answered once. */
/** @type {import("../lib/signals.js").Signal<"unknown" | "yes" | "no">} */
export const paired = signal("unknown");

/** The box waits to be opened after its start, or was erased. */
export const closed = signal(false);

/** This phone is in the training rooms, and they have closed. */
export const trainingOver = signal(false);

/** Somebody asked for the guided tour again. */
export const tourWanted = signal(false);

/** Whether the phone hears the box. @type {import("../lib/signals.js").Signal<boolean>} */
export const reached = signal(true);

/** Text of the page's one `role=status` region. */
export const announcement = signal("");

/** A short-lived offer to undo. @type {import("../lib/signals.js").Signal<{ text: string, undo: () => void } | null>} */
export const undoOffer = signal(null);

const UNDO_MS = 10_000;
/** @type {ReturnType<typeof setTimeout> | undefined} */
let undoTimer;

/** @param {string} text */
export function announce(text) {
  announcement.value = "";
  queueMicrotask(() => { announcement.value = text; });
}

/**
 * Offer to take a deletion back for 10 s.
 * @param {string} text
 * @param {() => void} undo
 */
export function offerUndo(text, undo) {
  clearTimeout(undoTimer);
  const offer = {
    text,
    undo: () => {
      undo();
      if (undoOffer.value === offer) undoOffer.value = null;
    },
  };
  undoOffer.value = offer;
  undoTimer = setTimeout(() => { if (undoOffer.value === offer) undoOffer.value = null; }, UNDO_MS);
}

/** The last notice of each visit that changed since the page was opened. @type {import("../lib/signals.js").Signal<Record<string, Topics["visit"]>>} */
export const visitNotices = signal({});

/** Which phone edits each draft, as told since the page was opened. @type {import("../lib/signals.js").Signal<Record<string, Topics["editor"]>>} */
export const editorNotices = signal({});

/** Counts whole states received: what a screen fetched before the last one may be old. */
export const resyncs = signal(0);

let boxAheadMs = 0;

/** Counts up twice a minute, so that countdowns move without an event from the box. */
export const tick = signal(0);

/** Now by the box's clock, in ms since 1970; the phone's own clock may be wrong. */
export function boxNow() {
  return Date.now() + boxAheadMs;
}

export function startTicking() {
  setInterval(() => { tick.value += 1; }, 20_000);
}

/**
 * The box's clock at this moment, from an answer's Date header.
 * @param {number} ms since 1970
 */
export function takeTime(ms) {
  boxAheadMs = ms - Date.now();
}

/** @param {Partial<Topics>} state */
export function takeSnapshot(state) {
  live.value = state;
  paired.value = "yes";
  resyncs.value += 1;
}

/**
 * @param {string} topic
 * @param {unknown} value
 */
export function takeChange(topic, value) {
  if (topic === "visit") {
    const notice = /** @type {Topics["visit"]} */ (value);
    visitNotices.value = { ...visitNotices.value, [notice.visit_id]: notice };
    return;
  }
  if (topic === "editor") {
    const notice = /** @type {Topics["editor"]} */ (value);
    editorNotices.value = { ...editorNotices.value, [notice.visit_id]: notice };
    return;
  }
  live.value = { ...live.value, [topic]: value };
}

export const readers = computed(() => live.value.cards?.readers ?? []);
/** The staff session that this phone works under. */
export const staffHere = computed(() => {
  const id = live.value.phone?.session_id;
  return (live.value.staff?.sessions ?? []).find((s) => s.session_id === id) ?? null;
});
export const patientReader = computed(() => readers.value.find((r) => r.card.kind === "nhi" && !r.card.error_code) ?? null);
export const hpcReader = computed(() => readers.value.find((r) => r.card.kind === "hpc") ?? null);
export const reading = computed(() => readers.value.find((r) => r.card.kind === "reading") ?? null);
export const linkUp = computed(() => live.value.link !== undefined && live.value.link.link !== "down");

/** Somebody is signed in here without the service code for visits (A08). */
export const noVisits = computed(() => staffHere.value?.rights.includes("QPB") === false);

/** Today's verification of the security module, by the box's Taipei day (E02). */
export const samVerified = computed(() => {
  tick.value;
  const at = live.value.box?.sam_verified_at;
  if (!at) return false;
  const day = (/** @type {number} */ ms) => Math.floor((ms + 8 * 3600_000) / 86_400_000);
  return day(Date.parse(at)) === day(boxNow());
});
/** Whether what is asked of the insurer's side now gets that far. */
export const lineReady = computed(() => linkUp.value && samVerified.value);
