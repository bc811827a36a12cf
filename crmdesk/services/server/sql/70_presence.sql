-- Who is where just now, and who asks for help. Neither is replicated, audited or kept: what a colleague does
-- at this moment is asked of the server, and shown with its age.
CREATE UNLOGGED TABLE IF NOT EXISTS crm.presence (
    device uuid PRIMARY KEY,
    agent_id uuid NOT NULL,
    state text NOT NULL CHECK (state IN ('ready', 'talking', 'wrap_up', 'paused', 'away')),
    customer_id uuid,
    doing text NOT NULL DEFAULT '' CHECK (doing IN ('', 'open', 'note', 'record', 'call')),
    since timestamptz NOT NULL,
    seen_at timestamptz NOT NULL
);
COMMENT ON TABLE crm.presence IS 'one row a desk: since when its person is at what, and when the desk last said so';
CREATE INDEX IF NOT EXISTS presence_customer ON crm.presence (customer_id);

CREATE TABLE IF NOT EXISTS crm.help_request (
    id uuid PRIMARY KEY,
    from_agent uuid NOT NULL,
    to_kind text NOT NULL CHECK (to_kind IN ('person', 'team')),
    to_id uuid NOT NULL,
    customer_id uuid,
    call_id uuid,
    note text NOT NULL DEFAULT '' CHECK (length(note) <= 2000),
    urgent boolean NOT NULL DEFAULT false,
    state text NOT NULL DEFAULT 'waiting' CHECK (state IN ('waiting', 'taken', 'cancelled')),
    asked_at timestamptz NOT NULL,
    taken_by uuid,
    taken_at timestamptz
);
COMMENT ON TABLE crm.help_request IS 'requests for help, to a person or a team; gone after a day';
CREATE INDEX IF NOT EXISTS help_request_asked ON crm.help_request (asked_at);

-- What this desk's person does now; the customer and what is done there only when something is open.
CREATE OR REPLACE FUNCTION crm.tell_presence(
    p_device uuid, p_state text, p_customer uuid DEFAULT NULL, p_doing text DEFAULT ''
) RETURNS void
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
DECLARE
    present CONSTANT timestamptz := clock_timestamp();
BEGIN
    IF NOT EXISTS (
        SELECT 1 FROM crm.device d
        WHERE d.id = p_device AND d.login = session_user AND d.state = 'active' AND crm.my_agent() IS NOT NULL) THEN
        RAISE EXCEPTION 'This desk belongs to another account.' USING ERRCODE = 'CR001';
    END IF;
    INSERT INTO crm.presence AS held (device, agent_id, state, customer_id, doing, since, seen_at)
    VALUES (p_device, crm.my_agent(), p_state, p_customer, p_doing, present, present)
    ON CONFLICT (device) DO UPDATE SET
        agent_id = excluded.agent_id, state = excluded.state, customer_id = excluded.customer_id,
        doing = excluded.doing, seen_at = present,
        since = CASE WHEN (held.state, held.customer_id, held.doing)
                          IS NOT DISTINCT FROM (excluded.state, excluded.customer_id, excluded.doing)
                     THEN held.since ELSE present END;
END
$$;

-- Colleagues at this customer whose desk said so within a minute, the longest there first.
CREATE OR REPLACE FUNCTION crm.present_at(p_customer uuid)
RETURNS TABLE (agent_id uuid, name_en text, name_zh text, doing text, since timestamptz, seen_at timestamptz)
LANGUAGE sql STABLE SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
    SELECT p.agent_id, a.name_en, a.name_zh, p.doing, p.since, p.seen_at
    FROM crm.presence p JOIN crm.agent a ON a.id = p.agent_id
    WHERE p.customer_id = p_customer AND p.doing <> '' AND p.agent_id <> crm.my_agent()
      AND p.seen_at > clock_timestamp() - interval '1 minute'
    ORDER BY p.since
$$;

-- Whom one can ask: supervisors, then teams, then colleagues; state away when no desk of theirs said anything.
CREATE OR REPLACE FUNCTION crm.helpers()
RETURNS TABLE (kind text, id uuid, name_en text, name_zh text, role text, state text, seen_at timestamptz, extension text)
LANGUAGE sql STABLE SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
    SELECT h.kind, h.id, h.name_en, h.name_zh, h.role, h.state, h.seen_at, h.extension
    FROM (
        SELECT CASE WHEN a.role = 'supervisor' THEN 1 ELSE 3 END AS place, 'person' AS kind, a.id, a.name_en, a.name_zh,
               a.role, coalesce(p.state, 'away') AS state, p.seen_at, a.extension
        FROM crm.agent a LEFT JOIN LATERAL (
            SELECT q.state, q.seen_at FROM crm.presence q
            WHERE q.agent_id = a.id AND q.seen_at > clock_timestamp() - interval '1 minute'
            ORDER BY q.seen_at DESC LIMIT 1) p ON true
        WHERE a.active AND a.role IN ('agent', 'supervisor') AND a.id <> crm.my_agent()
        UNION ALL
        SELECT 2, 'team', t.id, t.name_en, t.name_zh, '', 'ready', NULL, '' FROM crm.team t
    ) h
    WHERE crm.my_agent() IS NOT NULL
    ORDER BY h.place, (h.state = 'away'), h.name_en
$$;

