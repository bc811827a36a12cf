CREATE TABLE agent (
	id BLOB NOT NULL,
	rev INTEGER NOT NULL,
	login TEXT NOT NULL,
	name_en TEXT NOT NULL,
	name_zh TEXT NOT NULL,
	extension TEXT NOT NULL,
	team_id BLOB,
	role TEXT NOT NULL,
	languages TEXT NOT NULL,
	active BOOLEAN NOT NULL,
	CONSTRAINT pk_agent PRIMARY KEY (id),
	CONSTRAINT ck_agent_id CHECK (length(id) = 16),
	CONSTRAINT ck_agent_rev CHECK (rev >= 1),
	CONSTRAINT ck_agent_active CHECK (active IN (0, 1))
)
 WITHOUT ROWID

CREATE TABLE article (
	seq INTEGER NOT NULL,
	id BLOB NOT NULL,
	rev INTEGER NOT NULL,
	external_id TEXT NOT NULL,
	lang TEXT NOT NULL,
	title TEXT NOT NULL,
	body TEXT NOT NULL,
	say_this TEXT NOT NULL,
	do_this TEXT NOT NULL,
	safety TEXT NOT NULL,
	models TEXT NOT NULL,
	topics TEXT NOT NULL,
	keywords TEXT NOT NULL,
	state TEXT NOT NULL,
	version INTEGER NOT NULL,
	created_at BIGINT NOT NULL,
	updated_at BIGINT NOT NULL,
	CONSTRAINT pk_article PRIMARY KEY (seq),
	CONSTRAINT ck_article_id CHECK (length(id) = 16),
	CONSTRAINT ck_article_rev CHECK (rev >= 1),
	CONSTRAINT uq_article_id UNIQUE (id)
)

CREATE INDEX ix_article_external_id ON article (external_id)

CREATE INDEX ix_article_updated_at ON article (updated_at)

CREATE TABLE article_feedback (
	id BLOB NOT NULL,
	rev INTEGER NOT NULL,
	used INTEGER NOT NULL,
	unhelpful INTEGER NOT NULL,
	CONSTRAINT pk_article_feedback PRIMARY KEY (id),
	CONSTRAINT ck_article_feedback_id CHECK (length(id) = 16),
	CONSTRAINT ck_article_feedback_rev CHECK (rev >= 1)
)
 WITHOUT ROWID

CREATE TABLE article_use (
	id BLOB NOT NULL,
	rev INTEGER NOT NULL,
	article_id BLOB NOT NULL,
	call_id BLOB,
	agent TEXT NOT NULL,
	verdict TEXT NOT NULL,
	at BIGINT NOT NULL,
	CONSTRAINT pk_article_use PRIMARY KEY (id),
	CONSTRAINT ck_article_use_id CHECK (length(id) = 16),
	CONSTRAINT ck_article_use_rev CHECK (rev >= 1)
)
 WITHOUT ROWID

CREATE INDEX ix_article_use_call_id ON article_use (call_id)

CREATE TABLE asset (
	seq INTEGER NOT NULL,
	id BLOB NOT NULL,
	rev INTEGER NOT NULL,
	customer_id BLOB NOT NULL,
	kind TEXT NOT NULL,
	model TEXT NOT NULL,
	plate TEXT NOT NULL,
	plate_key TEXT NOT NULL,
	vin TEXT NOT NULL,
	mileage_km INTEGER,
	mileage_at BIGINT,
	built_on TEXT,
	warranty_until TEXT,
	next_service_on TEXT,
	next_service_km INTEGER,
	external_id TEXT NOT NULL,
	CONSTRAINT pk_asset PRIMARY KEY (seq),
	CONSTRAINT ck_asset_id CHECK (length(id) = 16),
	CONSTRAINT ck_asset_rev CHECK (rev >= 1),
	CONSTRAINT uq_asset_id UNIQUE (id)
)

CREATE INDEX ix_asset_customer_id ON asset (customer_id)

CREATE INDEX ix_asset_external_id ON asset (external_id)

CREATE INDEX ix_asset_plate_key ON asset (plate_key)

