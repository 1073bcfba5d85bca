"""Runs every test of the page, or those whose name contains one of the words given; `--screenshots FOLDER` then looks at it."""

import argparse
import pathlib
import sys
import unittest

sys.path.insert(0, str(pathlib.Path(__file__).parent))

import screenshots  # noqa: E402
from desk import Desk, PageCase  # noqa: E402


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--screenshots", type=pathlib.Path, metavar="FOLDER")
    parser.add_argument("words", nargs="*")
    options = parser.parse_args()
    PageCase.desk = desk = Desk(options.screenshots)
    try:
        loader = unittest.TestLoader()
        loader.testNamePatterns = [f"*{word}*" for word in options.words] or None
        suite = loader.discover(str(pathlib.Path(__file__).parent), top_level_dir=str(pathlib.Path(__file__).parent))
        result = unittest.TextTestRunner(verbosity=2).run(suite)
        for test, reason in result.skipped:
            print(f"SKIPPED {test.id()}: {reason}")
        if options.screenshots:
            screenshots.take_rooms(desk)
    finally:
        desk.close()
    return 0 if result.wasSuccessful() and result.testsRun > 0 else 1


sys.exit(main())
