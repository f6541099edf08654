# Copyright (c) The patrol.workmail contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-FileCopyrightText: The patrol.workmail contributors
# SPDX-License-Identifier: GPL-3.0-or-later

# This module utility is PRIVATE to the collection and may change without notice.

"""The AWS accounts of a sweep: the options that select accounts, and the search for these accounts."""

from __future__ import annotations

import re
from typing import Any, Iterator, Mapping, NamedTuple, Sequence

from .._domain.accounts import Account
from .._domain.errors import OptionError, PatrolError
from .._domain.text import quoted
from .._workmail import aws_organizations
from .._workmail.assumed import account_of_arn
from .._workmail.role import Role, account_of_role, parse_external_id
from .._workmail.session import Session

ALL = "all"

_NO_PARENT = "ParentNotFoundException"
_NO_ACCOUNT = "NoAccountException"

_ACCOUNT_ID = re.compile(r"[0-9]{12}", re.ASCII)
# See https://docs.aws.amazon.com/organizations/latest/APIReference/API_ListAccountsForParent.html.
_UNIT = re.compile(r"ou-[0-9a-z]{4,32}-[0-9a-z]{8,32}|r-[0-9a-z]{4,32}", re.ASCII)
# See https://docs.aws.amazon.com/IAM/latest/APIReference/API_Role.html.
_ROLE_NAME = re.compile(r"(?:[\w+=,.@-]+/)*[\w+=,.@-]{1,64}", re.ASCII)
_LONGEST_ROLE_PATH = 512


class AccountOptions(NamedTuple):
    """The requested accounts.

    ``entries`` and ``excluded`` are account IDs, ARNs of roles, and IDs of organizational units and roots. ``entries``
    can also be the single entry ``all``. ``role_name`` is the name of the role to assume in each account whose entry is
    not the ARN of a role. ``external_id`` is sent with each AssumeRole.
    """

    entries: Sequence[str]
    excluded: Sequence[str]
    role_name: str | None
    external_id: str | None = None

    @property
    def lists(self) -> bool:
        """Whether accounts must be listed with AWS Organizations."""
        return any(not is_account_id(entry) and account_of_role(entry) is None for entry in self.entries)


def is_account_id(text: str) -> bool:
    """Return whether text is the ID of an AWS account."""
    return _ACCOUNT_ID.fullmatch(text) is not None


def is_unit_id(text: str) -> bool:
    """Return whether text is the ID of an organizational unit or a root of AWS Organizations."""
    return _UNIT.fullmatch(text) is not None


def parse_account_options(options: Mapping[str, Any]) -> AccountOptions | None:
    """Check the options that select accounts.

    Args:
        options: The options by name.

    Returns:
        The requested accounts; None for the account of the credentials.

    Raises:
        OptionError: An option is not valid. The error names the option, its value and the allowed values.
    """
    reject_empty_lists(options)
    if options.get("accounts") is None:
        for option in ("exclude_accounts", "assume_role_name"):
            if options.get(option) is not None:
                raise OptionError(f"{option}: requires accounts, which is not set")
        return None
    entries = _entries(options["accounts"], "accounts")
    if ALL in entries and len(entries) > 1:
        others = ", ".join(entry for entry in entries if entry != ALL) or "all again"
        raise OptionError(f"accounts: all cannot be combined with other entries, got {others}")
    excluded = (
        [] if options.get("exclude_accounts") is None else _entries(options["exclude_accounts"], "exclude_accounts")
    )
    for option, names in (("accounts", [name for name in entries if name != ALL]), ("exclude_accounts", excluded)):
        for name in names:
            _check_entry(option, name)
        _check_unique(option, names)
    parsed = AccountOptions(entries, excluded, _role_name(options.get("assume_role_name")), parse_external_id(options))
    if parsed.role_name is None and any(account_of_role(entry) is None for entry in entries):
        raise OptionError(
            "assume_role_name: required if accounts is all or has IDs of accounts, organizational units or roots",
            hint=(
                "Set it to the name of a role that exists in each of these accounts, or give the ARN of a role for "
                "each account."
            ),
        )
    if not parsed.lists:
        _check_excluded(parsed)
    return parsed


