/** What frames every screen: banners, status strip, bottom bar, the one status region. */
import { html } from "../lib/htm-preact.js";
import { useEffect, useState } from "../lib/preact-hooks.js";
import { clock, hoursMinutes, rocMoment, roughly } from "../core/format.js";
import {
  announcement, boxNow, hpcReader, live, patientReader, reached, samVerified, staffHere, tick, tourWanted, undoOffer,
} from "../core/store.js";
import { path } from "../core/router.js";
import { locksIn, touch } from "../core/session.js";
import { t, withWords } from "../core/words.js";
import { Button, heightAs } from "./controls.js";

/** @typedef {import("../lib/preact.js").ComponentChildren} Children */

const WARN_MS = 60 * 60_000;
const URGENT_MS = 15 * 60_000;

const topBar = heightAs("--top-bar");

/** @param {{ tone?: "good" | "warn" | "bad" | "idle", name: string, children?: Children }} props */
function Item({ tone = "idle", name, children }) {
  return html`<li class="strip-item ${tone}" data-strip=${name}><span class="mark" aria-hidden="true"></span>${children}</li>`;
}

function LinkItem() {
  const link = live.value.link;
  if (!reached.value) return html`<${Item} name="link" tone="bad">${t("strip.unreached")}<//>`;
  if (!link) return html`<${Item} name="link">${t("strip.link.unknown")}<//>`;
  const tone = { good: "good", unstable: "warn", down: "bad" }[link.link];
  return html`<${Item} name="link" tone=${tone}>${t(`strip.link.${link.link}`)}<//>`;
}

function QueueItem() {
  const queue = live.value.queue;
  tick.value;
  if (!queue) return null;
  if (queue.attention > 0) return html`<${Item} name="queue" tone="bad">${t("strip.queue.attention", { count: queue.attention })}<//>`;
  if (queue.sending > 0) {
    return html`<${Item} name="queue" tone="good">${t("strip.queue.sending", { count: queue.sending, depth: queue.depth })}<//>`;
  }
  if (queue.depth > 0 && queue.oldest_at) {
    const tone = { fresh: "idle", amber: "warn", red: "bad", overdue: "bad" }[queue.oldest_age ?? "fresh"];
    const age = roughly(boxNow() - new Date(queue.oldest_at).getTime());
    return html`<${Item} name="queue" tone=${tone}>${t("strip.queue.waiting_since", { depth: queue.depth, age })}<//>`;
  }
  return html`<${Item} name="queue">${t("strip.queue.waiting", { depth: queue.depth })}<//>`;
}

function CardItems() {
  const staff = staffHere.value;
  const patient = patientReader.value?.card.patient;
  return html`
    <${Item} name="sam" tone=${samVerified.value ? "good" : "warn"}>${t(samVerified.value ? "chip.sam.ready" : "chip.sam.missing")}<//>
    <${Item} name="hpc" tone=${staff ? "good" : "warn"}>${staff ? t("chip.hpc.ready", { name: staff.name })
      : t(hpcReader.value ? "chip.hpc.enter_pin" : "chip.hpc.missing")}<//>
    <${Item} name="nhi" tone=${patientReader.value ? "good" : "idle"}>${patient ? t("chip.nhi.ready", { name: patient.name })
      : t(patientReader.value ? "chip.nhi.hidden" : "chip.nhi.missing")}<//>`;
}

function StaffTimeItem() {
  tick.value;
  const staff = staffHere.value;
  if (!staff) return null;
  const left = new Date(staff.ends_at).getTime() - boxNow();
  if (left <= 0) return html`<${Item} name="hpc_time" tone="bad">${t("strip.hpc.expired")}<//>`;
  if (left <= URGENT_MS) return html`<${Item} name="hpc_time" tone="bad">${t("strip.hpc.verify_again", { left: hoursMinutes(left) })}<//>`;
  return html`<${Item} name="hpc_time" tone=${left <= WARN_MS ? "warn" : "idle"}>${t("strip.hpc.left", { left: hoursMinutes(left), until: clock(staff.ends_at) })}<//>`;
}

function PowerItem() {
  const power = live.value.power;
  if (power?.switching_off) return html`<${Item} name="power" tone="bad">${t("strip.power.off")}<//>`;
  if (power?.under_voltage) return html`<${Item} name="power" tone="bad">${t("strip.power.low_voltage")}<//>`;
  if (power?.battery_percent == null) return null;
  return html`<${Item} name="power" tone=${power.battery_percent <= 20 ? "warn" : "idle"}>${t("strip.power.battery", { percent: power.battery_percent })}<//>`;
}

function ClockItem() {
  const trust = live.value.time?.trust;
  if (trust !== "untrusted") return null;
  return html`<${Item} name="clock" tone="warn">${t("strip.clock.untrusted")}<//>`;
}

