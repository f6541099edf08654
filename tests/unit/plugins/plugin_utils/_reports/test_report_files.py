# SPDX-FileCopyrightText: The patrol.workmail contributors
# SPDX-License-Identifier: GPL-3.0-or-later

"""Reports as files: which files are written, replaced and removed, and which are not touched."""

from __future__ import annotations

import errno
import os
import stat
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from audits import NOW, audit_of, hostile, mixed, token
from guarding import guards

from ansible_collections.patrol.workmail.plugins.module_utils._domain.errors import OptionError, PatrolError
from ansible_collections.patrol.workmail.plugins.module_utils._domain.times import DAY
from ansible_collections.patrol.workmail.plugins.plugin_utils._reports._files import (
    Report,
    parse_report_options,
    write_reports,
)
from ansible_collections.patrol.workmail.plugins.plugin_utils._reports._formats import EXTENSIONS, FORMATS, render


def run(dest: object, check: bool = False, **arguments: Any) -> list[Report]:
    given = {"audit": mixed(), "dest": str(dest), **arguments}
    return write_reports(parse_report_options(given), check)


def clear(dest: object, check: bool = False, **arguments: Any) -> list[Report]:
    return run(dest, check, state="absent", **{"audit": None, **arguments})


def mode_of(path: Path) -> int:
    return stat.S_IMODE(path.stat().st_mode)


def names_in(folder: Path) -> set[str]:
    return {file.name for file in folder.iterdir()}


@pytest.fixture(autouse=True)
def _umask() -> Any:
    """The mode of a report does not depend on it."""
    before = os.umask(0o022)
    yield
    os.umask(before)


def test_all_formats_are_written_at_once(tmp_path: Path) -> None:
    dest = tmp_path / "new" / "reports"
    reports = run(dest, formats=list(FORMATS))
    assert [report.report_format for report in reports] == list(FORMATS)
    assert names_in(dest) == {f"audit.{extension}" for extension in EXTENSIONS.values()}
    for report in reports:
        assert report.changed and report.before is None
        assert Path(report.path).read_bytes() == render(mixed(), report.report_format).encode()
        assert mode_of(Path(report.path)) == 0o600
    assert (mode_of(dest), mode_of(dest.parent)) == (0o700, 0o700)


def test_a_second_run_changes_nothing(tmp_path: Path) -> None:
    first = run(tmp_path)
    written = (tmp_path / "audit.json").stat().st_mtime_ns
    assert [report.path for report in run(tmp_path)] == [report.path for report in first]
    assert not any(report.changed for report in run(tmp_path))
    assert (tmp_path / "audit.json").stat().st_mtime_ns == written
    other = audit_of([token(1, expires_time=NOW - DAY)])
    assert all(report.changed and report.before for report in run(tmp_path, audit=other))
    assert (tmp_path / "audit.json").read_text() == render(other, "json")


@pytest.mark.parametrize(
    ("mode", "expected"),
    [("0640", 0o640), ("640", 0o640), ("0444", 0o444), (0o600, 0o600), (0o644, 0o644), ("0660", 0o660)],
)
def test_reports_have_the_given_mode(tmp_path: Path, mode: object, expected: int) -> None:
    (tmp_path / "audit.json").write_text("")
    (tmp_path / "audit.json").chmod(0o666)
    run(tmp_path, formats=["json", "csv"], mode=mode)
    assert {mode_of(tmp_path / "audit.json"), mode_of(tmp_path / "audit.csv")} == {expected}
    (tmp_path / "audit.json").chmod(0o666)
    assert [report.changed for report in run(tmp_path, formats=["json", "csv"], mode=mode)] == [True, False]
    assert mode_of(tmp_path / "audit.json") == expected


@guards("plugins/plugin_utils/_directory.py", "if not os.path.isdir(directory):", "if True:")
@pytest.mark.parametrize("mode", [0o700, 0o755, 0o1777])
def test_an_existing_directory_keeps_its_mode(tmp_path: Path, mode: int) -> None:
    dest = tmp_path / "reports"
    dest.mkdir()
    dest.chmod(mode)
    clear(dest)
    run(dest)
    clear(dest)
    assert mode_of(dest) == mode


def test_only_reports_of_the_formats_are_removed(tmp_path: Path) -> None:
    run(tmp_path, formats=list(FORMATS))
    (tmp_path / "audit.md").write_text("mine")
    (tmp_path / "notes.json").write_text("mine")
    (tmp_path / "audit.html.d").mkdir()
    reports = clear(tmp_path, formats="json,html, csv")
    assert [(report.report_format, report.changed) for report in reports] == [
        ("json", True),
        ("html", True),
        ("csv", True),
    ]
    kept = {"audit.xml", "audit.sarif", "audit.md", "audit.txt", "audit.ocsf.jsonl", "audit.prom"}
    assert names_in(tmp_path) == kept | {"notes.json", "audit.html.d"}
    assert (tmp_path / "audit.md").read_text() == "mine"
    assert not any(report.changed for report in clear(tmp_path, formats="json,html, csv"))


