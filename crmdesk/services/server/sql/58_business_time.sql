-- Business time on the server: what crmdesk/models/calendar.py and deadline.py work out, from the rows of
-- crm.business_interval. Spans are whole microseconds; the version '' is the clock on the wall.

DO $$
BEGIN
    IF to_regtype('crm.due_date') IS NULL THEN
        CREATE TYPE crm.due_date AS (at timestamptz, provisional boolean, calendar text);
    END IF;
END
$$;
COMMENT ON TYPE crm.due_date IS
    'when something is due, whether a year on the way is not announced yet, and the calendar version it hangs on';

CREATE OR REPLACE FUNCTION crm.micros(p_at timestamptz) RETURNS bigint LANGUAGE sql IMMUTABLE AS $$
    SELECT (extract(epoch FROM p_at) * 1000000)::bigint
$$;

CREATE OR REPLACE FUNCTION crm.later(p_at timestamptz, p_micros bigint) RETURNS timestamptz LANGUAGE sql IMMUTABLE AS $$
    SELECT p_at + p_micros * interval '1 microsecond'
$$;

-- The first moment at which the wall clock of a zone shows the start of a day, or has leapt over it.
CREATE OR REPLACE FUNCTION crm.midnight(p_day date, p_zone text) RETURNS timestamptz LANGUAGE plpgsql STABLE AS $$
DECLARE
    wall CONSTANT timestamp := p_day::timestamp;
    moment CONSTANT timestamptz := wall AT TIME ZONE p_zone;
BEGIN
    IF (moment - interval '1 hour') AT TIME ZONE p_zone = wall THEN
        RETURN moment - interval '1 hour';
    END IF;
    RETURN moment;
END
$$;

CREATE OR REPLACE FUNCTION crm.calendar_of(p_version text) RETURNS crm.calendar LANGUAGE plpgsql STABLE AS $$
DECLARE
    held crm.calendar;
BEGIN
    SELECT * INTO held FROM crm.calendar c WHERE c.version = p_version;
    IF NOT FOUND THEN
        PERFORM crm.refuse(
            'invalid', 'The business calendar {calendar} is not on this server.',
            jsonb_build_object('calendar', left(p_version, 100)));
    END IF;
    RETURN held;
END
$$;

CREATE OR REPLACE FUNCTION crm.refuse_outside(p_calendar crm.calendar) RETURNS void LANGUAGE plpgsql STABLE AS $$
BEGIN
    PERFORM crm.refuse(
        'invalid', 'The calendar {calendar} is worked out for {first} to {last} only; please check the date.',
        jsonb_build_object(
            'calendar', p_calendar.key, 'first', p_calendar.first_year, 'last', p_calendar.last_year));
END
$$;

CREATE OR REPLACE FUNCTION crm.local_day(p_version text, p_at timestamptz) RETURNS date LANGUAGE sql STABLE AS $$
    SELECT (p_at AT TIME ZONE c.zone)::date FROM crm.calendar c WHERE c.version = p_version
$$;

-- The business time from the first year's start to a moment.
CREATE OR REPLACE FUNCTION crm.business_until(p_version text, p_at timestamptz) RETURNS bigint
LANGUAGE plpgsql STABLE AS $$
DECLARE
    held crm.business_interval;
    calendar crm.calendar;
BEGIN
    SELECT * INTO held FROM crm.business_interval b
    WHERE b.version = p_version AND b.opens <= p_at ORDER BY b.opens DESC LIMIT 1;
    IF held.version IS NULL OR p_at > held.closes THEN
        calendar := crm.calendar_of(p_version);
        IF p_at NOT BETWEEN calendar.starts AND calendar.ends THEN
            PERFORM crm.refuse_outside(calendar);
        END IF;
        IF held.version IS NULL THEN
            RETURN 0;
        END IF;
    END IF;
    RETURN held.seconds_before * 1000000 + crm.micros(least(p_at, held.closes)) - crm.micros(held.opens);
END
$$;

CREATE OR REPLACE FUNCTION crm.business_between(p_version text, p_from timestamptz, p_to timestamptz) RETURNS bigint
LANGUAGE plpgsql STABLE AS $$
BEGIN
    IF p_version = '' THEN
        RETURN crm.micros(p_to) - crm.micros(p_from);
    END IF;
    RETURN crm.business_until(p_version, p_to) - crm.business_until(p_version, p_from);
END
$$;

-- The earliest moment with so much business time after another one: that one itself when it is none.
CREATE OR REPLACE FUNCTION crm.business_add(p_version text, p_from timestamptz, p_micros bigint) RETURNS timestamptz
LANGUAGE plpgsql STABLE AS $$
DECLARE
    held crm.business_interval;
    target bigint;
    made timestamptz;
BEGIN
    IF p_micros = 0 THEN
        RETURN p_from;
    END IF;
    IF p_version = '' THEN
        RETURN crm.later(p_from, p_micros);
    END IF;
    target := crm.business_until(p_version, p_from) + p_micros;
    SELECT * INTO held FROM crm.business_interval b
    WHERE b.version = p_version AND b.seconds_before < (target + 999999) / 1000000
    ORDER BY b.seconds_before DESC LIMIT 1;
    made := crm.later(held.opens, target - held.seconds_before * 1000000);
    IF made IS NULL OR made > held.closes THEN
        PERFORM crm.refuse_outside(crm.calendar_of(p_version));
    END IF;
    RETURN made;
