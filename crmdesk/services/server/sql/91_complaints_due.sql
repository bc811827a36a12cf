-- What time does to complaints: the acts of crmdesk/models/timetable.py, worked out the same and done as the system.
-- Steps go the way of every step: they are judged, and written by the effect of complaint.step. Each act has an id made
-- of complaint, act and the moment it fell due, so it is done once, whoever calls.

-- Open complaints: when time does something to one next, as of a version of it. Only a memory of what was worked out;
-- emptied, it is worked out again.
CREATE UNLOGGED TABLE IF NOT EXISTS crm.complaint_time (
    complaint_id uuid PRIMARY KEY,
    rev bigint NOT NULL,
    calendar text NOT NULL,
    next_at timestamptz
);
CREATE INDEX IF NOT EXISTS complaint_time_next ON crm.complaint_time (next_at);

-- What is open, of all complaints there ever were. Queries repeat the condition word for word, or do without the index.
CREATE INDEX IF NOT EXISTS ix_complaint_open ON crm.complaint (id)
    WHERE state NOT IN ('REJECTED', 'CLOSED', 'WITHDRAWN', 'MERGED');

DO $$
BEGIN
    IF to_regtype('crm.act') IS NULL THEN
        CREATE TYPE crm.act AS (
            id uuid, kind text, at timestamptz, payload jsonb, clock text, rank integer, due timestamptz);
    END IF;
END
$$;
COMMENT ON TYPE crm.act IS
    'something that time does: a step, or a reminder of a clock with the share used as its rank and when it is due';

CREATE OR REPLACE FUNCTION crm.act_of(
    p_complaint uuid, p_kind text, p_mark text, p_at timestamptz, p_payload jsonb DEFAULT '{}',
    p_clock text DEFAULT '', p_rank integer DEFAULT 0, p_due timestamptz DEFAULT NULL
) RETURNS crm.act LANGUAGE sql STABLE AS $$
    SELECT ROW(crm.child_id(p_complaint, p_mark, crm.micros(p_at)), p_kind, p_at, p_payload, p_clock, p_rank,
               p_due)::crm.act
$$;

-- Whether a complaint is among the percent that are followed up: by its id, always the same.
CREATE OR REPLACE FUNCTION crm.is_sampled(p_complaint uuid, p_percent integer) RETURNS boolean
LANGUAGE sql STABLE AS $$
    SELECT ('x' || right(crm.child_id(p_complaint, 'sample', 0)::text, 8))::bit(32)::bigint % 100 < p_percent
$$;

-- When a level comes by itself, NULL when it does not.
CREATE OR REPLACE FUNCTION crm.level_moment(
    r crm.level_rule, p_received timestamptz, p_decide crm.clock_run, p_regime_due timestamptz, p_version text
) RETURNS timestamptz LANGUAGE plpgsql STABLE AS $$
BEGIN
    IF r.amount IS NOT NULL THEN
        RETURN (crm.due(r.amount, r.unit, p_received, p_version)).at;
    ELSIF r.percent IS NOT NULL THEN
        RETURN crm.moment_of(p_decide, r.percent);
    ELSIF r.days_after IS NOT NULL THEN
        -- After the day that ends with it, as what is due at 24:00 is due on the first moment of the next one.
        RETURN crm.close_of(p_version, p_decide.due - interval '1 microsecond', r.days_after);
    ELSIF p_regime_due IS NOT NULL THEN
        RETURN crm.back_from(p_version, p_regime_due, r.days_before);
    END IF;
    RETURN NULL;
END
$$;

-- The acts of an open complaint as it stands, past and to come.
CREATE OR REPLACE FUNCTION crm.timetable(p_head crm.complaint, p_sampled boolean) RETURNS SETOF crm.act
LANGUAGE plpgsql STABLE AS $$
DECLARE
    runs CONSTANT crm.clock_run[] := ARRAY(
        SELECT r FROM crm.clock_runs(p_head.id) r WHERE NOT r.stopped AND r.paused_at IS NULL);
    version CONSTANT text := crm.calendar_in_force();
    share CONSTANT integer := (SELECT f.percent FROM crm.follow_up_share f WHERE f.severity = p_head.severity);
    regime_due timestamptz;
    run crm.clock_run;
    rule crm.level_rule;
    moment timestamptz;
    percent integer;