CREATE INDEX ix_asset_vin ON asset (vin)

CREATE TABLE call (
	id BLOB NOT NULL,
	rev INTEGER NOT NULL,
	call_key TEXT NOT NULL,
	direction TEXT NOT NULL,
	number_raw TEXT NOT NULL,
	number_value TEXT NOT NULL,
	caller_name TEXT NOT NULL,
	dialled TEXT NOT NULL,
	queue TEXT NOT NULL,
	customer_id BLOB,
	contact_id BLOB,
	asset_id BLOB,
	identified_by TEXT NOT NULL,
	state TEXT NOT NULL,
	result TEXT NOT NULL,
	started_at BIGINT NOT NULL,
	answered_at BIGINT,
	ended_at BIGINT,
	ended_by TEXT NOT NULL,
	queue_seconds INTEGER,
	ring_seconds INTEGER,
	talk_seconds INTEGER,
	hold_seconds INTEGER,
	wrap_up_seconds INTEGER,
	disposition TEXT NOT NULL,
	topic TEXT NOT NULL,
	agent_id BLOB,
	verified TEXT NOT NULL,
	CONSTRAINT pk_call PRIMARY KEY (id),
	CONSTRAINT ck_call_id CHECK (length(id) = 16),
	CONSTRAINT ck_call_rev CHECK (rev >= 1)
)
 WITHOUT ROWID

CREATE INDEX ix_call_agent_id_started_at ON call (agent_id, started_at)

CREATE INDEX ix_call_customer_id_started_at ON call (customer_id, started_at)

CREATE INDEX ix_call_number_value_started_at_customer_id_dialled ON call (number_value, started_at, customer_id, dialled)

CREATE INDEX ix_call_started_at ON call (started_at)

CREATE TABLE call_leg (
	id BLOB NOT NULL,
	rev INTEGER NOT NULL,
	call_id BLOB NOT NULL,
	leg_key TEXT NOT NULL,
	extension TEXT NOT NULL,
	agent_id BLOB,
	rang_at BIGINT,
	answered_at BIGINT,
	ended_at BIGINT,
	result TEXT NOT NULL,
	CONSTRAINT pk_call_leg PRIMARY KEY (id),
	CONSTRAINT ck_call_leg_id CHECK (length(id) = 16),
	CONSTRAINT ck_call_leg_rev CHECK (rev >= 1)
)
 WITHOUT ROWID

CREATE INDEX ix_call_leg_call_id ON call_leg (call_id)

CREATE TABLE contact (
	id BLOB NOT NULL,
	rev INTEGER NOT NULL,
	customer_id BLOB NOT NULL,
	name TEXT NOT NULL,
	name_alt TEXT NOT NULL,
	role TEXT NOT NULL,
	CONSTRAINT pk_contact PRIMARY KEY (id),
	CONSTRAINT ck_contact_id CHECK (length(id) = 16),
	CONSTRAINT ck_contact_rev CHECK (rev >= 1)
)
 WITHOUT ROWID

CREATE INDEX ix_contact_customer_id ON contact (customer_id)

CREATE TABLE contact_point (
	seq INTEGER NOT NULL,
	id BLOB NOT NULL,
	rev INTEGER NOT NULL,
	customer_id BLOB NOT NULL,
	contact_id BLOB,
	kind TEXT NOT NULL,
	raw TEXT NOT NULL,
	value TEXT NOT NULL,
	national TEXT NOT NULL,
	label TEXT NOT NULL,
	source TEXT NOT NULL,
	sharing TEXT NOT NULL,
	warned_at BIGINT,
	position INTEGER NOT NULL,
	CONSTRAINT pk_contact_point PRIMARY KEY (seq),
	CONSTRAINT ck_contact_point_id CHECK (length(id) = 16),
	CONSTRAINT ck_contact_point_rev CHECK (rev >= 1),
	CONSTRAINT uq_contact_point_id UNIQUE (id)
)

CREATE INDEX ix_contact_point_customer_id ON contact_point (customer_id)

CREATE INDEX ix_contact_point_value ON contact_point (value)