END
$$;

-- The closing time of the n-th business day after the local day of a moment, which is day 0.
CREATE OR REPLACE FUNCTION crm.close_of(p_version text, p_from timestamptz, p_n integer) RETURNS timestamptz
LANGUAGE plpgsql STABLE AS $$
DECLARE
    from_day CONSTANT date := crm.local_day(p_version, p_from);
    made timestamptz;
    _ bigint := crm.business_until(p_version, p_from);
BEGIN
    SELECT max(b.closes) INTO made FROM crm.business_interval b WHERE b.version = p_version AND b.day = (
        SELECT DISTINCT d.day FROM crm.business_interval d
        WHERE d.version = p_version AND d.day > from_day ORDER BY d.day OFFSET p_n - 1 LIMIT 1);
    IF made IS NULL THEN
        PERFORM crm.refuse_outside(crm.calendar_of(p_version));
    END IF;
    RETURN made;
END
$$;

-- The opening time of the last business day that began before a deadline.
CREATE OR REPLACE FUNCTION crm.opening(p_version text, p_due timestamptz) RETURNS timestamptz
LANGUAGE plpgsql STABLE AS $$
DECLARE
    made timestamptz;
    _ bigint := crm.business_until(p_version, p_due);
BEGIN
    SELECT min(b.opens) INTO made FROM crm.business_interval b WHERE b.version = p_version AND b.day = (
        SELECT d.day FROM crm.business_interval d
        WHERE d.version = p_version AND d.opens < p_due ORDER BY d.opens DESC LIMIT 1);
    IF made IS NULL THEN
        PERFORM crm.refuse_outside(crm.calendar_of(p_version));
    END IF;
    RETURN made;
END
$$;

-- The closing time of the n-th business day before the local day on which a deadline ends.
CREATE OR REPLACE FUNCTION crm.back_from(p_version text, p_due timestamptz, p_n integer) RETURNS timestamptz
LANGUAGE plpgsql STABLE AS $$
DECLARE
    last_day CONSTANT date := crm.local_day(p_version, p_due - interval '1 microsecond');
    made timestamptz;
    _ bigint := crm.business_until(p_version, p_due);
BEGIN
    SELECT max(b.closes) INTO made FROM crm.business_interval b WHERE b.version = p_version AND b.day = (
        SELECT DISTINCT d.day FROM crm.business_interval d
        WHERE d.version = p_version AND d.day < last_day ORDER BY d.day DESC OFFSET p_n - 1 LIMIT 1);
    IF made IS NULL THEN
        PERFORM crm.refuse_outside(crm.calendar_of(p_version));
    END IF;
    RETURN made;
END
$$;

-- The last second of the n-th calendar day after the local day of a moment.
CREATE OR REPLACE FUNCTION crm.end_of_day(p_version text, p_from timestamptz, p_n integer) RETURNS timestamptz
LANGUAGE plpgsql STABLE AS $$
DECLARE
    calendar CONSTANT crm.calendar := crm.calendar_of(p_version);
BEGIN
    RETURN crm.midnight((p_from AT TIME ZONE calendar.zone)::date + p_n + 1, calendar.zone) - interval '1 second';
END
$$;

-- Whether the holidays of a year on the way are not announced: then only weekends count.
CREATE OR REPLACE FUNCTION crm.provisional(p_version text, p_at timestamptz, p_since timestamptz DEFAULT NULL)
RETURNS boolean LANGUAGE plpgsql STABLE AS $$
DECLARE
    calendar crm.calendar;
BEGIN
    IF p_version = '' THEN
        RETURN false;
    END IF;
    calendar := crm.calendar_of(p_version);
    RETURN calendar.known_years IS NOT NULL AND EXISTS (
        SELECT 1 FROM generate_series(
            extract(year FROM coalesce(p_since, p_at) AT TIME ZONE calendar.zone)::integer,
            extract(year FROM p_at AT TIME ZONE calendar.zone)::integer) y
        WHERE y <> ALL (calendar.known_years));
END
$$;

-- When a span ends that counts from p_since.
CREATE OR REPLACE FUNCTION crm.due(p_amount integer, p_unit text, p_since timestamptz, p_version text)
RETURNS crm.due_date LANGUAGE plpgsql STABLE AS $$
DECLARE
    made crm.due_date;
BEGIN
    made.provisional := false;
    made.calendar := '';
    CASE p_unit
        WHEN 'clock_minutes' THEN made.at := crm.later(p_since, p_amount * 60000000::bigint);
        WHEN 'calendar_days' THEN made.at := crm.end_of_day(p_version, p_since, p_amount);
        WHEN 'weeks' THEN made.at := crm.end_of_day(p_version, p_since, 7 * p_amount);
        ELSE
            made.at := CASE WHEN p_unit = 'business_days' THEN crm.close_of(p_version, p_since, p_amount)
                ELSE crm.business_add(p_version, p_since, p_amount * 60000000::bigint) END;
            made.provisional := crm.provisional(p_version, made.at, p_since);
            made.calendar := p_version;
    END CASE;
    RETURN made;
END
$$;
