/** 公告訊息: what the institution's side wants teams to read; opening one is reading it (T04). */
import { html } from "../lib/htm-preact.js";
import { get, post, segment } from "../core/api.js";
import { rocMoment } from "../core/format.js";
import { live } from "../core/store.js";
import { t } from "../core/words.js";
import { ErrorNotice, Loading, Notice, Screen, useFetched, useTask } from "../components/controls.js";

/** @typedef {import("../core/types").AnnouncementView} AnnouncementView */

/** @param {{ one: AnnouncementView }} props */
function Item({ one }) {
  const read = useTask(async () => { await post(`/api/announcements/${segment(one.announcement_id)}/read`); });
  /** @param {{ currentTarget: HTMLDetailsElement }} event */
  const opened = (event) => { if (event.currentTarget.open && !one.read) void read.run(); };
  return html`<details class="fold" data-announcement=${one.announcement_id} data-read=${one.read} onToggle=${opened}>
    <summary>${one.urgent ? html`<span class="check-state fail">${t("announcements.urgent")}</span>` : null}${one.read ? null : html`<span class="check-state warn">${t("announcements.unread")}</span>`} ${one.title}</summary>
    <p class="hint">${rocMoment(one.issued_at)}</p><${ErrorNotice} error=${read.error} />${(one.body || one.title).split("\n").filter(Boolean).map((line) => html`<p>${line}</p>`)}
    ${one.expires_at ? html`<p class="hint">${t("announcements.until", { at: rocMoment(one.expires_at) })}</p>` : null}</details>`;
}

export default function Announcements() {
  const found = useFetched("announcements", () => /** @type {Promise<AnnouncementView[]>} */ (get("/api/announcements")), JSON.stringify(live.value.announcements));
  return html`<${Screen} title=${t("announcements.title")} up="/"><${ErrorNotice} error=${found.error} />
    ${found.value ? null : found.error ? null : html`<${Loading} />`}
    ${found.value?.length === 0 ? html`<${Notice}><p>${t("announcements.none")}</p><//>` : null}
    <div class="stack">${(found.value ?? []).map((one) => html`<${Item} key=${one.announcement_id} one=${one} />`)}</div>
    <p class="hint">${t("announcements.kept")}</p><//>`;
}
