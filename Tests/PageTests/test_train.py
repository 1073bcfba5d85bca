"""The room of training, where the server has one."""

import io
import json
import random
import signal
import struct
import zipfile
import zlib

from desk import PageCase

# Seconds in which a small job is done, at most; the machine may have other work.
JOB_PATIENCE = 300
IMAGES = 48
SIDE = 48


class Training(PageCase):
    provoked = ("404",)

    def setUp(self):
        super().setUp()
        if not self.service.has("/jobs"):
            self.skipTest("this server has no /jobs")

    def test_from_a_data_set_to_a_served_model(self):
        """The data set is sent, a job submitted and followed over a reload and a restart of the server, and promoted."""
        models = self.desk.folder / "trained"
        models.mkdir()
        home = ("--home", str(self.desk.folder / "trained-home"), "--models", str(models))
        service = self.desk.serve(*home)
        self.provoked = ("404", "ERR_", "503")
        self.open_page(service, "#train")
        self.send_data_set("squares")
        self.submit("squares", epochs=40)
        self.browser.until("document.querySelectorAll('.curve').length >= 5", "the curves are there", JOB_PATIENCE)
        self.browser.until("document.getElementById('job-live').textContent === 'Live'", "the stream is read")
        before = self.steps()
        self.browser.until(f"({STEPS}) > {before}", "the curves grow by themselves", JOB_PATIENCE)
        self.browser.driver.refresh()
        self.browser.until(f"({STEPS}) >= {before}", "the curves are there again after a reload", JOB_PATIENCE)
        before = self.steps()
        service.stop(signal.SIGKILL)
        self.browser.until("document.getElementById('job-live').textContent.includes('lost')", "the page says that the connection is lost")
        service = self.desk.serve(*home, port=service.port)
        self.browser.until(f"({STEPS}) > {before}", "the curves go on after the server is back", JOB_PATIENCE)
        self.browser.until("document.getElementById('job-head').textContent === 'succeeded'", "the job is done", JOB_PATIENCE)
        self.browser.until("document.querySelector('#job-sheet img')?.naturalWidth > 0", "the contact sheet is shown")
        self.assertNotEqual(self.browser.text("#job-log"), "")
        self.take_pictures("job")
        self.browser.set("#job-promote input", "squares")
        self.browser.click("#job-promote button")
        self.browser.until(
            "/is there|There is nothing at/.test(document.getElementById('job-promote').textContent)", "the page has an answer")
        if "There is nothing at" in self.browser.text("#job-promote"):
            self.skipTest("this server has no /jobs/{id}/promote; all before it went well")
        self.assertIn("squares", [model["name"] for model in service.json("/models")["data"]])
        service.stop()

    def test_a_job_is_paused_resumed_and_cancelled(self):
        self.open_page(room="#train")
        self.send_data_set("steady")
        self.submit("steady", epochs=4000)
        for order, state in (("Pause", "paused"), ("Resume", "running"), ("Cancel", "cancelled")):
            self.browser.until(button(order), f"{order} is offered", JOB_PATIENCE)
            self.browser.run(f"return {button(order)}.click()")
            self.browser.until(f"document.getElementById('job-head').textContent === '{state}'", f"the job is {state}", JOB_PATIENCE)

    def test_a_data_set_is_mined_and_its_gallery_opened(self):
        """The form takes the default model; the job ends with a link to a page that shows pictures and asks for nothing."""
        self.mine("mined")
        self.assertIn(f"image {IMAGES} of {IMAGES}", self.browser.text("#job-progress-words"))
        self.take_pictures("mined")
        self.open_gallery()
        self.assertEqual(self.browser.run("return document.querySelectorAll('figure').length"), 24)
        self.browser.until("[...document.images].every((image) => image.naturalWidth > 0)", "every map is drawn")
        self.take_pictures("gallery")

    def test_axe_finds_nothing_serious_in_a_gallery(self):
        self.mine("looked-through")
        self.open_gallery()
        self.finds_nothing_serious()

    def test_axe_finds_nothing_serious_in_a_job(self):
        self.open_page(room="#train")
        self.send_data_set("looked-at")
        self.submit("looked-at", epochs=3)
        self.browser.until("document.getElementById('job-head').textContent === 'succeeded'", "the job is done", JOB_PATIENCE)
        self.browser.until("document.querySelectorAll('.curve').length >= 5", "the curves are there")
        self.finds_nothing_serious()

    def test_some_images_of_a_data_set_are_shown(self):
        self.open_page(room="#train")
        self.send_data_set("pictured")
        self.browser.click("#dataset-list details summary")
        self.browser.until("document.querySelector('#dataset-list img')?.naturalWidth > 0", "some of the images are shown")

    def test_a_wrong_option_is_told_in_the_servers_words(self):
        self.provoked = ("404", "400", "422")
        self.open_page(room="#train")
        self.send_data_set("wrong")
        self.browser.run("document.querySelector('#job-form details').open = true")
        self.browser.set("#job-options", '{"mask": {"alfa": 1}}')
        self.browser.click("#job-submit")
        self.browser.until("document.getElementById('job-form-problem').textContent.includes('alfa')", "the wrong option is named")

    def send_data_set(self, name):
        path = self.desk.folder / f"{name}.zip"
        path.write_bytes(archive())
        self.browser.find("#dataset-file").send_keys(str(path))
        self.browser.click("#dataset-send")
        self.browser.until(
            f"document.getElementById('dataset-list').textContent.includes('{name} {IMAGES} images')", "the data set is counted")
        self.browser.set("#job-dataset", name)

    def submit(self, name, epochs):
        self.browser.set("#job-preset", "test")
        self.browser.set("#job-name", f"{name} for a test")
        self.browser.run("document.querySelector('#job-form details').open = true")
        self.browser.set("#job-epochs", epochs)
        self.browser.set("#job-options", json.dumps({"schedule": {"warmup_epochs": 0.5}}))
        self.browser.click("#job-submit")
        self.browser.until("location.hash.startsWith('#train/') && document.querySelector('#job-head .badge')", "the job is shown")

    def mine(self, name):
        self.open_page(room="#train")
        self.send_data_set(name)
        self.browser.until("document.getElementById('mine-model').value === 'first'", "the default model is chosen")
        self.browser.set("#mine-dataset", name)
        self.browser.set("#mine-ratio", "0.5")
        self.browser.click("#mine-submit")
        self.browser.until("document.getElementById('job-head').textContent === 'succeeded'", "the job is done", JOB_PATIENCE)
        self.browser.until("!document.getElementById('job-gallery-section').hidden", "the gallery is offered")

    def open_gallery(self):
        self.browser.driver.get(self.browser.run("return document.getElementById('job-gallery').href"))

    def steps(self):
        return self.browser.run(f"return {STEPS}")


