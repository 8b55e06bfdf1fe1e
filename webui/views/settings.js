/** 設定: where everything about the box, its readers, phones and data is found. */
import { html } from "../lib/htm-preact.js";
import { live, readers } from "../core/store.js";
import { chooseLetters, language, largeLetters, speak, t } from "../core/words.js";
import { Button, ErrorNotice, RowLink, Screen, useFetched, useTask } from "../components/controls.js";

export default function Settings() {
  const box = live.value.box;
  const switchLanguage = useTask(() => speak(language.value === "en" ? "zh-Hant-TW" : "en"));
  const ways = useFetched("ways", () => import("../components/ways.js"));
  return html`<${Screen} title=${t("settings.title")}>
    <div class="items">
      <${RowLink} href="#/setup" title=${t("setup.title")} detail=${t(box?.bound ? "settings.bound" : "settings.not_bound")} />
      <${RowLink} href="#/sign-in" title=${t("sign_in.title")} />
      <${RowLink} href="#/settings/environment" title=${t("environment.title")} detail=${t("environment.hint")} />
      <${RowLink} href="#/settings/readers" title=${t("readers.title")} detail=${t("settings.readers", { count: readers.value.length })} />
      <${RowLink} href="#/settings/phones" title=${t("phones.title")} detail=${live.value.phone?.name ?? ""} />
      <${RowLink} href="#/settings/datasets" title=${t("datasets.title")} detail=${box?.dataset_group ? t("datasets.group", { group: box.dataset_group }) : ""} />
      <${RowLink} href="#/settings/retention" title=${t("retention.title")} />
      <${RowLink} href="#/settings/protection" title=${t("protection.title")} detail=${t("protection.hint")} />
      <${RowLink} href="#/settings/roots" title=${t("roots.title")} detail=${t("roots.hint")} />
      <${RowLink} href="#/settings/support" title=${t("support.title")} detail=${t("support.hint")} />
      <${RowLink} href="#/help" id="to-help" title=${t("help.title")} detail=${t("help.hint")} />
      ${live.value.mode?.lessons ? null : html`<${RowLink} href="#/training" id="to-training" title=${t("training.title")} detail=${t("training.hint")} />`}
      <${RowLink} href="#/settings/box" title=${t("box.title")} detail=${box?.box_name ?? ""} />
      <${RowLink} href="#/status" title=${t("status.title")} />
      <${RowLink} href="#/settings/versions" title=${t("versions.title")} detail=${t("versions.hint")} />
      <${RowLink} href="#/settings/power" id="to-power" title=${t("switch_off.title")} detail=${t("switch_off.hint")} />
      ${live.value.mode?.virtual ? html`<${RowLink} href="#/lab" title=${t("lab.title")} />` : null}
    </div>
    <label class="switch"><input type="checkbox" id="large-letters" checked=${largeLetters.value} onChange=${(/** @type {{ currentTarget: HTMLInputElement }} */ event) => chooseLetters(event.currentTarget.checked)} />
      <span>${t("settings.large_letters")}<br /><small>${t("settings.large_letters_hint")}</small></span></label>
    ${ways.value ? html`<${ways.value.FirstWay} />` : null}
    <${ErrorNotice} error=${switchLanguage.error} />
    <${Button} id="language" task=${switchLanguage}>${language.value === "en" ? html`<span lang="zh-Hant-TW">${t("settings.other_language")}</span>` : html`<span lang="en">${t("settings.other_language")}</span>`}<//><//>`;
}
