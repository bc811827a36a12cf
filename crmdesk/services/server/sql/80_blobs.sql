-- Files that belong to a row, in pieces of 256 KiB. A file is there for the others when it is whole; whoever
-- may see the row may have the file.
CREATE TABLE IF NOT EXISTS crm.file (
    id uuid PRIMARY KEY,
    tab text NOT NULL,
    pk uuid NOT NULL,
    name text NOT NULL CHECK (length(name) BETWEEN 1 AND 255),
    media_type text NOT NULL DEFAULT '',
    size bigint NOT NULL CHECK (size BETWEEN 0 AND 25 * 1024 * 1024),
    sha256 bytea NOT NULL CHECK (length(sha256) = 32),
    login name NOT NULL,
    whole boolean NOT NULL DEFAULT false,
    at timestamptz NOT NULL
);
COMMENT ON TABLE crm.file IS 'files by the row they belong to; whole when all pieces are here and fit sha256';
CREATE INDEX IF NOT EXISTS file_row ON crm.file (pk);
CREATE TABLE IF NOT EXISTS crm.blob (
    file uuid NOT NULL REFERENCES crm.file ON DELETE CASCADE,
    i integer NOT NULL CHECK (i >= 0),
    bytes bytea NOT NULL CHECK (length(bytes) BETWEEN 1 AND 256 * 1024),
    PRIMARY KEY (file, i)
);
COMMENT ON TABLE crm.blob IS 'the pieces of a file, each 256 KiB but the last';
ALTER TABLE crm.blob ALTER COLUMN bytes SET STORAGE EXTERNAL;

-- Whether the person of this session sees the row: the policies of its table judge.
CREATE OR REPLACE FUNCTION crm.sees(p_tab text, p_pk uuid) RETURNS boolean
LANGUAGE plpgsql STABLE SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
DECLARE
    found boolean := false;
BEGIN
    IF EXISTS (SELECT 1 FROM crm.entity e WHERE e.tab = p_tab) THEN
        EXECUTE format('SELECT EXISTS (SELECT 1 FROM crm.%I WHERE id = $1)', p_tab) INTO found USING p_pk;
    END IF;
    RETURN found;
END
$$;

-- Announce a file of a row one sees; the same again tells which pieces are here. Returns {"whole", "pieces"}.
CREATE OR REPLACE FUNCTION crm.begin_file(
    p_id uuid, p_tab text, p_pk uuid, p_name text, p_type text, p_size bigint, p_sha256 bytea
) RETURNS jsonb
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
DECLARE
    held crm.file;
BEGIN
    IF crm.my_agent() IS NULL OR NOT crm.sees(p_tab, p_pk) THEN
        RAISE EXCEPTION 'There is no such record.' USING ERRCODE = 'CR006';
    END IF;
    INSERT INTO crm.file (id, tab, pk, name, media_type, size, sha256, login, at)
    VALUES (p_id, p_tab, p_pk, p_name, coalesce(p_type, ''), p_size, p_sha256, session_user, crm.now())
    ON CONFLICT (id) DO NOTHING;
    SELECT * INTO held FROM crm.file f WHERE f.id = p_id;
    IF (held.tab, held.pk, held.size, held.sha256, held.login) <> (p_tab, p_pk, p_size, p_sha256, session_user) THEN
        RAISE EXCEPTION 'Another file has this id.' USING ERRCODE = 'CR009';
    END IF;
    RETURN jsonb_build_object(
        'whole', held.whole,
        'pieces', (SELECT coalesce(jsonb_agg(b.i ORDER BY b.i), '[]') FROM crm.blob b WHERE b.file = p_id));
END
$$;

-- Bring one piece, in any order, again if need be. With the last one the file is whole: returns whether it is.
CREATE OR REPLACE FUNCTION crm.put_piece(p_file uuid, p_i integer, p_bytes bytea) RETURNS boolean
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
DECLARE
    piece CONSTANT bigint := 256 * 1024;
    held crm.file;
BEGIN
    SELECT * INTO held FROM crm.file f WHERE f.id = p_file AND f.login = session_user FOR UPDATE;
    IF held.id IS NULL THEN
        RAISE EXCEPTION 'There is no such file of yours.' USING ERRCODE = 'CR006';
    END IF;
    IF held.whole THEN
        RETURN true;
    END IF;
    IF p_i < 0 OR p_i * piece >= held.size OR length(p_bytes) <> least(piece, held.size - p_i * piece) THEN
        RAISE EXCEPTION 'This piece does not belong to the file.' USING ERRCODE = 'CR009';
    END IF;
    INSERT INTO crm.blob (file, i, bytes) VALUES (p_file, p_i, p_bytes)
    ON CONFLICT (file, i) DO UPDATE SET bytes = excluded.bytes;
    IF (SELECT count(*) FROM crm.blob b WHERE b.file = p_file) < (held.size + piece - 1) / piece THEN
        RETURN false;
    END IF;
    IF (SELECT sha256(string_agg(b.bytes, ''::bytea ORDER BY b.i)) FROM crm.blob b WHERE b.file = p_file)
       <> held.sha256 THEN
        DELETE FROM crm.blob b WHERE b.file = p_file;
        RETURN false;
    END IF;
    UPDATE crm.file f SET whole = true WHERE f.id = p_file;
    RETURN true;
END
$$;

-- The files of a row one sees.
CREATE OR REPLACE FUNCTION crm.files_of(p_tab text, p_pk uuid)
RETURNS TABLE (id uuid, name text, media_type text, size bigint, sha256 bytea, whole boolean, at timestamptz)
LANGUAGE sql STABLE SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
    SELECT f.id, f.name, f.media_type, f.size, f.sha256, f.whole, f.at FROM crm.file f
    WHERE f.tab = p_tab AND f.pk = p_pk AND crm.sees(p_tab, p_pk) ORDER BY f.at
$$;

-- One piece of a whole file of a row one sees; NULL when there is none.
CREATE OR REPLACE FUNCTION crm.get_piece(p_file uuid, p_i integer) RETURNS bytea
LANGUAGE sql STABLE SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
    SELECT b.bytes FROM crm.blob b JOIN crm.file f ON f.id = b.file
    WHERE b.file = p_file AND b.i = p_i AND f.whole AND crm.sees(f.tab, f.pk)
$$;

GRANT EXECUTE ON FUNCTION
    crm.begin_file(uuid, text, uuid, text, text, bigint, bytea), crm.put_piece(uuid, integer, bytea),
    crm.files_of(text, uuid), crm.get_piece(uuid, integer) TO crm_agent;
