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

-- Keep what changed in one row: a pointer for those who see it or saw it, a line of the audit, and its values; p_fields
-- is {} where the whole row came or went. Every change of every desk comes through here: one statement, and it calls
-- nothing but digests. Returns whether anybody was ever erased.
-- Without settings of its own, which cost each row more than the pointer: whoever may write rows is no agent, and what
-- desks send is done under the settings of crm.push_many().
CREATE OR REPLACE FUNCTION crm.keep_change(
    p_tab text, p_pk uuid, p_rev bigint, p_parent uuid, p_teams uuid[], p_fields text[], p_before jsonb, p_after jsonb
) RETURNS boolean
LANGUAGE plpgsql AS $$
DECLARE
    _ text;
    line crm.audit;
    salt CONSTANT bytea := uuid_send(gen_random_uuid());
    some_erased boolean;
BEGIN
    -- The row's own change has given this transaction its number: see crm.next_feed_id().
    line.n := nextval('crm.feed_id_seq');
    line.op := nullif(current_setting('crm.op', true), '');
    line.device := nullif(current_setting('crm.device', true), '');
    line.login := session_user;
    line.tab := p_tab;
    line.pk := p_pk;
    line.rev := p_rev;
    line.fields := p_fields;
    line.at := clock_timestamp();
    line.value_digest := crm.value_digest(salt, p_before, p_after);
    line.digest := crm.audit_digest(line);
    WITH pointer AS (
        INSERT INTO crm.feed (id, tab, pk, parent, teams) VALUES (line.n, p_tab, p_pk, p_parent, p_teams)
    ), row_of_audit AS (
        INSERT INTO crm.audit SELECT line.*
    )
    INSERT INTO crm.audit_value (audit, salt, before, after) VALUES (line.n, salt, p_before, p_after)
    RETURNING EXISTS (SELECT 1 FROM crm.erased) INTO some_erased;
    _ := set_config('crm.fed', line.n::text, true);
    RETURN some_erased;
END
$$;

-- Whom a pointer is for: the teams a row is and was of, and its authors; everybody, {}, when it is or was for all.
CREATE OR REPLACE FUNCTION crm.audience(p_teams uuid[], VARIADIC p_authors text[]) RETURNS uuid[]
LANGUAGE plpgsql IMMUTABLE AS $$
BEGIN
    IF array_position(p_teams, NULL) IS NOT NULL THEN
        RETURN '{}';
    END IF;
    RETURN (
        SELECT array_agg(DISTINCT t::uuid) FROM unnest(p_teams::text[] || p_authors) t WHERE t <> '');
END
$$;

-- What makes the trigger function that tells of the changes in a table. Each table has its own, which compares its
-- columns one by one: a general one turned each row into JSON twice, to find three fields of thirty. Rows of a batch
-- (48_bulk.sql) leave no pointer and no line of their own; a condition of the trigger itself would be read and
-- planned anew for each statement. Columns stand in quotes whatever their names: PL/pgSQL has words of its own ("by").
CREATE OR REPLACE FUNCTION crm.watcher_of(p crm.entity) RETURNS text
LANGUAGE plpgsql STABLE SET search_path = pg_catalog, pg_temp AS $make$
DECLARE
    parent CONSTANT text := CASE WHEN p.parent = '' THEN 'NULL'
        WHEN p.shown = '{}' THEN '%1$s.%2$I'
        WHEN p.follows = '' THEN '(CASE WHEN NOT %1$s.restricted THEN %1$s.%2$I END)'
        ELSE format(
            '(CASE WHEN %%1$s.%1$I IS NULL OR NOT EXISTS ('
            'SELECT 1 FROM crm.complaint c WHERE c.id = %%1$s.%1$I AND c.restricted) THEN %%1$s.%%2$I END)', p.follows) END;
    old_parent CONSTANT text := format(parent, 'OLD', p.parent);
    new_parent CONSTANT text := format(parent, 'NEW', p.parent);
    compared CONSTANT text := (
        SELECT string_agg(format(
            'IF OLD."%1$s" IS DISTINCT FROM NEW."%1$s" THEN fields := fields || %1$L::text;'
            ' before := before || jsonb_build_object(%1$L, OLD."%1$s");'
            ' after := after || jsonb_build_object(%1$L, NEW."%1$s"); END IF;', c), E'\n        ')
        FROM unnest(p.columns) c);
    left_one text := '';
    audiences text[] := ARRAY[$$'{}'$$, $$'{}'$$, $$'{}'$$];
