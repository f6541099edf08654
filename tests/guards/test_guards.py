# SPDX-FileCopyrightText: The patrol.workmail contributors
# SPDX-License-Identifier: GPL-3.0-or-later

"""Each guard is held by a test: taken out of a copy of the collection, that test fails there."""

from __future__ import annotations

import ast
import contextlib
import multiprocessing
import os
import re
import shutil
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import NamedTuple

import pytest

COLLECTION = Path(__file__).parents[2]
UTILS = "plugins/module_utils"
FAULTS = "tests/integration/test_faults.py"
FACTS = "tests/integration/test_facts.py"
BOOK = "tests/integration/test_assert_no_expired.py"
ROLE = "tests/integration/test_audit_role.py"
AUDIT = "tests/integration/test_audit.py"
CONFIG = "tests/integration/test_config.py"
REVOKE = "tests/integration/test_revoke.py"
UNIT = "tests/unit/plugins/module_utils"
REPORTS = "tests/unit/plugins/plugin_utils/_reports"
INVENTORY = "tests/integration/test_inventory.py"
CACHE = "tests/unit/plugins/plugin_utils/_lookup/test_cache.py"
HOSTS = "tests/unit/plugins/plugin_utils/_inventory/test_hosts.py"
EDGE = "plugins/plugin_utils/_inventory/populate.py"


class Guard(NamedTuple):
    """A guard in a file, what the file has without it, and the tests that hold it."""

    file: str
    guard: str
    without: str
    tests: str
    chosen: str


ACCOUNTS = "tests/integration/test_audit_accounts.py"
MERGE = "tests/unit/plugins/plugin_utils/test_account_merge.py"
WATCH = f"{UTILS}/_watch"
WATCHED = "tests/unit/plugins/plugin_utils/_watch/test_events.py"

