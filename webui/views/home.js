/** Home: the three cards, the patient, drafts to go on with, and everything else within two taps (G03, G04, T02). */
import { html } from "../lib/htm-preact.js";
import { get, post } from "../core/api.js";
import { clock, rocDay, rocMoment } from "../core/format.js";
import { boxNow, hpcReader, linkUp, live, patientReader, noVisits, readers, reading, samVerified, staffHere, visitNotices } from "../core/store.js";
import { errorWords, t } from "../core/words.js";
import { Button, ErrorNotice, RowLink, Screen, useFetched, useTask } from "../components/controls.js";
import { PatientHeader } from "../components/patient.js";

/** @typedef {import("../lib/preact.js").ComponentChildren} Children */

/** @param {{ id: string, ready: boolean, title: string, detail: string, children?: Children }} props */
function CardChip({ id, ready, title, detail, children }) {
  return html`<li class="card-chip ${ready ? "ready" : ""}" data-chip=${id} data-ready=${ready}><span class="mark" aria-hidden="true"></span>
    <span class="row-text"><span class="row-title">${title}</span><span class="row-detail">${detail}</span></span>${children}</li>`;
}

function SamChip() {
  const box = live.value.box;
  const verify = useTask(async () => { await post("/api/box/sam/verify", {}, { timeout_s: 60 }); });
  const detail = samVerified.value && box?.sam_verified_at ? t("home.sam.ready", { at: clock(box.sam_verified_at) })
    : t(linkUp.value ? "home.sam.verify" : "home.sam.waits_link");
  return html`<${CardChip} id="sam" ready=${samVerified.value} title=${t("chip.sam")} detail=${detail}>
    ${!samVerified.value && box?.bound && linkUp.value ? html`<${Button} kind="quiet" task=${verify}>${t("home.sam.action")}<//>` : null}<//>
    ${verify.error ? html`<li><${ErrorNotice} error=${verify.error} /></li>` : null}`;
}

function StaffChip() {
  const staff = staffHere.value;
  const detail = staff ? t("home.hpc.ready", { until: clock(staff.ends_at) }) : t(hpcReader.value ? "home.hpc.enter_pin" : "home.hpc.insert");
  return html`<${CardChip} id="hpc" ready=${staff !== null} title=${staff ? t("home.hpc.title", { name: staff.name }) : t("chip.hpc")} detail=${detail}>
    <a class="button quiet" href="#/sign-in">${t(staff ? "home.hpc.show" : "home.hpc.action")}</a><//>`;
}

function PatientChip() {
  const reader = patientReader.value;
  const odd = readers.value.find((r) => r.card.error_code || r.card.kind === "institution")?.card;
  const detail = reader ? reader.name : odd ? errorWords(odd.error_code || "GW-CRD-09", "what") : t(reading.value ? "home.nhi.reading" : "home.nhi.insert");
  return html`<${CardChip} id="nhi" ready=${reader !== null} title=${t("chip.nhi")} detail=${detail} />`;
}

function Drafts() {
  const drafts = useFetched("drafts", () => /** @type {Promise<import("../core/types").VisitSummary[]>} */ (get("/api/visits?state=draft")),
    JSON.stringify(visitNotices.value));
  if (!drafts.value || drafts.value.length === 0) return null;
  return html`<section class="group"><h2>${t("home.drafts")}</h2><div class="items">${drafts.value.map((draft) => html`<${RowLink} href=${`#/visits/${draft.visit_id}`}
    title=${draft.patient_name} detail=${t("home.draft_since", { at: rocMoment(draft.visit_at) })} />`)}</div></section>`;
}

/** `visits`: not shown to whoever is signed in without the service code for them (A08). @type {{ href: string, words: string, visits?: boolean }[]} */
const TILES = [
  { href: "#/sign-in", words: "tile.sign_in" },
  { href: "#/today", words: "tile.today", visits: true },
  { href: "#/departure", words: "tile.departure" },
  { href: "#/visits", words: "tile.visits", visits: true },
  { href: "#/outbox", words: "tile.outbox", visits: true },
  { href: "#/announcements", words: "tile.announcements" },
  { href: "#/settings/datasets", words: "tile.datasets" },
  { href: "#/settings/readers", words: "tile.readers" },
  { href: "#/settings", words: "tile.settings" },
];

export default function Home() {
  const box = live.value.box;
  const patient = patientReader.value?.card.patient;
  const locked = noVisits.value;
  const action = box && !box.bound ? html`<a class="button primary" id="go-setup" href="#/setup">${t("home.set_up")}</a>`
    : !staffHere.value && !patient ? html`<a class="button primary" id="go-sign-in" href="#/sign-in">${t("home.sign_in")}</a>`
    : locked ? null
    : html`<a class="button primary" id="go-start" href="#/start">${t("home.start_visit")}</a>`;
  const unread = (live.value.announcements?.items ?? []).filter((one) => !one.read && !(one.expires_at && Date.parse(one.expires_at) <= boxNow()));
  const place = [rocDay(new Date(boxNow())), box?.institution?.name ?? box?.box_name ?? ""].filter(Boolean).join(" · ");
  return html`<${Screen} title=${t("home.title")} lead=${place} action=${action} header=${patient ? html`<${PatientHeader} name=${patient.name}
      idMasked=${patient.id_masked} birthDate=${patient.birth_date} sex=${patient.sex} />` : null}>
    ${unread.filter((one) => one.urgent).map((one) => html`<a class="notice warn" href="#/announcements" data-urgent=${one.announcement_id}><span class="what">${t("announcements.urgent_about", { title: one.title })}</span></a>`)}
    <ul class="card-chips" aria-label=${t("home.cards")}><${SamChip} /><${StaffChip} /><${PatientChip} /></ul>
    ${locked ? html`<a class="notice warn" href="#/rights" id="home-locked">${t("home.locked")}</a>` : html`<${Drafts} />`}
    <ul class="tiles" aria-label=${t("home.tiles")}>${TILES.filter((tile) => !locked || !tile.visits).map((tile) => html`<li><a href=${tile.href}>${t(tile.words)}${unread.length > 0 && tile.href === "#/announcements" ? html` <b class="tag">${unread.length}</b>` : null}</a></li>`)}
      ${live.value.mode?.virtual ? html`<li class="lab-tile"><a href="#/lab">${t("lab.title")}</a></li>` : null}</ul><//>`;
}
