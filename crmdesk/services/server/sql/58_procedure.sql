-- Whether a step that a desk took may be done: the second enforcer of the procedure. The desk decided the step and sent
-- what it came to; here its payload, the case and what it sets are looked at again before anything is written.

-- The payload: every field known, of its type, and there when it must be; the sentences are those of
-- crmdesk/models/payload.py. Desks send it cleaned.
CREATE OR REPLACE FUNCTION crm.fault(p_name text, p_why text, p_values jsonb DEFAULT '{}') RETURNS void
LANGUAGE plpgsql STABLE AS $$
BEGIN
    PERFORM crm.refuse('invalid', p_why, jsonb_build_object('name', p_name) || p_values, ARRAY[p_name]);
END
$$;

CREATE OR REPLACE FUNCTION crm.check_text(p_name text, p_value jsonb) RETURNS void LANGUAGE plpgsql STABLE AS $$
DECLARE
    most CONSTANT integer := 100000;
BEGIN
    IF jsonb_typeof(p_value) <> 'string' THEN
        PERFORM crm.fault(p_name, '{name} must be text.');
    ELSIF char_length(p_value #>> '{}') > most THEN
        PERFORM crm.fault(
            p_name, '{name} may have {limit} characters at most; this has {length}.',
            jsonb_build_object('limit', most, 'length', char_length(p_value #>> '{}')));
    END IF;
END
$$;

CREATE OR REPLACE FUNCTION crm.check_flag(p_name text, p_value jsonb) RETURNS void LANGUAGE plpgsql STABLE AS $$
BEGIN
    IF jsonb_typeof(p_value) IS DISTINCT FROM 'boolean' THEN
        PERFORM crm.fault(p_name, '{name} must be yes or no.');
    END IF;
END
$$;

CREATE OR REPLACE FUNCTION crm.is_time(p_value jsonb) RETURNS boolean LANGUAGE plpgsql STABLE AS $$
BEGIN
    RETURN jsonb_typeof(p_value) = 'string' AND p_value #>> '{}'
        ~ '^\d{4}-\d\d-\d\dT([01]\d|2[0-3]):[0-5]\d:[0-5]\d(\.\d{1,6})?(Z|[+-](0\d|1[0-4]):[0-5]\d)$'
        AND (p_value #>> '{}')::timestamptz IS NOT NULL;
EXCEPTION WHEN data_exception THEN
    RETURN false;
END
$$;

CREATE OR REPLACE FUNCTION crm.check_time(p_name text, p_value jsonb) RETURNS void LANGUAGE plpgsql STABLE AS $$
BEGIN
    IF crm.is_time(p_value) IS NOT TRUE THEN
        PERFORM crm.fault(
            p_name, '{name} must be a time with its zone, for example 2026-03-01T09:30+08:00.');
    END IF;
END
$$;

CREATE OR REPLACE FUNCTION crm.check_id(p_name text, p_value jsonb) RETURNS void LANGUAGE plpgsql STABLE AS $$
BEGIN
    IF coalesce(jsonb_typeof(p_value), '') <> 'string' OR p_value #>> '{}'
        !~* '^[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}$' THEN
        PERFORM crm.fault(p_name, '{name} must be the id of a record.');
    END IF;
END
$$;

CREATE OR REPLACE FUNCTION crm.check_whole(p_name text, p_value jsonb, p_low bigint, p_high bigint) RETURNS void
LANGUAGE plpgsql STABLE AS $$
BEGIN
    IF coalesce(jsonb_typeof(p_value), '') <> 'number' OR scale(p_value::numeric) <> 0
       OR p_value::numeric NOT BETWEEN p_low AND p_high THEN
        PERFORM crm.fault(
            p_name, '{name} must be a whole number from {low} to {high}.',
            jsonb_build_object('low', p_low, 'high', p_high));
    END IF;
END
$$;

CREATE OR REPLACE FUNCTION crm.check_choice(p_name text, p_value jsonb, p_choices jsonb) RETURNS void
LANGUAGE plpgsql STABLE AS $$
BEGIN
    IF coalesce(jsonb_typeof(p_value), '') NOT IN ('string', 'number') OR NOT p_choices @> p_value
       OR (jsonb_typeof(p_value) = 'number' AND scale(p_value::numeric) <> 0) THEN
        PERFORM crm.fault(
            p_name, '{name} must be one of: {choices}.', jsonb_build_object('choices', (
                SELECT string_agg(c, ', ' ORDER BY n)
                FROM jsonb_array_elements_text(p_choices) WITH ORDINALITY AS e(c, n))));
    END IF;
END
$$;

CREATE OR REPLACE FUNCTION crm.check_code(p_name text, p_value jsonb, p_known boolean) RETURNS void
LANGUAGE plpgsql STABLE AS $$
BEGIN
    IF jsonb_typeof(p_value) <> 'string' OR NOT p_known THEN
        PERFORM crm.fault(
            p_name, '{name}: {value} is not in the list. Choose one of it.',
            jsonb_build_object('value', left(p_value #>> '{}', 40)));
    END IF;
END
$$;

CREATE OR REPLACE FUNCTION crm.check_parts(p_name text, p_value jsonb, p_parts text[]) RETURNS void
LANGUAGE plpgsql STABLE AS $$
BEGIN
    IF jsonb_typeof(p_value) <> 'object' OR p_value - p_parts <> '{}' THEN
        PERFORM crm.fault(
            p_name, '{name} must have the parts {parts}.',
            jsonb_build_object('parts', array_to_string(p_parts, ', ')));
    END IF;
END
$$;

-- New texts of an intake; all but what happened are of one line.
CREATE OR REPLACE FUNCTION crm.check_corrections(p_name text, p_value jsonb) RETURNS void
LANGUAGE plpgsql STABLE AS $$
DECLARE
    most CONSTANT integer := 200;
    part text;
    given jsonb;
BEGIN
    PERFORM crm.check_parts(p_name, p_value, '{complainant,third_party,what_happened,outlet}');
    FOR part, given IN SELECT * FROM jsonb_each(p_value) LOOP
        PERFORM crm.check_text(p_name, given);
        IF part <> 'what_happened' AND char_length(given #>> '{}') > most THEN
            PERFORM crm.fault(
                p_name, '{name} may have {limit} characters at most; this has {length}.',
                jsonb_build_object('limit', most, 'length', char_length(given #>> '{}')));
        END IF;
    END LOOP;
END
$$;

CREATE OR REPLACE FUNCTION crm.check_list(p_name text, p_value jsonb) RETURNS void LANGUAGE plpgsql STABLE AS $$
DECLARE
    most CONSTANT integer := 50;
BEGIN
    IF jsonb_typeof(p_value) <> 'array' OR jsonb_array_length(p_value) > most THEN
        PERFORM crm.fault(
            p_name, '{name} must be a list of at most {limit} lines.', jsonb_build_object('limit', most));
    END IF;
END
$$;

-- One line of a list whose lines are objects.
CREATE OR REPLACE FUNCTION crm.check_line(p_name text, p_type text, p_line jsonb) RETURNS void
LANGUAGE plpgsql STABLE AS $$
DECLARE
    most_money CONSTANT bigint := 10000000000;
    remedies CONSTANT jsonb := '["apology", "explanation", "repair", "replacement", "refund", "discount",
        "compensation", "voucher", "gift", "process_change", "none"]';
BEGIN
    CASE p_type
        WHEN 'remedies' THEN
            PERFORM crm.check_parts(p_name, p_line, '{type,value,due}');
            PERFORM crm.check_choice(p_name, p_line -> 'type', remedies);
            PERFORM crm.check_whole(p_name, coalesce(p_line -> 'value', '0'), 0, most_money);
            PERFORM crm.check_time(p_name, p_line -> 'due') WHERE p_line ->> 'due' IS NOT NULL;
        WHEN 'remedies_state' THEN
            PERFORM crm.check_parts(p_name, p_line, '{id,done_at,order_id}');
            PERFORM crm.check_id(p_name, p_line -> 'id');
            PERFORM crm.check_time(p_name, p_line -> 'done_at') WHERE p_line ->> 'done_at' IS NOT NULL;
        WHEN 'attempts' THEN
            PERFORM crm.check_parts(p_name, p_line, '{time,part}');
            PERFORM crm.check_choice(p_name, p_line -> 'part', '["morning", "afternoon", "evening"]');
            PERFORM crm.check_time(p_name, p_line -> 'time');
        ELSE PERFORM crm.check_time(p_name, p_line);
    END CASE;
END
$$;

CREATE OR REPLACE FUNCTION crm.check_value(p_name text, p_type text, p_value jsonb) RETURNS void
LANGUAGE plpgsql STABLE AS $$
DECLARE
    word CONSTANT text := p_value #>> '{}';
    choices CONSTANT jsonb := (SELECT c.choices FROM crm.procedure_choice c WHERE c.type = p_type);
    points CONSTANT text[] := '{ours,facts,in_time,undecided,not_query}';
BEGIN
    IF choices IS NOT NULL THEN
        PERFORM crm.check_choice(p_name, p_value, choices);
        RETURN;
    END IF;
    CASE p_type
        WHEN 'text' THEN PERFORM crm.check_text(p_name, p_value);
        WHEN 'bool' THEN PERFORM crm.check_flag(p_name, p_value);
        WHEN 'time' THEN PERFORM crm.check_time(p_name, p_value);
        WHEN 'id' THEN PERFORM crm.check_id(p_name, p_value);
        WHEN 'count' THEN PERFORM crm.check_whole(p_name, p_value, 1, 1000000);
        WHEN 'level' THEN PERFORM crm.check_whole(p_name, p_value, 1, 3);
        WHEN 'category' THEN PERFORM crm.check_code(
            p_name, p_value, EXISTS (SELECT 1 FROM crm.complaint_category c WHERE c.key = word));
        WHEN 'cause' THEN PERFORM crm.check_code(
            p_name, p_value, EXISTS (SELECT 1 FROM crm.cause c WHERE c.key = word AND c.leaf));
        WHEN 'remedy_wanted' THEN PERFORM crm.check_code(p_name, p_value, word IN (
            'apology', 'explanation', 'repair', 'replacement', 'refund', 'discount', 'compensation', 'voucher',
            'gift', 'process_change', 'none'));
        WHEN 'regime' THEN PERFORM crm.check_code(
            p_name, p_value, word = 'none' OR EXISTS (SELECT 1 FROM crm.regime r WHERE r.key = word));
        WHEN 'checklist' THEN
            PERFORM crm.check_parts(p_name, p_value, points);
            PERFORM crm.check_flag(p_name, f) FROM jsonb_each(p_value) AS e(k, f);
        WHEN 'impact' THEN
            PERFORM crm.check_parts(p_name, p_value, '{persons,money}');
            PERFORM crm.check_whole(p_name, coalesce(p_value -> 'persons', '0'), 0, 1000000);
            PERFORM crm.check_whole(p_name, coalesce(p_value -> 'money', '0'), 0, 10000000000);
        WHEN 'corrections' THEN PERFORM crm.check_corrections(p_name, p_value);
        WHEN 'corrective_action' THEN
            PERFORM crm.check_parts(p_name, p_value, '{decided,reason}');
            PERFORM crm.check_text(p_name, coalesce(p_value -> 'reason', '""'));
            IF crm.stripped(coalesce(p_value ->> 'reason', '')) = '' THEN
                PERFORM crm.fault(p_name, '{name}: say why a corrective action is decided or not.');
            END IF;
            PERFORM crm.check_flag(p_name, p_value -> 'decided');
        ELSE
            PERFORM crm.check_list(p_name, p_value);
            PERFORM crm.check_line(p_name, p_type, e.line)
            FROM jsonb_array_elements(p_value) WITH ORDINALITY AS e(line, n) ORDER BY e.n;
    END CASE;
END
$$;

CREATE OR REPLACE FUNCTION crm.check_fields(p_step text, p_fields jsonb) RETURNS void LANGUAGE plpgsql STABLE AS $$
DECLARE
    known CONSTANT text[] := ARRAY(SELECT f.name FROM crm.procedure_field f WHERE f.transition = p_step);
    field crm.procedure_field;
    given jsonb;
BEGIN
    IF jsonb_typeof(p_fields) IS DISTINCT FROM 'object' THEN
        PERFORM crm.refuse('invalid', 'This operation is not well formed.');
    END IF;
    IF p_fields - known <> '{}' THEN
        PERFORM crm.refuse_names(
            ARRAY(SELECT k FROM jsonb_object_keys(p_fields - known) k ORDER BY k COLLATE "C"));
    END IF;
    FOR field IN SELECT * FROM crm.procedure_field f WHERE f.transition = p_step ORDER BY f.n LOOP
        given := nullif(p_fields -> field.name, 'null');
        IF given IS NOT NULL THEN
            PERFORM crm.check_value(field.name, field.type, given);
        END IF;
        IF field.required AND (given IS NULL OR given = '[]'
                OR (field.type = 'text' AND crm.stripped(given #>> '{}') = '')) THEN
            PERFORM crm.refuse_missing(field.name);
        END IF;
    END LOOP;
END
$$;

-- The version of a complaint that lay under what somebody saw at his desk as p_version: a desk counts its own steps on
-- before they are numbered here. When another desk's step was numbered first, it has a version that he had seen already,
-- with other things behind it.
CREATE OR REPLACE FUNCTION crm.version_under(p_complaint uuid, p_version bigint, p_device uuid) RETURNS bigint
LANGUAGE plpgsql STABLE AS $$
DECLARE
    under bigint := p_version;
    below bigint;
BEGIN
    LOOP
        SELECT p_version - count(*) INTO below FROM crm.complaint_event e
        WHERE e.complaint_id = p_complaint AND e.version > under AND e.device = p_device::text;
        EXIT WHEN below >= under;
        under := below;
    END LOOP;
    RETURN under;
END
$$;

-- Refuse a step decided on what no longer holds: the state it starts from, or a field it reads that somebody else
-- changed after the version it names. What this desk changed itself, it has seen.
CREATE OR REPLACE FUNCTION crm.refuse_stale(
    o crm.operation_in, p_step crm.procedure_transition, p_head crm.complaint, p_complaint jsonb
) RETURNS void LANGUAGE plpgsql AS $$
DECLARE
    seen CONSTANT bigint := (o.payload ->> 'version')::bigint;
    -- Where several steps waited at the desk, the revision they all were laid on says what had come from here; it may
    -- have come after he looked.
    named bigint := least(o.base_rev, seen);
    changed text[];
BEGIN
    IF o.payload -> 'head' ? 'state' AND o.payload ->> 'from_state' IS DISTINCT FROM p_head.state THEN
        changed := '{state}';
    ELSIF named < p_head.rev THEN
        named := least(o.base_rev, crm.version_under(p_head.id, seen, o.device));
        SELECT array_agg(DISTINCT k COLLATE "C") INTO changed
        FROM crm.complaint_event e, jsonb_object_keys(e.after::jsonb) k
        WHERE e.complaint_id = p_head.id AND e.version > named AND k = ANY (p_step.reads)
          AND e.device IS DISTINCT FROM o.device::text;
    END IF;
    IF changed IS NOT NULL THEN
        PERFORM crm.refuse(
            'conflict', 'The complaint was changed meanwhile: {names}. Look at it again.',
            jsonb_build_object('names', array_to_string(changed, ', ')), changed, p_complaint);
    END IF;
END
$$;

-- The sum of the remedies of a complaint, and of those granted where it repeats or is repeated; not where the one who
-- asks may not know that it does, as the sum would tell him.
CREATE OR REPLACE FUNCTION crm.granted(p_head crm.complaint) RETURNS bigint LANGUAGE sql STABLE AS $$
    SELECT coalesce(sum(r.value), 0)::bigint FROM crm.remedy_line r
    WHERE NOT r.void AND (r.complaint_id = p_head.id OR r.granted_at IS NOT NULL OR r.done_at IS NOT NULL)
      AND r.complaint_id IN (
        SELECT p_head.id UNION SELECT p_head.repeat_of WHERE p_head.repeat_of IS NOT NULL
        UNION SELECT c.id FROM crm.complaint c WHERE c.repeat_of = coalesce(p_head.repeat_of, p_head.id))
      AND NOT EXISTS (
        SELECT 1 FROM crm.complaint c
        WHERE c.id = r.complaint_id AND c.restricted AND c.team_id IS NOT NULL
          AND NOT ARRAY[c.team_id, c.owner_id] && crm.my_audience())
$$;

-- How often a cause came in the last 90 days. By a hash, which takes keys of any length.
CREATE INDEX IF NOT EXISTS complaint_body_cause ON crm.complaint_body USING hash (cause) WHERE cause <> '';
CREATE OR REPLACE FUNCTION crm.cause_seen(p_cause text, p_now timestamptz) RETURNS bigint LANGUAGE sql STABLE AS $$
    SELECT count(*) FROM crm.complaint_body b JOIN crm.complaint c ON c.id = b.id
    WHERE b.cause = p_cause AND b.cause <> '' AND c.received_at >= p_now - interval '2160 hours'
$$;

CREATE OR REPLACE FUNCTION crm.folded(p_text text) RETURNS text LANGUAGE sql IMMUTABLE AS $$
    SELECT lower(translate(
        p_text,
        E'\t\n\v\f\r\x1c\x1d\x1e\x1f \u0085\u00a0\u1680\u2000\u2001\u2002\u2003\u2004\u2005\u2006\u2007'
        || E'\u2008\u2009\u200a\u2028\u2029\u202f\u205f\u3000', ''))
$$;

-- The sentences that the regime demands of a letter of this kind and that the one named lacks.
CREATE OR REPLACE FUNCTION crm.wording_missing(p_regime text, p_letter uuid, p_kind text) RETURNS text[]
LANGUAGE plpgsql STABLE AS $$
DECLARE
    letter crm.letter;
BEGIN
    IF p_letter IS NULL THEN
        RETURN '{}';
    END IF;
    SELECT * INTO letter FROM crm.letter l WHERE l.id = p_letter;
    RETURN ARRAY(
        SELECT w.words FROM (
            SELECT s.n, CASE WHEN letter.language = 'zh' THEN s.zh ELSE s.en END AS words
            FROM crm.regime_sentence s WHERE s.regime = p_regime AND s.letter = p_kind) w
        WHERE position(crm.folded(w.words) IN crm.folded(coalesce(letter.text, ''))) = 0
        ORDER BY w.n);
END
$$;

-- Whoever gets a letter relies on the step before it.
CREATE OR REPLACE FUNCTION crm.last_step(p_head crm.complaint) RETURNS jsonb LANGUAGE sql STABLE AS $$
    SELECT jsonb_build_object(
        'operation_id', e.id, 'actor', nullif(e.author, ''), 'device', e.device, 'at', e.at,
        'can_undo', coalesce(t.undo, false), 'left_the_house', e.left_the_house OR EXISTS (
            SELECT FROM crm.letter l WHERE l.complaint_id = e.complaint_id AND l.sent_at >= e.at))
    FROM crm.complaint_event e LEFT JOIN crm.procedure_transition t ON t.id = e.transition
    WHERE e.id = p_head.last_operation_id
$$;

-- Everything the gates may look at.
CREATE OR REPLACE FUNCTION crm.case_of(
    o crm.operation_in, p_head crm.complaint, p_body crm.complaint_body, p_fields jsonb
) RETURNS crm.step_case LANGUAGE plpgsql AS $$
DECLARE
    k crm.step_case;
    known CONSTANT boolean := p_head.id IS NOT NULL;
    own CONSTANT jsonb := CASE WHEN o.role <> 'system' THEN crm.my_limit() END;
    -- As at a desk, only one whose file he may read: whether it fits would tell whose it is.
    target CONSTANT jsonb := (
        SELECT to_jsonb(c) FROM crm.complaint c JOIN crm.complaint_body b ON b.id = c.id
        WHERE c.id = (p_fields ->> 'target_id')::uuid);
    begun CONSTANT boolean := crm.begin_to_see_all();
BEGIN
    k.complaint := CASE WHEN known THEN to_jsonb(p_body) || to_jsonb(p_head) ELSE '{}' END;
    k.actor := nullif(o.actor, '')::uuid;
    k.role := o.role;
    k.device := coalesce(o.device::text, '');
    k.teams := crm.my_teams();
    k.payload := p_fields;
    k.now := o.at;
    SELECT coalesce((own ->> 'agent')::bigint, l.agent), coalesce((own ->> 'supervisor')::bigint, l.supervisor)
    INTO k.agent_limit, k.supervisor_limit
    FROM crm.procedure_limit l JOIN crm.house h USING (currency);
    k.reopen_days := (SELECT w.reopen_days FROM crm.procedure_window w);
    k.remedies := (
        SELECT jsonb_agg(to_jsonb(r)) FROM crm.remedy_line r WHERE r.complaint_id = p_head.id AND NOT r.void);
    k.approvals := (
        SELECT jsonb_agg(jsonb_build_array(a.approver_id, a.proposal_version)) FROM crm.approval a
        WHERE a.complaint_id = p_head.id AND a.approver_id IS NOT NULL);
    k.granted := crm.granted(p_head);
    IF o.payload ->> 'transition' = 'T16' THEN
        k.cause_seen := crm.cause_seen(coalesce(p_fields ->> 'root_cause', p_body.cause, ''), o.at);
    END IF;
    k.csm := least(p_body.csm, (SELECT s.csm FROM crm.survey s WHERE s.id = (p_fields ->> 'survey_id')::uuid));
    k.wording_missing := crm.wording_missing(p_head.regime, (p_fields ->> 'letter_id')::uuid, 'decision');
    k.target := target;
    k.last := crm.last_step(p_head);
    k.open_states := ARRAY(SELECT s.key FROM crm.procedure_state s WHERE s.open);
    IF begun THEN
        PERFORM crm.cease_to_see_all();
    END IF;
    RETURN k;
END
$$;

-- Fields of a complaint, head and body, in the one form in which values can be compared; all others NULL.
CREATE OR REPLACE FUNCTION crm.as_held(p_fields jsonb) RETURNS jsonb LANGUAGE sql STABLE AS $$
    SELECT to_jsonb(jsonb_populate_record(NULL::crm.complaint_body, p_fields))
        || to_jsonb(jsonb_populate_record(NULL::crm.complaint, p_fields))
$$;

-- What was filled in, by the fields of the complaint that it is for.
CREATE OR REPLACE FUNCTION crm.filled_in(p_step crm.procedure_transition, p_fields jsonb) RETURNS jsonb
LANGUAGE sql STABLE AS $$
    SELECT coalesce(jsonb_object_agg(s.key, f.given), '{}')
    FROM jsonb_each_text(p_step.sets) s, nullif(p_fields #> string_to_array(s.value, '.'), 'null') f(given)
    WHERE s.value <> '' AND f.given IS NOT NULL AND p_fields -> s.value IS DISTINCT FROM '""'
$$;

-- Whether a field that was not filled in is as it was, or empty where the procedure says so. Empty is as in a new
-- complaint, which is also how it was before the first step.
CREATE OR REPLACE FUNCTION crm.is_left(
    p_step crm.procedure_transition, p_complaint jsonb, p_name text, p_held jsonb
) RETURNS boolean LANGUAGE plpgsql STABLE AS $$
DECLARE
    empty CONSTANT jsonb := (to_jsonb(crm.new_complaint_body()) || to_jsonb(crm.new_complaint())) -> p_name;
BEGIN
    RETURN p_held = coalesce(p_complaint -> p_name, empty) OR (p_name = ANY (p_step.emptied) AND p_held = empty);
END
$$;

-- What a step sets: the fields that the procedure says, the state it leads to, the values of its payload and nothing
-- where it was not filled in, and in the name of nobody else.
CREATE OR REPLACE FUNCTION crm.check_sets(
    p_step crm.procedure_transition, k crm.step_case, p_set jsonb
) RETURNS void LANGUAGE plpgsql AS $$
DECLARE
    every CONSTANT text[] := '{state,next_clock,next_due_at}';
    known CONSTANT text[] := ARRAY(SELECT jsonb_object_keys(p_step.sets));
    version CONSTANT bigint := coalesce((k.complaint ->> 'proposal_version')::bigint, 0);
    filled CONSTANT jsonb := crm.filled_in(p_step, k.payload);
    told CONSTANT jsonb := crm.as_held(filled);
    held CONSTANT jsonb := crm.as_held(p_set);
    name text;
    source text;
BEGIN
    IF p_set - known - every <> '{}' THEN
        PERFORM crm.refuse_names(
            ARRAY(SELECT n FROM jsonb_object_keys(p_set - known - every) n ORDER BY n COLLATE "C"));
    END IF;
    IF coalesce(p_set ->> 'state', '') <> p_step.target THEN
        PERFORM crm.refuse_value('state');
    END IF;
    FOR name, source IN SELECT * FROM jsonb_each_text(p_step.sets) WHERE value <> '' LOOP
        IF source = '@actor' THEN
            IF p_set ->> name IS DISTINCT FROM k.actor::text THEN
                PERFORM crm.refuse('denied', 'Nobody signs with the name of somebody else.');
            END IF;
        ELSIF (filled ? name AND held -> name IS DISTINCT FROM told -> name)
              OR (NOT filled ? name AND p_set ? name AND NOT crm.is_left(p_step, k.complaint, name, held -> name)) THEN
            PERFORM crm.refuse_value(name);
        END IF;
    END LOOP;
    IF p_step.sets ? 'proposal_version' AND (p_set ->> 'proposal_version')::bigint IS DISTINCT FROM version + 1 THEN
        PERFORM crm.refuse(
            'conflict', 'The proposal was changed meanwhile. Look at it again before you approve it.', '{}',
            '{proposal_version}', k.complaint);
    END IF;
END
$$;

-- What undoing sets: exactly what the last step had changed, as it was before; but a version of a proposal is used once,
-- else a yes to the proposal taken back would count for the next one.
CREATE OR REPLACE FUNCTION crm.check_undone(p_head crm.complaint, p_set jsonb) RETURNS void LANGUAGE plpgsql AS $$
DECLARE
    free CONSTANT text[] := '{next_clock,next_due_at,remedy_total}';
    held CONSTANT jsonb := crm.as_held(p_set);
    before jsonb;
    told jsonb;
    name text;
BEGIN
    SELECT e.before::jsonb - 'proposal_version' INTO before
    FROM crm.complaint_event e WHERE e.id = p_head.last_operation_id;
    told := crm.as_held(before);
    FOR name IN SELECT jsonb_object_keys(p_set) UNION SELECT jsonb_object_keys(before) LOOP
        IF name <> ALL (free) AND held -> name IS DISTINCT FROM told -> name THEN
            PERFORM crm.refuse_value(name);
        END IF;
    END LOOP;
END
$$;

-- The letter that a step names is one about this complaint.
CREATE OR REPLACE FUNCTION crm.check_letter(o crm.operation_in, p_head crm.complaint, p_letter jsonb) RETURNS void
LANGUAGE plpgsql AS $$
DECLARE
    about uuid;
    kind text;
BEGIN
    IF coalesce(p_letter, 'null') = 'null' THEN
        RETURN;
    END IF;
    SELECT l.complaint_id, l.kind INTO about, kind FROM crm.letter l WHERE l.id = (p_letter #>> '{}')::uuid;
    IF NOT FOUND THEN
        PERFORM crm.wait_for_parent(o);
        PERFORM crm.refuse('gone', 'There is no such letter. Make it first.', '{}', '{letter_id}');
    ELSIF about IS DISTINCT FROM p_head.id THEN
        PERFORM crm.refuse(
            'invalid', 'This letter is about another complaint. Make one for this complaint first.', '{}',
            '{letter_id}');
    ELSIF kind <> ALL (CASE o.payload ->> 'transition'
            WHEN 'T3' THEN '{rejection}'::text[] WHEN 'T9' THEN '{decision,summary}' ELSE ARRAY[kind] END) THEN
        PERFORM crm.refuse(
            'invalid', 'This letter does not tell the decision. Make the one that does first.', '{}', '{letter_id}');
    END IF;
END
$$;

-- The survey that a step names is one about this complaint.
CREATE OR REPLACE FUNCTION crm.check_survey(o crm.operation_in, p_head crm.complaint, p_survey jsonb) RETURNS void
LANGUAGE plpgsql AS $$
DECLARE
    about uuid;
BEGIN
    IF coalesce(p_survey, 'null') = 'null' THEN
        RETURN;
    END IF;
    SELECT s.complaint_id INTO about FROM crm.survey s WHERE s.id = (p_survey #>> '{}')::uuid;
    IF NOT FOUND THEN
        PERFORM crm.gone(o, 'survey');
    ELSIF about IS DISTINCT FROM p_head.id THEN
        PERFORM crm.refuse(
            'invalid', 'This survey is about another complaint. Choose one about this complaint.', '{}',
            '{survey_id}');
    END IF;
END
$$;

-- Whoever takes no steps owns no complaint; of who is not known here nothing is known.
CREATE OR REPLACE FUNCTION crm.check_owner(p_field text, p_owner jsonb) RETURNS void LANGUAGE plpgsql AS $$
DECLARE
    named CONSTANT text := (
        SELECT coalesce(nullif(a.name_en, ''), nullif(a.name_zh, ''), a.login) FROM crm.agent a
        WHERE a.id = (p_owner #>> '{}')::uuid AND (a.role IN ('administrator', 'auditor') OR NOT a.active));
BEGIN
    IF named IS NOT NULL THEN
        PERFORM crm.refuse(
            'invalid', '{name} handles no complaints. Choose another owner.', jsonb_build_object('name', named),
            ARRAY[p_field]);
    END IF;
END
$$;

-- The step with the team of the new owner, and its tasks with it: a desk may not know yet, or say otherwise, to which
-- one he belongs. Who belongs to several may take a complaint to any of them; of who is not known here nothing is known.
CREATE OR REPLACE FUNCTION crm.in_owners_team(o crm.operation_in) RETURNS crm.operation_in LANGUAGE plpgsql AS $$
DECLARE
    head CONSTANT jsonb := o.payload -> 'head';
    owner CONSTANT uuid := head ->> 'owner_id';
    team uuid;
BEGIN
    IF owner IS NULL OR o.payload ->> 'transition' NOT IN ('T1', 'T2', 'H1', 'D1') THEN
        RETURN o;
    END IF;
    SELECT a.team_id INTO team FROM crm.agent a WHERE a.id = owner;
    IF NOT FOUND OR (head ? 'team_id' AND head ->> 'team_id' IS NOT DISTINCT FROM team::text)
       OR crm.is_member(owner, (head ->> 'team_id')::uuid) THEN
        RETURN o;
    END IF;
    o.payload := o.payload || jsonb_build_object(
        'head', head || jsonb_build_object('team_id', team),
        'tasks', (
            SELECT coalesce(jsonb_agg(t || jsonb_build_object('team_id', team) ORDER BY n), '[]')
            FROM jsonb_array_elements(o.payload -> 'tasks') WITH ORDINALITY AS e(t, n)));
    RETURN o;
END
$$;

CREATE OR REPLACE FUNCTION crm.is_member(p_agent uuid, p_team uuid) RETURNS boolean
LANGUAGE sql STABLE SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
    SELECT EXISTS (
        SELECT FROM crm.person p JOIN crm.member m USING (login) WHERE p.agent_id = p_agent AND m.team = p_team)
$$;

-- Refuse a step whose clocks moved, or whose tasks are due, at another time than it was done at: the desk's own clock was
-- wrong. Test profiles may set theirs.
CREATE OR REPLACE FUNCTION crm.check_moments(o crm.operation_in) RETURNS void LANGUAGE plpgsql AS $$
BEGIN
    IF EXISTS (SELECT FROM (
           SELECT l ->> 'at' AS moment FROM jsonb_array_elements(o.payload -> 'lines') l
           UNION ALL SELECT t ->> 'due_at' FROM jsonb_array_elements(o.payload -> 'tasks') t WHERE o.role <> 'system'
           UNION ALL SELECT crm.moment_of_step(o.payload)) m
           WHERE abs(extract(epoch FROM m.moment::timestamptz - o.at)) > 3600)
       AND NOT o.again AND NOT (SELECT m.test FROM crm.meta m) THEN
        PERFORM crm.refuse(
            'invalid', 'The clock of this computer was wrong when this was done. Take the step again.', '{}', '{at}');
    END IF;
END
$$;

-- What a desk did by itself while it worked alone, when its calendar got a new edition: dates of clocks anew, and with
-- that of the follow-up the one from which the customer is asked.
CREATE OR REPLACE FUNCTION crm.judge_recount(o crm.operation_in, p_head crm.complaint, p_set jsonb) RETURNS void
LANGUAGE plpgsql AS $$
BEGIN
    IF p_set - '{next_clock,next_due_at,follow_up_at}'::text[] <> '{}' OR o.payload -> 'granted' <> '[]'
       OR o.payload -> 'marked' <> '{}' OR o.payload -> 'taken_back' <> '[]' OR o.payload -> 'tasks' <> '[]'
       OR EXISTS (SELECT 1 FROM jsonb_array_elements(o.payload -> 'lines') l WHERE l ->> 'event' <> 'recompute')
       OR (p_set ? 'follow_up_at' AND NOT EXISTS (
           SELECT 1 FROM jsonb_array_elements(o.payload -> 'lines') l WHERE l ->> 'clock' = 'follow_up')) THEN
        PERFORM crm.refuse('invalid', 'This operation is not well formed.');
    END IF;
    PERFORM crm.check_lines(o, p_head, p_set);
END
$$;

-- A complaint of another system: an administrator takes it over, marked as such and once, in a state there is. No gate is
-- asked, because it went its way elsewhere.
CREATE OR REPLACE FUNCTION crm.judge_import(o crm.operation_in, p_set jsonb) RETURNS void LANGUAGE plpgsql AS $$
DECLARE
    source CONSTANT text := coalesce(p_set ->> 'external_id', '');
    known text;
BEGIN
    IF o.role <> 'administrator' THEN
        PERFORM crm.refuse('denied', 'Only an administrator takes over complaints of another system.');
    END IF;
    IF p_set -> 'imported' IS DISTINCT FROM 'true' THEN
        PERFORM crm.refuse_value('imported');
    END IF;
    IF NOT EXISTS (SELECT 1 FROM crm.procedure_state s WHERE s.key = p_set ->> 'state') THEN
        PERFORM crm.refuse_value('state');
    END IF;
    SELECT c.number INTO known FROM crm.complaint c
    WHERE source <> '' AND c.external_id = source AND c.external_id <> ''
      AND hashtextextended(c.external_id, 0) = hashtextextended(source, 0)
      AND c.id IS DISTINCT FROM (o.payload ->> 'id')::uuid;
    IF FOUND THEN
        PERFORM crm.refuse(
            'invalid', 'The complaint {number} is here already. An import does not change it.',
            jsonb_build_object('number', known), '{external_id}');
    END IF;
END
$$;

-- Refuse the step with code, sentence and the row as it stands, or return in peace. p_head and p_body are the rows as
-- they are locked, all NULL for the first step.
CREATE OR REPLACE FUNCTION crm.judge_step(
    o crm.operation_in, p_head crm.complaint, p_body crm.complaint_body
) RETURNS void LANGUAGE plpgsql AS $$
DECLARE
    name CONSTANT text := crm.asked_text(o.payload, 'transition');
    fields CONSTANT jsonb := crm.asked(o.payload, 'fields');
    changes CONSTANT jsonb := coalesce(o.payload -> 'head', '{}') || coalesce(o.payload -> 'body', '{}');
    step crm.procedure_transition;
    k crm.step_case;
    refusal jsonb;
BEGIN
    IF name = 'import' THEN
        PERFORM crm.judge_import(o, changes);
        RETURN;
    END IF;
    IF name = 'calendar' THEN
        PERFORM crm.judge_recount(o, p_head, changes);
        RETURN;
    END IF;
    SELECT * INTO step FROM crm.procedure_transition t WHERE t.id = name;
    IF NOT FOUND THEN
        PERFORM crm.refuse(
            'unknown_kind', 'This server is older than the desk and does not know the operation {kind} yet.',
            jsonb_build_object('kind', left(name, 100)));
    END IF;
    IF p_head.id IS NOT NULL THEN
        PERFORM crm.refuse_stale(o, step, p_head, to_jsonb(p_body) || to_jsonb(p_head));
    END IF;
    PERFORM crm.check_fields(name, fields), crm.check_letter(o, p_head, fields -> 'letter_id'),
            crm.check_survey(o, p_head, fields -> 'survey_id'), crm.check_owner('owner', fields -> 'owner'),
            crm.check_owner('to', fields -> 'to');
    k := crm.case_of(o, p_head, p_body, fields);
    refusal := crm.verdict(name, k);
    IF refusal IS NOT NULL THEN
        PERFORM crm.refuse('illegal', refusal ->> 'why', refusal -> 'values', '{}', nullif(k.complaint, '{}'));
    END IF;
    IF name = 'U1' THEN
        PERFORM crm.check_undone(p_head, changes);
    ELSE
        PERFORM crm.check_sets(step, k, changes);
    END IF;
    PERFORM crm.check_rows(o, name, k), crm.check_lines(o, p_head, changes);
    IF o.role <> 'system' THEN  -- what time does is worked out here
        PERFORM crm.check_worked_out(name, o, k, changes), crm.check_errands(step, o, k);
    END IF;
    IF name = 'D1' THEN
        PERFORM crm.check_administered(o, k.payload, changes);
    END IF;
    IF name <> 'T1' THEN
        PERFORM crm.check_moments(o);
    END IF;
END
$$;