CREATE TABLE coverage (
	kind TEXT NOT NULL,
	"key" TEXT NOT NULL,
	from_at BIGINT,
	complete_since INTEGER NOT NULL,
	total INTEGER,
	CONSTRAINT pk_coverage PRIMARY KEY (kind, "key")
)
 WITHOUT ROWID

CREATE TABLE customer (
	seq INTEGER NOT NULL,
	id BLOB NOT NULL,
	rev INTEGER NOT NULL,
	kind TEXT NOT NULL,
	name TEXT NOT NULL,
	name_alt TEXT NOT NULL,
	language TEXT NOT NULL,
	tier TEXT NOT NULL,
	key_account BOOLEAN NOT NULL,
	preferred_channel TEXT NOT NULL,
	do_not_call BOOLEAN NOT NULL,
	hint TEXT NOT NULL,
	address TEXT NOT NULL,
	city TEXT NOT NULL,
	first_business_on TEXT,
	external_id TEXT NOT NULL,
	created_at BIGINT NOT NULL,
	updated_at BIGINT NOT NULL,
	CONSTRAINT pk_customer PRIMARY KEY (seq),
	CONSTRAINT ck_customer_id CHECK (length(id) = 16),
	CONSTRAINT ck_customer_rev CHECK (rev >= 1),
	CONSTRAINT ck_customer_key_account CHECK (key_account IN (0, 1)),
	CONSTRAINT ck_customer_do_not_call CHECK (do_not_call IN (0, 1)),
	CONSTRAINT uq_customer_id UNIQUE (id)
)

CREATE INDEX ix_customer_external_id ON customer (external_id)

CREATE TABLE disposition (
	id BLOB NOT NULL,
	rev INTEGER NOT NULL,
	"key" TEXT NOT NULL,
	name_en TEXT NOT NULL,
	name_zh TEXT NOT NULL,
	closing BOOLEAN NOT NULL,
	position INTEGER NOT NULL,
	CONSTRAINT pk_disposition PRIMARY KEY (id),
	CONSTRAINT ck_disposition_id CHECK (length(id) = 16),
	CONSTRAINT ck_disposition_rev CHECK (rev >= 1),
	CONSTRAINT ck_disposition_closing CHECK (closing IN (0, 1))
)
 WITHOUT ROWID

CREATE INDEX ix_disposition_key ON disposition ("key")

CREATE TABLE fault (
	id BLOB NOT NULL,
	rev INTEGER NOT NULL,
	"key" TEXT NOT NULL,
	name_en TEXT NOT NULL,
	name_zh TEXT NOT NULL,
	CONSTRAINT pk_fault PRIMARY KEY (id),
	CONSTRAINT ck_fault_id CHECK (length(id) = 16),
	CONSTRAINT ck_fault_rev CHECK (rev >= 1)
)
 WITHOUT ROWID

CREATE INDEX ix_fault_key ON fault ("key")

CREATE TABLE history (
	n INTEGER NOT NULL,
	operation_id BLOB NOT NULL,
	table_name TEXT NOT NULL,
	row_id BLOB NOT NULL,
	rev INTEGER NOT NULL,
	"before" TEXT NOT NULL,
	"after" TEXT NOT NULL,
	CONSTRAINT pk_history PRIMARY KEY (n)
)

CREATE INDEX ix_history_row_id_rev ON history (row_id, rev)

CREATE TABLE interaction (
	id BLOB NOT NULL,
	rev INTEGER NOT NULL,
	customer_id BLOB NOT NULL,
	asset_id BLOB,
	kind TEXT NOT NULL,
	direction TEXT NOT NULL,
	at BIGINT NOT NULL,
	subject TEXT NOT NULL,
	summary TEXT NOT NULL,
	who TEXT NOT NULL,
	state TEXT NOT NULL,
	topic TEXT NOT NULL,
	CONSTRAINT pk_interaction PRIMARY KEY (customer_id, at, id),
	CONSTRAINT ck_interaction_id CHECK (length(id) = 16),
	CONSTRAINT ck_interaction_rev CHECK (rev >= 1)
)
 WITHOUT ROWID

