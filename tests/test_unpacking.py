"""Archives of a data set: found at any depth, damaged ones refused, dangerous ones refused."""

import errno
import hashlib
import io
import os
import random
import stat
import tarfile
import zipfile
from pathlib import Path

import pytest

from course_utils import unpacking
from course_utils.archive import ArchiveError, files_of
from course_utils.disk_space import DiskFullError
from course_utils.unpacking import find_set, unpack

LAYOUT = ("train.txt", "train/*.png")
MOST = 1 << 24
RNG = random.Random(0)
SET = {
    "train.txt": b"a\nb\n",
    "train/a.png": RNG.randbytes(5_000),
    "train/b.png": bytes(70_000),
}
AROUND = {"README.md": b"read me", "other/train.png": b"no", "Models/deep/train/c.txt": b"no"}


def files(start: str = "Tutorial-abc/CamVid/") -> dict[str, bytes]:
    return {start + name: content for name, content in SET.items()} | AROUND


def write_zip(path: Path, content: dict[str, bytes]) -> Path:
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, data in content.items():
            archive.writestr(name, data)
    return path


def write_tar(path: Path, content: dict[str, bytes], mode: str = "w:gz") -> Path:
    with tarfile.open(path, mode) as archive:
        for name, data in content.items():
            member = tarfile.TarInfo(name)
            member.size = len(data)
            archive.addfile(member, io.BytesIO(data))
    return path


def write_folder(path: Path, content: dict[str, bytes]) -> Path:
    for name, data in content.items():
        (path / name).parent.mkdir(parents=True, exist_ok=True)
        (path / name).write_bytes(data)
    return path


def read_folder(path: Path) -> dict[str, bytes]:
    return {
        file.relative_to(path).as_posix(): file.read_bytes()
        for file in path.rglob("*")
        if file.is_file()
    }


def unpacked(path: Path, layout=LAYOUT, optional=()) -> dict[str, bytes]:
    """What lies in a new folder after unpacking; it is what `unpack` says it wrote."""
    folder = path.with_name("unpacked")
    folder.mkdir()
    written = unpack([files_of(path, MOST)], folder, layout, optional)
    found = read_folder(folder)
    assert written == {
        name: (len(data), hashlib.sha256(data).hexdigest()) for name, data in found.items()
    }
    return found


@pytest.mark.parametrize("start", ["", "./", "CamVid/", "a/b/c/d/"])
@pytest.mark.parametrize("kind", ["zip", "tar", "tar.gz", "tar.xz", "folder"])
def test_the_set_is_found_at_any_depth_in_anything(tmp_path, kind, start):
    path = tmp_path / f"named.anyhow.{kind}"
    if kind == "zip":
        write_zip(path, files(start))
    elif kind == "folder":
        write_folder(path, files(start))
    else:
        write_tar(path, files(start), {"tar": "w", "tar.gz": "w:gz", "tar.xz": "w:xz"}[kind])
    before = read_folder(path) if kind == "folder" else path.read_bytes()
    assert unpacked(path) == SET
    assert (read_folder(path) if kind == "folder" else path.read_bytes()) == before


def test_optional_files_come_where_they_are_and_junk_never(tmp_path):
    content = files() | {
        "Tutorial-abc/CamVid/val/d.png": b"d",
        "Tutorial-abc/CamVid/val/._d.png": b"junk",
        "__MACOSX/Tutorial-abc/CamVid/train/a.png": b"junk",
        "__MACOSX/Tutorial-abc/CamVid/train.txt": b"junk",
    }
    path = write_zip(tmp_path / "set.zip", content)
    found = unpacked(path, optional=("val/*.png", "test/*.png"))
    assert found == SET | {"val/d.png": b"d"}


def test_a_set_in_two_archives(tmp_path):
    one = write_tar(tmp_path / "1.tar.gz", {"train.txt": b"a", "README": b""})
    two = write_tar(tmp_path / "2.tar.gz", {"train/a.png": b"1", "README": b""})
    (tmp_path / "out").mkdir()
    unpack([files_of(one, MOST), files_of(two, MOST)], tmp_path / "out", LAYOUT)
    assert read_folder(tmp_path / "out") == {"train.txt": b"a", "train/a.png": b"1"}
    with pytest.raises(ArchiveError, match=r"all of its archives are given") as raised:
        unpack([files_of(one, MOST)], tmp_path / "out", LAYOUT)
    assert "found no train/*.png" in str(raised.value)


