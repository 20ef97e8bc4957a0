"""Search over clients, dialogs, messages and tickets; notifications that were read are forgotten.

Under row-level security `@@` is not leakproof, so a GIN index would stay unused: the functions below run as
aiguro_lookup, take the organisation from app.org_id alone, and give ids, which the caller reads behind the wall.

A GIN index cannot hold org_id (btree_gin is no part of PostgreSQL), so every lexeme carries it: «17.3.доставк» is the
word in organisation 17 among the rows whose id >> 15 is 3. A search goes through these buckets from the newest on and
stops when it has enough: a word that is everywhere is found in the first, and a rare one costs some 20 µs a bucket.

CREATE INDEX holds writes of messages while it builds, a minute or so per million: plan it (docs/production.md).
"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects.postgresql import TSVECTOR

revision = "0015"
down_revision = "0014"

SETTING = "(SELECT NULLIF(current_setting('app.org_id', true), '')::bigint)"
SHOWN = "deleted_at IS NULL AND NOT is_test"
READ = "lookup_read_notifications(p_days integer)"

# Punctuation goes first: PostgreSQL takes «», — and emoji for letters, too. What is longer than a word can be is cut
# (only in texts that are long enough to hold such): a lexeme has its most bytes.
PLAIN = """
    CREATE FUNCTION search_plain(p_text text) RETURNS text LANGUAGE sql IMMUTABLE PARALLEL SAFE AS $$
        SELECT CASE WHEN length(p_text) < 400 THEN regexp_replace(p_text, '[\\W_]+', ' ', 'g')
                    ELSE regexp_replace(regexp_replace(p_text, '[\\W_]+', ' ', 'g'),
                                        '(\\w{60})\\w+', '\\1', 'g') END $$
"""
# One expression without a sub-select, so that PostgreSQL puts it in place of the call: cheaper for every message.
PLACED = """
    CREATE FUNCTION search_placed(p_org bigint, p_id bigint, p_words tsvector) RETURNS tsvector
    LANGUAGE sql IMMUTABLE PARALLEL SAFE AS $$
        SELECT replace(' ' || strip(p_words)::text, ' ''',
                       ' ''' || p_org::text || '.' || (p_id >> 15)::text || '.')::tsvector
    $$
"""
WORDS = """
    CREATE FUNCTION search_words(p_org bigint, p_id bigint, p_text text) RETURNS tsvector
    LANGUAGE sql IMMUTABLE PARALLEL SAFE AS $$
        SELECT public.search_placed(p_org, p_id, to_tsvector('pg_catalog.russian', public.search_plain(p_text))) $$
"""
# Of a client: the words of name and e-mail as they stand, and every end of the phone: what begins an end stands in it.
CLIENT = """
    CREATE FUNCTION search_client(p_org bigint, p_id bigint, p_name text, p_phone text, p_email text) RETURNS tsvector
    LANGUAGE sql IMMUTABLE PARALLEL SAFE AS $$
        SELECT public.search_placed(p_org, p_id, to_tsvector('pg_catalog.simple',
            translate(lower(public.search_plain(p_name || ' ' || p_email)), 'ё', 'е') || ' ' ||
            COALESCE((SELECT string_agg('tel' || substr(n, k), ' ')
                      FROM regexp_replace(p_phone, '[^0-9]', '', 'g') n, generate_series(1, length(n) - 2) k), ''))) $$
"""
KEEP = """
    CREATE FUNCTION keep_client_words() RETURNS trigger LANGUAGE plpgsql AS $$
    BEGIN
        INSERT INTO client_words AS w (org_id, client_id, words)
        VALUES (NEW.org_id, NEW.id, search_client(NEW.org_id, NEW.id, NEW.name, NEW.phone, NEW.email))
        ON CONFLICT (org_id, client_id) DO UPDATE SET words = EXCLUDED.words;
        RETURN NULL;
    END $$
"""
# `{}` in p_query is where the organisation and the bucket stand in each lexeme.
FOUND = """
    CREATE FUNCTION {name}(p_query text, p_limit integer) RETURNS SETOF bigint
    LANGUAGE plpgsql STABLE SECURITY DEFINER SET search_path = pg_catalog, public, pg_temp AS $$
    DECLARE
        org bigint := NULLIF(current_setting('app.org_id', true), '')::bigint;
        bucket bigint;
        oldest bigint;
        found integer;
        wanted integer := p_limit;
    BEGIN
        IF org IS NULL OR p_query = '' THEN RETURN; END IF;
        SELECT max({id}) >> 15, min({id}) >> 15 INTO bucket, oldest FROM {table} WHERE org_id = org;
        WHILE bucket >= oldest AND wanted > 0 LOOP
            RETURN QUERY SELECT s.{id} FROM (
                SELECT t.org_id, t.{id} FROM {table} t
                WHERE {words} @@ replace(p_query, '{{}}', org::text || '.' || bucket::text || '.')::tsquery{where}
                OFFSET 0) s
            WHERE s.org_id = org ORDER BY s.{id} DESC LIMIT wanted;
            GET DIAGNOSTICS found = ROW_COUNT;
            wanted := wanted - found;
            bucket := bucket - 1;
        END LOOP;
    END $$
