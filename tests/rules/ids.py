"""Which table the `<id>` of an address names, by blueprint; elsewhere it is a messenger connection."""

TABLES = {
    "api_files": "file",
    "api_file_urls": "file",
    "api_clients": "client",
    "api_messages": "message",
    "api_tickets": "ticket",
}
