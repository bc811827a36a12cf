-- Which crmdesk made this database, which desks it takes, and what time it is.
CREATE TABLE IF NOT EXISTS crm.meta (
    one boolean PRIMARY KEY DEFAULT true CHECK (one),
    server_id uuid NOT NULL DEFAULT gen_random_uuid(),
    schema_version integer NOT NULL,
    min_client integer NOT NULL,
    message text NOT NULL DEFAULT '',
    test boolean NOT NULL DEFAULT false,
    window_days integer NOT NULL DEFAULT 90 CHECK (window_days > 0),
    viewed_days integer NOT NULL DEFAULT 365 CHECK (viewed_days > 0),
    clock_at timestamptz,
    clock_shift interval NOT NULL DEFAULT '0',
    initialised_at timestamptz NOT NULL DEFAULT clock_timestamp(),
    upgraded_at timestamptz
);
COMMENT ON TABLE crm.meta IS 'one row: version, oldest desk that may write, a word to all desks, test clock';

-- The tables that desks replicate; the installer fills it from the entities.
CREATE TABLE IF NOT EXISTS crm.entity (
    tab text PRIMARY KEY,
    parent text NOT NULL DEFAULT '',
    team text NOT NULL DEFAULT '',
    author text NOT NULL DEFAULT '',
    columns text[] NOT NULL DEFAULT '{}'
);
ALTER TABLE crm.entity
    ADD COLUMN IF NOT EXISTS shown text[] NOT NULL DEFAULT '{}',
    ADD COLUMN IF NOT EXISTS kin text[] NOT NULL DEFAULT '{}',
    ADD COLUMN IF NOT EXISTS follows text NOT NULL DEFAULT '',
    ADD COLUMN IF NOT EXISTS owners text[] NOT NULL DEFAULT '{}';
COMMENT ON TABLE crm.entity IS
    'replicated tables; parent, team, author: the column that says whose row it is, empty when none does;'
    ' shown: what everybody sees of a row that is restricted, kin: columns that name another row of the table;'
    ' follows: the column that names the complaint with which a row is restricted, owners: what its own owner sees besides';

-- What the catalogue held after the last installation, to find what was altered by hand since.
CREATE TABLE IF NOT EXISTS crm.baseline (what text PRIMARY KEY, digest text NOT NULL);

-- What was done to this database as a whole: installed, upgraded, restored.
CREATE TABLE IF NOT EXISTS crm.journal (
    n bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    at timestamptz NOT NULL DEFAULT clock_timestamp(),
    login name NOT NULL DEFAULT session_user,
    what text NOT NULL
);

-- The clock of all rules: settable in a test database only. In PL/pgSQL like whatever each change asks: a
-- function in SQL that is not inlined is parsed and planned anew at each call.
CREATE OR REPLACE FUNCTION crm.now() RETURNS timestamptz
LANGUAGE plpgsql VOLATILE SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
BEGIN
    RETURN (
        SELECT CASE WHEN m.test THEN coalesce(m.clock_at, clock_timestamp() + m.clock_shift)
                    ELSE clock_timestamp() END
        FROM crm.meta m);
END
$$;

CREATE OR REPLACE FUNCTION crm.set_clock(p_at timestamptz, p_shift interval DEFAULT '0') RETURNS void
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
BEGIN
    UPDATE crm.meta SET clock_at = p_at, clock_shift = p_shift WHERE test;
    IF NOT FOUND THEN
        RAISE EXCEPTION 'Only the clock of a test database can be set.' USING ERRCODE = 'CR004';
    END IF;
END
$$;

GRANT EXECUTE ON FUNCTION crm.now(), crm.set_clock(timestamptz, interval) TO crm_agent;