BEGIN
    IF p_head.state = 'WAITING' AND p_head.wait_until IS NOT NULL THEN
        RETURN NEXT crm.act_of(p_head.id, 'T7', 'T7', p_head.wait_until);
    ELSIF p_head.state = 'RESOLVED' AND p_head.follow_up_at IS NOT NULL THEN
        RETURN NEXT crm.act_of(
            p_head.id, 'T15', 'T15', p_head.follow_up_at,
            jsonb_build_object('sampled', crm.is_sampled(p_head.id, share)));
    ELSIF p_head.state = 'FOLLOW_UP' AND p_head.follow_up_at IS NOT NULL AND p_sampled IS FALSE THEN
        RETURN NEXT crm.act_of(p_head.id, 'T16', 'T16', p_head.follow_up_at);
    END IF;
    IF p_head.imported THEN
        RETURN;
    END IF;
    SELECT min(r.due) INTO regime_due FROM unnest(runs) r JOIN crm.regime_clock c
        ON r.clock = c.regime || '/' || c.clock AND c.ours AND c.clock IN ('decide', 'resolve');
    FOR run IN SELECT * FROM unnest(runs) r WHERE r.clock = 'decide' LOOP
        FOR rule IN SELECT * FROM crm.level_rule l
            WHERE l.severity = p_head.severity AND l.level > p_head.level ORDER BY l.level
        LOOP
            moment := crm.level_moment(rule, p_head.received_at, run, regime_due, version);
            IF moment IS NOT NULL THEN
                RETURN NEXT crm.act_of(
                    p_head.id, 'E1', 'E1 ' || rule.level, moment,
                    jsonb_build_object('to_level', rule.level, 'reason', format('Level %s by time', rule.level)),
                    p_rank => rule.level);
            END IF;
        END LOOP;
    END LOOP;
    FOR run IN SELECT * FROM unnest(runs) r WHERE r.clock IN (p_head.next_clock, 'waiting') LOOP
        FOREACH percent IN ARRAY ARRAY[50, 75, 100] LOOP
            RETURN NEXT crm.act_of(
                p_head.id, 'reminder', format('reminder %s %s', run.clock, percent), crm.moment_of(run, percent),
                '{}', run.clock, percent, run.due);
        END LOOP;
    END LOOP;
END
$$;

-- The acts that are not done: of those gone by only the last of its sort, and all that are to come.
CREATE OR REPLACE FUNCTION crm.open_acts(p_head crm.complaint, p_now timestamptz) RETURNS SETOF crm.act
LANGUAGE plpgsql STABLE AS $$
DECLARE
    acts CONSTANT crm.act[] := ARRAY(SELECT t FROM crm.timetable(
        p_head, (SELECT b.sampled FROM crm.complaint_body b WHERE b.id = p_head.id)) t);
BEGIN
    RETURN QUERY SELECT a.* FROM (
        SELECT DISTINCT ON (t.kind, t.clock) t.* FROM unnest(acts) t
        WHERE t.at <= p_now ORDER BY t.kind, t.clock, t.at DESC, t.rank DESC) a
    WHERE NOT crm.is_done(a.kind, a.id) AND NOT crm.is_overruled(p_head.id, a)
    UNION ALL SELECT t.* FROM unnest(acts) t WHERE t.at > p_now AND NOT crm.is_done(t.kind, t.id);
END
$$;

CREATE OR REPLACE FUNCTION crm.is_done(p_kind text, p_id uuid) RETURNS boolean LANGUAGE sql STABLE AS $$
    SELECT CASE WHEN p_kind = 'reminder' THEN EXISTS (SELECT 1 FROM crm.task t WHERE t.id = p_id)
        ELSE EXISTS (SELECT 1 FROM crm.complaint_event e WHERE e.id = p_id) END
