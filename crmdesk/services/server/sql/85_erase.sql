-- Erasing a person: his rows, their values in the audit, answers that repeat them, attachments, requests for help.
-- The chain of the audit stays whole (it covers digests), pointers carry no content, payloads are not kept.
-- Every desk is told which rows, destroys its own copies and logs, and confirms.
CREATE TABLE IF NOT EXISTS crm.erasure (
    id uuid PRIMARY KEY,
    customer_id uuid NOT NULL UNIQUE,
    row_ids uuid[] NOT NULL,
    login name NOT NULL,
    at timestamptz NOT NULL
);
ALTER TABLE crm.erasure ADD COLUMN IF NOT EXISTS reason text NOT NULL DEFAULT '';
COMMENT ON TABLE crm.erasure IS 'who was erased, as ids only: the rows that went with him, and why he went';
CREATE TABLE IF NOT EXISTS crm.erased (row_id uuid PRIMARY KEY);
COMMENT ON TABLE crm.erased IS 'ids that never come back, whatever a desk still has in its outbox';
CREATE TABLE IF NOT EXISTS crm.erasure_confirmed (
    erasure uuid NOT NULL REFERENCES crm.erasure,
    device uuid NOT NULL,
    confirmed_at timestamptz,
    PRIMARY KEY (erasure, device)
);
COMMENT ON TABLE crm.erasure_confirmed IS 'the desks that may hold copies; confirmed_at NULL until it says so';

-- What an offline desk still sends about an erased person is refused; the trigger of each table asks for each row written.
CREATE OR REPLACE FUNCTION crm.refuse_erased(p_row jsonb) RETURNS void
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
BEGIN
    IF EXISTS (
        SELECT 1 FROM crm.erased e
        WHERE e.row_id IN (
            (p_row ->> 'id')::uuid, (p_row ->> 'customer_id')::uuid, (p_row ->> 'asset_id')::uuid,
            (p_row ->> 'complaint_id')::uuid)) THEN
        PERFORM crm.refuse('gone', 'This person was erased at his own wish.');
    END IF;
END
$$;

-- Erase a customer. Only whoever owns the database, who sees the notes of all teams. Calls and the records of
-- complaints that came to an end stay as figures, without him. Again, it finds nothing more. Returns {"erasure", "rows",
-- "desks", "tables"}: how many rows went, of each table, and how many desks owe their word.
--
-- Desks take locks in any order, fifty operations at a time: where one waits for rows taken here while this waits for
-- its own, all taken here is let go, so that the desk gets on, and it begins anew.
CREATE OR REPLACE FUNCTION crm.erase_customer(p_id uuid, p_reason text DEFAULT '') RETURNS jsonb
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
DECLARE
    attempts CONSTANT integer := 20;
BEGIN
    IF crm.my_role() IS DISTINCT FROM 'owner' THEN
        RAISE EXCEPTION 'Only the owner of the database erases a person.' USING ERRCODE = 'CR004';
    END IF;
    FOR attempt IN 2..attempts LOOP
        BEGIN
            RETURN crm.erase_rows(p_id, p_reason);
        EXCEPTION WHEN deadlock_detected THEN
            NULL;
        END;
    END LOOP;
    RETURN crm.erase_rows(p_id, p_reason);
END
$$;

-- The work of it. Complaints come before their files, as steps take them: none is taken up again meanwhile.
CREATE OR REPLACE FUNCTION crm.erase_rows(p_id uuid, p_reason text) RETURNS jsonb LANGUAGE plpgsql AS $$
DECLARE
    made uuid;
    calls uuid[];
    gone uuid[] := ARRAY[p_id];
    found uuid[];
    numbers text[];
    his record;
    part text;
    tables jsonb := '{}';
