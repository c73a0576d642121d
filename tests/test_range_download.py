"""Downloads over HTTP: a real server on this machine cuts, changes, damages and refuses."""

import os
import random
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest
from loopback_server import Misbehaviour, Site, served

from course_utils import range_download
from course_utils.disk_space import DiskFullError
from course_utils.range_download import DownloadError, download

CONTENT = random.Random(0).randbytes(300_000)
NO_WAITS = (0.0, 0.0)


@pytest.fixture
def site():
    with served() as site:
        site.files["set.zip"] = CONTENT
        yield site


@pytest.fixture
def path(tmp_path) -> Path:
    return tmp_path / "set.zip"


def part(path: Path) -> Path:
    return path.with_name("set.zip.part")


def begin(site: Site, path: Path, come: int = 6 << 14) -> None:
    """Leave the beginning of the download behind, whole chunks of it."""
    site.next = [Misbehaviour(cut_after=come)]
    with pytest.raises(DownloadError):
        download(site.url("set.zip"), path, waits=())
    assert part(path).read_bytes() == CONTENT[: come >> 14 << 14]
    assert not path.exists()
    site.asked.clear()
    site.sent = 0


def test_a_file_comes_whole_and_leaves_nothing_beside_it(site, path):
    download(site.url("set.zip"), path)
    assert path.read_bytes() == CONTENT
    assert [file.name for file in path.parent.iterdir()] == ["set.zip"]
    assert site.asked == [("/set.zip", None)]


def test_a_cut_connection_is_taken_up_where_it_was_cut(site, path, capsys):
    site.next = [Misbehaviour(cut_after=6 << 14), Misbehaviour(cut_after=3 << 14)]
    download(site.url("set.zip"), path, waits=NO_WAITS)
    assert path.read_bytes() == CONTENT
    assert [wanted for _, wanted in site.asked] == [None, "bytes=98304-", "bytes=147456-"]
    assert site.sent == len(CONTENT)  # no byte twice
    assert "next try in" in capsys.readouterr().err


def test_tries_that_bring_the_file_further_do_not_count_as_failures(site, path):
    site.next = [Misbehaviour(cut_after=20_000) for _ in range(10)]
    download(site.url("set.zip"), path, waits=(0.0,))
    assert path.read_bytes() == CONTENT
    assert len(site.asked) == 11


def test_a_later_run_goes_on_from_what_is_kept(site, path):
    begin(site, path)
    download(site.url("set.zip"), path)
    assert path.read_bytes() == CONTENT
    assert site.asked == [("/set.zip", "bytes=98304-")]
    assert site.sent == len(CONTENT) - 98_304


def test_a_date_serves_where_there_is_no_etag(site, path):
    site.etag, site.modified = None, "Wed, 21 Oct 2015 07:28:00 GMT"
    begin(site, path)
    download(site.url("set.zip"), path)
    assert path.read_bytes() == CONTENT
    assert site.asked == [("/set.zip", "bytes=98304-")]


@pytest.mark.parametrize("etag", [None, 'W/"weak"'])
def test_where_nothing_tells_the_version_the_download_starts_anew(site, path, etag):
    site.etag = etag
    begin(site, path)
    download(site.url("set.zip"), path)
    assert path.read_bytes() == CONTENT
    assert site.asked == [("/set.zip", None)]


@pytest.mark.parametrize("knows_if_range", [True, False])
def test_a_file_that_changed_meanwhile_starts_anew(site, path, knows_if_range):
    begin(site, path)
    site.knows_if_range, site.etag = knows_if_range, '"second"'
    site.files["set.zip"] = changed = CONTENT[::-1]
    download(site.url("set.zip"), path, waits=NO_WAITS)
    assert path.read_bytes() == changed


def test_a_file_that_became_shorter_starts_anew(site, path):
    begin(site, path)
    site.knows_if_range = False
    site.files["set.zip"] = CONTENT[:50_000]
    download(site.url("set.zip"), path, waits=NO_WAITS)
    assert path.read_bytes() == CONTENT[:50_000]


def test_another_address_does_not_go_on_from_this_one(site, path):
    begin(site, path)
    site.files["other.zip"] = other = CONTENT[::-1]
    download(site.url("other.zip"), path)
    assert path.read_bytes() == other


def test_a_server_without_ranges_sends_all_again(site, path, capsys):
    begin(site, path)
    site.knows_ranges = False
    download(site.url("set.zip"), path)
    assert path.read_bytes() == CONTENT
    assert site.sent == len(CONTENT)
    assert "from its start again" in capsys.readouterr().err


def test_killed_between_the_last_byte_and_the_new_name(site, path):
    begin(site, path, come=len(CONTENT) - 1)
    part(path).write_bytes(CONTENT)
    download(site.url("set.zip"), path)
    assert path.read_bytes() == CONTENT
    assert site.sent == 0