$$;

-- Whether a person lowered the level after this one had come: he knew that, and judged otherwise.
CREATE OR REPLACE FUNCTION crm.is_overruled(p_complaint uuid, p_act crm.act) RETURNS boolean LANGUAGE sql STABLE AS $$
    SELECT p_act.kind = 'E1' AND EXISTS (
        SELECT 1 FROM crm.complaint_event e
        WHERE e.complaint_id = p_complaint AND e.transition = 'E1' AND e.at >= p_act.at
          AND (e.after::jsonb ->> 'level')::integer < (e.before::jsonb ->> 'level')::integer)
$$;

-- Lines of the ledger that stop, resume or begin clocks, in their order; each run with what happens to it.
CREATE OR REPLACE FUNCTION crm.moved_lines(
    p_op uuid, p_complaint uuid, p_now timestamptz, p_why text, p_stopped text[], p_resume boolean,
    p_window timestamptz
) RETURNS jsonb LANGUAGE plpgsql STABLE AS $$
DECLARE
    lines jsonb := '[]';
    first CONSTANT bigint := 1 + coalesce((
        SELECT max(l.n) FROM crm.clock_line l WHERE l.complaint_id = p_complaint), 0);
    moved record;
    n bigint;
BEGIN
    FOR moved IN
        SELECT r.*, 'stop' AS event, 1 AS part FROM crm.clock_runs(p_complaint) r
        WHERE NOT r.stopped AND (
            r.clock = ANY (p_stopped) OR (crm.is_regimes(r.clock) AND split_part(r.clock, '/', 2) = ANY (p_stopped)))
        UNION ALL
        SELECT r.*, 'resume', 2 FROM crm.clock_runs(p_complaint) r
        WHERE p_resume AND NOT r.stopped AND r.paused_at IS NOT NULL
        UNION ALL
        SELECT 'reopen_window', 0, p_now, p_window, '', false, NULL, '{}', false, 'start', 3
        WHERE p_window IS NOT NULL
        ORDER BY part, place
    LOOP
        n := first + jsonb_array_length(lines);
        moved.due := CASE WHEN moved.paused_at IS NULL THEN moved.due ELSE crm.business_add(
            moved.calendar, moved.due,
            crm.business_between(moved.calendar, moved.paused_at, greatest(moved.paused_at, p_now))) END;
        lines := lines || jsonb_build_object(
            'id', crm.child_id(p_op, 'line', n), 'n', n, 'clock', moved.clock, 'event', moved.event, 'at', p_now,
            'since', moved.since, 'due', moved.due, 'calendar', moved.calendar,
            'provisional', moved.provisional OR crm.provisional(moved.calendar, moved.due),
            'undoes', NULL, 'why', p_why, 'why_values', jsonb_build_array('operation', p_op));
    END LOOP;
    RETURN lines;
END
$$;

-- The clock that is due next once some were stopped and, it may be, the paused ones go on; with its date.
CREATE OR REPLACE FUNCTION crm.next_clock(
    p_complaint uuid, p_now timestamptz, p_stopped text[], p_resume boolean
) RETURNS jsonb LANGUAGE sql STABLE AS $$
    SELECT coalesce((
        SELECT jsonb_build_object('next_clock', r.clock, 'next_due_at', d.due)
        FROM crm.clock_runs(p_complaint) r, crm.due_at(r, p_now) d(due)
        WHERE NOT r.stopped AND (r.paused_at IS NULL OR p_resume)
          AND split_part(r.clock, '/', 1 + crm.is_regimes(r.clock)::integer) <> ALL (p_stopped)
          AND (crm.is_regimes(r.clock) OR r.clock IN (
              'acknowledge', 'assess', 'containment', 'contact', 'update', 'decide', 'resolve', 'follow_up',
              'waiting', 'answer_window'))
        ORDER BY d.due, r.clock COLLATE "C" LIMIT 1), '{"next_clock": "", "next_due_at": null}')
