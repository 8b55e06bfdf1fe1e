/** A backup took the place of a damaged database: what that means, until a technician has taken care of it. */
import { html } from "../lib/htm-preact.js";
import { post } from "../core/api.js";
import { rocMoment } from "../core/format.js";
import { live } from "../core/store.js";
import { t } from "../core/words.js";
import { ErrorNotice, Notice, useTask } from "./controls.js";
import { LockedButton, roleLock } from "./locked.js";

export function RescueNotice() {
  const seen = useTask(async () => { await post("/api/box/rescue/seen"); });
  const since = live.value.store?.backup_at;
  if (!since) return null;
  return html`<${Notice} kind="warn" title=${t("rescue.what", { at: rocMoment(since) })}>
    <p>${t("rescue.where")}</p><p>${t("rescue.now")}</p><${ErrorNotice} error=${seen.error} />
    <${LockedButton} id="rescue-seen" task=${seen} lock=${roleLock()}>${t("rescue.seen")}<//><//>`;
}
