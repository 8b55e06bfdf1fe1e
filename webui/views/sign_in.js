/** 醫事人員卡認證: which reader, PIN, tries left, that the card may leave now; several people, one at work (F01-F05, A02). */
import { html } from "../lib/htm-preact.js";
import { useState } from "../lib/preact-hooks.js";
import { del, get, post, put, segment } from "../core/api.js";
import { clock } from "../core/format.js";
import { back } from "../core/router.js";
import { renewed } from "../core/session.js";
import { announce, live, staffHere } from "../core/store.js";
import { t } from "../core/words.js";
import { Button, ErrorNotice, Notice, RowLink, Screen, useFetched, useTask } from "../components/controls.js";
import { PinForm } from "../components/pin.js";

/** @typedef {import("../core/types").StaffSession} StaffSession */

/** The other people signed in on this phone: one press, and they are the one at work. */
function OtherSessions() {
  const use = useTask(async (/** @type {string} */ id) => {
    await post(`/api/staff/sessions/${segment(id)}/use`);
    renewed();
  });
  const phone = live.value.phone?.phone_id ?? "";
  const others = (live.value.staff?.sessions ?? []).filter((s) => s !== staffHere.value && s.phone_ids.includes(phone));
  if (others.length === 0) return null;
  return html`<section class="group"><h2>${t("sign_in.others")}</h2><p class="hint">${t("sign_in.others_hint")}</p>
    <${ErrorNotice} error=${use.error} />
    ${others.map((s) => html`<${Button} key=${s.session_id} busy=${use.busy} onPress=${() => void use.run(s.session_id)}>${t("sign_in.use", { name: s.name, until: clock(s.ends_at) })}<//>`)}</section>`;
}

/** The same person on one more phone, before the battery of this one is empty (Y04). @param {{ session: StaffSession }} props */
function MorePhones({ session }) {
  const phones = useFetched("phones", () => /** @type {Promise<import("../core/types").Phone[]>} */ (get("/api/phones")));
  const share = useTask(async (/** @type {import("../core/types").Phone} */ phone) => {
    await put(`/api/staff/sessions/${segment(session.session_id)}/phones/${segment(phone.phone_id)}`, {});
    announce(t("sign_in.shared", { phone: phone.name }));
  });
  const others = (phones.value ?? []).filter((phone) => !session.phone_ids.includes(phone.phone_id));
  if (others.length === 0) return null;
  return html`<section class="group"><h2>${t("sign_in.more_phones")}</h2><p class="hint">${t("sign_in.more_phones_hint")}</p>
    <${ErrorNotice} error=${share.error ?? phones.error} />
    ${others.map((phone) => html`<${Button} key=${phone.phone_id} busy=${share.busy} onPress=${() => void share.run(phone)}>${t("sign_in.share", { phone: phone.name })}<//>`)}</section>`;
}

/** @param {{ session: StaffSession, add: () => void }} props */
function SignedIn({ session, add }) {
  const end = useTask(async () => { await del(`/api/staff/sessions/${segment(session.session_id)}`); });
  return html`<${Screen} title=${t("sign_in.title")} up="/" action=${html`<${Button} kind="primary" id="go-on" onPress=${() => back("/")}>${t("sign_in.go_on")}<//>`}>
    <${Notice} kind="good" title=${t("sign_in.done", { name: session.name })}>
      <p>${t("sign_in.until", { until: clock(session.ends_at) })}</p><p class="strong">${t("sign_in.card_may_leave")}</p><//>
    <${ErrorNotice} error=${end.error} />
    <dl class="facts"><dt>${t("sign_in.kind")}</dt><dd>${t(`staff_kind.${session.kind}`)}</dd></dl>
    <div class="items"><${RowLink} id="to-rights" href="#/rights" title=${t("sign_in.rights")} detail=${session.rights.map((right) => t(`right.${right}`)).join(t("list.separator")) || t("none")} /></div>
    <${OtherSessions} />
    <${Button} kind="plain" id="add-person" onPress=${add}>${t("sign_in.add_person")}<//>
    <${MorePhones} session=${session} />
    <${Button} kind="plain" id="end-session" task=${end}>${t("sign_in.end")}<//><//>`;
}

export default function SignIn() {
  const session = staffHere.value;
  const [adding, setAdding] = useState(false);
  if (session && !adding) return html`<${SignedIn} key="in" session=${session} add=${() => setAdding(true)} />`;
  return html`<${Screen} key="form" title=${t("sign_in.title")} up="/"><${PinForm} done=${() => setAdding(false)} /><${OtherSessions} /><//>`;
}
