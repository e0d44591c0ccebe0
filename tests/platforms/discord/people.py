"""Users, permissions and guilds of the loopback Discord, and the JSON that Discord shows of them."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from tests.platforms.discord.places import Channel
    from tests.platforms.discord.server import DiscordServer

ADMINISTRATOR = 1 << 3
ADD_REACTIONS = 1 << 6
VIEW = 1 << 10
SEND = 1 << 11
MANAGE_MESSAGES = 1 << 13
EMBED_LINKS = 1 << 14
ATTACH_FILES = 1 << 15
READ_HISTORY = 1 << 16
MENTION_EVERYONE = 1 << 17
USE_COMMANDS = 1 << 31
CREATE_THREADS = 1 << 35
SEND_IN_THREADS = 1 << 38
MEMBER = (
    ADD_REACTIONS
    | VIEW
    | SEND
    | EMBED_LINKS
    | ATTACH_FILES
    | READ_HISTORY
    | MENTION_EVERYONE
    | USE_COMMANDS
    | CREATE_THREADS
    | SEND_IN_THREADS
)
EVERYTHING = (1 << 52) - 1
JOINED = "2024-01-01T00:00:00+00:00"


@dataclass(eq=False)
class User:
    """A person, or the bot. locale is the language of their client."""

    id: int
    name: str
    bot: bool = False
    locale: str = "en-US"

    @property
    def mention(self) -> str:
        return f"<@{self.id}>"

    def as_json(self) -> dict[str, Any]:
        return {
            "id": str(self.id),
            "username": self.name,
            "discriminator": "0",
            "global_name": None if self.bot else self.name.title(),
            "avatar": None,
            "bot": self.bot,
            "public_flags": 0,
        }


def member_json(user: User, roles: list[int]) -> dict[str, Any]:
    """A member without the user object, as messages carry it."""
    return {
        "roles": [str(role) for role in roles],
        "nick": None,
        "avatar": None,
        "joined_at": JOINED,
        "premium_since": None,
        "deaf": False,
        "mute": False,
        "flags": 0,
        "pending": False,
    }


@dataclass(eq=False)
class Guild:
    """A server. Its id is its @everyone role's too; admins hold a role with ADMINISTRATOR."""

    server: DiscordServer
    id: int
    name: str
    members: list[User]
    admins: list[User]
    admin_role: int
    channels: list[Channel] = field(default_factory=list)
    bot_permissions: int = MEMBER

    def channel(self, name: str) -> Channel:
        """A new text channel, told to the bot at once."""
        return self.server.add_channel(self, name)

    def join(self, user: User, *, admin: bool = False) -> None:
        """Let a user in."""
        self.members.append(user)
        if admin:
            self.admins.append(user)
        member = self.member_json(user) | {"guild_id": str(self.id)}
        self.server.gateway.dispatch("GUILD_MEMBER_ADD", member, guild=self, intent=1 << 1)

    @property
    def everybody(self) -> list[User]:
        return [self.server.bot, *self.members]

    def permissions(self, user: User) -> int:
        if user is self.server.bot:
            return self.bot_permissions
        return EVERYTHING if user in self.admins else MEMBER

    def roles_of(self, user: User) -> list[int]:
        return [self.admin_role] if user in self.admins else []

    def member_json(self, user: User) -> dict[str, Any]:
        return member_json(user, self.roles_of(user)) | {"user": user.as_json()}

    def role_json(self, id: int, name: str, permissions: int, position: int) -> dict[str, Any]:
        return {
            "id": str(id),
            "name": name,
            "permissions": str(permissions),
            "position": position,
            "color": 0,
            "colors": {"primary_color": 0, "secondary_color": None, "tertiary_color": None},
            "hoist": False,
            "managed": False,
            "mentionable": False,
            "flags": 0,
        }

    def as_json(self) -> dict[str, Any]:
        """As GET /guilds shows it."""
        everyone = self.bot_permissions if self.bot_permissions & ADMINISTRATOR == 0 else MEMBER
        return {
            "id": str(self.id),
            "name": self.name,
            "icon": None,
            "owner_id": str((self.admins or self.members or [self.server.bot])[0].id),
            "roles": [
                self.role_json(self.id, "@everyone", everyone, 0),
                self.role_json(self.admin_role, "admin", EVERYTHING, 1),
            ],
            "emojis": [],
            "stickers": [],
            "features": [],
            "verification_level": 0,
            "default_message_notifications": 0,
            "explicit_content_filter": 0,
            "mfa_level": 0,
            "nsfw_level": 0,
            "premium_tier": 0,
            "premium_subscription_count": 0,
            "premium_progress_bar_enabled": False,
            "preferred_locale": "en-US",
            "system_channel_flags": 0,
            "afk_timeout": 300,
        }

    def created_json(self) -> dict[str, Any]:
        """As GUILD_CREATE shows it."""
        members = self.everybody if len(self.everybody) <= 250 else [self.server.bot]
        return self.as_json() | {
            "unavailable": False,
            "joined_at": JOINED,
            "large": len(self.everybody) > 250,
            "member_count": len(self.everybody),
            "members": [self.member_json(user) for user in members],
            "channels": [channel.as_json() for channel in self.channels if not channel.is_thread],
            "threads": [channel.as_json() for channel in self.channels if channel.is_thread],
            "voice_states": [],
            "presences": [],
            "stage_instances": [],
            "guild_scheduled_events": [],
            "soundboard_sounds": [],
        }
