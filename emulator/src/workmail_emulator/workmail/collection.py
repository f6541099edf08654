# SPDX-FileCopyrightText: The patrol.workmail contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Documents in the order in which they were added, and the pages of their listings."""

from __future__ import annotations

import base64
import hashlib
import json
from collections.abc import Callable, Iterator
from itertools import islice
from typing import Any

from .exceptions import InvalidParameterException

Document = dict[str, Any]


class Collection:
    """Documents with optional IDs, numbered in the order in which they were added.

    A number is never used twice, so a page token that contains one stays valid if documents are deleted between two
    pages.
    """

    def __init__(self, id_field: str) -> None:
        self._id_field = id_field
        self._last = 0
        self._documents: dict[int, Document] = {}
        self._numbers: dict[str, int] = {}

    def __iter__(self) -> Iterator[Document]:
        return (document for _, document in self._wanted_after(0, lambda document: True))

    def add(self, document: Document) -> None:
        """Append a document. A document without an ID is listed but cannot be requested.

        Args:
            document: The document.
        """
        self._last += 1
        self._documents[self._last] = document
        if self._id_field in document:
            self._numbers[document[self._id_field]] = self._last

    def get(self, document_id: str) -> Document | None:
        """Return the document with an ID.

        Args:
            document_id: The ID.

        Returns:
            The document, or None if it does not exist.
        """
        return self._read(self._number(document_id))

    def remove(self, document_id: str) -> None:
        """Remove the document with an ID, if it exists.

        Args:
            document_id: The ID.
        """
        self._documents.pop(self._numbers.pop(document_id, 0), None)

    def update(self, document_id: str, **fields: Any) -> None:
        """Set fields of the document with an ID, if it exists.

        Args:
            document_id: The ID.
            fields: The new values by the names of the fields.
        """
        document = self.get(document_id)
        if document is not None:
            document.update(fields)

    def page(
        self, scope: str, next_token: str | None, max_results: int, wanted: Callable[[Document], bool]
    ) -> tuple[list[Document], str | None]:
        """Return one page of the wanted documents.

        ``moto.utilities.paginator`` is not used. It searches the complete listing for the item that a token names,
        which takes about 25 ms for the last page of 100,000 items, and it refuses a token if that item was deleted.

        Args:
            scope: The operation and its parameters. A token is valid only for the scope that it was made for.
            next_token: The token of the page, None for the first one.
            max_results: The size of the page.
            wanted: Returns whether a document is in the listing.

        Returns:
            The documents, and the token of the next page (None after the last).

        Raises:
            InvalidParameterException: If the token was not made for this scope.
        """
        start = 0 if next_token is None else number_in(next_token, scope)
        if start is None:
            raise InvalidParameterException("The NextToken is not valid for this request.")
        found = list(islice(self._wanted_after(start, wanted), max_results + 1))
        documents = [document for _, document in found[:max_results]]
        if len(found) <= max_results:
            return documents, None
        return documents, page_token(found[max_results - 1][0], scope)

    def _wanted_after(self, start: int, wanted: Callable[[Document], bool]) -> Iterator[tuple[int, Document]]:
        for number in range(start + 1, self._last + 1):
            document = self._read(number)
            if document is not None and wanted(document):
                yield number, document

    def _number(self, document_id: str) -> int:
        return self._numbers.get(document_id, 0)

    def _read(self, number: int) -> Document | None:
        return self._documents.get(number)


class GeneratedCollection(Collection):
    """Documents that are made from their numbers whenever they are read, so that many of them need no memory.

    Args:
        id_field: The field with the ID, which ends with a hyphen and the number of the document.
        size: The number of documents.
        make: Returns the document of a number.
    """

    def __init__(self, id_field: str, size: int, make: Callable[[int], Document]) -> None:
        super().__init__(id_field)
        self._last = size
        self._make = make
        self._changed: dict[int, Document | None] = {}

    def add(self, document: Document) -> None:
        """Append a document that is not generated.

        Args:
            document: The document.
        """
        super().add(document)
        self._changed[self._last] = document

    def remove(self, document_id: str) -> None:
        """Remove the document with an ID, if it exists.

        Args:
            document_id: The ID.
        """
        if self.get(document_id) is not None:
            self._changed[self._number(document_id)] = None

    def update(self, document_id: str, **fields: Any) -> None:
        """Set fields of the document with an ID, if it exists.

        Args:
            document_id: The ID.
            fields: The new values by the names of the fields.
        """
        document = self.get(document_id)
        if document is not None:
            self._changed[self._number(document_id)] = {**document, **fields}

    def _number(self, document_id: str) -> int:
        digits = document_id.rpartition("-")[2]
        number = super()._number(document_id) or (int(digits) if digits.isdecimal() else 0)
        document = self._read(number)
        return number if document is not None and document.get(self._id_field) == document_id else 0

    def _read(self, number: int) -> Document | None:
        if number in self._changed:
            return self._changed[number]
        return self._make(number) if 1 <= number <= self._last else None


def page_token(number: int, scope: str) -> str:
    """Make a page token for a number, which is valid for one scope only.

    Args:
        number: The number.
        scope: The operation and its parameters.

    Returns:
        The page token.
    """
    check = hashlib.sha256(f"{number} {scope}".encode()).hexdigest()[:16]
    return base64.b64encode(json.dumps([number, check]).encode()).decode()


def number_in(token: str, scope: str) -> int | None:
    """Read the number in a page token.

    Args:
        token: The page token.
        scope: The operation and its parameters.

    Returns:
        The number, or None if the token was not made for this scope.
    """
    try:
        number, _ = json.loads(base64.b64decode(token, validate=True))
    except (ValueError, TypeError):
        return None
    return number if isinstance(number, int) and page_token(number, scope) == token else None
