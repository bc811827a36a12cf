-- What desks send: operations in the dense order of the desk's own numbers, up to fifty in one call.
--
-- An operation is done or refused in one transaction together with its answer, and the same number again gets
-- the same answer. Those of one call share the transaction; each is done in a subtransaction of its own, and the
-- first that has to wait ends the call: those before it are done, and it is the first of the next one. What is
-- refused is recorded like what is done: a refusal that was an error would stop the desk's queue for ever. Only what
-- another attempt may cure is raised: SQLSTATE classes 08 25 40 42 53 55 57 58 XX, but for 42501, a right that is
-- missing. Not recorded either, because the desk itself is in question: CR001 (it belongs to another account), CR002
-- (it is to be forgotten), CR003 (the account is nobody here), CR007 (it is not registered), CR008 (its number
-- was used for another operation: two desks with one identity, or a restored profile).
DO $$
BEGIN
    IF to_regtype('crm.operation_in') IS NULL THEN
        CREATE TYPE crm.operation_in AS (
            id uuid, kind text, version integer, payload jsonb, base_rev bigint,
            actor text, role text, device uuid, at timestamptz, again boolean
        );
    END IF;
    IF to_regtype('crm.operation_sent') IS NULL THEN
        CREATE TYPE crm.operation_sent AS (
            n bigint, op uuid, kind text, version integer, payload text, base_rev bigint,
            at timestamptz, age_ms bigint, again boolean
        );
    END IF;
END
$$;
COMMENT ON TYPE crm.operation_in IS 'an operation as effects see it: at is the effective time, again after a restore';
COMMENT ON TYPE crm.operation_sent IS
    'an operation as a desk sends it: at by its clock, age_ms how long ago that is, again after a restore';

CREATE TABLE IF NOT EXISTS crm.op (
    device uuid NOT NULL,
    n bigint NOT NULL,
    op uuid NOT NULL,
    kind text NOT NULL,
    result jsonb NOT NULL,
    feed_to bigint,
    received_at timestamptz NOT NULL,
    effective_at timestamptz NOT NULL,
    time_uncertain boolean NOT NULL,
    first boolean NOT NULL DEFAULT true,
    PRIMARY KEY (device, n)
);
COMMENT ON TABLE crm.op IS
    'every operation with its answer; feed_to is the last pointer it left; first false when a desk with a new'
    ' identity sent again what it had sent before';
CREATE UNIQUE INDEX IF NOT EXISTS op_once ON crm.op (op) WHERE first;

-- Refuse the operation: code is conflict, denied, illegal, gone, invalid or unknown_kind; why an English
-- sentence with {names} for the values.
CREATE OR REPLACE FUNCTION crm.refuse(
    p_code text, p_why text, p_values jsonb DEFAULT '{}', p_fields text[] DEFAULT '{}', p_current jsonb DEFAULT NULL
) RETURNS void LANGUAGE plpgsql AS $$
BEGIN
    RAISE EXCEPTION USING ERRCODE = 'CR100', MESSAGE = p_why, DETAIL = crm.refusal(
        p_code, p_why, p_values, p_fields, p_current)::text;
END
$$;

CREATE OR REPLACE FUNCTION crm.refusal(
    p_code text, p_why text, p_values jsonb DEFAULT '{}', p_fields text[] DEFAULT '{}', p_current jsonb DEFAULT NULL
) RETURNS jsonb LANGUAGE sql IMMUTABLE AS $$
    SELECT jsonb_build_object(
        'rejected', p_code, 'why', p_why, 'values', p_values, 'fields', to_jsonb(p_fields), 'current', p_current)
$$;

-- A refusal for an error of the database itself.
CREATE OR REPLACE FUNCTION crm.refusal_of_error(p_state text, p_column text) RETURNS jsonb
LANGUAGE sql IMMUTABLE AS $$
    SELECT CASE
        WHEN p_state = '42501' THEN crm.refusal('denied', 'You may not do this.')
        WHEN p_state = '23502' AND p_column <> '' THEN crm.refusal(
            'invalid', 'Please fill in {name}.', jsonb_build_object('name', p_column), ARRAY[p_column])
        WHEN p_state = '23505' THEN crm.refusal('invalid', 'A record with this id exists already.')
        WHEN p_state = '22P05' THEN crm.refusal(
            'invalid', 'This operation holds a character that no text can keep.')
        WHEN left(p_state, 2) = '54' THEN crm.refusal('invalid', 'This operation is too large.')
        WHEN left(p_state, 2) IN ('22', '23') THEN crm.refusal('invalid', 'This operation is not well formed.')
        ELSE crm.refusal(
            'invalid', 'The server could not do this (error {state}).', jsonb_build_object('state', p_state))
    END