$$;

-- Whom a level calls: 1 the supervisors of the team, 2 all of them, 3 administrators as well.
CREATE OR REPLACE FUNCTION crm.escalated_to(p_level integer, p_team uuid) RETURNS uuid[]
LANGUAGE plpgsql STABLE AS $$
DECLARE
    everybody CONSTANT uuid[] := ARRAY(
        SELECT a.id FROM crm.agent a
        WHERE a.active AND (a.role = 'supervisor' OR (p_level >= 3 AND a.role = 'administrator')) ORDER BY a.id);
    own CONSTANT uuid[] := ARRAY(
        SELECT a.id FROM crm.agent a WHERE a.id = ANY (everybody) AND a.team_id = p_team ORDER BY a.id);
BEGIN
    RETURN CASE WHEN p_level = 1 AND own <> '{}' THEN own ELSE everybody END;
END
$$;

-- The tasks that a step by time brings about, one for each owner.
CREATE OR REPLACE FUNCTION crm.tasks_for(
    p_op uuid, p_head crm.complaint, p_errand text, p_owners uuid[], p_now timestamptz
) RETURNS jsonb LANGUAGE sql STABLE AS $$
    SELECT coalesce(jsonb_agg(jsonb_build_object(
        'id', crm.child_id(p_op, 'task', n - 1), 'kind', 'task', 'errand', p_errand, 'subject', p_head.number,
        'customer_id', p_head.customer_id, 'owner_id', who, 'team_id', p_head.team_id, 'due_at', p_now)
        ORDER BY n), '[]')
    FROM unnest(p_owners) WITH ORDINALITY AS e(who, n)
$$;

-- What a step by time comes to: head, body, lines, tasks.
CREATE OR REPLACE FUNCTION crm.outcome_of(
    p_act crm.act, p_head crm.complaint, p_body crm.complaint_body, p_now timestamptz
) RETURNS jsonb LANGUAGE plpgsql STABLE AS $$
DECLARE
    customer CONSTANT boolean := p_head.wait_for = 'customer';
    stopped text[] := '{}';
    began timestamptz;
    waited bigint := 0;
    due timestamptz := p_now;
    head jsonb := '{}';
    body jsonb := '{}';
    owners uuid[];
BEGIN
    CASE p_act.kind
        WHEN 'T7' THEN
            stopped := '{waiting}';
            head := '{"state": "INVESTIGATING", "wait_for": "", "wait_until": null}';
            body := '{"wait_what": ""}';
            IF customer THEN
                SELECT min(r.paused_at) INTO began FROM crm.clock_runs(p_head.id) r WHERE NOT r.stopped;
                IF began IS NOT NULL THEN
                    waited := crm.business_between(crm.calendar_in_force(), began, greatest(began, p_now)) / 1000000;
                END IF;
                body := body || jsonb_build_object('wait_seconds', p_body.wait_seconds + waited);
            END IF;
        WHEN 'T15' THEN
            head := '{"state": "FOLLOW_UP"}';
            body := p_act.payload;
            SELECT r.due INTO due FROM crm.clock_runs(p_head.id) r WHERE r.clock = 'follow_up' AND NOT r.stopped;
            owners := CASE WHEN (p_act.payload ->> 'sampled')::boolean THEN ARRAY[
                CASE WHEN p_head.severity NOT IN ('S1', 'S2') THEN p_head.owner_id END] END;
        WHEN 'T16' THEN
            stopped := '{follow_up,resolve,answer}';
            head := jsonb_build_object('state', 'CLOSED', 'closed_at', p_now);
            body := jsonb_build_object(
                'declined', false, 'cause', p_body.cause, 'corrective_action', NULL, 'corrective_reason', '');
        ELSE
            head := jsonb_build_object('level', p_act.payload -> 'to_level');
            owners := crm.escalated_to((p_act.payload ->> 'to_level')::integer, p_head.team_id);
            owners := CASE WHEN owners = '{}' THEN ARRAY[p_head.owner_id] ELSE owners END;
    END CASE;
    RETURN jsonb_build_object(
        'head', head || crm.next_clock(p_head.id, p_now, stopped, p_act.kind = 'T7' AND customer),
        'body', body,
        'lines', crm.moved_lines(
            p_act.id, p_head.id, p_now, CASE WHEN p_act.kind = 'T7' THEN 'continued' ELSE 'closed' END,
            stopped || CASE WHEN p_act.kind = 'T16' THEN '{reopen_window}'::text[] ELSE '{}' END,
            p_act.kind = 'T7' AND customer,
            CASE WHEN p_act.kind = 'T16' THEN p_now + (
                SELECT make_interval(hours => 24 * w.reopen_days) FROM crm.procedure_window w) END),
        'tasks', crm.tasks_for(
            p_act.id, p_head, CASE WHEN p_act.kind = 'T15' THEN 'follow_up' ELSE 'escalated' END, owners,
            coalesce(due, p_now)));