-- Requests that concern me, of the last twelve hours, newest first; one that waits for half an hour is over.
CREATE OR REPLACE FUNCTION crm.my_help()
RETURNS TABLE (
    id uuid, mine boolean, from_agent uuid, from_name_en text, from_name_zh text, extension text, to_name_en text,
    to_name_zh text, state text, asked_at timestamptz, urgent boolean, customer_id uuid, customer_name text,
    call_id uuid, note text, taken_by_en text, taken_by_zh text, taken_at timestamptz, seen_at timestamptz)
LANGUAGE sql STABLE SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
    SELECT h.id, h.from_agent = crm.my_agent(), h.from_agent, f.name_en, f.name_zh, coalesce(f.extension, ''),
           coalesce(p.name_en, t.name_en, ''), coalesce(p.name_zh, t.name_zh, ''),
           CASE WHEN h.state = 'waiting' AND h.asked_at < clock_timestamp() - interval '30 minutes' THEN 'over'
                ELSE h.state END,
           h.asked_at, h.urgent, h.customer_id, coalesce(c.name, ''), h.call_id, h.note,
           coalesce(k.name_en, ''), coalesce(k.name_zh, ''), h.taken_at, clock_timestamp()
    FROM crm.help_request h
    LEFT JOIN crm.agent f ON f.id = h.from_agent
    LEFT JOIN crm.agent p ON h.to_kind = 'person' AND p.id = h.to_id
    LEFT JOIN crm.team t ON h.to_kind = 'team' AND t.id = h.to_id
    LEFT JOIN crm.agent k ON k.id = h.taken_by
    LEFT JOIN crm.customer c ON c.id = h.customer_id
    WHERE h.asked_at > clock_timestamp() - interval '12 hours' AND crm.my_agent() IS NOT NULL
      AND (h.from_agent = crm.my_agent() OR h.to_id = crm.my_agent() OR h.to_id = ANY (crm.my_teams()))
    ORDER BY h.asked_at DESC LIMIT 200
$$;

-- Ask a person or a team; the same id again is the same request. All desks are woken with the word help.
CREATE OR REPLACE FUNCTION crm.ask_help(
    p_id uuid, p_kind text, p_to uuid, p_customer uuid, p_call uuid, p_note text, p_urgent boolean
) RETURNS void
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
BEGIN
    IF crm.my_agent() IS NULL THEN
        RAISE EXCEPTION 'The account % is nobody here.', session_user USING ERRCODE = 'CR003';
    END IF;
    IF p_to = crm.my_agent() OR NOT EXISTS (
        SELECT 1 FROM crm.agent a WHERE p_kind = 'person' AND a.id = p_to AND a.active
        UNION ALL SELECT 1 FROM crm.team t WHERE p_kind = 'team' AND t.id = p_to) THEN
        RAISE EXCEPTION 'There is nobody to ask.' USING ERRCODE = 'CR006';
    END IF;
    INSERT INTO crm.help_request (id, from_agent, to_kind, to_id, customer_id, call_id, note, urgent, asked_at)
    VALUES (p_id, crm.my_agent(), p_kind, p_to, p_customer, p_call, left(coalesce(p_note, ''), 2000),
            coalesce(p_urgent, false), clock_timestamp())
    ON CONFLICT (id) DO NOTHING;
    PERFORM pg_notify('crm', 'help');
END
$$;

-- Take a request back; one that somebody has taken stays taken.
CREATE OR REPLACE FUNCTION crm.cancel_help(p_id uuid) RETURNS void
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
BEGIN
    UPDATE crm.help_request h SET state = 'cancelled'
    WHERE h.id = p_id AND h.from_agent = crm.my_agent() AND h.state = 'waiting';
    IF FOUND THEN
        PERFORM pg_notify('crm', 'help');
    ELSIF NOT EXISTS (SELECT 1 FROM crm.help_request h WHERE h.id = p_id AND h.from_agent = crm.my_agent()) THEN
        RAISE EXCEPTION 'There is no such request.' USING ERRCODE = 'CR006';
    END IF;
END
$$;

-- I come: whoever says so first. CR010 when somebody else did, or it was taken back.
CREATE OR REPLACE FUNCTION crm.take_help(p_id uuid) RETURNS void
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
DECLARE
    held crm.help_request;
BEGIN
    SELECT * INTO held FROM crm.help_request h
    WHERE h.id = p_id AND h.from_agent <> crm.my_agent()
      AND (h.to_id = crm.my_agent() OR h.to_id = ANY (crm.my_teams()))
    FOR UPDATE;
    IF held.id IS NULL THEN
        RAISE EXCEPTION 'There is no such request.' USING ERRCODE = 'CR006';
    END IF;
    IF held.state = 'taken' AND held.taken_by = crm.my_agent() THEN
        RETURN;
    END IF;
    IF held.state <> 'waiting' THEN
        RAISE EXCEPTION 'Somebody else comes already, or help is no longer needed.' USING ERRCODE = 'CR010';
    END IF;
    UPDATE crm.help_request h SET state = 'taken', taken_by = crm.my_agent(), taken_at = clock_timestamp()
    WHERE h.id = p_id;
    PERFORM pg_notify('crm', 'help');
END
$$;

GRANT EXECUTE ON FUNCTION
    crm.tell_presence(uuid, text, uuid, text), crm.present_at(uuid), crm.helpers(), crm.my_help(),
    crm.ask_help(uuid, text, uuid, uuid, uuid, text, boolean), crm.cancel_help(uuid), crm.take_help(uuid)
    TO crm_agent;
