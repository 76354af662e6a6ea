"""The agent of one run: in a task machine (this package as a program), or in a pod (`pod` and `runner`).

Standard library only (Python 3.10 or newer). It is carried into machines by the NoCloud seed and into
pods by a ConfigMap, so any image with Python works. Nothing here logs, stores or passes on the run's credential.
"""

PROTOCOL_VERSION = 1
