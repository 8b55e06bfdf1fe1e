/** The first set-up in its order: 綁定 → 安全模組 → 資料集 → 登入, each step with what it waits for. */
import { html } from "../lib/htm-preact.js";
import { get, post } from "../core/api.js";
import { rocMoment } from "../core/format.js";
import { linkUp, live, samVerified, staffHere } from "../core/store.js";
import { t } from "../core/words.js";
import { ErrorNotice, RowLink, Screen, useFetched, useTask } from "../components/controls.js";
import { lineLock, LockedButton } from "../components/locked.js";

const style = document.createElement("link");
style.rel = "stylesheet";
style.href = "/css/setup.css";
document.head.append(style);

/** @typedef {import("../lib/preact.js").ComponentChildren} Children */

/** @param {{ done: boolean, current: boolean, number: number, id: string, title: string, detail: string, children?: Children }} props */
function Step({ done, current, number, id, title, detail, children }) {
  return html`<li class="step ${done ? "done" : current ? "current" : ""}" data-step=${id} data-done=${done}>
    <span class="step-mark" aria-hidden="true">${done ? "✓" : number}</span>
    <div><p class="row-title">${title}<span class="unseen"> ${t(done ? "setup.done" : "setup.open")}</span></p>
    <p class="row-detail">${detail}</p>${children}</div></li>`;
}

export default function Setup() {
  const box = live.value.box;
  const sets = useFetched("datasets", () => /** @type {Promise<import("../core/types").DataSet[]>} */ (get("/api/datasets")));
  const site = useFetched("site", () => /** @type {Promise<import("../core/types").SiteStep[]>} */ (get("/api/site-steps")));
  const verify = useTask(async () => { await post("/api/box/sam/verify", {}, { timeout_s: 60 }); });
  const download = useTask(async () => {
    sets.set(await post("/api/datasets/refresh", {}, { timeout_s: 300 }));
  });
  const bound = box?.bound ?? false;
  const loaded = (sets.value ?? []).length > 0;
  const signedIn = staffHere.value !== null;
  const done = [bound, samVerified.value, loaded, signedIn];
  const next = done.indexOf(false);
  const samDetail = samVerified.value && box?.sam_verified_at ? t("setup.sam.done", { at: rocMoment(box.sam_verified_at) })
    : t(linkUp.value || !bound ? "setup.sam.how" : "setup.sam.waits_link");

  const lock = lineLock();
  const action = next === 0 ? html`<a class="button primary" id="go-bind" href="#/setup/bind">${t("setup.bind.action")}</a>`
    : next === 1 ? html`<${LockedButton} kind="primary" id="verify-sam" task=${verify} lock=${lock?.code === "GW-DC-07" ? null : lock}>${t("setup.sam.action")}<//>`
    : next === 2 ? html`<${LockedButton} kind="primary" id="download-datasets" task=${download} lock=${lock}>${t("setup.datasets.action")}<//>`
    : next === 3 ? html`<a class="button primary" id="go-sign-in" href="#/sign-in">${t("sign_in.action")}</a>`
    : html`<a class="button primary" href="#/">${t("setup.ready")}</a>`;
  return html`<${Screen} title=${t("setup.title")} up="/" action=${action}>
    <p>${t("setup.intro")}</p>
    <${ErrorNotice} error=${verify.error ?? download.error ?? sets.error ?? site.error} />
    <div class="items"><${RowLink} id="to-site" href="#/setup/site" title=${t("site.title")} detail=${site.value
      ? t("site.row", { done: site.value.filter((step) => step.state === "done").length, all: site.value.length }) : t("site.row_hint")} /></div>
    <ol class="checklist">
      <${Step} id="bind" number="1" done=${bound} current=${next === 0} title=${t("setup.bind.title")}
        detail=${bound && box?.institution ? `${box.institution.name} ${box.institution.code}` : t("setup.bind.how")} />
      <${Step} id="sam" number="2" done=${samVerified.value} current=${next === 1} title=${t("setup.sam.title")} detail=${samDetail} />
      <${Step} id="datasets" number="3" done=${loaded} current=${next === 2} title=${t("setup.datasets.title")}
        detail=${loaded ? t("setup.datasets.done", { count: (sets.value ?? []).length }) : t("setup.datasets.how")} />
      <${Step} id="sign-in" number="4" done=${signedIn} current=${next === 3} title=${t("setup.sign_in.title")}
        detail=${staffHere.value ? t("setup.sign_in.done", { name: staffHere.value.name }) : t("setup.sign_in.how")} />
    </ol><//>`;
}
