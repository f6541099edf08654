# SPDX-FileCopyrightText: The patrol.workmail contributors
# SPDX-License-Identifier: GPL-3.0-or-later

"""What is special about running and testing this collection: see ``noxfile.py`` for the list of parts."""