END
$$;

-- Do one act as the system; false when a gate wants a person.
CREATE OR REPLACE FUNCTION crm.do_act(
    p_act crm.act, p_head crm.complaint, p_body crm.complaint_body, p_now timestamptz
) RETURNS boolean LANGUAGE plpgsql AS $$
DECLARE
    o crm.operation_in;
    _ text;
BEGIN
    o := ROW(p_act.id, 'complaint.step', 1, NULL, NULL, '', 'system', NULL, p_now, false);
    _ := crm.begin_operation(p_act.id, NULL);
    IF p_act.kind = 'reminder' THEN
        o.kind := 'task.open';
        o.payload := jsonb_build_object('id', p_act.id, 'fields', jsonb_build_object(
            'errand', 'reminder', 'subject', p_head.number, 'note', format('%s %s %%', p_act.clock, p_act.rank),
            'customer_id', p_head.customer_id, 'owner_id', p_head.owner_id, 'team_id', p_head.team_id,
            'due_at', p_act.due, 'complaint_id', p_head.id));
        _ := crm.apply_task_open(o);
    ELSE
        o.payload := crm.outcome_of(p_act, p_head, p_body, p_now) || jsonb_build_object(
            'id', p_head.id, 'transition', p_act.kind, 'version', p_head.rev, 'from_state', p_head.state,
            'fields', p_act.payload, 'granted', '[]'::jsonb, 'marked', '{}'::jsonb, 'taken_back', '[]'::jsonb,
            'target', NULL);
        _ := crm.apply_complaint_step(o);
    END IF;
    _ := crm.end_operation();
    RETURN true;
EXCEPTION WHEN SQLSTATE 'CR100' THEN
    _ := crm.end_operation();
    RETURN false;
END
$$;

-- Bring the open errands of a complaint in line with how it stands after time has acted, as
-- crmdesk/services/complaints/errands.py does after every step: of each clock that runs the latest reminder stays, and
-- goes to the owner. A task that somebody works on this very moment is left for the next time.
CREATE OR REPLACE FUNCTION crm.see_to_errands(p_head crm.complaint, p_now timestamptz) RETURNS void
LANGUAGE plpgsql AS $$
DECLARE
    going CONSTANT text[] := ARRAY(SELECT r.clock FROM crm.clock_runs(p_head.id) r WHERE NOT r.stopped);
    ended CONSTANT boolean := NOT EXISTS (
        SELECT 1 FROM crm.procedure_state s WHERE s.key = p_head.state AND s.open);
    held record;
    task crm.task;
    _ text := crm.begin_operation(NULL, NULL);
