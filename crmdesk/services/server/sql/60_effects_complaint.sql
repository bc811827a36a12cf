-- Steps of complaints. The desk that takes a step decides what it comes to (crmdesk/models/steps.py); here the step is
-- judged again, and what it came to is written, row by row as every desk writes it.
--
-- The head is locked first: steps of several desks on one complaint come one after the other. Who cannot see the body
-- cannot take steps. Rows of children carry the team of the complaint, and the person who did the step as author.
CREATE OR REPLACE FUNCTION crm.apply_complaint_step(o crm.operation_in) RETURNS void LANGUAGE plpgsql AS $$
DECLARE
    row_id CONSTANT uuid := crm.asked_id(o.payload, 'id');
    step CONSTANT text := crm.asked_text(o.payload, 'transition');
    head crm.complaint;
    body crm.complaint_body;
    _ text;
BEGIN
    _ := crm.refuse_malformed_step(o.payload);
    IF step IN ('T1', 'import') THEN
        IF NOT EXISTS (SELECT 1 FROM crm.complaint WHERE id = row_id) THEN
            _ := crm.judge_step(o, head, body);
            _ := crm.log_complaint(crm.in_owners_team(o), row_id);
        END IF;
        RETURN;
    END IF;
    SELECT * INTO head FROM crm.complaint WHERE id = row_id FOR NO KEY UPDATE;
    body := crm.complaint_file(o, row_id);
    _ := crm.judge_step(o, head, body);
    _ := crm.write_step(crm.in_owners_team(o), head, body);
END
$$;

-- What no team handles is everybody's, so nobody who belongs to none is given a restricted complaint, where there are
-- teams. Taking a step back gives it to whoever had it.
CREATE OR REPLACE FUNCTION crm.refuse_teamless(o crm.operation_in, p_head crm.complaint) RETURNS void
LANGUAGE plpgsql AS $$
BEGIN
    IF p_head.restricted AND p_head.team_id IS NULL AND o.payload -> 'head' ?| '{owner_id,team_id,restricted}'
       AND o.payload ->> 'transition' <> 'U1' AND EXISTS (SELECT 1 FROM crm.team) THEN
        PERFORM crm.refuse(
            'invalid', 'A restricted complaint is for one team, and who handles it belongs to none. Let the'
            ' administrator put him into one, or choose somebody else.', '{}', '{restricted}');
    END IF;
END
$$;

-- The body of a complaint that an operation is about, locked; refused when it is not here, or not for this person.
CREATE OR REPLACE FUNCTION crm.complaint_file(o crm.operation_in, p_id uuid) RETURNS crm.complaint_body
LANGUAGE plpgsql AS $$
DECLARE
    body crm.complaint_body;
    number text;
BEGIN
    SELECT * INTO body FROM crm.complaint_body WHERE id = p_id FOR NO KEY UPDATE;
    IF NOT FOUND THEN
        SELECT c.number INTO number FROM crm.complaint c WHERE c.id = p_id;
        IF NOT FOUND THEN
            PERFORM crm.gone(o, 'complaint');
        END IF;
        PERFORM crm.refuse(
            'denied', 'Another team handles the complaint {number}: ask its owner.',
            jsonb_build_object('number', number));
    END IF;
    RETURN body;
END
$$;

CREATE OR REPLACE FUNCTION crm.refuse_malformed_step(p_payload jsonb) RETURNS void LANGUAGE plpgsql AS $$
DECLARE
    part text;
    one jsonb;
    _ text;
BEGIN
    _ := crm.only(p_payload, ARRAY[
        'id', 'transition', 'version', 'from_state', 'fields', 'head', 'body', 'lines', 'granted', 'marked',
        'taken_back', 'tasks', 'target']);
    _ := crm.only(crm.asked(p_payload, 'head'), crm.fields_of('step head'));
    _ := crm.only(crm.asked(p_payload, 'body'), crm.fields_of('step body'));
    FOREACH part IN ARRAY ARRAY['fields', 'marked'] LOOP
        IF jsonb_typeof(crm.asked(p_payload, part)) <> 'object' THEN
            PERFORM crm.refuse_value(part);
        END IF;
    END LOOP;
    FOREACH part IN ARRAY ARRAY['lines', 'granted', 'tasks'] LOOP
        FOR one IN SELECT e FROM jsonb_array_elements(crm.asked_list(p_payload, part)) e LOOP
            _ := crm.only(one, coalesce(
                crm.fields_of(p_payload ->> 'transition' || ' ' || part), crm.fields_of('step ' || part)));
        END LOOP;
    END LOOP;
    PERFORM crm.asked_list(p_payload, 'taken_back'), crm.asked_text(p_payload, 'from_state'),
            crm.read_integer('version', crm.asked(p_payload, 'version'));
