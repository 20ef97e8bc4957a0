"""Support's desk looks across organisations; tickets are found by funnel, department and priority."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0007"
down_revision = "0006"

NEWEST = sa.text("id DESC")
INDEXES = {
    "ix_ticket_funnel": ["org_id", "funnel_id", NEWEST],
    "ix_ticket_department": ["org_id", "department", NEWEST],
    "ix_ticket_priority": ["org_id", "priority", NEWEST],
}

# Of a funnel the desk reads only what it shows.
READS = {"ticket": "", "funnel": "(org_id, id, display_name)"}

# The tickets of each status come from ix_ticket_desk: `p_status IS NULL OR …` would read all there are.
OF_STATUS = """unnest(CASE WHEN p_status IS NULL THEN ARRAY['open', 'in_progress', 'waiting', 'closed']
                                     ELSE ARRAY[p_status] END) AS s (status)"""
WANTED = """t.status = s.status
                  AND (p_department IS NULL OR t.department = p_department)
                  AND (p_priority IS NULL OR t.priority = p_priority)
                  AND t.org_id NOT IN (SELECT a.id FROM organization a WHERE a.archived_at IS NOT NULL)"""
FILTER = "p_status text, p_department text, p_priority text"
FUNCTIONS = {
    "lookup_ticket(p_id bigint)": """
        RETURNS bigint
        AS $$ SELECT t.org_id FROM ticket t JOIN organization a ON a.id = t.org_id
              WHERE t.id = p_id AND a.archived_at IS NULL $$""",
    "lookup_funnel(p_id bigint)": """
        RETURNS bigint
        AS $$ SELECT f.org_id FROM funnel f JOIN organization a ON a.id = f.org_id
              WHERE f.id = p_id AND a.archived_at IS NULL $$""",
    f"lookup_tickets({FILTER}, p_before bigint, p_limit bigint, p_offset bigint)": f"""
        RETURNS TABLE (org_id bigint, org_name text, id bigint, subject text, department text, status text,
                       priority text, messages_count integer, created_at timestamptz, updated_at timestamptz,
                       author_id bigint, funnel_id bigint, funnel_name text)
        AS $$ SELECT t.org_id, o.display_name, t.id, t.subject, t.department, t.status, t.priority, t.messages_count,
                     t.created_at, t.updated_at, t.author_id, t.funnel_id, f.display_name
              FROM (SELECT n.org_id, n.id
                    FROM {OF_STATUS}
                    CROSS JOIN LATERAL (
                        SELECT t.org_id, t.id FROM ticket t
                        WHERE {WANTED}
                          AND t.id < COALESCE(p_before, 9223372036854775807)
                        ORDER BY t.id DESC LIMIT p_limit + p_offset) n
                    ORDER BY n.id DESC LIMIT p_limit OFFSET p_offset) k
              JOIN ticket t ON t.org_id = k.org_id AND t.id = k.id
              JOIN organization o ON o.id = t.org_id
              LEFT JOIN funnel f ON f.org_id = t.org_id AND f.id = t.funnel_id
              ORDER BY t.id DESC $$""",
    f"lookup_ticket_total({FILTER}, p_most bigint)": f"""
        RETURNS bigint
        AS $$ SELECT count(*) FROM (
                  SELECT FROM {OF_STATUS} CROSS JOIN LATERAL (
                      SELECT FROM ticket t
                      WHERE {WANTED} OFFSET 0) n LIMIT p_most) c $$""",
}


def upgrade() -> None:
    for name, columns in INDEXES.items():
        op.create_index(name, "ticket", columns)
    # Of all organisations: the desk reads this index alone. The other one finds a ticket's organisation; it is a hash
    # because one in order would tempt the planner to read everybody's tickets for the newest of one company.
    op.create_index(
        "ix_ticket_desk", "ticket", ["status", NEWEST], postgresql_include=["org_id", "department", "priority"]
    )
    op.create_index("ix_ticket_id", "ticket", ["id"], postgresql_using="hash")
    op.drop_index("ix_ticket_message_ticket_id", "ticket_message")
    op.create_index("ix_ticket_message_ticket", "ticket_message", ["org_id", "ticket_id", "id"])
    for table, columns in READS.items():
        op.execute(f"GRANT SELECT {columns} ON {table} TO aiguro_lookup")
        op.execute(f"CREATE POLICY lookup ON {table} FOR SELECT TO aiguro_lookup USING (true)")
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
    for table in READS:
        op.execute(f"DROP POLICY lookup ON {table}")
        op.execute(f"REVOKE ALL ON {table} FROM aiguro_lookup")
    op.drop_index("ix_ticket_message_ticket", "ticket_message")
    op.create_index("ix_ticket_message_ticket_id", "ticket_message", ["ticket_id"])
    for name in (*INDEXES, "ix_ticket_desk", "ix_ticket_id"):
        op.drop_index(name, "ticket")