BEGIN
    FOR held IN
        SELECT t.id, ended OR (t.errand = 'reminder' AND (
            split_part(t.note, ' ', 1) <> ALL (going)
            OR row_number() OVER (PARTITION BY t.errand, split_part(t.note, ' ', 1)
                                  ORDER BY t.created_at DESC, t.id DESC) > 1)) AS over
        FROM crm.task t
        WHERE t.complaint_id = p_head.id AND t.state = 'open' AND t.errand IN ('reminder', 'escalated', 'taken_over')
        ORDER BY t.id
    LOOP
        SELECT * INTO task FROM crm.task t WHERE t.id = held.id AND t.state = 'open' FOR NO KEY UPDATE SKIP LOCKED;
        CONTINUE WHEN NOT FOUND;
        IF held.over THEN
            task.state := 'done';
            task.done_at := p_now;
        ELSIF task.errand = 'reminder' AND task.owner_id IS DISTINCT FROM p_head.owner_id THEN
            task.owner_id := p_head.owner_id;
            task.team_id := p_head.team_id;
        ELSE
            CONTINUE;
        END IF;
        task.rev := task.rev + 1;
        _ := crm.lay_task(task);
    END LOOP;
END
$$;

-- Do all that is due on one complaint; returns how much was done.
CREATE OR REPLACE FUNCTION crm.act_on(p_complaint uuid, p_now timestamptz) RETURNS integer LANGUAGE plpgsql AS $$
DECLARE
    head crm.complaint;
    body crm.complaint_body;
    act crm.act;
    tried uuid[] := '{}';
    done integer := 0;
BEGIN
    LOOP
        SELECT * INTO head FROM crm.complaint c WHERE c.id = p_complaint;
        SELECT * INTO body FROM crm.complaint_body b WHERE b.id = p_complaint;
        SELECT a.* INTO act FROM crm.open_acts(head, p_now) a
        WHERE a.at <= p_now AND a.id <> ALL (tried)
        ORDER BY a.kind = 'reminder', a.kind COLLATE "C", a.clock COLLATE "C" LIMIT 1;
        EXIT WHEN act.id IS NULL;
        tried := tried || act.id;
        done := done + crm.do_act(act, head, body, p_now)::integer;
    END LOOP;
    IF done > 0 THEN
        PERFORM crm.see_to_errands(head, p_now);
    END IF;
    RETURN done;
END
$$;

-- When time does something to a complaint next; NULL when it cannot be worked out, as with a date out of all calendars.
CREATE OR REPLACE FUNCTION crm.next_moment(p_head crm.complaint, p_now timestamptz) RETURNS timestamptz
LANGUAGE plpgsql STABLE AS $$
BEGIN
    RETURN (SELECT min(a.at) FROM crm.open_acts(p_head, p_now) a);
EXCEPTION WHEN SQLSTATE 'CR100' THEN
    RETURN NULL;
END
$$;

-- Give clocks that run under another version of the calendar the date by the one in force, with a line each: when a new
-- version came, or a desk worked with another one. The customer is asked from the opening of the day on which that clock
-- is due then. Returns whether there was one.
CREATE OR REPLACE FUNCTION crm.recompute_clocks(p_head crm.complaint, p_now timestamptz, p_version text) RETURNS boolean
LANGUAGE plpgsql AS $$
DECLARE
    line crm.clock_line := crm.new_clock_line();
    wanted crm.due_date;
    run crm.clock_run;
    head crm.complaint := p_head;
    _ text := crm.begin_operation(NULL, NULL);
BEGIN
    line.complaint_id := p_head.id;
    line.team_id := p_head.team_id;
    line.n := (SELECT max(l.n) FROM crm.clock_line l WHERE l.complaint_id = p_head.id);
    FOR run IN SELECT * FROM crm.clock_runs(p_head.id) r
        WHERE NOT r.stopped AND r.calendar NOT IN ('', p_version) ORDER BY r.place
    LOOP
        wanted := crm.clock_due(
            p_head.id, run.clock, p_head.severity, crm.is_halved(p_head.id, run.clock), run.since, p_version);
        CONTINUE WHEN wanted.at IS NULL;
        line.n := line.n + 1;
        line.id := crm.child_id(p_head.id, 'calendar ' || p_version, line.n);
        line.clock := run.clock;
        line.event := 'recompute';
        line.at := p_now;
        line.since := run.since;
        line.due := crm.business_add(wanted.calendar, wanted.at, crm.paused_time(run, wanted.calendar));
        line.calendar := wanted.calendar;
        line.provisional := wanted.provisional OR crm.provisional(wanted.calendar, line.due);
        line.why := 'calendar';
        line.why_values := ARRAY['calendar', p_version];
        INSERT INTO crm.clock_line SELECT line.*;
        IF run.clock = 'follow_up' AND head.follow_up_at IS NOT NULL THEN
            head.follow_up_at := greatest(head.resolved_at, crm.opening(p_version, line.due));
        END IF;
    END LOOP;
    IF line.id IS NULL THEN
        RETURN false;
    END IF;
    head := crm.read_complaint(head, crm.next_clock(p_head.id, p_now, '{}', false));
    head.rev := p_head.rev + 1;
    _ := crm.lay_complaint(head);
    RETURN true;
