"""`doctor`: what is configured, what of it can be reached, and for each problem its cure."""

from __future__ import annotations

import socket
from collections.abc import AsyncIterator, Callable

import aiohttp

from bots.finding import Finding
from bots.models import UNREACHABLE, models
from bots.moderating import moderating
from bots.spending import spending
from bots.storage import storage
from core.settings import Settings

TIMEOUT = aiohttp.ClientTimeout(total=10)
# An answer that is not what the service would say: something else listens there.
STRANGE = (ValueError, KeyError, TypeError, AttributeError)


async def examine(settings: Settings, say: Callable[[str], None]) -> bool:
    """Report on everything; True when there is no problem."""
    well = True
    async for finding in _findings(settings):
        say(f"{'ok ' if not finding.cure else '!! '} {finding.about:<9} {finding.text}")
        if finding.cure:
            well = False
            say(f"{'':<14}cure: {finding.cure}")
    return well


async def _findings(settings: Settings) -> AsyncIterator[Finding]:
    async with aiohttp.ClientSession(timeout=TIMEOUT, trust_env=True) as http:
        async for finding in storage(settings):
            yield finding
        yield await _telegram(settings, http)
        yield await _discord(settings, http)
        yield await _web(settings, http)
        names: list[str] = []
        async for finding in models(settings, http):
            names += [finding.name] if finding.name else []
            yield finding
        for finding in spending(settings, list(dict.fromkeys(names))):
            yield finding
        yield await moderating(settings)
        yield _access(settings)


async def _telegram(settings: Settings, http: aiohttp.ClientSession) -> Finding:
    token = settings.telegram_bot_token.get_secret_value()
    if not token:
        return Finding("telegram", "not configured (TELEGRAM_BOT_TOKEN is empty)")
    try:
        async with http.get(f"{settings.telegram_api_url}/bot{token}/getMe") as answer:
            if answer.status in (401, 404):
                return Finding(
                    "telegram",
                    "the token is refused",
                    "copy TELEGRAM_BOT_TOKEN again from @BotFather (/mybots, API Token)",
                )
            me = (await answer.json(content_type=None))["result"]
    except (*UNREACHABLE, *STRANGE):
        return Finding(
            "telegram", f"{settings.telegram_api_url} does not answer", "check the network and TELEGRAM_API_URL"
        )
    privacy = "" if me.get("can_read_all_group_messages") else "; in groups it sees commands, replies and mentions only"
    return Finding("telegram", f"@{me.get('username')} is reachable{privacy}")


async def _discord(settings: Settings, http: aiohttp.ClientSession) -> Finding:
    token = settings.discord_bot_token.get_secret_value()
    if not token:
        return Finding("discord", "not configured (DISCORD_BOT_TOKEN is empty)")
    try:
        async with http.get(
            f"{settings.discord_api_url}/users/@me", headers={"Authorization": f"Bot {token}"}
        ) as answer:
            if answer.status == 401:
                return Finding(
                    "discord",
                    "the token is refused",
                    "reset DISCORD_BOT_TOKEN at discord.com/developers/applications, page Bot, and copy it",
                )
            me = await answer.json(content_type=None)
            return Finding("discord", f"{me['username']} is reachable")
    except (*UNREACHABLE, *STRANGE):
        return Finding(
            "discord", f"{settings.discord_api_url} does not answer", "check the network and DISCORD_API_URL"
        )


async def _web(settings: Settings, http: aiohttp.ClientSession) -> Finding:
    if not settings.web_enabled:
        return Finding("web", "switched off (WEB_ENABLED=false)")
    where = f"http://{settings.web_host}:{settings.web_port}"
    try:
        with socket.socket() as probe:
            probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            probe.bind((settings.web_host, settings.web_port))
        return Finding("web", f"{where} is free")
    except (OSError, UnicodeError) as error:
        if await _is_chinwag(http, where):
            return Finding("web", f"{where} is served by a running Chinwag")
        cure = "set WEB_PORT to a free port, such as 8081, and WEB_HOST to an address of this computer"
        return Finding("web", f"{where} cannot be opened ({getattr(error, 'strerror', error)})", cure)


async def _is_chinwag(http: aiohttp.ClientSession, where: str) -> bool:
    try:
        async with http.get(f"{where}/healthz") as answer:
            return answer.status == 200 and "chinwag" in (await answer.text())[:200]
    except UNREACHABLE:
        return False


def _access(settings: Settings) -> Finding:
    if settings.access == "open":
        return Finding("access", "open: everybody who finds the bot may use it, at your cost")
    if not settings.admins and not settings.web_enabled:
        return Finding(
            "access", "by invitation, but nobody can invite", "set ADMINS to yourself, like ADMINS=telegram:123456"
        )
    return Finding(
        "access", "by invitation; admins: " + (", ".join(settings.admins) or "whoever opens the printed link")
    )
