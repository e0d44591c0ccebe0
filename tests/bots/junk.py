"""What Markdown, LaTeX, Unicode and the platforms trip over, in pieces, for the property tests to put together."""

from __future__ import annotations

JUNK = [
    *"*_`~|[]()!<>#>-+=$\\&\t\r\n\x00\x0b\u2028\u202e\u030a \u00a0aÅ字😀",
    *("**", "__", "```", "||", "~~", "](", "![", "<b>", "<br>", "word", "&#13;", "&#x202e;", "&nbsp;"),
    *("👨‍👩‍👧", "🇩🇪", "A\u030a", "\u200b", "\ud83d", "\ude00"),
    *("\n\n", "    ", "- ", "1. ", "- [ ] ", "- [x] ", "> ", "# ", "---", "---\n", "```py\n", "~~~\n"),
    *("](http://a.example/x)", "](/rel)", "<http://a.example>", "|a|b|\n|-|:-:|\n|c|d|\n", "| 1 | 2 |\n"),
    *("\\(", "\\)", "\\[", "\\]", "$$", "\\frac{", "}", "^", "\\begin{align}", "\\end{align}", "\\\\", "%"),
]
