/**
 * The gateway's JSON as this UI reads it (GET /api/openapi.json is the contract; tests/webui/test_contract.py
 * holds the two together). Times are ISO 8601 with zone, dates YYYY-MM-DD.
 */

export type LinkName = "good" | "unstable" | "down";
export type FlagState = "not_wanted" | "waiting" | "working" | "attention" | "done";
export type CardKind = "nhi" | "hpc" | "institution" | "unknown" | "mute" | "reading" | "none";
export type Age = "fresh" | "amber" | "red" | "overdue";

export interface Words { what: string; where: string; now: string }

export interface ErrorBody {
  code: string;
  retry: "later" | "never" | "unknown";
  field?: string;
  params: Record<string, string | number>;
  words: Words;
  verbatim?: string;
}

export interface CardPatient {
  name: string;
  card_no_tail: string;
  id_masked: string;
  birth_date: string;
  sex: "M" | "F";
  name_open: boolean;
}

export interface PresentCard {
  kind: CardKind;
  insertion: number;
  error_code: string;
  patient: CardPatient | null;
}

export interface Reader {
  reader_id: string;
  name: string;
  transport: string;
  state: "empty" | "card" | "mute" | "unavailable";
  virtual: boolean;
  battery_percent: number | null;
  battery_low: boolean | null;
  signal_dbm: number | null;
  sleeps: boolean;
  trouble: string;
  card: PresentCard;
}

export type ReaderFamily = "acs" | "feitian";

export interface HeardReader { address: string; name: string; family: ReaderFamily; signal_dbm: number | null; remembered: boolean }

export interface ReaderPairing {
  address: string;
  name: string;
  phase: "connecting" | "compare" | "enter" | "show" | "agree" | "done" | "failed";
  number: string;
  error_code: string;
}

export interface RememberedReader { reader_id: string; address: string; name: string; model: string; family: ReaderFamily; own_key: boolean | null }

export interface Bluetooth {
  state: "on" | "off" | "blocked" | "missing" | "no_service";
  scanning: boolean;
  heard: HeardReader[];
  pairing: ReaderPairing | null;
  remembered: RememberedReader[];
}

/** Who uses a reader until `ends_at` at the latest: the phone `phone_id`, called `name`, or the box itself. */
export interface ReaderUse {
  reader_id: string;
  by: "phone" | "box";
  phone_id: string;
  name: string;
  ends_at: string;
}

export interface StaffSession {
  session_id: string;
  staff_id: string;
  name: string;
  kind: "doctor" | "nurse" | "pharmacist" | "other";
  rights: string[];
  started_at: string;
  ends_at: string;
  phone_ids: string[];
}

export interface Institution { code: string; name: string }

export interface BoxStatus {
  bound: boolean;
  box_name: string;
  sheet_id: string;
  institution: Institution | null;
  sam_id: string;
  sam_valid_until: string | null;
  sam_verified_at: string | null;
  dataset_group: string;
  enabled: boolean;
  version: string;
}

export interface LinkStatus {
  link: LinkName;
  hop: string;
  since: string;
  last_success_at: string | null;
}

export interface QueueStatus {
  depth: number;
  attention: number;
  sending: number;
  oldest_at: string | null;
  oldest_age: Age;
  last_success_at: string | null;
}

/** What phones are shown; `own`: signed by the box itself. */
export interface PageCertificate { fingerprint: string; ends_at: string; own: boolean; refused: string }

export interface PortalRoot {
  fingerprint: string;
  subject: string;
  source: "binding" | "announced" | "technician";
  added_at: string;
  begins_at: string;
  ends_at: string;
}

export type IdentifyBy = "card" | "virtual_card" | "photo";

export interface Topics {
  mode: { virtual: boolean; training: boolean; lessons: boolean };
  announcements: { items: AnnouncementLine[] };
  tour: { taken: boolean };
  identify: { by: IdentifyBy };
  box: BoxStatus;
  bluetooth: Bluetooth;
  link: LinkStatus;
  queue: QueueStatus;
  cards: { readers: Reader[]; troubles: string[] };
  uses: { uses: ReaderUse[] };
  staff: { sessions: StaffSession[] };
  time: { trust: string };
  store: { rescued_at: string | null; backup_at: string | null };
  erasure: { ordered_at: string | null; unsent: number };
  power: { battery_percent: number | null; under_voltage: boolean | null; battery_silent?: boolean; switching_off?: boolean };
  certificate: PageCertificate;
  /** No part of the state: a notice that a visit has changed. */
  visit: { visit_id: string; revision: number; state: string; flags: VisitFlags };
  /** No part of the state: a notice of which phone edits a draft now; none while `phone_id` is empty. */
  editor: { visit_id: string; phone_id: string; phone_name: string };
  phone: PhoneTopic;
  presence: { questions: Question[] };
}