$$;

-- When it happened: desk time and its last measured offset, never after the server's receipt, never before the
-- desk's previous operation. Uncertain: more than 24 hours before the receipt, by an offset older than that or
-- never measured, or corrected by more than 5 minutes.
CREATE OR REPLACE FUNCTION crm.effective_time(
    p_at timestamptz, p_offset_ms bigint, p_age_ms bigint, p_previous timestamptz, p_received timestamptz,
    OUT effective timestamptz, OUT uncertain boolean
) LANGUAGE plpgsql IMMUTABLE AS $$
DECLARE
    day CONSTANT bigint := 86400000;
    told timestamptz;
BEGIN
    IF p_at BETWEEN '1970-01-01 00:00+00' AND '9999-12-31 00:00+00'
       AND coalesce(p_offset_ms, 0) BETWEEN -36500 * day AND 36500 * day THEN
        told := p_at + coalesce(p_offset_ms, 0) * interval '1 millisecond';
    ELSE
        effective := p_received;
        uncertain := true;
        RETURN;
    END IF;
    effective := least(greatest(told, p_previous), p_received);
    uncertain := p_received - effective > interval '24 hours'
        OR coalesce(p_age_ms NOT BETWEEN 0 AND day, true)
        OR abs(extract(epoch FROM effective - p_at)) > 300;
END
$$;

-- The desk that sends, and who sits there, locked until the end of the transaction: it has one queue.
CREATE OR REPLACE FUNCTION crm.sending_desk(p_device uuid) RETURNS record LANGUAGE plpgsql AS $$
DECLARE
    desk record;
BEGIN
    SELECT d.login, d.state, d.last_n, d.last_effective_at, p.agent_id::text AS actor, p.role INTO desk
    FROM crm.device d LEFT JOIN crm.person p ON p.login = session_user AND p.active
    WHERE d.id = p_device FOR NO KEY UPDATE OF d;
    IF NOT FOUND THEN
        RAISE EXCEPTION 'This desk is not registered at the server.' USING ERRCODE = 'CR007';
    END IF;
    IF desk.login <> session_user THEN
        RAISE EXCEPTION 'This desk belongs to another account.' USING ERRCODE = 'CR001';
    END IF;
    IF desk.state <> 'active' THEN
        RAISE EXCEPTION 'This desk is to be forgotten.' USING ERRCODE = 'CR002';
    END IF;
    IF desk.actor IS NULL THEN
        RAISE EXCEPTION 'The account % is nobody here.', session_user USING ERRCODE = 'CR003';
    END IF;
    RETURN desk;
END
$$;

-- Do operations in the order of p_sent, or tell the answers they got before; an answer each:
--   {"ok": true}, with "dup": true when it was done before
--   {"rejected": CODE, "why": …, "values": {…}, "fields": […], "current": row or null}
--   {"gap": n}: the last number that came; the one after it is wanted
-- Fewer answers than operations: the first without one has to be sent again.
CREATE OR REPLACE FUNCTION crm.push_in_order(
    p_device uuid, p_offset_ms bigint, p_sent crm.operation_sent[]
) RETURNS jsonb[] LANGUAGE plpgsql AS $$
DECLARE
    most CONSTANT integer := 50;  -- a transaction with more subtransactions is dear for everybody's snapshots
    received CONSTANT timestamptz := crm.now();
    named CONSTANT uuid[] := ARRAY(SELECT s.op FROM unnest(p_sent) s);
    known CONSTANT uuid[] := ARRAY(SELECT k.op FROM crm.op k WHERE k.op = ANY (named) AND k.first);
    desk record;
    sent crm.operation_sent;
    o crm.operation_in;
    entry crm.op;
    entries crm.op[] := '{}';
    answers jsonb[] := '{}';
    times record;
    _ text;
