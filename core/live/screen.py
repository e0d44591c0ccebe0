"""What of one answer is on screen, and what should be: pages, their borders, and the next thing to put right."""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache
from math import inf

from core.errors import Refused
from core.live.pages import START, Border, page, paginate
from core.live.unfinished import visible
from core.surface import Action, File, Rendered, Surface

SMALLEST = 0.05  # of a page: a platform that calls even this too long is not to be satisfied
NEARLY = 0.8  # of a page: less is never full soon
CLOSING = 40  # more than what `visible` adds to close open markers
REST = "This answer goes on in the file."


class Deleted(Exception):
    """The user deleted a message of the answer while it was being written: they want it to stop."""


@dataclass(slots=True)
class Page:
    """A message on screen. shown, actions: what it is known to show; done: complete, and not looked at again.

    inherited: it was posted by an earlier process, or where the answer was before it moved.
    """

    id: str
    shown: Rendered | None = None
    done: bool = False
    inherited: bool = False
    actions: tuple[Action, ...] = ()


@dataclass(frozen=True, slots=True)
class Due:
    """The first page that is not as it should be. final: what must arrive, not what is merely fresher.

    done: it stays as it is then. The last page of a longer answer is not, while it carries the stop button.
    placeholder: it stands in for an answer that has not begun.
    """

    number: int
    rendered: Rendered
    final: bool
    done: bool
    files: tuple[File, ...] = ()
    actions: tuple[Action, ...] = ()
    placeholder: bool = False


