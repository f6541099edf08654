# SPDX-FileCopyrightText: The patrol.workmail contributors
# SPDX-License-Identifier: GPL-3.0-or-later

terraform {
  required_providers {
    aws = {
      source = "hashicorp/aws"
    }
  }
}

variable "caller_arn" {
  type        = string
  description = "The ARN of the role or user that assumes the role."

  validation {
    condition     = can(regex("^arn:aws[a-z-]*:iam::[0-9]{12}:(role|user)/[\\w+=,.@/-]+$", var.caller_arn))
    error_message = "Expected the ARN of an IAM role or user, such as arn:aws:iam::111111111111:role/workmail-patrol."
  }
}

variable "external_id" {
  type        = string
  description = "The external ID that the caller has to send. Without it, none is required."
  default     = null

  validation {
    condition     = var.external_id == null || can(regex("^[\\w+=,.@:/-]{2,1224}$", var.external_id))
    error_message = "Expected 2 to 1224 letters, digits and characters of _+=,.@:/-."
  }
}

variable "role_name" {
  type        = string
  description = "The name of the role."
  default     = "workmail-auditor"
}

variable "role_path" {
  type        = string
  description = "The path of the role, such as /audit/."
  default     = "/"
}

data "aws_iam_policy_document" "trust" {
  statement {
    effect  = "Allow"
    actions = ["sts:AssumeRole"]

    principals {
      type        = "AWS"
      identifiers = [var.caller_arn]
    }

    dynamic "condition" {
      for_each = var.external_id == null ? [] : [var.external_id]

      content {
        test     = "StringEquals"
        variable = "sts:ExternalId"
        values   = [condition.value]
      }
    }
  }
}

data "aws_iam_policy_document" "auditor" {
  statement {
    effect    = "Allow"
    actions   = ["workmail:ListOrganizations"]
    resources = ["*"]
  }

  statement {
    effect = "Allow"
    actions = [
      "workmail:DescribeOrganization",
      "workmail:DescribeUser",
      "workmail:ListPersonalAccessTokens",
      "workmail:ListUsers",
    ]
    resources = ["arn:aws:workmail:*:*:organization/*"]
  }
}

resource "aws_iam_role" "auditor" {
  name               = var.role_name
  path               = var.role_path
  description        = "Reads the personal access tokens of Amazon WorkMail for patrol.workmail."
  assume_role_policy = data.aws_iam_policy_document.trust.json
}

resource "aws_iam_role_policy" "auditor" {
  name   = "workmail"
  role   = aws_iam_role.auditor.name
  policy = data.aws_iam_policy_document.auditor.json
}

output "role_arn" {
  description = "The ARN of the role."
  value       = aws_iam_role.auditor.arn
}
