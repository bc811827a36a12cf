-- What must hold before a step of the procedure: the predicates of crmdesk/models/gates.py under the same names, with
-- the same sentences. Each looks at one case and returns NULL when it holds, else {"why": …, "values": {…}}.

CREATE OR REPLACE FUNCTION crm.lacks(p_why text, p_values jsonb DEFAULT '{}') RETURNS jsonb
LANGUAGE sql IMMUTABLE AS $$
    SELECT jsonb_build_object('why', p_why, 'values', p_values)
$$;

CREATE OR REPLACE FUNCTION crm.gate_complainant_told(k crm.step_case) RETURNS jsonb LANGUAGE sql STABLE AS $$
    SELECT CASE
        WHEN k.payload ->> 'customer_id' <> '' THEN NULL
        WHEN (k.payload ->> 'unidentified')::boolean IS NOT TRUE
            THEN crm.lacks('Say who complains, or choose: not identified.')
        WHEN k.payload ->> 'call_id' <> '' THEN NULL
        ELSE crm.lacks('A complaint of somebody not identified needs the call.')
    END
$$;

-- Whether it was told when something was, and that does not lie ahead, by a clock that is not quite right.
CREATE OR REPLACE FUNCTION crm.is_over(k crm.step_case, p_moment text) RETURNS boolean LANGUAGE sql STABLE AS $$
    SELECT coalesce(nullif(p_moment, '')::timestamptz <= k.now + interval '2 minutes', false)
$$;

CREATE OR REPLACE FUNCTION crm.gate_received_not_later(k crm.step_case) RETURNS jsonb LANGUAGE sql STABLE AS $$
    SELECT CASE WHEN ((k.payload ->> 'received_at')::timestamptz <= k.now + interval '2 minutes') IS NOT TRUE
        THEN crm.lacks('It cannot have been received later than now. Check the time of receipt.') END
$$;

CREATE OR REPLACE FUNCTION crm.gate_facts_told(k crm.step_case) RETURNS jsonb LANGUAGE sql STABLE AS $$
    SELECT CASE WHEN (char_length(k.payload ->> 'what_happened') >= 10) IS NOT TRUE
        THEN crm.lacks('Tell what happened in {count} characters at least.', '{"count": 10}') END
$$;

CREATE OR REPLACE FUNCTION crm.gate_checklist_holds(k crm.step_case) RETURNS jsonb LANGUAGE plpgsql STABLE AS $$
DECLARE
    points CONSTANT text[] := ARRAY['ours', 'facts', 'in_time', 'undecided', 'not_query'];
    given CONSTANT jsonb := coalesce(k.payload -> 'checklist', '{}');
    missing text;
BEGIN
    SELECT string_agg(p, ', ' ORDER BY n) INTO missing FROM unnest(points) WITH ORDINALITY AS e(p, n)
    WHERE (given -> p) IS DISTINCT FROM 'true';
    RETURN CASE WHEN missing IS NOT NULL THEN crm.lacks(
        'The check-list of acceptance does not hold: {names}. Reject it instead.',
        jsonb_build_object('names', missing)) END;
END
$$;

CREATE OR REPLACE FUNCTION crm.gate_containment_for_safety(k crm.step_case) RETURNS jsonb
LANGUAGE sql STABLE AS $$
    SELECT CASE WHEN k.payload ->> 'severity' = 'S1' AND coalesce(k.payload ->> 'containment', '') = ''
        THEN crm.lacks('With severity S1, say what was done at once so that nothing worse happens.') END
$$;

CREATE OR REPLACE FUNCTION crm.gate_owner_reached_out(k crm.step_case) RETURNS jsonb LANGUAGE sql STABLE AS $$
    SELECT CASE
        WHEN crm.is_over(k, k.payload ->> 'contacted_at') THEN NULL
        WHEN (SELECT count(DISTINCT a::timestamptz) FROM jsonb_array_elements_text(
            coalesce(k.payload -> 'attempts', '[]')) a WHERE crm.is_over(k, a)) >= 2 THEN NULL
        ELSE crm.lacks('The owner has to have spoken with the customer, or tried twice. Enter when.')
    END
$$;

CREATE OR REPLACE FUNCTION crm.gate_until_ahead(k crm.step_case) RETURNS jsonb LANGUAGE sql STABLE AS $$
    SELECT CASE WHEN ((k.payload ->> 'until')::timestamptz > k.now) IS NOT TRUE
        THEN crm.lacks('Wait until a time that is still to come.') END
