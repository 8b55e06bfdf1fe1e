/** The mark of the training rooms across every page; loaded there and nowhere else. */
import { effect } from "../lib/signals.js";
import { t } from "./words.js";

const style = document.createElement("link");
style.rel = "stylesheet";
style.href = "/css/training.css";
document.head.append(style);

// The style sheet writes it over whatever is shown, in the language of the page.
effect(() => { document.documentElement.dataset["training"] = t("training.mark"); });