GUARDS = {
    "an event source knows what was not read whole": Guard(
        "plugins/plugin_utils/_watch/events.py",
        'for organization in result["organizations"] if organization["tokens"] is not None',
        'for organization in result["organizations"]',
        WATCHED,
        "could_not_be_read",
    ),
    "an organization is gone only from a whole listing": Guard(
        "plugins/plugin_utils/_watch/events.py",
        '    if result["complete"]:\n',
        "    if True:\n",
        WATCHED,
        "could_not_be_read",
    ),
    "a state file is of the same targets": Guard(
        "plugins/plugin_utils/_watch/state.py",
        'if document["targets"] != self._targets:',
        "if False:",
        WATCHED,
        "refused",
    ),
    "an event is noted after it was taken": Guard(
        "plugins/plugin_utils/_watch/source.py",
        "            if step.event is not None:\n                await queue.put(step.event)\n"
        "            state.note(step.organization_id, step.token_id, step.entry)\n",
        "            state.note(step.organization_id, step.token_id, step.entry)\n"
        "            if step.event is not None:\n                await queue.put(step.event)\n",
        "tests/integration/test_event_source.py",
        "not_taken",
    ),
    "strict reading of each reply": Guard(
        f"{UTILS}/_workmail/session.py", "        read_strictly(client)\n", "", FAULTS, "ListPersonalAccessTokens-html"
    ),
    "valid UTF-8": Guard(
        f"{UTILS}/_workmail/replies.py",
        'body.decode("utf-8")',
        'body.decode("utf-8", "replace")',
        FAULTS,
        "invalid_utf8",
    ),
    "whole characters": Guard(
        f"{UTILS}/_workmail/replies.py", 'if "\\\\u" in text:', "if False:", FAULTS, "lone_surrogate"
    ),
    "a reply is an object": Guard(
        f"{UTILS}/_workmail/replies.py",
        '    if not isinstance(document, dict):\n        _refuse("the body is not a JSON object")\n',
        '    if not isinstance(document, dict):\n        document = {"PersonalAccessTokenSummaries": []}\n',
        FAULTS,
        "ListPersonalAccessTokens-body",
    ),
    "a listing holds its list": Guard(
        f"{UTILS}/_workmail/replies.py",
        '            if name not in document:\n                _refuse(f"{self._label} has no {name}")\n',
        "            document.setdefault(name, [])\n",
        FAULTS,
        "empty_object or null_list or missing_list",
    ),
    "the list is a list": Guard(
        f"{UTILS}/_workmail/replies.py",
        '_checked_strings if shape.member.type_name == "string" else _checked_list',
        '_checked_strings if shape.member.type_name == "string" else _unchecked',
        FAULTS,
        "ListPersonalAccessTokens-body",
    ),
    "no miscased key": Guard(
        f"{UTILS}/_workmail/replies.py",
        "        if known is not None:\n",
        "        if False:\n",
        FAULTS,
        "miscased_next_token or miscased_field",
    ),
    "strings are strings": Guard(
        f"{UTILS}/_workmail/replies.py",
        'checkers = {"string": _checked_string, ',
        "checkers = {",
        FAULTS,
        "extra_field",
    ),
    "timestamps are read, not trusted": Guard(
        f"{UTILS}/_workmail/replies.py",
        '"timestamp": from_epoch_seconds',
        '"timestamp": _unchecked',
        FAULTS,
        "timestamps",
    ),
    "no timestamp beyond the calendar": Guard(
        f"{UTILS}/_domain/times.py",
        '    if not _FIRST <= instant <= _LAST:\n        raise ValueError(f"{shown(value)} seconds',
        '    if False:\n        raise ValueError(f"{shown(value)} seconds',
        FAULTS,
        "millisecond",
    ),
    "no boolean timestamp": Guard(
        f"{UTILS}/_domain/times.py", "isinstance(value, bool) or ", "", FAULTS, "boolean_timestamps"
    ),
    "an empty NextToken": Guard(
        f"{UTILS}/_workmail/operations.py",
        "    if not token:\n",
        "    if not token:\n        return None\n",
        FAULTS,
        "empty_next_token",
    ),
    "a NextToken seen before": Guard(
        f"{UTILS}/_workmail/operations.py",
        "    if token in seen:\n",
        "    if token in seen:\n        return None\n",
        FAULTS,
        "comes_once",
    ),
    "errors end a sweep": Guard(
        f"{UTILS}/_sweep/concurrency.py",
        "        if not self._keep_going:\n            raise error\n",
        "",
        FAULTS,
        "access_denied",
    ),
    "an organization not read whole has no count": Guard(
        f"{UTILS}/_sweep/facts.py",
        "tally is not None and whole else None",
        "tally is not None else None",
        FAULTS,
        "one_user_of_two",
    ),
    "a name in an object comes once": Guard(
        f"{UTILS}/_workmail/replies.py",
        "    if len(document) != len(members):\n",
        "    if False:\n",
        FAULTS,
        "ListPersonalAccessTokens-body",
    ),
    "the organization that was asked about": Guard(
        f"{UTILS}/_workmail/operations.py",
        '        if reply["OrganizationId"] != organization_id:\n',
        "        if False:\n",
        FAULTS,
        "DescribeOrganization-body",
    ),
    "no reply in an error": Guard(
        f"{UTILS}/_workmail/errors.py",
        'could not be understood: {name}"',
        'could not be understood: {name}: {error}"',
        FAULTS,
        "role_that_cannot_be_assumed",
    ),
    "an empty role is no role": Guard(
        f"{UTILS}/_sweep/options.py",
        "    if arn is None:\n",
        "    if not arn:\n",
        "tests/unit/plugins/module_utils/_sweep/test_options.py",
        "bad_options",
    ),
    "no part of an answer is shared": Guard(
        "plugins/plugin_utils/_lookup/cache.py", "if answer.whole:", "if True:", CACHE, "not_whole_is_not_kept"
    ),
    "a spoilt answer is none": Guard(
        "plugins/plugin_utils/_lookup/cache.py",
        "    if not isinstance(records, list) or not isinstance(warnings, list):\n",
        "    if False:\n",
        CACHE,
        "spoilt",
    ),
    "no answer to another question": Guard(
        "plugins/plugin_utils/_lookup/cache.py", "_digest([options, ", "_digest([", CACHE, "something_else"
    ),
    "no answer to somebody else": Guard(
        "plugins/plugin_utils/_lookup/cache.py", ", _surroundings()]", "]", CACHE, "somebody_else"
    ),
    "no answer from before a change": Guard(
        "plugins/plugin_utils/_lookup/cache.py",
        "        os.replace(file.name, path)\n",
        "        path.parent.mkdir(exist_ok=True)\n        path.write_text(json.dumps(answer[:2]))\n",
        CACHE,
        "on_its_way",
    ),
    "a change is a change": Guard(
        "plugins/plugin_utils/_lookup/cache.py",
        "        path.unlink(missing_ok=True)\n\n\ndef _refusal",
        "        pass\n\n\ndef _refusal",
        "tests/integration/test_edges.py",
        "revoking_makes",
    ),
    "no answer while a change goes on": Guard(
        "plugins/plugin_utils/_lookup/cache.py",
        "        _refusal(folder).touch()\n",
        "        pass\n",
        CACHE,
        "goes_on",
    ),
    "a task in the background goes on": Guard(
        "plugins/action/workmail_pat.py",
        "ongoing=bool(self._task.async_val)",
        "",
        "tests/integration/test_edges.py",
        "in_the_background",
    ),
    "a state file is one source's": Guard(
        "plugins/plugin_utils/_watch/state.py",
        "            fcntl.flock(self._lock, fcntl.LOCK_EX | fcntl.LOCK_NB)\n",
        "            pass\n",
        "tests/integration/test_event_source.py",
        "one_sources",
    ),
    "a record is not thrown away": Guard(
        "roles/revoke/vars/main.yml",
        " if revoke_record_dir else ''",
        "",
        "tests/integration/test_revoke_role.py",
        "test_bad_variables",
    ),
    "an answer is private": Guard(
        "plugins/plugin_utils/_lookup/cache.py", "mkdir(mode=0o700, ", "mkdir(", CACHE, "nobody_else"
    ),
    "an interrupt ends a sweep": Guard(
        f"{UTILS}/_sweep/concurrency.py",
        "        except BaseException:\n            self._stop.set()\n            raise\n",
        "        finally:\n            pass\n",
        "tests/unit/plugins/module_utils/_sweep/test_concurrency.py",
        "interrupt",
    ),
    "none is not the same as no conditions": Guard(
        "plugins/test/workmail_pat_matching.py",
        "named if conditions is NOT_GIVEN else conditions",
        "named if conditions in (NOT_GIVEN, None) else conditions",
        "tests/integration/test_edges.py",
        "bad_input_to_lookup",
    ),
    "no tag keeps the playbook from looking": Guard(
        "playbooks/assert_no_expired.yml", "      tags: [always]\n", "", BOOK, "tags_do_not"
    ),
    "no variable that the role does not have": Guard(
        "roles/audit/tasks/main.yml", "__audit_unknown | length == 0", "true", BOOK, "misspelled"
    ),
    "a user whom nobody knows": Guard(
        f"{UTILS}/_sweep/sweep.py",
        "        if not options.pass_over_missing:\n",
        "        if False:\n",
        FACTS,
        "does_not_exist",
    ),
    "a user who vanishes": Guard(f"{UTILS}/_sweep/sweep.py", " and unheard_of:\n", ":\n", FAULTS, "vanishes"),
    "a name that no organization has": Guard(
        f"{UTILS}/_sweep/organizations.py",
        "    if unknown and not options.pass_over_missing and not calls.errors:\n",
        "    if False:\n",
        FACTS,
        "does_not_exist",
    ),
    "a region without WorkMail": Guard(
        f"{UTILS}/_workmail/session.py",
        "        if region not in available:\n",
        "        if False:\n",
        FACTS,
        "before_any_call",
    ),
    "owner conditions need owners": Guard(
        f"{UTILS}/_sweep/options.py",
        "    if select.needs_owners and not owners:\n",
        "    if False:\n",
        "tests/unit/plugins/module_utils/_sweep/test_options.py",
        "bad_options",
    ),
    "a record that lacks a field is not judged": Guard(
        f"{UTILS}/_domain/tokens.py",
        "    if missing:\n",
        "    if False:\n",
        "tests/unit/plugins/module_utils/_domain/test_tokens.py",
        "no_record",
    ),
    "an incomplete sweep never passes": Guard(
        f"{UTILS}/_audit/result.py",
        '"outcome": INCOMPLETE if not complete else VIOLATIONS',
        '"outcome": VIOLATIONS',
        BOOK,
        "incomplete and continue",
    ),
    "a violation never passes": Guard(
        "roles/audit/tasks/report.yml",
        "__audit_result.outcome == 'pass' or (__audit_result.outcome == 'violations' and not audit_fail | bool)",
        "true",
        BOOK,
        "expired_tokens_are_named",
    ),
    "what is not complete fails without audit_fail as well": Guard(
        "roles/audit/tasks/report.yml",
        "(__audit_result.outcome == 'violations' and not audit_fail | bool)",
        "not audit_fail | bool",
        ROLE,
        "one_organization_denied",
    ),
    "no tag keeps the audit from looking": Guard(
        "playbooks/audit.yml", "      tags: [always]\n", "", ROLE, "tags_do_not"
    ),
    "an exception past its end mutes nothing": Guard(
        f"{UTILS}/_domain/policy.py",
        "    active = [exception for exception in policy.exceptions if exception.end > as_of]\n",
        "    active = list(policy.exceptions)\n",
        "tests/unit/plugins/module_utils/_domain/test_policy.py",
        "until_when",
    ),
    "an exception is for its own rules": Guard(
        f"{UTILS}/_domain/policy.py",
        " if rule.id in active[index].rules), None)",
        "), None)",
        "tests/unit/plugins/module_utils/_domain/test_policy.py",
        "for_its_own_rules",
    ),
    "a policy that needs owners gets them": Guard(
        f"{UTILS}/_audit/run.py",
        'bool(options.get("owners")) or policy.needs_owners',
        'bool(options.get("owners"))',
        AUDIT,
        "owners_are_read_only",
    ),
    "owner conditions are never judged without the owner": Guard(
        f"{UTILS}/_domain/policy.py",
        "        if needs_owners and token.owner is None:\n",
        "        if False:\n",
        "tests/unit/plugins/module_utils/_domain/test_policy.py",
        "refuses_a_token_without",
    ),
    "no key that a policy does not have": Guard(
        f"{UTILS}/_domain/policy.py",
        "        if key not in known:\n",
        "        if False:\n",
        "tests/unit/plugins/module_utils/_domain/test_policy.py",
        "bad_policies",
    ),
    "no rule or exception without conditions": Guard(
        f"{UTILS}/_domain/policy.py",
        "    if isinstance(value, Mapping) and not value:\n",
        "    if False:\n",
        "tests/unit/plugins/module_utils/_domain/test_policy.py",
        "bad_policies",
    ),
    "no exception for a rule that is not there": Guard(
        f"{UTILS}/_domain/policy.py",
        "        if rule_ids is not None and rule not in rule_ids:\n",
        "        if False:\n",
        "tests/unit/plugins/module_utils/_domain/test_policy.py",
        "bad_policies",
    ),
    "no rule twice": Guard(
        f"{UTILS}/_domain/policy.py",
        "        if rule_id in first:\n",
        "        if False:\n",
        "tests/unit/plugins/module_utils/_domain/test_policy.py",
        "bad_policies",
    ),
    "no name is a command of a pipeline": Guard(
        "plugins/module_utils/_domain/text.py",
        'return _COMMAND.sub(lambda match: f"{match[0]} ", text)',
        "return text",
        f"{REPORTS}/test_text.py",
        "no_name",
    ),
    "no name is markup of the page": Guard(
        "plugins/plugin_utils/_reports/_html.py",
        "autoescape=True",
        "autoescape=False",
        f"{REPORTS}/test_html.py",
        "exceptions_and_errors",
    ),
    "a token is read before it is deleted": Guard(
        f"{UTILS}/_revoke/deletion.py",
        "        if summary is None:\n            token",
        '        summary = summary or {"PersonalAccessTokenId": token_id}\n        if False:\n            token',
        REVOKE,
        "tokens_are_revoked",
    ),
    "only_if is asked before each deletion": Guard(
        f"{UTILS}/_revoke/deletion.py",
        "        why = reason(token)\n",
        "        why = None\n",
        REVOKE,
        "used_meanwhile_is_left",
    ),
    "check mode deletes nothing": Guard(
        f"{UTILS}/_revoke/deletion.py",
        "        if self._dry:\n            self._revoked.append(token)\n            return\n",
        "",
        REVOKE,
        "check_mode_predicts",
    ),
    "a token that is still there is not revoked": Guard(
        f"{UTILS}/_revoke/deletion.py",
        "            if left is None:\n",
        "            if left is None or refused is None:\n",
        REVOKE,
        "silence",
    ),
    "a connection that breaks after a deletion": Guard(
        f"{UTILS}/_revoke/deletion.py",
        "            refused = error\n",
        "            raise\n",
        REVOKE,
        "connection_that_breaks",
    ),
    "what cannot be read again is not known": Guard(
        f"{UTILS}/_revoke/deletion.py",
        "            except PatrolError as error:\n                self._unconfirmed.append(token_id)\n",
        "            except PatrolError as error:\n",
        REVOKE,
        "cannot_be_read_again",
    ),
    "what was done is told where it fails": Guard(
        f"{UTILS}/_domain/errors.py",
        "        error.details = {**error.details, **result()}\n",
        "",
        REVOKE,
        "deletion_that_fails_in_the_middle",
    ),
    "no reply about another token": Guard(
        f"{UTILS}/_workmail/operations.py",
        '            if reply["PersonalAccessTokenId"] != token_id:\n',
        "            if False:\n",
        REVOKE,
        "another_token",
    ),
    "an empty list of ids": Guard(
        f"{UTILS}/_revoke/by_policy.py",
        ' or not items:\n        raise OptionError(f"personal_access',
        ':\n        raise OptionError(f"personal_access',
        REVOKE,
        "test_bad_options and options0",
    ),
    "ids that are none": Guard(
        f"{UTILS}/_revoke/by_policy.py",
        "        if not isinstance(item, str) or not _TOKEN_ID.fullmatch(item):\n",
        "        if False:\n",
        REVOKE,
        "test_bad_options",
    ),
    "no condition is no guard": Guard(
        f"{UTILS}/_revoke/by_policy.py",
        "    if isinstance(value, Mapping) and not value:\n        # An empty",
        "    if False:\n        # An empty",
        REVOKE,
        "test_bad_options",
    ),
    "without a confirmation it plans": Guard(
        f"{UTILS}/_revoke/by_policy.py",
        "        if checked.confirm:\n",
        "        if True:\n",
        REVOKE,
        "plans_by_default",
    ),
    "max_tokens": Guard(
        f"{UTILS}/_revoke/plan.py",
        "        if len(planned) > self.tokens:\n",
        "        if False:\n",
        REVOKE,
        "test_limits",
    ),
    "max_percent": Guard(
        f"{UTILS}/_revoke/plan.py",
        "            if count * 100 > self.percent * total:\n",
        "            if False:\n",
        REVOKE,
        "test_limits",
    ),
    "limits are kept": Guard(
        f"{UTILS}/_revoke/by_policy.py",
        "        if over:\n            raise",
        "        if False:\n            raise",
        REVOKE,
        "test_limits",
    ),
    "protected tokens": Guard(
        f"{UTILS}/_revoke/plan.py",
        "        if self.protected is not None and self.protected.matches(token, self.as_of):\n",
        "        if False:\n",
        REVOKE,
        "test_protected",
    ),
    "the grace": Guard(
        f"{UTILS}/_revoke/plan.py",
        "            if self.now - token.date_created <= self.grace:\n",
        "            if False:\n",
        REVOKE,
        "test_grace",
    ),
    "the grace of a token of unknown age": Guard(
        f"{UTILS}/_revoke/plan.py",
        'return "the service does not say when it was created, and there is a grace"',
        "return None",
        REVOKE,
        "grace_without",
    ),
    "the grace counts from now": Guard(
        f"{UTILS}/_revoke/plan.py",
        "self.now - token.date_created",
        "self.as_of - token.date_created",
        REVOKE,
        "test_grace",
    ),
    "muted findings": Guard(
        f"{UTILS}/_revoke/plan.py",
        'not finding["muted"] and finding["severity"] in severities',
        'finding["severity"] in severities',
        REVOKE,
        "muted_findings or only_violations",
    ),
    "findings below fail_on": Guard(
        f"{UTILS}/_revoke/plan.py",
        'not finding["muted"] and finding["severity"] in severities',
        'not finding["muted"]',
        REVOKE,
        "only_violations",
    ),
    "a policy is asked again before each deletion": Guard(
        f"{UTILS}/_revoke/plan.py",
        "        if gone:\n",
        "        if False:\n",
        REVOKE,
        "no_longer_violates",
    ),
    "guards are asked again before each deletion": Guard(
        f"{UTILS}/_revoke/plan.py",
        '(gone)}"\n        return self.guards.reason_to_leave(fresh)',
        '(gone)}"\n        return None',
        REVOKE,
        "protected_meanwhile",
    ),
    "findings of tokens that have changed": Guard(
        f"{UTILS}/_revoke/plan.py",
        "            reason = _difference(found[_key_of(entry.token)], entry.token)\n",
        "            reason = None\n",
        REVOKE,
        "changed_since and List",
    ),
    "tokens that change before their deletion": Guard(
        f"{UTILS}/_revoke/plan.py",
        "return _difference(entry.token, fresh) or self.guards",
        "return self.guards",
        REVOKE,
        "changed_since and Get",
    ),
    "no findings is not every organization": Guard(
        f"{UTILS}/_revoke/by_policy.py",
        "        if not _nothing_to_read(checked):\n",
        "        if True:\n",
        REVOKE,
        "nothing_to_do",
    ),
    "findings stay within their organizations": Guard(
        f"{UTILS}/_revoke/by_policy.py",
        "            if wanted[option] and saved is None:\n",
        "            if False:\n",
        REVOKE,
        "bad_options_of_a_policy",
    ),
    "the record is made before any call": Guard(
        f"{UTILS}/_revoke/journal.py",
        "            raise RecordError(error) from error\n\n    def note",
        "            pass\n\n    def note",
        REVOKE,
        "without_a_record",
    ),
    "a deletion is recorded before it is made": Guard(
        f"{UTILS}/_revoke/deletion.py",
        '        note("revoking")\n',
        "",
        REVOKE,
        "killed_run",
    ),
    "a record that cannot be written ends it": Guard(
        f"{UTILS}/_revoke/journal.py",
        "        except OSError as error:\n            raise RecordError(error) from error\n\n    def write_plan",
        "        except OSError:\n            pass\n\n    def write_plan",
        REVOKE,
        "no_longer_be_written",
    ),
    "a role refuses variables that it does not have": Guard(
        "roles/revoke/tasks/main.yml",
        "- __revoke_unknown | length == 0",
        "- true",
        "tests/integration/test_revoke_role.py",
        "bad_variables and protect",
    ),
    "a protection without a value": Guard(
        "roles/revoke/tasks/main.yml",
        "revoke_protected or {} if revoke_protected is defined else omit",
        "revoke_protected | default(omit)",
        "tests/integration/test_revoke_role.py",
        "bad_variables and protected",
    ),
    "an account without an audit": Guard(
        "plugins/plugin_utils/_account_merge.py",
        '            errors.append(_of(account, failure, "msg"))\n',
        "",
        MERGE,
        "without_a_whole_audit",
    ),
    "an account that is there twice": Guard(
        "plugins/plugin_utils/_account_merge.py", " or _duplicate_organization(result, seen)", "", MERGE, "there_twice"
    ),
    "audits that cannot be compared": Guard(
        "plugins/plugin_utils/_account_merge.py",
        "            if result[key] != first[key]:\n",
        "            if False:\n",
        MERGE,
        "cannot_be_merged",
    ),
    "not one account": Guard(
        "plugins/plugin_utils/_account_merge.py",
        "    if not isinstance(accounts, (list, tuple)) or not accounts:\n",
        "    if not isinstance(accounts, (list, tuple)):\n",
        MERGE,
        "cannot_be_merged",
    ),
    "a table that is not complete says so": Guard(
        "plugins/plugin_utils/_reports/_csv.py",
        '    for error in audit["errors"]:\n',
        "    for error in ():\n",
        f"{REPORTS}/test_csv.py",
        "row_is_a_finding",
    ),
    "every host of the inventory is missed": Guard(
        "roles/audit/vars/main.yml",
        "else groups['all']",
        "else ansible_play_hosts_all",
        ACCOUNTS,
        "limit_leaves_out",
    ),
    "an account that has failed since its audit": Guard(
        "roles/audit/vars/main.yml",
        "ansible_play_batch | intersect",
        "ansible_play_hosts_all | intersect",
        ACCOUNTS,
        "play_of_ones_own",
    ),
    "an account is never that of the credentials unless told": Guard(
        "roles/audit/tasks/accounts.yml",
        "that: (audit_assume_role_arn is defined) != (audit_own_account | default(false) | bool)",
        "that: true",
        ACCOUNTS,
        "bad_accounts",
    ),
    "an account's misspelt variable": Guard(
        "roles/audit/tasks/accounts.yml",
        "that: __audit_unknown_of_accounts | length == 0",
        "that: true",
        ACCOUNTS,
        "bad_accounts",
    ),
    "no account is lenient for all": Guard(
        "roles/audit/tasks/accounts.yml",
        "that: __audit_uncommon | length == 0",
        "that: true",
        ACCOUNTS,
        "bad_accounts",
    ),
    "what fails on one account keeps the report from none": Guard(
        "roles/audit/tasks/accounts.yml",
        "  ignore_unreachable: true\n",
        "",
        ACCOUNTS,
        "play_of_ones_own",
    ),
    "no two accounts with one role": Guard(
        "roles/audit/tasks/accounts.yml",
        "that: __audit_same_role | length == 0",
        "that: true",
        ACCOUNTS,
        "two_accounts_with_one_role",
    ),
    "no inventory source is gone on without": Guard(
        "playbooks/audit_accounts.yml",
        "or (ansible_inventory_sources | length == 1 and ansible_inventory_sources[0] is not directory)",
        "or true",
        ACCOUNTS,
        "goes_on_without",
    ),
    "an inventory without accounts": Guard(
        "playbooks/audit_accounts.yml",
        "'The inventory has no host. Give one with a host for each account, with -i.' if not groups['all']",
        "'' if not groups['all']",
        ACCOUNTS,
        "no_account_at_all",
    ),
    "one merge for all accounts, whatever strategy is set": Guard(
        "playbooks/audit_accounts.yml",
        "  strategy: ansible.builtin.linear\n",
        "",
        ACCOUNTS,
        "number_of_forks",
    ),
    "an audit of another account": Guard(
        "roles/audit/tasks/read.yml",
        "audit_assume_role_arn or '' if audit_assume_role_arn is defined else omit",
        "audit_assume_role_arn | default(omit)",
        ROLE,
        "without_a_value",
    ),
    "a lockout is confirmed": Guard(
        f"{UTILS}/_settings.py",
        'and not now_inactive and not options.get("confirm_lockout")',
        "and False",
        CONFIG,
        "lockout_is_to_be",
    ),
    "what cannot be sent back is not lost": Guard(
        f"{UTILS}/_settings.py",
        "        if unknown:\n",
        "        if False:\n",
        CONFIG,
        "cannot_be_kept and Unsupported",
    ),
    "a configuration that lacks something is not put": Guard(
        f"{UTILS}/_settings.py",
        "            if key not in configuration.get(name, {}):\n",
        "            if False:\n",
        CONFIG,
        "cannot_be_kept and Incomplete",
    ),
    "a change is read again": Guard(
        f"{UTILS}/_settings.py",
        "        if found is not None and _shows(found, configuration):\n",
        "        if True:\n",
        CONFIG,
        "silence",
    ),
    "a refused change is told": Guard(
        f"{UTILS}/_settings.py",
        "        if refused is not None:\n            raise refused\n",
        "",
        CONFIG,
        "faults_while_changing",
    ),
    "all that was put is found again": Guard(
        f"{UTILS}/_settings.py",
        "        return all(_shows(found.get(name), value) for name, value in sent.items())\n",
        "        return True\n",
        CONFIG,
        "another_configuration",
    ),
    "a connection that breaks after a change": Guard(
        f"{UTILS}/_settings.py",
        "        refused = error\n",
        "        raise\n",
        CONFIG,
        "connection_that_breaks",
    ),
    "a change that cannot be read again": Guard(
        f"{UTILS}/_settings.py",
        "            raise failed from None\n",
        "            return configuration\n",
        CONFIG,
        "cannot_be_read_again",
    ),
    "check mode changes no setting": Guard(
        f"{UTILS}/_settings.py",
        "    if not check_mode:\n        after",
        "    if True:\n        after",
        CONFIG,
        "keeps_the_rest",
    ),
    "what was never set up is not put": Guard(
        f"{UTILS}/_settings.py",
        "    if before is None:\n",
        "    before = before or {}\n    if False:\n",
        CONFIG,
        "never_configured_cannot",
    ),
    "a lifetime in its range": Guard(
        f"{UTILS}/_settings.py",
        '        whole_number(options, "lifetime_in_days", 1, LONGEST_LIFETIME)\n',
        "        pass\n",
        CONFIG,
        "bad_options",
    ),
    "a reply about the identity provider": Guard(
        f"{UTILS}/_workmail/replies.py",
        '"DescribeIdentityProviderConfiguration": ("AuthenticationMode",)',
        '"DescribeIdentityProviderConfiguration": ()',
        CONFIG,
        "faults_while_reading and empty_object",
    ),
    "whole numbers are whole numbers": Guard(
        f"{UTILS}/_workmail/replies.py",
        ', "integer": _checked_integer',
        "",
        CONFIG,
        "faults_while_reading and body",
    ),
    "parts of the configuration are checked": Guard(
        f"{UTILS}/_workmail/replies.py",
        "        return lambda value: fields.check(value, shape.required_members)\n",
        "        return _unchecked\n",
        CONFIG,
        "faults_while_reading and body",
    ),
    "a source that fails leaves no host": Guard(
        EDGE,
        "                inventory.remove_host(inventory.hosts[name])\n",
        "                pass\n",
        INVENTORY,
        "strict",
    ),
    "a host and a group have names of their own": Guard(
        EDGE, "            if name in inventory.groups:\n", "            if False:\n", INVENTORY, "never_share_a_name"
    ),
    "a spoilt cache is no error": Guard(
        EDGE, "    except Exception:\n        # Cache", "    except KeyError:\n        # Cache", INVENTORY, "spoilt"
    ),
    "a record that is of no use is replaced": Guard(
        EDGE,
        "update_cached_result(key, False, record)",
        "update_cached_result(key, cache, record)",
        INVENTORY,
        "spoilt",
    ),
    "a cache is for who fetched it": Guard(
        EDGE, '        "origin": origin_of_calls(profile),\n', "", INVENTORY, "someone_else"
    ),
    "a cache is for its role": Guard(
        EDGE, '        "role": asked.role,\n', "", INVENTORY, "something_else and config7"
    ),
    "no part is cached": Guard(
        "plugins/plugin_utils/_inventory/snapshot.py",
        "    if estate.errors or not all(part.whole for part in estate.parts):\n",
        "    if False:\n",
        HOSTS,
        "not_whole_is_cached",
    ),
    "what is cached is as it was written": Guard(
        "plugins/plugin_utils/_inventory/snapshot.py",
        '    if record.get("digest") != _digest(key, record["fetched"]):\n',
        "    if False:\n",
        HOSTS,
        "not_what_was_written",
    ),
    "what is cached is what was asked for": Guard(
        "plugins/plugin_utils/_inventory/snapshot.py",
        'record.get("key") != key',
        "False",
        HOSTS,
        "not_what_was_written",
    ),
    "only settings that may not be read are null": Guard(
        "plugins/plugin_utils/_inventory/snapshot.py",
        "        if error.error_code in DENIED:\n",
        "        if True:\n",
        INVENTORY,
        "settings_that_may_not",
    ),
    "a role is not assumed for what is cached": Guard(
        "plugins/inventory/workmail_pat.py",
        "BaseInventoryPlugin.parse(self, inventory, loader, path)",
        "super().parse(inventory, loader, path)",
        INVENTORY,
        "warm_run",
    ),
    "options that an inventory does not have": Guard(
        "plugins/inventory/workmail_pat.py",
        "check_options(self, direct or {})",
        "direct",
        INVENTORY,
        "bad_input and unknown",
    ),
    "an inventory that fails says what Ansible does then": Guard(
        "plugins/inventory/workmail_pat.py",
        '            if not config.get_config_value("INVENTORY_ANY_UNPARSED_IS_FAILED"):\n',
        "            if False:\n",
        INVENTORY,
        "fails_the_run",
    ),
    "hosts do not merge": Guard(
        "plugins/plugin_utils/_inventory/hosts.py", "if many[name] > 1 or ", "if ", HOSTS, "told_apart"
    ),
    "no host takes another's place": Guard(
        "plugins/plugin_utils/_inventory/hosts.py", " or taken(name, host):", ":", HOSTS, "kept_apart"
    ),
    "no host takes a name of Ansible's": Guard(
        "plugins/plugin_utils/_inventory/hosts.py", " or name in _TAKEN_BY_ANSIBLE", "", INVENTORY, "hostile_names"
    ),
    "a host's name is one host to Ansible": Guard(
        "plugins/plugin_utils/_inventory/hosts.py",
        '"".join(_NOT_OF_A_HOST.sub("_", name))',
        '"".join(name)',
        INVENTORY,
        "hostile_names",
    ),
    "no name is a template": Guard(
        "plugins/plugin_utils/_inventory/hosts.py",
        "wrap_var(text) if _TEMPLATE.search(text) else _trust(text)",
        "_trust(text)",
        HOSTS,
        "never_evaluated",
    ),
    "an organization that could not be judged is marked": Guard(
        "plugins/plugin_utils/_inventory/hosts.py",
        "            part = part._replace(whole=False)\n",
        "",
        HOSTS,
        "cannot_be_judged",
    ),
    "what was not read whole is not counted": Guard(
        "plugins/plugin_utils/_inventory/hosts.py",
        "        figures = dict.fromkeys(figures)\n",
        "        pass\n",
        HOSTS,
        "marked",
    ),
    "no variable of Ansible's own": Guard(
        "plugins/plugin_utils/_inventory/hosts.py",
        'if prefix.startswith("ansible_"):',
        "if False:",
        HOSTS,
        "a_prefix_with_which",
    ),
    "Terraform sees no part of an inventory": Guard(
        "docs/examples/terraform/workmail_pat_facts.py",
        '"ANSIBLE_INVENTORY_ANY_UNPARSED_IS_FAILED": "true"',
        '"ANSIBLE_INVENTORY_ANY_UNPARSED_IS_FAILED": "false"',
        "tests/integration/test_terraform.py",
        "fails_the_plan",
    ),
}


