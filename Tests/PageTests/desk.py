"""What the tests share: a service with two models, a browser, and a folder for what is downloaded."""

import importlib.util
import os
import pathlib
import shutil
import tempfile
import unittest

import screenshots
from browser import Browser
from program import ROOT, Service


class Desk:
    """Starting a service and a browser is what takes time, so all tests work at one desk."""

    def __init__(self, pictures=None):
        self.pictures = pictures
        if pictures:
            pictures.mkdir(parents=True, exist_ok=True)
        self.folder = pathlib.Path(tempfile.mkdtemp(prefix="hpm-page-"))
        self.services = []
        self.browser = None
        try:
            models = self.folder / "models"
            models.mkdir()
            for name in ("first", "second"):
                shutil.copy(ROOT / "Models/tiny128.safetensors", models / f"{name}.safetensors")
            self.service = self.serve("--models", str(models), "--model", "first", "--home", str(self.folder / "home"))
            self.downloads = self.folder / "downloads"
            self.downloads.mkdir()
            self.browser = Browser(self.downloads)
        except BaseException:
            self.close()
            raise

    def serve(self, *options, port=0):
        service = Service(*options, port=port)
        self.services.append(service)
        return service

    def close(self):
        if self.browser:
            self.browser.close()
        for service in self.services:
            if service.process.poll() is None:
                service.stop()
        shutil.rmtree(self.folder, ignore_errors=True)


class PageCase(unittest.TestCase):
    """A test that opens the page; at its end nothing may have complained, and nothing may have been asked of another server."""

    desk = None
    # What the browser may complain of because the test provokes it: statuses such as "404", or words.
    provoked = ()

    def setUp(self):
        self.browser = self.desk.browser
        self.service = self.desk.service
        self.browser.listen()
        self.browser.complaints.clear()
        self.browser.requests.clear()

    def tearDown(self):
        self.browser.listen()
        foreign = [url for _, url in self.browser.requests if url.startswith("http") and not url.startswith("http://127.0.0.1:")]
        self.assertEqual(foreign, [], "the page asked another server")
        expected = [f"status of {word} " if word.isdigit() else word for word in self.provoked]
        complaints = [text for text in self.browser.complaints if not any(words in text for words in expected)]
        self.assertEqual(complaints, [], "the browser's console has complaints")

    def open_page(self, service=None, room="", **size):
        self.browser.open((service or self.service).url + "/" + room, **size)

    def choose(self, name="flower.webp"):
        """Takes one of the page's own pictures and waits for its map and mask."""
        self.browser.click(f"#samples img[src$='{name}']")
        self.wait_for_mask()

    def wait_for_mask(self):
        self.browser.until(
            "[...document.querySelectorAll('.pane')].every((pane) => pane.querySelector('dl')?.textContent.includes('Hidden'))",
            "map and mask of the picture are there")

    def finds_nothing_serious(self):
        """What axe-core says of the page as it stands; skips where it is not there."""
        source = axe()
        if source is None:
            self.skipTest("axe-core is not here: install axe-playwright-python, or name axe.min.js in AXE")
        self.browser.run(source)
        found = self.browser.run_async(
            "return (await axe.run(document)).violations.map((v) => [v.impact, v.id, v.nodes.map((n) => n.html)])")
        self.assertIsInstance(found, list, found)
        self.assertEqual([each for each in found if each[0] in ("serious", "critical")], [])

    def take_pictures(self, name):
        """The page as it stands, where pictures are wanted."""
        if self.desk.pictures:
            screenshots.take(self.browser, self.desk.pictures, name)

    def upload(self, path):
        """Chooses a file as a reader does."""
        self.browser.find("#picture-file").send_keys(str(path))

    def facts(self, pane=0):
        """What the page says under a pane."""
        return self.browser.run(
            """return Object.fromEntries([...document.querySelectorAll('.pane')[arguments[0]].querySelectorAll('dl > div')]
              .map((entry) => [entry.firstChild.textContent, entry.lastChild.textContent]))""", pane)


def axe():
    """The text of axe-core, from wherever it is."""
    if "AXE" in os.environ:
        return pathlib.Path(os.environ["AXE"]).read_text(encoding="utf-8")
    package = importlib.util.find_spec("axe_playwright_python")
    file = pathlib.Path(package.origin).parent / "axe.min.js" if package else None
    return file.read_text(encoding="utf-8") if file and file.exists() else None
