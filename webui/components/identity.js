/** A patient's id number, whole for a while or until tapped again; each showing is on the box's audit trail (ux §3.4). */
import { html } from "../lib/htm-preact.js";
import { useEffect, useRef, useState } from "../lib/preact-hooks.js";
import { post, segment } from "../core/api.js";
import { t } from "../core/words.js";
import { ErrorNotice, useTask } from "./controls.js";

const SHOWN_MS = 20_000;

/** Asks for the number as soon as it is there. @param {{ visitId: string, masked: string }} props */
export function ShownIdentity({ visitId, masked }) {
  const [whole, setWhole] = useState("");
  /** @type {import("../lib/preact-hooks.js").MutableRef<HTMLElement | null>} */
  const button = useRef(null);
  const show = useTask(async () => setWhole(/** @type {{ id_no: string }} */ (await post(`/api/visits/${segment(visitId)}/identity`)).id_no));
  useEffect(() => {
    button.current?.focus();
    void show.run();
  }, []);
  useEffect(() => {
    const hide = whole ? setTimeout(() => setWhole(""), SHOWN_MS) : undefined;
    return () => clearTimeout(hide);
  }, [whole]);
  return html`<button type="button" class="identity code" id="identity" ref=${button} aria-pressed=${whole !== ""} aria-busy=${show.busy}
    aria-label=${t(whole ? "patient.id_hide" : "patient.id_show", { id: whole || masked })} onClick=${() => (whole ? setWhole("") : void show.run())}>${whole || masked}</button>
    <${ErrorNotice} error=${show.error} />`;
}
