/** Giving a draft up, and taking that back (M22). */
import { html } from "../lib/htm-preact.js";
import { asApiError, post, segment } from "../core/api.js";
import { closeDraft } from "../core/draft.js";
import { replace } from "../core/router.js";
import { announce, offerUndo } from "../core/store.js";
import { t } from "../core/words.js";
import { Button, ErrorNotice, useTask } from "./controls.js";

/** @param {{ draft: import("../core/draft.js").Draft }} props */
export function Discard({ draft }) {
  const path = `/visits/${segment(draft.id)}`;
  const discard = useTask(async () => {
    await draft.flush();
    const gone = /** @type {import("../core/types").VisitView} */ (await post(`/api${path}/discard`, { revision: draft.revision }));
    closeDraft();
    announce(t("visit.discarded"));
    replace("/");
    offerUndo(t("visit.discarded"), () => void post(`/api${path}/restore`, { revision: gone.visit.revision }).then(
      () => replace(path),
      (thrown) => announce(asApiError(thrown).body.words.what),
    ));
  });
  return html`<p>${t("visit.discard_hint")}</p><${ErrorNotice} error=${discard.error} />
    <${Button} kind="danger" id="discard" task=${discard} disabled=${!draft.writable.value}>${t("visit.discard")}<//>`;
}