def reject_empty_lists(options: Mapping[str, Any]) -> None:
    """Refuse an empty list of accounts, which can come from a variable that was never set.

    Args:
        options: The options by name.

    Raises:
        OptionError: ``accounts`` or ``exclude_accounts`` is an empty list.
    """
    for option, without in (
        ("accounts", "To read only the account of the credentials"),
        ("exclude_accounts", "To exclude no account"),
    ):
        if isinstance(options.get(option), (list, tuple)) and not options[option]:
            raise OptionError(
                f"{option}: the list is empty; expected at least one account", hint=f"{without}, omit the option."
            )


def _entries(value: object, option: str) -> list[str]:
    items = [value] if isinstance(value, (str, int)) else value
    if not isinstance(items, (list, tuple)):
        raise OptionError(f"{option}: expected a list of strings, got {quoted(value)}")
    names = []
    for item in items:
        if isinstance(item, int) and not isinstance(item, bool):
            item = str(item)
        if not isinstance(item, str) or not item.strip():
            raise OptionError(f"{option}: expected non-empty strings, got {quoted(item)}")
        names.append(str(item).strip())
    return names


def _check_entry(option: str, name: str) -> None:
    if is_account_id(name) or is_unit_id(name) or account_of_role(name) is not None:
        return
    if name.isdecimal():
        raise _unquoted(option, name)
    if name.startswith("arn:"):
        raise OptionError(
            f"{option}: {quoted(name)} is not the ARN of a role; expected one such as "
            "arn:aws:iam::123456789012:role/auditor",
            hint="Give the ID at the end of the ARN." if ":organizations:" in name else None,
        )
    if name.startswith(("ou-", "r-")):
        raise OptionError(
            f"{option}: {quoted(name)} is not a valid ID; expected an organizational unit, such as ou-ab12-34cdef56, "
            "or a root, such as r-ab12"
        )
    allowed = "an account ID of 12 digits, the ARN of a role, or the ID of an organizational unit or a root"
    if option == "accounts":
        allowed += ", or all"
    hint = "Give several entries as a list." if "," in name or " " in name else None
    raise OptionError(f"{option}: {quoted(name)} is not valid; expected {allowed}", hint=hint)


def _unquoted(option: str, digits: str) -> OptionError:
    return OptionError(
        f"{option}: {quoted(digits)} is not an account ID; expected 12 digits",
        hint="Quote account IDs: YAML reads an ID without quotes as a number, and 012345670123 as an octal number.",
    )


def _check_unique(option: str, names: Sequence[str]) -> None:
    seen: dict[str, str] = {}
    for name in names:
        account = account_of_role(name) or name
        if account in seen:
            raise OptionError(
                f"{option}: {name} is given twice"
                if seen[account] == name
                else f"{option}: {seen[account]} and {name} are the same account"
            )
        seen[account] = name


def _role_name(value: object) -> str | None:
    if value is None:
        return None
    if not isinstance(value, str) or not _ROLE_NAME.fullmatch(value) or len(value) > _LONGEST_ROLE_PATH:
        hint = None
        if str(value).startswith("arn:"):
            hint = "Give the name of the role without the rest of its ARN."
        elif str(value).startswith("/"):
            hint = "Omit the slash at the beginning."
        raise OptionError(
            f"assume_role_name: {quoted(value)} is not the name of a role; expected one such as workmail-auditor or "
            "audit/workmail-auditor",
            hint=hint,
        )
    return str(value)


def _check_excluded(options: AccountOptions) -> None:
    """Check the exclusions before any call, if no entry has to be listed with AWS Organizations."""
    accounts = {account_of_role(entry) or entry for entry in options.entries}
    for entry in options.excluded:
        if is_unit_id(entry):
            raise OptionError(
                f"exclude_accounts: {entry} excludes nothing, because accounts is not all and has no organizational "
                "unit"
            )
        if (account_of_role(entry) or entry) not in accounts:
            raise OptionError(f"exclude_accounts: {entry} excludes nothing, because accounts does not include it")
    if len({account_of_role(entry) or entry for entry in options.excluded}) == len(accounts):
        raise OptionError("exclude_accounts: every account is excluded; expected at least one to read")