END
$$;

-- What a number is looked up by; the second complaint that carries one waits for the first.
CREATE INDEX IF NOT EXISTS ix_complaint_number ON crm.complaint (hashtextextended(number, 0)) WHERE number <> '';

-- The number with a letter behind it as long as it is taken; what is no number of ours stays.
CREATE OR REPLACE FUNCTION crm.told_apart(p_number text) RETURNS text LANGUAGE plpgsql AS $$
DECLARE
    plain CONSTANT text := rtrim(p_number, 'BCDEFGH');
    letter text := substr(p_number, length(plain) + 1);
    _ text;
BEGIN
    IF p_number !~ '^C\d\d-[2-9A-HJKMNP-TV-Z]{3,4}-\d{4,9}[B-H]?$' THEN
        RETURN p_number;
    END IF;
    _ := pg_advisory_xact_lock(hashtextextended(plain, 0));
    WHILE EXISTS (
        SELECT 1 FROM crm.complaint c WHERE c.number <> '' AND c.number = plain || letter
        AND hashtextextended(c.number, 0) = hashtextextended(plain || letter, 0))
    LOOP
        letter := chr(ascii(coalesce(nullif(letter, ''), 'A')) + 1);
    END LOOP;
    RETURN plain || letter;
END
$$;

-- The owner's task to tell the customer the number that his complaint has now.
CREATE OR REPLACE FUNCTION crm.report_number_twice(o crm.operation_in, p_head crm.complaint, p_told text) RETURNS void
LANGUAGE plpgsql AS $$
DECLARE
    made crm.task := crm.new_task();
BEGIN
    made.id := crm.child_id(o.id, 'number', 0);
    made.complaint_id := p_head.id;
    made.errand := 'number_twice';
    made.subject := p_head.number;
    made.note := p_told;
    made.customer_id := p_head.customer_id;
    made.owner_id := p_head.owner_id;
    made.team_id := p_head.team_id;
    made.created_at := o.at;
    made.due_at := o.at;
    INSERT INTO crm.task SELECT made.*;
END
$$;

-- The complaint that its first step makes.
CREATE OR REPLACE FUNCTION crm.log_complaint(o crm.operation_in, p_id uuid) RETURNS void LANGUAGE plpgsql AS $$
DECLARE
    head crm.complaint := crm.new_complaint();
    body crm.complaint_body := crm.new_complaint_body();
    given CONSTANT jsonb := (o.payload -> 'body') || (o.payload -> 'head');
    event crm.complaint_event := crm.event_of(o);
    told text;
    _ text;
BEGIN
    PERFORM crm.asked(given, 'received_at'), crm.asked(given, 'logged_at');
    head := crm.read_complaint(head, o.payload -> 'head');
    _ := crm.refuse_teamless(o, head);
    told := head.number;
    head.number := crm.told_apart(told);
    head.id := p_id;
    head.last_operation_id := o.id;
    head.last_step_at := o.at;
    body := crm.read_complaint_body(body, o.payload -> 'body');
    body.id := p_id;
    body.team_id := head.team_id;
    body.author := coalesce(head.owner_id::text, '');
    INSERT INTO crm.complaint SELECT head.*;
    INSERT INTO crm.complaint_body SELECT body.*;
    _ := crm.show_complaint(head);
    event.team_id := head.team_id;
    event.to_state := head.state;
    event.version := 1;
    SELECT crm.told_in_history(coalesce(jsonb_object_agg(w.key, w.value), '{}')) INTO event.after
    FROM jsonb_each(crm.wire_complaint_body(body) || crm.wire_complaint(head)) w
    WHERE given ? w.key AND w.value <> 'null' AND w.key <> 'team_id';
    INSERT INTO crm.complaint_event SELECT event.*;
    _ := crm.add_lines(o, o.payload -> 'lines', head);
    _ := crm.change_remedies(o, head, body);
    _ := crm.add_tasks(o, p_id);
    IF head.number <> told THEN
        _ := crm.report_number_twice(o, head, told);
    END IF;