CREATE INDEX ix_interaction_customer_id_at_kind_direction_topic_asset_id ON interaction (customer_id, at, kind, direction, topic, asset_id)

CREATE UNIQUE INDEX ix_interaction_id ON interaction (id)

CREATE TABLE not_accepted (
	op_id BLOB NOT NULL,
	at BIGINT NOT NULL,
	kind TEXT NOT NULL,
	code TEXT NOT NULL,
	why TEXT NOT NULL,
	why_values TEXT NOT NULL,
	fields TEXT NOT NULL,
	seen TEXT NOT NULL,
	current TEXT NOT NULL,
	text TEXT NOT NULL,
	payload TEXT NOT NULL,
	dismissed_at BIGINT,
	resolution TEXT NOT NULL,
	CONSTRAINT pk_not_accepted PRIMARY KEY (op_id)
)
 WITHOUT ROWID

CREATE TABLE note (
	id BLOB NOT NULL,
	rev INTEGER NOT NULL,
	call_id BLOB,
	customer_id BLOB,
	text TEXT NOT NULL,
	author TEXT NOT NULL,
	at BIGINT NOT NULL,
	team_id BLOB,
	CONSTRAINT pk_note PRIMARY KEY (id),
	CONSTRAINT ck_note_id CHECK (length(id) = 16),
	CONSTRAINT ck_note_rev CHECK (rev >= 1)
)
 WITHOUT ROWID

CREATE INDEX ix_note_call_id ON note (call_id)

CREATE INDEX ix_note_customer_id ON note (customer_id)

CREATE TABLE number_choice (
	id BLOB NOT NULL,
	rev INTEGER NOT NULL,
	value TEXT NOT NULL,
	mode TEXT NOT NULL,
	customer_id BLOB,
	at BIGINT NOT NULL,
	"by" TEXT NOT NULL,
	CONSTRAINT pk_number_choice PRIMARY KEY (id),
	CONSTRAINT ck_number_choice_id CHECK (length(id) = 16),
	CONSTRAINT ck_number_choice_rev CHECK (rev >= 1)
)
 WITHOUT ROWID

CREATE TABLE operation (
	n INTEGER NOT NULL,
	id BLOB NOT NULL,
	kind TEXT NOT NULL,
	version INTEGER NOT NULL,
	payload TEXT NOT NULL,
	base_revision INTEGER,
	actor TEXT NOT NULL,
	device TEXT NOT NULL,
	at BIGINT NOT NULL,
	CONSTRAINT pk_operation PRIMARY KEY (n),
	CONSTRAINT uq_operation_id UNIQUE (id)
)

CREATE TABLE outbox (
	n INTEGER NOT NULL,
	op_id BLOB NOT NULL,
	base_revision INTEGER,
	state TEXT NOT NULL,
	result TEXT,
	answered_at BIGINT,
	previous_state TEXT,
	outlook TEXT NOT NULL,
	trouble TEXT NOT NULL,
	CONSTRAINT pk_outbox PRIMARY KEY (n),
	CONSTRAINT ck_outbox_state CHECK (state IN ('new', 'answered', 'refused')),
	CONSTRAINT ck_outbox_outlook CHECK (outlook IN ('', 'refusal', 'parked')),
	CONSTRAINT uq_outbox_op_id UNIQUE (op_id)
)

CREATE INDEX ix_outbox_state_n ON outbox (state, n)

CREATE TABLE outlet (
	id BLOB NOT NULL,
	rev INTEGER NOT NULL,
	"key" TEXT NOT NULL,
	name_en TEXT NOT NULL,
	name_zh TEXT NOT NULL,
	city TEXT NOT NULL,
	phone TEXT NOT NULL,
	CONSTRAINT pk_outlet PRIMARY KEY (id),
	CONSTRAINT ck_outlet_id CHECK (length(id) = 16),
	CONSTRAINT ck_outlet_rev CHECK (rev >= 1)
)
 WITHOUT ROWID

CREATE INDEX ix_outlet_key ON outlet ("key")

