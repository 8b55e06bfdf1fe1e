/** Paired phones, removing one, and the QR code that pairs another (ux §3.1). */
import { html } from "../lib/htm-preact.js";
import { useState } from "../lib/preact-hooks.js";
import { del, get, post, put, segment } from "../core/api.js";
import { clock, rocMoment } from "../core/format.js";
import { hideAll, renewals } from "../core/session.js";
import { announce, live } from "../core/store.js";
import { t } from "../core/words.js";
import { Button, ErrorNotice, Field, Loading, Screen, useFetched, useTask } from "../components/controls.js";
import { Copyable } from "../components/copyable.js";
import { Refused } from "../components/proof.js";

/** @typedef {import("../core/types").Phone} Phone */
/** From least to most. @type {import("../core/types").BoxRole[]} */
const ROLES = ["user", "technician", "owner"];

/** @typedef {{ url: string, token_expires_at: string, qr_svg: string }} Ticket */

/** @param {{ phone: Phone, own: boolean, higher: boolean, changed: () => void }} props `higher`: of a role that this phone may not remove */
function PhoneRow({ phone, own, higher, changed }) {
  const remove = useTask(async () => {
    await del(`/api/phones/${segment(phone.phone_id)}`);
    changed();
  });
  return html`<li class="item"><div class="row-text"><span class="row-title">${phone.name}${own ? html`<span class="tag">${t("phones.this")}</span>` : null}</span>
    <span class="row-detail">${t(`role.${phone.role}`)} · ${t("phones.used", { at: rocMoment(phone.used_at) })}</span><${Refused} task=${remove} /></div>
    ${own || higher ? null : html`<${Button} kind="danger" task=${remove}>${t("phones.remove")}<//>`}</li>`;
}

/** The code that opens this phone without a card, and locking it by hand. */
function OwnLock() {
  const [code, setCode] = useState("");
  const save = useTask(async () => {
    await put("/api/phone/code", { code });
    setCode("");
    renewals.value += 1;
    announce(t("phones.code_saved"));
  });
  const lock = useTask(async () => {
    await post("/api/phone/lock");
    hideAll("locked");
  });
  return html`<section class="group"><h2>${t("phones.own")}</h2><${ErrorNotice} error=${lock.error} />
    <form class="stack" onSubmit=${(/** @type {Event} */ event) => { event.preventDefault(); void save.run(); }}>
      <${Field} id="own-code" label=${t(live.value.phone?.has_code ? "phones.code_change" : "phones.code_choose")} hint=${t("pair.own_code_hint")}>
        <input id="own-code" class="code big" type="password" inputmode="numeric" autocomplete="off" enterkeyhint="done" maxlength="12"
          aria-describedby="own-code-hint" value=${code} onInput=${(/** @type {any} */ event) => setCode(event.currentTarget.value.replace(/\D/g, ""))} /><//>
      <${Button} type="submit" id="save-code" busy=${save.busy} disabled=${code.length < 6 && !save.busy}>${t("phones.code_save")}<//></form><${Refused} task=${save} />
    <${Button} id="lock-now" task=${lock}>${t("phones.lock_now")}<//></section>`;
}

export default function Phones() {
  const phones = useFetched("phones", () => /** @type {Promise<Phone[]>} */ (get("/api/phones")));
  const [ticket, setTicket] = useState(/** @type {Ticket | null} */ (null));
  const [role, setRole] = useState(ROLES[0]);
  const add = useTask(async () => { setTicket(await post(`/api/pairing-links?role=${role}`)); });
  const own = phones.value?.find((phone) => phone.phone_id === live.value.phone?.phone_id);
  // A phone grants at most its own role.
  const grantable = ROLES.slice(0, ROLES.indexOf(own?.role ?? "user") + 1);
  return html`<${Screen} title=${t("phones.title")} up="/settings" action=${html`<${Button} kind="primary" id="add-phone" task=${add}>${t("phones.add")}<//>`}>
    <${Refused} task=${add} /><${ErrorNotice} error=${phones.error} />
    ${ticket ? html`<section class="qr-screen"><h2>${t("phones.scan")}</h2><img alt=${t("phones.qr_alt")} src=${`data:image/svg+xml;charset=utf-8,${encodeURIComponent(ticket.qr_svg)}`} />
      <p class="hint">${t("phones.valid_until", { until: clock(ticket.token_expires_at) })}</p><${Copyable} text=${ticket.url} label=${t("phones.address")} /></section>` : null}
    ${grantable.length > 1 ? html`<div class="field"><span class="label">${t("phones.role")}</span><div class="pills" role="group" aria-label=${t("phones.role")}>${grantable.map((name) => html`<button
      type="button" class="pill" aria-pressed=${name === role} onClick=${() => { setRole(name); setTicket(null); }}>${t(`role.${name}`)}</button>`)}</div><p class="hint">${t(`phones.role_hint.${role}`)}</p></div>` : null}
    ${phones.value ? html`<ul class="items">${phones.value.map((phone) => html`<${PhoneRow} key=${phone.phone_id} phone=${phone} own=${phone === own} higher=${!grantable.includes(phone.role)} changed=${phones.reload} />`)}</ul>` : html`<${Loading} />`}
    <${OwnLock} /><//>`;
}
