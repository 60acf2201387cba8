"""A day as a message, for cron jobs that end in a mail program: text and HTML, nothing fetched."""

from __future__ import annotations

from datetime import UTC, datetime
from email.message import EmailMessage
from email.policy import SMTP
from email.utils import format_datetime

from asrcli.digest.edition import Edition
from asrcli.digest.pages.feeds import identity
from asrcli.digest.pages.html import day_html
from asrcli.digest.pages.markdown import day_markdown


def day_message(edition: Edition, sender: str, to: str) -> bytes:
    """Return a day as an RFC 5322 message; the same bytes for the same day.

    Args:
        edition: the day.
        sender: address of the sender, "" to leave the header to the mail program.
        to: address of the reader, or "".
    """
    message = EmailMessage(policy=SMTP)
    message["Subject"] = " ".join(f"{edition.title}: {edition.day}: {edition.headline}".split())[:200]
    if sender:
        message["From"] = sender
    if to:
        message["To"] = to
    message["Date"] = format_datetime(datetime.fromisoformat(edition.day).replace(tzinfo=UTC))
    token = identity(edition.site, edition.title, f"mail {edition.day}").rpartition(":")[2]
    message["Message-ID"] = f"<{token}@digest.invalid>"
    message.set_content(day_markdown(edition))
    message.add_alternative(day_html(edition, filters=False), subtype="html")
    message.set_boundary(f"digest-{token}")
    return message.as_bytes()
