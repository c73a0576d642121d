"""The doctor: every problem it is there for is really caused, and named with its remedy."""

import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from course_utils import __main__ as command_line
from course_utils import doctor
from course_utils.datasets import pictures
from course_utils.doctor import NOTE, OK, PROBLEM, Finding

REMEDY = "course.py lab"


def only(findings):
    """The one finding that an examination made."""
    (finding,) = findings
    return finding


def test_a_machine_on_which_these_tests_run_has_no_problem(capsys):
    assert command_line.main(["doctor"]) == 0
    table = capsys.readouterr().out
    for name in ("Python", "packages", "JupyterLab", "widgets", "processor", "memory", "torch"):
        assert re.search(rf"^(OK|note) +{name} ", table, re.MULTILINE), table
    for name in ("GPU", "pictures", "progress"):
        assert re.search(rf"^(OK|note) +{name} ", table, re.MULTILINE), table
    assert table.splitlines()[-1].startswith("No problem, ")
    assert sys.executable in table


def test_a_problem_sets_the_exit_code_and_shows_its_remedy(monkeypatch, capsys):
    found = [Finding("torch", PROBLEM, "it is broken", "mend it"), Finding("GPU", OK, "none")]
    monkeypatch.setattr(doctor, "examine", lambda: found)
    assert command_line.main(["doctor"]) == 1
    lines = capsys.readouterr().out.splitlines()
    assert lines[0].startswith("PROBLEM  torch")
    assert lines[1].strip() == "-> mend it"
    assert lines[-1] == "1 problem, no note."


def test_every_note_and_problem_of_the_source_has_a_remedy():
    """Status and remedy go together: the table never leaves its reader alone."""
    for finding in doctor.examine():
        assert (finding.status == OK) == (finding.remedy == ""), finding


def test_a_python_that_does_not_serve():
    finding = only(doctor._examine_python(">=3.99"))
    assert finding.status == PROBLEM
    assert "the course needs >=3.99" in finding.detail
    assert "python.org" in finding.remedy


def test_missing_and_old_packages_are_named_and_torch_may_be_newer():
    wanted = ["numpy>=1", "no-such-package>=2", "scipy>=999", "torch==0.0.1"]
    missing, old, torch, all_others = doctor._examine_packages(wanted)
    assert (missing.name, missing.status) == ("no-such-package", PROBLEM)
    assert (old.name, old.status) == ("scipy", PROBLEM)
    assert ">=999 is required" in old.detail
    assert (torch.name, torch.status) == ("torch", NOTE)
    assert "not the version that was tested (==0.0.1)" in torch.detail
    assert all_others == Finding("packages", OK, "1 of 4 as required")
    assert all(REMEDY in finding.remedy for finding in (missing, old, torch))


def test_an_environment_without_the_widgets_extensions(tmp_path):
    laboratory, widgets = doctor._examine_jupyterlab([str(tmp_path)])
    assert laboratory.status == OK
    assert widgets.status == PROBLEM
    assert "lacks the extension of ipywidgets and anywidget" in widgets.detail
    assert REMEDY in widgets.remedy


def test_a_processor_without_avx2_is_a_note(monkeypatch):
    monkeypatch.setattr(doctor.platform, "machine", lambda: "x86_64")
    monkeypatch.setattr(doctor, "_processor", lambda: ("Old One", {"sse2"}))
    finding = only(doctor._examine_processor())
    assert finding.status == NOTE
    assert "Old One" in finding.detail
    assert "no AVX2" in finding.detail


def test_abilities_of_the_processor_are_named(monkeypatch):
    flags = {"avx2", "avx512f", "avx512_bf16", "amx_bf16", "sse2"}
    monkeypatch.setattr(doctor, "_processor", lambda: ("New One", flags))
    finding = only(doctor._examine_processor())
    assert finding.status == OK
    assert finding.detail.endswith("AVX2, AVX-512, AVX-512 bf16, AMX")


@pytest.mark.skipif(not Path("/proc/cpuinfo").exists(), reason="Linux tells flags in a file")
def test_the_flags_are_those_that_linux_tells():
    name, flags = doctor._processor()
    text = Path("/proc/cpuinfo").read_text()
    assert name
    assert {flag for flag in doctor.CPU_FLAGS if f" {flag} " in text} <= flags


@pytest.mark.parametrize(("gigabytes", "status"), [(3.9, NOTE), (4, OK)])
def test_little_memory_is_a_note(gigabytes, status):
    assert only(doctor._examine_memory(gigabytes)).status == status


@pytest.mark.skipif(not Path("/proc/meminfo").exists(), reason="Linux tells memory in a file")
def test_this_machines_memory_is_measured():
    kibibytes = int(Path("/proc/meminfo").read_text().split("MemTotal:")[1].split()[0])
    assert float(only(doctor._examine_memory()).detail.split()[0]) == pytest.approx(
        kibibytes * 1024 / 1e9, abs=0.51
    )