def test_nothing_to_remove_makes_no_directory(tmp_path: Path) -> None:
    assert not any(report.changed for report in clear(tmp_path / "reports"))
    assert not names_in(tmp_path)


@guards("plugins/plugin_utils/_reports/_files.py", "if not stat.S_ISREG(status.st_mode):")
@pytest.mark.parametrize("state", ["present", "absent"])
@pytest.mark.parametrize("kind", ["directory", "link", "dangling link", "link to a directory", "pipe"])
def test_only_regular_files_are_replaced(tmp_path: Path, kind: str, state: str) -> None:
    dest, target = tmp_path / "reports", tmp_path / "target"
    dest.mkdir()
    report = dest / "audit.html"
    if kind == "directory":
        report.mkdir()
        (report / "index.html").write_text("mine")
    elif kind == "pipe":
        os.mkfifo(report)
    else:
        report.symlink_to(target)
    if kind == "link":
        target.write_text("mine")
    elif kind == "link to a directory":
        target.mkdir()
    (dest / "audit.json").write_text("earlier")
    before = {str(path.relative_to(tmp_path)): os.lstat(path).st_mode for path in tmp_path.rglob("*")}
    with pytest.raises(PatrolError, match="is not a regular file, so it is neither replaced nor removed") as caught:
        run(dest, formats=["json", "html"], **({"state": "absent"} if state == "absent" else {}))
    assert caught.value.error_code == "ReportException" and "audit.html" in str(caught.value)
    assert {str(path.relative_to(tmp_path)): os.lstat(path).st_mode for path in tmp_path.rglob("*")} == before
    assert (dest / "audit.json").read_text() == "earlier"
    # It does not disturb reports of other formats.
    run(dest, formats=["json"])


def test_a_link_to_a_directory_is_followed(tmp_path: Path) -> None:
    (tmp_path / "reports").mkdir()
    (tmp_path / "link").symlink_to(tmp_path / "reports")
    [report] = run(tmp_path / "link", formats=["json"])
    assert report.path == str(tmp_path / "reports" / "audit.json")


def test_a_hard_link_keeps_its_content(tmp_path: Path) -> None:
    """A report is replaced and not written over."""
    (tmp_path / "mine.json").write_text("mine")
    os.link(tmp_path / "mine.json", tmp_path / "audit.json")
    run(tmp_path, formats=["json"])
    assert (tmp_path / "mine.json").read_text() == "mine"


@guards("plugins/plugin_utils/_reports/_files.py", "if not check:", "if True:")
def test_check_mode_changes_nothing(tmp_path: Path) -> None:
    assert all(report.changed for report in run(tmp_path / "reports", check=True))
    assert not names_in(tmp_path)
    run(tmp_path, formats=["json"])
    written = (tmp_path / "audit.json").read_text()
    other = audit_of([])
    [report] = run(tmp_path, check=True, formats=["json"], audit=other)
    assert report.changed and (report.before, report.after) == (written, render(other, "json"))
    [report] = clear(tmp_path, check=True, formats=["json"])
    assert report.changed and (tmp_path / "audit.json").read_text() == written
    assert names_in(tmp_path) == {"audit.json"}


def test_a_diff_holds_no_command_of_a_pipeline() -> None:
    report = Report("text", "/r/audit.txt", True, None, "".join(render(hostile(), name) for name in FORMATS)[:100_000])
    diff = report.as_diff()
    assert diff["after_header"] == "/r/audit.txt" and diff["before"] == ""
    assert "::" not in diff["after"] and "##" not in diff["after"] and "Succeeded" in diff["after"]


def test_a_large_report_has_no_diff() -> None:
    diff = Report("html", "/r/audit.html", True, "short", "x" * 200_000).as_diff()
    assert diff == {
        "before_header": "/r/audit.html",
        "after_header": "/r/audit.html",
        "before": "short",
        "src_larger": 104_448,
    }
    gone = Report("html", "/r/audit.html", True, "secret", None).as_diff()
    assert gone["after"]["state"] == "absent" and "secret" not in str(gone)


def test_the_text_of_a_large_report_is_not_kept(tmp_path: Path) -> None:
    """The texts of all formats of a large audit do not fit into memory together."""
    large = audit_of([token(number, expires_time=NOW - DAY) for number in range(200)])
    [added] = run(tmp_path, audit=large, formats=["json"])
    [removed] = run(tmp_path, audit=audit_of([]), formats=["json"])
    assert len(added.after or "") == len(removed.before or "") == 104_449
    assert "src_larger" in added.as_diff() and "dst_larger" in removed.as_diff()