CREATE TABLE product_model (
	id BLOB NOT NULL,
	rev INTEGER NOT NULL,
	"key" TEXT NOT NULL,
	name_en TEXT NOT NULL,
	name_zh TEXT NOT NULL,
	service_km INTEGER,
	service_months INTEGER,
	CONSTRAINT pk_product_model PRIMARY KEY (id),
	CONSTRAINT ck_product_model_id CHECK (length(id) = 16),
	CONSTRAINT ck_product_model_rev CHECK (rev >= 1)
)
 WITHOUT ROWID

CREATE INDEX ix_product_model_key ON product_model ("key")

CREATE TABLE request (
	id TEXT NOT NULL,
	result TEXT NOT NULL,
	at BIGINT NOT NULL,
	CONSTRAINT pk_request PRIMARY KEY (id)
)
 WITHOUT ROWID

CREATE TABLE server_row (
	table_name TEXT NOT NULL,
	row_id BLOB NOT NULL,
	rev INTEGER NOT NULL,
	"row" TEXT,
	CONSTRAINT pk_server_row PRIMARY KEY (table_name, row_id)
)
 WITHOUT ROWID

CREATE TABLE service_visit (
	id BLOB NOT NULL,
	rev INTEGER NOT NULL,
	asset_id BLOB NOT NULL,
	customer_id BLOB NOT NULL,
	outlet_id BLOB,
	outlet TEXT NOT NULL,
	visited_at BIGINT NOT NULL,
	mileage_km INTEGER,
	summary TEXT NOT NULL,
	note TEXT NOT NULL,
	next_service_on TEXT,
	next_service_km INTEGER,
	external_id TEXT NOT NULL,
	CONSTRAINT pk_service_visit PRIMARY KEY (id),
	CONSTRAINT ck_service_visit_id CHECK (length(id) = 16),
	CONSTRAINT ck_service_visit_rev CHECK (rev >= 1)
)
 WITHOUT ROWID

CREATE INDEX ix_service_visit_asset_id_visited_at_outlet_summary_mileage_km ON service_visit (asset_id, visited_at, outlet, summary, mileage_km)

CREATE INDEX ix_service_visit_customer_id_visited_at ON service_visit (customer_id, visited_at)

CREATE INDEX ix_service_visit_external_id ON service_visit (external_id)

CREATE TABLE setting (
	name TEXT NOT NULL,
	value TEXT NOT NULL,
	CONSTRAINT pk_setting PRIMARY KEY (name)
)
 WITHOUT ROWID

CREATE TABLE sync (
	name TEXT NOT NULL,
	value TEXT NOT NULL,
	CONSTRAINT pk_sync PRIMARY KEY (name)
)
 WITHOUT ROWID

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
	CONSTRAINT pk_task PRIMARY KEY (id),
	CONSTRAINT ck_task_id CHECK (length(id) = 16),
	CONSTRAINT ck_task_rev CHECK (rev >= 1)
)
 WITHOUT ROWID

CREATE INDEX ix_task_call_id ON task (call_id)

CREATE INDEX ix_task_customer_id_state ON task (customer_id, state)

CREATE INDEX ix_task_owner_id_state_due_at ON task (owner_id, state, due_at)

CREATE INDEX ix_task_state_due_at ON task (state, due_at)

CREATE TABLE team (
	id BLOB NOT NULL,
	rev INTEGER NOT NULL,
	"key" TEXT NOT NULL,
	queue TEXT NOT NULL,
	name_en TEXT NOT NULL,
	name_zh TEXT NOT NULL,
	CONSTRAINT pk_team PRIMARY KEY (id),
	CONSTRAINT ck_team_id CHECK (length(id) = 16),
	CONSTRAINT ck_team_rev CHECK (rev >= 1)
)
 WITHOUT ROWID

CREATE INDEX ix_team_key ON team ("key")

CREATE TABLE visit_item (
	id BLOB NOT NULL,
	rev INTEGER NOT NULL,
	visit_id BLOB NOT NULL,
	asset_id BLOB NOT NULL,
	kind TEXT NOT NULL,
	code TEXT NOT NULL,
	text TEXT NOT NULL,
	quantity INTEGER NOT NULL,
	position INTEGER NOT NULL,
	at BIGINT NOT NULL,
	CONSTRAINT pk_visit_item PRIMARY KEY (id),
	CONSTRAINT ck_visit_item_id CHECK (length(id) = 16),
	CONSTRAINT ck_visit_item_rev CHECK (rev >= 1)
)
 WITHOUT ROWID

