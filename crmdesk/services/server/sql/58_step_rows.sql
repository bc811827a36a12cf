-- What a step may write besides the fields of its complaint: promises, marks on them, and what becomes of the complaint
-- merged into. All of it follows from the payload that the gates looked at; anything else is a promise nobody approved.

-- The marks that a step lays over remedies: those it names when they were carried out, or the one that failed.
CREATE OR REPLACE FUNCTION crm.marks_of(p_step text, p_fields jsonb, o crm.operation_in) RETURNS jsonb
LANGUAGE sql STABLE AS $$
    SELECT CASE p_step
        WHEN 'T11' THEN (
            SELECT coalesce(jsonb_object_agg(r ->> 'id', r - 'id' ORDER BY n), '{}')
            FROM jsonb_array_elements(p_fields -> 'remedies_state') WITH ORDINALITY AS e(r, n))
        WHEN 'T14' THEN jsonb_build_object(p_fields ->> 'remedy_id', jsonb_build_object(
            'done_at', NULL, 'failed_at', coalesce(
                to_jsonb(crm.moment_of_step(o.payload)),
                o.payload #> ARRAY['marked', p_fields ->> 'remedy_id', 'failed_at'])))
        ELSE '{}' END
$$;

-- When the complaint that this one was merged into came in, itself or with others merged into it.
CREATE OR REPLACE FUNCTION crm.received_without(p_merged uuid, p_into uuid) RETURNS timestamptz
LANGUAGE sql STABLE AS $$
    SELECT min(r) FROM (
        SELECT (e.after::jsonb ->> 'received_at')::timestamptz AS r FROM crm.complaint_event e
        WHERE e.complaint_id = p_into AND e.version = 1
        UNION ALL
        SELECT c.received_at FROM crm.complaint c WHERE c.merged_into = p_into AND c.id <> p_merged) received
$$;

-- Refuse a merge that gives the other complaint anything but the earlier receipt of both, and an undo of it anything but
-- the one it had.
CREATE OR REPLACE FUNCTION crm.check_target(p_step text, p_target jsonb, k crm.step_case) RETURNS void
LANGUAGE plpgsql AS $$
DECLARE
    head CONSTANT jsonb := p_target -> 'head';
    other CONSTANT uuid := CASE p_step
        WHEN 'T19' THEN k.payload ->> 'target_id' WHEN 'U1' THEN k.complaint ->> 'merged_into' END;
    received timestamptz;
BEGIN
    IF coalesce(p_target, 'null') = 'null' THEN
        RETURN;
    END IF;
    received := CASE p_step
        WHEN 'T19' THEN least(
            (k.complaint ->> 'received_at')::timestamptz, (k.target ->> 'received_at')::timestamptz)
        WHEN 'U1' THEN crm.received_without((k.complaint ->> 'id')::uuid, other) END;
    IF other IS NULL OR p_target ->> 'id' IS DISTINCT FROM other::text
       OR head - '{received_at,next_clock,next_due_at}'::text[] <> '{}'
       OR (head ->> 'received_at')::timestamptz IS DISTINCT FROM received THEN
        PERFORM crm.refuse_value('target');
    END IF;
END
$$;

CREATE OR REPLACE FUNCTION crm.check_rows(o crm.operation_in, p_step text, k crm.step_case) RETURNS void
LANGUAGE plpgsql AS $$
DECLARE
    promised CONSTANT jsonb := (
        SELECT coalesce(jsonb_agg(g - 'id' ORDER BY n), '[]')
        FROM jsonb_array_elements(o.payload -> 'granted') WITH ORDINALITY AS e(g, n));
    taken_back CONSTANT jsonb := CASE WHEN p_step = 'U1' THEN (
        SELECT to_jsonb(e.remedies) FROM crm.complaint_event e WHERE e.id = (k.last ->> 'operation_id')::uuid) END;
BEGIN
    IF promised <> coalesce(k.payload -> 'remedies', '[]') THEN
        PERFORM crm.refuse_value('granted');
    ELSIF o.payload -> 'marked' <> crm.marks_of(p_step, k.payload, o) THEN
        PERFORM crm.refuse_value('marked');
    ELSIF o.payload -> 'taken_back' <> coalesce(taken_back, '[]') THEN
        PERFORM crm.refuse_value('taken_back');
    END IF;
    PERFORM crm.check_target(p_step, o.payload -> 'target', k);
END
$$;

-- What an administrator writes: the texts he corrects and, with a new owner, what a hand-over writes. No clock moves.
CREATE OR REPLACE FUNCTION crm.check_administered(o crm.operation_in, p_fields jsonb, p_set jsonb) RETURNS void
LANGUAGE plpgsql AS $$
DECLARE
    handed CONSTANT boolean := p_fields ->> 'to' IS NOT NULL;
    corrected CONSTANT text[] := ARRAY(
        SELECT jsonb_object_keys(coalesce(nullif(p_fields -> 'corrections', 'null'), '{}')));
    told CONSTANT jsonb := p_set - corrected - '{next_clock,next_due_at}'::text[]
        - CASE WHEN handed THEN '{owner_id,handed_over_by,hand_overs,team_id}' ELSE '{}' END::text[];
BEGIN
    IF told <> '{}' THEN
        PERFORM crm.refuse_names(ARRAY(SELECT n FROM jsonb_object_keys(told) n ORDER BY n COLLATE "C"));
    ELSIF o.payload -> 'lines' <> '[]' THEN
        PERFORM crm.refuse_value('lines');
    END IF;
END
$$;
