/** The page: words, live state, and the screen that the address asks for. */
import { html, render } from "./lib/htm-preact.js";
import { useEffect, useMemo, useState } from "./lib/preact-hooks.js";
import { effect } from "./lib/signals.js";
import { asApiError, onUnpaired } from "./core/api.js";
import { follow } from "./core/live.js";
import { clock, hoursMinutes } from "./core/format.js";
import { match, path, startRouter } from "./core/router.js";
import { phoneState, startWatching } from "./core/session.js";
import { announce, boxNow, closed, live, paired, reached, staffHere, startTicking, takeChange, takeSnapshot, takeTime, tick, trainingOver } from "./core/store.js";
import { firstWords, language, storedLanguage, t, wearStoredLetters, withWords } from "./core/words.js";
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
  { path: "/virtual-card", load: () => import("./views/virtual_card.js"), tab: "visit" },
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
 * @property {string} at the path, so that a new one is a new screen; empty before the box has answered once
 * @property {import("./core/api.js").ApiError | null} error
 */

/** The start page's words come with the first load; every other screen waits for all of them. */
const FIRST = "/";

/**
 * What the address and the state of box and phone ask for.
 * @returns {{ at: string, load: import("./core/router.js").Route["load"] | null, params: Record<string, string>, tab: string }}
 */
function wantedScreen() {
  const { route, params } = find(path.value);
  const wanted = { params, tab: route.tab };
  if (trainingOver.value) return { ...wanted, at: "over", load: loadOver };
  if (closed.value) return { ...wanted, at: "closed", load: loadClosed };
  if (paired.value === "unknown") return { ...wanted, at: "", load: null };
  if (paired.value === "no") return { ...wanted, at: "pair", load: loadPairing };
  if (phoneState.value !== "open") return { ...wanted, at: "lock", load: loadLock };
  return { ...wanted, at: path.value, load: route.load };
}

/** @param {ReturnType<typeof wantedScreen>} wanted @returns {Promise<Shown>} */
async function loadScreen({ at, load, params }) {
  if (!load) return { view: null, params, at, error: null };
  try {
    const module = await (at === FIRST ? load() : withWords(load()));
    return { view: module.default, params, at, error: null };
  } catch (thrown) {
    return { view: null, params, at, error: asApiError(thrown) };
  }
}

/** The frame that answers a tap is painted before the next screen is drawn, however slow the phone. @returns {Promise<void>} */
function nextFrame() {
  return new Promise((done) => {
    if (document.hidden) done();
    else requestAnimationFrame(() => { setTimeout(done); });
  });
}

/** @param {{ first: Shown }} props */
function App({ first }) {
  const wanted = wantedScreen();
  const [shown, setShown] = useState(first);
  useEffect(() => {
    if (shown.at === wanted.at) return undefined;
    let mine = true;
    void Promise.all([loadScreen(wanted), nextFrame()]).then(([screen]) => { if (mine) setShown(screen); });
    return () => { mine = false; };
  }, [wanted.at]);

  const locked = wanted.at === "lock";
  const hidden = locked !== (shown.at === "lock");
  // The same elements as before: what is on screen is not gone through again while the next one is fetched.
  const screen = useMemo(() => (shown.error ? html`<${Screen} title=${t("error.title")}><${ErrorNotice} error=${shown.error} /><//>`
    // What was on screen is gone the moment the phone locks, not when the other screen has come.
    : shown.view && !hidden ? html`<${shown.view} key=${shown.at} ...${shown.params} />` : html`<main><${Loading} /></main>`), [shown, hidden, language.value]);
  const framed = !["", "over", "closed", "pair", "lock"].includes(wanted.at);
  return html`<${Shell} tab=${wanted.tab} framed=${framed}>${screen}<//>`;
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
    if (tick.value > 0) withWords(import("./views/help.js")).catch((thrown) => console.info("help: not yet", thrown));
  });
}

const RETRY_MS = 2000;

/** Without words there is nothing to show but the page's own first lines; so it tries until the box answers. */
async function waitFirstWords() {
  for (;;) {
    try {
      await firstWords(storedLanguage());
      return;
    } catch (thrown) {
      console.info("words: not yet", thrown);
      await new Promise((again) => { setTimeout(again, RETRY_MS); });
    }
  }
}

/** Until the box has said what this phone is to it, or has not answered. @returns {Promise<void>} */
function waitFirstAnswer() {
  return new Promise((done) => {
    effect(() => {
      if (paired.value !== "unknown" || closed.value || trainingOver.value || !reached.value) done();
    });
  });
}

function followBox() {
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

/** Words, state and screen are asked for at the same time, and drawn once they are all there. */
async function start() {
  wearStoredLetters();
  startRouter();
  startTicking();
  const arrivedToPair = location.pathname === "/p" && location.hash.length > 1;
  if (arrivedToPair) paired.value = "no";
  onUnpaired(() => { paired.value = "no"; });
  const ahead = arrivedToPair ? loadPairing() : find(path.value).route.load();
  ahead.catch((thrown) => console.info("screen: not yet", thrown)); // it is asked for again below, which says so on the page
  followBox();
  await Promise.all([waitFirstWords(), waitFirstAnswer()]);
  const first = await loadScreen(wantedScreen());
  const root = /** @type {HTMLElement} */ (document.getElementById("app"));
  root.replaceChildren();
  render(html`<${App} first=${first} />`, root);
  announceLink();
  beginAnewAtTheDoor();
  announceSignInEnding();
  fetchHelpAhead();
}

void start();