$$;

CREATE OR REPLACE FUNCTION crm.gate_wait_over_for_system(k crm.step_case) RETURNS jsonb LANGUAGE sql STABLE AS $$
    SELECT CASE WHEN k.role = 'system' AND ((k.complaint ->> 'wait_until')::timestamptz <= k.now) IS NOT TRUE
        THEN crm.lacks('The wait is not over yet.') END
$$;

CREATE OR REPLACE FUNCTION crm.gate_cause_is_leaf(k crm.step_case) RETURNS jsonb LANGUAGE sql STABLE AS $$
    SELECT CASE WHEN coalesce(k.payload ->> 'cause', '') = '' THEN crm.lacks('Choose the cause that was found.') END
$$;

CREATE OR REPLACE FUNCTION crm.gate_remedies_named(k crm.step_case) RETURNS jsonb LANGUAGE sql STABLE AS $$
    SELECT CASE
        WHEN coalesce(k.payload -> 'remedies', '[]') = '[]'
            THEN crm.lacks('Name what the customer gets; choose none if it is nothing.')
        WHEN jsonb_array_length(k.payload -> 'remedies') > 1 AND k.payload -> 'remedies' @> '[{"type": "none"}]'
            THEN crm.lacks('Either no remedy or some: take the line none out.')
    END
$$;

CREATE OR REPLACE FUNCTION crm.gate_proposal_current(k crm.step_case) RETURNS jsonb LANGUAGE sql STABLE AS $$
    SELECT CASE WHEN k.payload -> 'proposal_version' IS DISTINCT FROM k.complaint -> 'proposal_version'
        THEN crm.lacks('The proposal was changed meanwhile. Look at it again before you approve it.') END
$$;

CREATE OR REPLACE FUNCTION crm.gate_told_by_letter_or_call(k crm.step_case) RETURNS jsonb
LANGUAGE sql STABLE AS $$
    SELECT CASE WHEN coalesce(k.payload ->> 'letter_id', k.payload ->> 'call_id', '') = ''
        THEN crm.lacks('Make the letter, or name the call in which the decision was told.') END
$$;

-- One's own up to one's limit if minor; else a supervisor's yes, above his limit two, none the proposer's. With the yes
-- of all who are needed, whoever handles the complaint tells the decision.
CREATE OR REPLACE FUNCTION crm.gate_approvals_enough(k crm.step_case) RETURNS jsonb LANGUAGE plpgsql STABLE AS $$
DECLARE
    proposer CONSTANT text := k.complaint ->> 'proposer_id';
    own CONSTANT boolean := k.actor::text IS NOT DISTINCT FROM proposer;
    minor CONSTANT boolean := coalesce(k.complaint ->> 'severity' IN ('S3', 'S4'), false);
    most CONSTANT bigint := CASE WHEN k.role = 'agent' THEN k.agent_limit ELSE k.supervisor_limit END;
    needed CONSTANT integer := CASE WHEN k.granted <= k.supervisor_limit THEN 1 ELSE 2 END;
    approvers text[];
BEGIN
    IF own AND minor AND k.granted <= most THEN
        RETURN NULL;
    END IF;
    SELECT array_agg(a ->> 0) INTO approvers FROM jsonb_array_elements(coalesce(k.approvals, '[]')) a
    WHERE a -> 1 = k.complaint -> 'proposal_version';
    IF k.role <> 'agent' THEN
        approvers := approvers || coalesce(k.actor::text, '');
    END IF;
    IF (SELECT count(DISTINCT a) FROM unnest(approvers) a WHERE a <> coalesce(proposer, '')) >= needed THEN
        RETURN NULL;
    END IF;
    RETURN crm.lacks(CASE
        WHEN k.role = 'agent' THEN 'This needs the approval of a supervisor.'
        WHEN own THEN 'Nobody approves a proposal of his own beyond his limit. Ask another supervisor.'
        ELSE 'Above the limit two supervisors approve; yours is kept as the first.' END);
END
$$;

CREATE OR REPLACE FUNCTION crm.gate_regime_wording_present(k crm.step_case) RETURNS jsonb
LANGUAGE sql STABLE AS $$
    SELECT CASE WHEN cardinality(k.wording_missing) > 0 THEN crm.lacks(
        'The letter lacks what the regime demands: {names}.',
        jsonb_build_object('names', array_to_string(k.wording_missing, ' · '))) END
