/** 待傳: everything that is not yet at its end, why, since when, and what a person can do (N07, N11, N12, R01). */
import { html } from "../lib/htm-preact.js";
import { get, post } from "../core/api.js";
import { rocMoment } from "../core/format.js";
import { linkUp, live } from "../core/store.js";
import { t } from "../core/words.js";
import { Button, ErrorNotice, Loading, Notice, Screen, useFetched, useTask } from "../components/controls.js";
import { HandoffPanel } from "../components/handoff.js";
import { History } from "../components/history.js";
import { JobCard } from "../components/job.js";

/** @typedef {{ summary: import("../core/types").QueueStatus, items: import("../core/types").JobView[] }} Outbox */

export default function OutboxView() {
  const { queue, link, cards, staff } = live.value;
  const found = useFetched("outbox", () => /** @type {Promise<Outbox>} */ (get("/api/outbox")), JSON.stringify([queue, link?.link, cards, staff]));
  const send = useTask(async () => {
    await post("/api/outbox/send-now");
    found.reload();
  });
  const items = found.value?.items ?? [];
  const attention = items.filter((job) => job.needs_person);
  const rest = items.filter((job) => !job.needs_person);
  const last = queue?.last_success_at;
  return html`<${Screen} title=${t("outbox.title")} action=${items.length > 0 ? html`<${Button} kind="primary" id="send-now" task=${send} disabled=${!linkUp.value}>${t(linkUp.value ? "outbox.send_now" : "outbox.waits_link")}<//>` : null}>
    <p class="hint">${last ? t("outbox.last_success", { at: rocMoment(last) }) : t("outbox.never")}</p>
    <${ErrorNotice} error=${found.error ?? send.error}><${Button} onPress=${found.reload}>${t("action.try_again")}<//><//>
    ${found.value === null && !found.error ? html`<${Loading} />` : null}
    ${found.value && items.length === 0 ? html`<${Notice} kind="good" title=${t("outbox.empty")}><p>${t("outbox.empty_hint")}</p><//>` : null}
    ${attention.length > 0 ? html`<section class="group"><h2>${t("outbox.attention", { count: attention.length })}</h2><ul class="items">${attention.map((job) => html`<${JobCard} key=${job.job_id} job=${job} changed=${found.reload} titled />`)}</ul></section>` : null}
    ${rest.length > 0 ? html`<section class="group"><h2>${t("outbox.waiting", { count: rest.length })}</h2><ul class="items">${rest.map((job) => html`<${JobCard} key=${job.job_id} job=${job} changed=${found.reload} titled />`)}</ul></section>` : null}
    <${HandoffPanel} items=${items.length} news=${JSON.stringify(queue)} changed=${found.reload} />
    <${History} /><//>`;
}
