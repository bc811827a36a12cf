-- What a complaint's file holds besides the steps: remedies, approvals, letters, surveys, corrective actions.

-- Remedies of a step: what is proposed takes the place of what was neither carried out nor ordered, or failed; marks go
-- over the rest.
CREATE OR REPLACE FUNCTION crm.change_remedies(
    o crm.operation_in, p_head crm.complaint, p_body crm.complaint_body
) RETURNS void LANGUAGE plpgsql AS $$
DECLARE
    granted CONSTANT jsonb := o.payload -> 'granted';
    told CONSTANT boolean := o.payload ->> 'transition' IN ('T9', 'T13');
    gone CONSTANT uuid[] := ARRAY(SELECT g::uuid FROM jsonb_array_elements_text(o.payload -> 'taken_back') g);
    undone CONSTANT text := o.payload -> 'fields' ->> 'operation_id';
    was crm.remedy_line;
    wanted crm.remedy_line;
    known integer := 0;
    _ text;
BEGIN
    FOR was IN SELECT * FROM crm.remedy_line WHERE complaint_id = p_head.id ORDER BY id FOR NO KEY UPDATE LOOP
        known := known + 1;
        _ := crm.only(coalesce(o.payload -> 'marked' -> was.id::text, '{}'), crm.fields_of('step marked'));
        wanted := crm.read_remedy_line(was, coalesce(o.payload -> 'marked' -> was.id::text, '{}'));
        IF was.id = ANY (gone) OR (
               granted <> '[]' AND NOT was.void AND was.done_at IS NULL
               AND (was.order_id = '' OR was.failed_at IS NOT NULL)) THEN
            wanted.void := true;
            wanted.voided_by := o.id;
        ELSIF was.voided_by::text = undone THEN
            wanted.void := false;
            wanted.voided_by := NULL;
        ELSIF told AND was.granted_at IS NULL AND NOT was.void THEN
            wanted.granted_at := o.at;
        END IF;
        IF wanted IS DISTINCT FROM was THEN
            wanted.rev := was.rev + 1;
            _ := crm.lay_remedy_line(wanted);
        END IF;
    END LOOP;
    _ := crm.add_remedies(o, p_head, p_body, known, told);
END
$$;

-- Remedies that come with a step; those from another system bring version and dates along.
CREATE OR REPLACE FUNCTION crm.add_remedies(
    o crm.operation_in, p_head crm.complaint, p_body crm.complaint_body, p_known integer, p_told boolean
) RETURNS void LANGUAGE plpgsql AS $$
DECLARE
    made crm.remedy_line;
    one jsonb;
BEGIN
    FOR n IN 0..jsonb_array_length(o.payload -> 'granted') - 1 LOOP
        one := o.payload -> 'granted' -> n;
        made := crm.new_remedy_line();
        made.proposal_version := p_body.proposal_version;
        made.granted_at := CASE WHEN p_told THEN o.at END;
        made := crm.read_remedy_line(made, one);
        made.id := crm.asked_id(one, 'id');
        made.complaint_id := p_head.id;
        made.team_id := p_head.team_id;
        made.author := o.actor;
        made.position := p_known + n;
        INSERT INTO crm.remedy_line SELECT made.*;
    END LOOP;
END
$$;

-- Done or ordered; the first date stays. With the last one done the clocks end that waited for it.
CREATE OR REPLACE FUNCTION crm.apply_remedy_mark(o crm.operation_in) RETURNS void LANGUAGE plpgsql AS $$
DECLARE
    marks CONSTANT jsonb := crm.asked_fields(o, 'marks');
    row_id CONSTANT uuid := crm.asked_id(o.payload, 'id');
    head crm.complaint;
    was crm.remedy_line;
    wanted crm.remedy_line;
    _ text;
