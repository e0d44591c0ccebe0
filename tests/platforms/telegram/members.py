"""ChatMember objects with every field that the real client requires for a status."""

from __future__ import annotations

from typing import Any

from tests.platforms.telegram.messages import User

RIGHTS = [
    "can_manage_chat",
    "can_delete_messages",
    "can_manage_video_chats",
    "can_restrict_members",
    "can_promote_members",
    "can_change_info",
    "can_invite_users",
    "can_post_stories",
    "can_edit_stories",
    "can_delete_stories",
    "can_pin_messages",
    "can_manage_topics",
]


def member_json(status: str, user: User) -> dict[str, Any]:
    shown: dict[str, Any] = {"status": status, "user": user.as_json()}
    if status == "creator":
        return shown | {"is_anonymous": False}
    if status == "administrator":
        return shown | {"can_be_edited": False, "is_anonymous": False} | dict.fromkeys(RIGHTS, True)
    if status == "kicked":
        return shown | {"until_date": 0}
    return shown
