/** The box itself: what a technician reads out to the institution's web operator (B07, B08, B12). */
import { html } from "../lib/htm-preact.js";
import { pairs, rocDate, rocMoment } from "../core/format.js";
import { live } from "../core/store.js";
import { t } from "../core/words.js";
import { Loading, Notice, Screen } from "../components/controls.js";
import { Copyable } from "../components/copyable.js";

export default function Box() {
  const { box, certificate, mode } = live.value;
  if (!box) return html`<main><${Loading} /></main>`;
  const institution = box.institution ? `${box.institution.name} ${box.institution.code}` : t("settings.not_bound");
  return html`<${Screen} title=${t("box.title")} up="/settings"
    action=${box.bound ? null : html`<a class="button primary" href="#/setup/bind">${t("setup.bind.action")}</a>`}>
    ${box.enabled ? null : html`<${Notice} kind="warn" title=${t("error.GW-DC-05.what")}><p>${t("error.GW-DC-05.where")}</p><p>${t("error.GW-DC-05.now")}</p><//>`}
    <p class="label">${t("box.name")}</p><${Copyable} text=${box.box_name} label=${t("box.name")} />
    <p class="label">${t("box.sheet_id")}</p><${Copyable} text=${box.sheet_id} label=${t("box.sheet_id")} />
    <dl class="facts"><dt>${t("box.institution")}</dt><dd>${institution}</dd>
      <dt>${t("box.sam_id")}</dt><dd class="code">${box.sam_id || t("none")}</dd>
      <dt>${t("box.sam_until")}</dt><dd>${box.sam_valid_until ? rocDate(box.sam_valid_until) : t("none")}</dd>
      <dt>${t("box.sam_verified")}</dt><dd>${box.sam_verified_at ? rocMoment(box.sam_verified_at) : t("none")}</dd>
      <dt>${t("box.version")}</dt><dd class="code">${box.version}</dd></dl>
    ${certificate ? html`<p class="label">${t(certificate.own ? "box.certificate_own" : "box.certificate")}</p>
      <ul class="items"><li class="item tall"><div class="row-text"><span>${t("roots.until", { date: rocDate(certificate.ends_at.slice(0, 10)) })}</span>
        <span class="label">${t("roots.fingerprint")}</span><span class="code">${pairs(certificate.fingerprint)}</span></div></li></ul>` : null}
    ${mode?.virtual ? html`<p class="hint">${t("box.virtual")}</p>` : null}
    <p class="hint">${t("box.portal")}</p><//>`;
}
