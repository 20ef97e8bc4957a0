"""The description of the API (OpenAPI 3.1), put together from the operations as they are declared."""
