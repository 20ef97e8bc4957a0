"""Which table the `<id>` of an address names, by blueprint; elsewhere it is a messenger connection."""

TABLES = {
    "api_messages": "message",
}
