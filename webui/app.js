/** The page: words, live state, and the screen that the address asks for. */
import { html, render } from "./lib/htm-preact.js";
import { useEffect, useState } from "./lib/preact-hooks.js";
import { effect } from "./lib/signals.js";
import { asApiError, onUnpaired } from "./core/api.js";
import { follow } from "./core/live.js";
import { clock, hoursMinutes } from "./core/format.js";
import { match, path, startRouter } from "./core/router.js";
import { phoneState, startWatching } from "./core/session.js";
import { announce, boxNow, closed, live, paired, reached, staffHere, startTicking, takeChange, takeSnapshot, takeTime, tick, trainingOver } from "./core/store.js";
import { speak, storedLanguage, t, wearStoredLetters } from "./core/words.js";
import { ErrorNotice, Loading, Screen } from "./components/controls.js";
import { Shell } from "./components/shell.js";

/** @type {import("./core/router.js").Route[]} */
const ROUTES = [
  { path: "/", load: () => import("./views/home.js"), tab: "home" },
  { path: "/status", load: () => import("./views/status.js"), tab: "" },
  { path: "/setup", load: () => import("./views/setup.js"), tab: "home" },
  { path: "/setup/site", load: () => import("./views/site.js"), tab: "home" },
  { path: "/setup/bind", load: () => import("./views/bind.js"), tab: "home" },
  { path: "/sign-in", load: () => import("./views/sign_in.js"), tab: "home" },
  { path: "/rights", load: () => import("./views/rights.js"), tab: "home" },
  { path: "/today", load: () => import("./views/today.js"), tab: "home" },
  { path: "/today/add", load: () => import("./views/plan_add.js"), tab: "home" },
  { path: "/today/:id", load: () => import("./views/consent.js"), tab: "home" },
  { path: "/consents", load: () => import("./views/consents.js"), tab: "home" },
  { path: "/consents/:id", load: () => import("./views/consents.js"), tab: "home" },
  { path: "/consents/:id/records", load: () => import("./views/consent_records.js"), tab: "home" },
  { path: "/departure", load: () => import("./views/departure.js"), tab: "home" },
  { path: "/start", load: () => import("./views/start.js"), tab: "visit" },
  { path: "/visits", load: () => import("./views/visits.js"), tab: "list" },
  { path: "/visits/:id", load: () => import("./views/visit.js"), tab: "visit" },
  { path: "/visits/:id/pick/:dataset", load: () => import("./views/pick.js"), tab: "visit" },
  { path: "/visits/:id/pick/:dataset/:index", load: () => import("./views/pick.js"), tab: "visit" },
  { path: "/visits/:id/order/:index", load: () => import("./views/order.js"), tab: "visit" },
  { path: "/visits/:id/virtual-orders", load: () => import("./views/virtual_orders.js"), tab: "visit" },
  { path: "/visits/:id/phrases/:name", load: () => import("./views/phrases.js"), tab: "visit" },
  { path: "/visits/:id/stay", load: () => import("./views/stay.js"), tab: "visit" },
  { path: "/visits/:id/signature", load: () => import("./views/signature.js"), tab: "visit" },
  { path: "/visits/:id/records", load: () => import("./views/records.js"), tab: "visit" },
  { path: "/visits/:id/carry-in", load: () => import("./views/carry_in.js"), tab: "visit" },
  { path: "/visits/:id/claim", load: () => import("./views/claim.js"), tab: "visit" },
  { path: "/visits/:id/correct", load: () => import("./views/correct.js"), tab: "outbox" },
  { path: "/visits/:id/finish", load: () => import("./views/finish.js"), tab: "visit" },
  { path: "/visits/:id/result", load: () => import("./views/result.js"), tab: "list" },
  { path: "/visits/:id/export", load: () => import("./views/export.js"), tab: "list" },
  { path: "/visits/:id/prescription", load: () => import("./views/prescription.js"), tab: "list" },
  { path: "/outbox", load: () => import("./views/outbox.js"), tab: "outbox" },
  { path: "/settings", load: () => import("./views/settings.js"), tab: "settings" },
  { path: "/settings/readers", load: () => import("./views/readers.js"), tab: "settings" },
  { path: "/settings/bluetooth", load: () => import("./views/bluetooth.js"), tab: "settings" },
  { path: "/settings/phones", load: () => import("./views/phones.js"), tab: "settings" },
  { path: "/settings/datasets", load: () => import("./views/datasets.js"), tab: "settings" },
  { path: "/settings/retention", load: () => import("./views/retention.js"), tab: "settings" },
  { path: "/settings/environment", load: () => import("./views/environment.js"), tab: "settings" },
  { path: "/settings/support", load: () => import("./views/support.js"), tab: "settings" },
  { path: "/settings/protection", load: () => import("./views/protection.js"), tab: "settings" },
  { path: "/settings/roots", load: () => import("./views/roots.js"), tab: "settings" },
  { path: "/settings/versions", load: () => import("./views/versions.js"), tab: "settings" },
  { path: "/settings/power", load: () => import("./views/power.js"), tab: "settings" },
  { path: "/settings/box", load: () => import("./views/box.js"), tab: "settings" },
  { path: "/announcements", load: () => import("./views/announcements.js"), tab: "home" },
  { path: "/training", load: () => import("./views/training.js"), tab: "settings" },
  { path: "/lessons", load: () => import("./views/lessons.js"), tab: "" },
  { path: "/help", load: () => import("./views/help.js"), tab: "settings" },
  { path: "/lab", load: () => import("./views/lab.js"), tab: "" },
];

