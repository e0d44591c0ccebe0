"""Formulas on the page: set as in a book, found where other platforms find them, harmless, and copied as LaTeX."""

from __future__ import annotations

import json
from random import Random

import pytest
from playwright.async_api import Page, Route, expect

from core.live.formulas import FORMULA
from tests.bots.web.fakes import ScriptedCore, answer, ask
from tests.core.live.test_formulas import FOUND, LATEX, OPENERS, SHOWN
from tests.core.live.test_tables import BARS

pytestmark = pytest.mark.browser

SKY = r"""The sky is blue because $I \propto \lambda^{-4}$, and \(\text{blue}\) scatters more:

$$
\frac{I_\text{blue}}{I_\text{red}} = \left(\frac{700}{450}\right)^4 \approx 5.9
$$

1. First \[ \sqrt{2 + \sqrt{3}} \]
2. Then water, $\ce{2H2 + O2 -> 2H2O}$, 50 $%$ of it.

| Law | Formula |
|---|---|
| Pythagoras | $a^2 + b^2 = c^2$ |

\begin{align}
x &= y + 1 \label{eq} \\
  &= \softmax(z)
\end{align}

It costs $5 or $6; `$x$` is code.
"""


def every(text: str) -> list[str]:
    return [match[0] for match in FORMULA.finditer(text)]


async def refused(route: Route) -> None:
    await route.abort()


async def shown(page: Page, core: ScriptedCore, text: str) -> None:
    await ask(page, "Why?")
    answer(core, *(text[at : at + 9] for at in range(0, len(text), 9)))
    await expect(page.locator(".under")).to_contain_text("a test")


async def test_formulas_are_set(page: Page, core: ScriptedCore, problems: list[str]) -> None:
    await shown(page, core, SKY)
    await expect(page.locator(".answer .katex")).to_have_count(8)
    await expect(page.locator(".answer .katex-display")).to_have_count(3)
    await expect(page.locator(".answer .formula.raw")).to_have_count(0)
    await expect(page.locator(".answer li .katex-display")).to_have_count(1)
    await expect(page.locator(".answer td .katex")).to_have_count(1)
    await expect(page.locator(".answer .prose > p").last).to_have_text("It costs $5 or $6; $x$ is code.")
    fonts = "document.fonts.ready.then((fonts) => [...fonts].filter((font) => font.status === 'loaded').length)"
    assert await page.evaluate(fonts) >= 3
    spoken = await page.locator(".answer annotation").first.text_content()
    assert spoken == r"I \propto \lambda^{-4}"
    assert problems == []  # neither style nor font was blocked


async def test_no_formula_is_ever_seen_as_it_was_written(page: Page, core: ScriptedCore) -> None:
    """While the answer grows a formula is held back until it is whole, and drawn whole."""
    watch = """() => {
      window.seen = new Set();
      new MutationObserver(() => {
        for (const node of document.querySelectorAll(".answer .formula:not(.waiting)"))
          if (!node.querySelector(".katex")) window.seen.add(node.textContent);
      }).observe(document.body, { childList: true, subtree: true, characterData: true, attributes: true });
    }"""
    await page.evaluate(watch)
    await ask(page, "Why?")
    for at in range(0, 400, 20):
        answer(core, SKY[at : at + 20], end=False)
        await page.wait_for_timeout(20)
    answer(core, SKY[400:])
    await expect(page.locator(".under")).to_contain_text("a test")
    await expect(page.locator(".answer .katex")).to_have_count(8)
    assert await page.evaluate("[...window.seen]") == []


async def test_a_bar_in_a_formula_parts_no_cells_where_it_parts_none_elsewhere(page: Page, core: ScriptedCore) -> None:
    rows = "\n".join(row for row, _ in BARS)
    await shown(page, core, f"| f | g |\n|---|---|\n{rows}\n\n`|x|`\n")
    cells = "rows => rows.map((row) => [...row.cells].map((cell) => cell.textContent ? 1 : 0).join(''))"
    assert await page.eval_on_selector_all(".answer tbody tr", cells) == ["11"] * len(BARS)
    await expect(page.locator(".answer tbody tr").nth(3)).to_contain_text("$5")
    await expect(page.locator(".answer .katex")).to_have_count(7)
    await expect(page.locator(".answer p code")).to_have_text("|x|")


async def test_a_percent_sign_takes_nothing_away(page: Page, core: ScriptedCore) -> None:
    await shown(page, core, r"So $a \\% b = c$, $5\% + 5%$.")
    await expect(page.locator(".answer .katex-html")).to_have_text(["a%b=c", "5%+5%"])


@pytest.mark.parametrize("formula", [r"\(\frac{a\)", r"$x^$", r"\(\nosuchthing{x}\)", r"\(\def\a{\a\a}\a\)"])
async def test_what_is_no_latex_stays_as_it_was_written(page: Page, core: ScriptedCore, formula: str) -> None:
    await shown(page, core, f"It is {formula} so.")
    await expect(page.locator(".answer .formula.raw")).to_have_text(formula)
    await expect(page.locator(".answer .prose")).to_have_text(f"It is {formula} so.")


