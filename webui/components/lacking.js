/** What a draft still lacks before it can be written and uploaded: the way to each, and an end without, which is for good (N01). */
import { html } from "../lib/htm-preact.js";
import { t } from "../core/words.js";
import { Button, fieldWords, Notice, RowLink, ruleWords } from "./controls.js";
import { fieldPath } from "./draft.js";

/** @param {{ draft: import("../core/draft.js").Draft, lacking: import("../core/types").Lack[], finish: import("./controls.js").Task, children: import("./controls.js").Children }} props */
export function Lacking({ draft, lacking, finish, children }) {
  return html`<${Notice} kind="warn" title=${t(lacking.length > 0 ? "finish.lacking" : "finish.no_diagnosis")}><p>${t("finish.kept")}</p><//>
    ${lacking.length > 0 ? html`<div class="items" id="lacking">${lacking.map((lack) => html`<${RowLink} href=${`#${fieldPath(draft, lack.field)}`} title=${fieldWords(lack.field)} detail=${ruleWords(lack.params)} />`)}</div>` : null}
    ${children}
    <details class="fold" id="save-only"><summary>${t("finish.save_only.title")}</summary><p>${t("finish.save_only.hint")}</p>
      <${Button} kind="danger" id="finish" busy=${finish.busy} disabled=${!draft.isMine.value} onPress=${() => void finish.run(1)}>${t("finish.save_only.action")}<//></details>`;
}
