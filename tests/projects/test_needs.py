"""Training's threads wait asleep, unless the environment says otherwise."""

import os

from tinygmp.projects.needs import WAITING, need_torch


def test_threads_wait_asleep_unless_told_otherwise(monkeypatch):
    monkeypatch.delenv(WAITING, raising=False)
    need_torch()
    assert os.environ[WAITING] == "PASSIVE"
    monkeypatch.setenv(WAITING, "ACTIVE")
    need_torch()
    assert os.environ[WAITING] == "ACTIVE"
