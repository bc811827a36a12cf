CREATE TABLE approval (
	id BLOB NOT NULL,
	rev INTEGER NOT NULL,
	complaint_id BLOB NOT NULL,
	team_id BLOB,
	author TEXT NOT NULL,
	approver_id BLOB,
	proposal_version INTEGER NOT NULL,
	at BIGINT NOT NULL,
	CONSTRAINT pk_approval PRIMARY KEY (id),
	CONSTRAINT ck_approval_id CHECK (length(id) = 16),
	CONSTRAINT ck_approval_rev CHECK (rev >= 1)
)
 WITHOUT ROWID

CREATE INDEX ix_approval_complaint_id ON approval (complaint_id)

CREATE TABLE cause (
	id BLOB NOT NULL,
	rev INTEGER NOT NULL,
	"key" TEXT NOT NULL,
	parent TEXT NOT NULL,
	cause_class TEXT NOT NULL,
	name_en TEXT NOT NULL,
	name_zh TEXT NOT NULL,
	leaf BOOLEAN NOT NULL,
	position INTEGER NOT NULL,
	CONSTRAINT pk_cause PRIMARY KEY (id),
	CONSTRAINT ck_cause_id CHECK (length(id) = 16),
	CONSTRAINT ck_cause_rev CHECK (rev >= 1),
	CONSTRAINT ck_cause_leaf CHECK (leaf IN (0, 1))
)
 WITHOUT ROWID

CREATE INDEX ix_cause_key ON cause ("key")

CREATE TABLE clock_line (
	id BLOB NOT NULL,
	rev INTEGER NOT NULL,
	complaint_id BLOB NOT NULL,
	team_id BLOB,
	author TEXT NOT NULL,
	n INTEGER NOT NULL,
	clock TEXT NOT NULL,
	event TEXT NOT NULL,
	at BIGINT NOT NULL,
	since BIGINT NOT NULL,
	due BIGINT NOT NULL,
	why TEXT NOT NULL,
	why_values TEXT NOT NULL,
	calendar TEXT NOT NULL,
	provisional BOOLEAN NOT NULL,
	undoes INTEGER,
	CONSTRAINT pk_clock_line PRIMARY KEY (id),
	CONSTRAINT ck_clock_line_id CHECK (length(id) = 16),
	CONSTRAINT ck_clock_line_rev CHECK (rev >= 1),
	CONSTRAINT ck_clock_line_provisional CHECK (provisional IN (0, 1))
)
 WITHOUT ROWID

CREATE INDEX ix_clock_line_complaint_id_n ON clock_line (complaint_id, n)

CREATE TABLE complaint (
	id BLOB NOT NULL,
	rev INTEGER NOT NULL,
	number TEXT NOT NULL,
	state TEXT NOT NULL,
	severity TEXT NOT NULL,
	provisional BOOLEAN NOT NULL,
	level INTEGER NOT NULL,
	external TEXT NOT NULL,
	regime TEXT NOT NULL,
	channel TEXT NOT NULL,
	category TEXT NOT NULL,
	language TEXT NOT NULL,
	customer_id BLOB,
	asset_id BLOB,
	call_id BLOB,
	outlet TEXT NOT NULL,
	unidentified BOOLEAN NOT NULL,
	owner_id BLOB,
	team_id BLOB,
	received_at BIGINT NOT NULL,
	logged_at BIGINT NOT NULL,
	next_clock TEXT NOT NULL,
	next_due_at BIGINT,
	wait_for TEXT NOT NULL,
	wait_until BIGINT,
	answer_until BIGINT,
	follow_up_at BIGINT,
	resolved_at BIGINT,
	closed_at BIGINT,
	repeat_of BLOB,
	merged_into BLOB,
	reopen_count INTEGER NOT NULL,
	first_contact BOOLEAN NOT NULL,
	restricted BOOLEAN NOT NULL,
	imported BOOLEAN NOT NULL,
	last_operation_id BLOB,
	last_step_at BIGINT,
	external_id TEXT NOT NULL,
	CONSTRAINT pk_complaint PRIMARY KEY (id),
	CONSTRAINT ck_complaint_id CHECK (length(id) = 16),
	CONSTRAINT ck_complaint_rev CHECK (rev >= 1),
	CONSTRAINT ck_complaint_provisional CHECK (provisional IN (0, 1)),
	CONSTRAINT ck_complaint_unidentified CHECK (unidentified IN (0, 1)),
	CONSTRAINT ck_complaint_first_contact CHECK (first_contact IN (0, 1)),
	CONSTRAINT ck_complaint_restricted CHECK (restricted IN (0, 1)),
	CONSTRAINT ck_complaint_imported CHECK (imported IN (0, 1))
)
 WITHOUT ROWID

