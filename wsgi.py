"""What servers load: `gunicorn wsgi:app`, `flask --app wsgi …`."""

from aiguro_web import create_app

app = create_app()
