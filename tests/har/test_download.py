"""The download, from a server of this test: what is kept, what is not, and what is shown."""

import http.server
import threading
import zipfile
from io import BytesIO

import pytest

from har.archive import ROOT, pinned_members
from har.dataset import cache_path, load_har
from tinygmp.errors import DataError


@pytest.fixture
def serve(monkeypatch, tmp_path):
    """Return a function that makes the official address answer with the given bytes."""
    monkeypatch.delenv("TINYGMP_DATA", raising=False)
    monkeypatch.setenv("TINYGMP_CACHE", str(tmp_path / "cache"))
    for name in ("http_proxy", "HTTP_PROXY", "all_proxy", "ALL_PROXY"):
        monkeypatch.delenv(name, raising=False)
    servers = []

    def start(content: bytes, status: int = 200) -> None:
        class Answer(http.server.BaseHTTPRequestHandler):
            def do_GET(self) -> None:
                self.send_response(status)
                self.send_header("Content-Length", str(len(content)))
                self.end_headers()
                self.wfile.write(content)

            def log_message(self, *arguments: object) -> None:
                pass

        server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Answer)
        servers.append(server)
        threading.Thread(target=server.serve_forever, daemon=True).start()
        monkeypatch.setattr("har.dataset.ADDRESS", f"http://127.0.0.1:{server.server_port}/har.zip")

    yield start
    for server in servers:
        server.shutdown()
        server.server_close()


def zip_of(members: dict[str, bytes]) -> bytes:
    buffer = BytesIO()
    with zipfile.ZipFile(buffer, "w") as archive:
        for name, content in members.items():
            archive.writestr(name, content)
    return buffer.getvalue()


@pytest.mark.parametrize(
    ("content", "status"),
    [(b"<html>Please log in</html>", 200), (b"gone", 404), (b"", 200)],
    ids=["login page", "not found", "nothing"],
)
def test_an_answer_that_is_no_archive_counts_as_no_answer(serve, content, status):
    serve(content, status)
    assert load_har(None).synthetic
    with pytest.raises(DataError, match="cannot be reached"):
        load_har("uci")
    assert not cache_path().exists()


def test_a_damaged_download_is_told_and_not_kept(serve):
    first = next(iter(pinned_members()))
    serve(zip_of({f"{ROOT}/{first}": b"1 2 3\n"}))
    shown = []
    with pytest.raises(DataError, match=f"member '{first}' is damaged"):
        load_har(None, lambda *step: shown.append(step))
    assert not cache_path().exists()
    assert any(what.startswith("downloading") and done == total > 0 for what, done, total in shown)


@pytest.mark.real_data
def test_a_good_download_is_kept_and_read_again_without_the_network(serve, data_root, monkeypatch):
    serve(next((data_root / "uci_har").glob("*.zip")).read_bytes())
    assert not load_har("uci").synthetic
    monkeypatch.setattr("har.dataset.ADDRESS", "http://127.0.0.1:9/har.zip")
    assert len(load_har("uci").test) == 2947
