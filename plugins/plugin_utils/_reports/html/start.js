/* SPDX-FileCopyrightText: The patrol.workmail contributors
   SPDX-License-Identifier: GPL-3.0-or-later */
"use strict";
// The first page of the rows is laid out at once, unless the other script does not run or fails: then all of them are.
document.documentElement.className = "paged";
addEventListener("error", () => { document.documentElement.className = ""; });
