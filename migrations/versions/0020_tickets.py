"""Tickets by their newest activity, within an organisation and at support's desk; the desk counts what waits for it."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0020"
down_revision = "0019"

ACTIVE, NEWEST = sa.text("updated_at DESC"), sa.text("id DESC")
# As in 0007: each status from its own run of the index, whatever the other statuses hold.
OF_STATUS = """unnest(CASE WHEN p_status IS NULL THEN ARRAY['open', 'in_progress', 'waiting', 'closed']
                                     ELSE ARRAY[p_status] END) AS s (status)"""
WANTED = """t.status = s.status
                  AND (p_department IS NULL OR t.department = p_department)
                  AND (p_priority IS NULL OR t.priority = p_priority)
                  AND (p_words IS NULL OR t.org_id IN (
                      SELECT a.id FROM organization a WHERE strpos(lower(a.display_name), lower(p_words)) > 0))
                  AND t.org_id NOT IN (SELECT a.id FROM organization a WHERE a.archived_at IS NOT NULL)"""
FILTER = "p_department text, p_priority text, p_words text"
FUNCTIONS = {
    f"lookup_desk(p_status text, {FILTER}, p_at timestamptz, p_before bigint, p_limit bigint)": f"""
        RETURNS TABLE (org_id bigint, org_name text, id bigint, subject text, department text, status text,
                       priority text, messages_count integer, created_at timestamptz, updated_at timestamptz,
                       author_id bigint, funnel_id bigint, funnel_name text)
        AS $$ SELECT t.org_id, o.display_name, t.id, t.subject, t.department, t.status, t.priority, t.messages_count,
                     t.created_at, t.updated_at, t.author_id, t.funnel_id, f.display_name
              FROM (SELECT n.org_id, n.id, n.updated_at
                    FROM {OF_STATUS}
                    CROSS JOIN LATERAL (
                        SELECT t.org_id, t.id, t.updated_at FROM ticket t
                        WHERE {WANTED}
                          AND (t.updated_at, t.id) < (COALESCE(p_at, 'infinity'), COALESCE(p_before, 0))
                        ORDER BY t.updated_at DESC, t.id DESC LIMIT p_limit) n
                    ORDER BY n.updated_at DESC, n.id DESC LIMIT p_limit) k
              JOIN ticket t ON t.org_id = k.org_id AND t.id = k.id
              JOIN organization o ON o.id = t.org_id
              LEFT JOIN funnel f ON f.org_id = t.org_id AND f.id = t.funnel_id
              ORDER BY t.updated_at DESC, t.id DESC $$""",
    f"lookup_desk_tally({FILTER}, p_most bigint)": f"""
        RETURNS TABLE (status text, total bigint, oldest timestamptz)
        AS $$ SELECT s.status,
                     (SELECT count(*) FROM (SELECT FROM ticket t WHERE {WANTED} LIMIT p_most) c),
                     (SELECT t.updated_at FROM ticket t WHERE {WANTED} ORDER BY t.updated_at, t.id LIMIT 1)
              FROM unnest(ARRAY['open', 'in_progress', 'waiting', 'closed']) AS s (status) $$""",
}


def upgrade() -> None:
    op.create_index("ix_ticket_activity", "ticket", ["org_id", ACTIVE, NEWEST])
    op.create_index(
        "ix_ticket_desk_activity", "ticket", ["status", ACTIVE, NEWEST],
        postgresql_include=["org_id", "department", "priority"],
    )  # fmt: skip
    op.execute("GRANT CREATE ON SCHEMA public TO aiguro_lookup")
    for signature, body in FUNCTIONS.items():
        op.execute(
            f"CREATE FUNCTION {signature} {body} LANGUAGE sql STABLE SECURITY DEFINER "
            "SET search_path = pg_catalog, public, pg_temp"
        )
        op.execute(f"REVOKE ALL ON FUNCTION {signature} FROM PUBLIC")
        op.execute(f"ALTER FUNCTION {signature} OWNER TO aiguro_lookup")
    op.execute("REVOKE CREATE ON SCHEMA public FROM aiguro_lookup")


def downgrade() -> None:
    for signature in FUNCTIONS:
        op.execute(f"DROP FUNCTION {signature}")
    for name in ("ix_ticket_activity", "ix_ticket_desk_activity"):
        op.drop_index(name, "ticket")
