-- What was changed, by whom: one row a changed row, chained over all ticks, its values apart so that they can
-- be erased while the chain stays whole. audit.n is the id of the pointer in crm.feed.
CREATE TABLE IF NOT EXISTS crm.audit (
    n bigint PRIMARY KEY,
    op uuid,
    device uuid,
    login name NOT NULL,
    tab text NOT NULL,
    pk uuid NOT NULL,
    rev bigint NOT NULL,
    fields text[] NOT NULL,
    value_digest bytea NOT NULL,
    digest bytea NOT NULL,
    at timestamptz NOT NULL
);
COMMENT ON TABLE crm.audit IS
    'value_digest = sha256(salt, before, after); digest = sha256(all other columns, value_digest); both stay';
CREATE INDEX IF NOT EXISTS audit_row ON crm.audit (pk, rev);
CREATE TABLE IF NOT EXISTS crm.audit_value (
    audit bigint PRIMARY KEY,
    salt bytea NOT NULL,
    before jsonb,
    after jsonb
);
COMMENT ON TABLE crm.audit_value IS 'the changed columns before and after; gone when a person is erased';

-- From here to the end of the transaction changes belong to this operation of this desk.
CREATE OR REPLACE FUNCTION crm.begin_operation(p_op uuid, p_device uuid) RETURNS void
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
BEGIN
    PERFORM set_config('crm.op', coalesce(p_op::text, ''), true),
            set_config('crm.device', coalesce(p_device::text, ''), true),
            set_config('crm.fed', '', true);
END
$$;

-- The operation is done: returns the largest id of a pointer it left, NULL when it left none.
CREATE OR REPLACE FUNCTION crm.end_operation() RETURNS bigint
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
DECLARE
    fed CONSTANT bigint := nullif(current_setting('crm.fed', true), '');
BEGIN
    PERFORM crm.begin_operation(NULL, NULL);
    RETURN fed;
END
$$;

CREATE OR REPLACE FUNCTION crm.value_digest(p_salt bytea, p_before jsonb, p_after jsonb) RETURNS bytea
LANGUAGE plpgsql IMMUTABLE AS $$
BEGIN
    RETURN sha256(
        p_salt || convert_to(coalesce(p_before::text, '') || E'\n' || coalesce(p_after::text, ''), 'UTF8'));
END
$$;

CREATE OR REPLACE FUNCTION crm.audit_digest(p crm.audit) RETURNS bytea
LANGUAGE plpgsql IMMUTABLE AS $$
BEGIN
    RETURN sha256(
        convert_to(concat_ws(
            E'\n', p.n, coalesce(p.op::text, '-'), coalesce(p.device::text, '-'), p.login, p.tab, p.pk, p.rev,
            array_to_string(p.fields, ','), encode(timestamptz_send(p.at), 'hex')), 'UTF8')
        || p.value_digest);
END
$$;

-- Of each changed row: a pointer for those who see it or saw it, and a row of the audit; fields is {} where the
-- whole row came or went. Every change of every desk comes through here: three statements, no further call.
-- TG_ARGV: columns that name the parent, the team and the author; empty when there is none.
-- Without settings of its own, which cost each row more than the pointer: whoever may write rows is no agent, and what
-- desks send is done under the settings of crm.push_many().
CREATE OR REPLACE FUNCTION crm.on_row() RETURNS trigger
LANGUAGE plpgsql AS $$
DECLARE
    _ text;
    was jsonb;
    shown jsonb;
    before jsonb;
    after jsonb;
    changed text[] := '{}';
    whose uuid[] := '{}';
    line crm.audit;
    salt CONSTANT bytea := uuid_send(gen_random_uuid());
