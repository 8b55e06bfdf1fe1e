/** A visit that was finished with less than all: what can still be done with it (N01). */
import { html } from "../lib/htm-preact.js";
import { post, segment } from "../core/api.js";
import { t } from "../core/words.js";
import { Button, ErrorNotice, useTask } from "./controls.js";

const MOST = 4;

/** @param {{ visit: import("../core/types").Visit, changed: () => void }} props */
export function GoFurther({ visit, changed }) {
  const further = useTask(async (/** @type {number} */ mode) => {
    await post(`/api/visits/${segment(visit.visit_id)}/finish`, { revision: visit.revision, mode }, { timeout_s: 60 });
    changed();
  });
  const done = visit.finish_mode ?? MOST;
  const modes = Array.from({ length: MOST - done }, (_, index) => MOST - index);
  return html`<section class="group" id="go-further"><h2>${t("finish.further.title", { mode: t(`finish.mode.${done}`) })}</h2><p class="hint">${t("finish.further.hint")}</p>
    <${ErrorNotice} error=${further.error} /><div class="stack">${modes.map((mode) => html`<${Button} key=${mode} id=${`further-${mode}`} busy=${further.busy}
      onPress=${() => void further.run(mode)}>${t(`finish.mode.${mode}`)}<//>`)}</div></section>`;
}
