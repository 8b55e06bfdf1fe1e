/** A screen of one part of a draft: opens it, keeps the patient in sight, says how safe it is and who edits it. */
import { html } from "../lib/htm-preact.js";
import { closeDraft, editorPath, openDraft } from "../core/draft.js";
import { back } from "../core/router.js";
import { t } from "../core/words.js";
import { Button, ErrorNotice, Loading, Screen, useFetched } from "./controls.js";
import { SaveState, SaveTrouble } from "./draft.js";
import { VisitPatient } from "./patient.js";

/** @typedef {import("../core/draft.js").Draft} Draft */

/**
 * @param {{ id: string, title: string, part: import("../lib/preact.js").FunctionComponent<{ draft: Draft }>,
 *   upFrom?: (draft: Draft) => string, aside?: boolean }} props `upFrom`: the screen that this one is a part of;
 *   `aside`: the part has a first action of its own, so the way back is the second
 */
export function DraftScreen({ id, title, part: Part, upFrom = editorPath, aside = false }) {
  const found = useFetched(id, () => openDraft(id));
  const draft = found.value;
  if (found.error) return html`<${Screen} title=${title} up="/"><${ErrorNotice} error=${found.error}><${Button} onPress=${found.reload}>${t("action.try_again")}<//><//><//>`;
  if (!draft) return html`<main><${Loading} /></main>`;
  const up = upFrom(draft);
  const reload = () => {
    closeDraft();
    found.reload();
  };
  const done = html`<${Button} kind=${aside ? "plain" : "primary"} id="part-done" onPress=${() => { draft.saveSoon(); back(up); }}>${t("order.done")}<//>`;
  return html`<${Screen} title=${title} up=${up} header=${html`<${VisitPatient} visit=${draft.visit} />`} action=${done}>
    <div class="visit-facts"><${SaveState} draft=${draft} /></div>
    <${SaveTrouble} draft=${draft} reload=${reload} />
    <${Part} key=${draft} draft=${draft} /><//>`;
}
