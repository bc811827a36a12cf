-- Articles, what was made of them, and what was decided about numbers.

-- A new article, or the next version of one; one that says the same stays as it is.
CREATE OR REPLACE FUNCTION crm.apply_article_save(o crm.operation_in) RETURNS void LANGUAGE plpgsql AS $$
DECLARE
    given CONSTANT jsonb := crm.asked_fields(o, 'fields');
    row_id CONSTANT uuid := crm.asked_id(o.payload, 'id');
    was crm.article;
    wanted crm.article;
    _ text;
BEGIN
    SELECT * INTO was FROM crm.article WHERE id = row_id FOR NO KEY UPDATE;
    IF NOT FOUND THEN
        IF o.base_rev IS NOT NULL THEN
            PERFORM crm.gone(o, 'article');
        END IF;
        wanted := crm.read_article(crm.new_article(), given);
        wanted.id := row_id;
        wanted.created_at := o.at;
        wanted.updated_at := o.at;
        INSERT INTO crm.article SELECT wanted.*;
        RETURN;
    END IF;
    wanted := crm.read_article(was, given);
    IF o.base_rev <> was.rev THEN
        PERFORM crm.refuse_clash(o, 'article', given, to_jsonb(was), to_jsonb(wanted));
    END IF;
    IF wanted IS DISTINCT FROM was THEN
        wanted.version := was.version + 1;
        wanted.updated_at := o.at;
        wanted.rev := was.rev + 1;
        _ := crm.lay_article(wanted);
    END IF;
END
$$;

-- An article was used, or did not help; a known mark counts once.
CREATE OR REPLACE FUNCTION crm.apply_article_mark(o crm.operation_in) RETURNS void LANGUAGE plpgsql AS $$
DECLARE
    made crm.article_use;
    counters crm.article_feedback;
    known boolean;
    _ text;
BEGIN
    _ := crm.only(o.payload, ARRAY['id', 'article_id', 'call_id', 'verdict']);
    PERFORM crm.asked(o.payload, 'verdict'), crm.asked_id(o.payload, 'article_id');
    made := crm.read_article_use(crm.new_article_use(), o.payload);
    made.id := crm.asked_id(o.payload, 'id');
    made.agent := o.actor;
    made.at := o.at;
    IF made.verdict NOT IN ('used', 'unhelpful') THEN
        PERFORM crm.refuse_value('verdict');
    END IF;
    IF EXISTS (SELECT 1 FROM crm.article_use WHERE id = made.id) THEN
        RETURN;
    END IF;
    INSERT INTO crm.article_use SELECT made.*;
    SELECT * INTO counters FROM crm.article_feedback WHERE id = made.article_id FOR NO KEY UPDATE;
    known := FOUND;
    IF NOT known THEN
        counters := crm.new_article_feedback();
        counters.id := made.article_id;
    END IF;
    counters.used := counters.used + (made.verdict = 'used')::integer;
    counters.unhelpful := counters.unhelpful + (made.verdict = 'unhelpful')::integer;
    IF known THEN
        counters.rev := counters.rev + 1;
        _ := crm.lay_article_feedback(counters);
    ELSE
        INSERT INTO crm.article_feedback SELECT counters.*;
    END IF;
END
$$;

-- A hint (last) never replaces a decision (ask, customer).
CREATE OR REPLACE FUNCTION crm.apply_choice_remember(o crm.operation_in) RETURNS void LANGUAGE plpgsql AS $$
DECLARE
    row_id CONSTANT uuid := crm.asked_id(o.payload, 'id');
    was crm.number_choice;
    wanted crm.number_choice;
    _ text;
BEGIN
    _ := crm.only(o.payload, ARRAY['id', 'value', 'mode', 'customer_id']);
    PERFORM crm.asked(o.payload, 'mode');
    SELECT * INTO was FROM crm.number_choice WHERE id = row_id FOR NO KEY UPDATE;
    IF FOUND THEN
        wanted := crm.read_number_choice(was, o.payload);
        IF wanted.mode = 'last' AND was.mode <> 'last' THEN
            RETURN;
        END IF;
    ELSE
        wanted := crm.read_number_choice(crm.new_number_choice(), o.payload);
    END IF;
    wanted.at := o.at;
    wanted.by := o.actor;
    IF was.id IS NULL THEN
        INSERT INTO crm.number_choice SELECT wanted.*;
    ELSE
        wanted.rev := was.rev + 1;
        _ := crm.lay_number_choice(wanted);
    END IF;
END
$$;

-- Code tables are the business of those who lead; the function for each table is made from its entity.
CREATE OR REPLACE FUNCTION crm.apply_code_save(o crm.operation_in) RETURNS void LANGUAGE plpgsql AS $$
DECLARE
    tab CONSTANT text := crm.asked_text(o.payload, 'table');
    given CONSTANT jsonb := crm.asked(o.payload, 'fields');
    _ text;
BEGIN
    _ := crm.only(o.payload, ARRAY['table', 'fields']);
    IF crm.fields_of('code.save ' || tab) IS NULL THEN
        PERFORM crm.refuse_value('table');
    END IF;
    IF o.role = 'agent' THEN
        PERFORM crm.refuse('denied', 'You may not do this.');
    END IF;
    _ := crm.only(given, crm.fields_of('code.save ' || tab));
    _ := crm.save_code(tab, crm.asked_id(given, 'id'), given);
END
$$;