class Screen:
    """The messages of one answer on one surface. It makes no calls: `due` says what to call, and the caller tells back.

    posted: messages that are there already. most: the messages that an answer may have; what is longer ends in one
    more with the whole of it as a file. actions: the buttons under the last message, which change when the answer ends.
    """

    def __init__(
        self, surface: Surface, *, posted: tuple[str, ...], most: int, actions: tuple[Action, ...] = ()
    ) -> None:
        self._take(surface)
        self.actions = actions
        self.pages = [Page(id, inherited=True) for id in posted]
        self._most = most
        self._borders: tuple[Border, ...] = START
        self._room = 1.0  # the part of the page limit that is used
        self._doubles: list[Page] = []  # messages behind a lost one: they are posted again after it
        self.beginnings = 0  # how often the text began again
        self.lost = 0  # messages that had to be posted anew

    def due(self, text: str, ended: bool) -> Due | None:
        """What to show next of `text`; `ended` when it is complete. None: all is as it should be."""
        if not text.strip():
            return None
        if not self.surface.limits.markdown:
            self._borders = paginate(text, self._fill, self._borders, self._most)
        for number in range(min(len(self._borders), self._most)):
            if (due := self._page_due(text, number, ended)) is not None:
                return due
        return self._file_due(text) if ended and len(self._borders) > self._most else None

    def placeholder(self, text: str) -> Due | None:
        """What stands in for an answer of which nothing is said yet."""
        rendered = self.surface.render(text)
        shown = self.pages[0].shown if self.pages else None
        if shown == rendered or (self.pages and self.pages[0].inherited):
            return None
        return Due(0, rendered, final=False, done=False, actions=self.actions, placeholder=True)

    @property
    def surplus(self) -> list[Page]:
        """Messages that the complete text does not need: an earlier try had filled them."""
        return self.pages[self.needed :] + self._doubles

    @property
    def needed(self) -> int:
        """How many messages the complete text fills."""
        return min(len(self._borders), self._most + 1)

    def put(self, number: int, page: Page) -> None:
        """A message was posted as this page. One that it takes the place of is posted over: it goes in the end."""
        self._doubles += self.pages[number:]
        self.pages[number:] = [page]

    def ends(self, text: str, soon: float) -> int:
        """The calls that it would take to complete the answer now, or soon, when so many characters more have come."""
        if self.surface.limits.markdown:
            return 1
        pages = min(len(self._borders), self._most)
        open = pages - sum(known.done for known in self.pages[:pages])
        page = self.surface.limits.page * self._room
        full = len(text) - self._borders[-1].offset > max(NEARLY * page, page - soon)
        return max(open, 1) + (full or len(self._borders) > self._most)

    def brim(self, text: str) -> float:
        """The length of the text at which the newest page may be full, as far as that can be told beforehand."""
        if self.surface.limits.markdown or len(self._borders) > self._most:
            return inf
        page = self.surface.limits.page * self._room
        return max(self._borders[-1].offset + page, len(text) + page / 50) + 1

    def cut(self, text: str) -> str:
        """The part of `text` that ends with the last page on screen: an answer that is stopped now ends there."""
        shown = max(len(self.pages), 1)
        if shown >= len(self._borders):
            return text
        end = self._borders[shown].offset
        self._borders = self._borders[:shown]
        return text[:end]

    def paused(self, text: str, note: str) -> Due | None:
        """The last message on screen with a note under it. None when nothing is on screen, or it does not fit."""
        number = len(self.pages) - 1
        if number < 0 or number >= self._most or not text.strip():
            return None
        if not self.surface.limits.markdown:
            self._borders = paginate(text, self._fill, self._borders, self._most)
        if number >= len(self._borders):
            return None
        shown = visible(page(text, self._borders, number)).rstrip()
        rendered = self.surface.render(f"{shown}\n\n{note}")
        return Due(number, rendered, final=False, done=False) if rendered.size <= self.surface.limits.page else None

    def shrink(self, number: int) -> None:
        """The platform called this page too long: our measure was wrong. Fill pages less, from this one on."""
        if self._room < SMALLEST:
            raise Refused("the platform calls even short messages too long")
        self._room *= 0.75
        self._borders = self._borders[: number + 1]
        for later in self.pages[number:]:
            later.shown, later.done = None, False

    def begin_again(self) -> None:
        """The text will be another one, on the same messages."""
        self.beginnings += 1
        self._borders = START
        for known in self.pages:
            known.done = False

    def move(self, surface: Surface) -> None:
        """Go on elsewhere. What was posted may not be there to be edited."""
        self._take(surface)
        for known in self.pages:
            known.inherited = True

    def _take(self, surface: Surface) -> None:
        self.surface = surface
        self._rendered = lru_cache(maxsize=4)(surface.render)  # measured, then shown; and asked for again while we wait

    def lose(self, number: int) -> None:
        """A message is gone. An inherited one is posted anew; for one of this run raises Deleted."""
        if not self.pages[number].inherited:
            raise Deleted
        self.lost += 1
        self._doubles += self.pages[number + 1 :]
        del self.pages[number:]

    def _page_due(self, text: str, number: int, ended: bool) -> Due | None:
        known = self.pages[number] if number < len(self.pages) else None
        if known and known.done:
            return None
        final = ended or number < len(self._borders) - 1
        last = number == self._last(ended)
        actions = self.actions if last else ()
        due = Due(number, self._render(text, number, final), final, done=ended or not last, actions=actions)
        if known is None:
            return due if due.rendered.size > 0 and due.rendered.text.strip() else None
        if known.shown != due.rendered or (final and (self.surface.limits.marks_end or known.actions != actions)):
            return due
        known.done = due.done
        return None

    def _last(self, ended: bool) -> int:
        """The page that carries the buttons: the file's, once there is one."""
        return len(self._borders) - 1 if ended else min(len(self._borders), self._most) - 1

    def _file_due(self, text: str) -> Due | None:
        if len(self.pages) > self._most and self.pages[self._most].done:
            return None
        file = File("answer.md", text.encode("utf-8", "replace"))
        return Due(self._most, self.surface.render(REST), True, done=True, files=(file,), actions=self.actions)

    def _render(self, text: str, number: int, final: bool) -> Rendered:
        markdown = text if self.surface.limits.markdown else page(text, self._borders, number)
        return self._rendered(markdown if final else visible(markdown))

    def _fill(self, markdown: str) -> float:
        """The part of a message that it takes, also while it is unfinished and open markers are closed for it."""
        room = self.surface.limits.page * self._room
        size = self._rendered(markdown).size
        if room - CLOSING < size <= room:
            size = max(size, self._rendered(visible(markdown)).size)
        return size / room