$$;

CREATE OR REPLACE FUNCTION crm.gate_answer_known(k crm.step_case) RETURNS jsonb LANGUAGE sql STABLE AS $$
    SELECT CASE
        WHEN k.payload ->> 'how' IS DISTINCT FROM 'window_over' THEN
            CASE WHEN coalesce(k.payload ->> 'accepted_by', '') = '' THEN crm.lacks('Say who accepted it.') END
        WHEN ((k.complaint ->> 'answer_until')::timestamptz <= k.now) IS NOT TRUE THEN crm.lacks(
            'The customer can still answer. Wait until the window is over, or enter the answer.')
    END
$$;

CREATE OR REPLACE FUNCTION crm.gate_remedies_done_or_ordered(k crm.step_case) RETURNS jsonb
LANGUAGE sql STABLE AS $$
    SELECT CASE WHEN EXISTS (
            SELECT 1 FROM jsonb_array_elements(coalesce(k.remedies, '[]')) r
            WHERE r ->> 'type' <> 'none' AND r ->> 'done_at' IS NULL AND coalesce((
                SELECT NOT crm.is_over(k, t ->> 'done_at') AND coalesce(t ->> 'order_id', '') = ''
                FROM jsonb_array_elements(coalesce(k.payload -> 'remedies_state', '[]')) WITH ORDINALITY AS e(t, n)
                WHERE t ->> 'id' = r ->> 'id' ORDER BY n DESC LIMIT 1), true))
        THEN crm.lacks('Each remedy has to be done or ordered first.') END
$$;

CREATE OR REPLACE FUNCTION crm.gate_severity_minor_given(k crm.step_case) RETURNS jsonb LANGUAGE sql STABLE AS $$
    SELECT CASE WHEN (k.payload ->> 'severity' IN ('S3', 'S4')) IS NOT TRUE
        THEN crm.lacks('Only S3 and S4 are solved on the call. Accept it and assess it.') END
$$;

CREATE OR REPLACE FUNCTION crm.gate_customer_agreed(k crm.step_case) RETURNS jsonb LANGUAGE sql STABLE AS $$
    SELECT CASE WHEN k.payload -> 'customer_agreed' IS DISTINCT FROM 'true'::jsonb
        THEN crm.lacks('The customer has to agree.') END
$$;

CREATE OR REPLACE FUNCTION crm.gate_remedies_within_own_limit(k crm.step_case) RETURNS jsonb
LANGUAGE sql STABLE AS $$
    SELECT CASE WHEN k.granted + coalesce((
            SELECT sum((r ->> 'value')::bigint) FROM jsonb_array_elements(coalesce(k.payload -> 'remedies', '[]')) r), 0)
            > CASE WHEN k.role = 'supervisor' THEN k.supervisor_limit ELSE k.agent_limit END
        THEN crm.lacks('This is more than you may grant alone. Propose it instead.') END
$$;

CREATE OR REPLACE FUNCTION crm.gate_remedy_known(k crm.step_case) RETURNS jsonb LANGUAGE sql STABLE AS $$
    SELECT CASE WHEN NOT EXISTS (
            SELECT 1 FROM jsonb_array_elements(coalesce(k.remedies, '[]')) r
            WHERE r ->> 'id' = k.payload ->> 'remedy_id')
        THEN crm.lacks('Choose the remedy that failed.') END
$$;

CREATE OR REPLACE FUNCTION crm.gate_follow_up_due(k crm.step_case) RETURNS jsonb LANGUAGE sql STABLE AS $$
    SELECT CASE WHEN ((k.complaint ->> 'follow_up_at')::timestamptz <= k.now) IS NOT TRUE
        THEN crm.lacks('The follow-up is not due yet.') END
$$;

CREATE OR REPLACE FUNCTION crm.gate_score_not_below_zero(k crm.step_case) RETURNS jsonb LANGUAGE sql STABLE AS $$
    SELECT CASE WHEN k.csm < 0 THEN crm.lacks('With a score below zero a supervisor closes.') END
$$;

