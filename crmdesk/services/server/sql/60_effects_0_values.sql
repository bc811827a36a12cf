-- What all effects share: JSON values read strictly, rows asked for, clashes decided, ids derived.
--
-- Effects run inside crm.push_many() only: nobody else may call them, and its search_path holds. What each operation
-- calls is called by an assignment, to _ where there is no result: PERFORM is a statement of its own, and starting
-- one costs more than most of these functions.
--
-- Readers are in SQL, each one expression, so that they become part of the expression that calls them; whatever they
-- call must be STABLE for that, refusals too.
CREATE OR REPLACE FUNCTION crm.refuse_value(p_name text) RETURNS text LANGUAGE plpgsql STABLE AS $$
BEGIN
    PERFORM crm.refuse(
        'invalid', 'The field {name} cannot hold this value.', jsonb_build_object('name', p_name), ARRAY[p_name]);
END
$$;

CREATE OR REPLACE FUNCTION crm.refuse_names(p_names text[]) RETURNS void LANGUAGE plpgsql AS $$
BEGIN
    PERFORM crm.refuse(
        'invalid', 'There is no field {names} here.',
        jsonb_build_object('names', array_to_string(p_names, ', ')), p_names);
END
$$;

CREATE OR REPLACE FUNCTION crm.refuse_missing(p_name text) RETURNS void LANGUAGE plpgsql AS $$
BEGIN
    PERFORM crm.refuse(
        'invalid', 'Please fill in {name}.', jsonb_build_object('name', p_name), ARRAY[p_name]);
END
$$;

CREATE OR REPLACE FUNCTION crm.refuse_choice(p_name text, p_choices text[]) RETURNS text
LANGUAGE plpgsql STABLE AS $$
BEGIN
    PERFORM crm.refuse(
        'invalid', '{name} must be one of: {choices}.',
        jsonb_build_object('name', p_name, 'choices', array_to_string(p_choices, ', ')), ARRAY[p_name]);
END
$$;

CREATE OR REPLACE FUNCTION crm.read_text(p_name text, p_given jsonb) RETURNS text LANGUAGE sql STABLE AS $$
    SELECT CASE WHEN jsonb_typeof(p_given) = 'string' THEN p_given #>> '{}' ELSE crm.refuse_value(p_name) END
$$;

CREATE OR REPLACE FUNCTION crm.read_choice(p_name text, p_given jsonb, p_choices text[]) RETURNS text
LANGUAGE sql STABLE AS $$
    SELECT CASE
        WHEN jsonb_typeof(p_given) <> 'string' THEN crm.refuse_value(p_name)
        WHEN p_given #>> '{}' = ANY (p_choices) THEN p_given #>> '{}'
        ELSE crm.refuse_choice(p_name, p_choices)
    END
$$;

-- Only the plain form with its hyphens; what then is no hexadecimal digit is refused by the cast.
CREATE OR REPLACE FUNCTION crm.read_id(p_name text, p_given jsonb) RETURNS uuid LANGUAGE sql STABLE AS $$
    SELECT CASE
        WHEN p_given #>> '{}' LIKE '________-____-____-____-____________' THEN (p_given #>> '{}')::uuid
        ELSE crm.refuse_value(p_name)::uuid
    END
$$;

CREATE OR REPLACE FUNCTION crm.read_integer(p_name text, p_given jsonb) RETURNS bigint LANGUAGE sql STABLE AS $$
    SELECT CASE
        WHEN jsonb_typeof(p_given) <> 'number' THEN crm.refuse_value(p_name)::bigint
        WHEN scale(p_given::numeric) = 0
            AND p_given::numeric BETWEEN -9223372036854775808 AND 9223372036854775807 THEN p_given::bigint
        ELSE crm.refuse_value(p_name)::bigint
    END
$$;

CREATE OR REPLACE FUNCTION crm.read_flag(p_name text, p_given jsonb) RETURNS boolean LANGUAGE sql STABLE AS $$
    SELECT CASE
        WHEN jsonb_typeof(p_given) = 'boolean' THEN p_given::boolean ELSE crm.refuse_value(p_name)::boolean END
$$;