def test_one_archive_given_twice(tmp_path):
    path = write_zip(tmp_path / "set.zip", files())
    (tmp_path / "out").mkdir()
    with pytest.raises(ArchiveError, match="found some twice"):
        unpack([files_of(path, MOST)] * 2, tmp_path / "out", LAYOUT)


def test_two_copies_of_the_set_are_not_guessed_between():
    names = [*files("one/"), *files("two/")]
    with pytest.raises(ArchiveError, match=r"found 2: one/, two/\. Give the folder of one"):
        find_set(names, LAYOUT, "here")


def test_another_thing_says_what_was_looked_for():
    with pytest.raises(ArchiveError, match=r"in here, found no train\.txt, train/\*\.png"):
        find_set(["photo.jpg"], LAYOUT, "here")
    with pytest.raises(ArchiveError, match=r"found no train/\*\.png beside the rest in CamVid/"):
        find_set(["CamVid/train.txt", "CamVid/train/a.webp"], LAYOUT, "here")


def test_a_star_stays_within_a_folder():
    names = ["train.txt", "train/deeper/a.png"]
    with pytest.raises(ArchiveError):
        find_set(names, LAYOUT, "here")


def test_links_in_a_folder_of_ones_own_are_followed_and_circles_end(tmp_path):
    write_folder(tmp_path / "elsewhere", {"a.png": b"1"})
    source = write_folder(tmp_path / "source", {"train.txt": b"a"})
    (source / "train").symlink_to(tmp_path / "elsewhere")
    (source / "circle").symlink_to(source)
    (source / "nowhere.png").symlink_to(tmp_path / "absent")
    assert unpacked(source) == {"train.txt": b"a", "train/a.png": b"1"}


def test_nothing_at_the_path(tmp_path):
    with pytest.raises(FileNotFoundError, match=r"found nothing\. Check the path"):
        files_of(tmp_path / "absent.zip", MOST)


DANGEROUS = ["../evil.png", "/tmp/evil.png", "a/../../evil.png", "C:/evil.png", "..\\evil.png"]


@pytest.mark.parametrize("kind", ["zip", "tar"])
@pytest.mark.parametrize("name", [*DANGEROUS, "train/..\\..\\evil.png", "a\nb.png"])
def test_names_that_lead_out_are_refused(tmp_path, kind, name):
    content = SET | {name: b"evil"}
    path = tmp_path / f"set.{kind}"
    write_zip(path, content) if kind == "zip" else write_tar(path, content)
    with pytest.raises(ArchiveError, match=r"leads out of it\. The archive is refused"):
        files_of(path, MOST)


@pytest.mark.parametrize("kind", [tarfile.SYMTYPE, tarfile.LNKTYPE, tarfile.FIFOTYPE])
def test_links_and_pipes_among_the_files_of_a_tar_are_refused(tmp_path, kind):
    path = write_tar(tmp_path / "set.tar", SET, "w")
    with tarfile.open(path, "a") as archive:
        member = tarfile.TarInfo("train/link.png")
        member.type, member.linkname = kind, "/etc/passwd"
        archive.addfile(member)
    (tmp_path / "out").mkdir()
    with pytest.raises(ArchiveError, match=r"found links: train/link\.png\. The archive"):
        unpack([files_of(path, MOST)], tmp_path / "out", LAYOUT)
    assert read_folder(tmp_path / "out") == {}


def test_links_in_a_zip_are_refused(tmp_path):
    path = write_zip(tmp_path / "set.zip", SET)
    with zipfile.ZipFile(path, "a") as archive:
        link = zipfile.ZipInfo("train/link.png")
        link.create_system, link.external_attr = 3, (stat.S_IFLNK | 0o777) << 16
        archive.writestr(link, "/etc/passwd")
    (tmp_path / "out").mkdir()
    with pytest.raises(ArchiveError, match="found links"):
        unpack([files_of(path, MOST)], tmp_path / "out", LAYOUT)


def test_a_link_to_a_folder_outside_never_leads_a_file_there(tmp_path):
    """First a link `train` to another folder, then a file `train/a.png`."""
    outside = tmp_path / "outside"
    outside.mkdir()
    path = tmp_path / "set.tar"
    with tarfile.open(path, "w") as archive:
        member = tarfile.TarInfo("train")
        member.type, member.linkname = tarfile.SYMTYPE, str(outside)
        archive.addfile(member)
        for name, data in SET.items():
            member = tarfile.TarInfo(name)
            member.size = len(data)
            archive.addfile(member, io.BytesIO(data))
    assert unpacked(path) == SET
    assert list(outside.iterdir()) == []


