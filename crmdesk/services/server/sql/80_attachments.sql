-- The contents of attachments, in pieces of 256 KiB. One is there for the others when it is whole and has the
-- SHA-256 that its row names; so whoever sees the row may bring pieces: after a restore any desk that has them.
DROP TABLE IF EXISTS crm.blob, crm.file;  -- of a first sketch; no desk ever wrote there
CREATE TABLE IF NOT EXISTS crm.attachment_piece (
    attachment uuid NOT NULL REFERENCES crm.attachment ON DELETE CASCADE,
    i integer NOT NULL CHECK (i >= 0),
    bytes bytea NOT NULL CHECK (length(bytes) BETWEEN 1 AND 256 * 1024),
    PRIMARY KEY (attachment, i)
);
COMMENT ON TABLE crm.attachment_piece IS 'contents of attachments, each piece 256 KiB but the last';
ALTER TABLE crm.attachment_piece ALTER COLUMN bytes SET STORAGE EXTERNAL;
CREATE TABLE IF NOT EXISTS crm.attachment_whole (
    attachment uuid PRIMARY KEY REFERENCES crm.attachment ON DELETE CASCADE,
    login name NOT NULL,
    at timestamptz NOT NULL
);
COMMENT ON TABLE crm.attachment_whole IS 'attachments all of whose pieces are here and fit; login brought the last one';

-- What is here of an attachment one sees: {"whole", "pieces": [numbers]}.
CREATE OR REPLACE FUNCTION crm.begin_file(p_id uuid) RETURNS jsonb
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
DECLARE
    held crm.attachment;
BEGIN
    SELECT * INTO held FROM crm.attachment a WHERE a.id = p_id;
    IF crm.my_agent() IS NULL OR held.id IS NULL THEN
        RAISE EXCEPTION 'There is no such file.' USING ERRCODE = 'CR006';
    END IF;
    RETURN jsonb_build_object(
        'whole', crm.is_whole(held),
        'pieces', (SELECT coalesce(jsonb_agg(p.i ORDER BY p.i), '[]') FROM crm.attachment_piece p
                   WHERE p.attachment = p_id));
END
$$;

-- One without content needs no pieces.
CREATE OR REPLACE FUNCTION crm.is_whole(p_file crm.attachment) RETURNS boolean LANGUAGE sql STABLE AS $$
    SELECT p_file.size = 0 OR EXISTS (SELECT 1 FROM crm.attachment_whole w WHERE w.attachment = p_file.id)
$$;

-- Bring one piece, in any order, again if need be. With the last one the file is whole: returns whether it is.
CREATE OR REPLACE FUNCTION crm.put_piece(p_file uuid, p_i integer, p_bytes bytea) RETURNS boolean
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
DECLARE
    piece CONSTANT bigint := 256 * 1024;
    held crm.attachment;
BEGIN
    SELECT * INTO held FROM crm.attachment a WHERE a.id = p_file FOR NO KEY UPDATE;
    IF crm.my_role() NOT IN ('agent', 'supervisor', 'administrator') OR held.id IS NULL THEN
        RAISE EXCEPTION 'There is no such file.' USING ERRCODE = 'CR006';
    END IF;
    IF crm.is_whole(held) THEN
        RETURN true;
    END IF;
    IF p_i < 0 OR p_i * piece >= held.size OR length(p_bytes) <> least(piece, held.size - p_i * piece) THEN
        RAISE EXCEPTION 'This piece does not belong to the file.' USING ERRCODE = 'CR009';
    END IF;
    INSERT INTO crm.attachment_piece (attachment, i, bytes) VALUES (p_file, p_i, p_bytes)
    ON CONFLICT (attachment, i) DO UPDATE SET bytes = excluded.bytes;
    IF (SELECT count(*) FROM crm.attachment_piece p WHERE p.attachment = p_file) < (held.size + piece - 1) / piece THEN
        RETURN false;
    END IF;
    IF (SELECT encode(sha256(string_agg(p.bytes, ''::bytea ORDER BY p.i)), 'hex')
        FROM crm.attachment_piece p WHERE p.attachment = p_file) <> held.digest THEN
        DELETE FROM crm.attachment_piece p WHERE p.attachment = p_file;
        RETURN false;
    END IF;
    INSERT INTO crm.attachment_whole (attachment, login, at) VALUES (p_file, session_user, crm.now());
    RETURN true;
END
$$;

-- One piece of a whole file one sees; NULL when there is none.
CREATE OR REPLACE FUNCTION crm.get_piece(p_file uuid, p_i integer) RETURNS bytea
LANGUAGE sql STABLE SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
    SELECT p.bytes FROM crm.attachment_piece p
    JOIN crm.attachment a ON a.id = p.attachment
    WHERE p.attachment = p_file AND p.i = p_i AND crm.is_whole(a)
$$;

GRANT EXECUTE ON FUNCTION
    crm.begin_file(uuid), crm.put_piece(uuid, integer, bytea), crm.get_piece(uuid, integer) TO crm_agent;