END
$$;

-- Work out for open complaints that are new, were changed, or have a new calendar when time does something to them
-- next.
CREATE OR REPLACE FUNCTION crm.look_ahead(p_now timestamptz, p_limit integer) RETURNS void LANGUAGE plpgsql AS $$
DECLARE
    version CONSTANT text := crm.calendar_in_force();
    head crm.complaint;
BEGIN
    DELETE FROM crm.complaint_time t WHERE NOT EXISTS (
        SELECT 1 FROM crm.complaint c
        WHERE c.id = t.complaint_id AND c.state NOT IN ('REJECTED', 'CLOSED', 'WITHDRAWN', 'MERGED'));
    FOR head IN
        SELECT c.* FROM crm.complaint c LEFT JOIN crm.complaint_time k ON k.complaint_id = c.id
        WHERE c.state NOT IN ('REJECTED', 'CLOSED', 'WITHDRAWN', 'MERGED')
          AND (k.rev IS DISTINCT FROM c.rev OR k.calendar <> version)
        ORDER BY c.id LIMIT p_limit FOR NO KEY UPDATE OF c SKIP LOCKED
    LOOP
        IF crm.recompute_clocks(head, p_now, version) THEN
            SELECT * INTO head FROM crm.complaint c WHERE c.id = head.id;
        END IF;
        INSERT INTO crm.complaint_time VALUES (head.id, head.rev, version, crm.next_moment(head, p_now))
        ON CONFLICT (complaint_id) DO UPDATE
        SET rev = excluded.rev, calendar = excluded.calendar, next_at = excluded.next_at;
    END LOOP;
END
$$;

-- Do what is due on at most p_limit complaints; returns how much was done. Complaints that somebody works on this very
-- moment are left for the next time, one that a gate leaves to a person for ten minutes: else those would be looked at
-- first, again and again, and nothing else would come to its turn.
CREATE OR REPLACE FUNCTION crm.run_complaints_due(p_limit integer) RETURNS integer
LANGUAGE plpgsql SET timezone = 'UTC' AS $$
DECLARE
    present CONSTANT timestamptz := crm.now();
    begun CONSTANT boolean := crm.begin_to_see_all();
    complaint uuid;
    acted integer;
    done integer := 0;
BEGIN
    PERFORM crm.look_ahead(present, p_limit);
    FOR complaint IN
        SELECT c.id FROM crm.complaint_time t JOIN crm.complaint c ON c.id = t.complaint_id
        WHERE t.next_at <= present ORDER BY t.next_at, c.id LIMIT p_limit
        FOR NO KEY UPDATE OF c SKIP LOCKED
    LOOP
        acted := crm.act_on(complaint, present);
        done := done + acted;
        UPDATE crm.complaint_time t SET rev = c.rev, next_at = CASE WHEN acted > 0 THEN crm.next_moment(c, present)
            ELSE greatest(crm.next_moment(c, present), present + interval '10 minutes') END
        FROM crm.complaint c WHERE c.id = complaint AND t.complaint_id = c.id;
    END LOOP;
    IF begun THEN
        PERFORM crm.cease_to_see_all();
    END IF;
    RETURN done;
END
$$;
