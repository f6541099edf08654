# Copyright (c) The patrol.workmail contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-FileCopyrightText: The patrol.workmail contributors
# SPDX-License-Identifier: GPL-3.0-or-later

# This plugin utility is PRIVATE to the collection and may change without notice.

"""Reports as files in a directory: each is replaced in one step, and nothing else in the directory is touched."""

from __future__ import annotations

import contextlib
import os
import re
import stat
import tempfile
from collections.abc import Iterator, Mapping, Sequence
from typing import Any, NamedTuple

from ...module_utils._audit.audit_check import check_audit
from ...module_utils._domain.errors import OptionError, PatrolError
from ...module_utils._domain.text import quoted, without_commands
from .._directory import make_directory
from .._plugin_options import choice_option, directory_option, given_options
from ._formats import EXTENSIONS, check_format, render

DEFAULT_FORMATS = ("html", "json", "junit")
_OPTIONS = ("audit", "dest", "formats", "mode", "sarif_base", "state")
_STATES = ("present", "absent")
# Reports are read and written, never run. An unquoted 600 in YAML, which is 01130, does not match.
_MODE = re.compile(r"0?[46][046][046]")
# In bytes. ansible.builtin.copy has the same limit for a diff.
_LARGEST_DIFF = 104_448


class ReportError(PatrolError):
    """A report cannot be written or removed."""

    error_code = "ReportException"


class ReportOptions(NamedTuple):
    """The options of the module ``workmail_pat_report``, checked. ``audit`` is None if reports are to be removed."""

    audit: Mapping[str, Any] | None
    directory: str
    formats: Sequence[str]
    mode: int
    sarif_base: str | None


class Report(NamedTuple):
    """A report file with its text before and after the run; None if there is no file or it cannot be read."""

    report_format: str
    path: str
    changed: bool
    before: str | None
    after: str | None

    def as_diff(self) -> dict[str, Any]:
        """Return the change, as Ansible shows it in diff mode. No line is a command of a pipeline."""
        if self.after is None:
            return {"before": {"path": self.path, "state": "file"}, "after": {"path": self.path, "state": "absent"}}
        diff: dict[str, Any] = {"before_header": self.path, "after_header": self.path}
        for side, larger, text in (("before", "dst_larger", self.before), ("after", "src_larger", self.after)):
            if text is not None and len(text) > _LARGEST_DIFF:
                diff[larger] = _LARGEST_DIFF
            else:
                diff[side] = without_commands(text or "")
        return diff


def parse_report_options(arguments: Mapping[str, Any]) -> ReportOptions:
    """Check the options of the module ``workmail_pat_report``.

    Args:
        arguments: The options by name, as the task has them. One with the value None has its default.

    Returns:
        The options.

    Raises:
        OptionError: Names the option, the value and what is allowed.
    """
    given = given_options(arguments, _OPTIONS)
    state = choice_option(given.get("state", "present"), "state", _STATES)
    audit = given.get("audit")
    if state == "present" and not isinstance(audit, Mapping):
        raise OptionError(f"audit: expected the result of an audit, got {quoted(audit)}")
    base = given.get("sarif_base")
    return ReportOptions(
        audit=audit if state == "present" else None,
        directory=directory_option(given.get("dest"), "dest"),
        formats=_formats(given.get("formats", DEFAULT_FORMATS)),
        mode=_mode(given.get("mode", "0600")),
        sarif_base=None if base is None else directory_option(base, "sarif_base"),
    )


def write_reports(options: ReportOptions, check: bool) -> list[Report]:
    """Write an audit in each format, or remove the reports of an earlier run.

    First, each text is made and written to a new file, one at a time, because the texts of a large audit would not fit
    into memory together. Then each new file replaces its report.

    Args:
        options: The checked options.
        check: Whether to change nothing.

    Returns:
        The reports in the order of the formats.

    Raises:
        PatrolError: The audit is not valid, or a report cannot be written or removed.
    """
    paths = {name: os.path.join(options.directory, f"audit.{EXTENSIONS[name]}") for name in options.formats}
    if options.audit is not None:
        check_audit(options.audit)
    with _explain_write_errors(options.directory), _new_files() as new_files:
        _check_directory(options.directory)
        modes = {name: _mode_of(path) for name, path in paths.items()}
        reports = []
        for name, path in paths.items():
            text = None if options.audit is None else render(options.audit, name, options.sarif_base)
            report = _compare_with_file(Report(name, path, False, None, text), modes[name], options.mode)
            if text is not None and report.changed and not check:
                make_directory(options.directory)
                new_files[path] = _new_file(path, text, options.mode)
            reports.append(report)
        if not check:
            _carry_out(reports, new_files)
    return reports


