# SPDX-FileCopyrightText: The patrol.workmail contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""The errors WorkMail's service model names, as moto's service exceptions."""

from __future__ import annotations

from moto.core.exceptions import ServiceException


class InvalidParameterException(ServiceException):
    """A parameter violates the service model."""

    code = "InvalidParameterException"


class OrganizationNotFoundException(ServiceException):
    """The organization does not exist."""

    code = "OrganizationNotFoundException"


class OrganizationStateException(ServiceException):
    """The organization is not in state Active."""

    code = "OrganizationStateException"


class EntityNotFoundException(ServiceException):
    """The user does not exist."""

    code = "EntityNotFoundException"


class EntityStateException(ServiceException):
    """The user is deleted."""

    code = "EntityStateException"


class ResourceNotFoundException(ServiceException):
    """The token or the configuration does not exist."""

    code = "ResourceNotFoundException"