BEGIN
    desk := crm.sending_desk(p_device);
    _ := set_config('crm.device', p_device::text, true);
    o.actor := desk.actor;
    o.role := desk.role;
    o.device := p_device;
    entry.device := p_device;
    entry.n := desk.last_n;
    entry.received_at := received;
    entry.effective_at := desk.last_effective_at;
    FOREACH sent IN ARRAY p_sent LOOP
        EXIT WHEN cardinality(answers) = most;
        IF sent.op IS NULL OR sent.n IS NULL OR sent.n < 1 THEN
            RAISE EXCEPTION 'An operation has an id and a number.' USING ERRCODE = 'CR008';
        END IF;
        IF sent.n <= desk.last_n THEN
            answers := answers || crm.earlier_answer(p_device, sent.n, sent.op);
            CONTINUE;
        END IF;
        IF sent.n <> entry.n + 1 THEN
            answers := answers || jsonb_build_object('gap', entry.n);
            EXIT;
        END IF;
        times := crm.effective_time(sent.at, p_offset_ms, sent.age_ms, entry.effective_at, received);
        o.at := times.effective;
        entry.time_uncertain := times.uncertain;
        entry.first := sent.op <> ALL (known);
        IF entry.first THEN
            o.id := sent.op;
            o.kind := sent.kind;
            o.version := sent.version;
            o.base_rev := sent.base_rev;
            o.again := coalesce(sent.again, false);
            -- As crm.begin_operation() and crm.end_operation() do, which have settings of their own.
            _ := set_config('crm.op', sent.op::text, true) || set_config('crm.fed', '', true);
            entry.result := crm.done_or_refused(o, sent.payload, cardinality(answers) = 0);
            entry.feed_to := nullif(current_setting('crm.fed'), '');
            EXIT WHEN entry.result IS NULL;
        ELSE
            SELECT crm.answer_to_known(k), k.feed_to INTO entry.result, entry.feed_to
            FROM crm.op k WHERE k.op = sent.op AND k.first;
        END IF;
        entry.n := sent.n;
        entry.op := sent.op;
        entry.kind := coalesce(left(sent.kind, 100), '');
        entry.effective_at := o.at;
        entries := entries || entry;
        answers := answers || CASE WHEN entry.first THEN entry.result ELSE entry.result || '{"dup": true}' END;
    END LOOP;
    _ := set_config('crm.op', '', true) || set_config('crm.device', '', true);
    IF entry.n > desk.last_n THEN
        INSERT INTO crm.op SELECT e.* FROM unnest(entries) e;
        UPDATE crm.device SET last_n = entry.n, last_effective_at = entry.effective_at, seen_at = received
        WHERE id = p_device;
    END IF;
    RETURN answers;
END
$$;

-- Do up to fifty operations that a desk sends: p_sent is an array of objects with the fields of crm.operation_sent,
-- the payload as text in each. Returns the array of their answers.
CREATE OR REPLACE FUNCTION crm.push_many(p_device uuid, p_offset_ms bigint, p_sent jsonb) RETURNS jsonb
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp SET timezone = 'UTC'
SET plan_cache_mode = force_generic_plan AS $$
BEGIN
    RETURN to_jsonb(crm.push_in_order(
        p_device, p_offset_ms, ARRAY(SELECT s FROM jsonb_populate_recordset(NULL::crm.operation_sent, p_sent) s)));
END
$$;

-- The same for one operation. The payload comes as text: what jsonb cannot hold is refused like anything else.
CREATE OR REPLACE FUNCTION crm.push(
    p_device uuid, p_n bigint, p_op uuid, p_kind text, p_version integer, p_payload text, p_base_rev bigint,
    p_at timestamptz, p_offset_ms bigint, p_age_ms bigint, p_again boolean DEFAULT false
) RETURNS jsonb
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp SET timezone = 'UTC'
SET plan_cache_mode = force_generic_plan AS $$
BEGIN
    RETURN (crm.push_in_order(p_device, p_offset_ms, ARRAY[ROW(
        p_n, p_op, p_kind, p_version, p_payload, p_base_rev, p_at, p_age_ms, p_again)::crm.operation_sent]))[1];
