BEGIN TRANSACTION;
CREATE TABLE card_intents (
	"key" VARCHAR(64) NOT NULL, 
	digest VARCHAR(64) NOT NULL, 
	institution VARCHAR(10) NOT NULL, 
	device_id VARCHAR(36) NOT NULL, 
	card_no VARCHAR(12) NOT NULL, 
	visit_time VARCHAR(13) NOT NULL, 
	opened_at DATETIME NOT NULL, 
	PRIMARY KEY ("key", digest), 
	FOREIGN KEY(device_id) REFERENCES devices (device_id)
);
CREATE TABLE certificates (
	serial VARCHAR(40) NOT NULL, 
	device_id VARCHAR(36) NOT NULL, 
	issued_at DATETIME NOT NULL, 
	valid_until DATETIME NOT NULL, 
	revoked_at DATETIME, 
	public_key_hash VARCHAR(64) NOT NULL, 
	pem TEXT NOT NULL, 
	PRIMARY KEY (serial), 
	FOREIGN KEY(device_id) REFERENCES devices (device_id)
);
CREATE TABLE cloud_records (
	id_no VARCHAR(10) NOT NULL, 
	kind VARCHAR(20) NOT NULL, 
	number INTEGER NOT NULL, 
	document BLOB NOT NULL, 
	PRIMARY KEY (id_no, kind, number)
);
CREATE TABLE dataset_codes (
	name VARCHAR(40) NOT NULL, 
	dataset_group VARCHAR(40) NOT NULL, 
	code VARCHAR(20) NOT NULL, 
	billable BOOLEAN NOT NULL, 
	PRIMARY KEY (name, dataset_group, code)
);
CREATE TABLE dataset_versions (
	name VARCHAR(40) NOT NULL, 
	version VARCHAR(40) NOT NULL, 
	dataset_group VARCHAR(40) NOT NULL, 
	rows INTEGER NOT NULL, 
	size_bytes INTEGER NOT NULL, 
	sha256 VARCHAR(64) NOT NULL, 
	imported_at DATETIME NOT NULL, 
	current BOOLEAN NOT NULL, 
	PRIMARY KEY (name, version)
);
CREATE TABLE devices (
	device_id VARCHAR(36) NOT NULL, 
	institution VARCHAR(10) NOT NULL, 
	name VARCHAR(80) NOT NULL, 
	dataset_group VARCHAR(40) NOT NULL, 
	enabled BOOLEAN NOT NULL, 
	orders TEXT NOT NULL, 
	created_at DATETIME NOT NULL, 
	bound_at DATETIME, 
	sheet_id VARCHAR(36), 
	told_name VARCHAR(80), 
	kind TEXT, 
	os_version TEXT, 
	software_version TEXT, 
	sam_id VARCHAR(12) NOT NULL, 
	sam_valid_from DATE NOT NULL, 
	sam_valid_until DATE NOT NULL, 
	last_upload_at DATETIME, 
	health_at DATETIME, 
	health TEXT, 
	PRIMARY KEY (device_id), 
	UNIQUE (institution, name), 
	FOREIGN KEY(institution) REFERENCES institutions (code), 
	UNIQUE (sam_id)
);
INSERT INTO "devices" VALUES('887ba4f9-17f2-4cd1-b7cf-d22b7ed56c40','9999999995','舊盒子','default',1,'','2026-11-22 08:05:03.594580',NULL,NULL,NULL,NULL,NULL,NULL,'992174460258','2026-11-22','2029-11-22',NULL,NULL,NULL);
CREATE TABLE handoff_refusals (
	institution VARCHAR(10) NOT NULL, 
	"key" VARCHAR(64) NOT NULL, 
	digest VARCHAR(64) NOT NULL, 
	refused_at DATETIME NOT NULL, 
	document BLOB NOT NULL, 
	PRIMARY KEY (institution, "key")
);
CREATE TABLE home_care_lists (
	institution VARCHAR(10) NOT NULL, 
	id_no VARCHAR(10) NOT NULL, 
	PRIMARY KEY (institution, id_no), 
	FOREIGN KEY(institution) REFERENCES institutions (code)
);
CREATE TABLE institutions (
	code VARCHAR(10) NOT NULL, 
	name TEXT NOT NULL, 
	PRIMARY KEY (code)
);
INSERT INTO "institutions" VALUES('9999999995','示範居家護理所');
CREATE TABLE insured_persons (
	id_no VARCHAR(10) NOT NULL, 
	birth_date DATE NOT NULL, 
	insured BOOLEAN NOT NULL, 
	PRIMARY KEY (id_no)
);
CREATE TABLE meta (
	name VARCHAR(40) NOT NULL, 
	value TEXT NOT NULL, 
	PRIMARY KEY (name)
);
INSERT INTO "meta" VALUES('schema_version','1');
INSERT INTO "meta" VALUES('epoch','e6033dd759ade26b8f3621cc7cb89cd7');
CREATE TABLE prescription_codes (
	code VARCHAR(8) NOT NULL, 
	"key" VARCHAR(64) NOT NULL, 
	PRIMARY KEY (code), 
	UNIQUE ("key"), 
	FOREIGN KEY("key") REFERENCES receipts ("key")
);
CREATE TABLE receipts (
	"key" VARCHAR(64) NOT NULL, 
	institution VARCHAR(10) NOT NULL, 
	device_id VARCHAR(36) NOT NULL, 
	kind VARCHAR(20) NOT NULL, 
	digest VARCHAR(64) NOT NULL, 
	accepted_at DATETIME NOT NULL, 
	document BLOB NOT NULL, 
	PRIMARY KEY ("key"), 
	FOREIGN KEY(device_id) REFERENCES devices (device_id)
);
CREATE TABLE sam_verifications (
	device_id VARCHAR(36) NOT NULL, 
	day DATE NOT NULL, 
	verified_at DATETIME NOT NULL, 
	PRIMARY KEY (device_id, day), 
	FOREIGN KEY(device_id) REFERENCES devices (device_id)
);
CREATE TABLE staff (
	institution VARCHAR(10) NOT NULL, 
	hpc_no VARCHAR(20) NOT NULL, 
	staff_id VARCHAR(20) NOT NULL, 
	id_no VARCHAR(10) NOT NULL, 
	name TEXT NOT NULL, 
	kind VARCHAR(20) NOT NULL, 
	rights VARCHAR(40) NOT NULL, 
	revoked BOOLEAN NOT NULL, 
	PRIMARY KEY (institution, hpc_no), 
	FOREIGN KEY(institution) REFERENCES institutions (code)
);
INSERT INTO "staff" VALUES('9999999995','990000000011','N1','A123456788','測試護理師','nurse','QPB,IMQ',0);
CREATE TABLE staff_sessions (
	token_hash VARCHAR(64) NOT NULL, 
	device_id VARCHAR(36) NOT NULL, 
	certificate_serial VARCHAR(40) NOT NULL, 
	institution VARCHAR(10) NOT NULL, 
	hpc_no VARCHAR(20) NOT NULL, 
	started_at DATETIME NOT NULL, 
	valid_until DATETIME NOT NULL, 
	ended_at DATETIME, 
	PRIMARY KEY (token_hash), 
	FOREIGN KEY(device_id) REFERENCES devices (device_id), 
	FOREIGN KEY(certificate_serial) REFERENCES certificates (serial)
);
CREATE TABLE tickets (
	token_hash VARCHAR(64) NOT NULL, 
	device_id VARCHAR(36) NOT NULL, 
	pin_salt BLOB NOT NULL, 
	pin_hash BLOB NOT NULL, 
	tries_left INTEGER NOT NULL, 
	expires_at DATETIME NOT NULL, 
	used_at DATETIME, 
	used_by_key VARCHAR(64), 
	PRIMARY KEY (token_hash), 
	FOREIGN KEY(device_id) REFERENCES devices (device_id)
);
INSERT INTO "tickets" VALUES('0d2c5ae600ec44bda15ed70c85d397cfdcd0674099a8032c6e2347b02c294abd','887ba4f9-17f2-4cd1-b7cf-d22b7ed56c40',X'9E365A8B94757200E5137F4B5240EA5E',X'8D434255034794DCE2E9EEFE00B7927CD0330BBF3870515A5B9D81BDAC0BFC70',5,'2026-11-29 08:05:03.625396',NULL,NULL);
CREATE TABLE upload_records (
	kind VARCHAR(20) NOT NULL, 
	institution VARCHAR(10) NOT NULL, 
	record_key VARCHAR(120) NOT NULL, 
	"key" VARCHAR(64) NOT NULL, 
	mark VARCHAR(20) NOT NULL, 
	PRIMARY KEY (kind, institution, record_key), 
	FOREIGN KEY("key") REFERENCES uploads ("key")
);
CREATE TABLE uploads (
	"key" VARCHAR(64) NOT NULL, 
	kind VARCHAR(20) NOT NULL, 
	institution VARCHAR(10) NOT NULL, 
	device_id VARCHAR(36) NOT NULL, 
	received_at DATETIME NOT NULL, 
	body BLOB NOT NULL, 
	PRIMARY KEY ("key"), 
	FOREIGN KEY("key") REFERENCES receipts ("key"), 
	FOREIGN KEY(device_id) REFERENCES devices (device_id)
);
CREATE INDEX ix_receipts_accepted_at ON receipts (accepted_at);
CREATE INDEX card_intents_of_visit ON card_intents (card_no, visit_time);
COMMIT;