BEGIN
    -- The head before its children, as a step does it.
    SELECT c.* INTO head FROM crm.complaint c JOIN crm.remedy_line r ON r.complaint_id = c.id
    WHERE r.id = row_id FOR NO KEY UPDATE OF c;
    SELECT * INTO was FROM crm.remedy_line WHERE id = row_id FOR NO KEY UPDATE;
    IF NOT FOUND THEN
        PERFORM crm.gone(o, 'remedy_line');
    END IF;
    wanted := crm.read_remedy_line(was, marks);
    wanted.done_at := coalesce(was.done_at, wanted.done_at);
    wanted.order_id := coalesce(nullif(was.order_id, ''), wanted.order_id);
    IF (was.done_at IS NULL AND marks ? 'done_at') OR (was.order_id = '' AND marks ? 'order_id') THEN
        wanted.rev := was.rev + 1;
        _ := crm.lay_remedy_line(wanted);
    END IF;
    IF was.done_at IS NULL AND wanted.done_at IS NOT NULL AND head.state IN ('RESOLVED', 'FOLLOW_UP')
       AND NOT EXISTS (
           SELECT 1 FROM crm.remedy_line r
           WHERE r.complaint_id = head.id AND NOT r.void AND r.type <> 'none' AND r.done_at IS NULL
             AND r.id <> row_id) THEN
        _ := crm.end_clocks(o, head, 'resolve', 'resolved', true);
    END IF;
END
$$;

-- A supervisor's yes to a proposal as it stands.
CREATE OR REPLACE FUNCTION crm.apply_complaint_approve(o crm.operation_in) RETURNS void LANGUAGE plpgsql AS $$
DECLARE
    of CONSTANT uuid := crm.asked_id(o.payload, 'complaint_id');
    made crm.approval := crm.new_approval();
    head crm.complaint;
    body crm.complaint_body;
    _ text;
BEGIN
    _ := crm.only(o.payload, ARRAY['id', 'complaint_id', 'proposal_version']);
    made.id := crm.asked_id(o.payload, 'id');
    made.proposal_version := crm.read_integer('proposal_version', crm.asked(o.payload, 'proposal_version'));
    SELECT * INTO head FROM crm.complaint WHERE id = of FOR NO KEY UPDATE;
    body := crm.complaint_file(o, of);
    IF head.state <> 'PROPOSED' OR body.proposal_version <> made.proposal_version THEN
        PERFORM crm.refuse(
            'conflict', 'The proposal was changed meanwhile. Look at it again before you approve it.', '{}',
            ARRAY['proposal_version'], to_jsonb(head));
    END IF;
    IF o.role <> 'supervisor' OR body.proposer_id::text = o.actor THEN
        PERFORM crm.refuse('denied', 'A supervisor who did not propose it has to approve this.');
    END IF;
    made.complaint_id := of;
    made.team_id := head.team_id;
    made.author := o.actor;
    made.approver_id := o.actor::uuid;
    made.at := o.at;
    INSERT INTO crm.approval SELECT made.*;
END
$$;

-- The team of the complaint that a new row of its file is about; NULL when it is about none.
CREATE OR REPLACE FUNCTION crm.team_of_file(o crm.operation_in, p_complaint uuid) RETURNS uuid LANGUAGE plpgsql AS $$
DECLARE
    body crm.complaint_body;
BEGIN
    IF p_complaint IS NOT NULL THEN
        body := crm.complaint_file(o, p_complaint);
    END IF;
    RETURN body.team_id;
END
$$;

-- A letter as it was printed; one that exists already stays as it is.
CREATE OR REPLACE FUNCTION crm.apply_letter_make(o crm.operation_in) RETURNS void LANGUAGE plpgsql AS $$
DECLARE
    given CONSTANT jsonb := crm.asked_fields(o, 'fields');
    made crm.letter;
BEGIN
    made := crm.read_letter(crm.new_letter(), given);
    made.id := crm.asked_id(o.payload, 'id');
    made.team_id := crm.team_of_file(o, crm.asked_id(given, 'complaint_id'));
    PERFORM crm.asked(given, 'kind'), crm.asked(given, 'language'), crm.asked(given, 'text');
    IF made.digest !~ '^[0-9a-f]{64}$' THEN
        PERFORM crm.refuse_value('digest');
    END IF;
    made.author := o.actor;
    made.made_at := o.at;
    INSERT INTO crm.letter SELECT made.* ON CONFLICT (id) DO NOTHING;
