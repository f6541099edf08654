# SPDX-FileCopyrightText: The patrol.workmail contributors
# SPDX-License-Identifier: GPL-3.0-or-later

"""The parts of the tests.

``scripts/test PART`` makes ``.venv`` and runs a session of this file; so does ``nox --session PART`` in any environment
with nox. A part runs in a copy of the checkout, ``.venv/tree``, because Ansible finds a collection by its directory.
"""

from __future__ import annotations

import contextlib
import functools
import os
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Iterator, Sequence
from pathlib import Path

import nox

ROOT = Path(__file__).resolve().parent
sys.path.insert(0, str(ROOT))

from scripts.support import artifact, chromium, docs_site, releases, sanity, setup, tree
from scripts.support.environment import CONTROLLERS, VENV, Environment, Failure, aws_variables

nox.needs_version = ">=2024.4.15"
nox.options.default_venv_backend = "none"
nox.options.sessions = []

COVERAGE = VENV / "coverage"
MEASURED = "plugins/module_utils"


@functools.cache
def environment() -> Environment:
    """``.venv``, made or brought up to date, with a collections tree in its variables."""
    made = setup.prepare("test")
    directory = Path(os.environ.get("WORKMAIL_TREE", VENV / "tree"))
    return with_tree(made, directory)


def with_tree(made: Environment, directory: Path) -> Environment:
    tree.make_tree(made, directory)
    return made._replace(variables={**made.variables, "ANSIBLE_COLLECTIONS_PATH": str(directory)})


def collection(made: Environment) -> Path:
    return Path(made.variables["ANSIBLE_COLLECTIONS_PATH"]) / "ansible_collections/patrol/workmail"


def run(session: nox.Session, *command: str | Path, made: Environment | None = None, **variables: str) -> None:
    """Run a command in the copy of the checkout."""
    made = made or environment()
    session.chdir(collection(made))
    session.run(*map(str, command), env={**made.variables, **variables}, include_outer_env=False, external=True)


def pytest(
    session: nox.Session,
    directory: str,
    *options: str,
    made: Environment | None = None,
    arguments: Sequence[str] | None = None,
    **variables: str,
) -> None:
    """Run pytest on a directory, or on the files of it that the arguments name, which are by default the session's."""
    arguments = session.posargs if arguments is None else arguments
    named = any(f"{argument.removeprefix('./')}/".startswith(f"{directory}/") for argument in arguments)
    # Without the option, pytest-ansible fills the tree with links.
    plugin = ("-p", "no:pytest-ansible") if directory.startswith("emulator") else ("--ansible-unit-inject-only",)
    run(
        session,
        *("python", "-m", "pytest", "-q", "-ra", "-p", "no:cacheprovider", "--timeout", "600", *plugin),
        *(*options, *arguments, *(() if named else (directory,))),
        made=made,
        **variables,
    )


def fail_with(session: nox.Session, failure: Failure) -> None:
    session.error(str(failure))


@nox.session
def ruff(session: nox.Session) -> None:
    """Lint and check the format of the Python files. Arguments go to "ruff check"."""
    run(session, "ruff", "check", *session.posargs, ".")
    run(session, "ruff", "format", "--check", ".")


@nox.session
def mypy(session: nox.Session) -> None:
    """Check the types of the plugins, the emulator and the scripts."""
    tree_path = environment().variables["ANSIBLE_COLLECTIONS_PATH"]
    run(session, "mypy", *session.posargs, "-p", "ansible_collections.patrol.workmail.plugins", MYPYPATH=tree_path)
    run(session, "mypy", *session.posargs, "-p", "workmail_emulator", MYPYPATH="emulator/src")
    run(session, "mypy", *session.posargs, "-p", "scripts.support")


@nox.session
def reuse(session: nox.Session) -> None:
    """Check the copyright and the license of every file."""
    run(session, "reuse", "--root", ".", "lint", *session.posargs)


@nox.session
def shell(session: nox.Session) -> None:
    """Run shellcheck on every shell script."""
    scripts = [
        path
        for path in collection(environment()).rglob("*")
        if path.is_file() and not path.is_symlink() and ".git" not in path.parts and is_shell(path)
    ]
    run(session, "shellcheck", "--external-sources", *session.posargs, *sorted(scripts))


def is_shell(path: Path) -> bool:
    with path.open("rb") as file:
        first = file.readline(80)
    return path.suffix == ".sh" or (
        first.startswith(b"#!") and first.split()[-1].rpartition(b"/")[2] in (b"sh", b"bash")
    )


@nox.session
def changelog(session: nox.Session) -> None:
    """Check the form of the changelog fragments."""
    run(session, "antsibull-changelog", "lint", *session.posargs)


@nox.session
def wording(session: nox.Session) -> None:
    """Check the words, the spelling and the grammar of what people read: [FILE OR DIRECTORY...]."""
    run(session, "python", "-m", "scripts.support.wording", *session.posargs)


