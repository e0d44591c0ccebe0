"""LaTeX as a person would type it: examples, what is a formula and what is money, and that no text is too nasty."""

from __future__ import annotations

import subprocess
import sys
import time

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from core.live.formulas import FORMULA, MARKS, OPEN_FORMULA, readable

SHOWN = [
    (r"\frac{a}{b}", "a/b"),
    (r"\frac{1}{2}mv^2", "1/2 mv²"),
    (r"\frac{a+b}{2a}", "(a + b)/(2a)"),
    (r"\frac12 + \tfrac{n(n+1)}{2}", "1/2 + n(n + 1)/2"),
    (r"x^2 + y^{n+1} - z_{ij}", "x² + yⁿ⁺¹ − zᵢⱼ"),
    (r"e^{i\pi}+1=0", "e^(iπ) + 1 = 0"),
    (r"e^{-\frac{x^2}{2\sigma^2}}", "e^(−x²/(2σ²))"),
    (r"\alpha \le \beta \times \gamma", "α ≤ β × γ"),
    (r"\sqrt{x} \sqrt{x+1} \sqrt[3]{2} \sqrt[n]{a}", "√x√(x + 1)∛2ⁿ√a"),
    (r"x = \frac{-b \pm \sqrt{b^2 - 4ac}}{2a}", "x = (−b ± √(b² − 4ac))/(2a)"),
    (r"\sum_{i=1}^n i = \frac{n(n+1)}{2}", "∑ᵢ₌₁ⁿ i = n(n + 1)/2"),
    (r"\prod_{k=1}^\infty (1 - \frac{1}{k^2})", "∏ₖ₌₁^∞ (1 − 1/k²)"),
    (r"\int_0^\infty e^{-x}\,dx", "∫₀^∞ e⁻ˣ dx"),
    (r"\lim_{x \to 0} \frac{\sin x}{x} = 1", "lim_(x → 0) (sin x)/x = 1"),
    (r"\text{if } x > 0", "if x > 0"),
    (r"x_{\text{max}} - x_{\text{model}} y", "xₘₐₓ − x_model y"),
    (r"\mathbb{R}^n \to \mathbf{v}, \mathcal{O}(n \log n)", "ℝⁿ → v, O(n log n)"),
    (r"f: A \to B, 1{,}000 \ne 2", "f: A → B, 1,000 ≠ 2"),
    (r"1,000", "1,000"),
    (r"f'(x) = y''", "f′(x) = y″"),
    (r"90^\circ, a^*, A^T", "90°, a^*, Aᵀ"),
    (r"\vec{v} \hat{x} \dot{y} \overline{AB}", "v\u20d7x\u0302y\u0307A\u0305B\u0305"),
    (r"\underbrace{a+b}_{c}", "(a + b)_c"),
    (r"\begin{pmatrix} a & b \\ c & d \end{pmatrix}", "(a, b; c, d)"),
    (r"A = \begin{bmatrix} 1 & 0 \\ 0 & 1 \end{bmatrix}^{-1}", "A = [1, 0; 0, 1]⁻¹"),
    (r"|x| = \begin{cases} x & x \ge 0, \\ -x & \text{else} \end{cases}", "|x| = {x, x ≥ 0; −x, else"),
    (r"\begin{aligned} a &= b \\[4pt] &= c \end{aligned}", "a = b\n= c"),
    (r"a &= b \\ c &= d", "a = b\nc = d"),
    (r"\left.\frac{df}{dx}\right|_{x=0}", "df/dx|ₓ₌₀"),
    (r"\binom{n}{k}", "(n choose k)"),
    (r"P(A \mid B) = \frac{P(B \mid A) P(A)}{P(B)}", "P(A ∣ B) = P(B ∣ A)P(A)/P(B)"),
    (r"\operatorname{argmax}_\theta \Pr[X=1]", "argmax_θ Pr[X = 1]"),
    (r"\ce{2H2 + O2 -> 2H2O}", "2H2 + O2 → 2H2O"),
    (r"50% + 5\% = \$55", "50% + 5% = $55"),
    (r"\begin{aligned} a \\% b \end{aligned}", "a\n%b"),
    (r"\boxed{42}", "42"),
    (r"\foo{bar} \baz", r"\foo bar \baz"),  # what nobody knows is left
]


