"""Which table the `<id>` of an address names, by blueprint; elsewhere it is a messenger connection."""

TABLES = {
    "api_files": "file",
    "api_file_urls": "file",
    "api_clients": "client",
    "client_imports": "client_import",
    "api_messages": "message",
    "api_tickets": "ticket",
    "deals": "stage",
    "support": "ticket",
    "notifications": "notification",
    "staff_desk": "ticket",
    "attachments": "attachment",
    "canned_answers": "canned_answer",
    "webchat": "attachment",
}
