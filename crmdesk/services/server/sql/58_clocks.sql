-- The ledger of a complaint's clocks on the server: what crmdesk/models/clock.py puts together from its lines.

DO $$
BEGIN
    IF to_regtype('crm.clock_run') IS NULL THEN
        CREATE TYPE crm.clock_run AS (
            clock text, place integer, since timestamptz, due timestamptz, calendar text, provisional boolean,
            paused_at timestamptz, pauses timestamptz[], stopped boolean
        );
    END IF;
END
$$;
COMMENT ON TYPE crm.clock_run IS
    'the latest run of a clock: due after its last line, pauses from and to in turns, place in the order of starts';

-- Whether a clock is one of a regime, not the firm's own.
CREATE OR REPLACE FUNCTION crm.is_regimes(p_clock text) RETURNS boolean LANGUAGE sql IMMUTABLE AS $$
    SELECT position('/' IN p_clock) > 0
$$;

-- The latest run of each clock of a complaint; lines that were undone count for nothing.
CREATE OR REPLACE FUNCTION crm.clock_runs(p_complaint uuid) RETURNS SETOF crm.clock_run
LANGUAGE plpgsql STABLE AS $$
DECLARE
    line crm.clock_line;
    runs crm.clock_run[] := '{}';
    run crm.clock_run;
    i integer;
BEGIN
    FOR line IN
        SELECT l.* FROM crm.clock_line l
        WHERE l.complaint_id = p_complaint AND l.event <> 'undo' AND NOT EXISTS (
            SELECT 1 FROM crm.clock_line u WHERE u.complaint_id = p_complaint AND u.undoes = l.n)
        ORDER BY l.n
    LOOP
        i := coalesce((SELECT n FROM unnest(runs) WITH ORDINALITY AS e(clock, n) WHERE e.clock = line.clock), 0);
        CONTINUE WHEN line.event <> 'start' AND (i = 0 OR runs[i].stopped);
        IF i = 0 THEN
            i := cardinality(runs) + 1;
        END IF;
        IF line.event = 'start' THEN
            run := ROW(line.clock, i, NULL, NULL, NULL, NULL, NULL, '{}', false);
        ELSE
            run := runs[i];
        END IF;
        IF line.event = 'pause' THEN
            run.paused_at := line.at;
        ELSIF line.event IN ('resume', 'stop') THEN
            IF run.paused_at IS NOT NULL THEN
                run.pauses := run.pauses || run.paused_at || greatest(run.paused_at, line.at);
                run.paused_at := NULL;
            END IF;
            run.stopped := line.event = 'stop';
        END IF;
        run.since := line.since;
        run.due := line.due;
        run.calendar := line.calendar;
        run.provisional := line.provisional;
        runs[i] := run;
    END LOOP;
    RETURN QUERY SELECT * FROM unnest(runs);
END
$$;

-- When a clock that runs or is paused is due, were it to go on at p_at.
CREATE OR REPLACE FUNCTION crm.due_at(r crm.clock_run, p_at timestamptz) RETURNS timestamptz
LANGUAGE plpgsql STABLE AS $$
BEGIN
    IF r.paused_at IS NULL THEN
        RETURN r.due;
    END IF;
    RETURN crm.business_add(
        r.calendar, r.due, crm.business_between(r.calendar, r.paused_at, greatest(r.paused_at, p_at)));
END
$$;

-- The time that the ended pauses of a run took, as another calendar version counts it.
CREATE OR REPLACE FUNCTION crm.paused_time(r crm.clock_run, p_version text) RETURNS bigint
LANGUAGE plpgsql STABLE AS $$
DECLARE
    total bigint := 0;
BEGIN
    FOR i IN 1..coalesce(cardinality(r.pauses), 0) / 2 LOOP
        total := total + crm.business_between(p_version, r.pauses[2 * i - 1], r.pauses[2 * i]);
    END LOOP;
    RETURN total;
END
$$;

-- When a share of the time of a run is used, as far as pauses are known: see Course.moment in deadline.py.
CREATE OR REPLACE FUNCTION crm.moment_of(r crm.clock_run, p_percent integer) RETURNS timestamptz
LANGUAGE plpgsql STABLE AS $$
DECLARE
    start timestamptz := r.since;
    whole CONSTANT bigint := greatest(
        crm.business_between(r.calendar, r.since, r.due) - crm.paused_time(r, r.calendar), 0);
    rest bigint := whole * p_percent / 100;
    running bigint;