"""
SEARCHES = {
    "search_messages": {"table": "message", "id": "id", "words": "search_words(t.org_id, t.id, t.text)",
                        "where": " AND t.role <> 'system'"},
    "search_tickets": {"table": "ticket", "id": "id", "words": "search_words(t.org_id, t.id, t.subject)", "where": ""},
    "search_ticket_messages": {"table": "ticket_message", "id": "id",
                               "words": "search_words(t.org_id, t.id, t.text)", "where": ""},
    "search_clients": {"table": "client_words", "id": "client_id", "words": "t.words", "where": ""},
}  # fmt: skip
# What aiguro_lookup may read besides what it could; of a ticket it reads everything already.
READS = {
    "message": "(org_id, id, text, role)", "ticket_message": "(org_id, id, text)",
    "client_words": "(org_id, client_id, words)", "notification": "(org_id, read_at)",
}  # fmt: skip
# Without the list of pending entries: each bucket of a search would read it whole.
INDEXES = {
    "ix_message_words": "message USING gin (search_words(org_id, id, text)) WITH (fastupdate = off) "
                        "WHERE role <> 'system'",
    "ix_ticket_words": "ticket USING gin (search_words(org_id, id, subject)) WITH (fastupdate = off)",
    "ix_ticket_message_words": "ticket_message USING gin (search_words(org_id, id, text)) WITH (fastupdate = off)",
    "ix_client_words": "client_words USING gin (words) WITH (fastupdate = off)",
}  # fmt: skip


def upgrade() -> None:
    for function in (PLAIN, PLACED, WORDS, CLIENT):
        op.execute(function)
    _clients()
    for name, body in INDEXES.items():
        op.execute(f"CREATE INDEX {name} ON {body}")
        if name != "ix_client_words":  # nothing is planned by their statistics, which cost an ANALYZE seconds
            op.execute(f"ALTER INDEX {name} ALTER COLUMN 1 SET STATISTICS 0")
    for table, columns in READS.items():
        op.execute(f"GRANT SELECT {columns} ON {table} TO aiguro_lookup")
        op.execute(f"CREATE POLICY lookup ON {table} FOR SELECT TO aiguro_lookup USING (true)")
    op.execute("GRANT CREATE ON SCHEMA public TO aiguro_lookup")
    for name, parts in SEARCHES.items():
        op.execute(FOUND.format(name=name, **parts))
        _give_away(f"{name}(text, integer)")
    op.execute(
        f"CREATE FUNCTION {READ} RETURNS TABLE (org_id bigint) AS $$ "
        "SELECT DISTINCT org_id FROM notification WHERE read_at < now() - make_interval(days => p_days) $$ "
        "LANGUAGE sql STABLE SECURITY DEFINER SET search_path = pg_catalog, public, pg_temp"
    )
    _give_away(READ)
    op.execute("REVOKE CREATE ON SCHEMA public FROM aiguro_lookup")


def _give_away(function: str) -> None:
    op.execute(f"REVOKE ALL ON FUNCTION {function} FROM PUBLIC")
    op.execute(f"ALTER FUNCTION {function} OWNER TO aiguro_lookup")


def _clients() -> None:
    """Beside the client and not in it: its row is written with every message, its name hardly ever."""
    op.create_table(
        "client_words",
        sa.Column("org_id", sa.BigInteger(), nullable=False),
        sa.Column("client_id", sa.BigInteger(), nullable=False),
        sa.Column("words", TSVECTOR(), nullable=False),
        sa.ForeignKeyConstraint(
            ["org_id", "client_id"],
            ["client.org_id", "client.id"],
            name=op.f("fk_client_words_org_id_client_id"),
            ondelete="CASCADE",
        ),
        sa.PrimaryKeyConstraint("org_id", "client_id", name=op.f("pk_client_words")),
    )
    op.execute("ALTER TABLE client NO FORCE ROW LEVEL SECURITY")  # the owner's rewrite sees every row
    op.execute(
        "INSERT INTO client_words (org_id, client_id, words) "
        "SELECT org_id, id, search_client(org_id, id, name, phone, email) FROM client"
    )
    op.execute("ALTER TABLE client FORCE ROW LEVEL SECURITY")
    op.execute("ALTER TABLE client_words ENABLE ROW LEVEL SECURITY")
    op.execute("ALTER TABLE client_words FORCE ROW LEVEL SECURITY")
    op.execute(f"CREATE POLICY tenant ON client_words USING (org_id = {SETTING})")
    op.execute(KEEP)
    op.execute("CREATE TRIGGER client_words_new AFTER INSERT ON client "
               "FOR EACH ROW EXECUTE FUNCTION keep_client_words()")  # fmt: skip
    op.execute("CREATE TRIGGER client_words_changed AFTER UPDATE OF name, phone, email ON client FOR EACH ROW "
               "WHEN (ROW(NEW.name, NEW.phone, NEW.email) IS DISTINCT FROM ROW(OLD.name, OLD.phone, OLD.email)) "
               "EXECUTE FUNCTION keep_client_words()")  # fmt: skip


def downgrade() -> None:
    op.execute(f"DROP FUNCTION {READ}")
    for name in SEARCHES:
        op.execute(f"DROP FUNCTION {name}(text, integer)")
    for table in READS:
        op.execute(f"DROP POLICY lookup ON {table}")
        op.execute(f"REVOKE ALL ON {table} FROM aiguro_lookup")
    for name in INDEXES:
        op.execute(f"DROP INDEX {name}")
    op.execute("DROP TRIGGER client_words_changed ON client")
    op.execute("DROP TRIGGER client_words_new ON client")
    op.execute("DROP FUNCTION keep_client_words()")
    op.drop_table("client_words")
    for name in ("search_client", "search_words", "search_placed", "search_plain"):
        op.execute(f"DROP FUNCTION {name}")