BEGIN
    IF p.parent <> '' THEN
        left_one := format(
            'IF %1$s <> %2$s THEN _ := crm.point(%3$L, NEW.id, %1$s, ''{}''); END IF;', old_parent, new_parent, p.tab);
    END IF;
    IF p.kin <> '{}' THEN
        -- Rows that name this one tell more to some now, and less to others; nobody else hears that they name it.
        left_one := left_one || format(
            ' IF NEW.restricted AND (OLD.team_id, OLD.owner_id) IS DISTINCT FROM (NEW.team_id, NEW.owner_id) THEN'
            ' _ := count(crm.point(n.tab, n.id, NULL, crm.audience('
            'ARRAY[OLD.team_id, NEW.team_id], OLD.owner_id::text, NEW.owner_id::text))) FROM (%s) n; END IF;',
            (SELECT string_agg(format('SELECT %L AS tab, k.id FROM crm.%1$I k WHERE k.%2$I = NEW.id', r.tab, r.name),
                               ' UNION ')
             FROM (SELECT p.tab, kin AS name FROM unnest(p.kin) kin
                   UNION ALL SELECT e.tab, e.follows FROM crm.entity e WHERE e.follows = p.tab || '_id') r));
    END IF;
    IF p.team <> '' THEN
        audiences := ARRAY[
            format('crm.audience(ARRAY[OLD.%I], OLD.%I)', p.team, p.author),
            format('crm.audience(ARRAY[NEW.%I], NEW.%I)', p.team, p.author),
            format('crm.audience(ARRAY[OLD.%1$I, NEW.%1$I], OLD.%2$I, NEW.%2$I)', p.team, p.author)];
    END IF;
    RETURN format($watcher$
CREATE OR REPLACE FUNCTION crm.%1$I() RETURNS trigger LANGUAGE plpgsql AS $$
DECLARE
    _ text;
    fields text[] := '{}';
    before jsonb := '{}';
    after jsonb := '{}';
    some_erased boolean;
BEGIN
    IF current_setting('crm.bulk', true) <> '' AND crm.in_bulk() THEN
        RETURN NULL;
    END IF;
    IF TG_OP = 'UPDATE' THEN
        %5$s
        IF fields = '{}' THEN
            RETURN NULL;
        END IF;
        %6$s
        some_erased := crm.keep_change(%2$L, NEW.id, NEW.rev, %4$s, %9$s, fields, before, after);
    ELSIF TG_OP = 'INSERT' THEN
        some_erased := crm.keep_change(
            %2$L, NEW.id, NEW.rev, %4$s, %8$s, '{}', NULL, jsonb_strip_nulls(to_jsonb(NEW)));
    ELSE
        _ := crm.keep_change(%2$L, OLD.id, OLD.rev, %3$s, %7$s, '{}', jsonb_strip_nulls(to_jsonb(OLD)), NULL);
        RETURN NULL;
    END IF;
    IF some_erased THEN
        _ := crm.refuse_erased(to_jsonb(NEW));
    END IF;
    RETURN NULL;
END
$$
$watcher$, 'on_' || p.tab, p.tab, old_parent, new_parent, compared, left_one,
        audiences[1], audiences[2], audiences[3]);
END
$make$;

DO $$
DECLARE
    one crm.entity;
BEGIN
    FOR one IN SELECT * FROM crm.entity LOOP
        EXECUTE crm.watcher_of(one);
        EXECUTE pg_catalog.format('DROP TRIGGER IF EXISTS crm_row ON crm.%I', one.tab);
        EXECUTE pg_catalog.format(
            'CREATE TRIGGER crm_row AFTER INSERT OR UPDATE OR DELETE ON crm.%I'
            ' FOR EACH ROW EXECUTE FUNCTION crm.%I()', one.tab, 'on_' || one.tab);
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
