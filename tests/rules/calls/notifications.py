"""Notifications."""

from __future__ import annotations

from aiguro_web.models.notification import NotificationKind, NotificationSubject
from aiguro_web.services import notifications

CALLS = {
    "notifications.tell": lambda who, of: notifications.tell(
        who, of["app_user"]["id"], NotificationKind.assigned, NotificationSubject.dialog, of["dialog"]["id"]
    ),
    "notifications.list_newest": lambda who, of: notifications.list_newest(who),
    "notifications.count_unread": lambda who, of: notifications.count_unread(who),
    "notifications.count_waiting": lambda who, of: notifications.count_waiting(who),
    "notifications.mark_read": lambda who, of: notifications.mark_read(who, of["notification"]["id"]),
    "notifications.delete_read": lambda who, of: notifications.delete_read(who),
}
