/** 已鎖定: nothing of anybody is shown; a card, the phone's own code, or another phone opens it again. */
import { html } from "../lib/htm-preact.js";
import { useEffect } from "../lib/preact-hooks.js";
import { phoneState, renewals } from "../core/session.js";
import { live } from "../core/store.js";
import { t } from "../core/words.js";
import { Notice, Screen } from "../components/controls.js";
import { ByCard, OtherPhone, OwnCode } from "../components/proof.js";

export default function Lock() {
  const phone = live.value.phone;
  const state = phoneState.value;
  const action = t("phone_lock.unlock");
  const byCode = state === "locked" && phone?.has_code === true;
  // Another page of this phone may have the newer cookie by now: the box is asked once before anybody has to type.
  useEffect(() => { renewals.value += 1; }, []);
  return html`<${Screen} title=${t(state === "over" ? "phone_lock.title_over" : "phone_lock.title")}>
    <${Notice} title=${t(state === "over" ? "phone_lock.over" : "phone_lock.locked", { name: phone?.name ?? "" })}><p>${t("phone_lock.kept")}</p><//>
    ${byCode ? html`<${OwnCode} action=${action} />` : null}
    <${ByCard} action=${t("sign_in.action")} /><${OtherPhone} action=${action} /><//>`;
}