def find_accounts(options: AccountOptions | None, session: Session, role: Role | None) -> list[Account]:
    """Find the accounts of a sweep, and set their roles in the session.

    Args:
        options: The requested accounts; None for the account of the credentials.
        session: Makes the clients of AWS Organizations and AWS STS.
        role: The role of the session, or None.

    Returns:
        The accounts, sorted by ID, including suspended and closed accounts.

    Raises:
        PatrolError: A listing could not be read completely, the account of the credentials is unknown, two entries are
            the same account, an exclusion has no effect, or no readable account remains.
    """
    if options is None:
        return [Account(role and account_of_role(role.arn), role_arn=role and role.arn)]
    caller = session.caller()
    own = account_of_arn(caller)
    if own is None:
        raise PatrolError(
            f"AWS STS returned {quoted(caller)} as the ARN of the credentials, which has no account ID",
            error_code=_NO_ACCOUNT,
        )
    found = _without_excluded(options, _find_entries(options, session), session)
    if not any(account.readable for account in found.values()):
        raise PatrolError(
            "accounts: no account in state ACTIVE remains to be read",
            error_code=_NO_ACCOUNT,
            hint="Check accounts and exclude_accounts.",
        )
    partition = caller.split(":")[1]
    accounts = [_with_role(account, own, partition, options.role_name) for account in found.values()]
    session.use_roles(
        {
            account.id: Role(account.role_arn, options.external_id)
            for account in accounts
            if account.id is not None and account.role_arn is not None
        }
    )
    return sorted(accounts, key=lambda account: account.id or "")


def _find_entries(options: AccountOptions, session: Session) -> dict[str, Account]:
    """Return the accounts of all entries by account ID. If an entry is the ARN of a role, its account has this ARN."""
    found: dict[str, Account] = {}
    entries: dict[str, str] = {}
    listed: set[str] = set()
    for entry in options.entries:
        arn = entry if account_of_role(entry) is not None else None
        own_id = account_of_role(entry) or entry
        if is_account_id(own_id):
            accounts = [Account(own_id, role_arn=arn)]
        else:
            accounts = list(_accounts_in(entry, session, listed))
        for account in accounts:
            account_id = str(account.id)
            first = entries.setdefault(account_id, entry)
            # Units may overlap, because an account is also in all parents of its unit.
            if first != entry and not (_is_list(first) and _is_list(entry)):
                raise OptionError(f"accounts: {first} and {entry} are the same account, {account_id}")
            found[account_id] = account
    return found


def _is_list(entry: str) -> bool:
    return entry == ALL or is_unit_id(entry)


def _accounts_in(entry: str, session: Session, listed: set[str]) -> Iterator[Account]:
    """List the accounts of a unit, a root or ``all``. Units in ``listed`` are skipped; new units are added to it."""
    client = session.organizations_client()
    if entry == ALL:
        yield from aws_organizations.list_accounts(client)
        return
    waiting = [entry]
    while waiting:
        parent = waiting.pop()
        if parent in listed:
            continue
        listed.add(parent)
        try:
            yield from aws_organizations.list_accounts_for_parent(client, parent)
        except PatrolError as error:
            if error.error_code == _NO_PARENT:
                raise _unknown_unit(parent) from None
            raise
        waiting += aws_organizations.list_organizational_units_for_parent(client, parent)


def _unknown_unit(parent: str) -> PatrolError:
    kind = "root" if parent.startswith("r-") else "organizational unit"
    return PatrolError(
        f"the {kind} {parent} does not exist",
        error_code=_NO_PARENT,
        operation="ListAccountsForParent",
        hint=(
            "Check its ID, and that the credentials belong to the management account or a delegated administrator of "
            "this organization in AWS Organizations."
        ),
    )


def _without_excluded(options: AccountOptions, found: dict[str, Account], session: Session) -> dict[str, Account]:
    left = dict(found)
    for entry in options.excluded:
        if is_unit_id(entry):
            excluded = [str(account.id) for account in _accounts_in(entry, session, set())]
        else:
            excluded = [account_of_role(entry) or entry]
        if not any(account_id in found for account_id in excluded):
            reason = "accounts does not include it"
            if is_unit_id(entry):
                reason = "accounts includes none of its accounts" if excluded else "it has no accounts"
            raise OptionError(f"exclude_accounts: {entry} excludes nothing, because {reason}")
        for account_id in excluded:
            left.pop(account_id, None)
    return left


def _with_role(account: Account, own: str, partition: str, role_name: str | None) -> Account:
    """Add the ARN of the role to assume.

    In the account of the credentials, a role is only assumed if its ARN is an entry of ``accounts``.
    """
    if account.role_arn is not None or account.id == own:
        return account
    return account._replace(role_arn=f"arn:{partition}:iam::{account.id}:role/{role_name}")
