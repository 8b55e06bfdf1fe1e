/**
 * 導覽說明 (B04, T03): short steps beside the parts of the start page that they are about. Offered once to each person, as the
 * box remembers; it never stands over a card that is being read or written.
 */
import { html } from "../lib/htm-preact.js";
import { useEffect, useLayoutEffect, useRef, useState } from "../lib/preact-hooks.js";
import { post } from "../core/api.js";
import { announce, live, patientReader, tourWanted } from "../core/store.js";
import { t } from "../core/words.js";
import { Button, ErrorNotice, useTask } from "./controls.js";

const style = document.createElement("link");
style.rel = "stylesheet";
style.href = "/css/tour.css";
document.head.append(style);

/** What each step is about, and whether it stands low on the screen; one whose part is not on this phone's page is left out. */
const STEPS = [
  { name: "strip", part: ".strip" },
  { name: "cards", part: ".card-chips" },
  { name: "action", part: ".action-bar", low: true },
  { name: "tiles", part: ".tiles" },
  { name: "outbox", part: ".bottom-bar a[href='#/outbox']", low: true },
  { name: "settings", part: ".bottom-bar a[href='#/settings']", low: true },
];
const OFFER = -1;

/** @param {string} selector */
const partOf = (selector) => document.querySelector(selector);

/** @param {Element} part */
function point(part) {
  part.classList.add("tour-part");
  part.scrollIntoView({ block: "start" });
  return () => part.classList.remove("tour-part");
}

export function Tour() {
  const [at, setAt] = useState(tourWanted.value ? 0 : OFFER);
  /** @type {import("../lib/preact-hooks.js").MutableRef<HTMLElement | null>} */
  const heading = useRef(null);
  const steps = STEPS.filter((step) => partOf(step.part));
  const step = steps[at];
  const part = step ? partOf(step.part) : null;
  const cardBusy = (live.value.uses?.uses ?? []).some((use) => use.by === "box");
  const end = useTask(async () => { await post("/api/tour/taken"); tourWanted.value = false; });
  useLayoutEffect(() => (part && !cardBusy ? point(part) : undefined), [at, cardBusy]);
  useLayoutEffect(() => {
    // The offer leaves the focus where it is; whoever takes the tour is led by it.
    if (at === OFFER) announce(t("tour.offer.title"));
    else heading.current?.focus({ preventScroll: true });
  }, [at]);
  useEffect(() => {
    const onKey = (/** @type {KeyboardEvent} */ event) => { if (event.key === "Escape") void end.run(); };
    document.addEventListener("keydown", onKey);
    return () => document.removeEventListener("keydown", onKey);
  }, []);
  // Whoever has put a patient's card in came to work; the offer waits until it is out.
  if (cardBusy || (at === OFFER && patientReader.value)) return null;
  const last = at === steps.length - 1;
  const words = step ? `tour.${step.name}` : "tour.offer";
  return html`<section class="tour ${step?.low ? "above" : ""}" role="dialog" aria-labelledby="tour-title" data-step=${step?.name ?? "offer"}>
    <h2 id="tour-title" tabindex="-1" ref=${heading}>${t(`${words}.title`)}${step ? html` <small>${at + 1}/${steps.length}</small>` : null}</h2><p>${t(`${words}.text`)}</p><${ErrorNotice} error=${end.error} />
    <div class="actions">${last ? null : html`<${Button} kind="quiet" id="tour-skip" task=${end}>${t("tour.skip")}<//>`}
      ${at > 0 ? html`<${Button} id="tour-back" onPress=${() => setAt(at - 1)}>${t("tour.back")}<//>` : null}
      <${Button} kind="plain" id="tour-next" busy=${end.busy} onPress=${() => (last ? void end.run() : setAt(at + 1))}>${t(at === OFFER ? "tour.begin" : last ? "tour.done" : "tour.next")}<//></div></section>`;
}
