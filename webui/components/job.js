/** One waiting step of the outbox: what it is, what it waits for, and what a person can do about it (N11, N12). */
import { html } from "../lib/htm-preact.js";
import { post, segment } from "../core/api.js";
import { clock, rocMoment } from "../core/format.js";
import { t } from "../core/words.js";
import { Button, ErrorNotice, fieldWords, useTask } from "./controls.js";

/** @typedef {import("../core/types").JobView} JobView */

/**
 * A reason to wait in words; its parameters come as the box has them: moments as ISO 8601, jobs by kind.
 * @param {import("../core/types").Reason} reason
 */
function reasonWords({ code, params }) {
  const { time, kind } = params;
  return t(code, {
    ...params,
    ...(time === undefined ? {} : { time: clock(String(time)) }),
    ...(kind === undefined ? {} : { kind: t(`job.${kind}`) }),
  });
}

/** @param {JobView} job */
function stateWords(job) {
  const waits = job.waiting_for.map(reasonWords).join(t("list.separator"));
  if (job.state === "unknown") return `${t(job.kind.startsWith("card.") ? "job_state.torn" : "job_state.unknown")} ${waits}`;
  return waits || t(`job_state.${job.state}`);
}

/** @type {Record<string, string>} */
const TONES = { rejected: "bad", unknown: "warn", held: "warn", executing: "good", leased: "good", prepared: "good" };

/** @param {{ job: JobView, changed: () => void, titled?: boolean }} props */
export function JobCard({ job, changed, titled = false }) {
  const act = useTask(async (/** @type {string} */ verb) => {
    await post(`/api/outbox/${segment(job.job_id)}/${verb}`);
    changed();
  });
  const tone = job.needs_person ? "bad" : TONES[job.state] ?? (job.age === "fresh" ? "idle" : job.age === "amber" ? "warn" : "bad");
  const error = job.error;
  return html`<li class="job ${tone}" data-job=${job.kind} data-state=${job.state}><p class="row-title"><span class="mark" aria-hidden="true"></span>${titled ? `${job.patient_name} · ` : ""}${t(`job.${job.kind}`)}</p>
    <p class="why">${stateWords(job)}</p>
    ${error ? html`<p>${error.words.what}</p>${error.field ? html`<p>${t("error.field", { field: fieldWords(error.field) })}</p>` : null}
      ${error.verbatim ? html`<blockquote>${t("error.verbatim")}${error.verbatim}</blockquote>` : null}<p>${error.words.now}</p>` : null}
    <p class="row-detail">${t(`age.${job.age}`, { due: `${rocMoment(job.due_at)}`, clock: clock(job.due_at) })}${job.attempts > 0 ? t("job.attempts", { count: job.attempts }) : ""}${error ? html` <span class="code">${error.code}</span>` : null}</p>
    <${ErrorNotice} error=${act.error} />
    <div class="actions">
      ${job.state === "rejected" ? html`<a class="button plain" data-correct href="#/visits/${segment(job.visit_id)}/correct">${t("job.correct")}</a>` : null}
      ${job.state === "rejected" && error?.code === "GW-DC-04" ? html`<${Button} busy=${act.busy} onPress=${() => void act.run("accept-former")}>${t("job.accept_former")}<//>` : null}
      ${job.state === "held" ? html`<${Button} busy=${act.busy} onPress=${() => void act.run("release")}>${t("job.release")}<//>` : null}
      ${job.state === "rejected" || job.state === "unknown" ? html`<${Button} busy=${act.busy} onPress=${() => void act.run("retry")}>${t(job.state === "unknown" ? "job.ask" : "job.retry")}<//>` : null}
      ${job.state === "queued" ? html`<${Button} busy=${act.busy} onPress=${() => void act.run("retry")}>${t("job.retry")}<//><${Button} kind="quiet" busy=${act.busy} onPress=${() => void act.run("hold")}>${t("job.hold")}<//>` : null}
    </div></li>`;
}