CREATE INDEX ix_visit_item_asset_id_kind_at_code_visit_id ON visit_item (asset_id, kind, at, code, visit_id)

CREATE INDEX ix_visit_item_visit_id ON visit_item (visit_id)

CREATE TABLE witness (
	seq INTEGER NOT NULL,
	fp BLOB NOT NULL,
	CONSTRAINT pk_witness PRIMARY KEY (seq)
)

CREATE TABLE knowledge_document (
        seq INTEGER PRIMARY KEY, -- article.seq
        article_id BLOB NOT NULL UNIQUE,
        lang TEXT NOT NULL,
        models TEXT NOT NULL, -- keys of the models it is about, each between spaces; '' = all
        title_length INTEGER NOT NULL, -- in terms
        body_length INTEGER NOT NULL, -- in terms, of the part that is counted
        title TEXT NOT NULL, -- folded, like all that follows with a space at both ends
        names TEXT NOT NULL, -- keywords, models and topics
        pinyin TEXT NOT NULL,
        body TEXT NOT NULL, -- body and answers, the part that is counted
        rest TEXT NOT NULL -- the remainder
    )

CREATE TABLE knowledge_term (
        term TEXT PRIMARY KEY,
        articles INTEGER NOT NULL -- how many articles hold it
    ) WITHOUT ROWID

CREATE TABLE knowledge_total (
        id INTEGER PRIMARY KEY CHECK (id = 1),
        articles INTEGER NOT NULL,
        title_terms INTEGER NOT NULL,
        body_terms INTEGER NOT NULL,
        analysis INTEGER NOT NULL, -- version of the analysis all of this was made with
        edition INTEGER NOT NULL -- counted up with each change of a suggestion set or of an article in it
    )

INSERT INTO knowledge_total VALUES (1, 0, 0, 0, 1, 1)

CREATE VIRTUAL TABLE knowledge_fts USING fts5 (
        terms, content='', columnsize=0, detail=none, tokenize='ascii'
    )

INSERT INTO knowledge_fts (knowledge_fts, rank) VALUES ('secure-delete', 1)

CREATE TABLE suggestion (
        model TEXT NOT NULL, -- key of a model, '' = general articles, '*' = all
        topic TEXT NOT NULL, -- key of a topic, '*' = all
        lang TEXT NOT NULL,
        score REAL NOT NULL, -- by feedback, 1 = none
        updated_at INTEGER NOT NULL,
        seq INTEGER NOT NULL, -- article.seq
        PRIMARY KEY (model, topic, lang, score DESC, updated_at DESC, seq)
    ) WITHOUT ROWID

CREATE INDEX suggestion_seq ON suggestion (seq)

CREATE TABLE customer_search (
        seq INTEGER PRIMARY KEY, -- customer.seq
        starred INTEGER NOT NULL, -- 1 when he has a tier or is a key account
        own INTEGER NOT NULL, -- how many of the names, from the first on, are his own
        names TEXT NOT NULL -- normalised, one a line: name, name_alt, contacts
    )

CREATE TABLE customer_stale (
        seq INTEGER PRIMARY KEY -- customer.seq, of one deleted too
    )

CREATE VIRTUAL TABLE customer_fts USING fts5 (
        terms, content='', columnsize=0, detail=none, prefix='1 2 3 4 5', tokenize='ascii'
    )

CREATE VIEW contact_point_text AS
        SELECT seq, CASE WHEN kind = 'phone' THEN national ELSE value END AS text FROM contact_point

CREATE VIRTUAL TABLE contact_point_fts USING fts5 (
        text, content='contact_point_text', content_rowid='seq', columnsize=0, detail=none,
        tokenize='trigram'
    )

