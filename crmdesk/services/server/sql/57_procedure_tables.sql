-- The procedure of complaints as rows: the installer fills these tables from resources/workflow.toml, targets.toml,
-- regimes.toml and calendars.toml, so that desks and server judge by one definition. Nobody but the owner reads or
-- writes them.

-- Where this is: by which calendar and in which currency. One row, set by crm.set_house().
CREATE TABLE IF NOT EXISTS crm.house (
    one boolean PRIMARY KEY DEFAULT true CHECK (one),
    calendar text NOT NULL DEFAULT 'cn-default',
    currency text NOT NULL DEFAULT 'CNY'
);
INSERT INTO crm.house DEFAULT VALUES ON CONFLICT DO NOTHING;

CREATE TABLE IF NOT EXISTS crm.procedure_state (
    key text PRIMARY KEY,
    open boolean NOT NULL
);

-- sets: fields of a complaint that the step may change, each with where its value comes from.
CREATE TABLE IF NOT EXISTS crm.procedure_transition (
    id text PRIMARY KEY,
    sources text[] NOT NULL,
    target text NOT NULL,
    gates text[] NOT NULL,
    reads text[] NOT NULL,
    sets jsonb NOT NULL,
    undo boolean NOT NULL
);
ALTER TABLE crm.procedure_transition ADD COLUMN IF NOT EXISTS emptied text[] NOT NULL DEFAULT '{}';
COMMENT ON COLUMN crm.procedure_transition.emptied IS
    'fields that become empty when what they come from is not filled in; all others stay as they are then';
ALTER TABLE crm.procedure_transition ADD COLUMN IF NOT EXISTS errands text[] NOT NULL DEFAULT '{}';
COMMENT ON COLUMN crm.procedure_transition.errands IS 'what the step may ask of people';

CREATE TABLE IF NOT EXISTS crm.procedure_permission (
    transition text NOT NULL,
    n integer NOT NULL,
    role text NOT NULL,
    own boolean NOT NULL,
    severities text[] NOT NULL,
    given jsonb NOT NULL,
    gate text NOT NULL,
    PRIMARY KEY (transition, n)
);
COMMENT ON COLUMN crm.procedure_permission.given IS 'field of the payload: the values with which the role may do it';

CREATE TABLE IF NOT EXISTS crm.procedure_field (
    transition text NOT NULL,
    n integer NOT NULL,
    name text NOT NULL,
    type text NOT NULL,
    required boolean NOT NULL,
    PRIMARY KEY (transition, n)
);

CREATE TABLE IF NOT EXISTS crm.procedure_choice (
    type text PRIMARY KEY,
    choices jsonb NOT NULL
);
COMMENT ON TABLE crm.procedure_choice IS 'types of fields that hold one of a few values';

-- In the smallest unit of the currency.
CREATE TABLE IF NOT EXISTS crm.procedure_limit (
    currency text PRIMARY KEY,
    agent bigint NOT NULL,
    supervisor bigint NOT NULL
);

CREATE TABLE IF NOT EXISTS crm.procedure_window (
    one boolean PRIMARY KEY DEFAULT true CHECK (one),
    reopen_days integer NOT NULL,
    answer_business_days integer NOT NULL
);

CREATE TABLE IF NOT EXISTS crm.target (
    clock text NOT NULL,
    severity text NOT NULL,
    amount integer NOT NULL,
    unit text NOT NULL,
    PRIMARY KEY (clock, severity)
);

-- When a level comes by itself: a span after receipt, a share of the decide target, business days after its due
-- date, or business days before the regime's deadline; one of the four.
CREATE TABLE IF NOT EXISTS crm.level_rule (
    severity text NOT NULL,
    level integer NOT NULL,
    amount integer,
    unit text,
    percent integer,
    days_after integer,
    days_before integer,
    PRIMARY KEY (severity, level)
);

CREATE TABLE IF NOT EXISTS crm.follow_up_share (
    severity text PRIMARY KEY,
    percent integer NOT NULL
);

CREATE TABLE IF NOT EXISTS crm.regime (
    key text PRIMARY KEY,
    name_en text NOT NULL,
    written_acknowledgement boolean NOT NULL,
    source text NOT NULL,
    valid_from date,
    valid_until date,
    checked_on date NOT NULL
);
ALTER TABLE crm.regime ADD COLUMN IF NOT EXISTS settled_early text NOT NULL DEFAULT '';
COMMENT ON COLUMN crm.regime.settled_early IS 'the regime that holds instead for what is settled at once, empty for none';