@pytest.mark.parametrize("step", ["replace", "fsync"])
def test_a_full_disk_leaves_no_partial_report(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, step: str) -> None:
    run(tmp_path, formats=["json"])
    before = (tmp_path / "audit.json").read_text()

    def full(*_arguments: object) -> None:
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr(os, step, full)
    with pytest.raises(PatrolError, match="dest: reports in .* cannot be written: No space left on device"):
        run(tmp_path, formats=["json", "html"], audit=audit_of([]))
    assert names_in(tmp_path) == {"audit.json"} and (tmp_path / "audit.json").read_text() == before


def test_nothing_is_written_of_an_audit_that_is_not_valid(tmp_path: Path) -> None:
    with pytest.raises(OptionError, match="audit: not the result of an audit, it lacks outcome"):
        run(tmp_path, audit={"failed": True, "msg": "denied"})
    broken = mixed()
    broken["findings"][0]["token"]["new"] = float("nan")
    with pytest.raises(OptionError, match=r"audit.findings\[0\].token.*(NaN|nan)"):
        run(tmp_path, audit=broken, formats=["csv", "json"])
    assert not names_in(tmp_path)


@guards("plugins/plugin_utils/_reports/_files.py", "if not os.path.isdir(existing):")
@pytest.mark.parametrize("folder", ["file", "file/reports", "dangling/reports"])
@pytest.mark.parametrize("call", [run, clear])
def test_a_directory_that_cannot_be_made_is_an_error(tmp_path: Path, folder: str, call: Callable[..., Any]) -> None:
    (tmp_path / "file").write_text("")
    (tmp_path / "dangling").symlink_to(tmp_path / "file" / "nowhere")
    with pytest.raises(PatrolError, match="dest: reports in .* cannot be written: .* is not a directory"):
        call(tmp_path / folder)


@guards("plugins/plugin_utils/_reports/_files.py", "if not os.access(existing, os.W_OK | os.X_OK):")
def test_a_directory_that_is_not_writable_is_an_error(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(os, "access", lambda path, mode: False)
    with pytest.raises(PatrolError, match="cannot be written: .*is not writable"):
        clear(tmp_path / "new")


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"dest": None}, "dest: expected the path of a directory, got None"),
        ({"dest": " "}, "dest: expected the path of a directory, got ' '"),
        ({"dest": ["reports"]}, r"dest: expected the path of a directory, got \['reports'\]"),
        ({"dest": "a\0b"}, "dest: expected the path of a directory"),
        ({"audit": None}, "audit: expected the result of an audit, got None"),
        ({"audit": "done"}, "audit: expected the result of an audit, got 'done'"),
        ({"formats": ["sarf"]}, "formats: 'sarf' is not a report format, did you mean sarif?"),
        ({"formats": "json,htlm"}, "formats: 'htlm' is not a report format, did you mean html?"),
        ({"formats": [7]}, "formats: 7 is not a report format, expected json, csv,"),
        ({"formats": ["json", ""]}, "formats: '' is not a report format"),
        ({"formats": {"json": 1}}, "formats: expected a list of formats, got"),
        ({"formats": []}, r"formats: expected a list of formats, got \[\]"),
        ({"mode": "rw"}, "mode: 'rw' is not a valid mode; expected octal digits in quotes, such as '0600'"),
        ({"mode": "0755"}, "mode: '0755' is not a valid mode"),
        ({"mode": "4600"}, "mode: '4600' is not a valid mode"),
        ({"mode": "0200"}, "mode: '0200' is not a valid mode"),
        ({"mode": 600}, "mode: 600 is not a valid mode"),
        ({"mode": 400}, "mode: 400 is not a valid mode"),
        ({"mode": True}, "mode: True is not a valid mode"),
        ({"state": "absnt"}, "state: 'absnt' is not one of present, absent, did you mean absent?"),
        ({"sarif_base": ""}, "sarif_base: expected the path of a directory, got ''"),
        ({"format": "json"}, "format: unknown option, did you mean formats?"),
    ],
    ids=repr,
)
def test_invalid_options_are_refused(arguments: dict[str, Any], message: str) -> None:
    with pytest.raises(OptionError, match=message):
        parse_report_options({"audit": mixed(), "dest": "reports", **arguments})


def test_formats_are_a_list_or_a_text_and_count_once() -> None:
    for formats in (["json", "csv", "json"], "json,csv", " json , csv,csv", ("json", "csv")):
        assert parse_report_options({"audit": mixed(), "dest": ".", "formats": formats}).formats == ["json", "csv"]
    options = parse_report_options({"audit": mixed(), "dest": "~/reports"})
    assert list(options.formats) == ["html", "json", "junit"] and options.directory.endswith("/reports")
    assert options.mode == 0o600 and "~" not in options.directory
