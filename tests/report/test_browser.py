"""The page in a real browser: no complaint in the console, plots drawn, tables sort, phones and dark mode served."""

import json
import re
import subprocess
from html import unescape

import pytest

from tinygmp.device.tools import require
from tinygmp.report.html import to_html

PROBE = """<script>
const column = (table, at) => [...table.tBodies[0].rows].map((row) => row.cells[at].textContent.trim());
const boards = [...document.querySelectorAll("table.sortable")].at(-1);
const button = (at) => boards.tHead.rows[0].cells[at].querySelector("button");
const found = {
  width: document.documentElement.clientWidth,
  content: document.documentElement.scrollWidth,
  plots: [...document.querySelectorAll("svg")].map((svg) => svg.getBoundingClientRect().height),
  background: getComputedStyle(document.body).backgroundColor,
  ink: getComputedStyle(document.body).color,
};
button(0).click();
found.names = column(boards, 0);
button(3).click();
found.flash = column(boards, 3);
button(3).click();
found.flashDown = column(boards, 3);
found.sort = boards.tHead.rows[0].cells[3].getAttribute("aria-sort");
document.title = JSON.stringify(found);
</script>"""


@pytest.fixture
def look(report, tmp_path):
    """Load the page with a probe and return what it found, and what the console said."""
    browser = require("chromium")
    page = tmp_path / "report.html"
    page.write_text(to_html(report).replace("</body>", PROBE + "</body>"), encoding="utf-8")

    def run(*flags: str) -> tuple[dict, str]:
        done = subprocess.run(
            [browser, "--headless", "--no-sandbox", "--disable-gpu", "--enable-logging=stderr", *flags,
             f"--user-data-dir={tmp_path / 'profile'}", "--dump-dom", page.as_uri()],
            capture_output=True, text=True, timeout=120,
        )  # fmt: skip
        title = re.search(r"<title>(\{.*?\})</title>", done.stdout, re.DOTALL)
        assert title, done.stderr[-2000:]
        console = [line for line in done.stderr.splitlines() if "CONSOLE" in line]
        return json.loads(unescape(title[1])), "\n".join(console)

    return run


def test_a_phone_shows_everything_without_a_complaint(look):
    found, console = look("--window-size=500,900")
    assert console == ""
    assert found["content"] <= found["width"]
    assert len(found["plots"]) == 4
    assert min(found["plots"]) > 50


def test_tables_sort_by_name_and_by_number(look):
    found, _ = look("--window-size=1200,900")
    assert found["names"] == ["blue-pill", "ch32v003", "nucleo-l432kc"]
    assert [text.split()[0] for text in found["flash"]] == ["4,120", "4,120", "99,999"]
    assert found["flashDown"] == found["flash"][::-1]
    assert found["sort"] == "descending"


def test_dark_mode_turns_ink_and_page(look):
    light, _ = look("--blink-settings=preferredColorScheme=1")
    dark, _ = look("--blink-settings=preferredColorScheme=0")
    assert brightness(light["background"]) > 200 > brightness(light["ink"])
    assert brightness(dark["background"]) < 60 < brightness(dark["ink"])


PHONE = """<body style="margin:0"><iframe id="phone" width="390" height="800" style="border:0"></iframe><script>
document.getElementById("phone").addEventListener("load", () => {
  const page = document.getElementById("phone").contentDocument, root = page.documentElement;
  const size = (text) => text.getBoundingClientRect().height;
  document.title = JSON.stringify({
    width: root.clientWidth, content: root.scrollWidth,
    tables: [...page.querySelectorAll(".scroll")].map((frame) => [frame.clientWidth, frame.scrollWidth]),
    letters: [...page.querySelectorAll("svg text")].map(size),
    labels: [...page.querySelectorAll("svg")].flatMap((svg) => { const frame = svg.getBoundingClientRect();
      return [...svg.querySelectorAll("text")].map((text) => { const box = text.getBoundingClientRect();
        return Math.min(box.left - frame.left, frame.right - box.right); }); }),
  });
});
document.getElementById("phone").srcdoc = CONTENT;
</script>"""


def test_at_390_pixels_tables_scroll_in_their_frames_and_plots_can_be_read(own_report, tmp_path):
    page = tmp_path / "phone.html"
    content = json.dumps(to_html(own_report)).replace("</", "<\\/")
    page.write_text(PHONE.replace("CONTENT", content), encoding="utf-8")
    done = subprocess.run(
        [require("chromium"), "--headless", "--no-sandbox", "--disable-gpu", "--virtual-time-budget=5000",
         f"--user-data-dir={tmp_path / 'profile'}", "--dump-dom", page.as_uri()],
        capture_output=True, text=True, timeout=120,
    )  # fmt: skip
    title = re.search(r"<title>(\{.*?\})</title>", done.stdout, re.DOTALL)
    assert title, done.stderr[-2000:]
    found = json.loads(unescape(title[1]))
    assert 360 < found["width"] <= 390
    assert found["content"] <= found["width"]
    assert any(content > frame for frame, content in found["tables"])
    assert min(found["letters"]) >= 9
    assert min(found["labels"]) >= -1


def brightness(colour: str) -> float:
    return sum(int(part) for part in re.findall(r"\d+", colour)[:3]) / 3