def test_a_name_that_comes_twice_is_refused(tmp_path):
    path = write_tar(tmp_path / "set.tar", SET, "w")
    with tarfile.open(path, "a") as archive:
        archive.addfile(tarfile.TarInfo("./train//a.png"))
    with pytest.raises(ArchiveError, match=r"twice\. The archive is refused"):
        files_of(path, MOST)


@pytest.mark.parametrize("kind", ["zip", "tar"])
def test_bombs_are_refused_before_anything_is_written(tmp_path, kind):
    content = SET | {"train/bomb.png": bytes(MOST)}
    path = tmp_path / f"set.{kind}"
    write_zip(path, content) if kind == "zip" else write_tar(path, content)
    assert path.stat().st_size < MOST / 100
    with pytest.raises(ArchiveError, match="would unpack to more than 16,777,216 bytes"):
        files_of(path, MOST)


def test_a_zip_that_lies_about_its_sizes_is_refused(tmp_path):
    """The list at its end says 10 bytes where 70,000 are packed."""
    path = write_zip(tmp_path / "set.zip", SET)
    content, real = path.read_bytes(), (70_000).to_bytes(4, "little")
    path.write_bytes(content.replace(real, (10).to_bytes(4, "little")))
    with pytest.raises(ArchiveError, match="is damaged"):
        unpacked(path)


@pytest.mark.parametrize("kind", ["zip", "tar.gz"])
def test_no_damage_goes_unnoticed(tmp_path, kind):
    """Cut anywhere or with a wrong byte anywhere: refused, or unpacked exactly."""
    whole = tmp_path / f"whole.{kind}"
    write_zip(whole, files()) if kind == "zip" else write_tar(whole, files())
    content, rng, refused = whole.read_bytes(), random.Random(1), 0
    for number in range(300):
        place = rng.randrange(len(content))
        damaged = bytearray(content)
        damaged[place] ^= 1 << rng.randrange(8)
        folder = tmp_path / str(number)
        folder.mkdir()
        path = folder / "set"
        path.write_bytes(content[:place] if number % 3 == 0 else damaged)
        try:
            found = unpacked(path)
        except ArchiveError:
            refused += 1
        else:
            assert found == SET, f"byte {place}"
    assert refused > 200


def test_a_tar_that_was_cut_is_refused(tmp_path):
    whole = write_tar(tmp_path / "whole.tar", SET, "w").read_bytes()
    for number, cut in enumerate((700, 3_000, 20_000, 60_000)):
        path = tmp_path / f"{number}" / "set.tar"
        path.parent.mkdir()
        path.write_bytes(whole[:cut])
        with pytest.raises(ArchiveError):
            unpacked(path)


@pytest.mark.parametrize("content", [b"", b"PK", b"\x1f\x8b", b"<html>404</html>", bytes(2_000)])
def test_what_is_no_archive_says_so(tmp_path, content):
    (tmp_path / "set.zip").write_bytes(content)
    with pytest.raises(ArchiveError, match=r"damaged or no zip or tar|in its original layout"):
        unpacked(tmp_path / "set.zip")


def test_an_encrypted_zip_says_so(tmp_path):
    path = write_zip(tmp_path / "set.zip", SET)
    content = bytearray(path.read_bytes())
    for signature, offset in ((b"PK\x03\x04", 6), (b"PK\x01\x02", 8)):
        start = 0
        while (start := content.find(signature, start)) >= 0:
            content[start + offset] |= 1
            start += 4
    path.write_bytes(content)
    with pytest.raises(ArchiveError, match="encrypted"):
        unpacked(path)


def test_too_little_space_is_said_before(tmp_path, monkeypatch):
    path = write_zip(tmp_path / "set.zip", SET)
    usage = type("Usage", (), {"free": 1_000})
    monkeypatch.setattr("shutil.disk_usage", lambda _: usage)
    with pytest.raises(DiskFullError, match=r"needs 75\.0 kB in .*, and 1\.0 kB are free"):
        unpacked(path)
    assert read_folder(tmp_path / "unpacked") == {}


def test_space_that_runs_out_meanwhile_is_explained(tmp_path, monkeypatch):
    path = write_zip(tmp_path / "set.zip", SET)

    def full(stream, target, size, bar):
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC), str(target))

    monkeypatch.setattr(unpacking, "_copy", full)
    with pytest.raises(DiskFullError, match=r"train\.txt still needs 75\.0 kB"):
        unpacked(path)
