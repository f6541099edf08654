# SPDX-FileCopyrightText: The patrol.workmail contributors
# SPDX-License-Identifier: GPL-3.0-or-later

terraform {
  required_providers {
    external = {
      source = "hashicorp/external"
    }
  }
}

data "external" "workmail_pat" {
  program = ["python3", "${path.module}/workmail_pat_facts.py"]
  query = {
    inventory = "${path.module}/workmail_pat.yml"
  }
}

locals {
  workmail_users = {
    for host, facts in data.external.workmail_pat.result : host => jsondecode(facts)
  }
}

output "users_with_expired_tokens" {
  value = [for host, user in local.workmail_users : host if user.workmail_expired > 0]

  precondition {
    condition     = length(local.workmail_users) > 0
    error_message = "No user holds a personal access token; check the inventory source."
  }
}