BEGIN
    FOR i IN 1..coalesce(cardinality(r.pauses), 0) / 2 LOOP
        running := crm.business_between(r.calendar, start, r.pauses[2 * i - 1]);
        IF rest <= running THEN
            RETURN crm.business_add(r.calendar, start, rest);
        END IF;
        rest := rest - running;
        start := r.pauses[2 * i];
    END LOOP;
    RETURN CASE WHEN p_percent = 100 THEN r.due ELSE crm.business_add(r.calendar, start, rest) END;
END
$$;

-- The due date that a clock has which counts from p_since, without pauses; at NULL when it is none of the firm's or a
-- regime's.
CREATE OR REPLACE FUNCTION crm.target_due(
    p_clock text, p_severity text, p_halved boolean, p_since timestamptz, p_version text
) RETURNS crm.due_date LANGUAGE plpgsql STABLE AS $$
DECLARE
    span record;
BEGIN
    IF crm.is_regimes(p_clock) THEN
        SELECT c.amount, c.unit INTO span FROM crm.regime_clock c
        WHERE c.regime = split_part(p_clock, '/', 1) AND c.clock = split_part(p_clock, '/', 2);
    ELSE
        SELECT CASE WHEN p_halved THEN (t.amount + 1) / 2 ELSE t.amount END AS amount, t.unit INTO span
        FROM crm.target t WHERE t.clock = p_clock AND t.severity = p_severity;
    END IF;
    RETURN CASE WHEN span IS NOT NULL THEN crm.due(span.amount, span.unit, p_since, p_version) END;
END
$$;

-- Whether a clock was given its longer time, in this run or an earlier one.
CREATE OR REPLACE FUNCTION crm.is_extended(p_complaint uuid, p_clock text) RETURNS boolean LANGUAGE sql STABLE AS $$
    SELECT EXISTS (
        SELECT 1 FROM crm.clock_line l
        WHERE l.complaint_id = p_complaint AND l.clock = p_clock AND l.event = 'extend' AND NOT EXISTS (
            SELECT 1 FROM crm.clock_line u WHERE u.complaint_id = p_complaint AND u.undoes = l.n))
$$;

-- The due date of a regime's clock with the longer time that a holding reply opens; at NULL when none does.
CREATE OR REPLACE FUNCTION crm.extended_due(p_clock text, p_since timestamptz, p_version text) RETURNS crm.due_date
LANGUAGE plpgsql STABLE AS $$
DECLARE
    longer crm.regime_clock;
BEGIN
    SELECT c.* INTO longer FROM crm.regime_clock c
    WHERE p_clock = c.regime || '/' || c.clock AND c.counts_from = 'receipt' AND c.extended_amount IS NOT NULL;
    RETURN CASE WHEN FOUND THEN crm.due(longer.extended_amount, longer.unit, p_since, p_version) END;
END
$$;

-- The due date that a clock of a complaint has without pauses, with its longer time once it was given that.
CREATE OR REPLACE FUNCTION crm.clock_due(
    p_complaint uuid, p_clock text, p_severity text, p_halved boolean, p_since timestamptz, p_version text
) RETURNS crm.due_date LANGUAGE plpgsql STABLE AS $$
BEGIN
    RETURN CASE WHEN crm.is_extended(p_complaint, p_clock) THEN crm.extended_due(p_clock, p_since, p_version)
        ELSE crm.target_due(p_clock, p_severity, p_halved, p_since, p_version) END;
END
$$;

CREATE OR REPLACE FUNCTION crm.refuse_line(p_clock text) RETURNS void LANGUAGE plpgsql AS $$
BEGIN
    PERFORM crm.refuse(
        'invalid', 'The due date of {clock} is not the one that the targets and the calendar give.',
        jsonb_build_object('clock', p_clock), ARRAY['due']);
END
$$;

-- Whether a clock that begins for this reason has half the time, because the complaint came back.
CREATE OR REPLACE FUNCTION crm.comes_back(p_why text) RETURNS boolean LANGUAGE sql IMMUTABLE AS $$
    SELECT p_why IN ('remedy_failed', 'not_satisfied', 'reopened')
$$;

-- Whether a clock that runs began with half the time.
CREATE OR REPLACE FUNCTION crm.is_halved(p_complaint uuid, p_clock text) RETURNS boolean LANGUAGE sql STABLE AS $$
    SELECT p_clock IN ('decide', 'resolve') AND (
        SELECT crm.comes_back(l.why) FROM crm.clock_line l
        WHERE l.complaint_id = p_complaint AND l.clock = p_clock AND l.event = 'start' ORDER BY l.n DESC LIMIT 1)
$$;

