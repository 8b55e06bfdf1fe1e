/** 醫事人員卡認證: which reader, PIN, tries left, and that the card may leave now (F01-F05). */
import { html } from "../lib/htm-preact.js";
import { useRef, useState } from "../lib/preact-hooks.js";
import { del, post, segment } from "../core/api.js";
import { clock } from "../core/format.js";
import { back } from "../core/router.js";
import { live, readers, staffHere } from "../core/store.js";
import { t } from "../core/words.js";
import { Button, ErrorNotice, Field, Notice, Screen, useTask } from "../components/controls.js";

/** @typedef {import("../core/types").StaffSession} StaffSession */

/** @param {{ session: StaffSession }} props */
function SignedIn({ session }) {
  const end = useTask(async () => { await del(`/api/staff/sessions/${segment(session.session_id)}`); });
  return html`<${Screen} title=${t("sign_in.title")} up="/" action=${html`<${Button} kind="primary" id="go-on" onPress=${() => back("/")}>${t("sign_in.go_on")}<//>`}>
    <${Notice} kind="good" title=${t("sign_in.done", { name: session.name })}>
      <p>${t("sign_in.until", { until: clock(session.ends_at) })}</p><p class="strong">${t("sign_in.card_may_leave")}</p><//>
    <${ErrorNotice} error=${end.error} />
    <dl class="facts"><dt>${t("sign_in.kind")}</dt><dd>${t(`staff_kind.${session.kind}`)}</dd>
      <dt>${t("sign_in.rights")}</dt><dd>${session.rights.map((right) => t(`right.${right}`)).join(t("list.separator")) || t("none")}</dd></dl>
    <${Button} kind="plain" id="end-session" task=${end}>${t("sign_in.end")}<//><//>`;
}

/** @param {{ sessions: StaffSession[] }} props */
function OtherSessions({ sessions }) {
  const use = useTask(async (/** @type {string} */ id) => { await post(`/api/staff/sessions/${segment(id)}/use`); });
  if (sessions.length === 0) return null;
  return html`<section class="group"><h2>${t("sign_in.others")}</h2><p class="hint">${t("sign_in.others_hint")}</p>
    <${ErrorNotice} error=${use.error} />
    ${sessions.map((s) => html`<${Button} busy=${use.busy} onPress=${() => void use.run(s.session_id)}>${t("sign_in.use", { name: s.name, until: clock(s.ends_at) })}<//>`)}</section>`;
}

export default function SignIn() {
  const session = staffHere.value;
  const withCard = readers.value.filter((reader) => reader.card.kind === "hpc");
  const [chosen, setChosen] = useState("");
  const [filled, setFilled] = useState(false);
  /** @type {import("../lib/preact-hooks.js").MutableRef<HTMLInputElement | null>} */
  const field = useRef(null);
  const reader = withCard.find((r) => r.reader_id === chosen) ?? withCard[0];
  const signIn = useTask(async () => {
    const input = field.current;
    if (!input || !reader) return;
    const pin = input.value;
    input.value = ""; // the PIN is in no state of this page, and not in the field while the card works
    setFilled(false);
    await post("/api/staff/sessions", { reader_id: reader.reader_id, pin }, { timeout_s: 60 });
  });
  if (session) return html`<${SignedIn} session=${session} />`;

  const others = live.value.staff?.sessions ?? [];
  return html`<${Screen} title=${t("sign_in.title")} up="/" submit=${() => void signIn.run()} action=${reader
    ? html`<${Button} kind="primary" type="submit" id="sign-in" busy=${signIn.busy} disabled=${!filled && !signIn.busy}>${t("sign_in.action")}<//>` : null}>
    <${ErrorNotice} error=${signIn.error} />
    ${reader ? null : html`<${Notice} title=${t("sign_in.insert")}><p>${t("sign_in.insert_hint")}</p><//>`}
    ${withCard.length > 1 ? html`<fieldset class="choices"><legend>${t("sign_in.reader")}</legend>${withCard.map((r) => html`<label class="choice">
      <input type="radio" name="reader" checked=${r === reader} onChange=${() => setChosen(r.reader_id)} /><span>${r.name}</span></label>`)}</fieldset>` : null}
    ${reader ? html`${withCard.length === 1 ? html`<p class="hint">${t("sign_in.found", { reader: reader.name })}</p>` : null}
      <${Field} id="pin" label=${t("sign_in.pin")} hint=${t("sign_in.pin_hint")}>
      <input id="pin" class="code big" ref=${field} type="password" inputmode="numeric" autocomplete="off" enterkeyhint="done" maxlength="8"
        aria-describedby="pin-hint" onInput=${(/** @type {any} */ event) => setFilled(event.currentTarget.value.length >= 4)} /><//>` : null}
    <${OtherSessions} sessions=${others} /><//>`;
}
