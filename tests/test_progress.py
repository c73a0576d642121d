"""The progress store: tried with real processes, real kills and a disk that really refuses."""

import json
import os
import random
import subprocess
import sys
import time
from datetime import UTC, datetime, timedelta
from pathlib import Path

import numpy as np
import pytest

from course_utils import progress
from course_utils.progress import events, latest, record

# Writes events i = 0, 1, 2, ... and says so after each, when it must be safe on the disk.
WRITER = """
import sys
from course_utils.progress import record
for i in range(int(sys.argv[2])):
    record("test", sys.argv[1], i=i, text="x" * 300)
    print(i, flush=True)
"""


@pytest.fixture(autouse=True)
def store(tmp_path, monkeypatch) -> Path:
    path = tmp_path / "a folder" / "progress.jsonl"
    monkeypatch.setenv("COURSE_PROGRESS", str(path))
    monkeypatch.setattr(progress, "_already_told", set())
    monkeypatch.setattr(progress, "_unsaved", [])
    return path


def start_writer(name: str, count: int) -> subprocess.Popen:
    command = [sys.executable, "-c", WRITER, name, str(count)]
    return subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)


def test_events_come_back_in_order_with_utc_time(store):
    assert record("prediction", "05-a", answer="1/3")
    assert record("quiz", "05-a", correct=False)
    assert record("prediction", "05-b", answer=[1, 2], note="Größe")
    assert [(e["kind"], e["name"]) for e in events()] == [
        ("prediction", "05-a"),
        ("quiz", "05-a"),
        ("prediction", "05-b"),
    ]
    assert [e["answer"] for e in events("prediction")] == ["1/3", [1, 2]]
    assert events("prediction", "05-b")[0]["note"] == "Größe"
    stamp = datetime.fromisoformat(events()[0]["time"])
    assert stamp.utcoffset() == timedelta(0)
    assert abs(datetime.now(UTC) - stamp) < timedelta(minutes=1)
    assert len(store.read_bytes().splitlines()) == 3


def test_latest_is_the_last_of_its_kind_and_name():
    for answer in (1, 2, 3):
        record("prediction", "05-a", answer=answer)
    record("prediction", "05-b", answer=4)
    assert latest("prediction", "05-a")["answer"] == 3
    assert latest("quiz", "05-a") is None


def test_nothing_recorded_reads_empty_and_creates_nothing(store):
    assert events() == []
    assert not store.parent.exists()


def test_numpy_values_are_stored_as_plain_numbers():
    record("prediction", "05-a", answer=np.float64(0.5), sketch=np.eye(2, dtype=np.uint8))
    assert latest("prediction", "05-a")["answer"] == 0.5
    assert latest("prediction", "05-a")["sketch"] == [[1, 0], [0, 1]]


def test_a_value_that_json_cannot_hold_is_refused_before_writing():
    with pytest.raises(TypeError, match="expected a value that JSON can hold, got object"):
        record("prediction", "05-a", answer=object())
    assert events() == []


def test_content_called_time_is_refused():
    with pytest.raises(ValueError, match="expected content without an entry called time"):
        record("prediction", "05-a", time=3)


def test_line_breaks_inside_an_answer_stay_inside_its_line(store):
    record("prediction", "05-a", answer="one\ntwo\r\u2028three")
    assert latest("prediction", "05-a")["answer"] == "one\ntwo\r\u2028three"
    assert store.read_bytes().count(b"\n") == 1


def test_processes_that_append_at_once_lose_nothing(store):
    writers = [start_writer(name, 200) for name in "abc"]
    for writer in writers:
        assert writer.communicate()[1] == ""
    for name in "abc":
        assert [e["i"] for e in events("test", name)] == list(range(200))
    assert len(store.read_bytes().splitlines()) == 600


@pytest.mark.skipif(os.name == "nt", reason="SIGKILL is a signal of POSIX systems")
def test_killed_writers_lose_no_completed_event(store, capfd):
    rng = random.Random(0)
    survivor = start_writer("survivor", 300)
    completed = {}
    for round_number in range(12):
        name = f"victim {round_number}"
        victim = start_writer(name, 100_000)
        victim.stdout.readline()  # it has begun to write
        time.sleep(rng.uniform(0, 0.03))
        victim.kill()
        completed[name] = 1 + len(victim.communicate()[0].splitlines())
    survivor.communicate()
    for name, count in completed.items():
        stored = [e["i"] for e in events("test", name)]
        assert stored == list(range(len(stored)))
        assert len(stored) >= count
    assert [e["i"] for e in events("test", "survivor")] == list(range(300))