END
$$;

-- The same for callers that hold the payload as jsonb; what jsonb cannot hold never arrives this way.
CREATE OR REPLACE FUNCTION crm.push(
    p_device uuid, p_n bigint, p_op uuid, p_kind text, p_version integer, p_payload jsonb, p_base_rev bigint,
    p_at timestamptz, p_offset_ms bigint, p_age_ms bigint, p_again boolean DEFAULT false
) RETURNS jsonb
LANGUAGE sql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
    SELECT crm.push(
        p_device, p_n, p_op, p_kind, p_version, p_payload::text, p_base_rev, p_at, p_offset_ms, p_age_ms, p_again)
$$;

-- The answer that the number of this desk got before.
CREATE OR REPLACE FUNCTION crm.earlier_answer(p_device uuid, p_n bigint, p_op uuid) RETURNS jsonb
LANGUAGE plpgsql AS $$
DECLARE
    held crm.op;
BEGIN
    SELECT * INTO held FROM crm.op WHERE device = p_device AND n = p_n;
    IF NOT FOUND THEN
        RETURN '{"ok": true, "dup": true}';  -- forgotten here as answered long ago
    END IF;
    IF held.op <> p_op THEN
        RAISE EXCEPTION 'This number of the desk was used for another operation.' USING ERRCODE = 'CR008';
    END IF;
    RETURN held.result || '{"dup": true}';
END
$$;

-- The answer that this operation got when the same person's desk sent it under another identity.
CREATE OR REPLACE FUNCTION crm.answer_to_known(p_held crm.op) RETURNS jsonb
LANGUAGE plpgsql AS $$
BEGIN
    IF EXISTS (SELECT 1 FROM crm.device WHERE id = p_held.device AND login = session_user) THEN
        RETURN p_held.result;
    END IF;
    RETURN crm.refusal('denied', 'This operation belongs to somebody else.');
END
$$;

-- Do the operation in a subtransaction and return the answer. What clashes with a row that somebody made this
-- very moment is tried again, since that row is there now. What only another attempt may cure is raised when the
-- operation is the first of its call; else NULL is returned, so that those before it stay done.
CREATE OR REPLACE FUNCTION crm.done_or_refused(o crm.operation_in, p_payload text, p_first boolean) RETURNS jsonb
LANGUAGE plpgsql AS $$
DECLARE
    attempts CONSTANT integer := 3;
    state text;
    detail text;
    named text;
    _ text;
BEGIN
    FOR attempt IN 1..attempts
    LOOP
        BEGIN
            _ := crm.apply(crm.well_formed(o, p_payload));
            RETURN '{"ok": true}';
        EXCEPTION WHEN OTHERS THEN
            GET STACKED DIAGNOSTICS
                state = RETURNED_SQLSTATE, detail = PG_EXCEPTION_DETAIL, named = COLUMN_NAME;
            -- Class 42 but for a right that is missing: rules and tables here do not fit, which is no fault of
            -- the operation. It waits until the server was upgraded.
            IF left(state, 2) IN ('08', '25', '40', '42', '53', '55', '57', '58', 'XX') AND state <> '42501' THEN
                IF p_first THEN
                    RAISE;
                END IF;
                RETURN NULL;
            END IF;
        END;
        IF state <> '23505' THEN
            EXIT;
        END IF;
    END LOOP;
    RETURN CASE WHEN state = 'CR100' THEN detail::jsonb ELSE crm.refusal_of_error(state, named) END;
END
$$;

-- The operation with its payload read, after what can be said of every kind.
CREATE OR REPLACE FUNCTION crm.well_formed(o crm.operation_in, p_payload text) RETURNS crm.operation_in
LANGUAGE plpgsql AS $$
DECLARE
    most_bytes CONSTANT integer := 8 * 1024 * 1024;
    newest CONSTANT integer := 1;