async def test_a_formula_cannot_reach_out(page: Page, core: ScriptedCore, problems: list[str]) -> None:
    asked: list[str] = []
    page.on("request", lambda request: asked.append(request.url))
    await shown(
        page,
        core,
        r"\(\includegraphics{https://tracker.example/a.png}\) $\href{javascript:window.pwned=1}{x}$ "
        r"\(\url{https://tracker.example}\) $\htmlStyle{position:fixed}{x}$ $<img/src=x/onerror=window.pwned=2>a$ "
        r"\(\rule{9999em}{9999em}\)",
    )
    await expect(page.locator(".answer .formula")).to_have_count(6)
    await expect(page.locator(".answer .formula.waiting")).to_have_count(0)
    assert await page.evaluate("window.pwned") is None
    assert await page.locator(".answer :is(img, a[href], [style*=fixed])").count() == 0
    assert [url for url in asked if not url.startswith("http://127.0.0.1")] == []
    size = await page.locator(".answer .formula").last.bounding_box()
    assert size
    assert size["height"] < 800
    assert [problem for problem in problems if "KaTeX" not in problem] == []


async def test_a_wide_formula_scrolls_alone(page: Page, core: ScriptedCore) -> None:
    await page.set_viewport_size({"width": 390, "height": 844})
    wide = r"\frac{" + "a + " * 40 + r"b}{2}"
    await shown(page, core, f"So \\({wide}\\) is it.\n\n- One: \\({wide}\\)\n\n$${wide}$$\n")
    await expect(page.locator(".answer .katex")).to_have_count(3)
    assert await page.evaluate("document.querySelector('#messages').scrollWidth") == 390
    reached = "nodes => nodes.filter((node) => node.scrollWidth > node.clientWidth).map((node) => node.tagName)"
    assert await page.eval_on_selector_all(".answer .prose > *", reached) == ["P", "UL", "P"]


async def test_without_katex_a_formula_is_shown_as_it_was_written(page: Page, core: ScriptedCore) -> None:
    await page.route("**/vendor/katex.js", refused)
    await shown(page, core, r"So $a^2$.")
    await expect(page.locator(".answer .formula.raw")).to_be_visible()
    await expect(page.locator(".answer .prose")).to_have_text("So $a^2$.")
    await page.unroute("**/vendor/katex.js")
    await ask(page, "And?")
    answer(core, "Then $b^2$.")
    await expect(page.locator(".answer .katex")).to_have_count(1)


async def test_without_chemistry_the_rest_is_set(page: Page, core: ScriptedCore) -> None:
    await page.route("**/vendor/mhchem.js", refused)
    await shown(page, core, r"So $a^2$ and $\ce{H2O}$.")
    await expect(page.locator(".answer .katex")).to_have_count(1)
    await expect(page.locator(".answer .formula.raw")).to_have_text(r"$\ce{H2O}$")


async def test_a_formula_that_would_stop_the_page_is_not_set(page: Page, core: ScriptedCore) -> None:
    await shown(page, core, "\\(" + r"\sqrt{" * 280 + "a" + "}" * 280 + "\\)")
    await expect(page.locator(".answer .formula.raw")).to_have_count(1)
    assert await page.locator(".answer .formula *").count() == 0


async def test_what_is_copied_is_latex(page: Page, core: ScriptedCore) -> None:
    await shown(page, core, r"So $a^2$.")
    await expect(page.locator(".answer .katex")).to_have_count(1)
    copied = """() => new Promise((resolve) => {
      getSelection().selectAllChildren(document.querySelector(".answer .prose"));
      document.addEventListener("copy", (event) => resolve(event.clipboardData.getData("text/plain")));
      document.execCommand("copy");
    })"""
    assert await page.evaluate(copied) == "So $a^2$."


async def test_the_page_finds_the_formulas_that_the_other_platforms_find(page: Page) -> None:
    chance = Random(1)
    marks = [" ", "\n", "\n\n", "$", "\\)", "\\]", " word ", "字", "`"]
    pieces = [*LATEX.split(), *OPENERS, *(text for text, _ in FOUND), *marks]
    texts = [SKY, *(text for text, _ in FOUND), *(f"${latex}$, so" for latex, _ in SHOWN)]
    texts += ["".join(chance.choices(pieces, k=chance.randint(2, 12))) for _ in range(3000)]
    script = f"import('/page/formulas.js').then(({{formulas}}) => {json.dumps(texts)}.map(formulas))"
    found = await page.evaluate(script)
    assert [text for text, formulas in zip(texts, found, strict=True) if formulas != every(text)] == []
    assert sum(map(len, found)) > 1500


async def test_looking_for_them_is_cheap(page: Page) -> None:
    texts = [piece * (32_768 // len(piece)) for piece in OPENERS]
    script = """async (texts) => {
      const { formulas } = await import("/page/formulas.js");
      const took = (text, begun = performance.now()) => (formulas(text), performance.now() - begun);
      return texts.map((text) => took(text));
    }"""
    took = await page.evaluate(script, texts)
    assert max(took) < 5000, dict(zip(OPENERS, took, strict=True))