/** mode · link · queue · cards · HPC time · box power, in this order, always in words; leads to the details. */
function StatusStrip() {
  return html`<a class="strip" href="#/status"><span class="unseen">${t("strip.label")}</span><ul>
    <${LinkItem} /><${QueueItem} /><${CardItems} /><${StaffTimeItem} /><${PowerItem} /><${ClockItem} /></ul></a>`;
}

function Banners() {
  const mode = live.value.mode;
  const rescued = live.value.store?.backup_at;
  const erasure = live.value.erasure;
  return html`
    ${mode?.training ? html`<p class="banner training">${mode.lessons ? html`<a href="#/lessons">${t("training.banner")}</a>` : t("banner.training")}</p>` : null}
    ${mode?.virtual && !mode.lessons ? html`<p class="banner virtual">${t("banner.virtual")}</p>` : null}
    ${erasure?.ordered_at ? html`<p class="banner lost" role="alert">${t(erasure.unsent > 0 ? "banner.erasure_unsent" : "banner.erasure", { count: erasure.unsent })}</p>` : null}
    ${rescued ? html`<p class="banner lost" role="alert">${t("rescue.what", { at: rocMoment(rescued) })}</p>` : null}
    ${reached.value ? null : html`<p class="banner lost" role="alert">${t("banner.unreached")}</p>`}
    ${live.value.phone?.reduced ? html`<p class="banner soft"><a href="#/sign-in">${t("banner.reduced")}</a></p>` : null}
    ${locksIn.value === null ? null : html`<p class="banner soft" role="alert">${t("banner.locks_soon")} <button type="button" class="button quiet" id="stay-open" onClick=${touch}>${t("banner.stay")}</button></p>`}`;
}

/** @type {{ tab: string, href: string, words: string }[]} */
const TABS = [
  { tab: "home", href: "#/", words: "tab.home" },
  { tab: "visit", href: "#/start", words: "tab.visit" },
  { tab: "list", href: "#/visits", words: "tab.list" },
  { tab: "outbox", href: "#/outbox", words: "tab.outbox" },
  { tab: "settings", href: "#/settings", words: "tab.settings" },
];

/** @param {{ tab: string }} props */
function BottomBar({ tab }) {
  const waiting = live.value.queue?.depth ?? 0;
  return html`<nav class="bottom-bar" aria-label=${t("tab.label")}>${TABS.map((item) => html`<a href=${item.href}
    class="tab icon-${item.tab}" aria-current=${item.tab === tab ? "page" : undefined}><span class="icon" aria-hidden="true"></span>
    <span>${item.tab === "outbox" && waiting > 0 ? t("tab.outbox_count", { count: waiting }) : t(item.words)}</span></a>`)}</nav>`;
}

/** Phones that ask, whatever screen is open; what shows them is fetched when the first one does. */
function Asked() {
  const [loaded, setLoaded] = useState(/** @type {typeof import("./questions.js") | null} */ (null));
  const asked = (live.value.presence?.questions ?? []).some((question) => question.phone_id !== live.value.phone?.phone_id);
  useEffect(() => {
    if (asked) withWords(import("./questions.js")).then(setLoaded, (thrown) => console.error(thrown));
  }, [asked]);
  return asked && loaded ? html`<${loaded.Questions} />` : null;
}

/** The guided tour, on the start page, for who has not taken it; fetched when there is somebody to take it. */
function Guide() {
  const [loaded, setLoaded] = useState(/** @type {typeof import("./tour.js") | null} */ (null));
  const wanted = path.value === "/" && (tourWanted.value || live.value.tour?.taken === false);
  useEffect(() => {
    if (wanted) withWords(import("./tour.js")).then(setLoaded, (thrown) => console.error(thrown));
  }, [wanted]);
  return wanted && loaded ? html`<${loaded.Tour} />` : null;
}

function UndoBar() {
  const offer = undoOffer.value;
  if (!offer) return null;
  return html`<section class="undo" aria-label=${t("action.undo")}><span>${offer.text}</span><${Button} kind="quiet" id="undo" onPress=${offer.undo}>${t("action.undo")}<//></section>`;
}

/** @param {{ tab: string, framed: boolean, children?: Children }} props `framed`: a paired phone's screen */
export function Shell({ tab, framed, children }) {
  return html`
    <header class="top" ref=${topBar}><${Banners} />${framed ? html`<${Asked} />` : null}${framed ? html`<${StatusStrip} />` : null}</header>
    ${children}
    <p class="unseen" role="status">${announcement.value}</p>
    ${framed ? html`<${UndoBar} /><${BottomBar} tab=${tab} /><${Guide} />` : null}`;
}
