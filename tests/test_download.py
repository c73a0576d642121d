"""Fetching data sets: a folder is whole or absent, whatever is cut, damaged, full or killed."""

import dataclasses
import hashlib
import json
import random
import shutil
import subprocess
import sys
import threading
import time
from pathlib import Path

import pytest
from loopback_server import Misbehaviour, Site, served
from test_unpacking import SET, files, read_folder, write_folder, write_tar, write_zip

from course_utils import download
from course_utils.archive import ArchiveError
from course_utils.disk_space import DiskFullError
from course_utils.download import fetch, is_there
from course_utils.manifest import FILE, faults
from course_utils.range_download import DownloadError
from course_utils.sources import Download, Source

NO_WAITS = (0.0, 0.0)

# Fetches from the server whose port is given. PATCH stands for what happens before.
CHILD = """
import sys
from pathlib import Path
sys.path.insert(0, {tests!r})
from course_utils import download, unpacking
from test_download import DiskFullError, made_source
PATCH
download.fetch(made_source(int(sys.argv[1])), Path(sys.argv[2]), waits=(0.0,))
"""


def md5(content: bytes) -> str:
    return "md5:" + hashlib.md5(content).hexdigest()


def made_source(port: int, content: bytes | None = None) -> Source:
    """A set in one zip; with `content` that zip's checksum is published."""
    return Source(
        name="dots",
        title="Dots",
        licence="CC0",
        citation="nobody",
        downloads=(
            Download(
                f"http://127.0.0.1:{port}/dots.zip",
                "dots.zip",
                size=1_000,
                checksum=md5(content) if content else None,
            ),
        ),
        unpacked_size=1_000,
        layout=("train.txt", "train/*.png"),
        counts={"train/*.png": 2},
        missing_files=missing_files,
    )


def missing_files(folder: Path) -> list[str]:
    names = (folder / "train.txt").read_text().split()
    return [f"train/{n}.png" for n in names if not (folder / "train" / f"{n}.png").is_file()]


@pytest.fixture
def site(tmp_path):
    with served() as site:
        site.files["dots.zip"] = write_zip(tmp_path / "served.zip", files()).read_bytes()
        (tmp_path / "served.zip").unlink()
        yield site


@pytest.fixture
def root(tmp_path) -> Path:
    return tmp_path / "data" / "dots"


def work(root: Path) -> Path:
    return root.with_name("dots.download")


def require_whole(root: Path) -> None:
    """The set and its list are there, and nothing is left beside them but the lock."""
    found = read_folder(root)
    stored = json.loads(found.pop(FILE))
    assert found == SET
    assert stored["name"] == "dots"
    assert faults(root) == {}
    assert {path.name for path in root.parent.iterdir()} == {"dots", ".dots.lock"}


def test_a_set_is_downloaded_unpacked_and_listed(site, root):
    assert fetch(made_source(site.port, site.files["dots.zip"]), root) == root
    require_whole(root)
    assert root.stat().st_mode & 0o777 == root.parent.stat().st_mode & 0o777


def test_a_set_that_is_there_is_not_fetched_again(site, root):
    fetch(made_source(site.port), root)
    fetch(made_source(site.port), root)
    assert len(site.asked) == 1
    fetch(made_source(site.port), root, again=True)
    assert len(site.asked) == 2
    require_whole(root)


@pytest.mark.parametrize("damage", ["missing", "shorter", "no list"])
def test_a_set_that_lost_a_file_is_fetched_again(site, root, damage):
    fetch(made_source(site.port), root)
    victim = root / "train/a.png"
    if damage == "missing":
        victim.unlink()
    elif damage == "shorter":
        victim.write_bytes(b"short")
    else:
        shutil.rmtree(root)
        root.mkdir()
    assert not is_there(root)
    fetch(made_source(site.port), root)
    require_whole(root)


def test_without_a_root_the_set_goes_into_the_users_folder(site, tmp_path, monkeypatch):
    monkeypatch.setattr("course_utils.sources.user_folder", lambda: tmp_path / "user")
    assert fetch(made_source(site.port)) == tmp_path / "user" / "data" / "dots"


