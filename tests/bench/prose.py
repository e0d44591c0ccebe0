"""What the benchmarks' model says: Markdown as models write it, in pieces as large as tokens.

No two answers share a paragraph, so that nothing is gained by remembering what another one looked like.
"""

from __future__ import annotations

import re
from itertools import count, islice

_SECTION = """\
## {n}. Reading without waiting

A reader that waits for its writer is **never** faster than it. Give each of the {n} a task of its own, and let the \
newest text win: what is older than that is *not worth sending*. See [note {n}](https://example.org/notes/{n}).

- Keep `one` call in flight, and no more than that: the {n} others wait.
- Count what the platform counts: posts **and** edits, {n} of them.
- Leave a call for the end, so that the last word is never late.

```python
async def paint(screen: Screen, pause: float = {n}.0) -> None:
    while not screen.whole:
        await screen.show(screen.newest)  # whatever that is by now
        await asyncio.sleep(pause)
```

| Call | Cost | How often |
|------|-----:|-----------|
| post | {n} | once a page |
| edit | 1 | as the budget allows |

That is all there is to it. Everything else follows from these {n} rules, and in the next part we look at what happens \
when the network is slow, when the platform says *wait*, and when both of them happen in the same second of an answer.

"""
_TOKEN = re.compile(r" ?[A-Za-z]{1,8}|\d{1,3}| ?[^\w\s]{1,3}|\s+|.", re.DOTALL)
_PARTS = 100  # the longest answer has fewer


def tokens(size: int, answer: int = 1) -> list[str]:
    """The first `size` tokens of an answer without end; three and a half characters each, on the average."""
    parts = (_SECTION.format(n=n) for n in count(answer * _PARTS + 1))
    return list(islice((token for part in parts for token in _TOKEN.findall(part)), size))


def text(size: int, answer: int = 1) -> str:
    return "".join(tokens(size, answer))


def markdown(size: int, answer: int = 1) -> str:
    """An answer of so many characters."""
    return text(size // 2 + 1, answer)[:size]


def is_whole(said: str, size: int) -> bool:
    """Whether this is the text of `size` tokens, of whichever answer its first heading says that it is."""
    first = re.match(r"## (\d+)", said)
    return first is not None and said == text(size, int(first[1]) // _PARTS)
