-- What a step works out by itself: fields, and the tasks it brings. The desk says it, and here it is looked at again.
-- What follows from payload, complaint and moment is just that. What others may have moved here without the desk's
-- knowledge (a count, a level, remedies carried out) lies between how it is and what the step can make of it; else the
-- step was decided on another complaint than this.

CREATE OR REPLACE FUNCTION crm.refuse_decided_on(p_name text, k crm.step_case) RETURNS void LANGUAGE plpgsql AS $$
BEGIN
    PERFORM crm.refuse(
        'conflict', 'The complaint was changed meanwhile: {names}. Look at it again.',
        jsonb_build_object('names', p_name), ARRAY[p_name], nullif(k.complaint, '{}'));
END
$$;

-- When a desk took a step: the moment of its lines, else of the field that says so; NULL when nothing does.
CREATE OR REPLACE FUNCTION crm.moment_of_step(p_payload jsonb) RETURNS text LANGUAGE sql STABLE AS $$
    SELECT coalesce(
        p_payload #>> '{lines,0,at}', p_payload #>> '{head,logged_at}', p_payload #>> '{body,responded_at}',
        p_payload #>> '{head,resolved_at}', p_payload #>> '{head,closed_at}', p_payload #>> '{body,acknowledged_at}')
$$;

-- Fields with the one value that they can get.
CREATE OR REPLACE FUNCTION crm.worked_out(p_step text, o crm.operation_in, k crm.step_case) RETURNS jsonb
LANGUAGE plpgsql STABLE AS $$
DECLARE
    reopened CONSTANT jsonb :=
        '{"closed_at": null, "resolved_at": null, "follow_up_at": null, "responded_at": null}';
    at CONSTANT text := crm.moment_of_step(o.payload);
BEGIN
    RETURN CASE p_step
        WHEN 'T1' THEN jsonb_build_object('logged_at', at, 'provisional', true, 'level', 0)
        WHEN 'T2' THEN jsonb_build_object('acknowledged_at', at)
        WHEN 'T4' THEN '{"provisional": false}'
        WHEN 'T7' THEN '{"wait_for": "", "wait_what": "", "wait_until": null}'
        WHEN 'T9' THEN jsonb_build_object('responded_at', at, 'answer_until', (
            SELECT l -> 'due' FROM jsonb_array_elements(o.payload -> 'lines') l
            WHERE l ->> 'clock' = 'answer_window' AND l ->> 'event' = 'start'))
        WHEN 'T11' THEN jsonb_build_object('resolved_at', at, 'accepted', k.payload ->> 'how' IN ('said', 'written'))
        WHEN 'T12' THEN '{"accepted": false}'
        WHEN 'T13' THEN jsonb_build_object(
            'responded_at', at, 'resolved_at', at, 'acknowledged_at', coalesce(k.complaint ->> 'acknowledged_at', at),
            'provisional', false, 'first_contact', true, 'accepted', true)
        WHEN 'T14' THEN '{"follow_up_at": null, "resolved_at": null}'
        WHEN 'T16' THEN jsonb_build_object('closed_at', at)
        WHEN 'T21' THEN jsonb_build_object('acknowledged_at', at, 'ended_why', '')
        WHEN 'T17' THEN reopened
        WHEN 'T20' THEN reopened
        ELSE '{}' END;
END
$$;

-- The sum of the remedies that a new proposal leaves as they are: carried out or ordered, and not failed.
CREATE OR REPLACE FUNCTION crm.settled_sum(k crm.step_case) RETURNS bigint LANGUAGE sql STABLE AS $$
    SELECT coalesce(sum((r ->> 'value')::bigint), 0)::bigint FROM jsonb_array_elements(coalesce(k.remedies, '[]')) r
    WHERE r ->> 'done_at' IS NOT NULL OR (r ->> 'order_id' <> '' AND r ->> 'failed_at' IS NULL)
$$;

-- Sums and counts with the least and the most that they can become.
CREATE OR REPLACE FUNCTION crm.bounds(p_step text, k crm.step_case, p_set jsonb)
RETURNS TABLE (name text, low bigint, high bigint) LANGUAGE plpgsql STABLE AS $$
DECLARE
    highest CONSTANT bigint := 3;
    back_before_level CONSTANT bigint := 2;
    level CONSTANT bigint := coalesce((k.complaint ->> 'level')::bigint, 0);
    granted CONSTANT bigint := (
        SELECT sum((r ->> 'value')::bigint) FROM jsonb_array_elements(k.payload -> 'remedies') r);
BEGIN
    IF p_step IN ('T8', 'T13') THEN
        RETURN QUERY VALUES ('remedy_total', granted, granted + crm.settled_sum(k));
    ELSIF p_step IN ('T12', 'T14') THEN
        RETURN QUERY VALUES ('level', level, least(highest, level + 1));
    ELSIF p_step = 'T4' THEN
        RETURN QUERY VALUES (
            'level', level, CASE WHEN k.payload ->> 'severity' = 'S1' THEN greatest(level, 1) ELSE level END);
    ELSIF p_step IN ('T17', 'T20') THEN
        RETURN QUERY VALUES
            ('reopen_count', 1::bigint, coalesce((k.complaint ->> 'reopen_count')::bigint, 0) + 1),
            ('level', level, CASE WHEN (p_set ->> 'reopen_count')::bigint >= back_before_level
                THEN greatest(level, 1) ELSE level END);
    ELSIF p_step = 'H1' OR (p_step = 'D1' AND k.payload ->> 'to' IS NOT NULL) THEN
        RETURN QUERY VALUES ('hand_overs', 1::bigint, coalesce((k.complaint ->> 'hand_overs')::bigint, 0) + 1);
    END IF;
END
$$;

-- Refuse a time spent waiting for the customer that is not the business time since his clocks were paused, by an edition
-- of the house's calendar. Where they run by one that is not known here, it is none longer than the time that passed.
CREATE OR REPLACE FUNCTION crm.check_waited(o crm.operation_in, k crm.step_case, p_set jsonb) RETURNS void
LANGUAGE plpgsql AS $$
DECLARE
    more CONSTANT bigint := coalesce((p_set ->> 'wait_seconds')::bigint, 0)
        - CASE WHEN p_set ? 'wait_seconds' THEN coalesce((k.complaint ->> 'wait_seconds')::bigint, 0) ELSE 0 END;
    until CONSTANT timestamptz := crm.moment_of_step(o.payload);
    began timestamptz;
    known boolean;
BEGIN
    IF k.complaint ->> 'wait_for' = 'customer' THEN
        SELECT min(r.paused_at), bool_and(r.calendar = '' OR EXISTS (
            SELECT 1 FROM crm.calendar c JOIN crm.house h ON h.calendar = c.key WHERE c.version = r.calendar))
        INTO began, known
        FROM crm.clock_runs((k.complaint ->> 'id')::uuid) r WHERE NOT r.stopped AND r.paused_at IS NOT NULL;
    END IF;
    IF began IS NULL OR until <= began THEN
        known := more = 0;
    ELSIF known THEN
        known := EXISTS (
            SELECT 1 FROM crm.calendar c JOIN crm.house h ON h.calendar = c.key
            WHERE crm.business_between(c.version, began, until) / 1000000 = more);
    ELSE
        known := more BETWEEN 0 AND extract(epoch FROM until - began);
    END IF;
    IF known IS NOT TRUE THEN
        PERFORM crm.refuse_decided_on('wait_seconds', k);
    END IF;
END
$$;

-- Refuse a field that the desk worked out to something it cannot be.
CREATE OR REPLACE FUNCTION crm.check_worked_out(
    p_step text, o crm.operation_in, k crm.step_case, p_set jsonb
) RETURNS void LANGUAGE plpgsql AS $$
DECLARE
    wanted CONSTANT jsonb := crm.worked_out(p_step, o, k);
    wrong text;
BEGIN
    IF wanted <> '{}' THEN
        SELECT w.name INTO wrong FROM jsonb_object_keys(wanted) w(name), crm.as_held(wanted) t, crm.as_held(p_set) h
        WHERE NOT p_set ? w.name OR h -> w.name IS DISTINCT FROM t -> w.name LIMIT 1;
    END IF;
    IF wrong IS NULL AND (p_set ->> 'follow_up_at')::timestamptz < (p_set ->> 'resolved_at')::timestamptz THEN
        wrong := 'follow_up_at';
    END IF;
    IF wrong IS NOT NULL THEN
        PERFORM crm.refuse_value(wrong);
    END IF;
    SELECT b.name INTO wrong FROM crm.bounds(p_step, k, p_set) b
    WHERE ((p_set ->> b.name)::bigint BETWEEN b.low AND b.high) IS NOT TRUE LIMIT 1;
    IF wrong IS NULL AND p_step IN ('H1', 'D1') AND p_set ? 'hand_overs'
       AND p_set -> 'handed_over_by' IS DISTINCT FROM k.complaint -> 'owner_id' THEN
        wrong := 'owner_id';
    END IF;
    IF wrong IS NOT NULL THEN
        PERFORM crm.refuse_decided_on(wrong, k);
    END IF;
    IF p_step = 'T7' THEN
        PERFORM crm.check_waited(o, k, p_set);
    END IF;
END
$$;

-- Whether a withdrawn complaint is surveyed all the same: one in five, by the id of the step. A power of sixteen leaves
-- one over fives, so the number of an id leaves what the sum of its digits does.
CREATE OR REPLACE FUNCTION crm.is_surveyed(p_op uuid) RETURNS boolean LANGUAGE sql IMMUTABLE AS $$
    SELECT sum(position(d IN '0123456789abcdef') - 1) % 5 = 0
    FROM regexp_split_to_table(replace(p_op::text, '-', ''), '') d
$$;

-- Whether somebody owes the customer a written acknowledgement that was told by a channel.
CREATE OR REPLACE FUNCTION crm.owes_writing(p_regime text, p_channel text) RETURNS boolean LANGUAGE sql STABLE AS $$
    SELECT (p_channel IN ('mail', 'web', 'letter')) IS NOT TRUE AND EXISTS (
        SELECT 1 FROM crm.regime r WHERE r.key = p_regime AND r.written_acknowledgement)
$$;

-- Whether what is solved at once under a regime is told in a summary.
CREATE OR REPLACE FUNCTION crm.owes_summary(p_regime text) RETURNS boolean LANGUAGE sql STABLE AS $$
    SELECT EXISTS (
        SELECT 1 FROM crm.regime r JOIN crm.regime_clock c ON c.regime = coalesce(nullif(r.settled_early, ''), r.key)
        WHERE r.key = p_regime AND c.clock = 'summary')
$$;

-- Whether a step must bring its errand, or must not; NULL where the desk may know more than is known here.
CREATE OR REPLACE FUNCTION crm.brings_errand(p_step text, o crm.operation_in, k crm.step_case) RETURNS boolean
LANGUAGE plpgsql STABLE AS $$
BEGIN
    RETURN CASE p_step
        WHEN 'T2' THEN crm.owes_writing(k.complaint ->> 'regime', k.payload ->> 'ack_channel')
        WHEN 'T4' THEN CASE
            WHEN EXISTS (SELECT 1 FROM crm.regime r WHERE r.key = k.complaint ->> 'regime') THEN false
            WHEN NOT crm.owes_writing(k.payload ->> 'regime', k.complaint ->> 'ack_channel') THEN false
            WHEN EXISTS (
                SELECT 1 FROM crm.letter l WHERE l.complaint_id = (k.complaint ->> 'id')::uuid
                AND l.kind = 'acknowledgement' AND l.sent_at IS NOT NULL) THEN NULL
            ELSE true END
        WHEN 'T13' THEN crm.owes_summary(coalesce(k.payload ->> 'regime', k.complaint ->> 'regime'))
        WHEN 'T18' THEN crm.is_surveyed(o.id)
        WHEN 'E1' THEN (k.payload ->> 'to_level')::bigint > coalesce((k.complaint ->> 'level')::bigint, 0)
        WHEN 'H1' THEN true
        WHEN 'D1' THEN k.payload ->> 'to' IS NOT NULL
        END;
END
$$;

-- Refuse tasks that a step does not bring, and that it lacks the one it brings: of the errands that the procedure names,
-- about this complaint, due at once, and after a hand-over the new owner's. An escalation is one for each it calls.
CREATE OR REPLACE FUNCTION crm.check_errands(
    p_step crm.procedure_transition, o crm.operation_in, k crm.step_case
) RETURNS void LANGUAGE plpgsql AS $$
DECLARE
    tasks CONSTANT jsonb := o.payload -> 'tasks';
    brings CONSTANT boolean := crm.brings_errand(p_step.id, o, k);
    at CONSTANT timestamptz := crm.moment_of_step(o.payload);
BEGIN
    IF p_step.id = 'E1' AND brings = (tasks = '[]') THEN
        PERFORM crm.refuse_decided_on('level', k);
    ELSIF brings = (tasks = '[]') OR (jsonb_array_length(tasks) > 1 AND p_step.id <> 'E1') OR EXISTS (
        SELECT 1 FROM jsonb_array_elements(tasks) t
        WHERE (t ->> 'errand' = ANY (p_step.errands) AND t ->> 'kind' = 'task'
               AND t - '{id,kind,errand,subject,customer_id,owner_id,team_id,due_at}'::text[] = '{}'
               AND starts_with(k.complaint ->> 'number', t ->> 'subject')
               AND t ->> 'customer_id' IS NOT DISTINCT FROM k.complaint ->> 'customer_id'
               AND (t ->> 'due_at')::timestamptz = coalesce(at, (t ->> 'due_at')::timestamptz)
               AND (p_step.id NOT IN ('H1', 'D1') OR t ->> 'owner_id' = k.payload ->> 'to')) IS NOT TRUE) THEN
        PERFORM crm.refuse_value('tasks');
    END IF;
END
$$;