-- One line that starts a clock or works it out anew: due when targets and calendar say. A line under a version of the
-- calendar that is not in force is taken as it is; crm.recompute_clocks() gives its clock the date in force.
CREATE OR REPLACE FUNCTION crm.check_due(
    p_complaint uuid, p_line jsonb, p_run crm.clock_run, p_severity text, p_received timestamptz[]
) RETURNS void LANGUAGE plpgsql AS $$
DECLARE
    version CONSTANT text := crm.calendar_in_force();
    clock CONSTANT text := p_line ->> 'clock';
    calendar CONSTANT text := p_line ->> 'calendar';
    since CONSTANT timestamptz := (p_line ->> 'since')::timestamptz;
    recounted CONSTANT boolean := p_line ->> 'why' = 'calendar';
    halved CONSTANT boolean := CASE WHEN recounted THEN crm.is_halved(p_complaint, clock)
        ELSE clock IN ('decide', 'resolve') AND crm.comes_back(p_line ->> 'why') END;
    wanted crm.due_date;
BEGIN
    IF calendar NOT IN ('', version) THEN
        RETURN;
    END IF;
    wanted := crm.clock_due(p_complaint, clock, p_severity, halved, since, version);
    IF wanted.at IS NULL THEN
        RETURN;
    END IF;
    IF p_line ->> 'event' = 'recompute' AND p_run.pauses <> '{}' THEN
        wanted.at := crm.business_add(wanted.calendar, wanted.at, crm.paused_time(p_run, wanted.calendar));
        wanted.provisional := wanted.provisional OR crm.provisional(wanted.calendar, wanted.at);
    END IF;
    IF (wanted.at, wanted.calendar, wanted.provisional)
           IS DISTINCT FROM ((p_line ->> 'due')::timestamptz, calendar, (p_line ->> 'provisional')::boolean)
       OR (since = ANY (CASE WHEN recounted THEN ARRAY[p_run.since]
               ELSE p_received || (p_line ->> 'at')::timestamptz END)) IS NOT TRUE THEN
        PERFORM crm.refuse_line(clock);
    END IF;
END
$$;

-- A window ends so many days after the step, whatever the calendar; that for the answer at closing time of a business
-- day of one of the house's calendars.
CREATE OR REPLACE FUNCTION crm.check_window(p_line jsonb) RETURNS void LANGUAGE plpgsql AS $$
DECLARE
    clock CONSTANT text := p_line ->> 'clock';
    at CONSTANT timestamptz := (p_line ->> 'at')::timestamptz;
    due CONSTANT timestamptz := (p_line ->> 'due')::timestamptz;
    windows CONSTANT crm.procedure_window := (SELECT w FROM crm.procedure_window w);
BEGIN
    IF (clock IN ('reopen_window', 'appeal_window') AND due <> at + make_interval(hours => 24 * windows.reopen_days))
       OR (clock = 'answer_window' AND NOT EXISTS (
               SELECT 1 FROM crm.calendar c JOIN crm.house h ON h.calendar = c.key
               WHERE crm.close_of(c.version, at, windows.answer_business_days) = due)) THEN
        PERFORM crm.refuse_line(clock);
    END IF;
END
$$;

-- The lines of one complaint: numbered on from those that are there, because a step is decided on the ledger as it
-- stood, and due when they must be.
CREATE OR REPLACE FUNCTION crm.check_ledger(
    p_complaint uuid, p_lines jsonb, p_severity text, p_received timestamptz[]
) RETURNS void LANGUAGE plpgsql AS $$
DECLARE
    line jsonb;
    run crm.clock_run;
    last bigint := coalesce((SELECT max(l.n) FROM crm.clock_line l WHERE l.complaint_id = p_complaint), 0);
BEGIN
    FOR line IN SELECT e.l FROM jsonb_array_elements(p_lines) WITH ORDINALITY AS e(l, n) ORDER BY e.n LOOP
        last := last + 1;
        IF (line ->> 'n')::bigint IS DISTINCT FROM last THEN
            PERFORM crm.refuse(
                'conflict', 'The complaint was changed meanwhile: {names}. Look at it again.',
                '{"names": "clock"}', '{clock}');
        END IF;
        IF line ->> 'event' = 'extend' THEN  -- no step does
            PERFORM crm.refuse_line(line ->> 'clock');
        ELSIF line ->> 'event' IN ('start', 'recompute') THEN
            SELECT * INTO run FROM crm.clock_runs(p_complaint) r WHERE r.clock = line ->> 'clock';
            PERFORM crm.check_due(p_complaint, line, run, p_severity, p_received);
            PERFORM crm.check_window(line);
        END IF;
    END LOOP;
END
$$;

-- Who is to be asked afterwards is asked before that clock is over, and before it is over by another calendar.
CREATE OR REPLACE FUNCTION crm.check_follow_up(p_head crm.complaint, p_lines jsonb, p_set jsonb) RETURNS void
LANGUAGE plpgsql AS $$
DECLARE
    asked CONSTANT timestamptz := p_set ->> 'follow_up_at';