BEGIN
    IF TG_OP = 'INSERT' THEN
        shown := to_jsonb(NEW);
        after := jsonb_strip_nulls(shown);
        line.pk := NEW.id;
        line.rev := NEW.rev;
    ELSIF TG_OP = 'DELETE' THEN
        shown := to_jsonb(OLD);
        before := jsonb_strip_nulls(shown);
        line.pk := OLD.id;
        line.rev := OLD.rev;
    ELSE
        was := to_jsonb(OLD);
        shown := to_jsonb(NEW);
        SELECT array_agg(c.key), jsonb_object_agg(c.key, was -> c.key), jsonb_object_agg(c.key, c.value)
        INTO changed, before, after
        FROM jsonb_each(shown) c WHERE c.value <> was -> c.key;
        IF changed IS NULL THEN
            RETURN NULL;
        END IF;
        line.pk := NEW.id;
        line.rev := NEW.rev;
        IF was ->> TG_ARGV[0] <> shown ->> TG_ARGV[0] THEN
            PERFORM crm.point(TG_TABLE_NAME, line.pk, (was ->> TG_ARGV[0])::uuid, '{}');
        END IF;
    END IF;
    IF TG_OP <> 'DELETE' AND EXISTS (SELECT 1 FROM crm.erased) THEN
        PERFORM crm.refuse_erased(shown);
    END IF;
    IF TG_ARGV[1] <> '' AND shown ->> TG_ARGV[1] IS NOT NULL AND (was IS NULL OR was ->> TG_ARGV[1] IS NOT NULL)
    THEN
        SELECT array_agg(DISTINCT t::uuid) INTO whose
        FROM unnest(ARRAY[was ->> TG_ARGV[1], shown ->> TG_ARGV[1], nullif(shown ->> TG_ARGV[2], '')]) t
        WHERE t IS NOT NULL;
    END IF;
    -- The row's own change has given this transaction its number: see crm.next_feed_id().
    line.n := nextval('crm.feed_id_seq');
    line.op := nullif(current_setting('crm.op', true), '');
    line.device := nullif(current_setting('crm.device', true), '');
    line.login := session_user;
    line.tab := TG_TABLE_NAME;
    line.fields := changed;
    line.at := clock_timestamp();
    line.value_digest := crm.value_digest(salt, before, after);
    line.digest := crm.audit_digest(line);
    WITH pointer AS (
        INSERT INTO crm.feed (id, tab, pk, parent, teams)
        VALUES (line.n, line.tab, line.pk, (shown ->> TG_ARGV[0])::uuid, whose)
    ), row_of_audit AS (
        INSERT INTO crm.audit SELECT line.*
    )
    INSERT INTO crm.audit_value (audit, salt, before, after) VALUES (line.n, salt, before, after);
    _ := set_config('crm.fed', line.n::text, true);
    RETURN NULL;
END
$$;

DO $$
DECLARE
    one crm.entity;
BEGIN
    FOR one IN SELECT * FROM crm.entity LOOP
        EXECUTE pg_catalog.format('DROP TRIGGER IF EXISTS crm_row ON crm.%I', one.tab);
        EXECUTE pg_catalog.format(
            'CREATE TRIGGER crm_row AFTER INSERT OR UPDATE OR DELETE ON crm.%I'
            ' FOR EACH ROW EXECUTE FUNCTION crm.on_row(%L, %L, %L)', one.tab, one.parent, one.team, one.author);
    END LOOP;
END
$$;

-- Ticks and rows of the audit that do not fit the chain: an altered or missing row shows in its tick.
CREATE OR REPLACE FUNCTION crm.broken_audit() RETURNS TABLE (what text, n bigint)
LANGUAGE sql STABLE SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
    SELECT 'row', a.n FROM crm.audit a LEFT JOIN crm.audit_value v ON v.audit = a.n
    WHERE a.digest <> crm.audit_digest(a)
       OR (v.audit IS NOT NULL AND a.value_digest <> crm.value_digest(v.salt, v.before, v.after))
    UNION ALL
    SELECT 'tick', t.seq
    FROM (SELECT k.*, lag(k.seq) OVER w AS before_seq, lag(k.fp) OVER w AS before_fp
          FROM crm.tick k WINDOW w AS (ORDER BY k.seq)) t
    WHERE t.before_seq IS NOT NULL AND t.fp <> crm.chained(t.before_fp, t.seq, t.at, (
        SELECT string_agg(a.digest, ''::bytea ORDER BY f.id)
        FROM crm.feed f LEFT JOIN crm.audit a ON a.n = f.id
        WHERE f.seq > t.before_seq AND f.seq <= t.seq))
$$;

ALTER TABLE crm.audit ENABLE ROW LEVEL SECURITY;
CREATE POLICY seen ON crm.audit FOR SELECT TO crm_auditor, crm_administrator USING (
    (SELECT crm.my_role()) IN ('auditor', 'administrator'));
ALTER TABLE crm.audit_value ENABLE ROW LEVEL SECURITY;
CREATE POLICY seen ON crm.audit_value FOR SELECT TO crm_auditor USING ((SELECT crm.my_role()) = 'auditor');
GRANT SELECT ON crm.audit TO crm_auditor, crm_administrator;
GRANT SELECT ON crm.audit_value TO crm_auditor;
GRANT EXECUTE ON FUNCTION crm.broken_audit() TO crm_auditor, crm_administrator;
