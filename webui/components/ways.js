/** By what the patient is identified: 健保卡, 虛擬卡 or 拍照. A setting says which stands first; nothing is shut by it (H03, I01, S05, S06). */
import { html } from "../lib/htm-preact.js";
import { useState } from "../lib/preact-hooks.js";
import { put } from "../core/api.js";
import { announce, live } from "../core/store.js";
import { t } from "../core/words.js";
import { ErrorNotice, Notice, RowLink, useTask } from "./controls.js";
import { Insert } from "./insert.js";

/** @typedef {import("../core/types").IdentifyBy} IdentifyBy */

/** @type {IdentifyBy[]} */
const WAYS = ["card", "virtual_card", "photo"];

/** @returns {IdentifyBy} */
const first = () => live.value.identify?.by ?? "card";

/** @param {{ way: IdentifyBy, choose: (way: IdentifyBy) => void }} props */
const Choice = ({ way, choose }) => html`<fieldset class="choices beside ways"><legend>${t("identify.title")}</legend>${WAYS.map((one) => html`<label class="choice" key=${one}>
  <input type="radio" name="identify-by" value=${one} checked=${one === way} onChange=${() => choose(one)} /><span>${t(`identify.${one}`)}</span></label>`)}</fieldset>`;

/** At the start of a visit, while no patient's card is in a reader. */
export function Ways() {
  const [chosen, setChosen] = useState(/** @type {IdentifyBy | null} */ (null));
  const way = chosen ?? first();
  return html`<${Choice} way=${way} choose=${setChosen} />
    ${way === "card" ? html`<${Insert} wants="nhi" />` : null}
    ${way === "virtual_card" ? html`<div class="items"><${RowLink} id="to-virtual-card" href="#/virtual-card" title=${t("virtual_card.open")} detail=${t("identify.virtual_card.how")} /></div>` : null}
    ${way === "photo" ? html`<${Notice} kind="warn" title=${t("identify.photo.what")}><p>${t("identify.photo.where")}</p><p>${t("virtual_card.maybe.now")}</p>
      <div class="actions"><a class="button plain" href="#/help">${t("help.title")}</a></div><//>` : null}`;
}

/** In the settings: what this phone begins with. */
export function FirstWay() {
  const [pressed, setPressed] = useState(/** @type {IdentifyBy | null} */ (null));
  const keep = useTask(async (/** @type {IdentifyBy} */ by) => {
    setPressed(by);
    try {
      await put("/api/phone/identify-by", { by });
    } catch (thrown) {
      setPressed(null);
      throw thrown;
    }
    announce(t("identify.kept", { way: t(`identify.${by}`) }));
  });
  return html`<${Choice} way=${pressed ?? first()} choose=${(/** @type {IdentifyBy} */ by) => void keep.run(by)} /><p class="hint">${t("identify.hint")}</p><${ErrorNotice} error=${keep.error} />`;
}
