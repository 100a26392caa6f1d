"""What is read out of apt's words."""

import pytest

from tinygmp.device.debian.apt import Apt, error_line, has_apt
from tinygmp.errors import MissingToolError


@pytest.fixture
def apt(debian) -> Apt:
    return Apt(debian.folder / "work")


def test_a_plan_holds_what_is_named_and_what_is_missing_but_no_c_library(apt):
    assert apt.plan(["toy", "toy-data"]) == ["libtoy1=3", "toy=1:2.0-1", "toy-data"]


def test_a_machine_with_broken_dependencies_gets_what_is_named(apt, debian):
    debian.now("unmet")
    assert apt.plan(["toy", "toy-data"]) == ["toy", "toy-data"]


def test_the_machines_own_state_is_used_until_lists_are_fetched(apt, debian):
    apt.plan(["tin"])
    apt.update()
    apt.plan(["tin"])
    first, _, last = (debian.folder / "calls").read_text().splitlines()
    assert "Dir::State" not in first
    assert f"Dir::State={debian.folder}/work/state -o Dir::State::status=/var/lib/dpkg/status" in last
    assert f"Dir::Cache={debian.folder}/work/cache" in first


def test_no_list_at_all_means_offline(apt, debian):
    debian.now("offline")
    with pytest.raises(MissingToolError, match="W: Failed to fetch: no route"):
        apt.update()
    assert apt.offline == "W: Failed to fetch: no route"


def test_a_package_is_fetched_once(apt, debian):
    assert apt.download("toy=1:2.0-1") == apt.download("toy=1:2.0-1")
    assert debian.calls == ["download toy=1:2.0-1"]


def test_apt_is_both_programs(debian, monkeypatch):
    monkeypatch.setenv("PATH", str(debian.folder / "bin"))
    assert has_apt()
    (debian.folder / "bin" / "dpkg").unlink()
    assert not has_apt()


@pytest.mark.parametrize(
    ("told", "line"),
    [
        ("Reading...\nW: old\nE: gone\nE: also", "E: gone"),
        (
            "Err:2 http://x bookworm\n  No route\nW: Failed to fetch http://x  No route",
            "W: Failed to fetch http://x  No route",
        ),
        ("a\nb\n\n", "b"),
        ("", "apt-get said nothing"),
    ],
)
def test_the_line_that_matters_is_quoted(told, line):
    assert error_line(told) == line
