/** 客服電話: whom to call, whether somebody is there now, and what to have at hand; needs no line to anywhere. */
import { html } from "../lib/htm-preact.js";
import { clock, rocDay, rocMoment } from "../core/format.js";
import { HOTLINES, deskAt, telephone } from "../core/hotlines.js";
import { go } from "../core/router.js";
import { boxNow, live, tick, tourWanted } from "../core/store.js";
import { t } from "../core/words.js";
import { Button, RowLink, Screen } from "../components/controls.js";

/** @typedef {import("../core/hotlines.js").Hotline} Hotline */
/** @typedef {import("../core/hotlines.js").Desk} Desk */

/** The hour alone when it is today's. @param {Desk} desk @param {Date} now */
function deskWords({ open, changes }, now) {
  if (open) return t("help.open_until", { at: clock(changes) });
  return t("help.closed_until", { at: rocDay(changes) === rocDay(now) ? clock(changes) : rocMoment(changes) });
}

/** @param {{ line: Hotline, now: Date }} props */
function Line({ line, now }) {
  const desk = deskAt(line.hours, now);
  const name = t(`help.${line.name}.name`);
  return html`<section class="hotline stack" data-line=${line.name} data-open=${desk ? String(desk.open) : "unknown"}>
    <div class="hotline-head"><h2>${name}</h2>${desk ? html`<span class=${`check-state ${desk.open ? "ok" : "warn"}`}>${t(desk.open ? "help.open" : "help.closed")}</span>` : null}</div>
    <p>${t(`help.${line.name}.what`)}</p>
    <p>${desk ? deskWords(desk, now) : t("help.hours_unknown")}</p>
    <p class="hint">${t(`help.${line.name}.hours`)}</p>
    <div class="actions">${line.numbers.map((number) => html`<a class="button plain" href=${telephone(number)} aria-label=${t("help.call", { name, number })}>${number}</a>`)}
      ${line.mail ? html`<a class="button quiet" href=${`mailto:${line.mail}`}>${line.mail}</a>` : null}</div></section>`;
}

export default function Help() {
  tick.value;
  const now = new Date(boxNow());
  return html`<${Screen} title=${t("help.title")} up="/settings">
    <p class="hint">${t("help.now", { at: rocMoment(now) })}${live.value.time?.trust === "untrusted" ? t("help.clock") : ""}</p>
    ${HOTLINES.map((line) => html`<${Line} line=${line} now=${now} />`)}
    <p class="hint">${t("help.safe")}</p>
    <${Button} id="tour-again" onPress=${() => { tourWanted.value = true; go("/"); }}>${t("tour.again")}<//>
    <div class="items"><${RowLink} href="#/settings/environment" title=${t("environment.title")} detail=${t("environment.hint")} />
      <${RowLink} href="#/settings/support" title=${t("support.title")} detail=${t("support.hint")} /></div><//>`;
}
