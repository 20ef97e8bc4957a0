"""What is: every table of the product, one noun a file."""

from .api_token import ApiToken
from .assistant import Assistant
from .attachment import Attachment
from .base import Base
from .bulk_act import BulkAct, BulkItem
from .canned_answer import CannedAnswer
from .client import Client, ClientTally, ClientWords
from .client_identity import ClientIdentity
from .client_import import ClientImport, ClientImportRow
from .client_merge import ClientMerge
from .dialog import Dialog, DialogTally
from .file import File, FunnelFile
from .followup import FollowupRule
from .funnel import Funnel
from .idempotency_key import IdempotencyKey, PersonalIdempotencyKey
from .inbound_update import InboundUpdate
from .journal import JournalEntry
from .membership import Membership, Role
from .message import Message
from .messenger_connection import MessengerConnection
from .note import ClientNote
from .notification import Notification
from .organization import Organization
from .outbox import Outbox
from .presence import Presence
from .prompt_version import PromptVersion
from .saved_view import SavedView
from .signing_key import SigningKey
from .stage import Stage
from .stage_entry import StageEntry
from .ticket import Ticket
from .ticket_message import TicketFile, TicketMessage
from .user import User

__all__ = [
    "ApiToken",
    "Assistant",
    "Attachment",
    "Base",
    "BulkAct",
    "BulkItem",
    "CannedAnswer",
    "Client",
    "ClientIdentity",
    "ClientImport",
    "ClientImportRow",
    "ClientMerge",
    "ClientNote",
    "ClientTally",
    "ClientWords",
    "Dialog",
    "DialogTally",
    "File",
    "FollowupRule",
    "Funnel",
    "FunnelFile",
    "IdempotencyKey",
    "InboundUpdate",
    "JournalEntry",
    "Membership",
    "Message",
    "MessengerConnection",
    "Notification",
    "Organization",
    "Outbox",
    "PersonalIdempotencyKey",
    "Presence",
    "PromptVersion",
    "Role",
    "SavedView",
    "SigningKey",
    "Stage",
    "StageEntry",
    "Ticket",
    "TicketFile",
    "TicketMessage",
    "User",
]