CREATE OR REPLACE FUNCTION crm.gate_not_sampled(k crm.step_case) RETURNS jsonb LANGUAGE sql STABLE AS $$
    SELECT CASE WHEN k.complaint -> 'sampled' IS DISTINCT FROM 'false'::jsonb
        THEN crm.lacks('The customer is still to be asked.') END
$$;

-- Whether the system closes what was not to be followed up: then nobody was asked and nothing confirmed.
CREATE OR REPLACE FUNCTION crm.left_out(k crm.step_case) RETURNS boolean LANGUAGE sql STABLE AS $$
    SELECT k.role = 'system' AND crm.gate_not_sampled(k) IS NULL
$$;

CREATE OR REPLACE FUNCTION crm.gate_customer_asked_or_tried(k crm.step_case) RETURNS jsonb
LANGUAGE sql STABLE AS $$
    SELECT CASE
        WHEN k.payload ->> 'survey_id' <> '' OR k.payload -> 'declined' = 'true' OR crm.left_out(k) THEN NULL
        WHEN (SELECT count(DISTINCT a ->> 'part') >= 3
              FROM jsonb_array_elements(coalesce(k.payload -> 'attempts', '[]')) a
              WHERE crm.is_over(k, a ->> 'time')) THEN NULL
        ELSE crm.lacks(
            'Ask the customer first, or try three times: in the morning, the afternoon and the evening.')
    END
$$;

CREATE OR REPLACE FUNCTION crm.gate_cause_is_leaf_confirmed(k crm.step_case) RETURNS jsonb
LANGUAGE sql STABLE AS $$
    SELECT CASE WHEN coalesce(k.payload ->> 'root_cause', '') = '' AND NOT crm.left_out(k)
        THEN crm.lacks('Confirm the cause before closing.') END
$$;

CREATE OR REPLACE FUNCTION crm.gate_corrective_action_decided(k crm.step_case) RETURNS jsonb
LANGUAGE sql STABLE AS $$
    SELECT CASE WHEN k.complaint ->> 'severity' IN ('S1', 'S2') AND k.payload -> 'corrective_action' IS NULL
        THEN crm.lacks('With severity S1 or S2, decide on a corrective action, and say why.') END
$$;

CREATE OR REPLACE FUNCTION crm.gate_corrective_action_for_frequent_cause(k crm.step_case) RETURNS jsonb
LANGUAGE sql STABLE AS $$
    SELECT CASE WHEN k.cause_seen >= 3 AND k.payload -> 'corrective_action' IS NULL THEN crm.lacks(
        'This cause came {count} times in 90 days: decide on a corrective action, and say why.',
        jsonb_build_object('count', k.cause_seen)) END
$$;

CREATE OR REPLACE FUNCTION crm.gate_dissatisfied(k crm.step_case) RETURNS jsonb LANGUAGE sql STABLE AS $$
    SELECT CASE WHEN (k.payload -> 'asked' = 'true' OR (k.payload ->> 'score')::integer <= -30) IS NOT TRUE
        THEN crm.lacks('It goes on when the score is -30 or less, or the customer asks for it.') END
$$;

CREATE OR REPLACE FUNCTION crm.gate_target_fits(k crm.step_case) RETURNS jsonb LANGUAGE sql STABLE AS $$
    SELECT CASE
        WHEN k.target IS NULL OR k.target ->> 'id' = k.complaint ->> 'id'
            OR k.target ->> 'state' <> ALL (k.open_states)
            THEN crm.lacks('Choose another complaint that is still open.')
        WHEN k.target ->> 'customer_id' = k.complaint ->> 'customer_id'
            OR k.payload -> 'class_action' = 'true' THEN NULL
        ELSE crm.lacks('The other complaint is of somebody else. Merge it only as a matter of many people.')
    END
$$;

CREATE OR REPLACE FUNCTION crm.gate_within_reopen_window(k crm.step_case) RETURNS jsonb LANGUAGE sql STABLE AS $$
    SELECT CASE WHEN (k.now <= coalesce(k.complaint ->> 'closed_at', k.complaint ->> 'resolved_at')::timestamptz
            + make_interval(hours => 24 * k.reopen_days)) IS NOT TRUE
        THEN crm.lacks(
            'It ended more than {days} days ago. A supervisor can reopen it.',
            jsonb_build_object('days', k.reopen_days)) END
$$;