END
$$;

-- It left the house; the first word of it counts, for the clocks as well. What a desk expects of them, extended and met,
-- is worked out here.
CREATE OR REPLACE FUNCTION crm.apply_letter_send(o crm.operation_in) RETURNS void LANGUAGE plpgsql AS $$
DECLARE
    row_id CONSTANT uuid := crm.asked_id(o.payload, 'id');
    via CONSTANT text := o.payload ->> 'sent_via';
    was crm.letter;
    head crm.complaint;
    _ text;
BEGIN
    _ := crm.only(o.payload, ARRAY['id', 'sent_via', 'extended', 'met']);
    PERFORM crm.check_value('sent_via', 'channel', crm.asked(o.payload, 'sent_via'));
    -- The head before its children, as a step does it.
    SELECT c.* INTO head FROM crm.complaint c JOIN crm.letter l ON l.complaint_id = c.id
    WHERE l.id = row_id FOR NO KEY UPDATE OF c;
    SELECT * INTO was FROM crm.letter WHERE id = row_id FOR NO KEY UPDATE;
    IF NOT FOUND THEN
        PERFORM crm.gone(o, 'letter');
    END IF;
    IF was.sent_at IS NULL THEN
        PERFORM crm.refuse_undecided(o, was.kind, head);
        was.sent_at := o.at;
        was.sent_via := via;
        was.rev := was.rev + 1;
        _ := crm.lay_letter(was);
        IF was.kind = 'acknowledgement' THEN
            _ := crm.end_clocks(o, head, 'acknowledge', 'acknowledged', false);
        ELSIF was.kind = 'holding' THEN
            _ := crm.hold_clocks(o, head, was.id);
        ELSIF was.kind = 'referral' THEN
            _ := crm.end_clocks(o, head, crm.answered_by(head, was), 'answered', false);
        END IF;
    END IF;
END
$$;

-- Refuse that a letter leaves the house which tells what is not decided yet.
CREATE OR REPLACE FUNCTION crm.refuse_undecided(o crm.operation_in, p_kind text, p_head crm.complaint) RETURNS void
LANGUAGE plpgsql AS $$
DECLARE
    refusal jsonb;
BEGIN
    IF p_kind IN ('decision', 'rejection') THEN
        refusal := crm.letter_lacks(
            p_kind, crm.case_of(o, p_head, crm.complaint_file(o, p_head.id), '{}'));
        IF refusal IS NOT NULL THEN
            PERFORM crm.refuse('illegal', refusal ->> 'why', refusal -> 'values');
        END IF;
    END IF;
END
$$;

CREATE OR REPLACE FUNCTION crm.is_undecided(p_state text) RETURNS boolean LANGUAGE sql IMMUTABLE AS $$
    SELECT p_state IN ('RECEIVED', 'ACKNOWLEDGED', 'ASSESSED', 'INVESTIGATING', 'WAITING', 'PROPOSED')
$$;

-- The clock of the outside body that a letter answers, NULL when it answers none. It answers who had asked last when it
-- was written, once it tells the decision: written before that, or before the body asked again, it says nothing that it
-- waits for.
CREATE OR REPLACE FUNCTION crm.answered_by(p_head crm.complaint, p_letter crm.letter) RETURNS text
LANGUAGE sql STABLE AS $$
    WITH later AS (
        SELECT e.* FROM crm.complaint_event e WHERE e.complaint_id = p_head.id AND e.at > p_letter.made_at
    ), asked AS (
        SELECT e.fields::jsonb ->> 'body' AS body FROM crm.complaint_event e
        WHERE e.complaint_id = p_head.id AND e.transition = 'E2' AND e.at <= p_letter.made_at
        ORDER BY e.version DESC LIMIT 1)
    SELECT a.body || '/answer' FROM asked a
    WHERE NOT crm.is_undecided(p_head.state) AND NOT EXISTS (
        SELECT 1 FROM later l
        WHERE (crm.is_undecided(l.from_state) AND NOT crm.is_undecided(l.to_state))
           OR (l.transition = 'E2' AND l.fields::jsonb ->> 'body' = a.body))