/** This phone: `session_id` is the staff session it works under; `reduced`: that one ran out. */
export interface PhoneTopic {
  phone_id: string;
  name: string;
  role: BoxRole;
  state: "open" | "locked" | "over";
  session_id: string;
  reduced: boolean;
  idle_s: number;
  has_code: boolean;
}

/** A phone that asks to be paired or opened. */
export interface Question {
  request_id: string;
  phone_id: string;
  purpose: "pair" | "open" | "confirm";
  name: string;
  role: BoxRole;
  expires_at: string;
  allowed_by: string;
}

export interface SupportBundle {
  box: Record<string, string | boolean>;
  state: Record<string, string | number | null>;
  settings: Record<string, boolean | number>;
  checks: unknown[];
  readers: unknown[];
  jobs: unknown[];
  links: unknown[];
  logs: unknown[];
}

export interface BoxHealth {
  up_since: string;
  versions: { program: string; schema: string; system: string; image: string; python: string; datasets: { name: string; version: string }[] };
}

export interface SwitchOffView {
  possible: boolean;
  unsent: number;
  drafts: number;
  oldest_at: string | null;
  busy: boolean;
}

export interface SupportFile { name: string; content: string }

export interface LockView {
  state: "open" | "locked" | "erased";
  takes_cards: boolean;
  readers: string[];
  erased_at: string | null;
  erased_why: string;
}

export interface LockSettings { starts_locked: boolean; cards: boolean }

export interface VisitFlags { saved: FlagState; card: FlagState; vpn: FlagState; ic: FlagState }

export interface Diagnosis { code: string; name_zh: string; name_en: string }

export interface Order {
  kind: "drug" | "material" | "service" | "test" | "self_paid" | "controlled";
  code: string;
  name: string;
  dose: number;
  frequency: string;
  route: string;
  days: number;
  total: number;
  total_overridden: boolean;
  chronic: boolean;
  refills: number;
  price: number;
  note: string;
  self_entered: boolean;
  own_code: string;
  long_term: boolean;
  percentage: number;
}

export interface ClaimSettings {
  case_type: string;
  department: string;
  payment_category: string;
  visit_type: string;
  dispensing: string;
  copay: string;
  special_items: string[];
}

/** Moments are null while the box's own are meant: 看診時間, 完成看診. */
export interface Occasion {
  arrived_at: string | null;
  departed_at: string | null;
  remote: boolean;
  under_served: boolean;
  emergency: boolean;
  holiday: boolean;
}

export interface VisitContent {
  programme: string;
  claim: ClaimSettings;
  subjective: string;
  objective: string;
  diagnoses: Diagnosis[];
  orders: Order[];
  virtual_orders: string[];
  proofs_kept: string[];
  virtual_order_note: string;
  special_note: string;
  occasion: Occasion;
  fee_points: number;
  copay_points: number;
  amounts_by_hand: boolean;
}

/** Strokes as x, y, x, y, … in a field of 1000 by 400. */
export interface Drawing { signer: "patient" | "family"; strokes: number[][]; relation: string }

export interface Signature { drawing: Drawing; signed_at: string; revision: number }

/** The phone that may change a draft. */
export interface Editor { phone_id: string; phone_name: string }

export interface Lack { field: string; params: Record<string, string | number> }

export interface Course { kind: string; visits: number; number: string }

export interface HomeFee { code: string; points: number; care: string; group: number | null; over_hour: boolean | null }

/** What the rules say about a visit at one revision. */
export interface VisitAdvice {
  revision: number;
  lacking: Lack[];
  visit_type: string;
  courses: Course[];
  case_type_fits: boolean;
  special_item: string;
  physical_card_wanted: boolean;
  fees: HomeFee[];
  percentage: number;
  fee_points: number;
  copay_points: number | null;
}