CREATE INDEX ix_complaint_asset_id_received_at ON complaint (asset_id, received_at)

CREATE INDEX ix_complaint_call_id ON complaint (call_id)

CREATE INDEX ix_complaint_customer_id_received_at ON complaint (customer_id, received_at)

CREATE INDEX ix_complaint_merged_into ON complaint (merged_into)

CREATE INDEX ix_complaint_external_id ON complaint (external_id)

CREATE INDEX ix_complaint_number ON complaint (number)

CREATE INDEX ix_complaint_open ON complaint (next_due_at, owner_id, team_id, state, severity, level, external, number, category, customer_id, next_clock, wait_for, wait_until, received_at, repeat_of, reopen_count, restricted, rev) WHERE state NOT IN ('REJECTED', 'CLOSED', 'WITHDRAWN', 'MERGED')

CREATE INDEX ix_complaint_owner_id_state_next_due_at ON complaint (owner_id, state, next_due_at)

CREATE INDEX ix_complaint_received_at ON complaint (received_at)

CREATE INDEX ix_complaint_repeat_of ON complaint (repeat_of)

CREATE INDEX ix_complaint_state_next_due_at ON complaint (state, next_due_at)

CREATE TABLE complaint_body (
	id BLOB NOT NULL,
	rev INTEGER NOT NULL,
	team_id BLOB,
	author TEXT NOT NULL,
	complainant TEXT NOT NULL,
	third_party TEXT NOT NULL,
	what_happened TEXT NOT NULL,
	remedy_wanted TEXT NOT NULL,
	ack_channel TEXT NOT NULL,
	acknowledged_at BIGINT,
	contacted_at BIGINT,
	cause_class TEXT NOT NULL,
	persons INTEGER NOT NULL,
	money INTEGER NOT NULL,
	containment TEXT NOT NULL,
	wait_what TEXT NOT NULL,
	cause TEXT NOT NULL,
	finding TEXT NOT NULL,
	reason_text TEXT NOT NULL,
	internal_reason TEXT NOT NULL,
	proposal_version INTEGER NOT NULL,
	proposer_id BLOB,
	remedy_total INTEGER NOT NULL,
	missing TEXT NOT NULL,
	responded_at BIGINT,
	sent_via TEXT NOT NULL,
	refused_why TEXT NOT NULL,
	accepted BOOLEAN NOT NULL,
	accepted_by TEXT NOT NULL,
	accepted_how TEXT NOT NULL,
	what_was_done TEXT NOT NULL,
	sampled BOOLEAN,
	survey_id BLOB,
	csm INTEGER,
	score INTEGER,
	declined BOOLEAN NOT NULL,
	corrective_action BOOLEAN,
	corrective_reason TEXT NOT NULL,
	reopen_why TEXT NOT NULL,
	rejected_by BLOB,
	ended_why TEXT NOT NULL,
	ended_channel TEXT NOT NULL,
	other_route TEXT NOT NULL,
	external_reference TEXT NOT NULL,
	external_at BIGINT,
	handed_over_by BLOB,
	hand_overs INTEGER NOT NULL,
	wait_seconds INTEGER NOT NULL,
	CONSTRAINT pk_complaint_body PRIMARY KEY (id),
	CONSTRAINT ck_complaint_body_id CHECK (length(id) = 16),
	CONSTRAINT ck_complaint_body_rev CHECK (rev >= 1),
	CONSTRAINT ck_complaint_body_accepted CHECK (accepted IN (0, 1)),
	CONSTRAINT ck_complaint_body_sampled CHECK (sampled IN (0, 1)),
	CONSTRAINT ck_complaint_body_declined CHECK (declined IN (0, 1)),
	CONSTRAINT ck_complaint_body_corrective_action CHECK (corrective_action IN (0, 1))
)
 WITHOUT ROWID

CREATE INDEX ix_complaint_body_cause ON complaint_body (cause)