BEGIN
    PERFORM FROM crm.complaint c WHERE c.customer_id = p_id ORDER BY c.id FOR NO KEY UPDATE;
    PERFORM crm.refuse_open_complaints(p_id);
    PERFORM crm.begin_operation(NULL, NULL);
    SELECT array_agg(c.value) INTO numbers FROM crm.contact_point c WHERE c.customer_id = p_id AND c.value <> '';
    WITH blank AS (
        UPDATE crm.call c SET
            rev = c.rev + 1, number_raw = '', number_value = '', caller_name = '', customer_id = NULL,
            contact_id = NULL, asset_id = NULL
        WHERE c.customer_id = p_id OR (c.customer_id IS NULL AND c.number_value = ANY (numbers))
        RETURNING c.id
    ) SELECT coalesce(array_agg(b.id), '{}') INTO calls FROM blank b;
    WITH items AS (
        DELETE FROM crm.visit_item i USING crm.service_visit v
        WHERE v.id = i.visit_id AND v.customer_id = p_id RETURNING i.id
    ) SELECT coalesce(array_agg(i.id), '{}') INTO found FROM items i;
    gone := gone || found;
    his := crm.blank_complaints(p_id);
    tables := his.tables || jsonb_build_object('call', cardinality(calls), 'visit_item', cardinality(found));
    -- The contents of attachments go with their rows.
    FOREACH part IN ARRAY ARRAY['contact_point', 'contact', 'note', 'task', 'interaction', 'number_choice',
                                'service_visit', 'asset', 'attachment'] LOOP
        EXECUTE format(
            'WITH d AS (DELETE FROM crm.%I WHERE customer_id = $1 %s RETURNING id) SELECT array_agg(id) FROM d',
            part, CASE WHEN part = 'number_choice' THEN 'OR value = ANY ($2)'
                       WHEN part = 'note' THEN 'OR call_id = ANY ($3) OR complaint_id = ANY ($4)'
                       WHEN part = 'attachment' THEN 'OR complaint_id = ANY ($4)'
                       WHEN part = 'task' THEN
                           'OR call_id = ANY ($3) OR complaint_id = ANY ($4)'
                           ' OR (customer_id IS NULL AND number_value = ANY ($2))'
                       WHEN part = 'interaction' THEN 'OR id = ANY ($3) OR id = ANY ($4)' ELSE '' END)
        INTO found USING p_id, numbers, calls, his.complaints;
        gone := gone || coalesce(found, '{}');
        tables := tables || jsonb_build_object(part, coalesce(cardinality(found), 0));
    END LOOP;
    WITH himself AS (DELETE FROM crm.customer c WHERE c.id = p_id RETURNING c.id)
    SELECT tables || jsonb_build_object('customer', count(*)) INTO tables FROM himself;
    tables := tables || crm.erase_traces(p_id, gone || calls || his.kept);
    INSERT INTO crm.erasure AS held (id, customer_id, row_ids, login, at, reason)
    VALUES (
        gen_random_uuid(), p_id, gone || calls || his.kept, session_user, clock_timestamp(), coalesce(p_reason, ''))
    ON CONFLICT (customer_id) DO UPDATE SET row_ids = (
        SELECT array_agg(DISTINCT x) FROM unnest(held.row_ids || excluded.row_ids) x)
    RETURNING held.id INTO made;
    INSERT INTO crm.erased SELECT DISTINCT g FROM unnest(gone || his.complaints) g WHERE g <> ALL (calls)
    ON CONFLICT DO NOTHING;
    PERFORM crm.note_audit('erasure', made, NULL, jsonb_build_object(
        'customer_id', p_id, 'reason', p_reason, 'rows', cardinality(gone || calls || his.kept)));
    INSERT INTO crm.erasure_confirmed (erasure, device)
    SELECT made, d.id FROM crm.device d WHERE d.state <> 'confirmed' ON CONFLICT DO NOTHING;
    RETURN jsonb_build_object(
        'erasure', made, 'rows', cardinality(gone || calls || his.kept), 'tables', tables,
        'desks', (SELECT count(*) FROM crm.erasure_confirmed c
                  WHERE c.erasure = made AND c.confirmed_at IS NULL));
END
$$;

-- As long as a complaint of his is open, somebody still needs to know whose it is.
CREATE OR REPLACE FUNCTION crm.refuse_open_complaints(p_customer uuid) RETURNS void
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
DECLARE
    numbers text;
BEGIN
    SELECT string_agg(c.number, ', ' ORDER BY c.number) INTO numbers
    FROM crm.complaint c JOIN crm.procedure_state s ON s.key = c.state AND s.open WHERE c.customer_id = p_customer;
    IF numbers IS NOT NULL THEN
        RAISE EXCEPTION 'The complaint % is still open. Bring it to its end first, or withdraw it.', numbers
        USING ERRCODE = 'CR004';
    END IF;
END
$$;

-- Whether the person of this session sees the row: the policies of its table judge.
CREATE OR REPLACE FUNCTION crm.sees(p_tab text, p_pk uuid) RETURNS boolean
LANGUAGE plpgsql STABLE SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
DECLARE
    found boolean := false;
BEGIN
    IF EXISTS (SELECT 1 FROM crm.entity e WHERE e.tab = p_tab) THEN
        EXECUTE format('SELECT EXISTS (SELECT 1 FROM crm.%I WHERE id = $1)', p_tab) INTO found USING p_pk;
    END IF;
    RETURN found;
END
$$;

