/** Records that were downloaded under a consent, at an address of their own. */
export { OfConsent as default } from "./records.js";
