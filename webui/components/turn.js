/** Whose turn it is at a reader: this phone's, another's, or the box's own, and for how long yet (D04). */
import { html } from "../lib/htm-preact.js";
import { useEffect, useState } from "../lib/preact-hooks.js";
import { post, segment } from "../core/api.js";
import { announce, boxNow, live } from "../core/store.js";
import { t } from "../core/words.js";
import { Button, ErrorNotice, useTask } from "./controls.js";

/** Seconds until a moment by the box's clock, counted down while the screen is open; 0 once it has passed. @param {string | undefined} moment */
function useSecondsLeft(moment) {
  const [, setTicks] = useState(0);
  const left = moment === undefined ? 0 : Math.max(0, Math.ceil((new Date(moment).getTime() - boxNow()) / 1000));
  useEffect(() => {
    if (left === 0) return undefined;
    const timer = setTimeout(() => setTicks((ticks) => ticks + 1), 1000);
    return () => clearTimeout(timer);
  });
  return left;
}

/** @param {{ readerId: string }} props */
export function ReaderTurn({ readerId }) {
  const use = live.value.uses?.uses.find((each) => each.reader_id === readerId);
  const seconds = useSecondsLeft(use?.ends_at);
  const release = useTask(async () => {
    await post(`/api/readers/${segment(readerId)}/release`);
    announce(t("readers.released"));
  });
  if (use === undefined || seconds === 0) return null;
  const mine = use.by === "phone" && use.phone_id === live.value.phone?.phone_id;
  const words = use.by === "box" ? t("readers.used_by_box") : mine ? t("readers.used_by_me", { seconds }) : t("readers.used_by", { name: use.name, seconds });
  return html`<div class="turn" data-turn=${mine ? "mine" : use.by}><span>${words}</span>
    ${mine ? html`<${Button} kind="quiet" task=${release}>${t("readers.release")}<//>` : null}<${ErrorNotice} error=${release.error} /></div>`;
}
