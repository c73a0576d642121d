"""Where files live: the course folder, the user's folder, and the progress file."""

from pathlib import Path

import pytest

from course_utils import places


def test_course_root_is_the_folder_of_the_course():
    root = places.course_root()
    assert root.is_absolute()
    assert (root / "pyproject.toml").is_file()
    assert places.data_folder() == root / "data"
    assert places.data_folder().is_dir()


def test_a_package_without_its_course_says_how_to_install(tmp_path, monkeypatch):
    monkeypatch.setattr(places, "__file__", str(tmp_path / "site" / "course_utils" / "places.py"))
    with pytest.raises(FileNotFoundError, match=r"pip install -e \.") as raised:
        places.data_folder()
    assert str(tmp_path / "site" / "data") in str(raised.value)


def test_user_folder_lies_outside_the_course():
    folder = places.user_folder()
    assert folder.is_absolute()
    assert places.course_root() not in [folder, *folder.parents]


def test_progress_file_follows_the_environment(tmp_path, monkeypatch):
    monkeypatch.setenv("COURSE_PROGRESS", str(tmp_path / "mine.jsonl"))
    assert places.progress_file() == tmp_path / "mine.jsonl"
    monkeypatch.setenv("COURSE_PROGRESS", "~/mine.jsonl")
    assert places.progress_file() == Path.home() / "mine.jsonl"


@pytest.mark.parametrize("unset", [None, ""])
def test_progress_file_is_in_the_user_folder_otherwise(monkeypatch, unset):
    if unset is None:
        monkeypatch.delenv("COURSE_PROGRESS", raising=False)
    else:
        monkeypatch.setenv("COURSE_PROGRESS", unset)
    assert places.progress_file() == places.user_folder() / "progress.jsonl"