def test_what_else_lies_at_the_root_is_never_touched(site, root):
    write_folder(root, {"thesis.txt": b"years of work"})
    with pytest.raises(FileExistsError, match=r"found other files\. Choose another folder"):
        fetch(made_source(site.port), root, again=True)
    assert read_folder(root) == {"thesis.txt": b"years of work"}
    assert not site.asked


def test_a_folder_that_cannot_be_written_says_so(site, tmp_path):
    (tmp_path / "file").write_text("in the way")
    with pytest.raises(OSError, match="Choose a folder of your own"):
        fetch(made_source(site.port), tmp_path / "file" / "dots")


def test_a_wrong_checksum_is_tried_once_more(site, root, capsys):
    site.next = [Misbehaviour(damage_at=1_000)]
    fetch(made_source(site.port, site.files["dots.zip"]), root)
    require_whole(root)
    assert "wrong checksum" in capsys.readouterr().err
    assert [wanted for _, wanted in site.asked] == [None, None]


def test_a_checksum_that_stays_wrong_is_refused_and_removed(site, root):
    site.next = [Misbehaviour(damage_at=1_000)] * 2
    with pytest.raises(DownloadError, match=r"downloaded twice.*expected md5:.*--from"):
        fetch(made_source(site.port, site.files["dots.zip"]), root)
    assert not root.exists()
    assert read_folder(work(root)) == {}
    fetch(made_source(site.port, site.files["dots.zip"]), root)
    require_whole(root)


def test_damage_without_a_published_checksum_is_tried_once_more(site, root, capsys):
    site.next = [Misbehaviour(damage_at=1_000)]
    fetch(made_source(site.port), root)
    require_whole(root)
    assert "Downloading once more" in capsys.readouterr().err


def test_damage_that_stays_is_refused(site, root):
    site.next = [Misbehaviour(damage_at=1_000)] * 2
    with pytest.raises(ArchiveError, match=r"sends is not the data set.*damaged.*--from"):
        fetch(made_source(site.port), root)
    assert not root.exists()
    assert read_folder(work(root)) == {}


@pytest.mark.parametrize("lost", ["train/b.png", "train.txt"])
def test_a_download_that_lacks_files_is_refused(site, root, tmp_path, lost):
    start = "Tutorial-abc/CamVid/"
    content = {name: data for name, data in files(start).items() if name != start + lost}
    site.files["dots.zip"] = write_zip(tmp_path / "less.zip", content).read_bytes()
    with pytest.raises(ArchiveError, match=lost):
        fetch(made_source(site.port), root)
    assert not root.exists()


def test_a_download_of_fewer_files_than_published_is_refused(site, root, tmp_path):
    content = files("") | {"train.txt": b"a"}
    del content["train/b.png"]
    archive = write_zip(tmp_path / "less.zip", content)
    site.files["dots.zip"] = archive.read_bytes()
    with pytest.raises(ArchiveError, match=r"expected 2 files train/\*\.png, found 1"):
        fetch(made_source(site.port), root)
    fetch(made_source(site.port), root, given=[archive])  # a part of one's own may be smaller
    assert set(read_folder(root)) == {"train.txt", "train/a.png", FILE}


@pytest.mark.parametrize("kind", ["zip", "tar.gz", "folder", "folder of archives"])
def test_from_what_is_at_hand(site, root, tmp_path, kind):
    path = tmp_path / "at hand"
    if kind == "zip":
        write_zip(path, files())
    elif kind == "tar.gz":
        write_tar(path, files())
    elif kind == "folder":
        write_folder(path, files())
    else:
        path.mkdir()
        write_zip(path / "dots.zip", files())
    before = read_folder(path) if path.is_dir() else path.read_bytes()
    fetch(made_source(site.port), root, given=[path])
    require_whole(root)
    assert (read_folder(path) if path.is_dir() else path.read_bytes()) == before
    assert not site.asked


def test_a_set_in_two_archives_from_a_folder_or_one_by_one(root, tmp_path):
    one = write_tar(tmp_path / "images.tar.gz", {k: v for k, v in SET.items() if "png" in k})
    two = write_tar(tmp_path / "lists.tar.gz", {"train.txt": SET["train.txt"]})
    source = dataclasses.replace(
        made_source(0),
        downloads=tuple(
            Download(f"http://127.0.0.1/{p.name}", p.name, 1_000, md5(p.read_bytes()))
            for p in (one, two)
        ),
    )
    fetch(source, root, given=[one, two])
    require_whole(root)
    fetch(source, root, given=[tmp_path], again=True)
    require_whole(root)
    with pytest.raises(ArchiveError, match=r"found no train/\*\.png"):
        fetch(source, root, given=[two], again=True)
    require_whole(root)  # what was there is still there