CREATE TABLE IF NOT EXISTS crm.regime_clock (
    regime text NOT NULL,
    n integer NOT NULL,
    clock text NOT NULL,
    amount integer NOT NULL,
    unit text NOT NULL,
    counts_from text NOT NULL,
    ours boolean NOT NULL,
    PRIMARY KEY (regime, n)
);
ALTER TABLE crm.regime_clock ADD COLUMN IF NOT EXISTS extended_amount integer;
COMMENT ON COLUMN crm.regime_clock.extended_amount IS 'the longer time that a holding reply opens; NULL: none does';
ALTER TABLE crm.regime_clock ADD COLUMN IF NOT EXISTS holding_suffices boolean NOT NULL DEFAULT false;
COMMENT ON COLUMN crm.regime_clock.holding_suffices IS 'whether a holding reply in time that says all it must meets it';

CREATE TABLE IF NOT EXISTS crm.regime_sentence (
    regime text NOT NULL,
    n integer NOT NULL,
    en text NOT NULL,
    zh text NOT NULL,
    PRIMARY KEY (regime, n)
);
ALTER TABLE crm.regime_sentence ADD COLUMN IF NOT EXISTS letter text NOT NULL DEFAULT 'decision';
COMMENT ON COLUMN crm.regime_sentence.letter IS 'which letter must say it: decision, for all that decide, or holding';

-- A calendar's version stays as long as a ledger may name it; intervals are worked out for the years from first_year
-- to last_year.
CREATE TABLE IF NOT EXISTS crm.calendar (
    version text PRIMARY KEY,
    key text NOT NULL,
    edition integer NOT NULL,
    zone text NOT NULL,
    first_year integer NOT NULL,
    last_year integer NOT NULL,
    starts timestamptz NOT NULL,
    ends timestamptz NOT NULL,
    known_years integer[]
);
COMMENT ON COLUMN crm.calendar.known_years IS 'years whose holidays are announced; NULL: there are none';

CREATE TABLE IF NOT EXISTS crm.business_interval (
    version text NOT NULL,
    day date NOT NULL,
    opens timestamptz NOT NULL,
    closes timestamptz NOT NULL,
    seconds_before bigint NOT NULL,
    PRIMARY KEY (version, opens)
);
COMMENT ON TABLE crm.business_interval IS
    'business hours of a local day in UTC, and the business seconds from the first year''s start up to them';
CREATE INDEX IF NOT EXISTS business_interval_day ON crm.business_interval (version, day);
CREATE INDEX IF NOT EXISTS business_interval_before ON crm.business_interval (version, seconds_before);

-- Say by which of the known calendars and in which currency this site works; NULL leaves it as it is.
CREATE OR REPLACE FUNCTION crm.set_house(p_calendar text DEFAULT NULL, p_currency text DEFAULT NULL) RETURNS void
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
BEGIN
    PERFORM crm.require_administrator();
    IF p_calendar IS NOT NULL AND NOT EXISTS (SELECT 1 FROM crm.calendar c WHERE c.key = p_calendar) THEN
        RAISE EXCEPTION 'There is no business calendar %. Choose one of: %.', p_calendar,
            (SELECT string_agg(DISTINCT c.key, ', ') FROM crm.calendar c) USING ERRCODE = 'CR006';
    END IF;
    IF p_currency IS NOT NULL AND NOT EXISTS (SELECT 1 FROM crm.procedure_limit l WHERE l.currency = p_currency) THEN
        RAISE EXCEPTION 'There are no limits for %. Choose one of: %.', p_currency,
            (SELECT string_agg(l.currency, ', ') FROM crm.procedure_limit l) USING ERRCODE = 'CR006';
    END IF;
    UPDATE crm.house h SET calendar = coalesce(p_calendar, h.calendar), currency = coalesce(p_currency, h.currency);
END
$$;

-- The version of the calendar in force: the newest edition of the house's.
CREATE OR REPLACE FUNCTION crm.calendar_in_force() RETURNS text LANGUAGE sql STABLE AS $$
    SELECT c.version FROM crm.calendar c JOIN crm.house h ON h.calendar = c.key ORDER BY c.edition DESC LIMIT 1
$$;

GRANT EXECUTE ON FUNCTION crm.set_house(text, text) TO crm_administrator;

-- What the gates of 58_procedure_gates.sql are asked about.
DO $$
BEGIN
    IF to_regtype('crm.step_case') IS NULL THEN
        CREATE TYPE crm.step_case AS (
            complaint jsonb, actor uuid, role text, device text, teams uuid[], payload jsonb, now timestamptz,
            agent_limit bigint, supervisor_limit bigint, reopen_days integer, remedies jsonb, approvals jsonb,
            granted bigint, csm bigint, wording_missing text[], cause_seen bigint, target jsonb, last jsonb,
            open_states text[]
        );
    END IF;
END
$$;
COMMENT ON TYPE crm.step_case IS
    'everything the gates may look at: complaint is head and body as one object, empty before it is logged; actor'
    ' NULL is the system; approvals are pairs of approver and proposal version; last is the last step: operation_id,'
    ' actor, device, at, can_undo, left_the_house; sums in the smallest unit';