CREATE VIRTUAL TABLE asset_fts USING fts5 (
        plate_key, vin, content='asset', content_rowid='seq', columnsize=0, detail=none, tokenize='trigram'
    )

INSERT INTO customer_fts (customer_fts, rank) VALUES ('secure-delete', 1)

INSERT INTO contact_point_fts (contact_point_fts, rank) VALUES ('secure-delete', 1)

INSERT INTO asset_fts (asset_fts, rank) VALUES ('secure-delete', 1)

CREATE TRIGGER contact_point_search_insert AFTER INSERT ON contact_point BEGIN INSERT INTO contact_point_fts (rowid, text) VALUES (new.seq, CASE WHEN new.kind = 'phone' THEN new.national ELSE new.value END); END

CREATE TRIGGER contact_point_search_update AFTER UPDATE ON contact_point WHEN (CASE WHEN new.kind = 'phone' THEN new.national ELSE new.value END) IS NOT (CASE WHEN old.kind = 'phone' THEN old.national ELSE old.value END) BEGIN INSERT INTO contact_point_fts (contact_point_fts, rowid, text) VALUES ('delete', old.seq, CASE WHEN old.kind = 'phone' THEN old.national ELSE old.value END); INSERT INTO contact_point_fts (rowid, text) VALUES (new.seq, CASE WHEN new.kind = 'phone' THEN new.national ELSE new.value END); END

CREATE TRIGGER contact_point_search_delete AFTER DELETE ON contact_point BEGIN INSERT INTO contact_point_fts (contact_point_fts, rowid, text) VALUES ('delete', old.seq, CASE WHEN old.kind = 'phone' THEN old.national ELSE old.value END); END

CREATE TRIGGER asset_search_insert AFTER INSERT ON asset BEGIN INSERT INTO asset_fts (rowid, plate_key, vin) VALUES (new.seq, new.plate_key, new.vin); END

CREATE TRIGGER asset_search_update AFTER UPDATE ON asset WHEN (new.plate_key, new.vin) IS NOT (old.plate_key, old.vin) BEGIN INSERT INTO asset_fts (asset_fts, rowid, plate_key, vin) VALUES ('delete', old.seq, old.plate_key, old.vin); INSERT INTO asset_fts (rowid, plate_key, vin) VALUES (new.seq, new.plate_key, new.vin); END

CREATE TRIGGER asset_search_delete AFTER DELETE ON asset BEGIN INSERT INTO asset_fts (asset_fts, rowid, plate_key, vin) VALUES ('delete', old.seq, old.plate_key, old.vin); END

CREATE TRIGGER customer_search_insert AFTER INSERT ON customer BEGIN INSERT OR IGNORE INTO customer_stale (seq) VALUES (new.seq); END

CREATE TRIGGER customer_search_update AFTER UPDATE ON customer WHEN (new.name, new.name_alt, new.tier, new.key_account) IS NOT (old.name, old.name_alt, old.tier, old.key_account) BEGIN INSERT OR IGNORE INTO customer_stale (seq) VALUES (new.seq); END

CREATE TRIGGER customer_search_delete AFTER DELETE ON customer BEGIN INSERT OR IGNORE INTO customer_stale (seq) VALUES (old.seq); END

CREATE TRIGGER contact_search_insert AFTER INSERT ON contact BEGIN INSERT OR IGNORE INTO customer_stale (seq) SELECT seq FROM customer WHERE id = new.customer_id; END

CREATE TRIGGER contact_search_update AFTER UPDATE ON contact WHEN (new.name, new.name_alt, new.customer_id) IS NOT (old.name, old.name_alt, old.customer_id) BEGIN INSERT OR IGNORE INTO customer_stale (seq) SELECT seq FROM customer WHERE id = old.customer_id; INSERT OR IGNORE INTO customer_stale (seq) SELECT seq FROM customer WHERE id = new.customer_id; END

CREATE TRIGGER contact_search_delete AFTER DELETE ON contact BEGIN INSERT OR IGNORE INTO customer_stale (seq) SELECT seq FROM customer WHERE id = old.customer_id; END

INSERT INTO setting (name, value) VALUES ('customer_search', '"1"')