def test_a_given_archive_with_the_published_name_has_its_checksum(site, root, tmp_path):
    whole = site.files["dots.zip"]
    path = write_zip(tmp_path / "dots.zip", files() | {"more": b""})
    with pytest.raises(ArchiveError, match=r"not the file that was published .*another name"):
        fetch(made_source(site.port, whole), root, given=[path])
    fetch(made_source(site.port, whole), root, given=[path.rename(tmp_path / "mine.zip")])
    require_whole(root)


def test_too_little_space_is_said_before_the_download(site, root):
    source = dataclasses.replace(made_source(site.port), unpacked_size=10**18)
    with pytest.raises(DiskFullError, match=r"The data set dots, with its download, needs"):
        fetch(source, root)
    assert not site.asked


def start_child(site: Site, root: Path, patch: str = "") -> subprocess.Popen:
    code = CHILD.format(tests=str(Path(__file__).parent)).replace("PATCH", patch)
    return subprocess.Popen(
        [sys.executable, "-c", code, str(site.port), str(root)],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )


def test_killed_while_it_downloads(site, root):
    site.pause = 0.05
    content = random.Random(3).randbytes(400_000)
    site.files["dots.zip"] = zip_of(root, {"train.txt": b"a", "train/a.png": content})
    child = start_child(site, root)
    while site.sent < 200_000:
        assert child.poll() is None, child.communicate()[1]
        time.sleep(0.01)
    child.kill()
    child.communicate()
    assert not root.exists()
    part = (work(root) / "dots.zip.part").read_bytes()
    assert len(part) > 100_000
    assert site.files["dots.zip"].startswith(part)
    site.pause = 0.0
    fetch(dataclasses.replace(made_source(site.port), counts={}), root)
    assert read_folder(root)["train/a.png"] == content
    assert site.asked[-1][1] == f"bytes={len(part)}-"


def zip_of(root: Path, content: dict[str, bytes]) -> bytes:
    path = root.with_name("served.zip")
    path.parent.mkdir(parents=True, exist_ok=True)
    packed = write_zip(path, content).read_bytes()
    path.unlink()
    return packed


HANG = "print('now', flush=True); import time; time.sleep(100)"


@pytest.mark.parametrize(
    "patch",
    [
        # after the first of three files
        "copy, done = unpacking._copy, []\n"
        "def _copy(*given):\n"
        "    if done:\n"
        f"        {HANG}\n"
        "    done.append(1)\n"
        "    return copy(*given)\n"
        "unpacking._copy = _copy",
        # everything is unpacked, the list is not yet written
        f"def write_manifest(*_):\n    {HANG}\ndownload.write_manifest = write_manifest",
        # the list is written, the folder has not got its name
        f"def _place(*_):\n    {HANG}\ndownload._place = _place",
    ],
    ids=["unpacking", "listing", "naming"],
)
def test_killed_while_it_unpacks(site, root, patch):
    child = start_child(site, root, patch)
    assert child.stdout is not None
    assert child.stdout.readline() == "now\n"
    child.kill()
    child.communicate()
    assert not root.exists()
    assert any(path.is_dir() for path in work(root).iterdir())
    site.asked.clear()
    fetch(made_source(site.port), root)
    require_whole(root)
    assert not site.asked  # the archive had come whole


def test_killed_between_the_old_folder_and_the_new(site, root):
    fetch(made_source(site.port), root)
    patch = (
        "rename = Path.rename\n"
        "def rename_once(path, target):\n"
        "    rename(path, target)\n"
        f"    {HANG}\n"
        "Path.rename = rename_once\n"
        "import functools; download.fetch = functools.partial(download.fetch, again=True)"
    )
    child = start_child(site, root, patch)
    assert child.stdout is not None
    assert child.stdout.readline() == "now\n"
    child.kill()
    child.communicate()
    assert not root.exists()
    site.asked.clear()
    fetch(made_source(site.port), root)  # the old one comes back
    assert is_there(root)
    assert not site.asked
    fetch(made_source(site.port), root, again=True)
    require_whole(root)


