"""The agent inside a task machine: one run, from the start line to power-off.

Standard library only (Python 3.11). It is carried into the guest by the NoCloud seed, so any
Debian cloud image works. Nothing here logs, stores or passes on the run's credential.
"""

PROTOCOL_VERSION = 1