END
$$;

-- What a step makes of a complaint that was read before.
CREATE OR REPLACE FUNCTION crm.write_step(
    o crm.operation_in, p_head crm.complaint, p_body crm.complaint_body
) RETURNS void LANGUAGE plpgsql AS $$
DECLARE
    head crm.complaint := crm.read_complaint(p_head, o.payload -> 'head');
    body crm.complaint_body := crm.read_complaint_body(p_body, o.payload -> 'body');
    _ text;
BEGIN
    _ := crm.refuse_teamless(o, head);
    head.last_operation_id := o.id;
    head.last_step_at := o.at;
    head.rev := p_head.rev + 1;
    _ := crm.lay_complaint(head);
    IF head.team_id IS DISTINCT FROM p_head.team_id THEN
        _ := crm.hand_children(head.id, head.team_id);
    END IF;
    body.team_id := head.team_id;
    body.author := coalesce(head.owner_id::text, '');
    _ := crm.add_event(o, p_head, p_body, head, body);
    _ := crm.add_lines(o, o.payload -> 'lines', head);
    _ := crm.change_remedies(o, head, body);
    _ := crm.add_tasks(o, head.id);
    _ := crm.show_complaint(head);
    _ := crm.change_target(o);
    IF body IS DISTINCT FROM p_body THEN
        body.rev := p_body.rev + 1;
        _ := crm.hand_complaint_body(body);
    END IF;
END
$$;