$$;

-- The clocks of this name end that regimes and outside bodies set, and with p_own the firm's; none of them is paused.
-- With its regime or body a name is that of one clock.
CREATE OR REPLACE FUNCTION crm.end_clocks(
    o crm.operation_in, p_head crm.complaint, p_name text, p_why text, p_own boolean
) RETURNS void LANGUAGE plpgsql AS $$
DECLARE
    ended CONSTANT text[] := ARRAY(
        SELECT r.clock FROM crm.clock_runs(p_head.id) r
        WHERE NOT r.stopped AND (
            (crm.is_regimes(r.clock) AND p_name IN (r.clock, split_part(r.clock, '/', 2)))
            OR (p_own AND r.clock = p_name)));
BEGIN
    PERFORM crm.count_on(o, p_head, crm.moved_lines(o.id, p_head.id, o.at, p_why, ended, false, NULL));
END
$$;

-- A holding reply that left in time gives the clocks of regimes the longer time that they leave, once; where the regime
-- wants no more than such a reply, and the letter says all it must, it meets them.
CREATE OR REPLACE FUNCTION crm.hold_clocks(o crm.operation_in, p_head crm.complaint, p_letter uuid) RETURNS void
LANGUAGE plpgsql AS $$
DECLARE
    version CONSTANT text := crm.calendar_in_force();
    n bigint := coalesce((SELECT max(l.n) FROM crm.clock_line l WHERE l.complaint_id = p_head.id), 0);
    lines jsonb := '[]';
    held record;
    new crm.due_date;
BEGIN
    FOR held IN SELECT r.*, c.regime, c.holding_suffices FROM crm.clock_runs(p_head.id) r
        JOIN crm.regime_clock c ON r.clock = c.regime || '/' || c.clock
        WHERE NOT r.stopped AND o.at <= r.due ORDER BY c.holding_suffices, r.place
    LOOP
        IF held.holding_suffices THEN
            new := ROW(held.due, held.provisional, held.calendar);
            CONTINUE WHEN crm.wording_missing(held.regime, p_letter, 'holding') <> '{}';
        ELSE
            new := crm.extended_due(held.clock, held.since, version);
            CONTINUE WHEN new.at IS NULL OR new.at <= held.due OR crm.is_extended(p_head.id, held.clock);
        END IF;
        n := n + 1;
        lines := lines || jsonb_build_object(
            'id', crm.child_id(o.id, 'line', n), 'n', n, 'clock', held.clock,
            'event', CASE WHEN held.holding_suffices THEN 'stop' ELSE 'extend' END, 'at', o.at, 'since', held.since,
            'due', new.at, 'calendar', new.calendar, 'provisional', new.provisional, 'undoes', NULL,
            'why', 'holding_reply', 'why_values', jsonb_build_array('operation', o.id));
    END LOOP;
    PERFORM crm.count_on(o, p_head, lines);
END
$$;

-- Write lines of the ledger, and the clock that is due next then.
CREATE OR REPLACE FUNCTION crm.count_on(o crm.operation_in, p_head crm.complaint, p_lines jsonb) RETURNS void
LANGUAGE plpgsql AS $$
DECLARE
    head crm.complaint;
    _ text;
BEGIN
    IF p_lines = '[]' THEN
        RETURN;
    END IF;
    _ := crm.add_lines(o, p_lines, p_head);
    head := crm.read_complaint(p_head, crm.next_clock(p_head.id, o.at, '{}', false));
    IF head IS DISTINCT FROM p_head THEN
        head.rev := p_head.rev + 1;
        _ := crm.lay_complaint(head);
    END IF;
END
$$;

-- Answers are item and grade in turns, and the satisfaction is their mean; halves go to the even number, as at a desk.
CREATE OR REPLACE FUNCTION crm.check_answers(p_survey crm.survey) RETURNS void LANGUAGE plpgsql AS $$
DECLARE
    grades CONSTANT text[] := ARRAY(
        SELECT a FROM unnest(p_survey.answers) WITH ORDINALITY AS e(a, n) WHERE n % 2 = 0 ORDER BY n);