-- Remove what is told of these rows elsewhere: values in the audit (of rows that once were his and are gone,
-- too), records in answers, help, presence.
-- Returns how many of each.
CREATE OR REPLACE FUNCTION crm.erase_traces(p_customer uuid, p_ids uuid[]) RETURNS jsonb
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
DECLARE
    once_his uuid[];
    counted jsonb;
    n integer;
BEGIN
    SELECT coalesce(array_agg(DISTINCT a.pk), '{}') INTO once_his
    FROM crm.audit a JOIN crm.audit_value v ON v.audit = a.n
    WHERE p_customer::text IN (v.before ->> 'customer_id', v.after ->> 'customer_id');
    DELETE FROM crm.audit_value v USING crm.audit a
    WHERE a.n = v.audit
      AND (a.pk = ANY (p_ids)
           OR p_customer::text IN (v.before ->> 'customer_id', v.after ->> 'customer_id')
           OR (a.pk = ANY (once_his) AND NOT crm.sees(a.tab, a.pk)));
    GET DIAGNOSTICS n = ROW_COUNT;
    counted := jsonb_build_object('audit_value', n);
    UPDATE crm.op o SET result = o.result - 'current' - 'values'
    WHERE o.result ?| ARRAY['current', 'values']
      AND (o.op IN (SELECT a.op FROM crm.audit a WHERE a.pk = ANY (p_ids))
           OR (o.result -> 'current' ->> 'id')::uuid = ANY (p_ids)
           OR (o.result -> 'current' ->> 'customer_id')::uuid = ANY (p_ids));
    GET DIAGNOSTICS n = ROW_COUNT;
    counted := counted || jsonb_build_object('op', n);
    DELETE FROM crm.help_request h WHERE h.customer_id = ANY (p_ids) OR h.call_id = ANY (p_ids);
    GET DIAGNOSTICS n = ROW_COUNT;
    UPDATE crm.viewed v SET why = '' WHERE v.customer_id = p_customer AND v.why <> '';
    UPDATE crm.presence p SET customer_id = NULL, doing = '' WHERE p.customer_id = ANY (p_ids);
    RETURN counted || jsonb_build_object('help_request', n);
END
$$;

-- What this desk still has to destroy: [{"erasure", "customer_id", "row_ids"}].
CREATE OR REPLACE FUNCTION crm.my_erasures(p_device uuid) RETURNS jsonb
LANGUAGE sql STABLE SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
    SELECT coalesce(jsonb_agg(jsonb_build_object(
        'erasure', e.id, 'customer_id', e.customer_id, 'row_ids', to_jsonb(e.row_ids)) ORDER BY e.at), '[]')
    FROM crm.erasure e
    JOIN crm.erasure_confirmed c ON c.erasure = e.id
    JOIN crm.device d ON d.id = c.device
    WHERE c.device = p_device AND c.confirmed_at IS NULL AND d.login = session_user
$$;

-- The desk's word that nothing of it is left there.
CREATE OR REPLACE FUNCTION crm.confirm_erasure(p_device uuid, p_erasure uuid) RETURNS void
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
BEGIN
    UPDATE crm.erasure_confirmed c SET confirmed_at = coalesce(c.confirmed_at, clock_timestamp())
    FROM crm.device d
    WHERE c.erasure = p_erasure AND c.device = p_device AND d.id = c.device AND d.login = session_user;
    IF NOT FOUND THEN
        RAISE EXCEPTION 'This desk has nothing like that to confirm.' USING ERRCODE = 'CR001';
    END IF;
END
$$;

-- Every erasure with the desks that have not confirmed: for the administrator.
CREATE OR REPLACE FUNCTION crm.erasures()
RETURNS TABLE (
    erasure uuid, customer_id uuid, at timestamptz, login name, row_count integer, confirmed bigint, open_tags text[],
    reason text)
LANGUAGE sql STABLE SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
    SELECT e.id, e.customer_id, e.at, e.login, cardinality(e.row_ids),
           count(*) FILTER (WHERE c.confirmed_at IS NOT NULL OR d.state = 'confirmed'),
           coalesce(array_agg(d.tag ORDER BY d.tag)
                    FILTER (WHERE c.confirmed_at IS NULL AND d.state <> 'confirmed'), '{}'),
           e.reason
    FROM crm.erasure e
    LEFT JOIN crm.erasure_confirmed c ON c.erasure = e.id
    LEFT JOIN crm.device d ON d.id = c.device
    WHERE crm.my_role() IN ('owner', 'administrator', 'auditor')
    GROUP BY e.id ORDER BY e.at
$$;

GRANT EXECUTE ON FUNCTION crm.my_erasures(uuid), crm.confirm_erasure(uuid, uuid) TO crm_agent;
GRANT EXECUTE ON FUNCTION crm.erasures() TO crm_administrator, crm_auditor;
