/** 訓練模式: the door to the training rooms, and, once they have closed on this phone, the way back. */
import { html } from "../lib/htm-preact.js";
import { useEffect } from "../lib/preact-hooks.js";
import { get, post } from "../core/api.js";
import { live, staffHere } from "../core/store.js";
import { t } from "../core/words.js";
import { Button, ErrorNotice, Loading, Notice, Screen, useFetched, useTask } from "../components/controls.js";

/** @typedef {import("../core/types").TrainingView} TrainingView */

const LOOK_AGAIN_MS = 2000;
const GOING_IN_S = 60;

/** Begin the page anew on the other side of the door: nothing that this one knows holds there. */
const cross = () => { location.replace("/"); };

/** A technician's own part: to open the rooms, and to close them. @param {{ view: TrainingView, set: (view: TrainingView) => void }} props */
function Keys({ view, set }) {
  const open = useTask(async () => set(await post("/api/training")));
  const close = useTask(async (/** @type {boolean} */ keep) => set(await post("/api/training/close", { keep })));
  if (live.value.phone?.role === "user") return view.phase === "closed" ? html`<p class="hint">${t("training.closed_user")}</p>` : null;
  return html`<${ErrorNotice} error=${open.error ?? close.error} />
    ${view.phase === "closed" ? html`<${Button} id="training-open" task=${open}>${t("training.open")}<//>` : null}
    ${view.phase === "open" ? html`<div class="actions"><${Button} id="training-close" busy=${close.busy} onPress=${() => void close.run(false)}>${t("training.close_wipe")}<//>
      <${Button} kind="quiet" busy=${close.busy} onPress=${() => void close.run(true)}>${t("training.close_keep")}<//></div>` : null}`;
}

/** What of the real work is under way, and that it stays as it is. */
function RealWork() {
  const waiting = live.value.queue?.depth ?? 0;
  const drafts = useFetched(`drafts ${staffHere.value?.session_id}`, async () =>
    staffHere.value ? /** @type {import("../core/types").VisitSummary[]} */ (await get("/api/visits?state=draft")) : []);
  const count = drafts.value?.length ?? 0;
  return html`${count > 0 ? html`<${Notice} kind="warn" title=${t("training.drafts", { count })}><p>${t("training.drafts_where")}</p><//>` : null}
    <p>${t("training.goes_on")}${waiting > 0 ? t("training.queue", { count: waiting }) : ""}</p>`;
}

export function WayBack() {
  const leave = useTask(async () => { await post("/api/training/leave"); cross(); });
  return html`<${ErrorNotice} error=${leave.error} /><${Button} kind="primary" id="training-leave" task=${leave}>${t("training.leave")}<//>`;
}

/** What a page shows whose rooms have closed: it does not go back to real work by itself. */
export function Over() {
  return html`<${Screen} title=${t("training.over")} action=${html`<${WayBack} />`}><${Notice} title=${t("training.over")}><p>${t("training.over_where")}</p><//><//>`;
}

export default function Training() {
  const found = useFetched("training", () => /** @type {Promise<TrainingView>} */ (get("/api/training")));
  const enter = useTask(async () => { await post("/api/training/enter", {}, { timeout_s: GOING_IN_S }); cross(); });
  const view = found.value;
  const moving = view?.phase === "opening" || view?.phase === "closing";
  useEffect(() => {
    if (!moving) return undefined;
    const timer = setInterval(found.reload, LOOK_AGAIN_MS);
    return () => clearInterval(timer);
  }, [moving]);
  const action = view?.phase === "open" ? html`<${Button} kind="primary" id="training-enter" task=${enter}>${t("training.enter")}<//>` : null;
  return html`<${Screen} title=${t("training.title")} up="/settings" action=${action}>
    <p>${t("training.what")}</p><${ErrorNotice} error=${found.error ?? enter.error} />
    ${!view ? found.error ? null : html`<${Loading} />` : !view.offered ? html`<${Notice}><p>${t("training.not_offered")}</p><//>` : html`
      ${view.failed ? html`<${Notice} kind="warn" title=${t("training.failed")}><p>${t("training.failed_where")}</p><//>` : null}
      <p role="status" id="training-phase" data-phase=${view.phase}>${t({ closed: "training.closed", opening: "training.opening", open: "training.is_open", closing: "training.closing" }[view.phase])}</p>
      <${RealWork} /><${Keys} view=${view} set=${found.set} />`}<//>`;
}