/** How a programme's visits are claimed, as far as that is public. */
export interface ProgrammeLine { programme: string; case_types: string[]; special_item: string; visit_type: string }

export interface Phrase { phrase_id: string; text: string }

export interface Position { latitude: number; longitude: number; accuracy_m: number | null }

export interface CardHolder { card_no: string; name: string; id_no: string; birth_date: string; sex: "M" | "F" }

export interface Practitioner { staff_id: string; name: string; kind: string }

export interface Sequence { number: string; source: string; taken_at: string }

export interface Receipt { key: string; kind: string; accepted_at: string; insurer: Record<string, string> }

export interface Visit {
  visit_id: string;
  revision: number;
  state: "draft" | "finished" | "discarded";
  patient: CardHolder;
  identification: string;
  practitioner: Practitioner;
  visit_at: string;
  clock_trusted: boolean;
  content: VisitContent;
  finished_at: string | null;
  finish_mode: number | null;
  sequence: Sequence | null;
  position: Position | null;
}

export interface Reason { code: string; params: Record<string, string | number> }

export interface JobView {
  job_id: string;
  kind: string;
  visit_id: string;
  patient_name: string;
  visit_at: string;
  state: string;
  needs_person: boolean;
  waiting_for: Reason[];
  age: Age;
  due_at: string;
  attempts: number;
  revision: number;
  error: ErrorBody | null;
}

export interface VisitView {
  visit: Visit;
  flags: VisitFlags;
  jobs: JobView[];
  receipts: Record<string, Receipt>;
  /** A key of the words, said in one sentence, or empty. */
  notice: string;
  editor: Editor | null;
  signature: Signature | null;
}

export interface VisitSummary {
  visit_id: string;
  revision: number;
  state: "draft" | "finished" | "discarded";
  patient_name: string;
  visit_at: string;
  sequence_no: string;
  flags: VisitFlags;
}

export interface Hit {
  code: string;
  name_zh: string;
  name_en: string;
  billable: boolean;
  attributes: Record<string, string>;
  favourite: boolean;
}

export type CheckState = "ok" | "warn" | "fail" | "unknown" | "absent";

export interface EnvironmentCheck { item: string; state: CheckState; code: string; params: Record<string, string | number> }

export interface CodeSeen {
  code: "maybe_virtual_card" | "binding" | "wifi" | "address" | "prescription" | "other";
}

export interface RightView { right: string; held: boolean; opens: string[] }

export type SiteState = "open" | "applied" | "done";

export interface SiteStep { step: string; state: SiteState; by: string; at: string | null; states: SiteState[]; approval_at: string | null }

export interface EnvironmentReport { at: string; ready: boolean; items: EnvironmentCheck[] }

export interface DataSet {
  name: string;
  version: string;
  group: string;
  rows: number;
  sha256: string;
  loaded_at: string;
  previous: string;
  added: number;
  removed: number;
  changed: number;
}

export interface DataSetStatus { checked_at: string | null; missing: string[]; empty: string[]; groups: string[]; loaded_group: string }

export type RecordKind =
  | "drugs" | "allergies" | "controlled" | "clotting" | "chinese" | "tests" | "results" | "imaging" | "visits" | "surgery" | "dental" | "discharge" | "rehab";

export interface ConsentTerms { kinds: RecordKind[]; signer: "patient" | "family"; signed_on: string; until: string }

export interface ConsentView {
  consent_id: string;
  name: string;
  id_masked: string;
  birth_date: string;
  act: "given" | "renewed" | "revoked" | "expired";
  at: string;
  who: string;
  terms: ConsentTerms;
  counts: boolean;
  fetched_at: string | null;
}

export interface PlanLine {
  plan_id: string;
  planned_at: string;
  name: string;
  id_masked: string;
  birth_date: string;
  consent: ConsentView | null;
  fetched_at: string | null;
}

export interface PatientLine { visit_id: string; visit_at: string; name: string; id_masked: string; birth_date: string }

export interface Fetched { consent_id: string; fetched_at: string | null; words: string }

export interface RecordRow { on: string; institution: string; values: Record<string, string> }

export interface RecordTable { kind: string; columns: string[]; keys: string[]; rows: RecordRow[] }