BEGIN
    IF o.role NOT IN ('agent', 'supervisor', 'administrator') THEN
        PERFORM crm.refuse('denied', 'You may not do this.');
    END IF;
    IF o.kind IS NULL OR o.version IS NULL OR o.version < 1 OR p_payload IS NULL THEN
        PERFORM crm.refuse('invalid', 'This operation is not well formed.');
    END IF;
    IF o.version > newest THEN
        PERFORM crm.refuse(
            'unknown_kind', 'This server is older than the desk and does not know the operation {kind} yet.',
            jsonb_build_object('kind', left(o.kind, 100)));
    END IF;
    IF octet_length(p_payload) > most_bytes THEN
        PERFORM crm.refuse('invalid', 'This operation is too large.');
    END IF;
    o.payload := p_payload::jsonb;
    IF jsonb_typeof(o.payload) <> 'object' THEN
        PERFORM crm.refuse('invalid', 'This operation is not well formed.');
    END IF;
    IF o.payload ?| ARRAY['actor', 'author', 'agent', 'by_agent', 'login'] THEN
        PERFORM crm.refuse('denied', 'Nobody signs with the name of somebody else.');
    END IF;
    RETURN o;
END
$$;

-- The effect of each kind of operation; those of one subject stand together in 60_effects_*.sql.
CREATE OR REPLACE FUNCTION crm.apply(o crm.operation_in) RETURNS void
LANGUAGE plpgsql AS $$
DECLARE
    _ text;
BEGIN
    CASE o.kind
        WHEN 'call.seen' THEN _ := crm.apply_call_seen(o);
        WHEN 'note.append' THEN _ := crm.apply_note_append(o);
        WHEN 'call.wrap_up' THEN _ := crm.apply_call_wrap_up(o);
        WHEN 'call.assign' THEN _ := crm.apply_call_assign(o);
        WHEN 'call.verify' THEN _ := crm.apply_call_verify(o);
        WHEN 'customer.create' THEN _ := crm.apply_customer_create(o);
        WHEN 'customer.change' THEN _ := crm.apply_customer_change(o);
        WHEN 'contact_point.add' THEN _ := crm.apply_contact_point_add(o);
        WHEN 'contact_point.change' THEN _ := crm.apply_contact_point_change(o);
        WHEN 'contact_point.drop' THEN _ := crm.apply_contact_point_drop(o);
        WHEN 'contact.save' THEN _ := crm.apply_contact_save(o);
        WHEN 'asset.create' THEN _ := crm.apply_asset_create(o);
        WHEN 'asset.change' THEN _ := crm.apply_asset_change(o);
        WHEN 'visit.record' THEN _ := crm.apply_visit_record(o);
        WHEN 'visit.change' THEN _ := crm.apply_visit_change(o);
        WHEN 'task.open' THEN _ := crm.apply_task_open(o);
        WHEN 'task.change' THEN _ := crm.apply_task_change(o);
        WHEN 'article.save' THEN _ := crm.apply_article_save(o);
        WHEN 'article.mark' THEN _ := crm.apply_article_mark(o);
        WHEN 'choice.remember' THEN _ := crm.apply_choice_remember(o);
        WHEN 'code.save' THEN _ := crm.apply_code_save(o);
        WHEN 'complaint.step' THEN _ := crm.apply_complaint_step(o);
        WHEN 'complaint.approve' THEN _ := crm.apply_complaint_approve(o);
        WHEN 'letter.make' THEN _ := crm.apply_letter_make(o);
        WHEN 'letter.send' THEN _ := crm.apply_letter_send(o);
        WHEN 'survey.record' THEN _ := crm.apply_survey_record(o);
        WHEN 'action.save' THEN _ := crm.apply_action_save(o);
        WHEN 'remedy.mark' THEN _ := crm.apply_remedy_mark(o);
        WHEN 'attachment.add' THEN _ := crm.apply_attachment_add(o);
        ELSE PERFORM crm.refuse(
            'unknown_kind', 'This server is older than the desk and does not know the operation {kind} yet.',
            jsonb_build_object('kind', left(o.kind, 100)));
    END CASE;
END
$$;

GRANT EXECUTE ON FUNCTION
    crm.push_many(uuid, bigint, jsonb),
    crm.push(uuid, bigint, uuid, text, integer, text, bigint, timestamptz, bigint, bigint, boolean),
    crm.push(uuid, bigint, uuid, text, integer, jsonb, bigint, timestamptz, bigint, bigint, boolean)
    TO crm_agent;