@pytest.mark.parametrize("kept", [1, 20, -2])
def test_a_torn_last_line_never_glues_to_the_next(store, capsys, kept):
    record("prediction", "05-a", answer="torn")
    whole = store.read_bytes()
    store.write_bytes(whole + whole[:kept])
    assert record("prediction", "05-b", answer="next")
    assert [e["answer"] for e in events()] == ["torn", "next"]
    aside = store.with_name("progress.damaged.jsonl")
    assert aside.read_bytes() == whole[:kept] + b"\n"
    assert capsys.readouterr().err.count("\n") == 1


def test_a_whole_last_line_without_its_line_break_is_kept(store, capsys):
    record("prediction", "05-a", answer=1)
    store.write_bytes(store.read_bytes().rstrip(b"\n"))
    record("prediction", "05-a", answer=2)
    assert [e["answer"] for e in events()] == [1, 2]
    assert capsys.readouterr().err == ""


@pytest.mark.parametrize(
    "damage",
    [
        b"not json",
        b'{"time": "now", "kind": "quiz"}',
        b"[1, 2]",
        b"\x00\x00\x00\xff",
        b"[" * 100_000,
        b'{"time": 1, "kind": "quiz", "name": "05-a"}',
    ],
    ids=["text", "no name", "a list", "zeros", "deep", "time a number"],
)
def test_a_damaged_line_is_set_aside_with_one_message_naming_both_files(store, capsys, damage):
    record("quiz", "05-a", i=0)
    store.write_bytes(store.read_bytes() + damage + b"\n")
    record("quiz", "05-a", i=1)
    assert [e["i"] for e in events()] == [0, 1]
    aside = store.with_name("progress.damaged.jsonl")
    assert aside.read_bytes() == damage + b"\n"
    message = capsys.readouterr().err
    assert str(store) in message
    assert str(aside) in message
    assert message.count("\n") == 1
    assert [e["i"] for e in events()] == [0, 1]
    assert capsys.readouterr().err == ""
    assert all(json.loads(line) for line in store.read_bytes().splitlines())


def test_a_second_damage_is_added_to_the_first(store):
    for damage in (b"first", b"second"):
        record("quiz", "05-a")
        store.write_bytes(store.read_bytes() + damage + b"\n")
        events()
    assert store.with_name("progress.damaged.jsonl").read_bytes() == b"first\nsecond\n"


def test_where_no_folder_can_be_made_a_line_says_so_once(tmp_path, monkeypatch, capsys):
    (tmp_path / "file").write_text("in the way")
    monkeypatch.setenv("COURSE_PROGRESS", str(tmp_path / "file" / "progress.jsonl"))
    assert record("quiz", "05-a", i=0) is False
    assert record("quiz", "05-a", i=1) is False
    message = capsys.readouterr().err
    assert message.count("\n") == 1
    assert "cannot be saved" in message
    assert "COURSE_PROGRESS" in message
    assert [e["i"] for e in events()] == [0, 1]  # known until the kernel ends


def test_a_full_disk_leaves_the_file_as_it_was(store, capsys):
    resource = pytest.importorskip("resource")
    record("quiz", "05-a", i=0)
    before = store.read_bytes()
    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (len(before) + 20, hard))  # room for half a line
    try:
        stored = record("quiz", "05-a", i=1)
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))
    assert stored is False
    assert store.read_bytes() == before
    assert "the disk is full" in capsys.readouterr().err
    assert record("quiz", "05-a", i=2)
    assert store.read_bytes().count(b"\n") == 2
    assert {e["i"] for e in events()} == {0, 1, 2}


def test_a_lock_that_is_never_freed_does_not_stop_the_lesson(store, monkeypatch, capsys):
    record("quiz", "05-a", i=0)
    monkeypatch.setattr(progress, "_LOCK_SECONDS", 0.05)
    with progress._locked(store):
        assert record("quiz", "05-a", i=1) is False
        assert [e["i"] for e in events()] == [0, 1]
    assert "locked" in capsys.readouterr().err
    assert record("quiz", "05-a", i=2)