-- What a history keeps of fields: not which restricted complaint is named, as others read it.
CREATE OR REPLACE FUNCTION crm.told_in_history(p_fields jsonb) RETURNS jsonb LANGUAGE sql STABLE AS $$
    SELECT coalesce(jsonb_object_agg(f.key, CASE WHEN EXISTS (
        SELECT 1 FROM crm.complaint c
        WHERE c.id = CASE WHEN f.key IN ('repeat_of', 'merged_into', 'target_id') THEN (f.value #>> '{}')::uuid END
          AND c.restricted) THEN 'null' ELSE f.value END), '{}')
    FROM jsonb_each(p_fields) f
$$;

-- The event of a step with what it tells by itself.
CREATE OR REPLACE FUNCTION crm.event_of(o crm.operation_in) RETURNS crm.complaint_event LANGUAGE plpgsql AS $$
DECLARE
    event crm.complaint_event := crm.new_complaint_event();
    fields CONSTANT jsonb := o.payload -> 'fields';
    lines CONSTANT jsonb := o.payload -> 'lines';
BEGIN
    event.id := o.id;
    event.complaint_id := crm.asked_id(o.payload, 'id');
    event.author := o.actor;
    event.transition := o.payload ->> 'transition';
    event.at := o.at;
    event.device := coalesce(o.device::text, '');
    event.fields := crm.told_in_history(fields);
    event.first_line := coalesce((lines -> 0 ->> 'n')::bigint, 0);
    event.last_line := coalesce((lines -> -1 ->> 'n')::bigint, 0);
    event.remedies := ARRAY(
        SELECT e ->> 'id' FROM jsonb_array_elements(o.payload -> 'granted') WITH ORDINALITY AS g(e, n) ORDER BY n);
    event.left_the_house := coalesce(fields ->> 'sent_via', '') <> '';
    RETURN event;
END
$$;

-- The event of a step, with the fields it changed as they were and as they became.
CREATE OR REPLACE FUNCTION crm.add_event(
    o crm.operation_in, p_head crm.complaint, p_body crm.complaint_body, p_new crm.complaint,
    p_new_body crm.complaint_body
) RETURNS void LANGUAGE plpgsql AS $$
DECLARE
    silent CONSTANT text[] := ARRAY['rev', 'author', 'last_operation_id', 'last_step_at'];
    was CONSTANT jsonb := (crm.wire_complaint_body(p_body) || crm.wire_complaint(p_head)) - silent;
    becomes CONSTANT jsonb := (crm.wire_complaint_body(p_new_body) || crm.wire_complaint(p_new)) - silent;
    event crm.complaint_event := crm.event_of(o);
BEGIN
    event.team_id := p_new.team_id;
    event.from_state := p_head.state;
    event.to_state := p_new.state;
    event.version := p_head.rev + 1;
    SELECT crm.told_in_history(coalesce(jsonb_object_agg(b.key, was -> b.key), '{}')),
           crm.told_in_history(coalesce(jsonb_object_agg(b.key, b.value), '{}'))
    INTO event.before, event.after
    FROM jsonb_each(becomes) b WHERE b.value <> was -> b.key;
    INSERT INTO crm.complaint_event SELECT event.*;
END
$$;

-- How the complaint stands, on the time line of its customer; not of a restricted one, as lines are everybody's.
CREATE OR REPLACE FUNCTION crm.show_complaint(p_head crm.complaint) RETURNS void LANGUAGE plpgsql AS $$
DECLARE
    was CONSTANT crm.interaction := crm.line_of(p_head.id);
    line crm.interaction := was;
    _ text;
BEGIN
    IF p_head.restricted THEN
        RETURN;
    END IF;
    line.customer_id := p_head.customer_id;
    line.asset_id := p_head.asset_id;
    line.kind := 'complaint';
    line.at := p_head.received_at;
    line.subject := p_head.number;
    line.state := p_head.state;
    line.topic := p_head.category;
    _ := crm.show(was, line);
END
$$;

-- Lines for the ledger of a complaint.
CREATE OR REPLACE FUNCTION crm.add_lines(o crm.operation_in, p_lines jsonb, p_head crm.complaint) RETURNS void
LANGUAGE plpgsql AS $$
DECLARE
    made crm.clock_line;
    one jsonb;
BEGIN
    FOR one IN SELECT e FROM jsonb_array_elements(p_lines) WITH ORDINALITY AS l(e, n) ORDER BY n LOOP
        PERFORM crm.asked(one, 'at'), crm.asked(one, 'since'), crm.asked(one, 'due');
        made := crm.read_clock_line(crm.new_clock_line(), one);
        made.id := crm.asked_id(one, 'id');
        made.complaint_id := p_head.id;
        made.team_id := p_head.team_id;
        made.author := o.actor;
        INSERT INTO crm.clock_line SELECT made.*;
    END LOOP;
END
$$;

-- Tasks that a step brings about.
CREATE OR REPLACE FUNCTION crm.add_tasks(o crm.operation_in, p_complaint uuid) RETURNS void
LANGUAGE plpgsql AS $$
DECLARE
    made crm.task;
    one jsonb;
BEGIN
    FOR one IN SELECT e FROM jsonb_array_elements(o.payload -> 'tasks') WITH ORDINALITY AS t(e, n) ORDER BY n LOOP
        made := crm.read_task(crm.new_task(), one);
        made.id := crm.asked_id(one, 'id');
        made.complaint_id := p_complaint;
        made.created_at := o.at;
        INSERT INTO crm.task SELECT made.*;
    END LOOP;
END
$$;

-- What becomes of the complaint merged into: the earlier receipt and its clocks.
CREATE OR REPLACE FUNCTION crm.change_target(o crm.operation_in) RETURNS void LANGUAGE plpgsql AS $$
DECLARE
    target CONSTANT jsonb := o.payload -> 'target';
    head crm.complaint;
    _ text;
BEGIN
    IF coalesce(target, 'null') = 'null' THEN
        RETURN;
    END IF;
    _ := crm.only(target, ARRAY['id', 'head', 'lines']);
    _ := crm.only(crm.asked(target, 'head'), crm.fields_of('target head'));
    SELECT * INTO head FROM crm.complaint WHERE id = crm.asked_id(target, 'id') FOR NO KEY UPDATE;
    IF NOT FOUND THEN
        PERFORM crm.gone(o, 'complaint');
    END IF;
    head := crm.read_complaint(head, target -> 'head');
    head.rev := head.rev + 1;
    _ := crm.lay_complaint(head);
    _ := crm.add_lines(o, crm.asked_list(target, 'lines'), head);
END
$$;
