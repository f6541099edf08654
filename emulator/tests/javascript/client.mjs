// SPDX-FileCopyrightText: The patrol.workmail contributors
// SPDX-License-Identifier: GPL-3.0-or-later

// Lists tokens page by page, meets two typed errors, deletes a token, and writes what it saw as JSON.
// The endpoint, region and credentials come from the environment.

import {
  DeletePersonalAccessTokenCommand,
  DescribeOrganizationCommand,
  DescribeUserCommand,
  EntityNotFoundException,
  OrganizationNotFoundException,
  WorkMailClient,
  paginateListPersonalAccessTokens,
} from "@aws-sdk/client-workmail";

const [organizationId, unknownOrganizationId, tokenId] = process.argv.slice(2);
const client = new WorkMailClient({});

async function errorOf(command, type) {
  try {
    await client.send(command);
  } catch (error) {
    if (error instanceof type) {
      return error.name;
    }
    throw error;
  }
  return null;
}

const pages = [];
const tokens = [];
for await (const page of paginateListPersonalAccessTokens({ client }, { OrganizationId: organizationId })) {
  pages.push(page.PersonalAccessTokenSummaries.length);
  tokens.push(...page.PersonalAccessTokenSummaries);
}

const errors = [
  await errorOf(
    new DescribeOrganizationCommand({ OrganizationId: unknownOrganizationId }),
    OrganizationNotFoundException,
  ),
  await errorOf(
    new DescribeUserCommand({ OrganizationId: organizationId, UserId: "nobody" }),
    EntityNotFoundException,
  ),
];

await client.send(
  new DeletePersonalAccessTokenCommand({ OrganizationId: organizationId, PersonalAccessTokenId: tokenId }),
);

console.log(
  JSON.stringify({
    pages,
    names: tokens.map((token) => token.Name),
    created: [...new Set(tokens.map((token) => token.DateCreated.toISOString()))],
    errors,
  }),
);
