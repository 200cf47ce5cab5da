"""Runs a console script, and ends it with all its workers when standard input is closed.

The system closes it when the test that holds the other end is gone, however it went, so no agent outlives its test.
Usage: launch.py SCRIPT [ARGUMENT...], in a process group of its own.
"""
import os
import runpy
import signal
import sys
import threading


def end_with_the_test():
    while os.read(0, 1024):
        pass
    os.killpg(0, signal.SIGKILL)


threading.Thread(target=end_with_the_test, daemon=True).start()
sys.argv = sys.argv[1:]
sys.path[0] = os.path.dirname(sys.argv[0])
runpy.run_path(sys.argv[0], run_name="__main__")
