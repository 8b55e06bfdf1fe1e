/** Paired phones, removing one, and the QR code that pairs another (ux §3.1). */
import { html } from "../lib/htm-preact.js";
import { useState } from "../lib/preact-hooks.js";
import { del, get, post, segment } from "../core/api.js";
import { clock, rocMoment } from "../core/format.js";
import { live } from "../core/store.js";
import { t } from "../core/words.js";
import { Button, Copyable, ErrorNotice, Loading, Screen, useFetched, useTask } from "../components/controls.js";

/** @typedef {import("../core/types").Phone} Phone */
/** @typedef {{ url: string, token_expires_at: string, qr_svg: string }} Ticket */

/** @param {{ phone: Phone, own: boolean, changed: () => void }} props */
function PhoneRow({ phone, own, changed }) {
  const remove = useTask(async () => {
    await del(`/api/phones/${segment(phone.phone_id)}`);
    changed();
  });
  return html`<li class="item"><div class="row-text"><span class="row-title">${phone.name}${own ? html`<span class="tag">${t("phones.this")}</span>` : null}</span>
    <span class="row-detail">${t("phones.used", { at: rocMoment(phone.used_at) })}</span><${ErrorNotice} error=${remove.error} /></div>
    ${own ? null : html`<${Button} kind="danger" task=${remove}>${t("phones.remove")}<//>`}</li>`;
}

export default function Phones() {
  const phones = useFetched("phones", () => /** @type {Promise<Phone[]>} */ (get("/api/phones")));
  const [ticket, setTicket] = useState(/** @type {Ticket | null} */ (null));
  const add = useTask(async () => { setTicket(await post("/api/phones/tokens")); });
  return html`<${Screen} title=${t("phones.title")} up="/settings" action=${html`<${Button} kind="primary" id="add-phone" task=${add}>${t("phones.add")}<//>`}>
    <${ErrorNotice} error=${add.error ?? phones.error} />
    ${ticket ? html`<section class="qr-screen"><h2>${t("phones.scan")}</h2><img alt=${t("phones.qr_alt")} src=${`data:image/svg+xml;charset=utf-8,${encodeURIComponent(ticket.qr_svg)}`} />
      <p class="hint">${t("phones.valid_until", { until: clock(ticket.token_expires_at) })}</p><${Copyable} text=${ticket.url} label=${t("phones.address")} /></section>` : null}
    ${phones.value ? html`<ul class="items">${phones.value.map((phone) => html`<${PhoneRow} key=${phone.phone_id} phone=${phone} own=${phone.phone_id === live.value.phone?.phone_id} changed=${phones.reload} />`)}</ul>` : html`<${Loading} />`}<//>`;
}
