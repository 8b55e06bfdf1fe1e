/** What the box's rules and data sets say about a draft, fetched for the screen that shows it. */
import { useEffect, useState } from "../lib/preact-hooks.js";
import { get, segment } from "../core/api.js";
import { useFetched } from "./controls.js";

/** @typedef {import("../core/draft.js").Draft} Draft */
/** @typedef {import("../core/types").Hit} Hit */

/** A row of a data set by its code; null when the set does not have it or is not loaded. @param {string} dataset @param {string} code */
export function useRow(dataset, code) {
  return useFetched(`${dataset} ${code}`, async () => {
    const hits = /** @type {Hit[]} */ (await get(`/api/catalogue/${segment(dataset)}?q=${encodeURIComponent(code)}&limit=5`));
    return hits.find((hit) => hit.code === code) ?? null;
  }).value;
}

/** What the rules say about the draft as it is saved; null until the box has answered. @param {Draft} draft */
export function useAdvice(draft) {
  const saved = draft.state.value === "saved";
  const [revision, setRevision] = useState(draft.revision);
  useEffect(() => {
    if (saved) setRevision(draft.revision);
  }, [saved, draft.revision]);
  return useFetched(`advice ${draft.id}`, () => /** @type {Promise<import("../core/types").VisitAdvice>} */ (get(`/api/visits/${segment(draft.id)}/advice`)), String(revision)).value;
}