# The last step that a curve tells of.
STEPS = "Number(document.querySelector('.curve canvas')?.ariaLabel.match(/at step (\\d+)/)?.[1] ?? 0)"


def button(text):
    return f"[...document.querySelectorAll('#job-actions button')].find((b) => b.textContent === '{text}')"


def archive():
    """Squares of two colours, as PNGs in a zip."""
    chance = random.Random(0)
    data = io.BytesIO()
    with zipfile.ZipFile(data, "w") as file:
        for number in range(IMAGES):
            file.writestr(f"square-{number}.png", square(chance))
    return data.getvalue()


def square(chance):
    low, high = chance.randrange(SIDE // 2), chance.randrange(SIDE // 2, SIDE)
    colours = [bytes(chance.randrange(256) for _ in range(3)) for _ in range(2)]
    rows = b"".join(
        b"\0" + b"".join(colours[low <= x < high and low <= y < high] for x in range(SIDE)) for y in range(SIDE))
    parts = ((b"IHDR", struct.pack(">IIBBBBB", SIDE, SIDE, 8, 2, 0, 0, 0)), (b"IDAT", zlib.compress(rows)), (b"IEND", b""))
    return b"\x89PNG\r\n\x1a\n" + b"".join(
        struct.pack(">I", len(body)) + kind + body + struct.pack(">I", zlib.crc32(kind + body)) for kind, body in parts)