@pytest.mark.parametrize(
    ("content", "said"),
    [
        ("raise ImportError('libtorch_cpu.so: cannot open shared object file')", "libtorch_cpu"),
        ("import os; os.abort()", "crashed with code"),
    ],
)
def test_a_broken_torch_is_a_line_and_not_a_traceback(content, said, tmp_path, monkeypatch):
    (tmp_path / "torch.py").write_text(content)
    monkeypatch.setenv("PYTHONPATH", str(tmp_path))
    findings = [finding for finding in doctor.examine() if finding.name in ("torch", "GPU")]
    torch = only(findings)
    assert torch.status == PROBLEM
    assert said in torch.detail
    assert REMEDY in torch.remedy


def probe(**changes):
    """What the probe prints on a machine with nothing, and changes to it."""
    nothing = {"version": "2", "threads": 2, "capability": "AVX2", "gpus": [], "mps": False}
    return nothing | changes


def test_graphics_processors_and_their_memory_are_listed():
    gpus = [["NVIDIA H200", 150_000_000_000], ["NVIDIA T4", 16_000_000_000]]
    first, second = doctor._examine_gpus(probe(gpus=gpus))
    assert (first.status, first.detail) == (OK, "NVIDIA H200, 150 GB")
    assert second.detail == "NVIDIA T4, 16 GB"
    assert "Apple" in only(doctor._examine_gpus(probe(mps=True))).detail


def test_a_gpu_that_torch_does_not_use_is_a_note(monkeypatch):
    monkeypatch.setattr(doctor.shutil, "which", lambda name: f"/usr/bin/{name}")
    finding = only(doctor._examine_gpus(probe()))
    assert finding.status == NOTE
    assert "without --cpu" in finding.remedy
    monkeypatch.setattr(doctor.shutil, "which", lambda name: None)
    assert only(doctor._examine_gpus(probe())).status == OK


def test_a_damaged_annotation_is_named_with_the_way_back(tmp_path, monkeypatch):
    folder = tmp_path / "annotations"
    shutil.copytree(pictures.data_folder() / "annotations", folder)
    (folder / "coins.json").write_text("{")
    monkeypatch.setattr(pictures, "data_folder", lambda: tmp_path)
    finding = only(doctor._examine_pictures())
    assert finding.status == PROBLEM
    assert "coins.json" in finding.detail
    assert "`git checkout data`" in finding.remedy


def test_missing_annotations_are_all_named(tmp_path, monkeypatch):
    (tmp_path / "annotations").mkdir()
    monkeypatch.setattr(pictures, "data_folder", lambda: tmp_path)
    findings = list(doctor._examine_pictures())
    assert len(findings) == len(pictures.SOURCES)
    assert {finding.status for finding in findings} == {PROBLEM}


def test_an_examination_that_fails_itself_is_a_finding(monkeypatch):
    monkeypatch.setitem(sys.modules, "jupyterlab_server.config", None)
    found = [finding for finding in doctor.examine() if finding.name == "JupyterLab"]
    assert only(found).status == PROBLEM
    assert "jupyterlab_server" in only(found).detail


def test_a_place_where_nothing_can_be_recorded_is_a_note(tmp_path):
    assert only(doctor._examine_progress(tmp_path / "new" / "progress.jsonl")).status == OK
    blocked = tmp_path / "file"
    blocked.touch()
    finding = only(doctor._examine_progress(blocked / "progress.jsonl"))
    assert finding.status == NOTE
    assert "$COURSE_PROGRESS" in finding.remedy
    if os.name == "posix" and os.geteuid() != 0:  # root may write everywhere
        (tmp_path / "closed").mkdir(mode=0o500)
        assert only(doctor._examine_progress(tmp_path / "closed" / "p.jsonl")).status == NOTE


def test_the_sheet_of_pictures_is_drawn_where_asked(tmp_path, capsys):
    sheet = tmp_path / "sheet.png"
    assert command_line.main(["data", "pictures", "--sheet", str(sheet)]) == 0
    assert sheet.read_bytes().startswith(b"\x89PNG")
    assert str(sheet) in capsys.readouterr().out


def test_a_sheet_that_cannot_be_written_is_one_line(tmp_path, capsys):
    assert command_line.main(["data", "pictures", "--sheet", str(tmp_path / "no" / "s.png")]) == 1
    assert len(capsys.readouterr().err.splitlines()) == 1


@pytest.mark.parametrize("arguments", [[], ["train", "--epochs"], ["data"], ["data", "pictures"]])
def test_a_wrong_command_line_gets_its_usage(arguments, capsys):
    with pytest.raises(SystemExit):
        command_line.main(arguments)
    assert "usage: python -m course_utils" in capsys.readouterr().err


def test_it_runs_as_a_module():
    done = subprocess.run(
        [sys.executable, "-m", "course_utils", "--help"], capture_output=True, text=True, check=True
    )
    assert "doctor" in done.stdout
