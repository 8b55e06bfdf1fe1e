/**
 * This phone's own session: a person at it keeps it open, nobody at it locks it (limits §5). The box decides; the page
 * hides what it shows on its own as well, so that a phone out of the box's reach locks too.
 */
import { computed, effect, signal } from "../lib/signals.js";
import { onLocked, post } from "./api.js";
import { live, paired } from "./store.js";

const TELL_EVERY_MS = 60_000;
const WARN_MS = 60_000;
const LOOK_EVERY_MS = 1000;

/** What a locked phone may go on showing; the box sends a locked phone no more than this. */
const FOR_LOCKED = /** @type {const} */ (["mode", "box", "link", "time", "power"]);

/** This page has locked by itself; only a new cookie opens it again, whatever the box says meanwhile. */
const hidden = signal(false);

/** @type {import("../lib/signals.js").ReadonlySignal<"open" | "locked" | "over">} */
export const phoneState = computed(() => {
  const state = live.value.phone?.state ?? "open";
  return state === "open" && hidden.value ? "locked" : state;
});

/** Whole seconds until this phone locks; null while that is more than a minute away. @type {import("../lib/signals.js").Signal<number | null>} */
export const locksIn = signal(null);

/** Counts how often the box gave this phone a new cookie: its stream has to begin anew with it. */
export const renewals = signal(0);

/** The box has just given this phone a new cookie. */
export function renewed() {
  hidden.value = false;
  touchedAt = Date.now();
  toldAt = touchedAt;
  renewals.value += 1;
}

let touchedAt = Date.now();
let toldAt = Date.now();

/** Hide everything now, whatever the box says later. @param {"locked" | "over"} state */
export function hideAll(state) {
  const phone = live.value.phone;
  if (!phone || phone.state !== "open") return;
  const kept = Object.fromEntries(FOR_LOCKED.map((topic) => [topic, live.value[topic]]).filter(([, value]) => value !== undefined));
  live.value = { ...kept, phone: { ...phone, state, session_id: "" } };
}

/** A person did something here. */
export function touch() {
  if (phoneState.value !== "open") return;
  touchedAt = Date.now();
  locksIn.value = null;
}

/** Tell the box of a person, at most once a minute and never before the touch, so that it locks no sooner than this page. */
function tell() {
  if (touchedAt <= toldAt || Date.now() - toldAt < TELL_EVERY_MS) return;
  toldAt = Date.now();
  post("/api/phone/use").catch((thrown) => {
    console.info("session: use not told", thrown); // told with the next touch; a refusal has locked by itself
  });
}

function look() {
  const idleMs = (live.value.phone?.idle_s ?? Infinity) * 1000;
  const leftMs = touchedAt + idleMs - Date.now();
  if (paired.value !== "yes" || phoneState.value !== "open") {
    locksIn.value = null;
  } else if (leftMs <= 0) {
    hidden.value = true;
    hideAll("locked");
    post("/api/phone/lock").catch((thrown) => {
      console.info("session: the box locks this phone by itself", thrown); // it counts the same minutes
    });
  } else {
    locksIn.value = leftMs <= WARN_MS ? Math.ceil(leftMs / 1000) : null;
    tell();
  }
}

/** Begin to watch for a person. `again` asks the box for the whole state. @param {() => void} again */
export function startWatching(again) {
  for (const sign of ["pointerdown", "keydown", "input"]) {
    window.addEventListener(sign, touch, { capture: true, passive: true });
  }
  setInterval(look, LOOK_EVERY_MS);
  document.addEventListener("visibilitychange", look);
  onLocked((state) => { hideAll(state); again(); });
  let before = "open";
  effect(() => {
    const now = phoneState.value;
    if (now === "open" && before !== "open") touchedAt = Date.now();
    before = now;
  });
  let seen = renewals.peek();
  effect(() => {
    if (renewals.value === seen) return;
    seen = renewals.value;
    again();
  });
}