@nox.session
def unit(session: nox.Session) -> None:
    """Run tests/unit, for example: scripts/test unit -k conditions."""
    with measured_coverage("unit") as (options, variables):
        pytest(session, "tests/unit", "-n", "auto", *options, **variables)


@nox.session
def emulator(session: nox.Session) -> None:
    """Run emulator/tests."""
    pytest(session, "emulator/tests", "-n", "auto")


@nox.session
def integration(session: nox.Session) -> None:
    """Run tests/integration: playbooks and plugins against the emulator."""
    with measured_coverage("integration") as (options, variables):
        pytest(session, "tests/integration", "-n", "auto", *options, **variables)


@contextlib.contextmanager
def measured_coverage(part: str) -> Iterator[tuple[tuple[str, ...], dict[str, str]]]:
    """Give the options and variables that make pytest measure coverage, if all parts run."""
    if "WORKMAIL_COVERAGE" not in os.environ:
        yield (), {}
        return
    COVERAGE.mkdir(exist_ok=True)
    data = COVERAGE / f".coverage.{part}"
    data.unlink(missing_ok=True)
    # The floor is for both parts together.
    yield (f"--cov={MEASURED}", "--cov-report=", "--cov-fail-under=0"), {"COVERAGE_FILE": str(data)}


@nox.session
def coverage(session: nox.Session) -> None:
    """Report the coverage of unit and integration in the last scripts/test everything; it fails below a floor."""
    parts = [COVERAGE / f".coverage.{part}" for part in ("unit", "integration")]
    if not all(part.exists() for part in parts):
        session.error("Nothing is measured yet; run scripts/test everything")
    data = {"COVERAGE_FILE": str(COVERAGE / ".coverage")}
    run(session, "coverage", "combine", "--keep", *parts, **data)
    run(session, "coverage", "report", *session.posargs, **data)


@nox.session(name="integration-quick")
def integration_quick(session: nox.Session) -> None:
    """Run tests/integration without the tests that are marked as slow."""
    pytest(session, "tests/integration", "-n", "auto", "-m", "not slow")


@nox.session
def ansible(session: nox.Session) -> None:
    """Run the tests of tests/integration that start Ansible, except the examples of the guides."""
    pytest(session, "tests/integration", "-n", "auto", "-m", "ansible")


@nox.session
def live(session: nox.Session) -> None:
    """Read the real Amazon WorkMail with your AWS credentials, and compare the plugins. Not part of any other run."""
    made = environment()
    # nox would show the arguments, which can hold the ID of an organization.
    returncode = subprocess.run(
        [made.prefix / "bin/python", "-m", "scripts.support.live", *session.posargs],
        env={**made.variables, **aws_variables()},
        cwd=collection(made),
    ).returncode
    if returncode:
        session.error(
            "The lines above say why" if returncode > 1 else "The plugins differ, or could not read everything"
        )


@nox.session
def browser(session: nox.Session) -> None:
    """Run tests/browser: the HTML report in a headless Chromium."""
    pytest(session, "tests/browser", WORKMAIL_CHROMIUM=str(chromium.find_chromium(environment())))


@nox.session
def guards(session: nox.Session) -> None:
    """Run tests/guards: remove each guard from a copy; a test must fail there."""
    pytest(session, "tests/guards", "-n", "auto")


@nox.session
def docs(session: nox.Session) -> None:
    """Check the documentation of the plugins and roles, and docs/docsite."""
    # The name of its temporary directory gets into the pages, where an underscore at its end is a broken reference.
    code = (
        "import sys, tempfile\n"
        "tempfile._RandomNameSequence.characters = 'abcdefghijklmnopqrstuvwxyz0123456789'\n"
        "from antsibull_docs.cli.antsibull_docs import main\n"
        "sys.exit(main())"
    )
    run(
        session,
        *("python", "-c", code, "lint-collection-docs", "--plugin-docs", "--validate-collection-refs=all"),
        *("--disallow-unknown-collection-refs", "--check-extra-docs-refs", *session.posargs, "."),
    )


@nox.session
def site(session: nox.Session) -> None:
    """Build the documentation as a site; warnings are errors. Check its links, and those of Markdown files."""
    made = environment()
    directory = Path(made.variables["ANSIBLE_COLLECTIONS_PATH"]) / "site"
    docs_site.build_site(made, collection(made), directory)
    pytest(session, "tests/site", WORKMAIL_SITE=str(directory))


@nox.session
def lint(session: nox.Session) -> None:
    """Run ansible-lint with the production profile, and cfn-lint on the CloudFormation template."""
    if (environment().prefix / "bin/cfn-lint").exists():
        run(session, "cfn-lint", "docs/examples/auditor_role/cloudformation.yml")
    else:
        print("Left out: cfn-lint, which has no release for this Python", flush=True)
    # With community.general, which the role notify uses if it is installed, its options are checked as well.
    path = f"{environment().variables['ANSIBLE_COLLECTIONS_PATH']}:{VENV / 'community'}"
    command = ("ansible-lint", "--offline", "--strict", "--profile", "production", *session.posargs)
    run(session, *command, ANSIBLE_COLLECTIONS_PATH=path)


