/** What the status strip says, in full: the hops of the link with the first broken one in bold, queue, cards, time. */
import { html } from "../lib/htm-preact.js";
import { clock, hoursMinutes, rocMoment } from "../core/format.js";
import { boxNow, live, reached, staffHere, tick } from "../core/store.js";
import { t } from "../core/words.js";
import { Notice, RowLink, Screen } from "../components/controls.js";
import { RescueNotice } from "../components/rescue.js";

/** From near to far; `hop` of the link topic names the first broken one. */
const HOPS = ["network", "dns", "host", "tls", "data_centre"];

/** `hop` null: nobody knows now. @param {{ hop: string | null }} props */
function Hops({ hop }) {
  const broken = HOPS.indexOf(hop ?? "");
  return html`<ol class="hops">${HOPS.map((name, i) => {
    const state = hop === null ? "unseen-yet" : broken < 0 || i < broken ? "ok" : i === broken ? "broken" : "unseen-yet";
    return html`<li class=${state} data-hop=${name} data-state=${state}><span class="mark" aria-hidden="true"></span>${t(`hop.${name}`)}<span class="hop-state">${t(`hop_state.${state}`)}</span></li>`;
  })}</ol>`;
}

export default function Status() {
  tick.value;
  const { link, queue, time, power, box } = live.value;
  const staff = staffHere.value;
  const hop = reached.value && link ? link.hop : null;
  const other = hop && !HOPS.includes(hop);
  return html`<${Screen} title=${t("status.title")} up="/">
    <${RescueNotice} />
    <section class="group"><h2>${t("status.link")}</h2>
      <p class="strong">${reached.value ? t(`strip.link.${link?.link ?? "unknown"}`) : t("strip.unreached")}</p>
      ${other ? html`<p data-hop=${hop}>${t(`hop.${hop}`)}</p><p><a href="#/settings/environment">${t("environment.title")}</a></p>` : html`<${Hops} hop=${hop} />`}
      ${hop === "tls" ? html`<${Notice} kind="warn" title=${t("error.GW-LNK-05.what")}><p>${t("error.GW-LNK-05.where")}</p><p>${t("error.GW-LNK-05.now")}</p>
        <div class="actions"><a class="button plain" href="#/settings/environment">${t("environment.title")}</a><a class="button plain" href="#/settings/roots">${t("roots.title")}</a></div><p class="code">GW-LNK-05</p><//>` : null}
      <p class="hint">${link?.since ? t("status.since", { at: rocMoment(link.since) }) : ""}</p>
      <p class="hint">${link?.last_success_at ? t("status.last_success", { at: rocMoment(link.last_success_at) }) : t("status.never")}</p></section>
    <div class="items"><${RowLink} href="#/outbox" title=${t("outbox.title")} detail=${t("strip.queue.waiting", { depth: queue?.depth ?? 0 })} />
      <${RowLink} href="#/settings/readers" title=${t("readers.title")} />
      <${RowLink} href="#/sign-in" title=${t("sign_in.title")} detail=${staff ? t("status.staff", { name: staff.name, left: hoursMinutes(new Date(staff.ends_at).getTime() - boxNow()), until: clock(staff.ends_at) }) : t("chip.hpc.missing")} /></div>
    <dl class="facts"><dt>${t("status.time")}</dt><dd>${rocMoment(new Date(boxNow()))} · ${t(`trust.${time?.trust ?? "untrusted"}`)}</dd>
      <dt>${t("status.sam")}</dt><dd>${box?.sam_verified_at ? rocMoment(box.sam_verified_at) : t("none")}</dd>
      <dt>${t("status.power")}</dt><dd>${power?.under_voltage ? t("strip.power.low_voltage") : power?.battery_percent == null ? t("status.power_unknown") : t("strip.power.battery", { percent: power.battery_percent })}</dd></dl><//>`;
}