@pytest.mark.parametrize(("latex", "shown"), SHOWN)
def test_a_formula_reads_as_a_person_would_type_it(latex: str, shown: str) -> None:
    for formula in (rf"\({latex}\)", rf"\[ {latex} \]", f"$${latex}$$", f"${latex}$"):
        assert readable(formula) == shown
        assert FORMULA.fullmatch(formula)


@pytest.mark.parametrize(
    "formula",
    [r"\(\frac{a\)", r"\({{{\)", r"$x^$", r"\[\left( x\]", r"\(a \phantom{b\)", r"\(\hphantom{b}\)", "$$$$", r"\(\)"],
)
def test_what_is_no_latex_or_would_lose_a_letter_is_shown_as_it_was_written(formula: str) -> None:
    assert readable(formula) == formula


def test_a_formula_cannot_be_made_to_grow() -> None:
    doubling = "".join(rf"\newcommand{{\{b}}}{{\{a}\{a}}}" for a, b in zip("abcdefghijkl", "bcdefghijklm", strict=True))
    for formula in (rf"\({doubling}\m\)", r"\(\def\a{bb}\a\)"):
        assert readable(formula) == formula


FOUND = [
    (r"\(a_1 * b_2\) and $x*y*z$.", [r"\(a_1 * b_2\)", "$x*y*z$"]),
    ("\\[\na\\]\n$$\nb\n$$", ["\\[\na\\]", "$$\nb\n$$"]),
    (r"$n$th, $x, y$ and $O(n)$", ["$n$", "$x, y$", "$O(n)$"]),
    (r"\begin{align}\begin{cases}b\end{cases}\end{align}", [r"\begin{align}\begin{cases}b\end{cases}\end{align}"]),
    (r"$5 \text{ in all}$ 的$x$是", [r"$5 \text{ in all}$", "$x$"]),
    # money and the shell
    ("it costs $5 or $6, or $ 7 $", []),
    ("$5-$10, $5/$6, US$5, 5$ and 6$, 5$-6$, $20/month, she pays 30$, $5 for x<6$", []),
    ("$HOME/bin:$PATH and $USER", []),
    ("价格是$5，或者$6，共$11。", []),
    ("earn $$ and spend $$", []),
    # brackets that were escaped
    (r"\[see the note\] \(in other words\)", []),
    # code, halves and blank lines
    ("a `$x` b `$`, $5 for `a$`", []),
    ("$a\nb$ and $$a\n\nb$$ and \\(a\n \n\\)", []),
    (r"half of one: \[ \frac{1}{2", []),
    (r"an escape \$5\$, \\(x\\)", []),
]  # fmt: skip


@pytest.mark.parametrize(("text", "formulas"), FOUND)
def test_what_a_formula_is(text: str, formulas: list[str]) -> None:
    assert [match[0] for match in FORMULA.finditer(text)] == formulas
    assert not formulas or MARKS.search(text)