export interface RecordsView { as_of: string; fetched_at: string | null; until: string | null; tables: RecordTable[] }

export interface FormerFill { institution: string; fetched_on: string; days: number }

export interface LeftMedicine {
  group: string;
  names: string[];
  codes: string[];
  remaining_days: number;
  usable_until: string;
  next_fill_on: string;
  is_duplicate: boolean;
  approximate: boolean;
  fills: FormerFill[];
}

export interface Allergy { drug: string; symptom: string; severity: string; on: string; institution: string }

export interface Allergies { known: boolean; as_of: string | null; recorded: Allergy[] }

export interface Leftover { known: boolean; as_of: string | null; medicines: LeftMedicine[]; uncounted: number }

export interface CardVisit { visit_type: string; visit_time: string; sequence_no: string; institution: string; make_up: boolean }

export interface CardOrder { visit_time: string; order_type: string; code: string; usage: string; days: number; quantity: number }

export interface CardContents { insured: boolean; uses_left: number; valid_until: string; visits: CardVisit[]; orders: CardOrder[] }

export interface FormerVisit {
  visit_id: string;
  visit_at: string;
  practitioner: string;
  subjective: string;
  objective: string;
  special_note: string;
  diagnoses: Diagnosis[];
  orders: Order[];
  claim: ClaimSettings;
}

export interface LeftOut { section: string; what: string; reason: "unknown" | "controlled" | "full" | "long" }

export type BoxRole = "user" | "technician" | "owner";

export interface Phone { phone_id: string; name: string; paired_at: string; used_at: string; role: BoxRole }

export interface Prescription { ready: boolean; waiting_for: string; qr_svg: string; passphrase: string }

export interface AnnouncementLine {
  announcement_id: string;
  title: string;
  urgent: boolean;
  issued_at: string;
  expires_at: string | null;
  read: boolean;
}

export interface AnnouncementView {
  announcement_id: string;
  title: string;
  urgent: boolean;
  issued_at: string;
  expires_at: string | null;
  read: boolean;
  body: string;
}

export interface TrainingView { offered: boolean; phase: "closed" | "opening" | "open" | "closing"; failed: boolean }

export interface LessonUnderWay { lesson_id: string; done: number }

export interface LessonBoard { lessons: { lesson_id: string; tasks: string[] }[]; current: LessonUnderWay | null }

export interface LabState {
  cards: { card_id: string; label: string; kind: string; reader_id: string | null; commands: number; left_by_itself: boolean }[];
  readers: { reader_id: string; label: string }[];
  bluetooth: { adapter: Bluetooth["state"]; readers: { reader_id: string; label: string; in_reach: boolean; paired: boolean; passkey: string }[] } | null;
  link: { mode: "up" | "down" | "slow"; delay_ms: number };
  portal: { clock_offset_s: number; faults: Record<string, unknown>[] };
  binding: { qr_png_data_url: string; ticket: string; pin: string } | null;
}

/** What clearing history would delete (`clear`) and keep, by reason; `cleared` have just been deleted. */
export interface RetentionCounts {
  months: number;
  before: string;
  cleared: number;
  clear: number;
  keep: number;
  open: number;
  unconfirmed: number;
  drafts: number;
  not_uploaded: number;
}

/** Items handed off that have no answer of the data centre yet; `has_key`: a file can be sealed. */
export interface HandoffsWaiting {
  waiting: number;
  has_key: boolean;
}

/** A sealed file of what waits; `content` is base64. `left`: waiting items that it cannot carry yet. */
export interface HandoffFile {
  handoff_id: string;
  name: string;
  content: string;
  items: number;
  left: number;
}

/** What the insurer's check would refuse, and what Big5 cannot carry. */
export interface VisitInspection {
  findings: { code: string; field: string; words: string }[];
  unfit: { field: string; position: number; character: string; name: string }[];
}

/** A visit as a file; `content` is base64. */
export interface ExportFile {
  name: string;
  content: string;
}

/** One more copy of a prescription: an A5 page as PDF, `content` is base64. */
export interface PrescriptionFile {
  name: string;
  content: string;
  print_no: number;
}

/** Five minutes: the worst link and the longest queue in them. */
export interface HistoryPoint {
  at: string;
  link: string;
  queue_depth: number;
}
