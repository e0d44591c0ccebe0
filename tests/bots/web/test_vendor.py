"""What others wrote for the page is exactly what they published, and its licence lies beside it."""

from __future__ import annotations

import json
import re
from hashlib import sha256

from bots.web.files import FOLDER, files

VENDOR = FOLDER / "vendor"
LISTED = json.loads((VENDOR / "vendor.json").read_text())


def test_every_file_is_listed_with_its_hash_and_licence() -> None:
    files = {path.relative_to(VENDOR).as_posix() for path in VENDOR.rglob("*") if path.is_file()}
    licences = {entry["licence_file"] for entry in LISTED}
    assert files == {entry["file"] for entry in LISTED} | licences | {"vendor.json"}
    for entry in LISTED:
        assert sha256((VENDOR / entry["file"]).read_bytes()).hexdigest() == entry["sha256"], entry["name"]
        assert len((VENDOR / entry["licence_file"]).read_text()) > 500
        assert entry["version"]
        assert entry["licence"]


def test_the_page_has_no_inline_script_or_style_and_loads_from_itself_only() -> None:
    for name in ("index.html", "door.html"):
        html = (FOLDER / name).read_text()
        assert not re.search(r"<style|\sstyle=|\son\w+=", html), name
        assert all("src=" in tag for tag in re.findall(r"<script[^>]*>", html)), name
        for address in re.findall(r'(?:src|href)="([^"]+)"', html):
            assert address.startswith(("/page/", "#", "/")), address
            assert not address.startswith("//"), address


def test_everything_that_the_page_names_is_there() -> None:
    html = (FOLDER / "index.html").read_text()
    named = re.findall(r'"/page/([^"]+)"', html)
    for path in FOLDER.glob("*.js"):
        script = path.read_text()
        named += [name.removeprefix("./") for name in re.findall(r'from "(\./[^"]+)"', script)]
        named += re.findall(r'"/page/([^"]+)"', script)
    assert len(named) > 20
    assert set(named) <= set(files())


def test_no_module_of_ours_puts_text_into_the_page_as_html() -> None:
    for path in FOLDER.glob("*.js"):
        assert not re.search(r"innerHTML|outerHTML|insertAdjacentHTML|document\.write|\beval\(", path.read_text()), path