def test_killed_at_random_moments_the_folder_is_whole_or_absent(site, root):
    site.pause = 0.01
    site.files["dots.zip"] = zip_of(root, files() | {"x": random.Random(0).randbytes(300_000)})
    rng, killed = random.Random(7), 0
    while not root.exists():
        child = start_child(site, root)
        goal = site.sent + rng.randrange(30_000, 200_000)
        while site.sent < goal and child.poll() is None:
            time.sleep(0.002)
        if child.poll() is None:
            child.kill()
            killed += 1
        child.communicate()
        assert not root.exists() or faults(root) == {}
        assert killed < 50
    assert killed >= 1
    assert {name: data for name, data in read_folder(root).items() if name != FILE} == SET


def test_two_processes_at_once(site, root):
    site.pause = 0.05
    children = [start_child(site, root) for _ in range(2)]
    told = [child.communicate(timeout=60)[1] for child in children]
    assert [child.returncode for child in children] == [0, 0], told
    assert sum("Another process is fetching dots" in text for text in told) <= 1
    assert len(site.asked) == 1
    require_whole(root)


def test_who_waits_says_so_and_goes_on_when_the_other_dies(site, root, capfd):
    child = start_child(site, root, f"def _place(*_):\n    {HANG}\ndownload._place = _place")
    assert child.stdout is not None
    assert child.stdout.readline() == "now\n"
    waiting = threading.Thread(target=fetch, args=(made_source(site.port), root))
    waiting.start()
    told = ""
    while "waiting for it" not in told:
        time.sleep(0.01)
        told += capfd.readouterr().err
    assert not root.exists()
    child.kill()
    child.communicate()
    waiting.join(timeout=60)
    require_whole(root)


@pytest.mark.parametrize("free", [150_000, 420_000], ids=["downloading", "unpacking"])
def test_a_disk_that_is_really_full(site, tmp_path, require_bubblewrap, free):
    """On a disk of 1 MB with a file in the way; then the file is removed."""
    picture = random.Random(0).randbytes(300_000)
    site.files["dots.zip"] = zip_of(
        tmp_path / "dots", {"train.txt": b"a", "train/a.png": picture, "train/b.png": b""}
    )
    (tmp_path / "disk").mkdir()
    patch = f"""
source, root = made_source(int(sys.argv[1])), Path(sys.argv[2])
import shutil
from unittest import mock
ballast = root.parent / "ballast"
ballast.write_bytes(bytes(1_000_000 - {free}))
try:
    with mock.patch("course_utils.unpacking.require_free"):
        download.fetch(source, root)
except DiskFullError as error:
    print("refused:", error)
assert not root.exists()
print("kept", [(p.name, p.stat().st_size) for p in Path(f"{{root}}.download").glob("*.zip*")])
ballast.unlink()
"""
    code = CHILD.format(tests=str(Path(__file__).parent)).replace("PATCH", patch)
    code = code.replace(
        "from course_utils import",
        "from course_utils.disk_space import *\nfrom course_utils import",
    )
    disk = tmp_path / "disk"
    small_disk = (require_bubblewrap, "--dev-bind", "/", "/", "--size", "1000000", "--tmpfs", disk)
    done = subprocess.run(
        [*small_disk, sys.executable, "-c", code, str(site.port), str(disk / "dots")],
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    refused, kept = done.stdout.splitlines()
    assert "The disk is full" in refused
    assert "are free. Free some space, then run the same command again" in refused
    assert ("dots.zip.part" in kept) == (free == 150_000)
    assert len(site.asked) == (2 if free == 150_000 else 1)


def test_nothing_is_imported_that_fetches_where_nothing_is_fetched():
    code = (
        "import sys; import course_utils.sources; "
        "sys.exit(any(name in sys.modules for name in ('pooch', 'requests', 'tqdm')))"
    )
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0


def test_what_was_kept_is_said(site, root):
    site.next = [Misbehaviour(cut_after=2 << 14)]
    site.files["dots.zip"] = zip_of(root, files() | {"x": random.Random(0).randbytes(300_000)})
    with pytest.raises(DownloadError):
        fetch(made_source(site.port), root, waits=())
    assert "32.8 kB are kept in" in download.kept(root)
    assert str(work(root)) in download.kept(root)