CREATE TABLE complaint_category (
	id BLOB NOT NULL,
	rev INTEGER NOT NULL,
	"key" TEXT NOT NULL,
	parent TEXT NOT NULL,
	name_en TEXT NOT NULL,
	name_zh TEXT NOT NULL,
	needs_asset BOOLEAN NOT NULL,
	position INTEGER NOT NULL,
	CONSTRAINT pk_complaint_category PRIMARY KEY (id),
	CONSTRAINT ck_complaint_category_id CHECK (length(id) = 16),
	CONSTRAINT ck_complaint_category_rev CHECK (rev >= 1),
	CONSTRAINT ck_complaint_category_needs_asset CHECK (needs_asset IN (0, 1))
)
 WITHOUT ROWID

CREATE INDEX ix_complaint_category_key ON complaint_category ("key")

CREATE TABLE complaint_event (
	id BLOB NOT NULL,
	rev INTEGER NOT NULL,
	complaint_id BLOB NOT NULL,
	team_id BLOB,
	author TEXT NOT NULL,
	transition TEXT NOT NULL,
	from_state TEXT NOT NULL,
	to_state TEXT NOT NULL,
	version INTEGER NOT NULL,
	at BIGINT NOT NULL,
	device TEXT NOT NULL,
	fields TEXT NOT NULL,
	"before" TEXT NOT NULL,
	"after" TEXT NOT NULL,
	first_line INTEGER NOT NULL,
	last_line INTEGER NOT NULL,
	remedies TEXT NOT NULL,
	left_the_house BOOLEAN NOT NULL,
	CONSTRAINT pk_complaint_event PRIMARY KEY (id),
	CONSTRAINT ck_complaint_event_id CHECK (length(id) = 16),
	CONSTRAINT ck_complaint_event_rev CHECK (rev >= 1),
	CONSTRAINT ck_complaint_event_left_the_house CHECK (left_the_house IN (0, 1))
)
 WITHOUT ROWID

CREATE INDEX ix_complaint_event_complaint_id_version ON complaint_event (complaint_id, version)

CREATE TABLE corrective_action (
	id BLOB NOT NULL,
	rev INTEGER NOT NULL,
	complaint_id BLOB,
	team_id BLOB,
	author TEXT NOT NULL,
	cause TEXT NOT NULL,
	what TEXT NOT NULL,
	owner_id BLOB,
	opened_at BIGINT NOT NULL,
	due_at BIGINT,
	check_at BIGINT,
	state TEXT NOT NULL,
	result TEXT NOT NULL,
	CONSTRAINT pk_corrective_action PRIMARY KEY (id),
	CONSTRAINT ck_corrective_action_id CHECK (length(id) = 16),
	CONSTRAINT ck_corrective_action_rev CHECK (rev >= 1)
)
 WITHOUT ROWID

CREATE INDEX ix_corrective_action_cause_opened_at ON corrective_action (cause, opened_at)

CREATE INDEX ix_corrective_action_complaint_id ON corrective_action (complaint_id)

CREATE INDEX ix_corrective_action_state_due_at ON corrective_action (state, due_at)

CREATE TABLE letter (
	id BLOB NOT NULL,
	rev INTEGER NOT NULL,
	complaint_id BLOB NOT NULL,
	team_id BLOB,
	author TEXT NOT NULL,
	kind TEXT NOT NULL,
	language TEXT NOT NULL,
	text TEXT NOT NULL,
	digest TEXT NOT NULL,
	made_at BIGINT NOT NULL,
	sent_at BIGINT,
	sent_via TEXT NOT NULL,
	CONSTRAINT pk_letter PRIMARY KEY (id),
	CONSTRAINT ck_letter_id CHECK (length(id) = 16),
	CONSTRAINT ck_letter_rev CHECK (rev >= 1)
)
 WITHOUT ROWID

CREATE INDEX ix_letter_complaint_id ON letter (complaint_id)