@nox.session(name="sanity")
def sanity_everywhere(session: nox.Session) -> None:
    """Run ansible-test sanity for every Python, for example: scripts/test sanity --test validate-modules."""
    check_sanity(session, environment(), *session.posargs)


@nox.session(name="sanity-here")
def sanity_here(session: nox.Session) -> None:
    """Run ansible-test sanity for the Python of .venv."""
    made = environment()
    version = made.output("python", "-c", "import sys; print('%d.%d' % sys.version_info[:2])")
    check_sanity(session, made, "--python", version, *session.posargs)


def check_sanity(session: nox.Session, made: Environment, *arguments: str) -> None:
    try:
        sanity.check_sanity(made, collection(made), *arguments)
    except Failure as failure:
        fail_with(session, failure)


@nox.session(name="artifact")
def build(session: nox.Session) -> None:
    """Release the collection as a trial: build it, check it as Galaxy does, install and verify it."""
    made = environment()
    with tempfile.TemporaryDirectory(dir=VENV, prefix="artifact.") as directory:
        work = Path(directory)
        copy = work / "ansible_collections/patrol/workmail"
        shutil.copytree(
            collection(made), copy, ignore=shutil.ignore_patterns(".git", "__pycache__", ".ansible", ".*_cache")
        )
        artifact.prepare_release(made, copy, artifact.read_version(copy))
        try:
            built = artifact.build_artifact(made, copy, work)
        except Failure as failure:
            fail_with(session, failure)
        galaxy = made._replace(variables={k: v for k, v in made.variables.items() if k != "ANSIBLE_COLLECTIONS_PATH"})
        galaxy.run("ansible-galaxy", "collection", "install", "--force", "--offline", "-p", work / "installed", built)
        installed = made._replace(variables={**made.variables, "ANSIBLE_COLLECTIONS_PATH": str(work / "installed")})
        installed.run("ansible-galaxy", "collection", "verify", "--offline", "patrol.workmail")
        modules = sorted(path.stem for path in (copy / "plugins/modules").glob("workmail_*.py"))
        installed.output("ansible-doc", "-t", "module", *(f"patrol.workmail.{name}" for name in modules))


@nox.session(name="supported-releases")
def supported_releases(session: nox.Session) -> None:
    """Run sanity, unit tests and tests of Ansible on the newest stable release, if .venv does not have that one."""
    made = environment()
    found, left_out = releases.combinations(made, CONTROLLERS)
    say_left_out(left_out)
    newest = [combination for combination in found if combination.release.stable][-1]
    if newest.release.core.partition("==")[2] == made.output(
        "python", "-c", "import ansible.release as r; print(r.__version__)"
    ):
        print(
            f"The newest release that this machine has a Python for is {newest.release.core}, on which all parts run."
        )
        return
    session.log(f"{newest.release.core} on Python {newest.python}")
    run_combination(session, newest, ("sanity", "unit", "ansible"))


@nox.session
def matrix(session: nox.Session) -> None:
    """Run unit, integration and sanity on every supported release of ansible-core: [RELEASE [PYTHON [PART [ARGS]]]]."""
    try:
        release, python, part, arguments = releases.split_matrix_arguments(session.posargs)
    except Failure as failure:
        fail_with(session, failure)
    found, left_out = releases.combinations(environment(), CONTROLLERS, release, python)
    say_left_out(left_out)
    failed = []
    for index, combination in enumerate(found):
        # Sanity checks for every Python itself: once for each release is enough.
        last = index + 1 == len(found) or found[index + 1].release is not combination.release
        parts = (part,) if part else ("unit", "integration", "sanity") if last else ("unit", "integration")
        session.log(f"[{index + 1}/{len(found)}] {combination.release.core} on Python {combination.python}")
        try:
            run_combination(session, combination, parts, *arguments)
        except nox.command.CommandFailed:
            failed.append(combination.name)
    print(f"{len(found) - len(failed)} passed, {len(failed)} failed")
    if failed or not found:
        session.error(f"Failed: {', '.join(failed) or 'nothing could run'}")


def run_combination(
    session: nox.Session, combination: releases.Combination, parts: tuple[str, ...], *arguments: str
) -> None:
    release = combination.release
    packages = (release.core, *release.others)
    made = setup.prepare_release(combination.name, combination.python, release.community, packages)
    made = with_tree(made, made.prefix / "tree")
    print(releases.describe(made), flush=True)
    for part in parts:
        if part == "sanity":
            check_sanity(session, made, *arguments)
        elif part == "unit":
            pytest(session, "tests/unit", "-n", "auto", made=made, arguments=arguments)
        else:
            marker = ("-m", "ansible") if part == "ansible" else ()
            pytest(session, "tests/integration", "-n", "auto", *marker, made=made, arguments=arguments)


def say_left_out(reasons: list[str]) -> None:
    for reason in reasons:
        print(f"Left out: {reason}", flush=True)