BEGIN
    IF cardinality(p_survey.answers) % 2 = 1 OR NOT grades <@ '{90,60,30,0,-30,-60,-90}' THEN
        PERFORM crm.refuse_value('answers');
    END IF;
    IF p_survey.csm IS DISTINCT FROM (SELECT round(avg(g::integer)::double precision) FROM unnest(grades) g) THEN
        PERFORM crm.refuse_value('csm');
    END IF;
END
$$;

-- Answers never conflict; the complaint's own satisfaction is the latest.
CREATE OR REPLACE FUNCTION crm.apply_survey_record(o crm.operation_in) RETURNS void LANGUAGE plpgsql AS $$
DECLARE
    given CONSTANT jsonb := crm.asked_fields(o, 'fields');
    of CONSTANT uuid := CASE WHEN given ? 'complaint_id' THEN crm.asked_link(given, 'complaint_id') END;
    made crm.survey;
    body crm.complaint_body;
    _ text;
BEGIN
    made := crm.read_survey(crm.new_survey(), given);
    made.id := crm.asked_id(o.payload, 'id');
    made.team_id := crm.team_of_file(o, of);
    _ := crm.check_answers(made);
    made.author := o.actor;
    made.at := o.at;
    INSERT INTO crm.survey SELECT made.* ON CONFLICT (id) DO NOTHING;
    SELECT * INTO body FROM crm.complaint_body WHERE id = of FOR NO KEY UPDATE;
    IF FOUND AND made.csm IS NOT NULL AND (body.csm, body.survey_id) IS DISTINCT FROM (made.csm, made.id) THEN
        body.csm := made.csm;
        body.survey_id := made.id;
        body.rev := body.rev + 1;
        _ := crm.lay_complaint_body(body);
    END IF;
END
$$;

-- A corrective action binds somebody to do something by a day, and to look at its effect later; whoever judges it says
-- what he found.
CREATE OR REPLACE FUNCTION crm.check_action(a crm.corrective_action) RETURNS void LANGUAGE plpgsql AS $$
DECLARE
    lacking CONSTANT text := CASE
        WHEN crm.stripped(a.what) = '' THEN 'what' WHEN a.owner_id IS NULL THEN 'owner_id'
        WHEN a.due_at IS NULL THEN 'due_at' WHEN a.check_at IS NULL THEN 'check_at' END;
BEGIN
    IF lacking IS NOT NULL THEN
        PERFORM crm.refuse_missing(lacking);
    ELSIF a.check_at < a.due_at THEN
        PERFORM crm.refuse(
            'invalid', 'Look at the effect after the action is done: choose a later date.', '{}', '{check_at}');
    ELSIF a.state IN ('worked', 'failed') AND crm.stripped(a.result) = '' THEN
        PERFORM crm.refuse('invalid', 'Say what the check of the effect found.', '{}', '{result}');
    END IF;
END
$$;

-- A corrective action, new or changed.
CREATE OR REPLACE FUNCTION crm.apply_action_save(o crm.operation_in) RETURNS void LANGUAGE plpgsql AS $$
DECLARE
    given CONSTANT jsonb := crm.asked_fields(o, 'fields');
    row_id CONSTANT uuid := crm.asked_id(o.payload, 'id');
    was crm.corrective_action;
    wanted crm.corrective_action;
    _ text;
BEGIN
    SELECT * INTO was FROM crm.corrective_action WHERE id = row_id FOR NO KEY UPDATE;
    wanted := crm.read_corrective_action(CASE WHEN FOUND THEN was ELSE crm.new_corrective_action() END, given);
    PERFORM crm.check_action(wanted);
    IF was.id IS NULL THEN
        wanted.id := row_id;
        wanted.team_id := crm.team_of_file(o, wanted.complaint_id);
        wanted.author := o.actor;
        wanted.opened_at := o.at;
        INSERT INTO crm.corrective_action SELECT wanted.*;
    ELSIF wanted IS DISTINCT FROM was THEN
        wanted.rev := was.rev + 1;
        _ := crm.lay_corrective_action(wanted);
    END IF;
END
$$;