BEGIN
    IF EXISTS (
        SELECT 1 FROM jsonb_array_elements(p_lines) l, CAST(l ->> 'due' AS timestamptz) due
        WHERE l ->> 'clock' = 'follow_up' AND (
            (l ->> 'event' = 'start' AND (asked <= due) IS NOT TRUE)
            OR (l ->> 'event' = 'recompute' AND coalesce(asked, p_head.follow_up_at) > due))) THEN
        PERFORM crm.refuse_value('follow_up_at');
    END IF;
END
$$;

-- When a customer was tried first stands among the attempts that the step tells of, after it was resolved.
CREATE OR REPLACE FUNCTION crm.check_asked(p_lines jsonb, p_fields jsonb, p_head crm.complaint) RETURNS void
LANGUAGE plpgsql AS $$
DECLARE
    made_up text;
BEGIN
    SELECT l ->> 'clock' INTO made_up FROM jsonb_array_elements(p_lines) l
    WHERE l -> 'why_values' ? 'asked' AND NOT EXISTS (
        SELECT 1 FROM jsonb_array_elements(coalesce(p_fields -> 'attempts', '[]')) a
        WHERE a ->> 'time' IS NOT NULL AND (a ->> 'time')::timestamptz >= p_head.resolved_at
          AND (a ->> 'time')::timestamptz = (l -> 'why_values' ->> 3)::timestamptz);
    IF FOUND THEN
        PERFORM crm.refuse_line(made_up);
    END IF;
END
$$;

-- Whether a clock, the firm's or a regime's, begins with the receipt.
CREATE OR REPLACE FUNCTION crm.from_receipt(p_clock text) RETURNS boolean LANGUAGE sql STABLE AS $$
    SELECT p_clock IN ('acknowledge', 'contact', 'containment', 'decide', 'resolve') OR EXISTS (
        SELECT 1 FROM crm.regime_clock c
        WHERE p_clock = c.regime || '/' || c.clock AND c.counts_from = 'receipt')
$$;

-- What runs from the receipt of the complaint merged into counts from that of the other, if that was earlier.
CREATE OR REPLACE FUNCTION crm.check_merged(p_target jsonb, p_head crm.complaint, p_other crm.complaint) RETURNS void
LANGUAGE plpgsql AS $$
DECLARE
    forgotten text;
BEGIN
    IF (p_target IS NOT NULL) <> (p_head.received_at < p_other.received_at) THEN
        PERFORM crm.refuse(
            'conflict', 'The complaint was changed meanwhile: {names}. Look at it again.',
            '{"names": "received_at"}', '{received_at}');
    END IF;
    SELECT r.clock INTO forgotten FROM crm.clock_runs(p_other.id) r
    WHERE p_target IS NOT NULL AND NOT r.stopped AND r.since = p_other.received_at AND crm.from_receipt(r.clock)
      AND NOT EXISTS (
          SELECT 1 FROM jsonb_array_elements(p_target -> 'lines') l
          WHERE l ->> 'clock' = r.clock AND l ->> 'event' = 'recompute'
            AND (l ->> 'since')::timestamptz = p_head.received_at);
    IF FOUND THEN
        PERFORM crm.refuse_line(forgotten);
    END IF;
END
$$;

-- All lines that a step brings, those of the complaint merged into as well.
CREATE OR REPLACE FUNCTION crm.check_lines(o crm.operation_in, p_head crm.complaint, p_set jsonb) RETURNS void
LANGUAGE plpgsql AS $$
DECLARE
    target CONSTANT jsonb := nullif(o.payload -> 'target', 'null');
    other crm.complaint;
BEGIN
    PERFORM crm.check_ledger(
        coalesce(p_head.id, (o.payload ->> 'id')::uuid), coalesce(o.payload -> 'lines', '[]'),
        coalesce(p_set ->> 'severity', p_head.severity),
        ARRAY[p_head.received_at, (p_set ->> 'received_at')::timestamptz]);
    PERFORM crm.check_follow_up(p_head, coalesce(o.payload -> 'lines', '[]'), p_set);
    IF o.payload ->> 'transition' = 'T16' THEN
        PERFORM crm.check_asked(o.payload -> 'lines', o.payload -> 'fields', p_head);
    ELSIF o.payload ->> 'transition' = 'T19' THEN
        SELECT * INTO other FROM crm.complaint c WHERE c.id = (o.payload -> 'fields' ->> 'target_id')::uuid;
        PERFORM crm.check_ledger(
            other.id, coalesce(target -> 'lines', '[]'), other.severity, ARRAY[other.received_at, p_head.received_at]);
        PERFORM crm.check_merged(target, p_head, other);
    END IF;
END
$$;