/** @param {string} wanted */
function find(wanted) {
  for (const route of ROUTES) {
    const params = match(route.path, wanted);
    if (params) return { route, params };
  }
  return { route: /** @type {import("./core/router.js").Route} */ (ROUTES[0]), params: {} };
}

const loadPairing = () => import("./views/pair.js");
const loadLock = () => import("./views/lock.js");
const loadClosed = () => import("./views/closed.js");
const loadOver = () => import("./views/training.js").then((module) => ({ default: module.Over }));

/**
 * @typedef {object} Shown
 * @property {import("./core/router.js").ViewModule["default"] | null} view
 * @property {Record<string, string>} params
 * @property {string} at the path, so that a new one is a new screen
 * @property {string} tab
 * @property {import("./core/api.js").ApiError | null} error
 */

function App() {
  const over = trainingOver.value;
  const shut = closed.value || over;
  const pairing = paired.value === "no";
  const locked = paired.value === "yes" && phoneState.value !== "open";
  const wanted = path.value;
  const [shown, setShown] = useState(/** @type {Shown} */ ({ view: null, params: {}, at: "", tab: "home", error: null }));
  useEffect(() => {
    if (paired.value === "unknown" && !shut) return undefined;
    let mine = true;
    const { route, params } = find(wanted);
    const at = over ? "over" : shut ? "closed" : pairing ? "pair" : locked ? "lock" : wanted;
    const load = over ? loadOver : shut ? loadClosed : pairing ? loadPairing : locked ? loadLock : route.load;
    load().then(
      (module) => { if (mine) setShown({ view: module.default, params, at, tab: route.tab, error: null }); },
      (thrown) => { if (mine) setShown({ view: null, params, at, tab: route.tab, error: asApiError(thrown) }); },
    );
    return () => { mine = false; };
  }, [wanted, shut, over, pairing, locked, paired.value]);

  const screen = shown.error
    ? html`<${Screen} title=${t("error.title")}><${ErrorNotice} error=${shown.error} /><//>`
    // What was on screen is gone the moment the phone locks, not when the other screen has come.
    : shown.view && locked === (shown.at === "lock") ? html`<${shown.view} key=${shown.at} ...${shown.params} />` : html`<main><${Loading} /></main>`;
  return html`<${Shell} tab=${shown.tab} framed=${paired.value === "yes" && !locked && !shut}>${screen}<//>`;
}

/** Minutes before its end at which a sign-in is said to end, and at no other time. */
const SAY_AT_MINUTES = [60, 15, 5];

function announceSignInEnding() {
  let before = Infinity;
  effect(() => {
    tick.value;
    const ends = staffHere.value?.ends_at;
    if (!ends) {
      before = Infinity;
      return;
    }
    const left = (new Date(ends).getTime() - boxNow()) / 60_000;
    if (SAY_AT_MINUTES.some((limit) => left <= limit && before > limit)) {
      announce(t("strip.hpc.left", { left: hoursMinutes(left * 60_000), until: clock(ends) }));
    }
    before = left;
  });
}

/** Say a change of the link or of the box's reach once, in the page's status region. */
function announceLink() {
  let before = "";
  effect(() => {
    const link = live.value.link?.link;
    const now = !reached.value ? "strip.unreached" : link ? `strip.link.${link}` : "";
    if (before && now && now !== before) announce(t(now));
    if (now) before = now;
  });
}

/** What this page knows is of one side of the training rooms' door only: it begins anew when its phone was taken to the other. */
function beginAnewAtTheDoor() {
  /** @type {boolean | undefined} */
  let began;
  effect(() => {
    const inside = live.value.mode?.lessons;
    if (inside === undefined) return;
    if (inside) import("./core/training.js").catch((thrown) => console.info("training: no watermark yet", thrown));
    began ??= inside;
    if (began !== inside) location.reload();
  });
}

/** Whom to call must open when the box is out of reach: it is fetched before that, long after the first load; once there, no more. */
function fetchHelpAhead() {
  effect(() => {
    if (tick.value > 0) import("./views/help.js").catch((thrown) => console.info("help: not yet", thrown));
  });
}

const RETRY_MS = 2000;

/** Without words there is nothing to show but the page's own first lines; so it tries until the box answers. */
async function firstWords() {
  for (;;) {
    try {
      await speak(storedLanguage());
      return;
    } catch (thrown) {
      console.info("words: not yet", thrown);
      await new Promise((again) => { setTimeout(again, RETRY_MS); });
    }
  }
}

async function start() {
  wearStoredLetters();
  await firstWords();
  startRouter();
  startTicking();
  const arrivedToPair = location.pathname === "/p" && location.hash.length > 1;
  if (arrivedToPair) paired.value = "no";
  onUnpaired(() => { paired.value = "no"; });
  const root = /** @type {HTMLElement} */ (document.getElementById("app"));
  root.replaceChildren();
  render(html`<${App} />`, root);
  announceLink();
  beginAnewAtTheDoor();
  announceSignInEnding();
  fetchHelpAhead();
  /** @type {ReturnType<typeof follow> | null} */
  let stream = null;
  startWatching(() => stream?.resync());
  effect(() => {
    if (paired.value === "no") {
      stream?.stop();
      stream = null;
    } else if (!stream) {
      stream = follow({
        snapshot: takeSnapshot,
        change: takeChange,
        time: takeTime,
        reach: (up) => { reached.value = up; },
        unpaired: () => { paired.value = "no"; },
        closed: () => { closed.value = true; },
        over: () => { trainingOver.value = true; },
      });
    }
  });
}

void start();