def _formats(value: object) -> list[str]:
    names = value.split(",") if isinstance(value, str) else value
    if not isinstance(names, (list, tuple)) or not names:
        raise OptionError(f"formats: expected a list of formats, got {quoted(value)}")
    formats = [name.strip() if isinstance(name, str) else name for name in names]
    for name in formats:
        check_format(name, "formats")
    return list(dict.fromkeys(formats))


def _mode(value: object) -> int:
    text = f"{value:03o}" if isinstance(value, int) and not isinstance(value, bool) else value
    if not isinstance(text, str) or not _MODE.fullmatch(text):
        raise OptionError(
            f"mode: {quoted(value)} is not a valid mode; expected octal digits in quotes, such as '0600' or '0640', "
            "without execute permission"
        )
    return int(text, 8)


@contextlib.contextmanager
def _explain_write_errors(directory: str) -> Iterator[None]:
    try:
        yield
    except OSError as error:
        raise ReportError(
            f"dest: reports in {quoted(directory)} cannot be written: {error.strerror or error}",
            hint="Choose a directory that this user can write to.",
        ) from error


def _check_directory(directory: str) -> None:
    """Find out early that reports cannot be written, before an audit is made for them."""
    existing = directory
    while not os.path.lexists(existing):
        existing = os.path.dirname(existing)
    if not os.path.isdir(existing):
        raise ReportError(
            f"dest: reports in {quoted(directory)} cannot be written: {quoted(existing)} is not a directory",
            hint="Choose another directory.",
        )
    if not os.access(existing, os.W_OK | os.X_OK):
        raise PermissionError(None, f"{existing} is not writable")


def _mode_of(path: str) -> int | None:
    """Return the mode of a report, or None if it does not exist."""
    try:
        status = os.lstat(path)
    except FileNotFoundError:
        return None
    if not stat.S_ISREG(status.st_mode):
        raise ReportError(
            f"dest: {quoted(path)} is not a regular file, so it is neither replaced nor removed",
            hint="Remove it, or choose another directory.",
        )
    return stat.S_IMODE(status.st_mode)


def _compare_with_file(report: Report, mode: int | None, wanted_mode: int) -> Report:
    """Compare a report with its file. A text that is too long for a diff is cut, but stays too long for one."""
    before, after = None if mode is None else _read(report.path), report.after
    existed, exists = mode is not None, after is not None
    changed = existed != exists or (exists and (before != after or mode != wanted_mode))
    kept = slice(_LARGEST_DIFF + 1)
    return report._replace(changed=changed, before=before and before[kept], after=after and after[kept])


def _read(path: str) -> str | None:
    try:
        with open(os.open(path, os.O_RDONLY | os.O_NOFOLLOW), encoding="utf-8", newline="") as file:
            return file.read()
    except (OSError, UnicodeDecodeError):
        return None


@contextlib.contextmanager
def _new_files() -> Iterator[dict[str, str]]:
    """Yield a mapping from reports to their new files, and then remove the new files that replaced no report."""
    new_files: dict[str, str] = {}
    try:
        yield new_files
    finally:
        for path in new_files.values():
            with contextlib.suppress(OSError):
                os.unlink(path)


def _new_file(path: str, text: str, mode: int) -> str:
    descriptor, new_path = tempfile.mkstemp(prefix=".audit.", suffix=".tmp", dir=os.path.dirname(path))
    try:
        with open(descriptor, "w", encoding="utf-8", newline="") as file:
            file.write(text)
            file.flush()
            os.fchmod(descriptor, mode)
            os.fsync(descriptor)
    except BaseException:
        os.unlink(new_path)
        raise
    return new_path


def _carry_out(reports: Sequence[Report], new_files: dict[str, str]) -> None:
    for report in reports:
        if report.path in new_files:
            os.replace(new_files[report.path], report.path)
            del new_files[report.path]
        elif report.changed and report.after is None:
            with contextlib.suppress(FileNotFoundError):
                os.unlink(report.path)