@pytest.fixture(scope="session")
def copy(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A copy of the collection in a collections tree of its own."""
    collections = tmp_path_factory.mktemp("guards") / "ansible_collections"
    collection = collections / "patrol" / "workmail"
    collection.mkdir(parents=True)
    for name in ("galaxy.yml", "pyproject.toml", "README.md"):
        shutil.copy2(COLLECTION / name, collection)
    for name in ("docs", "extensions", "meta", "playbooks", "plugins", "policies", "roles", "scripts", "tests"):
        shutil.copytree(COLLECTION / name, collection / name, ignore=shutil.ignore_patterns("__pycache__", "output"))
    (collections / "amazon").symlink_to(COLLECTION.parents[1] / "amazon")
    return collection


@pytest.fixture(scope="session")
def processes() -> multiprocessing.context.ForkServerContext:
    """Starts processes that have imported what takes the longest, and nothing of the collection."""
    context = multiprocessing.get_context("forkserver")
    context.set_forkserver_preload(["boto3", "hypothesis", "pytest", "workmail_emulator"])
    return context


def marked(file: Path) -> list[tuple[str, ...]]:
    """Find the tests with the decorator ``guards``: the ID of each test, followed by the arguments of the decorator."""
    module = ast.parse(file.read_text())
    constants = {
        ast.unparse(statement.targets[0]): statement.value.value
        for statement in module.body
        if isinstance(statement, ast.Assign) and isinstance(statement.value, ast.Constant)
    }

    def found(tree: ast.AST, path: str) -> Iterator[tuple[str, ...]]:
        for node in ast.iter_child_nodes(tree):
            if isinstance(node, ast.ClassDef):
                yield from found(node, f"{path}::{node.name}")
            elif isinstance(node, ast.FunctionDef):
                for decorator in node.decorator_list:
                    if isinstance(decorator, ast.Call) and ast.unparse(decorator.func) == "guards":
                        assert not decorator.keywords, f"{path}::{node.name}: give the arguments of guards by position"
                        values = (constants.get(ast.unparse(argument), argument) for argument in decorator.args)
                        literals = (value if isinstance(value, str) else ast.literal_eval(value) for value in values)
                        yield f"{path}::{node.name}", *literals

    return list(found(module, file.relative_to(COLLECTION).as_posix()))


CONDITION = re.compile(r"((?:el)?if) .*:", re.DOTALL)
MARKED = [guard for file in sorted((COLLECTION / "tests").rglob("test_*.py")) for guard in marked(file)]


@contextlib.contextmanager
def removed(file: Path, guard: str, without: str) -> Iterator[None]:
    """Remove a guard from a file inside the block."""

    def write(content: str) -> None:
        file.write_text(content)
        # Python recognizes a stale one by its time in seconds and its size, which can be the same.
        for compiled in file.parent.glob(f"__pycache__/{file.stem}.*"):
            compiled.unlink()

    text = file.read_text()
    write(text.replace(guard, without))
    try:
        yield
    finally:
        write(text)


def run_tests(copy: Path, output: Path, *arguments: str) -> None:
    """Run pytest in this process, which ends with its exit code."""
    descriptor = os.open(output, os.O_WRONLY | os.O_CREAT | os.O_TRUNC)
    os.dup2(descriptor, 1)
    os.dup2(descriptor, 2)
    os.chdir(copy)
    os.environ["ANSIBLE_COLLECTIONS_PATH"] = str(copy.parents[2])
    os.environ["HYPOTHESIS_STORAGE_DIRECTORY"] = str(output.parent)
    sys.dont_write_bytecode = False
    sys.path[:] = [str(copy), *(entry for entry in sys.path if not Path(entry).is_relative_to(COLLECTION))]
    options = ("-x", "-q", "-p", "no:cacheprovider", "-p", "no:xdist", "--ansible-unit-inject-only")
    sys.exit(pytest.main([*options, *arguments]))


Check = Callable[..., None]


@pytest.fixture
def check(copy: Path, processes: multiprocessing.context.ForkServerContext, tmp_path: Path) -> Check:
    """Removes a guard from the copy, and checks that the tests fail there."""

    def call(file: str, guard: str, without: str, *tests: str) -> None:
        text = (copy / file).read_text()
        assert text.count(guard) == 1, f"{file} has changed: say at the guard of {tests[0]} how it reads now"
        assert without != guard
        output = tmp_path / "output.txt"
        with removed(copy / file, guard, without):
            process = processes.Process(target=run_tests, args=(copy, output, *tests))
            process.start()
            process.join(300)
            if process.is_alive():
                process.kill()
                process.join()
        shown = output.read_text(errors="replace")
        # 1: tests ran and failed. Any other code would mean that they did not run.
        assert process.exitcode == 1, shown[-4000:]
        assert "failed" in shown.splitlines()[-1]

    return call


@pytest.mark.parametrize("name", GUARDS)
def test_a_guard_is_held(check: Check, name: str) -> None:
    guard = GUARDS[name]
    check(guard.file, guard.guard, guard.without, guard.tests, "-k", guard.chosen)


@pytest.mark.parametrize("guard", MARKED, ids=[f"{Path(guard[1]).stem}: {guard[2].strip()}" for guard in MARKED])
def test_a_marked_guard_is_protected(check: Check, guard: tuple[str, ...]) -> None:
    test, file, line, *without = guard
    check(file, line, without[0] if without else CONDITION.sub(r"\1 False:", line, count=1), test)
