/** The correction of a finished visit that was sent back: the editor of a draft, saved and sent again in one act (N11). */
import { html } from "../lib/htm-preact.js";
import VisitView from "./visit.js";

/** @param {{ id: string }} props */
export default function Correct({ id }) {
  return html`<${VisitView} id=${id} correct />`;
}