@pytest.mark.parametrize("damage", [b"", b"{", b"[]", b'{"url": 1}'])
def test_a_damaged_mark_starts_anew(site, path, damage):
    begin(site, path)
    path.with_name("set.zip.part.json").write_bytes(damage)
    download(site.url("set.zip"), path)
    assert path.read_bytes() == CONTENT


def test_a_server_that_names_no_length(site, path):
    site.says_length = False
    download(site.url("set.zip"), path)
    assert path.read_bytes() == CONTENT


@pytest.mark.parametrize("status", [429, 500, 503])
def test_a_busy_server_is_asked_again(site, path, status):
    site.next = [Misbehaviour(status=status)] * 2
    download(site.url("set.zip"), path, waits=NO_WAITS)
    assert path.read_bytes() == CONTENT


def test_the_server_may_say_how_long_to_wait(site, path, monkeypatch):
    waited: list[float] = []
    monkeypatch.setattr(range_download.time, "sleep", waited.append)
    site.next = [
        Misbehaviour(status=503, retry_after="7"),
        Misbehaviour(status=503, retry_after="99999"),
        Misbehaviour(status=503, retry_after="Fri, 31 Dec 1999 23:59:59 GMT"),
    ]
    download(site.url("set.zip"), path, waits=(1.0, 2.0, 4.0))
    assert [wait for wait in waited if wait] == [7.0, 60.0, 4.0]


@pytest.mark.parametrize("status", [403, 404, 410])
def test_a_file_that_is_not_there_is_not_asked_for_again(site, path, status):
    site.next = [Misbehaviour(status=status)]
    with pytest.raises(DownloadError, match=rf"answered {status}.*--from") as raised:
        download(site.url("set.zip"), path, waits=NO_WAITS)
    assert site.url("set.zip") in str(raised.value)
    assert len(site.asked) == 1


def test_a_server_that_never_delivers_is_given_up(site, path):
    begin(site, path)
    site.next = [Misbehaviour(status=503)] * 3
    with pytest.raises(DownloadError, match="in 3 tries: the server answered 503") as raised:
        download(site.url("set.zip"), path, waits=NO_WAITS)
    assert f"98,304 bytes are kept in {part(path)}" in str(raised.value)
    assert "goes on from there" in str(raised.value)
    assert part(path).read_bytes() == CONTENT[:98_304]


def test_no_connection_tells_what_to_do_without(path):
    with served() as site:
        gone = site.url("set.zip")
    with pytest.raises(DownloadError, match="in 3 tries: no connection can be made") as raised:
        download(gone, path, waits=NO_WAITS)
    for remedy in ("--from FILE", "digits", "run the same command again"):
        assert remedy in str(raised.value)


def test_without_any_network_the_name_of_the_server_is_not_found(tmp_path, require_bubblewrap):
    code = (
        "from pathlib import Path; from course_utils.range_download import download\n"
        f"download('http://data.example.org/a.zip', Path({str(tmp_path)!r}, 'a.zip'), waits=())"
    )
    command = [require_bubblewrap, "--dev-bind", "/", "/", "--unshare-net", sys.executable]
    environment = {k: v for k, v in os.environ.items() if not k.lower().endswith("_proxy")}
    done = subprocess.run(
        [*command, "-c", code], capture_output=True, text=True, check=False, env=environment
    )
    assert "DownloadError" in done.stderr
    assert "the name of the server cannot be looked up" in done.stderr
    assert "--from FILE" in done.stderr


def test_a_full_disk_keeps_what_fits(site, path):
    resource = pytest.importorskip("resource")
    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    before = signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
    resource.setrlimit(resource.RLIMIT_FSIZE, (120_001, hard))
    try:
        with pytest.raises(DiskFullError, match=r"set\.zip\.part still needs 180\.0 kB") as raised:
            download(site.url("set.zip"), path)
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))
        signal.signal(signal.SIGXFSZ, before)
    assert "are free" in str(raised.value)
    assert part(path).read_bytes() == CONTENT[:120_001]
    download(site.url("set.zip"), path)
    assert path.read_bytes() == CONTENT
    assert site.asked[-1] == ("/set.zip", "bytes=120001-")


def test_a_killed_process_is_gone_on_from_at_any_moment(site, path):
    site.pause = 0.02
    code = (
        "import sys; from pathlib import Path; from course_utils.range_download import download\n"
        "download(sys.argv[1], Path(sys.argv[2]))"
    )
    rng, killed = random.Random(1), 0
    while not path.exists():
        child = subprocess.Popen(
            [sys.executable, "-c", code, site.url("set.zip"), str(path)], stderr=subprocess.DEVNULL
        )
        goal = site.sent + rng.randrange(20_000, 120_000)
        while site.sent < goal and child.poll() is None:
            time.sleep(0.002)
        if child.poll() is None:
            child.kill()
            killed += 1
        child.wait()
        if not path.exists():
            assert CONTENT.startswith(part(path).read_bytes())
        assert killed < 50
    assert killed >= 2
    assert path.read_bytes() == CONTENT
