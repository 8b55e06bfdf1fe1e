/** 書面同意 of somebody on today's list. */
import { html } from "../lib/htm-preact.js";
import { get, segment } from "../core/api.js";
import { t } from "../core/words.js";
import { ConsentScreen } from "../components/consent.js";
import { ErrorNotice, Loading, Notice, Screen, useFetched } from "../components/controls.js";

/** @typedef {import("../core/types").PlanLine} PlanLine */

/** @param {{ id: string }} props */
export default function OfPlan({ id }) {
  const plans = useFetched("today", () => /** @type {Promise<PlanLine[]>} */ (get("/api/plans")));
  const plan = plans.value?.find((one) => one.plan_id === id);
  if (plans.value === null && !plans.error) return html`<main><${Loading} /></main>`;
  if (!plan) return html`<${Screen} title=${t("consent.title")} up="/today"><${ErrorNotice} error=${plans.error} />${plans.error ? null : html`<${Notice} title=${t("consent.gone")} />`}<//>`;
  return html`<${ConsentScreen} person=${plan} consent=${plan.consent} giveTo=${`/api/plans/${segment(id)}/consent`} up="/today" reload=${plans.reload} />`;
}
