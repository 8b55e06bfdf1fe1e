/** 虛擬醫令: why medicine is prescribed although some should be left, and what has to lie with the chart (M18). */
import { html } from "../lib/htm-preact.js";
import { t } from "../core/words.js";
import { Notice } from "../components/controls.js";
import { TextPart } from "../components/draft.js";
import { DraftScreen } from "../components/draft_screen.js";

/** @typedef {import("../core/draft.js").Draft} Draft */

const CODES = ["R001", "R002", "R003", "R004", "R005", "R006", "R007"];

/** Which proofs a person is asked about, and the codes that ask; the box says what is lacking. */
const PROOFS = [
  { proof: "affidavit", codes: ["R001", "R004"] },
  { proof: "leave", codes: ["R002"] },
];

/** @param {string[]} list @param {string} item */
const toggled = (list, item) => (list.includes(item) ? list.filter((one) => one !== item) : [...list, item]);

/** @param {{ draft: Draft }} props */
function Part({ draft }) {
  const { virtual_orders: chosen, proofs_kept: kept } = draft.content.value;
  const closed = !draft.writable.value;
  const asked = PROOFS.filter(({ codes }) => codes.some((code) => chosen.includes(code)));
  const others = chosen.filter((code) => !CODES.includes(code));
  return html`<p class="hint">${t("virtual.how")}</p>
    <fieldset class="choices"><legend>${t("virtual.title")}</legend>${[...CODES, ...others].map((code) => html`<label class="choice" data-virtual=${code}>
      <input type="checkbox" checked=${chosen.includes(code)} disabled=${closed} onChange=${() => draft.change({ virtual_orders: toggled(chosen, code) }, { soon: true })} />
      <span class="row-text"><span class="row-title code">${code}</span><span class="row-detail">${CODES.includes(code) ? t(`virtual.${code}`) : t("virtual.unknown")}</span></span></label>`)}</fieldset>
    ${asked.length > 0 ? html`<fieldset class="choices"><legend>${t("virtual.proofs")}</legend>${asked.map(({ proof }) => html`<label class="choice" data-proof=${proof}>
      <input type="checkbox" checked=${kept.includes(proof)} disabled=${closed} onChange=${() => draft.change({ proofs_kept: toggled(kept, proof) }, { soon: true })} />
      <span>${t(`virtual.proof.${proof}`)}</span></label>`)}</fieldset>` : null}
    ${chosen.includes("R004") ? html`<${Notice} kind="warn"><p>${t("virtual.note_or_affidavit")}</p><//>` : null}
    ${chosen.length > 0 ? html`<${TextPart} draft=${draft} name="virtual_order_note" rows="2" label=${t("virtual.note")} />` : null}`;
}

/** @param {{ id: string }} props */
export default function VirtualOrders({ id }) {
  return html`<${DraftScreen} id=${id} title=${t("virtual.title")} part=${Part} />`;
}