CREATE TABLE remedy_line (
	id BLOB NOT NULL,
	rev INTEGER NOT NULL,
	complaint_id BLOB NOT NULL,
	team_id BLOB,
	author TEXT NOT NULL,
	position INTEGER NOT NULL,
	type TEXT NOT NULL,
	value INTEGER NOT NULL,
	due BIGINT,
	proposal_version INTEGER NOT NULL,
	granted_at BIGINT,
	order_id TEXT NOT NULL,
	done_at BIGINT,
	failed_at BIGINT,
	void BOOLEAN NOT NULL,
	voided_by BLOB,
	CONSTRAINT pk_remedy_line PRIMARY KEY (id),
	CONSTRAINT ck_remedy_line_id CHECK (length(id) = 16),
	CONSTRAINT ck_remedy_line_rev CHECK (rev >= 1),
	CONSTRAINT ck_remedy_line_void CHECK (void IN (0, 1))
)
 WITHOUT ROWID

CREATE INDEX ix_remedy_line_complaint_id ON remedy_line (complaint_id)

CREATE TABLE survey (
	id BLOB NOT NULL,
	rev INTEGER NOT NULL,
	complaint_id BLOB,
	customer_id BLOB,
	team_id BLOB,
	author TEXT NOT NULL,
	at BIGINT NOT NULL,
	answers TEXT NOT NULL,
	csm INTEGER,
	again TEXT NOT NULL,
	defection TEXT NOT NULL,
	words TEXT NOT NULL,
	CONSTRAINT pk_survey PRIMARY KEY (id),
	CONSTRAINT ck_survey_id CHECK (length(id) = 16),
	CONSTRAINT ck_survey_rev CHECK (rev >= 1)
)
 WITHOUT ROWID

CREATE INDEX ix_survey_complaint_id ON survey (complaint_id)

CREATE INDEX ix_survey_customer_id ON survey (customer_id)

ALTER TABLE task RENAME TO task_before

DROP INDEX ix_task_call_id

DROP INDEX ix_task_customer_id_state

DROP INDEX ix_task_owner_id_state_due_at

DROP INDEX ix_task_state_due_at

CREATE TABLE task (
	id BLOB NOT NULL,
	rev INTEGER NOT NULL,
	kind TEXT NOT NULL,
	subject TEXT NOT NULL,
	note TEXT NOT NULL,
	customer_id BLOB,
	call_id BLOB,
	number_value TEXT NOT NULL,
	owner_id BLOB,
	team_id BLOB,
	due_at BIGINT,
	state TEXT NOT NULL,
	attempts INTEGER NOT NULL,
	created_at BIGINT NOT NULL,
	done_at BIGINT,
	complaint_id BLOB,
	errand TEXT,
	CONSTRAINT pk_task PRIMARY KEY (id),
	CONSTRAINT ck_task_id CHECK (length(id) = 16),
	CONSTRAINT ck_task_rev CHECK (rev >= 1)
)
 WITHOUT ROWID

INSERT INTO task (id, rev, kind, subject, note, customer_id, call_id, number_value, owner_id, team_id, due_at, state, attempts, created_at, done_at) SELECT id, rev, kind, subject, note, customer_id, call_id, number_value, owner_id, team_id, due_at, state, attempts, created_at, done_at FROM task_before

DROP TABLE task_before

CREATE INDEX ix_task_call_id ON task (call_id)

CREATE INDEX ix_task_complaint_id ON task (complaint_id)

CREATE INDEX ix_task_customer_id_state ON task (customer_id, state)

CREATE INDEX ix_task_owner_id_state_due_at ON task (owner_id, state, due_at)

CREATE INDEX ix_task_state_due_at ON task (state, due_at)

ALTER TABLE note RENAME TO note_before

DROP INDEX ix_note_call_id

DROP INDEX ix_note_customer_id

CREATE TABLE note (
	id BLOB NOT NULL,
	rev INTEGER NOT NULL,
	call_id BLOB,
	customer_id BLOB,
	text TEXT NOT NULL,
	author TEXT NOT NULL,
	at BIGINT NOT NULL,
	team_id BLOB,
	complaint_id BLOB,
	CONSTRAINT pk_note PRIMARY KEY (id),
	CONSTRAINT ck_note_id CHECK (length(id) = 16),
	CONSTRAINT ck_note_rev CHECK (rev >= 1)
)
 WITHOUT ROWID

INSERT INTO note (id, rev, call_id, customer_id, text, author, at, team_id) SELECT id, rev, call_id, customer_id, text, author, at, team_id FROM note_before

DROP TABLE note_before

CREATE INDEX ix_note_call_id ON note (call_id)

CREATE INDEX ix_note_complaint_id ON note (complaint_id)

CREATE INDEX ix_note_customer_id ON note (customer_id)