-- Only the form that desks write: no words like "now", which would mean something else at each attempt.
CREATE OR REPLACE FUNCTION crm.read_moment(p_name text, p_given jsonb) RETURNS timestamptz LANGUAGE sql STABLE AS $$
    SELECT CASE
        WHEN p_given #>> '{}'
             ~ '^\d{4}-\d\d-\d\dT([01]\d|2[0-3]):[0-5]\d:[0-5]\d(\.\d{1,6})?(Z|[+-](0\d|1[0-4]):[0-5]\d)$'
        THEN (p_given #>> '{}')::timestamptz
        ELSE crm.refuse_value(p_name)::timestamptz
    END
$$;

-- A moment as desks write it.
CREATE OR REPLACE FUNCTION crm.told_moment(p_at timestamptz) RETURNS text LANGUAGE sql STABLE AS $$
    SELECT to_char(p_at AT TIME ZONE 'UTC', CASE
        WHEN date_trunc('second', p_at) = p_at THEN 'YYYY-MM-DD"T"HH24:MI:SS"Z"'
        ELSE 'YYYY-MM-DD"T"HH24:MI:SS.US"Z"' END)
$$;

CREATE OR REPLACE FUNCTION crm.read_day(p_name text, p_given jsonb) RETURNS date LANGUAGE sql STABLE AS $$
    SELECT CASE
        WHEN p_given #>> '{}' ~ '^\d{4}-\d\d-\d\d$' THEN (p_given #>> '{}')::date
        ELSE crm.refuse_value(p_name)::date
    END
$$;

CREATE OR REPLACE FUNCTION crm.read_words(p_name text, p_given jsonb) RETURNS text[] LANGUAGE plpgsql STABLE AS $$
DECLARE
    words text[] := '{}';
    word jsonb;
BEGIN
    IF jsonb_typeof(p_given) IS DISTINCT FROM 'array' THEN
        PERFORM crm.refuse_value(p_name);
    END IF;
    FOR word IN SELECT w FROM jsonb_array_elements(p_given) WITH ORDINALITY AS e(w, n) ORDER BY n
    LOOP
        words := words || crm.read_text(p_name, word);
    END LOOP;
    RETURN words;
END
$$;

-- What every effect asks of its payload.
CREATE OR REPLACE FUNCTION crm.only(p_payload jsonb, p_names text[]) RETURNS void LANGUAGE plpgsql STABLE AS $$
BEGIN
    IF jsonb_typeof(p_payload) IS DISTINCT FROM 'object' THEN
        PERFORM crm.refuse('invalid', 'This operation is not well formed.');
    END IF;
    IF p_payload - p_names <> '{}' THEN
        PERFORM crm.refuse_names(ARRAY(SELECT k FROM jsonb_object_keys(p_payload - p_names) k ORDER BY k LIMIT 10));
    END IF;
END
$$;

CREATE OR REPLACE FUNCTION crm.asked(p_payload jsonb, p_name text) RETURNS jsonb LANGUAGE plpgsql STABLE AS $$
BEGIN
    IF p_payload -> p_name IS NULL THEN
        PERFORM crm.refuse_missing(p_name);
    END IF;
    RETURN p_payload -> p_name;
END
$$;

CREATE OR REPLACE FUNCTION crm.asked_id(p_payload jsonb, p_name text) RETURNS uuid LANGUAGE plpgsql STABLE AS $$
DECLARE
    given CONSTANT jsonb := crm.asked(p_payload, p_name);
BEGIN
    RETURN crm.read_id(p_name, given);
END
$$;

CREATE OR REPLACE FUNCTION crm.asked_text(p_payload jsonb, p_name text) RETURNS text LANGUAGE plpgsql STABLE AS $$
DECLARE
    given CONSTANT jsonb := crm.asked(p_payload, p_name);
BEGIN
    RETURN crm.read_text(p_name, given);
END
$$;

-- NULL for null and for an empty word.
CREATE OR REPLACE FUNCTION crm.asked_link(p_payload jsonb, p_name text) RETURNS uuid LANGUAGE plpgsql STABLE AS $$
DECLARE
    given CONSTANT jsonb := crm.asked(p_payload, p_name);
BEGIN
    RETURN CASE WHEN given IN ('null', '""') THEN NULL ELSE crm.read_id(p_name, given) END;
END
$$;

CREATE OR REPLACE FUNCTION crm.asked_list(p_payload jsonb, p_name text) RETURNS jsonb LANGUAGE plpgsql STABLE AS $$
DECLARE
    most CONSTANT integer := 1000;
    given CONSTANT jsonb := crm.asked(p_payload, p_name);
BEGIN
    IF jsonb_typeof(given) <> 'array' THEN
        PERFORM crm.refuse_value(p_name);
    END IF;
    IF jsonb_array_length(given) > most THEN
        PERFORM crm.refuse('invalid', 'This operation is too large.');
    END IF;
    RETURN given;
END
$$;

-- The fields a kind of operation brings, those of it alone.
CREATE OR REPLACE FUNCTION crm.asked_fields(o crm.operation_in, p_name text) RETURNS jsonb
LANGUAGE plpgsql STABLE AS $$
DECLARE
    given CONSTANT jsonb := crm.asked(o.payload, p_name);
    _ text;
BEGIN
    _ := crm.only(o.payload, ARRAY['id', p_name]);
    _ := crm.only(given, crm.fields_of(o.kind));
    RETURN given;
END
$$;

-- A row that this operation builds upon is not here. Soon after a restore it may still come from another desk: then
-- the operation has to wait, which SQLSTATE 55000 tells the desk that sent it. Not for long: that desk may be off, or
-- what made the row may be refused this time, and all that this desk has typed since waits behind.
CREATE OR REPLACE FUNCTION crm.wait_for_parent(o crm.operation_in) RETURNS void LANGUAGE plpgsql AS $$
DECLARE
    longest CONSTANT interval := '30 minutes';
BEGIN
    IF o.again AND EXISTS (
        SELECT 1 FROM crm.journal j WHERE j.what = 'after restore' AND j.at > crm.now() - longest)
    THEN
        RAISE EXCEPTION 'What this operation builds upon is not back yet.' USING ERRCODE = '55000';
    END IF;
END
$$;

CREATE OR REPLACE FUNCTION crm.gone(o crm.operation_in, p_table text) RETURNS void LANGUAGE plpgsql AS $$
BEGIN
    PERFORM crm.wait_for_parent(o);
    PERFORM crm.refuse(
        'gone', 'This {what} is not here any more.', jsonb_build_object('what', replace(p_table, '_', ' ')));
END
$$;

-- Refuse to overwrite a field that another desk changed after the revision this person looked at. Different fields
-- merge. A revision that never was tells nothing of what he saw: every field counts as changed. What this desk
-- changed itself he has seen: operations that waited together name the revision they all were laid on.
-- To be called when o.base_rev is another one than the row's.
CREATE OR REPLACE FUNCTION crm.refuse_clash(
    o crm.operation_in, p_table text, p_given jsonb, p_was jsonb, p_wanted jsonb
) RETURNS void LANGUAGE plpgsql AS $$
DECLARE
    held CONSTANT bigint := p_was ->> 'rev';
    clash text[];
BEGIN
    SELECT array_agg(k ORDER BY k COLLATE "C") INTO clash
    FROM jsonb_object_keys(p_given) k
    WHERE p_was -> k <> p_wanted -> k
      AND (o.base_rev > held OR EXISTS (
          SELECT 1 FROM crm.audit a
          WHERE a.pk = (p_was ->> 'id')::uuid AND a.rev > o.base_rev AND a.tab = p_table AND k = ANY (a.fields)
            AND a.device IS DISTINCT FROM o.device));
    IF clash IS NOT NULL THEN
        PERFORM crm.refuse(
            'conflict', 'Somebody changed {names} meanwhile. Look at both versions and choose.',
            jsonb_build_object('names', array_to_string(clash, ', ')), clash, p_was);
    END IF;
END
$$;

-- White space as Python's str.strip() takes it.
CREATE OR REPLACE FUNCTION crm.stripped(p_text text) RETURNS text LANGUAGE sql IMMUTABLE AS $$
    SELECT btrim(
        p_text,
        E'\t\n\v\f\r\x1c\x1d\x1e\x1f \u0085\u00a0\u1680\u2000\u2001\u2002\u2003\u2004\u2005\u2006\u2007'
        || E'\u2008\u2009\u200a\u2028\u2029\u202f\u205f\u3000')
$$;

-- SHA-1 (FIPS 180-4), because UUIDs of version 5 are made of it and PostgreSQL without extensions has none.
CREATE OR REPLACE FUNCTION crm.sha1(p_message bytea) RETURNS bytea LANGUAGE plpgsql IMMUTABLE STRICT AS $$
DECLARE
    m CONSTANT bigint := 4294967295;
    told CONSTANT integer := length(p_message);
    padded CONSTANT bytea := p_message || '\x80' || decode(repeat('00', (119 - told % 64) % 64), 'hex')
        || int8send(told * 8);
    w bigint[];
    h0 bigint := 1732584193;
    h1 bigint := 4023233417;
    h2 bigint := 2562383102;
    h3 bigint := 271733878;
    h4 bigint := 3285377520;
    a bigint;
    b bigint;
    c bigint;
    d bigint;
    e bigint;
    t bigint;
BEGIN
    FOR block IN 0..length(padded) / 64 - 1
    LOOP
        FOR i IN 0..15
        LOOP
            t := block * 64 + i * 4;
            w[i] := (get_byte(padded, t::integer)::bigint << 24) | (get_byte(padded, t::integer + 1) << 16)
                | (get_byte(padded, t::integer + 2) << 8) | get_byte(padded, t::integer + 3);
        END LOOP;
        FOR i IN 16..79
        LOOP
            t := w[i - 3] # w[i - 8] # w[i - 14] # w[i - 16];
            w[i] := ((t << 1) | (t >> 31)) & m;
        END LOOP;
        a := h0;
        b := h1;
        c := h2;
        d := h3;
        e := h4;
        FOR i IN 0..79
        LOOP
            t := ((((a << 5) | (a >> 27)) & m) + e + w[i] + CASE
                WHEN i < 20 THEN ((b & c) | (~b & m & d)) + 1518500249
                WHEN i < 40 THEN (b # c # d) + 1859775393
                WHEN i < 60 THEN ((b & c) | (b & d) | (c & d)) + 2400959708
                ELSE (b # c # d) + 3395469782
            END) & m;
            e := d;
            d := c;
            c := ((b << 30) | (b >> 2)) & m;
            b := a;
            a := t;
        END LOOP;
        h0 := (h0 + a) & m;
        h1 := (h1 + b) & m;
        h2 := (h2 + c) & m;
        h3 := (h3 + d) & m;
        h4 := (h4 + e) & m;
    END LOOP;
    RETURN substr(int8send(h0), 5) || substr(int8send(h1), 5) || substr(int8send(h2), 5)
        || substr(int8send(h3), 5) || substr(int8send(h4), 5);
END
$$;

-- The UUID of version 5 for a name in a name space (RFC 9562 section 5.5).
CREATE OR REPLACE FUNCTION crm.uuid5(p_space uuid, p_name text) RETURNS uuid LANGUAGE plpgsql IMMUTABLE STRICT AS $$
DECLARE
    made bytea := substr(crm.sha1(uuid_send(p_space) || convert_to(p_name, 'UTF8')), 1, 16);
BEGIN
    made := set_byte(made, 6, get_byte(made, 6) & 15 | 80);
    made := set_byte(made, 8, get_byte(made, 8) & 63 | 128);
    RETURN encode(made, 'hex')::uuid;
END
$$;

-- The id of the n-th row that an effect makes, equal on every desk.
CREATE OR REPLACE FUNCTION crm.child_id(p_op uuid, p_effect text, p_n bigint) RETURNS uuid
LANGUAGE plpgsql IMMUTABLE AS $$
BEGIN
    RETURN crm.uuid5(p_op, p_effect || '/' || p_n);
END
$$;

-- The line of the time line that shows a thing, locked; revision 0 when there is none yet.
CREATE OR REPLACE FUNCTION crm.line_of(p_id uuid) RETURNS crm.interaction LANGUAGE plpgsql AS $$
DECLARE
    line crm.interaction;
BEGIN
    SELECT * INTO line FROM crm.interaction WHERE id = p_id FOR NO KEY UPDATE;
    IF NOT FOUND THEN
        line := crm.new_interaction();
        line.id := p_id;
        line.rev := 0;
    END IF;
    RETURN line;
END
$$;

-- Put a line on the time line, new or again; one that says the same as before is left alone.
CREATE OR REPLACE FUNCTION crm.show(p_was crm.interaction, p_line crm.interaction) RETURNS void
LANGUAGE plpgsql AS $$
DECLARE
    _ text;
BEGIN
    IF p_was.rev = 0 THEN
        p_line.rev := 1;
        INSERT INTO crm.interaction SELECT p_line.*;
    ELSIF p_line IS DISTINCT FROM p_was THEN
        p_line.rev := p_was.rev + 1;
        _ := crm.lay_interaction(p_line);
    END IF;
END
$$;