CREATE OR REPLACE FUNCTION crm.gate_not_who_rejected(k crm.step_case) RETURNS jsonb LANGUAGE sql STABLE AS $$
    SELECT CASE WHEN k.actor::text IS NOT DISTINCT FROM k.complaint ->> 'rejected_by'
        THEN crm.lacks('Somebody else than who rejected it has to decide on the appeal.') END
$$;

CREATE OR REPLACE FUNCTION crm.gate_level_falls_only_by_supervisor(k crm.step_case) RETURNS jsonb
LANGUAGE plpgsql STABLE AS $$
DECLARE
    level CONSTANT integer := coalesce((k.complaint ->> 'level')::integer, 0);
    wanted CONSTANT integer := coalesce((k.payload ->> 'to_level')::integer, 0);
BEGIN
    IF wanted = level THEN
        RETURN crm.lacks('It has this level already.');
    END IF;
    RETURN CASE WHEN wanted < level AND k.role <> 'supervisor'
        THEN crm.lacks('Only a supervisor lowers the level.') END;
END
$$;

CREATE OR REPLACE FUNCTION crm.gate_other_owner(k crm.step_case) RETURNS jsonb LANGUAGE sql STABLE AS $$
    SELECT CASE WHEN k.payload ->> 'to' = k.complaint ->> 'owner_id'
        THEN crm.lacks('He owns it already. Choose somebody else.') END
$$;

CREATE OR REPLACE FUNCTION crm.gate_open_for_new_owner(k crm.step_case) RETURNS jsonb LANGUAGE sql STABLE AS $$
    SELECT CASE WHEN k.payload ->> 'to' IS NOT NULL AND k.complaint ->> 'state' <> ALL (k.open_states)
        THEN crm.lacks('What has ended keeps its owner. Leave the new owner out.') END
$$;

