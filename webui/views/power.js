/** 關機: what still waits, the order itself, and when the box may be unplugged. */
import { html } from "../lib/htm-preact.js";
import { useEffect, useState } from "../lib/preact-hooks.js";
import { get, post } from "../core/api.js";
import { t } from "../core/words.js";
import { Button, ErrorNotice, Loading, Notice, Screen, useFetched, useTask } from "../components/controls.js";
import { LockNotice, UNABLE_TO_SWITCH_OFF } from "../components/locked.js";

/** @typedef {import("../core/types").SwitchOffView} SwitchOffView */

const LOOK_EVERY_MS = 1000;
/** What systemd still does after the gateway is gone: other services, the file systems. */
const LAST_S = 20;

/** One look that fails may be a busy box or a weak Wi-Fi. */
const MISSES = 3;

/** @typedef {{ looks: number, misses: number, left: number | null }} Watched */

/** @param {Watched} was @returns {Promise<Watched>} */
async function lookAgain(was) {
  const looks = was.looks + 1;
  if (was.left !== null) return { ...was, looks, left: was.left - 1 };
  try {
    await get("/api/alive", { timeout_s: 2 });
    return { looks, misses: 0, left: null };
  } catch {
    const misses = was.misses + 1;
    return { looks, misses, left: misses === MISSES ? LAST_S : null };
  }
}

/** Seconds left until it may be unplugged; null while the box still answers. @param {boolean} going */
function useLastSeconds(going) {
  const [watched, setWatched] = useState(/** @type {Watched} */ ({ looks: 0, misses: 0, left: null }));
  useEffect(() => {
    if (!going || watched.left === 0) return undefined;
    const timer = setTimeout(() => void lookAgain(watched).then(setWatched), LOOK_EVERY_MS);
    return () => clearTimeout(timer);
  }, [going, watched]);
  return watched.left;
}

/** @param {{ left: number | null }} props */
function Going({ left }) {
  if (left === null) return html`<${Notice} kind="warn" title=${t("switch_off.going")}><p>${t("switch_off.going_how")}</p><//>`;
  if (left > 0) return html`<${Notice} kind="warn" title=${t("switch_off.last")}><p>${t("switch_off.last_how", { seconds: left })}</p><//>`;
  return html`<${Notice} kind="good" title=${t("switch_off.done")}><p>${t("switch_off.done_how")}</p><//>`;
}

export default function Power() {
  const found = useFetched("power", () => /** @type {Promise<SwitchOffView>} */ (get("/api/box/power")));
  const [going, setGoing] = useState(false);
  const off = useTask(async () => { await post("/api/box/power/off"); setGoing(true); });
  const left = useLastSeconds(going);
  const view = found.value;
  if (going) return html`<${Screen} title=${t("switch_off.title")}><div role="status"><${Going} left=${left} /></div><//>`;
  return html`<${Screen} title=${t("switch_off.title")} up="/settings" action=${view?.possible ? html`<${Button} kind="primary" id="switch-off" task=${off}>${t("switch_off.action")}<//>` : null}>
    <${ErrorNotice} error=${off.error ?? found.error} />
    ${view === null && !found.error ? html`<${Loading} />` : null}
    ${view?.possible === false ? html`<${LockNotice} lock=${UNABLE_TO_SWITCH_OFF} />` : null}
    ${view ? html`<div class="group" id="open-work">
      <p>${view.unsent ? t("switch_off.unsent", { count: view.unsent }) : t("switch_off.nothing")}</p>
      ${view.drafts ? html`<p>${t("switch_off.drafts", { count: view.drafts })}</p>` : null}
      ${view.busy ? html`<p>${t("switch_off.busy")}</p>` : null}
      <p class="hint">${t("switch_off.others")}</p></div>` : null}<//>`;
}
