# SPDX-FileCopyrightText: The patrol.workmail contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""The errors WorkMail's service model names, as moto's service exceptions."""

from __future__ import annotations

from moto.core.exceptions import ServiceException


class InvalidParameterException(ServiceException):
    code = "InvalidParameterException"


class OrganizationNotFoundException(ServiceException):
    code = "OrganizationNotFoundException"


class OrganizationStateException(ServiceException):
    code = "OrganizationStateException"


class EntityNotFoundException(ServiceException):
    code = "EntityNotFoundException"


class EntityStateException(ServiceException):
    code = "EntityStateException"


class ResourceNotFoundException(ServiceException):
    code = "ResourceNotFoundException"
