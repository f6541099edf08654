# SPDX-FileCopyrightText: The patrol.workmail contributors
# SPDX-License-Identifier: GPL-3.0-or-later

"""The code of the scripts that run and test this collection. ``noxfile.py`` has the list of parts."""
