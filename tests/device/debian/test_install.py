"""Programs come into the lab as a whole or not at all, whatever apt, the network or the disk do."""

import subprocess

import pytest

from tinygmp.device.cache import lab_folder
from tinygmp.device.debian import install as room
from tinygmp.device.debian.install import install
from tinygmp.errors import ConfigError, MissingToolError, OutputError


def held() -> set[str]:
    """What lies in the lab, unfinished folders included."""
    return {path.name for path in lab_folder().iterdir()} - {".lock"}


def test_all_that_is_missing_is_installed_and_runs(debian):
    done = install()
    assert done.installed == {"toy": ("libtoy1=3", "toy=1:2.0-1", "toy-data=2.0"), "tin": ("tin=7",)}
    assert (done.present, done.failed) == ({}, {})
    assert held() == {"toy", "tin"}
    toy = debian.programs[0]
    assert toy.path() == str(lab_folder() / "toy" / "bin" / "toy")
    said = subprocess.run([toy.path(), "me"], capture_output=True, text=True, env={}, check=True).stdout
    assert said == f"toy with {lab_folder()}/toy/root/usr/lib/x86_64-linux-gnu me\n"
    assert subprocess.run([toy.path("toy-size")], check=False).returncode == 0
    assert (lab_folder() / "toy" / "root" / "usr" / "share" / "toy" / "data").read_text() == "data"
    assert (lab_folder() / "toy" / "packages.txt").read_text() == "libtoy1=3\ntoy=1:2.0-1\ntoy-data=2.0\n"
    assert "update" not in debian.calls
    assert install().installed == {}  # nothing is missing now


def test_progress_tells_of_every_package(debian):
    told = []
    install(["toy"], lambda *step: told.append(step))
    assert ("toy: libtoy1=3", 1, 3) in told
    assert told[-1] == ("toy: unpacking toy-data", 3, 3)


def test_a_program_on_path_is_left_alone(debian):
    own = debian.folder / "bin" / "tin"
    own.write_text("#!/bin/sh\n")
    own.chmod(0o755)
    done = install(["tin"])
    assert (done.installed, done.present) == ({}, {"tin": str(own)})
    assert set(install().installed) == {"toy"}


def test_a_name_installs_anew(debian):
    install(["tin"])
    (lab_folder() / "tin" / "old").touch()
    assert install(["tin", "tin"]).installed == {"tin": ("tin=7",)}
    assert not (lab_folder() / "tin" / "old").exists()
    assert held() == {"tin"}


@pytest.mark.parametrize(
    ("name", "told"),
    [
        ("gold", "program 'gold' is unknown; use one of toy, tin$"),
        ("steel", "'steel' is installed by root alone: apt-get"),
    ],
)
def test_other_names_are_refused(debian, name, told):
    with pytest.raises(ConfigError, match=told):
        install(["toy", name])
    assert not lab_folder().exists()


def test_without_apt_nothing_is_tried(debian, monkeypatch):
    monkeypatch.setenv("PATH", "/nowhere")
    with pytest.raises(MissingToolError, match="toy, tin: not installed, for this machine has no apt-get"):
        install()


def test_lists_that_are_absent_or_old_are_fetched_once(debian):
    debian.now("stale")
    assert set(install().installed) == {"toy", "tin"}
    assert debian.calls.count("update") == 1
    assert held() == {"toy", "tin"}


def test_without_a_network_nothing_is_half_installed(debian):
    debian.now("stale")
    debian.now("offline")
    told = r"^toy, tin: not installed, .*\(W: Failed to fetch: no route\); connect to the network and run"
    with pytest.raises(MissingToolError, match=told):
        install()
    assert held() == set()
    assert debian.calls.count("update") == 1


def test_a_program_that_fails_does_not_stop_the_others(debian):
    (debian.folder / "plans" / "toy").unlink()
    done = install()
    assert done.installed == {"tin": ("tin=7",)}
    assert done.failed == {"toy": "E: Unable to locate package toy"}
    assert held() == {"tin"}


def test_a_package_that_does_not_come_leaves_nothing(debian):
    (debian.folder / "packages" / "toy-data_2.0_all.deb").unlink()
    assert install(["toy"]).failed == {"toy": "E: no package toy-data"}
    assert held() == set()


def test_a_program_that_does_not_start_is_not_kept(debian):
    debian.package("tin", "7", {"usr/bin/tin": "#!/bin/sh\necho no libraries >&2\nexit 127\n"})
    done = install(["tin"])
    assert done.failed == {"tin": "it was unpacked, but `tin --version` ends with 127: no libraries"}
    assert held() == set()


def test_packages_without_the_program_are_told(debian):
    debian.package("tin", "7", {"usr/share/doc/tin": "moved to another package"})
    assert install(["tin"]).failed == {"tin": "its packages hold no usr/bin/tin: tin"}


def test_a_full_disk_is_told_and_leaves_what_was_there(debian):
    install(["tin"])
    debian.now("full")
    with pytest.raises(
        OutputError, match=r"'tin_7_all\.deb' cannot be unpacked in .*No space left on device"
    ):
        install(["tin"])
    assert held() == {"tin"}
    assert subprocess.run([debian.programs[1].path()], check=False).returncode == 0


def test_an_interrupted_install_leaves_nothing(debian, monkeypatch):
    def interrupted(package, root):
        root.mkdir(parents=True)
        (root / "half").touch()
        raise KeyboardInterrupt

    monkeypatch.setattr(room, "unpack", interrupted)
    with pytest.raises(KeyboardInterrupt):
        install(["toy"])
    assert held() == set()
    assert debian.programs[0].path() is None


def test_what_a_killed_process_left_goes_away(debian):
    (lab_folder() / ".unfinished-1" / "toy" / "root").mkdir(parents=True)
    install(["tin"])
    assert held() == {"tin"}


def test_a_cache_that_cannot_be_written_is_told(debian, monkeypatch, tmp_path):
    (tmp_path / "file").touch()
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "file"))
    with pytest.raises(OutputError, match="cannot be written: Not a directory; set XDG_CACHE_HOME"):
        install(["tin"])