CREATE OR REPLACE FUNCTION crm.gate_corrected_facts_told(k crm.step_case) RETURNS jsonb LANGUAGE sql STABLE AS $$
    SELECT CASE WHEN char_length(k.payload #>> '{corrections,what_happened}') < 10
        THEN crm.lacks('Tell what happened in {count} characters at least.', '{"count": 10}') END
$$;

CREATE OR REPLACE FUNCTION crm.gate_last_operation_is_ours(k crm.step_case) RETURNS jsonb
LANGUAGE sql STABLE AS $$
    SELECT CASE WHEN (
            k.last IS NOT NULL AND k.last ->> 'actor' IS NOT DISTINCT FROM k.actor::text
            AND k.last ->> 'device' = k.device AND k.last -> 'can_undo' = 'true'
            AND k.last ->> 'operation_id' = k.payload ->> 'operation_id') IS NOT TRUE
        THEN crm.lacks('Only your own last step, made at this desk, can be undone.') END
$$;

CREATE OR REPLACE FUNCTION crm.gate_within_undo_window(k crm.step_case) RETURNS jsonb LANGUAGE sql STABLE AS $$
    SELECT CASE WHEN (k.now - (k.last ->> 'at')::timestamptz <= interval '60 seconds') IS NOT TRUE
        THEN crm.lacks('A step can be undone for a minute. Correct it by another step.') END
$$;

CREATE OR REPLACE FUNCTION crm.gate_nothing_left_the_house(k crm.step_case) RETURNS jsonb
LANGUAGE sql STABLE AS $$
    SELECT CASE WHEN k.last -> 'left_the_house' IS DISTINCT FROM 'false'::jsonb
        THEN crm.lacks('A letter or mail went out by this step, so it cannot be undone.') END
$$;

-- Why a letter may not leave the house yet, NULL when it may: the rule of crmdesk/models/sending.py. What decides goes
-- out once it is decided; nobody signs but supervisors.
CREATE OR REPLACE FUNCTION crm.letter_lacks(p_kind text, k crm.step_case) RETURNS jsonb
LANGUAGE plpgsql STABLE AS $$
DECLARE
    state CONSTANT text := coalesce(k.complaint ->> 'state', '');
BEGIN
    IF p_kind = 'rejection' THEN
        RETURN CASE WHEN state <> 'REJECTED' AND NOT (state = 'RECEIVED' AND k.role = 'supervisor')
            THEN crm.lacks(
                'This complaint is not rejected. Take that step first, then mark the letter as sent.') END;
    ELSIF p_kind <> 'decision' OR state IN ('RESPONDED', 'RESOLVED', 'FOLLOW_UP', 'CLOSED') THEN
        RETURN NULL;
    ELSIF state <> 'PROPOSED' THEN
        RETURN crm.lacks(
            'There is no decision on this complaint that a letter could tell. Propose one, and have it approved.');
    END IF;
    k.role := CASE WHEN k.role = 'supervisor' THEN k.role ELSE 'agent' END;
    RETURN CASE WHEN crm.gate_approvals_enough(k) IS NOT NULL THEN crm.lacks(
        'This decision is not approved yet. Wait for a supervisor''s approval, or for two above his limit, and '
        'mark the letter as sent then.') END;
END
$$;

-- Ask one gate by its name; the names come from crm.procedure_transition and crm.procedure_permission.
CREATE OR REPLACE FUNCTION crm.gate(p_name text, k crm.step_case) RETURNS jsonb LANGUAGE plpgsql STABLE AS $$
DECLARE
    refusal jsonb;
BEGIN
    EXECUTE format('SELECT crm.%I($1)', 'gate_' || p_name) INTO refusal USING k;
    RETURN refusal;
END
$$;

-- Whether one permission fits: NULL, or what it lacks.
CREATE OR REPLACE FUNCTION crm.permission_lacks(p_one crm.procedure_permission, k crm.step_case) RETURNS jsonb
LANGUAGE plpgsql STABLE AS $$
DECLARE
    severity CONSTANT text := k.complaint ->> 'severity';
    owner CONSTANT text := k.complaint ->> 'owner_id';
    field text;
    allowed jsonb;
BEGIN
    IF p_one.own AND owner IS NOT NULL AND owner IS DISTINCT FROM k.actor::text
       AND (k.complaint ->> 'team_id' = ANY (k.teams::text[])) IS NOT TRUE THEN
        RETURN crm.lacks('Only the owner, his team or a supervisor may do this.');
    END IF;
    IF cardinality(p_one.severities) > 0 AND (severity = ANY (p_one.severities)) IS NOT TRUE THEN
        RETURN crm.lacks(
            'With severity {severity} a supervisor has to do this.', jsonb_build_object('severity', severity));
    END IF;
    FOR field, allowed IN SELECT * FROM jsonb_each(p_one.given) LOOP
        IF k.payload <> '{}' AND (allowed @> (k.payload -> field)) IS NOT TRUE THEN
            RETURN crm.lacks('A supervisor has to do this, with what is chosen here.');
        END IF;
    END LOOP;
    RETURN CASE WHEN p_one.gate <> '' THEN crm.gate(p_one.gate, k) END;
END
$$;

-- NULL when one of the permissions of a step fits, else what the nearest one lacks.
CREATE OR REPLACE FUNCTION crm.permitted(p_step text, k crm.step_case) RETURNS jsonb LANGUAGE plpgsql STABLE AS $$
DECLARE
    one crm.procedure_permission;
    refusal jsonb := crm.lacks('Your role may not do this.');
BEGIN
    FOR one IN SELECT * FROM crm.procedure_permission p WHERE p.transition = p_step AND p.role = k.role ORDER BY p.n
    LOOP
        refusal := crm.permission_lacks(one, k);
        EXIT WHEN refusal IS NULL;
    END LOOP;
    RETURN refusal;
END
$$;

-- NULL when the step may be done in this case, else why not: state, then role, then the gates in their order.
CREATE OR REPLACE FUNCTION crm.verdict(p_step text, k crm.step_case) RETURNS jsonb LANGUAGE plpgsql STABLE AS $$
DECLARE
    state CONSTANT text := coalesce(k.complaint ->> 'state', '');
    step crm.procedure_transition;
    name text;
    refusal jsonb;
BEGIN
    SELECT * INTO STRICT step FROM crm.procedure_transition t WHERE t.id = p_step;
    IF NOT coalesce(state = ANY (nullif(step.sources, '{}')), state = '') THEN
        RETURN crm.lacks(
            'This cannot be done in the state {state}.',
            jsonb_build_object('state', CASE WHEN state = '' THEN '-' ELSE state END));
    END IF;
    refusal := crm.permitted(p_step, k);
    FOREACH name IN ARRAY step.gates LOOP
        EXIT WHEN refusal IS NOT NULL;
        refusal := crm.gate(name, k);
    END LOOP;
    RETURN refusal;
END
$$;
