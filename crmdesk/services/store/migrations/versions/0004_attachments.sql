CREATE TABLE attachment (
	id BLOB NOT NULL,
	rev INTEGER NOT NULL,
	complaint_id BLOB,
	customer_id BLOB,
	team_id BLOB,
	author TEXT NOT NULL,
	name TEXT NOT NULL,
	media_type TEXT NOT NULL,
	size INTEGER NOT NULL,
	digest TEXT NOT NULL,
	at BIGINT NOT NULL,
	CONSTRAINT pk_attachment PRIMARY KEY (id),
	CONSTRAINT ck_attachment_id CHECK (length(id) = 16),
	CONSTRAINT ck_attachment_rev CHECK (rev >= 1)
)
 WITHOUT ROWID

CREATE INDEX ix_attachment_complaint_id ON attachment (complaint_id)

CREATE INDEX ix_attachment_customer_id ON attachment (customer_id)

CREATE TABLE attachment_file (
	id BLOB NOT NULL,
	file_key BLOB NOT NULL,
	size BIGINT NOT NULL,
	state TEXT NOT NULL,
	why TEXT NOT NULL,
	used_at BIGINT NOT NULL,
	CONSTRAINT pk_attachment_file PRIMARY KEY (id),
	CONSTRAINT ck_attachment_file_state CHECK (state IN ('held', 'coming', 'here', 'there', 'refused'))
)
 WITHOUT ROWID