@pytest.mark.parametrize(
    ("text", "begun"),
    [
        ("so $", "$"),
        ("so $x", "$x"),
        ("so $x^2 + ", "$x^2 + "),
        ("so $a, b", "$a, b"),
        ("so $x \\in A \\", "$x \\in A \\"),
        ("so $$", "$$"),
        ("so $$x$", "$$x$"),
        ("so \\(a\n+", "\\(a\n+"),
        ("so \\[", "\\["),
        ("so \\[\n", "\\[\n"),
        ("so \\beg", "\\beg"),
        ("so \\begin{ali", "\\begin{ali"),
        ("so \\begin{align}\na", "\\begin{align}\na"),
        ("so $5.50", "$5.50"),  # may go on, for one word
        ("so $5 ", "$5 "),
        ("so $5 an", None),
        ("so $5. an < 3", None),
        ("so $5. __an", None),
        (r"so $5. \(a\)", None),
        ("so $5，再", None),
        ("so $5, $6 an", None),
        ("so $HOME is", None),
        ("so $x$", None),
        ("so $x$ and", None),
        ("so \\(see below", None),
        ("so \\[\n\n", None),
        ("so \\(a\\) b", None),
        ("so C:\\bin", None),
        ("so 5$", None),
    ],
)
def test_what_may_become_one(text: str, begun: str | None) -> None:
    match = OPEN_FORMULA.search(text)
    assert (match[0] if match else None) == begun


LATEX = r"""
{ } \frac \sqrt [ ] ^ _ \left( \right) \left \right. & \\ \begin{pmatrix} \end{pmatrix} \begin{align} \end{align}
\begin{cases} \end{cases} \text{ \text \mathbb \ % # ~ ' a 1 字 字 字 😀 \limits \over \binom \overset \not
\hspace{1em} \color{red} \sum \lim \mathrm \substack \xrightarrow \middle| \operatorname \big \prime \choose < >
\displaystyle \tag{1} \label{x} \mbox{a} \textbf{b} \boxed \{ \} \phantom{c} \verb|x| \unicode{x41} -> , ; : -
"""
NASTY = st.lists(st.sampled_from([*LATEX.split(), " ", "\n", "\u0301"]), max_size=30).map("".join)


@given(NASTY | st.text(st.characters(codec=None)))
@example(r"\sqrt\not\字")
@settings(max_examples=600, deadline=None)
def test_no_formula_is_too_nasty(latex: str) -> None:
    shown = readable(rf"\({latex}\)")
    assert shown.strip()
    assert shown.count("字") == latex.count("字")


DEEP = [
    "{",
    "\\frac{",
    "^{",
    "\\left(",
    "\\begin{pmatrix}",
    "\\sqrt",
    "\\text{",
    "a",
    "\\alpha ",
    "$",
    "\\begin{cases}a&",
]


@pytest.mark.parametrize("piece", DEEP)
@pytest.mark.parametrize("balanced", [False, True])
def test_a_formula_costs_milliseconds(piece: str, balanced: bool) -> None:
    times = (2000 if not balanced else 150) // len(piece)
    latex = piece * times + "}" * (times * balanced)
    begun = time.process_time()
    assert readable(rf"\({latex}\)")
    assert time.process_time() - begun < 0.5


OPENERS = ["$", "$$", "$a", "$a ", "$a b", "a ", "$5 - ", "$$a\n", "$\\", "$字", "a$", "= $a = ", "字", "\\\\"]
OPENERS += ["\\(", "\\[x", "\\[x\n", "\\(a b c", "\\(a\\", "\\begin{align}", "\\begin{", "\\end{align}"]


@pytest.mark.parametrize("pattern", [FORMULA, OPEN_FORMULA], ids=["whole", "open"])
@pytest.mark.parametrize("piece", OPENERS)
def test_looking_for_formulas_is_cheap(pattern, piece: str) -> None:
    """32,768 characters are the most that `core.live.pages` measures in one piece."""
    text = piece * (32_768 // len(piece))
    begun = time.process_time()
    assert sum(1 for _ in pattern.finditer(text)) <= len(text)
    assert time.process_time() - begun < 2.5  # 1 s for the worst of them


def test_who_is_sent_no_formula_does_not_pay_for_them() -> None:
    code = """if True:
        import sys
        from core.live.markdown import parse
        for text in ("**a** costs $5", "$x^2$"):
            parse(text)
            print("latex2mathml" in sys.modules)
    """
    ran = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert ran.stdout.split() == ["False", "True"]
