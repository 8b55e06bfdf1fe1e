/** The patient or the family signs with a finger; strokes go to the box as points, and stay with the visit. */
import { html } from "../lib/htm-preact.js";
import { useRef, useState } from "../lib/preact-hooks.js";
import { del, put, segment } from "../core/api.js";
import { editorPath } from "../core/draft.js";
import { clock } from "../core/format.js";
import { back } from "../core/router.js";
import { announce, offerUndo } from "../core/store.js";
import { t } from "../core/words.js";
import { Button, ErrorNotice, Field, useTask } from "../components/controls.js";
import { DraftScreen } from "../components/draft_screen.js";
import { Drawn, HEIGHT, WIDTH } from "../components/signature.js";

/** @typedef {import("../core/draft.js").Draft} Draft */
/** @typedef {import("../core/types").Signature} Signature */
/** @typedef {import("../core/types").Drawing} Drawing */

const MOST_STROKES = 200;
const MOST_NUMBERS = 4000;

/** @param {Draft} draft */
const path = (draft) => `/api/visits/${segment(draft.id)}/signature`;

/** The visit that is signed, as its editor or, once finished, as its result. @param {Draft} draft */
const upFrom = (draft) => (draft.visit.state === "finished" ? `/visits/${segment(draft.id)}/result` : editorPath(draft));

/** @param {Draft} draft @param {Drawing} drawing */
async function keep(draft, drawing) {
  draft.signature.value = /** @type {Signature} */ (await put(path(draft), drawing));
  announce(t("signature.kept"));
}

/**
 * The field to sign in. Its points come from any pointer: finger, pen, mouse.
 * @param {{ strokes: number[][], set: (strokes: number[][]) => void }} props
 */
function Field2D({ strokes, set }) {
  const drawing = useRef(false);
  /** @param {any} event @returns {[number, number]} */
  const point = (event) => {
    const box = event.currentTarget.getBoundingClientRect();
    const within = (/** @type {number} */ value, /** @type {number} */ most) => Math.round(Math.min(1, Math.max(0, value)) * most);
    return [within((event.clientX - box.left) / box.width, WIDTH), within((event.clientY - box.top) / box.height, HEIGHT)];
  };
  /** @param {any} event */
  const down = (event) => {
    if (strokes.length >= MOST_STROKES) return;
    event.currentTarget.setPointerCapture(event.pointerId);
    drawing.current = true;
    set([...strokes, point(event)]);
  };
  /** @param {any} event */
  const move = (event) => {
    const last = strokes[strokes.length - 1];
    if (!drawing.current || !last || last.length >= MOST_NUMBERS) return;
    set([...strokes.slice(0, -1), [...last, ...point(event)]]);
  };
  const up = () => { drawing.current = false; };
  return html`<div class="sign-here" id="sign-here" onPointerDown=${down} onPointerMove=${move} onPointerUp=${up} onPointerCancel=${up}>
    <${Drawn} strokes=${strokes} label=${t("signature.here")} />${strokes.length === 0 ? html`<span class="hint" aria-hidden="true">${t("signature.here")}</span>` : null}</div>`;
}

/** @param {{ draft: Draft }} props */
function Part({ draft }) {
  const [strokes, set] = useState(/** @type {number[][]} */ ([]));
  const [signer, setSigner] = useState(/** @type {Drawing["signer"]} */ ("patient"));
  const [relation, setRelation] = useState("");
  const closed = !draft.writable.value;
  const signature = draft.signature.value;
  const save = useTask(async () => {
    await keep(draft, { signer, strokes, relation: signer === "family" ? relation.trim() : "" });
    back(upFrom(draft));
  });
  const clear = useTask(async () => {
    const gone = signature;
    await del(path(draft));
    draft.signature.value = null;
    if (gone) offerUndo(t("signature.cleared"), () => void keep(draft, gone.drawing).catch(() => announce(t("signature.not_kept"))));
  });
  if (signature) {
    return html`<section class="group"><div class="signed"><${Drawn} strokes=${signature.drawing.strokes} label=${t("signature.title")} /></div>
      <p>${t(`signature.by.${signature.drawing.signer}`, { at: clock(signature.signed_at) })}${signature.drawing.relation ? ` · ${signature.drawing.relation}` : ""}</p>
      <${ErrorNotice} error=${clear.error} />${draft.isCorrection ? null : html`<${Button} kind="danger" id="clear-signature" task=${clear} disabled=${closed}>${t("signature.clear")}<//>`}</section>`;
  }
  return html`<p class="hint">${t("signature.how")}</p>
    <fieldset class="choices beside"><legend>${t("signature.who")}</legend>${/** @type {const} */ (["patient", "family"]).map((who) => html`<label class="choice">
      <input type="radio" name="signer" value=${who} checked=${signer === who} onChange=${() => setSigner(who)} /><span>${t(`signature.${who}`)}</span></label>`)}</fieldset>
    ${signer === "family" ? html`<${Field} id="relation" label=${t("signature.relation")}><input id="relation" maxlength="40" autocomplete="off" value=${relation}
      onInput=${(/** @type {any} */ event) => setRelation(event.currentTarget.value)} /><//>` : null}
    <${Field2D} strokes=${strokes} set=${set} />
    <${ErrorNotice} error=${save.error} />
    <div class="beside"><${Button} disabled=${strokes.length === 0} onPress=${() => set([])}>${t("signature.again")}<//>
      <${Button} kind="primary" id="keep-signature" task=${save} disabled=${closed || strokes.length === 0}>${t("signature.keep")}<//></div>`;
}

/** @param {{ id: string }} props */
export default function SignatureView({ id }) {
  return html`<${DraftScreen} id=${id} title=${t("signature.title")} part=${Part} upFrom=${upFrom} aside />`;
}
