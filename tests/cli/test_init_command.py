"""`tinygmp init` shows what it saw, warns on standard error, and draws."""

import json

from tinygmp.data.example_recordings import write_example


def test_a_window_of_each_class_a_picture_and_a_warning(tinygmp, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    write_example(tmp_path / "recordings", people=3, takes=1, rows=40)
    spoken = tinygmp("init", "--data", "recordings", "--out", "own.toml", "--picture", "own.png")
    assert spoken.code == 0
    assert "a window of each class over time" in spoken.out
    assert "█" in spoken.out
    assert (tmp_path / "own.png").read_bytes()[:4] == b"\x89PNG"
    assert "tell only 3 people (p01, p02, p03)" in spoken.err
    said = json.loads(tinygmp("init", "--data", "recordings", "--out", "b.toml", "--json").out)
    assert len(said["warnings"]) == 1


def test_what_training_refuses_ends_with_2(tinygmp, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    write_example(tmp_path / "recordings", people=6, takes=1, rows=40)
    odd = tmp_path / "recordings" / "idle" / "p02_01.csv"
    head, *rows = odd.read_text().splitlines()
    odd.write_text(
        "\n".join([head, *(f"{int(row.split(',')[0]) // 2},{row.split(',', 1)[1]}" for row in rows)])
    )
    spoken = tinygmp("init", "--data", "recordings", "--out", "own.toml")
    assert (spoken.code, "100 samples a second" in spoken.err) == (0, True)
    spoken = tinygmp("train", "own.toml")
    assert spoken.code == 2
    assert "p02_01.csv': 100 samples a second, 17 of 18 recordings have 50" in spoken.err
    rate = (tmp_path / "own.toml").read_text().replace("rate_hz = 50.0", "rate_hz = 100.0")
    (tmp_path / "own.toml").write_text(rate)
    odd.unlink()
    spoken = tinygmp("train", "own.toml")
    assert spoken.code == 2
    assert "sensor.rate_hz is 100, the times in column 'time_ms' tell 50" in spoken.err
