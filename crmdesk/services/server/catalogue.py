"""What the catalogue of the server says about our schema, in a form that can be compared."""

from __future__ import annotations

from typing import Any

_COLUMNS = """
SELECT c.relname, a.attname, format_type(a.atttypid, a.atttypmod), a.attnotnull,
       regexp_replace(coalesce(pg_get_expr(d.adbin, d.adrelid), ''), '::[a-z ]+(\\[\\])?$', '')
FROM pg_class c
JOIN pg_attribute a ON a.attrelid = c.oid AND a.attnum > 0 AND NOT a.attisdropped
LEFT JOIN pg_attrdef d ON d.adrelid = c.oid AND d.adnum = a.attnum
WHERE c.relnamespace = 'crm'::regnamespace AND c.relkind IN ('r', 'p')
ORDER BY c.relname, a.attnum
"""

_DIGESTS = """
SELECT what, md5(string_agg(detail, E'\\n' ORDER BY detail)) FROM (
    SELECT CASE c.relkind WHEN 'S' THEN 'sequence ' WHEN 'v' THEN 'view ' WHEN 'i' THEN 'index '
                          ELSE 'table ' END || c.relname AS what,
           concat_ws('|', 'it', c.relkind, c.relpersistence, pg_get_userbyid(c.relowner), c.relrowsecurity,
                     c.relforcerowsecurity,
                     -- Rights that are the default are NULL before somebody sets them, and after a restore.
                     coalesce(c.relacl, acldefault(
                         CASE c.relkind WHEN 'S' THEN 's' ELSE 'r' END::"char", c.relowner))::text,
                     c.reloptions::text,
                     CASE WHEN c.relkind = 'i' THEN pg_get_indexdef(c.oid) END,
                     CASE WHEN c.relkind = 'v' THEN pg_get_viewdef(c.oid) END) AS detail
    FROM pg_class c WHERE c.relnamespace = 'crm'::regnamespace AND c.relkind IN ('r', 'p', 'S', 'v', 'm', 'i')
    UNION ALL
    SELECT CASE c.relkind WHEN 'v' THEN 'view ' ELSE 'table ' END || c.relname,
           concat_ws('|', 'column', a.attname, format_type(a.atttypid, a.atttypmod), a.attnotnull,
                     a.attidentity, a.attacl::text, pg_get_expr(d.adbin, d.adrelid))
    FROM pg_class c
    JOIN pg_attribute a ON a.attrelid = c.oid AND a.attnum > 0 AND NOT a.attisdropped
    LEFT JOIN pg_attrdef d ON d.adrelid = c.oid AND d.adnum = a.attnum
    WHERE c.relnamespace = 'crm'::regnamespace AND c.relkind IN ('r', 'p', 'v')
    UNION ALL
    SELECT 'table ' || c.relname, concat_ws('|', 'constraint', o.conname, pg_get_constraintdef(o.oid))
    FROM pg_constraint o JOIN pg_class c ON c.oid = o.conrelid WHERE o.connamespace = 'crm'::regnamespace
    UNION ALL
    SELECT 'table ' || c.relname,
           concat_ws('|', 'policy', p.polname, p.polcmd, p.polpermissive,
                     (SELECT string_agg(coalesce(pg_get_userbyid(nullif(r, 0)), 'public'), ',' ORDER BY r)
                      FROM unnest(p.polroles) r),
                     pg_get_expr(p.polqual, p.polrelid), pg_get_expr(p.polwithcheck, p.polrelid))
    FROM pg_policy p JOIN pg_class c ON c.oid = p.polrelid WHERE c.relnamespace = 'crm'::regnamespace
    UNION ALL
    SELECT 'table ' || c.relname, concat_ws('|', 'trigger', pg_get_triggerdef(t.oid), t.tgenabled)
    FROM pg_trigger t JOIN pg_class c ON c.oid = t.tgrelid
    WHERE c.relnamespace = 'crm'::regnamespace AND NOT t.tgisinternal
    UNION ALL
    SELECT 'function ' || p.oid::regprocedure::text,
           concat_ws('|', pg_get_functiondef(p.oid), pg_get_userbyid(p.proowner), p.proacl::text)
    FROM pg_proc p WHERE p.pronamespace = 'crm'::regnamespace AND p.prokind IN ('f', 'p')
    UNION ALL
    SELECT 'schema crm', concat_ws('|', pg_get_userbyid(n.nspowner), n.nspacl::text)
    FROM pg_namespace n WHERE n.nspname = 'crm'
    UNION ALL
    SELECT 'role ' || r.rolname,
           concat_ws('|', r.rolsuper, r.rolcanlogin, r.rolcreaterole, r.rolcreatedb, r.rolreplication,
                     r.rolbypassrls)
    FROM pg_roles r
    WHERE r.rolname IN ('crm_owner', 'crm_agent', 'crm_supervisor', 'crm_administrator', 'crm_auditor')
) found GROUP BY what ORDER BY what
"""

Column = tuple[str, bool, str]
"""Type, whether it may not be NULL, and its default without a cast (empty: none)."""


def columns(work: Any) -> dict[str, dict[str, Column]]:
    """Return the columns of all our tables, by table and name."""
    found: dict[str, dict[str, Column]] = {}
    for table, name, kind, required, default in work.execute(_COLUMNS).fetchall():
        found.setdefault(table, {})[name] = (kind, required, default)
    return found


def digests(work: Any) -> dict[str, str]:
    """Return a digest of every table, function and sequence of ours, and of our roles, by what it is."""
    return dict(work.execute(_DIGESTS).fetchall())
