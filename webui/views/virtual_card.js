/** A virtual NHI card by the photo of its QR code: what the code is, and what to do as long as the box cannot use one (H03, H04, H07, H08). */
import { html } from "../lib/htm-preact.js";
import { useState } from "../lib/preact-hooks.js";
import { postImage } from "../core/api.js";
import { shrinkPhoto } from "../core/photo.js";
import { announce, staffHere } from "../core/store.js";
import { t } from "../core/words.js";
import { ErrorNotice, Notice, Screen, useTask } from "../components/controls.js";

/** @typedef {import("../core/types").CodeSeen} CodeSeen */

/** @param {CodeSeen} seen */
const outcomeOf = ({ code }) => (code === "maybe_virtual_card" ? "maybe" : "not");

/** @param {{ seen: CodeSeen }} props */
function Answer({ seen }) {
  const outcome = outcomeOf(seen);
  return html`<${Notice} kind="warn" title=${t(`virtual_card.${outcome}.what`)}>${outcome === "not" ? html`<p>${t(`virtual_card.is.${seen.code}`)}</p>` : null}
    <p>${t(`virtual_card.${outcome}.where`)}</p><p>${t(`virtual_card.${outcome}.now`)}</p>
    <div class="actions"><a class="button plain" href="#/help">${t("help.title")}</a></div><//>`;
}

/** Without the service code nothing is photographed for nothing. */
function NotAllowed() {
  const staff = staffHere.value;
  return html`<${Notice} kind="warn" title=${t("virtual_card.no_right.what")}><p>${t(staff ? "virtual_card.no_right.now" : "virtual_card.no_right.nobody")}</p>
    <div class="actions"><a class="button plain" href=${staff ? "#/rights" : "#/sign-in"}>${t(staff ? "home.to_rights" : "home.sign_in")}</a></div><//>`;
}

export default function VirtualCard() {
  const [seen, setSeen] = useState(/** @type {CodeSeen | null} */ (null));
  const look = useTask(async (/** @type {File} */ file) => {
    setSeen(null);
    const answer = /** @type {CodeSeen} */ (await postImage("/api/virtual-cards/photo", await shrinkPhoto(file)));
    setSeen(answer);
    announce(t(`virtual_card.${outcomeOf(answer)}.what`));
  });
  const read = (/** @type {any} */ event) => {
    const file = event.currentTarget.files[0];
    event.currentTarget.value = ""; // the same file may be chosen again
    if (file) void look.run(file);
  };
  const allowed = staffHere.value?.rights.includes("VC") ?? false;
  return html`<${Screen} title=${t("virtual_card.title")} up="/start" action=${html`<a class="button primary" id="use-card" href="#/start">${t("virtual_card.use_card")}</a>`}>
    ${allowed ? html`<p>${t("virtual_card.intro")}</p><${ErrorNotice} error=${look.error} />
    ${look.error?.body.field === "photo" ? html`<p>${t("virtual_card.no_code")}</p>` : null}
    ${seen ? html`<${Answer} seen=${seen} />` : null}
    <div class="field"><span class="label" id="card-qr-label">${t("virtual_card.photo")}</span><p class="hint">${t("virtual_card.hint")}</p>
      <div class="stack"><label class="button plain file ${look.busy ? "busy" : ""}">${look.busy ? html`<span class="spinner" aria-hidden="true"></span>` : null}
        <span id="card-qr-take">${t(seen ? "virtual_card.again" : "virtual_card.take")}</span>
        <input type="file" id="card-qr-photo" class="unseen" accept="image/jpeg,image/png" capture="environment" aria-labelledby="card-qr-label card-qr-take" onChange=${read} /></label>
      <label class="button plain file ${look.busy ? "busy" : ""}"><span id="card-qr-choose">${t("virtual_card.album")}</span>
        <input type="file" id="card-qr-album" class="unseen" accept="image/jpeg,image/png" aria-labelledby="card-qr-label card-qr-choose" onChange=${read} /></label></div></div>`
    : html`<${NotAllowed} />`}<//>`;
}
